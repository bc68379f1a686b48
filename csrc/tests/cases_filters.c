/* cases_filters.c - penalize, cap, and what leaves probabilities out.
 *
 * The plain loops sort: the kernels do not.
 */

static void penalize_case(ptrdiff_t n, real penalty, int64_t since, number y_)
{
    begin_case("n=%td penalty=%g since=%lld", n, (double)penalty, (long long)since);
    VECTOR(y, n, y_);
    images both = new_buffer("last", INTEGERS, sizeof(int64_t), 1, n, n);
    int64_t *last = both.at, *wanted = both.wanted;
    for (ptrdiff_t i = 0; i < n; i++) {
        last[i] = wanted[i] = (int64_t)random_index(9) - 1 + (random_index(2) ? INT64_MAX / 2 : 0);
        if (last[i] >= since) y.wanted[i] = y.at[i] > 0 ? y.at[i] / penalty : y.at[i] * penalty;
    }
    ON_EVERY_TABLE(k->penalize(n, penalty, last, since, y.at))
}

static void test_penalize(void)
{
    FOR_EVERY_SIZE(n, 0)
    {
        penalize_case(n, R(1.2f, 1.2), 3, moderate);
        penalize_case(n, R(0.7f, 0.7), INT64_MAX / 2, anything);
        penalize_case(n, REAL_MAX, 0, anything);
    }
}

static real limit(void) { return random_index(2) ? INFINITY : -INFINITY; }

static void cap_case(ptrdiff_t n, number limits_, number y_)
{
    begin_case("n=%td", n);
    VECTOR(limits, n, limits_);
    VECTOR(y, n, y_);
    for (ptrdiff_t i = 0; i < n; i++)
        if (limits.at[i] < y.at[i]) y.wanted[i] = limits.at[i];
    ON_EVERY_TABLE(k->cap(n, limits.at, y.at))
}

static void test_cap(void)
{
    FOR_EVERY_SIZE(n, 0)
    {
        cap_case(n, limit, moderate);
        cap_case(n, limit, anything);
        cap_case(n, moderate, anything);
    }
}

/* --- the greatest ones ---------------------------------------------------------------------------- */

static real size_of_anything(void) { return R(fabsf, fabs)(anything()); }
static real few_values(void) { return (real)random_index(4) / 4; }
static real one_value(void) { return R(0.01f, 0.01); }
static real mostly_zero(void) { return random_index(5) ? 0 : positive(); }
static real infinite_or_not(void) { return random_index(9) ? positive() : INFINITY; }
static real wide(void) { return (real)ldexp(random_unit(), -(int)random_index(140)); }

static const number filtered[] = {positive,    few_values, one_value,       size_of_anything,
                                  mostly_zero, wide,       infinite_or_not, zero};
enum { FILTERED = sizeof filtered / sizeof filtered[0] };

/* The indices of p (n), the greatest first, of equal ones the first. */
static void plain_order(ptrdiff_t n, const real *p, ptrdiff_t *order)
{
    for (ptrdiff_t i = 0; i < n; i++) {
        ptrdiff_t at = i;
        for (; at > 0 && p[order[at - 1]] < p[i]; at--) order[at] = order[at - 1];
        order[at] = i;
    }
}

static int any_nan(ptrdiff_t n, const real *p)
{
    int found = 0;
    for (ptrdiff_t i = 0; i < n; i++) found |= isnan(p[i]);
    return found;
}

static void plain_top_k(ptrdiff_t n, ptrdiff_t k, real *p)
{
    ptrdiff_t order[257];
    if (any_nan(n, p)) return;
    plain_order(n, p, order);
    for (ptrdiff_t m = k; m < n; m++) p[order[m]] = 0;
}

static void plain_top_p(ptrdiff_t n, real share, real *p)
{
    ptrdiff_t order[257], m = 0;
    real kept[257] = {0}, needed = share * plain_sum(n, p);
    if (any_nan(n, p)) return;
    plain_order(n, p, order);
    while (m < n && (m == 0 || plain_sum(n, kept) < needed)) {
        kept[order[m]] = p[order[m]];
        m++;
    }
    memcpy(p, kept, (size_t)n * sizeof *p);
}

static void plain_min_p(ptrdiff_t n, real share, real *p)
{
    real least = share * plain_greatest(n, p);
    if (any_nan(n, p)) return;
    for (ptrdiff_t i = 0; i < n; i++)
        if (p[i] < least) p[i] = 0;
}

static void top_k_case(ptrdiff_t n, ptrdiff_t most, number p_)
{
    begin_case("n=%td k=%td", n, most);
    VECTOR(p, n, p_);
    plain_top_k(n, most, p.wanted);
    ON_EVERY_TABLE(k->top_k(n, most, p.at))
}

static void test_top_k(void)
{
    FOR_EVERY_SIZE(n, 1)
    for (int kind = 0; kind < FILTERED; kind++) {
        top_k_case(n, 1, filtered[kind]);
        top_k_case(n, 1 + random_index(n), filtered[kind]);
        top_k_case(n, n + random_index(2), filtered[kind]);
    }
}

static void top_p_case(ptrdiff_t n, real share, number p_)
{
    begin_case("n=%td share=%g", n, (double)share);
    VECTOR(p, n, p_);
    plain_top_p(n, share, p.wanted);
    ON_EVERY_TABLE(k->top_p(n, share, p.at))
}

static void test_top_p(void)
{
    static const real shares[] = {REAL_TINY, R(0.1f, 0.1), 0.25, 0.5, R(0.9f, 0.9), 1};
    FOR_EVERY_SIZE(n, 1)
    for (int kind = 0; kind < FILTERED; kind++) {
        top_p_case(n, shares[(n + kind) % 6], filtered[kind]);
        top_p_case(n, (real)(1 - random_unit()), filtered[kind]);
    }
}

static void min_p_case(ptrdiff_t n, real share, number p_)
{
    begin_case("n=%td share=%g", n, (double)share);
    VECTOR(p, n, p_);
    plain_min_p(n, share, p.wanted);
    ON_EVERY_TABLE(k->min_p(n, share, p.at))
}

static void test_min_p(void)
{
    static const real shares[] = {0, REAL_TINY, R(0.1f, 0.1), 0.25, 0.5, 1};
    FOR_EVERY_SIZE(n, 1)
    for (int kind = 0; kind < FILTERED; kind++) {
        min_p_case(n, shares[(n + kind) % 6], filtered[kind]);
        min_p_case(n, (real)random_unit(), filtered[kind]);
    }
}

static void normalize_case(ptrdiff_t n, number p_)
{
    begin_case("n=%td", n);
    VECTOR(p, n, p_);
    real factor = 1 / plain_sum(n, p.wanted);
    for (ptrdiff_t i = 0; i < n; i++) p.wanted[i] = p.wanted[i] * factor;
    ON_EVERY_TABLE(k->normalize(n, p.at))
}

static void test_normalize(void)
{
    FOR_EVERY_SIZE(n, 1)
    for (int kind = 0; kind < FILTERED; kind++) normalize_case(n, filtered[kind]);
}
