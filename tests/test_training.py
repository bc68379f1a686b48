"""Documents, units left out, norms and frozen parameters, beside the notebook's equations."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from oracle import notebook
from oracle.notebook import Parameters

from crnn import core, initial
from crnn.descent import Optimizer
from crnn.text import Text
from crnn.training import Training

Array = npt.NDArray[Any]
V, H, T, B = 6, 10, 5, 3
NAMES = ("Wxh", "Whh", "Why", "bh", "by")
STARTS = np.array(
    [0, 4, 5, 12, 30, 31, 37, 38, 40, 43, 55], np.int64
)  # some shorter than T, of one


def net_of(double: bool = True, isa: str | None = None) -> core.Net:
    net = core.Net(V, H, double, isa)
    initial.draw_weights(net, np.random.PCG64(1), "orthogonal")
    return net


def parameters_of(net: core.Net) -> Parameters:
    memory, arrays = memoryview(net.block), {}
    for name, (offset, shape, strides) in net.layout().items():
        array: Array = np.ndarray(shape, np.float64, memory, offset, strides)
        arrays[name] = array.copy()
    return Parameters(**arrays)


def indices() -> npt.NDArray[np.int32]:
    return np.random.default_rng(5).integers(0, V, 60, dtype=np.int32)


def descent(learning_rate: float = 1.0, **numbers: Any) -> Optimizer:
    """With the rate 1, a step is the gradient."""
    return Optimizer("sgd", learning_rate=learning_rate, **numbers)


def step_made(training: Training, net: core.Net) -> dict[str, Array]:
    """Train a window; return by how much it moved each parameter, turned round."""
    before = parameters_of(net)
    training.run(1, norm=True)
    after = parameters_of(net)
    return {name: getattr(before, name) - getattr(after, name) for name in NAMES}


def assert_near(got: Array, wanted: Array, what: str) -> None:
    assert np.abs(got - wanted).max() <= 1e-12 * np.abs(wanted).max(), what


# --- documents ------------------------------------------------------------------------------------


def document_end(position: int, part: int) -> int:
    return min([*(int(s) for s in STARTS if s > position), part])


def test_windows_of_documents_have_the_notebooks_losses_and_gradients() -> None:
    """Each stream by itself, over the steps that count; then their mean."""
    net, text, part = net_of(), indices(), 20
    training = Training(net, Text(text, V, STARTS), T, B, descent())
    for _ in range(9):
        params, loss, counted = parameters_of(net), 0.0, 0
        gradients: dict[str, Array] = {name: np.zeros(()) for name in NAMES}
        for b, position in enumerate(training.positions):
            at, h = b * part + position, np.empty(H)
            training.state(b).get(h)
            count = min(T, document_end(at, (b + 1) * part) - at - 1)
            x = text[at : at + count + 1].tolist()
            nats, *d, _ = notebook.loss_fun(params, x[:-1], x[1:], h[:, None], clip=np.inf)
            loss, counted = loss + nats, counted + count
            for name, array in zip(NAMES, d, strict=True):
                gradients[name] = gradients[name] + array / B
        moved = step_made(training, net)
        assert abs(training.loss - loss / counted * T) <= 1e-12 * loss
        for name in NAMES:
            assert_near(moved[name], gradients[name], name)


def test_a_part_without_anything_to_predict_is_refused() -> None:
    starts = np.array([0, *range(20, 40), 41], np.int64)
    with pytest.raises(ValueError, match="part 1 of 3 has no document of two characters"):
        Training(net_of(), Text(indices(), V, starts), T, B, descent())


def test_a_training_on_documents_goes_on_from_its_positions_and_states() -> None:
    nets, rules = [net_of(), net_of()], [descent(0.1), descent(0.1)]
    text = Text(indices(), V, STARTS)
    one, other = (Training(net, text, T, B, rule) for net, rule in zip(nets, rules, strict=True))
    for windows in (1, 2, 4, 5):
        one.run(windows)
        np.frombuffer(memoryview(nets[1].block))[:] = np.frombuffer(memoryview(nets[0].block))
        states = [core.State(nets[1]) for _ in range(B)]
        for b, state in enumerate(states):
            h = np.empty(H)
            one.state(b).get(h)
            state.set(h)
        other.restore(one.step, one.positions, one.smooth_loss, states)
        for _ in range(3):
            one.run(1)
            other.run(1)
            assert (one.positions, one.loss) == (other.positions, other.loss)
        assert bytes(nets[0].block) == bytes(nets[1].block)


@pytest.mark.parametrize("position", [-1, 3, 4, 11, 19, 20, 2**62, -(2**62)])
def test_a_position_where_nothing_is_left_to_predict_is_refused(position: int) -> None:
    training = Training(net_of(), Text(indices(), V, STARTS), T, B, descent())
    states = [training.state(b) for b in range(B)]
    with pytest.raises(ValueError, match=f"position {position} of stream 0 does not fit"):
        training.restore(0, [position, 0, 0], 1.0, states)
    with pytest.raises(ValueError, match="and 2 positions: expected at least 0, and 3"):
        training.restore(0, [0, 0], 1.0, states)
    training.restore(0, [2, 0, 3], 1.0, states)
    assert training.positions == [2, 0, 3]


# --- units left out -------------------------------------------------------------------------------


def masks(bits: np.random.PCG64, threshold: int) -> Array:
    """Return what each unit of a window is multiplied by (T, B, H): four coins a raw number."""
    gain, per_row = 65536 / (65536 - threshold), (H + 3) // 4
    raw = np.asarray(bits.random_raw(T * B * per_row), np.uint64)
    coins = (raw[:, None] >> np.arange(0, 64, 16, dtype=np.uint64)) & np.uint64(0xFFFF)
    return np.where(coins.reshape(T, B, -1)[:, :, :H] < threshold, 0, gain)


@pytest.mark.parametrize("q", [0.0, 0.3, 0.999])
def test_units_left_out_are_those_of_the_stream_of_coins(q: float) -> None:
    net, text = net_of(), indices().reshape(B, 20)
    rule, bits, mine = descent(), np.random.PCG64(8), np.random.PCG64(8)
    training = Training(net, Text(text.reshape(-1), V), T, B, rule, q, bits)
    for window in range(2):
        params, x = parameters_of(net), text[:, T * window : T * window + T + 1]
        mask = masks(mine, int(q * 65536))
        before = np.empty((B, H))
        for b in range(B):
            training.state(b).get(before[b])
        loss, gradients = with_units_left_out(params, x, before, mask)
        moved = step_made(training, net)
        assert abs(training.loss - loss) <= 1e-12 * loss
        for name in NAMES:
            assert_near(moved[name], getattr(gradients, name), name)


def with_units_left_out(
    params: Parameters, x: Array, before: Array, mask: Array
) -> tuple[float, Parameters]:
    """Return the loss of a window and its gradients; Why sees mask * h, the recurrence h."""
    hs, errors, loss = [before], [], 0.0
    for t in range(T):
        h = np.tanh(params.Wxh[:, x[:, t]].T + hs[-1] @ params.Whh.T + params.bh.T)
        y = (mask[t] * h) @ params.Why.T + params.by.T
        p = np.exp(y) / np.exp(y).sum(axis=1, keepdims=True)
        loss -= float(np.log(p[np.arange(B), x[:, t + 1]]).sum()) / B
        p[np.arange(B), x[:, t + 1]] -= 1
        hs.append(h)
        errors.append(p / B)
    d, later = params.zeros(), np.zeros((B, H))
    for t in reversed(range(T)):
        d.Why += errors[t].T @ (mask[t] * hs[t + 1])
        d.by += errors[t].sum(axis=0)[:, None]
        dz = (mask[t] * (errors[t] @ params.Why) + later) * (1 - hs[t + 1] ** 2)
        np.add.at(d.Wxh.T, x[:, t], dz)
        d.Whh += dz.T @ hs[t]
        d.bh += dz.sum(axis=0)[:, None]
        later = dz @ params.Whh
    return loss, d


def test_dropout_is_a_probability_and_needs_bits() -> None:
    text = Text(indices(), V)
    with pytest.raises(TypeError, match="dropout_bits is None, expected a bit generator"):
        Training(net_of(), text, T, B, descent(), 0.5)
    for q in (-0.1, 1.0, np.nan):
        with pytest.raises(ValueError, match=f"dropout is {q}, expected at least"):
            Training(net_of(), text, T, B, descent(), q, np.random.PCG64(1))


# --- norms and frozen parameters ------------------------------------------------------------------


def norm_of(moved: dict[str, Array]) -> float:
    return float(np.sqrt(sum((array**2).sum() for array in moved.values())))


@pytest.mark.parametrize("name", ["sgd", "adagrad"])
def test_the_norm_is_that_of_all_gradients_together(name: str) -> None:
    """Whether columns of Wxh that have none are visited or not."""
    net, twin = net_of(), net_of()
    rule = Optimizer(name, learning_rate=0.0)
    training = Training(net, Text(indices(), V), T, B, rule)
    assert np.isnan(training.norm)
    training.run(1)
    assert np.isnan(training.norm)  # nobody asked
    training.run(1, norm=True)
    wanted = Training(twin, Text(indices(), V), T, B, descent(0.0))
    wanted.run(1)
    wanted.optimizer.learning_rate = 1.0
    moved = step_made(wanted, twin)
    assert abs(training.norm - norm_of(moved)) <= 1e-13 * training.norm
    assert training.norm == wanted.norm


def test_gradients_with_too_large_a_norm_are_made_smaller_all_alike() -> None:
    free, limited, loose = net_of(), net_of(), net_of()
    moved = step_made(Training(free, Text(indices(), V), T, B, descent()), free)
    limit = 0.25 * norm_of(moved)
    less = step_made(Training(limited, Text(indices(), V), T, B, descent(clip_norm=limit)), limited)
    for name in NAMES:
        np.testing.assert_allclose(less[name], 0.25 * moved[name], rtol=0, atol=1e-14)
    rule = descent(clip_norm=1.01 * norm_of(moved))
    step_made(Training(loose, Text(indices(), V), T, B, rule), loose)
    assert bytes(loose.block) == bytes(free.block)


@pytest.mark.parametrize("frozen", [("Wxh",), ("Whh", "by"), ("Why", "bh"), NAMES])
@pytest.mark.parametrize("name", ["adagrad", "adamw"])
def test_frozen_parameters_stay_and_are_not_in_the_norm(name: str, frozen: tuple[str, ...]) -> None:
    net, twin = net_of(), net_of()
    rule = Optimizer(name, learning_rate=0.1, weight_decay=0.1, frozen=frozen)
    training = Training(net, Text(indices(), V), T, B, rule)
    gradients = step_made(Training(twin, Text(indices(), V), T, B, descent()), twin)
    moved = step_made(training, net)
    assert {name for name in NAMES if not moved[name].any()} == set(frozen)
    rest = {name: d for name, d in gradients.items() if name not in frozen}
    assert abs(training.norm - (norm_of(rest) if rest else 0)) <= 1e-13


# --- everything at once ---------------------------------------------------------------------------


@pytest.mark.parametrize("double", [False, True], ids=["float32", "float64"])
@pytest.mark.parametrize("name", ["sgd", "adagrad", "rmsprop", "adamw"])
def test_any_number_of_threads_on_any_table_gives_the_same_bytes(name: str, double: bool) -> None:
    """Of 61 units in four lines of the cache."""
    outcomes = set()
    for isa in core.available_isas():
        for threads in (1, 2, 3, 5):
            outcomes.add(everything(name, double, isa, threads))
    assert len(outcomes) == 1


def everything(name: str, double: bool, isa: str, threads: int) -> tuple[object, ...]:
    net = core.Net(V, 61, double, isa)
    initial.draw_weights(net, np.random.PCG64(1), "orthogonal")
    rule = Optimizer(
        name, learning_rate=0.01, clip=0.5, clip_norm=1.0, weight_decay=0.1, momentum=0.9,
        schedule="cosine", warmup=3, steps=12, frozen=["by"],
    )  # fmt: skip
    bits, text = np.random.PCG64(7), Text(indices(), V, STARTS)
    training = Training(net, text, T, B, rule, 0.2, bits, threads)
    for windows in (1, 6, 3):
        training.run(windows, norm=True)
    assert np.isfinite([training.loss, training.norm]).all()
    place = (training.loss, training.norm, training.smooth_loss, *training.positions)
    return bytes(net.block), *map(bytes, rule.memories), *place, bits.random_raw()
