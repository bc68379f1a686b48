# cython: language_level=3, cdivision=True, auto_pickle=False, autotestdict=False, freethreading_compatible=True
"""A text as the loops read it: indices, documents, and the place where a stream is.

The indices may be a file that is mapped into memory and does not fit into it; whoever wrote it, none is
trusted: each is checked when it is read.
"""

cimport cython
from libc.stdint cimport int32_t, int64_t, uint8_t, uint16_t
from libc.string cimport memcpy

from crnn.memory cimport Buffer, address


cdef Py_ssize_t symbol(const Passage* p, Py_ssize_t i) noexcept nogil:
    """The index at i, or -1 if it is none below V."""
    cdef Py_ssize_t x
    if p.width == 1:
        x = (<const uint8_t*> p.at)[i]
    elif p.width == 2:
        x = (<const uint16_t*> p.at)[i]
    else:
        x = (<const int32_t*> p.at)[i]
    return x if 0 <= x < p.V else -1


cdef Py_ssize_t reach(const Passage* p, const Place* place) noexcept nogil:
    """Where the document of a place ends, in its part."""
    if place.document + 1 < p.documents:
        return min(<Py_ssize_t> p.starts[place.document + 1], place.end)
    return place.end


cdef bint is_fresh(const Passage* p, const Place* place) noexcept nogil:
    """Whether a place is where a part or a document begins, so that nothing was read before."""
    return place.position == max(place.begin, <Py_ssize_t> p.starts[place.document])


cdef void seek(const Passage* p, Place* place, Py_ssize_t position) noexcept nogil:
    """Go to a position of the part, wherever that is among the documents."""
    cdef Py_ssize_t first = 0, last = p.documents - 1, middle
    while first < last:
        middle = (first + last + 1) // 2
        if p.starts[middle] <= position:
            first = middle
        else:
            last = middle - 1
    place.position, place.document = position, first


cdef void settle(const Passage* p, Place* place) noexcept nogil:
    """If nothing is left to predict in the document, go on to the next one that has something.

    After the last one of the part comes the first. One of them must have two characters.
    """
    while place.position + 1 >= reach(p, place):
        place.document += 1
        if place.document < p.documents and p.starts[place.document] < place.end:
            place.position = p.starts[place.document]
        else:
            seek(p, place, place.begin)


@cython.final
cdef class Text:
    """A text: indices below V, as one piece or as documents.

    Parameters
    ----------
    array : numpy.ndarray
        C-contiguous uint8, uint16 or int32. It is not copied, and read again and again.
    V : int
        Size of the vocabulary.
    starts : numpy.ndarray, optional
        int64: where each document begins, rising from 0. Then no window crosses from one to the next.
        They are copied: a number among them that changed would lead out of the text.

    Attributes
    ----------
    array : numpy.ndarray
        The indices, as given.

    Raises
    ------
    TypeError, ValueError
        If an array is of another type, or the documents are not in order.
    """

    def __cinit__(self, array, V, starts=None):
        cdef Passage* p = &self.passage
        cdef Py_ssize_t i
        formats = {1: ("B",), 2: ("H",), 4: ("i", "l")}
        p.length, p.V = len(array), V
        p.width = getattr(array, "itemsize", 0)
        if p.width not in formats:
            raise TypeError(f"text is a {type(array).__name__}, expected an array of uint8, uint16 or int32")
        p.at = address(array, "text", formats[p.width], p.width, p.length, False)
        p.apart = starts is not None
        p.documents = 1 if starts is None else len(starts)
        self.starts = Buffer(8 * p.documents)
        p.starts = <const int64_t*> self.starts.data
        if starts is not None:
            memcpy(self.starts.data, address(starts, "starts", ("q", "l"), 8, p.documents, False),
                   self.starts.nbytes)
        if p.documents < 1 or p.starts[0] != 0 or p.starts[p.documents - 1] >= p.length:
            raise ValueError(f"starts: expected 0 first, and all below the text's length, {p.length}")
        for i in range(1, p.documents):
            if p.starts[i] <= p.starts[i - 1]:
                raise ValueError(f"starts[{i}] is {p.starts[i]}, expected more than {p.starts[i - 1]}")
        self.array = array

    def __len__(self):
        """How many characters it has."""
        return self.passage.length

    cdef int check_fits(self, Py_ssize_t V) except -1:
        """Its characters must be among the V of a net."""
        if self.passage.V > V:
            raise ValueError(f"text has indices below {self.passage.V}, the net has {V} characters")
        return 0

    @property
    def is_apart(self):
        """Whether its documents are kept apart."""
        return self.passage.apart
