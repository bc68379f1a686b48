"""The fingerprint of a model: everything that predictions depend on, and nothing else."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import crnn
from crnn.core import PARAMETERS
from crnn.fingerprint import fingerprint


def model(dtype: str = "float32", chars: str = "abc") -> crnn.RNN:
    return crnn.RNN(chars, hidden_size=3, dtype=dtype, seed=1)


def test_it_is_this_one_everywhere() -> None:
    assert (
        fingerprint(model()) == "45a0d4b957d1aee44afec52822f0b9dbce1d72665fe5c9321e98fdacd2652e4f"
    )
    assert (
        fingerprint(model("float64"))
        == "0bcd5cd08fd2e7d92bdef3fbe014aad491e70b0e5bf8bf6510603634ba660cb0"
    )


@pytest.mark.parametrize("name", PARAMETERS)
def test_every_parameter_counts(name: str) -> None:
    changed = model()
    array = getattr(changed, name)
    array[-1, -1] = np.nextafter(array[-1, -1], np.float32(1))
    assert fingerprint(changed) != fingerprint(model())


def test_characters_and_their_order_count() -> None:
    assert len({fingerprint(model(chars=chars)) for chars in ("abc", "acb", "abd")}) == 3


def test_files_and_seeds_do_not_count(tmp_path: Path) -> None:
    ours = model()
    ours.save(tmp_path / "m.safetensors")
    loaded = crnn.load(tmp_path / "m.safetensors")
    loaded.seed = None
    assert fingerprint(loaded) == fingerprint(ours)
