"""The house stands as it is drawn: nothing imports upwards."""

from __future__ import annotations

from pathlib import Path

import house
import pytest


def test_nothing_imports_upwards_and_every_module_has_a_room() -> None:
    assert house.upward() == []
    assert house.homeless() == []


def test_the_picture_is_of_this_house() -> None:
    assert house.PICTURE.read_text("utf-8") == house.drawing()


def test_an_import_upwards_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(house, "SOURCES", tmp_path)
    (tmp_path / "__init__.py").touch()
    (tmp_path / "core.pyx").write_text("from crnn.memory cimport Buffer\nimport crnn.trainer\n")
    (tmp_path / "memory.pyx").write_text("cimport crnn.core\n")
    (tmp_path / "trainer.py").write_text(
        "from typing import TYPE_CHECKING\nfrom crnn import core\n"
        "if TYPE_CHECKING:\n    from crnn.analysis import doctor\n"
        "def late():\n    from crnn import analysis\n"
    )
    (tmp_path / "analysis.py").write_text("from crnn.trainer import Trainer\n")
    assert house.upward() == [
        "core imports trainer, which is on a higher storey",
        "memory imports core, which is on a higher storey",
        "trainer imports analysis, which is on a higher storey",
    ]
    assert "cli has a room in tools/house.py, but no file" in house.homeless()
