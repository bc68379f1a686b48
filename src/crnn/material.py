"""Material: what a training reads, what it is validated on, and how both are known again.

A text may come as a str, a list of documents, indices, or a `Corpus` that was read from files; here
it becomes indices below V, as small as V allows, and a part of it may be held back.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias, TypeGuard

import numpy as np
import numpy.typing as npt

from crnn import arguments, probe
from crnn.checkpoint import JSON
from crnn.corpus import Corpus
from crnn.settings import Settings
from crnn.text import Text
from crnn.vocab import Vocab

__all__ = ["Material", "Source", "fingerprint", "is_documents", "prepared"]

Source: TypeAlias = str | Sequence[str] | npt.NDArray[np.integer[Any]] | Corpus
"""What a text may come as."""
_CHUNK = 4_000_000


@dataclass(frozen=True)
class Passage:
    """Indices and where documents begin in them."""

    indices: npt.NDArray[Any]
    starts: npt.NDArray[np.int64]

    def part(self, begin: int, end: int) -> Passage:
        """Return a part of it, which begins a document."""
        first, last = np.searchsorted(self.starts, [begin + 1, end])
        starts = np.zeros(1 + last - first, np.int64)
        np.subtract(self.starts[first:last], begin, out=starts[1:])
        return Passage(self.indices[begin:end], starts)


@dataclass(frozen=True)
class Material:
    """What a training reads.

    Attributes
    ----------
    text : Text
        What is trained on.
    validation : Text or None
        What is held back.
    characters, validated : int
        Their lengths; 0 if nothing is held back.
    record : dict
        What a checkpoint remembers of them: lengths and fingerprints.
    """

    text: Text
    validation: Text | None
    characters: int
    validated: int
    record: dict[str, JSON]


def prepared(vocab: Vocab, text: Source, val_text: Source | None, settings: Settings) -> Material:
    """Return the material of a training.

    Raises
    ------
    TypeError, ValueError
        If a text is of another kind, too short, or has characters that the vocabulary lacks.
    """
    if val_text is not None and settings.val_fraction > 0:
        raise ValueError("val_text and val_fraction are both given, expected one of them")
    apart = settings.documents != "none"
    whole = _passage("text", vocab, text, settings)
    record: dict[str, JSON] = {"text": fingerprint(text, whole, apart), "validation": None}
    held_back: Passage | None = None
    if val_text is not None:
        held_back = _passage("val_text", vocab, val_text, settings)
        record["validation"] = fingerprint(val_text, held_back, apart)
    elif settings.val_fraction > 0:
        border = _border(whole, settings.val_fraction, apart)
        held_back = whole.part(border, len(whole.indices))
        whole = whole.part(0, border)
    _check_length(len(whole.indices), settings)
    if held_back is not None and len(held_back.indices) < settings.seq_length + 1:
        raise ValueError(
            f"the validation text has {len(held_back.indices):,} characters, less than a window of "
            f"{settings.seq_length:,} and one: give more text, or a larger val_fraction"
        )
    return Material(
        text=_text(whole, len(vocab), apart),
        validation=None if held_back is None else _text(held_back, len(vocab), apart),
        characters=len(whole.indices),
        validated=0 if held_back is None else len(held_back.indices),
        record=record,
    )


def _text(passage: Passage, V: int, apart: bool) -> Text:
    return Text(passage.indices, V, passage.starts if apart else None)


def _passage(name: str, vocab: Vocab, source: Source, settings: Settings) -> Passage:
    """Return the indices of a text, and where its documents begin."""
    if isinstance(source, Corpus):
        if source.vocab != vocab:
            raise ValueError(
                f"{name} is a corpus of another vocabulary ({len(source.vocab):,} characters, the "
                f"model has {len(vocab):,}): read it with vocab=model.vocab"
            )
        return Passage(source.indices, source.starts)
    if isinstance(source, str):
        indices = vocab.encode(source, name=name)
        lines = settings.documents == "line"
        starts = _lines(source) if lines else np.zeros(1, np.int64)
        return Passage(_narrow(indices, len(vocab)), starts)
    if not is_documents(source):
        if settings.documents == "line":
            raise ValueError(f"documents is 'line', and {name} is indices: give a str or a Corpus")
        indices = arguments.indices(name, source, len(vocab))
        return Passage(_narrow(indices, len(vocab)), np.zeros(1, np.int64))
    lengths = [len(document) for document in source if document]
    starts = np.cumsum([0, *lengths[:-1]], dtype=np.int64)
    return Passage(_narrow(vocab.encode("".join(source), name=name), len(vocab)), starts)


def is_documents(source: object) -> TypeGuard[Sequence[str]]:
    """Tell whether a text is a list of documents."""
    if not isinstance(source, (list, tuple)) or len(source) == 0:
        return False
    return all(isinstance(part, str) for part in source)


def _lines(text: str) -> npt.NDArray[np.int64]:
    """Return where each line begins; its newline is its last character."""
    starts, at = [0], text.find("\n")
    while 0 <= at < len(text) - 1:
        starts.append(at + 1)
        at = text.find("\n", at + 1)
    return np.array(starts, np.int64)


def _narrow(indices: npt.NDArray[Any], V: int) -> npt.NDArray[Any]:
    """Return a copy in the smallest type for indices below V: the caller's may change later."""
    return indices.astype(np.uint8 if V <= 256 else np.uint16 if V <= 65536 else np.int32)


def _border(whole: Passage, fraction: float, apart: bool) -> int:
    """Return where the part that is held back begins; a document is not cut."""
    n = len(whole.indices)
    with probe.Mode():
        border = int(n * (1 - fraction))
    if not apart:
        return border
    if len(whole.starts) == 1:
        raise ValueError(
            "val_fraction holds back whole documents, and the text is a single one: give more "
            "documents, or a validation text of its own"
        )
    later = whole.starts[whole.starts >= border]
    return int(later[0] if len(later) else whole.starts[-1])


def _check_length(characters: int, settings: Settings) -> None:
    """Make sure that every stream has a window to train."""
    T, B = settings.seq_length, settings.batch_size
    if characters >= (T + 2) * B:
        return
    streams, smaller = ("", "") if B == 1 else (f" in {B:,} streams", " or batch_size")
    most = characters // (T + 2)
    hint = f" (of at most {most:,})" if B > 1 and most > 0 else ""
    raise ValueError(
        f"the text's length is {characters:,}, a seq_length of {T:,}{streams} needs at least "
        f"{(T + 2) * B:,}: give more text or a smaller seq_length{smaller}{hint}"
    )


def fingerprint(source: Source, passage: Passage, apart: bool) -> dict[str, JSON]:
    """Return what a checkpoint remembers of a text: its length, and digests of what is read."""
    sha256 = source.sha256 if isinstance(source, Corpus) else _digest(passage.indices, "<i4")
    record: dict[str, JSON] = {"characters": len(passage.indices), "sha256": sha256}
    if apart:
        record |= {"documents": len(passage.starts), "starts": _digest(passage.starts, "<i8")}
    return record


def _digest(array: npt.NDArray[Any], dtype: str) -> str:
    """Return the SHA-256 of an array's elements as another type, made in pieces."""
    digest = hashlib.sha256()
    for begin in range(0, len(array), _CHUNK):
        digest.update(array[begin : begin + _CHUNK].astype(dtype).tobytes())
    return digest.hexdigest()
