"""tools/foreign.py, its steps digests and compare: one result on every platform."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import foreign
import numpy as np
import pytest
from wheels import comparison, platforms

from crnn import digests

ROWS = json.loads(comparison.PROMISED.read_text("utf-8"))


def record(**changes: Any) -> dict[str, Any]:
    """Return what a platform with the promised bytes writes."""
    cases = {row["name"]: dict(row["digests"]) for row in ROWS["cases"]}
    return {
        "platform": "vms-vax",
        "processor": "vax",
        "contract": ROWS["contract"],
        "tables": {"portable": cases},
        **changes,
    }


def compared(folder: Path, *records: dict[str, Any], expected: int) -> int:
    for i, one in enumerate(records):
        (folder / f"artifact-{i}").mkdir()
        (folder / f"artifact-{i}" / "vax.json").write_text(json.dumps(one))
    return foreign.main(["compare", str(folder), "--expect", str(expected)])


def test_platforms_with_the_promised_bytes_are_equal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    driven = record(platform="driver-vax")
    for row in ROWS["cases"]:
        if row.get("uses"):
            del driven["tables"]["portable"][row["name"]]
    assert compared(tmp_path, record(), driven, expected=2) == 0
    assert "2 of 2 came to the promised bytes" in capsys.readouterr().out


def test_one_other_digest_on_one_platform_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = record()
    name = ROWS["cases"][3]["name"]
    wrong["tables"]["portable"][name]["Whh"] = "0" * 64
    assert compared(tmp_path, record(platform="vms-alpha"), wrong, expected=2) == 1
    said = capsys.readouterr().out
    assert f"{name} on portable: Whh is 000000000000, expected " in said
    assert "1 of 2 came" in said


def test_a_platform_that_does_not_come_or_comes_twice_is_a_fault(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert compared(tmp_path, record(), record(), expected=2) == 1
    said = capsys.readouterr().out
    assert "artifact-1/vax.json is of the platform of " in said.replace("\\", "/")
    assert "1 platforms came, expected 2" in said


def test_where_nothing_is_there_is_nothing_to_compare(tmp_path: Path) -> None:
    for place in (tmp_path, tmp_path / "vax.json"):
        with pytest.raises(SystemExit, match="there are no digests in"):
            foreign.main(["compare", str(place), "--expect", "0"])


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"processor": "amd64"}, "the table avx2 did not come"),
        ({"processor": "aarch64"}, "the table neon did not come"),
        ({"tables": {}}, "the table portable did not come"),
        ({"tables": {"portable": {}}}, "drawn_Wxh is nothing, expected "),
        ({"contract": "crnn-0"}, "the arithmetic is crnn-0, expected crnn-1"),
    ],
)
def test_what_did_not_come_or_is_of_another_arithmetic_is_a_fault(
    changes: dict[str, Any], fault: str
) -> None:
    assert fault in "\n".join(comparison.faults(record(**changes), ROWS))


def test_what_this_platform_writes_is_promised(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    few = [case for case in digests.cases() if case.quick][:3]
    monkeypatch.setattr(digests, "cases", lambda: few)
    monkeypatch.setenv("CRNN_DIGESTS", str(tmp_path))
    assert foreign.main(["digests"]) == 0
    (file,) = tmp_path.glob("*.json")
    written = json.loads(file.read_text("utf-8"))
    assert file.stem == written["platform"]
    rows = {**ROWS, "cases": [row for row in ROWS["cases"] if row["name"] in {c.name for c in few}]}
    assert len(rows["cases"]) == 3
    anywhere = {**written, "processor": "any"}  # this one may lack avx2
    assert list(comparison.faults(anywhere, rows)) == []


def test_what_the_driver_says_becomes_digests() -> None:
    lines = ["a-float32 portable by 3f800000 00000000", "a-float32 neon by 3f800000 00000000"]
    digest = digests.digest(np.array([1, 0], np.float32))
    expected = {"portable": {"a-float32": {"by": digest}}, "neon": {"a-float32": {"by": digest}}}
    assert platforms.gathered(lines) == expected
