#!/usr/bin/env python3
"""Make the pictures of the documentation: what a person sees of crnn in a terminal.

The commands run in a terminal of their own, a pseudo-terminal, and what they write there is drawn
as SVG: the live display while it trains, the quality card at its end, the doctor, a text in the
shades of its surprise, and the plot of two trainings. It takes about two minutes. Look at the
pictures before they are committed.
"""

from __future__ import annotations

import argparse
import fcntl
import io
import os
import pty
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import termios
from pathlib import Path

from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.terminal_theme import MONOKAI
from rich.text import Text

PICTURES = Path(__file__).parent.parent / "docs" / "pictures"
EXAMPLES = """example:
  python tools/pictures.py tinyshakespeare.txt
"""
COLUMNS = 80
LINES = 32  # of the live display
TALL = 200  # lines, for a command whose whole output is shown
SCORED = 14  # lines of the text at its end
ODD = "ERROR 502: upstream timed out (110), zone=eu-3"
SHOWN_AT = 0.7  # of the frames of a training, the one that is drawn
TRAIN = ("--preset", "strong", "--val-every", "2000", "--seed", "0")
SECOND_SCREEN = re.compile(r"\x1b\[\?1049h(.*)\x1b\[\?1049l", re.DOTALL)
HOME = "\x1b[H"  # before every frame
ERASED = "\x1b[2K"  # what stands before it on the line; tables come after such lines
MOVES = re.compile(r"\x1b\[\?25[hl]|\x1b\[\d*[A-HJK]|\r")
FONT_FACE = re.compile(r"@font-face \{\{.*?\}\}\s*", re.DOTALL)  # a picture fetches nothing


def main() -> int:
    asked = arguments()
    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        text = Path(shutil.copy(asked.text, folder)).name
        doctor = f"crnn data {text}"
        draw("doctor", doctor, seen(doctor.split(), folder, TALL))
        train = ["crnn", "train", text, *TRAIN, "--time", asked.time]
        shown = seen([*train, "--log", "hidden-192.jsonl"], folder, LINES)
        draw_training(f"crnn train {text} --preset strong --time {asked.time}", shown)
        (Path(folder) / "odd.txt").write_text(with_an_odd_line(Path(folder) / text), "utf-8")
        score = "crnn score model.safetensors odd.txt --color --unknown uniform"
        draw("surprise", score, seen(score.split(), folder, TALL))
        others = ["--hidden-size", "64", "--log", "hidden-64.jsonl"]
        seen([*train, *others], folder, LINES)
        plot = ["plot", "hidden-192.jsonl", "hidden-64.jsonl", "-o", str(PICTURES / "plot.svg")]
        subprocess.run([sys.executable, "-m", "crnn", *plot], cwd=folder, check=True)
    return 0


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("text", type=Path, help="the text to train on")
    parser.add_argument("--time", default="40s", help="of each training [40s]")
    return parser.parse_args()


def with_an_odd_line(text: Path) -> str:
    """Return the end of a text, which the training held back, with a line that is like no other."""
    lines = text.read_text("utf-8").splitlines()[-SCORED:]
    return "\n".join([*lines[:-3], ODD, *lines[-3:]]) + "\n"


def seen(command: list[str], folder: str, lines: int) -> str:
    """Run a command of crnn in a terminal; return all that it wrote there."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", lines, COLUMNS, 0, 0))
    environment = {**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor"}
    for name in ("COLUMNS", "LINES", "NO_COLOR"):
        environment.pop(name, None)
    process = subprocess.Popen(
        [sys.executable, "-m", *command],
        cwd=folder, env=environment, stdin=theirs, stdout=theirs, stderr=theirs,
    )  # fmt: skip
    os.close(theirs)
    written = bytearray()
    while data := read(ours):
        written += data
    os.close(ours)
    if process.wait():
        raise SystemExit(f"{' '.join(command)} failed:\n{written.decode(errors='replace')}")
    return written.decode()


def read(terminal: int) -> bytes:
    """Return what comes next; nothing at the end, which Linux says with an error."""
    try:
        return os.read(terminal, 1 << 16)
    except OSError:
        return b""


def draw_training(title: str, written: str) -> None:
    """Draw the live display as it was on the way, and what stands there after it."""
    screen = SECOND_SCREEN.search(written)
    if screen is None:
        raise SystemExit("the training showed no live display")
    frames = screen[1].split(HOME)[1:]
    draw("display", title, frames[int(SHOWN_AT * len(frames))])
    draw("card", title, written[screen.end() :])


def draw(name: str, title: str, written: str) -> None:
    """Draw what was written in a terminal and stays there."""
    lasting = written.rpartition(ERASED)[2]
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True)
    console.print(Text.from_ansi(MOVES.sub("", lasting).strip("\n")), highlight=False)
    picture = console.export_svg(
        title=title,
        theme=MONOKAI,
        code_format=FONT_FACE.sub("", CONSOLE_SVG_FORMAT),
        unique_id=f"crnn-{name}",
    )
    lines = (line.rstrip() for line in picture.replace("Fira Code, ", "").splitlines())
    (PICTURES / f"{name}.svg").write_text("\n".join(lines) + "\n", "utf-8")


if __name__ == "__main__":
    sys.exit(main())
