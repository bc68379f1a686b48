"""The list of mutations keeps up with the sources: what is to be changed stands there once."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
MUTATIONS = tomllib.loads((ROOT / "tools" / "mutations.toml").read_text("utf-8"))["mutation"]


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation["what"])
def test_a_mutation_can_be_made(mutation: dict[str, str]) -> None:
    assert set(mutation) == {"what", "file", "find", "replace"}
    text = (ROOT / mutation["file"]).read_text("utf-8")
    assert text.count(mutation["find"]) == 1
    assert mutation["find"] != mutation["replace"]


def test_there_are_at_least_thirty_and_each_is_another() -> None:
    assert len({mutation["what"] for mutation in MUTATIONS}) == len(MUTATIONS) >= 30
    changes = {(m["file"], m["find"], m["replace"]) for m in MUTATIONS}
    assert len(changes) == len(MUTATIONS)
