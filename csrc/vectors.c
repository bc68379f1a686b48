/* vectors.c - vectors by numbers and by vectors: dot products, multiples, and elements left out. */
#include "kernels.h"
#include "simd.h"
#include "sums.h"

static real dot(ptrdiff_t n, const real *x, const real *y)
{
    partial_sums sums = no_sums();
    ptrdiff_t j = 0;
    for (; j + PARTIALS <= n; j += PARTIALS)
        for (int v = 0; v < PARTIALS / LANES; v++)
            sums.lanes[v] =
                v_fma(v_load(x + j + v * LANES), v_load(y + j + v * LANES), sums.lanes[v]);
    for (int v = 0; v < PARTIALS / LANES && j < n; v++, j += LANES) {
        int left = n - j < LANES ? (int)(n - j) : LANES;
        vec sum = v_fma(v_load_up_to(x + j, left), v_load_up_to(y + j, left), sums.lanes[v]);
        real lanes[LANES]; /* those past the end stay: to add 0 could change the sign of a zero */
        v_store(lanes, sums.lanes[v]);
        v_store_up_to(lanes, sum, left);
        sums.lanes[v] = v_load(lanes);
    }
    return tree(sums);
}

static void scale(ptrdiff_t n, real a, real *x)
{
    vec as = v_set1(a);
    ptrdiff_t i = 0;
    for (; i + LANES <= n; i += LANES) v_store(x + i, v_mul(as, v_load(x + i)));
    for (; i < n; i++) x[i] = a * x[i];
}

static void add_scaled(ptrdiff_t n, real a, const real *x, real *y)
{
    vec as = v_set1(a);
    ptrdiff_t i = 0;
    for (; i + LANES <= n; i += LANES) v_store(y + i, v_fma(as, v_load(x + i), v_load(y + i)));
    if (i < n) {
        int left = (int)(n - i);
        v_store_n(y + i, v_fma(as, v_load_n(x + i, left), v_load_n(y + i, left)), left);
    }
}

static void drop(ptrdiff_t n, uint32_t threshold, real a, const uint16_t *coins, const real *x,
                 real *y)
{
    for (ptrdiff_t i = 0; i < n; i++) {
        real kept = a * x[i];
        y[i] = coins[i] < threshold ? 0 : kept;
    }
}
