/* softmax.c - from logits to probabilities, losses, scores and draws.
 *
 * The greatest logit is subtracted before exp, so that no finite logit overflows. Rows are handled pass
 * by pass in groups: the passes of different rows do not wait for each other.
 *
 * The sum along a row has an order of its own: sums.h.
 */
#include "kernels.h"
#include "simd.h"
#include "sums.h"
#include "vmath.h"

#define GROUP 16 /* rows handled together */

/* Any order gives the same greatest element. With a NaN among them the result is not defined, and does
 * not matter: every probability will be NaN. */
static real greatest(ptrdiff_t n, const real *y)
{
    real lanes[LANES], top = y[0];
    vec tops = v_set1(top);
    ptrdiff_t j = 0;
    for (; j + LANES <= n; j += LANES) tops = v_max(tops, v_load(y + j));
    v_store(lanes, tops);
    for (int q = 0; q < LANES; q++) top = lanes[q] > top ? lanes[q] : top;
    for (; j < n; j++) top = y[j] > top ? y[j] : top;
    return top;
}

/* y becomes e = exp(x), x = (y - top) * scale, for n elements. e is added to the sums; e * x to the dots,
 * unless they are NULL. `whole`, a constant at every call, says that n is PARTIALS; otherwise it may be
 * less. */
static inline __attribute__((always_inline)) void exp_block(const int whole, int n, vec top,
                                                            vec scale, real *y, partial_sums *sums,
                                                            partial_sums *dots)
{
    enum { COUNT = PARTIALS / LANES < TOGETHER ? PARTIALS / LANES : TOGETHER };
    for (int first = 0; first < PARTIALS / LANES; first += COUNT) {
        vec e[COUNT], x[COUNT];
        for (int v = 0; v < COUNT; v++) {
            int at = (first + v) * LANES, left = n - at;
            vec logit = top; /* past the end, where it does not matter */
            if (whole || left >= LANES)
                logit = v_load(y + at);
            else if (left > 0)
                logit = v_load_n(y + at, left);
            e[v] = v_mul(v_sub(logit, top), scale);
            x[v] = v_max(v_set1(EXP_LEAST), e[v]); /* where e is 0, and 0 times infinity a NaN */
        }
        v_exp(COUNT, e);
        for (int v = 0; v < COUNT; v++) {
            int at = (first + v) * LANES, left = n - at;
            vec *sum = &sums->lanes[first + v];
            if (whole || left >= LANES) {
                v_store(y + at, e[v]);
            } else if (left > 0) {
                v_store_n(y + at, e[v], left);
                e[v] = v_first(e[v], left);
            } else {
                continue;
            }
            *sum = v_add(*sum, e[v]);
            if (dots) dots->lanes[first + v] = v_fma(e[v], x[v], dots->lanes[first + v]);
        }
    }
}

/* y becomes e = exp(x), x = (y - top) * scale; returns the sum of e, and in *dot that of e * x. */
static inline __attribute__((always_inline)) real exponentials(ptrdiff_t n, real top, real scale,
                                                               real *y, real *dot)
{
    vec tops = v_set1(top), scales = v_set1(scale);
    partial_sums sums = no_sums(), all_dots = no_sums(), *dots = dot ? &all_dots : NULL;
    ptrdiff_t j = 0;
    for (; j + PARTIALS <= n; j += PARTIALS)
        exp_block(1, PARTIALS, tops, scales, y + j, &sums, dots);
    if (j < n) exp_block(0, (int)(n - j), tops, scales, y + j, &sums, dots);
    if (dot) *dot = tree(all_dots);
    return tree(sums);
}

static void multiply(ptrdiff_t n, real factor, real *y)
{
    vec factors = v_set1(factor);
    ptrdiff_t j = 0;
    for (; j + LANES <= n; j += LANES) v_store(y + j, v_mul(v_load(y + j), factors));
    for (; j < n; j++) y[j] *= factor;
}

/* At most GROUP rows become weight times their softmax; tops[s], sums[s] and, unless dots is NULL, dots[s]
 * are what losses and entropies need. */
static inline __attribute__((always_inline)) void softmax_group(ptrdiff_t t, ptrdiff_t n,
                                                                real scale, real weight, real *Y,
                                                                ptrdiff_t ldy, real *tops,
                                                                real *sums, real *dots)
{
    for (ptrdiff_t s = 0; s < t; s++) tops[s] = greatest(n, Y + s * ldy);
    for (ptrdiff_t s = 0; s < t; s++)
        sums[s] = exponentials(n, tops[s], scale, Y + s * ldy, dots ? dots + s : NULL);
    for (ptrdiff_t s = 0; s < t; s++) multiply(n, weight / sums[s], Y + s * ldy);
}

static void softmax(ptrdiff_t t, ptrdiff_t n, real scale, real *Y, ptrdiff_t ldy)
{
    real tops[GROUP], sums[GROUP];
    for (; t > 0; t -= GROUP, Y += GROUP * ldy)
        softmax_group(t < GROUP ? t : GROUP, n, scale, 1, Y, ldy, tops, sums, NULL);
}

static void softmax_cross_entropy(ptrdiff_t t, ptrdiff_t n, real weight, real *Y, ptrdiff_t ldy,
                                  const int32_t *target, real *loss)
{
    real tops[GROUP], sums[GROUP], chosen[GROUP];
    for (; t > 0; t -= GROUP, Y += GROUP * ldy, target += GROUP, loss += GROUP) {
        ptrdiff_t rows = t < GROUP ? t : GROUP;
        for (ptrdiff_t s = 0; s < rows; s++) chosen[s] = Y[s * ldy + target[s]];
        softmax_group(rows, n, 1, weight, Y, ldy, tops, sums, NULL);
        log_all(rows, sums, loss);
        for (ptrdiff_t s = 0; s < rows; s++) {
            loss[s] -= chosen[s] - tops[s];
            Y[s * ldy + target[s]] -= weight;
        }
    }
}

static void log_softmax(ptrdiff_t t, ptrdiff_t n, const real *Y, ptrdiff_t ldy, real *L,
                        ptrdiff_t ldl)
{
    for (; t > 0; t--, Y += ldy, L += ldl) {
        real top = greatest(n, Y);
        memcpy(L, Y, (size_t)n * sizeof(real));
        real sum = exponentials(n, top, 1, L, NULL), log_sum;
        log_all(1, &sum, &log_sum);
        vec tops = v_set1(top), log_sums = v_set1(log_sum);
        ptrdiff_t j = 0;
        for (; j + LANES <= n; j += LANES)
            v_store(L + j, v_sub(v_sub(v_load(Y + j), tops), log_sums));
        for (; j < n; j++) L[j] = (Y[j] - top) - log_sum;
    }
}

/* 1 and how many elements are greater than y[chosen], or equal to it and before it. */
static int32_t rank_of(ptrdiff_t n, const real *y, ptrdiff_t chosen)
{
    bits above = 0; /* as wide as an element, so that a compiler counts in vectors */
    for (ptrdiff_t j = 0; j < chosen; j++) above += y[j] >= y[chosen];
    for (ptrdiff_t j = chosen + 1; j < n; j++) above += y[j] > y[chosen];
    return (int32_t)above + 1;
}

static void score(ptrdiff_t t, ptrdiff_t n, real *Y, ptrdiff_t ldy, const int32_t *target,
                  real *nats, int32_t *rank, real *entropy)
{
    real tops[GROUP], sums[GROUP], dots[GROUP], chosen[GROUP], logs[GROUP];
    for (; t > 0; t -= GROUP, Y += GROUP * ldy, target += GROUP, nats += GROUP) {
        ptrdiff_t rows = t < GROUP ? t : GROUP;
        for (ptrdiff_t s = 0; s < rows; s++) chosen[s] = Y[s * ldy + target[s]];
        for (ptrdiff_t s = 0; s < rows; s++) rank[s] = rank_of(n, Y + s * ldy, target[s]);
        softmax_group(rows, n, 1, 1, Y, ldy, tops, sums, dots);
        log_all(rows, sums, logs);
        for (ptrdiff_t s = 0; s < rows; s++) {
            nats[s] = logs[s] - (chosen[s] - tops[s]);
            entropy[s] = logs[s] - dots[s] / sums[s];
            if (nats[s] != nats[s]) rank[s] = (int32_t)n;
        }
        rank += GROUP;
        entropy += GROUP;
    }
}

static ptrdiff_t draw(ptrdiff_t n, const real *p, double u)
{
    real before = 0;
    for (ptrdiff_t block = 0; block < n; block += PARTIALS) {
        ptrdiff_t end = n - block < PARTIALS ? n : block + PARTIALS;
        partial_sums sums = no_sums();
        for (ptrdiff_t j = block, v = 0; j < end; v++, j += LANES)
            sums.lanes[v] = end - j < LANES ? v_load_n(p + j, (int)(end - j)) : v_load(p + j);
        real after = before + tree(sums);
        if (u < (double)after) {
            for (ptrdiff_t j = block; j < end; j++) {
                before += p[j];
                if (u < (double)before) return j;
            }
            n = end; /* the block's own sum, in another order, fell short: take its last candidate */
            break;
        }
        before = after;
    }
    for (ptrdiff_t j = n - 1; j >= 0; j--)
        if (p[j] > 0) return j;
    return n - 1;
}

static ptrdiff_t argmax(ptrdiff_t n, const real *y)
{
    ptrdiff_t best = 0;
    for (ptrdiff_t j = 1; j < n; j++)
        if (y[j] > y[best] || y[best] != y[best]) best = j;
    return y[best] == y[best] ? best : 0;
}
