"""The storeys of the house: who may import whom, checked, and drawn for the documentation.

    python tools/house.py            says what imports upwards, and draws docs/pictures/house.svg

A module imports from its own storey and from those below. tests/test_house.py keeps it so.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final
from xml.sax.saxutils import escape

ROOT: Final = Path(__file__).parent.parent
SOURCES: Final = ROOT / "src" / "crnn"
PICTURE: Final = ROOT / "docs" / "pictures" / "house.svg"

# From the roof down: what a storey is for, and its rooms. A room is a title and its modules.
STOREYS: Final[dict[str, dict[str, str]]] = {
    "a program": {"cli/": "cli __main__"},
    "uses of models": {
        "analysis/": "analysis",
        "codec/": "codec",
        "exchange/": "exchange",
        "sklearn": "sklearn",
        "bench": "bench roofline reference",
        "checks": "checks accuracy digests uses",
    },
    "training": {
        "trainer": "trainer engine material agenda budget record saved",
        "its reports": "history log tensorboard progress pace",
        "presets": "presets",
    },
    "models": {
        "model": "model",
        "state": "state",
        "sampling/": "sampling",
        "score": "score reading vectors",
        "dropin": "dropin gradcheck",
    },
    "texts, files, arguments": {
        "corpus/": "corpus vocab",
        "checkpoint": "checkpoint durable",
        "settings": "settings seeding arguments",
        "pool, locks": "pool locks slices",
        "machine": "machine headers version",
    },
    "compiled loops": {
        "training": "training text descent",
        "validation": "validation",
        "initial": "initial",
        "choosing": "choosing",
        "scoring": "scoring",
        "coding": "coding online rangecoder",
        "limits, probe": "limits probe",
    },
    "the network": {"core.pyx: step, BPTT, sampler": "core"},
    "doors to C": {
        "kernels.pxd": "kernels",
        "atomic": "atomic",
        "memory": "memory",
        "rng": "rng",
        "fpmode": "fpmode",
    },
}
KERNELS: Final = "csrc/: vectors and matrices; a table of kernels for each type and instruction set"


def main() -> None:
    wrong = [*homeless(), *upward()]
    print(*wrong, sep="\n", end="\n" if wrong else "")
    PICTURE.write_text(drawing(), encoding="utf-8")
    sys.exit(bool(wrong))


# --- Imports --------------------------------------------------------------------------------------


def modules() -> dict[str, list[Path]]:
    """Return the files of every module, by its name below crnn: "cli.bar", "core"."""
    found: dict[str, list[Path]] = {}
    for path in sorted(SOURCES.rglob("*")):
        if path.suffix in (".py", ".pyx", ".pxd"):
            name = ".".join(path.relative_to(SOURCES).with_suffix("").parts)
            found.setdefault(name.removesuffix(".__init__"), []).append(path)
    del found["__init__"]  # crnn itself shows what others have
    return found


def storey_of(module: str) -> int | None:
    """Return on which storey a module lives, from the roof down."""
    for storey, rooms in enumerate(STOREYS.values()):
        if module.partition(".")[0] in " ".join(rooms.values()).split():
            return storey
    return None


def homeless() -> list[str]:
    """Return the modules that have no room, and the rooms that have no module."""
    found = {name.partition(".")[0] for name in modules()}
    named = {name for rooms in STOREYS.values() for room in rooms.values() for name in room.split()}
    return [
        *(f"{name} has no room in tools/house.py" for name in sorted(found - named)),
        *(f"{name} has a room in tools/house.py, but no file" for name in sorted(named - found)),
    ]


def upward() -> list[str]:
    """Return the imports that lead to a higher storey."""
    known = modules()
    wrong = []
    for name, paths in known.items():
        here = storey_of(name)
        for target in sorted({t for path in paths for t in imported(path, set(known))}):
            there = storey_of(target)
            if here is not None and there is not None and there < here:
                wrong.append(f"{name} imports {target}, which is on a higher storey")
    return wrong


def imported(path: Path, known: set[str]) -> Iterator[str]:
    """Yield the modules of crnn that a file imports when it runs: not those for type checkers."""
    source = path.read_text("utf-8")
    for written in _python(ast.parse(source)) if path.suffix == ".py" else _cython(source):
        full = _absolute(written, ["crnn", *path.relative_to(SOURCES).parent.parts])
        if not full.startswith("crnn."):
            continue
        name = full.removeprefix("crnn.")
        while name and name not in known:
            name = name.rpartition(".")[0]
        if name:
            yield name


def _absolute(written: str, package: list[str]) -> str:
    """Return a name without the dots before it, of which one is the package that it is used in."""
    name = written.lstrip(".")
    dots = len(written) - len(name)
    return ".".join([*package[: len(package) - dots + 1], name]) if dots else name


def _python(tree: ast.AST) -> Iterator[str]:
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            continue
        if isinstance(node, ast.ImportFrom):
            origin = "." * node.level + (f"{node.module}." if node.module else "")
            yield from (origin + alias.name for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        yield from _python(node)


LISTED: Final = r"(?P<names>\([^)]*\)|[^(\n;]*)"
CYTHON_IMPORT: Final = re.compile(
    rf"^[ \t]*(?:from[ \t]+(?P<origin>\.*[\w.]*)[ \t]+)?c?import\b[ \t]*{LISTED}", re.MULTILINE
)


def _cython(source: str) -> Iterator[str]:
    joined = re.sub(r"#.*", "", source).replace("\\\n", " ")
    for found in CYTHON_IMPORT.finditer(joined):
        origin = found["origin"] or ""
        between = "." if origin.strip(".") else ""
        for listed in found["names"].strip("()").split(","):
            if listed.strip():  # without "as", and but for a comma at the end
                yield origin + between + listed.split()[0]


# --- The picture ----------------------------------------------------------------------------------

WIDTH, LEFT, HEIGHT, GAP = 860, 170, 44, 12
STYLE: Final = """
    .paper { fill: #ffffff; } text { font: 13px system-ui, sans-serif; fill: #1f2328; }
    .title { fill: #57606a; } .room { fill: #eef2f7; stroke: #8c959f; }
    .ground { fill: #d8e4f3; stroke: #8c959f; }
    @media (prefers-color-scheme: dark) {
      .paper { fill: #131416; } text { fill: #e6edf3; } .title { fill: #9aa5b1; }
      .room { fill: #22272e; stroke: #6e7681; } .ground { fill: #2b3a4d; stroke: #6e7681; } }
"""


def drawing() -> str:
    """Return the house as SVG: a row for each storey, a box for each room."""
    height = (len(STOREYS) + 1) * (HEIGHT + GAP) + GAP
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img">',
        "<title>The storeys of crnn: each imports from those below</title>",
        f"<style>{STYLE}</style>",
        '<rect class="paper" width="100%" height="100%"/>',
    ]
    y = GAP
    for storey, rooms in STOREYS.items():
        parts += [_text(GAP, y, storey, "title"), *_rooms(y, list(rooms), "room")]
        y += HEIGHT + GAP
    parts += [
        _text(GAP, y, "plain C11", "title"),
        *_rooms(y, [KERNELS], "ground"),
        "</svg>",
        "",
    ]
    return "\n".join(parts)


def _rooms(y: int, titles: list[str], kind: str) -> Iterator[str]:
    room = WIDTH - LEFT - GAP
    width = (room - GAP * (len(titles) - 1)) / len(titles)
    for n, title in enumerate(titles):
        x = LEFT + n * (width + GAP)
        box = f'x="{x:.0f}" y="{y}" width="{width:.0f}" height="{HEIGHT}"'
        yield f'<rect class="{kind}" {box} rx="4"/>'
        yield _text(x + width / 2, y, title, "name", anchor="middle")


def _text(x: float, y: int, text: str, kind: str, anchor: str = "start") -> str:
    where = f'x="{x:.0f}" y="{y + HEIGHT / 2 + 4:.0f}" text-anchor="{anchor}"'
    return f'<text class="{kind}" {where}>{escape(text)}</text>'


if __name__ == "__main__":
    main()
