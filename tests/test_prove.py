"""tools/prove.py: what it takes for a proof, and what not."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import prove
import pytest
from proof import system
from proof.builds import ROOT, Build, NotPossibleError, Workshop
from proof.configurations import Bench, Configuration
from proof.driver import Promised, Tally, judge, line_of, run, tally_from_json, write_cases
from proof.record import record

from crnn import digests

CASE = next(case for case in digests.cases() if case.name.startswith("V7-H15"))


def lines_of(outcome: digests.Outcome, isa: str) -> list[str]:
    """Return an outcome as the driver writes it."""
    lines = []
    for name, array in outcome.items():
        flat = np.asarray(array).ravel()
        bits = flat.astype(flat.dtype.newbyteorder(">")).tobytes().hex(" ", flat.dtype.itemsize)
        lines.append(f"{CASE.name} {isa} {name} {bits}\n")
    return lines


def judged(lines: list[str], *tables: str) -> Tally:
    return judge(lines, [CASE], tables, "somewhere", Promised())


def test_the_promised_bytes_of_every_table_are_a_proof() -> None:
    lines = lines_of(digests.outcome(CASE), "portable") + lines_of(digests.outcome(CASE), "avx9")
    tally = judged(lines, "portable", "avx9")
    assert tally.faults == []
    assert (tally.tables, tally.cases) == ({"portable", "avx9"}, {CASE.name})
    assert tally.arrays == 2 * len(CASE.digests)


def test_one_flipped_bit_is_reported_with_case_table_array_element_and_both_values() -> None:
    right = digests.outcome(CASE)
    wrong = {name: array.copy() for name, array in right.items()}
    bits = wrong["mWhh"].reshape(-1).view("u4")
    bits[3 * CASE.H + 4] ^= 1
    wrong["mWhh"] = bits.view(CASE.dtype).reshape(CASE.H, CASE.H)
    tally = judged(lines_of(wrong, "avx9"), "avx9")
    promised = int(right["mWhh"].reshape(-1).view("u4")[3 * CASE.H + 4])
    (fault,) = tally.faults
    assert fault.startswith(f"case {CASE.name} on avx9 (somewhere): mWhh[3, 4] is ")
    assert f" is 0x{promised ^ 1:08x} (" in fault
    assert f"expected 0x{promised:08x} (" in fault


def test_what_does_not_come_or_was_not_asked_for_is_a_fault() -> None:
    lines = lines_of(digests.outcome(CASE), "portable")
    assert "avx9 did not come" in " ".join(judged(lines, "portable", "avx9").faults)
    assert "was not expected" in " ".join(judged(lines, "avx9").faults)
    assert "not again" in " ".join(judged([*lines, *lines], "portable").faults)
    assert "by is missing" in " ".join(
        judged([x for x in lines if " by " not in x], "portable").faults
    )
    assert "nothing is promised of ['vby']" in " ".join(
        judged([*lines, lines[-1].replace(" dby ", " vby ")], "portable").faults
    )
    short = [line.rsplit(" ", 1)[0] + "\n" if " p " in line else line for line in lines]
    assert "p has the shape (6,), expected (7,)" in " ".join(judged(short, "portable").faults)


def test_a_comparison_of_nothing_is_a_fault() -> None:
    assert "nothing to compare" in judged([]).faults[0]
    bare = replace(CASE, digests={})
    lines = lines_of(digests.outcome(CASE), "portable")
    assert "no digests" in judge(lines, [bare], ["portable"], "", Promised()).faults[0]


@pytest.mark.parametrize(
    ("run", "fault"),
    [
        (lambda _bench: Tally(), "nothing was compared"),
        (lambda _bench: Tally({"portable"}, {"a"}, 0), "nothing was compared"),
        (lambda bench: bench.train(absent(), ["portable"], True), "apt-get install gcc-absent"),
        (lambda _bench: tally_from_json("oh"), "JSONDecodeError: Expecting value"),
        (lambda bench: Tally({bench.shop.call(["crnn-absent"])}), "FileNotFoundError: "),
    ],
)
def test_a_configuration_that_compares_nothing_fails(
    run: Callable[[Bench], Tally], fault: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    configuration = Configuration("empty", "vax", "nothing", True, (), run)
    result = prove.tried(configuration, Bench(Workshop(tmp_path), everything=False))
    assert result.word == "FAILED"
    assert fault in " ".join(result.tally.faults)
    assert fault in capsys.readouterr().err
    prove.print_table([result])
    assert "0 of 1 configurations have equal digests" in capsys.readouterr().out


def absent() -> Build:
    return Build("absent", "absent-gcc", ("gcc-absent",))


def test_a_command_that_fails_is_shown_with_what_it_said(tmp_path: Path) -> None:
    with pytest.raises(NotPossibleError, match=r"exit status 3\noh"):
        Workshop(tmp_path).call([sys.executable, "-c", "print('oh'); raise SystemExit(3)"])


def test_other_bytes_differ_and_anything_else_has_failed() -> None:
    lines = lines_of(digests.outcome(CASE), "portable")
    missing = judged([line for line in lines if " by " not in line], "portable")
    assert (missing.different, missing.arrays) == (0, len(CASE.digests) - 1)
    assert word_of(missing) == "FAILED"
    wrong = judged([line.replace(" loss 4", " loss 5") for line in lines], "portable")
    assert (wrong.different, wrong.arrays) == (1, len(CASE.digests))
    assert word_of(wrong) == "DIFFERS"
    assert word_of(judged(lines, "portable")) == "equal"


def word_of(tally: Tally) -> str:
    configuration = Configuration("", "", "", True, (), lambda _bench: tally)
    return prove.Result(configuration, tally, 0, []).word


@pytest.mark.parametrize(
    ("said", "fault"),
    [
        ("cut", "ValueError: not enough values to unpack"),
        ("a portable by 3f80000", "ValueError: non-hexadecimal number"),
        ("a portable by 3f8000", "ValueError: buffer size must be"),
    ],
)
def test_a_driver_that_says_something_else_is_a_fault_with_its_status(
    said: str, fault: str, tmp_path: Path
) -> None:
    file = tmp_path / "cases"
    write_cases(file, [CASE])
    program = f"import sys; print({said!r}); sys.exit('oh')"
    tally = run([sys.executable, "-c", program], file, [CASE], ["portable"], Promised(), {})
    assert fault in tally.faults[0]
    assert tally.faults[1].endswith("exit status 1\noh")


def test_a_driver_is_told_the_cases_and_has_its_environment(tmp_path: Path) -> None:
    file = tmp_path / "cases"
    write_cases(file, [CASE])
    (tmp_path / "said").write_text("".join(lines_of(digests.outcome(CASE), "portable")))
    program = f"""if 1:
        import os, sys
        assert sys.stdin.read() == {line_of(CASE)!r}
        print(open(os.environ["SAID"]).read(), end="")
    """
    command, environment = [sys.executable, "-c", program], {"SAID": str(tmp_path / "said")}
    tally = run(command, file, [CASE], ["portable"], Promised(), environment)
    assert (tally.faults, tally.arrays) == ([], len(CASE.digests))


def test_what_is_not_as_usual_comes_after_the_other_words() -> None:
    options = {
        "init": "orthogonal", "warmup": 3, "frozen": ["Wxh", "by"], "starts": [0, 7],
        "dropout": 0.5, "clip_norm": 1,
    }  # fmt: skip
    before, after = line_of(CASE).split(), line_of(replace(CASE, options=options)).split()
    assert after[: len(before)] == before
    assert after[len(before) :] == [
        "init=orthogonal",
        "warmup=3",
        "frozen=Wxh,by",
        "starts=0,7",
        "dropout=3fe0000000000000",
        "clip_norm=3ff0000000000000",
    ]


def test_a_mount_in_a_folder_is_found_the_innermost_first() -> None:
    lines = [f"1 2 0:1 / {place} rw - proc proc rw" for place in
             ("/", "/t", "/t/a\\040b", "/t/a\\040b/c", "/t/a\\040bc", "/t/a\\040b/c")]  # fmt: skip
    assert system.mounts_below(Path("/t/a b"), "\n".join(lines)) == [
        "/t/a b/c",
        "/t/a b/c",
        "/t/a b",
    ]


class Kernel(Workshop):
    """A workshop in which nothing is done but to a folder that stands for binfmt_misc."""

    def call(self, command: Sequence[str], environment: Mapping[str, str] | None = None) -> str:
        self.note(self.shown(command, environment))
        if command[0] == "mount":
            (self.folder / "register").touch()
        elif command[:2] == ["update-binfmts", "--enable"]:
            (self.folder / command[2]).write_text("enabled\n")
        return ""


@pytest.mark.parametrize(
    ("there", "does", "undoes"),
    [
        ({}, ["mount", "update-binfmts"], ["update-binfmts", "umount"]),
        ({"register": "", "qemu-vax": "enabled\nflags: F\n"}, [], []),
        ({"register": "", "qemu-vax": "disabled\n"}, ["echo"], ["echo"]),
    ],
)
def test_the_table_of_emulators_is_afterwards_what_it_was(
    there: dict[str, str],
    does: list[str],
    undoes: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    kernel = Kernel(tmp_path)
    monkeypatch.setattr(system, "BINFMT", tmp_path)
    monkeypatch.setattr(system, "switch", lambda _entry, on, shop: switched(tmp_path, on, shop))
    for name, text in there.items():
        (tmp_path / name).write_text(text)

    def fail() -> None:
        with system.emulated("qemu-vax", kernel):
            assert [line.split()[0] for line in kernel.commands] == does
            raise NotPossibleError("no root")

    with pytest.raises(NotPossibleError, match="no root"):
        fail()
    assert [line.split()[0] for line in kernel.commands] == does + undoes


def switched(folder: Path, on: str, shop: Workshop) -> None:
    """Do what the kernel does when a number is written to an entry of its table."""
    shop.note(f"echo {on}")
    (folder / "qemu-vax").write_text({"0": "disabled\n", "1": "enabled\n"}[on])


@pytest.mark.parametrize(
    "words",
    [
        ["--new-contract", "crnn-2"],
        ["--record", "--quick"],
        ["--record", "--list"],
        ["--record", "--install"],
        ["--record", "--only", "windows"],
        ["--record", "--cases", "x"],
        ["--cases", "x", "--only", "windows"],
    ],
)
def test_options_that_exclude_each_other_are_refused(words: list[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        prove.arguments(words)


def test_what_is_recorded_is_the_list_of_the_repository_wherever_one_is() -> None:
    assert prove.arguments(["--record"]).record == ROOT / "src" / "crnn" / "digests.json"


def test_packages_are_not_installed_without_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000, raising=False)
    with pytest.raises(SystemExit, match="root: apt-get install"):
        prove.install([])


def test_a_digest_is_recorded_once(tmp_path: Path) -> None:
    file = tmp_path / "digests.json"
    row = row_of_case()
    file.write_text(json.dumps({"contract": "crnn-1", "cases": [row | {"digests": {}}]}), "utf-8")
    record(file, None)
    assert file.read_text("utf-8").endswith("}\n")
    assert json.loads(file.read_text("utf-8"))["cases"] == [row]
    file.write_text(file.read_text("utf-8").replace(CASE.digests["by"], "0" * 64), "utf-8")
    before = file.read_text("utf-8")
    with pytest.raises(SystemExit, match="committed once"):
        record(file, None)
    assert file.read_text("utf-8") == before
    record(file, "crnn-2")
    assert json.loads(file.read_text("utf-8")) == {"contract": "crnn-2", "cases": [row]}


def row_of_case() -> dict[str, object]:
    return {
        **vars(CASE),
        "learning_rate": CASE.learning_rate.hex(),
        "clip": CASE.clip.hex(),
        "digests": dict(CASE.digests),
    }
