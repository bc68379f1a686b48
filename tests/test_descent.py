"""Optimizers beside their textbooks, and the learning rate beside plain formulas."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crnn import core, initial
from crnn.descent import METHODS, Optimizer, falling
from crnn.memory import Buffer

Array = npt.NDArray[Any]
V, H, STEPS = 7, 5, 1000
RATE, CLIP, EPSILON = 0.01, 1.5, 1e-8


def buffer_like(net: core.Net) -> Buffer:
    return Buffer(memoryview(net.block).nbytes)


def shown(net: core.Net, block: Buffer) -> dict[str, Array]:
    memory = memoryview(block)
    return {
        name: np.ndarray(shape, np.float64, memory, offset, strides)
        for name, (offset, shape, strides) in net.layout().items()
    }


# --- steps ----------------------------------------------------------------------------------------


def textbook(name: str, w: Array, gradients: list[Array], decay: float, **numbers: float) -> Array:
    """What an optimizer makes of w, from its paper, without a kernel."""
    m, v, w = np.zeros_like(w), np.zeros_like(w), w.copy()
    beta1, beta2 = numbers.get("beta1", 0.9), numbers.get("beta2", 0.999)
    for number, gradient in enumerate(gradients, 1):
        d = np.clip(gradient, -CLIP, CLIP)
        if name == "adamw":
            w -= RATE * decay * w
        else:
            d = d + decay * w
        if name == "sgd":
            m = numbers.get("momentum", 0) * m + d
            step = m
        elif name == "adagrad":
            m = m + d * d
            step = d / np.sqrt(m + EPSILON)
        elif name == "rmsprop":
            rho = numbers.get("decay_rate", 0.99)
            m = rho * m + (1 - rho) * d * d
            step = d / (np.sqrt(m) + EPSILON)
        else:
            m = beta1 * m + (1 - beta1) * d
            v = beta2 * v + (1 - beta2) * d * d
            step = m / (1 - beta1**number) / (np.sqrt(v / (1 - beta2**number)) + EPSILON)
        w -= RATE * step
    return w


@pytest.mark.parametrize("weight_decay", [0.0, 0.1])
@pytest.mark.parametrize(
    ("name", "numbers"),
    [
        ("sgd", {}),
        ("sgd", {"momentum": 0.9}),
        ("adagrad", {}),
        ("rmsprop", {}),
        ("rmsprop", {"decay_rate": 0.9}),
        ("adam", {}),
        ("adam", {"beta1": 0.8, "beta2": 0.95}),
        ("adamw", {}),
    ],
)
def test_a_thousand_steps_are_the_textbooks(
    name: str, numbers: dict[str, float], weight_decay: float
) -> None:
    """Of gradients that are clipped now and then; only matrices decay."""
    net = core.Net(V, H, True)
    initial.draw_weights(net, np.random.PCG64(1), "orthogonal")
    optimizer = Optimizer(name, learning_rate=RATE, clip=CLIP, weight_decay=weight_decay, **numbers)  # type: ignore[arg-type]
    weights, block = shown(net, net.block), buffer_like(net)
    gradients, before = shown(net, block), {name: w.copy() for name, w in weights.items()}
    recorded: dict[str, list[Array]] = {name: [] for name in weights}
    rng = np.random.default_rng(2)
    for step in range(STEPS):
        for parameter, d in gradients.items():
            d[...] = rng.standard_normal(d.shape) * 10.0 ** rng.integers(-3, 1)
            recorded[parameter].append(d.copy())
        optimizer.step(net, block, step)
    for parameter, w in weights.items():
        decay = weight_decay if parameter.startswith("W") else 0
        wanted = textbook(name, before[parameter], recorded[parameter], decay, **numbers)
        assert np.abs(w - wanted).max() <= 1e-10 * np.abs(wanted).max(), parameter


@pytest.mark.parametrize("name", METHODS)
def test_an_optimizer_goes_on_from_what_it_remembers(name: str) -> None:
    """Its memories, its running numbers and the number of the step are all of it."""
    numbers: Any = {"learning_rate": 0.1, "schedule": "step", "decay_every": 3, "decay_factor": 0.7}
    nets, rules = [core.Net(V, H, True) for _ in "ab"], [Optimizer(name, **numbers) for _ in "ab"]
    gradients = [buffer_like(net) for net in nets]
    for step in range(10):
        if step == 5:
            rules[1] = Optimizer(name, **numbers)
            rules[1].step(nets[1], buffer_like(nets[1]), 0)  # makes room
            rules[1].running = rules[0].running
            copy(rules[0].memories, rules[1].memories)
            copy((nets[0].block,), (nets[1].block,))
        for net, rule, block in zip(nets, rules, gradients, strict=True):
            memory = np.frombuffer(memoryview(block))
            memory[:] = np.random.default_rng(step).standard_normal(memory.size)
            if step >= 5 or rule is rules[0]:
                rule.step(net, block, step)
    assert bytes(nets[0].block) == bytes(nets[1].block)
    assert rules[0].running == rules[1].running


def copy(sources: tuple[Buffer, ...], targets: tuple[Buffer, ...]) -> None:
    for source, target in zip(sources, targets, strict=True):
        np.frombuffer(memoryview(target), np.uint8)[:] = np.frombuffer(memoryview(source), np.uint8)


def test_only_adam_remembers_two_numbers_of_each_parameter() -> None:
    counts = {name: Optimizer(name, learning_rate=0.1).count for name in METHODS}
    assert counts == {"sgd": 1, "adagrad": 1, "rmsprop": 1, "adam": 2, "adamw": 2}


# --- the learning rate ----------------------------------------------------------------------------


def rates(count: int, **numbers: Any) -> list[float]:
    net = core.Net(1, 1, False)
    optimizer, nothing = Optimizer("sgd", **numbers), buffer_like(net)
    said = []
    for step in range(count):
        optimizer.step(net, nothing, step)
        said.append(optimizer.rate)
    return said


def cosine(step: int) -> float:
    return 0.1 + 0.9 * (1 + math.cos(math.pi * min(1, (step - 10) / 40))) / 2


def trapezoid(step: int) -> float:
    return 0.1 + 0.9 * min(1, max(0, (50 - step) / 12))  # 12: 0.25 * 50 without its fraction


@pytest.mark.parametrize(
    ("schedule", "warmup", "share"),
    [
        ("constant", 0, lambda _step: 1.0),
        ("step", 0, lambda step: 0.5 ** (step // 7)),
        ("step", 10, lambda step: 0.5 ** (step // 7)),
        ("cosine", 10, cosine),
        ("trapezoid", 10, trapezoid),
    ],
)
def test_a_schedule_is_its_plain_formula(
    schedule: str, warmup: int, share: Callable[[int], float]
) -> None:
    """Also past the last of the steps that were planned."""
    numbers = {"decay_every": 7, "decay_factor": 0.5, "final_rate": 0.1, "decay_fraction": 0.25}
    got = rates(60, learning_rate=0.3, schedule=schedule, warmup=warmup, steps=50, **numbers)
    for step, rate in enumerate(got):
        rise = (step + 1) / warmup if step < warmup else None
        if schedule == "step":
            wanted = 0.3 * share(step) * (rise or 1)
        else:
            wanted = 0.3 * (share(step) if rise is None else rise)
        assert abs(rate - wanted) <= 1e-15, (step, rate, wanted)


def test_a_warm_up_ends_at_the_full_rate_and_a_fall_at_what_is_left() -> None:
    assert rates(5, learning_rate=1.0, warmup=4) == [0.25, 0.5, 0.75, 1.0, 1.0]
    for schedule in ("cosine", "trapezoid"):
        numbers = {"steps": 2, "final_rate": 0.25, "decay_fraction": 1.0}
        got = rates(4, learning_rate=1.0, schedule=schedule, **numbers)
        assert got == [1.0, 0.625, 0.25, 0.25]


@given(st.floats(0, 1))
def test_falling_is_half_a_cosine(u: float) -> None:
    assert abs(falling(u) - (1 + math.cos(math.pi * u)) / 2) <= 1e-15
    assert 0 <= falling(u) <= 1


def test_a_caller_may_change_the_rate_between_steps() -> None:
    net = core.Net(1, 1, False)
    optimizer, nothing = Optimizer("adam", learning_rate=0.5), buffer_like(net)
    optimizer.lowering = 0.5
    optimizer.step(net, nothing, 0)
    assert (optimizer.rate, optimizer.learning_rate) == (0.25, 0.5)
    optimizer.learning_rate = 0.125
    optimizer.step(net, nothing, 1)
    assert optimizer.rate == 0.0625
    assert optimizer.lowering == 0.5
    assert optimizer.running == (1.0, float(np.float32(0.9)) ** 2, float(np.float32(0.999)) ** 2)


def test_how_many_steps_there_are_may_be_said_later() -> None:
    net, nothing = core.Net(1, 1, False), Buffer(memoryview(core.Net(1, 1, False).block).nbytes)
    optimizer = Optimizer(
        "sgd", learning_rate=1.0, schedule="trapezoid", decay_fraction=0.5, steps=100
    )
    said = []
    for step in range(8):
        if step == 2:
            optimizer.steps = 8
        optimizer.step(net, nothing, step)
        said.append(optimizer.rate)
    assert said == [1.0, 1.0, 1.0, 1.0, 1.0, 0.75, 0.5, 0.25]


# --- what is refused ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "numbers", "message"),
    [
        ("lion", {}, "name is 'lion', expected sgd, adagrad, rmsprop, adam or adamw"),
        ("sgd", {"schedule": "linear"}, "schedule is 'linear', expected constant, step, cosine or"),
        ("sgd", {"frozen": ["Wxh", "Wyh"]}, "frozen is 'Wyh', expected Wxh, Whh, Why, bh or by"),
        ("sgd", {"decay_every": 0}, "decay_every is 0, expected at least 1"),
    ],
)
def test_an_optimizer_that_there_is_not_is_refused(
    name: str, numbers: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        Optimizer(name, learning_rate=0.1, **numbers)


def test_gradients_of_another_size_are_refused() -> None:
    net = core.Net(V, H, True)
    with pytest.raises(ValueError, match="gradients are 64 bytes, the parameters"):
        Optimizer("sgd", learning_rate=0.1).step(net, Buffer(64), 0)
