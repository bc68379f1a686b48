"""Who is let in, who is refused, who waits; what a fork leaves is in test_processes.py."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest

from crnn.locks import Alone, Turns


def elsewhere(work: object) -> BaseException | None:
    """Return what a call in another thread raises."""
    raised: list[BaseException] = []

    def run() -> None:
        try:
            work()  # type: ignore[operator]
        except RuntimeError as error:
            raised.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    return raised[0] if raised else None


def test_one_thread_is_let_in_and_again_and_others_are_refused_until_it_left() -> None:
    alone = Alone("taken", "left")

    def enter() -> None:
        with alone.inside():
            pass

    with alone.inside():
        with alone.inside():
            pass
        assert str(elsewhere(enter)) == "taken"
    assert elsewhere(enter) is None
    enter()


def test_an_error_inside_lets_go() -> None:
    alone = Alone("taken", "left")
    with pytest.raises(KeyError), alone.inside():
        raise KeyError
    with alone.inside():
        pass


def interrupted(work: Callable[[], None], after: int) -> bool:
    """Raise a KeyboardInterrupt after so many steps of a call; whether there were so many."""
    steps = 0

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal steps
        frame.f_trace_opcodes = True
        if event == "opcode":
            steps += 1
            if steps == after:
                raise KeyboardInterrupt
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        work()
    except KeyboardInterrupt:
        return True
    finally:
        sys.settrace(before)
    return False


def test_an_interrupt_between_any_two_steps_lets_go() -> None:
    alone, done = Alone("taken", "left"), 0

    def work() -> None:
        nonlocal done
        with alone.inside():
            with alone.inside():
                done += 1
            done += 1

    def enter() -> None:
        with alone.inside():
            pass

    steps = 1
    while interrupted(work, steps):
        assert elsewhere(enter) is None, f"still taken after an interrupt at step {steps}"
        steps += 1
    assert steps > 20
    assert done > 2


def test_what_a_thread_that_is_gone_left_taken_is_said() -> None:
    """As after a fork: the lock is taken, and its thread is no more."""
    alone = Alone("taken", "left")
    inside = alone.inside()
    thread = threading.Thread(target=inside.__enter__)
    thread.start()
    thread.join()
    with pytest.raises(RuntimeError, match=r"^left$"), alone.inside():
        pass


def test_turns_are_taken_one_after_the_other() -> None:
    turns, inside, most = Turns(), 0, 0

    def work() -> None:
        nonlocal inside, most
        for _ in range(200):
            with turns.here():
                inside += 1
                most = max(most, inside)
                inside -= 1

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (inside, most) == (0, 1)
