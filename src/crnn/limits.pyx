# cython: language_level=3, auto_pickle=False, autotestdict=False, freethreading_compatible=True
"""The door to what is worth timing only: multiply-adds, loads and a chain of additions.

Nothing is timed here: `crnn.roofline` does that, around calls that are long enough.
"""

cimport cython
from libc.stdint cimport uint64_t

from crnn.core cimport tables_of
from crnn.kernels cimport CRNN_ROUND, crnn_tables
from crnn.memory cimport Buffer

ROUND = CRNN_ROUND


@cython.final
cdef class Gauge:
    """The two loops of csrc/limits.c in one kernel table.

    Parameters
    ----------
    isa : str
        Name of the table.

    Raises
    ------
    ValueError
        If this CPU has no such table.
    """

    cdef const crnn_tables* K       # kept: finding it asks the processor, which may take long

    def __cinit__(self, str isa not None):
        self.K = tables_of(isa)

    def multiply_adds(self, rounds, double x, bint double):
        """Make ``rounds * ROUND`` multiply-adds in registers.

        Parameters
        ----------
        rounds : int
            How often.
        x : float
            Both factors of each of them.
        double : bool
            float64 instead of float32.

        Returns
        -------
        float
            ``0 + 1 + ... + (ROUND - 1)`` and ``x * x`` for each of the multiply-adds, as far as
            rounding allows.

        Examples
        --------
        >>> Gauge("portable").multiply_adds(10, 1.0, double=True) - sum(range(ROUND)) == 10 * ROUND
        True
        """
        cdef Py_ssize_t n = rounds
        cdef double result
        with nogil:
            if double:
                result = self.K.f64.multiply_adds(n, x)
            else:
                result = self.K.f32.multiply_adds(n, <float> x)
        return result

    def loads(self, Buffer block not None, rounds, bint double):
        """Read a block from end to end, again and again.

        Parameters
        ----------
        block : Buffer
            What to read.
        rounds : int
            How often.
        double : bool
            As float64 instead of float32.

        Returns
        -------
        int
            The sum of all that was read, as unsigned integers of that width, modulo 2^64 or 2^32.

        Examples
        --------
        >>> from crnn.memory import Buffer
        >>> block = Buffer(64)
        >>> memoryview(block).cast("B")[8] = 3
        >>> Gauge("portable").loads(block, 5, double=True)
        15
        """
        cdef Py_ssize_t n = rounds
        cdef uint64_t result
        with nogil:
            if double:
                result = self.K.f64.loads(block.nbytes // 8, <const double*> block.data, n)
            else:
                result = self.K.f32.loads(block.nbytes // 4, <const float*> block.data, n)
        return result


def dependent_additions(pairs, uint64_t k):
    """Make ``2 * pairs`` integer operations, each of which waits for the one before.

    An exclusive or and an addition in turn, which no compiler can shorten, and which take one cycle
    each on every processor that is likely to be met.

    Parameters
    ----------
    pairs : int
        How many of both.
    k : int
        The other operand, 64 bits.

    Returns
    -------
    int
        ``x`` after as many times ``x = (x ^ k) + k``, modulo 2^64, from 0.

    Examples
    --------
    >>> dependent_additions(3, 5)
    22
    """
    cdef Py_ssize_t n = pairs, _i
    cdef uint64_t x = 0
    with nogil:
        for _i in range(n):
            x = (x ^ k) + k
    return x
