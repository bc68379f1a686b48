"""crnn: the compiled character-level RNN.

Karpathy's min-char-rnn at the speed of the machine, in three forms: a model and its trainer
(`RNN`, `Trainer`), drop-in replacements of the notebook's two functions (`bind`), and a state one
can feed from other code (`RNN.state`).

`import crnn` loads the compiled RNN and little else; every public name, and every module of the
package, is loaded when it is first asked for.
"""

import typing as _typing
from importlib import import_module as _import_module

from crnn.core import isa

if _typing.TYPE_CHECKING:
    from crnn.checkpoint import CheckpointError
    from crnn.checks import SelfCheck, selfcheck
    from crnn.codec import CodecError, compress, decompress
    from crnn.dropin import bind
    from crnn.headers import get_cmake_dir, get_include, get_library
    from crnn.history import Report
    from crnn.model import RNN, load
    from crnn.sampling.batch import Sample
    from crnn.sampling.stream import Drawn, Stream
    from crnn.score import Score
    from crnn.settings import Settings
    from crnn.state import State, States
    from crnn.trainer import DivergenceError, Trainer
    from crnn.vocab import Vocab

    __version__: str

__all__ = [
    "RNN",
    "CheckpointError",
    "CodecError",
    "DivergenceError",
    "Drawn",
    "Report",
    "Sample",
    "Score",
    "SelfCheck",
    "Settings",
    "State",
    "States",
    "Stream",
    "Trainer",
    "Vocab",
    "__version__",
    "bind",
    "compress",
    "decompress",
    "get_cmake_dir",
    "get_include",
    "get_library",
    "isa",
    "load",
    "selfcheck",
]

_ROOMS: _typing.Final = {
    "CheckpointError": "checkpoint",
    "CodecError": "codec",
    "DivergenceError": "trainer",
    "Drawn": "sampling.stream",
    "RNN": "model",
    "Report": "history",
    "Sample": "sampling.batch",
    "Score": "score",
    "SelfCheck": "checks",
    "Settings": "settings",
    "State": "state",
    "States": "state",
    "Stream": "sampling.stream",
    "Trainer": "trainer",
    "Vocab": "vocab",
    "__version__": "version",
    "bind": "dropin",
    "compress": "codec",
    "decompress": "codec",
    "get_cmake_dir": "headers",
    "get_include": "headers",
    "get_library": "headers",
    "load": "model",
    "selfcheck": "checks",
}
"""The module of each public name that is loaded when it is asked for."""


def __getattr__(name: str) -> object:
    """Load a public name, or a module of the package, the first time it is asked for."""
    if name in _ROOMS:
        value = getattr(_import_module(f"crnn.{_ROOMS[name]}"), name)
        globals()[name] = value  # from now on found without this function
        return value
    try:
        if name.isidentifier() and not name.startswith("_"):
            return _import_module(f"crnn.{name}")
    except ModuleNotFoundError as error:
        if error.name != f"crnn.{name}":
            raise
    raise AttributeError(f"module 'crnn' has no attribute {name!r}")


def __dir__() -> list[str]:
    """Return what is loaded and what will be."""
    return sorted({*globals(), *_ROOMS})
