"""Samples: the same alone or among others, begun and ended where they should be."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import crnn
from crnn.sampling import batch

TABLES = pytest.mark.parametrize("dtype", ["float32", "float64"])
STRINGS = st.lists(st.text("abc", min_size=1, max_size=4), min_size=1, max_size=4)


def model_of(dtype: str = "float32", chars: str = "abc") -> crnn.RNN:
    """A model that has something to say."""
    model = crnn.RNN(chars, hidden_size=8, dtype=dtype, seed=3, init="orthogonal")
    model.Why[:] *= 3
    return model


MODEL = model_of()
RULES: list[dict[str, Any]] = [
    {},
    {"temperature": 0.5, "top_k": 2},
    {"top_p": 0.7, "repetition_penalty": 1.4, "repetition_window": 3},
    {"forbidden": ["ab", "ccc"], "stop": ["acb"]},
    {"allowed": "ab", "min_p": 0.3},
    {"allowed": lambda text: "ab" if text.endswith("c") else "abc"},
]


# --- many samples ---------------------------------------------------------------------------------


@TABLES
@pytest.mark.parametrize("rules", RULES, ids=[" ".join(rules) for rules in RULES])
@pytest.mark.parametrize("threads", [1, 3])
def test_a_sample_is_the_same_alone_or_in_a_hundred(
    dtype: str, rules: dict[str, Any], threads: int
) -> None:
    model = model_of(dtype)
    many = model.sample(30, "ca", seed=7, n=100, threads=threads, **rules)
    assert len(many) == 100
    assert len(set(many)) > 50
    for i in (0, 1, 7, 8, 42, 99):
        assert many[i] == model.sample(30, "ca", seed=7, first=i, **rules)
    assert many[40:60] == model.sample(30, "ca", seed=7, n=20, first=40, **rules)


@settings(max_examples=20)
@given(size=st.integers(1, 40), threads=st.integers(1, 4), n=st.integers(0, 30))
def test_batches_and_threads_change_nothing(size: int, threads: int, n: int) -> None:
    wanted = [MODEL.sample(9, seed=1, first=i, stop="bb") for i in range(n)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(batch, "_AT_ONCE", size)
        assert MODEL.sample(9, seed=1, n=n, threads=threads, stop="bb") == wanted


def test_sample_0_is_the_one_sample() -> None:
    assert MODEL.sample(20, seed=1, n=1) == [MODEL.sample(20, seed=1)]


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"n": -1}, ValueError, "n is -1, expected at least 0"),
        ({"n": 2.0}, TypeError, "n is 2.0"),
        ({"n": 2, "first": 2**32 - 1}, ValueError, r"samples .* expected numbers below 2\*\*32"),
        ({"first": -1}, ValueError, "first is -1"),
        ({"threads": 0}, ValueError, "threads is 0"),
        (
            {"n": 10**6, "length": 10**6},
            MemoryError,
            r"length is 1,000,000 \(n is 1,000,000\): .*needed",
        ),
        ({"n": 2**32, "length": 0}, MemoryError, r"length is 0 \(n is 4,294,967,296\): .*needed"),
        (
            {"n": 10**6, "length": 10**13},
            MemoryError,
            r"length is 10,000,000,000,000 \(samples at once: 8\): .*needed",
        ),
        ({"unknown": "uniform"}, ValueError, "unknown is 'uniform', expected 'error' or 'skip'"),
        ({"prime": b"a"}, TypeError, "prime is a bytes"),
        ({"prime": b"a", "unknown": "skip"}, TypeError, "prime is a bytes"),
        (
            {"topk": 3},
            TypeError,
            r"^sample\(\) got an unexpected keyword argument 'topk'$",
        ),
    ],
)
def test_bad_arguments(arguments: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        MODEL.sample(**({"length": 3} | arguments))


def test_an_iterator_of_samples_needs_room_for_some_alone() -> None:
    drawn = MODEL.samples(200, seed=1, n=200_000_000)
    assert next(drawn).text == MODEL.sample(200, seed=1)
    for threads in (1, 2):
        held = batch.room_of(10**6, threads)
        assert held < 100
        assert next(MODEL.samples(1, n=10**6, threads=threads, seed=1)).text
    assert batch.room_of(3, 9) == 3


def test_details_are_wanted_or_not() -> None:
    methods: list[Any] = [MODEL.samples, MODEL.stream]
    for method in methods:
        with pytest.raises(TypeError, match="details is 'no', expected True or False"):
            method(5, details="no")
        with pytest.raises(TypeError, match=rf"^{method.__name__}\(\) got an unexpected .* 'topk'"):
            method(5, topk=3)


def test_who_wants_no_more_samples_waits_for_none() -> None:
    """Threads end at their next slice, and what nobody began is not begun."""
    before = threading.active_count()
    drawn = MODEL.samples(10**6, seed=0, n=10_000, threads=2, stop="abcabcab")
    assert next(drawn).text == MODEL.sample(10**6, seed=0, stop="abcabcab")
    drawn.close()
    assert threading.active_count() == before


def test_samples_come_with_details_if_asked() -> None:
    drawn = list(MODEL.samples(50, "ab", 0.7, 5, n=11, first=2, stop="bb", details=True))
    assert [one.text for one in drawn] == MODEL.sample(50, "ab", 0.7, 5, n=11, first=2, stop="bb")
    for i, one in enumerate(drawn, 2):
        stream = MODEL.stream(50, "ab", 0.7, 5, first=i, stop="bb", details=True)
        wanted = [[one.logprob, one.drawn_logprob] for one in stream]
        assert isinstance(one, crnn.Sample)
        assert one.logprobs is not None
        assert one.logprobs.shape == (len(one.text), 2)
        assert one.logprobs.tolist() == wanted
    assert next(MODEL.samples(5, seed=1)).logprobs is None


# --- where they begin -----------------------------------------------------------------------------


def test_a_state_is_where_a_sample_begins_and_stays_as_it_is() -> None:
    state = MODEL.state()
    state.feed("abca")
    before = state.h.copy()
    assert MODEL.sample(20, state=state, seed=1) == MODEL.sample(20, "abca", seed=1)
    assert MODEL.sample(20, "cb", state=state, seed=1) == MODEL.sample(20, "abcacb", seed=1)
    assert MODEL.sample(9, state=state, seed=1, n=3)[2] == MODEL.sample(9, "abca", seed=1, first=2)
    np.testing.assert_array_equal(state.h, before)
    stream = MODEL.stream(20, state=state, seed=1)
    state.feed("c")
    assert "".join(stream) == MODEL.sample(20, "abca", seed=1)


def test_a_state_of_an_equal_model_will_do_and_of_another_not() -> None:
    twin, other = model_of(), model_of(chars="xyz")
    twin_state = twin.state()
    twin_state.feed("ab")
    assert MODEL.sample(20, state=twin_state, seed=1) == MODEL.sample(20, "ab", seed=1)
    with pytest.raises(ValueError, match="state is of another model"):
        MODEL.sample(3, state=other.state())
    with pytest.raises(TypeError, match="state is of type str, expected a State"):
        MODEL.sample(3, state="ab")  # type: ignore[call-overload]


def test_a_long_prime_is_read_whole() -> None:
    prime = "abcacb" * 50_000
    state = MODEL.state()
    state.feed(prime)
    assert MODEL.sample(20, prime, seed=1) == MODEL.sample(20, state=state, seed=1)


def test_unknown_characters_of_the_prime_are_skipped_or_named() -> None:
    assert MODEL.sample(20, "aßbΩ", seed=1, unknown="skip") == MODEL.sample(20, "ab", seed=1)
    named = r"prime has 2 .*'ß' U\+00DF LATIN .* at position 1.*; unknown=\"skip\" leaves out"
    with pytest.raises(ValueError, match=named):
        MODEL.sample(20, "aßbΩ", seed=1)


def taken(stream: Iterable[str]) -> tuple[str, ValueError | None]:
    """Return what came, and the error that ended it."""
    text = ""
    try:
        for char in stream:
            text += char
    except ValueError as error:
        return text, error
    return text, None


# --- allowed, forbidden ---------------------------------------------------------------------------


def test_allowed_characters_come_and_no_others() -> None:
    assert set(MODEL.sample(200, allowed={"a", "c"}, seed=1)) == {"a", "c"}
    assert set(MODEL.sample(200, allowed="b", temperature=0)) == {"b"}


def test_a_callable_sees_the_text_so_far() -> None:
    seen: list[str] = []

    def next_letter(text: str) -> str:
        seen.append(text)
        return "abc"["abc".index(text[-1]) - 1]

    assert MODEL.sample(5, "xab", allowed=next_letter, unknown="skip") == "acbac"
    assert seen == ["ab", "aba", "abac", "abacb", "abacba"]


def test_a_callable_that_does_not_restrict_changes_nothing() -> None:
    assert MODEL.sample(50, allowed=lambda text: "abc", seed=1) == MODEL.sample(50, seed=1)


def test_errors_of_a_callable_are_its_own() -> None:
    def refuse(text: str) -> str:
        if len(text) == 3:
            raise LookupError("no idea")
        return "a"

    stream = MODEL.stream(9, allowed=refuse)
    assert [next(stream) for _ in range(3)] == ["a"] * 3
    with pytest.raises(LookupError, match="no idea"):
        next(stream)
    with pytest.raises(LookupError, match="no idea"):
        MODEL.sample(9, allowed=refuse)


@pytest.mark.parametrize("end", [StopIteration, StopAsyncIteration])
@pytest.mark.parametrize("threads", [1, 2])
def test_a_callable_that_stops_an_iteration_ends_no_sample(
    end: type[Exception], threads: int
) -> None:
    """An exhausted iterator in it is a mistake in it, and no end of what is drawn."""

    def exhausted(text: str) -> str:
        if len(text) == 3:
            raise end
        return "abc"

    message = rf"allowed\(text\) at character 3 raised {end.__name__}"
    with pytest.raises(RuntimeError, match=message):
        MODEL.sample(5, n=20, threads=threads, allowed=exhausted)
    stream = MODEL.stream(5, allowed=exhausted)
    assert len([next(stream) for _ in range(3)]) == 3
    with pytest.raises(RuntimeError, match=message):
        next(stream)


def test_a_callable_is_asked_once_in_the_first_slice() -> None:
    """It may take any time; the first slice is no longer than that."""
    asked: list[str] = []

    def slow(text: str) -> str:
        asked.append(text)
        return "abc"

    next(MODEL.stream(10**9, allowed=slow))
    assert asked == [""]


@settings(max_examples=60)
@given(forbidden=STRINGS, prime=st.text("abc", max_size=5), temperature=st.sampled_from([0, 1, 4]))
def test_forbidden_strings_never_appear(
    forbidden: list[str], prime: str, temperature: float
) -> None:
    forbidden = [word for word in forbidden if len(word) > 1]
    text, error = taken(MODEL.stream(60, prime, temperature, 2, forbidden=forbidden))
    if error is None:
        assert len(text) == 60
    else:
        assert f"forbidden leaves nothing at character {len(text)}:" in str(error)
        assert all(any((prime + text + c).endswith(w) for w in forbidden) for c in "abc")
    for end in range(1, len(text) + 1):
        assert not any((prime + text[:end]).endswith(word) for word in forbidden)


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        ({"forbidden": ["a", "b", "c"]}, "forbidden leaves nothing at character 0: each one"),
        (
            {"allowed": "a", "forbidden": "aaa"},
            "allowed and forbidden together leave nothing at character 2: .*; forbid less",
        ),
        ({"allowed": lambda text: "a" * (len(text) < 4)}, "allowed.* at character 4 is empty"),
    ],
)
@pytest.mark.parametrize("n", [None, 3])
def test_rules_that_leave_nothing_are_named(rules: Any, message: str, n: int | None) -> None:
    with pytest.raises(ValueError, match=message):
        MODEL.sample(9, n=n, **rules)


@TABLES
@pytest.mark.parametrize("n", [None, 3])
@pytest.mark.parametrize(
    ("rules", "which"),
    [
        ({"allowed": "#"}, "allowed leaves"),
        ({"allowed": lambda text: "#"}, "allowed leaves"),
        ({"forbidden": ["a", "b"]}, "forbidden leaves"),
        ({"allowed": "a#", "forbidden": "a"}, "allowed and forbidden together leave"),
    ],
)
def test_what_the_model_never_writes_is_nothing(
    dtype: str, rules: Any, which: str, n: int | None
) -> None:
    model = model_of(dtype, "ab#")
    model.by[2] = -np.inf
    assert set(model.sample(99, seed=1)) == {"a", "b"}
    with pytest.raises(
        ValueError, match=f"{which} only characters of probability 0 at character 0: the model"
    ):
        model.sample(9, n=n, **rules)


@TABLES
def test_a_penalty_beyond_all_numbers_is_named(dtype: str) -> None:
    model = model_of(dtype)
    model.by[0] = np.finfo(dtype).max / 1000
    assert model.sample(3, "a") == "aaa"
    with pytest.raises(ValueError, match="repetition_penalty 1e-06 makes logits infinite"):
        model.sample(3, "a", repetition_penalty=1e-6)


@TABLES
def test_not_even_a_temperature_that_makes_all_equal_lets_the_forbidden_in(dtype: str) -> None:
    text = model_of(dtype).sample(200, temperature=1e308, forbidden="b", seed=1)
    assert set(text) == {"a", "c"}


@TABLES
@pytest.mark.parametrize("rules", RULES, ids=[" ".join(rules) for rules in RULES])
def test_nan_is_an_error_after_what_came_before_it(dtype: str, rules: dict[str, Any]) -> None:
    model = model_of(dtype)
    model.Wxh[:, 1] = np.nan  # from b on, nothing is known
    rules = {name: value for name, value in rules.items() if name != "stop"}
    text, error = taken(model.stream(1000, seed=4, **rules))
    assert text.index("b") == len(text) - 1
    assert f"probabilities contain NaN at character {len(text)}:" in str(error)
    with pytest.raises(ValueError, match="probabilities contain NaN"):
        model.sample(1000, seed=4, n=20, threads=2, **rules)


# --- stops ----------------------------------------------------------------------------------------


def cut(text: str, stops: list[str], keep: bool) -> str:
    """The text up to where the first stop is complete; of several that end there, the longest."""
    for end in range(1, len(text) + 1):
        found = [stop for stop in stops if text[:end].endswith(stop)]
        if found:
            return text[:end] if keep else text[: end - max(map(len, found))]
    return text


@settings(max_examples=60)
@given(stops=STRINGS, keep=st.booleans(), seed=st.integers(0, 9))
def test_a_stop_ends_the_text(stops: list[str], keep: bool, seed: int) -> None:
    whole = MODEL.sample(40, "ab", seed=seed, n=12)
    ended = MODEL.sample(40, "ab", seed=seed, n=12, stop=stops, keep_stop=keep)
    assert ended == [cut(text, stops, keep) for text in whole]
    streams = [
        MODEL.stream(40, "ab", seed=seed, first=i, stop=stops, keep_stop=keep) for i in range(12)
    ]
    assert ["".join(stream) for stream in streams] == ended


def test_one_stop_may_be_a_str() -> None:
    text = MODEL.sample(200, seed=1)
    assert MODEL.sample(200, seed=1, stop=text[50:60]) == text[: text.index(text[50:60])]


def test_a_stop_in_the_prime_is_none() -> None:
    text = MODEL.sample(50, "abca", seed=1)
    assert MODEL.sample(50, "abca", seed=1, stop="abca") == cut(text, ["abca"], False)
    first = "ca" + text[0]
    assert MODEL.sample(1, "abca", seed=1, stop=first) == text[0]
