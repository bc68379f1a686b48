"""The set-up of a checkout says what is missing."""

from __future__ import annotations

import subprocess
import venv
from typing import Any

import develop
import pytest


def test_a_python_that_cannot_make_environments_names_the_package(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*arguments: Any, **options: Any) -> None:
        raise subprocess.CalledProcessError(1, ["python", "-m", "ensurepip"], b"no wheel of pip\n")

    monkeypatch.setattr(venv, "create", fail)
    with pytest.raises(
        SystemExit, match=r"(?s)^no wheel of pip\n.*ensurepip.*apt install python3-venv"
    ):
        develop.make_environment()
