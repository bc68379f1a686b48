"""ONNX graphs, run by onnxruntime."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from exchange.models import difference, logits, random_model

from crnn.exchange import ExchangeError, export
from crnn.exchange import onnx as format_


def session(path: Path) -> Any:
    return onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])


@pytest.mark.parametrize(("dtype", "bound"), [("float32", 1e-5), ("float64", 1e-12)])
@pytest.mark.parametrize(
    ("V", "H", "factor"), [(1, 1, 1), (3, 2, 10), (27, 16, 4), (65, 100, 1), (173, 64, 2)]
)
def test_a_runtime_predicts_the_same(
    tmp_path: Path, dtype: str, bound: float, V: int, H: int, factor: float
) -> None:
    model = random_model(V, H, dtype, factor=factor)
    export(model, tmp_path / "m.onnx")
    graph = session(tmp_path / "m.onnx")
    for T, B in ((1, 1), (7, 3), (100, 2)):
        x = np.random.default_rng(T).integers(0, V, (T, B))
        y, h = graph.run(["logits", "h"], {"x": x, "h0": np.zeros((B, H), dtype)})
        expected, last = logits(model, x)
        assert y.dtype == model.dtype
        assert difference(y, expected) <= bound
        assert difference(h, last) <= bound


def test_a_state_goes_on(tmp_path: Path) -> None:
    model = random_model(9, 8, "float64")
    export(model, tmp_path / "m.onnx")
    graph = session(tmp_path / "m.onnx")
    x = np.random.default_rng(1).integers(0, 9, (30, 2))
    h = np.zeros((2, 8))
    parts = []
    for part in (x[:11], x[11:12], x[12:]):
        y, h = graph.run(["logits", "h"], {"x": part, "h0": h})
        parts.append(y)
    assert difference(np.concatenate(parts), logits(model, x)[0]) <= 1e-12


def test_what_the_file_says(tmp_path: Path) -> None:
    model = random_model(7, 3, "float32")
    export(model, tmp_path / "m.onnx")
    made = onnx.load(tmp_path / "m.onnx")
    onnx.checker.check_model(made, full_check=True)
    assert made.producer_name == "crnn"
    graph = session(tmp_path / "m.onnx")
    points = json.loads(graph.get_modelmeta().custom_metadata_map["code_points"])
    assert "".join(map(chr, points)) == model.vocab.chars
    shapes = {part.name: part.shape for part in (*graph.get_inputs(), *graph.get_outputs())}
    assert shapes == {"x": ["T", "B"], "h0": ["B", 3], "logits": ["T", "B", 7], "h": ["B", 3]}


def test_what_no_onnx_file_can_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(format_, "_MOST", 2**20 + 100)
    with pytest.raises(ExchangeError, match=r"the model has .* bytes, an ONNX file at most"):
        format_.to_bytes(random_model(7, 3, "float32"))
