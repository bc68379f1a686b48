"""crnn.bind against the oracle: values, gradients, streams of samples, and bad input."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from oracle import notebook

import crnn

Array = npt.NDArray[Any]
NAMES = ("Wxh", "Whh", "Why", "bh", "by")
TOLERANCE = {"float64": 1e-12, "float32": 2e-5}
DTYPES = pytest.mark.parametrize("dtype", ["float64", "float32"])


def parameters(
    V: int, H: int, seed: int, dtype: str = "float64", scale: float = 0.1
) -> list[Array]:
    rng = np.random.default_rng(seed)
    shapes = ((H, V), (H, H), (V, H), (H, 1), (V, 1))
    return [(rng.normal(size=shape) * scale).astype(dtype) for shape in shapes]


def in_double(arrays: list[Array]) -> notebook.Parameters:
    return notebook.Parameters(*(array.astype(np.float64) for array in arrays))


def relative_error(got: Array | float, wanted: Array | float) -> float:
    """Of the issue's definition; NaN if anything is NaN, which no comparison passes."""
    difference = np.max(np.abs(np.asarray(got, np.float64) - wanted))
    return float(difference / max(np.max(np.abs(wanted)), 1e-3))


def assert_agrees(got: tuple[Any, ...], wanted: tuple[Any, ...], dtype: str) -> None:
    for value, expected in zip(got, wanted, strict=True):
        assert np.shape(value) == np.shape(expected)
        assert relative_error(value, expected) <= TOLERANCE[dtype]


# --- lossFun --------------------------------------------------------------------------------------


@DTYPES
def test_lossfun_agrees_with_the_oracle_on_four_hundred_shapes(dtype: str) -> None:
    rng = np.random.default_rng(2015)
    for case in range(400):
        H, V, T = int(rng.integers(1, 151)), int(rng.integers(1, 221)), int(rng.integers(1, 61))
        arrays = parameters(V, H, case, dtype, scale=0.1 / np.sqrt(max(1, H / 50)))
        inputs, targets = (rng.integers(0, V, T).tolist() for _ in range(2))
        hprev = rng.uniform(-1, 1, (H, 1)).astype(dtype)
        lossFun, _ = crnn.bind(*arrays)
        wanted = notebook.loss_fun(in_double(arrays), inputs, targets, hprev.astype(np.float64))
        assert_agrees(lossFun(inputs, targets, hprev), wanted, dtype)


LAYOUTS: dict[str, Callable[[Array], Array]] = {
    "C": lambda a: a,
    "Fortran": np.asfortranarray,
    "transposed": lambda a: np.ascontiguousarray(a.T).T,
    "strided": lambda a: np.repeat(np.repeat(a, 2, axis=0), 3, axis=1)[::2, ::3],
    "reversed": lambda a: np.ascontiguousarray(a[::-1, ::-1])[::-1, ::-1],
    "unaligned": lambda a: (
        np.frombuffer(b"x" + a.tobytes(), np.uint8)[1:].view(a.dtype).reshape(a.shape)
    ),
    "read-only": lambda a: np.frombuffer(a.tobytes(), a.dtype).reshape(a.shape),
}
INDEX_TYPES: dict[str, Callable[[list[int]], Any]] = {
    "list": list,
    "tuple": tuple,
    "numpy scalars": lambda x: [np.int16(i) for i in x],
    "int8": lambda x: np.array(x, np.int8),
    "uint64": lambda x: np.array(x, np.uint64),
    "big-endian": lambda x: np.array(x, ">i4"),
    "strided": lambda x: np.repeat(np.array(x), 2)[::2],
}


@given(
    H=st.integers(1, 40),
    V=st.integers(1, 40),
    T=st.integers(1, 20),
    dtype=st.sampled_from(["float32", "float64"]),
    layout=st.sampled_from(sorted(LAYOUTS)),
    index_type=st.sampled_from(sorted(INDEX_TYPES)),
    seed=st.integers(0, 2**32),
)
def test_any_memory_order_and_index_type(
    H: int, V: int, T: int, dtype: str, layout: str, index_type: str, seed: int
) -> None:
    arrays = [LAYOUTS[layout](array) for array in parameters(V, H, seed, dtype)]
    rng = np.random.default_rng(seed)
    inputs, targets = (rng.integers(0, V, T).tolist() for _ in range(2))
    hprev = LAYOUTS[layout](rng.uniform(-1, 1, (H, 1)).astype(dtype))
    lossFun, _ = crnn.bind(*arrays)
    convert = INDEX_TYPES[index_type]
    got = lossFun(convert(inputs), convert(targets), hprev)
    wanted = notebook.loss_fun(in_double(arrays), inputs, targets, hprev.astype(np.float64))
    # Sums of few terms may cancel: rounding is measured by the terms, which are of order 1.
    for value, expected in zip(got, wanted, strict=True):
        largest = max(float(np.max(np.abs(expected))), 0.1)
        assert np.max(np.abs(value - expected)) <= TOLERANCE[dtype] * largest


def placed(array: Array, start: int) -> Array:
    """A copy that begins `start` bytes after a line of the cache."""
    room = np.zeros(array.nbytes + 128, np.uint8)
    first = -room.ctypes.data % 64 + start
    view = room[first : first + array.nbytes].view(array.dtype).reshape(array.shape)
    view[...] = array
    assert view.ctypes.data % 64 == start
    return view


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_no_place_or_order_in_memory_changes_a_bit(dtype: str) -> None:
    """Aligned to a line of the cache, to an element, to nothing; rows, columns, strides."""
    arrays = [*parameters(33, 19, 5, dtype), np.full((19, 1), 0.25, dtype)]

    def bits(*variant: Array) -> list[Any]:
        *bound, hprev = variant
        lossFun, sample = crnn.bind(*bound)
        loss, *gradients = lossFun([1, 2, 32], [2, 32, 0], hprev)
        np.random.seed(3)
        return [loss, *(d.tobytes() for d in gradients), sample(hprev, 4, 30)]

    wanted = bits(*arrays)
    for start in [*range(8), *range(8, 64, 4)]:
        assert bits(*(placed(array, start) for array in arrays)) == wanted, start
    for name, layout in LAYOUTS.items():
        assert bits(*map(layout, arrays)) == wanted, name


def test_gradients_agree_with_complex_steps() -> None:
    H, V, T, step = 9, 11, 7, 1e-30
    arrays = parameters(V, H, seed=3, scale=0.3)
    rng = np.random.default_rng(4)
    inputs, targets = rng.integers(0, V, T).tolist(), rng.integers(0, V, T).tolist()
    hprev = rng.uniform(-1, 1, (H, 1))
    _, *gradients, _ = crnn.bind(*arrays)[0](inputs, targets, hprev)
    for which, gradient in enumerate(gradients):
        wanted = np.zeros_like(gradient)
        for at in np.ndindex(*gradient.shape):
            moved = [array.astype(complex) for array in arrays]
            moved[which][at] += 1j * step
            loss = notebook.loss_only(notebook.Parameters(*moved), inputs, targets, hprev)
            wanted[at] = loss.imag / step
        assert np.max(np.abs(gradient - wanted)) <= 1e-10 * np.max(np.abs(wanted)), NAMES[which]


@DTYPES
def test_results_are_fresh_and_arguments_untouched(dtype: str) -> None:
    arrays = parameters(6, 5, seed=1, dtype=dtype)
    hprev = np.full((5, 1), 0.5, dtype)
    before = [array.copy() for array in [*arrays, hprev]]
    lossFun, sample = crnn.bind(*arrays)
    first = lossFun([0, 1], [1, 2], hprev)
    kept = [np.copy(value) for value in first]
    second = lossFun([3, 4, 5], [4, 5, 0], hprev)
    sample(hprev, 0, 10)
    for array, copy in zip([*arrays, hprev], before, strict=True):
        np.testing.assert_array_equal(array, copy)
    for value, other, copy in zip(first[1:], second[1:], kept[1:], strict=True):
        assert value.dtype == dtype
        assert value.flags.c_contiguous
        assert value.flags.writeable
        assert not np.shares_memory(value, other)
        np.testing.assert_array_equal(value, copy)
    assert isinstance(first[0], float)


def test_updates_in_place_are_seen_by_the_next_call() -> None:
    arrays = parameters(6, 5, seed=2)
    lossFun, sample = crnn.bind(*arrays)
    hprev = np.zeros((5, 1))
    for array in arrays:
        array += 0.25
        wanted = notebook.loss_fun(notebook.Parameters(*arrays), [0, 1], [1, 2], hprev)
        assert_agrees(lossFun([0, 1], [1, 2], hprev), wanted, "float64")
    arrays[4][3] = 1000
    assert sample(hprev, 0, 5) == [3] * 5


def test_gradients_are_clipped_to_five() -> None:
    arrays = parameters(4, 3, seed=5, scale=3.0)
    inputs = [0, 1, 2, 3] * 10
    _, *gradients, _ = crnn.bind(*arrays)[0](inputs, [3] * 40, np.zeros((3, 1)))
    assert max(np.max(np.abs(gradient)) for gradient in gradients) == 5


@DTYPES
def test_logits_that_overflow_the_notebooks_softmax_do_not_here(dtype: str) -> None:
    arrays = parameters(4, 3, seed=6, dtype=dtype)
    arrays[4][:] = np.array([[0], [3000], [2999], [-3000]])
    lossFun, sample = crnn.bind(*arrays)
    loss, *gradients, _ = lossFun([0], [2], np.zeros((3, 1), dtype))
    assert abs(loss - np.log(1 + np.e)) < 0.3
    assert all(np.isfinite(gradient).all() for gradient in gradients)
    assert set(sample(np.zeros((3, 1), dtype), 0, 100)) == {1, 2}


@DTYPES
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_nan_and_infinity_in_the_parameters_do_no_harm(bad: float, dtype: str) -> None:
    for name in range(5):
        arrays = parameters(7, 6, seed=name, dtype=dtype)
        arrays[name][:] = bad
        lossFun, sample = crnn.bind(*arrays)
        lossFun([0, 1, 2], [1, 2, 3], np.full((6, 1), bad, dtype))
        try:
            drawn = sample(np.zeros((6, 1), dtype), 0, 20)
        except ValueError as error:
            assert "probabilities contain NaN" in str(error)  # noqa: PT017 (either is right)
        else:
            assert all(0 <= ix < 7 for ix in drawn)


def test_several_threads_take_turns() -> None:
    arrays = parameters(20, 30, seed=7)
    lossFun, _ = crnn.bind(*arrays)
    cases = [[t % 20 for t in range(length)] for length in (3, 50, 11, 70)]
    wanted = [lossFun(case, case, np.zeros((30, 1)))[0] for case in cases]
    wrong: list[float] = []

    def work(case: list[int], loss: float) -> None:
        for _ in range(50):
            if lossFun(case, case, np.zeros((30, 1)))[0] != loss:
                wrong.append(loss)

    threads = [threading.Thread(target=work, args=pair) for pair in zip(cases, wanted, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


# --- sample ---------------------------------------------------------------------------------------


def same_numpy_state(one: Any, other: Any) -> bool:
    return all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


def test_sixty_seeds_draw_what_the_reference_draws() -> None:
    arrays = parameters(60, 50, seed=8)
    arrays[2] *= 20  # far from uniform; the recurrence itself must not be chaotic
    _, sample = crnn.bind(*arrays)
    h = np.random.default_rng(9).uniform(-1, 1, (50, 1))
    for seed in range(60):
        np.random.seed(seed)
        wanted = notebook.sample(notebook.Parameters(*arrays), h, seed, 800)
        state = np.random.get_state()
        np.random.seed(seed)
        got = sample(h, seed, 800)
        assert got == wanted
        assert same_numpy_state(np.random.get_state(), state)
        assert all(type(ix) is int for ix in got)


def test_float32_draws_nearly_always_what_the_reference_draws() -> None:
    arrays = parameters(30, 20, seed=10, dtype="float32", scale=0.5)
    h = np.zeros((20, 1), np.float32)
    np.random.seed(1)
    wanted = notebook.sample(notebook.Parameters(*arrays), h, 0, 300)
    np.random.seed(1)
    got = crnn.bind(*arrays)[1](h, 0, 300)
    assert np.mean(np.array(got) == wanted) > 0.9


def test_numpys_state_is_the_references_after_an_error_in_the_middle() -> None:
    arrays = parameters(4, 1, seed=11)
    arrays[0][:] = [[-1, -1, 1, -1]]  # a 2 makes the state positive ...
    arrays[2][3] = np.inf  # ... and then the logit of 3 is infinite
    _, sample = crnn.bind(*arrays)
    h = np.zeros((1, 1))
    np.random.seed(12)
    with np.errstate(invalid="ignore"), pytest.raises(ValueError, match="contain NaN"):
        notebook.sample(notebook.Parameters(*arrays), h, 0, 500)
    state = np.random.get_state()
    np.random.seed(12)
    with pytest.raises(ValueError, match=r"probabilities contain NaN at draw [1-9]"):
        sample(h, 0, 500)
    assert same_numpy_state(np.random.get_state(), state)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_nan_in_a_column_never_read_is_an_error_before_the_first_draw_like_the_references(
    bad: float,
) -> None:
    arrays = parameters(4, 3, seed=12)
    arrays[0][1, 3] = bad
    _, sample = crnn.bind(*arrays)
    state = np.random.get_state()
    with pytest.raises(ValueError, match=r"probabilities contain NaN.*Wxh"):
        sample(np.zeros((3, 1)), 0, 1)
    assert same_numpy_state(np.random.get_state(), state)


def test_numpys_state_is_untouched_by_refused_arguments() -> None:
    _, sample = crnn.bind(*parameters(5, 4, seed=13))
    state = np.random.get_state()
    with pytest.raises(IndexError):
        sample(np.zeros((4, 1)), 5, 10)
    assert sample(np.zeros((4, 1)), 0, 0) == []
    assert same_numpy_state(np.random.get_state(), state)


@DTYPES
def test_one_character_and_one_unit_work(dtype: str) -> None:
    lossFun, sample = crnn.bind(*parameters(1, 1, seed=14, dtype=dtype))
    loss, *_ = lossFun([0, 0], [0, 0], np.zeros((1, 1), dtype))
    assert loss == 0
    assert sample(np.zeros((1, 1), dtype), 0, 5) == [0] * 5


# --- bad input ------------------------------------------------------------------------------------

GOOD: dict[str, Any] = {"inputs": [0, 1], "targets": [1, 2], "hprev": np.zeros((4, 1))}
BAD_CALLS = [
    ({"inputs": [0, 5]}, IndexError, r"inputs\[1\] is 5, expected an index from 0 to 4"),
    ({"inputs": [-1, 0]}, IndexError, r"inputs\[0\] is -1, expected an index from 0 to 4"),
    ({"targets": [0, 2**40]}, IndexError, r"targets\[1\] is 1099511627776"),
    ({"targets": [2**70, 0]}, IndexError, r"targets\[0\] is 1180591620717411303424"),
    ({"inputs": np.array([2**32, 0])}, IndexError, r"inputs\[0\] is 4294967296"),
    ({"inputs": [0]}, ValueError, "inputs has 1 indices but targets has 2"),
    ({"inputs": []}, ValueError, "inputs is empty"),
    ({"targets": np.array([], np.int64)}, ValueError, "targets is empty"),
    ({"inputs": None}, TypeError, "inputs is of type NoneType, expected a list of integers"),
    ({"inputs": "ab"}, TypeError, "inputs is of type str"),
    ({"inputs": np.array([0.0, 1.0])}, TypeError, "inputs has dtype float64"),
    ({"inputs": [0, 1.0]}, TypeError, r"inputs\[1\] is 1.0, expected an integer"),
    ({"inputs": [0, None]}, TypeError, r"inputs\[1\] is None, expected an integer"),
    ({"inputs": [False, True]}, TypeError, r"inputs\[0\] is False, expected an integer"),
    ({"inputs": np.array([False, True])}, TypeError, "inputs has dtype bool"),
    ({"inputs": np.ma.array([0, 1])}, TypeError, "inputs is of type MaskedArray"),
    ({"inputs": np.array([[0, 1]])}, ValueError, r"inputs has shape \(1, 2\)"),
    ({"hprev": np.zeros(4)}, ValueError, r"hprev has shape \(4,\), expected \(4, 1\)"),
    ({"hprev": np.zeros((1, 4))}, ValueError, r"hprev has shape \(1, 4\), expected \(4, 1\)"),
    ({"hprev": np.zeros((5, 1))}, ValueError, r"expected \(4, 1\): \(hidden_size, 1\)"),
    ({"hprev": None}, TypeError, "hprev is of type NoneType, expected a NumPy array"),
    ({"hprev": np.zeros((4, 1), "float32")}, TypeError, "hprev is float32 but Wxh is float64"),
    ({"hprev": np.zeros((4, 1), "float16")}, TypeError, "hprev has dtype float16"),
    ({"hprev": np.zeros((4, 1), complex)}, TypeError, "hprev has dtype complex128"),
    ({"hprev": np.zeros((4, 1), object)}, TypeError, "hprev has dtype object"),
    ({"hprev": np.zeros((4, 1), ">f8")}, TypeError, "hprev is byte-swapped"),
    ({"hprev": np.ma.zeros((4, 1))}, TypeError, "hprev is a masked array"),
]


@pytest.mark.parametrize(("changed", "error", "message"), BAD_CALLS)
def test_bad_arguments_of_lossfun(
    changed: dict[str, Any], error: type[Exception], message: str
) -> None:
    lossFun, _ = crnn.bind(*parameters(5, 4, seed=15))
    with pytest.raises(error, match=message):
        lossFun(**(GOOD | changed))
    assert np.isfinite(lossFun(**GOOD)[0])


@pytest.mark.parametrize(
    ("h", "seed_ix", "n", "error", "message"),
    [
        (np.zeros((4, 1)), 5, 1, IndexError, "seed_ix is 5, expected an index from 0 to 4"),
        (np.zeros((4, 1)), -1, 1, IndexError, "seed_ix is -1"),
        (np.zeros((4, 1)), 1.5, 1, TypeError, "seed_ix is 1.5, expected an integer"),
        (np.zeros((4, 1)), True, 1, TypeError, "seed_ix is True, expected an integer"),
        (np.zeros((4, 1)), None, 1, TypeError, "seed_ix is None, expected an integer"),
        (np.zeros((4, 1)), 0, -1, ValueError, "n is -1, expected at least 0"),
        (np.zeros((4, 1)), 0, 2.0, TypeError, "n is 2.0, expected an integer"),
        (np.zeros((4, 1)), 0, 2**70, MemoryError, "n is 1,180,591,620,717,411,303,424: .*needed"),
        (np.zeros(4), 0, 1, ValueError, r"h has shape \(4,\), expected \(4, 1\)"),
        (None, 0, 1, TypeError, "h is of type NoneType"),
    ],
)
def test_bad_arguments_of_sample(
    h: Any, seed_ix: Any, n: Any, error: type[Exception], message: str
) -> None:
    _, sample = crnn.bind(*parameters(5, 4, seed=16))
    with pytest.raises(error, match=message):
        sample(h, seed_ix, n)


@pytest.mark.parametrize(
    ("which", "replacement", "error", "message"),
    [
        (0, np.zeros(5), ValueError, r"Wxh has shape \(5,\), expected \(any, any\)"),
        (0, np.zeros((0, 5)), ValueError, r"Wxh has shape \(0, 5\)"),
        (1, np.zeros((4, 5)), ValueError, r"Whh has shape \(4, 5\).*Wxh, which has shape \(4, 5\)"),
        (2, np.zeros((4, 5)), ValueError, r"Why has shape \(4, 5\), expected \(5, 4\).*to fit Wxh"),
        (3, np.zeros(4), ValueError, r"bh has shape \(4,\), expected \(4, 1\)"),
        (4, np.zeros((1, 5)), ValueError, r"by has shape \(1, 5\), expected \(5, 1\)"),
        (4, np.zeros((5, 1), "float32"), TypeError, "by is float32 but Wxh is float64"),
        (2, None, TypeError, "Why is of type NoneType"),
        (2, [[0.0]], TypeError, "Why is of type list, expected a NumPy array"),
        (1, np.zeros((4, 4), "float16"), TypeError, "Whh has dtype float16"),
        (1, np.zeros((4, 4), int), TypeError, "Whh has dtype int64.*astype"),
        (1, np.zeros((4, 4), ">f8"), TypeError, "Whh is byte-swapped"),
        (1, np.ma.zeros((4, 4)), TypeError, "Whh is a masked array"),
    ],
)
def test_bad_parameters_of_bind(
    which: int, replacement: Any, error: type[Exception], message: str
) -> None:
    arrays: list[Any] = parameters(5, 4, seed=17)
    arrays[which] = replacement
    with pytest.raises(error, match=message):
        crnn.bind(*arrays)


@pytest.mark.parametrize("shape", [(4, 3), (5, 4), (20,)])
def test_array_whose_shape_is_changed_after_binding_is_refused(shape: tuple[int, ...]) -> None:
    arrays = parameters(5, 4, seed=18)
    lossFun, sample = crnn.bind(*arrays)
    arrays[0].resize(shape, refcheck=False)
    for call in (
        lambda: lossFun([0], [1], np.zeros((4, 1))),
        lambda: sample(np.zeros((4, 1)), 0, 1),
    ):
        with pytest.raises(ValueError, match=r"Wxh has shape .*bound with \(4, 5\): bind again"):
            call()


def test_infinity_of_the_only_column_is_no_error() -> None:
    arrays = parameters(1, 3, seed=19)
    arrays[0][:] = np.inf  # nothing is multiplied by zero: tanh(inf) is 1
    assert crnn.bind(*arrays)[1](np.zeros((3, 1)), 0, 4) == [0] * 4
