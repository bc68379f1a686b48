/* gemm.c - C = S + A B, the products over all steps of a window.
 *
 * The inner dimension is cut into blocks of some GEMM_DEPTH: what a block needs of A and B stays in the
 * second-level cache, and C goes on from where the block before left it, which keeps every chain.
 * C is cut into column panels of up to GEMM_VECS vectors and those into tiles of up to GEMM_ROWS rows;
 * a tile stays in registers while p runs over the block. A panel of B is read once a tile and
 * stays in the first-level cache. A is broadcast element by element, so its strides do not matter.
 */
#include "kernels.h"
#include "simd.h"

#define GEMM_DEPTH 128

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

/* How the last vector of a row is handled: all lanes, the first `last` lanes, or those in half a vector. */
enum tail { WHOLE, PART, PART_OF_HALF };

static inline __attribute__((always_inline)) vec load_last(const enum tail tail, const real *p,
                                                           int last)
{
    return tail == WHOLE ? v_load(p) : tail == PART ? v_load_n(p, last) : v_load_half_n(p, last);
}

static inline __attribute__((always_inline)) vec fma_last(const enum tail tail, vec a, vec b, vec c)
{
    return tail == PART_OF_HALF ? v_fma_half(a, b, c) : v_fma(a, b, c);
}

/* A tile of rows x vecs vectors, the last vector of a row with `last` lanes. `rows`, `vecs` and `tail`
 * are constants at every call, so that the accumulators are registers. */
static inline __attribute__((always_inline)) void
gemm_tile(const int rows, const int vecs, const enum tail tail, int last, product t)
{
    const int full = vecs - 1;
    vec acc[GEMM_ROWS][GEMM_VECS], b[GEMM_VECS];
    for (int r = 0; r < rows; r++) {
        const real *s = t.S + r * t.lds;
        for (int v = 0; v < full; v++) acc[r][v] = t.S ? v_load(s + v * LANES) : v_set1(0);
        acc[r][full] = t.S ? load_last(tail, s + full * LANES, last) : v_set1(0);
    }
    for (ptrdiff_t p = 0; p < t.k; p++, t.A += t.acs, t.B += t.ldb) {
        for (int v = 0; v < full; v++) b[v] = v_load(t.B + v * LANES);
        b[full] = load_last(tail, t.B + full * LANES, last);
        for (int r = 0; r < rows; r++) {
            vec a = v_set1(t.A[r * t.ars]);
            for (int v = 0; v < full; v++) acc[r][v] = v_fma(a, b[v], acc[r][v]);
            acc[r][full] = fma_last(tail, a, b[full], acc[r][full]);
        }
    }
    for (int r = 0; r < rows; r++) {
        real *c = t.C + r * t.ldc;
        for (int v = 0; v < full; v++) v_store(c + v * LANES, acc[r][v]);
        if (tail == WHOLE)
            v_store(c + full * LANES, acc[r][full]);
        else
            v_store_n(c + full * LANES, acc[r][full], last);
    }
}

#define TILE(ROWS, VECS)                                                                           \
    case VECS:                                                                                     \
        if (ROWS > GEMM_ROWS || VECS > GEMM_VECS) break;                                           \
        if (last == LANES)                                                                         \
            gemm_tile(ROWS, VECS, WHOLE, LANES, t);                                                \
        else if (last <= HALF)                                                                     \
            gemm_tile(ROWS, VECS, PART_OF_HALF, last, t);                                          \
        else                                                                                       \
            gemm_tile(ROWS, VECS, PART, last, t);                                                  \
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

/* One block of the inner dimension. */
static void gemm_block(ptrdiff_t m, ptrdiff_t n, product t)
{
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

static void gemm(ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, const real *A, ptrdiff_t ars, ptrdiff_t acs,
                 const real *B, ptrdiff_t ldb, const real *S, ptrdiff_t lds, real *C, ptrdiff_t ldc)
{
    ptrdiff_t blocks = k < 2 * GEMM_DEPTH ? 1 : k / GEMM_DEPTH;
    for (ptrdiff_t block = 0; block < blocks; block++) {
        ptrdiff_t p = block * k / blocks, end = (block + 1) * k / blocks;
        product t = {end - p, A + p * acs, ars, acs, B + p * ldb, ldb, S, lds, C, ldc};
        gemm_block(m, n, t);
        S = C;
        lds = ldc;
    }
}
