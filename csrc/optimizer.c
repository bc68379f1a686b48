/* optimizer.c - clipping, Adagrad and Adam, one pass over memory each.
 *
 *     m += d * d;   w -= learning_rate * d / sqrt(m + 1e-8)          (Duchi, Hazan, Singer 2011)
 *
 *     m += (1 - beta1) (d - m);   v += (1 - beta2) (d d - v);        (Kingma, Ba 2015)
 *     w -= learning_rate m / (1 - beta1^s) / (sqrt(v / (1 - beta2^s)) + epsilon)
 *
 * The hardware's square root and division are slow and its reciprocal estimates differ between makers,
 * so 1 / sqrt(x) starts from an integer guess (half the exponent, negated) and is refined by fmas.
 */
#include "kernels.h"
#include "simd.h"

/* 1 / sqrt(x), x normal, positive and finite.
 *
 * The guess's bits are 1.5 bias - 1/4 exponents minus half of x's: relative error 3.5 %. The first step
 * y (c0 - c1 x y y) is Newton's with its two constants fitted to that error (minimax over one period,
 * [1, 4)): 6.5e-4. Double adds a plain Newton step: 6.4e-7. Last a third-order step,
 * e = 1 - x y y, y += y e (1/2 + 3/8 e): below the rounding of either type. */
static inline vec inverse_sqrt(vec x)
{
    const bits guess = (bits)(6 * (bits)EXPONENT_BIAS - 1) << (MANTISSA_BITS - 2);
    vec y = v_real(i_sub(i_set1(guess), i_shr(v_bits(x), 1)));
    vec c1x = v_mul(v_set1(R(0x1.686c22p-1f, 0x1.686c226809d49p-1)), x);
    y = v_mul(y, v_fnma(v_mul(c1x, y), y, v_set1(R(0x1.ae91d2p+0f, 0x1.ae91d1ef4b7cdp+0))));
#if defined(CRNN_F64)
    vec half_x = v_mul(v_set1(0.5), x);
    y = v_mul(y, v_fnma(v_mul(half_x, y), y, v_set1(1.5)));
#endif
    vec e = v_fnma(v_mul(x, y), y, v_set1(1));
    return v_fma(v_mul(y, e), v_fma(e, v_set1(R(0.375f, 0.375)), v_set1(R(0.5f, 0.5))), y);
}

static inline vec clipped(vec x, vec limit)
{
    return v_min(limit, v_max(v_mul(v_set1(-1), limit), x));
}

static void clip(ptrdiff_t n, real limit, real *x)
{
    vec limits = v_set1(limit);
    ptrdiff_t i = 0;
    for (; i + LANES <= n; i += LANES) v_store(x + i, clipped(v_load(x + i), limits));
    if (i < n) v_store_n(x + i, clipped(v_load_n(x + i, (int)(n - i)), limits), (int)(n - i));
}

typedef struct {
    vec m, w;
} adagrad_state;

static inline adagrad_state adagrad_step(vec rate, vec d, vec m, vec w)
{
    vec memory = v_fma(d, d, m);
    vec r =
        inverse_sqrt(v_add(memory, v_set1(R(0x1.5798eep-27f, 0x1.5798ee2308c3ap-27)))); /* 1e-8 */
    return (adagrad_state){memory, v_fnma(v_mul(rate, d), r, w)};
}

static void adagrad(ptrdiff_t n, real learning_rate, real limit, const real *d, real *m, real *w)
{
    vec rate = v_set1(learning_rate), limits = v_set1(limit);
    ptrdiff_t i = 0;
    for (; i + LANES <= n; i += LANES) {
        adagrad_state s =
            adagrad_step(rate, clipped(v_load(d + i), limits), v_load(m + i), v_load(w + i));
        v_store(m + i, s.m);
        v_store(w + i, s.w);
    }
    if (i < n) {
        int rest = (int)(n - i);
        vec di = clipped(v_load_n(d + i, rest), limits);
        adagrad_state s = adagrad_step(rate, di, v_load_n(m + i, rest), v_load_n(w + i, rest));
        v_store_n(m + i, s.m, rest);
        v_store_n(w + i, s.w, rest);
    }
}

typedef struct {
    vec rate, beta1, beta2, rest1, rest2, epsilon, unbias2; /* rest: 1 - beta */
} adam_numbers;

typedef struct {
    vec m, v, w;
} adam_state;

/* Square root and division by hardware: seven streams of memory take as long. */
static inline adam_state adam_step(adam_numbers c, vec d, adam_state s)
{
    s.m = v_fma(c.beta1, s.m, v_mul(c.rest1, d));
    s.v = v_fma(c.beta2, s.v, v_mul(v_mul(c.rest2, d), d));
    vec root = v_sqrt(v_mul(s.v, c.unbias2));
    s.w = v_fnma(c.rate, v_div(s.m, v_add(root, c.epsilon)), s.w);
    return s;
}

static void adam(ptrdiff_t n, real rate, real limit, real beta1, real beta2, real epsilon,
                 real unbias2, const real *d, real *m, real *v, real *w)
{
    adam_numbers c = {v_set1(rate),      v_set1(beta1),   v_set1(beta2),  v_set1(1 - beta1),
                      v_set1(1 - beta2), v_set1(epsilon), v_set1(unbias2)};
    vec limits = v_set1(limit);
    ptrdiff_t i = 0;
    for (; i + LANES <= n; i += LANES) {
        adam_state s = {v_load(m + i), v_load(v + i), v_load(w + i)};
        s = adam_step(c, clipped(v_load(d + i), limits), s);
        v_store(m + i, s.m);
        v_store(v + i, s.v);
        v_store(w + i, s.w);
    }
    if (i < n) {
        int rest = (int)(n - i);
        adam_state s = {v_load_n(m + i, rest), v_load_n(v + i, rest), v_load_n(w + i, rest)};
        s = adam_step(c, clipped(v_load_n(d + i, rest), limits), s);
        v_store_n(m + i, s.m, rest);
        v_store_n(v + i, s.v, rest);
        v_store_n(w + i, s.w, rest);
    }
}
