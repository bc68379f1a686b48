#!/usr/bin/env python3
"""Show that the tests notice small things: make one change at a time and see them turn red.

The changes are in mutations.toml. Each is made in a copy of the project, which is built and tested
in an environment of its own, in the order of the suites below until one turns red. A change that
every suite lets pass has survived: the tests need mending.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import tomllib
import venv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LIST = Path(__file__).with_name("mutations.toml")
BUILD_TOOLS = ("scikit-build-core>=1.1", "cython>=3.3", "cython-cmake>=0.3")
# The tests that most often notice.
QUICK = ("digests", "fpmode", "contract", "descent", "threads", "dropin")
SUITE_MINUTES = 10  # a suite that takes longer hangs, which is noticed too


@dataclass(frozen=True)
class Mutation:
    """One small change."""

    what: str
    file: str
    find: str
    replace: str

    def mutated(self, text: str) -> str:
        """Return the file's text after the change."""
        if text.count(self.find) != 1:
            raise ValueError(
                f"{self.what}: in {self.file}, expected once, found {text.count(self.find)} times: "
                f"{self.find!r}"
            )
        return text.replace(self.find, self.replace)


class BrokenError(Exception):
    """A change that cannot be judged."""


@dataclass(frozen=True)
class Verdict:
    """What became of a mutation: which test noticed it first, or why that cannot be said."""

    mutation: Mutation
    red: str
    broken: str
    seconds: float

    @property
    def word(self) -> str:
        return self.red or ("BROKEN" if self.broken else "SURVIVED")


def mutations() -> list[Mutation]:
    """Return the list."""
    return [Mutation(**row) for row in tomllib.loads(LIST.read_text("utf-8"))["mutation"]]


class Workshop:
    """A copy of the project with an environment and a build of its own."""

    def __init__(self, folder: Path) -> None:
        self.project, self.build = folder / "project", folder / "build"
        self.python = folder / "venv" / "bin" / "python"
        files = _run(["git", "ls-files", "-z", "-co", "--exclude-standard"], ROOT).split("\0")
        for file in filter(None, files):
            if (ROOT / file).is_file():
                (self.project / file).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(ROOT / file, self.project / file)
        venv.create(folder / "venv", with_pip=True)
        self._pip(*BUILD_TOOLS, ".[test]")
        self._pip("--no-build-isolation", "--no-deps", "--force-reinstall",
                  f"-Cbuild-dir={self.build}", "-Ccmake.define.CRNN_TESTS=ON", ".")  # fmt: skip
        ask = "import crnn.core; print(crnn.__path__[0], *crnn.core.available_isas())"
        place, *self.isas = _run([str(self.python), "-c", ask], folder).split()
        self._packages = Path(place).parent

    def _pip(self, *arguments: str) -> None:
        _run([str(self.python), "-m", "pip", "install", "--quiet", *arguments], self.project)

    def judge(self, mutation: Mutation | None) -> str:
        """Build and test with a mutation; return what noticed it, or nothing."""
        if mutation is None:
            return self._first_red()
        file = self.project / mutation.file
        original = file.read_text("utf-8")
        file.write_text(mutation.mutated(original), "utf-8")
        try:
            return self._first_red()
        finally:
            file.write_text(original, "utf-8")

    def _first_red(self) -> str:
        cmake = str(self.python.with_name("cmake"))
        try:
            _run([cmake, "--build", str(self.build)], self.project)
            _run([cmake, "--install", str(self.build), "--prefix", str(self._packages)],
                 self.project)  # fmt: skip
        except subprocess.CalledProcessError as error:
            raise BrokenError(f"it does not compile:\n{error.stdout}{error.stderr}") from error
        return next(filter(None, self._suites()), "")

    def _suites(self) -> Iterator[str]:
        """Run suite after suite; yield what turned red in each."""
        yield self._pytest(*(f"tests/test_{name}.py" for name in QUICK))
        yield self._ctest()
        yield self._pytest()

    def _pytest(self, *files: str) -> str:
        command = [str(self.python), "-m", "pytest", "-q", "-x", "-n0", "-p", "no:cacheprovider"]
        command += files or ["--ignore", "tests/test_mutations.py"]  # which looks at the list alone
        return _red(command, self.project, r"^(?:FAILED|ERROR) (\S+)")

    def _ctest(self) -> str:
        ctest = str(self.python.with_name("ctest"))
        command = [ctest, "--test-dir", str(self.build), "--output-on-failure"]
        return _red(command, self.project, r"^FAIL (\w+ \w+ \w+)|^\s+\d+ - (\w+) \(")


def _run(command: list[str], folder: Path) -> str:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout


def _red(command: list[str], folder: Path, pattern: str) -> str:
    """Return what a suite reports first, empty if it is green."""
    pipe = subprocess.PIPE
    with subprocess.Popen(
        command, cwd=folder, stdout=pipe, stderr=pipe, text=True, start_new_session=True
    ) as process:
        try:
            said = "".join(process.communicate(timeout=60 * SUITE_MINUTES))
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)  # its children too
            return f"{Path(command[0]).name} does not end"
    if process.returncode == 0:
        return ""
    found = re.search(pattern, said, re.MULTILINE)
    if not found:
        raise BrokenError(f"status {process.returncode}, but no test failed:\n{said[-2000:]}")
    return str(next(filter(None, found.groups())))


def judged(folder: Path, chosen: list[Mutation]) -> list[Verdict]:
    """Build a workshop, see that it is green without a mutation, then judge one after the other."""
    workshop, verdicts = Workshop(folder), []
    if "avx512" not in workshop.isas:
        raise SystemExit(f"the list is for AVX-512 too, this processor has {workshop.isas}")
    red = workshop.judge(None)
    if red:
        raise RuntimeError(f"the tests are red without any mutation: {red}")
    for mutation in chosen:
        start = time.monotonic()
        try:
            red, broken = workshop.judge(mutation), ""
        except BrokenError as error:
            red, broken = "", str(error)
        verdict = Verdict(mutation, red, broken, time.monotonic() - start)
        verdicts.append(verdict)
        lines = [f"{verdict.seconds:4.0f} s  {mutation.what}: {verdict.word}", *broken.splitlines()]
        print("\n".join(lines), file=sys.stderr)
    return verdicts


def table(verdicts: list[Verdict]) -> str:
    """Return the verdicts as a table in Markdown."""
    rows = ["| change | file | noticed by |", "|---|---|---|"]
    for verdict in verdicts:
        m = verdict.mutation
        rows.append(f"| {m.what} | {m.file} | {verdict.word} |")
    return "\n".join(rows)


def main() -> None:
    """Judge the mutations and print the table."""
    parser = argparse.ArgumentParser(
        description="Make one small change at a time in a copy of the project, and show that the "
        "tests turn red. Exit status 1 if one survives.",
        epilog="About half a minute a change after two minutes of preparation. The changes are for "
        "x86-64 with AVX-512; the table of NEON and the modes of other processors have none.",
    )
    parser.add_argument(
        "--only", default="", metavar="REGEX", help="only changes whose description or file matches"
    )
    parser.add_argument(
        "--jobs", type=int, default=1, choices=range(1, 17), metavar="N",
        help="copies at work at once (1)",
    )  # fmt: skip
    parser.add_argument("--list", action="store_true", help="print the changes and stop")
    options = parser.parse_args()
    try:
        chosen = [m for m in mutations() if re.search(options.only, f"{m.what} {m.file}")]
    except re.error as error:
        parser.error(f"--only is {options.only!r}, no regular expression: {error}")
    if not chosen:
        parser.error(f"no change matches {options.only!r}; --list shows them")
    for mutation in chosen:
        mutation.mutated((ROOT / mutation.file).read_text("utf-8"))
    if options.list:
        print("\n".join(f"{m.file}: {m.what}" for m in chosen))
        return
    jobs = min(options.jobs, len(chosen))
    shares = [chosen[i::jobs] for i in range(jobs)]
    with (
        tempfile.TemporaryDirectory() as folder,
        concurrent.futures.ThreadPoolExecutor(jobs) as pool,
    ):
        folders = [Path(folder) / str(i) for i in range(jobs)]
        verdicts = [v for share in pool.map(judged, folders, shares) for v in share]
    verdicts.sort(key=lambda verdict: chosen.index(verdict.mutation))
    survivors = [verdict for verdict in verdicts if not verdict.red]
    print(table(verdicts))
    print(f"\n{len(verdicts) - len(survivors)} of {len(verdicts)} noticed")
    sys.exit(1 if survivors else 0)


if __name__ == "__main__":
    main()
