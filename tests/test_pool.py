"""Work in several threads, results in order."""

from __future__ import annotations

import doctest
import threading
from collections.abc import Iterator
from concurrent.futures import CancelledError

import pytest
from test_score import lively

from crnn import pool
from crnn.pool import in_order
from crnn.reading import Passage, Reader


def test_examples_run() -> None:
    assert doctest.testmod(pool).failed == 0


def test_results_come_in_order_and_few_groups_are_taken_in_advance() -> None:
    taken: list[int] = []

    def groups() -> Iterator[int]:
        for number in range(20):
            taken.append(number)
            yield number

    results = in_order(lambda group: group, groups(), 2, lambda: None)
    assert next(results) == 0
    assert len(taken) <= 6
    assert list(results) == list(range(1, 20))


@pytest.mark.parametrize("threads", [1, 2])
def test_an_iteration_that_stops_in_the_work_is_no_end_of_the_results(threads: int) -> None:
    def work(group: int) -> int:
        if group == 3:
            raise StopIteration
        return group

    with pytest.raises(RuntimeError, match="StopIteration"):
        list(in_order(work, range(9), threads, lambda: None))


def test_any_number_of_threads_takes_few_groups_in_advance(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pool, "MOST_THREADS", 2)
    groups = iter(range(1000))
    results = in_order(lambda group: group, groups, 10**9, lambda: None)
    assert next(results) == 0
    assert next(groups) == pool.most_ahead(10**9) == 5


def test_an_error_in_one_thread_ends_the_others() -> None:
    model = lively(hidden_size=300)
    passage = Passage.of(model.vocab, ["abcde" * 1_000_000], "error", ["text"])
    reader, begun = Reader(model), threading.Event()
    ends: list[str] = []

    def work(group: int) -> None:
        if group == 1:
            begun.wait()
            raise KeyboardInterrupt
        begun.set()
        try:
            reader.read(passage)  # would take many seconds
        except CancelledError:
            ends.append("stopped")
            raise

    with pytest.raises(KeyboardInterrupt):
        list(in_order(work, (1, 0), 2, reader.stop))
    assert ends == ["stopped"]
