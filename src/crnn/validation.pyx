# cython: language_level=3, cdivision=True, auto_pickle=False, autotestdict=False, freethreading_compatible=True
"""Validation: the loss of a text that is not trained on.

One stream reads the text from beginning to end; the first character of a document is not predicted.
"""

cimport cython
from libc.stdint cimport int32_t
from libc.string cimport memcpy, memset

from crnn.atomic cimport open_latch, take_latch
from crnn.core cimport Net, Shape, Share, Window, Workspace, forward, share_of
from crnn.fpmode cimport crnn_fpmode, crnn_fpmode_enter, crnn_fpmode_leave, crnn_pin
from crnn.kernels cimport real
from crnn.memory cimport Buffer
from crnn.text cimport Passage, Place, Text, is_fresh, reach, seek, settle, symbol

cdef enum:
    STEPS = 64      # of a window here: changes no result


cdef struct Reading:
    Passage text
    Place place
    Workspace n
    int32_t* inputs
    int32_t* targets
    Py_ssize_t characters, stray    # predicted so far; where something was no index, or -1
    double nats
    bint ended


cdef void open_window(Reading* r, const Shape* S, real* Hs) noexcept nogil:
    """The next characters of the document, and the state before them."""
    cdef Py_ssize_t t, x, last = r.n.T
    r.n.T = min(<Py_ssize_t> STEPS, reach(&r.text, &r.place) - r.place.position - 1)
    for t in range(r.n.T + 1):
        x = symbol(&r.text, r.place.position + t)
        if x < 0:
            r.stray = r.place.position + t
            x = 0
        if t < r.n.T:
            r.inputs[t] = <int32_t> x
        if t > 0:
            r.targets[t - 1] = <int32_t> x
    if is_fresh(&r.text, &r.place):
        memset(Hs, 0, S.H * sizeof(real))
    else:
        memcpy(Hs, Hs + last * S.ldh, S.H * sizeof(real))


cdef void read_windows(Reading* r, Net net, Py_ssize_t characters, real* Hs) noexcept nogil:
    """Predict at least so many more characters, unless the text ends before."""
    cdef const Shape* S = &net.S
    cdef Share all = share_of(S, 1, 0, 1)
    cdef const real* losses = <const real*> r.n.losses
    cdef Py_ssize_t t, until = r.characters + characters, before
    while r.characters < until and not r.ended:
        open_window(r, S, Hs)
        forward(S, &net.W, &r.n, &all, Hs)
        for t in range(r.n.T):
            r.nats += losses[t]
        r.characters += r.n.T
        before = r.place.position
        r.place.position += r.n.T
        settle(&r.text, &r.place)
        r.ended = r.place.position <= before    # after the last document comes the first


@cython.final
cdef class Validation:
    """The loss of one text under the parameters of a net, as they are while it runs.

    One thread at a time: what finds another thread in it raises a RuntimeError and does nothing.

    Parameters
    ----------
    net : Net
    text : Text
        With something to predict: a document of two characters.

    Raises
    ------
    ValueError
        If there is none.
    """

    cdef Net net
    cdef Text text
    cdef Window window
    cdef Buffer scratch
    cdef int latch              # taken by the thread that uses it
    cdef Reading reading

    def __cinit__(self, Net net not None, Text text not None):
        cdef Reading* r = &self.reading
        text.check_fits(net.S.V)
        self.net, self.text = net, text
        self.window = Window(net, STEPS)
        self.scratch = Buffer(2 * STEPS * sizeof(int32_t))
        r.text, r.n = text.passage, self.window.n
        r.inputs = <int32_t*> self.scratch.data
        r.targets = r.inputs + STEPS
        r.n.inputs, r.n.targets = r.inputs, r.targets
        r.place.end = r.text.length
        if not any(self.lengths_above_one()):
            raise ValueError("text has no document of two characters, so nothing to predict")
        self.begin()

    def lengths_above_one(self):
        """For each document, whether it has something to predict."""
        cdef const Passage* p = &self.text.passage
        for i in range(p.documents):
            yield (p.starts[i + 1] if i + 1 < p.documents else p.length) - p.starts[i] > 1

    cdef int take(self) except -1:
        """Be alone with the reading until the latch is opened."""
        if not take_latch(&self.latch):
            raise RuntimeError("this validation is in use in another thread, expected one of its own for each")
        return 0

    def begin(self):
        """Go back to the beginning of the text."""
        cdef Reading* r = &self.reading
        self.take()
        seek(&r.text, &r.place, 0)
        settle(&r.text, &r.place)
        r.characters, r.nats, r.stray, r.ended = 0, 0, -1, False
        open_latch(&self.latch)

    def run(self, characters):
        """Predict so many more characters or a few more, without the GIL; fewer if the text ends."""
        cdef Py_ssize_t n = characters, stray
        cdef crnn_fpmode theirs
        self.take()
        with nogil:
            theirs = crnn_fpmode_enter()
            if self.net.double:
                read_windows(&self.reading, self.net, n, <double*> self.reading.n.Hs)
            else:
                read_windows(&self.reading, self.net, n, <float*> self.reading.n.Hs)
            crnn_fpmode_leave(theirs)
        stray = self.reading.stray
        open_latch(&self.latch)
        if stray >= 0:
            raise ValueError(f"text[{stray}] is not below {self.reading.text.V}: the file that "
                             "holds it was changed while it was read")

    @property
    def ended(self):
        """Whether the whole text was read."""
        cdef bint ended
        self.take()
        ended = self.reading.ended
        open_latch(&self.latch)
        return ended

    @property
    def characters(self):
        """How many were predicted so far."""
        cdef Py_ssize_t characters
        self.take()
        characters = self.reading.characters
        open_latch(&self.latch)
        return characters

    @property
    def loss(self):
        """Nats per character so far."""
        cdef crnn_fpmode theirs
        cdef double loss
        self.take()
        theirs = crnn_fpmode_enter()
        loss = crnn_pin(self.reading.nats / self.reading.characters)
        crnn_fpmode_leave(theirs)
        open_latch(&self.latch)
        return loss
