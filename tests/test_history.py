"""History: reports as rows, and back."""

from __future__ import annotations

import math

from crnn.history import COLUMNS, Report, rows_of, table_of
from crnn.training import bits_per_char


def test_rows_come_back_and_what_is_not_listed_has_none() -> None:
    reports = [
        Report(0, 80.0, bits_per_char(80.0, 25), learning_rate=0.1, gradient_norm=3.5),
        Report(3, 79.0, bits_per_char(79.0, 25), sample="abc", listed=False),
        Report(4, 78.0, bits_per_char(78.0, 25), learning_rate=0.1, val_loss=2.25),
    ]
    table = table_of(reports)
    assert table.dtype.names == tuple(name for name, _ in COLUMNS)
    assert table["iteration"].tolist() == [0, 4]
    assert math.isnan(table["val_loss"][0])
    assert math.isnan(table["gradient_norm"][1])
    back = rows_of({name: table[name] for name, _ in COLUMNS}, 25)
    assert back[0] == reports[0]
    assert (back[1].iteration, back[1].val_loss) == (4, 2.25)
    assert table_of(back).tobytes() == table.tobytes()
