"""C: one file that holds a model and runs it, with nothing but a compiler.

``runtime.c``, beside this module, is the code; here the parameters are written into it. It follows
docs/explanation/contract.md as the kernels do, so its probabilities have the same bits and the
same seed gives the same text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from crnn.checkpoint import CONTRACT
from crnn.exchange.parameters import ExchangeError
from crnn.model import RNN
from crnn.version import __version__

__all__ = ["to_bytes"]

Array = npt.NDArray[Any]

_RUNTIME: Final = Path(__file__).with_name("runtime.c")
_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,30}")
_LINE: Final = 98  # letters
_INDENT: Final = "    "
_HEAD: Final = """\
/* {name}.c - a character-level RNN that predicts and writes text, in C99 and C++17.
 *
 * Made by crnn {version} of a trained model. {V:,} characters, {H:,} hidden units, {real}.
 *
 *     read-only memory:    {constant:,} bytes of parameters and vocabulary, some kilobytes of code
 *     writable memory:     {state:,} bytes for each state, {V_bytes:,} for probabilities
 *     stack:               {state:,} bytes while a character is read
 *     multiply-adds:       {work:,} for each character
 *
 * Nothing is allocated, no variable is global, and of the C library it needs {fma}() and memcpy().
 *
 * A program, {name} LENGTH [SEED [TEMPERATURE]]:
 *
 *     cc -O2 -D{upper}_MAIN {name}.c -lm -o {name}
 *
 * Functions for another program, and their declarations for its other files:
 *
 *     cc -O2 -c {name}.c
 *
 *     #define {upper}_DECLARATIONS_ONLY
 *     #include "{name}.c"
 *
 * The arithmetic is defined to the last bit by the contract {contract}. Probabilities are those of
 * the model itself, and the program writes what `crnn sample --length LENGTH --seed SEED` writes,
 * byte for byte, on every machine with IEEE arithmetic and a {fma}() that rounds once. That of some
 * C libraries does not (MinGW's): there a text may differ after a rare draw.
 */
#define MODEL_V {V}
#define MODEL_H {H}
#define MODEL_DOUBLE {double}
"""


def to_bytes(model: RNN, name: str = "model") -> bytes:
    """Return a model as a C file.

    Parameters
    ----------
    model : RNN
        Its parameters are finite.
    name : str
        What all names in the file begin with: ``model_next``, ``MODEL_V``...

    Raises
    ------
    ExchangeError
        If `name` is no beginning of names in C.
    """
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise ExchangeError(
            f"name is {name!r}, expected up to 31 lowercase letters, digits and _, a letter first"
        )
    runtime = _RUNTIME.read_text("utf-8").replace("/* HEAD */\n", _head(model, name))
    before, after = runtime.split("/* PARAMETERS */\n")
    parts = [_named(before, name), *_parameters(model, name), _named(after, name)]
    return "".join(parts).encode("ascii")


def _named(code: str, name: str) -> str:
    """Return code with names that begin as a caller wants."""
    return re.sub(r"\bMODEL_", f"{name.upper()}_", re.sub(r"\bmodel_", f"{name}_", code))


def _head(model: RNN, name: str) -> str:
    """Return what the file is, and its sizes."""
    H, V = model.Wxh.shape
    double = model.dtype == np.float64
    size = model.dtype.itemsize
    return _HEAD.format(
        name=name,
        upper=name.upper(),
        version=__version__,
        contract=CONTRACT,
        V=V,
        H=H,
        real="double" if double else "float",
        fma="fma" if double else "fmaf",
        double=int(double),
        constant=(2 * H * V + H * H + H + V) * size + 4 * V,
        state=H * size,
        V_bytes=V * size,
        work=H * (H + V),
    )


def _parameters(model: RNN, name: str) -> Iterator[str]:
    """Return the definitions of the arrays."""
    points = [f"0x{point:x}" for point in model.vocab.code_points]
    declarator = _named("const uint32_t model_code_points[MODEL_V]", name)
    yield f"{declarator} = {{\n{_lines(points)}}};\n"
    yield "\n/* [x] is the column of the character of index x. */\n"
    yield _array("model_Wxh[MODEL_V][MODEL_H]", model.Wxh.T, name)
    for declarator, array in (
        ("model_Whh[MODEL_H][MODEL_H]", model.Whh),
        ("model_Why[MODEL_V][MODEL_H]", model.Why),
        ("model_bh[MODEL_H]", model.bh[:, 0]),
        ("model_by[MODEL_V]", model.by[:, 0]),
    ):
        yield "\n" + _array(declarator, array, name)
    yield "\n"


def _array(declarator: str, array: Array, name: str) -> str:
    """Return the definition of a matrix or a vector, its numbers exactly."""
    rows = [_lines(_exact(row)) for row in np.atleast_2d(array)]
    inner = "".join(f"    {{\n{row}    }},\n" for row in rows) if array.ndim == 2 else rows[0]
    return _named(f"static const model_real {declarator}", name) + f" = {{\n{inner}}};\n"


def _exact(numbers: Array) -> list[str]:
    """Return numbers in hexadecimal, without zeros at the end; there may be millions of them.

    Examples
    --------
    >>> _exact(np.array([-0.75, 0.0, 0.1]))
    ['-0x1.8p-1', '0x0p+0', '0x1.999999999999ap-4']
    >>> _exact(np.array([0.1, 1], np.float32))
    ['0x1.99999ap-4f', '0x1p+0f']
    """
    words = " ".join(map(float.hex, numbers.tolist()))
    for zeros in (8, 4, 2, 1):  # of all numbers at once, up to 15: that is the quick way
        words = words.replace("0" * zeros + "p", "p")
    words = words.replace(".p", "p")
    if numbers.dtype == np.float32:
        words = words.replace(" ", "f ") + "f"
    return words.split()


def _lines(words: Sequence[str]) -> str:
    """Return the elements of an initializer in lines of a readable length, as many in each."""
    count = max(1, (_LINE - len(_INDENT)) // (max(map(len, words)) + 2))
    lines = (", ".join(words[i : i + count]) for i in range(0, len(words), count))
    return "".join(f"{_INDENT}{line},\n" for line in lines)
