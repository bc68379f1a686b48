"""The quality card: a trained model beside n-gram models and compressors, and whether it copies."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt

from crnn.analysis.baselines import Baselines, baselines
from crnn.analysis.copying import PIECE, Copying, copying
from crnn.core import PARAMETERS
from crnn.trainer import Trainer
from crnn.training import bits_per_char
from crnn.vocab import Vocab

__all__ = ["MODEL", "QualityCard", "Row", "card_of", "quality_card"]

Indices: TypeAlias = npt.NDArray[np.integer[Any]]

MODEL: Final = "this model"
_ORDERS: Final = (2, 5)
_SEARCHED: Final = 2_000_000  # characters of the training part, for what samples copy
_SAMPLED: Final = 2_000
_SEED: Final = 0  # of the samples: the same model, the same card


@dataclass(frozen=True)
class Row:
    """A line of the card: who, and how many bits per character of validation text it needs."""

    name: str
    bits: float


@dataclass(frozen=True)
class QualityCard:
    """What there is to say of a model after its training.

    Attributes
    ----------
    validation_bits : float
        Bits per character of the validation part that the model needs.
    validation_characters : int
        How many characters that part has.
    baselines : Baselines
        What others need for it, or for its beginning.
    parameters : int
        Numbers that the model has learned.
    characters_seen : int
        Characters trained on, each as often as it was.
    training_characters : int
        How many characters the training part has.
    searched : int
        How many of them, the last ones, the samples are held against.
    copying : Copying or None
        What the model's samples have in common with these; None: there are none.
    """

    validation_bits: float
    validation_characters: int
    baselines: Baselines
    parameters: int
    characters_seen: int
    training_characters: int
    searched: int
    copying: Copying | None

    @property
    def rows(self) -> list[Row]:
        """The model and those it is held against, the best first; what is no number comes last."""
        found = [Row(MODEL, self.validation_bits)]
        found += [
            Row(f"{order} characters of context", self.baselines.ngrams[order]) for order in _ORDERS
        ]
        found += [Row(name, bits) for name, bits in self.baselines.compressed.items()]
        return sorted(found, key=lambda row: (not math.isfinite(row.bits), row.bits))

    @property
    def passes(self) -> float:
        """How often the training part was seen."""
        return self.characters_seen / max(self.training_characters, 1)

    def to_dict(self) -> dict[str, Any]:
        """Return the card as JSON holds it; a figure that is no number is None."""
        facts = asdict(self)
        if not math.isfinite(self.validation_bits):
            facts["validation_bits"] = None
        if self.copying is not None:
            facts["copying"] |= {"piece_length": PIECE, "share": self.copying.share}
        facts["baselines"]["ngrams"] = list(self.baselines.ngrams)
        return facts


def quality_card(
    train_indices: Indices,
    val_indices: Indices,
    vocab: Vocab,
    val_bits: float,
    parameters: int,
    characters_seen: int,
    samples: Sequence[str] = (),
    *,
    counted: int | None = None,
    measured: int | None = None,
    searched: int | None = None,
) -> QualityCard:
    """Hold a model against n-gram models and compressors, and its samples against its text.

    Parameters
    ----------
    train_indices, val_indices : arrays of int
        Training and validation part of the text; the second follows the first.
    vocab : Vocab
        Of both, and of the samples.
    val_bits : float
        Bits per character that the model needs for the validation part.
    parameters : int
        How many the model has.
    characters_seen : int
        How many it was trained on.
    samples : sequence of str
        What it wrote; about a thousand characters say enough.
    counted, measured : int, optional
        Most characters of both parts that the others see; see `baselines`.
    searched : int, optional
        Most characters, the last ones, of the training part that samples are held against; all.

    Returns
    -------
    QualityCard

    Raises
    ------
    ValueError
        If the validation part is empty, or a sample has a character that `vocab` lacks.

    Examples
    --------
    >>> vocab = Vocab("abc ")
    >>> text = vocab.encode("abc cab bca " * 100)
    >>> card = quality_card(text[:1000], text[1000:], vocab, 0.1, 200, 5000, ["abc cab bca abc"])
    >>> card.rows[1].name, card.copying.longest, card.passes
    ('this model', 15, 5.0)
    """
    kept = train_indices[-(searched or len(train_indices)) :]
    encoded = [vocab.encode(sample, name="samples") for sample in samples]
    return QualityCard(
        validation_bits=val_bits,
        validation_characters=len(val_indices),
        baselines=baselines(train_indices, val_indices, vocab, counted=counted, measured=measured),
        parameters=parameters,
        characters_seen=characters_seen,
        training_characters=len(train_indices),
        searched=len(kept),
        copying=copying(encoded, kept) if any(samples) else None,
    )


def card_of(trainer: Trainer, val_loss: float) -> QualityCard:
    """Return the card of a training, made in a few seconds however long its text is.

    Parameters
    ----------
    trainer : Trainer
        Nothing of it changes; the samples come from a stream of their own.
    val_loss : float
        Nats per character of its validation text now.

    Returns
    -------
    QualityCard
        The others count and are measured on as much as the doctor's, so that both say the same of
        the same parts; see `baselines`. Samples of 2,000 characters are held against the last
        2,000,000 of the training part.

    Raises
    ------
    ValueError
        If nothing is held back.

    Examples
    --------
    >>> import crnn
    >>> text = "to be or not to be, that is the question. " * 20
    >>> model = crnn.RNN(crnn.Vocab.from_text(text), hidden_size=8)
    >>> trainer = crnn.Trainer(model, text, val_fraction=0.1)
    >>> trainer.train(2000)
    >>> card = card_of(trainer, trainer.validate())
    >>> card.characters_seen, card.training_characters, card.validation_characters
    (50000, 756, 84)
    """
    material = trainer._material
    if material.validation is None:
        raise ValueError("nothing is held back to measure the model on: give a val_fraction")
    model, settings = trainer.model, trainer.settings
    return quality_card(
        material.text.array,
        material.validation.array,
        model.vocab,
        bits_per_char(val_loss, 1),
        parameters=sum(getattr(model, name).size for name in PARAMETERS),
        characters_seen=trainer.step * settings.seq_length * settings.batch_size,
        samples=[model.sample(_SAMPLED, seed=_SEED)],
        searched=_SEARCHED,
    )
