"""What the compiled modules export to Cython programs, as text: functions, structs and classes.

    python tools/signatures.py              print it
    python tools/signatures.py --record     write it to tests/signatures.txt: a change is meant

Programs that cimport crnn are compiled against this list: tests/test_cython_door.py compares it
with the modules that are installed, so that none of it changes unnoticed.
"""

from __future__ import annotations

import argparse
import ctypes
import importlib
import re
from collections.abc import Iterator
from pathlib import Path

import crnn

MODULES = ("core", "kernels", "memory", "rng")  # whose .pxd files are installed
OURS = re.compile(r"(?:struct )?__pyx_(?:t|obj)_4crnn_\d(core|memory|rng)_")  # a type of these
COMPILED = ("core", "memory", "rng")  # kernels.pxd has the header's and inline functions alone
RECORD = Path(__file__).parent.parent / "tests" / "signatures.txt"


def interface(module: str) -> Path:
    """Return the installed .pxd file of a module."""
    return Path(crnn.__file__).parent / f"{module}.pxd"


def functions(module: str) -> dict[str, str]:
    """Return the name and the C type of every function that a compiled module exports."""
    name_of = ctypes.pythonapi.PyCapsule_GetName
    name_of.argtypes, name_of.restype = [ctypes.py_object], ctypes.c_char_p
    capsules: dict[str, object] = importlib.import_module(f"crnn.{module}").__pyx_capi__
    return {
        name: OURS.sub(r"\1.", name_of(capsule).decode())
        for name, capsule in capsules.items()
        if not name.startswith("__pyx_")  # a function of a fused type under its other name
    }


def declared(text: str) -> Iterator[str]:
    """Yield the types of a .pxd file and the heads of its inline functions, without comments."""
    lines = [line.split("#")[0].rstrip() for line in text.splitlines()]
    code = "\n".join(line for line in lines if line)
    for statement in re.split(r"\n(?=\S)", code):
        if re.match(r"cdef (struct|class|enum|extern)|ctypedef", statement):
            yield statement
        elif statement.startswith("cdef inline"):
            yield statement.split(":\n")[0]


def described() -> str:
    """Return all of it, as it is recorded."""
    parts = []
    for module in MODULES:
        parts.append(f"# crnn.{module}\n")
        parts += declared(interface(module).read_text("utf-8"))
        if module in COMPILED:
            parts.append("")
            parts += [f"{name}: {kind}" for name, kind in sorted(functions(module).items())]
        parts.append("")
    return "\n".join(parts)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--record", action="store_true")
    if parser.parse_args().record:
        RECORD.write_text(described(), "utf-8")
    else:
        print(described(), end="")


if __name__ == "__main__":
    main()
