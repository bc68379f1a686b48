/* exact.h - exp, log and tanh of a double, to twice the digits of one.
 *
 * The result is (value.hi + value.lo) * 2^exponent, with an error below 2^-EXACT_BITS of it: about
 * six doublings lose half a bit each of 2^-102. tools/measure_accuracy.py compares with MPFR at every
 * run. Arguments must be finite, for exact_log above 0. Nothing here branches, so that compilers make
 * vectors of a loop of calls (exact_log takes a first guess from the C library for that reason).
 */
#ifndef CRNN_TESTS_EXACT_H
#define CRNN_TESTS_EXACT_H

#include <stdint.h>
#include <string.h>

#include "double_double.h"

#define EXACT_BITS 97

typedef struct {
    dd value;
    double exponent; /* an integer */
} exact;

/* ln(2) in three parts, each integer below 2^11 times the first without rounding. */
#define LN2_FIRST 0x1.62e42fefa3p-1
#define LN2_SECOND 0x1.3de6af278ece6p-42
#define LN2_THIRD 0x1.f97b57a079a19p-103

/* n ln(2) for a small integer n, from its last part on. */
static inline dd dd_ln2_rest(double n)
{
    dd second = dd_product(n, LN2_SECOND);
    return dd_ordered_sum(second.hi, fma(n, LN2_THIRD, second.lo));
}

/* e^r - 1 for |r| <= 0.36, with that error of the difference itself: by the Taylor series for r / 64,
 * whose terms from the seventh on are too small to need two doubles, and six times
 * e^2s - 1 = (e^s - 1) (e^s + 1). */
static inline dd dd_expm1(dd r)
{
    static const dd factors[] = {/* 1 / 6!, 1 / 5!, ... 1 / 2! */
                                 {0x1.6c16c16c16c17p-10, -0x1.f49f49f49f49fp-65},
                                 {0x1.1111111111111p-7, 0x1.1111111111111p-63},
                                 {0x1.5555555555555p-5, 0x1.5555555555555p-59},
                                 {0x1.5555555555555p-3, 0x1.5555555555555p-57},
                                 {0x1p-1, 0}};
    dd s = dd_scaled(r, 0x1p-6);
    double rest = 0x1.1eed8eff8d898p-29; /* 1 / 12!, then 1 / 11!, ... 1 / 7! */
    rest = fma(rest, s.hi, 0x1.ae64567f544e4p-26);
    rest = fma(rest, s.hi, 0x1.27e4fb7789f5cp-22);
    rest = fma(rest, s.hi, 0x1.71de3a556c734p-19);
    rest = fma(rest, s.hi, 0x1.a01a01a01a01ap-16);
    rest = fma(rest, s.hi, 0x1.a01a01a01a01ap-13);
    dd sum = {rest, 0};
#pragma GCC unroll 5
    for (int i = 0; i < 5; i++) sum = dd_add(factors[i], dd_multiply(s, sum));
    sum = dd_add(s, dd_multiply(dd_multiply(s, s), sum));
#pragma GCC unroll 6
    for (int i = 0; i < 6; i++) sum = dd_multiply(sum, dd_add(sum, (dd){2, 0}));
    return sum;
}

/* e^x = 2^exponent (1 + value): n = exponent is the integer next to x / ln(2). */
static inline exact exact_reduced(double x)
{
    double n = rint(x * 0x1.71547652b82fep+0);
    dd r = dd_add((dd){fma(-n, LN2_FIRST, x), 0}, dd_negated(dd_ln2_rest(n)));
    return (exact){dd_expm1(r), n};
}

/* From 800 on in both directions no type in question has a number near the result. */
static inline exact exact_exp(double x)
{
    exact e = exact_reduced(x < -800 ? -800 : x > 800 ? 800 : x);
    e.value = dd_add((dd){1, 0}, e.value);
    return e;
}

static inline uint64_t double_bits(double a)
{
    uint64_t bits;
    memcpy(&bits, &a, sizeof bits);
    return bits;
}

static inline double bits_double(uint64_t bits)
{
    double a;
    memcpy(&a, &bits, sizeof a);
    return a;
}

/* 2^n for an integer n from -1022 to 1023: the sum has n + 1023 in its last bits. */
static inline double power_of_two(double n)
{
    return bits_double(double_bits(n + (0x1.8p52 + 1023)) << 52);
}

/* tanh(x) = E / (E + 2) with E = e^2x - 1; near 0, where E would lose digits, x - x^3 / 3. */
static inline exact exact_tanh(double x)
{
    double a = fabs(x), sign = copysign(1, x);
    int tiny = a < 0x1p-55;
    exact e = exact_reduced(a < 40 ? 2 * a : 80);
    double power = power_of_two(e.exponent);
    dd E = dd_add(dd_sum(power, -1), dd_scaled(e.value, power));
    dd y = dd_divide(E, dd_add(E, (dd){2, 0}));
    double scaled = a * 0x1p600;
    y.hi = tiny ? scaled : y.hi;
    y.lo = tiny ? -scaled * (a * a / 3) : y.lo;
    return (exact){dd_scaled(y, sign), tiny ? -600 : 0};
}

/* log(x) for x = 2^k m, where guess = log(m) from the C library, of which half the digits would do:
 * ln(m) = guess + ln(1 + d) with d = (m - e^guess) / e^guess. Both m and e^guess are taken less 1,
 * which keeps their digits near m = 1. */
static inline exact exact_log(double k, double m, double guess)
{
    dd e = dd_expm1((dd){guess, 0});
    dd difference = dd_add((dd){m - 1, 0}, dd_negated(e));
    double d = difference.hi / (1 + e.hi);
    dd of_m = dd_sum(guess, fma(-d / 2, d, d));
    return (exact){dd_add(dd_add((dd){k * LN2_FIRST, 0}, dd_ln2_rest(k)), of_m), 0};
}

#endif
