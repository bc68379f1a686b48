"""The roofline: what this machine can do at best, and so how long a training step takes at least.

`measure` times what a processor is limited by: multiply-adds in registers, and bytes loaded from
each cache. `bound` and `sample_bound` count what an RNN cannot do without and divide. A program
that needs twice the bound can be made faster; one that needs 1.1 times the bound cannot, not by
much.

The counts are of dense arithmetic in one core: tanh, softmax, the sums of columns, calls and
everything else are left out. So a bound is a time that nothing reaches.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from crnn import arguments, core
from crnn.limits import ROUND, Gauge, dependent_additions
from crnn.machine import caches
from crnn.memory import Buffer

__all__ = ["Bound", "Limits", "bound", "measure", "sample_bound"]

_ELEMENTS_MOVED = {"adagrad": 5, "adam": 7}  # read d m w (v), write m w (v), a parameter
_ARRAYS = {"adagrad": 3, "adam": 4}  # d m w (v)
_CALL = 0.002  # seconds: a timed call is so long that the clock's and Python's own cost is nothing
_MEASURED = 6  # figures that `measure` times
_ODD = 0x9E3779B97F4A7C15  # any number with many bits


@dataclass(frozen=True)
class Limits:
    """What one core does at best with the instructions of one kernel table.

    Attributes
    ----------
    isa : str
        Name of the table.
    clock : float
        Hz, as far as one can tell from outside; nothing is computed from it.
    float32_peak, float64_peak : float
        Multiply-adds a second.
    l1_bytes, l2_bytes, l3_bytes : int
        Sizes of the caches; `l3_bytes` is 0 where there is no third one, or none is known.
    l1_bandwidth, l2_bandwidth, l3_bandwidth : float
        Bytes loaded a second from a block that fits the cache; the last from one that does not fit
        the second cache, be it in a third one or in memory.
    """

    isa: str
    clock: float
    float32_peak: float
    float64_peak: float
    l1_bytes: int
    l2_bytes: int
    l3_bytes: int
    l1_bandwidth: float
    l2_bandwidth: float
    l3_bandwidth: float

    def multiplying(self, count: float, dtype: npt.DTypeLike) -> float:
        """Return the seconds that so many multiply-adds take at least."""
        return count / (self.float64_peak if _itemsize(dtype) == 8 else self.float32_peak)

    def moving(self, nbytes: float, among: float) -> float:
        """Return the seconds that moving bytes takes at least, which belong to a block.

        Parameters
        ----------
        nbytes : float
            How many are moved.
        among : float
            Bytes of the whole block: it lies in the smallest cache that holds it.
        """
        if among <= self.l1_bytes:
            return nbytes / self.l1_bandwidth
        return nbytes / (self.l2_bandwidth if among <= self.l2_bytes else self.l3_bandwidth)

    def rereading(self, nbytes: float) -> float:
        """Return the seconds that reading a block takes at least, if it is read again and again.

        With every other reading backwards, as much of it as the first cache holds is still there.
        """
        near = min(nbytes, self.l1_bytes)
        return near / self.l1_bandwidth + self.moving(nbytes - near, among=nbytes)


@dataclass(frozen=True)
class Bound:
    """The least time of a training step by its parts, in seconds; see `bound`."""

    gemms: float
    recurrence: float
    optimizer: float

    @property
    def seconds(self) -> float:
        """Their sum: the parts need each other's results, one after the other."""
        return self.gemms + self.recurrence + self.optimizer


def bound(
    limits: Limits,
    *,
    H: int,
    V: int,
    T: int,
    B: int = 1,
    dtype: npt.DTypeLike = "float32",
    optimizer: str | None = "adagrad",
    columns: int | None = None,
) -> Bound:
    """Return a lower bound for the time of a training step: forward, backward and update.

    With `peak` multiply-adds a second and `itemsize` bytes an element:

    gemms
        ``T B (3 H V + H H) / peak``: y, dWhy and dh take H V multiply-adds a character each, dWhh
        H H.
    recurrence
        2 T - 1 products of H x H by H x B, each after the one before: T forward, and backward all
        but the first. Each takes the greater of ``H H B / peak`` and the reading of H H elements:
        as many of them as fit from the first cache, the rest from the smallest cache that holds
        all.
    optimizer
        For each parameter, Adagrad reads d, m, w and writes m, w: 5 elements; Adam reads d, m, v, w
        and writes m, v, w: 7. Adagrad leaves the columns of Wxh alone that the window has not seen.
        Bytes move at the bandwidth at which the smallest cache that holds d, m, w (and v) is read.

    Parameters
    ----------
    limits : Limits
        Of the machine.
    H, V, T, B : int
        Sizes of hidden layer and vocabulary, steps of a window, windows at once.
    dtype : str or dtype
        float32 or float64.
    optimizer : str, optional
        "adagrad" or "adam"; None: gradients alone.
    columns : int, optional
        Distinct characters in the windows; by default the most there can be, ``min(T B, V)``.

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong kind or out of range.

    Examples
    --------
    >>> limits = Limits("avx2", 4e9, 64e9, 32e9, 32768, 2**20, 2**25, 256e9, 128e9, 64e9)
    >>> least = bound(limits, H=100, V=173, T=25, dtype="float32")
    >>> [round(1e6 * part, 2) for part in (least.gemms, least.recurrence, least.optimizer)]
    [24.18, 9.04, 4.7]
    >>> round(1e6 * least.seconds, 2)
    37.92
    """
    _check_sizes(H=H, V=V, T=T, B=B)
    if optimizer is not None and optimizer not in _ARRAYS:
        raise ValueError(f"optimizer is {optimizer!r}, expected 'adagrad', 'adam' or None")
    product = max(limits.multiplying(H * H * B, dtype), limits.rereading(H * H * _itemsize(dtype)))
    return Bound(
        gemms=limits.multiplying(T * B * (3 * H * V + H * H), dtype),
        recurrence=(2 * T - 1) * product,
        optimizer=_updating(limits, H, V, min(T * B, V), dtype, optimizer, columns),
    )


def _updating(
    limits: Limits,
    H: int,
    V: int,
    most: int,
    dtype: npt.DTypeLike,
    optimizer: str | None,
    columns: int | None,
) -> float:
    """Return the seconds of an update at least."""
    seen = most if columns is None else arguments.integer("columns", columns, least=1)
    if seen > most:
        raise ValueError(f"columns is {seen}, a window has at most {most} distinct characters")
    if optimizer is None:
        return 0.0
    updated = H * (V if optimizer == "adam" else seen) + H * H + H * V + H + V
    nbytes = updated * _itemsize(dtype)
    return limits.moving(_ELEMENTS_MOVED[optimizer] * nbytes, among=_ARRAYS[optimizer] * nbytes)


def sample_bound(limits: Limits, *, H: int, V: int, dtype: npt.DTypeLike = "float32") -> float:
    """Return a lower bound for the time of drawing one character, in seconds.

    Whh and Why are read once: the greater of ``(H H + H V) / peak`` and the reading of so many
    elements, as in `bound`.

    Parameters
    ----------
    limits : Limits
        Of the machine.
    H, V : int
        Sizes of hidden layer and vocabulary.
    dtype : str or dtype
        float32 or float64.

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong kind or out of range.

    Examples
    --------
    >>> limits = Limits("avx2", 4e9, 64e9, 32e9, 32768, 2**20, 2**25, 256e9, 128e9, 64e9)
    >>> round(1e6 * sample_bound(limits, H=100, V=173, dtype="float32"), 3)
    0.725
    """
    _check_sizes(H=H, V=V)
    count = H * H + H * V
    return max(limits.multiplying(count, dtype), limits.rereading(count * _itemsize(dtype)))


def _check_sizes(**sizes: int) -> None:
    for name, size in sizes.items():
        arguments.integer(name, size, least=1)


def _itemsize(dtype: npt.DTypeLike) -> int:
    """Return the bytes of an element."""
    if np.dtype(dtype) not in (np.float32, np.float64):
        raise ValueError(f"dtype is {dtype!r}, expected float32 or float64")
    return np.dtype(dtype).itemsize


def measure(isa: str | None = None, seconds: float = 0.4) -> Limits:
    """Measure what one core does at best.

    Every figure is the best of many calls of `crnn.limits`, about 2 ms each: what disturbs makes
    them slower, nothing makes them faster. Pin the process to a core first. The clock is how often
    a second an exclusive or or an addition of integers is done where each waits for the one before:
    they take one cycle on all processors, while latencies of floating point differ.

    Parameters
    ----------
    isa : str, optional
        Name of the kernel table; by default the one in use.
    seconds : float
        How long to measure, about. Shorter than some tenths of a second, figures may be too low.

    Returns
    -------
    Limits
        Of the core that this ran on; the sizes of caches are what the system says.

    Raises
    ------
    ValueError
        If this CPU has no such table, or `seconds` is not above 0.

    Examples
    --------
    >>> limits = measure(seconds=0.05)
    >>> limits.float32_peak > 0 and limits.l1_bandwidth > 0
    True
    """
    if not seconds > 0:
        raise ValueError(f"seconds is {seconds}, expected more than 0")
    name, sizes, share = isa or core.isa(), caches(), seconds / _MEASURED
    gauge = Gauge(name)

    def peak(double: bool) -> float:
        return ROUND * _best_rate(lambda n: gauge.multiply_adds(n, 1.0, double), share)

    def bandwidth(nbytes: int) -> float:
        block = Buffer(nbytes)
        memoryview(block).cast("B")[:] = bytes(nbytes)  # memory that nobody wrote to is not there
        return nbytes * _best_rate(lambda n: gauge.loads(block, n, True), share)

    return Limits(
        isa=name,
        clock=2 * _best_rate(lambda n: dependent_additions(n, _ODD), share),
        float32_peak=peak(False),
        float64_peak=peak(True),
        l1_bytes=sizes.l1,
        l2_bytes=sizes.l2,
        l3_bytes=sizes.l3,
        l1_bandwidth=bandwidth(sizes.l1 // 2),
        l2_bandwidth=bandwidth(sizes.l2 // 2),
        l3_bandwidth=bandwidth(4 * sizes.l2),
    )


def _best_rate(call: Callable[[int], object], seconds: float) -> float:
    """Return how many units a second ``call(n)``, which does n of them, does at best."""
    end, n, best = time.perf_counter() + seconds, 1, 0.0
    long_enough = min(_CALL, seconds / 8)
    while True:
        begin = time.perf_counter()
        call(n)
        now = time.perf_counter()
        best = max(best, n / max(now - begin, 1e-9)) if now - begin >= long_enough else best
        if now >= end and best > 0:
            return best
        if now - begin < long_enough:
            n *= 2
