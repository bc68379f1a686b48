/* optimizer.c - clipping, Adagrad and Adam, one pass over memory each.
 *
 *     m += d * d;   w -= learning_rate * d / sqrt(m + 1e-8)          (Duchi, Hazan, Singer 2011)
 *
 *     m += (1 - beta1) (d - m);   v += (1 - beta2) (d d - v);        (Kingma, Ba 2015)
 *     w -= learning_rate m / (1 - beta1^s) / (sqrt(v / (1 - beta2^s)) + epsilon)
 */
#include "kernels.h"
#include "simd.h"
#include "vmath.h"

static inline __attribute__((always_inline)) vec load_lanes(const real *p, int lanes)
{
    return lanes == LANES ? v_load(p) : v_load_n(p, lanes);
}

static inline __attribute__((always_inline)) void store_lanes(real *p, vec a, int lanes)
{
    if (lanes == LANES)
        v_store(p, a);
    else
        v_store_n(p, a, lanes);
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

/* `count` vectors of `lanes` lanes, which are all of them if there is more than one vector. */
VECTORS adagrad_vectors(const int count, int lanes, vec rate, vec limits, const real *d, real *m,
                        real *w)
{
    const vec tiny = v_set1(R(0x1.5798eep-27f, 0x1.5798ee2308c3ap-27)); /* 1e-8 */
    vec g[TOGETHER], memory[TOGETHER], x[TOGETHER], r[TOGETHER];
    EACH(v) g[v] = clipped(load_lanes(d + v * LANES, lanes), limits);
    EACH(v) memory[v] = v_fma(g[v], g[v], load_lanes(m + v * LANES, lanes));
    EACH(v) x[v] = v_add(memory[v], tiny);
    v_inverse_sqrt(count, x, r);
    EACH(v) r[v] = v_fnma(v_mul(rate, g[v]), r[v], load_lanes(w + v * LANES, lanes));
    EACH(v) store_lanes(m + v * LANES, memory[v], lanes);
    EACH(v) store_lanes(w + v * LANES, r[v], lanes);
}

static void adagrad(ptrdiff_t n, real learning_rate, real limit, const real *d, real *m, real *w)
{
    vec rate = v_set1(learning_rate), limits = v_set1(limit);
    ptrdiff_t i = 0;
    for (; i + 2 * LANES <= n; i += 2 * LANES)
        adagrad_vectors(2, LANES, rate, limits, d + i, m + i, w + i);
    for (; i < n; i += LANES)
        adagrad_vectors(1, n - i < LANES ? (int)(n - i) : LANES, rate, limits, d + i, m + i, w + i);
}

typedef struct {
    vec rate, beta1, beta2, rest1, rest2, epsilon, unbias2; /* rest: 1 - beta */
} adam_numbers;

/* Square root and division by hardware: seven streams of memory take as long. */
static inline __attribute__((always_inline)) void
adam_vector(int lanes, adam_numbers c, vec limits, const real *d, real *m, real *v, real *w)
{
    vec g = clipped(load_lanes(d, lanes), limits);
    vec mean = v_fma(c.beta1, load_lanes(m, lanes), v_mul(c.rest1, g));
    vec square = v_fma(c.beta2, load_lanes(v, lanes), v_mul(v_mul(c.rest2, g), g));
    vec root = v_add(v_sqrt(v_mul(square, c.unbias2)), c.epsilon);
    vec weight = v_fnma(c.rate, v_div(mean, root), load_lanes(w, lanes));
    store_lanes(m, mean, lanes);
    store_lanes(v, square, lanes);
    store_lanes(w, weight, lanes);
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
