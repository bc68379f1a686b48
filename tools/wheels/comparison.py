"""The digests of all platforms: of each table, case and array there may be only one.

They are compared with src/crnn/digests.json, so with one another. Needs Python alone.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from proof.builds import ROOT

PROMISED: Final = ROOT / "src" / "crnn" / "digests.json"
TABLES: Final = {"x86_64": "avx2", "amd64": "avx2", "aarch64": "neon", "arm64": "neon"}
"""By processor: the table that has to come beside the portable one."""


def records(places: Sequence[Path]) -> list[Path]:
    """Return the files that are named, and those anywhere in the folders that are named.

    Raises
    ------
    FileNotFoundError
        If a place has none.
    """
    found: list[Path] = []
    for place in places:
        here = sorted(place.rglob("*.json")) if place.is_dir() else [place]
        if not here or not here[0].is_file():
            raise FileNotFoundError(f"there are no digests in {place}")
        found += here
    return found


def compared(files: Sequence[Path], expected: int) -> Iterator[tuple[str, list[str]]]:
    """Yield a line about each platform, and what is wrong there; in the end about all of them."""
    promised = json.loads(PROMISED.read_text("utf-8"))
    seen: dict[str, Path] = {}
    wrong = 0
    for file in files:
        record = json.loads(file.read_text("utf-8"))
        found, platform, tables = (
            list(faults(record, promised)),
            record["platform"],
            record["tables"],
        )
        if platform in seen:
            found.append(f"{file} is of the platform of {seen[platform]}")
        seen.setdefault(platform, file)
        wrong += bool(found)
        arrays = sum(len(arrays) for cases in tables.values() for arrays in cases.values())
        word = "WRONG" if found else "equal"
        yield f"{word:6}{platform:48} {arrays:6} arrays on {', '.join(tables)}", found
    missing = [] if len(seen) == expected else [f"{len(seen)} platforms came, expected {expected}"]
    yield f"{len(files) - wrong} of {len(files)} came to the promised bytes", missing


def faults(record: Mapping[str, Any], promised: Mapping[str, Any]) -> Iterator[str]:
    """Yield what differs on a platform from what is promised, or did not come."""
    if record["contract"] != promised["contract"]:
        yield f"the arithmetic is {record['contract']}, expected {promised['contract']}"
    for table in {"portable", TABLES.get(record["processor"], "portable")} - set(record["tables"]):
        yield f"the table {table} did not come"
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
