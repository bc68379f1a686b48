"""Texts for a command: what was named is read, and what a person should know of it is said."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import fields

from crnn.cli.bar import byte_bar
from crnn.cli.notes import Notes
from crnn.cli.program import explained
from crnn.cli.visible import visible
from crnn.corpus import Corpus, Reading, corpus_of_text, default_text, read_corpus
from crnn.settings import Settings
from crnn.vocab import Vocab

UNNAMED = "name its TEXT if it was not trained on the default"
"""What to do where a file's training does not go with the default text."""
__all__ = ["Texts", "reading_of", "title_of"]

DEFAULT_TITLE = "the language reference of Python"


def reading_of(settings: Settings, glob: str) -> Reading:
    """Return how texts are read under some settings; `glob` chooses files in folders."""
    names = {setting.name for setting in fields(Reading)} - {"glob"}
    return Reading(glob=glob, **{name: getattr(settings, name) for name in names})


class Texts:
    """Reads the texts of one command.

    Parameters
    ----------
    reading : Reading
        How.
    notes : Notes
        Where remarks are said.
    """

    def __init__(self, reading: Reading, notes: Notes) -> None:
        self._reading = reading
        self._notes = notes

    def read(self, paths: Sequence[str], vocab: Vocab | None = None) -> Corpus:
        """Return the corpus in some files, or the default text if none are named.

        Raises
        ------
        click.ClickException
            If it cannot be had.
        """
        with explained("" if paths or vocab is None else UNNAMED):
            if not paths:
                self._notes.say(
                    "No TEXT given: using the language reference that comes with Python."
                )
                corpus = corpus_of_text(default_text(), self._reading, vocab)
            else:
                corpus = self._read_files(paths, vocab)
        for remark in corpus.remarks:
            self._notes.say(f"Note: {remark}")
        return corpus

    def read_both(
        self, paths: Sequence[str], val_paths: Sequence[str]
    ) -> tuple[Corpus, Corpus | None]:
        """Return a text and its validation text, if there is one, under one vocabulary."""
        corpus = self.read(paths)
        if not val_paths:
            return corpus, None
        validation = self.read(val_paths)
        if not set(validation.vocab.chars) <= set(corpus.vocab.chars):
            both = Vocab.from_text(corpus.vocab.chars + validation.vocab.chars)
            corpus = self.read(paths, both)
        return corpus, self.read(val_paths, corpus.vocab)

    def _read_files(self, paths: Sequence[str], vocab: Vocab | None) -> Corpus:
        """Read files, and show how far it is if that takes long and somebody looks."""
        with byte_bar("reading") as tell:
            return read_corpus(list(paths), self._reading, vocab=vocab, progress=tell)


def title_of(paths: Sequence[str]) -> str:
    """Return what to call some texts."""
    return visible(", ".join(os.path.basename(path) or path for path in paths)) or DEFAULT_TITLE
