"""Coding by a model: events into bytes and back, in any pieces, on every table, to the bit."""

from __future__ import annotations

import re
from array import array
from collections.abc import Callable
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from oracle import contract

from crnn import core, initial
from crnn.coding import IN_USE, NOT_A_NUMBER, NOTHING_BEGUN, Decoder, Encoder

ROOT = Path(__file__).parents[1]
Events = npt.NDArray[np.int32]
V, H = 7, 19
TYPES = pytest.mark.parametrize("double", [False, True], ids=["float32", "float64"])


def net_of(double: bool = False, isa: str | None = None, V: int = V) -> core.Net:
    net = core.Net(V, H, double, isa)
    initial.draw_weights(net, np.random.PCG64(3), "orthogonal")
    return net


def parameters_of(net: core.Net, double: bool) -> contract.Parameters:
    memory, t = memoryview(net.block), contract.FLOAT64 if double else contract.FLOAT32
    arrays = {
        name: np.ndarray(shape, t, memory, offset, strides).copy()
        for name, (offset, shape, strides) in net.layout().items()
    }
    arrays["bh"], arrays["by"] = arrays["bh"][:, 0], arrays["by"][:, 0]
    return contract.Parameters(**arrays)


def some_events(n: int, strange: float, V: int = V) -> Events:
    """Return events of which a part are bytes, few of them different."""
    rng = np.random.default_rng(n)
    events = rng.integers(0, V, n).astype(np.int32)
    bytes_ = rng.random(n) < strange
    events[bytes_] = V + rng.choice([0, 10, 129, 130, 255], int(bytes_.sum()))
    return events


def encoded(encoder: Encoder, events: Events, pace: int = 1 << 20) -> bytes:
    encoder.begin(events)
    while not encoder.is_over:
        encoder.run(pace)
    return encoder.end()


def decoded(decoder: Decoder, payload: bytes, n: int, pace: int = 1 << 20) -> Events:
    events = np.full(n, -1, np.int32)
    decoder.begin(payload, events)
    while not decoder.is_over:
        decoder.run(pace)
    return events


@TYPES
@pytest.mark.parametrize("strange", [0, 0.2, 1])
def test_bytes_are_those_of_the_contract(double: bool, strange: float) -> None:
    frames = [some_events(n, strange) for n in (0, 1, 70, 20)]
    wanted = contract.packed(
        parameters_of(net_of(double), double), [frame.tolist() for frame in frames]
    )
    for isa in core.available_isas():
        encoder = Encoder(net_of(double, isa))
        assert [encoded(encoder, frame) for frame in frames] == wanted


def test_the_page_states_the_counts() -> None:
    contract = (ROOT / "docs" / "explanation" / "contract.md").read_text("utf-8")
    page = contract.split("## 12. Compression")[1]
    source = (ROOT / "src" / "crnn" / "rangecoder.pxd").read_text("utf-8")
    for name, stated in [
        ("GAIN = ", r"its count grows by (\d+);"),
        ("SWITCH_LIMIT = 1 << ", r"at first 32 and 1, limit 2\^(\d+)\."),
        ("BYTE_LIMIT = 1 << ", r"first all 1, limit 2\^(\d+);"),
    ]:
        found = re.search(stated, page)
        assert found is not None
        assert name + found[1] in source


@given(
    st.lists(st.tuples(st.integers(0, 200), st.sampled_from([0, 0.1, 0.9])), max_size=4),
    st.integers(1, 150),
    st.integers(1, 150),
)
def test_how_it_is_cut_into_runs_changes_nothing(
    frames: list[tuple[int, float]], pace: int, other: int
) -> None:
    net = net_of()
    encoder, again, decoder = Encoder(net), Encoder(net), Decoder(net)
    for n, strange in frames:
        events = some_events(n, strange)
        payload = encoded(encoder, events)
        assert encoded(again, events, pace) == payload
        assert decoded(decoder, payload, n, other).tolist() == events.tolist()
        assert decoder.end()


@TYPES
@pytest.mark.parametrize("V", [1, 2, 16, 17, 300])
def test_what_one_table_packs_every_other_unpacks(double: bool, V: int) -> None:
    events = some_events(500, 0.05, V)
    for isa in core.available_isas():
        payload = encoded(Encoder(net_of(double, isa, V)), events)
        for other in core.available_isas():
            decoder = Decoder(net_of(double, other, V))
            assert (decoded(decoder, payload, len(events)) == events).all()
            assert decoder.end()


def certain_net() -> core.Net:
    """Return a net that is sure of its first character: others take all the bits there are."""
    net = core.Net(V, H, False)
    offset, *_ = net.layout()["by"]
    np.ndarray(1, np.float32, memoryview(net.block), offset)[0] = 1000
    return net


@pytest.mark.parametrize("x", [0, V - 1, V, V + 255])
def test_sure_and_unlikely_events_and_carries_through_many_bytes(x: int) -> None:
    events = np.full(3000, x, np.int32)
    events[::700] = V - 1
    payload = encoded(Encoder(certain_net()), events)
    assert (decoded(Decoder(certain_net()), payload, len(events)) == events).all()
    w = parameters_of(certain_net(), False)
    assert (
        encoded(Encoder(certain_net()), events[:300])
        == contract.packed(w, [events[:300].tolist()])[0]
    )
    if x == 0:
        assert len(payload) < 60


def test_old_counts_fade_when_the_contract_says() -> None:
    """Switches are halved after some two thousand events, bytes after some thirty thousand."""
    rng = np.random.default_rng(3)
    events = (V + rng.choice([0, 1, 1, 7, 200, 255], 40_000)).astype(np.int32)
    events[::500] = 0
    wanted = contract.packed(parameters_of(net_of(), False), [events.tolist()])[0]
    assert encoded(Encoder(net_of()), events) == wanted
    assert (decoded(Decoder(net_of()), wanted, len(events)) == events).all()


def test_what_is_certain_costs_next_to_nothing() -> None:
    payload = encoded(Encoder(certain_net()), np.zeros(1 << 20, np.int32))
    assert 8 * len(payload) < 64


@given(st.binary(max_size=60), st.integers(0, 90))
def test_any_bytes_decode_to_something(payload: bytes, n: int) -> None:
    decoder = Decoder(net_of())
    events = decoded(decoder, payload, n)[: decoder.position]
    assert ((events >= 0) & (events < V + 256)).all()


@given(st.binary(max_size=20))
def test_nothing_is_looked_for_past_the_end(payload: bytes) -> None:
    decoder = Decoder(net_of())
    decoded(decoder, payload, 1 << 20)
    assert decoder.position < 20 * (len(payload) + 2)  # a byte is one event at least, or a few
    assert not decoder.end()


def test_superfluous_bytes_are_noticed() -> None:
    net, events = net_of(), some_events(100, 0.1)
    payload = encoded(Encoder(net), events)
    for wrong in (payload + b"\0", payload + payload):
        decoder = Decoder(net)
        decoded(decoder, wrong, len(events))
        assert not decoder.end()


@pytest.mark.parametrize("wrong", [-1, V + 256])
def test_an_event_that_is_none(wrong: int) -> None:
    with pytest.raises(IndexError, match=rf"events\[1\] is {wrong}, expected 0 to {V + 255}"):
        Encoder(net_of()).begin(np.array([0, wrong], np.int32))


@TYPES
def test_what_is_no_number_cannot_be_coded(double: bool) -> None:
    net = net_of(double)
    np.frombuffer(memoryview(net.block), np.float64 if double else np.float32)[:] = np.nan
    work: list[Any] = [Encoder(net), Decoder(net)]
    work[0].begin(np.zeros(3, np.int32))
    work[1].begin(b"abc", np.zeros(3, np.int32))
    for coder in work:
        with pytest.raises(ValueError, match=NOT_A_NUMBER):
            coder.run(3)
    bytes_ = np.full(3, V + 65, np.int32)  # need no prediction, but the decoder cannot know
    assert encoded(Encoder(net), bytes_)


def test_calls_in_any_order() -> None:
    encoder, decoder = Encoder(net_of()), Decoder(net_of())
    encoder.run(3)
    decoder.run(3)
    assert (encoder.position, decoder.position, decoder.end()) == (0, 0, False)
    for _ in range(2):
        with pytest.raises(RuntimeError, match=NOTHING_BEGUN):
            encoder.end()
        events = some_events(200, 0.5)
        encoder.begin(events)
        encoder.run(150)
        assert encoder.end()
        encoder.run(50)
        assert encoder.position == 150


def test_a_pace_of_any_size() -> None:
    most = 2**63 - 1
    events = some_events(200, 0.1)
    encoder, decoder, found = Encoder(net_of()), Decoder(net_of()), np.empty_like(events)
    encoder.begin(events)
    for pace in (3, -most, 0, most):
        encoder.run(pace)
    payload = encoder.end()
    decoder.begin(payload, found)
    for pace in (3, -most, 0, most):
        decoder.run(pace)
    assert decoder.end()
    assert found.tolist() == events.tolist()
    for coder in (encoder, decoder):
        with pytest.raises(OverflowError):
            coder.run(most + 1)


def test_events_that_change_or_go_after_they_were_given() -> None:
    events = some_events(300, 0.1)
    payload = encoded(Encoder(net_of()), events)
    changing, encoder = events.copy(), Encoder(net_of())
    encoder.begin(changing)
    changing[:] = -(2**31)
    encoder.run(300)
    assert encoder.end() == payload
    given, decoder = np.zeros(300, np.int32), Decoder(net_of())
    decoder.begin(payload, given)
    with pytest.raises(ValueError, match="cannot resize an array"):
        given.resize(1)
    decoder.run(300)
    assert given.tolist() == events.tolist()
    wrong: Any = array("i", [0])
    for coder in (encoder.begin, lambda events: decoder.begin(payload, events)):
        with pytest.raises(TypeError, match="is a array, expected a NumPy array"):
            coder(wrong)


def test_one_that_is_running_is_left_alone() -> None:
    events, encoder, decoder = np.zeros(1 << 20, np.int32), Encoder(net_of()), Decoder(net_of())
    encoder.begin(events)
    refused_meanwhile(encoder, lambda: encoder.begin(events), encoder.end)
    payload = encoder.end()
    decoder.begin(payload, events)
    refused_meanwhile(decoder, lambda: decoder.begin(b"", events))
    assert decoder.end()


def refused_meanwhile(coder: Encoder | Decoder, *calls: Callable[[], object]) -> None:
    """Run a coder to its end in another thread; until then it refuses each call."""
    thread = Thread(target=coder.run, args=(1 << 20,))
    thread.start()
    while coder.position == 0:
        pass
    for call in (lambda: coder.run(1), *calls):
        with pytest.raises(RuntimeError, match=IN_USE):
            call()
    thread.join()
