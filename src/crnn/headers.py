"""Where the kernels are installed for programs in C: header, static library, CMake package."""

from __future__ import annotations

from pathlib import Path

from crnn import core

__all__ = ["get_cmake_dir", "get_include", "get_library"]

_HERE = Path(core.__file__).parent  # where compiled files are: in an editable install, not here


def get_include() -> str:
    """Return the folder that holds ``kernels.h``, for a C compiler's ``-I``.

    Examples
    --------
    >>> import os, crnn
    >>> os.path.isfile(os.path.join(crnn.get_include(), "kernels.h"))
    True
    """
    return str(_HERE / "include")


def get_library() -> str:
    """Return the static library of the kernels, for a linker.

    On Unix it needs the C library's mathematics too: ``-lm``.

    Raises
    ------
    FileNotFoundError
        If this installation has none.

    Examples
    --------
    >>> import os, crnn
    >>> os.path.isfile(crnn.get_library())
    True
    """
    folder = _HERE / "lib"
    for path in folder.glob("*crnn_kernels.*"):  # lib….a, or ….lib on Windows
        return str(path)
    raise FileNotFoundError(
        f"there is no library of the kernels in {str(folder)!r}: install crnn anew"
    )


def get_cmake_dir() -> str:
    """Return the folder from which CMake's ``find_package(crnn)`` learns of ``crnn::kernels``.

    Give it as ``-Dcrnn_DIR=...``; a build by scikit-build-core finds it without.

    Examples
    --------
    >>> import os, crnn
    >>> os.path.isfile(os.path.join(crnn.get_cmake_dir(), "crnn-config.cmake"))
    True
    """
    return str(_HERE / "lib" / "cmake" / "crnn")
