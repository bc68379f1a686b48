"""Tables that are longer than memory, row by row: CSV, lines of JSON, Parquet."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, BinaryIO, Final

__all__ = ["FORMATS", "write_rows"]

FORMATS: Final = ("csv", "jsonl", "parquet")

_AT_ONCE: Final = 1 << 14  # rows of a group of Parquet
Row = Sequence[Any]


def write_rows(
    form: str, columns: Mapping[str, type], batches: Iterable[Sequence[Row]], file: BinaryIO
) -> None:
    r"""Write a table, batch by batch: each is on its way before the next one is asked for.

    Parameters
    ----------
    form : str
        One of `FORMATS`.
    columns : mapping of str to type
        Names, and types: int, float or str. A number that is not finite is empty in CSV and null
        otherwise.
    batches : iterable of sequence of row
        Rows with as many values as there are columns.
    file : binary file
        Where to.

    Raises
    ------
    ImportError
        If Parquet is asked for and pyarrow is missing.

    Examples
    --------
    >>> file = io.BytesIO()
    >>> write_rows("csv", {"line": int, "text": str}, [[(1, "a,b")], [(2, "c")]], file)
    >>> file.getvalue()
    b'line,text\r\n1,"a,b"\r\n2,c\r\n'
    """
    if form == "parquet":
        _write_parquet(columns, (row for batch in batches for row in batch), file)
        return
    for text in _csv(columns, batches) if form == "csv" else _json_lines(columns, batches):
        file.write(text.encode("utf-8", "backslashreplace"))
        file.flush()


def _csv(columns: Mapping[str, type], batches: Iterable[Sequence[Row]]) -> Iterator[str]:
    """Yield a table as RFC 4180 says."""
    yield _csv_text([list(columns)])
    for batch in batches:
        yield _csv_text([["" if _is_odd(value) else value for value in row] for row in batch])


def _csv_text(rows: Sequence[Row]) -> str:
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    return text.getvalue()


def _json_lines(columns: Mapping[str, type], batches: Iterable[Sequence[Row]]) -> Iterator[str]:
    names = list(columns)
    for batch in batches:
        values = ([None if _is_odd(value) else value for value in row] for row in batch)
        objects = (dict(zip(names, row, strict=True)) for row in values)
        lines = (json.dumps(row, ensure_ascii=False, allow_nan=False) for row in objects)
        yield "".join(line + "\n" for line in lines)


def _is_odd(value: Any) -> bool:
    """Tell whether a value is a number that is not finite."""
    return isinstance(value, float) and not math.isfinite(value)


def _write_parquet(columns: Mapping[str, type], rows: Iterable[Row], file: BinaryIO) -> None:
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError:
        raise ImportError("Parquet needs pyarrow: pip install 'crnn[parquet]'") from None
    types = {int: pa.int64(), float: pa.float64(), str: pa.string()}
    schema = pa.schema([(name, types[kind]) for name, kind in columns.items()])
    rows = iter(rows)
    with pq.ParquetWriter(pa.PythonFile(file, "w"), schema) as writer:
        while group := list(islice(rows, _AT_ONCE)):
            columns_of = zip(
                *([None if _is_odd(x) else x for x in row] for row in group), strict=True
            )
            arrays = [
                pa.array(values, field.type)
                for values, field in zip(columns_of, schema, strict=True)
            ]
            writer.write_table(pa.table(arrays, schema=schema))
