"""Pages run, in their order and in one folder: Python in one scope, commands in bash."""

from __future__ import annotations

import ast
import asyncio
import contextlib
import inspect
import io
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from pages.blocks import OUTPUT, ROOT, Block

NOISE = ("CRNN_ISA", "NO_COLOR", "FORCE_COLOR", "TERM", "COLUMNS", "LINES")
"""Variables of the environment that would change what is shown."""


class PageError(Exception):
    """A page does not do, or show, what it says."""


def outputs_of(
    blocks: Iterable[Block], scope: dict[str, Any], commands: Path
) -> Iterator[tuple[Block, str]]:
    """Run blocks of a page in the current folder; yield those that show an output, and what came.

    Parameters
    ----------
    blocks : iterable of Block
        Those that are to run, and the outputs after them.
    scope : dict of str to object
        What the page takes for granted.
    commands : Path
        A folder that is made, with the commands `crnn` and `python` in it.
    """
    printed = ""
    path = with_commands(commands)
    for block in blocks:
        if block.treatment == OUTPUT:
            yield block, printed
        elif block.treatment == "file":
            Path(block.says).write_text(block.code, "utf-8")
        elif block.treatment == "sh":
            printed = run_shell(block, path)
        elif block.treatment == "python":
            printed = run_python(block, scope)


def is_like(shown: str, printed: str) -> bool:
    """Tell whether a text is what is shown, but for spaces at the ends of lines; "..." is any."""
    shown, printed = (
        "\n".join(line.rstrip() for line in text.splitlines()).strip("\n")
        for text in (shown, printed)
    )
    pattern = ".*".join(re.escape(part) for part in shown.split("..."))
    return re.fullmatch(pattern, printed, flags=re.DOTALL) is not None


def run_python(block: Block, scope: dict[str, Any]) -> str:
    """Run a block, awaiting what it awaits; return what it printed."""
    above = "\n" * block.line  # so that a traceback names the line of the page
    flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    compiled = compile(above + block.code, ROOT / block.page, "exec", flags=flags)
    with contextlib.redirect_stdout(io.StringIO()) as out:
        result = eval(compiled, scope)
        if inspect.iscoroutine(result):
            asyncio.run(result)
    return out.getvalue()


def run_shell(block: Block, path: str) -> str:
    """Run a block as a script of bash, which ends at the first error; return what it printed."""
    bash = shutil.which("bash")
    if bash is None:
        raise PageError("the commands of the pages need bash, which is not there")
    words = [bash, "-euo", "pipefail", "-c", block.code]
    plain = {name: value for name, value in os.environ.items() if name not in NOISE}
    done = subprocess.run(
        words, env={**plain, "PATH": path}, capture_output=True, encoding="utf-8", check=False
    )
    if done.returncode:
        raise PageError(f"{block} ends with {done.returncode}:\n{done.stderr}")
    return done.stdout


def with_commands(folder: Path) -> str:
    """Make the commands `crnn` and `python` of this interpreter; return a PATH that has them."""
    folder.mkdir()
    for name, words in (("crnn", "-m crnn"), ("python", "")):
        command = folder / name
        command.write_text(f'#!/bin/sh\nexec "{sys.executable}" {words} "$@"\n')
        command.chmod(0o755)
    return f"{folder}{os.pathsep}{os.environ['PATH']}"
