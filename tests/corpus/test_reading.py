"""Reading: every value is checked where it is given."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from crnn.corpus import Reading, TextError


@pytest.mark.parametrize(
    "encoding", ["no-such", "", "hex", "a\0b", "undefined", "idna", "PunyCode"]
)
def test_unknown_encoding(encoding: str) -> None:
    with pytest.raises(TextError, match=r"encoding is .* expected a text encoding of Python"):
        Reading(encoding=encoding)


@pytest.mark.parametrize("encoding", ["utf-8", "UTF8", "utf-16", "utf-32", "cp932", "bytes"])
def test_known_encoding(encoding: str) -> None:
    assert Reading(encoding=encoding).encoding == encoding


@pytest.mark.parametrize(
    ("values", "error", "match"),
    [
        ({"encoding": 8}, TypeError, "encoding is a int, expected a str"),
        ({"normalize": "nfc"}, TextError, "normalize is 'nfc', expected 'none', 'NFC' or 'NFKC'"),
        ({"normalize": None}, TypeError, "normalize is a NoneType, expected a str"),
        ({"newlines": "dos"}, TextError, "newlines is 'dos', expected 'keep' or 'unix'"),
        (
            {"documents": "page"},
            TextError,
            "documents is 'page', expected 'none', 'file' or 'line'",
        ),
        ({"lowercase": 1}, TypeError, "lowercase is 1, expected True or False"),
        ({"min_count": 0}, TextError, "min_count is 0, expected at least 1"),
        ({"min_count": 1.5}, TypeError, r"min_count is 1\.5, expected an integer"),
        ({"glob": ""}, TextError, "glob is '', expected a pattern"),
        ({"glob": 1}, TypeError, "glob is a int, expected a str"),
        (
            {"encoding": "bytes", "newlines": "unix"},
            TextError,
            "newlines is 'unix', expected 'keep'",
        ),
        ({"encoding": "bytes", "min_count": 2}, TextError, "min_count is 2, expected 1"),
    ],
)
def test_wrong_values_are_named(values: Any, error: type[Exception], match: str) -> None:
    with pytest.raises(error, match=match):
        Reading(**values)


def test_a_number_of_numpy_is_a_number() -> None:
    count: Any = np.int64(3)
    assert type(Reading(min_count=count).min_count) is int
