/* kernels.h - the BLAS-level kernels of crnn, and their manual.
 *
 * A kernel knows vectors and matrices; it knows no RNN. There is one struct of kernels per element
 * type (float: crnn_kernels_f32, double: crnn_kernels_f64) and one filled table per type and
 * instruction set. Ask for a table by number or by name at the end of this file.
 *
 * What holds for every kernel
 *
 *   memory     The caller owns all memory; nothing is allocated, nothing is kept. A kernel reads and
 *              writes exactly the elements its shapes name: no padding is needed, none is touched.
 *              Pointers may have any alignment that suits one element; 64 bytes is fastest.
 *   shapes     Sizes and strides are ptrdiff_t, count elements, and are at least 0 (an empty sum
 *              leaves its start). "(m, n), lda" is row-major: element [i, k] stands at A[i * lda + k].
 *   aliasing   An output may not overlap an input, except where the text says so.
 *   rounding   A multiply-add is fma(a, b, c), rounded once. Every sum has the order stated here,
 *              whatever the width of a vector. So each table gives the same bits for the same input,
 *              if the floating-point mode is the default one (round to nearest, no flush to zero).
 *              Where a NaN stands is defined too; its sign and payload are not.
 *   threads    Kernels have no state: any number of threads may call them on disjoint outputs.
 *   errors     None. Indices must be in range: the caller checks them.
 *
 * The kernels                                                             order of accumulation
 *
 *   gemv(m, n, A, lda, x, s, y, backward)
 *       y = s + A' x.   A (n, m), lda >= m;  x (n);  s, y (m), s may be y.   backward: begin with the
 *       last outputs, which changes no bit; alternate it over products by the same A, so that the part
 *       of A that is still in the cache is read first.
 *       y[i] = s[i];  y[i] = fma(A[k, i], x[k], y[i])                     k = 0, 1, ... n-1
 *
 *   gemm(m, n, k, A, ars, acs, B, ldb, S, lds, C, ldc)
 *       C = S + A B.   A (m, k) with row stride ars and column stride acs (so a transposed A costs
 *       nothing);  B (k, n), ldb >= n;  C (m, n), ldc >= n;  S (m, n), lds >= n, or lds = 0: one row
 *       for all, or S = NULL: zeros. S may be C with lds = ldc.
 *       C[i, j] = S[i, j];  C[i, j] = fma(A[i, p], B[p, j], C[i, j])      p = 0, 1, ... k-1
 *
 *   transpose(m, n, A, lda, B, ldb)
 *       B[j, i] = A[i, j].   A (m, n), lda >= n;  B (n, m), ldb >= m.
 *
 *   gather_columns(t, m, A, rs, cs, index, b, Y, ldy)
 *       Y[s, i] = A[i, index[s]] + b[i].   A: element [i, j] at A[i * rs + j * cs];  index (t);
 *       b (m);  Y (t, m), ldy >= m.
 *
 *   scatter_columns(t, m, D, ldd, index, A, rs, cs)
 *       A[i, index[s]] += D[s, i].   The adjoint of gather_columns.       s = 0, 1, ... t-1
 *
 *   column_sums(t, m, D, ldd, y)
 *       y[i] = sum over s of D[s, i], from 0.   D (t, m);  y (m).         s = 0, 1, ... t-1
 *
 *   running_mean(t, m, D, ldd, count, sums, y)
 *       sums[i] += D[s, i], then y[i] = sums[i] / count, both in double; y is rounded to real.   D (t, m);
 *       sums (m), double whatever real is;  y (m).                        s = 0, 1, ... t-1
 *
 *   exp(n, x, y)   log(n, x, y)   tanh(n, x, y)
 *       y[i] = f(x[i]).   x, y (n), may be the same. Own polynomials: see vmath.h.
 *
 *   tanh_backward(n, h, dh, dz)
 *       dz[i] = (1 - h[i] * h[i]) * dh[i], the bracket by one fma: the gradient before a tanh that gave
 *       h, from the gradient dh after it.   h, dh, dz (n); dz may be dh.
 *
 *   softmax(t, n, scale, Y, ldy)
 *       Every row of Y (t, n), n >= 1, becomes its softmax: with M the greatest of the row,
 *       e[j] = exp((y[j] - M) * scale), p[j] = e[j] * (1 / sum e). No finite logit overflows. A row
 *       becomes finite probabilities, or all NaN (if it has a NaN, a +infinity, or only -infinity).
 *       sum e: sixteen partial sums, e[j] into number j mod 16, j rising; then number q takes
 *       number q+8 for q < 8, q+4 for q < 4, q+2 for q < 2, and 0 takes 1.
 *
 *   softmax_cross_entropy(t, n, weight, Y, ldy, target, loss)
 *       Softmax of every row (scale 1), its loss and the gradient of weight * loss:
 *       loss[s] = log(sum e) - (y[target[s]] - M), in nats;
 *       Y[s, j] = e[j] * (weight / sum e), from which weight is subtracted where j == target[s].
 *       target (t), 0 <= target[s] < n;  loss (t).
 *
 *   log_softmax(t, n, Y, ldy, L, ldl)
 *       L[s, j] = (y[j] - M) - log(sum e), in nats, of every row of Y (scale 1). Y stays as it is.
 *       Y (t, n), n >= 1;  L (t, n).
 *
 *   score(t, n, Y, ldy, target, nats, rank, entropy)
 *       Softmax of every row (scale 1), and how well it foretold the target:
 *       nats[s] = log(sum e) - (y[target[s]] - M), the loss of softmax_cross_entropy to the bit;
 *       rank[s] = 1 for the greatest logit, 1 more for each one that is greater than y[target[s]], or
 *       equal to it and before it; n where nats is NaN;
 *       entropy[s] = log(sum e) - d / sum e, in nats, d = dot(e, x) with x[j] = y[j] - M, but at least
 *       what exp takes for its least argument (there e[j] is 0: vmath.h).
 *       target (t), 0 <= target[s] < n;  nats, rank, entropy (t).
 *
 *   draw(n, p, u) -> ptrdiff_t
 *       The index that the coin u, 0 <= u < 1, chooses among the probabilities p (n): the first j with
 *       u < p[0] + ... + p[j]. Sums of blocks of sixteen (the tree of softmax) are added up in order
 *       until one exceeds u; inside that block, elements are added one by one to the sum before it.
 *       Where rounding leaves u above every one of these: the last j with p[j] > 0 up to the end of
 *       that block (of the row, if no block exceeded u), or the index at that end if there is none.
 *
 *   argmax(n, y) -> ptrdiff_t
 *       The first index of the greatest element of y (n), n >= 1; NaN never is the greatest; 0 if
 *       all are NaN.
 *
 *   penalize(n, penalty, last, since, y)
 *       Where last[i] >= since:  y[i] = y[i] / penalty if y[i] > 0, otherwise y[i] * penalty.
 *       last, y (n);  penalty > 0.
 *
 *   cap(n, limits, y)
 *       y[i] = min(limits[i], y[i]); a NaN in y stays.   limits, y (n).
 *
 *   Three filters of numbers p[i] >= +0 (n), n >= 1, most often probabilities: those that do not stay become
 *   0, and if one is NaN nothing changes. They are in the order of their size, the greatest first, of equal
 *   ones the one with the lower index.
 *
 *   top_k(n, k, p)
 *       The first k stay, k >= 1.
 *
 *   top_p(n, share, p)
 *       The first m stay, with m the least from 1 on for which the sum of those that stay is at least
 *       share * the sum of all; 0 < share <= 1. Sums in the order of softmax, what does not stay as 0.
 *
 *   min_p(n, share, p)
 *       Those stay that are at least share * the greatest one; 0 <= share <= 1.
 *
 *   normalize(n, p)
 *       p[i] = p[i] * (1 / sum p), with the sum of softmax.   p[i] >= +0 (n).
 *
 *   dot(n, x, y) -> real
 *       x' y, along the vectors: sixteen partial sums from 0, number j mod 16 becomes fma(x[j], y[j], it),
 *       j rising; then the tree of softmax.   x, y (n), may be the same.
 *
 *   scale(n, a, x)
 *       x[i] = a * x[i], in place.   x (n).
 *
 *   add_scaled(n, a, x, y)
 *       y[i] = fma(a, x[i], y[i]).   x, y (n).
 *
 *   drop(n, threshold, a, coins, x, y)
 *       y[i] = coins[i] < threshold ? 0 : a * x[i]: inverted dropout, and its own adjoint.   coins, x, y (n);
 *       y may be x;  0 <= threshold <= 65536.
 *
 *   clip(n, limit, x)
 *       x[i] = min(limit, max(-limit, x[i])), in place; a NaN stays.   limit >= 0, may be infinite.
 *
 *   adagrad(n, learning_rate, limit, d, m, w)
 *       One pass of Adagrad over n weights w with gradient d (clipped as by clip, d itself unchanged)
 *       and memory m:  m[i] = fma(d, d, m[i]);  w[i] = fma(-(d * y), s, w[i])
 *       with y close to 1 / sqrt(m[i] + 1e-8), from an integer first guess refined by fmas, and s the
 *       learning rate times what makes y exact (optimizer.c): the step d y s is within 3 ulp for m in
 *       [0, 1e30].
 *
 *   sgd(n, rate, limit, momentum, d, m, w)
 *       One pass of gradient descent over n weights w with gradient d (clipped as by clip, d itself
 *       unchanged) and velocity m:  m[i] = fma(momentum, m[i], d);  w[i] = fma(-rate, m[i], w[i]).
 *
 *   rmsprop(n, rate, limit, decay, epsilon, d, v, w)
 *       One pass of RMSprop over n weights w with gradient d (clipped as by clip, d itself unchanged) and
 *       its running mean square v:  v[i] = fma(decay, v[i], (1 - decay) * d * d);
 *       w[i] = fma(-rate, d / (sqrt(v[i]) + epsilon), w[i]).   0 <= decay < 1.
 *
 *   adam(n, rate, limit, beta1, beta2, epsilon, unbias2, d, m, v, w)
 *       One pass of Adam over n weights w with gradient d (clipped as by clip, d itself unchanged) and
 *       its running mean m and mean square v:
 *       m[i] = fma(beta1, m[i], (1 - beta1) * d);   v[i] = fma(beta2, v[i], (1 - beta2) * d * d);
 *       w[i] = fma(-rate, m[i] / (sqrt(v[i] * unbias2) + epsilon), w[i]).
 *       In its step number s, rate = learning_rate / (1 - beta1^s) and unbias2 = 1 / (1 - beta2^s)
 *       make up for means that began at 0.   0 <= beta1, beta2 < 1.
 *
 *   frequencies(n, p, f) -> uint32_t
 *       f[j] = 1 + 2^30 q without its fraction, with q = p[j] in [0, 1], what is outside taken for the
 *       nearer end and a NaN for 0. Returns their sum, modulo 2^32: less than that for probabilities of at
 *       most 2^21 characters that add up to nearly 1.   p, f (n).
 *
 *   count_below(n, f) -> uint32_t
 *       The sum of f (n), modulo 2^32.
 *
 *   locate(n, f, u, below) -> ptrdiff_t
 *       The j for which u is one of the f[j] numbers from *below = f[0] + ... + f[j-1] on; n - 1 if u is
 *       beyond them all.   f (n), n >= 1, whose sum is less than 2^32.
 *
 * Two more, whose worth is the time that they take:
 *
 *   multiply_adds(rounds, x) -> real
 *       rounds * CRNN_ROUND multiply-adds in registers, in so many independent chains that only the
 *       units for them limit the speed:  y[q] = q for q = 0, 1, ... CRNN_ROUND-1;  rounds times
 *       y[q] = fma(x, x, y[q]).   Returns y[0] + y[1] + ..., from 0.
 *
 *   loads(n, x, rounds) -> uint64_t
 *       Reads x (n) from end to end, rounds times, and does next to nothing else (what is left over of
 *       the widest steps is read after all else).   Returns the sum of all that was read, each
 *       element's bits as an unsigned integer, modulo 2^32 (float) or 2^64 (double): it needs no order.
 */
#ifndef CRNN_KERNELS_H
#define CRNN_KERNELS_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define CRNN_ROUND 192 /* multiply-adds of one round of multiply_adds */

#define CRNN_DECLARE_KERNELS(name, real)                                                           \
    typedef struct name {                                                                          \
        void (*gemv)(ptrdiff_t m, ptrdiff_t n, const real *A, ptrdiff_t lda, const real *x,        \
                     const real *s, real *y, int backward);                                        \
        void (*gemm)(ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, const real *A, ptrdiff_t ars,          \
                     ptrdiff_t acs, const real *B, ptrdiff_t ldb, const real *S, ptrdiff_t lds,    \
                     real *C, ptrdiff_t ldc);                                                      \
        void (*transpose)(ptrdiff_t m, ptrdiff_t n, const real *A, ptrdiff_t lda, real *B,         \
                          ptrdiff_t ldb);                                                          \
        void (*gather_columns)(ptrdiff_t t, ptrdiff_t m, const real *A, ptrdiff_t rs,              \
                               ptrdiff_t cs, const int32_t *index, const real *b, real *Y,         \
                               ptrdiff_t ldy);                                                     \
        void (*scatter_columns)(ptrdiff_t t, ptrdiff_t m, const real *D, ptrdiff_t ldd,            \
                                const int32_t *index, real *A, ptrdiff_t rs, ptrdiff_t cs);        \
        void (*column_sums)(ptrdiff_t t, ptrdiff_t m, const real *D, ptrdiff_t ldd, real *y);      \
        void (*running_mean)(ptrdiff_t t, ptrdiff_t m, const real *D, ptrdiff_t ldd, double count, \
                             double *sums, real *y);                                               \
        void (*exp)(ptrdiff_t n, const real *x, real *y);                                          \
        void (*log)(ptrdiff_t n, const real *x, real *y);                                          \
        void (*tanh)(ptrdiff_t n, const real *x, real *y);                                         \
        void (*tanh_backward)(ptrdiff_t n, const real *h, const real *dh, real *dz);               \
        void (*softmax)(ptrdiff_t t, ptrdiff_t n, real scale, real *Y, ptrdiff_t ldy);             \
        void (*softmax_cross_entropy)(ptrdiff_t t, ptrdiff_t n, real weight, real *Y,              \
                                      ptrdiff_t ldy, const int32_t *target, real *loss);           \
        void (*log_softmax)(ptrdiff_t t, ptrdiff_t n, const real *Y, ptrdiff_t ldy, real *L,       \
                            ptrdiff_t ldl);                                                        \
        void (*score)(ptrdiff_t t, ptrdiff_t n, real *Y, ptrdiff_t ldy, const int32_t *target,     \
                      real *nats, int32_t *rank, real *entropy);                                   \
        ptrdiff_t (*draw)(ptrdiff_t n, const real *p, double u);                                   \
        ptrdiff_t (*argmax)(ptrdiff_t n, const real *y);                                           \
        void (*penalize)(ptrdiff_t n, real penalty, const int64_t *last, int64_t since, real *y);  \
        void (*cap)(ptrdiff_t n, const real *limits, real *y);                                     \
        void (*top_k)(ptrdiff_t n, ptrdiff_t k, real *p);                                          \
        void (*top_p)(ptrdiff_t n, real share, real *p);                                           \
        void (*min_p)(ptrdiff_t n, real share, real *p);                                           \
        void (*normalize)(ptrdiff_t n, real *p);                                                   \
        real (*dot)(ptrdiff_t n, const real *x, const real *y);                                    \
        void (*scale)(ptrdiff_t n, real a, real *x);                                               \
        void (*add_scaled)(ptrdiff_t n, real a, const real *x, real *y);                           \
        void (*drop)(ptrdiff_t n, uint32_t threshold, real a, const uint16_t *coins,               \
                     const real *x, real *y);                                                      \
        void (*clip)(ptrdiff_t n, real limit, real *x);                                            \
        void (*adagrad)(ptrdiff_t n, real learning_rate, real limit, const real *d, real *m,       \
                        real *w);                                                                  \
        void (*sgd)(ptrdiff_t n, real rate, real limit, real momentum, const real *d, real *m,     \
                    real *w);                                                                      \
        void (*rmsprop)(ptrdiff_t n, real rate, real limit, real decay, real epsilon,              \
                        const real *d, real *v, real *w);                                          \
        void (*adam)(ptrdiff_t n, real rate, real limit, real beta1, real beta2, real epsilon,     \
                     real unbias2, const real *d, real *m, real *v, real *w);                      \
        uint32_t (*frequencies)(ptrdiff_t n, const real *p, uint32_t *f);                          \
        uint32_t (*count_below)(ptrdiff_t n, const uint32_t *f);                                   \
        ptrdiff_t (*locate)(ptrdiff_t n, const uint32_t *f, uint32_t u, uint32_t *below);          \
        real (*multiply_adds)(ptrdiff_t rounds, real x);                                           \
        uint64_t (*loads)(ptrdiff_t n, const real *x, ptrdiff_t rounds);                           \
    } name

CRNN_DECLARE_KERNELS(crnn_kernels_f32, float);
CRNN_DECLARE_KERNELS(crnn_kernels_f64, double);

/* The two tables of one instruction set. */
typedef struct crnn_tables {
    const char *isa; /* "portable", "avx2", "avx512" or "neon" */
    const crnn_kernels_f32 *f32;
    const crnn_kernels_f64 *f64;
} crnn_tables;

/* The tables that this CPU can run, number 0 (portable) first and the fastest last; NULL past it. */
const crnn_tables *crnn_available(size_t number);

/* The tables named isa, or NULL if there is no such name or this CPU cannot run them. */
const crnn_tables *crnn_tables_named(const char *isa);

/* The fastest tables that this CPU can run. */
const crnn_tables *crnn_fastest(void);

#ifdef __cplusplus
}
#endif
#endif
