# cython: language_level=3, boundscheck=False
"""What `state.feed` costs a caller that is compiled: the loop of benchmarks/feed.py."""

from libc.stdint cimport int32_t

from crnn.core cimport State


def feed(State state not None, int32_t x, float[::1] p, Py_ssize_t times):
    """Let a float32 state read x again and again, and predict into p (V)."""
    cdef Py_ssize_t _i
    with nogil:
        for _i in range(times):
            state.feed_one(x, &p[0])
