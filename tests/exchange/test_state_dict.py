"""PyTorch's names: which tensor is which parameter, and which modules are no crnn model."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from exchange.models import random_model

from crnn.exchange.parameters import Declared, ExchangeError
from crnn.exchange.state_dict import Tensor, found, state_dict

V, H = 5, 4
MODEL = random_model(V, H, "float64")


def tensors(**changes: Any) -> dict[str, Tensor]:
    """Return the state_dict of a model as a file would give it; None leaves a tensor out."""
    arrays = {**state_dict(MODEL), **{name.replace("__", "."): a for name, a in changes.items()}}
    return {name: tensor(name, array) for name, array in arrays.items() if array is not None}


def tensor(name: str, array: Any) -> Tensor:
    bits = {"float64": 64, "float32": 32}.get(array.dtype.name, 0)
    return Tensor(Declared(name, array.dtype.name, bits, array.shape), lambda: array)


def test_names_shapes_and_types() -> None:
    assert {name: (a.shape, a.dtype.name) for name, a in state_dict(MODEL).items()} == {
        "rnn.weight_ih_l0": ((H, V), "float64"),
        "rnn.weight_hh_l0": ((H, H), "float64"),
        "rnn.bias_ih_l0": ((H,), "float64"),
        "rnn.bias_hh_l0": ((H,), "float64"),
        "linear.weight": ((V, H), "float64"),
        "linear.bias": ((V,), "float64"),
        "code_points": ((V,), "int64"),
    }
    assert all(array.flags.c_contiguous for array in state_dict(MODEL).values())


def test_any_names_before_the_dots() -> None:
    renamed = {
        f"module.{name.replace('rnn', 'cell').replace('linear', 'head.out')}": part
        for name, part in tensors().items()
    }
    result = found("f", renamed)
    assert result.vocab == MODEL.vocab
    assert np.array_equal(result.arrays["Why"], MODEL.Why)


def test_both_biases_are_added() -> None:
    result = found("f", tensors(rnn__bias_hh_l0=np.full(H, 0.5)))
    assert np.array_equal(result.arrays["bh"], MODEL.bh[:, 0] + 0.5)
    column = tensors(rnn__bias_ih_l0=MODEL.bh, rnn__bias_hh_l0=np.full(H, 0.5))
    assert np.array_equal(found("f", column).arrays["bh"], MODEL.bh[:, 0] + 0.5)


def test_biases_and_code_points_may_be_missing() -> None:
    absent: Any = {"rnn__bias_ih_l0": None, "rnn__bias_hh_l0": None, "linear__bias": None}
    result = found("f", tensors(**absent, code_points=None))
    assert result.vocab is None
    assert result.arrays["bh"].tolist() == [0] * H
    assert result.arrays["by"].tolist() == [0] * V


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"rnn__weight_hh_l0": None}, "has no weight_hh_l0, only code_points, linear.bias, linear"),
        ({"linear__weight": None}, "has no weight of the nn.Linear"),
        (
            {"embedding__weight": np.zeros((V, H))},
            "has 2 tensors that may be Why: embedding.weight, linear.weight; expected the state_d",
        ),
        (
            {"rnn__weight_ih_l1": np.zeros((H, H)), "rnn__weight_hh_l1": np.zeros((H, H))},
            "has more than a crnn model can hold: rnn.weight_hh_l1, rnn.weight_ih_l1; expected",
        ),
        ({"rnn__weight_ih_l0_reverse": np.zeros((H, V))}, "has more than a crnn model can hold"),
        (
            {"rnn__weight_ih_l0": np.zeros((4 * H, V))},  # an LSTM
            r"rnn.weight_hh_l0 has shape \(4, 4\), expected \(16, 16\), to fit rnn.weight_ih_l0",
        ),
        ({"rnn__bias_hh_l0": np.zeros(V)}, r"rnn.bias_hh_l0 has shape \(5,\), expected \(4, 1\)"),
        ({"linear__bias": np.zeros(V, np.float16)}, "linear.bias is of type float16, expected"),
        ({"code_points": np.zeros(V)}, "code_points: code_points is an array of float64"),
        ({"code_points": np.zeros(V, int)}, "code_points: chars has .* twice"),
    ],
)
def test_other_modules_are_refused(changes: Any, expected: str) -> None:
    with pytest.raises(ExchangeError, match=f"'f'.*{expected}"):
        found("f", tensors(**changes))


def test_long_lists_are_cut() -> None:
    many: Any = {f"x{i}": np.zeros(1) for i in range(100)}
    with pytest.raises(ExchangeError, match=r"hold: x0, x1, x10.* and 92 more; expected"):
        found("f", tensors(**many))
