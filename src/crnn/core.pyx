# cython: language_level=3, cdivision=True, auto_pickle=False, autotestdict=False
"""The RNN: step, loss and BPTT over a window, Adagrad, sampler, training loop.

    h[t] = tanh(Wxh[:,x[t]] + Whh h[t-1] + bh)      y[t] = Why h[t] + by      p[t] = softmax(y[t])
    loss = -sum_t ln p[t][target[t]]

The functions over data run without the GIL, once for each type, and compose kernels; no line here
loops over the elements of a vector. The classes own aligned memory, check what is asked of them and
choose the type. Characters, files and settings are unknown here.
"""

import os

cimport cython
from libc.math cimport NAN, isinf, isnan
from libc.stdint cimport int32_t
from libc.string cimport memcpy, memset

from crnn.kernels cimport (
    adagrad, argmax, clip, column_sums, crnn_available, crnn_fastest, crnn_tables,
    crnn_tables_named, draw, gather_columns, gemm, gemv, real, scatter_columns, softmax,
    softmax_cross_entropy, tanh, tanh_backward, transpose,
)
from crnn.memory cimport Buffer, index_address, real_address
from crnn.memory import affordable
from crnn.rng cimport bitgen, bitgen_of, coin, fill_with_normals, numpy_coin, raw_coin

cdef extern from "fpmode.h" nogil:
    ctypedef struct crnn_fpmode:
        pass
    crnn_fpmode crnn_fpmode_enter()
    void crnn_fpmode_leave(crnn_fpmode theirs)


# --- The RNN over one window -----------------------------------------------------------------------

cdef void step(const Shape* S, const Weights* W, const int32_t* x, real* h, real* z) noexcept nogil:
    """z = tanh(Wxh[:,x] + Whh h + bh). W in columns (rs = 1), except Wxh, which may be either."""
    gather_columns(S.K, 1, S.H, <const real*> W.Wxh.at, W.Wxh.rs, W.Wxh.cs, x,
                   <const real*> W.bh, z, S.ldh)
    gemv(S.K, S.H, S.H, <const real*> W.Whh.at, W.Whh.cs, h, z, z, False)
    tanh(S.K, S.H, z, z)


cdef void predict(const Shape* S, const Weights* W, const real* h, real scale,
                  real* p) noexcept nogil:
    """p = softmax(scale (Why h + by)). W in columns."""
    gemv(S.K, S.V, S.H, <const real*> W.Why.at, W.Why.cs, h, <const real*> W.by, p,
         False)
    softmax(S.K, 1, S.V, scale, p, S.ldv)


cdef void read_characters(const Shape* S, const Weights* W, Py_ssize_t n, const int32_t* x, real* h,
                          real* z) noexcept nogil:
    """h after n characters."""
    cdef Py_ssize_t t
    for t in range(n):
        step(S, W, x + t, h, z)
        memcpy(h, z, S.H * sizeof(real))


cdef double forward(const Shape* S, const Weights* W, Py_ssize_t T, const int32_t* inputs,
                    const int32_t* targets, real* Hs, real* Ys, real* losses) noexcept nogil:
    """The loss over T steps, in nats. Ys becomes dy[t] = p[t] - onehot(target[t])."""
    cdef Py_ssize_t t
    cdef real* h
    cdef real* z
    cdef double loss = 0
    gather_columns(S.K, T, S.H, <const real*> W.Wxh.at, W.Wxh.rs, W.Wxh.cs, inputs,
                   <const real*> W.bh, Hs + S.ldh, S.ldh)
    for t in range(T):
        h = Hs + t * S.ldh
        z = h + S.ldh
        gemv(S.K, S.H, S.H, <const real*> W.Whh.at, W.Whh.cs, h, z, z, t & 1)
        tanh(S.K, S.H, z, z)
    gemm(S.K, T, S.V, S.H, Hs + S.ldh, S.ldh, 1, <const real*> W.Why.at, W.Why.cs,
         <const real*> W.by, 0, Ys, S.ldv)
    softmax_cross_entropy(S.K, T, S.V, Ys, S.ldv, targets, losses)
    for t in range(T):
        loss += losses[t]
    return loss


cdef inline void outer_sum(const Shape* S, Py_ssize_t T, Py_ssize_t m, const real* d, Py_ssize_t ldd,
                           Py_ssize_t n, const real* a, Py_ssize_t lda,
                           const Matrix* dW) noexcept nogil:
    """dW (m, n) = sum_t d[t] a[t]', in columns or in rows as dW lies; the same bits in both."""
    if dW.rs == 1:
        gemm(S.K, n, m, T, a, 1, lda, d, ldd, <real*> NULL, 0, <real*> dW.at, dW.cs)
    else:
        gemm(S.K, m, n, T, d, 1, ldd, a, lda, <real*> NULL, 0, <real*> dW.at, dW.rs)


cdef void backward(const Shape* S, const Weights* W, Py_ssize_t T, const int32_t* columns,
                   const real* Hs, const real* dYs, real* dHs, const Weights* d) noexcept nogil:
    """The gradients of the loss. W in rows (cs = 1); columns[t]: where dWxh[:,x[t]] stands in d.Wxh,
    which must be zero there."""
    cdef Py_ssize_t t
    cdef real* dh
    # y[t] = Why h[t] + by:  dh[t] = Why' dy[t], and from the next step Whh' dhraw[t+1]
    gemm(S.K, T, S.H, S.V, dYs, S.ldv, 1, <const real*> W.Why.at, W.Why.rs, <real*> NULL, 0,
         dHs, S.ldh)
    for t in range(T - 1, -1, -1):
        dh = dHs + t * S.ldh
        if t < T - 1:
            gemv(S.K, S.H, S.H, <const real*> W.Whh.at, W.Whh.rs, dh + S.ldh, dh, dh,
                 t & 1)
        # h[t] = tanh(...):  dhraw[t] = (1 - h[t] h[t]) dh[t]
        tanh_backward(S.K, S.H, Hs + (t + 1) * S.ldh, dh, dh)
    outer_sum(S, T, S.V, dYs, S.ldv, S.H, Hs + S.ldh, S.ldh, &d.Why)    # dWhy += dy h[t]'
    column_sums(S.K, T, S.V, dYs, S.ldv, <real*> d.by)                  # dby  += dy
    outer_sum(S, T, S.H, dHs, S.ldh, S.H, Hs, S.ldh, &d.Whh)            # dWhh += dhraw h[t-1]'
    column_sums(S.K, T, S.H, dHs, S.ldh, <real*> d.bh)                  # dbh  += dhraw
    scatter_columns(S.K, T, S.H, dHs, S.ldh, columns, <real*> d.Wxh.at, d.Wxh.rs, d.Wxh.cs)


cdef void turn(const Shape* S, const Weights* W, const Weights* turned, real* of_type) noexcept nogil:
    """Whh and Why in the other order: rows from columns, or columns from rows."""
    if W.Whh.rs == 1:
        transpose(S.K, S.H, S.H, <real*> W.Whh.at, W.Whh.cs, <real*> turned.Whh.at, turned.Whh.rs)
        transpose(S.K, S.H, S.V, <real*> W.Why.at, W.Why.cs, <real*> turned.Why.at, turned.Why.rs)
    else:
        transpose(S.K, S.H, S.H, <real*> W.Whh.at, W.Whh.rs, <real*> turned.Whh.at, turned.Whh.cs)
        transpose(S.K, S.V, S.H, <real*> W.Why.at, W.Why.rs, <real*> turned.Why.at, turned.Why.cs)


cdef double loss_and_gradients(const Shape* S, const Weights* rows, Workspace* n, Py_ssize_t T,
                               const int32_t* inputs, const int32_t* targets, const real* hprev,
                               const Weights* d, double limit, real* h) noexcept nogil:
    """The reference's lossFun: parameters and gradients in rows, gradients clipped to the limit."""
    cdef Weights columns = rows[0]
    cdef real* Hs = <real*> n.Hs
    cdef real* Ys = <real*> n.Ys
    cdef real bound = <real> limit
    cdef double loss
    columns.Whh, columns.Why = n.turned.Whh, n.turned.Why
    turn(S, rows, &columns, h)
    memcpy(Hs, hprev, S.H * sizeof(real))
    loss = forward(S, &columns, T, inputs, targets, Hs, Ys, <real*> n.losses)
    backward(S, rows, T, inputs, Hs, Ys, <real*> n.dHs, d)
    memcpy(h, Hs + T * S.ldh, S.H * sizeof(real))
    clip(S.K, S.H * S.V, bound, <real*> d.Wxh.at)
    clip(S.K, S.H * S.H, bound, <real*> d.Whh.at)
    clip(S.K, S.V * S.H, bound, <real*> d.Why.at)
    clip(S.K, S.H, bound, <real*> d.bh)
    clip(S.K, S.V, bound, <real*> d.by)
    return loss


# --- The training loop -----------------------------------------------------------------------------

cdef Py_ssize_t find_columns(Workspace* n, const int32_t* inputs) noexcept nogil:
    """Give each distinct character of the window a column of the gradient; returns how many."""
    cdef Py_ssize_t t, columns = 0
    for t in range(n.T):
        if n.slot_of[inputs[t]] < 0:
            n.slot_of[inputs[t]] = <int32_t> columns
            n.seen[columns] = inputs[t]
            columns += 1
        n.slot[t] = n.slot_of[inputs[t]]
    for t in range(columns):
        n.slot_of[n.seen[t]] = -1
    return columns


cdef void update(Course* r, Py_ssize_t columns, real* w, real* m, real* d) noexcept nogil:
    """One clipped Adagrad step: Whh, Why and the biases as they lie, then the columns of Wxh seen.

    A column without a gradient would stay as it is, so it is not touched.
    """
    cdef const Shape* S = &r.S
    cdef real rate = <real> r.learning_rate, limit = <real> r.limit
    cdef Py_ssize_t j, at
    adagrad(S.K, S.Wxh, rate, limit, d, m, w)
    for j in range(columns):
        at = S.Wxh + r.n.seen[j] * S.ldh
        adagrad(S.K, S.H, rate, limit, d + S.Wxh + j * S.ldh, m + at, w + at)


cdef void train_window(Course* r, real* w) noexcept nogil:
    """Forward, back and update over the window at r.position; then on to the next one."""
    cdef const Shape* S = &r.S
    cdef Workspace* n = &r.n
    cdef Py_ssize_t columns
    cdef const int32_t* inputs = r.text + r.position
    cdef real* Hs = <real*> n.Hs
    cdef real* Ys = <real*> n.Ys
    r.loss = forward(S, &r.W, n.T, inputs, inputs + 1, Hs, Ys, <real*> n.losses)
    columns = find_columns(n, inputs)
    memset(r.d.Wxh.at, 0, columns * S.ldh * sizeof(real))
    turn(S, &r.W, &n.turned, w)
    backward(S, &n.turned, n.T, n.slot, Hs, Ys, <real*> n.dHs, &r.d)
    update(r, columns, w, <real*> r.m, <real*> r.dw)
    r.smooth_loss = r.smooth_loss * 0.999 + r.loss * 0.001
    r.step += 1
    r.position += n.T
    memcpy(Hs, Hs + n.T * S.ldh, S.H * sizeof(real))
    if r.position + n.T + 1 >= r.length:    # the text wraps
        r.position = 0
        memset(Hs, 0, S.H * sizeof(real))


# --- The sampler -----------------------------------------------------------------------------------

cdef Py_ssize_t sample(const Shape* S, const Weights* W, real* h, real* z, real* y,
                       Py_ssize_t seed_ix, Py_ssize_t n, double temperature, coin toss,
                       bitgen* bits, int32_t* ixes) noexcept nogil:
    """Draw n characters, each fed back; returns how many: fewer than n if probabilities became NaN.

    seed_ix is fed first; -1 if h has read its last character already. h ends as the state before
    the last character drawn. Temperature 0 takes the most probable one, as does one so small that
    its inverse is infinite.
    """
    cdef Py_ssize_t k
    cdef int32_t x = <int32_t> seed_ix
    cdef real scale = <real> (1 if temperature == 0 else 1 / temperature)
    cdef bint greedy = temperature == 0 or isinf(scale)
    if greedy:
        scale = 1
    for k in range(n):
        if x >= 0:
            step(S, W, &x, h, z)
            memcpy(h, z, S.H * sizeof(real))
        predict(S, W, h, scale, y)
        if isnan(y[0]):             # all of them, then: see kernels.h
            return k
        x = <int32_t> (argmax(S.K, S.V, y) if greedy else draw(S.K, S.V, y, toss(bits)))
        ixes[k] = x
    return n


# --- First weights ----------------------------------------------------------------------------------

cdef void draw_weights(const Shape* S, const Weights* W, bitgen* bits, real* of_type) noexcept nogil:
    """Wxh, Whh, Why from N(0, 0.01^2), one after the other, each row by row."""
    cdef double spare = NAN
    fill_with_normals(S.K, bits, &spare, 0.01, S.H, S.V, W.Wxh.rs, W.Wxh.cs, <real*> W.Wxh.at)
    fill_with_normals(S.K, bits, &spare, 0.01, S.H, S.H, W.Whh.rs, W.Whh.cs, <real*> W.Whh.at)
    fill_with_normals(S.K, bits, &spare, 0.01, S.V, S.H, W.Why.rs, W.Why.cs, <real*> W.Why.at)


# --- What Python holds -----------------------------------------------------------------------------

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
        longest = 64 * ((max(H, V) * itemsize) // 64 + 2)
        affordable(longest * (V + 2 * H + 2))   # in Python's integers: nothing below overflows
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

    def draw_weights(self, bit_generator):
        """Draw Wxh, Whh, Why from N(0, 0.01^2) with the raw bits of a NumPy bit generator."""
        cdef bitgen* bits = bitgen_of(bit_generator)
        cdef crnn_fpmode theirs
        with bit_generator.lock, nogil:
            theirs = crnn_fpmode_enter()
            if self.double:
                draw_weights(&self.S, &self.W, bits, <double*> NULL)
            else:
                draw_weights(&self.S, &self.W, bits, <float*> NULL)
            crnn_fpmode_leave(theirs)


cdef workspace_bytes(const Shape* S, T, Py_ssize_t itemsize):
    """At least what a Window of T steps takes; in Python's integers, so that nothing overflows."""
    turned = S.H * S.ldh + max(S.H * S.ldv, S.V * S.ldh)
    return ((2 * T + 1) * S.ldh + T * S.ldv + turned + T + 128) * itemsize + (2 * T + S.V) * 4


@cython.final
cdef class Window:
    """Workspace for windows of T steps, for parameters that lie in columns, or in rows."""

    def __cinit__(self, Net net not None, T, bint in_rows=False):
        cdef const Shape* S = &net.S
        cdef Py_ssize_t b = net.itemsize
        cdef Workspace* n = &self.n
        affordable(workspace_bytes(S, T, b))
        n.T = T
        cdef Py_ssize_t Whh = (2 * n.T + 1) * S.ldh + n.T * S.ldv
        cdef Py_ssize_t Why = Whh + S.H * S.ldh
        cdef Py_ssize_t losses = Why + (S.H * S.ldv if in_rows else S.V * S.ldh)
        cdef Py_ssize_t indices = losses + padded(T, b)
        self.block = Buffer(indices * b + (2 * n.T + S.V) * sizeof(int32_t))
        cdef char* at = <char*> self.block.data
        n.Hs = at
        n.dHs = at + (n.T + 1) * S.ldh * b
        n.Ys = at + (2 * n.T + 1) * S.ldh * b
        if in_rows:
            n.turned.Whh = Matrix(at + Whh * b, 1, S.ldh)
            n.turned.Why = Matrix(at + Why * b, 1, S.ldv)
        else:
            n.turned.Whh = Matrix(at + Whh * b, S.ldh, 1)
            n.turned.Why = Matrix(at + Why * b, S.ldh, 1)
        n.losses = at + losses * b
        n.slot = <int32_t*> (at + indices * b)
        n.seen = n.slot + n.T
        n.slot_of = n.seen + n.T
        memset(n.slot_of, -1, S.V * sizeof(int32_t))


@cython.final
cdef class State:
    """A hidden state of a net, and what the net predicts from it.

    A fresh state has h = 0 and has read nothing.
    """

    def __cinit__(self, Net net not None):
        self.net = net
        self.block = Buffer((2 * net.S.ldh + net.S.ldv) * net.itemsize)
        self.h = self.block.data
        self.z = <char*> self.h + net.S.ldh * net.itemsize
        self.y = <char*> self.z + net.S.ldh * net.itemsize

    def copy(self):
        """A state of its own, equal to this one."""
        cdef State other = State(self.net)
        memcpy(other.block.data, self.block.data, self.block.nbytes)
        return other

    def get(self, h):
        """Write the H numbers of this state into the array `h`."""
        memcpy(real_address(h, "h", self.net.double, self.net.S.H, True), self.h,
               self.net.S.H * self.net.itemsize)

    def set(self, h):
        """Take the H numbers of the array `h` as the state."""
        memcpy(self.h, real_address(h, "h", self.net.double, self.net.S.H, False),
               self.net.S.H * self.net.itemsize)

    def read(self, indices):
        """Feed characters (int32 array), one after the other.

        Raises
        ------
        IndexError
            If one is not in [0, V); the state is then as before.
        """
        cdef Py_ssize_t n = len(indices)
        if n == 0:
            return
        cdef const int32_t* x = indices_of(indices, "indices", n, self.net.S.V)
        cdef crnn_fpmode theirs = crnn_fpmode_enter()
        if self.net.double:
            read_characters(&self.net.S, &self.net.W, n, x, <double*> self.h, <double*> self.z)
        else:
            read_characters(&self.net.S, &self.net.W, n, x, <float*> self.h, <float*> self.z)
        crnn_fpmode_leave(theirs)

    def predict(self, p):
        """Write the probabilities of the next character into the array `p` (V)."""
        cdef void* out = real_address(p, "out", self.net.double, self.net.S.V, True)
        cdef crnn_fpmode theirs = crnn_fpmode_enter()
        if self.net.double:
            predict(&self.net.S, &self.net.W, <const double*> self.h, 1.0, <double*> out)
        else:
            predict(&self.net.S, &self.net.W, <const float*> self.h, <float> 1, <float*> out)
        crnn_fpmode_leave(theirs)

    def sample(self, n, double temperature, bit_generator, ixes, seed_ix=-1, bint numpy=False):
        """Draw `n` characters into the int32 array `ixes`, feeding each back.

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
        cdef Py_ssize_t count = n, drawn, x = seed_ix
        cdef int32_t* out = index_address(ixes, "ixes", count, True)
        cdef bitgen* bits = bitgen_of(bit_generator)
        cdef coin toss = numpy_coin if numpy else raw_coin
        cdef const Shape* S = &self.net.S
        cdef const Weights* W = &self.net.W
        cdef crnn_fpmode theirs
        if not -1 <= x < S.V:
            raise IndexError(f"seed_ix is {x}, expected an index from 0 to {S.V - 1}")
        with bit_generator.lock, nogil:
            theirs = crnn_fpmode_enter()
            if self.net.double:
                drawn = sample(S, W, <double*> self.h, <double*> self.z, <double*> self.y, x, count,
                               temperature, toss, bits, out)
            else:
                drawn = sample(S, W, <float*> self.h, <float*> self.z, <float*> self.y, x, count,
                               temperature, toss, bits, out)
            crnn_fpmode_leave(theirs)
        return drawn


@cython.final
cdef class Training:
    """The reference's main loop: Adagrad over windows of a text, left to right, again and again.

    Parameters
    ----------
    net : Net
        Trained in place.
    text : numpy.ndarray
        int32 indices, at least ``T + 2`` of them; copied.
    T : int
        Steps of a window.
    learning_rate, clip : float
        Of Adagrad; every gradient is clipped to [-clip, clip].
    """

    def __cinit__(self, Net net not None, text, T, double learning_rate, double clip):
        cdef Course* r = &self.course
        cdef const Shape* S = &net.S
        cdef Py_ssize_t n = len(text)
        cdef double V = S.V
        cdef crnn_fpmode theirs
        if not 1 <= T <= n - 2:
            raise ValueError(f"text has {n} characters, a seq_length of {T} needs {T + 2}")
        parameters = S.size * net.itemsize      # thrice: themselves, gradients, Adagrad's memory
        affordable(3 * parameters + workspace_bytes(S, T, net.itemsize) + 4 * n)
        self.net = net
        self.text = Buffer(4 * n)
        memcpy(self.text.data, indices_of(text, "text", n, S.V), 4 * n)
        self.window = Window(net, T)
        self.gradients = Buffer((S.Wxh + min(T, S.V) * S.ldh) * net.itemsize)
        self.memory = Buffer(S.size * net.itemsize)
        r.S, r.n = net.S, self.window.n
        r.W, r.d = net.W, weights_in(self.gradients, S, net.itemsize)
        r.w, r.dw, r.m = net.block.data, self.gradients.data, self.memory.data
        r.text, r.length = <const int32_t*> self.text.data, n
        r.learning_rate, r.limit = learning_rate, clip
        theirs = crnn_fpmode_enter()
        S.K.f64.log(1, &V, &r.smooth_loss)      # T ln V, the loss of a uniform guess
        r.smooth_loss *= r.n.T
        crnn_fpmode_leave(theirs)

    def run(self, steps):
        """Train `steps` more windows, without the GIL.

        Raises
        ------
        RuntimeError
            If another thread runs it already.
        """
        cdef Py_ssize_t n = steps, i
        cdef crnn_fpmode theirs
        if self.running:
            raise RuntimeError("this training is running in another thread")
        self.running = True
        with nogil:
            theirs = crnn_fpmode_enter()
            for i in range(n):
                if self.net.double:
                    train_window(&self.course, <double*> self.course.w)
                else:
                    train_window(&self.course, <float*> self.course.w)
            crnn_fpmode_leave(theirs)
        self.running = False

    @property
    def step(self):
        """Windows trained so far."""
        return self.course.step

    @property
    def position(self):
        """Where in the text the next window begins."""
        return self.course.position

    @property
    def loss(self):
        """Of the last window, in nats."""
        return self.course.loss

    @property
    def smooth_loss(self):
        """0.999 of itself and 0.001 of each loss, in nats per window; at first T ln V."""
        return self.course.smooth_loss

    def next_input(self):
        """The first character of the next window."""
        return self.course.text[self.course.position]

    def state(self):
        """A new State: the hidden state before the next window."""
        cdef State state = State(self.net)
        memcpy(state.h, self.course.n.Hs, self.net.S.H * self.net.itemsize)
        return state

    def restore(self, step, position, double smooth_loss, State state not None):
        """Go on from where another training on the same text was."""
        cdef Course* r = &self.course
        if state.net is not self.net:
            raise ValueError("state is of another net")
        if not 0 <= step < 2**62 or not 0 <= position < r.length - r.n.T - 1:
            raise ValueError(f"step {step} and position {position} do not fit a text of {r.length} "
                             "characters")
        memcpy(r.n.Hs, state.h, self.net.S.H * self.net.itemsize)
        r.step, r.position, r.smooth_loss = step, position, smooth_loss


@cython.final
cdef class Borrowed:
    """An RNN whose parameters are somebody else's C-contiguous arrays, read anew at every call.

    Whh and Why are copied into columns for the forward pass; the backward pass reads them where
    they are, and the gradients are written where the caller wants them. One call at a time: the
    caller sees to it.
    """

    def __cinit__(self, V, H, bint double):
        self.net = Net(V, H, double)
        self.window = Window(self.net, 1, in_rows=True)

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
        cdef double loss
        cdef crnn_fpmode theirs
        if self.window.n.T < T:
            self.window = Window(self.net, T, in_rows=True)
        self.look(parameters, &rows, False)
        self.look(gradients, &d, True)
        cdef const int32_t* x = indices_of(inputs, "inputs", T, S.V)
        cdef const int32_t* y = indices_of(targets, "targets", T, S.V)
        cdef void* before = real_address(hprev, "hprev", double, S.H, False)
        cdef void* after = real_address(h, "h", double, S.H, True)
        cdef Workspace* n = &self.window.n
        with nogil:
            theirs = crnn_fpmode_enter()
            if double:
                loss = loss_and_gradients(S, &rows, n, T, x, y, <double*> before, &d, limit,
                                          <double*> after)
            else:
                loss = loss_and_gradients(S, &rows, n, T, x, y, <float*> before, &d, limit,
                                          <float*> after)
            crnn_fpmode_leave(theirs)
        return loss

    def sample(self, tuple parameters not None, h, seed_ix, ixes, bit_generator):
        """Fill the int32 array `ixes` as the reference's sample does; see State.sample."""
        cdef Weights rows
        cdef Net net = self.net
        self.look(parameters, &rows, False)
        net.W = rows
        net.W.Whh, net.W.Why = self.window.n.turned.Whh, self.window.n.turned.Why
        if net.double:
            turn(&net.S, &rows, &net.W, <double*> NULL)
        else:
            turn(&net.S, &rows, &net.W, <float*> NULL)
        cdef State state = State(net)
        state.set(h)
        return state.sample(len(ixes), 1.0, bit_generator, ixes, seed_ix, numpy=True)
