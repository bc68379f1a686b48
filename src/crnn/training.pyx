# cython: language_level=3, cdivision=True, auto_pickle=False, autotestdict=False
"""The training loop: windows of a text through the RNN, and gradients into steps.

All of it runs without the GIL, as one function that each thread of a training calls; a thread does
its share of the streams, then its share of the outputs. No result depends on how many there are.
"""

cimport cython
from libc.stdint cimport int32_t
from libc.string cimport memcpy, memset

from crnn.core cimport (
    Net, Shape, Share, State, Weights, Window, Workspace, backward, forward, gradients, indices_of,
    share_of, stream_loss, turn, weights_in, workspace_bytes,
)
from crnn.fpmode cimport crnn_fpmode, crnn_fpmode_enter, crnn_fpmode_leave, crnn_pin
from crnn.kernels cimport adagrad, adam, real
from crnn.memory cimport Buffer
from crnn.memory import affordable

cdef extern from "barrier.h" nogil:
    ctypedef struct crnn_team:
        pass
    int CRNN_MOST_MEMBERS
    int crnn_members(crnn_team* team)
    void crnn_meet(crnn_team* team)
    void crnn_together(int size, int spins, void (*work)(void*, crnn_team*, int) noexcept nogil,
                       void* context)


# --- The optimizers --------------------------------------------------------------------------------

cdef extern from *:
    """
    #define BETA1 0x1.ccccccccccccdp-1       /* Adam's, as its authors chose them: 0.9 */
    #define BETA2 0x1.ff7ced916872bp-1       /* 0.999 */
    #define EPSILON 0x1.5798ee2308c3ap-27    /* 1e-8 */
    #define OLD_LOSS 0x1.ff7ced916872bp-1    /* of the smooth loss: 0.999 */
    #define NEW_LOSS 0x1.0624dd2f1a9fcp-10   /* 0.001 */
    #define LN2 0x1.62e42fefa39efp-1
    """
    const double BETA1, BETA2, EPSILON, OLD_LOSS, NEW_LOSS, LN2


cdef inline void descend(const Shape* S, const Descent* o, Py_ssize_t n, const real* d, Py_ssize_t at,
                         real* w) noexcept nogil:
    """One clipped step of n parameters that begin at w[at]; d is the gradient of the first."""
    cdef real limit = <real> o.limit
    cdef real* m = <real*> o.m + at
    if o.optimizer == ADAM:
        adam(S.K, n, <real> (o.learning_rate / (1 - o.decay1)), limit, <real> BETA1, <real> BETA2,
             <real> EPSILON, <real> (1 / (1 - o.decay2)), d, m, <real*> o.v + at, w + at)
    else:
        adagrad(S.K, n, <real> o.learning_rate, limit, d, m, w + at)


cdef void update(const Course* r, const Columns* columns, const Share* s, real* w) noexcept nogil:
    """One step of a share: its columns of Whh and Why, its biases, its rows of the columns of Wxh.

    Under Adagrad a column without a gradient would stay as it is, so it is not touched.
    """
    cdef const Shape* S = &r.S
    cdef const Descent* o = &r.descent
    cdef const real* d = <const real*> r.dw
    cdef Py_ssize_t c, Whh = s.unit * S.ldh, Why = S.Why + s.unit * S.ldv
    cdef Py_ssize_t bh = S.bh + s.unit, by = S.by + s.symbol, Wxh = S.Wxh + s.unit
    descend(S, o, s.units * S.ldh, d + Whh, Whh, w)
    descend(S, o, s.units * S.ldv, d + Why, Why, w)
    descend(S, o, s.units, d + bh, bh, w)
    descend(S, o, s.symbols, d + by, by, w)
    for c in range(columns.count):
        descend(S, o, s.units, d + Wxh + c * S.ldh, Wxh + columns.seen[c] * S.ldh, w)


# --- The training loop -----------------------------------------------------------------------------

cdef void open_window(Course* r, const Share* s, real* Hs) noexcept nogil:
    """Of a share of the streams: the characters of the window at r.position and the state before.

    The state after the last window becomes the one before this; zero where the text begins.
    """
    cdef const Shape* S = &r.S
    cdef Workspace* n = &r.n
    cdef Py_ssize_t t, b
    cdef const int32_t* x
    for b in range(s.stream, s.stream + s.streams):
        x = r.text + b * r.length + r.position
        for t in range(n.T):
            r.inputs[t * n.B + b] = x[t]
            r.targets[t * n.B + b] = x[t + 1]
        if r.position == 0:
            memset(Hs + b * S.ldh, 0, S.H * sizeof(real))
        else:
            memcpy(Hs + b * S.ldh, Hs + (n.T * n.B + b) * S.ldh, S.H * sizeof(real))


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


cdef void every_column(Columns* c, const Shape* S, const Workspace* n) noexcept nogil:
    """Give every character its own column."""
    cdef Py_ssize_t x
    c.count = S.V
    for x in range(S.V):
        c.seen[x] = <int32_t> x
    memcpy(c.slot, n.inputs, n.T * n.B * sizeof(int32_t))


cdef void step_down(Course* r, Columns* c, const Share* s, real* w) noexcept nogil:
    """Gradients and update of a share of the outputs, and the turned copies for the next window."""
    cdef const Shape* S = &r.S
    cdef real* dWxh = <real*> r.d.Wxh.at + s.unit
    cdef Py_ssize_t j
    if r.descent.optimizer == ADAM:
        every_column(c, S, &r.n)
    else:
        find_columns(c, &r.n)
    for j in range(c.count):
        memset(dWxh + j * S.ldh, 0, s.units * sizeof(real))
    gradients(S, &r.n, s, c.slot, &r.d, <const real*> r.n.Hs)
    update(r, c, s, w)
    turn(S, &r.W, &r.n.turned, s, w)


cdef void close_window(Course* r, real* of_type) noexcept nogil:
    """Take in the loss, the mean over the streams, and go on to the next window."""
    cdef Workspace* n = &r.n
    cdef Py_ssize_t b
    cdef double loss = 0
    for b in range(n.B):
        loss += stream_loss(n, b, <const real*> n.losses)
    r.loss = loss / n.B
    r.smooth_loss = r.smooth_loss * OLD_LOSS + r.loss * NEW_LOSS
    r.step += 1
    r.position += n.T
    if r.position + n.T + 1 >= r.length:    # the text wraps
        r.position = 0


cdef void train_windows(Course* r, crnn_team* team, int rank, real* w) noexcept nogil:
    """What one thread does of r.windows windows. It meets the others twice in each: when all streams
    went forward and back, and when all outputs are updated."""
    cdef Share s = share_of(&r.S, r.n.B, rank, crnn_members(team))
    cdef Columns* c = &r.columns[rank]
    cdef real* Hs = <real*> r.n.Hs
    cdef Py_ssize_t i
    turn(&r.S, &r.W, &r.n.turned, &s, w)    # the parameters may have been written to meanwhile
    crnn_meet(team)
    for i in range(r.windows):
        if s.streams > 0:
            open_window(r, &s, Hs)
            forward(&r.S, &r.W, &r.n, &s, Hs)
            backward(&r.S, &r.n.turned, &r.n, &s, Hs)
        if rank == 0 and r.descent.optimizer == ADAM:
            r.descent.decay1 *= <real> BETA1    # as the kernel rounds it: so the bias cancels
            r.descent.decay2 *= <real> BETA2
        crnn_meet(team)
        step_down(r, c, &s, w)
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
    text : numpy.ndarray
        int32 indices, at least ``(T + 2) B`` of them; copied. Cut into B parts of one length; what
        is left over is not read.
    T, B : int
        Steps of a window, parallel streams.
    optimizer : str
        "adagrad" or "adam".
    learning_rate, clip : float
        Of the optimizer; every element of a gradient is clipped to [-clip, clip].
    threads : int
        How many work at a window, or fewer if the system gives no more; changes no result.
    processors : int
        How many threads this machine runs at once.
    """

    def __cinit__(self, Net net not None, text, T, B, str optimizer, double learning_rate, double clip,
                  threads=1, processors=1):
        cdef Course* r = &self.course
        cdef const Shape* S = &net.S
        cdef Py_ssize_t n = len(text)
        cdef double V = S.V
        cdef crnn_fpmode theirs
        if B < 1 or not 1 <= T <= n // B - 2:
            raise ValueError(f"text has {n} characters, {B} streams of windows of {T} need "
                             f"{(T + 2) * B}")
        self.net = net
        if threads < 1:
            raise ValueError(f"threads is {threads}, expected at least 1")
        self.threads = min(threads, CRNN_MOST_MEMBERS)
        self.spins = 3000 if self.threads <= processors else 0
        self.take_memory(text, T, B, optimizer)
        r.S, r.n, r.W = net.S, self.window.n, net.W
        r.n.inputs, r.n.targets = r.inputs, r.targets
        r.w, r.double = net.block.data, net.double
        r.length = n // r.n.B
        r.descent.learning_rate, r.descent.limit = learning_rate, clip
        r.descent.decay1 = r.descent.decay2 = 1
        theirs = crnn_fpmode_enter()
        S.K.f64.log(1, &V, &r.smooth_loss)      # T ln V, the loss of a uniform guess
        r.smooth_loss *= r.n.T
        crnn_fpmode_leave(theirs)

    cdef int take_memory(self, text, T, B, str optimizer) except -1:
        """Everything that training will need: nothing is allocated later."""
        cdef Course* r = &self.course
        cdef const Shape* S = &self.net.S
        cdef Py_ssize_t b = self.net.itemsize, n = len(text), rows, columns, i
        if optimizer not in ("adagrad", "adam"):
            raise ValueError(f"optimizer is {optimizer!r}, expected 'adagrad' or 'adam'")
        memories = 2 if optimizer == "adam" else 1
        indices = 2 * T * B + self.threads * (T * B + 2 * S.V)
        parameters = S.size * b
        affordable((2 + memories) * parameters + workspace_bytes(S, T, B, b) + 4 * (n + indices))
        r.descent.optimizer = ADAM if optimizer == "adam" else ADAGRAD
        self.text = Buffer(4 * n)
        memcpy(self.text.data, indices_of(text, "text", n, S.V), 4 * n)
        r.text = <const int32_t*> self.text.data
        self.window = Window(self.net, T, B)
        rows = self.window.n.T * self.window.n.B
        columns = S.V if r.descent.optimizer == ADAM else min(rows, S.V)
        self.gradients = Buffer((S.Wxh + columns * S.ldh) * b)
        r.dw, r.d = self.gradients.data, weights_in(self.gradients, S, b)
        self.memories = tuple([Buffer(parameters) for _ in range(memories)])
        r.descent.m = (<Buffer> self.memories[0]).data
        r.descent.v = (<Buffer> self.memories[memories - 1]).data
        self.scratch = Buffer(4 * indices + self.threads * sizeof(Columns))
        r.columns = <Columns*> self.scratch.data
        r.inputs = <int32_t*> (r.columns + self.threads)
        r.targets = r.inputs + rows
        for i in range(self.threads):
            r.columns[i].slot = r.targets + rows + i * (rows + 2 * S.V)
            r.columns[i].seen = r.columns[i].slot + rows
            r.columns[i].slot_of = r.columns[i].seen + S.V
            memset(r.columns[i].slot_of, -1, S.V * sizeof(int32_t))
        return 0

    def run(self, steps):
        """Train `steps` more windows, without the GIL.

        Raises
        ------
        RuntimeError
            If another thread runs it already.
        """
        cdef Py_ssize_t n = steps
        if self.running:
            raise RuntimeError("this training is running in another thread")
        self.running = True
        self.course.windows = n
        with nogil:
            crnn_together(self.threads, self.spins, train_in_thread, &self.course)
        self.running = False

    @property
    def step(self):
        """Windows trained so far."""
        return self.course.step

    @property
    def position(self):
        """Where in its part of the text each stream's next window begins."""
        return self.course.position

    @property
    def loss(self):
        """Of the last window, in nats: the mean over the streams."""
        return self.course.loss

    @property
    def smooth_loss(self):
        """0.999 of itself and 0.001 of each loss, in nats per window; at first T ln V."""
        return self.course.smooth_loss

    @property
    def decays(self):
        """Adam's beta1 and beta2 to the power of the steps made."""
        return self.course.descent.decay1, self.course.descent.decay2

    def next_input(self):
        """The first character of the first stream's next window."""
        return self.course.text[self.course.position]

    def state(self, stream=0):
        """A new State: the hidden state of a stream before its next window."""
        cdef State state = State(self.net)
        cdef const Course* r = &self.course
        cdef Py_ssize_t b = stream
        if not 0 <= b < r.n.B:
            raise IndexError(f"stream is {b}, expected 0 to {r.n.B - 1}")
        if r.position > 0:
            memcpy(state.h, self.last_state(b), self.net.S.H * self.net.itemsize)
        return state

    cdef char* last_state(self, Py_ssize_t b):
        """Where the state of a stream after the last window stands."""
        cdef const Workspace* n = &self.course.n
        return <char*> n.Hs + (n.T * n.B + b) * self.net.S.ldh * self.net.itemsize

    def restore(self, step, position, double smooth_loss, list states not None, decays=(1.0, 1.0)):
        """Go on from where another training on the same text was: a State for each stream."""
        cdef Course* r = &self.course
        cdef State state
        cdef double decay1, decay2
        decay1, decay2 = decays
        if len(states) != r.n.B or any([(<State?> s).net is not self.net for s in states]):
            raise ValueError(f"states: expected {r.n.B} of this net, one a stream")
        if not 0 <= step < 2**62 or not 0 <= position < r.length - r.n.T - 1:
            raise ValueError(f"step {step} and position {position} do not fit a text of {r.length} "
                             "characters a stream")
        for b, state in enumerate(states):
            memcpy(self.last_state(b), state.h, self.net.S.H * self.net.itemsize)
        r.step, r.position, r.smooth_loss = step, position, smooth_loss
        r.descent.decay1, r.descent.decay2 = decay1, decay2
