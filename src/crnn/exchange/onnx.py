"""ONNX: a graph over T steps of B streams, with the state as an input and an output.

    x (T, B) int64   h0 (B, H)      ->      logits (T, B, V)   h (B, H)

    inputs = Gather(Wxh' + bh', x)                                  (T, B, H), all steps at once
    Scan over T:   h = Tanh(inputs[t] + MatMul(h, Whh'))
    logits = MatMul(all h, Why') + by'

Operators of opset 17, each of which runtimes have in float32 and in float64; the RNN operator is
float32 alone in most. The vocabulary is in the metadata: a JSON list of code points.
"""

from __future__ import annotations

import json
from typing import Any, Final

import numpy as np

from crnn.exchange.parameters import CODE_POINTS, ExchangeError
from crnn.model import RNN
from crnn.version import __version__

__all__ = ["to_bytes"]

_OPSET: Final = 17
_FORMAT: Final = 8  # of the file: what came with that opset
_MOST: Final = 2**31 - 1  # bytes of any protobuf
_ROOM: Final = 2**20  # for all but the numbers


def to_bytes(model: RNN) -> bytes:
    """Return a model as an ONNX file.

    Raises
    ------
    ImportError
        If the package onnx is not installed.
    ExchangeError
        If the model has more than 2 GiB.
    """
    onnx = _library()
    H, V = model.Wxh.shape
    size = (2 * H * V + H * H + V) * model.dtype.itemsize + 12 * V
    if size > _MOST - _ROOM:
        raise ExchangeError(
            f"the model has {size:,} bytes, an ONNX file at most {_MOST:,}: export to npz or torch"
        )
    helper = onnx.helper
    made = helper.make_model(
        _graph(onnx, model),
        opset_imports=[helper.make_opsetid("", _OPSET)],
        ir_version=_FORMAT,
        producer_name="crnn",
        producer_version=__version__,
    )
    points = [int(point) for point in model.vocab.code_points]
    helper.set_model_props(made, {CODE_POINTS: json.dumps(points)})
    onnx.checker.check_model(made, full_check=True)
    data: bytes = made.SerializeToString(deterministic=True)
    return data


def _library() -> Any:
    try:
        import onnx
        import onnx.checker
        import onnx.helper
        import onnx.numpy_helper
    except ImportError as error:
        raise ImportError("ONNX files need onnx: pip install 'crnn[onnx]'") from error
    return onnx


def _graph(onnx: Any, model: RNN) -> Any:
    helper = onnx.helper
    H, V = model.Wxh.shape
    kind = helper.np_dtype_to_tensor_dtype(model.dtype)
    columns = {
        "Wxh_and_bh": (model.Wxh + model.bh).T,
        "Whh": model.Whh.T,
        "Why": model.Why.T,
        "by": model.by[:, 0],
    }
    return helper.make_graph(
        [
            helper.make_node("Gather", ["Wxh_and_bh", "x"], ["inputs"]),
            helper.make_node(
                "Scan", ["h0", "inputs"], ["h", "hs"], body=_step(onnx, kind, H), num_scan_inputs=1
            ),
            helper.make_node("MatMul", ["hs", "Why"], ["products"]),
            helper.make_node("Add", ["products", "by"], ["logits"]),
        ],
        "crnn",
        [
            helper.make_tensor_value_info("x", onnx.TensorProto.INT64, ["T", "B"]),
            helper.make_tensor_value_info("h0", kind, ["B", H]),
        ],
        [
            helper.make_tensor_value_info("logits", kind, ["T", "B", V]),
            helper.make_tensor_value_info("h", kind, ["B", H]),
        ],
        [
            onnx.numpy_helper.from_array(np.ascontiguousarray(array), name)
            for name, array in columns.items()
        ],
    )


def _step(onnx: Any, kind: int, H: int) -> Any:
    """Return the body of the Scan: the next state, as such and as one of all."""
    helper = onnx.helper
    return helper.make_graph(
        [
            helper.make_node("MatMul", ["before", "Whh"], ["recurrent"]),
            helper.make_node("Add", ["recurrent", "input"], ["z"]),
            helper.make_node("Tanh", ["z"], ["after"]),
            helper.make_node("Identity", ["after"], ["row"]),
        ],
        "step",
        [
            helper.make_tensor_value_info("before", kind, ["B", H]),
            helper.make_tensor_value_info("input", kind, ["B", H]),
        ],
        [
            helper.make_tensor_value_info("after", kind, ["B", H]),
            helper.make_tensor_value_info("row", kind, ["B", H]),
        ],
    )
