"""A range coder, and counts that adapt: whole numbers alone, for coding.pyx and online.pyx.

What is coded is a fraction of [0, 1), written byte by byte: each symbol narrows the interval [low,
low + range) to its part of it. low and range are 64 bits of that fraction from the first byte on that is
not written yet; a byte is written when range falls below 2^56, so that a total of 2^32 still has parts
of 2^24. A carry out of low goes into the bytes that are written already, which stand in memory.
(G. N. N. Martin, *Range encoding: an algorithm for removing redundancy from a digitised message*, 1979.)
"""

from libc.stdint cimport uint8_t, uint32_t, uint64_t

from crnn.kernels cimport crnn_tables

cdef enum:
    MOST_BYTES = 8          # that one event may take: 16 bits for a switch, 31 for a character
    LAST_BYTES = 8          # that the end may take


# --- Writing ---------------------------------------------------------------------------------------

cdef struct Packing:
    uint64_t low, range
    uint8_t* out
    Py_ssize_t n            # bytes written


cdef inline Packing packing_into(uint8_t* out) noexcept nogil:
    return Packing(0, <uint64_t> -1, out, 0)


cdef inline void add_to_low(Packing* c, uint64_t part) noexcept nogil:
    """Raise low, and carry: never past the first byte, for the fraction stays below 1."""
    cdef Py_ssize_t i = c.n - 1
    c.low += part
    if c.low < part:
        while c.out[i] == 0xFF:
            c.out[i] = 0
            i -= 1
        c.out[i] += 1


cdef inline void put(Packing* c, uint32_t below, uint32_t size, uint32_t total) noexcept nogil:
    """Code what has `size` of `total` parts, after `below` others. size is at least 1."""
    cdef uint64_t part = c.range // total
    add_to_low(c, part * below)
    c.range = part * size
    while c.range < <uint64_t> 1 << 56:
        c.out[c.n] = <uint8_t> (c.low >> 56)
        c.n += 1
        c.low <<= 8
        c.range <<= 8


cdef inline void close_packing(Packing* c) noexcept nogil:
    """Write the shortest fraction of the interval: it needs one more byte, whatever comes after."""
    add_to_low(c, (<uint64_t> 1 << 56) - 1)
    c.out[c.n] = <uint8_t> (c.low >> 56)
    c.n += 1


# --- Reading ---------------------------------------------------------------------------------------

cdef struct Unpacking:
    uint64_t code, range    # code: the fraction less low
    uint64_t part           # of one of `total`, between locate and take
    const uint8_t* at
    Py_ssize_t n            # bytes read, among them zeros past the end
    Py_ssize_t size         # bytes there are


cdef inline void read_byte(Unpacking* c) noexcept nogil:
    c.code = c.code << 8 | (c.at[c.n] if c.n < c.size else 0)
    c.n += 1


cdef inline Unpacking unpacking_from(const uint8_t* at, Py_ssize_t size) noexcept nogil:
    cdef Unpacking c = Unpacking(0, <uint64_t> -1, 1, at, 0, size)
    cdef int _i
    for _i in range(8):
        read_byte(&c)
    return c


cdef inline uint32_t place_in(Unpacking* c, uint32_t total) noexcept nogil:
    """Which of `total` parts the fraction lies in; then `take` the symbol that has it.

    What was damaged may lie past the last one, and is taken for it.
    """
    cdef uint64_t place
    c.part = c.range // total
    place = c.code // c.part
    return <uint32_t> place if place < total else total - 1


cdef inline void take(Unpacking* c, uint32_t below, uint32_t size) noexcept nogil:
    c.code -= c.part * below
    c.range = c.part * size
    while c.range < <uint64_t> 1 << 56:
        read_byte(c)
        c.range <<= 8


cdef inline bint is_read(const Unpacking* c) noexcept nogil:
    """Whether the bytes are as many as were written for what was read: none missing, none left."""
    return c.n == c.size + 7


cdef inline bint is_overrun(const Unpacking* c) noexcept nogil:
    """Whether more were read than can have been written: nothing that comes now was coded."""
    return c.n > c.size + 7


# --- Counts ----------------------------------------------------------------------------------------

cdef enum:
    GAIN = 32               # of a count, each time its symbol comes
    SWITCH_LIMIT = 1 << 16  # of all counts together: then they are halved, so that old ones fade
    BYTE_LIMIT = 1 << 20


cdef struct Counts:
    uint32_t* of
    Py_ssize_t n
    uint32_t total, limit


cdef inline void learn(Counts* c, Py_ssize_t j) noexcept nogil:
    """Count one symbol."""
    cdef Py_ssize_t i
    c.of[j] += GAIN
    c.total += GAIN
    if c.total > c.limit:
        c.total = 0
        for i in range(c.n):
            c.of[i] = (c.of[i] + 1) // 2
            c.total += c.of[i]


cdef inline void put_counted(const crnn_tables* K, Packing* c, Counts* counts,
                             Py_ssize_t j) noexcept nogil:
    """Code a symbol by its count, then count it."""
    put(c, K.f32.count_below(j, counts.of), counts.of[j], counts.total)
    learn(counts, j)


cdef inline Py_ssize_t take_counted(const crnn_tables* K, Unpacking* c, Counts* counts) noexcept nogil:
    """The symbol that `put_counted` coded; it is counted."""
    cdef uint32_t below
    cdef Py_ssize_t j = K.f32.locate(counts.n, counts.of, place_in(c, counts.total), &below)
    take(c, below, counts.of[j])
    learn(counts, j)
    return j


# --- What a model has no character for -------------------------------------------------------------

cdef struct Escapes:
    uint32_t switches[2]    # how often a character came, how often a byte
    uint32_t bytes[256]
    Counts switch_counts, byte_counts


cdef inline void begin_escapes(Escapes* e) noexcept nogil:
    """Nothing counted yet. e must not move: its counts point into it."""
    cdef Py_ssize_t i
    e.switches[0], e.switches[1] = GAIN, 1
    for i in range(256):
        e.bytes[i] = 1
    e.switch_counts = Counts(&e.switches[0], 2, GAIN + 1, SWITCH_LIMIT)
    e.byte_counts = Counts(&e.bytes[0], 256, 256, BYTE_LIMIT)
