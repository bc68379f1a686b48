"""Compare the digests of all platforms: of each table, case and array there may be only one.

    python tools/compare_platforms.py FILE...

The files are what `tools/digest_platform.py` wrote on each of them. They are compared with
src/crnn/digests.json, so with one another. Needs Python alone.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

PROMISED: Final = Path(__file__).parents[1] / "src" / "crnn" / "digests.json"


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
    files = parser.parse_args().files
    promised = json.loads(PROMISED.read_text("utf-8"))
    wrong = 0
    for file in sorted(files):
        record = json.loads(file.read_text("utf-8"))
        found = list(faults(record, promised))
        wrong += bool(found)
        tables = record["tables"]
        arrays = sum(len(arrays) for cases in tables.values() for arrays in cases.values())
        word = "DIFFERS" if found else "equal"
        print(f"{word:8}{record['platform']:44} {arrays:6} arrays on {', '.join(tables)}")
        for line in found[:10]:
            print(f"        {line}")
    print(f"{len(files) - wrong} of {len(files)} platforms came to the promised bytes")
    return 1 if wrong else 0


def faults(record: Mapping[str, Any], promised: Mapping[str, Any]) -> Iterator[str]:
    """Yield what differs on a platform from what is promised, or did not come."""
    if record["contract"] != promised["contract"]:
        yield f"the arithmetic is {record['contract']}, expected {promised['contract']}"
    if "portable" not in record["tables"]:
        yield "the table portable did not come"
    by_driver = record["platform"].startswith("driver-")
    for isa, cases in record["tables"].items():
        for row in promised["cases"]:
            if by_driver and row.get("uses"):
                continue  # the driver trains nets, it does not use them
            arrays = cases.get(row["name"], {})
            for name, digest in row["digests"].items():
                if arrays.get(name) != digest:
                    came = arrays.get(name, "nothing")
                    yield f"{row['name']} on {isa}: {name} is {came:.12}, expected {digest:.12}"


if __name__ == "__main__":
    sys.exit(main())
