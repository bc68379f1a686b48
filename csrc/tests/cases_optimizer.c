/* cases_optimizer.c - clip, sgd, adagrad, rmsprop and adam. */

static void clip_case(ptrdiff_t n, real limit)
{
    begin_case("n=%td limit=%g", n, (double)limit);
    VECTOR(x, n, anything);
    for (ptrdiff_t i = 0; i < n; i++) x.wanted[i] = plain_clipped(x.wanted[i], limit);
    ON_EVERY_TABLE(k->clip(n, limit, x.at))
}

static void test_clip(void)
{
    static const real limits[] = {0, REAL_TINY, 1, 5, REAL_MAX, INFINITY};
    FOR_EVERY_SIZE(n, 0)
    for (int j = 0; j < 6; j++)
        for (int repeat = 0; repeat < 4; repeat++) clip_case(n, limits[j]);
}

/* From far below 1e-8 to the greatest memory promised; often 0, as at the start. */
static real memory(void) { return random_index(4) ? (real)pow(10, 60 * random_unit() - 30) : 0; }

static real gradient(void)
{
    switch (random_index(16)) {
        case 0:
            return 0;
        case 1:
            return -(real)0;
        case 2:
            return NAN;
        case 3:
            return REAL_TINY;
        case 4:
            return -INFINITY;
        default:
            return (real)ldexp(moderate(), (int)random_index(20) - 12);
    }
}

static real power_of_two(void) { return R(0x1p-60f, 0x1p-60); }

static long double exact_r(real m) { return 1 / sqrtl((long double)m + 1e-8L); }

/* Memory has one rounding. A weight has three units of the step (half a one each of m + 1e-8 and of x y,
 * one each of s and of d y) and its own; a subnormal d y has a unit that the rate makes smaller. */
static void check_adagrad(ptrdiff_t n, real rate, real limit, const real *d, const real *m,
                          const real *w, const real *new_m, const real *new_w)
{
    for (ptrdiff_t i = 0; i < n; i++) {
        real clipped = plain_clipped(d[i], limit), wanted = FMA(clipped, clipped, m[i]);
        long double r = exact_r(wanted), step = rate * (long double)clipped * r,
                    exact = w[i] - step;
        long double tolerance = (3 + slack()) * ulp(step) + REAL_TINY * r;
        if (w[i] != 0) tolerance += ulp(exact);
        check(new_m[i] == wanted || (isnan(d[i]) && isnan(new_m[i])), "m[%td] is %a, not %a", i,
              (double)new_m[i], (double)wanted);
        check_near("w", i, new_w[i], exact, tolerance);
    }
}

static void adagrad_case(ptrdiff_t n, real rate, real limit, number d_, number w_)
{
    begin_case("n=%td learning_rate=%g limit=%g", n, (double)rate, (double)limit);
    VECTOR(d, n, d_);
    VECTOR(m, n, memory);
    VECTOR(w, n, w_);
    portable()->adagrad(n, rate, limit, d.wanted, m.wanted, w.wanted);
    check_adagrad(n, rate, limit, d.at, m.at, w.at, m.wanted, w.wanted);
    ON_EVERY_TABLE(k->adagrad(n, rate, limit, d.at, m.at, w.at))
}

/* With w = 0, rate 1 and powers of two for d, the new weights are -d r: r alone, without the unit of d y
 * but with a last rounding of its own. */
static void reciprocal_case(ptrdiff_t n)
{
    begin_case("n=%td, r alone", n);
    VECTOR(d, n, power_of_two);
    VECTOR(m, n, memory);
    VECTOR(w, n, zero);
    portable()->adagrad(n, 1, 1, d.wanted, m.wanted, w.wanted);
    for (ptrdiff_t i = 0; i < n; i++) {
        long double exact = exact_r(m.at[i]);
        check_near("r", i, -w.wanted[i] / d.at[i], exact, (3 + slack()) * ulp(exact));
    }
    ON_EVERY_TABLE(k->adagrad(n, 1, 1, d.at, m.at, w.at))
}

/* What no training should meet: no bounds, but the same bits and the same places of NaNs everywhere. */
static void wild_adagrad_case(ptrdiff_t n)
{
    real rate = anything(), limit = R(fabsf, fabs)(anything());
    begin_case("n=%td learning_rate=%g limit=%g, anything", n, (double)rate, (double)limit);
    VECTOR(d, n, anything);
    VECTOR(m, n, anything);
    VECTOR(w, n, anything);
    portable()->adagrad(n, rate, limit, d.wanted, m.wanted, w.wanted);
    ON_EVERY_TABLE(k->adagrad(n, rate, limit, d.at, m.at, w.at))
}

static void test_adagrad(void)
{
    static const real rates[] = {R(0.1f, 0.1), R(0.001f, 0.001), 1};
    FOR_EVERY_SIZE(n, 0)
    for (int j = 0; j < 6; j++)
        adagrad_case(n, rates[j % 3], R(5.0f, 5.0) / (real)(1 + j), gradient,
                     j % 2 ? moderate : zero);
    FOR_EVERY_SIZE(n, 0) wild_adagrad_case(n);
    adagrad_case(20000, rates[0], 5, gradient, moderate);
    reciprocal_case(20000);
}

static real square(void) { return memory() < 1 ? memory() : 1; }

/* Every operation is an exactly rounded one: the plain loop has the bits. */
static void adam_case(ptrdiff_t n, real rate, real limit, real beta1, real unbias2, number d_,
                      number v_, number w_)
{
    const real beta2 = R(0.999f, 0.999), epsilon = R(1e-8f, 1e-8);
    begin_case("n=%td rate=%g limit=%g beta1=%g", n, (double)rate, (double)limit, (double)beta1);
    VECTOR(d, n, d_);
    VECTOR(m, n, w_);
    VECTOR(v, n, v_);
    VECTOR(w, n, w_);
    for (ptrdiff_t i = 0; i < n; i++) {
        real g = plain_clipped(d.wanted[i], limit);
        m.wanted[i] = FMA(beta1, m.wanted[i], (1 - beta1) * g);
        v.wanted[i] = FMA(beta2, v.wanted[i], (1 - beta2) * g * g);
        real root = R(sqrtf, sqrt)(v.wanted[i] * unbias2);
        w.wanted[i] = FMA(-rate, m.wanted[i] / (root + epsilon), w.wanted[i]);
    }
    ON_EVERY_TABLE(k->adam(n, rate, limit, beta1, beta2, epsilon, unbias2, d.at, m.at, v.at, w.at))
}

static void test_adam(void)
{
    const real usual = R(0.9f, 0.9), first = R(1000.0f, 1000.0); /* unbias2 of the first step */
    FOR_EVERY_SIZE(n, 0)
    {
        adam_case(n, R(0.01f, 0.01), 5, usual, first, gradient, square, moderate);
        adam_case(n, R(0.001f, 0.001), INFINITY, usual, R(1.5f, 1.5), gradient, square, moderate);
        adam_case(n, 1, R(0.25f, 0.25), 0, 1, gradient, square, moderate);
        adam_case(n, R(0.01f, 0.01), 5, usual, first, anything, anything, anything);
    }
}

/* Here, too, the plain loop has the bits. */
static void sgd_case(ptrdiff_t n, real rate, real limit, real momentum, number x_)
{
    begin_case("n=%td rate=%g limit=%g momentum=%g", n, (double)rate, (double)limit,
               (double)momentum);
    VECTOR(d, n, x_ == moderate ? gradient : x_);
    VECTOR(m, n, x_);
    VECTOR(w, n, x_);
    for (ptrdiff_t i = 0; i < n; i++) {
        m.wanted[i] = FMA(momentum, m.wanted[i], plain_clipped(d.wanted[i], limit));
        w.wanted[i] = FMA(-rate, m.wanted[i], w.wanted[i]);
    }
    ON_EVERY_TABLE(k->sgd(n, rate, limit, momentum, d.at, m.at, w.at))
}

static void test_sgd(void)
{
    FOR_EVERY_SIZE(n, 0)
    {
        sgd_case(n, R(0.1f, 0.1), 5, R(0.9f, 0.9), moderate);
        sgd_case(n, R(0.01f, 0.01), INFINITY, 0, moderate);
        sgd_case(n, 1, R(0.25f, 0.25), R(0.99f, 0.99), anything);
    }
}

static void rmsprop_case(ptrdiff_t n, real rate, real limit, real decay, number v_, number w_)
{
    const real epsilon = R(1e-8f, 1e-8);
    begin_case("n=%td rate=%g limit=%g decay=%g", n, (double)rate, (double)limit, (double)decay);
    VECTOR(d, n, gradient);
    VECTOR(v, n, v_);
    VECTOR(w, n, w_);
    for (ptrdiff_t i = 0; i < n; i++) {
        real g = plain_clipped(d.wanted[i], limit);
        v.wanted[i] = FMA(decay, v.wanted[i], (1 - decay) * g * g);
        w.wanted[i] = FMA(-rate, g / (R(sqrtf, sqrt)(v.wanted[i]) + epsilon), w.wanted[i]);
    }
    ON_EVERY_TABLE(k->rmsprop(n, rate, limit, decay, epsilon, d.at, v.at, w.at))
}

static void test_rmsprop(void)
{
    FOR_EVERY_SIZE(n, 0)
    {
        rmsprop_case(n, R(0.01f, 0.01), 5, R(0.99f, 0.99), square, moderate);
        rmsprop_case(n, R(0.001f, 0.001), INFINITY, R(0.95f, 0.95), square, moderate);
        rmsprop_case(n, 1, R(0.25f, 0.25), 0, anything, anything);
    }
}
