"""The RNN's C types, for core.pyx and for whoever cimports it."""

from libc.stdint cimport int32_t

from crnn.kernels cimport crnn_tables
from crnn.memory cimport Buffer


cdef struct Matrix:
    void* at                # element [i, j] at at[i * rs + j * cs]
    Py_ssize_t rs, cs       # one of them is 1


# A set of parameters, or of their gradients, wherever they stand:
# Wxh (H, V), Whh (H, H), Why (V, H), bh (H), by (V).
cdef struct Weights:
    Matrix Wxh, Whh, Why
    void* bh
    void* by


# How one RNN lies in memory. A block of parameters (64-byte aligned, every column padded to ldh or
# ldv elements, which no kernel reads) is
#
#     Whh: H columns of H | Why: H columns of V | bh | by | Wxh: V columns of H
#
# Gradients and Adagrad's memory stand in blocks of the same order; a gradient has columns of Wxh
# only for the characters seen in its window.
cdef struct Shape:
    const crnn_tables* K
    Py_ssize_t V, H         # vocabulary, hidden units
    Py_ssize_t ldv, ldh     # elements from one column of V (of H) to the next
    Py_ssize_t Why, bh, by, Wxh, size   # where each begins, where the block ends (Whh begins at 0)


# Where a window of T steps is computed.
cdef struct Workspace:
    Py_ssize_t T
    void* Hs                # (T + 1, ldh) row 0: the state before; row t + 1: h[t]
    void* Ys                # (T, ldv) y[t], then dy[t]
    void* dHs               # (T, ldh) dh[t], then dhraw[t]
    void* losses            # (T)
    Weights turned          # Whh and Why in the other order: rows of columns, columns of rows
    int32_t* slot           # (T) which column of the gradient belongs to inputs[t]
    int32_t* seen           # (min(T, V)) the characters of those columns
    int32_t* slot_of        # (V) between windows: -1


# A training on its way through a text.
cdef struct Course:
    Shape S
    Workspace n
    Weights W, d            # parameters and their gradients
    void* w                 # the blocks they stand in, and Adagrad's memory
    void* dw
    void* m
    const int32_t* text
    Py_ssize_t length
    double learning_rate, limit
    Py_ssize_t step, position
    double loss, smooth_loss


cdef class Net:
    cdef Shape S
    cdef Weights W
    cdef bint double
    cdef Py_ssize_t itemsize
    cdef readonly Buffer block


cdef class Window:
    cdef Workspace n
    cdef Buffer block


cdef class State:
    cdef Net net
    cdef Buffer block       # h | next h | logits, padded as in a Workspace
    cdef void* h
    cdef void* z
    cdef void* y


cdef class Training:
    cdef Course course
    cdef Net net
    cdef Window window
    cdef Buffer gradients, text
    cdef readonly Buffer memory
    cdef bint running


cdef class Borrowed:
    cdef Net net
    cdef Window window
    cdef int look(self, tuple parameters, Weights* rows, bint writable) except -1
