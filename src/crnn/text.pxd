"""The C types of a text."""

from libc.stdint cimport int32_t, int64_t

from crnn.memory cimport Buffer


# A text as indices of 1, 2 or 4 bytes, and where its documents begin.
cdef struct Passage:
    const void* at
    int width                   # bytes of an index
    Py_ssize_t length           # indices
    int32_t V                   # they are below it
    bint apart                  # whether a window ends where a document does
    const int64_t* starts       # (documents), rising from 0
    Py_ssize_t documents


# Where one stream is in its part of a passage; all of it counts from the beginning of the passage.
cdef struct Place:
    Py_ssize_t begin, end       # the part
    Py_ssize_t position         # the character to be read next
    Py_ssize_t document         # the one that it belongs to


cdef class Text:
    cdef Passage passage
    cdef readonly object array  # they own the memory
    cdef Buffer starts
    cdef int check_fits(self, Py_ssize_t V) except -1


cdef Py_ssize_t symbol(const Passage* p, Py_ssize_t i) noexcept nogil
cdef Py_ssize_t reach(const Passage* p, const Place* place) noexcept nogil
cdef bint is_fresh(const Passage* p, const Place* place) noexcept nogil
cdef void seek(const Passage* p, Place* place, Py_ssize_t position) noexcept nogil
cdef void settle(const Passage* p, Place* place) noexcept nogil
