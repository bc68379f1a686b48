"""`crnn selfcheck`: lines for people, JSON for machines, and an exit status for both."""

from __future__ import annotations

import dataclasses
import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest
from cli.processes import environment, run

import crnn as package
from crnn import core, digests

PORTABLE = environment(CRNN_ISA="portable")


@pytest.fixture
def corrupted(monkeypatch: pytest.MonkeyPatch) -> digests.Case:
    """A list of digests that promises other biases of one case."""
    right = digests.cases()
    case = next(case for case in right if case.name.startswith("V7-H15"))
    wrong = dataclasses.replace(case, digests={**case.digests, "bh": "0" * 64})
    listed = tuple(wrong if one is case else one for one in right)
    monkeypatch.setattr(digests, "cases", lambda: listed)
    return wrong


def test_a_process_says_all_and_leaves_with_0(tmp_path: Path) -> None:
    status, out, said = run("selfcheck", folder=tmp_path, env=PORTABLE)
    assert (status, said) == (0, "")
    lines = out.decode().splitlines()
    assert len(lines) <= 12
    assert [line.split()[0] for line in lines[-6:]] == ["ok"] * 6
    assert "portable, as CRNN_ISA asks of " + ", ".join(core.available_isas()) in lines[1]
    assert "\x1b" not in out.decode()


def test_json_has_the_same(crnn: Any) -> None:
    result = crnn("selfcheck", "--json")
    assert (result.exit_code, result.stderr) == (0, "")
    facts = json.loads(result.stdout)
    wanted = package.selfcheck().to_dict()
    assert facts == wanted


def test_a_digest_that_differs_is_1_and_named(crnn: Any, corrupted: digests.Case) -> None:
    result = crnn("selfcheck")
    assert (result.exit_code, result.stderr) == (1, "")
    isas = core.available_isas()
    line = next(line for line in result.stdout.splitlines() if f"case {corrupted.name}" in line)
    assert line.startswith("FAILED   digests")
    assert f"on {isas[-1]}: bh differs" in line
    for isa in isas:
        assert re.search(rf"1 of \d+ on {isa}", line)
    assert result.stdout.splitlines()[-1] == "FAILED   2 of 5 checks: digests, rounding"
    assert len(result.stdout.splitlines()) <= 12


def test_a_failure_is_1_in_json_too(crnn: Any, corrupted: digests.Case) -> None:
    result = crnn("selfcheck", "--json")
    assert result.exit_code == 1
    facts = json.loads(result.stdout)
    assert facts["ok"] is False
    check = facts["checks"][0]
    assert (check["name"], check["ok"]) == ("digests", False)
    assert check["numbers"]["wrong"] == len(core.available_isas())


def test_an_element_that_differs_is_shown_with_both_values(
    crnn: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    isas = core.available_isas()
    if len(isas) == 1:
        pytest.skip("needs another table, which is right")
    outcome = digests.outcome

    def spoiled(case: digests.Case, isa: str | None = None, threads: int = 1) -> Any:
        arrays = outcome(case, isa, threads)
        if isa == isas[1]:
            arrays["bh"] = -arrays["bh"]
        return arrays

    monkeypatch.setattr(digests, "outcome", spoiled)
    result = crnn("selfcheck")
    assert result.exit_code == 1
    pattern = rf"case \S+ on {isas[1]}: bh\[0, 0\] is 0x[0-9a-f]+ \(\S+\), expected 0x[0-9a-f]+ \("
    assert re.search(pattern, result.stdout)


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
@pytest.mark.parametrize("columns", [80, 50])
def test_a_terminal_shows_it_in_colours_within_its_width(tmp_path: Path, columns: int) -> None:
    from cli.test_terminal import in_terminal, plain

    status, shown = in_terminal(tmp_path, "selfcheck", columns=columns)
    assert status == 0
    assert "\x1b[32mok" in shown
    lines = plain(shown).splitlines()
    assert max(map(len, lines)) <= columns
    if columns == 80:
        assert len(lines) <= 12
