"""A budget of time: when the clock is consulted, and what it says."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from crnn.budget import Budget


class Clock:
    def __init__(self) -> None:
        self.now = 5.0

    def __call__(self) -> float:
        return self.now


@given(
    st.floats(0.1, 1e5),
    st.floats(0, 0.95),
    st.floats(0, 0.2),
    st.floats(5000, 1e6),
    st.integers(0, 10**6),
)
def test_a_steady_pace_ends_in_time(
    seconds: float, falling: float, reserved: float, pace: float, first: int
) -> None:
    clock, reserve, pace = Clock(), reserved * seconds, pace / seconds
    budget = Budget(seconds, falling, first, reserve, clock)
    tick = seconds / 1000
    while not budget.is_due():
        clock.now += tick
    gone = clock.now - 5
    step = first + int(gone * pace)
    total = budget.total(step)
    needed = gone + (total - step) / pace + reserve
    assert needed <= seconds + 2 / pace
    # nor much too early, but for what a window takes, and for what has to fall
    assert needed >= 0.98 * seconds - 3 / pace - 2 * tick


@given(st.integers(0, 10**6), st.floats(0, 0.99), st.floats(0, 100))
def test_the_rate_never_has_to_fall_in_the_past(step: int, falling: float, late: float) -> None:
    clock = Clock()
    budget = Budget(10.0, falling, 0, 0.0, clock)
    clock.now += late
    total = budget.total(step)
    assert total > step
    assert total - int(falling * total) >= step
