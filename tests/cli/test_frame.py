"""The live display at a moment: what it says, and that it fits every terminal."""

from __future__ import annotations

import io
import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from crnn.cli.chart import Curve
from crnn.cli.frame import Moment, frame


def curve_of(*values: float) -> Curve:
    curve = Curve()
    for at, value in enumerate(values):
        curve.add(1000 * at, value)
    return curve


MOMENT = Moment(
    title="book.txt (900 characters)",
    about="62 characters, hidden size 100, windows of 25, adagrad 0.1, float32",
    step=4000,
    total=10_000,
    done=0.4,
    elapsed=75.0,
    left=112.0,
    speed=12_345.6,
    smooth_loss=46.2,
    seq_length=25,
    learning_rate=0.002,
    gradient_norm=12.3456,
    validates=True,
    val_loss=1.6,
    best_loss=1.5,
    best_step=3000,
    training=curve_of(6.5, 4, 3, 2.8, 2.7),
    validation=curve_of(5, 3, 2.5, 2.2, 2.3),
    sample="To be or\nnot \x1b to be",
    sampled_at=4000,
    hint="stops and saves to m (not saved yet)",
)


def shown(moment: Moment, columns: int = 80, lines: int = 24) -> list[str]:
    console = Console(file=io.StringIO(), width=columns, height=lines, force_terminal=False)
    with console.capture() as captured:
        console.print(frame(moment, console), end="")
    return captured.get().splitlines()


def test_everything_is_said() -> None:
    said = "\n".join(shown(MOMENT))
    for part in ["crnn train  book.txt (900 characters)", "adagrad 0.1, float32", "40%",
                 "windows  4,000 of 10,000 ", "elapsed  1:15", "left     1:52", "rate     0.002",
                 "speed    12,346 characters per second", "gradient norm 12.35",
                 "loss     46.20 nats per window, 2.666 bits per character",
                 "valid    2.308 bits per character, best 2.164 after 3,000 windows",
                 "train  4.00 █", "valid  2.20 █", "sample at window 4,000", "not ␛ to be",
                 "Ctrl-C stops and saves to m (not saved yet)"]:  # fmt: skip
        assert part in said, part


def test_without_validation_and_before_anything_is_known() -> None:
    new = Moment("t", "a", 0, None, None, 0.0, None, 0.0, 80.0, 25, hint="stops")
    said = "\n".join(shown(new))
    for part in ("windows  0 ", "left     ?", "rate     ?", "gradient norm ?", "train"):
        assert part in said, part
    assert "valid" not in said
    assert "valid    not yet" in "\n".join(shown(replace(new, validates=True)))


def test_a_warning_stands_above_what_ctrl_c_does() -> None:
    said = shown(replace(MOMENT, warning="no better for 3 validations: the rate is lowered"))
    assert "the rate is lowered" in said[-3]
    assert "Ctrl-C" in said[-2]


def test_numbers_that_are_none_are_shown() -> None:
    lost = replace(MOMENT, smooth_loss=math.nan, val_loss=math.nan, gradient_norm=math.inf)
    assert "nan nats per window" in "\n".join(shown(lost))


@given(
    columns=st.integers(1, 200), lines=st.integers(1, 70), validates=st.booleans(),
    warning=st.sampled_from(["", "w" * 30, "a save failed " * 5, "w" * 999]),
    sampled=st.booleans(),
)  # fmt: skip
def test_it_fits_every_terminal(
    columns: int, lines: int, validates: bool, warning: str, sampled: bool
) -> None:
    moment = replace(
        MOMENT, validates=validates, warning=warning, sampled_at=7 if sampled else None
    )
    said = shown(moment, columns, lines)
    if columns >= 20:
        assert max(map(len, said)) <= columns
    if columns >= 40 and lines >= 15:
        assert len(said) <= lines
        assert any("Ctrl-C" in line for line in said)
        assert any("█" in line for line in said)


def place_of(words: str, moment: Moment, lines: int) -> tuple[int, int]:
    """Return the first line that has them, and where in it."""
    for row, line in enumerate(shown(moment, 80, lines)):
        if words in line:
            return row, line.index(words)
    return -1, -1


@pytest.mark.parametrize("lines", [15, 19, 20, 24, 50])
def test_nothing_moves_while_a_training_goes_on(lines: int) -> None:
    begin = replace(MOMENT, step=0, sampled_at=None, sample="", val_loss=None, best_loss=None,
                    training=Curve(), validation=Curve())  # fmt: skip
    later = replace(MOMENT, step=9_999_999, total=123_456_789, sample="a\n" * 99)
    for words in ("windows", "speed", "left", "loss", "valid", "Ctrl-C"):
        assert place_of(words, begin, lines) == place_of(words, later, lines) != (-1, -1)


def test_a_training_that_the_clock_ends_fills_as_much_of_the_chart_as_of_the_bar() -> None:
    moment = replace(MOMENT, total=None, done=0.5, validates=False)
    (row,) = [line for line in shown(moment) if line.lstrip().startswith("2.70")]
    assert 31 <= sum(not char.isspace() for char in row.replace("2.70", "")) <= 34
