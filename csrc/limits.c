/* limits.c - what bounds every other kernel: multiply-adds a second, and bytes loaded a second.
 *
 * Nothing here is of use to an RNN. Timed from outside, the two loops say how fast this processor can
 * be with the instructions of one table, so that a time can be put beside what is possible. They do
 * their work for a result that is defined, lest a compiler leave it out.
 */
#include "kernels.h"
#include "simd.h"

/* Chains that run side by side: at least latency times units (Haswell 5 x 2; Apple's cores 4 x 4), few
 * enough for the registers beside a factor, and no more than the 16 turns up to which gcc unrolls a
 * loop whole. They divide a round into blocks. */
#if defined(CRNN_NEON)
#define CHAINS 16
#else
#define CHAINS 12
#endif
#define BLOCK (CHAINS * LANES)
_Static_assert(CRNN_ROUND % BLOCK == 0, "a round is whole blocks of chains");

/* `rounds` links of every chain of a block. It stands in registers, and nothing else is in the loop. */
static inline void lengthen_chains(ptrdiff_t rounds, vec x, real *y)
{
    vec acc[CHAINS];
    for (int c = 0; c < CHAINS; c++) acc[c] = v_load(y + c * LANES);
    for (ptrdiff_t r = 0; r < rounds; r++)
        for (int c = 0; c < CHAINS; c++) acc[c] = v_fma(x, x, acc[c]);
    for (int c = 0; c < CHAINS; c++) v_store(y + c * LANES, acc[c]);
}

static real multiply_adds(ptrdiff_t rounds, real x)
{
    real y[CRNN_ROUND], sum = 0;
    for (int q = 0; q < CRNN_ROUND; q++) y[q] = (real)q;
    for (int q = 0; q < CRNN_ROUND; q += BLOCK) lengthen_chains(rounds, v_set1(x), y + q);
    for (int q = 0; q < CRNN_ROUND; q++) sum += y[q];
    return sum;
}

/* Sums that run side by side: an addition waits for its load, and for no other one of the same pass. */
#define SUMS 8

static inline bits sum_of_lanes(ivec a)
{
    real lanes[LANES];
    bits lane[LANES], sum = 0;
    v_store(lanes, v_real(a));
    memcpy(lane, lanes, sizeof lane);
    for (int i = 0; i < LANES; i++) sum += lane[i];
    return sum;
}

/* n is a multiple of SUMS vectors. The loop that is timed. */
static inline ivec sum_of_passes(ptrdiff_t n, const real *x, ptrdiff_t rounds)
{
    ivec sum[SUMS];
    for (int s = 0; s < SUMS; s++) sum[s] = i_set1(0);
    for (ptrdiff_t r = 0; r < rounds; r++)
        for (const real *at = x; at < x + n; at += SUMS * LANES)
            for (int s = 0; s < SUMS; s++) sum[s] = i_add(sum[s], v_bits(v_load(at + s * LANES)));
    for (int s = 1; s < SUMS; s++) sum[0] = i_add(sum[0], sum[s]);
    return sum[0];
}

static uint64_t loads(ptrdiff_t n, const real *x, ptrdiff_t rounds)
{
    ptrdiff_t passed = n - n % (SUMS * LANES);
    ivec sum = sum_of_passes(passed, x, rounds);
    for (ptrdiff_t r = 0; r < rounds; r++) {
        ptrdiff_t i = passed;
        for (; i + LANES <= n; i += LANES) sum = i_add(sum, v_bits(v_load(x + i)));
        if (i < n) sum = i_add(sum, v_bits(v_load_n(x + i, (int)(n - i))));
    }
    return sum_of_lanes(sum);
}
#undef BLOCK
#undef CHAINS
#undef SUMS
