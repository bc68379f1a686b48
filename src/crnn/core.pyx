# cython: language_level=3, cdivision=True, auto_pickle=False, autotestdict=False, freethreading_compatible=True
"""The RNN: step, loss and BPTT over a window, sampler.

    h[t] = tanh(Wxh[:,x[t]] + Whh h[t-1] + bh)      y[t] = Why h[t] + by      p[t] = softmax(y[t])
    loss = -sum_t ln p[t][target[t]]

The functions over data run without the GIL, once for each type, and compose kernels; no line here
loops over the elements of a vector. The classes own aligned memory, check what is asked of them and
choose the type. Characters, files and settings are unknown here.
"""

import os

cimport cython
from libc.math cimport isinf, isnan
from libc.stdint cimport int32_t, uint16_t, uint32_t
from libc.string cimport memcpy, memset

from crnn.atomic cimport (
    open_latch, open_latch_of_block, take_latch, take_latch_for_block, take_latch_in_process,
)
from crnn.fpmode cimport crnn_fpmode, crnn_fpmode_enter, crnn_fpmode_leave, crnn_pin
from crnn.kernels cimport (
    argmax, clip, column_sums, crnn_available, crnn_fastest, crnn_tables,
    crnn_tables_named, draw, drop, gather_columns, gemm, gemv, log_softmax, real, scatter_columns, softmax,
    softmax_cross_entropy, tanh, tanh_backward, transpose,
)
from crnn.memory cimport Buffer, index_address, real_address
from crnn.memory import affordable
from crnn.rng cimport bitgen, bitgen_of, coin, numpy_coin, raw_coin


cdef enum:
    ROWS = 64       # states that are fed at once: changes no result


# --- The RNN over one window -----------------------------------------------------------------------

cdef inline void recur(const Shape* S, Py_ssize_t B, const void* A, Py_ssize_t lda, const real* x,
                       real* y, bint backward) noexcept nogil:
    """y += A' x for the vectors of B streams: the product of the recurrence."""
    if B == 1:
        gemv(S.K, S.H, S.H, <const real*> A, lda, x, y, y, backward)
    else:
        gemm(S.K, B, S.H, S.H, x, S.ldh, 1, <const real*> A, lda, y, S.ldh, y, S.ldh)


cdef void step(const Shape* S, const Weights* W, Py_ssize_t B, const int32_t* x, real* h,
               real* z) noexcept nogil:
    """h = tanh(Wxh[:,x] + Whh h + bh) for B states. W in columns (rs = 1), except Wxh, which may be
    either; z is room for as many."""
    cdef Py_ssize_t b
    gather_columns(S.K, B, S.H, <const real*> W.Wxh.at, W.Wxh.rs, W.Wxh.cs, x,
                   <const real*> W.bh, z, S.ldh)
    recur(S, B, W.Whh.at, W.Whh.cs, h, z, False)
    for b in range(B):
        tanh(S.K, S.H, z + b * S.ldh, h + b * S.ldh)


cdef void logits(const Shape* S, const Weights* W, Py_ssize_t rows, const real* h, real* y,
                 Py_ssize_t ldy) noexcept nogil:
    """y = Why h + by for so many rows. W in columns."""
    if rows == 1:
        gemv(S.K, S.V, S.H, <const real*> W.Why.at, W.Why.cs, h, <const real*> W.by, y, False)
    else:
        gemm(S.K, rows, S.V, S.H, h, S.ldh, 1, <const real*> W.Why.at, W.Why.cs,
             <const real*> W.by, 0, y, ldy)


cdef void predict(const Shape* S, const Weights* W, Py_ssize_t rows, const real* h,
                  real* p) noexcept nogil:
    """p = softmax(Why h + by), without padding between the rows."""
    logits(S, W, rows, h, p, S.V)
    softmax(S.K, rows, S.V, <real> 1, p, S.V)


cdef double surprise(const Shape* S, const Weights* W, int32_t x, real* h, real* z,
                     real* y) noexcept nogil:
    """How little one state foretold x, in nats; it reads x then. z and y are room for one row."""
    cdef real nats
    logits(S, W, 1, h, y, S.ldv)
    softmax_cross_entropy(S.K, 1, S.V, <real> 1, y, S.ldv, &x, &nats)
    step(S, W, 1, &x, h, z)
    return nats


cdef void log_predict(const Shape* S, const Weights* W, Py_ssize_t B, const real* h, real* y,
                      real* p) noexcept nogil:
    """The logarithms of the same; y is room for the logits of ROWS of them."""
    cdef Py_ssize_t block, first, rows
    for block in range((B + ROWS - 1) // ROWS):
        first = block * ROWS
        rows = min(<Py_ssize_t> ROWS, B - first)
        logits(S, W, rows, h + first * S.ldh, y, S.ldv)
        log_softmax(S.K, rows, S.V, y, S.ldv, p + first * S.V, S.V)


cdef void leave_out(const Shape* S, const Workspace* n, Py_ssize_t row, Py_ssize_t rows, const real* x,
                    real* y) noexcept nogil:
    """Inverted dropout of so many rows of H: as h[t] goes to Why, and as dh comes back from there."""
    cdef Py_ssize_t i
    for i in range(rows):
        drop(S.K, S.H, n.threshold, <real> n.gain, n.coins + (row + i) * n.ldc, x + i * S.ldh, y + i * S.ldh)


cdef void blank(const Shape* S, const Workspace* n, const Share* s, real* Ys) noexcept nogil:
    """Take steps that do not count out of losses and gradients."""
    cdef real* losses = <real*> n.losses
    cdef Py_ssize_t t, b, row
    for b in range(s.stream, s.stream + s.streams):
        for t in range(n.lengths[b], n.T):
            row = t * n.B + b
            losses[row] = 0
            memset(Ys + row * S.ldv, 0, S.V * sizeof(real))


cdef void remember(const Shape* S, const Weights* W, const Workspace* n, const Share* s,
                   real* Hs) noexcept nogil:
    """h[t] of a share of the streams over T steps, from the states before, which stand in Hs."""
    cdef Py_ssize_t B = s.streams, t, b, row
    cdef real* z
    for t in range(n.T):
        row = t * n.B + s.stream
        z = Hs + (row + n.B) * S.ldh
        gather_columns(S.K, B, S.H, <const real*> W.Wxh.at, W.Wxh.rs, W.Wxh.cs, n.inputs + row,
                       <const real*> W.bh, z, S.ldh)
        recur(S, B, W.Whh.at, W.Whh.cs, Hs + row * S.ldh, z, t & 1)
        for b in range(B):
            tanh(S.K, S.H, z + b * S.ldh, z + b * S.ldh)
        if n.coins != NULL:
            leave_out(S, n, row, B, z, <real*> n.kept + row * S.ldh)


cdef void forward(const Shape* S, const Weights* W, const Workspace* n, const Share* s,
                  real* Hs) noexcept nogil:
    """A share of the streams over T steps. Ys becomes dy[t] = (p[t] - onehot(target[t])) / B."""
    cdef Py_ssize_t B = s.streams, t, row
    cdef real* Ys = <real*> n.Ys
    cdef const real* kept = <const real*> n.kept
    remember(S, W, n, s, Hs)
    # All steps at once, unless other threads have streams in between.
    cdef Py_ssize_t pieces = 1 if B == n.B else n.T, rows = n.T * B // pieces
    for t in range(pieces):
        row = t * n.B + s.stream
        logits(S, W, rows, kept + row * S.ldh, Ys + row * S.ldv, S.ldv)
        softmax_cross_entropy(S.K, rows, S.V, <real> (1.0 / n.B), Ys + row * S.ldv, S.ldv,
                              n.targets + row, <real*> n.losses + row)
    if n.lengths != NULL:
        blank(S, n, s, Ys)


cdef void backward(const Shape* S, const Weights* W, const Workspace* n, const Share* s,
                   const real* Hs) noexcept nogil:
    """dhraw of a share of the streams. W in rows (cs = 1)."""
    cdef Py_ssize_t B = s.streams, t, b, row
    cdef real* dHs = <real*> n.dHs
    cdef real* dh
    cdef Py_ssize_t pieces = 1 if B == n.B else n.T, rows = n.T * B // pieces
    # y[t] = Why h[t] + by:  dh[t] = Why' dy[t], and from the next step Whh' dhraw[t+1]
    for t in range(pieces):
        row = t * n.B + s.stream
        gemm(S.K, rows, S.H, S.V, <const real*> n.Ys + row * S.ldv, S.ldv, 1,
             <const real*> W.Why.at, W.Why.rs, <real*> NULL, 0, dHs + row * S.ldh, S.ldh)
        if n.coins != NULL:
            leave_out(S, n, row, rows, dHs + row * S.ldh, dHs + row * S.ldh)
    for t in range(n.T - 1, -1, -1):
        row = t * n.B + s.stream
        dh = dHs + row * S.ldh
        if t < n.T - 1:
            recur(S, B, W.Whh.at, W.Whh.rs, dh + n.B * S.ldh, dh, t & 1)
        # h[t] = tanh(...):  dhraw[t] = (1 - h[t] h[t]) dh[t]
        for b in range(B):
            tanh_backward(S.K, S.H, Hs + (row + n.B + b) * S.ldh, dh + b * S.ldh, dh + b * S.ldh)


cdef inline void outer_sum(const Shape* S, Py_ssize_t rows, Py_ssize_t m, const real* d,
                           Py_ssize_t ldd, Py_ssize_t n, const real* a, Py_ssize_t lda,
                           const Matrix* dW, Py_ssize_t column) noexcept nogil:
    """Columns [column, column + n) of dW (m, ...) = sum over all steps and streams of d a', in
    columns or in rows as dW lies; the same bits in both."""
    cdef real* at = <real*> dW.at + column * dW.cs
    if dW.rs == 1:
        gemm(S.K, n, m, rows, a + column, 1, lda, d, ldd, <real*> NULL, 0, at, dW.cs)
    else:
        gemm(S.K, m, n, rows, d, 1, ldd, a + column, lda, <real*> NULL, 0, at, dW.rs)


cdef void gradients(const Shape* S, const Workspace* n, const Share* s, const int32_t* slot,
                    const Weights* d, const real* Hs) noexcept nogil:
    """A share of the gradients of the loss, summed over t, then b.

    slot[row]: where dWxh[:,x] of that input stands in d.Wxh, which must be zero there.
    """
    cdef Py_ssize_t rows = n.T * n.B, j = s.unit, i = s.symbol
    cdef const real* before = Hs
    cdef const real* kept = <const real*> n.kept
    cdef const real* dYs = <const real*> n.Ys
    cdef const real* dHs = <const real*> n.dHs
    outer_sum(S, rows, S.V, dYs, S.ldv, s.units, kept, S.ldh, &d.Why, j)      # dWhy += dy h[t]'
    column_sums(S.K, rows, s.symbols, dYs + i, S.ldv, <real*> d.by + i)       # dby  += dy
    outer_sum(S, rows, S.H, dHs, S.ldh, s.units, before, S.ldh, &d.Whh, j)    # dWhh += dhraw h[t-1]'
    column_sums(S.K, rows, s.units, dHs + j, S.ldh, <real*> d.bh + j)         # dbh  += dhraw
    scatter_columns(S.K, rows, s.units, dHs + j, S.ldh, slot,                 # dWxh[:,x] += dhraw
                    <real*> d.Wxh.at + j * d.Wxh.rs, d.Wxh.rs, d.Wxh.cs)


cdef void turn(const Shape* S, const Weights* W, const Weights* turned, const Share* s,
               real* of_type) noexcept nogil:
    """Columns of a share of the units in Whh and Why, in the other order: rows from columns, or
    columns from rows."""
    cdef Py_ssize_t j = s.unit
    cdef real* Whh = <real*> W.Whh.at + j * W.Whh.cs
    cdef real* Why = <real*> W.Why.at + j * W.Why.cs
    cdef real* to_Whh = <real*> turned.Whh.at + j * turned.Whh.cs
    cdef real* to_Why = <real*> turned.Why.at + j * turned.Why.cs
    if W.Whh.rs == 1:
        transpose(S.K, s.units, S.H, Whh, W.Whh.cs, to_Whh, turned.Whh.rs)
        transpose(S.K, s.units, S.V, Why, W.Why.cs, to_Why, turned.Why.rs)
    else:
        transpose(S.K, S.H, s.units, Whh, W.Whh.rs, to_Whh, turned.Whh.cs)
        transpose(S.K, S.V, s.units, Why, W.Why.rs, to_Why, turned.Why.cs)


cdef double stream_loss(const Workspace* n, Py_ssize_t b, const real* losses) noexcept nogil:
    """The loss of one stream over the window, in nats."""
    cdef double loss = 0
    cdef Py_ssize_t t
    for t in range(n.T):
        loss += losses[t * n.B + b]
    return loss


cdef Share share_of(const Shape* S, Py_ssize_t B, int rank, int members) noexcept nogil:
    """The share of one of several threads: whole streams, and units by whole lines of the cache."""
    cdef Share s
    cdef Py_ssize_t lines = (S.H + 15) // 16
    s.stream = B * rank // members
    s.streams = B * (rank + 1) // members - s.stream
    s.unit = min(S.H, 16 * (lines * rank // members))
    s.units = min(S.H, 16 * (lines * (rank + 1) // members)) - s.unit
    s.symbol = S.V * rank // members
    s.symbols = S.V * (rank + 1) // members - s.symbol
    return s


cdef double loss_and_gradients(const Shape* S, const Weights* rows, Workspace* n, const real* hprev,
                               const Weights* d, double limit, real* h) noexcept nogil:
    """The reference's lossFun: parameters and gradients in rows, gradients clipped to the limit."""
    cdef Share all = share_of(S, 1, 0, 1)
    cdef Weights columns = rows[0]
    cdef real* Hs = <real*> n.Hs
    cdef real bound = <real> limit
    columns.Whh, columns.Why = n.turned.Whh, n.turned.Why
    turn(S, rows, &columns, &all, h)
    memcpy(Hs, hprev, S.H * sizeof(real))
    forward(S, &columns, n, &all, Hs)
    backward(S, rows, n, &all, Hs)
    gradients(S, n, &all, n.inputs, d, Hs)
    memcpy(h, Hs + n.T * S.ldh, S.H * sizeof(real))
    clip(S.K, S.H * S.V, bound, <real*> d.Wxh.at)
    clip(S.K, S.H * S.H, bound, <real*> d.Whh.at)
    clip(S.K, S.V * S.H, bound, <real*> d.Why.at)
    clip(S.K, S.H, bound, <real*> d.bh)
    clip(S.K, S.V, bound, <real*> d.by)
    return stream_loss(n, 0, <const real*> n.losses)


# --- Text that is not known yet ---------------------------------------------------------------------

cdef Py_ssize_t write_on(const Shape* S, const Weights* W, Py_ssize_t B, Py_ssize_t n, real* h,
                         real* z, real* y, int32_t* x, decision choose, void* it,
                         int32_t* ixes) noexcept nogil:
    """Choose n characters for each of B states, each fed back: ixes (n, B).

    x (B): what the states still have to read, or -1 if they have read all; afterwards what was chosen
    last, which they have not read. `choose` takes the next x from the logits y; where it ends, so does
    the text. Returns how many were chosen.
    """
    cdef Py_ssize_t k
    for k in range(n):
        if x[0] >= 0:
            step(S, W, B, x, h, z)
        logits(S, W, B, h, y, S.ldv)
        if not choose(it, y, x):
            return k
        memcpy(ixes + k * B, x, B * sizeof(int32_t))
    return n


cdef Dice dice_of(const Shape* S, bint double, double temperature, coin toss,
                  bitgen* bits) noexcept nogil:
    """How to draw at a temperature. 0 takes the most probable character, as does one so small that
    its inverse is infinite in the type."""
    cdef Dice d = Dice(S, 1, temperature == 0, toss, bits)
    if not d.greedy:
        d.scale = 1 / temperature
        d.greedy = isinf(d.scale) or (not double and isinf(<float> d.scale))
    if d.greedy:
        d.scale = 1
    return d


cdef bint throw_dice(Dice* d, real* y, int32_t* x) noexcept nogil:
    """Draw the next character of one state."""
    cdef const Shape* S = d.S
    softmax(S.K, 1, S.V, <real> d.scale, y, S.ldv)
    if isnan(y[0]):             # all of them, then: see kernels.h
        return False
    x[0] = <int32_t> (argmax(S.K, S.V, y) if d.greedy else draw(S.K, S.V, y, d.toss(d.bits)))
    return True


cdef bint throw_float(void* it, void* y, int32_t* x) noexcept nogil:
    return throw_dice(<Dice*> it, <float*> y, x)


cdef bint throw_double(void* it, void* y, int32_t* x) noexcept nogil:
    return throw_dice(<Dice*> it, <double*> y, x)


# --- What Python holds -----------------------------------------------------------------------------

IN_USE = ("this state is in use in another thread, or by a with block of this one around the call (or was "
          "in use in another, when this process was forked): give each thread a copy of its own")

PARAMETERS = ("Wxh", "Whh", "Why", "bh", "by")     # the reference's names, in its order


cdef const int32_t* indices_of(object array, str name, Py_ssize_t n, Py_ssize_t V) except NULL:
    """The n indices of an int32 array, each checked to be in [0, V)."""
    cdef const int32_t* x = index_address(array, name, n, False)
    cdef Py_ssize_t i
    for i in range(n):
        if not 0 <= x[i] < V:
            raise IndexError(f"{name}[{i}] is {x[i]}, expected an index from 0 to {V - 1}")
    return x


cdef Py_ssize_t padded(n, Py_ssize_t itemsize):
    """Elements of a column of n: whole 64-byte lines, and an odd number of them.

    An odd number lets the columns of a matrix fall into different sets of the cache.
    """
    lines = (n * itemsize + 63) // 64
    return (lines | 1) * 64 // itemsize


cdef Weights weights_in(Buffer block, const Shape* S, Py_ssize_t itemsize):
    """The parameters (or gradients) in a block of that shape, in columns."""
    cdef Weights W
    cdef char* at = <char*> block.data
    W.Whh = Matrix(at, 1, S.ldh)
    W.Why = Matrix(at + S.Why * itemsize, 1, S.ldv)
    W.bh = at + S.bh * itemsize
    W.by = at + S.by * itemsize
    W.Wxh = Matrix(at + S.Wxh * itemsize, 1, S.ldh)
    return W


def available_isas():
    """Names of the kernel tables this CPU can run, the fastest last."""
    names = []
    while crnn_available(len(names)) != NULL:
        names.append(crnn_available(len(names)).isa.decode())
    return names


cdef const crnn_tables* tables_of(str isa) except NULL:
    cdef const crnn_tables* tables = crnn_tables_named(isa.encode())
    if tables == NULL:
        raise ValueError(f"no kernels named {isa!r} run here; there are {', '.join(available_isas())}")
    return tables


def isa():
    """Name of the instruction set whose kernels are in use.

    Returns
    -------
    str
        "portable", "avx2", "avx512" or "neon": the fastest this CPU can run, or what the
        environment variable ``CRNN_ISA`` asked for when crnn was imported.

    Examples
    --------
    >>> import crnn
    >>> crnn.isa() in {"portable", "avx2", "avx512", "neon"}
    True
    """
    return chosen.isa.decode()


cdef const crnn_tables* chosen = crnn_fastest()
if os.environ.get("CRNN_ISA"):
    try:
        chosen = tables_of(os.environ["CRNN_ISA"])
    except ValueError as error:
        raise ImportError(f"CRNN_ISA: {error}. Unset it to get the fastest.") from None


@cython.final
cdef class Net:
    """The parameters of one RNN, all zero at first.

    Parameters
    ----------
    V, H : int
        Sizes of vocabulary and hidden layer, at least 1.
    double : bool
        float64 instead of float32.
    isa : str, optional
        Name of the kernel table; by default the one that `isa()` reports.

    Raises
    ------
    MemoryError
        If the parameters do not fit into this machine's memory.
    """

    def __cinit__(self, V, H, bint double, str isa=None):
        cdef Py_ssize_t itemsize = 8 if double else 4
        cdef Shape* S = &self.S
        if V < 1 or H < 1:
            raise ValueError(f"V is {V} and H is {H}, expected at least 1")
        of_H, of_V = (64 * ((n * itemsize) // 64 + 2) for n in (H, V))     # bytes of a column, at most
        affordable(of_H * (H + V + 1) + of_V * (H + 1))     # in Python's integers: nothing below overflows
        S.K = chosen if isa is None else tables_of(isa)
        S.V, S.H = V, H
        S.ldv, S.ldh = padded(V, itemsize), padded(H, itemsize)
        S.Why = S.H * S.ldh
        S.bh = S.Why + S.H * S.ldv
        S.by = S.bh + S.ldh
        S.Wxh = S.by + S.ldv
        S.size = S.Wxh + S.V * S.ldh
        self.double, self.itemsize = double, itemsize
        self.block = Buffer(S.size * itemsize)
        self.W = weights_in(self.block, S, itemsize)

    @property
    def isa(self):
        """Name of the kernel table."""
        return self.S.K.isa.decode()

    def layout(self):
        """Where the parameters stand in a block of this shape.

        Returns
        -------
        dict of str to (int, tuple of int, tuple of int)
            Offset in bytes, shape of the reference and strides in bytes, by name.
        """
        cdef const Shape* S = &self.S
        cdef Py_ssize_t b = self.itemsize
        return {
            "Wxh": (S.Wxh * b, (S.H, S.V), (b, S.ldh * b)),
            "Whh": (0, (S.H, S.H), (b, S.ldh * b)),
            "Why": (S.Why * b, (S.V, S.H), (b, S.ldv * b)),
            "bh": (S.bh * b, (S.H, 1), (b, b)),
            "by": (S.by * b, (S.V, 1), (b, b)),
        }


cdef workspace_bytes(const Shape* S, T, B, Py_ssize_t itemsize):
    """At least what a Window of T steps takes; in Python's integers, so that nothing overflows."""
    turned = S.H * S.ldh + max(S.H * S.ldv, S.V * S.ldh)
    rows = T * B
    return ((2 * rows + B) * S.ldh + rows * S.ldv + turned + rows + 128) * itemsize


cdef dropout_bytes(const Shape* S, T, B, Py_ssize_t itemsize):
    """What it takes more if units are left out."""
    return T * B * (S.ldh * itemsize + 2 * (S.H + 4))


@cython.final
cdef class Window:
    """Workspace for windows of T steps of B streams, for parameters that lie in columns or in rows."""

    def __cinit__(self, Net net not None, T, B=1, bint in_rows=False):
        cdef const Shape* S = &net.S
        cdef Py_ssize_t b = net.itemsize
        cdef Workspace* n = &self.n
        affordable(workspace_bytes(S, T, B, b))
        n.T, n.B = T, B
        cdef Py_ssize_t rows = n.T * n.B
        cdef Py_ssize_t Ys = (2 * rows + n.B) * S.ldh
        cdef Py_ssize_t Whh = Ys + rows * S.ldv
        cdef Py_ssize_t Why = Whh + S.H * S.ldh
        cdef Py_ssize_t losses = Why + (S.H * S.ldv if in_rows else S.V * S.ldh)
        self.block = Buffer((losses + rows) * b)
        cdef char* at = <char*> self.block.data
        n.Hs = at
        n.dHs = at + (rows + n.B) * S.ldh * b
        n.Ys = at + Ys * b
        n.losses = at + losses * b
        n.kept = at + n.B * S.ldh * b   # h[t]
        if in_rows:
            n.turned.Whh = Matrix(at + Whh * b, 1, S.ldh)
            n.turned.Why = Matrix(at + Why * b, 1, S.ldv)
        else:
            n.turned.Whh = Matrix(at + Whh * b, S.ldh, 1)
            n.turned.Why = Matrix(at + Why * b, S.ldh, 1)

    cdef int make_dropout(self, const Shape* S, Py_ssize_t itemsize, double dropout) except -1:
        """Make room to leave units out on their way to Why, with that probability."""
        cdef Workspace* n = &self.n
        cdef Py_ssize_t rows = n.T * n.B
        n.ldc = (S.H + 3) // 4 * 4
        self.kept = Buffer(rows * (S.ldh * itemsize + 2 * n.ldc))
        n.kept = self.kept.data
        n.coins = <uint16_t*> (<char*> n.kept + rows * S.ldh * itemsize)
        cdef crnn_fpmode theirs = crnn_fpmode_enter()
        n.threshold = <uint32_t> (crnn_pin(dropout) * 65536)
        n.gain = crnn_pin(65536.0 / (65536 - n.threshold))
        crnn_fpmode_leave(theirs)
        return 0


@cython.final
cdef class State:
    """B hidden states of a net, and what it predicts from each.

    A fresh state has h = 0 and has read nothing.

    One thread at a time: a method that finds another thread in one raises a RuntimeError and does
    nothing. ``with state:`` keeps the others out while its memory is read or written from outside; no
    method may be called there.

    Parameters
    ----------
    net : Net
    B : int
        How many.
    writes : bool
        Have room beside h for each of them, too, so that a text can be written with them, and threads
        can go on with one each.
    """

    def __cinit__(self, Net net not None, B=1, bint writes=True):
        cdef Py_ssize_t b = net.itemsize
        if B < 1:
            raise ValueError(f"B is {B}, expected at least 1")
        rows = B if writes else min(B, ROWS)
        scratch = (rows * net.S.ldh + (B if writes else 1) * net.S.ldv) * b
        affordable(B * net.S.ldh * b + scratch)
        self.net, self.B, self.writes = net, B, writes
        self.block = Buffer(self.B * net.S.ldh * b)
        self.scratch = Buffer(scratch)
        self.h, self.z = self.block.data, self.scratch.data
        self.y = <char*> self.z + <Py_ssize_t> rows * net.S.ldh * b

    cdef int take(self) except -1:
        """Be alone with these states until the latch is opened."""
        if not take_latch(&self.latch):
            raise RuntimeError(IN_USE)
        return 0

    def __enter__(self):
        if not take_latch_for_block(&self.latch):
            raise RuntimeError(IN_USE)
        return self

    def __exit__(self, *error):
        open_latch_of_block(&self.latch)

    @property
    def multiply_adds(self):
        """How many it takes to feed each a character and predict the next."""
        return self.B * self.net.S.H * (self.net.S.H + self.net.S.V)

    def layout(self):
        """Shape (B, H) and strides in bytes of the states, which stand at the beginning of `block`."""
        return (self.B, self.net.S.H), (self.net.S.ldh * self.net.itemsize, self.net.itemsize)

    def copy(self):
        """States of their own, equal to these."""
        cdef State other = State(self.net, self.B, self.writes)
        self.take()
        memcpy(other.block.data, self.block.data, self.block.nbytes)
        open_latch(&self.latch)
        return other

    def get(self, h):
        """Write the numbers of these states into the array `h` (B, H)."""
        cdef Py_ssize_t b, width = self.net.S.H * self.net.itemsize
        cdef char* to = <char*> real_address(h, "h", self.net.double, self.B * self.net.S.H, True)
        self.take()
        for b in range(self.B):
            memcpy(to + b * width, <char*> self.h + b * self.net.S.ldh * self.net.itemsize, width)
        open_latch(&self.latch)

    def set(self, h):
        """Take the numbers of the array `h` (B, H) as the states."""
        cdef Py_ssize_t b, width = self.net.S.H * self.net.itemsize
        cdef char* of = <char*> real_address(h, "h", self.net.double, self.B * self.net.S.H, False)
        self.take()
        for b in range(self.B):
            memcpy(<char*> self.h + b * self.net.S.ldh * self.net.itemsize, of + b * width, width)
        open_latch(&self.latch)

    cdef int32_t index(self, str name, x) except -1:
        """An integer as the index of a character."""
        cdef Py_ssize_t i = x
        if not 0 <= i < self.net.S.V:
            raise IndexError(f"{name} is {x}, expected an index from 0 to {self.net.S.V - 1}")
        return <int32_t> i

    cdef void advance(self, const int32_t* x) noexcept nogil:
        """Feed a character to each state."""
        cdef const Shape* S = &self.net.S
        cdef Py_ssize_t block, first, rows
        for block in range((self.B + ROWS - 1) // ROWS):
            first = block * ROWS
            rows = min(<Py_ssize_t> ROWS, self.B - first)
            if self.net.double:
                step(S, &self.net.W, rows, x + first, <double*> self.h + first * S.ldh, <double*> self.z)
            else:
                step(S, &self.net.W, rows, x + first, <float*> self.h + first * S.ldh, <float*> self.z)

    cdef void foretell(self, void* p) noexcept nogil:
        """Write the probabilities of the next characters: p (B, V)."""
        if self.net.double:
            predict(&self.net.S, &self.net.W, self.B, <const double*> self.h, <double*> p)
        else:
            predict(&self.net.S, &self.net.W, self.B, <const float*> self.h, <float*> p)

    cdef void feed_one(self, int32_t x, void* p) noexcept nogil:
        """The first state reads a character and predicts the next: p (V). x must be from 0 to V - 1.

        Allocates nothing, checks nothing, may be called without the GIL; other states of the same
        net may be fed by other threads meanwhile.
        """
        cdef const Shape* S = &self.net.S
        cdef crnn_fpmode theirs = crnn_fpmode_enter()
        if self.net.double:
            step(S, &self.net.W, 1, &x, <double*> self.h, <double*> self.z)
            predict(S, &self.net.W, 1, <const double*> self.h, <double*> p)
        else:
            step(S, &self.net.W, 1, &x, <float*> self.h, <float*> self.z)
            predict(S, &self.net.W, 1, <const float*> self.h, <float*> p)
        crnn_fpmode_leave(theirs)

    cdef double score_one(self, Py_ssize_t b, int32_t x) noexcept nogil:
        """How surprising x is after what state number b has read, in nats; b reads it then.

        If the states write, each has room of its own, so that threads may go on with one each. b must
        be from 0 to B - 1 and x from 0 to V - 1: nothing is checked, nor allocated.
        """
        cdef const Shape* S = &self.net.S
        cdef Py_ssize_t room = b if self.writes else 0
        cdef crnn_fpmode theirs = crnn_fpmode_enter()
        cdef double nats
        if self.net.double:
            nats = surprise(S, &self.net.W, x, <double*> self.h + b * S.ldh,
                            <double*> self.z + room * S.ldh, <double*> self.y + room * S.ldv)
        else:
            nats = surprise(S, &self.net.W, x, <float*> self.h + b * S.ldh,
                            <float*> self.z + room * S.ldh, <float*> self.y + room * S.ldv)
        crnn_fpmode_leave(theirs)
        return nats

    def feed(self, x, p):
        """Feed one character, given as its index, to one state; write its prediction into `p` (V).

        Raises
        ------
        IndexError
            If x is not in [0, V); the state is then as before.
        """
        cdef void* out = real_address(p, "out", self.net.double, self.B * self.net.S.V, True)
        if self.B != 1:
            raise ValueError(f"{self.B} states are fed together: use feed_each")
        cdef int32_t first = self.index("x", x)
        self.take()
        self.feed_one(first, out)
        open_latch(&self.latch)

    def feed_each(self, indices, p=None):
        """Feed character number b of an int32 array (B) to state b; `predict` into p, if it is given."""
        cdef const int32_t* x = indices_of(indices, "x", self.B, self.net.S.V)
        self.go_on(1, x, p)

    def read(self, indices, p=None):
        """Feed characters (int32 array) to one state, one after the other; then as `feed_each`.

        Raises
        ------
        IndexError
            If one is not in [0, V); the state is then as before.
        """
        cdef Py_ssize_t n = len(indices)
        cdef const int32_t* x = NULL
        if n > 0 and self.B != 1:
            raise ValueError(f"{self.B} states are fed together: use feed_each")
        if n > 0:
            x = indices_of(indices, "indices", n, self.net.S.V)
        self.go_on(n, x, p)

    def predict(self, p not None):
        """Write the probabilities of the next characters into the array `p` (B, V)."""
        self.go_on(0, NULL, p)

    cdef int go_on(self, Py_ssize_t n, const int32_t* x, p) except -1:
        """Feed each state n characters, then predict into `p` unless that is None."""
        cdef void* out = NULL
        cdef Py_ssize_t t
        cdef crnn_fpmode theirs
        if p is not None:
            out = real_address(p, "out", self.net.double, self.B * self.net.S.V, True)
        self.take()
        with nogil:
            theirs = crnn_fpmode_enter()
            for t in range(n):
                self.advance(x + t * self.B)
            if out != NULL:
                self.foretell(out)
            crnn_fpmode_leave(theirs)
        open_latch(&self.latch)
        return 0

    def log_predict(self, p):
        """Write their logarithms into the array `p` (B, V), in nats."""
        cdef void* out = real_address(p, "out", self.net.double, self.B * self.net.S.V, True)
        cdef const Shape* S = &self.net.S
        cdef Buffer y = Buffer(min(self.B, <Py_ssize_t> ROWS) * S.ldv * self.net.itemsize)
        cdef crnn_fpmode theirs
        self.take()
        with nogil:
            theirs = crnn_fpmode_enter()
            if self.net.double:
                log_predict(S, &self.net.W, self.B, <double*> self.h, <double*> y.data, <double*> out)
            else:
                log_predict(S, &self.net.W, self.B, <float*> self.h, <float*> y.data, <float*> out)
            crnn_fpmode_leave(theirs)
        open_latch(&self.latch)

    def sample(self, n, double temperature, bit_generator, ixes, seed_ix=-1, bint numpy=False):
        """Draw `n` characters into the int32 array `ixes`, feeding each back to one state.

        Parameters
        ----------
        n : int
            How many; `ixes` has room for them.
        temperature : float
            At least 0; 0 takes the most probable character.
        bit_generator : numpy.random.BitGenerator
            Where the coins come from: its raw 64-bit stream, or `random_sample` with `numpy`.
        ixes : numpy.ndarray
            Receives the indices.
        seed_ix : int
            A character to feed before the first draw; -1: none.
        numpy : bool
            Toss NumPy's coins instead of ours.

        Returns
        -------
        int
            How many were drawn: fewer than `n` if the probabilities became NaN.
        """
        cdef Py_ssize_t count = n
        cdef int32_t x = -1 if seed_ix == -1 else self.index("seed_ix", seed_ix)
        cdef int32_t* out = index_address(ixes, "ixes", count, True)
        cdef bitgen* bits = bitgen_of(bit_generator)
        if self.B != 1 or not self.writes:
            raise ValueError("expected a single state that writes")
        with bit_generator.lock, self:
            return self.draw_text(count, temperature, bits, x, out, numpy_coin if numpy else raw_coin)

    cdef Py_ssize_t draw_text(self, Py_ssize_t count, double temperature, bitgen* bits, int32_t x,
                              int32_t* out, coin toss) noexcept:
        """Draw characters without the GIL, see `sample`; x: what is fed first, or -1."""
        cdef const Shape* S = &self.net.S
        cdef Py_ssize_t drawn
        cdef Dice dice
        cdef crnn_fpmode theirs
        with nogil:
            theirs = crnn_fpmode_enter()
            dice = dice_of(S, self.net.double, crnn_pin(temperature), toss, bits)
            if self.net.double:
                drawn = write_on(S, &self.net.W, 1, count, <double*> self.h, <double*> self.z,
                                 <double*> self.y, &x, throw_double, &dice, out)
            else:
                drawn = write_on(S, &self.net.W, 1, count, <float*> self.h, <float*> self.z,
                                 <float*> self.y, &x, throw_float, &dice, out)
            crnn_fpmode_leave(theirs)
        return drawn


@cython.final
cdef class Borrowed:
    """An RNN whose parameters are somebody else's C-contiguous arrays, read anew at every call.

    Whh and Why are copied into columns for the forward pass; the backward pass reads them where
    they are, and the gradients are written where the caller wants them. One thread at a time: a
    call while another thread is in one raises a RuntimeError and does nothing.
    """

    def __cinit__(self, V, H, bint double, str isa=None):
        self.net = Net(V, H, double, isa)
        self.window = Window(self.net, 1, in_rows=True)

    cdef int take(self) except -1:
        """Be alone with the workspace until the latch is opened; a call that a fork left behind has no need
        of it any more."""
        if not take_latch_in_process(&self.latch, os.getpid()):
            raise RuntimeError("another thread is in a call of this one, expected one of its own for each")
        return 0

    cdef int look(self, tuple parameters, Weights* rows, bint writable) except -1:
        """Where five arrays stand, in rows."""
        cdef Py_ssize_t V = self.net.S.V, H = self.net.S.H
        cdef bint double = self.net.double
        Wxh, Whh, Why, bh, by = parameters
        rows.Wxh = Matrix(real_address(Wxh, "Wxh", double, H * V, writable), V, 1)
        rows.Whh = Matrix(real_address(Whh, "Whh", double, H * H, writable), H, 1)
        rows.Why = Matrix(real_address(Why, "Why", double, V * H, writable), H, 1)
        rows.bh = real_address(bh, "bh", double, H, writable)
        rows.by = real_address(by, "by", double, V, writable)
        return 0

    def loss(self, tuple parameters not None, inputs, targets, hprev, tuple gradients not None, h,
             double limit):
        """Loss in nats; fills `gradients` (five arrays, dWxh zero before) and `h`.

        Raises
        ------
        IndexError
            If an index is not in [0, V).
        """
        cdef Py_ssize_t T = len(inputs)
        cdef bint double = self.net.double
        cdef const Shape* S = &self.net.S
        cdef Weights rows, d
        cdef Workspace n
        cdef double loss
        cdef crnn_fpmode theirs
        self.look(parameters, &rows, False)
        self.look(gradients, &d, True)
        cdef const int32_t* x = indices_of(inputs, "inputs", T, S.V)
        cdef const int32_t* y = indices_of(targets, "targets", T, S.V)
        cdef void* before = real_address(hprev, "hprev", double, S.H, False)
        cdef void* after = real_address(h, "h", double, S.H, True)
        self.take()
        try:
            if self.window.n.T < T:
                self.window = Window(self.net, T, in_rows=True)
            n = self.window.n
            n.T, n.inputs, n.targets = T, x, y
            with nogil:
                theirs = crnn_fpmode_enter()
                limit = crnn_pin(limit)
                if double:
                    loss = loss_and_gradients(S, &rows, &n, <double*> before, &d, limit, <double*> after)
                else:
                    loss = loss_and_gradients(S, &rows, &n, <float*> before, &d, limit, <float*> after)
                loss = crnn_pin(loss)
                crnn_fpmode_leave(theirs)
        finally:
            open_latch(&self.latch)
        return loss

    def sample(self, tuple parameters not None, h, seed_ix, ixes, bit_generator):
        """Fill the int32 array `ixes` as the reference's sample does; see State.sample."""
        cdef Weights rows
        cdef Net net = self.net
        cdef Share all = share_of(&net.S, 1, 0, 1)
        cdef State state = State(net)
        self.look(parameters, &rows, False)
        state.set(h)
        self.take()
        try:
            net.W = rows
            net.W.Whh, net.W.Why = self.window.n.turned.Whh, self.window.n.turned.Why
            if net.double:
                turn(&net.S, &rows, &net.W, &all, <double*> NULL)
            else:
                turn(&net.S, &rows, &net.W, &all, <float*> NULL)
            return state.sample(len(ixes), 1.0, bit_generator, ixes, seed_ix, numpy=True)
        finally:
            open_latch(&self.latch)
