"""`crnn sample`: exactly the model's text, repeatable, and what wrong words get."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import crnn as package


def test_piped_is_the_prime_and_the_sample_and_nothing_else(crnn: Any, trained: Path) -> None:
    words = ("--prime", "to be", "--length", "60", "--temperature", "0.5", "--seed", "3")
    result = crnn("sample", str(trained), *words)
    model = package.load(trained)
    assert result.stdout == "to be" + model.sample(60, prime="to be", temperature=0.5, seed=3)
    assert result.stderr == ""


def test_a_seed_that_was_drawn_is_named(crnn: Any, trained: Path) -> None:
    first = crnn("sample", str(trained))
    found = re.search(r"--seed (\d+)", first.stderr)
    assert found is not None
    assert crnn("sample", str(trained), "--seed", found[1]).stdout == first.stdout
    assert len(first.stdout) == 200
    assert crnn("sample", str(trained)).stdout != first.stdout


@pytest.mark.parametrize(
    ("words", "status", "expected"),
    [
        (["--prime", "to Ж"], 1, r"prime .* 'Ж' U\+0416 CYRILLIC CAPITAL LETTER ZHE"),
        (["--length", "-1"], 2, "--length"),
        (["--temperature", "-1"], 2, "--temperature"),
        (["--temperature", "inf"], 1, "temperature is inf"),
        (["--seed", "x"], 2, "--seed"),
    ],
)
def test_what_wrong_words_get(
    crnn: Any, trained: Path, words: list[str], status: int, expected: str
) -> None:
    result = crnn("sample", str(trained), *words)
    assert result.exit_code == status
    assert result.stdout == ""
    assert re.search(expected, result.stderr)


def test_a_damaged_file_and_none_at_all(crnn: Any, trained: Path) -> None:
    data = bytearray(trained.read_bytes())
    data[-1] ^= 1
    trained.write_bytes(data)
    for path, expected in [(trained, "is damaged"), (Path("nowhere"), "no checkpoint 'nowhere'")]:
        result = crnn("sample", str(path))
        assert result.exit_code == 1
        assert expected in result.stderr


def test_what_was_drawn_is_shown_before_it_is_stopped(
    crnn: Any, trained: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*args: Any) -> Iterator[str]:
        yield from "x" * 10_000
        raise KeyboardInterrupt

    monkeypatch.setattr(package.RNN, "stream", interrupted)
    result = crnn("sample", str(trained), "--prime", "to be")
    assert result.exit_code == 130
    assert re.fullmatch("to bex+", result.stdout)
    assert result.stderr.strip() == "Stopped."
