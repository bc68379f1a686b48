# cython: language_level=3, cdivision=True, auto_pickle=False, autotestdict=False, freethreading_compatible=True
"""Random numbers: from the raw bits of a NumPy bit generator, by our own arithmetic.

NumPy guarantees the raw stream of PCG64 for a seed, not what it makes of it; so uniform and normal
numbers are made here. Which seed and which stream, `crnn.seeding` decides.
"""

from cpython.pycapsule cimport PyCapsule_GetPointer
from libc.math cimport NAN, isnan, sqrt
from libc.stdint cimport uint16_t, uint64_t

from crnn.kernels cimport crnn_tables, real

cdef extern from "fpmode.h":    # what the arithmetic needs of the compiler, too
    pass

cdef extern from *:
    """
    #define UNIT 0x1p-53    /* the distance of neighbouring coins */
    """
    const double UNIT


cdef bitgen* bitgen_of(object bit_generator) except NULL:
    """The interface of a numpy.random.BitGenerator; who uses it holds its lock."""
    return <bitgen*> PyCapsule_GetPointer(bit_generator.capsule, "BitGenerator")


cdef double raw_coin(bitgen* bits) noexcept nogil:
    """A uniform number in [0, 1) from the upper 53 of 64 raw bits: our own arithmetic."""
    return <double> (bits.next_uint64(bits.state) >> 11) * UNIT


cdef double numpy_coin(bitgen* bits) noexcept nogil:
    """NumPy's random_sample(), whatever the generator."""
    return bits.next_double(bits.state)


cdef double normal(const crnn_tables* K, bitgen* bits, double* spare) noexcept nogil:
    """A standard normal number by the polar method (Marsaglia and Bray 1964), which makes two."""
    cdef double u, v, s, log_s, factor
    if not isnan(spare[0]):
        u = spare[0]
        spare[0] = NAN
        return u
    while True:
        u = 2 * raw_coin(bits) - 1
        v = 2 * raw_coin(bits) - 1
        s = u * u + v * v
        if 0 < s < 1:
            break
    K.f64.log(1, &s, &log_s)
    factor = sqrt(-2 * log_s / s)
    spare[0] = v * factor
    return u * factor


cdef void fill_with_normals(const crnn_tables* K, bitgen* bits, double* spare, double scale,
                            Py_ssize_t m, Py_ssize_t n, Py_ssize_t rs, Py_ssize_t cs,
                            real* W) noexcept nogil:
    """W[i * rs + j * cs] = scale times a normal number, row by row; rounded once to the type."""
    cdef Py_ssize_t i, j
    for i in range(m):
        for j in range(n):
            W[i * rs + j * cs] = <real> (normal(K, bits, spare) * scale)


cdef void fill_with_uniforms(bitgen* bits, double bound, Py_ssize_t m, Py_ssize_t n, Py_ssize_t rs,
                             Py_ssize_t cs, real* W) noexcept nogil:
    """W[i * rs + j * cs] = a uniform number in [-bound, bound), row by row; rounded once to the type."""
    cdef Py_ssize_t i, j
    for i in range(m):
        for j in range(n):
            W[i * rs + j * cs] = <real> ((2 * raw_coin(bits) - 1) * bound)


cdef void fill_with_coins(bitgen* bits, Py_ssize_t n, uint16_t* coins) noexcept nogil:
    """n coins of 16 bits, n a multiple of 4: four of each raw number, its lowest bits first."""
    cdef Py_ssize_t i
    cdef uint64_t raw
    for i in range(0, n, 4):
        raw = bits.next_uint64(bits.state)
        coins[i] = <uint16_t> raw
        coins[i + 1] = <uint16_t> (raw >> 16)
        coins[i + 2] = <uint16_t> (raw >> 32)
        coins[i + 3] = <uint16_t> (raw >> 48)
