/* matrix.c - typed buffers and what is put into them; the loop over tables; nearness. */

typedef struct {
    real *at, *wanted; /* for the kernels; for the plain loop */
} matrix;

typedef real (*number)(void); /* a random number of some kind */

static matrix new_matrix(const char *name, ptrdiff_t rows, ptrdiff_t cols, ptrdiff_t ld,
                         number draw)
{
    images both = new_buffer(name, REALS, sizeof(real), rows, cols, ld);
    matrix a = {both.at, both.wanted};
    for (ptrdiff_t i = 0; i < rows; i++)
        for (ptrdiff_t j = 0; j < cols; j++) a.at[i * ld + j] = a.wanted[i * ld + j] = draw();
    return a;
}

static void put(matrix a, ptrdiff_t i, real value) { a.at[i] = a.wanted[i] = value; }

/* n indices below `end`, as `at` and `wanted` in one: plain loops only read them. */
static const int32_t *new_indices(const char *name, ptrdiff_t n, ptrdiff_t end)
{
    images both = new_buffer(name, INTEGERS, sizeof(int32_t), 1, n, n);
    int32_t *at = both.at, *wanted = both.wanted;
    for (ptrdiff_t i = 0; i < n; i++) at[i] = wanted[i] = (int32_t)random_index(end);
    return at;
}

#define MATRIX(a, rows, cols, ld, draw) matrix a = new_matrix(#a, rows, cols, ld, draw)
#define VECTOR(x, n, draw) MATRIX(x, 1, n, n, draw)

/* Runs `call`, which names the kernels k, on every table of this CPU, and compares every buffer. */
#define ON_EVERY_TABLE(call)                                                                       \
    for (size_t t_ = 0; table_number(t_); t_++) {                                                  \
        const kernels *k = R(table_number(t_)->f32, table_number(t_)->f64);                        \
        before_call(table_number(t_)->isa);                                                        \
        call;                                                                                      \
        after_call();                                                                              \
    }

/* The sizes that vectors of 1 to 16 lanes, panels and tiles of them trip over. */
static const ptrdiff_t sizes[] = {1, 2, 3, 7, 15, 16, 17, 31, 33, 100, 257, 0};
enum { SIZES = 12, SIZES_BUT_0 = 11 };

/* What is cheap gets every size up to some vectors of 16 lanes, so that each tail is met, then the two
 * others of `sizes`. */
enum { EVERY_SIZE = 70 };
#define FOR_EVERY_SIZE(n, from)                                                                    \
    for (ptrdiff_t n = from; n <= 257; n = n < EVERY_SIZE ? n + 1 : n < 100 ? 100 : n + 157)

/* --- numbers ------------------------------------------------------------------------------------ */

static real zero(void) { return 0; }

/* -16 to 16, every bit of the fraction in use, so that each rounding of a sum shows. */
static real moderate(void) { return (real)ldexp(2 * random_unit() - 1, (int)random_index(9) - 4); }

static real positive(void) { return R(fabsf, fabs)(moderate()); }

/* Small whole numbers: many are equal. */
static real coarse(void) { return (real)(random_index(7) - 3); }

static real any_bits(void)
{
    uint64_t bits = random_bits();
    real x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* What is special to IEEE arithmetic or to vmath.h, and whatever else there is. */
static real anything(void)
{
    static const real special[] = {
        0,
        1,
        INFINITY,
        NAN,
        REAL_MAX,
        REAL_MIN,
        REAL_MIN - REAL_TINY,
        REAL_TINY,
        3 * REAL_TINY,
        0.5,
        R(0x1.fffffep-1f, 0x1.fffffffffffffp-1),
        1 + REAL_EPSILON,
        63 / R(64.0f, 64.0),
        10,
        20,
        40,
        R(88.72283f, 709.782712893384),
        R(88.7229f, 709.7827128933841),
        R(103.97f, 745.13),
        1000,
        R(103.98f, 745.14),
        R(87.4f, 708.4),
        2 / R(3.0f, 3.0),
        4 / R(3.0f, 3.0),
        1e30f,
    };
    real x = special[random_index(sizeof special / sizeof special[0])];
    switch (random_index(3)) {
        case 0:
            return x;
        case 1:
            return -x;
        default:
            return random_index(2) ? any_bits() : moderate();
    }
}

/* Moderate, with something else among it now and then. */
static real mixed(void) { return random_index(50) ? moderate() : anything(); }

/* --- nearness ----------------------------------------------------------------------------------- */

/* Windows and valgrind have no long double wider than a double: there, libm's double is the exact
 * value, and may itself be most of a unit off. */
static int has_exact_values(void)
{
    volatile long double tiny = 0x1p-60L;
    return sizeof(real) < sizeof(double) || 1 + tiny != 1;
}
static long double slack(void) { return has_exact_values() ? 0 : 1; } /* units in the last place */

/* exp, log and tanh to far below a unit of real, if at all possible. */
#define DEFINE_EXACT(f)                                                                            \
    static long double exact_##f(long double x)                                                    \
    {                                                                                              \
        return sizeof(real) == sizeof(double) && has_exact_values() ? f##l(x) : f((double)x);      \
    }
DEFINE_EXACT(exp)
DEFINE_EXACT(log)
DEFINE_EXACT(tanh)

/* One unit in the last place of a real near x. */
static long double ulp(long double x)
{
    int exponent;
    frexpl(x, &exponent);
    if (x == 0 || exponent < REAL_MIN_EXPONENT) exponent = REAL_MIN_EXPONENT;
    return ldexpl(1, exponent - REAL_DIGITS);
}

/* No comparison here is true for a NaN that is not wanted. */
static int near(real got, long double exact, long double tolerance)
{
    if (isnan(exact)) return isnan(got);
    if (isinf(got)) /* it is what would come after the greatest number */
        return (got > 0) == (exact > 0) && fabsl(exact) - REAL_MAX + tolerance >= ulp(REAL_MAX);
    return fabsl(got - exact) <= tolerance;
}

static void check_near(const char *name, ptrdiff_t i, real got, long double exact,
                       long double tolerance)
{
    check(near(got, exact, tolerance), "%s[%td] is %a, exactly %La: more than %Lg apart", name, i,
          (double)got, exact, tolerance);
}
