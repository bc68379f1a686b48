"""Look into wheels: size, files, and whether every compiled module is for the system in the name.

    python tools/inspect_wheels.py FOLDER

Needs Python alone; nothing of a wheel is run.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from wheels import inspection


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, metavar="FOLDER")
    wheels = sorted(parser.parse_args().folder.glob("*.whl"))
    modules = len(list((Path(__file__).parents[1] / "src" / "crnn").rglob("*.pyx")))
    wrong = {wheel: inspection.faults(wheel, modules) for wheel in wheels}
    for wheel, faults in wrong.items():
        print(f"{'WRONG' if faults else 'ok':6} {wheel.stat().st_size:9,} bytes  {wheel.name}")
        for fault in faults:
            print(f"       {fault}")
    if not wheels:
        print("there are no wheels")
    return 1 if not wheels or any(wrong.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
