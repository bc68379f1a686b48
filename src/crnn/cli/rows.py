"""Tables that are longer than memory, row by row: CSV, lines of JSON, Parquet."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, BinaryIO, Final

__all__ = ["FORMATS", "write_rows"]

FORMATS: Final = ("csv", "jsonl", "parquet")

_AT_ONCE: Final = 1 << 14  # rows of a group of Parquet
Row = Sequence[Any]


def write_rows(form: str, columns: Mapping[str, type], rows: Iterable[Row], file: BinaryIO) -> None:
    r"""Write a table, a little at a time.

    Parameters
    ----------
    form : str
        One of `FORMATS`.
    columns : mapping of str to type
        Names, and types: int, float or str. A NaN is empty in CSV and null otherwise.
    rows : iterable of sequence
        As many values as there are columns.
    file : binary file
        Where to.

    Raises
    ------
    ImportError
        If Parquet is asked for and pyarrow is missing.

    Examples
    --------
    >>> file = io.BytesIO()
    >>> write_rows("csv", {"line": int, "text": str}, [(1, "a,b"), (2, "c")], file)
    >>> file.getvalue()
    b'line,text\r\n1,"a,b"\r\n2,c\r\n'
    """
    if form == "parquet":
        _write_parquet(columns, rows, file)
        return
    for line in _csv_lines(columns, rows) if form == "csv" else _json_lines(columns, rows):
        file.write(line.encode("utf-8", "backslashreplace"))


def _csv_lines(columns: Mapping[str, type], rows: Iterable[Row]) -> Iterator[str]:
    """Yield a table as RFC 4180 says."""
    line = io.StringIO(newline="")
    writer = csv.writer(line)

    def written(values: Iterable[Any]) -> str:
        line.seek(0)
        line.truncate()
        writer.writerow(values)
        return line.getvalue()

    yield written(columns)
    for row in rows:
        yield written("" if value != value else value for value in row)


def _json_lines(columns: Mapping[str, type], rows: Iterable[Row]) -> Iterator[str]:
    names = list(columns)
    for row in rows:
        values = [None if value != value else value for value in row]
        yield json.dumps(dict(zip(names, values, strict=True)), ensure_ascii=False) + "\n"


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
            arrays = [
                pa.array(values, field.type, from_pandas=True)
                for values, field in zip(zip(*group, strict=True), schema, strict=True)
            ]
            writer.write_table(pa.table(arrays, schema=schema))
