# cython: language_level=3, auto_pickle=False, autotestdict=False, freethreading_compatible=True
"""Memory: aligned blocks that NumPy can view, and where the elements of an array stand.

Knows nothing of RNNs. Every size is checked before it is multiplied or allocated, every array before
its address is used.
"""

import os

from numpy import ndarray

cimport cython
from cpython.buffer cimport (
    PyBUF_C_CONTIGUOUS, PyBUF_FORMAT, PyBUF_WRITABLE, PyBuffer_FillInfo, PyBuffer_Release,
    PyObject_GetBuffer,
)
from cpython.long cimport PyLong_AsLongLongAndOverflow
from cpython.mem cimport PyMem_Calloc, PyMem_Free
from libc.stdint cimport int32_t, uintptr_t


@cython.final
cdef class Buffer:
    """Zeroed memory, 64-byte aligned, that NumPy can view."""

    def __cinit__(self, nbytes):
        self.nbytes = affordable(nbytes)
        self.allocation = PyMem_Calloc(self.nbytes + 64, 1)
        if self.allocation == NULL:
            raise MemoryError(f"cannot allocate {nbytes:,} bytes")
        self.data = <void*> ((<uintptr_t> self.allocation + 63) & ~<uintptr_t> 63)

    def __dealloc__(self):
        PyMem_Free(self.allocation)

    def __getbuffer__(self, Py_buffer* view, int flags):
        PyBuffer_FillInfo(view, self, self.data, self.nbytes, 0, flags)


def affordable(nbytes):
    """`nbytes`, or a MemoryError if this machine cannot hold so many; nothing is allocated.

    Systems that promise more memory than they have would kill the process later instead.
    """
    try:
        memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        memory = 2**47      # unknown here (Windows): the allocation itself will tell
    if nbytes < 0:
        raise ValueError(f"nbytes is {nbytes}, expected at least 0")
    if nbytes > min(memory, 2**62):
        raise MemoryError(f"{nbytes:,} bytes are needed, this machine has {memory:,}")
    return nbytes


cdef void* address(object array, str name, tuple formats, Py_ssize_t itemsize, Py_ssize_t size,
                   bint writable) except NULL:
    """Where the `size` elements of a C-contiguous array stand. The caller holds on to the array.

    `formats`: the names that the buffer protocol may have for the type.
    """
    cdef Py_buffer view
    cdef void* at
    if not isinstance(array, ndarray):      # an array.array may be resized when nobody holds a view of it
        raise TypeError(f"{name} is a {type(array).__name__}, expected a NumPy array")
    try:
        PyObject_GetBuffer(array, &view,
                           PyBUF_C_CONTIGUOUS | PyBUF_FORMAT | (PyBUF_WRITABLE if writable else 0))
    except TypeError:
        raise TypeError(f"{name} is a {type(array).__name__}, expected a NumPy array") from None
    try:
        format = view.format.decode()
        count = view.len // view.itemsize
        if format not in formats or view.itemsize != itemsize or count != size:
            raise ValueError(f"{name}: expected {size} elements of {itemsize} bytes and format "
                             f"{' or '.join(formats)}, got {count} of "
                             f"{view.itemsize} bytes and format {format}")
        at = view.buf
        if <uintptr_t> at % itemsize != 0:
            raise ValueError(f"{name} is not aligned to its elements, expected a fresh array")
    finally:
        PyBuffer_Release(&view)
    return at


cdef void* real_address(object array, str name, bint double, Py_ssize_t size,
                        bint writable) except NULL:
    """The same for float64 or float32."""
    return address(array, name, ("d",) if double else ("f",), 8 if double else 4, size, writable)


cdef int32_t* index_address(object array, str name, Py_ssize_t size, bint writable) except NULL:
    """The same for int32, which some systems call long."""
    return <int32_t*> address(array, name, ("i", "l"), 4, size, writable)


def take_indices(values, ixes, Py_ssize_t end):
    """Copy a list or tuple of plain ints from 0 to end - 1 into an int32 array of its length.

    Returns
    -------
    bool
        False if one is something else: then the array holds those before it.
    """
    cdef Py_ssize_t n = len(values), i = 0
    cdef int32_t* out = index_address(ixes, "ixes", n, True)
    cdef long long x
    cdef int overflow
    for value in values:
        if type(value) is not int or i == n:    # another thread may have made it longer
            return False
        x = PyLong_AsLongLongAndOverflow(value, &overflow)
        if overflow or not 0 <= x < end:
            return False
        out[i] = <int32_t> x
        i += 1
    return i == n
