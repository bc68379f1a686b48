/* gemm.c - C = S + A B, the products over all steps of a window.
 *
 * C is cut into column panels of up to GEMM_VECS vectors and those into tiles of up to GEMM_ROWS rows;
 * a tile stays in registers while p runs over the inner dimension. A panel of B is read once a tile and
 * stays in the first-level cache. A is broadcast element by element, so its strides do not matter.
 */
#include "kernels.h"
#include "simd.h"

typedef struct {
    ptrdiff_t k;
    const real *A;
    ptrdiff_t ars, acs;
    const real *B;
    ptrdiff_t ldb;
    const real *S;
    ptrdiff_t lds;
    real *C;
    ptrdiff_t ldc;
} product; /* what a tile needs; A, B, S and C point at its first element */

static inline __attribute__((always_inline)) vec load_lanes(const int whole, const real *p,
                                                            int lanes)
{
    return whole ? v_load(p) : v_load_n(p, lanes);
}

/* A tile of rows x vecs vectors, the last vector of a row with `last` lanes. `rows`, `vecs` and `whole`
 * (last == LANES) are constants at every call, so that the accumulators are registers. */
static inline __attribute__((always_inline)) void gemm_tile(const int rows, const int vecs,
                                                            const int whole, int last, product t)
{
    vec acc[GEMM_ROWS][GEMM_VECS], b[GEMM_VECS];
    for (int r = 0; r < rows; r++)
        for (int v = 0; v < vecs; v++)
            acc[r][v] = t.S ? load_lanes(whole || v < vecs - 1, t.S + r * t.lds + v * LANES, last)
                            : v_set1(0);
    for (ptrdiff_t p = 0; p < t.k; p++, t.A += t.acs, t.B += t.ldb) {
        for (int v = 0; v < vecs; v++)
            b[v] = load_lanes(whole || v < vecs - 1, t.B + v * LANES, last);
        for (int r = 0; r < rows; r++) {
            vec a = v_set1(t.A[r * t.ars]);
            for (int v = 0; v < vecs; v++) acc[r][v] = v_fma(a, b[v], acc[r][v]);
        }
    }
    for (int r = 0; r < rows; r++)
        for (int v = 0; v < vecs; v++)
            if (whole || v < vecs - 1)
                v_store(t.C + r * t.ldc + v * LANES, acc[r][v]);
            else
                v_store_n(t.C + r * t.ldc + v * LANES, acc[r][v], last);
}

#define TILE(ROWS, VECS)                                                                           \
    case VECS:                                                                                     \
        if (ROWS > GEMM_ROWS || VECS > GEMM_VECS) break;                                           \
        if (last == LANES)                                                                         \
            gemm_tile(ROWS, VECS, 1, LANES, t);                                                    \
        else                                                                                       \
            gemm_tile(ROWS, VECS, 0, last, t);                                                     \
        break;
#define TILES(ROWS)                                                                                \
    case ROWS:                                                                                     \
        switch (vecs) {                                                                            \
            TILE(ROWS, 1)                                                                          \
            TILE(ROWS, 2)                                                                          \
            TILE(ROWS, 3)                                                                          \
            TILE(ROWS, 4)                                                                          \
        }                                                                                          \
        break;

static void gemm_panel(ptrdiff_t m, int vecs, int last, product t)
{
    while (m > 0) {
        ptrdiff_t tiles = (m + GEMM_ROWS - 1) / GEMM_ROWS;
        ptrdiff_t rows = (m + tiles - 1) / tiles;
        switch (rows) {
            TILES(1)
            TILES(2)
            TILES(3)
            TILES(4)
            TILES(5)
        }
        m -= rows;
        t.A += rows * t.ars;
        t.C += rows * t.ldc;
        if (t.S) t.S += rows * t.lds;
    }
}
#undef TILES
#undef TILE

static void gemm(ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, const real *A, ptrdiff_t ars, ptrdiff_t acs,
                 const real *B, ptrdiff_t ldb, const real *S, ptrdiff_t lds, real *C, ptrdiff_t ldc)
{
    product t = {k, A, ars, acs, B, ldb, S, lds, C, ldc};
    ptrdiff_t vecs = (n + LANES - 1) / LANES;
    while (vecs > 0) {
        ptrdiff_t panels = (vecs + GEMM_VECS - 1) / GEMM_VECS;
        ptrdiff_t width = (vecs + panels - 1) / panels;
        int last = panels == 1 ? (int)(n - (vecs - 1) * LANES) : LANES;
        gemm_panel(m, (int)width, last, t);
        vecs -= width;
        n -= width * LANES;
        t.B += width * LANES;
        t.C += width * LANES;
        if (t.S) t.S += width * LANES;
    }
}
