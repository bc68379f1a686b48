"""The compiled choice of characters: to the bit as the contract says, on every table."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.random import PCG64, SeedSequence
from oracle import contract, filters
from oracle.contract import FLOAT32, FLOAT64, Type

import crnn
from crnn import core, initial, seeding
from crnn.choosing import Chooser
from crnn.model import views
from crnn.sampling.automaton import Automaton

TYPES = pytest.mark.parametrize("t", [FLOAT32, FLOAT64], ids=str)
TABLES = st.sampled_from(core.available_isas())


def net_of(V: int, H: int, t: Type, isa: str | None = None, sharpness: float = 30) -> core.Net:
    net = core.Net(V, H, t == FLOAT64, isa)
    initial.draw_weights(net, PCG64(V + H), "orthogonal")
    views(net, net.block, t)["Why"][...] *= sharpness
    return net


def parameters_of(net: core.Net, t: Type) -> contract.Parameters:
    arrays = {name: array.copy() for name, array in views(net, net.block, t).items()}
    return contract.Parameters(**(arrays | {name: arrays[name][:, 0] for name in ("bh", "by")}))


def chooser_of(net: core.Net, t: Type, rules: contract.Rules, seeds: list[int]) -> Chooser:
    V = views(net, net.block, t)["by"].shape[0]
    limits = None
    if rules.allowed is not None:
        limits = np.full((1, V), -np.inf, t)
        limits[0, list(rules.allowed)] = np.inf
    words = [np.array(word, np.int32) for word in rules.forbidden]
    return Chooser(
        net,
        [seeding.child(SeedSequence(seed), 0) for seed in seeds],
        rules.temperature,
        penalty=rules.penalty,
        window=-1 if rules.window is None else rules.window,
        top_k=rules.top_k,
        top_p=rules.top_p,
        min_p=rules.min_p,
        limits=limits,
        forbidden=Automaton.of(words, V) if words else None,
        details=True,
    )


@st.composite
def some_rules(draw: st.DrawFn, V: int) -> contract.Rules:
    characters = st.integers(0, V - 1)
    words = st.lists(characters, min_size=1, max_size=3).map(tuple)
    return contract.Rules(
        temperature=draw(st.sampled_from([1.0, 0.7, 2.5, 0.0, 1e-320, 1e300])),
        penalty=draw(st.sampled_from([1.0, 1.3, 0.8])),
        window=draw(st.sampled_from([None, 1, 3])),
        allowed=draw(st.none() | st.lists(characters, min_size=1, unique=True)),
        forbidden=draw(st.lists(words, max_size=3)),
        top_k=draw(st.none() | st.integers(1, V + 1)),
        top_p=draw(st.sampled_from([1.0, 0.9, 0.5, 1e-50])),
        min_p=draw(st.sampled_from([0.0, 0.05, 0.7, 1.0])),
    )


@TYPES
@settings(max_examples=15)
@given(data=st.data(), V=st.integers(1, 35), H=st.integers(1, 9), B=st.integers(1, 3), isa=TABLES)
def test_what_is_chosen_is_what_the_contract_says(
    t: Type, data: st.DataObject, V: int, H: int, B: int, isa: str
) -> None:
    rules = data.draw(some_rules(V))
    prime = data.draw(st.lists(st.integers(0, V - 1), max_size=4))
    net = net_of(V, H, t, isa)
    chooser = chooser_of(net, t, rules, list(range(B)))
    states, one = core.State(net, B), core.State(net)
    one.read(np.array(prime, np.int32))
    h = np.empty((1, H), t)
    one.get(h)
    states.set(np.repeat(h, B, axis=0))
    chooser.read(np.array(prime, np.int32))
    ixes, logprobs = np.empty((12, B), np.int32), np.empty((12, B, 2))
    written = chooser.write(states, 12, ixes, logprobs)
    w, fresh = parameters_of(net, t), np.zeros(H, t)
    wanted = [
        contract.sample_by_rules(w, fresh, prime, contract.Stream([seed], [0]), 12, rules)
        for seed in range(B)
    ]
    assert written == min(map(len, wanted))
    for b, chosen in enumerate(wanted):
        assert ixes[:written, b].tolist() == [one.x for one in chosen[:written]]
        assert logprobs[:written, b].tolist() == [list(one[1:]) for one in chosen[:written]]


@TYPES
@settings(max_examples=100)
@given(
    y=st.lists(st.floats(-8, 8, width=16), min_size=2, max_size=26),
    temperature=st.sampled_from([0.5, 1.0, 1.7]),
    top_k=st.none() | st.integers(1, 26),
    top_p=st.none() | st.floats(0.01, 0.99),
    min_p=st.none() | st.floats(0, 1, exclude_max=True),
    isa=TABLES,
)
def test_filters_leave_what_other_implementations_leave(
    t: Type,
    y: list[float],
    temperature: float,
    top_k: int | None,
    top_p: float | None,
    min_p: float | None,
    isa: str,
) -> None:
    logits = np.array(y, t)
    tolerance = 1e-5 if t == FLOAT32 else 1e-12
    if top_p is not None:
        assume(not filters.is_close_call(logits, temperature, top_k, top_p, tolerance))
    chars = "abcdefghijklmnopqrstuvwxyz"[: len(y)]
    wanted = filters.probabilities(
        logits, "", chars, temperature=temperature, top_k=top_k, top_p=top_p, min_p=min_p
    )
    if min_p is not None:
        ratios = np.exp((logits.astype(np.float64) - max(y)) / temperature)
        assume(np.all(np.abs(ratios - min_p) > tolerance))
    net = core.Net(len(y), 1, t == FLOAT64, isa)
    views(net, net.block, t)["by"][:, 0] = logits
    rules = contract.Rules(
        temperature=temperature, top_k=top_k, top_p=top_p or 1.0, min_p=min_p or 0.0
    )
    chooser = chooser_of(net, t, rules, list(range(100)))
    ixes, logprobs = np.empty((1, 100), np.int32), np.empty((1, 100, 2))
    assert chooser.write(core.State(net, 100), 1, ixes, logprobs) == 1
    assert np.all(wanted[ixes] > 0)
    np.testing.assert_allclose(np.exp(logprobs[..., 1]), wanted[ixes], rtol=10 * tolerance)
    plain = filters.softmax(logits.astype(np.float64))
    np.testing.assert_allclose(np.exp(logprobs[..., 0]), plain[ixes], rtol=10 * tolerance)


FILTERS: list[dict[str, Any]] = [
    {},
    {"temperature": 0.6},
    {"top_k": 3},
    {"top_p": 0.8},
    {"min_p": 0.3},
    {"allowed": "bdfg"},
    {"forbidden": ["ab", "ca", "e"]},
    {"repetition_penalty": 1.5, "repetition_window": 1},
    {"temperature": 1.5, "top_k": 6, "top_p": 0.9, "min_p": 0.2, "allowed": "abcdefg"},
]


@pytest.mark.parametrize(
    ("dtype", "options"),
    [*(("float32", options) for options in FILTERS), ("float64", FILTERS[-1])],
    ids=lambda value: " ".join(value) if isinstance(value, dict) else value,
)
def test_a_million_draws_fit_the_probabilities(dtype: str, options: dict[str, Any]) -> None:
    """Of a model without memory: only the rules know the character before."""
    chars, draws = "abcdefgh", 1_000_000
    model = crnn.RNN(chars, hidden_size=1, dtype=dtype)
    for name in ("Wxh", "Whh", "Why"):
        getattr(model, name)[...] = 0
    model.by[:, 0] = np.log([0.2, 0.15, 0.3, 0.05, 0.1, 0.12, 0.07, 0.01])
    x = model.vocab.encode(model.sample(draws + 1, seed=5, **options))
    observed = np.bincount(x[:-1] * 8 + x[1:], minlength=64).reshape(8, 8)
    y = model.by[:, 0]
    expected = np.array([filters.probabilities(y, char, chars, **options) for char in chars])
    expected *= observed.sum(axis=1, keepdims=True)
    assert observed.sum() == draws
    assert filters.chi_square_p(observed, expected) > 1e-4


def test_a_wrong_expectation_does_not_fit() -> None:
    observed = np.array([[500_000, 500_000]])
    assert filters.chi_square_p(observed, np.array([[502_500.0, 497_500.0]])) < 1e-4
    assert math.isclose(
        filters.chi_square_p(np.array([[60, 40]]), np.array([[50.0, 50.0]])), 0.0455, abs_tol=3e-3
    )


@TYPES
def test_a_nan_ends_the_text_even_where_it_is_ruled_out(t: Type) -> None:
    net = core.Net(3, 1, t == FLOAT64)
    views(net, net.block, t)["by"][1] = np.nan
    for rules in (contract.Rules(allowed=[0]), contract.Rules(forbidden=[(1,)])):
        chooser = chooser_of(net, t, rules, [0])
        ixes, logprobs = np.empty((1, 1), np.int32), np.empty((1, 1, 2))
        assert chooser.write(core.State(net), 1, ixes, logprobs) == 0
        assert chooser.stuck == 0


@pytest.mark.parametrize(("window", "equal"), [(2**63, 2**63 - 1), (-(10**30), -1)])
def test_a_window_has_no_bounds(window: int, equal: int) -> None:
    net, texts = net_of(5, 3, FLOAT32), []
    for each in (window, equal):
        ixes = np.zeros((40, 1), np.int32)
        Chooser(net, [PCG64(1)], 1.0, penalty=2.0, window=each).write(core.State(net), 40, ixes)
        texts.append(ixes.tolist())
    assert texts[0] == texts[1]


def test_what_does_not_belong_together_is_refused() -> None:
    net, other = net_of(3, 2, FLOAT32), net_of(3, 2, FLOAT32)
    chooser = Chooser(net, [PCG64(0), PCG64(1)], 1.0)
    ixes = np.empty((1, 2), np.int32)
    for state in (core.State(other, 2), core.State(net, 1)):
        with pytest.raises(ValueError, match="state is not 2 states of this net"):
            chooser.write(state, 1, ixes)
    with pytest.raises(ValueError, match="limits has 3 rows, expected 1 or 2"):
        Chooser(net, [PCG64(0), PCG64(1)], 1.0, limits=np.zeros((3, 3), np.float32))
    with pytest.raises(IndexError, match="indices\\[0\\] is 3"):
        chooser.read(np.array([3], np.int32))
    for rows in ([1, 0], [0, 0], [0, 1, 1]):
        with pytest.raises((ValueError, IndexError), match=r"expected rising numbers|b is"):
            chooser.keep(rows)
    for b in (-1, 2):
        with pytest.raises(IndexError, match=f"b is {b}, expected 0 to 1"):
            chooser.length(b)
