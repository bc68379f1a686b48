/* cases_vectors.c - dot, scale, add_scaled and drop. */

static void dot_case(ptrdiff_t n, number x_, number y_)
{
    begin_case("n=%td", n);
    VECTOR(x, n, x_);
    VECTOR(y, n, y_);
    VECTOR(result, 1, zero);
    *result.wanted = plain_dot(n, x.wanted, y.wanted);
    ON_EVERY_TABLE(*result.at = k->dot(n, x.at, y.at))
}

/* A product that is rounded to -0: then it shows if nothing is added as a zero. */
static real tiny(void) { return random_index(2) ? REAL_TINY : -REAL_TINY; }

static void test_dot(void)
{
    FOR_EVERY_SIZE(n, 0)
    {
        dot_case(n, moderate, moderate);
        dot_case(n, mixed, mixed);
        dot_case(n, anything, anything);
        dot_case(n, tiny, tiny);
    }
}

static void scale_case(ptrdiff_t n, real a, number x_)
{
    begin_case("n=%td a=%g", n, (double)a);
    VECTOR(x, n, x_);
    for (ptrdiff_t i = 0; i < n; i++) x.wanted[i] = a * x.wanted[i];
    ON_EVERY_TABLE(k->scale(n, a, x.at))
}

static void test_scale(void)
{
    FOR_EVERY_SIZE(n, 0)
    {
        scale_case(n, moderate(), moderate);
        scale_case(n, anything(), anything);
    }
}

static void add_scaled_case(ptrdiff_t n, real a, number x_)
{
    begin_case("n=%td a=%g", n, (double)a);
    VECTOR(x, n, x_);
    VECTOR(y, n, x_);
    for (ptrdiff_t i = 0; i < n; i++) y.wanted[i] = FMA(a, x.wanted[i], y.wanted[i]);
    ON_EVERY_TABLE(k->add_scaled(n, a, x.at, y.at))
}

static void test_add_scaled(void)
{
    FOR_EVERY_SIZE(n, 0)
    {
        add_scaled_case(n, moderate(), moderate);
        add_scaled_case(n, anything(), anything);
    }
}

static void drop_case(ptrdiff_t n, uint32_t threshold, real a, number x_, int in_place)
{
    begin_case("n=%td threshold=%u a=%g", n, (unsigned)threshold, (double)a);
    VECTOR(x, n, x_);
    VECTOR(y, n, zero);
    images both = new_buffer("coins", INTEGERS, sizeof(uint16_t), 1, n, n);
    uint16_t *coins = both.at, *wanted = both.wanted;
    for (ptrdiff_t i = 0; i < n; i++) coins[i] = wanted[i] = (uint16_t)random_bits();
    for (ptrdiff_t i = 0; i < n; i++)
        (in_place ? x : y).wanted[i] = coins[i] < threshold ? 0 : a * x.wanted[i];
    ON_EVERY_TABLE(k->drop(n, threshold, a, coins, x.at, in_place ? x.at : y.at))
}

static void test_drop(void)
{
    static const uint32_t thresholds[] = {0, 1, 3277, 32768, 65535, 65536};
    FOR_EVERY_SIZE(n, 0)
    for (int j = 0; j < 6; j++) {
        drop_case(n, thresholds[j], moderate(), moderate, j % 2);
        drop_case(n, thresholds[j], anything(), anything, j % 2);
    }
}
