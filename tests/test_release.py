"""The checklist of a release: versions agree, and its steps are commands that exist."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
import release

ROOT = Path(__file__).parent.parent


def test_all_files_name_one_version() -> None:
    assert list(release.differences()) == []
    assert re.fullmatch(r"\d+\.\d+\.\d+", release.versions()["pyproject.toml"])


def test_another_version_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in release.versions():
        (tmp_path / name).write_text((ROOT / name).read_text("utf-8"), "utf-8")
    citation = tmp_path / "CITATION.cff"
    citation.write_text(re.sub(r"^version: .*", "version: 9.9.9", citation.read_text(), flags=re.M))
    monkeypatch.setattr(release, "ROOT", tmp_path)
    assert [line.split(",")[0] for line in release.differences()] == [
        "CITATION.cff says version 9.9.9"
    ]


def test_the_programs_of_the_steps_exist() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    tools = " ".join(
        project["optional-dependencies"]["dev"] + project["optional-dependencies"]["test"]
    )
    for _, command in release.STEPS.values():
        for part in command.split(" && "):
            program, *words = part.split()
            if program == "python" and words[0] != "-m":
                assert (ROOT / words[0]).is_file(), words[0]
            elif program == "python":
                assert words[1] in tools, words[1]
            else:
                assert program in tools or program in ("git", "test"), program
