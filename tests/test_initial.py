"""First weights: orthogonal, identity, normal, uniform within their bounds; beside NumPy."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from crnn import core, initial

Array = npt.NDArray[Any]
DOUBLE = pytest.mark.parametrize("double", [False, True], ids=["float32", "float64"])
SIZES = pytest.mark.parametrize(
    ("V", "H"), [(1, 1), (3, 2), (5, 15), (2, 16), (7, 33), (65, 100), (3, 257)]
)


def drawn(
    V: int, H: int, double: bool, way: str, bits: np.random.PCG64 | None = None
) -> dict[str, Array]:
    net = core.Net(V, H, double)
    initial.draw_weights(net, bits or np.random.PCG64(V * 1000 + H), way)
    dtype, memory = np.float64 if double else np.float32, memoryview(net.block)
    return {
        name: np.ndarray(shape, dtype, memory, offset, strides)
        for name, (offset, shape, strides) in net.layout().items()
    }


@DOUBLE
@SIZES
def test_orthogonal_columns_are_orthogonal_and_of_length_one(V: int, H: int, double: bool) -> None:
    Whh = drawn(V, H, double, "orthogonal")["Whh"].astype(np.float64)
    assert np.abs(Whh.T @ Whh - np.eye(H)).max() <= (1e-13 if double else 1e-5)


@SIZES
def test_orthogonal_columns_span_what_the_normal_numbers_did(V: int, H: int) -> None:
    """Whh is the Q of NumPy's decomposition, where the diagonal of R is positive."""
    bits = np.random.PCG64(9)
    got = drawn(V, H, True, "orthogonal", np.random.PCG64(9))["Whh"]
    bits.advance(V * H)  # one coin for each element of Wxh
    normals = normal_numbers(bits)
    Q, R = np.linalg.qr(np.array([next(normals) for _ in range(H * H)]).reshape(H, H))
    np.testing.assert_allclose(got, Q * np.sign(np.diag(R)), rtol=0, atol=1e-11)


def normal_numbers(bits: np.random.PCG64) -> Iterator[float]:
    """Yield what the polar method makes of the bits."""
    while True:
        u, v = (2 * (bits.random_raw() >> 11) * 2.0**-53 - 1 for _ in range(2))
        s = u * u + v * v
        if 0 < s < 1:
            factor = math.sqrt(-2 * math.log(s) / s)
            yield from (u * factor, v * factor)


@DOUBLE
@pytest.mark.parametrize("way", ["orthogonal", "identity"])
@SIZES
def test_the_other_weights_are_uniform_within_glorots_bound(
    V: int, H: int, double: bool, way: str
) -> None:
    weights = drawn(V, H, double, way)
    bound = math.sqrt(6 / (V + H))
    for name in ("Wxh", "Why"):
        size = np.abs(weights[name]).max()
        assert 0 < size <= np.nextafter(weights[name].dtype.type(bound), np.inf)
        if V * H > 200:
            assert size > 0.98 * bound
            assert abs(weights[name].mean()) < 0.1 * bound
    assert not weights["bh"].any()
    assert not weights["by"].any()


@DOUBLE
def test_the_identity_takes_nothing_from_the_stream(double: bool) -> None:
    V, H = 7, 33
    weights = drawn(V, H, double, "identity", np.random.PCG64(3))
    assert np.array_equal(weights["Whh"], np.eye(H))
    coins = np.array([raw >> 11 for raw in np.random.PCG64(3).random_raw(2 * V * H).tolist()])
    uniform = ((2 * (coins * 2.0**-53) - 1) * math.sqrt(6 / (V + H))).astype(weights["Why"].dtype)
    assert np.array_equal(weights["Wxh"], uniform[: V * H].reshape(H, V))
    assert np.array_equal(weights["Why"], uniform[V * H :].reshape(V, H))


@DOUBLE
def test_normal_weights_have_the_references_deviation(double: bool) -> None:
    weights = drawn(65, 100, double, "normal")
    every = np.concatenate([weights[name].ravel() for name in ("Wxh", "Whh", "Why")])
    assert abs(every.mean()) < 2e-4
    assert abs(every.std() - 0.01) < 2e-4
    assert np.array_equal(drawn(65, 100, double, "normal")["Whh"], weights["Whh"])


def test_what_was_there_does_not_matter() -> None:
    net = core.Net(5, 17, True)
    np.frombuffer(memoryview(net.block))[:] = np.nan
    for way in initial.WAYS:
        initial.draw_weights(net, np.random.PCG64(1), way)
        offset, shape, strides = net.layout()["Whh"]
        Whh: Array = np.ndarray(shape, np.float64, memoryview(net.block), offset, strides)
        assert np.array_equal(Whh, drawn(5, 17, True, way, np.random.PCG64(1))["Whh"])


UNTYPED: Any = initial.draw_weights


def test_anything_else_is_refused() -> None:
    net = core.Net(3, 4, True)
    with pytest.raises(
        ValueError, match="way is 'xavier', expected normal, orthogonal or identity"
    ):
        initial.draw_weights(net, np.random.PCG64(1), "xavier")
    with pytest.raises(TypeError, match="Argument 'net'"):
        UNTYPED(None, np.random.PCG64(1))
    with pytest.raises(AttributeError, match="capsule"):
        UNTYPED(net, 5)
