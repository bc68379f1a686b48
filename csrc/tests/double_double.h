/* double_double.h - numbers of about 106 bits, as the sum of two doubles.
 *
 * hi is the sum rounded to a double, so |lo| is at most half a unit in the last place of hi. The error
 * of an operation is below 2^-102 of its result. What is equal to the last bit is said to be exact;
 * that it is so, as nothing overflows and no product comes near the subnormal numbers, is for the
 * caller to see to. See T. J. Dekker, A floating-point technique for extending the available
 * precision, Numerische Mathematik 18 (1971), and D. E. Knuth, Seminumerical Algorithms, 4.2.2.
 */
#ifndef CRNN_TESTS_DOUBLE_DOUBLE_H
#define CRNN_TESTS_DOUBLE_DOUBLE_H

#include <math.h>

typedef struct {
    double hi, lo;
} dd;

/* a + b, exact, if a is 0 or not smaller than b in magnitude. */
static inline dd dd_ordered_sum(double a, double b)
{
    double sum = a + b;
    return (dd){sum, b - (sum - a)};
}

/* a + b, exact. */
static inline dd dd_sum(double a, double b)
{
    double sum = a + b, of_b = sum - a;
    return (dd){sum, (a - (sum - of_b)) + (b - of_b)};
}

/* a * b, exact. */
static inline dd dd_product(double a, double b)
{
    double product = a * b;
    return (dd){product, fma(a, b, -product)};
}

static inline dd dd_negated(dd a) { return (dd){-a.hi, -a.lo}; }

/* By a power of two: exact. */
static inline dd dd_scaled(dd a, double power) { return (dd){a.hi * power, a.lo * power}; }

static inline dd dd_add(dd a, dd b)
{
    dd high = dd_sum(a.hi, b.hi), low = dd_sum(a.lo, b.lo);
    high = dd_ordered_sum(high.hi, high.lo + low.hi);
    return dd_ordered_sum(high.hi, high.lo + low.lo);
}

static inline dd dd_multiply(dd a, dd b)
{
    dd product = dd_product(a.hi, b.hi);
    return dd_ordered_sum(product.hi, product.lo + fma(a.hi, b.lo, a.lo * b.hi));
}

static inline dd dd_divide(dd a, dd b)
{
    double quotient = a.hi / b.hi;
    dd rest = dd_add(a, dd_negated(dd_multiply((dd){quotient, 0}, b)));
    return dd_ordered_sum(quotient, rest.hi / b.hi);
}

#endif
