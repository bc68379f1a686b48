"""What `crnn train` refuses before it begins, and what is no contradiction."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

SMALL = ("--hidden-size=8", "--steps=5")


@pytest.mark.parametrize(
    "validated", ["--val-fraction=0.2", "--val-file=book.txt", "--preset=strong"]
)
def test_patience_needs_a_validation_text(crnn: Any, validated: str) -> None:
    words = ("train", "book.txt", "--patience=3", *SMALL)
    refused = crnn(*words)
    assert refused.exit_code == 2
    assert "--patience does nothing without a validation text" in refused.stderr
    assert crnn(*words, validated).exit_code == 0


def test_what_is_off_needs_none(crnn: Any) -> None:
    assert crnn("train", "book.txt", "--patience=0", "--val-every=0", *SMALL).exit_code == 0


def test_steps_and_time_contradict_each_other_beside_resume_too(crnn: Any, trained: Path) -> None:
    result = crnn("train", "book.txt", "--resume", str(trained), "--steps=60", "--time=1s")
    assert result.exit_code == 2
    assert "--steps and --time are both given" in result.stderr


def test_a_text_in_a_folder_is_not_overwritten(crnn: Any, folder: Path) -> None:
    (folder / "texts" / "inner").mkdir(parents=True)
    text = folder / "texts" / "inner" / "a.txt"
    text.write_bytes(b"to be or not to be, " * 9)
    words = ("train", "texts", "--glob=*.txt", *SMALL, "-o")
    refused = crnn(*words, "texts/inner/a.txt")
    assert refused.exit_code == 1
    assert "is one of the texts in folder 'texts'" in refused.stderr
    assert text.read_bytes() == b"to be or not to be, " * 9
    for beside in ("texts/model", "texts/model"):  # the second time it is there, and no text
        assert crnn(*words, beside).exit_code == 0
