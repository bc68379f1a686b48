"""Run the tests, or as many as a machine is good for, of the crnn that is installed.

    python tools/suite.py whole     all of them: what `pytest` runs
    python tools/suite.py core      those that need nothing but pytest and hypothesis
    python tools/suite.py quick     the arithmetic, models, their files: for emulated processors

What follows the name of the part goes to pytest. Run it from another folder to be sure that it is
not the source tree that is tested.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
TESTS: Final = ROOT / "tests"

MORE: Final[dict[str, str]] = {
    "analysis/test_plot.py": "matplotlib",
    "cli/test_score.py": "pyarrow",
    "exchange/test_onnx.py": "onnxruntime",
    "exchange/test_torch.py": "torch",
    "test_accuracy_tool.py": "cmake",
    "test_blocks.py": "markdown_it",
    "test_c_door.py": "cmake",
    "test_cython_door.py": "cython",
    "test_kernels.py": "cmake",
    "test_links.py": "markdown_it",
    "test_log.py": "jsonschema",
    "test_pages.py": "pandas",
    "test_progress.py": "nbclient",
    "test_running.py": "pandas",
    "test_site.py": "sphinx",
    "test_sklearn.py": "sklearn",
    "test_tensorboard.py": "tensorboardX",
    "test_tutorial.py": "nbclient",
}
"""What a file of tests imports or runs beside pytest and hypothesis, also by modules of ours."""
INSIDE: Final[dict[str, str]] = {
    "analysis/test_doctor.py": "matplotlib",
    "cli/test_export.py": "onnx",
    "cli/test_plot.py": "matplotlib",
    "cli/test_recorded.py": "tensorboardX",
    "exchange/test_package.py": "onnx",
    "test_examples.py": "pandas",
}
"""What crnn or an example imports when the tests of a file ask for it: only running them tells."""
POSIX: Final[dict[str, str]] = {
    "cli/test_score.py": "pty",
    "cli/test_terminal.py": "fcntl",
    "exchange/test_c.py": "cc",
    "test_accuracy_tool.py": "cmake",
    "test_c_door.py": "gcc",
    "test_cython_door.py": "cc",
    "test_kernels.py": "nm",
    "test_pages.py": "bash",
    "test_running.py": "bash",
}
"""What a file of tests imports or runs that Windows lacks, or has otherwise: cmake takes MSVC."""
QUICK: Final = (
    "test_checkpoint.py",
    "test_choosing.py",
    "test_core.py",
    "test_descent.py",
    "test_digests.py",
    "test_dropin.py",
    "test_initial.py",
    "test_memory.py",
    "test_model.py",
    "test_probe.py",
    "test_scoring.py",
    "test_state.py",
    "test_text.py",
    "test_training.py",
    "test_validation.py",
    "test_vocab.py",
)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("part", choices=["whole", "core", "quick"])
    asked, more = parser.parse_known_args()
    files = [str(TESTS / name) for name in part(asked.part, os.name)]
    options = [f"--rootdir={ROOT}", "-c", str(ROOT / "pyproject.toml"), "-p", "no:cacheprovider"]
    sys.exit(subprocess.run([sys.executable, "-m", "pytest", *options, *more, *files]).returncode)


def part(name: str, system: str) -> list[str]:
    """Return the files of a part that a system, named as in os.name, can run."""
    if name == "quick":
        files = list(QUICK)
    else:
        found = (path.relative_to(TESTS).as_posix() for path in TESTS.rglob("test_*.py"))
        files = sorted(file for file in found if name == "whole" or file not in {**MORE, **INSIDE})
    return [file for file in files if system == "posix" or file not in POSIX]


if __name__ == "__main__":
    main()
