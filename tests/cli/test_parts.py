"""The rooms behind the commands: characters, curves, quantities, help, errors."""

from __future__ import annotations

import doctest
import importlib
import math
import pkgutil
import signal
import subprocess
import sys
import unicodedata
from dataclasses import fields
from typing import Any

import click
import pytest
from click.testing import CliRunner

import crnn as package
import crnn.cli
from crnn import Settings
from crnn.cli import COMMANDS, main, train
from crnn.cli.chart import Curve
from crnn.cli.program import Program, command_line, safe_name
from crnn.cli.signals import Signals, Stopped, Stopping
from crnn.cli.visible import visible

STOPPING = [signal.SIGINT, signal.SIGTERM]
if sys.platform != "win32":
    STOPPING.append(signal.SIGHUP)
MODULES = [found.name for found in pkgutil.iter_modules(crnn.cli.__path__)]


@pytest.mark.parametrize("name", MODULES)
def test_examples_of_docstrings_run(name: str) -> None:
    assert doctest.testmod(importlib.import_module(f"crnn.cli.{name}")).failed == 0


@pytest.mark.parametrize(
    "words",
    [(), *((name,) for name in COMMANDS)],
)
@pytest.mark.parametrize("flag", ["-h", "--help"])
def test_help_everywhere(words: tuple[str, ...], flag: str) -> None:
    result = CliRunner().invoke(main, [*words, flag])
    assert result.exit_code == 0
    assert "Usage:" in result.stdout


def test_version_and_the_order_of_commands() -> None:
    assert package.__version__ in CliRunner().invoke(main, ["--version"]).stdout
    commands = ["train", "sample", "score", "info", "compress", "decompress", "data", "plot"]
    commands += ["export", "import", "bench", "selfcheck", "completion"]
    assert main.list_commands(click.Context(main)) == commands


def test_the_summaries_of_commands_are_whole() -> None:
    said = CliRunner().invoke(main, ["--help"]).stdout
    summaries = said.partition("Commands:\n")[2].partition("\n\n")[0].splitlines()
    assert len(summaries) == len(COMMANDS)
    assert all(line.endswith(".") and not line.endswith("...") for line in summaries)
    context = click.Context(main)
    for name, room in COMMANDS.items():
        command = main.get_command(context, name)
        assert command is not None
        assert command.get_short_help_str(100) == room.summary


def test_a_unit_is_said_once() -> None:
    helps = {param.name: getattr(param, "help", "") for param in train.command.params}
    for setting in fields(Settings):
        if unit := setting.metadata["unit"]:
            assert helps[setting.name].lower().count(unit) == 1


def test_every_character_that_hides_becomes_visible() -> None:
    hidden = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
    for point in [*range(0x3000), 0xD800, 0xE000, 0xFEFF, 0xE0001, 0x10FFFF]:
        shown = visible(chr(point), keep="")
        assert not {unicodedata.category(char) for char in shown} & hidden, hex(point)
        assert shown == chr(point) or unicodedata.category(chr(point)) in hidden
    assert visible("a\tb\nc\rd\x1b[0m") == "a\tb\nc␍d␛[0m"


def test_a_curve_keeps_its_shape_at_any_size() -> None:
    curve = Curve()
    for step in range(20_000):
        curve.add(step, 100 / (1 + step))
    curve.add(20_000, math.nan)
    lowest, highest = curve.bounds()
    assert lowest == 100 / 20_000
    assert 100 / 1100 < highest < 100 / 1000
    for width, height in [(1, 1), (7, 3), (200, 10)]:
        lines = curve.draw(width, height, 20_000)
        assert len(lines) == height
        assert max(map(len, lines)) <= width
        assert len(lines[-1]) == width
    assert Curve().draw(10, 2, 0) == ["", ""]


def test_a_curve_goes_back_with_its_training() -> None:
    curve = Curve()
    for step, value in [(0, 2.0), (10, 1.0), (20, 50.0), (30, 90.0), (10, 1.0)]:
        curve.add(step, value)
    assert curve.bounds() == (1.0, 2.0)
    assert curve.draw(4, 1, 40) == ["█▁"]


def test_a_command_line_can_be_pasted() -> None:
    ctx = click.Context(main, info_name="crnn")
    words = command_line(ctx, "train", "--resume", "a b", files=map(safe_name, ("-odd", "it's")))
    assert words == """crnn train ./-odd 'it'"'"'s' --resume 'a b'"""


def test_a_bug_shows_its_traceback_and_ctrl_c_does_not() -> None:
    @click.group(cls=Program)
    def program() -> None:
        pass

    @program.command("fail")
    @click.argument("error")
    def fail(error: str) -> None:
        raise {"bug": ValueError("a bug"), "stop": KeyboardInterrupt()}[error]

    runner: Any = CliRunner()
    assert isinstance(runner.invoke(program, ["fail", "bug"]).exception, ValueError)
    assert runner.invoke(program, ["fail", "stop"]).exit_code == 130


def test_signals_are_taken_unless_ignored_and_given_back() -> None:
    before = {number: signal.getsignal(number) for number in STOPPING}
    stops: list[str] = []
    try:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        with Signals(lambda: stops.append("stop")) as signals:
            assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
            assert signal.getsignal(signal.SIGTERM) == signals._receive
            for number in STOPPING[::-1]:
                signal.raise_signal(number)
        assert signals.received == STOPPING[-1]
        assert stops == ["stop"] * (len(STOPPING) - 1)
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
        assert signal.getsignal(signal.SIGTERM) == before[signal.SIGTERM]
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def test_a_handler_that_is_not_pythons_becomes_the_default(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    given: list[Any] = []
    monkeypatch.setattr(signal, "getsignal", lambda number: None)
    monkeypatch.setattr(signal, "signal", lambda number, handler: given.append(handler))
    with Signals(lambda: None):
        pass
    assert given[len(STOPPING) :] == [signal.SIG_DFL] * len(STOPPING)


def test_a_signal_stops_one_part_and_waits_elsewhere() -> None:
    with Stopping() as stopping:
        with pytest.raises(Stopped) as stopped, stopping.inside():
            signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGINT)
        assert stopped.value.number == signal.SIGTERM
    with Stopping() as stopping:
        signal.raise_signal(signal.SIGTERM)
        with pytest.raises(Stopped), stopping.inside():
            pytest.fail("what came before did not stop it")


@pytest.mark.parametrize(("words", "loaded"), [(["info", "--help"], ["info"]), (["--help"], [])])
def test_a_command_is_loaded_when_it_is_used(words: list[str], loaded: list[str]) -> None:
    code = (
        f"import sys; from crnn.cli import main; main({words}, standalone_mode=False); "
        "rooms = {'crnn.cli.info', 'crnn.cli.train', 'crnn.cli.data', 'crnn.exchange'}; "
        "print(sorted(rooms & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == str([f"crnn.cli.{name}" for name in loaded])
