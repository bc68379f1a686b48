"""Samples: texts that a model writes, one or many at once, in slices.

Sample number i is drawn by coins of its own, the spawn key i of the seed: so it is the same alone
or among others, in a batch of any size and in any number of threads.
"""

from __future__ import annotations

import threading
from collections.abc import Generator
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from crnn import arguments, core, seeding
from crnn.memory import affordable
from crnn.pool import in_order, most_ahead
from crnn.sampling.plain import not_a_number
from crnn.sampling.rules import Limits, Rules
from crnn.slices import Slices
from crnn.vocab import Vocab

__all__ = ["Batch", "Opening", "Sample", "check_room", "known", "numbers", "room_of", "samples"]

IntArray: TypeAlias = npt.NDArray[np.int32]
Logprobs: TypeAlias = npt.NDArray[np.float64]

_NUMBERS = 2**32  # of spawn keys
_OF_A_STR = 64  # bytes beside its characters
_AT_ONCE = 8  # texts of a batch: more make it no faster


class Sample(NamedTuple):
    """A text, or a piece of one.

    Attributes
    ----------
    text : str
    logprobs : numpy.ndarray, shape (len(text), 2), or None
        Natural logarithms of the probability of each character: in the model's prediction, and in
        the distribution that it was drawn from. None if nobody asked for them.
    """

    text: str
    logprobs: Logprobs | None


def numbers(first: Any, count: int) -> range:
    """Return the numbers of `count` samples, from `first` on.

    Raises
    ------
    TypeError, ValueError
        If `first` is no integer from 0 on, or a number is no spawn key.
    """
    begin = arguments.integer("first", first, least=0)
    if begin + count > _NUMBERS:
        raise ValueError(
            f"samples {begin} to {begin + count - 1} are asked for, expected numbers below 2**32"
        )
    return range(begin, begin + count)


def check_room(length: int, count: int, words: str) -> None:
    """Raise a MemoryError if so many texts of a length do not fit into this machine's memory.

    Parameters
    ----------
    length, count : int
    words : str
        How the error says where `count` comes from.
    """
    try:
        affordable((length + _OF_A_STR) * count)
    except MemoryError as error:
        many = f" ({words})" if count > 1 else ""
        raise MemoryError(f"length is {length:,}{many}: {error}") from None


def room_of(count: int, threads: int) -> int:
    """Return how many of `count` samples are held at the same time while they are written.

    Examples
    --------
    >>> room_of(3, 1), room_of(10**6, 1), room_of(10**6, 2)
    (3, 8, 40)
    """
    return min(count, _group(count, threads) * most_ahead(threads))


def _group(count: int, threads: int) -> int:
    """Return how many samples of `count` are written together."""
    return max(1, min(_AT_ONCE, -(-count // threads)))


def known(vocab: Vocab, text: Any, name: str, unknown: str, remedy: str = 'unknown="skip"') -> str:
    """Return a text without the characters that a vocabulary lacks, or object to them.

    Parameters
    ----------
    vocab : Vocab
    text : str
    name : str
        What an error calls the text.
    unknown : {"error", "skip"}
        What to do about such characters.
    remedy : str
        How a caller says "skip".

    Raises
    ------
    TypeError, ValueError
        If `text` is no str, `unknown` something else, or there are some and it is "error".

    Examples
    --------
    >>> known(Vocab("ab"), "abc", "prime", "skip")
    'ab'
    """
    skip = arguments.choice("unknown", unknown, ("error", "skip")) == "skip"
    if not skip or not isinstance(text, str):
        try:
            vocab.encode(text, name=name)
        except ValueError as error:
            raise ValueError(f"{error}; {remedy} leaves out what is unknown") from None
        return str(text)
    others = set(text) - set(vocab.chars)
    return text.translate(dict.fromkeys(map(ord, others))) if others else text


class Opening:
    """What samples begin with: a state, and a text that it reads before anything is drawn.

    Parameters
    ----------
    net : Net
    dtype : numpy.dtype
        Its type.
    vocab : Vocab
    state : core.State
        A single one, of its own: it is read on.
    prime : str
        Characters of the vocabulary.
    """

    def __init__(
        self, net: core.Net, dtype: np.dtype[Any], vocab: Vocab, state: core.State, prime: str
    ) -> None:
        self.net, self.dtype, self.vocab, self.prime = net, dtype, vocab, prime
        self.indices = vocab.encode(prime, name="prime")
        self._state = state
        self._slices = Slices(state.multiply_adds)
        self._read = 0

    @property
    def is_read(self) -> bool:
        """Whether the state has read all of the prime."""
        return self._read == len(self.indices)

    def read_on(self) -> None:
        """Let the state read some 20 ms of the prime."""
        if not self.is_read:
            self._slices.run(self._feed, len(self.indices) - self._read)

    def _feed(self, n: int) -> None:
        self._state.read(self.indices[self._read : self._read + n])
        self._read += n

    def states(self, B: int) -> core.State:
        """Return B states that have read the prime."""
        (_, H), _ = self._state.layout()
        h = np.empty((1, H), self.dtype)
        self._state.get(h)
        states = core.State(self.net, B)
        states.set(np.repeat(h, B, axis=0))
        return states


@dataclass
class Draft:
    """A sample while it is written.

    Attributes
    ----------
    text : str
        The prime and what follows; kept up to date only if a caller is asked about it.
    length : int
        Characters of it.
    pieces : list of Sample
        What came since somebody took it from here.
    stop : int
        Length of the stop that it has met; 0: none yet.
    held : int
        How many of its last characters may still become a stop, or are one.
    """

    text: str
    length: int
    pieces: list[Sample] = field(default_factory=list)
    stop: int = 0
    held: int = 0

    def take(self, text: str, length: int, logprobs: Logprobs | None) -> str:
        """Keep what belongs to the sample of a text; its length is now `length`. Return it."""
        new = min(length - self.length, len(text))
        self.length = length
        if new:
            kept = None if logprobs is None else logprobs[:new].copy()
            self.pieces.append(Sample(text[:new], kept))
        return text[:new]

    def whole(self, *, keep_stop: bool) -> Sample:
        """Return all of its pieces as one, with the stop or without it."""
        text = "".join(piece.text for piece in self.pieces)
        end = len(text) if keep_stop else len(text) - self.stop
        parts = [piece.logprobs for piece in self.pieces if piece.logprobs is not None]
        if len(parts) < len(self.pieces):
            return Sample(text[:end], None)
        return Sample(text[:end], np.concatenate([np.empty((0, 2)), *parts])[:end])


class Batch:
    """Samples that are written together, slice by slice.

    Those that have met a stop leave it when they are half of it, so that the others go on quicker.

    Parameters
    ----------
    opening : Opening
        One that has been read.
    rules : Rules
    bits : list of numpy.random.PCG64
        The coins of each.
    length : int
        Characters of each, unless a stop ends it before.
    details : bool
        Whether to keep log-probabilities.

    Attributes
    ----------
    drafts : list of Draft
        The samples.
    error : Exception or None
        Why the writing ended before its time.
    ended : bool
        Whether nothing more will come.
    """

    def __init__(
        self,
        opening: Opening,
        rules: Rules,
        bits: list[np.random.PCG64],
        length: int,
        details: bool,
    ) -> None:
        self._opening, self._rules, self._length, self._details = opening, rules, length, details
        self._state = opening.states(len(bits))
        self._limits = rules.limits(opening.dtype, len(bits))
        self._chooser = rules.chooser(opening.net, bits, self._limits, details)
        self._chooser.read(opening.indices)
        # a caller who is asked may take any time, so begin with one character
        self._slices = Slices(self._state.multiply_adds) if rules.ask is None else Slices()
        self._written = 0
        self.drafts = [Draft(opening.prime, len(opening.prime)) for _ in bits]
        self._rows = self.drafts  # those that are written on
        self.error: Exception | None = None
        self.ended = length == 0

    def write(self) -> None:
        """Write some 20 ms long."""
        if not self.ended:
            self._slices.run(self._fill, self._length - self._written)

    def _fill(self, n: int) -> None:
        end = self._written + n
        while self._written < end and not self.ended:
            if self._rules.ask is None:
                self._choose(end - self._written)
                continue
            try:
                self._ask(self._limits)
            except Exception as error:  # the caller's own, to be raised after what came before it
                self.error, self.ended = error, True
                return
            self._choose(1)

    def _ask(self, limits: Limits) -> None:
        """Let the caller say what may come after each text."""
        assert limits is not None
        for row, draft in enumerate(self._rows):
            if not draft.stop:
                limits[row] = -np.inf
                try:
                    limits[row, self._rules.asked(draft.text, self._written)] = np.inf
                except (
                    StopIteration,
                    StopAsyncIteration,
                ) as error:  # it would end loops as if done
                    raise RuntimeError(
                        f"allowed(text) at character {self._written} raised {type(error).__name__}"
                    ) from error

    def _choose(self, n: int) -> None:
        B = len(self._rows)
        ixes = np.empty((n, B), np.int32)
        logprobs = np.empty((n, B, 2)) if self._details else None
        written = self._chooser.write(self._state, n, ixes, logprobs)
        text = self._opening.vocab.decode(ixes[:written].T.ravel())
        for row, draft in enumerate(self._rows):
            mine = text[row * written : (row + 1) * written]
            details = None if logprobs is None else logprobs[:, row]
            new = draft.take(mine, self._chooser.length(row), details)
            draft.stop, draft.held = self._chooser.found(row), self._chooser.held(row)
            if self._rules.ask is not None:
                draft.text += new
        self._written += written
        if self._chooser.stuck >= 0:
            self.error = self._reason(self._chooser.stuck)
        going = [row for row, draft in enumerate(self._rows) if not draft.stop]
        self.ended = not going or self.error is not None or self._written == self._length
        if not self.ended and len(going) <= B // 2:
            self._go_on_with(going)

    def _go_on_with(self, rows: list[int]) -> None:
        """Leave the others as they are."""
        h = np.empty(self._state.layout()[0], self._opening.dtype)
        self._state.get(h)
        self._state = core.State(self._opening.net, len(rows))
        self._state.set(h[rows])
        self._chooser.keep(rows)
        self._rows = [self._rows[row] for row in rows]

    def _reason(self, row: int) -> ValueError:
        """Return the error of a sample that cannot be written on."""
        at, V = self._written, len(self._opening.vocab)
        logs = np.empty((len(self._rows), V), self._opening.dtype)
        self._state.log_predict(logs)  # without rules
        if np.isnan(logs[row]).any():
            return not_a_number(at)
        limits, ruled_out = self._limits, self._chooser.ruled_out(row)
        allowed = range(V) if limits is None else np.flatnonzero(limits[row % len(limits)] > 0)
        left = np.setdiff1d(allowed, ruled_out)
        which = _leaving(limits is not None, bool(ruled_out))
        if not len(left):
            return ValueError(
                f"{which} nothing at character {at}: each one that could come would complete a "
                "forbidden string; forbid less"
            )
        if (logs[row, left] == -np.inf).all():
            return ValueError(
                f"{which} only characters of probability 0 at character {at}: the model never "
                "writes them, let others come too"
            )
        return ValueError(
            f"repetition_penalty {self._rules.penalty:g} makes logits infinite at character {at}: "
            "take one nearer to 1"
        )


def _leaving(limited: bool, ruling_out: bool) -> str:
    """Return the subject and verb of what the masks leave."""
    if limited and ruling_out:
        return "allowed and forbidden together leave"
    return "allowed leaves" if limited else "forbidden leaves"


def samples(
    opening: Opening,
    rules: Rules,
    seed: np.random.SeedSequence,
    numbers: range,
    length: int,
    *,
    threads: int = 1,
    details: bool = False,
) -> Generator[Sample, None, None]:
    """Write the samples of these numbers, in batches; yield them in their order.

    Raises
    ------
    ValueError
        If one cannot be written to its end: the probabilities became NaN, or nothing was left.
    """
    while not opening.is_read:
        opening.read_on()
    stopped = threading.Event()
    size = _group(len(numbers), threads)
    groups = (numbers[i : i + size] for i in range(0, len(numbers), size))

    def written(group: range) -> list[Sample]:
        bits = [seeding.child(seed, i) for i in group]
        batch = Batch(opening, rules, bits, length, details)
        while not (batch.ended or stopped.is_set()):
            batch.write()
        if batch.error is not None:
            raise batch.error
        return [draft.whole(keep_stop=rules.keep_stop) for draft in batch.drafts]

    useful = min(threads, max(1, len(numbers)))
    for texts in in_order(written, groups, useful, stopped.set):
        yield from texts
