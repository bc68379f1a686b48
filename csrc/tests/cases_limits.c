/* cases_limits.c - multiply_adds and loads: the work was done, every part of it. */

static void multiply_adds_case(ptrdiff_t rounds, real x)
{
    begin_case("rounds=%td x=%a", rounds, (double)x);
    real wanted = plain_multiply_adds(rounds, x);
    ON_EVERY_TABLE({
        real sum = k->multiply_adds(rounds, x);
        check(memcmp(&sum, &wanted, sizeof sum) == 0, "the sum is %a, expected %a", (double)sum,
              (double)wanted);
    })
}

static void test_multiply_adds(void)
{
    for (int s = 0; s < SIZES; s++) {
        multiply_adds_case(sizes[s], 1);
        for (int repeat = 0; repeat < 4; repeat++) multiply_adds_case(sizes[s], moderate());
    }
}

static void loads_case(ptrdiff_t n, ptrdiff_t rounds)
{
    begin_case("n=%td rounds=%td", n, rounds);
    VECTOR(x, n, anything);
    uint64_t wanted = plain_loads(n, x.wanted, rounds);
    ON_EVERY_TABLE({
        uint64_t sum = k->loads(n, x.at, rounds);
        check(sum == wanted, "the sum is %llx, expected %llx", (unsigned long long)sum,
              (unsigned long long)wanted);
    })
}

static void test_loads(void)
{
    FOR_EVERY_SIZE(n, 0)
    for (ptrdiff_t rounds = 0; rounds < 4; rounds++) loads_case(n, rounds);
}
