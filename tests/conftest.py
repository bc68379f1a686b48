"""What all tests share: profiles of hypothesis, and small things to train on."""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, settings

# scikit-learn runs its checks of array interfaces only with it; SciPy reads it when it is imported.
os.environ.setdefault("SCIPY_ARRAY_API", "1")

# Compilation and first calls take their time: no test is timed, not even by hypothesis.
settings.register_profile("crnn", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("crnn")


@pytest.fixture
def text() -> str:
    """A small text that wraps after a few dozen windows."""
    return "to be, or not to be: that is the question.\nwhether 'tis nobler in the mind\n" * 12


@pytest.fixture
def plain_environment() -> dict[str, str]:
    """The environment without what chooses a table."""
    return {name: value for name, value in os.environ.items() if name != "CRNN_ISA"}
