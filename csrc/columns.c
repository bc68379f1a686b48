/* columns.c - columns of matrices: transposing, gathering, scattering and summing them.
 *
 * An input character is a column of Wxh: reading it is a gather and its gradient a scatter; nothing is
 * ever multiplied by a one-hot vector.
 */
#include "kernels.h"
#include "simd.h"

static void transpose(ptrdiff_t m, ptrdiff_t n, const real *A, ptrdiff_t lda, real *B,
                      ptrdiff_t ldb)
{
    if (m < SQUARE || n < SQUARE) {
        for (ptrdiff_t j = 0; j < n; j++)
            for (ptrdiff_t i = 0; i < m; i++) B[j * ldb + i] = A[i * lda + j];
        return;
    }
    /* The last squares of a row or column lie back over the ones before: same elements, same values. */
    for (ptrdiff_t j = 0; j < n; j += SQUARE) {
        ptrdiff_t at_j = j + SQUARE <= n ? j : n - SQUARE, i = 0;
        const real *from = A + at_j;
        real *to = B + at_j * ldb;
        for (; i + SQUARE <= m; i += SQUARE, from += SQUARE * lda)
            transpose_square(from, lda, to + i, ldb);
        if (i < m) transpose_square(A + (m - SQUARE) * lda + at_j, lda, to + m - SQUARE, ldb);
    }
}

static void gather_columns(ptrdiff_t t, ptrdiff_t m, const real *A, ptrdiff_t rs, ptrdiff_t cs,
                           const int32_t *index, const real *b, real *Y, ptrdiff_t ldy)
{
    for (ptrdiff_t s = 0; s < t; s++, Y += ldy) {
        const real *column = A + index[s] * cs;
        ptrdiff_t i = 0;
        if (rs == 1)
            for (; i + LANES <= m; i += LANES)
                v_store(Y + i, v_add(v_load(column + i), v_load(b + i)));
        for (; i < m; i++) Y[i] = column[i * rs] + b[i];
    }
}

static void scatter_columns(ptrdiff_t t, ptrdiff_t m, const real *D, ptrdiff_t ldd,
                            const int32_t *index, real *A, ptrdiff_t rs, ptrdiff_t cs)
{
    for (ptrdiff_t s = 0; s < t; s++, D += ldd) {
        real *column = A + index[s] * cs;
        ptrdiff_t i = 0;
        if (rs == 1)
            for (; i + LANES <= m; i += LANES)
                v_store(column + i, v_add(v_load(column + i), v_load(D + i)));
        for (; i < m; i++) column[i * rs] += D[i];
    }
}

static void column_sums(ptrdiff_t t, ptrdiff_t m, const real *D, ptrdiff_t ldd, real *y)
{
    ptrdiff_t i = 0;
    for (; i + LANES <= m; i += LANES) {
        vec sum = v_set1(0);
        for (ptrdiff_t s = 0; s < t; s++) sum = v_add(sum, v_load(D + s * ldd + i));
        v_store(y + i, sum);
    }
    for (; i < m; i++) {
        real sum = 0;
        for (ptrdiff_t s = 0; s < t; s++) sum += D[s * ldd + i];
        y[i] = sum;
    }
}

static void running_mean(ptrdiff_t t, ptrdiff_t m, const real *D, ptrdiff_t ldd, double count,
                         double *sums, real *y)
{
    for (ptrdiff_t s = 0; s < t; s++)
        for (ptrdiff_t i = 0; i < m; i++) sums[i] += (double)D[s * ldd + i];
    for (ptrdiff_t i = 0; i < m; i++) y[i] = (real)(sums[i] / count);
}
