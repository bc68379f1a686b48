"""Seeds: what is taken, what is refused, and streams that never move each other."""

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.random import MT19937, PCG64, PCG64DXSM, Generator, RandomState, SeedSequence

from crnn import seeding
from crnn.seeding import (
    child,
    pcg64_from_json,
    pcg64_to_json,
    seed_from_json,
    seed_sequence,
    seed_to_json,
)

ENTROPY = st.one_of(st.integers(0, 2**300), st.lists(st.integers(0, 2**70), min_size=1, max_size=5))


def raw(seed: Any, n: int = 3) -> list[int]:
    words: list[int] = PCG64(seed).random_raw(n).tolist()
    return words


@given(ENTROPY)
def test_a_seed_means_what_numpy_means_by_it(entropy: Any) -> None:
    wanted = raw(SeedSequence(entropy))
    assert raw(seed_sequence(entropy)) == wanted
    for seed in (SeedSequence(entropy), PCG64(entropy), np.random.default_rng(entropy)):
        assert raw(seed_sequence(seed)) == wanted
    if isinstance(entropy, list):
        assert raw(seed_sequence(tuple(entropy))) == wanted


@pytest.mark.parametrize(
    "seed",
    [
        np.int64(5),
        np.uint8(5),
        np.array(5),
        [5],
        range(5, 6),
        np.array([5], np.uint32),
        np.array([5], np.int64),
        [np.int16(5)],
        SeedSequence(np.array([5], np.uint32)),
        SeedSequence([[5]]),
    ],
)
def test_every_form_of_five(seed: Any) -> None:
    assert raw(seed_sequence(seed)) == raw(5)
    assert json.dumps(seed_to_json(seed_sequence(seed)))


def test_none_takes_fresh_entropy_that_can_be_kept() -> None:
    first, second = seed_sequence(None), seed_sequence()
    assert first.entropy != second.entropy
    assert raw(seed_from_json(seed_to_json(first))) == raw(first)


def test_the_callers_seed_is_left_alone() -> None:
    seed = SeedSequence(3, spawn_key=(1, 2), pool_size=8)
    own = seed_sequence(seed)
    child(own, 0)
    child(seed, 0)
    assert seed.n_children_spawned == 0
    assert own is not seed
    assert (own.entropy, own.spawn_key, own.pool_size) == (3, (1, 2), 8)
    generator = np.random.default_rng(3)
    before = generator.bit_generator.state
    seed_sequence(generator)
    assert generator.bit_generator.state == before


def test_a_generator_counts_by_its_seed_not_its_place() -> None:
    generator = np.random.default_rng(3)
    generator.random(10)
    assert raw(seed_sequence(generator)) == raw(3)


@pytest.mark.parametrize(
    ("seed", "error", "match"),
    [
        (True, TypeError, "seed is True, a bool, expected None, an int"),
        (np.False_, TypeError, "seed is np.False_, a bool"),
        (1.0, TypeError, "seed is 1.0, a float"),
        (np.float32(1), TypeError, "a float32"),
        ("7", TypeError, "seed is a str"),
        (b"7", TypeError, "seed is a bytes"),
        ({1: 2}, TypeError, "seed is a dict"),
        ({1}, TypeError, r"seed is \{1\}, a set"),
        (-1, ValueError, "seed is -1, expected an int >= 0"),
        ([1, -2], ValueError, r"seed\[1\] is -2"),
        ([], ValueError, "seed is an empty sequence"),
        ([1, True], TypeError, r"seed\[1\] is True"),
        ([1, 2.0], TypeError, r"seed\[1\] is 2.0"),
        (["1"], TypeError, r"seed\[0\] is '1'"),
        ([[1]], TypeError, r"seed\[0\] is \[1\], a list"),
        (np.array([1.5]), TypeError, r"seed\[0\] is np.float64\(1.5\)"),
        (np.array([True]), TypeError, r"seed\[0\] is np.True_"),
        (np.array([[1, 2]]), TypeError, "seed is array"),
        (np.array(1.5), TypeError, "seed is array"),
        (np.ma.masked_array([1]), TypeError, "seed is a MaskedArray"),
        (MT19937(1), TypeError, "generator of type MT19937"),
        (PCG64DXSM(1), TypeError, "generator of type PCG64DXSM"),
        (Generator(MT19937(1)), TypeError, "generator of type MT19937"),
        (RandomState(1), TypeError, "a RandomState, expected None"),
    ],
)
def test_refused_seeds(seed: Any, error: Any, match: str) -> None:
    with pytest.raises(error, match=match):
        seed_sequence(seed)


def test_a_pcg64_with_a_foreign_seed_is_refused() -> None:
    class Foreign(np.random.bit_generator.ISeedSequence):
        def generate_state(self, n_words: Any, dtype: Any = np.uint32) -> Any:
            return np.zeros(n_words, dtype)

    foreign: Any = Foreign()
    with pytest.raises(TypeError, match="seeded by a Foreign"):
        seed_sequence(PCG64(foreign))


def test_children_are_numpys_spawned_children() -> None:
    spawned = SeedSequence(11).spawn(3)
    for key in (seeding.WEIGHTS, seeding.DROPOUT, seeding.TRAINING_SAMPLES):
        wanted = raw(spawned[key], 5)
        assert child(SeedSequence(11), key).random_raw(5).tolist() == wanted
    grandchild = SeedSequence(11, spawn_key=(2,), pool_size=5)
    wanted = raw(SeedSequence(11, spawn_key=(2, 9), pool_size=5))
    assert child(grandchild, 9).random_raw(3).tolist() == wanted


def test_spawn_keys_are_the_contracts() -> None:
    assert (seeding.WEIGHTS, seeding.DROPOUT, seeding.TRAINING_SAMPLES) == (0, 1, 2)


@pytest.mark.parametrize(
    ("parent", "key", "error", "match"),
    [
        (7, 0, TypeError, r"parent is a int, expected a numpy SeedSequence"),
        (SeedSequence(7), True, TypeError, "key is True"),
        (SeedSequence(7), 1.0, TypeError, "key is 1.0"),
        (SeedSequence(7), -1, ValueError, "key is -1"),
        (SeedSequence(7), 2**32, ValueError, "key is 4294967296, expected 0 to"),
    ],
)
def test_refused_children(parent: Any, key: Any, error: Any, match: str) -> None:
    with pytest.raises(error, match=match):
        child(parent, key)


@given(ENTROPY, st.lists(st.integers(0, 2**32 - 1), max_size=3), st.integers(4, 9))
def test_seeds_survive_json(entropy: Any, spawn_key: list[int], pool_size: int) -> None:
    seed = SeedSequence(entropy, spawn_key=spawn_key, pool_size=pool_size)
    again = seed_from_json(json.loads(json.dumps(seed_to_json(seed))))
    assert again.entropy == entropy
    assert again.state == seed.state
    assert raw(again) == raw(seed)


def test_a_seed_longer_than_pythons_decimal_limit() -> None:
    seed = seed_sequence(1 << 20_000)
    assert seed_from_json(json.loads(json.dumps(seed_to_json(seed)))).entropy == 1 << 20_000


@given(st.integers(0, 2**64), st.integers(0, 2**127), st.booleans())
def test_generators_survive_json(seed: Any, jump: int, half: bool) -> None:
    generator = PCG64(seed).jumped() if jump % 2 else PCG64(seed)
    generator.advance(jump)
    if half:  # leaves 32 bits in the generator's buffer
        Generator(generator).integers(0, 2**32, dtype=np.uint32)
    again = pcg64_from_json(json.loads(json.dumps(pcg64_to_json(generator))))
    assert again.state == generator.state
    assert again.random_raw(4).tolist() == generator.random_raw(4).tolist()


GOOD_SEED = seed_to_json(SeedSequence(1))
GOOD_PCG64 = pcg64_to_json(PCG64(1))


BAD_SEEDS: list[Any] = [
    None,
    {},
    GOOD_SEED | {"more": 1},
    GOOD_SEED | {"entropy": 1},
    GOOD_SEED | {"entropy": "0xz"},
    GOOD_SEED | {"entropy": ["0x1", "2"]},
    GOOD_SEED | {"entropy": "-0x1"},
    GOOD_SEED | {"spawn_key": 3},
    GOOD_SEED | {"spawn_key": [True]},
    GOOD_SEED | {"spawn_key": [-1]},
    GOOD_SEED | {"pool_size": 3},
    GOOD_SEED | {"pool_size": 10**12},
]
BAD_PCG64S: list[Any] = [
    [],
    GOOD_PCG64 | {"state": 5},
    GOOD_PCG64 | {"state": hex(2**128)},
    GOOD_PCG64 | {"inc": "0x2"},
    GOOD_PCG64 | {"has_uint32": 2},
    GOOD_PCG64 | {"has_uint32": True},
    GOOD_PCG64 | {"uinteger": 2**32},
]


@pytest.mark.parametrize("record", BAD_SEEDS)
def test_malformed_seed_records_are_refused(record: Any) -> None:
    with pytest.raises(ValueError, match=r"is .*, expected"):
        seed_from_json(record)


@pytest.mark.parametrize("record", BAD_PCG64S)
def test_malformed_generator_records_are_refused(record: Any) -> None:
    with pytest.raises(ValueError, match=r"is .*, expected"):
        pcg64_from_json(record)
