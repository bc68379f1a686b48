"""tools/digest_platform.py and tools/compare_platforms.py: one result on every platform."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import compare_platforms
import digest_platform
import numpy as np
import pytest

from crnn import digests

ROWS = json.loads(compare_platforms.PROMISED.read_text("utf-8"))


def record(**changes: Any) -> dict[str, Any]:
    """Return what a platform with the promised bytes writes."""
    cases = {row["name"]: dict(row["digests"]) for row in ROWS["cases"]}
    return {
        "platform": "vms-vax",
        "contract": ROWS["contract"],
        "tables": {"portable": cases},
        **changes,
    }


def compared(monkeypatch: pytest.MonkeyPatch, folder: Path, *records: dict[str, Any]) -> int:
    files = [folder / f"{i}.json" for i in range(len(records))]
    for file, one in zip(files, records, strict=True):
        file.write_text(json.dumps(one))
    monkeypatch.setattr(sys, "argv", ["compare_platforms.py", *map(str, files)])
    return compare_platforms.main()


def test_platforms_with_the_promised_bytes_are_equal(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    driven = record(platform="driver-vax")
    for row in ROWS["cases"]:
        if row.get("uses"):
            del driven["tables"]["portable"][row["name"]]
    assert compared(monkeypatch, tmp_path, record(), driven) == 0
    assert "2 of 2 platforms came to the promised bytes" in capsys.readouterr().out


def test_one_other_digest_on_one_platform_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = record()
    name = ROWS["cases"][3]["name"]
    wrong["tables"]["portable"][name]["Whh"] = "0" * 64
    assert compared(monkeypatch, tmp_path, record(), wrong) == 1
    said = capsys.readouterr().out
    assert f"{name} on portable: Whh is 000000000000, expected " in said
    assert "1 of 2 platforms" in said


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"tables": {}}, "the table portable did not come"),
        ({"tables": {"portable": {}}}, "drawn_Wxh is nothing, expected "),
        ({"contract": "crnn-0"}, "the arithmetic is crnn-0, expected crnn-1"),
    ],
)
def test_what_did_not_come_or_is_of_another_arithmetic_is_a_fault(
    changes: dict[str, Any], fault: str
) -> None:
    assert fault in "\n".join(compare_platforms.faults(record(**changes), ROWS))


def test_what_this_platform_writes_is_promised(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    few = [case for case in digests.cases() if case.quick][:3]
    monkeypatch.setattr(digests, "cases", lambda: few)
    monkeypatch.setenv("CRNN_DIGESTS", str(tmp_path))
    monkeypatch.setattr(sys, "argv", ["digest_platform.py"])
    digest_platform.main()
    (file,) = tmp_path.glob("*.json")
    written = json.loads(file.read_text("utf-8"))
    assert file.stem == written["platform"]
    rows = {**ROWS, "cases": [row for row in ROWS["cases"] if row["name"] in {c.name for c in few}]}
    assert len(rows["cases"]) == 3
    assert list(compare_platforms.faults(written, rows)) == []


def test_what_the_driver_says_becomes_digests() -> None:
    lines = ["a-float32 portable by 3f800000 00000000", "a-float32 neon by 3f800000 00000000"]
    digest = digests.digest(np.array([1, 0], np.float32))
    expected = {"portable": {"a-float32": {"by": digest}}, "neon": {"a-float32": {"by": digest}}}
    assert digest_platform.gathered(lines) == expected
