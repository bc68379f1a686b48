"""The command line in a terminal: the live display comes, and leaves the screen as it was."""

from __future__ import annotations

import os
import re
import select
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from cli.processes import COMMAND, environment

import crnn as package

if sys.platform == "win32":
    pytest.skip("needs a pseudo-terminal", allow_module_level=True)

import fcntl
import pty
import termios

OPEN, CLOSE = "\x1b[?1049h", "\x1b[?1049l"
HIDE, SHOW = "\x1b[?25l", "\x1b[?25h"
LONG = ("--steps", "5000000", "--hidden-size", "16")
Act = Callable[[subprocess.Popen[bytes], str, int], None]
"""Gets the process, what it has shown so far, and its terminal."""


def in_terminal(
    folder: Path, *words: str, act: Act | None = None, term: str = "xterm", columns: int = 80
) -> tuple[int, str]:
    """Run a command in a terminal; `act` sees everything shown so far, again and again."""
    ours, theirs = pty.openpty()
    resize(theirs, 24, columns)
    process = subprocess.Popen(
        [*COMMAND, *words], cwd=folder, env=environment(TERM=term),
        stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True,
    )  # fmt: skip
    os.close(theirs)
    shown, give_up = b"", time.monotonic() + 60
    while time.monotonic() < give_up:
        if select.select([ours], [], [], 0.05)[0]:
            try:
                data = os.read(ours, 65536)
            except OSError:  # what Linux says at the end of a terminal
                break
            if not data:
                break
            shown += data
        if act is not None:
            act(process, shown.decode("utf-8", "replace"), ours)
    os.close(ours)
    return process.wait(timeout=10), shown.decode().replace("\r\n", "\n")


def resize(terminal: int, lines: int, columns: int) -> None:
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))


def plain(shown: str) -> str:
    """Return what was shown without the codes for colours and places."""
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown)


def stop_once_it_shows(what: str) -> Act:
    sent: list[signal.Signals] = []

    def act(process: subprocess.Popen[bytes], shown: str, terminal: int) -> None:
        if sent or not re.search(what, plain(shown)):
            return
        sent.append(signal.SIGINT)
        process.send_signal(signal.SIGINT)

    return act


def test_the_display_shows_a_training_and_leaves_a_clean_screen(folder: Path) -> None:
    act = stop_once_it_shows(r"sample at window [1-9]")
    status, shown = in_terminal(folder, "train", "book.txt", *LONG, act=act)
    assert status == 130
    assert (shown.count(OPEN), shown.count(CLOSE)) == (1, 1)
    assert shown.rindex(HIDE) < shown.rindex(SHOW)
    before, _, rest = shown.partition(OPEN)
    live, _, after = rest.rpartition(CLOSE)
    assert plain(before) == ""
    for part in ["book.txt (900 characters)", "of 5,000,000", "characters per second", "elapsed",
                 "left", "nats per window", "bits per character", "█", "Ctrl-C"]:  # fmt: skip
        assert part in plain(live), part
    assert "iter " not in plain(live)
    for line in plain(live.split("\x1b[H")[-1]).splitlines():
        assert len(line) <= 80
    assert "\x1b" not in after.replace(SHOW, "")
    assert "--resume model.safetensors" in after


@pytest.mark.parametrize(("lines", "columns"), [(15, 40), (50, 140)])
def test_a_terminal_of_another_size_gets_whole_frames(
    folder: Path, lines: int, columns: int
) -> None:
    begun: list[int] = []  # how many frames there were when the size changed
    last: list[str] = []

    def act(process: subprocess.Popen[bytes], shown: str, terminal: int) -> None:
        frames = shown.split("\x1b[H")
        if not begun and "sample at window" in plain(shown):
            resize(terminal, lines, columns)
            begun.append(len(frames))
        if begun and len(frames) > begun[0] + 3 and not last:
            last.append(frames[-2])
            process.send_signal(signal.SIGINT)

    status, _ = in_terminal(folder, "train", "book.txt", "--val-fraction=0.2", *LONG, act=act)
    assert status == 130
    drawn = plain(last[0]).splitlines()
    assert len(drawn) == lines
    assert max(map(len, drawn)) <= columns
    assert any(line.lstrip().startswith("valid") for line in drawn)
    assert "Ctrl-C" in "".join(drawn[-2:])


@pytest.mark.parametrize(
    ("steps", "hung_up", "status", "expected"),
    [("5000000", True, 129, "Go on  "), ("200000", False, 0, "Trained  200,000 windows")],
)
def test_a_terminal_that_is_gone_costs_no_training(
    folder: Path, steps: str, hung_up: bool, status: int, expected: str
) -> None:
    ours, theirs = pty.openpty()
    words = ("train", "book.txt", "--hidden-size=16", "--steps", steps)
    with subprocess.Popen(
        [*COMMAND, *words], cwd=folder, env=environment(TERM="xterm"), stdin=theirs, stdout=theirs,
        stderr=subprocess.PIPE, start_new_session=True,
    ) as process:  # fmt: skip
        os.close(theirs)
        shown = ""
        while "sample at window" not in shown:
            shown += plain(os.read(ours, 65536).decode("utf-8", "replace"))
        os.close(ours)
        if hung_up:
            process.send_signal(signal.SIGHUP)
        said = process.communicate(timeout=60)[1].decode()
    assert process.returncode == status
    assert expected in said
    assert "Error" not in said
    assert "Saved    model.safetensors" in said
    assert package.load(folder / "model.safetensors").hidden_size == 16


def test_markup_and_control_characters_of_a_text_are_only_shown(folder: Path) -> None:
    (folder / "evil.txt").write_text("[bold]\x1b[2J\x07\x1b]0;title\x07[/]" * 40, "utf-8")
    act = stop_once_it_shows("sample at window [1-9]")
    _, shown = in_terminal(folder, "train", "evil.txt", *LONG, "--sample-every=100", act=act)
    assert "\x07" not in shown
    assert "\x1b[2J" not in shown
    assert "\x1b]" not in shown
    assert "␛" in plain(shown)
    assert "[bold]" in plain(shown)
    status, shown = in_terminal(folder, "sample", "model.safetensors", "--seed=1")
    assert status == 0
    assert "␛" in shown
    assert "\x1b" not in shown
    assert shown.endswith("\n")


def test_a_dumb_terminal_gets_the_lines_and_none_of_the_codes(folder: Path) -> None:
    (folder / "evil.txt").write_text("\x1b[2J\x07" * 40, "utf-8")
    words = ("train", "evil.txt", "--steps=30", "--hidden-size=4")
    status, shown = in_terminal(folder, *words, term="dumb")
    assert status == 0
    assert "iter 0, loss: " in shown
    assert "␛" in shown
    assert "\x1b" not in shown


def test_a_table_fits_its_terminal(folder: Path) -> None:
    in_terminal(folder, "train", "book.txt", "--steps=1", "--hidden-size=4", "-q")
    status, shown = in_terminal(folder, "info", "model.safetensors", columns=50)
    assert status == 0
    lines = plain(shown).splitlines()
    assert max(map(len, lines)) <= 50
    assert any(line.startswith("checksum") for line in lines)


def test_what_a_validation_leads_to_is_shown_and_is_a_note(folder: Path) -> None:
    words = ("--val-fraction=0.2", "--val-every=5", "--learning-rate=3", "--patience=1")
    status, shown = in_terminal(folder, "train", "book.txt", *words, *LONG)
    assert status == 0
    after = shown.rpartition("\x1b[?1049l")[2]
    assert "Note: no better for 1 validations: the training is over" in after
    assert "Warning" not in after


def test_a_save_that_fails_is_shown_and_said_again(folder: Path) -> None:
    place = folder / "place"
    place.mkdir()
    words = ("train", "book.txt", "-o", "place/m", "--checkpoint-every=0.2s", *LONG)

    stop = stop_once_it_shows("training\\s+goes\\s+on")

    def act(process: subprocess.Popen[bytes], shown: str, terminal: int) -> None:
        if "(saved at window" in plain(shown) and place.exists():
            place.rename(folder / "elsewhere")
        stop(process, shown, terminal)

    status, shown = in_terminal(folder, *words, act=act)
    after = plain(shown.rpartition(CLOSE)[2])
    assert status == 1
    assert re.search("Warning: checkpoint '.*place/m' cannot be written", after)
    assert re.search("Error: checkpoint '.*place/m' cannot be written", after)
    assert "what was learned is in '" in after
    assert (folder / "elsewhere" / "m").exists()
