"""Coding by a model: events into bytes and back, in any pieces, on every table, to the bit."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from oracle import contract

from crnn import core, initial
from crnn.coding import NOT_A_NUMBER, Decoder, Encoder

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
    while encoder.position < len(events):
        encoder.run(pace)
    return encoder.end()


def decoded(decoder: Decoder, payload: bytes, n: int, pace: int = 1 << 20) -> Events:
    events = np.full(n, -1, np.int32)
    decoder.begin(payload, events)
    while decoder.position < n:
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
    page = (ROOT / "docs" / "contract.md").read_text("utf-8").split("## 12. Compression")[1]
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


def test_what_is_certain_costs_next_to_nothing() -> None:
    payload = encoded(Encoder(certain_net()), np.zeros(1 << 20, np.int32))
    assert 8 * len(payload) < 64


@given(st.binary(max_size=60), st.integers(0, 90))
def test_any_bytes_decode_to_something(payload: bytes, n: int) -> None:
    net = net_of()
    events = decoded(Decoder(net), payload, n)
    assert ((events >= 0) & (events < V + 256)).all()


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
