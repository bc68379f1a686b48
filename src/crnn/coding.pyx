# cython: language_level=3, cdivision=True, auto_pickle=False, autotestdict=False, freethreading_compatible=True
"""Coding: a text into bytes and back, by what an RNN predicts of it.

What is coded are *events*: the index of a character, which the RNN then reads; or V + a byte, for what
its vocabulary lacks, which it does not read. Before every event stands which of both it is, counted;
bytes are counted, too. Each call of `begin` begins new bytes, but the RNN and the counts go on.

A known text goes through the RNN in windows, an unknown one step by step: the same bits.
"""

cimport cython
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize
from libc.math cimport isnan
from libc.stdint cimport int32_t, uint8_t, uint32_t
from libc.string cimport memcpy

from crnn.atomic cimport open_latch, publish_count, published_count, take_latch
from crnn.core cimport (
    Net, Shape, Share, State, Weights, Window, Workspace, logits, remember, share_of, write_on,
)
from crnn.fpmode cimport crnn_fpmode, crnn_fpmode_enter, crnn_fpmode_leave
from crnn.kernels cimport crnn_tables, frequencies, real, softmax
from crnn.memory cimport Buffer, index_address
from crnn.rangecoder cimport (
    LAST_BYTES, MOST_BYTES, Escapes, Packing, Unpacking, begin_escapes, close_packing, is_overrun,
    is_read, packing_into, place_in, put, put_counted, take, take_counted, unpacking_from,
)

NOT_A_NUMBER = ("probabilities contain NaN, which cannot be coded: the parameters hold NaN or infinity, train "
                "again with a smaller learning_rate")
NOTHING_BEGUN = "nothing was begun: call begin first, then run and end, once each time"
IN_USE = "this coder is running in another thread, expected one of its own for each"

cdef enum:
    STEPS = 64      # of a window here: changes no result


# --- A known text ----------------------------------------------------------------------------------

cdef struct Encoding:
    Workspace n
    int32_t* inputs         # those of the workspace, writable
    uint32_t* f             # (V) frequencies
    Packing packing
    Escapes escapes
    const int32_t* events
    Py_ssize_t position, length


cdef Py_ssize_t take_window(Encoding* r, Py_ssize_t V, Py_ssize_t until) noexcept nogil:
    """The characters among the next events, as many as a window has; returns where those events end."""
    cdef Py_ssize_t i = r.position
    r.n.T = 0
    while i < until and r.n.T < STEPS:
        if r.events[i] < V:
            r.inputs[r.n.T] = r.events[i]
            r.n.T += 1
        i += 1
    return i


cdef bint foresee(Encoding* r, const Shape* S, const Weights* W, real* Hs) noexcept nogil:
    """The probabilities of the window's characters into Ys; whether all are numbers."""
    cdef Share all = share_of(S, 1, 0, 1)
    cdef real* Ys = <real*> r.n.Ys
    cdef Py_ssize_t t
    remember(S, W, &r.n, &all, Hs)
    logits(S, W, r.n.T, Hs, Ys, S.ldv)
    softmax(S.K, r.n.T, S.V, <real> 1, Ys, S.ldv)
    for t in range(r.n.T):
        if isnan(Ys[t * S.ldv]):    # all of the row, then: see kernels.h
            return False
    return True


cdef inline void put_character(Encoding* r, const Shape* S, int32_t x, const real* p) noexcept nogil:
    cdef uint32_t total = frequencies(S.K, S.V, p, r.f)
    put_counted(S.K, &r.packing, &r.escapes.switch_counts, 0)
    put(&r.packing, S.K.f32.count_below(x, r.f), r.f[x], total)


cdef inline void put_byte(Encoding* r, const crnn_tables* K, Py_ssize_t byte) noexcept nogil:
    put_counted(K, &r.packing, &r.escapes.switch_counts, 1)
    put_counted(K, &r.packing, &r.escapes.byte_counts, byte)


cdef bint encode(Encoding* r, const Shape* S, const Weights* W, Py_ssize_t until,
                 real* Hs) noexcept nogil:
    """Code the events before `until`; False where something is no number."""
    cdef const real* p
    cdef Py_ssize_t i, end
    while r.position < until:
        end = take_window(r, S.V, until)
        if r.n.T > 0 and not foresee(r, S, W, Hs):
            return False
        p = <const real*> r.n.Ys
        for i in range(r.position, end):
            if r.events[i] < S.V:
                put_character(r, S, r.events[i], p)
                p += S.ldv
            else:
                put_byte(r, S.K, r.events[i] - S.V)
        memcpy(Hs, Hs + r.n.T * S.ldh, S.H * sizeof(real))
        publish_count(&r.position, end)
    return True


@cython.final
cdef class Encoder:
    """Codes events by the predictions of a net, which begins with h = 0 and has read nothing.

    Parameters
    ----------
    net : Net
        Must not change meanwhile.
    """

    cdef Net net
    cdef Window window
    cdef Buffer scratch, events, out    # events and out: None when nothing is begun
    cdef int latch                  # taken while it runs
    cdef Encoding r

    def __cinit__(self, Net net not None):
        cdef Encoding* r = &self.r
        self.net = net
        self.window = Window(net, STEPS)
        self.scratch = Buffer(STEPS * sizeof(int32_t) + net.S.V * sizeof(uint32_t))
        r.n = self.window.n
        r.inputs = <int32_t*> self.scratch.data
        r.n.inputs = r.inputs
        r.f = <uint32_t*> (r.inputs + STEPS)
        begin_escapes(&r.escapes)

    cdef int take(self) except -1:  # no-cython-lint: not the range coder's
        """Be alone with what is coded until the latch is opened."""
        if not take_latch(&self.latch):
            raise RuntimeError(IN_USE)
        return 0

    @property
    def multiply_adds(self):
        """How many a character takes."""
        return self.net.S.H * (self.net.S.H + self.net.S.V)

    def begin(self, events):
        """Begin with the next events.

        Parameters
        ----------
        events : numpy.ndarray
            int32, each the index of a character or V + a byte; they are copied.

        Raises
        ------
        IndexError
            If one is neither.
        RuntimeError
            If another thread runs it.
        """
        cdef Py_ssize_t n = len(events), most = self.net.S.V + 256, i
        cdef Buffer own = Buffer(n * sizeof(int32_t)), out = Buffer(MOST_BYTES * n + LAST_BYTES)
        cdef int32_t* at = <int32_t*> own.data
        memcpy(at, index_address(events, "events", n, False), n * sizeof(int32_t))
        for i in range(n):
            if not 0 <= at[i] < most:
                raise IndexError(f"events[{i}] is {at[i]}, expected 0 to {most - 1}")
        self.take()
        self.events, self.out = own, out
        self.r.events, self.r.length = at, n
        publish_count(&self.r.position, 0)
        self.r.packing = packing_into(<uint8_t*> out.data)
        open_latch(&self.latch)

    def run(self, events):
        """Code so many more events, or all that are left, without the GIL.

        Raises
        ------
        ValueError
            If the probabilities of one are NaN.
        RuntimeError
            If another thread runs it already.
        """
        cdef Encoding* r = &self.r
        cdef Py_ssize_t most = events, until
        cdef bint right
        cdef crnn_fpmode theirs
        self.take()
        until = r.position + min(r.length - r.position, most)
        with nogil:
            theirs = crnn_fpmode_enter()
            if self.net.double:
                right = encode(r, &self.net.S, &self.net.W, until, <double*> r.n.Hs)
            else:
                right = encode(r, &self.net.S, &self.net.W, until, <float*> r.n.Hs)
            crnn_fpmode_leave(theirs)
        open_latch(&self.latch)
        if not right:
            raise ValueError(NOT_A_NUMBER)

    @property
    def position(self):
        """How many events were coded since `begin`."""
        return published_count(&self.r.position)

    @property
    def is_over(self):
        """Whether there is nothing left to code."""
        cdef bint over
        self.take()
        over = self.r.position == self.r.length
        open_latch(&self.latch)
        return over

    def end(self):
        """The bytes of the events since `begin`; the next call is `begin` again.

        Raises
        ------
        RuntimeError
            If nothing was begun, or another thread runs it.
        """
        cdef Buffer out
        cdef Py_ssize_t length
        self.take()
        out = self.out
        if out is not None:
            close_packing(&self.r.packing)
            self.r.length = self.r.position     # so that nothing follows the last byte
        length = self.r.packing.n
        self.events = self.out = None
        open_latch(&self.latch)
        if out is None:
            raise RuntimeError(NOTHING_BEGUN)
        return PyBytes_FromStringAndSize(<const char*> out.data, length)


# --- An unknown text -------------------------------------------------------------------------------

cdef struct Decoding:
    const Shape* S
    uint32_t* f             # (V) frequencies
    Unpacking unpacking
    Escapes escapes
    int32_t* events
    Py_ssize_t position, length
    bint stray              # whether something was no number


cdef bint decode_next(Decoding* r, real* y, int32_t* x) noexcept nogil:
    """The events up to the next character, that one included; False if none comes any more."""
    cdef const Shape* S = r.S
    cdef uint32_t total, below
    x[0] = -1
    softmax(S.K, 1, S.V, <real> 1, y, S.ldv)
    r.stray = isnan(y[0])
    while r.position < r.length and not r.stray and not is_overrun(&r.unpacking):
        if take_counted(S.K, &r.unpacking, &r.escapes.switch_counts) == 0:
            total = frequencies(S.K, S.V, y, r.f)
            x[0] = <int32_t> S.K.f32.locate(S.V, r.f, place_in(&r.unpacking, total), &below)
            take(&r.unpacking, below, r.f[x[0]])
            r.events[r.position] = x[0]
            publish_count(&r.position, r.position + 1)
            return True
        r.events[r.position] = <int32_t> (S.V + take_counted(S.K, &r.unpacking, &r.escapes.byte_counts))
        publish_count(&r.position, r.position + 1)
    return False


cdef bint decode_float(void* it, void* y, int32_t* x) noexcept nogil:
    return decode_next(<Decoding*> it, <float*> y, x)


cdef bint decode_double(void* it, void* y, int32_t* x) noexcept nogil:
    return decode_next(<Decoding*> it, <double*> y, x)


@cython.final
cdef class Decoder:
    """Finds the events that an `Encoder` coded, by a net with the same parameters.

    Parameters
    ----------
    net : Net
        Must not change meanwhile.
    """

    cdef Net net
    cdef State state
    cdef Buffer scratch
    cdef object payload, events     # what is decoded, and into what
    cdef int latch                  # taken while it runs
    cdef int32_t x                  # what the state has still to read, or -1
    cdef int32_t chosen[STEPS]      # what write_on notes; the events have it, too
    cdef Decoding r

    def __cinit__(self, Net net not None):
        self.net = net
        self.state = State(net)
        self.scratch = Buffer(net.S.V * sizeof(uint32_t))
        self.x = -1
        self.r.S, self.r.f = &net.S, <uint32_t*> self.scratch.data
        begin_escapes(&self.r.escapes)

    cdef int take(self) except -1:  # no-cython-lint: not the range coder's
        """Be alone with what is coded until the latch is opened."""
        if not take_latch(&self.latch):
            raise RuntimeError(IN_USE)
        return 0

    @property
    def multiply_adds(self):
        """How many a character takes."""
        return self.state.multiply_adds

    def begin(self, bytes payload not None, events):
        """Begin with the bytes of the next events.

        Parameters
        ----------
        payload : bytes
            What the encoder's `end` returned; others give other events, and no harm.
        events : numpy.ndarray
            int32, receives as many events as the encoder was given.

        Raises
        ------
        RuntimeError
            If another thread runs it.
        """
        cdef Py_ssize_t n = len(events)
        cdef int32_t* at = index_address(events, "events", n, True)
        self.take()
        self.payload, self.events = payload, events
        self.r.events, self.r.length = at, n
        publish_count(&self.r.position, 0)
        self.r.unpacking = unpacking_from(<const uint8_t*> PyBytes_AS_STRING(payload), len(payload))
        open_latch(&self.latch)

    def run(self, events):
        """Find so many more events or a few more, without the GIL; fewer if there are no more.

        Raises
        ------
        ValueError
            If the probabilities of one are NaN.
        RuntimeError
            If another thread runs it already.
        """
        cdef Decoding* r = &self.r
        cdef Py_ssize_t most = events, until
        cdef bint stray
        cdef crnn_fpmode theirs
        self.take()
        until = r.position + min(r.length - r.position, most)
        with nogil:
            theirs = crnn_fpmode_enter()
            r.stray = False
            while r.position < until and not r.stray and not is_overrun(&r.unpacking):
                if self.net.double:
                    write_on(&self.net.S, &self.net.W, 1, min(<Py_ssize_t> STEPS, until - r.position),
                             <double*> self.state.h, <double*> self.state.z, <double*> self.state.y,
                             &self.x, decode_double, r, self.chosen)
                else:
                    write_on(&self.net.S, &self.net.W, 1, min(<Py_ssize_t> STEPS, until - r.position),
                             <float*> self.state.h, <float*> self.state.z, <float*> self.state.y,
                             &self.x, decode_float, r, self.chosen)
            crnn_fpmode_leave(theirs)
        stray = r.stray
        open_latch(&self.latch)
        if stray:
            raise ValueError(NOT_A_NUMBER)

    @property
    def position(self):
        """How many events were found since `begin`."""
        return published_count(&self.r.position)

    @property
    def is_over(self):
        """Whether all events were found, or the bytes ended before: then they are no encoder's."""
        cdef bint over
        self.take()
        over = self.r.position == self.r.length or is_overrun(&self.r.unpacking)
        open_latch(&self.latch)
        return over

    def end(self):
        """Whether all events were found, in as many bytes as an encoder wrote for them."""
        cdef bint whole
        self.take()
        whole = self.r.position == self.r.length and is_read(&self.r.unpacking)
        open_latch(&self.latch)
        return whole
