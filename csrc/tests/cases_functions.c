/* cases_functions.c - exp, log, tanh and tanh_backward.
 *
 * The functions: the portable table within vmath.h's unit in the last place of the exact value, every
 * other table equal to it.
 */

typedef void (*map)(ptrdiff_t n, const real *x, real *y);

typedef struct {
    map (*of)(const kernels *k);
    long double (*exact)(long double x);
} function;

static map exp_of(const kernels *k) { return k->exp; }
static map log_of(const kernels *k) { return k->log; }
static map tanh_of(const kernels *k) { return k->tanh; }

/* Where the functions bend, and around 1, where a logarithm has few digits left. */
static real argument(void)
{
    switch (random_index(4)) {
        case 0:
            return anything();
        case 1:
            return 1 + (real)ldexp(2 * random_unit() - 1, -(int)random_index(REAL_DIGITS));
        default:
            return (real)ldexp(2 * random_unit() - 1, (int)random_index(26) - 15);
    }
}

static void check_function(const function *f, ptrdiff_t n, const real *x, const real *y)
{
    for (ptrdiff_t i = 0; i < n; i++) {
        long double exact = f->exact(x[i]);
        check_near("f", i, y[i], exact, (1 + slack()) * ulp(exact));
        check(isnan(y[i]) || !signbit(y[i]) == !signbit(exact), "f(%a) is %a: the sign is wrong",
              (double)x[i], (double)y[i]);
    }
}

static void function_case(const function *f, ptrdiff_t n, int in_place)
{
    begin_case("n=%td%s", n, in_place ? " y=x" : "");
    VECTOR(x, n, argument);
    matrix y = in_place ? x : new_matrix("y", 1, n, n, anything);
    f->of(portable())(n, x.at, y.wanted);
    check_function(f, n, x.at, y.wanted);
    ON_EVERY_TABLE(f->of(k)(n, x.at, y.at))
}

static void test_function(function f)
{
    FOR_EVERY_SIZE(n, 0)
    for (int repeat = 0; repeat < 4; repeat++) function_case(&f, n, repeat % 2);
    function_case(&f, 20000, 0);
}

static void test_exp(void) { test_function((function){exp_of, exact_exp}); }
static void test_log(void) { test_function((function){log_of, exact_log}); }
static void test_tanh(void) { test_function((function){tanh_of, exact_tanh}); }

static void tanh_backward_case(ptrdiff_t n, int in_place, number draw)
{
    begin_case("n=%td%s", n, in_place ? " dz=dh" : "");
    VECTOR(h, n, draw);
    VECTOR(dh, n, draw);
    matrix dz = in_place ? dh : new_matrix("dz", 1, n, n, anything);
    plain_tanh_backward(n, h.wanted, dh.wanted, dz.wanted);
    ON_EVERY_TABLE(k->tanh_backward(n, h.at, dh.at, dz.at))
}

static void test_tanh_backward(void)
{
    FOR_EVERY_SIZE(n, 0)
    for (int repeat = 0; repeat < 8; repeat++)
        tanh_backward_case(n, repeat % 2, repeat < 4 ? moderate : anything);
}
