"""tools/foreign.py, its steps build and inspect: what a wheel for another system has to be like."""

from __future__ import annotations

import struct
import zipfile
from collections.abc import Sequence
from pathlib import Path

import foreign
import pytest
from proof.builds import NotPossibleError, Workshop
from wheels import building, inspection, trials
from wheels.targets import TARGETS, binary, suffix

ELF = b"\x7fELF\x02\x01\x01" + bytes(11) + struct.pack("<H", 183)
ELF_BIG = b"\x7fELF\x02\x02\x01" + bytes(11) + struct.pack(">H", 22)
PE = b"MZ" + bytes(58) + struct.pack("<I", 64) + b"PE\0\0" + struct.pack("<H", 0x8664)
MACH_O = b"\xcf\xfa\xed\xfe" + struct.pack("<I", 0x0100000C)


def made(folder: Path, name: str, modules: dict[str, bytes], *others: str) -> Path:
    """Return a wheel with these modules."""
    wheel = folder / f"crnn-1.0-{name}.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for file in (*inspection.NEEDED, *others):
            archive.writestr(file, "")
        for file, start in modules.items():
            archive.writestr(f"crnn/{file}", start)
    return wheel


@pytest.mark.parametrize(
    ("name", "module", "start"),
    [
        ("cp311-cp311-manylinux_2_17_aarch64.manylinux2014_aarch64",
         "core.cpython-311-aarch64-linux-gnu.so", ELF),
        ("cp314-cp314t-musllinux_1_2_s390x", "core.cpython-314t-s390x-linux-musl.so", ELF_BIG),
        ("cp313-cp313-win_amd64", "core.cp313-win_amd64.pyd", PE),
        ("cp312-cp312-macosx_11_0_arm64", "core.cpython-312-darwin.so", MACH_O),
    ],
)  # fmt: skip
def test_a_wheel_with_modules_for_its_system_has_no_faults(
    name: str, module: str, start: bytes, tmp_path: Path
) -> None:
    wheel = made(tmp_path, name, {module: start}, inspection.RUNTIME)
    assert inspection.faults(wheel, 1) == []


def test_what_python_would_not_load_is_a_fault(tmp_path: Path) -> None:
    modules = {"core.cp313-win_amd64.dll": PE, "rng.cp313-win_amd64.pyd": ELF}
    wheel = made(tmp_path, "cp313-cp313-win_amd64", modules, "crnn/core.pyx")
    assert inspection.faults(wheel, 3) == [
        "there are 2 modules, expected 3",
        "crnn/core.cp313-win_amd64.dll should end in .cp313-win_amd64.pyd",
        "crnn/core.pyx is of no use in a wheel",
        "crnn/rng.cp313-win_amd64.pyd is ELF aarch64, expected PE amd64",
    ]


def test_a_wheel_that_is_too_large_or_lacks_a_header_is_faulty(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inspection, "LARGEST", 100)
    wheel = made(tmp_path, "cp313-cp313-win_amd64", {})
    monkeypatch.setattr(inspection, "NEEDED", (*inspection.NEEDED, "crnn/other.h"))
    found = inspection.faults(wheel, 0)
    assert found == [f"it has {wheel.stat().st_size:,} bytes, more than 100",
                     "crnn/other.h is missing"]  # fmt: skip


def test_what_is_no_module_is_an_error() -> None:
    with pytest.raises(ValueError, match="it starts with 23 21 2f 62"):
        inspection.format_of(b"#!/bin/sh")
    with pytest.raises(ValueError, match="no processor in the platform any"):
        binary("any")


def test_every_wheel_of_a_folder_is_looked_into(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ["inspect", str(tmp_path)]
    assert foreign.main(asked) == 1
    assert "there are no wheels in" in capsys.readouterr().out
    modules = {f"m{i}.cp313-win_amd64.pyd": PE for i in range(inspection.modules())}
    made(tmp_path, "cp313-cp313-win_amd64", modules)
    assert foreign.main(asked) == 0
    made(tmp_path, "cp312-cp312-win_amd64", modules)
    assert foreign.main(asked) == 1
    said = capsys.readouterr().out
    assert said.count("m0.cp313-win_amd64.pyd should end in .cp312-win_amd64.pyd") == 1


def test_targets_say_for_which_python_they_are() -> None:
    assert set(trials.TRIALS) < set(TARGETS)
    for target in TARGETS.values():
        ending = suffix("cp311", target.tag)
        assert target.built.partition("-")[2].split("-")[-1] in target.tag
        assert ending.endswith(".pyd" if target.system == "Windows" else ".so")


@pytest.mark.parametrize("words", [[], ["--all", "--list"], ["musl-x86_64", "--all"], ["vax"]])
def test_targets_are_named_or_all(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        foreign.arguments(["build", *words])
    assert "targets" in capsys.readouterr().err or words == ["vax"]


def test_a_wheel_that_cannot_be_built_or_fails_is_not_as_it_should_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target, shop = TARGETS["windows-amd64"], Workshop(tmp_path)
    modules = {f"m{i}.cp313-win_amd64.pyd": PE for i in range(inspection.modules())}
    wheel = made(tmp_path, "cp313-cp313-win_amd64", modules)

    def fails(_wheel: Path, _shop: Workshop) -> str:
        raise NotPossibleError("wine missing")

    monkeypatch.setattr(trials, "build", lambda _target, _shop: wheel)
    monkeypatch.setitem(trials.TRIALS, target.name, lambda _wheel, _shop: "12 passed")
    lines, good = trials.tried(target, shop, tmp_path / "kept", run=True)
    assert good
    assert lines[1:] == ["  modules are PE amd64", "  12 passed"]
    assert (tmp_path / "kept" / wheel.name).exists()
    monkeypatch.setitem(trials.TRIALS, target.name, fails)
    lines, good = trials.tried(target, shop, None, run=True)
    assert not good
    assert lines[-1] == "  FAILED: wine missing"


def test_the_systems_are_listed_with_how_their_wheels_are_tried(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert foreign.main(["build", "--list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == list(TARGETS)
    assert lines[-1].split(maxsplit=2)[2] == "Only looked at."


def test_the_build_is_told_what_it_is_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "ziglang.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    shop = Noted(tmp_path)
    wheel = building.build(TARGETS["musl-aarch64"], shop)
    assert wheel.name.endswith("-musllinux_1_2_aarch64.whl")
    (command,) = (line for line in shop.commands if " wheel " in line and "CC=" in line)
    assert "_PYTHON_HOST_PLATFORM=linux-aarch64" in command
    assert "-Ccmake.define.CMAKE_SYSTEM_PROCESSOR=aarch64" in command
    assert "aarch64-linux-musl.so" in command
    compiler = (tmp_path / "zig-aarch64-linux-musl" / "cc").read_text()
    assert compiler.startswith("#!/bin/sh\n")
    assert "-target aarch64-linux-musl" in compiler


class Noted(Workshop):
    """A workshop that notes what it should do, and makes an empty wheel of the right name."""

    def need(self, programs: Sequence[str], packages: Sequence[str]) -> None:
        """Need nothing: no program is run."""

    def call(self, command: object, environment: object = None) -> str:
        assert isinstance(command, list)
        self.note(self.shown(command, environment))  # type: ignore[arg-type]
        folder = self.folder / "wheel-musl-aarch64"
        folder.mkdir(exist_ok=True)
        for old in folder.iterdir():
            old.unlink()
        tagged = "tags" in command
        platform = "musllinux_1_2_aarch64" if tagged else "linux_aarch64"
        (folder / f"crnn-1.0-cp311-cp311-{platform}.whl").touch()
        return ""
