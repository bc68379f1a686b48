# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
"""How many characters of each text surprise a model: compiled, several texts at the same time."""

import os

import numpy as np

from cython.parallel cimport prange
from libc.stdint cimport int32_t

from crnn.core cimport State, indices_of


cdef Py_ssize_t surprising_in(State states, Py_ssize_t b, const int32_t* x, Py_ssize_t n,
                              double nats) noexcept nogil:
    """Let state number b read a text of n characters; how many of them surprise it by more."""
    cdef Py_ssize_t count = 0, i
    for i in range(n):
        count += states.score_one(b, x[i]) > nats
    return count


def count_surprising(model, texts, double nats, int threads=1):
    """Return how many characters of each text a model foretold with more than so many nats.

    Parameters
    ----------
    model : crnn.RNN
    texts : sequence of str
    nats : float
    threads : int
        At most; there are no more than texts and processors. Without OpenMP, one does it all.

    Returns
    -------
    numpy.ndarray, shape (number of texts,), intp
    """
    if isinstance(texts, str):
        raise TypeError("texts is a str, expected a sequence of them: [texts]")
    if threads < 1:
        raise ValueError(f"threads is {threads}, expected at least 1")
    read = [model.vocab.encode(text, name=f"texts[{i}]") for i, text in enumerate(texts)]
    cdef Py_ssize_t B = len(read), b
    cdef State one = model.state().core
    cdef Py_ssize_t[::1] counts = np.zeros(B, np.intp)
    cdef Py_ssize_t[::1] ends = np.cumsum([0, *map(len, read)], dtype=np.intp)
    cdef int members = min(threads, B, os.cpu_count() or 1)
    if ends[B] > 0:
        indices = np.concatenate(read)
        x = indices_of(indices, "texts", ends[B], one.net.S.V)  # checked once, here
        states = State(one.net, B)      # a state for each text; all of them read one model
        for b in prange(B, nogil=True, schedule="dynamic", num_threads=members):
            counts[b] = surprising_in(states, b, x + ends[b], ends[b + 1] - ends[b], nats)
    return np.asarray(counts)
