"""The text that every Python brings along."""

from __future__ import annotations

import importlib

from crnn.corpus.errors import TextError

__all__ = ["default_text"]


def default_text() -> str:
    """Return the language reference of this Python, the text to train on when none is given.

    It is the values of ``pydoc_data.topics.topics`` in sorted order of their keys, a newline
    between two of them: about half a million characters, not the same for every Python version.

    Returns
    -------
    str

    Raises
    ------
    TextError
        This Python was installed without its documentation topics.

    Examples
    --------
    >>> len(default_text()) > 100_000
    True
    """
    try:
        topics: dict[str, str] = importlib.import_module("pydoc_data.topics").topics
    except (ImportError, AttributeError) as error:
        raise TextError(
            "this Python lacks the module pydoc_data.topics, the text used when none is given; "
            "name a text file, or use a complete Python installation"
        ) from error
    return "\n".join(topics[key] for key in sorted(topics))
