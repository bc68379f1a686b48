"""The house stands as it is drawn: nothing imports upwards."""

from __future__ import annotations

import re
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


@pytest.mark.parametrize(
    ("file", "source", "found"),
    [
        ("core.pyx", "from crnn import version, trainer", "version trainer"),
        ("core.pyx", "from crnn cimport (version,\n    trainer,  # why\n)", "version trainer"),
        ("core.pyx", "from crnn cimport version, \\\n    trainer", "version trainer"),
        ("core.pyx", "cimport crnn.version as v, crnn.trainer", "version trainer"),
        ("core.pyx", "from crnn.trainer cimport *", "trainer"),
        ("core.pxd", "from . cimport trainer  # from crnn import version", "trainer"),
        ("core.py", "from .trainer import Trainer", "trainer"),
        ("core.py", "from . import (\n    trainer as t,\n)", "trainer"),
        ("cli/train.py", "from .. import trainer", "trainer"),
        ("cli/train.py", "from .bar import trainer", "cli.bar"),
        ("cli/train.pyx", "from ..trainer cimport Trainer", "trainer"),
        ("core.pyx", "import numpy, crnn\nfrom numpy cimport trainer\nimportant = 1", ""),
        ("core.py", "import crnn\nfrom numpy import trainer\nimport trainer", ""),
    ],
)
def test_imports_of_every_form_are_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: str, source: str, found: str
) -> None:
    monkeypatch.setattr(house, "SOURCES", tmp_path)
    path = tmp_path / file
    path.parent.mkdir(exist_ok=True)
    path.write_text(source, "utf-8")
    known = {"core", "trainer", "version", "cli", "cli.bar", "cli.train"}
    assert list(house.imported(path, known)) == found.split()


# --- The map of docs/explanation/architecture.md --------------------------------------------------

MAP = house.ROOT / "docs" / "explanation" / "architecture.md"
FOLDERS = ("csrc/", "src/crnn/", "tools/")
IS_FILE = re.compile(r"[\w.]+\.(?:c|h|py|pyx|pxd|sh|toml|json|allow)")


def named_on_the_map(folder: str) -> set[str]:
    """Return the words of a folder's part of the map: the line with its name, what is below it."""
    (part,) = re.findall(rf"(?m)^{re.escape(folder)}.*\n(?:  .*\n)*", MAP.read_text("utf-8"))
    words = {word.strip(":,;") for word in part.split()}
    return words | {word[:-2] + "xd" for word in words if word.endswith(".pyx")}  # its interface


def files_in(folder: str) -> list[Path]:
    """Return the sources below a folder, as seen from there."""
    top = house.ROOT / folder
    return [path.relative_to(top) for path in top.rglob("*") if IS_FILE.fullmatch(path.name)]


@pytest.mark.parametrize("folder", FOLDERS)
def test_every_file_is_on_the_map(folder: str) -> None:
    """By its own name, or by that of its folder."""
    wanted = {path.parts[0] + "/" * (len(path.parts) > 1) for path in files_in(folder)}
    assert wanted - named_on_the_map(folder) == set()


def test_every_file_on_the_map_is_there() -> None:
    there = {path.name for folder in FOLDERS for path in files_in(folder)}
    named = {word for folder in FOLDERS for word in named_on_the_map(folder)}
    named = {word for word in named if IS_FILE.fullmatch(word) and not word.endswith(".pxd")}
    assert named - there == set()
