/* accuracy.c - the judge of exp, log and tanh: how far results are from the exact ones.
 *
 * A library of its own, for tools/measure_accuracy.py. It shares nothing with the kernels. Numbers of
 * both types come as doubles, with a description of their type.
 */
#include <math.h>
#include <stddef.h>
#include <stdint.h>

#include "exact.h"

#if defined(_WIN32)
#define DOOR __declspec(dllexport)
#else
#define DOOR __attribute__((visibility("default")))
#endif

typedef enum { EXP, LOG, TANH } function;

typedef struct {
    double digits;       /* 24, 53 */
    double max_exponent; /* the greatest number is just below 2^that */
    double min_exponent; /* the least one above 0 is 2^that */
} format;

typedef struct {
    int64_t inputs;
    int64_t not_nearest; /* results that are not the exact value rounded to nearest */
    int64_t doubtful;    /* inputs for which that could not be decided: they are in none of both */
    int64_t wrong;       /* wrong sign, not the value that is required, NaN, or no NaN */
    double first_wrong;  /* the first of these inputs */
    double largest;      /* error in units of the last place of the exact value */
    double worst;        /* the input that has it */
} tally;

/* The values that IEEE arithmetic requires (C11 F.10): whether there is one at x, and which. */
static int required(function f, double x, double *y)
{
    if (isnan(x) || (f == LOG && x < 0))
        *y = NAN;
    else if (x == 0)
        *y = f == EXP ? 1 : f == LOG ? -INFINITY : x;
    else if (isinf(x))
        *y = f == TANH ? copysign(1, x) : f == EXP && x < 0 ? 0 : INFINITY;
    else if (f == LOG && x == 1)
        *y = 0;
    else
        return 0;
    return 1;
}

static int same(double a, double b)
{
    return isnan(a) ? isnan(b) : a == b && !signbit(a) == !signbit(b);
}

DOOR void exact_values(function f, ptrdiff_t n, const double *restrict x, double *restrict hi,
                       double *restrict lo, double *restrict exponent)
{
#define EACH(call)                                                                                 \
    for (ptrdiff_t i = 0; i < n; i++) {                                                            \
        exact e = call;                                                                            \
        hi[i] = e.value.hi, lo[i] = e.value.lo, exponent[i] = e.exponent;                          \
    }
    if (f == EXP) {
        EACH(exact_exp(x[i]))
    } else if (f == TANH) {
        EACH(exact_tanh(x[i]))
    } else {
        for (ptrdiff_t i = 0; i < n; i++) { /* 2^k m with m from about 0.7 to 1.4 */
            int k;
            double m = frexp(x[i], &k);
            int below = m < 0.70710678118654752;
            hi[i] = below ? 2 * m : m;
            lo[i] = log(hi[i]);
            exponent[i] = k - below;
        }
        EACH(exact_log(exponent[i], hi[i], lo[i]))
    }
#undef EACH
}

/* The functions of this system's C library. */
DOOR void libm_f64(function f, ptrdiff_t n, const double *x, double *y)
{
    for (ptrdiff_t i = 0; i < n; i++)
        y[i] = f == EXP ? exp(x[i]) : f == LOG ? log(x[i]) : tanh(x[i]);
}

DOOR void libm_f32(function f, ptrdiff_t n, const float *x, float *y)
{
    for (ptrdiff_t i = 0; i < n; i++)
        y[i] = f == EXP ? expf(x[i]) : f == LOG ? logf(x[i]) : tanhf(x[i]);
}

/* The number b for which 2^(b-1) <= |a| < 2^b. Not for 0 and subnormal numbers. */
static inline double binade(double a)
{
    uint64_t field = (double_bits(a) >> 52) & 0x7ff;
    return bits_double(field | double_bits(0x1p52)) - (0x1p52 + 1022);
}

/* |y - exact| in units of the last place of the exact value, which is of the subnormal numbers where
 * there are no smaller ones. */
static inline double error_of(const format *t, double y, exact e)
{
    int at_power = (double_bits(e.value.hi) << 12) == 0;
    double below = at_power && e.value.hi * e.value.lo < 0 ? 1 : 0;
    double top = binade(e.value.hi) - below + e.exponent; /* the exact value is below 2^top */
    double least = t->min_exponent, last = top - t->digits;
    double ulp = (last > least ? last : least) - e.exponent;
    double half = rint(e.exponent / 2); /* 2^-exponent may be no double */
    double scaled = y * power_of_two(-half) * power_of_two(half - e.exponent);
    return fabs(((scaled - e.value.hi) - e.value.lo) * power_of_two(-ulp));
}

/* Infinity is right from 2^max_exponent on. To the numbers just below it stands for that number, to
 * smaller ones for nothing. */
static double error_of_infinity(const format *t, exact e)
{
    double top = binade(e.value.hi) + e.exponent;
    if (top > t->max_exponent) return 0;
    if (top < t->max_exponent) return INFINITY;
    double scaled = copysign(ldexp(1, (int)(t->max_exponent - e.exponent)), e.value.hi);
    return fabs(ldexp((scaled - e.value.hi) - e.value.lo, (int)(t->digits + e.exponent - top)));
}

/* How far an error may be from the true one: of exact values from exact.h, and of such that are but
 * doubles within 4 units of their last place, for floats. */
#define FINE 0x1p-43
#define COARSE 0x1p-26

enum { BLOCK = 1024 };

/* The exact value for a float, known to a double: better, if that leaves open what is nearest. */
static double refined(function f, const format *t, double x, double y, double error,
                      double *uncertain)
{
    exact e;
    if (!(fabs(error - 0.5) < COARSE)) return error;
    exact_values(f, 1, &x, &e.value.hi, &e.value.lo, &e.exponent);
    *uncertain = FINE;
    return isinf(y) ? error_of_infinity(t, e) : error_of(t, y, e);
}

/* Judges y = f(x) by the exact values (hi + lo) * 2^exponent. If coarse, they are doubles for floats,
 * and exact.h decides where these leave open what is nearest. The places of inputs that leave it open
 * still are written to doubtful, at most `room` of them in one call. */
DOOR void judge(function f, const format *t, ptrdiff_t n, const double *x, const double *y,
                const double *hi, const double *lo, const double *exponent, int coarse,
                tally *result, int64_t *doubtful, ptrdiff_t room)
{
    double errors[BLOCK];
    ptrdiff_t in_doubt = 0;
    for (ptrdiff_t i = 0; i < n; i++) {
        ptrdiff_t at = i % BLOCK, block = n - i < BLOCK ? n - i : BLOCK;
        if (at == 0)
            for (ptrdiff_t j = 0; j < block; j++)
                errors[j] = error_of(t, y[i + j], (exact){{hi[i + j], lo[i + j]}, exponent[i + j]});
        double wanted, error = errors[at], uncertain = FINE;
        int is_required = required(f, x[i], &wanted);
        if (isinf(y[i])) error = error_of_infinity(t, (exact){{hi[i], lo[i]}, exponent[i]});
        if (coarse) error = refined(f, t, x[i], y[i], error, &uncertain);
        int wrong =
            is_required ? !same(y[i], wanted) : isnan(error) || !signbit(y[i]) != !signbit(hi[i]);
        if (wrong && !result->wrong++) result->first_wrong = x[i];
        if (wrong || is_required) continue;
        if (fabs(error - 0.5) < uncertain) {
            if (in_doubt < room) doubtful[in_doubt] = i;
            in_doubt++;
        } else if (error > 0.5) {
            result->not_nearest++;
        }
        if (error > result->largest) result->largest = error, result->worst = x[i];
    }
    result->inputs += n;
    result->doubtful += in_doubt;
}
