"""Where the C header of the kernels is installed."""

from __future__ import annotations

from pathlib import Path

from crnn import core

__all__ = ["get_include"]


def get_include() -> str:
    """Return the folder that holds ``kernels.h``, for a C compiler's ``-I``.

    Examples
    --------
    >>> import os, crnn
    >>> os.path.isfile(os.path.join(crnn.get_include(), "kernels.h"))
    True
    """
    return str(
        Path(core.__file__).parent / "include"
    )  # where compiled files are: editable installs
