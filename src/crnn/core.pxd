"""The RNN's C types, for core.pyx and for whoever cimports it.

docs/howto/embed_cython.md lists what is promised to others. All else may change with any version,
and a program that cimports it is then compiled anew.
"""

from libc.stdint cimport int32_t, uint16_t, uint32_t

from crnn.kernels cimport crnn_tables, real
from crnn.memory cimport Buffer
from crnn.rng cimport bitgen, coin


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
    void* kept              # (T B, ldh) h[t] on its way to Why: h[t] itself, if no unit is left out
    uint16_t* coins         # (T B, ldc) a unit is left out if its coin is below the threshold;
    Py_ssize_t ldc          # NULL: none is
    uint32_t threshold
    double gain             # what the others are multiplied by
    const int32_t* lengths  # (B) steps that count in each stream; NULL: all
    void* losses            # (T B)
    Weights turned          # Whh and Why in the other order: rows of columns, columns of rows


# What one thread does of a window: some of the streams, then some of the outputs.
cdef struct Share:
    Py_ssize_t stream, streams      # the first one, and how many
    Py_ssize_t unit, units          # of the H hidden units
    Py_ssize_t symbol, symbols      # of the V characters


cdef class Net:
    cdef Shape S
    cdef Weights W
    cdef bint double
    cdef Py_ssize_t itemsize
    cdef readonly Buffer block


cdef class Window:
    cdef Workspace n
    cdef Buffer block, kept
    cdef int make_dropout(self, const Shape* S, Py_ssize_t itemsize, double dropout) except -1


# What comes next for each of B states, of whose logits y the rows are ldv apart: takes it into x, or
# returns False to end.
ctypedef bint (*decision)(void* it, void* y, int32_t* x) noexcept nogil


# How a character is drawn at a temperature.
cdef struct Dice:
    const Shape* S
    double scale            # 1 / temperature
    bint greedy             # take the most probable one, no coin
    coin toss
    bitgen* bits


cdef class State:
    cdef Net net
    cdef readonly Py_ssize_t B
    cdef readonly bint writes
    cdef int latch              # taken by the thread that uses it
    cdef readonly Buffer block  # h (B, ldh)
    cdef Buffer scratch
    cdef void* h
    cdef void* z                # room for the next h: of B states if they write, of fewer otherwise
    cdef void* y                # room for logits (B, ldv) if they write, of one state otherwise
    cdef int take(self) except -1
    cdef int go_on(self, Py_ssize_t n, const int32_t* x, p) except -1
    cdef Py_ssize_t draw_text(self, Py_ssize_t count, double temperature, bitgen* bits, int32_t x,
                              int32_t* out, coin toss) noexcept
    cdef int32_t index(self, str name, x) except -1
    cdef void advance(self, const int32_t* x) noexcept nogil
    cdef void foretell(self, void* p) noexcept nogil
    cdef void feed_one(self, int32_t x, void* p) noexcept nogil
    cdef double score_one(self, Py_ssize_t b, int32_t x) noexcept nogil


cdef class Borrowed:
    cdef Net net
    cdef Window window
    cdef int latch              # taken by the thread that is in a call
    cdef int take(self) except -1
    cdef int look(self, tuple parameters, Weights* rows, bint writable) except -1


# For whoever composes them; they are explained where they are written.
cdef void step(const Shape* S, const Weights* W, Py_ssize_t B, const int32_t* x, real* h,
               real* z) noexcept nogil
cdef void logits(const Shape* S, const Weights* W, Py_ssize_t rows, const real* h, real* y,
                 Py_ssize_t ldy) noexcept nogil
cdef void predict(const Shape* S, const Weights* W, Py_ssize_t rows, const real* h,
                  real* p) noexcept nogil
cdef void remember(const Shape* S, const Weights* W, const Workspace* n, const Share* s,
                   real* Hs) noexcept nogil
cdef Py_ssize_t write_on(const Shape* S, const Weights* W, Py_ssize_t B, Py_ssize_t n, real* h,
                         real* z, real* y, int32_t* x, decision choose, void* it,
                         int32_t* ixes) noexcept nogil
cdef Dice dice_of(const Shape* S, bint double, double temperature, coin toss,
                  bitgen* bits) noexcept nogil
cdef void forward(const Shape* S, const Weights* W, const Workspace* n, const Share* s,
                  real* Hs) noexcept nogil
cdef void backward(const Shape* S, const Weights* W, const Workspace* n, const Share* s,
                   const real* Hs) noexcept nogil
cdef void gradients(const Shape* S, const Workspace* n, const Share* s, const int32_t* slot,
                    const Weights* d, const real* Hs) noexcept nogil
cdef void turn(const Shape* S, const Weights* W, const Weights* turned, const Share* s,
               real* of_type) noexcept nogil
cdef double stream_loss(const Workspace* n, Py_ssize_t b, const real* losses) noexcept nogil
cdef Share share_of(const Shape* S, Py_ssize_t B, int rank, int members) noexcept nogil
cdef const crnn_tables* tables_of(str isa) except NULL
cdef const int32_t* indices_of(object array, str name, Py_ssize_t n, Py_ssize_t V) except NULL
cdef Weights weights_in(Buffer block, const Shape* S, Py_ssize_t itemsize)
cdef workspace_bytes(const Shape* S, T, B, Py_ssize_t itemsize)
cdef dropout_bytes(const Shape* S, T, B, Py_ssize_t itemsize)
