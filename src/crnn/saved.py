"""A training as a file or a pickle has it: all but the text, so it cannot go on by itself."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any, Never, Self

import numpy.typing as npt

from crnn import checkpoint
from crnn.checkpoint import JSON, CheckpointError
from crnn.model import RNN, described_by
from crnn.record import Record, read_record

__all__ = ["Saved"]


@dataclass(frozen=True, eq=False, repr=False)
class Saved:
    """All of one reading of a checkpoint, so that a file that changes meanwhile does no harm.

    A pickled `Trainer` becomes this, too. ``Trainer.resume(saved, text)`` makes a trainer of it.

    Attributes
    ----------
    path : str
        Where it was read.
    model : RNN
        As it was saved; every trainer that is made of this has another one of its own.
    record : Record
        What the file says of the training.
    tensors, header : dict
        Everything else.
    """

    path: str
    model: RNN
    record: Record
    tensors: dict[str, npt.NDArray[Any]]
    header: dict[str, JSON]

    @classmethod
    def read(cls, path: str | os.PathLike[str]) -> Self:
        """Read a file of `Trainer.save`.

        Raises
        ------
        OSError
            If it cannot be read.
        CheckpointError
            If it is damaged, or holds a model without a training (a ValueError).
        """
        return cls._of(os.fspath(path), *checkpoint.read(path))

    @classmethod
    def from_bytes(cls, data: bytes, source: str = "data") -> Self:
        """Return the training in the bytes of `Trainer.to_bytes`.

        Parameters
        ----------
        data : bytes
        source : str
            What an error calls it.

        Raises
        ------
        CheckpointError
            As `read` does.

        Examples
        --------
        >>> import crnn
        >>> trainer = crnn.Trainer(crnn.RNN("ab", hidden_size=4), "ab" * 50)
        >>> Saved.from_bytes(trainer.to_bytes()).step
        0
        """
        return cls._of(source, *checkpoint.from_bytes(data, source))

    @classmethod
    def _of(
        cls, source: str, tensors: dict[str, npt.NDArray[Any]], header: dict[str, JSON]
    ) -> Self:
        with described_by(source, "a training"):
            record = read_record(header)
        if record is None:
            raise CheckpointError(
                f"checkpoint {source!r} holds a model but no training to go on with: begin a new "
                "one with it, by crnn.load and a Trainer, or by crnn train --init-from"
            )
        with described_by(source, "a model"):
            model = RNN._restored(tensors, header)
        return cls(source, model, record, tensors, header)

    @property
    def step(self) -> int:
        """Windows that were trained."""
        return self.record.step

    def __getattr__(self, name: str) -> Never:
        """Say how to come by what only a trainer has."""
        raise AttributeError(
            f"a saved training has no {name!r}, for its text is not with it: "
            "Trainer.resume(saved, text) makes a trainer of it"
        )

    def __reduce__(self) -> tuple[Any, tuple[bytes, str]]:
        """Pickle as the bytes of a file, as it was read; they are checked when they are read."""
        return type(self).from_bytes, (checkpoint.to_bytes(self.tensors, self.header), self.path)

    def __repr__(self) -> str:
        return f"<Saved training of {self.model!r}, {self.step:,} windows>"
