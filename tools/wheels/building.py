"""A wheel by zig, which compiles for every system from this one."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from proof.builds import NotPossibleError, Workshop

from wheels import windows
from wheels.targets import VERSION, Target, suffix


def build(target: Target, shop: Workshop) -> Path:
    """Build the wheel for a system and return its file.

    Raises
    ------
    NotPossibleError
        If zig or a tool of the build is missing, or the build fails.
    """
    shop.need(["cmake", "ninja"], ["cmake", "ninja-build"])
    tools, wheels = shop.zig(target.zig), shop.folder / f"wheel-{target.name}"
    defined = {
        "CMAKE_SYSTEM_NAME": target.system,
        "CMAKE_SYSTEM_PROCESSOR": target.processor,
        "CMAKE_AR": str(tools / "ar"),
        "CMAKE_RANLIB": str(tools / "ranlib"),
        "CMAKE_C_FLAGS": "-g0",  # zig would say everything to a debugger, in three times the size
        "CMAKE_MODULE_LINKER_FLAGS": "-s",
        **special(target, shop),
    }
    environment = {
        "CC": str(tools / "cc"),
        "_PYTHON_HOST_PLATFORM": target.built,
        "SETUPTOOLS_EXT_SUFFIX": suffix(f"cp{VERSION}", target.tag),
    }
    pip = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation"]
    options = [f"-Ccmake.define.{name}={value}" for name, value in defined.items()]
    folder = shop.folder / f"build-{target.name}"
    shop.call([*pip, "-w", str(wheels), ".", f"-Cbuild-dir={folder}", *options], environment)
    (built,) = wheels.glob("crnn-*.whl")
    tag = [sys.executable, "-m", "wheel", "tags", "--remove", f"--platform-tag={target.tag}"]
    shop.call([*tag, str(built)])
    (wheel,) = wheels.glob("crnn-*.whl")
    return wheel


def special(target: Target, shop: Workshop) -> dict[str, str]:
    """Return what a system needs beside a compiler for it."""
    if target.system == "Windows":
        python = windows.python(shop)
        return {
            "Python_INCLUDE_DIR": str(windows.headers(shop)),
            "Python_LIBRARY": str(python / windows.LIBRARY),
        }
    if target.system == "Darwin":
        if not (name := shutil.which("true")):
            raise NotPossibleError("true missing: apt-get install coreutils")
        return {"CMAKE_INSTALL_NAME_TOOL": name}  # there is no library whose name it could change
    return {}
