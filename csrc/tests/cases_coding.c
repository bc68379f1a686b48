/* cases_coding.c - frequencies, and counting among them. */

static uint32_t plain_frequency(real p)
{
    if (!(p > 0)) return 1;
    if (p >= 1) return 1 + (1u << 30);
    return 1 + (uint32_t)floorl(ldexpl(p, 30));
}

static void check_total(uint32_t got, uint32_t wanted)
{
    check(got == wanted, "total %u wanted, got %u", (unsigned)wanted, (unsigned)got);
}

/* A probability: mostly small ones, and those on both sides of a whole number of parts. */
static real probability(void)
{
    static const real special[] = {0,
                                   1,
                                   0.5,
                                   0x1p-30f,
                                   REAL_TINY,
                                   REAL_MIN,
                                   R(0x1.fffffep-1f, 0x1.fffffffffffffp-1),
                                   R(0x1.fffffep-31f, 0x1.fffffffffffffp-31)};
    if (!random_index(8)) return special[random_index(sizeof special / sizeof special[0])];
    return (real)ldexp(random_unit(), -(int)random_index(40));
}

static void frequencies_case(ptrdiff_t n, number p_)
{
    begin_case("n=%td", n);
    VECTOR(p, n, p_);
    images f = new_buffer("f", INTEGERS, sizeof(uint32_t), 1, n, n);
    uint32_t *at = f.at, *wanted = f.wanted, total = 0;
    for (ptrdiff_t j = 0; j < n; j++) {
        at[j] = 0;
        total += wanted[j] = plain_frequency(p.wanted[j]);
    }
    ON_EVERY_TABLE(check_total(k->frequencies(n, p.at, at), total))
}

static void test_frequencies(void)
{
    FOR_EVERY_SIZE(n, 0)
    {
        frequencies_case(n, probability);
        frequencies_case(n, anything);
    }
}

/* Frequencies as `at` and `wanted` in one, small or of any size; their sum is less than 2^32. */
static const uint32_t *new_frequencies(ptrdiff_t n, int small)
{
    images f = new_buffer("f", INTEGERS, sizeof(uint32_t), 1, n, n);
    uint32_t *at = f.at, *wanted = f.wanted;
    for (ptrdiff_t j = 0; j < n; j++)
        at[j] = wanted[j] = 1 + (uint32_t)random_index(small ? 3 : ((ptrdiff_t)1 << 32) / n - 1);
    return at;
}

static void test_count_below(void)
{
    FOR_EVERY_SIZE(n, 0)
    {
        begin_case("n=%td", n);
        const uint32_t *f = n ? new_frequencies(n, 0) : NULL;
        uint32_t sum = 0;
        for (ptrdiff_t j = 0; j < n; j++) sum += f[j];
        ON_EVERY_TABLE(check_total(k->count_below(n, f), sum))
    }
}

static void check_place(ptrdiff_t got, ptrdiff_t wanted, uint32_t below, uint32_t wanted_below)
{
    check(got == wanted && below == wanted_below, "place %td from %u on wanted, got %td from %u on",
          wanted, (unsigned)wanted_below, got, (unsigned)below);
}

static void locate_once(ptrdiff_t n, const uint32_t *f, uint32_t u, ptrdiff_t wanted, uint32_t from)
{
    ON_EVERY_TABLE(uint32_t below = ~from; ptrdiff_t got = k->locate(n, f, u, &below);
                   check_place(got, wanted, below, from))
}

static void locate_case(ptrdiff_t n, int small)
{
    begin_case("n=%td, %s", n, small ? "small" : "any");
    const uint32_t *f = new_frequencies(n, small);
    uint32_t below = 0;
    for (ptrdiff_t j = 0; j < n; below += f[j++]) {
        locate_once(n, f, below, j, below);
        locate_once(n, f, below + f[j] - 1, j, below);
    }
    locate_once(n, f, below, n - 1, below - f[n - 1]);
    locate_once(n, f, UINT32_MAX, n - 1, below - f[n - 1]);
}

static void test_locate(void)
{
    FOR_EVERY_SIZE(n, 1)
    {
        locate_case(n, 0);
        locate_case(n, 1);
    }
}
