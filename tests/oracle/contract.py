"""The arithmetic contract crnn-1 a second time: `docs/contract.md` in Python, and nothing of crnn.

Sections, names and orders are those of the page. Arrays hold one element per output; what the page
does in an order, a loop does in that order. Every operation is IEEE's as NumPy has it, but `fma`,
which is made of exact arithmetic.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
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


# 3. Sums along a row ------------------------------------------------------------------------------


def treesum(e: Array) -> Array:
    """Return the sums along the last axis: sixteen partial sums, then their tree."""
    sums = np.zeros((*e.shape[:-1], 16), e.dtype)
    for j in range(0, e.shape[-1], 16):
        block = e[..., j : j + 16]
        sums[..., : block.shape[-1]] += block
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


def first_weights(V: int, H: int, t: Type, normals: Stream) -> Parameters:
    """Return the parameters before training."""
    shapes = [(H, V), (H, H), (V, H)]
    sizes = [rows * columns for rows, columns in shapes]
    drawn = normals.normals(sum(sizes)) * float.fromhex("0x1.47ae147ae147bp-7")
    parts = np.split(drawn.astype(t), np.cumsum(sizes)[:-1])
    Wxh, Whh, Why = (part.reshape(shape) for part, shape in zip(parts, shapes, strict=True))
    return Parameters(Wxh, Whh, Why, np.zeros(H, t), np.zeros(V, t))


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


# 6. A window --------------------------------------------------------------------------------------


class Window(NamedTuple):
    """What a window gives: the loss of each stream, gradients, the states after it (B, H)."""

    losses: list[float]
    gradients: Parameters
    h: Array

    @property
    def loss(self) -> float:
        """Loss of the window."""
        return in_order(self.losses) / len(self.losses)


def in_order(terms: Iterable[float]) -> float:
    """Return a sum in float64, term by term; `sum` of Python 3.12 is a more exact one."""
    total = 0.0
    for term in terms:
        total += float(term)
    return total


def window(w: Parameters, h0: Array, x: Array, target: Array) -> Window:
    """Return losses and gradients of characters (T, B) from states (B, H)."""
    T, B = x.shape
    states = [h0]
    for t in range(T):
        states.append(step(w, states[-1], x[t]))
    h, before = np.concatenate(states[1:]), np.concatenate(states[:-1])
    loss, dy = loss_and_dy(logits(w, h), target.reshape(-1), real(1 / B, h.dtype))
    dhraw = backward(w, h, dy, B)
    losses = [in_order(loss[b::B]) for b in range(B)]
    return Window(losses, gradients(w, x.reshape(-1), h, before, dy, dhraw), states[-1])


def loss_and_dy(y: Array, target: Array, weight: Any) -> tuple[Array, Array]:
    """Return loss[n] and dy[n]."""
    row = np.arange(len(y))
    p, top, total = softmax(y, y.dtype.type(1), weight)
    loss = log(total) - (y[row, target] - top)
    p[row, target] -= weight
    return loss, p


def backward(w: Parameters, h: Array, dy: Array, B: int) -> Array:
    """Return dhraw, window rows from last to first."""
    dhraw = np.empty_like(h)
    one = h.dtype.type(1)
    for n in range(len(h) - B, -1, -B):  # B rows at a time
        rows = slice(n, n + B)
        dh = chain(np.zeros_like(h[rows]), w.Why, dy[rows].T[:, :, None])
        if n + B < len(h):
            dh = chain(dh, w.Whh, dhraw[n + B : n + 2 * B].T[:, :, None])
        dhraw[rows] = fma(-h[rows], h[rows], one) * dh
    return dhraw


def gradients(
    w: Parameters, x: Array, h: Array, before: Array, dy: Array, dhraw: Array
) -> Parameters:
    """Return the gradients of all rows of a window."""
    d = Parameters(*map(np.zeros_like, w))
    for n, x_n in enumerate(x):
        d.Wxh[:, x_n] += dhraw[n]
        d.bh[:] += dhraw[n]
        d.by[:] += dy[n]
    dWhh = chain(d.Whh, dhraw[:, :, None], before[:, None, :])
    dWhy = chain(d.Why, dy[:, :, None], h[:, None, :])
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


class Adagrad:
    """The optimizer Adagrad over arrays of any number."""

    def __init__(self, w: Parameters, learning_rate: float) -> None:
        self.rate = real(learning_rate, w.bh.dtype)
        self.memories = [Parameters(*map(np.zeros_like, w))]

    def apply(self, w: Parameters, d: Parameters, x: Array) -> Parameters:
        """Return the parameters after a step; x are the window's characters."""
        (m,) = self.memories
        steps = [self._step(*arrays) for arrays in zip(w, d, m, strict=True)]
        new_w, new_m = (Parameters(*arrays) for arrays in zip(*steps, strict=True))
        absent = ~np.isin(np.arange(w.Wxh.shape[1]), x)
        new_w.Wxh[:, absent] = w.Wxh[:, absent]
        new_m.Wxh[:, absent] = m.Wxh[:, absent]
        self.memories = [new_m]
        return new_w

    def _step(self, w: Array, d: Array, m: Array) -> tuple[Array, Array]:
        t, rate = w.dtype, self.rate
        m = fma(d, d, m)
        x = m + EPSILON[t]
        y = rough(x)
        e = fma(-(x * y), y, t.type(1))
        s = fma(e, fma(e, rate * t.type(0.375), rate * t.type(0.5)), rate)
        return fma(-(d * y), s, w), m


class Adam:
    """The optimizer Adam."""

    def __init__(self, w: Parameters, learning_rate: float) -> None:
        self.learning_rate = learning_rate
        self.memories = [Parameters(*map(np.zeros_like, w)) for _ in range(2)]
        self.D1 = self.D2 = 1.0

    def apply(self, w: Parameters, d: Parameters, x: Array) -> Parameters:
        """Return the parameters after a step, whatever the window's characters x are."""
        t = w.bh.dtype
        self.D1 *= float(real(BETA1, t))
        self.D2 *= float(real(BETA2, t))
        self.rate = real(self.learning_rate / (1 - self.D1), t)
        self.unbias2 = real(1 / (1 - self.D2), t)
        steps = [self._step(*arrays) for arrays in zip(w, d, *self.memories, strict=True)]
        new_w, *self.memories = (Parameters(*arrays) for arrays in zip(*steps, strict=True))
        return new_w

    def _step(self, w: Array, d: Array, m: Array, v: Array) -> tuple[Array, Array, Array]:
        t = w.dtype
        one, beta1, beta2 = t.type(1), real(BETA1, t), real(BETA2, t)
        m = fma(beta1, m, (one - beta1) * d)
        v = fma(beta2, v, ((one - beta2) * d) * d)
        return fma(-self.rate, m / (np.sqrt(v * self.unbias2) + EPSILON[t]), w), m, v


# 8. Training --------------------------------------------------------------------------------------


class Training:
    """Windows of a text, one after the other."""

    def __init__(
        self,
        w: Parameters,
        text: Array,
        T: int,
        B: int,
        optimizer: Adagrad | Adam,
        clip: float,
    ) -> None:
        self.w, self.T, self.B, self.optimizer, self.clip = w, T, B, optimizer, clip
        V, H = w.Why.shape
        self.length = len(text) // B
        self.parts = text[: B * self.length].reshape(B, self.length)
        self.p = 0
        self._h = np.zeros((B, H), w.bh.dtype)
        self.smooth_loss = T * float(log(np.array([V], FLOAT64))[0])

    @property
    def h(self) -> Array:
        """States (B, H) that the next window begins with."""
        return np.zeros_like(self._h) if self.p == 0 else self._h

    @property
    def x(self) -> Array:
        """Characters (T, B) that the next window reads."""
        return self.parts[:, self.p : self.p + self.T].T

    def train(self) -> float:
        """Train a window; return its loss."""
        x = self.x
        target = self.parts[:, self.p + 1 : self.p + self.T + 1].T
        result = window(self.w, self.h, x, target)
        d = Parameters(*(clipped(gradient, self.clip) for gradient in result.gradients))
        self.w = self.optimizer.apply(self.w, d, x)
        self._h = result.h
        self.p += self.T
        if self.p + self.T + 1 >= self.length:
            self.p = 0
        self.smooth_loss = self.smooth_loss * float.fromhex(
            "0x1.ff7ced916872bp-1"
        ) + result.loss * float.fromhex("0x1.0624dd2f1a9fcp-10")
        return result.loss


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


# 10. The drop-in lossFun --------------------------------------------------------------------------


def loss_fun(
    inputs: Array, targets: Array, hprev: Array, w: Parameters, clip: float = 5.0
) -> tuple[float, Parameters, Array]:
    """Return the loss, the clipped gradients and the last state (H,) of one window."""
    result = window(w, hprev[None], inputs[:, None], targets[:, None])
    d = Parameters(*(clipped(gradient, clip) for gradient in result.gradients))
    return result.losses[0], d, result.h[0]


# 11. Whole trainings ------------------------------------------------------------------------------

DRAWS: Final = 40


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
) -> dict[str, Array]:
    """Return every array that a case leaves behind, by its name."""
    w = first_weights(V, H, np.dtype(dtype), Stream([seed], [WEIGHTS]))
    arrays = {f"drawn_{name}": array for name, array in w._asdict().items() if name[0] == "W"}
    down = Adagrad(w, learning_rate) if optimizer == "adagrad" else Adam(w, learning_rate)
    training = Training(w, text(V, characters, text_seed), T, B, down, clip)
    with np.errstate(all="ignore"):
        losses = [(training.train(), training.smooth_loss) for _ in range(windows)]
        loss, smooth_loss = np.array(losses).T
        arrays |= {"loss": loss, "smooth_loss": smooth_loss} | training.w._asdict()
        for letter, memory in zip("mv", down.memories, strict=False):
            arrays |= _named(letter, memory)
        arrays["hprev"] = training.h.T
        return arrays | _samples(training, seed) | _first_window(training)


def _samples(training: Training, seed: int) -> dict[str, Array]:
    w, coins = training.w, Stream([seed], [SAMPLES])
    before = [int(training.x[0, 0])]
    warm, h = sample(w, training.h[0], before, coins, DRAWS)
    cool, h = sample(w, h, warm[-1:] or before, coins, DRAWS, 0.7)
    return {
        "sample": np.array(warm, np.int32),
        "cool_sample": np.array(cool, np.int32),
        "p": prediction(w, h, h.dtype.type(1)),
    }


def _first_window(training: Training) -> dict[str, Array]:
    part, T = training.parts[0], training.T
    hprev = np.zeros_like(training.w.bh)
    loss, d, _ = loss_fun(part[:T], part[1 : T + 1], hprev, training.w, training.clip)
    return {"dloss": np.array([loss])} | _named("d", d)


def _named(letter: str, arrays: Parameters) -> dict[str, Array]:
    return {letter + name: array for name, array in arrays._asdict().items()}
