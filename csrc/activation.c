/* activation.c - exp, log and tanh over vectors, and the way back through tanh. */
#include "kernels.h"
#include "simd.h"
#include "vmath.h"

/* y = f(x) over n elements: whole vectors, then the lanes that remain. */
#define MAP(f)                                                                                     \
    ptrdiff_t i = 0;                                                                               \
    for (; i + LANES <= n; i += LANES) v_store(y + i, f(v_load(x + i)));                           \
    if (i < n) v_store_n(y + i, f(v_load_n(x + i, (int)(n - i))), (int)(n - i));

static void exp_all(ptrdiff_t n, const real *x, real *y) { MAP(v_exp) }
static void log_all(ptrdiff_t n, const real *x, real *y) { MAP(v_log) }
static void tanh_all(ptrdiff_t n, const real *x, real *y) { MAP(v_tanh) }
#undef MAP

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
