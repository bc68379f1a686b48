"""The arithmetic contract crnn-1 a second time: its page in Python, and nothing of crnn.

Sections, names and orders are those of `docs/explanation/contract.md`. Arrays hold one element
per output; what the page does in an order, a loop does in that order. Every operation is IEEE's as
NumPy has it, but `fma`, which is made of exact arithmetic.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any, Final, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

Array: TypeAlias = npt.NDArray[Any]
Type: TypeAlias = np.dtype[Any]

FLOAT32: Final[Type] = np.dtype(np.float32)
FLOAT64: Final[Type] = np.dtype(np.float64)

quiet: Final = np.errstate(all="ignore")
"""Infinities and NaN are results like others."""


# 1. Numbers and operations ------------------------------------------------------------------------

WORD: Final[dict[Type, Any]] = {FLOAT32: np.uint32, FLOAT64: np.uint64}
M: Final[dict[Type, int]] = {FLOAT32: 23, FLOAT64: 52}
E: Final[dict[Type, int]] = {FLOAT32: 127, FLOAT64: 1023}


def real(x: float, t: Type) -> Any:
    """Return a float64 rounded once to the type."""
    with np.errstate(over="ignore"):
        return t.type(x)


def bits(x: Array) -> Array:
    """Return the encoding of numbers as unsigned integers."""
    return x.view(WORD[x.dtype])


def number(i: Array) -> Array:
    """Return the numbers of encodings."""
    return i.view({4: FLOAT32, 8: FLOAT64}[i.dtype.itemsize])


def maximum(a: Array, b: Array) -> Array:
    """Return a where a > b, otherwise b."""
    return np.where(a > b, a, b)


def minimum(a: Array, b: Array) -> Array:
    """Return a where a < b, otherwise b."""
    return np.where(a < b, a, b)


def fma(a: Array, b: Array, c: Array) -> Array:
    """Return a*b + c, rounded once."""
    with np.errstate(all="ignore"):
        return _fma32(a, b, c) if c.dtype == FLOAT32 else _fma64(a, b, c)


def chain(start: Array, a: Array, b: Array) -> Array:
    """Return start with fma(a[k], b[k], .) over the first axis of a and b, in its order."""
    c = start
    for a_k, b_k in zip(a, b, strict=True):
        c = fma(a_k, b_k, c)
    return c


def _fma32(a: Array, b: Array, c: Array) -> Array:
    """Return fma of float32: the exact product in float64, the sum rounded to odd, then rounded.

    Rounding twice is rounding once if the first is to odd and has two bits more (Boldo and
    Melquiond, *Emulation of FMA and Correctly Rounded Sums*, 2008); float64 has 29 more, and keeps
    them where float32 is subnormal.
    """
    total, error = _two_sum(a.astype(FLOAT64) * b, c.astype(FLOAT64))
    return _to_odd(total, error).astype(FLOAT32)


def _fma64(a: Array, b: Array, c: Array) -> Array:
    """Return fma of float64 by the algorithm of Boldo and Melquiond where nothing can underflow.

    The bounds keep every bit of the product's error above the least number, and all far from
    overflow.
    """
    product = a * b
    size, start = np.abs(product), np.abs(c)
    usual = (size > 2.0**-960) & (size < 2.0**1000) & ((start > 2.0**-960) | (start == 0))
    usual &= (start < 2.0**1000) & (np.abs(a) < 2.0**990) & (np.abs(b) < 2.0**990)
    error = _product_error(a, b, product)
    upper, upper_error = _two_sum(c, error)
    total, total_error = _two_sum(product, upper)
    result = total + _to_odd(*_two_sum(total_error, upper_error))
    return result if usual.all() else np.where(usual, result, _unusual_fma64(a, b, c, usual))


def _unusual_fma64(a: Array, b: Array, c: Array, skip: Array) -> Array:
    """Return fma of float64 where zeros, infinities and NaN decide, else by integers."""
    a, b, c, skip = np.broadcast_arrays(a, b, c, skip)
    simple = (a == 0) | (b == 0) | ~np.isfinite(a) | ~np.isfinite(b)  # the product is exact
    result = np.array(np.where(simple, a * b + c, c))  # c: infinite or NaN, and so is the result
    for i in map(tuple, np.argwhere(~(skip | simple | ~np.isfinite(c)))):
        result[i] = exact_fma(float(a[i]), float(b[i]), float(c[i]), FLOAT64)
    return result


def exact_fma(a: float, b: float, c: float, t: Type) -> float:
    """Return fma of finite numbers of a type by integers alone."""
    (a_n, a_e), (b_n, b_e), (c_n, c_e) = map(_integer, (a, b, c))
    n, e = a_n * b_n, a_e + b_e
    least = min(e, c_e)
    total = (n << (e - least)) + (c_n << (c_e - least))
    if total == 0:  # of zeros the sign is that of both, otherwise plus
        return a * b + c if n == 0 else 0.0
    return _rounded(total, least, t)


def _integer(x: float) -> tuple[int, int]:
    """Return n and e with x = n * 2^e."""
    fraction, e = math.frexp(x)
    return int(math.ldexp(fraction, 53)), e - 53


def _rounded(n: int, e: int, t: Type) -> float:
    """Return n * 2^e, n not 0, rounded to nearest, ties to even, to a number of the type."""
    size = abs(n)
    place = max(e + size.bit_length() - 1 - M[t], 1 - E[t] - M[t])  # of the last bit that stays
    if place > e:
        rest = size & ((1 << (place - e)) - 1)
        half = 1 << (place - e - 1)
        size >>= place - e
        size += rest > half or (rest == half and size & 1 == 1)
        e = place
    if size.bit_length() + e > E[t] + 1:
        return -math.inf if n < 0 else math.inf
    result = math.ldexp(size, e)  # exact: at most M + 1 bits
    return result if n > 0 else -result


def _two_sum(a: Array, b: Array) -> tuple[Array, Array]:
    """Return a + b rounded and what rounding took away (Knuth)."""
    total = a + b
    part = total - a
    return total, (a - (total - part)) + (b - part)


def _product_error(a: Array, b: Array, product: Array) -> Array:
    """Return what rounding took from a product (Dekker)."""
    (a_high, a_low), (b_high, b_low) = _split(a), _split(b)
    error: Array = ((a_high * b_high - product) + a_high * b_low + a_low * b_high) + a_low * b_low
    return error


def _split(a: Array) -> tuple[Array, Array]:
    """Return two numbers of at most 26 bits whose sum is a."""
    far = a * np.float64(2.0**27 + 1)
    high = far - (far - a)
    return high, a - high


def _to_odd(total: Array, error: Array) -> Array:
    """Return total + error, of `_two_sum`, rounded to the neighbour whose last bit is 1.

    A NaN as error, from an infinite total, changes nothing.
    """
    inexact = (error > 0) | (error < 0)
    toward_zero = ((error < 0) & (total > 0)) | ((error > 0) & (total < 0))
    return ((total.view(np.int64) - toward_zero) | inexact).view(FLOAT64)


# 2. exp, tanh, log --------------------------------------------------------------------------------


def both(single: str, double: str) -> dict[Type, Any]:
    """Return a constant of both types."""
    return {
        FLOAT32: np.float32(float.fromhex(single)),
        FLOAT64: np.float64(float.fromhex(double)),
    }


def coefficients(single: str, double: str) -> dict[Type, list[Any]]:
    """Return the coefficients of a polynomial in both types, lowest first."""
    return {
        FLOAT32: [np.float32(float.fromhex(c)) for c in single.split()],
        FLOAT64: [np.float64(float.fromhex(c)) for c in double.split()],
    }


LOG2_E: Final = both("0x1.715476p+0", "0x1.71547652b82fep+0")
LN2_HIGH: Final = both("0x1.62e43p-1", "0x1.62e42fefa39efp-1")
LN2_LOW: Final = both("-0x1.05c61p-29", "0x1.abc9e3b39803fp-56")
LN2_SHORT: Final = both("0x1.62e4p-1", "0x1.62e42fefa38p-1")
LN2_REST: Final = both("0x1.7f7d1cp-20", "0x1.ef35793c7673p-45")
BIG: Final = both("0x1.8p+23", "0x1.8p+52")
EXP_LEAST: Final[dict[Type, Any]] = {FLOAT32: np.float32(-104), FLOAT64: np.float64(-746)}
EXP_MOST: Final[dict[Type, Any]] = {FLOAT32: np.float32(89), FLOAT64: np.float64(710)}
TANH_SMALL: Final = both("0x1.f8p-1", "0x1.f8p-1")
TANH_MOST: Final[dict[Type, Any]] = {FLOAT32: np.float32(20), FLOAT64: np.float64(40)}
LEAST_NORMAL: Final = both("0x1p-126", "0x1p-1022")
LEAST: Final = both("0x1p-149", "0x1p-1074")
TWO_TO_M: Final = both("0x1p+23", "0x1p+52")
TWO_THIRDS: Final = {FLOAT32: 0x3F2AAAAB, FLOAT64: 0x3FE5555555555555}

EXP_CORE: Final = coefficients(
    "0x1.fffffcp-2 0x1.555492p-3 0x1.5558aap-5 0x1.123964p-7 0x1.6a516ep-10",
    """
    0x1.000000000000ap-1 0x1.555555555550cp-3 0x1.555555555079ap-5 0x1.11111111246b6p-7
    0x1.6c16c18439e09p-10 0x1.a01a01383dc55p-13 0x1.a0199a0b76d33p-16 0x1.71df0c68ba3a6p-19
    0x1.28ad5fd02ade0p-22 0x1.ad9ff46a9f0b4p-26
    """,
)
TANH_CORE: Final = coefficients(
    """
    -0x1.55554p-2 0x1.110c96p-3 -0x1.b9767ep-5 0x1.608feep-6 -0x1.061e02p-7
    0x1.3347f6p-9 -0x1.861396p-12
    """,
    """
    -0x1.5555555555551p-2 0x1.1111111110cf1p-3 -0x1.ba1ba1b9ef779p-5 0x1.664f487b3bc56p-6
    -0x1.226e349a03910p-7 0x1.d6d3b69341ce2p-9 -0x1.7da22ae708565p-10 0x1.354d9d8e311bep-11
    -0x1.f4f7800b4461dp-13 0x1.93fcf045092c2p-14 -0x1.4062ca531f589p-15 0x1.e3a10245cb1bdp-17
    -0x1.45d0e9b401008p-18 0x1.61e8e371e9fafp-20 -0x1.08e32a245436ep-22 0x1.8cedbaa9edee7p-26
    """,
)
LOG_CORE: Final = coefficients(
    """
    -0x1p-1 0x1.555556p-2 -0x1.ffff18p-3 0x1.9997eep-3 -0x1.55978cp-3
    0x1.24eb6ep-3 -0x1.f3b03cp-4 0x1.b91f2ep-4 -0x1.06c276p-3 0x1.e9cfb4p-4
    """,
    """
    -0x1.0000000000000p-1 0x1.5555555555538p-2 -0x1.fffffffffff39p-3 0x1.99999999a009ep-3
    -0x1.5555555564ebfp-3 0x1.24924920b91e4p-3 -0x1.fffffff11c56ap-4 0x1.c71c74093a00fp-4
    -0x1.99999d50229eap-4 0x1.745cb66785ecbp-4 -0x1.5554c8b0f80dcp-4 0x1.3b1dac0d1d05fp-4
    -0x1.249f696386179p-4 0x1.106a0c82f3989p-4 -0x1.fe6ac890b70a7p-5 0x1.efb628f9fc629p-5
    -0x1.d6c9849c47466p-5 0x1.563f537170cafp-5 -0x1.3a87f576582acp-5 0x1.5bfa63c4838adp-4
    -0x1.555994d74a064p-4
    """,
)


def poly(c: dict[Type, list[Any]], x: Array) -> Array:
    """Return a polynomial by Horner's rule."""
    *lower, p = c[x.dtype]
    for c_i in reversed(lower):
        p = fma(p, x, c_i)
    return np.asarray(p)


@quiet
def exp(x: Array) -> Array:
    """Return e to the power of each element."""
    t = x.dtype
    one, m_bits = WORD[t](1), WORD[t](M[t])
    x = minimum(EXP_MOST[t], maximum(EXP_LEAST[t], x))
    rounder = BIG[t] + t.type(2 * E[t])
    shifted = fma(x, LOG2_E[t], rounder)
    n = shifted - rounder
    high = fma(-n, LN2_HIGH[t], x)
    low = n * (-LN2_LOW[t])
    r = high + low
    m = high + fma(r * r, poly(EXP_CORE, r), low)
    half = bits(shifted) >> one
    power = number(half << m_bits)
    rest = number((bits(shifted) - half) << m_bits)
    return fma(m, power, power) * rest


@quiet
def tanh(x: Array) -> Array:
    """Return the hyperbolic tangent of each element."""
    t = x.dtype
    one = t.type(1)
    a = np.abs(x)
    small = fma(a * (a * a), poly(TANH_CORE, a * a), a)
    twice = minimum(TANH_MOST[t], a + a)
    rounder = BIG[t] + t.type(E[t])
    shifted = fma(twice, LOG2_E[t], rounder)
    n = shifted - rounder
    r = fma(-n, LN2_LOW[t], fma(-n, LN2_HIGH[t], twice))
    m = fma(r * r, poly(EXP_CORE, r), r)
    power = number(bits(shifted) << WORD[t](M[t]))
    large = one - t.type(2) / fma(m, power, power + one)
    return np.copysign(np.where(a < TANH_SMALL[t], small, large), x)


@quiet
def log(x: Array) -> Array:
    """Return the natural logarithm of each element."""
    t = x.dtype
    word = WORD[t]
    m_bits, two_thirds = word(M[t]), word(TWO_THIRDS[t])
    subnormal = x < LEAST_NORMAL[t]
    scaled = np.where(subnormal, x * TWO_TO_M[t], x)
    shifted = bits(scaled) + (bits(t.type(1)) - two_thirds)
    f = number((shifted & word(2 ** M[t] - 1)) + two_thirds) - t.type(1)
    biased = number((shifted >> m_bits) | bits(TWO_TO_M[t]))
    k = biased - (TWO_TO_M[t] + np.where(subnormal, t.type(E[t] + M[t]), t.type(E[t])))
    product = k * LN2_SHORT[t]
    high = product + f
    low = fma(k, LN2_REST[t], f - (high - product))
    y = high + fma(f * f, poly(LOG_CORE, f), low)
    y = np.where(x < t.type(math.inf), y, x)
    return np.where(x < LEAST[t], np.where(x < 0, t.type(math.nan), t.type(-math.inf)), y)


SINE: Final = [
    float.fromhex(c)
    for c in (
        *("0x1.921fb54442d18p+1", "-0x1.4abbce625be53p+2", "0x1.466bc6775aae2p+1"),
        *("-0x1.32d2cce62bd86p-1", "0x1.50783487ee782p-4", "-0x1.e3074fde8871fp-8"),
        *("0x1.e8f434d018d63p-12", "-0x1.6fadb9f155744p-16", "0x1.aaec32af93359p-21"),
        *("-0x1.8a404211f9547p-26", "0x1.2877020d52cf0p-31"),
    )
]


def falling(u: float) -> float:
    """Return nearly (1 + cos(pi u)) / 2."""
    x = u - 0.5
    *lower, p = SINE
    for c in reversed(lower):
        p = p * (x * x) + c
    return 0.5 - 0.5 * (x * p)


# 3. Sums along a row ------------------------------------------------------------------------------


def treesum(e: Array) -> Array:
    """Return the sums along the last axis: sixteen partial sums, then their tree."""
    sums = np.zeros((*e.shape[:-1], 16), e.dtype)
    for j in range(0, e.shape[-1], 16):
        block = e[..., j : j + 16]
        sums[..., : block.shape[-1]] += block
    return tree(sums)


def dot(x: Array, y: Array) -> Array:
    """Return the dot products along the last axis: sixteen chains, then their tree."""
    sums = np.zeros((*x.shape[:-1], 16), x.dtype)
    for j in range(0, x.shape[-1], 16):
        block = slice(j, min(j + 16, x.shape[-1]))
        place = slice(0, block.stop - j)
        sums[..., place] = fma(x[..., block], y[..., block], sums[..., place])
    return tree(sums)


def tree(sums: Array) -> Array:
    """Return the sums of sixteen numbers along the last axis."""
    for w in (8, 4, 2, 1):
        sums = sums[..., :w] + sums[..., w : 2 * w]
    return sums[..., 0]


class Softmax(NamedTuple):
    """What `softmax` makes of rows."""

    p: Array
    top: Array
    total: Array


def softmax(y: Array, scale: Any, weight: Any) -> Softmax:
    """Return the softmax of rows, and what it came by."""
    top = y.max(axis=-1)
    e = exp((y - top[..., None]) * scale)
    total = treesum(e)
    return Softmax(e * (weight / total)[..., None], top, total)


# 4. Random numbers --------------------------------------------------------------------------------

WORD_MASK: Final = 2**32 - 1
STATE_MASK: Final = 2**128 - 1

WEIGHTS: Final = 0
DROPOUT: Final = 1
SAMPLES: Final = 2
"""Numbers appended to the spawn key."""


def words(integers: Sequence[int]) -> list[int]:
    """Return integers as words of 32 bits, one integer after the other, lowest word first."""
    result = []
    for integer in integers:
        rest = integer
        while True:
            result.append(rest & WORD_MASK)
            rest >>= 32
            if rest == 0:
                break
    return result


def seed_words(seed: Sequence[int], spawn_key: Sequence[int], pool_size: int = 4) -> list[int]:
    """Return the eight words that a seed's integers and a spawn key give."""
    entropy = words(seed)
    if spawn_key:
        entropy += [0] * (pool_size - len(entropy)) + words(spawn_key)
    h = 0x43B0D7E5

    def hash_(v: int) -> int:
        nonlocal h
        v ^= h
        h = h * 0x931E8875 & WORD_MASK
        v = v * h & WORD_MASK
        return v ^ (v >> 16)

    def mix(x: int, y: int) -> int:
        r = 0xCA01F9DD * x - 0x4973F715 * y & WORD_MASK
        return r ^ (r >> 16)

    places = range(pool_size)
    pool = [hash_(entropy[i] if i < len(entropy) else 0) for i in places]
    for s in places:
        for d in places:
            if d != s:
                pool[d] = mix(pool[d], hash_(pool[s]))
    for word in entropy[pool_size:]:
        for d in places:
            pool[d] = mix(pool[d], hash_(word))
    g = 0x8B51F9DD
    result = []
    for i in range(8):
        v = pool[i % pool_size] ^ g
        g = g * 0x58F38DED & WORD_MASK
        v = v * g & WORD_MASK
        result.append(v ^ (v >> 16))
    return result


class Stream:
    """Raw numbers, coins and normal numbers of a seed and a spawn key."""

    def __init__(self, seed: Sequence[int], spawn_key: Sequence[int], pool_size: int = 4) -> None:
        word = seed_words(seed, spawn_key, pool_size)
        long = [word[2 * i] + 2**32 * word[2 * i + 1] for i in range(4)]
        self.increment = 2 * (2**64 * long[2] + long[3]) + 1 & STATE_MASK
        self.state = 0
        self._step()
        self.state = self.state + (2**64 * long[0] + long[1]) & STATE_MASK
        self._step()

    def _step(self) -> None:
        product = self.state * 0x2360ED051FC65DA44385DF649FCCF645
        self.state = product + self.increment & STATE_MASK

    def raw(self) -> int:
        """Return the next 64 bits."""
        self._step()
        mixed = self.state >> 64 ^ self.state & 2**64 - 1
        turn = self.state >> 122
        return (mixed >> turn | mixed << 64 - turn) & 2**64 - 1

    def coin(self) -> float:
        """Return the next number of [0, 1)."""
        return (self.raw() >> 11) * 2.0**-53

    def short_coins(self, count: int) -> list[int]:
        """Return as many numbers of 16 bits from raw numbers of their own."""
        raws = [self.raw() for _ in range((count + 3) // 4)]
        return [raw >> place & 2**16 - 1 for raw in raws for place in (0, 16, 32, 48)][:count]

    def pair(self) -> tuple[float, float, float]:
        """Return the next u, v, s of the polar method that are not refused."""
        while True:
            u = 2 * self.coin() - 1
            v = 2 * self.coin() - 1
            s = u * u + v * v
            if 0 < s < 1:
                return u, v, s

    def normals(self, count: int) -> Array:
        """Return as many normal numbers from pairs of their own."""
        u, v, s = np.array([self.pair() for _ in range((count + 1) // 2)]).T
        factor = np.sqrt(-2 * log(s) / s)
        return np.stack([u * factor, v * factor], axis=1).reshape(-1)[:count]


# 5. The model -------------------------------------------------------------------------------------


class Parameters(NamedTuple):
    """The five parameters, or as many gradients or memories."""

    Wxh: Array
    Whh: Array
    Why: Array
    bh: Array
    by: Array


def first_weights(V: int, H: int, t: Type, stream: Stream, init: str) -> Parameters:
    """Return the parameters before training."""
    if init == "normal":
        Wxh, Whh, Why = small_normals([(H, V), (H, H), (V, H)], t, stream)
    else:
        Wxh = uniform((H, V), t, stream)
        Whh = np.eye(H, dtype=t) if init == "identity" else orthogonal(H, t, stream)
        Why = uniform((V, H), t, stream)
    return Parameters(Wxh, Whh, Why, np.zeros(H, t), np.zeros(V, t))


def small_normals(shapes: list[tuple[int, int]], t: Type, stream: Stream) -> list[Array]:
    """Return matrices of small normal numbers, one after the other."""
    sizes = [rows * columns for rows, columns in shapes]
    drawn = stream.normals(sum(sizes)) * float.fromhex("0x1.47ae147ae147bp-7")
    parts = np.split(drawn.astype(t), np.cumsum(sizes)[:-1])
    return [part.reshape(shape) for part, shape in zip(parts, shapes, strict=True)]


def uniform(shape: tuple[int, int], t: Type, stream: Stream) -> Array:
    """Return a matrix (V, H) or (H, V) of uniform numbers."""
    bound = math.sqrt(6 / sum(shape))
    drawn = [(2 * stream.coin() - 1) * bound for _ in range(math.prod(shape))]
    return np.array(drawn).astype(t).reshape(shape)


def orthogonal(H: int, t: Type, stream: Stream) -> Array:
    """Return a matrix (H, H) whose columns are orthogonal and of length 1."""
    columns = stream.normals(H * H).astype(t).reshape(H, H).T.copy()
    for i in range(H):
        a = columns[i]
        for _ in range(2):
            for c in columns[:i]:
                a = fma(-dot(c, a), c, a)
            a = real(1 / math.sqrt(dot(a, a)), t) * a
        columns[i] = a
    return np.ascontiguousarray(columns.T)


def with_more_characters(w: Parameters, k: int, stream: Stream) -> Parameters:
    """Return parameters that know k characters more."""
    H, t = len(w.bh), w.bh.dtype
    (columns,) = small_normals([(H, k)], t, stream)
    least = w.by.astype(FLOAT64)
    for column in w.Why.T:
        least = least - np.abs(column.astype(FLOAT64))
    low = float(least.max()) - float(log(np.array([k], FLOAT64))[0]) - 15
    return w._replace(
        Wxh=np.hstack([w.Wxh, columns]),
        Why=np.vstack([w.Why, np.zeros((k, H), t)]),
        by=np.append(w.by, np.full(k, real(low, t))),
    )


def step(w: Parameters, h: Array, x: Array) -> Array:
    """Return the next states (B, H) of states (B, H) that read characters (B,)."""
    z = w.Wxh.T[x] + w.bh
    return tanh(chain(z, w.Whh.T, h.T[:, :, None]))


def logits(w: Parameters, h: Array) -> Array:
    """Return the logits (n, V) of states (n, H)."""
    start = np.broadcast_to(w.by, (len(h), len(w.by)))
    return chain(start, w.Why.T, h.T[:, :, None])


def prediction(w: Parameters, h: Array, scale: Any) -> Array:
    """Return the prediction (V,) of a state (H,)."""
    p: Array = softmax(logits(w, h[None]), scale, h.dtype.type(1)).p[0]
    return p


def log_prediction(w: Parameters, h: Array) -> Array:
    """Return the logarithms of the prediction (V,) of a state (H,)."""
    y = logits(w, h[None])
    _, top, total = softmax(y, h.dtype.type(1), h.dtype.type(1))
    result: Array = ((y - top[:, None]) - log(total)[:, None])[0]
    return result


class Scores(NamedTuple):
    """Of each character of a text (n,): nats, rank, entropy."""

    nats: Array
    rank: Array
    entropy: Array


def states_of(w: Parameters, h: Array, x: Sequence[int]) -> Array:
    """Return the states (n + 1, H) before, between and after the characters of a text."""
    states = [h]
    for character in x:
        states.append(step(w, states[-1][None], np.array([character]))[0])
    return np.stack(states)


@quiet
def scores(w: Parameters, h: Array, x: Sequence[int]) -> Scores:
    """Return the scores of a text that is read from a state (H,)."""
    t, n = h.dtype, len(x)
    if n == 0:
        return Scores(np.zeros(0, t), np.zeros(0, np.int32), np.zeros(0, t))
    y = logits(w, states_of(w, h, x)[:-1])
    _, top, total = softmax(y, t.type(1), t.type(1))
    difference = y - top[:, None]
    chosen = y[np.arange(n), x]
    nats = log(total) - (chosen - top)
    before = np.arange(y.shape[1]) < np.array(x)[:, None]
    better = (y > chosen[:, None]) | ((y == chosen[:, None]) & before)
    rank = np.where(np.isnan(nats), y.shape[1], 1 + better.sum(axis=1))
    d = maximum(EXP_LEAST[t], difference)
    return Scores(nats, rank.astype(np.int32), log(total) - dot(exp(difference), d) / total)


def text_vector(w: Parameters, h: Array, x: Sequence[int], how: str) -> Array:
    """Return the "last" or "mean" state of a text that is read from a state (H,)."""
    states = states_of(w, h, x)
    if how == "last":
        vector: Array = states[-1]
        return vector
    total = np.zeros(len(h), FLOAT64)
    for state in states[1:]:
        total = total + state.astype(FLOAT64)
    return (total / max(1, len(x))).astype(h.dtype)


# 6. A window --------------------------------------------------------------------------------------


class Excerpt(NamedTuple):
    """What a window reads: characters and targets (T, B), and how many steps of each stream count.

    Without documents there are no counts.
    """

    x: Array
    target: Array
    counts: Array | None = None

    def counting(self) -> Array:
        """Return which of the rows n = t B + b count."""
        T, B = self.x.shape
        counts = np.full(B, T) if self.counts is None else self.counts
        return (np.arange(T)[:, None] < counts).reshape(-1)


class Window(NamedTuple):
    """What a window gives: the loss of each stream, gradients, the states after it (B, H)."""

    losses: list[float]
    gradients: Parameters
    h: Array


def loss_of(losses: list[float], T: int, counts: Array | None) -> float:
    """Return the loss of a window of those of its streams."""
    if counts is None:
        return in_order(losses) / len(losses)
    return in_order(losses) / int(counts.sum()) * T


def in_order(terms: Iterable[float]) -> float:
    """Return a sum in float64, term by term; `sum` of Python 3.12 is a more exact one."""
    total = 0.0
    for term in terms:
        total += float(term)
    return total


def window(w: Parameters, h0: Array, read: Excerpt, factor: Array | None = None) -> Window:
    """Return losses and gradients of an excerpt from states (B, H).

    `factor` (T B, H) is 0 where a unit is left out, otherwise the gain; not given, it is 1.
    """
    T, B = read.x.shape
    states = [h0]
    for t in range(T):
        states.append(step(w, states[-1], read.x[t]))
    h, before = np.concatenate(states[1:]), np.concatenate(states[:-1])
    factor = np.ones_like(h) if factor is None else factor
    seen = masked(factor, h)
    loss, dy = loss_and_dy(logits(w, seen), read.target.reshape(-1), real(1 / B, h.dtype))
    loss[~read.counting()] = 0
    dy[~read.counting()] = 0
    dhraw = backward(w, h, dy, factor, B)
    losses = [in_order(loss[b::B]) for b in range(B)]
    d = gradients(w, read.x.reshape(-1), before, seen, dy, dhraw)
    return Window(losses, d, states[-1])


def masked(factor: Array, a: Array) -> Array:
    """Return m(n, i, a)."""
    result: Array = np.where(factor == 0, a.dtype.type(0), factor * a)
    return result


class Dropout:
    """Units left out, window after window."""

    def __init__(self, q: float, coins: Stream) -> None:
        self.threshold, self.coins = math.floor(q * 65536), coins

    def factor(self, rows: int, H: int, t: Type) -> Array:
        """Return the factors (rows, H) of the next window."""
        gain = real(65536 / (65536 - self.threshold), t)
        coins = np.array([self.coins.short_coins(H) for _ in range(rows)])
        factor: Array = np.where(coins < self.threshold, t.type(0), gain)
        return factor


def loss_and_dy(y: Array, target: Array, weight: Any) -> tuple[Array, Array]:
    """Return loss[n] and dy[n]."""
    row = np.arange(len(y))
    p, top, total = softmax(y, y.dtype.type(1), weight)
    loss = log(total) - (y[row, target] - top)
    p[row, target] -= weight
    return loss, p


def backward(w: Parameters, h: Array, dy: Array, factor: Array, B: int) -> Array:
    """Return dhraw, window rows from last to first."""
    dhraw = np.empty_like(h)
    one = h.dtype.type(1)
    for n in range(len(h) - B, -1, -B):  # B rows at a time
        rows = slice(n, n + B)
        dh = chain(np.zeros_like(h[rows]), w.Why, dy[rows].T[:, :, None])
        dh = masked(factor[rows], dh)
        if n + B < len(h):
            dh = chain(dh, w.Whh, dhraw[n + B : n + 2 * B].T[:, :, None])
        dhraw[rows] = fma(-h[rows], h[rows], one) * dh
    return dhraw


def gradients(
    w: Parameters, x: Array, before: Array, seen: Array, dy: Array, dhraw: Array
) -> Parameters:
    """Return the gradients of all rows of a window; `seen` are the states as Why sees them."""
    d = Parameters(*map(np.zeros_like, w))
    for n, x_n in enumerate(x):
        d.Wxh[:, x_n] += dhraw[n]
        d.bh[:] += dhraw[n]
        d.by[:] += dy[n]
    dWhh = chain(d.Whh, dhraw[:, :, None], before[:, None, :])
    dWhy = chain(d.Why, dy[:, :, None], seen[:, None, :])
    return d._replace(Whh=dWhh, Why=dWhy)


# 7. A step down -----------------------------------------------------------------------------------

EPSILON: Final = both("0x1.5798eep-27", "0x1.5798ee2308c3ap-27")
ROUGH32: Final[Any] = np.float32(float.fromhex("0x1.e41e1ep+0"))
ROUGH64: Final[list[Any]] = [
    np.float64(float.fromhex(c))
    for c in ("0x1.4ac94df19e711p+1", "-0x1.cd6cd59f61b4bp+1", "0x1.81ed759006e82p+1")
]
BETA1: Final = float.fromhex("0x1.ccccccccccccdp-1")
BETA2: Final = float.fromhex("0x1.ff7ced916872bp-1")


class Options(NamedTuple):
    """What a case may have otherwise, and how it is usually."""

    init: str = "normal"
    dropout: float = 0.0
    starts: Sequence[int] | None = None
    frozen: Sequence[str] = ()
    clip_norm: float = math.inf
    weight_decay: float = 0.0
    momentum: float = 0.0
    decay_rate: float = 0.99
    beta1: float = BETA1
    beta2: float = BETA2
    schedule: str = "constant"
    warmup: int = 0
    decay_every: int = 1
    decay_factor: float = 1.0
    final_rate: float = 0.0
    decay_fraction: float = 0.0
    steps: int = 1


class LearningRate:
    """The learning rate, step after step."""

    def __init__(self, learning_rate: float, options: Options) -> None:
        self.learning_rate, self.options = learning_rate, options
        self.s, self.scale, self.lowering = 0, 1.0, 1.0

    def next(self) -> float:
        """Return the rate of the next step."""
        s, o = self.s, self.options
        if o.schedule == "step" and s > 0 and s % o.decay_every == 0:
            self.scale *= o.decay_factor
        self.s += 1
        return self.learning_rate * self.scale * self.lowering * share(s, o)


def share(s: int, o: Options) -> float:
    """Return the share of the learning rate that the step s takes."""
    left = o.steps - s
    if s < o.warmup:
        return (s + 1) / o.warmup
    if o.schedule == "cosine":
        part = 0.0 if left <= 0 else falling(1 - left / (o.steps - o.warmup))
        return o.final_rate + (1 - o.final_rate) * part
    if o.schedule == "trapezoid":
        span = math.floor(o.decay_fraction * o.steps)
        if left >= span:
            return 1.0
        return o.final_rate + (1 - o.final_rate) * (0.0 if left <= 0 else left / span)
    return 1.0


def norm(d: Parameters, x: Array, frozen: Sequence[str]) -> float:
    """Return the norm of gradients; x are the window's characters (T, B)."""
    read = list(dict.fromkeys(x.reshape(-1).tolist()))
    columns = {
        "Whh": d.Whh.T,
        "Why": d.Why.T,
        "bh": d.bh[None],
        "by": d.by[None],
        "Wxh": d.Wxh.T[read],
    }
    squares = [dot(c, c) for name, c in columns.items() if name not in frozen]
    return math.sqrt(in_order(square for row in squares for square in row))


def clipped(d: Array, clip: float) -> Array:
    """Return gradients within bounds."""
    L = real(clip, d.dtype)
    return minimum(L, maximum(-L, d))


def rough(x: Array) -> Array:
    """Return nearly 1/sqrt(x)."""
    half = bits(x) >> WORD[x.dtype](1)
    if x.dtype == FLOAT32:
        y = number(np.uint32(0x5F0B0000) - half)
        return y * fma(-(x * y), y, ROUGH32)
    y = number(np.uint64(0x5FE2C00000000000) - half)
    u = (x * y) * y
    q = fma(fma(ROUGH64[2] - u, u, ROUGH64[1]), u, ROUGH64[0])
    return y * q


class Optimizer(ABC):
    """One optimizer over arrays of any number, elements of a type."""

    memories = 1

    def __init__(self, t: Type, options: Options) -> None:
        self.t, self.options = t, options

    def begin(self, rate: float) -> None:
        """Begin a step of all arrays."""
        self.r = real(rate, self.t)

    @abstractmethod
    def step(self, w: Array, d: Array, *memories: Array) -> tuple[Array, ...]:
        """Return an array after the step, then its memories."""


class Adagrad(Optimizer):
    """Adagrad."""

    def step(self, w: Array, d: Array, *memories: Array) -> tuple[Array, ...]:
        """Return w and m."""
        t, r = self.t, self.r
        m = fma(d, d, memories[0])
        x = m + EPSILON[t]
        y = rough(x)
        e = fma(-(x * y), y, t.type(1))
        s = fma(e, fma(e, r * t.type(0.375), r * t.type(0.5)), r)
        return fma(-(d * y), s, w), m


class Momentum(Optimizer):
    """Momentum."""

    def step(self, w: Array, d: Array, *memories: Array) -> tuple[Array, ...]:
        """Return w and m."""
        m = fma(real(self.options.momentum, self.t), memories[0], d)
        return fma(-self.r, m, w), m


class RMSprop(Optimizer):
    """RMSprop."""

    def step(self, w: Array, d: Array, *memories: Array) -> tuple[Array, ...]:
        """Return w and m."""
        t = self.t
        c = real(self.options.decay_rate, t)
        m = fma(c, memories[0], ((t.type(1) - c) * d) * d)
        return fma(-self.r, d / (np.sqrt(m) + EPSILON[t]), w), m


class Adam(Optimizer):
    """Adam and AdamW, which differ in their weight decay alone."""

    memories = 2

    def __init__(self, t: Type, options: Options) -> None:
        super().__init__(t, options)
        self.beta1, self.beta2 = real(options.beta1, t), real(options.beta2, t)
        self.D1 = self.D2 = 1.0

    def begin(self, rate: float) -> None:
        """Begin a step of all arrays."""
        self.D1 *= float(self.beta1)
        self.D2 *= float(self.beta2)
        self.r = real(rate / (1 - self.D1), self.t)
        self.unbias2 = real(1 / (1 - self.D2), self.t)

    def step(self, w: Array, d: Array, *memories: Array) -> tuple[Array, ...]:
        """Return w, m and v."""
        one, (m, v) = self.t.type(1), memories
        m = fma(self.beta1, m, (one - self.beta1) * d)
        v = fma(self.beta2, v, ((one - self.beta2) * d) * d)
        return fma(-self.r, m / (np.sqrt(v * self.unbias2) + EPSILON[self.t]), w), m, v


OPTIMIZERS: Final[dict[str, type[Optimizer]]] = {
    "adagrad": Adagrad,
    "sgd": Momentum,
    "rmsprop": RMSprop,
    "adam": Adam,
    "adamw": Adam,
}


class Descent:
    """Steps down of one training: rates, norms, memories."""

    def __init__(
        self, w: Parameters, name: str, learning_rate: float, clip: float, options: Options
    ) -> None:
        self.name, self.clip, self.options = name, clip, options
        self.learning_rate = LearningRate(learning_rate, options)
        self.optimizer = OPTIMIZERS[name](w.bh.dtype, options)
        count = self.optimizer.memories
        self.memories = [Parameters(*map(np.zeros_like, w)) for _ in range(count)]
        self.rate = self.norm = math.nan  # of the last step

    def apply(self, w: Parameters, gradients: Parameters, x: Array) -> Parameters:
        """Return the parameters after a step; x are the window's characters (T, B)."""
        self.rate = self.learning_rate.next()
        self.norm = norm(gradients, x, self.options.frozen)
        self.optimizer.begin(self.rate)
        steps = [self._step(name, x, w, gradients) for name in Parameters._fields]
        new_w, *self.memories = (Parameters(*arrays) for arrays in zip(*steps, strict=True))
        return new_w

    def _step(
        self, name: str, x: Array, parameters: Parameters, gradients: Parameters
    ) -> tuple[Array, ...]:
        """Return a parameter after the step, then its memories."""
        w, d = getattr(parameters, name), getattr(gradients, name)
        old = (w, *(getattr(memory, name) for memory in self.memories))
        if name in self.options.frozen:
            return old
        d = clipped(self._limited(d), self.clip)
        new = self.optimizer.step(*self._decayed(name, w, d), *old[1:])
        if name == "Wxh" and self.name == "adagrad" and not self.options.weight_decay > 0:
            present = np.isin(np.arange(w.shape[1]), x)
            return tuple(np.where(present, *arrays) for arrays in zip(new, old, strict=True))
        return new

    def _limited(self, d: Array) -> Array:
        limit = self.options.clip_norm
        return d * real(limit / self.norm, d.dtype) if self.norm > limit else d

    def _decayed(self, name: str, w: Array, d: Array) -> tuple[Array, Array]:
        decay, t = self.options.weight_decay, w.dtype
        if not decay > 0 or name in ("bh", "by"):
            return w, d
        if self.name == "adamw":
            return real(1 - self.rate * decay, t) * w, d
        return w, fma(real(decay, t), w, d)


# 8. Training --------------------------------------------------------------------------------------


class Parts:
    """A text cut into parts that are read side by side, whatever documents it has."""

    def __init__(self, text: Array, T: int, B: int) -> None:
        self.T, self.B, self.length = T, B, len(text) // B
        self.parts = text[: B * self.length].reshape(B, self.length)
        self.p = 0

    def excerpt(self) -> Excerpt:
        """Return what the next window reads."""
        p, T = self.p, self.T
        return Excerpt(self.parts[:, p : p + T].T, self.parts[:, p + 1 : p + T + 1].T)

    def fresh(self) -> Array:
        """Return which streams (B,) begin with h = 0."""
        return np.full(self.B, self.p == 0)

    def advance(self) -> None:
        """Go to the next window."""
        self.p += self.T
        if self.p + self.T + 1 >= self.length:
            self.p = 0


class Documents:
    """A text cut into parts whose documents are kept apart."""

    def __init__(self, text: Array, T: int, B: int, starts: Sequence[int]) -> None:
        self.T, self.B, self.length = T, B, len(text) // B
        self.parts = text[: B * self.length].reshape(B, self.length)
        self.starts = [self._of_part(b, starts) for b in range(B)]
        self.p = [self._readable(b, 0) for b in range(B)]

    def _of_part(self, b: int, starts: Sequence[int]) -> list[int]:
        """Return where the documents of a part begin in it."""
        inside = {start - b * self.length for start in starts}
        return sorted({0} | {start for start in inside if 0 <= start < self.length})

    def _end(self, b: int, p: int) -> int:
        return next((start for start in self.starts[b] if start > p), self.length)

    def _readable(self, b: int, p: int) -> int:
        """Return the position itself, or the first of a document with something to predict."""
        while p + 1 >= self._end(b, p):
            p = self._end(b, p) % self.length
        return p

    def excerpt(self) -> Excerpt:
        """Return what the next window reads."""
        T, b = self.T, np.arange(self.B)
        counts = np.array([min(T, self._end(i, p) - p - 1) for i, p in enumerate(self.p)])
        t = np.arange(T)[:, None]
        places = np.array(self.p) + np.where(t < counts, t, 0)
        return Excerpt(self.parts[b, places], self.parts[b, places + 1], counts)

    def fresh(self) -> Array:
        """Return which streams (B,) begin with h = 0."""
        return np.array([p in self.starts[b] for b, p in enumerate(self.p)])

    def advance(self) -> None:
        """Go to the next window."""
        self.p = [self._after(b, p) for b, p in enumerate(self.p)]

    def _after(self, b: int, p: int) -> int:
        end = self._end(b, p)
        return p + self.T if p + self.T + 1 < end else self._readable(b, end % self.length)


class Training:
    """Windows of a text, one after the other."""

    def __init__(
        self,
        w: Parameters,
        reader: Parts | Documents,
        descent: Descent,
        dropout: Dropout | None = None,
    ) -> None:
        self.w, self.reader, self.descent, self.dropout = w, reader, descent, dropout
        V, H = w.Why.shape
        self._h = np.zeros((reader.B, H), w.bh.dtype)
        self.smooth_loss = reader.T * float(log(np.array([V], FLOAT64))[0])

    @property
    def h(self) -> Array:
        """States (B, H) that the next window begins with."""
        return np.where(self.reader.fresh()[:, None], np.zeros_like(self._h), self._h)

    def train(self) -> float:
        """Train a window; return its loss."""
        read, (_, H) = self.reader.excerpt(), self._h.shape
        factor = self.dropout.factor(read.x.size, H, self._h.dtype) if self.dropout else None
        result = window(self.w, self.h, read, factor)
        self.w = self.descent.apply(self.w, result.gradients, read.x)
        self._h = result.h
        self.reader.advance()
        loss = loss_of(result.losses, len(read.x), read.counts)
        self.smooth_loss = self.smooth_loss * float.fromhex(
            "0x1.ff7ced916872bp-1"
        ) + loss * float.fromhex("0x1.0624dd2f1a9fcp-10")
        return loss


def untrained_loss(w: Parameters, text: Array, starts: Sequence[int] | None) -> float:
    """Return the loss of a text that is not trained on, in nats per character."""
    states, targets = list[Array](), list[int]()
    for start, end in pairwise(sorted({0, *(starts or ()), len(text)})):
        h = np.zeros((1, len(w.bh)), w.bh.dtype)
        for i in range(start, end - 1):
            h = step(w, h, text[i : i + 1])
            states.append(h)
            targets.append(int(text[i + 1]))
    y = logits(w, np.concatenate(states))
    loss, _ = loss_and_dy(y, np.array(targets), w.bh.dtype.type(1))
    return in_order(loss) / len(loss)


# 9. Samples ---------------------------------------------------------------------------------------


def sample(
    w: Parameters,
    h: Array,
    prime: Sequence[int],
    coins: Stream,
    count: int,
    temperature: float = 1.0,
) -> tuple[list[int], Array]:
    """Return the characters that follow a state (H,) and a prime, at most `count` of them.

    And the state that the last one was drawn from.
    """
    t = h.dtype
    scale = real(1 / temperature, t) if temperature else t.type(math.inf)
    greedy = np.isinf(scale)
    unread, characters = prime, list[int]()
    while len(characters) < count:
        for x in unread:
            h = step(w, h[None], np.array([x]))[0]
        p = prediction(w, h, t.type(1) if greedy else scale)
        if np.isnan(p).any():
            break
        characters.append(int(np.argmax(p)) if greedy else draw(p, coins.coin()))
        unread = characters[-1:]
    return characters, h


def draw(p: Array, u: float) -> int:
    """Return the character of a prediction that a coin chooses."""
    before = p.dtype.type(0)
    for start in range(0, len(p), 16):
        block = p[start : start + 16]
        after = before + treesum(block)
        if u < float(after):
            for j in range(start, start + len(block)):
                before = before + p[j]
                if u < float(before):
                    return j
            return last_possible(p[: start + len(block)])
        before = after
    return last_possible(p)


def last_possible(p: Array) -> int:
    """Return the last element that is not 0, or else the last."""
    possible = np.flatnonzero(p > 0)
    return int(possible[-1]) if possible.size else len(p) - 1


class Rules(NamedTuple):
    """How the characters of a sample are chosen; strings are tuples of indices."""

    temperature: float = 1.0
    penalty: float = 1.0
    window: int | None = None
    allowed: Sequence[int] | None = None
    forbidden: Sequence[tuple[int, ...]] = ()
    top_k: int | None = None
    top_p: float = 1.0
    min_p: float = 0.0


class Chosen(NamedTuple):
    """A character, and its log-probabilities."""

    x: int
    logprob: float
    drawn_logprob: float


@quiet
def sample_by_rules(
    w: Parameters, h: Array, prime: Sequence[int], coins: Stream, count: int, rules: Rules
) -> list[Chosen]:
    """Return the characters that follow a state (H,) and a prime, at most `count` of them."""
    text, unread, chosen = list(prime), list(prime), list[Chosen]()
    while len(chosen) < count:
        for x in unread:
            h = step(w, h[None], np.array([x]))[0]
        one = choose(logits(w, h[None])[0], text, rules, coins)
        if one is None:
            break
        chosen.append(one)
        text.append(one.x)
        unread = [one.x]
    return chosen


def choose(y: Array, text: Sequence[int], rules: Rules, coins: Stream) -> Chosen | None:
    """Return the next character of a text from its logits, or nothing if they are NaN."""
    t = y.dtype
    one = t.type(1)
    scale = real(1 / rules.temperature, t) if rules.temperature else t.type(math.inf)
    greedy = np.isinf(scale)
    if rules.allowed is not None or rules.forbidden:
        scale = maximum(LEAST_NORMAL[t], scale)
    p = softmax(lowered(y, text, rules)[None], one if greedy else scale, one).p[0]
    if np.isnan(p).any():
        return None
    if not greedy:
        p = narrowed(p, rules)
    x = int(np.argmax(p)) if greedy else draw(p, coins.coin())
    drawn = log(np.array([one if greedy else p[x]]))[0]
    return Chosen(x, -float(loss_and_dy(y[None], np.array([x]), one)[0][0]), float(drawn))


def lowered(y: Array, text: Sequence[int], rules: Rules) -> Array:
    """Return logits after the penalty and what may not come."""
    t, y = y.dtype, y.copy()
    penalty = real(rules.penalty, t)
    if rules.penalty != 1:
        for j in set(text if rules.window is None else text[-rules.window :]):
            y[j] = y[j] / penalty if y[j] > 0 else y[j] * penalty
    for j in range(len(y)):
        longer = (*text, j)
        out = rules.allowed is not None and j not in rules.allowed
        out = out or any(longer[-len(word) :] == word for word in rules.forbidden)
        if out and not np.isnan(y[j]):
            y[j] = -math.inf
    return y


def narrowed(p: Array, rules: Rules) -> Array:
    """Return a prediction after top-k, top-p and min-p."""
    t, V = p.dtype, len(p)
    order = sorted(range(V), key=lambda j: (-p[j], j))
    top_k, top_p, min_p = (
        rules.top_k is not None and rules.top_k < V,
        rules.top_p < 1,
        rules.min_p > 0,
    )
    if top_k:
        p = only(p, order[: rules.top_k])
    if top_p:
        needed = real(rules.top_p, t) * treesum(p)
        p = only(
            p, next(order[:m] for m in range(1, V + 1) if treesum(only(p, order[:m])) >= needed)
        )
    if min_p:
        least = real(rules.min_p, t) * p.max()
        p = np.where(p >= least, p, t.type(0))
    return p * (t.type(1) / treesum(p)) if top_k or top_p or min_p else p


def only(p: Array, characters: Sequence[int]) -> Array:
    """Return a prediction with 0 for all other characters."""
    left = np.zeros_like(p)
    left[list(characters)] = p[list(characters)]
    return left


# 10. The drop-in lossFun --------------------------------------------------------------------------


def loss_fun(
    inputs: Array, targets: Array, hprev: Array, w: Parameters, clip: float = 5.0
) -> tuple[float, Parameters, Array]:
    """Return the loss, the clipped gradients and the last state (H,) of one window."""
    result = window(w, hprev[None], Excerpt(inputs[:, None], targets[:, None]))
    d = Parameters(*(clipped(gradient, clip) for gradient in result.gradients))
    return result.losses[0], d, result.h[0]


# 11. Whole trainings ------------------------------------------------------------------------------

DRAWS: Final = 40
USED: Final = 96


def text(V: int, characters: int, seed: int) -> Array:
    """Return the text of a case."""
    stream = Stream([seed], [])
    return np.array([V * (stream.raw() >> 32) >> 32 for _ in range(characters)], np.int32)


def outcome(
    *,
    dtype: str,
    V: int,
    H: int,
    T: int,
    B: int,
    optimizer: str,
    learning_rate: float,
    clip: float,
    windows: int,
    characters: int,
    text_seed: int,
    seed: int,
    options: Mapping[str, Any],
    uses: bool = False,
) -> dict[str, Array]:
    """Return every array that a case leaves behind, by its name."""
    o, read = Options(**options), text(V, characters, text_seed)
    w = first_weights(V, H, np.dtype(dtype), Stream([seed], [WEIGHTS]), o.init)
    arrays = {f"drawn_{name}": array for name, array in w._asdict().items() if name[0] == "W"}
    training = Training(
        w,
        Parts(read, T, B) if o.starts is None else Documents(read, T, B, o.starts),
        Descent(w, optimizer, learning_rate, clip, o),
        Dropout(o.dropout, Stream([seed], [DROPOUT])) if o.dropout else None,
    )
    with np.errstate(all="ignore"):
        arrays |= _trained(training, windows, bool(options))
        arrays |= _samples(training, seed) | _first_window(training, read)
        if options:
            arrays["val_loss"] = np.array([untrained_loss(training.w, read, o.starts)])
        return arrays | (_used(training.w, read[:USED].tolist(), seed) if uses else {})


def _trained(training: Training, windows: int, with_descent: bool) -> dict[str, Array]:
    rows = []
    for _ in range(windows):
        loss, descent = training.train(), training.descent
        rows.append((loss, training.smooth_loss, descent.norm, descent.rate))
    columns = dict(zip(("loss", "smooth_loss", "norm", "rate"), np.array(rows).T, strict=True))
    if not with_descent:
        del columns["norm"], columns["rate"]
    arrays = columns | training.w._asdict()
    for letter, memory in zip("mv", training.descent.memories, strict=False):
        arrays |= _named(letter, memory)
    return arrays | {"hprev": training.h.T}


def _samples(training: Training, seed: int) -> dict[str, Array]:
    w, coins = training.w, Stream([seed], [SAMPLES])
    before = [int(training.reader.excerpt().x[0, 0])]
    warm, h = sample(w, training.h[0], before, coins, DRAWS)
    cool, h = sample(w, h, warm[-1:] or before, coins, DRAWS, 0.7)
    return {
        "sample": np.array(warm, np.int32),
        "cool_sample": np.array(cool, np.int32),
        "p": prediction(w, h, h.dtype.type(1)),
    }


def _first_window(training: Training, read: Array) -> dict[str, Array]:
    T, hprev = training.reader.T, np.zeros_like(training.w.bh)
    clip = training.descent.clip
    loss, d, _ = loss_fun(read[:T], read[1 : T + 1], hprev, training.w, clip)
    return {"dloss": np.array([loss])} | _named("d", d)


def _named(letter: str, arrays: Parameters) -> dict[str, Array]:
    return {letter + name: array for name, array in arrays._asdict().items()}


def _used(w: Parameters, x: list[int], seed: int) -> dict[str, Array]:
    V, h0 = len(w.by), np.zeros_like(w.bh)
    scored, states = scores(w, h0, x), states_of(w, h0, x)[1:]
    rules = Rules(
        temperature=0.8,
        penalty=1.3,
        window=16,
        allowed=range(V - 1) if V > 2 else range(V),
        forbidden=(tuple(x[:2]), tuple(x[3:6])) if V > 2 else (),
        top_k=V // 2 + 1,
        top_p=0.9,
        min_p=0.02,
    )
    drawn = sample_by_rules(w, h0, [], Stream([seed], [3]), DRAWS, rules)
    events = [*x[:10], V + 200, x[10], V + 7, V + 200, *x[11:]]
    online = Learner(len(h0), 8, [16, 32], seed, 0.01, 1.0, Options())
    return {
        "nats": scored.nats.astype(FLOAT64),
        "rank": scored.rank,
        "entropy": scored.entropy.astype(FLOAT64),
        "states": states,
        "mean": text_vector(w, h0, x, "mean"),
        "log_p": log_prediction(w, states[-1]),
        "rule_sample": np.array([one.x for one in drawn], np.int32),
        "rule_logprobs": np.array([one[1:] for one in drawn]),
        "packed": np.frombuffer(packed(w, [events])[0], np.uint8),
        "packed_online": np.frombuffer(online.packed(bytes(b % 256 for b in x)), np.uint8),
    }


# 12. Compression ----------------------------------------------------------------------------------


def frequencies(p: Array) -> list[int]:
    """Return a prediction as whole numbers."""
    return [1 + math.floor(math.ldexp(float(p_j), 30)) for p_j in p]


class Coder:
    """The interval of a frame, and the number that it becomes."""

    def __init__(self) -> None:
        self.low, self.range, self.k = 0, 2**64 - 1, 0

    def put(self, sizes: Sequence[int], j: int) -> None:
        """Code the symbol j of those that have so many parts each."""
        r = self.range // sum(sizes)
        self.low += r * sum(sizes[:j])
        self.range = r * sizes[j]
        while self.range < 2**56:
            self.low, self.range, self.k = 256 * self.low, 256 * self.range, self.k + 1

    def bytes(self) -> bytes:
        """Return what was coded."""
        return (self.low + 2**56 - 1 >> 56).to_bytes(self.k + 1, "big")


class Counts:
    """What symbols without a prediction are coded by."""

    def __init__(self, counts: list[int], limit: int) -> None:
        self.counts, self.limit = counts, limit

    def put(self, coder: Coder, j: int) -> None:
        """Code the symbol j, then count it."""
        coder.put(self.counts, j)
        self.counts[j] += 32
        if sum(self.counts) > self.limit:
            self.counts = [(c + 1) // 2 for c in self.counts]


def packed(w: Parameters, frames: Iterable[Sequence[int]]) -> list[bytes]:
    """Return the payloads of frames of events: characters, or V + a byte."""
    V, h = len(w.by), np.zeros((1, len(w.bh)), w.bh.dtype)
    switch, bytes_ = Counts([32, 1], 2**16), Counts([1] * 256, 2**20)
    payloads = []
    for events in frames:
        coder = Coder()
        for event in events:
            switch.put(coder, int(event >= V))
            if event >= V:
                bytes_.put(coder, event - V)
            else:
                coder.put(frequencies(prediction(w, h[0], w.bh.dtype.type(1))), event)
                h = step(w, h, np.array([event]))
        payloads.append(coder.bytes())
    return payloads


class Learner:
    """An RNN over bytes that learns what it codes."""

    def __init__(
        self, H: int, T: int, lags: Sequence[int], seed: int, rate: float, clip: float, o: Options
    ) -> None:
        self.T, self.L = T, [0, *lags]
        self.w = first_weights(256, H, FLOAT32, Stream([seed], [WEIGHTS]), "orthogonal")
        self.descent = Descent(self.w, "adam", rate, clip, o)
        self.h = np.zeros((1, H), FLOAT32)
        self.states = np.zeros((len(self.L), H), FLOAT32)
        self.read = [0]  # a byte 0, then all that was coded

    def packed(self, data: bytes) -> bytes:
        """Return the payload of a frame."""
        coder, one = Coder(), FLOAT32.type(1)
        for byte in data:
            self.h = step(self.w, self.h, np.array([self.read[-1]]))
            coder.put(frequencies(prediction(self.w, self.h[0], one)), byte)
            self.read.append(byte)
            if (len(self.read) - 1) % self.T == 0:
                self._learn()
        return coder.bytes()

    def _learn(self) -> None:
        """Step down by the window of all streams that ends here."""
        T, n = self.T, len(self.read) - 1
        firsts = [n - T - lag for lag in self.L]
        rows = [self.read[a : a + T + 1] if a >= 0 else [0] * (T + 1) for a in firsts]
        text = np.array(rows).T
        counts = np.array([T if a >= 0 else 0 for a in firsts])
        fresh = np.array([a < T for a in firsts])
        h0 = np.where(fresh[:, None], FLOAT32.type(0), self.states)
        after = window(self.w, h0, Excerpt(text[:-1], text[1:], counts))
        self.w = self.descent.apply(self.w, after.gradients, text[:-1])
        self.states = after.h
