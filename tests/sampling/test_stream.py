"""Streams: the sample, one character after the other, for loops and for event loops."""

from __future__ import annotations

import asyncio
import gc
import itertools
import math
import threading
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import crnn
from crnn.sampling import batch
from crnn.sampling.stream import Drawn, Stream

STOPS = st.lists(st.text("abc", min_size=1, max_size=4), min_size=1, max_size=4)


class OneByOne:
    """Slices of one unit."""

    def __init__(self, multiply_adds: int) -> None:
        pass

    def run(self, work: Callable[[int], None], most: int) -> None:
        work(min(1, most))


def model_of(dtype: str = "float32") -> crnn.RNN:
    model = crnn.RNN("abc", hidden_size=8, dtype=dtype, seed=3, init="orthogonal")
    model.Why[:] *= 3
    return model


MODEL = model_of()
TAKING: list[Callable[[Any], Any]] = [next, list, lambda stream: asyncio.run(anext(stream))]


@settings(max_examples=60)
@given(stops=STOPS, seed=st.integers(0, 9))
def test_only_what_may_still_become_a_stop_is_held_back(stops: list[str], seed: int) -> None:
    whole = MODEL.sample(30, seed=seed)
    given_out = ""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(batch, "Slices", OneByOne)
        stream = MODEL.stream(30, seed=seed, stop=stops)
        for drawn in range(1, 31):
            stream._refill()
            given_out += "".join(stream._ready)
            stream._ready.clear()
            so_far = whole[:drawn]
            if any(so_far.endswith(stop) for stop in stops):
                break
            begun = [n for stop in stops for n in range(len(stop)) if so_far.endswith(stop[:n])]
            held = 0 if drawn == 30 else max(begun)
            assert given_out == so_far[: drawn - held]
        assert given_out + "".join(stream) == MODEL.sample(30, seed=seed, stop=stops)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("temperature", [0, 0.5])
def test_details_are_the_probabilities(dtype: str, temperature: float) -> None:
    model = model_of(dtype)
    drawn = list(model.stream(40, "ab", temperature, 3, top_k=2, details=True))
    assert "".join(one.char for one in drawn) == model.sample(40, "ab", temperature, 3, top_k=2)
    state = model.state()
    p = state.feed("ab").astype(np.float64)
    for one in drawn:
        assert isinstance(one, Drawn)
        x = "abc".index(one.char)
        assert math.isclose(one.logprob, math.log(p[x]), rel_tol=1e-5, abs_tol=1e-6)
        q = np.zeros(3) if temperature == 0 else p ** (1 / temperature) * (p > p.min())
        wanted = 0 if temperature == 0 else math.log(q[x] / q.sum())
        assert math.isclose(one.drawn_logprob, wanted, rel_tol=1e-5, abs_tol=1e-6)
        p = state.feed(x).astype(np.float64)


def test_details_are_cut_as_the_text_is() -> None:
    text = MODEL.sample(50, seed=1, stop="bb")
    drawn = list(MODEL.stream(50, seed=1, stop="bb", details=True))
    assert "".join(one.char for one in drawn) == text
    whole = list(MODEL.stream(50, seed=1, details=True))
    assert drawn == whole[: len(drawn)]


def test_nothing_is_drawn_before_somebody_asks() -> None:
    stream = MODEL.stream(10**15, seed=1)
    assert next(stream) == MODEL.sample(1, seed=1)
    assert iter(stream) is stream
    stream.close()
    stream.close()
    assert list(stream) == []


def test_bad_arguments_are_errors_at_once() -> None:
    with pytest.raises(ValueError, match="length is -1"):
        MODEL.stream(-1)
    with pytest.raises(ValueError, match="top_k is 0"):
        MODEL.stream(1, top_k=0)


def test_an_error_comes_again_whoever_asks_again() -> None:
    stream = MODEL.stream(5, allowed="a", forbidden="aa")
    assert next(stream) == "a"
    for _ in range(2):
        with pytest.raises(ValueError, match="leave nothing at character 1"):
            next(stream)


@pytest.mark.parametrize("take", TAKING)
def test_who_is_asked_cannot_take_what_is_being_drawn(take: Callable[[Any], Any]) -> None:
    """It would wait for itself."""
    stream: Stream[str] = MODEL.stream(
        9, allowed=lambda text: "abc" if len(text) < 2 else take(stream)
    )
    assert len(next(stream) + next(stream)) == 2
    with pytest.raises(ValueError, match="stream is being drawn"):
        next(stream)


def test_who_is_asked_may_close_the_stream() -> None:
    def enough(text: str) -> str:
        if len(text) == 2:
            stream.close()
        return "abc"

    stream = MODEL.stream(10**15, allowed=enough)
    assert len(list(stream)) <= 2
    assert list(stream) == []


def test_closing_waits_for_nobody() -> None:
    asked, answer = threading.Event(), threading.Event()

    def slow(text: str) -> str:
        asked.set()
        assert answer.wait(60)
        return "abc"

    stream, drawn = MODEL.stream(10**15, allowed=slow), list[str]()
    drawing = threading.Thread(target=lambda: drawn.extend(stream))
    drawing.start()
    assert asked.wait(60)
    stream.close()  # while it is drawn
    answer.set()
    drawing.join(60)
    assert not drawing.is_alive()
    assert drawn == []
    assert list(stream) == []


def test_a_long_prime_keeps_nobody_from_closing() -> None:
    stream = MODEL.stream(5, "abc" * 10**6)
    stream._refill()  # a slice of it
    assert not stream._begin[0].is_read
    stream.close()
    assert list(stream) == []


def test_threads_share_a_stream() -> None:
    stream, parts = MODEL.stream(5000, seed=1), [list[str](), list[str](), list[str]()]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(batch, "Slices", OneByOne)
        threads = [threading.Thread(target=part.extend, args=(stream,)) for part in parts]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sorted(itertools.chain(*parts)) == sorted(MODEL.sample(5000, seed=1))


def test_a_stream_that_is_forgotten_is_gone() -> None:
    """No thread, lock or cycle holds it or what it draws with."""
    stream = MODEL.stream(10**15, seed=1)
    next(stream)
    assert stream._batch is not None
    remains: list[Callable[[], object]] = [
        weakref.ref(stream),
        weakref.ref(stream._batch),
        weakref.ref(stream._begin[0]),
    ]
    gc.disable()
    try:
        del stream
        assert [one() for one in remains] == [None] * 3
    finally:
        gc.enable()


# --- event loops ----------------------------------------------------------------------------------


def collected(stream: Stream[str]) -> str:
    async def collect() -> str:
        return "".join([char async for char in stream])

    return asyncio.run(collect())


def test_an_event_loop_gets_the_same() -> None:
    assert collected(MODEL.stream(3000, seed=1)) == MODEL.sample(3000, seed=1)
    assert collected(MODEL.stream(0)) == ""


def test_an_event_loop_gets_the_errors() -> None:
    with pytest.raises(ValueError, match="leave nothing at character 1"):
        collected(MODEL.stream(5, allowed="a", forbidden="aa"))


def test_others_run_while_a_stream_is_drawn() -> None:
    async def both() -> tuple[str, int]:
        turns = 0

        async def turn() -> None:
            nonlocal turns
            while True:
                turns += 1
                await asyncio.sleep(0)

        other = asyncio.create_task(turn())
        text = "".join([char async for char in MODEL.stream(200_000, seed=1)])
        other.cancel()
        return text, turns

    text, turns = asyncio.run(both())
    assert text == MODEL.sample(200_000, seed=1)
    assert turns > 0


def test_who_is_cancelled_loses_nothing() -> None:
    """A slice that nobody waits for any more is there for who comes next."""

    async def collect() -> str:
        stream, text = MODEL.stream(2000, seed=1), ""
        while True:
            waiting = asyncio.ensure_future(anext(stream))
            await asyncio.sleep(0)
            waiting.cancel()
            try:
                text += await waiting
            except asyncio.CancelledError:
                pass
            except StopAsyncIteration:
                return text
            try:
                text += await anext(stream)
            except StopAsyncIteration:
                return text

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(batch, "Slices", OneByOne)
        patch.setattr(batch, "_AT_ONCE", 1)
        assert asyncio.run(collect()) == MODEL.sample(2000, seed=1)
