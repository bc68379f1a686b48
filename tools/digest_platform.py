"""Write the digests that this platform comes to into a file, to be compared with other platforms'.

    python tools/digest_platform.py [FOLDER]                     by the crnn that is installed
    python tools/digest_platform.py [FOLDER] --driver s390x      by the driver in C, emulated

FOLDER is by default what the variable CRNN_DIGESTS names, or the current one. The driver is for
processors for which NumPy has no wheels; it computes the cases that need no Python.
`tools/compare_platforms.py` reads the files.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sysconfig
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any, TypeAlias

from proof.builds import CROSS, NotPossibleError, Workshop
from proof.driver import known_cases, outcomes_in, write_cases

from crnn import core, digests

Tables: TypeAlias = dict[str, dict[str, dict[str, str]]]
"""Table, case, array: its digest."""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    here = os.environ.get("CRNN_DIGESTS", ".")
    parser.add_argument("folder", nargs="?", type=Path, default=Path(here), metavar="FOLDER")
    names = [build.name for build in CROSS]
    parser.add_argument("--driver", choices=names, help="compile the driver for a processor")
    asked = parser.parse_args()
    try:
        platform, tables = driven(asked.driver) if asked.driver else installed()
    except NotPossibleError as error:
        raise SystemExit(str(error)) from None
    asked.folder.mkdir(parents=True, exist_ok=True)
    record = {"platform": platform, "contract": digests.contract(), "tables": tables}
    file = asked.folder / f"{platform}.json"
    file.write_text(json.dumps(record, indent=1) + "\n", "utf-8")
    print(f"{file}: {', '.join(tables)}")


def installed() -> tuple[str, Tables]:
    """Return the name of this platform and what its crnn comes to, on every table."""
    suffix = str(sysconfig.get_config_var("EXT_SUFFIX")).split(".")[1]
    platform = f"{sysconfig.get_platform()}-{suffix}"
    return platform, {
        isa: {case.name: digested(digests.outcome(case, isa)) for case in digests.cases()}
        for isa in core.available_isas()
    }


def driven(name: str) -> tuple[str, Tables]:
    """Return the name of a processor and what the driver in C comes to there."""
    (build,) = (build for build in CROSS if build.name == name)
    with tempfile.TemporaryDirectory() as folder:
        command = Workshop(Path(folder)).driver(build)
        cases = Path(folder) / "cases"
        write_cases(cases, known_cases())
        with cases.open("rb") as given:
            said = subprocess.run(command, stdin=given, check=True, capture_output=True, text=True)
    return f"driver-{name}", gathered(said.stdout.splitlines())


def gathered(lines: Iterable[str]) -> Tables:
    """Return the digests of what the driver says."""
    tables: Tables = {}
    for case, isa, arrays in outcomes_in(lines):
        tables.setdefault(isa, {})[case] = digested(arrays)
    return tables


def digested(arrays: Any) -> dict[str, str]:
    return {name: digests.digest(array) for name, array in arrays.items()}


if __name__ == "__main__":
    main()
