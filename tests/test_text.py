"""Texts: which arrays and documents are taken, and where windows begin in them."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from crnn import core, initial
from crnn.descent import Optimizer
from crnn.text import Text
from crnn.training import Training

Array = npt.NDArray[Any]
V, H = 5, 3


def training_on(text: Text, T: int, B: int) -> Training:
    net = core.Net(V, H, True)
    initial.draw_weights(net, np.random.PCG64(1), "orthogonal")
    return Training(net, text, T, B, Optimizer("sgd", learning_rate=0.01))


def indices(n: int, dtype: Any = np.int32) -> Array:
    return np.random.default_rng(n).integers(0, V, n).astype(dtype)


# --- where windows begin --------------------------------------------------------------------------


def pieces(starts: list[int], begin: int, end: int) -> list[tuple[int, int]]:
    """Return the documents of a part that have something to predict, counted from its beginning."""
    borders = [0, *(start - begin for start in starts if begin < start < end), end - begin]
    return [(first, last) for first, last in itertools.pairwise(borders) if last - first > 1]


def walk(documents: list[tuple[int, int]], T: int, windows: int) -> list[tuple[int, bool]]:
    """Return each position in a part, and whether a document begins there, as one would by hand."""
    places: list[tuple[int, bool]] = []
    while len(places) <= windows:
        for first, last in documents:
            places += [(p, p == first) for p in range(first, last - 1, T)]
    return places[: windows + 1]


@given(st.lists(st.integers(1, 9), min_size=1, max_size=12), st.integers(1, 6), st.integers(1, 3))
@settings(max_examples=60)
def test_no_window_crosses_from_one_document_to_the_next(
    lengths: list[int], T: int, B: int
) -> None:
    starts = np.cumsum([0, *lengths[:-1]]).tolist()
    n = sum(lengths)
    part = n // B
    assume(part >= T + 2)
    documents = [pieces(starts, b * part, (b + 1) * part) for b in range(B)]
    assume(all(documents))
    training = training_on(Text(indices(n), V, np.array(starts, np.int64)), T, B)
    expected = [walk(mine, T, 20) for mine in documents]
    h = np.empty(H)
    for window in range(21):
        assert training.positions == [places[window][0] for places in expected]
        for b in range(B):
            training.state(b).get(h)
            assert (not h.any()) == expected[b][window][1]
        training.run(1)


def test_a_text_in_one_piece_wraps_where_the_references_does() -> None:
    training = training_on(Text(indices(3 * 12), V), 3, 3)
    seen = []
    for _ in range(7):
        seen.append(training.positions)
        training.run(1)
    assert seen == [[p] * 3 for p in (0, 3, 6, 0, 3, 6, 0)]


def test_one_document_is_read_to_its_end_and_a_text_in_one_piece_is_not() -> None:
    """The reference wraps where a whole window and one character more would not fit."""
    apart = training_on(Text(indices(12), V, np.zeros(1, np.int64)), 3, 1)
    seen = []
    for _ in range(5):
        seen += apart.positions
        apart.run(1)
    assert seen == [0, 3, 6, 9, 0]


def test_documents_that_are_given_and_then_changed_are_those_that_were_given() -> None:
    starts = np.array([0, 7, 20], np.int64)
    training = training_on(Text(indices(30), V, starts), 5, 1)
    starts[:] = -(2**62), 2**40, 2**62
    for position in (0, 5, 7, 12, 17, 20):
        assert training.positions == [position]
        training.run(1)


# --- which arrays are taken -----------------------------------------------------------------------


def test_indices_of_any_width_train_to_the_same_bytes() -> None:
    losses = set()
    for dtype in (np.uint8, np.uint16, np.int32):
        training = training_on(Text(indices(40, dtype), V), 4, 2)
        training.run(9)
        losses.add(training.smooth_loss.hex())
    assert len(losses) == 1


@pytest.mark.parametrize(
    "array",
    [indices(9, np.int64), indices(9, np.float32), indices(9, ">i4"), indices(9, np.int8),
     indices(9, np.uint32), indices(18)[::2], bytes(9), list(range(9)), "abc"],
    ids=["int64", "float32", "big-endian", "int8", "uint32", "strided", "bytes", "list", "str"],
)  # fmt: skip
def test_arrays_of_another_kind_are_refused(array: Any) -> None:
    with pytest.raises((TypeError, ValueError, BufferError), match=r"text|contiguous"):
        Text(array, V)


@pytest.mark.parametrize(
    ("starts", "message"),
    [
        ([], "expected 0 first"),
        ([1, 2], "expected 0 first"),
        ([0, 9], "below the text's length, 9"),
        ([0, 2**62], "below the text's length, 9"),
        ([0, -1, 4], r"starts\[1\] is -1, expected more than 0"),
        ([0, 3, 3], r"starts\[2\] is 3, expected more than 3"),
    ],
)
def test_documents_out_of_order_are_refused(starts: list[int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Text(indices(9), V, np.array(starts, np.int64))


def test_documents_in_an_array_of_another_type_are_refused() -> None:
    with pytest.raises(ValueError, match="starts: expected 2 elements of 8 bytes"):
        Text(indices(9), V, np.array([0, 3], np.int32))


def test_a_text_of_more_characters_than_the_net_has_is_refused() -> None:
    with pytest.raises(ValueError, match="text has indices below 6, the net has 5 characters"):
        training_on(Text(indices(9), V + 1), 3, 1)


def test_a_text_knows_its_length_and_whether_it_has_documents() -> None:
    assert len(Text(indices(9), V)) == 9
    assert not Text(indices(9), V).is_apart
    assert Text(indices(9), V, np.zeros(1, np.int64)).is_apart


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("value", [V, -1, 2**31 - 1, -(2**31)])
def test_a_file_that_changes_meanwhile_is_an_error_and_nothing_else(
    value: int, threads: int
) -> None:
    array = indices(40)
    net = core.Net(V, H, True)
    rule = Optimizer("sgd", learning_rate=0.01)
    training = Training(net, Text(array, V), 4, 2, rule, threads=threads)
    training.run(4)
    array[21] = value
    with pytest.raises(ValueError, match=rf"text\[21\] is not below {V}: the file that holds it"):
        training.run(4)
    assert np.isfinite(np.frombuffer(memoryview(net.block))).all()
    array[:] = value
    assert training.next_input() == 0
