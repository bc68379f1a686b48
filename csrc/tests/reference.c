/* reference.c - the plain loops: what kernels.h says, operation by operation, and nothing clever.
 *
 * Where an elementary function enters, the portable table's is taken, one element at a time:
 * cases_functions.c tests those. All the rest is independent of the kernels.
 */

static const kernels *portable(void) { return R(table_number(0)->f32, table_number(0)->f64); }

static real plain_exp(real x)
{
    real y;
    portable()->exp(1, &x, &y);
    return y;
}

static real plain_log(real x)
{
    real y;
    portable()->log(1, &x, &y);
    return y;
}

static void plain_gemv(ptrdiff_t m, ptrdiff_t n, const real *A, ptrdiff_t lda, const real *x,
                       const real *s, real *y)
{
    for (ptrdiff_t i = 0; i < m; i++) {
        real sum = s[i];
        for (ptrdiff_t k = 0; k < n; k++) sum = FMA(A[k * lda + i], x[k], sum);
        y[i] = sum;
    }
}

static void plain_gemm(ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, const real *A, ptrdiff_t ars,
                       ptrdiff_t acs, const real *B, ptrdiff_t ldb, const real *S, ptrdiff_t lds,
                       real *C, ptrdiff_t ldc)
{
    for (ptrdiff_t i = 0; i < m; i++)
        for (ptrdiff_t j = 0; j < n; j++) {
            real sum = S ? S[i * lds + j] : 0;
            for (ptrdiff_t p = 0; p < k; p++) sum = FMA(A[i * ars + p * acs], B[p * ldb + j], sum);
            C[i * ldc + j] = sum;
        }
}

static void plain_transpose(ptrdiff_t m, ptrdiff_t n, const real *A, ptrdiff_t lda, real *B,
                            ptrdiff_t ldb)
{
    for (ptrdiff_t i = 0; i < m; i++)
        for (ptrdiff_t j = 0; j < n; j++) B[j * ldb + i] = A[i * lda + j];
}

static void plain_gather_columns(ptrdiff_t t, ptrdiff_t m, const real *A, ptrdiff_t rs,
                                 ptrdiff_t cs, const int32_t *index, const real *b, real *Y,
                                 ptrdiff_t ldy)
{
    for (ptrdiff_t s = 0; s < t; s++)
        for (ptrdiff_t i = 0; i < m; i++) Y[s * ldy + i] = A[i * rs + index[s] * cs] + b[i];
}

static void plain_scatter_columns(ptrdiff_t t, ptrdiff_t m, const real *D, ptrdiff_t ldd,
                                  const int32_t *index, real *A, ptrdiff_t rs, ptrdiff_t cs)
{
    for (ptrdiff_t s = 0; s < t; s++)
        for (ptrdiff_t i = 0; i < m; i++) A[i * rs + index[s] * cs] += D[s * ldd + i];
}

static void plain_column_sums(ptrdiff_t t, ptrdiff_t m, const real *D, ptrdiff_t ldd, real *y)
{
    for (ptrdiff_t i = 0; i < m; i++) {
        y[i] = 0;
        for (ptrdiff_t s = 0; s < t; s++) y[i] += D[s * ldd + i];
    }
}

static void plain_running_mean(ptrdiff_t t, ptrdiff_t m, const real *D, ptrdiff_t ldd, double count,
                               double *sums, real *y)
{
    for (ptrdiff_t i = 0; i < m; i++) {
        for (ptrdiff_t s = 0; s < t; s++) sums[i] += D[s * ldd + i];
        y[i] = (real)(sums[i] / count);
    }
}

static void plain_tanh_backward(ptrdiff_t n, const real *h, const real *dh, real *dz)
{
    for (ptrdiff_t i = 0; i < n; i++) dz[i] = FMA(-h[i], h[i], 1) * dh[i];
}

/* The sum along a row: sixteen partial sums, then the tree. */
static real plain_sum(ptrdiff_t n, const real *e)
{
    real part[16] = {0};
    for (ptrdiff_t j = 0; j < n; j++) part[j % 16] += e[j];
    for (int width = 8; width > 0; width /= 2)
        for (int q = 0; q < width; q++) part[q] += part[q + width];
    return part[0];
}

static real plain_dot(ptrdiff_t n, const real *x, const real *y)
{
    real part[16] = {0};
    for (ptrdiff_t j = 0; j < n; j++) part[j % 16] = FMA(x[j], y[j], part[j % 16]);
    for (int width = 8; width > 0; width /= 2)
        for (int q = 0; q < width; q++) part[q] += part[q + width];
    return part[0];
}

static real plain_greatest(ptrdiff_t n, const real *y)
{
    real top = y[0];
    for (ptrdiff_t j = 1; j < n; j++)
        if (y[j] > top) top = y[j];
    return top;
}

/* One row; returns sum e. */
static real plain_softmax_row(ptrdiff_t n, real scale, real weight, real *y)
{
    real top = plain_greatest(n, y), sum;
    for (ptrdiff_t j = 0; j < n; j++) y[j] = plain_exp((y[j] - top) * scale);
    sum = plain_sum(n, y);
    for (ptrdiff_t j = 0; j < n; j++) y[j] = y[j] * (weight / sum);
    return sum;
}

static void plain_softmax(ptrdiff_t t, ptrdiff_t n, real scale, real *Y, ptrdiff_t ldy)
{
    for (ptrdiff_t s = 0; s < t; s++) plain_softmax_row(n, scale, 1, Y + s * ldy);
}

static void plain_log_softmax(ptrdiff_t n, const real *y, real *l)
{
    real top = plain_greatest(n, y);
    memcpy(l, y, (size_t)n * sizeof(real));
    real log_sum = plain_log(plain_softmax_row(n, 1, 1, l));
    for (ptrdiff_t j = 0; j < n; j++) l[j] = (y[j] - top) - log_sum;
}

static void plain_softmax_cross_entropy(ptrdiff_t t, ptrdiff_t n, real weight, real *Y,
                                        ptrdiff_t ldy, const int32_t *target, real *loss)
{
    for (ptrdiff_t s = 0; s < t; s++) {
        real *y = Y + s * ldy, below_top = y[target[s]] - plain_greatest(n, y);
        loss[s] = plain_log(plain_softmax_row(n, 1, weight, y)) - below_top;
        y[target[s]] -= weight;
    }
}

/* One row, which stays as it is. */
static void plain_score(ptrdiff_t n, const real *y, ptrdiff_t target, real *nats, int32_t *rank,
                        real *entropy)
{
    real e[257], x[257], top = plain_greatest(n, y);
    for (ptrdiff_t j = 0; j < n; j++) {
        x[j] = y[j] - top;
        e[j] = plain_exp(x[j]);
        if (x[j] < R(-104, -746)) x[j] = R(-104, -746);
    }
    real total = plain_sum(n, e), log_total = plain_log(total);
    *nats = log_total - (y[target] - top);
    *entropy = log_total - plain_dot(n, e, x) / total;
    *rank = 1;
    for (ptrdiff_t j = 0; j < n; j++)
        *rank += y[j] > y[target] || (y[j] == y[target] && j < target);
    if (isnan(*nats)) *rank = (int32_t)n;
}

static ptrdiff_t last_possible(ptrdiff_t end, const real *p)
{
    for (ptrdiff_t j = end - 1; j >= 0; j--)
        if (p[j] > 0) return j;
    return end - 1;
}

static ptrdiff_t plain_draw(ptrdiff_t n, const real *p, double u)
{
    real before = 0, after;
    for (ptrdiff_t block = 0; block < n; block += 16, before = after) {
        ptrdiff_t end = block + 16 < n ? block + 16 : n;
        after = before + plain_sum(end - block, p + block);
        if (!(u < after)) continue;
        for (ptrdiff_t j = block; j < end; j++)
            if (u < (before += p[j])) return j;
        return last_possible(end, p); /* one by one they came to less than by the tree */
    }
    return last_possible(n, p);
}

static ptrdiff_t plain_argmax(ptrdiff_t n, const real *y)
{
    ptrdiff_t best = -1;
    for (ptrdiff_t j = 0; j < n; j++)
        if (!isnan(y[j]) && (best < 0 || y[j] > y[best])) best = j;
    return best < 0 ? 0 : best;
}

static real plain_clipped(real x, real limit)
{
    return x < -limit ? -limit : x > limit ? limit : x;
}

static real plain_multiply_adds(ptrdiff_t rounds, real x)
{
    real sum = 0;
    for (int q = 0; q < CRNN_ROUND; q++) {
        real y = (real)q;
        for (ptrdiff_t r = 0; r < rounds; r++) y = FMA(x, x, y);
        sum += y;
    }
    return sum;
}

static uint64_t plain_loads(ptrdiff_t n, const real *x, ptrdiff_t rounds)
{
    R(uint32_t, uint64_t) sum = 0, element;
    for (ptrdiff_t r = 0; r < rounds; r++)
        for (ptrdiff_t i = 0; i < n; i++) {
            memcpy(&element, x + i, sizeof element);
            sum += element;
        }
    return sum;
}
