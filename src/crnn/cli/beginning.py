"""What ``crnn train`` begins with: texts, settings, weights; or all of it from a file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from crnn.cli.notes import Notes
from crnn.cli.program import explained
from crnn.cli.quantities import count
from crnn.cli.texts import UNNAMED, Texts, reading_of
from crnn.corpus import Corpus
from crnn.model import RNN, load
from crnn.presets import preset
from crnn.saved import Saved
from crnn.settings import Settings
from crnn.trainer import Trainer

__all__ = ["OF_THE_MODEL", "Files", "begun", "resumed"]

OF_THE_MODEL: Final = {"hidden_size", "dtype", "init"}
"""Settings that a model was made with, and a file of it brings along."""


@dataclass
class Files:
    """What was named to be read, and how long it turned out to be."""

    texts: tuple[str, ...]
    val_files: tuple[str, ...]
    glob: str
    notes: Notes
    characters: int = 0

    def read(self, settings: Settings) -> tuple[Corpus, Corpus | None]:
        """Return the text and the validation text under a vocabulary of both."""
        both = self._reader(settings).read_both(self.texts, self.val_files)
        self.characters = both[0].characters
        return both

    def read_for(self, model: RNN, settings: Settings) -> tuple[Corpus, Corpus | None]:
        """Return them under the vocabulary of a model."""
        reader = self._reader(settings)
        corpus = reader.read(self.texts, model.vocab)
        self.characters = corpus.characters
        return corpus, reader.read(self.val_files, model.vocab) if self.val_files else None

    def _reader(self, settings: Settings) -> Texts:
        with explained():
            return Texts(reading_of(settings, self.glob), self.notes)


def begun(
    files: Files, preset_name: str, given: dict[str, Any], init_from: str | None, seed: int
) -> Trainer:
    """Return a new training."""
    with explained():
        settings = preset(preset_name, given, 1)
    corpus, validation = files.read(settings)
    with explained():
        if files.val_files and "val_fraction" not in given:
            given = {**given, "val_fraction": 0.0}
        if init_from is not None and preset_name == "reference" and "learning_rate" not in given:
            given = {**given, "learning_rate": _gentle_rate(files.notes)}
        if init_from is None:
            settings = preset(preset_name, given, corpus.characters)
            model = RNN(
                corpus.vocab, settings.hidden_size, settings.dtype, seed, init=settings.init
            )
        else:
            model = _grown(init_from, corpus, given, seed, files.notes)
            sizes = {"hidden_size": model.hidden_size, "dtype": model.dtype.name}
            settings = preset(preset_name, given | sizes, corpus.characters)
            corpus, validation = files.read_for(model, settings)
        _warn_of_texts(corpus, files.notes)
        return Trainer.from_settings(model, corpus, settings, seed, validation)


def _gentle_rate(notes: Notes) -> float:
    """Return a learning rate that does not undo what a model has learned, and say so."""
    rate = Settings.learning_rate / 10
    notes.say(f"Note: --learning-rate {rate:g}, a tenth of the usual, unless you say otherwise")
    return rate


def _grown(path: str, corpus: Corpus, given: dict[str, Any], seed: int, notes: Notes) -> RNN:
    """Return the model in a file, with the characters of a text added."""
    fixed = sorted(OF_THE_MODEL & set(given))
    if fixed:
        words = ", ".join("--" + name.replace("_", "-") for name in fixed)
        raise ValueError(f"{words} cannot be given beside --init-from: {path!r} has its own")
    model = load(path)
    grown = model.extend(corpus.vocab.chars, seed)
    added = len(grown.vocab) - len(model.vocab)
    notes.say(f"Beginning with {path}: {count(added, 'new character')}.")
    return grown


def _warn_of_texts(corpus: Corpus, notes: Notes) -> None:
    if len(corpus.vocab) == 1:
        notes.warn("the text is one character again and again: there is nothing to learn from it")


def resumed(path: str, files: Files, given: dict[str, Any], new_data: bool) -> Trainer:
    """Return the trainer that a file describes, with another end and other threads if given."""
    with explained():
        saved = Saved.read(path)
    corpus, validation = files.read_for(saved.model, saved.record.settings)
    with explained("" if files.texts else UNNAMED):
        trainer = Trainer.from_saved(
            saved,
            corpus,
            val_text=validation,
            threads=given.get("threads"),
            new_data=new_data,
        )
    with explained():
        if "steps" in given or "time" in given:
            trainer.extend(steps=given.get("steps"), time=given.get("time", 0.0))
    return trainer
