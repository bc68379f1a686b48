"""Rules of a sample: what wrong ones get."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

import crnn
from crnn.sampling.rules import Rules


@pytest.fixture
def vocab() -> crnn.Vocab:
    return crnn.Vocab("abc")


@pytest.mark.parametrize(
    ("name", "value", "error", "message"),
    [
        ("temperature", -1, ValueError, "temperature is -1, expected a finite number of at least"),
        ("temperature", math.nan, ValueError, "temperature is nan"),
        ("temperature", math.inf, ValueError, "temperature is inf"),
        ("temperature", True, TypeError, "temperature is True, expected a number"),
        ("top_k", 0, ValueError, "top_k is 0, expected at least 1"),
        ("top_k", 1.5, TypeError, "top_k is 1.5, expected an integer"),
        ("top_k", True, TypeError, "top_k is True"),
        ("top_p", 0, ValueError, "top_p is 0, expected a number above 0 and at most 1"),
        ("top_p", 1.01, ValueError, "top_p is 1.01"),
        ("top_p", math.nan, ValueError, "top_p is nan"),
        ("top_p", "0.9", TypeError, "top_p is '0.9', expected a number"),
        ("top_p", False, TypeError, "top_p is False"),
        ("min_p", -0.1, ValueError, "min_p is -0.1, expected a number from 0 to 1"),
        ("min_p", 1.1, ValueError, "min_p is 1.1"),
        ("min_p", math.nan, ValueError, "min_p is nan"),
        ("repetition_penalty", 0, ValueError, "repetition_penalty is 0, expected .* above 0"),
        ("repetition_penalty", -1.2, ValueError, "repetition_penalty is -1.2"),
        ("repetition_penalty", math.inf, ValueError, "repetition_penalty is inf"),
        ("repetition_penalty", math.nan, ValueError, "repetition_penalty is nan"),
        ("repetition_penalty", "much", TypeError, "repetition_penalty is 'much'"),
        ("repetition_window", 0, ValueError, "repetition_window is 0, expected at least 1"),
        ("repetition_window", 2.0, TypeError, "repetition_window is 2.0"),
        ("allowed", "aß", ValueError, r"allowed has a character .*'ß' U\+00DF"),
        ("allowed", {"a", "ß"}, ValueError, r"allowed has a character .*'ß' U\+00DF"),
        ("allowed", "", ValueError, "allowed is empty: it leaves nothing .* or None for all"),
        ("allowed", {"ab"}, ValueError, "allowed has 'ab', expected single characters"),
        ("allowed", [1], ValueError, "allowed has 1, expected single characters"),
        ("allowed", b"ab", TypeError, "allowed is of type bytes, expected a str or a set"),
        ("allowed", 3, TypeError, "allowed is of type int, expected a str or a set"),
        ("forbidden", "", ValueError, "forbidden is empty, expected at least one character"),
        ("forbidden", ["a", ""], ValueError, r"forbidden\[1\] is empty"),
        ("forbidden", "aß", ValueError, r"forbidden has .*'ß' U\+00DF .* at position 1"),
        ("forbidden", 3, TypeError, "forbidden is of type int, expected a str or a list of them"),
        ("forbidden", [3], TypeError, r"forbidden\[0\] is a int, expected a str"),
        ("temperature", 10**400, ValueError, "^temperature is beyond all floats, expected"),
        ("temperature", Fraction(-(10**400)), ValueError, "^temperature is beyond all floats"),
        ("top_p", 10**400, ValueError, "^top_p is beyond all floats"),
        ("min_p", 10**400, ValueError, "^min_p is beyond all floats"),
        ("repetition_penalty", 10**400, ValueError, "^repetition_penalty is beyond all floats"),
        ("keep_stop", "no", TypeError, "keep_stop is 'no', expected True or False"),
        ("keep_stop", 1, TypeError, "keep_stop is 1, expected True or False"),
        ("stop", ("b", ""), ValueError, r"stop\[1\] is empty"),
        ("stop", ["\n"], ValueError, r"stop\[0\] has a character .*U\+000A"),
        ("stop", b"a", TypeError, "stop is of type bytes"),
    ],
)
def test_what_is_wrong_is_named(
    vocab: crnn.Vocab, name: str, value: Any, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        Rules.of(vocab, **{name: value})


def test_a_window_may_be_longer_than_any_text() -> None:
    model = crnn.RNN("abc", hidden_size=4)
    model.by[:] = [[1], [2], [-1]]
    rules: dict[str, Any] = {"repetition_penalty": 2.0, "seed": 1}
    whole = model.sample(99, repetition_window=None, **rules)
    assert model.sample(99, repetition_window=10**30, **rules) == whole
    assert model.sample(99, repetition_window=2, **rules) != whole


def test_what_says_nothing_is_no_rule(vocab: crnn.Vocab) -> None:
    plain = Rules.of(vocab)
    assert plain == Rules.of(vocab, top_p=1, min_p=0, stop=None, forbidden=[], allowed=None)
    assert plain.limits(np.dtype("float32"), 2) is None


def test_limits_let_the_allowed_through(vocab: crnn.Vocab) -> None:
    limits = Rules.of(vocab, allowed=["c", "a"]).limits(np.dtype("float64"), 5)
    assert limits is not None
    assert limits.tolist() == [[math.inf, -math.inf, math.inf]]


def test_what_a_callable_says_is_checked(vocab: crnn.Vocab) -> None:
    said: Any = {"": "b", "b": "", "bb": "x", "bbb": 7}
    rules = Rules.of(vocab, allowed=lambda text: said[text])
    assert rules.asked("", 0).tolist() == [1]
    with pytest.raises(ValueError, match=r"allowed\(text\) at character 1 is empty: it leaves"):
        rules.asked("b", 1)
    with pytest.raises(ValueError, match=r"allowed\(text\) at character 2 has .*'x' U\+0078"):
        rules.asked("bb", 2)
    with pytest.raises(TypeError, match=r"allowed\(text\) at character 3 is of type int"):
        rules.asked("bbb", 3)
    with pytest.raises(ValueError, match="nobody is to be asked"):
        Rules.of(vocab).asked("", 0)
