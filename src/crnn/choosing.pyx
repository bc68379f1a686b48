# cython: language_level=3, cdivision=True, auto_pickle=False, autotestdict=False, freethreading_compatible=True
"""Choosing: from the logits of a state to its next character, by the rules of a sample.

For B texts that are written together, each by coins of its own: logits of characters that were there
lately are lowered, what may not come is ruled out, then come temperature, top-k, top-p and min-p, and
of what is left one is drawn. Nothing here allocates while it draws or needs the GIL. What the rules
are called, and which errors they have, `crnn.sampling` knows.
"""

import numpy as np

cimport cython
from libc.math cimport INFINITY, isnan
from libc.stdint cimport int32_t, int64_t
from libc.string cimport memcpy

from crnn.atomic cimport open_latch, take_latch
from crnn.core cimport Dice, Net, Shape, State, dice_of, indices_of, write_on
from crnn.fpmode cimport crnn_fpmode, crnn_fpmode_enter, crnn_fpmode_leave, crnn_pin
from crnn.kernels cimport (
    argmax, cap, draw, log, min_p, normalize, penalize, real, softmax, softmax_cross_entropy, top_k,
    top_p,
)
from crnn.memory cimport Buffer, address, index_address, real_address
from crnn.rng cimport bitgen_of, raw_coin

cdef extern from "float.h":
    const double FLT_MIN
    const double DBL_MIN


# The tables of an Automaton (automaton.py); letters = 0: there is none.
cdef struct Finder:
    Py_ssize_t letters
    const int32_t* letter_of
    const int32_t* characters
    const int32_t* after
    const int32_t* found
    const int32_t* held


cdef struct Rules:
    double penalty          # 1: none
    int64_t window          # of so many characters before; negative: of all
    Py_ssize_t top_k        # V: all
    double top_p, min_p     # 1, 0: all
    Finder forbidden, stops


# B texts. Where one is NULL, no rule needs it.
cdef struct Writing:
    const Shape* S
    Rules rules
    Py_ssize_t B, going     # going: how many have not met a stop; half of B is too few
    Dice* dice              # (B)
    int64_t* lengths        # (B) characters of each text, with what it begins with
    int64_t* last           # (B, V) where each character stood last, or -1
    int32_t* forbidden      # (B) states of the automata
    int32_t* stops
    const void* limits      # (1 or B, V) infinity for what may come, -infinity for what may not
    Py_ssize_t ldl          # 0: one row for all
    void* plain             # (V) logits as they are; NULL: nobody asks for log-probabilities
    double* logprobs        # (n, B, 2) of the prediction; of what was drawn from
    Py_ssize_t stuck        # the text whose prediction was NaN, or -1


cdef inline int32_t after(const Finder* f, int32_t state, int32_t x) noexcept nogil:
    return f.after[state * f.letters + f.letter_of[x]]


cdef inline void rule_out(const Finder* f, int32_t state, real* y) noexcept nogil:
    """Take every character out that would complete a word; a NaN stays."""
    cdef Py_ssize_t letter
    cdef real* at
    for letter in range(1, f.letters):
        if f.found[f.after[state * f.letters + letter]]:
            at = y + f.characters[letter]
            if not isnan(at[0]):
                at[0] = -<real> INFINITY


cdef inline void lower(const Writing* w, Py_ssize_t b, real* y) noexcept nogil:
    """The rules about single characters, on logits."""
    cdef const Shape* S = w.S
    cdef int64_t since = 0
    if w.last != NULL:
        if w.rules.window >= 0:
            since = max(<int64_t> 0, w.lengths[b] - w.rules.window)
        penalize(S.K, S.V, <real> w.rules.penalty, w.last + b * S.V, since, y)
    if w.limits != NULL:
        cap(S.K, S.V, <const real*> w.limits + b * w.ldl, y)
    if w.forbidden != NULL:
        rule_out(&w.rules.forbidden, w.forbidden[b], y)


cdef inline void narrow(const Writing* w, real* p) noexcept nogil:
    """Top-k, top-p, min-p."""
    cdef const Shape* S = w.S
    cdef const Rules* r = &w.rules
    if r.top_k < S.V:
        top_k(S.K, S.V, r.top_k, p)
    if r.top_p < 1:
        top_p(S.K, S.V, <real> r.top_p, p)
    if r.min_p > 0:
        min_p(S.K, S.V, <real> r.min_p, p)
    if r.top_k < S.V or r.top_p < 1 or r.min_p > 0:
        normalize(S.K, S.V, p)


cdef inline void note(const Writing* w, Py_ssize_t b, int32_t x, real p) noexcept nogil:
    """Write down the log-probabilities of a character that was drawn with probability p."""
    cdef const Shape* S = w.S
    cdef real loss, logarithm
    softmax_cross_entropy(S.K, 1, S.V, <real> 1, <real*> w.plain, S.ldv, &x, &loss)
    log(S.K, 1, &p, &logarithm)
    w.logprobs[2 * b] = -loss
    w.logprobs[2 * b + 1] = logarithm


cdef inline void follow(Writing* w, Py_ssize_t b, int32_t x) noexcept nogil:
    """Let the rules know that a text goes on with x."""
    if w.last != NULL:
        w.last[b * w.S.V + x] = w.lengths[b]
    if w.forbidden != NULL:
        w.forbidden[b] = after(&w.rules.forbidden, w.forbidden[b], x)
    w.lengths[b] += 1


cdef inline bint is_over(const Writing* w, Py_ssize_t b) noexcept nogil:
    return w.stops != NULL and w.rules.stops.found[w.stops[b]] > 0


cdef bint choose(Writing* w, Py_ssize_t b, real* y, int32_t* x) noexcept nogil:
    """Take the next character of text b from its logits y."""
    cdef const Shape* S = w.S
    cdef Dice* dice = w.dice + b
    if w.plain != NULL:
        memcpy(w.plain, y, S.V * sizeof(real))
    lower(w, b, y)
    softmax(S.K, 1, S.V, <real> dice.scale, y, S.ldv)
    if isnan(y[0]):             # all of them, then: see kernels.h
        return False
    if dice.greedy:
        x[0] = <int32_t> argmax(S.K, S.V, y)
    else:
        narrow(w, y)
        x[0] = <int32_t> draw(S.K, S.V, y, dice.toss(dice.bits))
    if w.plain != NULL:
        note(w, b, x[0], <real> 1 if dice.greedy else y[x[0]])
    follow(w, b, x[0])
    if w.stops != NULL:
        w.stops[b] = after(&w.rules.stops, w.stops[b], x[0])
        w.going -= is_over(w, b)
    return True


cdef bint choose_each(Writing* w, real* y, int32_t* x) noexcept nogil:
    """Take the next characters of all texts that go on; end when half of them or fewer do."""
    cdef Py_ssize_t b
    if w.going <= w.B // 2:
        for b in range(w.B):
            x[b] = -1           # the states have read it
        return False
    for b in range(w.B):
        if not is_over(w, b) and not choose(w, b, y + b * w.S.ldv, x + b):
            w.stuck = b
            return False
    if w.plain != NULL:
        w.logprobs += 2 * w.B
    return True


cdef bint choose_float(void* it, void* y, int32_t* x) noexcept nogil:
    return choose_each(<Writing*> it, <float*> y, x)


cdef bint choose_double(void* it, void* y, int32_t* x) noexcept nogil:
    return choose_each(<Writing*> it, <double*> y, x)


cdef void move(Writing* w, Py_ssize_t of, Py_ssize_t to) noexcept nogil:
    """Let one text take the place of another."""
    w.dice[to], w.lengths[to] = w.dice[of], w.lengths[of]
    if w.last != NULL:
        memcpy(w.last + to * w.S.V, w.last + of * w.S.V, w.S.V * sizeof(int64_t))
    if w.forbidden != NULL:
        w.forbidden[to] = w.forbidden[of]
    if w.stops != NULL:
        w.stops[to] = w.stops[of]


# --- What Python holds -----------------------------------------------------------------------------

cdef Finder finder_of(automaton, Py_ssize_t V):
    """Where the tables of an Automaton stand. The caller holds on to it."""
    cdef Finder f
    cdef Py_ssize_t states = len(automaton.found)
    f.letters = len(automaton.characters)
    f.letter_of = index_address(automaton.letter_of, "letter_of", V, False)
    f.characters = index_address(automaton.characters, "characters", f.letters, False)
    f.after = index_address(automaton.after, "after", states * f.letters, False)
    f.found = index_address(automaton.found, "found", states, False)
    f.held = index_address(automaton.held, "held", states, False)
    return f


cdef int64_t* counts_in(array, Py_ssize_t size) except NULL:
    """Where the elements of an int64 array stand."""
    return <int64_t*> address(array, "counts", ("l", "q"), sizeof(int64_t), size, True)


# What one may ask of a text.
ctypedef Py_ssize_t (*quality)(const Writing* w, Py_ssize_t b) noexcept


cdef Py_ssize_t has_stopped(const Writing* w, Py_ssize_t b) noexcept:
    return is_over(w, b)


cdef Py_ssize_t stop_found(const Writing* w, Py_ssize_t b) noexcept:
    return w.rules.stops.found[w.stops[b]] if w.stops != NULL else 0


cdef Py_ssize_t stop_held(const Writing* w, Py_ssize_t b) noexcept:
    return w.rules.stops.held[w.stops[b]] if w.stops != NULL else 0


cdef Py_ssize_t length_of(const Writing* w, Py_ssize_t b) noexcept:
    return w.lengths[b]


cdef Py_ssize_t forbidden_state(const Writing* w, Py_ssize_t b) noexcept:
    return w.forbidden[b]


@cython.final
cdef class Chooser:
    """Writes B texts on, each by the coins of its own bit generator, all by the same rules.

    One thread at a time: what finds another thread in it raises a RuntimeError and does nothing.

    Parameters
    ----------
    net : Net
    bit_generators : list of numpy.random.BitGenerator
        One for each text, used by nobody else.
    temperature : float
        At least 0; 0 takes the most probable character.
    penalty : float
        Above 0; 1: no repetition is penalized.
    window : int
        The penalty is for what is among so many characters before; negative: among all.
    top_k : int
        From 1 on.
    top_p, min_p : float
        0 < top_p <= 1,  0 <= min_p <= 1.
    limits : numpy.ndarray, shape (1, V) or (B, V), optional
        Infinity for characters that may come, -infinity for the others, one row for all texts or one
        for each, in the type of the net. It is read anew for every call of `write`.
    forbidden, stops : Automaton, optional
        What may not be completed, and what ends a text.
    details : bool
        Write log-probabilities down.
    """

    cdef Net net
    cdef Writing w
    cdef object alive           # what pointers in w point into, as have these two
    cdef Buffer dice, plain
    cdef int32_t[::1] x
    cdef int latch              # taken by the thread that uses it

    def __cinit__(self, Net net not None, list bit_generators not None, double temperature, *,
                  double penalty=1.0, window=-1, top_k=None, double top_p=1.0, double min_p=0.0,  # no-cython-lint: rules' names
                  limits=None, forbidden=None, stops=None, bint details=False):
        cdef Writing* w = &self.w
        cdef Py_ssize_t B = len(bit_generators), V = net.S.V
        if not temperature >= 0 or not penalty > 0 or not 0 < top_p <= 1 or not 0 <= min_p <= 1:
            raise ValueError(f"temperature {temperature}, penalty {penalty}, top_p {top_p} or min_p {min_p} is "
                             "out of range")
        if B < 1 or (top_k is not None and top_k < 1):
            raise ValueError(f"{B} texts and top_k {top_k}, expected at least 1 of both")
        self.net = net
        w.S, w.B, w.going, w.stuck = &self.net.S, B, B, -1
        w.rules.penalty, w.rules.window = penalty, max(-1, min(window, 2**63 - 1))
        w.rules.top_k = V if top_k is None else min(top_k, V)
        w.rules.top_p, w.rules.min_p = top_p, min_p
        self.x = np.full(B, -1, np.int32)
        self.alive = [bit_generators, limits, forbidden, stops]
        self.keep_dice(bit_generators, temperature, limits is not None or forbidden is not None)
        w.lengths = counts_in(self.kept(np.zeros(B, np.int64)), B)
        if penalty != 1:
            w.last = counts_in(self.kept(np.full((B, V), -1, np.int64)), B * V)
        if limits is not None:
            w.limits = real_address(limits, "limits", net.double, len(limits) * V, False)
            w.ldl = 0 if len(limits) == 1 else V
            if len(limits) not in (1, B):
                raise ValueError(f"limits has {len(limits)} rows, expected 1 or {B}")
        if forbidden is not None:
            w.rules.forbidden = finder_of(forbidden, V)
            w.forbidden = index_address(self.kept(np.zeros(B, np.int32)), "forbidden", B, True)
        if stops is not None:
            w.rules.stops = finder_of(stops, V)
            w.stops = index_address(self.kept(np.zeros(B, np.int32)), "stops", B, True)
        if details:
            self.plain = Buffer(net.S.ldv * net.itemsize)
            w.plain = self.plain.data

    cdef object kept(self, thing):
        self.alive.append(thing)
        return thing

    cdef int keep_dice(self, list bit_generators, double temperature, bint ruling_out) except -1:
        """One for each text. Where something is ruled out, not even an infinite temperature may
        let it in: the scale stays above 0."""
        cdef Py_ssize_t b
        cdef crnn_fpmode theirs
        cdef double least = DBL_MIN if self.net.double else FLT_MIN
        self.dice = Buffer(len(bit_generators) * sizeof(Dice))
        cdef Dice* dice = <Dice*> self.dice.data
        self.w.dice = dice
        for b, bit_generator in enumerate(bit_generators):
            bits = bitgen_of(bit_generator)
            theirs = crnn_fpmode_enter()
            dice[b] = dice_of(&self.net.S, self.net.double, crnn_pin(temperature), raw_coin, bits)
            if ruling_out and dice[b].scale < least:
                dice[b].scale = least
            crnn_fpmode_leave(theirs)
        return 0

    cdef int take(self) except -1:
        """Be alone with the texts until the latch is opened."""
        if not take_latch(&self.latch):
            raise RuntimeError("these texts are written in another thread, expected a chooser of its own for each")
        return 0

    def read(self, indices):
        """Take the characters of an int32 array as what all texts, still empty, begin with."""
        cdef Writing* w = &self.w
        cdef Py_ssize_t n = len(indices), b, t
        cdef const int32_t* x
        if n == 0:
            return
        x = indices_of(indices, "indices", n, w.S.V)
        self.take()
        with nogil:
            for b in range(w.B):
                for t in range(n):
                    follow(w, b, x[t])
        open_latch(&self.latch)

    def write(self, State state not None, n, ixes, logprobs=None):
        """Choose up to n characters of each text, feeding each back.

        Parameters
        ----------
        state : core.State
            B states of the net, the same at every call; they have read all but what was chosen last.
        n : int
            How many.
        ixes : numpy.ndarray, shape (n, B), int32
            Receives the indices.
        logprobs : numpy.ndarray, shape (n, B, 2), float64
            Receives, if there are to be details, the logarithms of the probability of each in the
            prediction, and in what it was drawn from.

        Returns
        -------
        int
            How many were chosen: fewer than `n` if half of the texts or more have met a stop (then
            `keep` the others), or if one is stuck because its prediction is NaN or nothing is left
            of it.
        """
        self.take()
        try:
            return self.written(state, n, ixes, logprobs)
        finally:
            open_latch(&self.latch)

    cdef Py_ssize_t written(self, State state, Py_ssize_t count, ixes, logprobs) except -1:
        """See `write`, whose latch is taken."""
        cdef Writing* w = &self.w
        cdef Py_ssize_t written
        cdef int32_t* out
        cdef int32_t* x = &self.x[0]
        cdef Net net = self.net
        cdef crnn_fpmode theirs
        if state.net is not net or state.B != w.B or not state.writes:
            raise ValueError(f"state is not {w.B} states of this net that write")
        if not 0 <= count <= len(ixes):
            raise ValueError(f"n is {count}, ixes has room for {len(ixes)}")
        out = index_address(ixes, "ixes", count * w.B, True)
        if w.plain != NULL:
            w.logprobs = <double*> real_address(logprobs, "logprobs", True, count * w.B * 2, True)
        state.take()
        with nogil:
            theirs = crnn_fpmode_enter()
            if net.double:
                written = write_on(&net.S, &net.W, w.B, count, <double*> state.h, <double*> state.z,
                                   <double*> state.y, x, choose_double, w, out)
            else:
                written = write_on(&net.S, &net.W, w.B, count, <float*> state.h, <float*> state.z,
                                   <float*> state.y, x, choose_float, w, out)
            crnn_fpmode_leave(theirs)
        open_latch(&state.latch)
        return written

    def keep(self, rows):
        """Go on with these texts alone: their numbers, rising. The rows of limits do not move."""
        cdef Py_ssize_t of, to, count
        rows = list(rows)
        count = len(rows)
        self.take()
        try:
            for to in range(count):
                of = self.checked(rows[to])
                if of < to:
                    raise ValueError(f"rows are {rows}, expected rising numbers")
                if of > to:
                    move(&self.w, of, to)
                    self.x[to] = self.x[of]
            self.w.B = count
            self.w.going = sum([not is_over(&self.w, of) for of in range(count)])
        finally:
            open_latch(&self.latch)

    cdef Py_ssize_t told(self, quality of, Py_ssize_t b) except -1:
        """A number of text b, while no other thread writes it."""
        self.take()
        try:
            return of(&self.w, self.checked(b))
        finally:
            open_latch(&self.latch)

    def is_over(self, Py_ssize_t b):
        """Whether text b has met a stop."""
        return self.told(has_stopped, b) != 0

    def found(self, Py_ssize_t b):
        """The length of the stop that text b has met; 0 if it has not."""
        return self.told(stop_found, b)

    def held(self, Py_ssize_t b):
        """How many of the last characters of text b may still become a stop."""
        return self.told(stop_held, b)

    def length(self, Py_ssize_t b):
        """How many characters text b has, with what it began with."""
        return self.told(length_of, b)

    cdef Py_ssize_t checked(self, Py_ssize_t b) except -1:
        if not 0 <= b < self.w.B:
            raise IndexError(f"b is {b}, expected 0 to {self.w.B - 1}")
        return b

    @property
    def stuck(self):
        """The text that could not be written on, or -1."""
        cdef Py_ssize_t b
        self.take()
        b = self.w.stuck
        open_latch(&self.latch)
        return b

    def ruled_out(self, Py_ssize_t b):
        """Indices of the characters that would complete something forbidden in text b."""
        cdef const Finder* f = &self.w.rules.forbidden
        cdef Py_ssize_t letter, state
        if self.w.forbidden == NULL:
            return []
        state = self.told(forbidden_state, b)
        return [f.characters[letter] for letter in range(1, f.letters)
                if f.found[f.after[state * f.letters + letter]]]
