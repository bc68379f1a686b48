"""Digests for the cases of the list that have none.

A new case is a row of src/crnn/digests.json with ``"digests": {}``: what the other rows have, and
its own name. A digest is committed once: those that are there must come again, unless the
arithmetic gets a new contract.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from crnn import digests


def record(file: Path, new_contract: str | None) -> None:
    """Compute every case of a list with the portable kernels and write its digests.

    Raises
    ------
    SystemExit
        If a digest that is there would be another, and there is no new contract.
    """
    listed = json.loads(file.read_text("utf-8"))
    changed = []
    for row in listed["cases"]:
        now = computed(row)
        if row["digests"] not in ({}, now):
            changed.append(row["name"])
        elif not row["digests"]:
            print(f"new: {row['name']}", file=sys.stderr)
        row["digests"] = now
    if changed and new_contract is None:
        raise SystemExit(
            f"{len(changed)} cases have come to other bytes than {file} promises: "
            f"{', '.join(changed)}. A digest is committed once; another arithmetic needs another "
            "contract (--new-contract NAME). Nothing was written."
        )
    listed["contract"] = new_contract or listed["contract"]
    file.write_text(json.dumps(listed, indent=1) + "\n", "utf-8")


def computed(row: dict[str, Any]) -> dict[str, str]:
    """Return the digests of what a case comes to here."""
    outcome = digests.outcome(digests.case_of(row), "portable")
    return {name: digests.digest(array) for name, array in outcome.items()}
