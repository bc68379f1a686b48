"""A pool: work on one group of things after the other, in several threads, results in order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final, TypeVar

__all__ = ["in_order"]

MOST_THREADS: Final = 64

Group = TypeVar("Group")
Result = TypeVar("Result")


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
        1: no thread but this one.
    stop : callable
        Is called when nobody wants more, and makes `work` end soon where it is under way.

    Examples
    --------
    >>> list(in_order(str.upper, ["a", "b", "c"], 2, lambda: None))
    ['A', 'B', 'C']
    """
    if threads == 1:
        yield from map(work, groups)
        return
    with ThreadPoolExecutor(min(threads, MOST_THREADS), "crnn-pool") as pool:
        waiting: deque[Future[Result]] = deque()
        try:
            for group in groups:
                waiting.append(pool.submit(work, group))
                if len(waiting) > 2 * threads:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        except BaseException:
            stop()
            raise
        finally:
            pool.shutdown(cancel_futures=True)
