"""A pool: work on one group of things after the other, in several threads, results in order."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final, TypeVar

__all__ = ["in_order", "most_ahead"]

MOST_THREADS: Final = 64

Group = TypeVar("Group")
Result = TypeVar("Result")


def most_ahead(threads: int) -> int:
    """Return how many groups `in_order` works on, or has the results of, at the same time.

    Examples
    --------
    >>> most_ahead(1), most_ahead(4), most_ahead(10**6)
    (1, 9, 129)
    """
    return 1 if threads == 1 else 2 * min(threads, MOST_THREADS) + 1


def in_order(
    work: Callable[[Group], Result],
    groups: Iterable[Group],
    threads: int,
    stop: Callable[[], None],
) -> Iterator[Result]:
    """Yield what `work` makes of each group, in the order of the groups.

    The threads are never far ahead of whoever takes the results: some groups more than there are
    threads are taken in advance.

    Parameters
    ----------
    work : callable
        Leaves the GIL alone for most of its time.
    groups : iterable
    threads : int
        At most `MOST_THREADS` are used; 1: no thread but this one.
    stop : callable
        Is called when nobody wants more, and makes `work` end soon where it is under way.

    Examples
    --------
    >>> list(in_order(str.upper, ["a", "b", "c"], 2, lambda: None))
    ['A', 'B', 'C']
    """
    if threads == 1:
        for (
            group
        ) in groups:  # not `yield from map`: a StopIteration of work would end it as if done
            yield work(group)
        return
    pool, process = ThreadPoolExecutor(min(threads, MOST_THREADS), "crnn-pool"), os.getpid()
    waiting: deque[Future[Result]] = deque()
    try:
        for group in groups:
            waiting.append(pool.submit(work, group))
            if len(waiting) == most_ahead(threads):
                yield _first_of(waiting, process)
        while waiting:
            yield _first_of(waiting, process)
    except BaseException:
        stop()
        raise
    finally:
        if os.getpid() == process:  # a forked one has nobody to wait for
            pool.shutdown(cancel_futures=True)


def _first_of(waiting: deque[Future[Result]], process: int) -> Result:
    """Return the next result, which the threads of a process work at."""
    if os.getpid() != process:
        raise RuntimeError(
            "the threads that work at this stayed behind when the process was forked: begin it "
            "after the fork, or with threads=1"
        )
    return waiting.popleft().result()
