"""Seeds: from what a caller gives to independent streams of random bits.

Random bits are the raw 64-bit stream of NumPy's ``PCG64``, which NumPy guarantees for a seed. One
seed serves a whole training: every purpose has a stream of its own, the child of the seed under a
fixed *spawn key*, so that drawing more for one purpose never moves another. The three purposes
are `WEIGHTS`, `DROPOUT` and `TRAINING_SAMPLES`; of many samples drawn with one seed, the i-th uses
the spawn key i. NumPy's counter of spawned children is neither read nor moved: a seed gives the
same children however often it is used.

It does not turn bits into numbers (the compiled core does), and never touches ``np.random``'s
global state.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt
from numpy.random import PCG64, BitGenerator, Generator, SeedSequence

__all__ = [
    "DROPOUT",
    "TRAINING_SAMPLES",
    "WEIGHTS",
    "Seed",
    "child",
    "pcg64_from_json",
    "pcg64_to_json",
    "seed_from_json",
    "seed_sequence",
    "seed_to_json",
]

WEIGHTS: Final = 0
"""Spawn key of the first weights of a model."""
DROPOUT: Final = 1
"""Spawn key of the units left out while training."""
TRAINING_SAMPLES: Final = 2
"""Spawn key of the samples shown while training."""

Seed: TypeAlias = (
    int | Sequence[int] | npt.NDArray[np.integer[Any]] | SeedSequence | PCG64 | Generator | None
)

_EXPECTED = (
    "expected None, an int >= 0, a sequence of such ints, a numpy SeedSequence, "
    "a numpy PCG64 or a Generator over it"
)


def seed_sequence(seed: Seed = None) -> SeedSequence:
    """Return the SeedSequence that a seed stands for.

    Parameters
    ----------
    seed : None, int, sequence of int, SeedSequence, PCG64 or Generator over PCG64
        None takes fresh entropy from the operating system; `seed_to_json` shows what was taken. Of
        a PCG64 or a Generator counts what it was seeded with, not how far it has been drawn from.

    Returns
    -------
    numpy.random.SeedSequence
        A new object; the caller's is left as it is.

    Raises
    ------
    TypeError
        `seed` is something else: a bool, a float, a str, another bit generator...
    ValueError
        An int is negative or a sequence empty.

    Examples
    --------
    >>> seed_sequence(7).entropy
    7
    >>> seed_sequence(np.random.default_rng(7)).entropy
    7
    >>> seed_sequence(-1)
    Traceback (most recent call last):
        ...
    ValueError: seed is -1, expected an int >= 0
    """
    if seed is None:
        return SeedSequence()
    if isinstance(seed, Generator | BitGenerator):
        seed = _seed_of_generator(seed)
    if isinstance(seed, SeedSequence):
        return SeedSequence(
            _plain(seed.entropy), spawn_key=_flat(seed.spawn_key), pool_size=seed.pool_size
        )
    if isinstance(seed, str | bytes | bytearray | Mapping | np.ma.MaskedArray):
        raise TypeError(f"seed is a {type(seed).__name__}, {_EXPECTED}")
    if isinstance(seed, Sequence) or (isinstance(seed, np.ndarray) and seed.ndim == 1):
        if not len(seed):
            raise ValueError("seed is an empty sequence, expected at least one int >= 0")
        return SeedSequence([_whole(f"seed[{i}]", word) for i, word in enumerate(seed)])
    return SeedSequence(_whole("seed", seed))


def child(parent: SeedSequence, key: int) -> PCG64:
    """Return the bit generator of one purpose, or of the i-th of many samples.

    Parameters
    ----------
    parent : numpy.random.SeedSequence
        The seed; its counter of spawned children does not move.
    key : int
        The spawn key, 0 to 2**32 - 1: `WEIGHTS`, `DROPOUT`, `TRAINING_SAMPLES`, or i.

    Returns
    -------
    numpy.random.PCG64
        At the start of its stream, the same for the same arguments.

    Raises
    ------
    TypeError
        `parent` is not a SeedSequence or `key` not an int.
    ValueError
        `key` is out of range.

    Examples
    --------
    >>> seed = seed_sequence(0)
    >>> child(seed, WEIGHTS).random_raw() == child(seed, WEIGHTS).random_raw()
    True
    >>> child(seed, WEIGHTS).random_raw() == child(seed, DROPOUT).random_raw()
    False
    """
    if not isinstance(parent, SeedSequence):
        raise TypeError(
            f"parent is a {type(parent).__name__}, expected a numpy SeedSequence; "
            "seed_sequence(seed) makes one"
        )
    key = _whole("key", key)
    if key >= 2**32:  # NumPy would split it in two words, the key of some grandchild
        raise ValueError(f"key is {key}, expected 0 to 2**32 - 1")
    return PCG64(
        SeedSequence(parent.entropy, spawn_key=(*parent.spawn_key, key), pool_size=parent.pool_size)
    )


def seed_to_json(seed: SeedSequence) -> dict[str, Any]:
    """Describe a seed by what JSON can hold.

    Parameters
    ----------
    seed : numpy.random.SeedSequence
        Its counter of spawned children is left out: nothing here depends on it.

    Returns
    -------
    dict
        ``entropy`` (a hexadecimal str or a list of them), ``spawn_key`` (a list of int) and
        ``pool_size`` (int).

    Examples
    --------
    >>> seed_to_json(seed_sequence(42))
    {'entropy': '0x2a', 'spawn_key': [], 'pool_size': 4}
    """
    entropy = _plain(seed.entropy)
    return {
        "entropy": hex(entropy) if isinstance(entropy, int) else [hex(word) for word in entropy],
        "spawn_key": _flat(seed.spawn_key),
        "pool_size": int(seed.pool_size),
    }


def seed_from_json(record: Mapping[str, Any]) -> SeedSequence:
    """Return the seed that `seed_to_json` described.

    Parameters
    ----------
    record : mapping
        What `seed_to_json` returned.

    Returns
    -------
    numpy.random.SeedSequence

    Raises
    ------
    ValueError
        `record` was not made by `seed_to_json`.

    Examples
    --------
    >>> seed_from_json({"entropy": "0x2a", "spawn_key": [], "pool_size": 4}).entropy
    42
    """
    entropy, spawn_key, pool_size = _fields(record, "entropy", "spawn_key", "pool_size")
    if isinstance(entropy, list):
        words: int | list[int] = [_from_hex("entropy", word) for word in entropy]
    else:
        words = _from_hex("entropy", entropy)
    if not isinstance(spawn_key, list):
        raise ValueError(f"spawn_key is {spawn_key!r}, expected a list of ints")
    key = [_bounded("spawn_key", word, 2**64) for word in spawn_key]
    pool_size = _bounded("pool_size", pool_size, 2**16)
    if pool_size < 4:
        raise ValueError(f"pool_size is {pool_size}, expected at least 4")
    return SeedSequence(words, spawn_key=key, pool_size=pool_size)


def pcg64_to_json(generator: PCG64) -> dict[str, Any]:
    """Describe where a PCG64 stands in its stream by what JSON can hold.

    Parameters
    ----------
    generator : numpy.random.PCG64
        Left as it is.

    Returns
    -------
    dict
        ``state`` and ``inc`` (hexadecimal str, 128 bits), ``has_uint32`` and ``uinteger`` (int).

    Examples
    --------
    >>> sorted(pcg64_to_json(PCG64(1)))
    ['has_uint32', 'inc', 'state', 'uinteger']
    """
    state: Mapping[str, Any] = generator.state
    return {
        "state": hex(state["state"]["state"]),
        "inc": hex(state["state"]["inc"]),
        "has_uint32": int(state["has_uint32"]),
        "uinteger": int(state["uinteger"]),
    }


def pcg64_from_json(record: Mapping[str, Any]) -> PCG64:
    """Return a PCG64 that goes on where the described one stood.

    Parameters
    ----------
    record : mapping
        What `pcg64_to_json` returned.

    Returns
    -------
    numpy.random.PCG64
        It knows its state, not the seed it began with.

    Raises
    ------
    ValueError
        `record` was not made by `pcg64_to_json`.

    Examples
    --------
    >>> generator = PCG64(1)
    >>> twin = pcg64_from_json(pcg64_to_json(generator))
    >>> twin.random_raw() == generator.random_raw()
    True
    """
    names = ("state", "inc", "has_uint32", "uinteger")
    state, inc, has_uint32, uinteger = _fields(record, *names)
    state_word = _bounded("state", _from_hex("state", state), 2**128)
    inc_word = _bounded("inc", _from_hex("inc", inc), 2**128)
    if inc_word % 2 == 0:
        raise ValueError(f"inc is {inc!r}, expected an odd number")
    generator = PCG64(0)
    generator.state = {
        "bit_generator": "PCG64",
        "state": {"state": state_word, "inc": inc_word},
        "has_uint32": _bounded("has_uint32", has_uint32, 2),
        "uinteger": _bounded("uinteger", uinteger, 2**32),
    }
    return generator


def _seed_of_generator(generator: Generator | BitGenerator) -> SeedSequence:
    """Return what a PCG64, or a Generator over one, was seeded with."""
    bits = generator.bit_generator if isinstance(generator, Generator) else generator
    if not isinstance(bits, PCG64):
        raise TypeError(f"seed is a generator of type {type(bits).__name__}, {_EXPECTED}")
    seed = bits.seed_seq
    if not isinstance(seed, SeedSequence):
        raise TypeError(f"seed is a PCG64 that was seeded by a {type(seed).__name__}, {_EXPECTED}")
    return seed


def _whole(name: str, value: Any) -> int:
    """Return an int >= 0 as a Python int, or say what is wrong with it."""
    if isinstance(value, bool | np.bool_) or not hasattr(value, "__index__"):
        raise TypeError(f"{name} is {value!r}, a {type(value).__name__}, {_EXPECTED}")
    try:
        number = operator.index(value)
    except TypeError as error:  # an array that is no integer scalar has __index__ all the same
        raise TypeError(f"{name} is {value!r}, {_EXPECTED}") from error
    if number < 0:
        raise ValueError(f"{name} is {number}, expected an int >= 0")
    return number


def _plain(entropy: Any) -> int | list[int]:
    """Return a SeedSequence's entropy as an int or a flat list of ints, with the same meaning."""
    return _flat(entropy) if _is_many(entropy) else int(entropy)


def _flat(words: Any) -> list[int]:
    """Return the ints of a nested sequence in order, as NumPy reads them."""
    flat: list[int] = []
    for word in words:
        flat.extend(_flat(word) if _is_many(word) else [int(word)])
    return flat


def _is_many(value: Any) -> bool:
    return isinstance(value, Sequence) or (isinstance(value, np.ndarray) and value.ndim > 0)


def _fields(record: Mapping[str, Any], *names: str) -> list[Any]:
    if not isinstance(record, Mapping) or set(record) != set(names):
        raise ValueError(f"record is {record!r}, expected a dict with {', '.join(names)}")
    return [record[name] for name in names]


def _from_hex(name: str, text: Any) -> int:
    if not isinstance(text, str) or not re.fullmatch("0x[0-9a-f]+", text):
        raise ValueError(f"{name} is {text!r}, expected a hexadecimal str such as '0x2a'")
    return int(text, 16)


def _bounded(name: str, value: Any, end: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < end:
        raise ValueError(f"{name} is {value!r}, expected an int, 0 to {end - 1}")
    return value
