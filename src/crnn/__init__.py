"""crnn: the compiled character-level RNN.

Karpathy's min-char-rnn at the speed of the machine, in three forms: a model and its trainer
(`RNN`, `Trainer`), drop-in replacements of the notebook's two functions (`bind`), and a state one
can feed from other code (`RNN.state`).
"""

from importlib.metadata import version as _version

from crnn.checkpoint import CheckpointError
from crnn.checks import SelfCheck, selfcheck
from crnn.codec import CodecError, compress, decompress
from crnn.core import isa
from crnn.dropin import bind
from crnn.headers import get_include
from crnn.history import Report
from crnn.model import RNN, load
from crnn.sampling.batch import Sample
from crnn.sampling.stream import Drawn, Stream
from crnn.score import Score
from crnn.settings import Settings
from crnn.state import State, States
from crnn.trainer import DivergenceError, Trainer
from crnn.vocab import Vocab

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
    "get_include",
    "isa",
    "load",
    "selfcheck",
]

__version__ = _version("crnn")
