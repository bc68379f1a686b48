"""A state_dict in a safetensors file: byte for byte, and what is no such file."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy
from exchange.models import random_model, same
from hypothesis import given
from hypothesis import strategies as st

from crnn.exchange import ExchangeError, export, import_model
from crnn.exchange.safetensors import to_bytes
from crnn.exchange.state_dict import state_dict

MODEL = random_model(5, 4, "float32")
DATA = to_bytes(MODEL)


def test_what_is_written_is_what_the_library_reads(tmp_path: Path) -> None:
    export(MODEL, tmp_path / "m.safetensors", to="torch")
    tensors = safetensors.numpy.load_file(tmp_path / "m.safetensors")
    assert {name: (a.tobytes(), a.shape, a.dtype) for name, a in tensors.items()} == {
        name: (a.tobytes(), a.shape, a.dtype) for name, a in state_dict(MODEL).items()
    }
    length = int.from_bytes(DATA[:8], "little")
    assert json.loads(DATA[8 : 8 + length])["__metadata__"] == {"format": "pt"}


def test_a_file_without_characters(tmp_path: Path) -> None:
    path = tmp_path / "m.safetensors"
    tensors = state_dict(MODEL)
    del tensors["code_points"]
    safetensors.numpy.save_file(tensors, path)
    with pytest.raises(ExchangeError, match="does not say which characters"):
        import_model(path)
    assert same(import_model(path, chars=MODEL.vocab.chars), MODEL)


def test_a_crnn_model_is_none_to_import(tmp_path: Path) -> None:
    MODEL.save(tmp_path / "m.safetensors")
    with pytest.raises(ExchangeError, match="is a crnn model already: use it as it is"):
        import_model(tmp_path / "m.safetensors")
    with pytest.raises(ExchangeError, match="already: use it as it is, with the characters that"):
        import_model(tmp_path / "m.safetensors", chars="abc")


def test_a_crnn_model_that_is_cut_is_a_damaged_one(tmp_path: Path) -> None:
    data = MODEL.to_bytes()
    (tmp_path / "m.safetensors").write_bytes(data[:-10])
    with pytest.raises(ExchangeError, match=r"m\.safetensors' is damaged or cut short"):
        import_model(tmp_path / "m.safetensors")


@pytest.mark.parametrize(
    ("name", "dtype", "expected"),
    [
        ("linear.bias", np.float16, "linear.bias is of type F16, expected float64 or float32"),
        ("linear.bias", np.int64, "linear.bias is of type I64, expected float64 or float32"),
        ("code_points", np.uint8, "code_points is of type U8, expected integers of 32 or 64 bits"),
    ],
)
def test_other_types_are_refused(tmp_path: Path, name: str, dtype: type, expected: str) -> None:
    tensors = state_dict(MODEL)
    tensors[name] = tensors[name].astype(dtype)
    safetensors.numpy.save_file(tensors, tmp_path / "m.safetensors")
    with pytest.raises(ExchangeError, match=expected):
        import_model(tmp_path / "m.safetensors")


def test_every_cut_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "m.safetensors"
    for length in range(0, len(DATA), 7):
        path.write_bytes(DATA[:length])
        with pytest.raises(ExchangeError):
            import_model(path)


@given(st.integers(0, 8 * 600), st.integers(0, 255))
def test_a_header_that_lies_gives_an_error_or_a_model(
    tmp_path_factory: pytest.TempPathFactory, at: int, value: int
) -> None:
    data = bytearray(DATA)
    data[at % len(data)] = value
    path = tmp_path_factory.mktemp("changed") / "m.safetensors"
    path.write_bytes(data)
    try:
        model = import_model(path)
    except (ExchangeError, MemoryError):
        return
    assert model.Wxh.shape == MODEL.Wxh.shape
