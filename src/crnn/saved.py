"""A training as a file has it: the model, the record, and the arrays that belong to them."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any, Self

import numpy.typing as npt

from crnn import checkpoint
from crnn.checkpoint import JSON, CheckpointError
from crnn.model import RNN, described_by
from crnn.record import Record, read_record

__all__ = ["Saved"]


@dataclass(frozen=True)
class Saved:
    """All of one reading of a checkpoint, so that a file that changes meanwhile does no harm.

    Attributes
    ----------
    path : str
        Where it was read.
    model : RNN
        A new one, as it was saved.
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
        shown = os.fspath(path)
        tensors, header = checkpoint.read(path)
        with described_by(path, "a training"):
            record = read_record(header)
        if record is None:
            raise CheckpointError(
                f"checkpoint {shown!r} holds a model but no training to go on with: begin a new "
                "one with it, by crnn.load and a Trainer, or by crnn train --init-from"
            )
        with described_by(path, "a model"):
            model = RNN._restored(tensors, header)
        return cls(shown, model, record, tensors, header)
