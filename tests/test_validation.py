"""The loss of a text that is not trained on, beside the notebook's."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from oracle import notebook
from oracle.notebook import Parameters

from crnn import core, initial
from crnn.text import Text
from crnn.validation import Validation

Array = npt.NDArray[Any]
V, H = 7, 19


def net_of(double: bool) -> core.Net:
    net = core.Net(V, H, double)
    initial.draw_weights(net, np.random.PCG64(3), "orthogonal")
    return net


def parameters_of(net: core.Net, dtype: Any) -> Parameters:
    memory, arrays = memoryview(net.block), {}
    for name, (offset, shape, strides) in net.layout().items():
        array: Array = np.ndarray(shape, dtype, memory, offset, strides)
        arrays[name] = array.astype(np.float64)
    return Parameters(**arrays)


def text_of(n: int) -> npt.NDArray[np.int32]:
    return np.random.default_rng(n).integers(0, V, n, dtype=np.int32)


def oracle_loss(net: core.Net, dtype: Any, text: Array, starts: list[int]) -> float:
    """Return nats per predicted character, document by document."""
    params, nats, count = parameters_of(net, dtype), 0.0, 0
    for first, last in zip(starts, [*starts[1:], len(text)], strict=True):
        x = text[first:last].tolist()
        nats += float(notebook.loss_only(params, x[:-1], x[1:], np.zeros((H, 1))))
        count += len(x) - 1
    return nats / count


@pytest.mark.parametrize("double", [False, True], ids=["float32", "float64"])
@pytest.mark.parametrize(
    ("n", "starts"),
    [
        (2, [0]),
        (65, [0]),  # a window of its own
        (66, [0]),
        (300, [0]),
        (300, [0, 1, 3, 67, 68, 132, 197, 299]),  # of one character, two, and as long as a window
        (130, [0, 65]),
        (6, [0, 1, 2, 3]),
    ],
)
def test_the_loss_is_the_notebooks_document_by_document(
    n: int, starts: list[int], double: bool
) -> None:
    net, text = net_of(double), text_of(n)
    cut = None if starts == [0] else np.array(starts, np.int64)
    validation = Validation(net, Text(text, V, cut))
    assert not validation.ended
    validation.run(n)
    assert (validation.ended, validation.characters) == (True, n - len(starts))
    wanted = oracle_loss(net, np.float64 if double else np.float32, text, starts)
    assert abs(validation.loss - wanted) <= (1e-12 if double else 1e-5) * wanted


@pytest.mark.parametrize("apart", [False, True])
def test_how_it_is_cut_into_runs_changes_nothing(apart: bool) -> None:
    net, n = net_of(False), 500
    text = Text(text_of(n), V, np.array([0, 70, 71, 300], np.int64) if apart else None)
    whole, parts = Validation(net, text), Validation(net, text)
    whole.run(n)
    while not parts.ended:
        before = parts.characters
        parts.run(1)
        assert before < parts.characters <= before + 64
    assert (parts.characters, parts.loss) == (whole.characters, whole.loss)
    parts.run(10)  # nothing is left
    assert (parts.characters, parts.loss) == (whole.characters, whole.loss)
    parts.begin()
    assert not parts.ended
    parts.run(n)
    assert parts.loss == whole.loss


def test_it_is_of_the_parameters_as_they_are_while_it_runs() -> None:
    net, text = net_of(True), Text(text_of(100), V)
    validation = Validation(net, text)
    np.frombuffer(memoryview(net.block))[:] = 0
    validation.run(100)
    assert abs(validation.loss - math.log(V)) <= 1e-14


def test_a_nan_in_the_parameters_is_one_in_the_loss() -> None:
    net, text = net_of(True), Text(text_of(100), V)
    validation = Validation(net, text)
    np.frombuffer(memoryview(net.block))[:] = np.nan
    validation.run(100)
    assert validation.ended
    assert math.isnan(validation.loss)


@pytest.mark.parametrize(("n", "starts"), [(1, None), (3, [0, 1, 2])])
def test_a_text_without_anything_to_predict_is_refused(n: int, starts: list[int] | None) -> None:
    cut = None if starts is None else np.array(starts, np.int64)
    with pytest.raises(ValueError, match="no document of two characters"):
        Validation(net_of(True), Text(text_of(n), V, cut))


def test_a_text_of_more_characters_than_the_net_has_is_refused() -> None:
    with pytest.raises(ValueError, match="text has indices below 8, the net has 7 characters"):
        Validation(net_of(True), Text(text_of(9), V + 1))


def test_a_file_that_changes_meanwhile_is_an_error() -> None:
    array = text_of(200)
    validation = Validation(net_of(True), Text(array, V))
    validation.run(1)
    array[150] = V
    with pytest.raises(ValueError, match=rf"text\[150\] is not below {V}: the file that holds it"):
        validation.run(200)
