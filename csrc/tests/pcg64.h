/* pcg64.h - NumPy's PCG64 (O'Neill's PCG XSL RR 128/64), from a state on: its raw 64-bit numbers.
 *
 * In 64-bit arithmetic, for 32-bit processors have no 128-bit type.
 */
#ifndef CRNN_TESTS_PCG64_H
#define CRNN_TESTS_PCG64_H

#include <stdint.h>

typedef struct {
    uint64_t high, low;
} wide;

typedef struct {
    wide state, increment;
} pcg64;

/* a * b modulo 2^128. */
static inline wide wide_product(wide a, wide b)
{
    uint64_t a0 = a.low & 0xffffffff, a1 = a.low >> 32;
    uint64_t b0 = b.low & 0xffffffff, b1 = b.low >> 32;
    uint64_t middle = (a0 * b0 >> 32) + (a0 * b1 & 0xffffffff) + (a1 * b0 & 0xffffffff);
    wide product = {0, a.low * b.low};
    product.high = a1 * b1 + (a0 * b1 >> 32) + (a1 * b0 >> 32) + (middle >> 32);
    product.high += a.high * b.low + a.low * b.high;
    return product;
}

static inline wide wide_sum(wide a, wide b)
{
    wide sum = {a.high + b.high, a.low + b.low};
    sum.high += sum.low < b.low;
    return sum;
}

static inline uint64_t pcg64_next(pcg64 *bits)
{
    static const wide multiplier = {0x2360ed051fc65da4, 0x4385df649fccf645};
    bits->state = wide_sum(wide_product(bits->state, multiplier), bits->increment);
    uint64_t folded = bits->state.high ^ bits->state.low;
    unsigned turn = (unsigned)(bits->state.high >> 58);
    return folded >> turn | folded << (-turn & 63);
}

#endif
