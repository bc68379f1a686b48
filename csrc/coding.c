/* coding.c - from probabilities to whole numbers that an entropy coder counts with, and places among them.
 *
 * Integers have no rounding and their sums no order: plain loops, of which the compiler makes vectors.
 */
#include "kernels.h"
#include "simd.h"

#define CERTAIN                                                                                    \
    (1 << 30)    /* the frequency of what has the probability 1, but for the 1 that all have */
#define BLOCK 16 /* frequencies that are passed over at once */

static uint32_t frequencies(ptrdiff_t n, const real *p, uint32_t *f)
{
    uint32_t total = 0;
    for (ptrdiff_t j = 0; j < n; j++) {
        real q = p[j] > 0 ? p[j] : 0;
        q = q < 1 ? q : 1;
        f[j] = 1 + (uint32_t)(int32_t)(q * (real)CERTAIN);
        total += f[j];
    }
    return total;
}

static uint32_t count_below(ptrdiff_t n, const uint32_t *f)
{
    uint32_t sum = 0;
    for (ptrdiff_t j = 0; j < n; j++) sum += f[j];
    return sum;
}

static ptrdiff_t locate(ptrdiff_t n, const uint32_t *f, uint32_t u, uint32_t *below)
{
    uint32_t before = 0;
    ptrdiff_t j = 0;
    while (j + BLOCK < n) {
        uint32_t sum = count_below(BLOCK, f + j);
        if (u - before < sum) break;
        before += sum;
        j += BLOCK;
    }
    for (; j + 1 < n && u - before >= f[j]; j++) before += f[j];
    *below = before;
    return j;
}
#undef CERTAIN
#undef BLOCK
