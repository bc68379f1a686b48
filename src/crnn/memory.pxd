"""Aligned blocks, and where the elements of an array stand."""

from libc.stdint cimport int32_t


cdef class Buffer:
    cdef void* data             # 64-byte aligned
    cdef Py_ssize_t nbytes
    cdef void* allocation


cdef void* real_address(object array, str name, bint double, Py_ssize_t size,
                        bint writable) except NULL
cdef int32_t* index_address(object array, str name, Py_ssize_t size, bint writable) except NULL
cdef void* address(object array, str name, tuple formats, Py_ssize_t itemsize, Py_ssize_t size,
                   bint writable) except NULL
