"""Coding by an RNN that learns meanwhile: both sides the same, on every table, to the bit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracle import contract

from crnn import core, initial, memory, seeding
from crnn.descent import Optimizer
from crnn.online import NOTHING_BEGUN, Learner

TEXT = b"to be, or not to be: that is the question.\n" * 3 + bytes(range(256))


def learner(
    isa: str | None = None, H: int = 9, T: int = 7, lags: tuple[int, ...] = (), **options: Any
) -> Learner:
    net = core.Net(256, H, False, isa)
    bits = seeding.child(seeding.seed_sequence(4), seeding.WEIGHTS)
    initial.draw_weights(net, bits, "orthogonal")
    return Learner(net, T, lags, Optimizer("adam", learning_rate=0.01, clip=0.5, **options))


def packed(learner: Learner, data: bytes, pace: int = 1 << 20) -> bytes:
    learner.begin_packing(data)
    while not learner.is_over:
        learner.run(pace)
    return learner.packed()


def unpacked(learner: Learner, payload: bytes, n: int, pace: int = 1 << 20) -> bytes | None:
    learner.begin_unpacking(payload, n)
    while not learner.is_over:
        learner.run(pace)
    return learner.unpacked()


@pytest.mark.parametrize("lags", [(), (3, 21, 40)])
def test_bytes_are_those_of_the_contract(lags: tuple[int, ...]) -> None:
    frames = [TEXT[:50], TEXT[50:51], b"", TEXT[51:90]]
    schedule: dict[str, Any] = {"schedule": "cosine", "steps": 20, "final_rate": 0.25, "beta1": 0.5}
    twin = contract.Learner(9, 7, lags, 4, 0.01, 0.5, contract.Options(**schedule))
    wanted = [twin.packed(frame) for frame in frames]
    for isa in core.available_isas():
        ours = learner(isa, lags=lags, **schedule)
        assert [packed(ours, frame) for frame in frames] == wanted


def test_what_one_table_packs_every_other_unpacks() -> None:
    for isa in core.available_isas():
        payload = packed(learner(isa, H=33, T=16, lags=(16, 64)), TEXT)
        for other in core.available_isas():
            assert unpacked(learner(other, H=33, T=16, lags=(16, 64)), payload, len(TEXT)) == TEXT


@settings(max_examples=30)
@given(st.lists(st.binary(max_size=120), max_size=4), st.integers(1, 50), st.integers(1, 50))
def test_how_it_is_cut_into_runs_changes_nothing(
    frames: list[bytes], pace: int, other: int
) -> None:
    first, again, back = (learner(lags=(5, 30)) for _ in range(3))
    for data in frames:
        payload = packed(first, data)
        assert packed(again, data, pace) == payload
        assert unpacked(back, payload, len(data), other) == data


def test_it_learns() -> None:
    data = b"abracadabra " * 400
    assert len(packed(learner(H=32, T=8), data)) < len(data) / 8


def test_superfluous_bytes_are_noticed() -> None:
    payload = packed(learner(), TEXT)
    for wrong in (payload + b"\0", payload + payload):
        assert unpacked(learner(), wrong, len(TEXT)) is None


@given(st.binary(max_size=40), st.integers(0, 60))
def test_any_bytes_decode_to_something(payload: bytes, n: int) -> None:
    found = unpacked(learner(), payload, n)
    assert found is None or len(found) == n


def test_what_a_learner_does_not_take() -> None:
    adam = Optimizer("adam", learning_rate=0.01)
    with pytest.raises(ValueError, match="net has 255 characters, expected 256 in float32"):
        Learner(core.Net(255, 4, False), 4, (), adam)
    with pytest.raises(ValueError, match="net has 256 characters, expected 256 in float32"):
        Learner(core.Net(256, 4, True), 4, (), adam)
    for T, lags in ((0, ()), (4, (0,))):
        with pytest.raises(ValueError, match="expected at least 1"):
            Learner(core.Net(256, 4, False), T, lags, adam)


def test_what_is_no_number_cannot_be_coded() -> None:
    net = core.Net(256, 4, False)
    np.frombuffer(memoryview(net.block), np.float32)[:] = np.nan
    ours = Learner(net, 4, (), Optimizer("adam", learning_rate=0.01))
    ours.begin_packing(b"abc")
    with pytest.raises(ValueError, match="NaN at byte 0, where learning diverged"):
        ours.run(3)


def test_nothing_is_looked_for_past_the_end() -> None:
    ours = learner()
    assert unpacked(ours, b"ab", 1 << 20) is None
    assert ours.position < 40


def test_calls_in_any_order() -> None:
    ours = learner()
    ours.run(3)
    assert (ours.position, ours.is_over) == (0, True)
    for _ in range(2):
        for end in (ours.packed, ours.unpacked):
            with pytest.raises(RuntimeError, match=NOTHING_BEGUN):
                end()
        ours.begin_packing(TEXT)
        with pytest.raises(RuntimeError, match=NOTHING_BEGUN):
            ours.unpacked()
        with pytest.raises(MemoryError):
            ours.begin_unpacking(b"abc", 2**62)
        for pace in (40, -(2**63), 2**63 - 1):
            ours.run(pace)
        payload = ours.packed()
        assert payload
        ours.run(1)
        ours.begin_unpacking(payload, 20)
        with pytest.raises(RuntimeError, match=NOTHING_BEGUN):
            ours.packed()
        assert ours.unpacked() is None  # not yet


def test_an_optimizer_serves_one_learner() -> None:
    adam = Optimizer("adam", learning_rate=0.01)
    Learner(core.Net(256, 4, False), 4, (), adam)
    with pytest.raises(ValueError, match="expected a new Optimizer"):
        Learner(core.Net(256, 40, False), 4, (), adam)
    larger = core.Net(256, 40, False)
    with pytest.raises(ValueError, match="give a new Optimizer to each"):
        adam.step(larger, memory.Buffer(memoryview(larger.block).nbytes), 0)


class Lags(Sequence[int]):
    """More than they say."""

    def __len__(self) -> int:
        return 1

    def __getitem__(self, i: Any) -> Any:
        if i > 100_000:
            raise IndexError
        return 5


def test_lags_of_any_kind() -> None:
    wrong: Any = Lags()
    net = core.Net(256, 1, False)
    ours = Learner(net, 1, wrong, Optimizer("adam", learning_rate=0.01))
    assert ours.multiply_adds > 3 * 100_000
    for wrong in ([1.5], ["1"], [None]):
        with pytest.raises(TypeError):
            Learner(net, 1, wrong, Optimizer("adam", learning_rate=0.01))
    for far in (2**62, 2**64):
        with pytest.raises((MemoryError, OverflowError)):
            Learner(net, 1, [far], Optimizer("adam", learning_rate=0.01))
