"""The lines of a text, each with the surprise that a model has at it.

A line ends with its newline, which belongs to it. Lines come one after the other, as soon as they
are whole; of the text no more is held than a piece of it and the line that is being read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from crnn.analysis.tally import Tally
from crnn.model import RNN
from crnn.score import Score, score_many

__all__ = ["Line", "scored_lines"]


class Line(NamedTuple):
    """A line of a text: its number, from 1; its text, with the newline if it has one; its score."""

    number: int
    text: str
    tally: Tally


def scored_lines(
    model: RNN, pieces: Iterable[str], unknown: str = "error", *, apart: bool = False
) -> Iterator[Line]:
    r"""Yield the lines of a text with their scores.

    Parameters
    ----------
    model : RNN
    pieces : iterable of str
        The text, cut anywhere; how it is cut changes nothing.
    unknown : {"error", "skip", "uniform"}
        See `RNN.score`.
    apart : bool
        Whether every line begins with a fresh state, as if it were the only one.

    Raises
    ------
    ValueError
        If the vocabulary lacks a character, and that is an error: names the line.

    Examples
    --------
    >>> import crnn
    >>> model = crnn.RNN("ab\n", hidden_size=4)
    >>> for number, text, tally in scored_lines(model, ["ab", "\nb"]):
    ...     print(number, repr(text), f"{tally.bits_per_char:.2f}")
    1 'ab\n' 1.59
    2 'b' 1.59
    """
    return _apart(model, pieces, unknown) if apart else _in_context(model, pieces, unknown)


def _in_context(model: RNN, pieces: Iterable[str], unknown: str) -> Iterator[Line]:
    """Yield lines that are scored by a model that has read those before."""
    state, number, text, tally = model.state(), 1, "", Tally()
    for piece in pieces:
        parts = _cut(piece)
        with _named(model, number, len(text), parts):
            score = state.score(piece, unknown)
        end = 0
        for part in parts:
            begin, end = end, end + len(part)
            tally.add(_part(model, score, begin, end, part))
            text += part
            if text.endswith("\n"):
                yield Line(number, text, tally)
                number, text, tally = number + 1, "", Tally()
    if text:
        yield Line(number, text, tally)


def _apart(model: RNN, pieces: Iterable[str], unknown: str) -> Iterator[Line]:
    """Yield lines that are scored as if each were alone."""
    number = 1
    for lines in _whole(pieces):
        with _named(model, number, 0, lines):
            scores = score_many(model, lines, threads=1, unknown=unknown)
        for text, score in zip(lines, scores, strict=True):
            tally = Tally()
            tally.add(score)
            yield Line(number, text, tally)
            number += 1


def _whole(pieces: Iterable[str]) -> Iterator[list[str]]:
    """Yield the lines of each piece that are whole."""
    begun: list[str] = []  # of the line that is not whole yet
    for piece in pieces:
        *lines, rest = piece.split("\n")
        if lines:
            lines[0] = "".join([*begun, lines[0]])
            yield [line + "\n" for line in lines]
            begun.clear()
        begun.append(rest)
    if last := "".join(begun):
        yield [last]


def _cut(text: str) -> list[str]:
    """Return the lines of a text that is not empty; newlines alone end them."""
    *lines, last = text.split("\n")
    return [line + "\n" for line in lines] + ([last] if last else [])


def _part(model: RNN, score: Score, begin: int, end: int, text: str) -> Score:
    """Return a part of a score, of that text."""
    unknown = sum(char not in model.vocab for char in text) if score.unknown else 0
    part = slice(begin, end)
    return Score(score.nats[part], score.rank[part], score.entropy[part], unknown)


@contextmanager
def _named(model: RNN, first: int, start: int, lines: Sequence[str]) -> Iterator[None]:
    """Where a character is unknown, say in which line; `start` of the first one are read."""
    try:
        yield
    except ValueError:
        for number, line in enumerate(lines, first):
            model.vocab.encode(line, name=f"line {number:,}", start=start)
            start = 0
        raise
