"""How fast a training goes, and when it will be over."""

from __future__ import annotations

import pytest

from crnn.pace import Pace, progress_of


def test_the_pace_is_of_the_last_seconds_and_never_below_zero() -> None:
    now = iter([0.0, 1.0, 11.0, 21.0, 22.0])
    pace = Pace(0, lambda: next(now))
    assert [pace.mark(step) for step in (1, 2, 1002, 500)] == [1.0, 0.1, 100.0, 0.0]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ((50, 100, 0.0, 1.0, 0.0), (0.5, None)),
        ((150, 100, 10.0, 1.0, 0.0), (1.0, -5.0)),
        ((0, None, 0.0, 30.0, 20.0), (1.0, 0.0)),
        ((0, None, 0.0, 1.0, 0.0), (None, None)),
        ((0, 0, 5.0, 1.0, 0.0), (0.0, 0.0)),
    ],
)
def test_progress(given: tuple[int, int | None, float, float, float], expected: object) -> None:
    assert progress_of(*given) == expected
