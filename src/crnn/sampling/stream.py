"""A stream: one sample, character by character, as it is drawn."""

from __future__ import annotations

import os
import threading
from collections import deque
from typing import Final, Generic, NamedTuple, Never, TypeVar, cast

import numpy as np

from crnn.locks import Turns
from crnn.sampling.batch import Batch, Opening, Sample
from crnn.sampling.rules import Rules

__all__ = ["Drawn", "Stream"]


class Drawn(NamedTuple):
    """A character that was drawn, and how probable it was.

    Attributes
    ----------
    char : str
    logprob : float
        Natural logarithm of its probability in the model's prediction, whatever the rules: minus
        this is what `RNN.score` gives for it, in nats.
    drawn_logprob : float
        The same in the distribution that it was drawn from, after temperature and all filters; 0 if
        there was nothing to draw.
    """

    char: str
    logprob: float
    drawn_logprob: float


Item = TypeVar("Item", str, Drawn)

_LEFT: Final = (
    "stream was drawn from in another thread when the process was forked, so what comes next is "
    "lost here: make streams after the fork"
)


class Stream(Generic[Item]):
    """An iterator of the characters of a sample, drawn as they are asked for.

    Made by `RNN.stream`. It is an asynchronous iterator as well: ``async for`` draws in a thread
    beside the event loop, and whoever is cancelled while waiting loses nothing. Characters are
    drawn ahead, for about 20 ms at once. Close it, or just forget it, when you have seen enough;
    several threads may share it.

    Examples
    --------
    >>> import crnn
    >>> stream = crnn.RNN("abc", hidden_size=4).stream(1000, seed=1)
    >>> len([next(stream) for _ in range(5)])
    5
    >>> stream.close()
    >>> list(stream)
    []
    """

    def __init__(
        self, opening: Opening, rules: Rules, bits: np.random.PCG64, length: int, details: bool
    ) -> None:
        self._begin = opening, rules, [bits], length, details
        self._details = details
        self._batch: Batch | None = None
        self._unsure: list[Item] = []  # what may still become a stop that is cut off
        self._ready: deque[Item] = deque()
        self._turns = Turns()
        self._drawer: tuple[int, int] | None = None  # process and thread whose turn it is
        self._over = False  # nothing more will be ready
        self._closed = False

    def __iter__(self) -> Stream[Item]:
        """Return the stream itself."""
        return self

    def __next__(self) -> Item:
        """Return the next character.

        Raises
        ------
        ValueError
            If the probabilities became NaN, the rules left nothing, or `allowed` itself asks for
            what is being drawn.
        """
        while (item := self._ready_one(StopIteration)) is None:
            self._refill()
        return item

    def __aiter__(self) -> Stream[Item]:
        """Return the stream itself."""
        return self

    async def __anext__(self) -> Item:
        """Return the next character; raises what `__next__` does."""
        import asyncio  # here: nobody else needs it, and it takes its time

        while (item := self._ready_one(StopAsyncIteration)) is None:
            await asyncio.to_thread(self._refill)
        return item

    def close(self) -> None:
        """Draw no more, and drop what nobody has taken. Never waits, not even for who draws."""
        self._closed = True
        lock = self._turns.here()
        if lock.acquire(blocking=False):
            self._drop()
            lock.release()

    def __reduce__(self) -> Never:
        """Refuse: coins that were tossed ahead cannot be taken back."""
        raise TypeError(
            "a stream cannot be pickled or copied, for it has drawn ahead: make another one, "
            "with the same seed and what was read so far as its prime"
        )

    def _ready_one(self, end: type[Exception]) -> Item | None:
        """Return a character that is ready, or None if it has to be drawn first.

        Raises `end` if none will come. Other threads may take and draw meanwhile.
        """
        if self._closed:
            raise end
        if self._drawer is not None and self._drawer == _here():  # it would wait for itself
            raise ValueError("stream is being drawn: allowed(text) cannot take characters from it")
        over, batch = self._over, self._batch
        try:
            return self._ready.popleft()
        except IndexError:
            if not over:
                return None
        if batch is not None and batch.error is not None:
            raise batch.error
        raise end

    def _refill(self) -> None:
        """Draw a slice. One thread at a time; one that comes later finds what the first drew."""
        with self._turns.here():
            if self._drawer is not None:
                raise RuntimeError(_LEFT)
            try:  # from here on, so that a KeyboardInterrupt leaves nothing behind
                self._drawer = _here()
                if not (self._ready or self._over or self._closed):
                    self._draw()
            finally:
                self._drawer = None
                if self._closed:
                    self._drop()

    def _draw(self) -> None:
        """Read or write for some 20 ms."""
        opening = self._begin[0]
        if not opening.is_read:
            opening.read_on()
            return
        batch = self._batch = self._batch or Batch(*self._begin)
        batch.write()
        self._release(batch)
        self._over = batch.ended

    def _drop(self) -> None:
        self._batch = None
        self._ready.clear()
        self._unsure.clear()

    def _release(self, batch: Batch) -> None:
        """Hand out what has been drawn, but for what is or may become a stop that is cut off."""
        draft, items = batch.drafts[0], self._unsure
        for piece in draft.pieces:
            items += self._items(piece)
        draft.pieces.clear()
        unsure = draft.stop if batch.ended else draft.held
        sure = len(items) - (0 if self._begin[1].keep_stop else unsure)
        self._ready.extend(items[:sure])
        self._unsure = items[sure:]

    def _items(self, piece: Sample) -> list[Item]:
        if piece.logprobs is None:
            return cast("list[Item]", list(piece.text))
        pairs = zip(piece.text, piece.logprobs.tolist(), strict=True)
        return cast("list[Item]", [Drawn(char, *both) for char, both in pairs])


def _here() -> tuple[int, int]:
    """Return which process and which thread this is."""
    return os.getpid(), threading.get_ident()
