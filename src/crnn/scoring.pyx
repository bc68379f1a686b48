# cython: language_level=3, cdivision=True, auto_pickle=False, autotestdict=False, freethreading_compatible=True
"""Known texts through a net: the score of every character, states, and one vector a text.

Texts that begin in one state are read side by side, the longest first, so that the products of several
become one; a text alone is the same with one of them. How many stand side by side, how they are cut into
windows and who reads the others change no bit.
"""

cimport cython
from libc.stdint cimport int32_t
from libc.string cimport memcpy, memset

from crnn.atomic cimport open_latch, take_latch
from crnn.core cimport (
    Net, Shape, Share, Workspace, indices_of, logits, remember, share_of, tables_of,
)
from crnn.fpmode cimport crnn_fpmode, crnn_fpmode_enter, crnn_fpmode_leave, crnn_pin
from crnn.kernels cimport crnn_tables, real, running_mean, score
from crnn.memory cimport Buffer, index_address, real_address

cdef enum:
    WIDTH = 20      # texts side by side: whole tiles of every table's gemm; changes no result
    ROWS = 80       # of a window, texts times steps: changes no result


# What is read, what is asked for (NULL: not), and where the reading stands.
cdef struct Course:
    Py_ssize_t texts
    const int32_t* x            # all texts, one after the other
    Py_ssize_t* order           # (texts) the longest first
    Py_ssize_t* starts          # (texts) where each text begins, in that order; in x,
    Py_ssize_t* lengths         # (texts) and how long it is
    const void* begin           # (H) the state before each; NULL: zeros
    double* nats                # (characters)
    int32_t* rank
    double* entropy
    void* states                # (characters, H) after each character
    void* vectors               # (texts, H)
    bint mean                   # the mean of the states, not the last one
    Workspace n
    int32_t* inputs             # (ROWS) row t B + b: character t of text b of those side by side
    void* entropies             # (ROWS)
    int32_t* ranks              # (ROWS)
    double* sums                # (WIDTH, H) of the states
    Py_ssize_t first, width     # texts side by side, in that order
    Py_ssize_t at               # characters read of each of them
    Py_ssize_t characters       # read in all


# --- The loop --------------------------------------------------------------------------------------

cdef void begin_state(const Course* r, const Shape* S, real* h) noexcept nogil:
    """The state before a text."""
    if r.begin == NULL:
        memset(h, 0, S.H * sizeof(real))
    else:
        memcpy(h, r.begin, S.H * sizeof(real))


cdef void open_texts(Course* r, const Shape* S, real* Hs) noexcept nogil:
    """The next texts, none of whose characters are read."""
    cdef Py_ssize_t b
    r.first += r.width
    r.width, r.at = min(<Py_ssize_t> WIDTH, r.texts - r.first), 0
    memset(r.sums, 0, r.width * S.H * sizeof(double))
    for b in range(r.width):
        begin_state(r, S, Hs + b * S.ldh)


cdef bint open_window(Course* r, const Shape* S, real* Hs) noexcept nogil:
    """The next characters of the texts side by side that have any; False if all is read."""
    cdef Py_ssize_t B = r.n.B, t, b
    if r.at > 0:
        memcpy(Hs, Hs + r.n.T * B * S.ldh, B * S.ldh * sizeof(real))
    while True:
        B = r.width
        while B > 0 and r.lengths[r.first + B - 1] <= r.at:
            B -= 1
        if B > 0:
            break
        if r.first + r.width == r.texts:
            return False
        open_texts(r, S, Hs)
    r.n.B = B
    r.n.T = min(ROWS // B, r.lengths[r.first + B - 1] - r.at)
    for b in range(B):
        for t in range(r.n.T):
            r.inputs[t * B + b] = r.x[r.starts[r.first + b] + r.at + t]
    return True


cdef void score_window(Course* r, const Shape* S, Net net, real* Hs) noexcept nogil:
    """Predict each character of the window from the state before it."""
    cdef Py_ssize_t B = r.n.B, T = r.n.T, t, b, to
    cdef const real* losses = <const real*> r.n.losses
    cdef const real* entropies = <const real*> r.entropies
    logits(S, &net.W, T * B, <const real*> Hs, <real*> r.n.Ys, S.ldv)
    score(S.K, T * B, S.V, <real*> r.n.Ys, S.ldv, r.inputs, <real*> r.n.losses, r.ranks,
          <real*> r.entropies)
    for b in range(B):
        to = r.starts[r.first + b] + r.at
        for t in range(T):
            r.nats[to + t] = losses[t * B + b]
            r.rank[to + t] = r.ranks[t * B + b]
            r.entropy[to + t] = entropies[t * B + b]


cdef void keep_states(Course* r, const Shape* S, real* Hs) noexcept nogil:
    """The states after each character of the window."""
    cdef Py_ssize_t B = r.n.B, t, b, to
    cdef real* states = <real*> r.states
    for b in range(B):
        to = r.starts[r.first + b] + r.at
        for t in range(r.n.T):
            memcpy(states + (to + t) * S.H, Hs + ((t + 1) * B + b) * S.ldh, S.H * sizeof(real))


cdef void begin_vectors(const Course* r, const Shape* S, real* vectors) noexcept nogil:
    """The vectors of texts of which nothing is read yet."""
    cdef Py_ssize_t i
    for i in range(r.texts):
        if r.mean:
            memset(vectors + i * S.H, 0, S.H * sizeof(real))
        else:
            begin_state(r, S, vectors + i * S.H)


cdef void keep_vectors(Course* r, const Shape* S, real* Hs) noexcept nogil:
    """The vectors of the texts, as far as they are read."""
    cdef Py_ssize_t B = r.n.B, T = r.n.T, b
    cdef real* vector
    for b in range(B):
        vector = <real*> r.vectors + r.order[r.first + b] * S.H
        if r.mean:
            running_mean(S.K, T, S.H, <const real*> Hs + (B + b) * S.ldh, B * S.ldh, r.at + T,
                         r.sums + b * S.H, vector)
        else:
            memcpy(vector, Hs + (T * B + b) * S.ldh, S.H * sizeof(real))


cdef Py_ssize_t read_windows(Course* r, Net net, Py_ssize_t characters, real* Hs) noexcept nogil:
    """Read so many more characters or a few more; returns how many, fewer only at the end."""
    cdef const Shape* S = &net.S
    cdef Py_ssize_t count = 0
    cdef Share all
    while count < characters and open_window(r, S, Hs):
        all = share_of(S, r.n.B, 0, 1)
        remember(S, &net.W, &r.n, &all, Hs)
        if r.nats != NULL:
            score_window(r, S, net, Hs)
        if r.states != NULL:
            keep_states(r, S, Hs)
        if r.vectors != NULL:
            keep_vectors(r, S, Hs)
        r.at += r.n.T
        count += r.n.T * r.n.B
    return count


# --- What Python holds -----------------------------------------------------------------------------

@cython.final
cdef class Reading:
    """Texts that are read by a net, each from one and the same state.

    Parameters
    ----------
    net : Net
        Read, never written: several threads may read with one net.
    indices : numpy.ndarray, shape (n,), int32
        All texts, one after the other; held on to, must stay as it is.
    lengths : sequence of int
        Of the texts; their sum is n. None has to be above 0.
    begin : numpy.ndarray, shape (H,), optional
        The state before each text; zeros if not given.
    scores : tuple of numpy.ndarray, optional
        Three arrays (n,) to be filled, float64, int32 and float64: nats, rank and entropy of each
        character.
    states : numpy.ndarray, shape (n, H), optional
        To be filled with the state after each character.
    vectors : numpy.ndarray, shape (number of texts, H), optional
        To be filled with the last state of each text.
    mean : bool
        Fill `vectors` with the mean of the states instead.

    Raises
    ------
    IndexError
        If an index is not in [0, V).
    ValueError
        If arrays or lengths do not fit together.
    """

    cdef Net net
    cdef Course course
    cdef Buffer block, places
    cdef tuple held
    cdef int latch              # taken while it runs

    def __cinit__(self, Net net not None, indices, lengths, begin=None, tuple scores=None, states=None,
                  vectors=None, bint mean=False):
        cdef Py_ssize_t n = len(indices), H = net.S.H
        cdef Course* r = &self.course
        lengths = list(lengths)
        self.net, self.held = net, (indices, begin, scores, states, vectors)
        self.take_memory()
        self.take_texts(n, lengths)
        r.mean = mean
        if n > 0:
            r.x = indices_of(indices, "indices", n, net.S.V)
        if begin is not None:
            r.begin = real_address(begin, "begin", net.double, H, False)
        if scores is not None and n > 0:
            nats, rank, entropy = scores
            r.nats = <double*> real_address(nats, "nats", True, n, True)
            r.rank = index_address(rank, "rank", n, True)
            r.entropy = <double*> real_address(entropy, "entropy", True, n, True)
        if states is not None and n > 0:
            r.states = real_address(states, "states", net.double, n * H, True)
        if vectors is not None and r.texts > 0:
            r.vectors = real_address(vectors, "vectors", net.double, r.texts * H, True)
            if net.double:
                begin_vectors(r, &net.S, <double*> r.vectors)
            else:
                begin_vectors(r, &net.S, <float*> r.vectors)

    cdef int take_memory(self) except -1:
        """Room for a window."""
        cdef const Shape* S = &self.net.S
        cdef Py_ssize_t b = self.net.itemsize
        cdef Py_ssize_t Hs = (ROWS + WIDTH) * S.ldh * b, Ys = ROWS * S.ldv * b
        cdef Course* r = &self.course
        self.block = Buffer(Hs + Ys + 2 * ROWS * b + WIDTH * S.H * sizeof(double) + 2 * ROWS * sizeof(int32_t))
        r.n.Hs = self.block.data
        r.n.Ys = <char*> r.n.Hs + Hs
        r.n.losses = <char*> r.n.Ys + Ys
        r.entropies = <char*> r.n.losses + ROWS * b
        r.sums = <double*> (<char*> r.entropies + ROWS * b)
        r.ranks = <int32_t*> (r.sums + WIDTH * S.H)
        r.inputs = r.ranks + ROWS
        r.n.inputs = r.inputs
        return 0

    cdef int take_texts(self, Py_ssize_t n, list lengths) except -1:
        """Where the texts are, the longest first; those of one length stay in their order."""
        cdef Course* r = &self.course
        cdef Py_ssize_t texts = len(lengths), i, start = 0
        self.places = Buffer(3 * texts * sizeof(Py_ssize_t))
        r.texts, r.order = texts, <Py_ssize_t*> self.places.data
        r.starts, r.lengths = r.order + texts, r.order + 2 * texts
        starts = []
        for length in lengths:
            if length < 0:
                raise ValueError(f"lengths has {length}, expected at least 0")
            starts.append(start)
            start += length
        if start != n:
            raise ValueError(f"lengths are {start} in all, expected {n}, as there are indices")
        for i, text in enumerate(sorted(range(texts), key=lengths.__getitem__, reverse=True)):
            r.order[i], r.starts[i], r.lengths[i] = text, starts[text], lengths[text]
        return 0

    def run(self, characters):
        """Read so many more characters or a few more, without the GIL.

        Returns
        -------
        int
            How many were read: fewer than `characters` only if that was all.

        Raises
        ------
        RuntimeError
            If another thread runs it already.
        """
        cdef Py_ssize_t n = characters
        cdef crnn_fpmode theirs
        if not take_latch(&self.latch):
            raise RuntimeError("this reading is running in another thread, expected one of its own for each")
        with nogil:
            theirs = crnn_fpmode_enter()
            if self.net.double:
                n = read_windows(&self.course, self.net, n, <double*> self.course.n.Hs)
            else:
                n = read_windows(&self.course, self.net, n, <float*> self.course.n.Hs)
            crnn_fpmode_leave(theirs)
        open_latch(&self.latch)
        return n


def total_of(nats, rank, double total=0, Py_ssize_t count=0):
    """The sum of `nats` (float64) where `rank` (int32) is not 0, in order, and how many those are.

    `total` and `count` are those of what came before.
    """
    cdef Py_ssize_t n = len(nats), i
    cdef const double* x
    cdef const int32_t* place
    cdef crnn_fpmode theirs
    if n > 0:
        x = <const double*> real_address(nats, "nats", True, n, False)
        place = index_address(rank, "rank", n, False)
        with nogil:
            theirs = crnn_fpmode_enter()
            total = crnn_pin(total)
            for i in range(n):
                if place[i] != 0:
                    total += x[i]
                    count += 1
            total = crnn_pin(total)
            crnn_fpmode_leave(theirs)
    return total, count


def mean_of(double total, double count):
    """A total over how many; NaN of none.

    Examples
    --------
    >>> mean_of(6.0, 4)
    1.5
    """
    cdef crnn_fpmode theirs = crnn_fpmode_enter()
    cdef double mean = crnn_pin(crnn_pin(total) / count)
    crnn_fpmode_leave(theirs)
    return mean


def exp_of(double x):
    """e to the power of x, in float64."""
    cdef const crnn_tables* tables = tables_of("portable")     # each has the same bits
    cdef crnn_fpmode theirs = crnn_fpmode_enter()
    tables.f64.exp(1, &x, &x)
    crnn_fpmode_leave(theirs)
    return x


def log_of(double x):
    """The natural logarithm of x, in float64."""
    cdef const crnn_tables* tables = tables_of("portable")     # each has the same bits
    cdef crnn_fpmode theirs = crnn_fpmode_enter()
    tables.f64.log(1, &x, &x)
    crnn_fpmode_leave(theirs)
    return x
