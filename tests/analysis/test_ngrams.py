"""The n-gram models, beside the same formulas in plain Python over dictionaries and fractions."""

from __future__ import annotations

import math
from collections import Counter
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crnn.analysis.ngrams import bits_by_order, probabilities

Numbers = list[int]
Grams = dict[tuple[int, ...], int]


def discount(counts: Grams, count: int) -> Fraction:
    """What is taken off a count."""
    n = [sum(value == k for value in counts.values()) for k in range(5)]
    found = [Fraction(1, 2), Fraction(1), Fraction(3, 2)]
    if n[1] and n[2] and n[3]:
        y = Fraction(n[1], n[1] + 2 * n[2])
        estimated = [k - (k + 1) * y * Fraction(n[k + 1], n[k]) for k in (1, 2, 3)]
        if min(estimated) > 0:
            found = estimated
    return found[min(count, 3) - 1] if count else Fraction(0)


def grams(text: Numbers, length: int) -> Grams:
    """How often each piece of that length stands in a text."""
    return Counter(tuple(text[at : at + length]) for at in range(len(text) - length + 1))


def continuations(text: Numbers, length: int) -> Grams:
    """How many different numbers stand before each piece of that length."""
    return Counter(gram[1:] for gram in grams(text, length + 1))


def probability(
    text: Numbers, context: tuple[int, ...], x: int, V: int, *, top: bool = True
) -> Fraction:
    """Interpolated Kneser-Ney with three discounts, as the paper has it."""
    length = len(context) + 1
    counts = grams(text, length) if top else continuations(text, length)
    below = probability(text, context[1:], x, V, top=False) if context else Fraction(1, V)
    after = {z: counts.get((*context, z), 0) for z in range(V)}
    total = sum(after.values())
    if total == 0:
        return below
    freed = sum((discount(counts, count) for count in after.values()), Fraction(0))
    return (after[x] - discount(counts, after[x]) + freed * below) / total


@st.composite
def texts(draw: Any) -> tuple[Numbers, Numbers, int]:
    V = draw(st.integers(1, 4))
    numbers = st.lists(st.integers(0, V - 1), max_size=60)
    return draw(numbers), draw(numbers.filter(len).map(lambda text: text[:8])), V


@settings(max_examples=60)
@given(texts(), st.integers(0, 5))
def test_it_is_the_formula(case: tuple[Numbers, Numbers, int], highest: int) -> None:
    training, measured, V = case
    found = probabilities(np.array(training, np.uint8), np.array(measured, np.int32), V, highest)
    assert found.shape == (highest + 1, len(measured))
    for order in range(highest + 1):
        for place, x in enumerate(measured):
            before = training + measured[:place]
            context = tuple(before[len(before) - order :]) if order else ()
            if len(context) == order:
                expected = float(probability(training, context, x, V))
            else:  # nothing so long stands before it: the longest that does
                expected = float(found[order - 1, place])
            assert found[order, place] == pytest.approx(expected, rel=1e-12)


@settings(max_examples=30)
@given(texts())
def test_probabilities_sum_to_one_and_none_is_zero(case: tuple[Numbers, Numbers, int]) -> None:
    training, _, V = case
    each = [probabilities(np.array(training, int), np.array([x]), V)[:, 0] for x in range(V)]
    assert np.sum(each, axis=0) == pytest.approx(np.ones(6), rel=1e-12)
    assert np.min(each) > 0


def test_discounts_are_estimated_where_there_are_enough_counts() -> None:
    training = np.random.default_rng(0).geometric(0.4, 400).clip(max=6).tolist()
    assert discount(grams(training, 3), 1) != Fraction(1, 2)
    found = probabilities(np.array(training), np.array([3]), 7, 2)[2, 0]
    context = (training[-2], training[-1])
    assert found == pytest.approx(float(probability(training, context, 3, 7)), rel=1e-12)


def test_bits_are_the_mean(text: str) -> None:
    x = np.frombuffer(text.encode(), np.uint8)
    found = bits_by_order(x[:500], x[500:], 128)
    assert found == pytest.approx(-np.log2(probabilities(x[:500], x[500:], 128)).mean(axis=1))
    assert len(found) == 6
    assert found[5] < 0.5 < 3 < found[0]


def test_large_alphabets_are_exact() -> None:
    rng = np.random.default_rng(0)
    x = rng.integers(0, 1_114_112, 2000)
    found = bits_by_order(np.concatenate((x, x)), x, 1_114_112)
    assert found[5] < 1 < found[0]
    assert all(map(math.isfinite, found))


@pytest.mark.parametrize(
    ("training", "measured", "message"),
    [
        ([0, 1], [], "measured is empty"),
        ([0, 2], [1], "training has an index outside 0 to 1"),
        ([0], [-1], "measured has an index outside 0 to 1"),
    ],
)
def test_what_cannot_be_measured(training: Numbers, measured: Numbers, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        bits_by_order(np.array(training, int), np.array(measured, int), 2)
