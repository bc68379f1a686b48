"""Uniform and normal numbers from NumPy's bit generators."""

from libc.stdint cimport uint16_t, uint32_t, uint64_t

from crnn.kernels cimport crnn_tables, real


# NumPy's interface to a bit generator (numpy/random/bitgen.h), found in its capsule.
ctypedef struct bitgen:
    void* state
    uint64_t (*next_uint64)(void* state) noexcept nogil
    uint32_t (*next_uint32)(void* state) noexcept nogil
    double (*next_double)(void* state) noexcept nogil
    uint64_t (*next_raw)(void* state) noexcept nogil

ctypedef double (*coin)(bitgen* bits) noexcept nogil


cdef bitgen* bitgen_of(object bit_generator) except NULL
cdef double raw_coin(bitgen* bits) noexcept nogil
cdef double numpy_coin(bitgen* bits) noexcept nogil

# `spare`: what the polar method keeps for the next call; NaN at first.
cdef double normal(const crnn_tables* K, bitgen* bits, double* spare) noexcept nogil
cdef void fill_with_normals(const crnn_tables* K, bitgen* bits, double* spare, double scale,
                            Py_ssize_t m, Py_ssize_t n, Py_ssize_t rs, Py_ssize_t cs,
                            real* W) noexcept nogil
cdef void fill_with_uniforms(bitgen* bits, double bound, Py_ssize_t m, Py_ssize_t n, Py_ssize_t rs,
                             Py_ssize_t cs, real* W) noexcept nogil
cdef void fill_with_coins(bitgen* bits, Py_ssize_t n, uint16_t* coins) noexcept nogil
