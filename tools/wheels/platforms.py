"""The digests that this platform comes to, to be compared with those of other platforms."""

from __future__ import annotations

import json
import platform
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any, TypeAlias

from proof.builds import CROSS, Workshop
from proof.driver import known_cases, outcomes_in, write_cases

from crnn import core, digests

Tables: TypeAlias = dict[str, dict[str, dict[str, str]]]
"""Table, case, array: its digest."""
Record: TypeAlias = dict[str, Any]
"""The name of a platform, its processor, the name of the arithmetic, tables."""


def write(record: Record, folder: Path) -> Path:
    """Write a file of the platform's name; return it."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{record['platform']}.json"
    file.write_text(json.dumps(record, indent=1) + "\n", "utf-8")
    return file


def installed() -> Record:
    """Return what the crnn that is installed comes to, on every table."""
    processor = platform.machine().lower()
    suffix = str(sysconfig.get_config_var("EXT_SUFFIX")).split(".")[1]
    tables = {
        isa: {case.name: digested(digests.outcome(case, isa)) for case in digests.cases()}
        for isa in core.available_isas()
    }
    return record(f"{sys.platform}-{processor}-{suffix}", processor, tables)


def driven(name: str) -> Record:
    """Return what the driver in C comes to on a processor, emulated.

    Raises
    ------
    NotPossibleError
        If the compiler for it is missing, or the build fails.
    """
    (build,) = (build for build in CROSS if build.name == name)
    with tempfile.TemporaryDirectory() as folder:
        command = Workshop(Path(folder)).driver(build)
        cases = Path(folder) / "cases"
        write_cases(cases, known_cases())
        with cases.open("rb") as given:
            said = subprocess.run(command, stdin=given, check=True, capture_output=True, text=True)
    return record(f"driver-{name}", name, gathered(said.stdout.splitlines()))


def record(name: str, processor: str, tables: Tables) -> Record:
    contract = digests.contract()
    return {"platform": name, "processor": processor, "contract": contract, "tables": tables}


def gathered(lines: Iterable[str]) -> Tables:
    """Return the digests of what the driver says."""
    tables: Tables = {}
    for case, isa, arrays in outcomes_in(lines):
        tables.setdefault(isa, {})[case] = digested(arrays)
    return tables


def digested(arrays: Any) -> dict[str, str]:
    return {name: digests.digest(array) for name, array in arrays.items()}
