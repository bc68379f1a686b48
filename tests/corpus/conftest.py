"""What the tests of reading share: a cache of their own, and a folder to stand in."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the cache folder, not there yet."""
    monkeypatch.setenv("CRNN_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty folder, the current one."""
    inside = tmp_path / "texts"
    inside.mkdir()
    monkeypatch.chdir(inside)
    return inside
