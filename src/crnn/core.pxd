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
# Gradients and an optimizer's memories stand in blocks of the same order; under Adagrad a gradient
# has columns of Wxh only for the characters seen in its window.
cdef struct Shape:
    const crnn_tables* K
    Py_ssize_t V, H         # vocabulary, hidden units
    Py_ssize_t ldv, ldh     # elements from one column of V (of H) to the next
    Py_ssize_t Why, bh, by, Wxh, size   # where each begins, where the block ends (Whh begins at 0)


# Where a window of T steps of B streams is computed; row t B + b is step t of stream b.
cdef struct Workspace:
    Py_ssize_t T, B
    const int32_t* inputs   # (T B)
    const int32_t* targets  # (T B)
    void* Hs                # ((T + 1) B, ldh) rows before t = 0: the states before; then h[t]
    void* Ys                # (T B, ldv) y[t], then the gradient dy[t]
    void* dHs               # (T B, ldh) dh[t], then dhraw[t]
    void* losses            # (T B)
    Weights turned          # Whh and Why in the other order: rows of columns, columns of rows


# Which columns of Wxh have a gradient in a window, and where those stand.
cdef struct Columns:
    Py_ssize_t count
    int32_t* slot           # (T B) which column of the gradient belongs to each input
    int32_t* seen           # (count) the characters of those columns
    int32_t* slot_of        # (V) between windows: -1


# What one thread does of a window: some of the streams, then some of the outputs.
cdef struct Share:
    Py_ssize_t stream, streams      # the first one, and how many
    Py_ssize_t unit, units          # of the H hidden units
    Py_ssize_t symbol, symbols      # of the V characters


ctypedef enum Optimizer:
    ADAGRAD, ADAM


# How gradients become steps: the optimizer's numbers, and what it remembers of each parameter.
cdef struct Descent:
    Optimizer optimizer
    double learning_rate, limit
    double decay1, decay2   # Adam's: beta1 and beta2 to the power of the steps made
    void* m                 # (size) Adagrad's sum of squares, Adam's mean
    void* v                 # (size) Adam's mean square


# A training on its way through a text.
cdef struct Course:
    Shape S
    Workspace n
    Weights W, d            # parameters and their gradients
    void* w                 # the blocks they stand in
    void* dw
    Descent descent
    Columns* columns        # one for each thread
    const int32_t* text
    Py_ssize_t length       # of one stream; they follow each other in the text
    int32_t* inputs         # those of the workspace, writable
    int32_t* targets
    bint double
    Py_ssize_t windows      # to train in this run
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
    cdef Buffer gradients, text, scratch
    cdef readonly tuple memories
    cdef readonly int threads
    cdef int spins
    cdef bint running
    cdef int take_memory(self, text, T, B, str optimizer) except -1
    cdef char* last_state(self, Py_ssize_t b)


cdef class Borrowed:
    cdef Net net
    cdef Window window
    cdef int look(self, tuple parameters, Weights* rows, bint writable) except -1
