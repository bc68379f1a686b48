"""The compiled reading of known texts: the contract's bits, whoever reads and however it is cut."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hostile import MODES, hostile, needs_modes
from hypothesis import given
from hypothesis import strategies as st
from oracle import contract

from crnn import core
from crnn.scoring import Reading, exp_of, log_of, mean_of, total_of

Array = npt.NDArray[Any]
DOUBLE = pytest.mark.parametrize("double", [False, True], ids=["float32", "float64"])


def net_of(
    double: bool, V: int = 7, H: int = 5, gain: float = 1.0, isa: str | None = None
) -> core.Net:
    """A net with weights that are far from small."""
    net, rng = core.Net(V, H, double, isa), np.random.default_rng(V * 1000 + H)
    for array in arrays_of(net).values():
        array[...] = rng.standard_normal(array.shape) * gain
    return net


def arrays_of(net: core.Net) -> dict[str, Array]:
    """The net's parameters, by name, as live views."""
    memory = memoryview(net.block)
    layout = net.layout()
    dtype = np.float64 if layout["Whh"][2][0] == 8 else np.float32
    return {
        name: np.ndarray(shape, dtype, memory, offset, strides)
        for name, (offset, shape, strides) in layout.items()
    }


def oracle_of(net: core.Net) -> contract.Parameters:
    arrays = {name: array.copy() for name, array in arrays_of(net).items()}
    return contract.Parameters(
        arrays["Wxh"], arrays["Whh"], arrays["Why"], arrays["bh"][:, 0], arrays["by"][:, 0]
    )


class Read:
    """All that can be asked for of some texts, read in runs of so many characters."""

    def __init__(
        self, net: core.Net, texts: list[list[int]], begin: Array | None = None, run: int = 10**9
    ) -> None:
        dtype, H = arrays_of(net)["bh"].dtype, len(arrays_of(net)["bh"])
        x = np.array([c for text in texts for c in text], np.int32)
        lengths = [len(text) for text in texts]
        self.scores = np.empty(len(x)), np.empty(len(x), np.int32), np.empty(len(x))
        self.states = np.empty((len(x), H), dtype)
        self.last, self.mean = np.empty((2, len(texts), H), dtype)
        of_all: dict[str, Any] = {"scores": self.scores, "states": self.states}
        for vectors, more in ((self.last, of_all), (self.mean, {"mean": True})):
            reading = Reading(net, x, lengths, begin, vectors=vectors, **more)
            left = len(x)
            while left:
                read = reading.run(run)
                assert min(run, left) <= read <= left
                left -= read
            assert reading.run(run) == 0

    def all(self) -> list[Array]:
        """Everything, for comparing."""
        return [*self.scores, self.states, self.last, self.mean]


def assert_same(got: list[Array], wanted: list[Array]) -> None:
    for one, other in zip(got, wanted, strict=True):
        np.testing.assert_array_equal(one, other)  # NaN is equal to NaN


def some_texts(V: int, lengths: list[int]) -> list[list[int]]:
    rng = np.random.default_rng(sum(lengths))
    return [rng.integers(0, V, n).tolist() for n in lengths]


@DOUBLE
@pytest.mark.parametrize(("V", "H", "gain"), [(1, 1, 1), (5, 3, 1), (17, 16, 9), (40, 33, 0.3)])
def test_every_bit_is_the_contracts(V: int, H: int, gain: float, double: bool) -> None:
    net = net_of(double, V, H, gain)
    w, texts = oracle_of(net), some_texts(V, [3, 0, 7, 1, 7])
    begin = np.linspace(-1, 1, H).astype(w.bh.dtype)
    read, at = Read(net, texts, begin), 0
    for i, text in enumerate(texts):
        here = slice(at, at := at + len(text))
        nats, rank, entropy = contract.scores(w, begin, text)
        scores = [nats.astype(np.float64), rank, entropy.astype(np.float64)]
        assert_same([array[here] for array in read.scores], scores)
        assert_same([read.states[here]], [contract.states_of(w, begin, text)[1:]])
        assert_same([read.last[i]], [contract.text_vector(w, begin, text, "last")])
        assert_same([read.mean[i]], [contract.text_vector(w, begin, text, "mean")])


@DOUBLE
@pytest.mark.parametrize(("V", "H"), [(3, 2), (65, 31), (100, 48)])
def test_every_table_gives_the_same_bits(V: int, H: int, double: bool) -> None:
    texts = some_texts(V, [300, 17, 17, 0, 1, 81, *range(30, 80)])
    wanted = Read(net_of(double, V, H, isa="portable"), texts).all()
    assert all(np.isfinite(array).all() for array in wanted)
    for isa in core.available_isas()[1:]:
        assert_same(Read(net_of(double, V, H, isa=isa), texts).all(), wanted)


@given(
    lengths=st.lists(st.integers(0, 50) | st.integers(75, 90), max_size=45),
    run=st.integers(1, 300),
    double=st.booleans(),
)
def test_texts_side_by_side_give_the_bits_of_each_alone(
    lengths: list[int], run: int, double: bool
) -> None:
    net = net_of(double)
    texts = some_texts(7, lengths)
    together = Read(net, texts, run=run)
    alone = [Read(net, [text]) for text in texts]
    for got, *parts in zip(together.all(), *(one.all() for one in alone), strict=True):
        np.testing.assert_array_equal(got, np.concatenate([got[:0], *parts]))


@needs_modes
@pytest.mark.parametrize("mode", MODES)
def test_the_callers_mode_changes_no_bit(mode: str) -> None:
    net, texts = net_of(True, 40, 33), some_texts(40, [50, 30])
    wanted = Read(net, texts)
    totals = total_of(*wanted.scores[:2]), mean_of(1.0, 3), exp_of(1.3), log_of(173)
    with hostile(mode):
        got = Read(net, texts)
        in_mode = total_of(*wanted.scores[:2]), mean_of(1.0, 3), exp_of(1.3), log_of(173)
    assert_same(got.all(), wanted.all())
    assert in_mode == totals


def test_a_nan_makes_all_after_it_nan_and_ranks_last() -> None:
    net = net_of(True)
    arrays_of(net)["Wxh"][0, 3] = np.nan
    read = Read(net, [[1, 2, 3, 4, 5], [1, 2, 4]])
    nats, rank, entropy = read.scores
    wanted = [False, False, False, True, True, False, False, False]
    assert np.isnan(nats).tolist() == np.isnan(entropy).tolist() == wanted
    assert rank[3:5].tolist() == [7, 7]
    assert np.isnan(read.last).any(axis=1).tolist() == [True, False]


def test_ranks_of_equal_logits_rise_with_the_index() -> None:
    net = core.Net(4, 2, True)  # all zero
    arrays_of(net)["by"][2] = 1
    nats, rank, entropy = Read(net, [[0, 1, 2, 3]]).scores
    assert rank.tolist() == [2, 3, 1, 4]
    total = math.log(3 + math.e)
    np.testing.assert_allclose(nats, [total, total, total - 1, total], rtol=1e-15)
    np.testing.assert_allclose(entropy, total - math.e / (3 + math.e), rtol=1e-15)


def test_an_impossible_character_is_infinitely_surprising_and_costs_no_entropy() -> None:
    net = core.Net(2, 1, False)
    arrays_of(net)["by"][1] = -np.inf
    nats, rank, entropy = Read(net, [[0, 1]]).scores
    assert (nats.tolist(), rank.tolist(), entropy.tolist()) == ([0, math.inf], [1, 2], [0, 0])


def test_totals_are_sums_in_order_of_what_is_not_skipped() -> None:
    nats = np.array([1e16, 1.0, np.nan, 1.0, -1e16, 3.0])
    rank = np.array([1, 2, 0, 1, 1, 1], np.int32)
    assert total_of(nats, rank) == (3.0, 5)  # 1e16 + 1 is 1e16
    assert total_of(nats[:0], rank[:0]) == (0.0, 0)
    rank[2] = 5
    assert math.isnan(total_of(nats, rank)[0])


def test_numbers_are_those_of_the_contract() -> None:
    t = contract.FLOAT64
    for x in (0.5, 2.0, 173.0):
        assert exp_of(x) == float(contract.exp(np.array([x], t))[0])
        assert log_of(x) == float(contract.log(np.array([x], t))[0])
    assert math.isnan(mean_of(0.0, 0))


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"indices": np.array([0, 7, 1], np.int32)}, IndexError, r"indices\[1\] is 7"),
        ({"indices": np.array([0, -1, 1], np.int32)}, IndexError, r"indices\[1\] is -1"),
        ({"indices": np.zeros(3, np.int64)}, ValueError, "indices: expected 3 elements of 4 bytes"),
        ({"lengths": [2]}, ValueError, "lengths are 2 in all, expected 3"),
        ({"lengths": [4, -1]}, ValueError, "lengths has -1, expected at least 0"),
        ({"lengths": [2**70]}, OverflowError, "too large"),
        ({"lengths": [1.5, 1.5]}, TypeError, "integer"),
        ({"begin": np.zeros(4)}, ValueError, "begin: expected 5 elements"),
        ({"scores": (np.zeros(3), np.zeros(2, np.int32), np.zeros(3))}, ValueError, "rank: exp"),
        ({"scores": (np.zeros(3), np.zeros(3, np.int32))}, ValueError, "unpack"),
        ({"states": np.zeros((3, 5), np.float32)}, ValueError, "states: expected 15 elements of 8"),
        ({"vectors": np.zeros((2, 5))}, ValueError, "vectors: expected 5 elements"),
    ],
)
def test_what_does_not_fit_together_is_refused(
    change: dict[str, Any], error: type[Exception], message: str
) -> None:
    fits: dict[str, Any] = {"indices": np.zeros(3, np.int32), "lengths": [3]}
    Reading(net_of(True), **fits)
    with pytest.raises(error, match=message):
        Reading(net_of(True), **(fits | change))
