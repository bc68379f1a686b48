"""What the data doctor says of a text, as data."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Final

from crnn.analysis.baselines import Baselines
from crnn.analysis.characters import Character, Newlines
from crnn.analysis.encodings import Encoding, Misreading
from crnn.analysis.forecast import ExpectedLoss, ExpectedTime
from crnn.analysis.repeats import Leakage, Repeats
from crnn.corpus.reading import BYTES

__all__ = ["RARE", "UTF8", "Diagnosis", "File", "Repeated"]

UTF8: Final = "utf-8"
RARE: Final = 5  # times that a character stands in a text, below which it counts as rare


@dataclass(frozen=True)
class File:
    """A file of the text.

    Attributes
    ----------
    name : str
        What it is called.
    size : int
        In bytes.
    read_as : str
        Encoding that it was read in.
    chosen : bool
        Whether somebody asked for that encoding.
    encoding : Encoding
        What its bytes say of it.
    """

    name: str
    size: int
    read_as: str
    chosen: bool
    encoding: Encoding


@dataclass(frozen=True)
class Repeated:
    """A line or document that is repeated.

    Attributes
    ----------
    text : str
        Its beginning.
    count : int
        How often it stands in the text.
    """

    text: str
    count: int


@dataclass(frozen=True)
class Diagnosis:
    """All there is to say of a text.

    Attributes
    ----------
    files : tuple of File
        Where it comes from.
    characters, distinct : int
        How many it has, and how many different ones.
    distinct_lowercase : int
        How many different ones if all letters were small.
    rare : int
        Characters that stand there fewer than 5 times.
    rarest, strangest : tuple of Character
        The ten that stand there least often; those that are hardly meant.
    newlines : Newlines
        How its lines end.
    studied : int
        Characters at its end that the next three and `compressed` are about.
    is_nfc : bool
        Whether they are in Unicode's normal form C.
    misreading : Misreading or None
        Signs that they were once read in a wrong encoding.
    lines, documents : Repeats
        Lines of at least 20 characters, and documents, that stand there more than once.
    repeated : tuple of Repeated
        The lines repeated most.
    leakage : Leakage
        What of the last tenth stands in the first nine.
    baselines : Baselines
        What n-gram models and compressors make of the last tenth.
    compressed : dict of float
        What compressors make of the text, in bits per character.
    expected_loss : ExpectedLoss
        Of a training with the default settings.
    expected_time : ExpectedTime or None
        Of the same on this machine; None: the text is too short, or nobody asked.
    advice : tuple of str
        What to do.
    """

    files: tuple[File, ...]
    characters: int
    distinct: int
    distinct_lowercase: int
    rare: int
    rarest: tuple[Character, ...]
    strangest: tuple[Character, ...]
    newlines: Newlines
    studied: int
    is_nfc: bool
    misreading: Misreading | None
    lines: Repeats
    documents: Repeats
    repeated: tuple[Repeated, ...]
    leakage: Leakage
    baselines: Baselines
    compressed: dict[str, float]
    expected_loss: ExpectedLoss
    expected_time: ExpectedTime | None
    advice: tuple[str, ...] = ()

    @property
    def is_of_bytes(self) -> bool:
        """Whether its characters are bytes that somebody wants to be taken as they are."""
        return any(file.read_as == BYTES for file in self.files)

    def to_dict(self) -> dict[str, Any]:
        """Return everything as JSON holds it."""
        facts = asdict(self)
        for name in ("lines", "documents"):
            repeated: Repeats = getattr(self, name)
            facts[name] = {
                "count": repeated.count, "distinct": repeated.distinct, "copies": repeated.copies
            }  # fmt: skip
        facts["leakage"] |= {
            "lines_share": self.leakage.lines_share,
            "pieces_share": self.leakage.pieces_share,
        }
        loss = self.expected_loss
        facts["expected_loss"] = {
            "bits_per_char": loss.bits,
            "nats_per_char": loss.nats,
            "nats_per_window": loss.nats_per_window,
        }
        if self.expected_time is not None:
            facts["expected_time"]["seconds"] = self.expected_time.seconds
        return facts
