/* activation.c - exp, log and tanh over vectors, and the way back through tanh. */
#include "kernels.h"
#include "simd.h"
#include "vmath.h"

/* `vecs` vectors from i on, the last with `last` lanes (LANES: a whole one). */
#define SOME(f, vecs, last)                                                                        \
    {                                                                                              \
        vec some[vecs];                                                                            \
        const ptrdiff_t at_last = i + (vecs - 1) * LANES;                                          \
        for (int v = 0; v < vecs - 1; v++) some[v] = v_load(x + i + v * LANES);                    \
        some[vecs - 1] = v_load_up_to(x + at_last, last);                                          \
        f(vecs, some);                                                                             \
        for (int v = 0; v < vecs - 1; v++) v_store(y + i + v * LANES, some[v]);                    \
        v_store_up_to(y + at_last, some[vecs - 1], last);                                          \
    }

#define REST(f, vecs)                                                                              \
    case vecs:                                                                                     \
        SOME(f, vecs, last)                                                                        \
        break;

/* y = f(x) over n elements. The vectors that remain have code of their own, without a loop: the
 * constants that a compiler takes out of a loop cost a short row more than they save. */
#define MAP(f)                                                                                     \
    ptrdiff_t i = 0;                                                                               \
    for (; n - i > TOGETHER * LANES; i += TOGETHER * LANES) SOME(f, TOGETHER, LANES)               \
    ptrdiff_t vecs = (n - i + LANES - 1) / LANES;                                                  \
    int last = (int)(n - i - (vecs - 1) * LANES);                                                  \
    switch (vecs) {                                                                                \
        REST(f, 1)                                                                                 \
        REST(f, 2)                                                                                 \
        REST(f, 3)                                                                                 \
        REST(f, 4)                                                                                 \
    }

static void exp_all(ptrdiff_t n, const real *x, real *y) { MAP(v_exp) }
static void log_all(ptrdiff_t n, const real *x, real *y) { MAP(v_log) }
static void tanh_all(ptrdiff_t n, const real *x, real *y) { MAP(v_tanh) }
#undef MAP
#undef REST
#undef SOME

static inline vec through_tanh(vec h, vec dh) { return v_mul(v_fnma(h, h, v_set1(1)), dh); }

static void tanh_backward(ptrdiff_t n, const real *h, const real *dh, real *dz)
{
    ptrdiff_t i = 0;
    for (; i + LANES <= n; i += LANES) v_store(dz + i, through_tanh(v_load(h + i), v_load(dh + i)));
    if (i < n) {
        int rest = (int)(n - i);
        v_store_n(dz + i, through_tanh(v_load_n(h + i, rest), v_load_n(dh + i, rest)), rest);
    }
}
