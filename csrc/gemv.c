/* gemv.c - y = s + A' x, the matrix-vector product of the recurrence.
 *
 * The outputs are cut into panels of up to GEMV_VECS vectors that stay in registers while k runs; A is
 * read once. The chain of every output is one fma a step of k, whatever the panel and its turn.
 *
 * The time goes into reading A: Whh of 100 units is larger than a first-level cache. Whoever multiplies
 * by one matrix again and again reverses the turns every other time, and finds half of it still there.
 */
#include "kernels.h"
#include "simd.h"

/* One panel of `vecs` vectors, the last with `last` lanes (LANES: a whole one). `vecs` and `whole` are
 * constants at every call, so that the accumulators are registers. */
static inline __attribute__((always_inline)) void gemv_panel(const int vecs, const int whole,
                                                             int last, ptrdiff_t n, const real *A,
                                                             ptrdiff_t lda, const real *x,
                                                             const real *s, real *y)
{
    vec acc[GEMV_VECS];
    const real *s_last = s + (vecs - 1) * LANES;
    real *y_last = y + (vecs - 1) * LANES;
    for (int v = 0; v < vecs - 1; v++) acc[v] = v_load(s + v * LANES);
    acc[vecs - 1] = whole ? v_load(s_last) : v_load_n(s_last, last);
    for (ptrdiff_t k = 0; k < n; k++, A += lda) {
        const real *a_last = A + (vecs - 1) * LANES;
        vec xk = v_set1(x[k]);
        for (int v = 0; v < vecs - 1; v++) acc[v] = v_fma(v_load(A + v * LANES), xk, acc[v]);
        acc[vecs - 1] = v_fma(whole ? v_load(a_last) : v_load_n(a_last, last), xk, acc[vecs - 1]);
    }
    for (int v = 0; v < vecs - 1; v++) v_store(y + v * LANES, acc[v]);
    if (whole)
        v_store(y_last, acc[vecs - 1]);
    else
        v_store_n(y_last, acc[vecs - 1], last);
}

#define PANEL(VECS)                                                                                \
    case VECS:                                                                                     \
        if (VECS > GEMV_VECS) break;                                                               \
        if (last == LANES)                                                                         \
            gemv_panel(VECS, 1, LANES, n, A + i, lda, x, s + i, y + i);                            \
        else                                                                                       \
            gemv_panel(VECS, 0, last, n, A + i, lda, x, s + i, y + i);                             \
        break;

static void gemv(ptrdiff_t m, ptrdiff_t n, const real *A, ptrdiff_t lda, const real *x,
                 const real *s, real *y, int backward)
{
    /* Panels of even width: a narrow last one would wait for its few chains. */
    ptrdiff_t vecs = (m + LANES - 1) / LANES, panels = (vecs + GEMV_VECS - 1) / GEMV_VECS;
    for (ptrdiff_t turn = 0; turn < panels; turn++) {
        ptrdiff_t p = backward ? panels - 1 - turn : turn;
        ptrdiff_t first = p * vecs / panels, width = (p + 1) * vecs / panels - first;
        ptrdiff_t i = first * LANES;
        int last = p == panels - 1 ? (int)(m - (vecs - 1) * LANES) : LANES;
        switch (width) {
            PANEL(1)
            PANEL(2)
            PANEL(3)
            PANEL(4)
            PANEL(5)
            PANEL(6)
            PANEL(7)
            PANEL(8)
        }
    }
}
#undef PANEL
