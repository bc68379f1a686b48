"""The version of the installed crnn.

Import it where it is needed, not at the head of a module: the search for it takes as long as a
model takes to be imported.
"""

from importlib.metadata import PackageNotFoundError, version
from typing import Final

__all__ = ["__version__"]


def _installed() -> str:
    try:
        return version("crnn")
    except PackageNotFoundError:  # run from a source tree
        return "0+unknown"


__version__: Final = _installed()
