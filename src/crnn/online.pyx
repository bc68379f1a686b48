# cython: language_level=3, cdivision=True, auto_pickle=False, autotestdict=False, freethreading_compatible=True
"""Online coding: an RNN over bytes that begins with first weights and learns from what it codes.

Encoder and decoder do the same: they predict a byte, code it, and after every T of them step the
parameters down by the gradients of a window. So the decoder always has the encoder's parameters.

A window has B streams. The first reads the T bytes that were just coded; each of the others reads the
same text again, some way behind. So every byte is learned B times, and gradients have less noise.
"""

from operator import index

cimport cython
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize
from libc.math cimport isnan
from libc.stdint cimport int32_t, uint8_t, uint32_t
from libc.string cimport memcpy, memset

from crnn.atomic cimport open_latch, publish_count, published_count, take_latch
from crnn.core cimport (
    Net, Shape, Share, State, Weights, Window, Workspace, backward, forward, gradients, logits,
    share_of, step, turn, weights_in,
)
from crnn.descent cimport Descent, Optimizer, begin_step, descend
from crnn.fpmode cimport crnn_fpmode, crnn_fpmode_enter, crnn_fpmode_leave
from crnn.kernels cimport frequencies, softmax
from crnn.memory cimport Buffer
from crnn.rangecoder cimport (
    LAST_BYTES, MOST_BYTES, Packing, Unpacking, close_packing, is_overrun, is_read, packing_into, place_in, put,
    take, unpacking_from,
)

NOTHING_BEGUN = ("nothing was begun: call begin_packing first, then run and packed, once each time; or "
                 "begin_unpacking, run and unpacked")
IN_USE = "this learner is running in another thread, expected one of its own for each"

cdef enum:
    V = 256


cdef struct Course:
    Shape S
    Weights W, d            # parameters and their gradients
    float* w                # the blocks they stand in
    float* dw
    Descent descent
    Workspace n
    int32_t* inputs         # those of the workspace, writable
    int32_t* targets
    int32_t* lengths        # (B) T, or 0 where a stream has nothing to read yet
    const Py_ssize_t* lags  # (B) how far behind each stream reads; 0 first
    float* h                # after the last byte that was read, and room to predict the next
    float* z
    float* y
    int32_t last            # the byte before the next one, not read yet; 0 at first
    uint8_t* past           # the last bytes, byte i of all at i mod (mask + 1)
    Py_ssize_t mask
    Py_ssize_t total        # bytes coded since the first one
    uint32_t f[V]
    Packing packing
    Unpacking unpacking
    uint8_t* known          # what is coded or found: (length)
    Py_ssize_t position, length
    bint unpacks


# --- Coding ----------------------------------------------------------------------------------------

cdef bint foresee(Course* r) noexcept nogil:
    """Read the byte before; the probabilities of the next one into y. Whether they are numbers."""
    cdef const Shape* S = &r.S
    step(S, &r.W, 1, &r.last, r.h, r.z)
    logits(S, &r.W, 1, r.h, r.y, S.ldv)
    softmax(S.K, 1, V, <float> 1, r.y, S.ldv)
    return not isnan(r.y[0])


cdef void code(Course* r) noexcept nogil:
    """Code or find the byte that comes, by the probabilities in y."""
    cdef const Shape* S = &r.S
    cdef uint32_t below, total = frequencies(S.K, V, <const float*> r.y, r.f)
    cdef Py_ssize_t x
    if r.unpacks:
        x = S.K.f32.locate(V, r.f, place_in(&r.unpacking, total), &below)
        take(&r.unpacking, below, r.f[x])
        r.known[r.position] = <uint8_t> x
    else:
        x = r.known[r.position]
        put(&r.packing, S.K.f32.count_below(x, r.f), r.f[x], total)
    publish_count(&r.position, r.position + 1)
    r.past[r.total & r.mask] = <uint8_t> x
    r.total += 1
    r.last = <int32_t> x


# --- Learning --------------------------------------------------------------------------------------

cdef inline int32_t byte_at(const Course* r, Py_ssize_t i) noexcept nogil:
    """Byte i of all; before the first stands a 0."""
    return r.past[i & r.mask] if i >= 0 else 0


cdef void open_window(Course* r, float* Hs) noexcept nogil:
    """The bytes of each stream at their places, and the states before them."""
    cdef const Shape* S = &r.S
    cdef Workspace* n = &r.n
    cdef Py_ssize_t t, b, at
    memcpy(Hs, Hs + n.T * n.B * S.ldh, n.B * S.ldh * sizeof(float))
    for b in range(n.B):
        at = r.total - n.T - r.lags[b]
        r.lengths[b] = <int32_t> (n.T if at >= 0 else 0)
        if at < n.T:                # the first window of the stream
            memset(Hs + b * S.ldh, 0, S.H * sizeof(float))
        for t in range(n.T):
            r.inputs[t * n.B + b] = byte_at(r, at + t - 1) if at >= 0 else 0
            r.targets[t * n.B + b] = byte_at(r, at + t) if at >= 0 else 0


cdef void descend_all(Course* r) noexcept nogil:
    """One step of all parameters."""
    cdef const Shape* S = &r.S
    begin_step(&r.descent, r.total // r.n.T - 1, r.w)
    descend(S, &r.descent, S.bh, r.dw, 0, True, r.w)
    descend(S, &r.descent, S.Wxh - S.bh, r.dw + S.bh, S.bh, False, r.w + S.bh)
    descend(S, &r.descent, S.size - S.Wxh, r.dw + S.Wxh, S.Wxh, True, r.w + S.Wxh)


cdef void learn(Course* r) noexcept nogil:
    """Step down by the gradients of the window that ends here."""
    cdef const Shape* S = &r.S
    cdef Share all = share_of(S, r.n.B, 0, 1)
    cdef float* Hs = <float*> r.n.Hs
    open_window(r, Hs)
    forward(S, &r.W, &r.n, &all, Hs)
    turn(S, &r.W, &r.n.turned, &all, r.w)
    backward(S, &r.n.turned, &r.n, &all, Hs)
    memset(r.dw + S.Wxh, 0, V * S.ldh * sizeof(float))
    gradients(S, &r.n, &all, r.inputs, &r.d, Hs)
    descend_all(r)


cdef bint run(Course* r, Py_ssize_t until) noexcept nogil:
    """Code or find the bytes before `until`; False where something is no number."""
    while r.position < until and not (r.unpacks and is_overrun(&r.unpacking)):
        if not foresee(r):
            return False
        code(r)
        if r.total % r.n.T == 0:
            learn(r)
    return True


# --- What Python holds -----------------------------------------------------------------------------

@cython.final
cdef class Learner:
    """Codes bytes, or finds those that another one coded, and learns from them.

    Parameters
    ----------
    net : Net
        Of 256 characters in float32, with its first weights; it is trained.
    T : int
        Bytes between two steps.
    lags : sequence of int
        How many bytes behind each further stream reads.
    optimizer : Optimizer
        One that is new; from now on of this learner alone.
    """

    cdef Net net
    cdef Window window
    cdef State state
    cdef Optimizer optimizer
    cdef Buffer gradients, scratch, lags, past, known, out
    cdef object payload
    cdef int latch          # taken while it runs
    cdef Course r

    def __cinit__(self, Net net not None, Py_ssize_t T, lags, Optimizer optimizer not None):
        cdef Course* r = &self.r
        if net.double or net.S.V != V:
            raise ValueError(f"net has {net.S.V} characters, expected 256 in float32")
        lags = tuple([index(lag) for lag in lags])
        if T < 1 or any(lag < 1 for lag in lags):
            raise ValueError(f"T is {T} and lags are {lags}, expected at least 1")
        self.net, self.optimizer = net, optimizer
        self.window, self.state = Window(net, T, 1 + len(lags)), State(net)
        self.gradients = Buffer(net.block.nbytes)
        optimizer.remember(net)
        r.S, r.W, r.n = net.S, net.W, self.window.n
        r.w, r.dw = <float*> net.block.data, <float*> self.gradients.data
        r.d = weights_in(self.gradients, &net.S, net.itemsize)
        r.descent = optimizer.o
        r.h, r.z, r.y = <float*> self.state.h, <float*> self.state.z, <float*> self.state.y
        self.make_streams(lags)

    cdef int make_streams(self, lags) except -1:
        """Room for what the streams read, and for the past as far as they need it."""
        cdef Course* r = &self.r
        cdef Py_ssize_t rows = r.n.T * r.n.B, b
        self.scratch = Buffer((2 * rows + r.n.B) * sizeof(int32_t))
        r.inputs = <int32_t*> self.scratch.data
        r.targets = r.inputs + rows
        r.lengths = r.targets + rows
        r.n.inputs, r.n.targets, r.n.lengths = r.inputs, r.targets, r.lengths
        self.lags = Buffer(r.n.B * sizeof(Py_ssize_t))
        for b, lag in enumerate((0,) + lags):
            (<Py_ssize_t*> self.lags.data)[b] = lag
        r.lags = <const Py_ssize_t*> self.lags.data
        size = 1 << (max((0,) + lags) + r.n.T).bit_length()
        self.past = Buffer(size)
        r.past, r.mask = <uint8_t*> self.past.data, size - 1
        return 0

    cdef int take(self) except -1:  # no-cython-lint: not the range coder's
        """Be alone with what is coded until the latch is opened."""
        if not take_latch(&self.latch):
            raise RuntimeError(IN_USE)
        return 0

    @property
    def multiply_adds(self):
        """How many a byte takes."""
        return (1 + 3 * self.r.n.B) * self.net.S.H * (self.net.S.H + V)

    def begin_packing(self, bytes data not None):
        """Begin to code the next bytes."""
        cdef Buffer known = Buffer(len(data)), out = Buffer(MOST_BYTES * len(data) + LAST_BYTES)
        memcpy(known.data, PyBytes_AS_STRING(data), len(data))
        self.begin(known, out, None)

    def begin_unpacking(self, bytes payload not None, length):
        """Begin to find so many bytes in what `packed` returned; other bytes do no harm."""
        self.begin(Buffer(length), None, payload)

    cdef int begin(self, Buffer known, Buffer out, bytes payload) except -1:
        """With room for the bytes, known or to be found; out: where they are packed, or None."""
        cdef Course* r = &self.r
        self.take()
        self.known, self.out, self.payload = known, out, payload
        r.known, r.length = <uint8_t*> known.data, known.nbytes
        publish_count(&r.position, 0)
        r.unpacks = out is None
        if r.unpacks:
            r.unpacking = unpacking_from(<const uint8_t*> PyBytes_AS_STRING(payload), len(payload))
        else:
            r.packing = packing_into(<uint8_t*> out.data)
        open_latch(&self.latch)
        return 0

    cdef object ended(self, bint unpacks):
        """What was found, or packed, as bytes; what comes next is to begin again."""
        cdef Course* r = &self.r
        cdef Buffer it = None
        cdef Py_ssize_t length
        cdef bint whole = True
        self.take()
        if self.known is not None and r.unpacks == unpacks:
            it = self.known if unpacks else self.out
            self.known = self.out = None
            if not unpacks:
                close_packing(&r.packing)
            else:
                whole = r.position == r.length and is_read(&r.unpacking)
            r.length = r.position           # so that nothing follows the last byte
        length = r.position if unpacks else r.packing.n
        open_latch(&self.latch)
        if it is None:
            raise RuntimeError(NOTHING_BEGUN)
        return PyBytes_FromStringAndSize(<const char*> it.data, length) if whole else None

    def run(self, length):
        """Code or find so many more bytes, or all that are left, without the GIL.

        Raises
        ------
        ValueError
            If the probabilities of one are NaN.
        RuntimeError
            If another thread runs it already.
        """
        cdef Course* r = &self.r
        cdef Py_ssize_t most = length, position
        cdef bint right
        cdef crnn_fpmode theirs
        self.take()
        position = r.position + min(r.length - r.position, most)
        with nogil:
            theirs = crnn_fpmode_enter()
            right = run(r, position)
            crnn_fpmode_leave(theirs)
        position = r.position
        open_latch(&self.latch)
        if not right:
            raise ValueError(f"probabilities contain NaN at byte {position}, where learning diverged: a smaller "
                             "learning_rate may help")

    @property
    def position(self):
        """How many bytes were coded or found since it began."""
        return published_count(&self.r.position)

    @property
    def is_over(self):
        """Whether nothing is left to code or find, or the bytes ended before: then they are no learner's."""
        cdef bint over
        self.take()
        over = self.r.position == self.r.length or self.r.unpacks and is_overrun(&self.r.unpacking)
        open_latch(&self.latch)
        return over

    def packed(self):
        """What was coded since `begin_packing`; a RuntimeError if that was not called."""
        return self.ended(False)

    def unpacked(self):
        """What was found since `begin_unpacking`; None if that cannot be what was coded.

        A RuntimeError if `begin_unpacking` was not called.
        """
        return self.ended(True)
