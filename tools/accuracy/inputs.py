"""The inputs at which the functions are measured."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from accuracy.formats import F32, F64, FUNCTIONS, Array, Format

CHUNK = 1 << 16  # inputs that are in work at a time: what belongs to them stays in the cache
RUN = 256  # neighbours that a sample of all floats takes at a time
NEAR, AROUND = 200, 2000  # neighbours on either side of what there are many of, and few

LN2 = float(np.log(2))

# Where the formulas of csrc/vmath.h change, or their results leave the ordinary.
CLAMPS = {F32: (89.0, 104.0, 10.0), F64: (710.0, 746.0, 20.0)}
TANH_SMALL = 63 / 64

# Exact results very close to a number or to the middle of two. exp and log: V. Lefevre and J.-M.
# Muller, Worst Cases for Correct Rounding of the Elementary Functions in Double Precision, 15th
# IEEE Symposium on Computer Arithmetic, 2001, and the longer report of 2003. tanh: the database of
# the CORE-MATH project (A. Sibidanov, P. Zimmermann and others). MPFR verifies each in every run.
HARD_CASES = {
    "exp": """
        -0x1.e8bdbfcd9144ep3 -0x1.71e0b869b5e79p2 -0x1.02393d5976769p1 -0x1.2a9cad9998262p0
        -0x1.cc37ef7de7501p0 -0x1.22e24fa3d5cf9p-1 -0x1.dc2b5df1f7d3dp-1 -0x1.290ea09e36479p-3
        -0x1.a2fefefd580dfp-13 -0x1.ed318efb627eap-27 -0x1.4bd46601ae1efp-31
        -0x1.1000000000242p-42 -0x1.2000000000288p-42 -0x1.8000000000012p-48
        -0x1.0000000000001p-51 0x1.fffffffffffffp-53 0x1.fffffffffffe0p-48
        0x1.7ffe7ffee0024p-32 0x1.80017ffedffdcp-32 0x1.9e9cbbfd6080bp-31
        0x1.d7a7d893609e5p-26 0x1.ba07d73250de7p-14 0x1.d77fd13d27fffp-11 0x1.6a4d1af9cc989p-8
        0x1.accfbe46b4ef0p-1 0x1.aca7ae8da5a7bp0 0x1.d6336a88077aap0 0x1.42ee3c7dc4946p1
        0x1.76e7e5d7b6eacp3 0x1.a8ead058bc6b8p3 0x1.1d5c2daebe367p4 0x1.c44ce0d716a1ap4
        0x1.83d4bcdebb3f4p2 0x1.6474c604cc0d7p6 0x1.54cd1fea7663ap7 0x1.d6479eba7c971p8""",
    "log": """
        0x1.0000000000001p0 0x1.000976581ce4ep1 0x1.91a8dff540ff7p2 0x1.de37fb31fd5fcp2
        0x1.2b1199e497739p3 0x1.55f0eaa1b2fc8p3 0x1.8ede492d96072p3 0x1.11867637cbd03p4
        0x1.3d9d7d597a9ddp4 0x1.7f3825778aaafp4 0x1.ac50b409c8aeep8 0x1.de7cd6751029ap16
        0x1.62a88613629b6p678""",
    "tanh": """
        0x1.ac343b179fec4p-3 0x1.00764a988bf73p-2 0x1.17d1e8a63711fp-2 0x1.291c601a05276p-2
        0x1.36f33d51c264dp-2 0x1.43eaea23649c3p-2 0x1.d88d7550b2826p-2 0x1.e611aa58ab608p-2
        0x1.01efe7ac8c15dp-1 0x1.1005ec0bccabbp-1 0x1.33dfeb0fa4bfep-1 0x1.49f24ac5cac35p-1""",
}


def hard_cases(function: str) -> list[float]:
    return [float.fromhex(text) for text in HARD_CASES[function].split()]


def every_float(start: int, count: int) -> Array:
    """Return the floats with the bits from start on, and one more: the first one of the next."""
    end = min(start + count + 1, 1 << 32)
    return np.arange(start, end, dtype=np.uint64).astype(np.uint32).view(np.float32)


def sampled_floats(start: int, count: int, spacing: int) -> Array:
    """Return of the floats with the bits from start on the first RUN of every `spacing`."""
    starts = np.arange(start, start + count, spacing, dtype=np.uint64)
    bits = starts[:, None] + np.arange(RUN, dtype=np.uint64)
    return bits.ravel().astype(np.uint32).view(np.float32)


def random_doubles(function: str, seed: int, chunk: int) -> Array:
    """Return one of the chunks of random numbers that suit the function, the same at every call.

    Half of them are even over the range of interest, the others over the exponents or close to
    where a result has few digits to spare.
    """
    rng = np.random.Generator(np.random.SFC64([seed, FUNCTIONS.index(function), chunk]))
    part = CHUNK // 4
    if function == "exp":
        parts = [rng.uniform(-746, 710, part), rng.uniform(-1, 1, part)]
        parts += [rng.uniform(-746, -708, part), signed(rng, exponents(rng, part, 2.0**-60, 746))]
    elif function == "log":
        any_positive = rng.integers(1, F64.infinity, part, dtype=np.uint64).view(np.float64)
        near_1 = 1 + signed(rng, exponents(rng, part, 2.0**-30, 0.5))
        parts = [any_positive, rng.uniform(0.5, 2, part), rng.uniform(0, 100, part), near_1]
    else:
        parts = [rng.uniform(-1.25, 1.25, part), rng.uniform(-20, 20, part)]
        parts += [rng.uniform(-3, 3, part), signed(rng, exponents(rng, part, 2.0**-60, 20))]
    return np.concatenate(parts)


def exponents(rng: np.random.Generator, count: int, low: float, high: float) -> Array:
    """Return numbers from low to high, about as many of each exponent."""
    first, last = (int(np.float64(value).view(np.int64)) for value in (low, high))
    values: Array = rng.integers(first, last, count).view(np.float64)
    return values


def signed(rng: np.random.Generator, values: Array) -> Array:
    either: Array = np.copysign(values, rng.integers(0, 2, len(values)) - 0.5)
    return either


def structured(function: str, kind: Format) -> Array:
    """Return in rising order, NaN last, the inputs where something may go wrong."""
    few = hard_cases(function) if kind is F64 else []
    exponent = np.arange(kind.min_exponent, kind.max_exponent)
    powers = np.ldexp(np.ones(len(exponent)), exponent)
    values = [
        neighbours(list(break_points(function, kind)), AROUND, kind),
        neighbours(many_points(function, kind), NEAR, kind),
        neighbours(np.concatenate([powers, -powers]), 64, kind),
        neighbours(few, 2, kind),
        neighbours([0.0, -0.0, np.inf, -np.inf], AROUND, kind),
        np.array([np.nan], kind.real),
    ]
    return in_order(np.concatenate(values), kind)


def in_order(values: Array, kind: Format) -> Array:
    """Return the values once each; -0 and 0 are two."""
    order = np.sort(values)
    bits = order.view(kind.bits)
    once: Array = order[np.concatenate([[True], bits[1:] != bits[:-1]])]
    return once


def neighbours(centres: Array | list[float], count: int, kind: Format) -> Array:
    """Return the numbers nearest to the centres, with those before and after them."""
    bits = np.array(centres, kind.real).view(kind.bits)
    sign = bits & kind.bits(kind.sign)
    around = (bits ^ sign).astype(np.int64)[:, None] + np.arange(-count, count + 1)
    magnitude = np.clip(around, 0, kind.infinity).astype(kind.bits)
    values: Array = (magnitude | sign[:, None]).ravel().view(kind.real)
    return values


def break_points(function: str, kind: Format) -> Iterator[float]:
    """Yield where a formula changes, and where results become infinite, subnormal, 0, 1."""
    high, low, saturated = CLAMPS[kind]
    if function == "exp":
        yield from (high, -low)
        for exponent in (kind.min_exponent - 1, kind.min_exponent, kind.min_exponent + kind.digits):
            yield (exponent - 1) * LN2
            yield exponent * LN2
        yield from ((kind.max_exponent - 1) * LN2, kind.max_exponent * LN2)
    elif function == "log":
        yield from (1.0, 2 / 3, 4 / 3, 2 / 3 * 2.0 ** (kind.min_exponent + kind.digits - 1))
    else:
        for a in (TANH_SMALL, saturated, (kind.digits + 1) / 2 * LN2, (kind.digits + 2) / 2 * LN2):
            yield from (a, -a)


def many_points(function: str, kind: Format) -> Array:
    """Return where the arguments are reduced: half-way between two integers n, and at each."""
    high, low, saturated = CLAMPS[kind]
    if function == "log":
        exponent = np.arange(kind.min_exponent + kind.digits, kind.max_exponent)
        points: Array = 2 / 3 * np.ldexp(np.ones(len(exponent)), exponent)
        return points
    first, last = (-low, high) if function == "exp" else (-2 * saturated, 2 * saturated)
    halves = np.arange(np.floor(2 * first / LN2), np.ceil(2 * last / LN2) + 1)
    return halves * LN2 / 2 if function == "exp" else halves * LN2 / 4
