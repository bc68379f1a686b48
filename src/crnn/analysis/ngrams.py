"""Interpolated n-gram models of characters: what counting alone can predict.

The model of order k predicts a character x from the context c, the k characters before it. Its
probabilities are those of Chen and Goodman (1999), Kneser and Ney's way with three discounts::

    P(x | c) = (a(c x) - D(a(c x)) + sum_z D(a(c z)) P'(x | c')) / sum_z a(c z)

where a counts in the training part, D is one of three discounts for what was seen once, twice and
more often, and c' is c without its first character. P' is made in the same way, but counts how many
different characters stand before c' x: what appears everywhere is likely in a new context, what
appears often in one place is not. A context that is not there leaves P = P'. Below order 0 all V
characters are equally likely. The discounts are estimated from the counts; nothing is tuned.

Contexts are numbered order by order: the number of c x is the rank of the pair (number of c, x).
So they are exact at any order, whatever the size of the alphabet, and no hash is involved.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

__all__ = ["HIGHEST", "bits_by_order", "probabilities"]

Indices: TypeAlias = npt.NDArray[np.integer[Any]]
Int64s: TypeAlias = npt.NDArray[np.int64]
Float64s: TypeAlias = npt.NDArray[np.float64]

HIGHEST: Final = 5  # order of the longest context
_DENSE = 4  # a table with so many places for each key is faster than sorting the keys
_DISCOUNTS = (0.5, 1.0, 1.5)  # where too few counts are there to estimate them


class _Level(NamedTuple):
    """All there is of one order: the pairs of a context and the character after it.

    Attributes
    ----------
    contexts : int
        How many contexts there are.
    context_of, counts : (n_pairs,) array of int64
        Number of each distinct pair's context; how often the pair stands in the training part.
    ranks : (n - order,) array of int64
        Number of the pair that ends at each place of the training part.
    asked, seen : (m,) array of int64
        Number of the context and of the pair of each character measured; -1: not trained on.
    """

    contexts: int
    context_of: Int64s
    counts: Int64s
    ranks: Int64s
    asked: Int64s
    seen: Int64s


def bits_by_order(
    training: Indices, measured: Indices, vocabulary_size: int, highest: int = HIGHEST
) -> list[float]:
    """Return the bits per character that models of order 0, 1... need for a text.

    Parameters
    ----------
    training : (n,) array of int
        Indices that the models count, 0 to `vocabulary_size` - 1.
    measured : (m,) array of int
        Indices that follow `training` in the text; at least one.
    vocabulary_size : int
        V.
    highest : int
        Order of the last model.

    Returns
    -------
    list of float
        `highest` + 1 figures.

    Raises
    ------
    ValueError
        If there is nothing to measure, or an index is out of range.

    Examples
    --------
    >>> training, measured = np.array([0, 1] * 20), np.array([0, 1] * 5)
    >>> ["%.2f" % bits for bits in bits_by_order(training, measured, 2, highest=2)]
    ['1.00', '0.06', '0.03']
    """
    if not len(measured):
        raise ValueError("measured is empty, expected at least one index")
    found = probabilities(training, measured, vocabulary_size, highest)
    return [max(0.0, float(-np.log2(row).mean())) for row in found]  # not -0, not a rounding less


def probabilities(
    training: Indices, measured: Indices, vocabulary_size: int, highest: int = HIGHEST
) -> Float64s:
    """Return what models of order 0, 1... give to every character of a text.

    The parameters are those of `bits_by_order`.

    Returns
    -------
    (highest + 1, m) array of float64
        Probabilities, above 0.

    Examples
    --------
    >>> probabilities(np.array([0, 0, 1]), np.array([0, 1]), 2, highest=0).round(3).tolist()
    [[0.583, 0.417]]
    """
    _check(training, measured, vocabulary_size)
    x, y = training.astype(np.int64), measured.astype(np.int64)
    orders = np.empty((highest + 1, len(y)))
    level = _level(np.zeros(len(x), np.int64), 1, np.zeros(len(y), np.int64), x, y, vocabulary_size)
    below: Float64s = np.full(len(y), 1 / vocabulary_size)
    for order in range(highest):
        orders[order] = _interpolated(level, level.counts, below)
        above = _above(level, x[order + 1 :], y, vocabulary_size)
        below = _interpolated(level, _continuations(level, above), below)
        level = above
    orders[highest] = _interpolated(level, level.counts, below)
    return orders


def _check(training: Indices, measured: Indices, vocabulary_size: int) -> None:
    for name, indices in (("training", training), ("measured", measured)):
        if len(indices) and not 0 <= indices.min() <= indices.max() < vocabulary_size:
            raise ValueError(
                f"{name} has an index outside 0 to {vocabulary_size - 1}, expected indices of "
                f"a vocabulary of {vocabulary_size}"
            )


def _above(level: _Level, x: Int64s, y: Int64s, V: int) -> _Level:
    """Return the next order: the pairs of this one are its contexts."""
    before = level.ranks[-1:] if len(level.ranks) else np.full(1, -1)
    asked = np.concatenate((before, level.seen[:-1]))
    return _level(level.ranks[:-1], len(level.counts), asked, x, y, V)


def _level(numbers: Int64s, contexts: int, asked: Int64s, x: Int64s, y: Int64s, V: int) -> _Level:
    """Pair contexts with the characters after them.

    Parameters
    ----------
    numbers, x : (n - order,) array of int64
        Number of the context, and the character after it, all through the training part.
    contexts : int
        How many numbers there are.
    asked, y : (m,) array of int64
        The same of the part that is measured; -1: a context that was not trained on.
    V : int
        Size of the vocabulary.
    """
    keys, counts, ranks = _counted(numbers * V + x, contexts * V)
    seen = _sought(keys, np.where(asked < 0, -1, asked * V + y))
    return _Level(contexts, keys // V, counts, ranks, asked, seen)


def _counted(keys: Int64s, end: int) -> tuple[Int64s, Int64s, Int64s]:
    """Return the distinct keys (below `end`) in order, their counts, and the rank of every key."""
    if end > _DENSE * len(keys):
        distinct, ranks, counts = np.unique(keys, return_inverse=True, return_counts=True)
        return distinct, counts, ranks
    table = np.bincount(keys, minlength=end)
    distinct = np.flatnonzero(table)
    rank_of = np.zeros(end, np.int64)
    rank_of[distinct] = np.arange(len(distinct))
    return distinct, table[distinct], rank_of[keys]


def _sought(keys: Int64s, wanted: Int64s) -> Int64s:
    """Return where each wanted number stands in the sorted keys; -1: nowhere."""
    if not len(keys):
        return np.full(len(wanted), -1)
    places = np.searchsorted(keys, wanted).clip(max=len(keys) - 1)
    return np.where(keys[places] == wanted, places, -1)


def _continuations(level: _Level, above: _Level) -> Int64s:
    """Count how many different characters stand before each pair: the distinct pairs above it."""
    shorter = np.empty(len(above.counts), np.int64)
    shorter[above.ranks] = level.ranks[1:]  # the two that end at the same place
    return np.bincount(shorter, minlength=len(level.counts))


def _interpolated(level: _Level, counts: Int64s, below: Float64s) -> Float64s:
    """Return P of every character measured.

    Parameters
    ----------
    level : _Level
        Of the model's order.
    counts : (n_pairs,) array of int64
        What the model counts of each pair.
    below : (m,) array of float64
        P' of every character measured.
    """
    contexts = max(level.contexts, 1)
    discounts = _discounts(counts)[counts.clip(max=3)]
    totals = np.bincount(level.context_of, counts, contexts)
    discounted = np.bincount(level.context_of, discounts, contexts)
    rest = np.append(counts - discounts, 0.0)[level.seen]  # the last place is for the unseen, -1
    known = (level.asked >= 0) & (totals[level.asked] > 0)
    numerators = rest + discounted[level.asked] * below
    found: Float64s = np.divide(numerators, totals[level.asked], out=below.copy(), where=known)
    return found


def _discounts(counts: Int64s) -> Float64s:
    """Return what is taken off a count of 0, 1, 2 and more, estimated from how many are 1 to 4."""
    one, two, three, four = (int(np.count_nonzero(counts == n)) for n in (1, 2, 3, 4))
    if one and two and three:
        y = one / (one + 2 * two)
        found = (1 - 2 * y * two / one, 2 - 3 * y * three / two, 3 - 4 * y * four / three)
        if min(found) > 0:
            return np.array((0.0, *found))
    return np.array((0.0, *_DISCOUNTS))
