# cython: language_level=3, cdivision=True, auto_pickle=False, autotestdict=False, freethreading_compatible=True
"""The training loop: windows of a text through the RNN, and gradients into steps.

All of it runs without the GIL, as one function that each thread of a training calls; a thread does
its share of the streams, then its share of the outputs. No result depends on how many there are.
"""

cimport cython
from libc.math cimport NAN, isfinite, sqrt
from libc.stdint cimport int32_t
from libc.string cimport memcpy, memset

from crnn.atomic cimport open_latch, publish, publish_count, published, published_count, take_latch
from crnn.core cimport (
    Net, Shape, Share, State, Window, Workspace, backward, dropout_bytes, forward, gradients,
    share_of, stream_loss, turn, weights_in, workspace_bytes,
)
from crnn.descent cimport Descent, Optimizer, begin_step, descend
from crnn.fpmode cimport crnn_fpmode, crnn_fpmode_enter, crnn_fpmode_leave, crnn_pin
from crnn.kernels cimport dot, real, scale
from crnn.memory cimport Buffer
from crnn.memory import affordable
from crnn.rng cimport bitgen_of, fill_with_coins
from crnn.text cimport Place, Text, is_fresh, reach, seek, settle, symbol

cdef extern from "barrier.h" nogil:
    ctypedef struct crnn_team:
        pass
    int CRNN_MOST_MEMBERS
    int crnn_members(crnn_team* team)
    void crnn_meet(crnn_team* team)
    void crnn_together(int size, int spins, void (*work)(void*, crnn_team*, int) noexcept nogil,
                       void* context)

cdef extern from *:
    """
    #define OLD_LOSS 0x1.ff7ced916872bp-1    /* of the smooth loss: 0.999 */
    #define NEW_LOSS 0x1.0624dd2f1a9fcp-10   /* 0.001 */
    #define LN2 0x1.62e42fefa39efp-1
    """
    const double OLD_LOSS, NEW_LOSS, LN2


# --- The windows of the streams --------------------------------------------------------------------

cdef void open_window(Course* r, const Share* s, Columns* c, real* Hs) noexcept nogil:
    """Of a share of the streams: the characters of the window at their places, and the states before.

    The state after the last window becomes the one before this; zero where a document or a part begins.
    Steps past the end of a document read its first character of the window again, and do not count.
    """
    cdef const Shape* S = &r.S
    cdef Workspace* n = &r.n
    cdef const Place* place
    cdef Py_ssize_t t, b, at
    for b in range(s.stream, s.stream + s.streams):
        place = &r.places[b]
        r.lengths[b] = <int32_t> min(n.T, reach(&r.text, place) - place.position - 1)
        for t in range(n.T):
            at = place.position + (t if t < r.lengths[b] else 0)
            r.inputs[t * n.B + b] = checked_symbol(r, c, at)
            r.targets[t * n.B + b] = checked_symbol(r, c, at + 1)
        if is_fresh(&r.text, place):
            memset(Hs + b * S.ldh, 0, S.H * sizeof(real))
        else:
            memcpy(Hs + b * S.ldh, Hs + (n.T * n.B + b) * S.ldh, S.H * sizeof(real))


cdef inline int32_t checked_symbol(const Course* r, Columns* c, Py_ssize_t i) noexcept nogil:
    """The index at i of the text; if it is none, 0, and a note of where it stands."""
    cdef Py_ssize_t x = symbol(&r.text, i)
    if x < 0:
        c.stray = i
        return 0
    return <int32_t> x


cdef void move_on(Course* r, Place* place) noexcept nogil:
    """Go on to where the next window of a stream begins."""
    place.position += r.n.T
    if r.text.apart:
        settle(&r.text, place)
    elif place.position + r.n.T + 1 >= place.end:   # the text wraps
        seek(&r.text, place, place.begin)


cdef void close_window(Course* r, real* of_type) noexcept nogil:
    """Take in the loss, the mean over the streams, and go on to the next window."""
    cdef Workspace* n = &r.n
    cdef Py_ssize_t b, counted = 0
    cdef double loss = 0
    for b in range(n.B):
        loss += stream_loss(n, b, <const real*> n.losses)
        counted += r.lengths[b]
        move_on(r, &r.places[b])
    publish(&r.loss, loss / counted * n.T if r.text.apart else loss / n.B)
    publish(&r.smooth_loss, r.smooth_loss * OLD_LOSS + r.loss * NEW_LOSS)
    publish_count(&r.step, r.step + 1)


# --- Gradients into steps --------------------------------------------------------------------------

cdef void find_columns(Columns* c, const Workspace* n) noexcept nogil:
    """Give each distinct character of the window a column of the gradient."""
    cdef Py_ssize_t row, j
    cdef int32_t x
    c.count = 0
    for row in range(n.T * n.B):
        x = n.inputs[row]
        if c.slot_of[x] < 0:
            c.slot_of[x] = <int32_t> c.count
            c.seen[c.count] = x
            c.count += 1
        c.slot[row] = c.slot_of[x]
    for j in range(c.count):
        c.slot_of[c.seen[j]] = -1


cdef void every_column(Columns* c, const Shape* S) noexcept nogil:
    """Give the characters that are not in the window columns, too, after the others."""
    cdef Py_ssize_t j, x
    for j in range(c.count):
        c.slot_of[c.seen[j]] = 0
    for x in range(S.V):
        if c.slot_of[x] < 0:
            c.seen[c.count] = <int32_t> x
            c.count += 1
    memset(c.slot_of, -1, S.V * sizeof(int32_t))


cdef double norm_of(const Course* r, const Columns* c, const real* d) noexcept nogil:
    """The norm of all gradients together: squares summed column by column."""
    cdef const Shape* S = &r.S
    cdef unsigned frozen = r.descent.frozen
    cdef Py_ssize_t j
    cdef double sum = 0
    for j in range(0 if frozen & 2 else S.H):
        sum += dot(S.K, S.H, d + j * S.ldh, d + j * S.ldh)
    for j in range(0 if frozen & 4 else S.H):
        sum += dot(S.K, S.V, d + S.Why + j * S.ldv, d + S.Why + j * S.ldv)
    if not frozen & 8:
        sum += dot(S.K, S.H, d + S.bh, d + S.bh)
    if not frozen & 16:
        sum += dot(S.K, S.V, d + S.by, d + S.by)
    for j in range(0 if frozen & 1 else c.count):
        sum += dot(S.K, S.H, d + S.Wxh + j * S.ldh, d + S.Wxh + j * S.ldh)
    return sqrt(sum)


cdef void shrink(const Course* r, const Columns* c, const Share* s, double factor, real* d) noexcept nogil:
    """Multiply a share of the gradients."""
    cdef const Shape* S = &r.S
    cdef Py_ssize_t j
    scale(S.K, s.units * S.ldh, <real> factor, d + s.unit * S.ldh)
    scale(S.K, s.units * S.ldv, <real> factor, d + S.Why + s.unit * S.ldv)
    scale(S.K, s.units, <real> factor, d + S.bh + s.unit)
    scale(S.K, s.symbols, <real> factor, d + S.by + s.symbol)
    for j in range(c.count):
        scale(S.K, s.units, <real> factor, d + S.Wxh + j * S.ldh + s.unit)


cdef void update(const Course* r, const Columns* c, const Share* s, real* w) noexcept nogil:
    """One step of a share: its columns of Whh and Why, its biases, its rows of the columns of Wxh."""
    cdef const Shape* S = &r.S
    cdef const Descent* o = &r.descent
    cdef real* d = <real*> r.dw
    cdef Py_ssize_t j, at, Whh = s.unit * S.ldh, Why = S.Why + s.unit * S.ldv
    cdef Py_ssize_t bh = S.bh + s.unit, by = S.by + s.symbol, Wxh = S.Wxh + s.unit
    if not o.frozen & 2:
        descend(S, o, s.units * S.ldh, d + Whh, Whh, True, w + Whh)
    if not o.frozen & 4:
        descend(S, o, s.units * S.ldv, d + Why, Why, True, w + Why)
    if not o.frozen & 8:
        descend(S, o, s.units, d + bh, bh, False, w + bh)
    if not o.frozen & 16:
        descend(S, o, s.symbols, d + by, by, False, w + by)
    for j in range(0 if o.frozen & 1 else c.count):
        at = Wxh + c.seen[j] * S.ldh
        descend(S, o, s.units, d + Wxh + j * S.ldh, at, True, w + at)


cdef void step_down(Course* r, crnn_team* team, Columns* c, const Share* s, real* w) noexcept nogil:
    """Gradients and update of a share of the outputs, and the turned copies for the next window."""
    cdef const Shape* S = &r.S
    cdef real* d = <real*> r.dw
    cdef Py_ssize_t j
    find_columns(c, &r.n)
    if not r.sparse:
        every_column(c, S)
    for j in range(c.count):
        memset(d + S.Wxh + s.unit + j * S.ldh, 0, s.units * sizeof(real))
    gradients(S, &r.n, s, c.slot, &r.d, <const real*> r.n.Hs)
    if r.needs_norm:
        crnn_meet(team)
        publish(&c.norm, norm_of(r, c, d))  # all of it by each thread: less work than to add up shares
        crnn_meet(team)
        if c.norm > r.descent.norm_limit:
            shrink(r, c, s, r.descent.norm_limit / c.norm, d)
    update(r, c, s, w)
    turn(S, &r.W, &r.n.turned, s, w)


# --- The loop --------------------------------------------------------------------------------------

cdef void train_windows(Course* r, crnn_team* team, int rank, real* w) noexcept nogil:
    """What one thread does of r.windows windows. It meets the others twice in each: when all streams
    went forward and back, and when all outputs are updated."""
    cdef Share s = share_of(&r.S, r.n.B, rank, crnn_members(team))
    cdef Columns* c = &r.columns[rank]
    cdef real* Hs = <real*> r.n.Hs
    cdef Py_ssize_t _i
    turn(&r.S, &r.W, &r.n.turned, &s, w)    # the parameters may have been written to meanwhile
    crnn_meet(team)
    for _i in range(r.windows):
        if r.n.coins != NULL:
            if rank == 0:                   # one stream of coins, in the order t, b, unit
                fill_with_coins(r.bits, r.n.T * r.n.B * r.n.ldc, r.n.coins)
            crnn_meet(team)
        if s.streams > 0:
            open_window(r, &s, c, Hs)
            forward(&r.S, &r.W, &r.n, &s, Hs)
            backward(&r.S, &r.n.turned, &r.n, &s, Hs)
        if rank == 0:
            begin_step(&r.descent, r.step, w)
        crnn_meet(team)
        step_down(r, team, c, &s, w)
        if rank == 0:
            close_window(r, w)
        crnn_meet(team)


cdef void train_in_thread(void* course, crnn_team* team, int rank) noexcept nogil:
    cdef Course* r = <Course*> course
    cdef crnn_fpmode theirs = crnn_fpmode_enter()
    if r.double:
        train_windows(r, team, rank, <double*> r.w)
    else:
        train_windows(r, team, rank, <float*> r.w)
    crnn_fpmode_leave(theirs)


# --- What Python holds -----------------------------------------------------------------------------

def useful_threads(V, H, T, B, most, processors):
    """How many threads to use for windows of some size, so that more would not be faster.

    A share that is too small costs more to meet for than it saves. One stream stays in one thread:
    forward and back could not be shared, and weights would wander between two caches.

    Parameters
    ----------
    V, H, T, B : int
        Characters, hidden units, steps of a window, streams.
    most : int
        How many are allowed.
    processors : int
        How many this machine runs at once.

    Returns
    -------
    int
        At least 1.

    Examples
    --------
    >>> useful_threads(173, 100, 25, 1, 8, 8), useful_threads(65, 128, 50, 50, 8, 2)
    (1, 2)
    """
    if B == 1:
        return 1
    multiply_adds = 3 * T * B * H * (V + H)
    return max(1, min(most, processors, (H + 15) // 16, multiply_adds // 3_000_000))


def bits_per_char(double smooth_loss, double seq_length):
    """A loss in nats per window of `seq_length` characters, in bits per character.

    Examples
    --------
    >>> round(bits_per_char(46.2, 25), 3)
    2.666
    """
    cdef crnn_fpmode theirs = crnn_fpmode_enter()
    cdef double bits = crnn_pin(crnn_pin(smooth_loss) / seq_length / LN2)
    crnn_fpmode_leave(theirs)
    return bits


@cython.final
cdef class Training:
    """The training loop: B streams, each left to right through its part of a text, again and again.

    Parameters
    ----------
    net : Net
        Trained in place.
    text : Text
        At least ``(T + 2) B`` characters, cut into B parts of one length; what is left over is not read.
        If its documents are apart, each part needs one of two characters.
    T, B : int
        Steps of a window, parallel streams.
    optimizer : Optimizer
        From now on of this training alone.
    dropout : float
        Probability that a unit is left out on its way to Why.
    dropout_bits : numpy.random.BitGenerator, optional
        For these draws; needed if dropout is above 0.
    threads : int
        How many work at a window, or fewer if the system gives no more; changes no result.
    processors : int
        How many threads this machine runs at once.
    """

    def __cinit__(self, Net net not None, Text text not None, T, B, Optimizer optimizer not None,
                  double dropout=0, dropout_bits=None, threads=1, processors=1):
        cdef Course* r = &self.course
        cdef const Shape* S = &net.S
        cdef double V = S.V
        cdef crnn_fpmode theirs
        if threads < 1:
            raise ValueError(f"threads is {threads}, expected at least 1")
        if not 0 <= dropout < 1:
            raise ValueError(f"dropout is {dropout}, expected at least 0 and less than 1")
        if dropout > 0 and dropout_bits is None:
            raise TypeError("dropout_bits is None, expected a bit generator to draw the units by")
        if B < 1 or not 1 <= T <= len(text) // B - 2:
            raise ValueError(f"text has {len(text)} characters, {B} streams of windows of {T} need "
                             f"{(T + 2) * B}")
        text.check_fits(S.V)
        self.net, self.text, self.optimizer, self.dropout_bits = net, text, optimizer, dropout_bits
        self.threads = min(threads, CRNN_MOST_MEMBERS)
        self.spins = 3000 if self.threads <= processors else 0
        self.take_memory(T, B, dropout)
        r.S, r.W, r.text = net.S, net.W, text.passage
        r.w, r.double = net.block.data, net.double
        r.sparse = optimizer.is_sparse()
        self.go_to_parts()
        if dropout > 0:
            r.bits = bitgen_of(dropout_bits)
            self.window.make_dropout(S, net.itemsize, dropout)
        theirs = crnn_fpmode_enter()
        S.K.f64.log(1, &V, &r.uniform_loss)
        r.uniform_loss *= T
        r.smooth_loss = r.uniform_loss
        crnn_fpmode_leave(theirs)
        r.n = self.window.n
        r.n.inputs, r.n.targets = r.inputs, r.targets
        r.n.lengths = r.lengths if text.is_apart else NULL

    cdef int take_memory(self, T, B, double dropout) except -1:
        """Everything that training will need: nothing is allocated later."""
        cdef Course* r = &self.course
        cdef const Shape* S = &self.net.S
        cdef Py_ssize_t b = self.net.itemsize, rows, columns, i
        indices = 2 * T * B + B + self.threads * (T * B + 2 * S.V)
        parameters = S.size * b
        affordable((2 + self.optimizer.count) * parameters + workspace_bytes(S, T, B, b)
                   + (dropout_bytes(S, T, B, b) if dropout > 0 else 0) + 4 * indices)
        self.window = Window(self.net, T, B)
        rows = self.window.n.T * self.window.n.B
        columns = min(rows, S.V) if self.optimizer.is_sparse() else S.V
        self.gradients = Buffer((S.Wxh + columns * S.ldh) * b)
        r.dw, r.d = self.gradients.data, weights_in(self.gradients, S, b)
        self.optimizer.remember(self.net)
        self.scratch = Buffer(4 * indices + self.threads * sizeof(Columns) + B * sizeof(Place))
        r.columns = <Columns*> self.scratch.data
        r.places = <Place*> (r.columns + self.threads)
        r.inputs = <int32_t*> (r.places + <Py_ssize_t> B)
        r.targets = r.inputs + rows
        r.lengths = r.targets + rows
        for i in range(self.threads):
            r.columns[i].slot = r.lengths + <Py_ssize_t> B + i * (rows + 2 * S.V)
            r.columns[i].seen = r.columns[i].slot + rows
            r.columns[i].slot_of = r.columns[i].seen + S.V
            r.columns[i].stray, r.columns[i].norm = -1, NAN
            memset(r.columns[i].slot_of, -1, S.V * sizeof(int32_t))
        return 0

    cdef int go_to_parts(self) except -1:
        """Put every stream at the beginning of its part of the text."""
        cdef Course* r = &self.course
        cdef Py_ssize_t b, length = r.text.length // self.window.n.B
        cdef Place* place
        for b in range(self.window.n.B):
            place = &r.places[b]
            place.begin, place.end = b * length, (b + 1) * length
            seek(&r.text, place, place.begin)
            if r.text.apart:
                while place.position + 1 >= reach(&r.text, place):
                    if reach(&r.text, place) == place.end:
                        raise ValueError(f"text: part {b} of {self.window.n.B} has no document of two "
                                         "characters, so nothing to predict")
                    seek(&r.text, place, reach(&r.text, place))
        return 0

    def run(self, steps, bint norm=False):
        """Train `steps` more windows, without the GIL.

        Parameters
        ----------
        steps : int
            How many.
        norm : bool
            Find the norm of the gradients, whether it is limited or not.

        Raises
        ------
        RuntimeError
            If another thread uses it already.
        ValueError
            If the text holds what is no index; it was taken for 0.
        """
        cdef Py_ssize_t n = steps
        self.take()
        self.course.windows = n
        self.course.descent = self.optimizer.o
        self.course.needs_norm = norm or isfinite(self.course.descent.norm_limit)
        try:
            if self.dropout_bits is None:
                self.work()
            else:
                with self.dropout_bits.lock:
                    self.work()
            self.check_text()
        finally:
            with cython.critical_section(self.optimizer):
                self.optimizer.o = self.course.descent
            open_latch(&self.latch)

    cdef int take(self) except -1:
        """Be alone with the loop until the latch is opened."""
        if not take_latch(&self.latch):
            raise RuntimeError("this training is running in another thread")
        return 0

    cdef int work(self) except -1:
        with nogil:
            crnn_together(self.threads, self.spins, train_in_thread, &self.course)
        return 0

    cdef int check_text(self) except -1:
        """Say so if something in the text was no index; only a file that changes can do that."""
        cdef Course* r = &self.course
        for i in range(self.threads):
            if r.columns[i].stray >= 0:
                raise ValueError(f"text[{r.columns[i].stray}] is not below {r.text.V}: the file that holds "
                                 "it was changed while it was read")
        return 0

    @property
    def step(self):
        """Windows trained so far."""
        return published_count(&self.course.step)

    @property
    def positions(self):
        """Where in its part of the text each stream's next window begins."""
        cdef const Course* r = &self.course
        cdef Py_ssize_t b
        self.take()
        try:
            return [r.places[b].position - r.places[b].begin for b in range(r.n.B)]
        finally:
            open_latch(&self.latch)

    @property
    def loss(self):
        """Of the last window, in nats: the mean over the streams.

        If documents are apart, T times the mean over the steps that counted.
        """
        return published(&self.course.loss)

    @property
    def smooth_loss(self):
        """0.999 of itself and 0.001 of each loss, in nats per window; at first T ln V."""
        return published(&self.course.smooth_loss)

    @property
    def uniform_loss(self):
        """T ln V: the loss of a uniform guess, in nats per window."""
        return self.course.uniform_loss

    @property
    def norm(self):
        """Of the gradients of the last window for which it was found; NaN before."""
        return published(&self.course.columns[0].norm)

    def next_input(self):
        """The first character of the first stream's next window."""
        cdef Py_ssize_t x
        self.take()
        x = symbol(&self.course.text, self.course.places[0].position)
        open_latch(&self.latch)
        return max(<Py_ssize_t> 0, x)

    def state(self, stream=0):
        """A new State: the hidden state of a stream before its next window."""
        cdef State state = State(self.net)
        cdef const Course* r = &self.course
        cdef Py_ssize_t b = stream
        if not 0 <= b < r.n.B:
            raise IndexError(f"stream is {b}, expected 0 to {r.n.B - 1}")
        self.take()
        if not is_fresh(&r.text, &r.places[b]):
            memcpy(state.h, self.last_state(b), self.net.S.H * self.net.itemsize)
        open_latch(&self.latch)
        return state

    cdef char* last_state(self, Py_ssize_t b):
        """Where the state of a stream after the last window stands."""
        cdef const Workspace* n = &self.course.n
        return <char*> n.Hs + (n.T * n.B + b) * self.net.S.ldh * self.net.itemsize

    def restore(self, step, positions, double smooth_loss, list states not None):
        """Go on from where another training on the same text was: a position and a State a stream."""
        cdef Course* r = &self.course
        cdef State state
        cdef Py_ssize_t b
        if len(states) != r.n.B or any([(<State?> s).net is not self.net for s in states]):
            raise ValueError(f"states: expected {r.n.B} of this net, one a stream")
        self.take()
        try:
            self.check_places(step, positions)
            for b, state in enumerate(states):
                state.take()
                memcpy(self.last_state(b), state.h, self.net.S.H * self.net.itemsize)
                open_latch(&state.latch)
                seek(&r.text, &r.places[b], r.places[b].begin + <Py_ssize_t> positions[b])
            publish_count(&r.step, step)
            publish(&r.smooth_loss, smooth_loss)
        finally:
            open_latch(&self.latch)

    def check_place(self, step, positions):
        """Raise a ValueError if a training on this text cannot be there."""
        self.take()
        try:
            self.check_places(step, positions)
        finally:
            open_latch(&self.latch)

    cdef int check_places(self, step, positions) except -1:
        """See `check_place`, whose latch is taken."""
        cdef Py_ssize_t b
        if not 0 <= step < 2**62 or len(positions) != self.course.n.B:
            raise ValueError(f"step {step} and {len(positions)} positions: expected at least 0, and "
                             f"{self.course.n.B}, one a stream")
        for b, position in enumerate(positions):
            self.check_position(b, position)
        return 0

    cdef int check_position(self, Py_ssize_t b, position) except -1:
        """A stream may stand only where something is left to predict."""
        cdef const Course* r = &self.course
        cdef Place place = r.places[b]
        cdef Py_ssize_t length = place.end - place.begin, needed = 1 if r.text.apart else r.n.T + 1
        if 0 <= position < length:
            seek(&r.text, &place, place.begin + <Py_ssize_t> position)
            if place.position + needed < reach(&r.text, &place):
                return 0
        raise ValueError(f"position {position} of stream {b} does not fit its {length} characters")
