/* optimizer.c - clipping, gradient descent with momentum, Adagrad, RMSprop and Adam, one pass over memory
 * each.
 *
 *     m = momentum m + d;   w -= learning_rate m                     (Polyak 1964)
 *
 *     m += d * d;   w -= learning_rate * d / sqrt(m + 1e-8)          (Duchi, Hazan, Singer 2011)
 *
 *     v += (1 - decay) (d d - v);   w -= learning_rate d / (sqrt(v) + epsilon)       (Tieleman, Hinton 2012)
 *
 *     m += (1 - beta1) (d - m);   v += (1 - beta2) (d d - v);        (Kingma, Ba 2015)
 *     w -= learning_rate m / (1 - beta1^s) / (sqrt(v / (1 - beta2^s)) + epsilon)
 */
#include "kernels.h"
#include "simd.h"

/* y = 1 / sqrt(x) nearly, x normal, positive and finite: relative error 9.6e-4 in float, 5.9e-7 in
 * double.
 *
 * The guess's bits are 1.5 bias minus half of x's, minus so much that y q(x y y) needs no multiplication
 * by the leading coefficient of q: in the minimax linear (float) or cubic (double) q for the 3.5 % or
 * 3.1 % that the guess is off, it is -1. */
VECTORS rough_inverse_sqrt(const int count, const vec *x, vec *y)
{
    const bits guess = (192 * (bits)EXPONENT_BIAS - R(53, 42)) << (MANTISSA_BITS - 7);
    vec q[TOGETHER];
    EACH(v) y[v] = v_real(i_sub(i_set1(guess), i_shr(v_bits(x[v]), 1)));
    EACH(v) q[v] = v_mul(x[v], y[v]);
#if defined(CRNN_F64)
    vec u[TOGETHER];
    EACH(v) u[v] = v_mul(q[v], y[v]);
    EACH(v) q[v] = v_sub(v_set1(0x1.81ed759006e82p+1), u[v]);
    EACH(v) q[v] = v_fma(q[v], u[v], v_set1(-0x1.cd6cd59f61b4bp+1));
    EACH(v) q[v] = v_fma(q[v], u[v], v_set1(0x1.4ac94df19e711p+1));
#else
    EACH(v) q[v] = v_fnma(q[v], y[v], v_set1(0x1.e41e1ep+0f));
#endif
    EACH(v) y[v] = v_mul(y[v], q[v]);
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

/* Adagrad of `count` vectors of n lanes each.
 *
 * 1 / sqrt(x) = y / sqrt(1 - e) with e = 1 - x y y, to third order y (1 + 1/2 e + 3/8 e e): what is left
 * out is below the rounding of either type. The learning rate goes into these constants. */
VECTORS adagrad_step(const int count, int n, vec rate, vec limit, const real *d, real *m, real *w)
{
    const vec first = v_mul(rate, v_set1(R(0.5f, 0.5)));
    const vec second = v_mul(rate, v_set1(R(0.375f, 0.375)));
    vec di[TOGETHER], x[TOGETHER], y[TOGETHER], e[TOGETHER], s[TOGETHER];

    EACH(v) di[v] = clipped(v_load_up_to(d + v * LANES, n), limit);
    EACH(v)
    {
        vec memory = v_fma(di[v], di[v], v_load_up_to(m + v * LANES, n));
        v_store_up_to(m + v * LANES, memory, n);
        x[v] = v_add(memory, v_set1(R(0x1.5798eep-27f, 0x1.5798ee2308c3ap-27))); /* 1e-8 */
    }
    rough_inverse_sqrt(count, x, y);
    EACH(v) e[v] = v_mul(x[v], y[v]);
    EACH(v) e[v] = v_fnma(e[v], y[v], v_set1(1));
    EACH(v) s[v] = v_fma(e[v], second, first);
    EACH(v) s[v] = v_fma(e[v], s[v], rate);
    EACH(v) di[v] = v_mul(di[v], y[v]);
    EACH(v) v_store_up_to(w + v * LANES, v_fnma(di[v], s[v], v_load_up_to(w + v * LANES, n)), n);
}

static void adagrad(ptrdiff_t n, real learning_rate, real limit, const real *d, real *m, real *w)
{
    vec rate = v_set1(learning_rate), limits = v_set1(limit);
    ptrdiff_t i = 0;
    for (; i + TOGETHER * LANES <= n; i += TOGETHER * LANES)
        adagrad_step(TOGETHER, LANES, rate, limits, d + i, m + i, w + i);
    for (; i + LANES <= n; i += LANES) adagrad_step(1, LANES, rate, limits, d + i, m + i, w + i);
    if (i < n) adagrad_step(1, (int)(n - i), rate, limits, d + i, m + i, w + i);
}

static inline __attribute__((always_inline)) void
sgd_vector(int lanes, vec rate, vec limit, vec momentum, const real *d, real *m, real *w)
{
    vec velocity = v_fma(momentum, v_load_up_to(m, lanes), clipped(v_load_up_to(d, lanes), limit));
    v_store_up_to(m, velocity, lanes);
    v_store_up_to(w, v_fnma(rate, velocity, v_load_up_to(w, lanes)), lanes);
}

static void sgd(ptrdiff_t n, real rate, real limit, real momentum, const real *d, real *m, real *w)
{
    vec rates = v_set1(rate), limits = v_set1(limit), momenta = v_set1(momentum);
    ptrdiff_t i = 0;
    for (; i + LANES <= n; i += LANES)
        sgd_vector(LANES, rates, limits, momenta, d + i, m + i, w + i);
    if (i < n) sgd_vector((int)(n - i), rates, limits, momenta, d + i, m + i, w + i);
}

typedef struct {
    vec rate, limit, decay, rest, epsilon; /* rest: 1 - decay */
} rmsprop_numbers;

static inline __attribute__((always_inline)) void rmsprop_vector(int lanes, rmsprop_numbers c,
                                                                 const real *d, real *v, real *w)
{
    vec g = clipped(v_load_up_to(d, lanes), c.limit);
    vec square = v_fma(c.decay, v_load_up_to(v, lanes), v_mul(v_mul(c.rest, g), g));
    vec step = v_div(g, v_add(v_sqrt(square), c.epsilon));
    v_store_up_to(v, square, lanes);
    v_store_up_to(w, v_fnma(c.rate, step, v_load_up_to(w, lanes)), lanes);
}

static void rmsprop(ptrdiff_t n, real rate, real limit, real decay, real epsilon, const real *d,
                    real *v, real *w)
{
    rmsprop_numbers c = {v_set1(rate), v_set1(limit), v_set1(decay), v_set1(1 - decay),
                         v_set1(epsilon)};
    ptrdiff_t i = 0;
    for (; i + LANES <= n; i += LANES) rmsprop_vector(LANES, c, d + i, v + i, w + i);
    if (i < n) rmsprop_vector((int)(n - i), c, d + i, v + i, w + i);
}

typedef struct {
    vec rate, beta1, beta2, rest1, rest2, epsilon, unbias2; /* rest: 1 - beta */
} adam_numbers;

/* Square root and division by hardware: seven streams of memory take as long. */
static inline __attribute__((always_inline)) void
adam_vector(int lanes, adam_numbers c, vec limits, const real *d, real *m, real *v, real *w)
{
    vec g = clipped(v_load_up_to(d, lanes), limits);
    vec mean = v_fma(c.beta1, v_load_up_to(m, lanes), v_mul(c.rest1, g));
    vec square = v_fma(c.beta2, v_load_up_to(v, lanes), v_mul(v_mul(c.rest2, g), g));
    vec root = v_add(v_sqrt(v_mul(square, c.unbias2)), c.epsilon);
    vec weight = v_fnma(c.rate, v_div(mean, root), v_load_up_to(w, lanes));
    v_store_up_to(m, mean, lanes);
    v_store_up_to(v, square, lanes);
    v_store_up_to(w, weight, lanes);
}

static void adam(ptrdiff_t n, real rate, real limit, real beta1, real beta2, real epsilon,
                 real unbias2, const real *d, real *m, real *v, real *w)
{
    adam_numbers c = {v_set1(rate),      v_set1(beta1),   v_set1(beta2),  v_set1(1 - beta1),
                      v_set1(1 - beta2), v_set1(epsilon), v_set1(unbias2)};
    vec limits = v_set1(limit);
    ptrdiff_t i = 0;
    for (; i + LANES <= n; i += LANES) adam_vector(LANES, c, limits, d + i, m + i, v + i, w + i);
    if (i < n) adam_vector((int)(n - i), c, limits, d + i, m + i, v + i, w + i);
}
