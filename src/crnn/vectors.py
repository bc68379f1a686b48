"""What is in a model's hidden units: after each character of a text, and one vector a text."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from crnn import arguments
from crnn.arguments import RealArray, choice
from crnn.memory import affordable
from crnn.pool import in_order
from crnn.reading import Group, Passage, Reader, groups_of

if TYPE_CHECKING:
    from crnn.model import RNN

__all__ = ["HOW", "embed", "hidden"]

HOW: Final = ("mean", "last")
UNKNOWN: Final = ("error", "skip")


def hidden(model: RNN, text: str, begin: RealArray, unknown: str) -> RealArray:
    """Return the state after each character, from the numbers (H,) of one; see `RNN.hidden`."""
    choice("unknown", unknown, UNKNOWN)
    if not isinstance(text, str):
        model.vocab.encode(text)  # says what it is instead
    passage = Passage.of(model.vocab, [text], unknown, ["text"])
    shape = len(passage.indices), model.hidden_size
    try:
        affordable(shape[0] * shape[1] * model.dtype.itemsize)
    except MemoryError as error:
        raise MemoryError(f"text has {len(text):,} characters, for whose states {error}") from None
    states = np.empty(shape, model.dtype)
    Reader(model).read(passage, begin=begin, states=states)
    if passage.known is None:
        return states
    read: Any = np.concatenate([begin[None], states])[np.cumsum(passage.known)]
    return np.asarray(read)


def embed(model: RNN, texts: Iterable[str], how: str, threads: int, unknown: str) -> RealArray:
    """Return a vector for each text; see `RNN.embed`."""
    choice("how", how, HOW)
    choice("unknown", unknown, UNKNOWN)
    threads = arguments.integer("threads", threads, least=1)
    reader = Reader(model)

    def work(group: Group) -> RealArray:
        names = [f"texts[{group.first + i}]" for i in range(len(group.texts))]
        passage = Passage.of(model.vocab, group.texts, unknown, names)
        vectors = np.empty((len(group.texts), model.hidden_size), model.dtype)
        reader.read(passage, vectors=vectors, mean=how == "mean")
        return vectors

    none = np.empty((0, model.hidden_size), model.dtype)
    return np.concatenate([none, *in_order(work, groups_of(texts), threads, reader.stop)])
