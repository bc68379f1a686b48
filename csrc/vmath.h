/* vmath.h - exp, tanh and log of a vec: defined for every input, the same bits in every table.
 *
 * Results are less than one unit in the last place from the exact value, subnormal ones too. The
 * largest errors, as `python tools/measure_accuracy.py` finds them in all floats, and in 10^9 random
 * doubles a function with those of which something can be feared:
 *
 *             exp      tanh     log
 *     float   0.8750   0.9275   0.8199
 *     double  0.8632   0.9163   0.8356
 *
 * No float function decreases anywhere, tanh is odd to the last bit and never beyond 1.
 * There are no branches and nothing of libm: only the operations of simd.h, in a fixed order.
 *
 * The tables of coefficients are the output of tools/fit_polynomials.py. Run it with --check to
 * see that they are still what it fits.
 */
#ifndef CRNN_VMATH_H
#define CRNN_VMATH_H

#include "simd.h"

#if defined(CRNN_F64)

/* e^r = 1 + r + r^2 p(r) for |r| <= 0.3466, a little more than ln(2) / 2.
 * A minimax fit by fit_polynomials.py: the result's relative error is at most 2^-57.9. */
static const real exp_core[] = {
    0x1.000000000000ap-1,  0x1.555555555550cp-3,  0x1.555555555079ap-5,  0x1.11111111246b6p-7,
    0x1.6c16c18439e09p-10, 0x1.a01a01383dc55p-13, 0x1.a0199a0b76d33p-16, 0x1.71df0c68ba3a6p-19,
    0x1.28ad5fd02ade0p-22, 0x1.ad9ff46a9f0b4p-26,
};

/* tanh(a) = a + a^3 p(a^2) for 0 <= a <= 63/64.
 * A minimax fit by fit_polynomials.py: the result's relative error is at most 2^-60.2. */
static const real tanh_core[] = {
    -0x1.5555555555551p-2,  0x1.1111111110cf1p-3,  -0x1.ba1ba1b9ef779p-5,  0x1.664f487b3bc56p-6,
    -0x1.226e349a03910p-7,  0x1.d6d3b69341ce2p-9,  -0x1.7da22ae708565p-10, 0x1.354d9d8e311bep-11,
    -0x1.f4f7800b4461dp-13, 0x1.93fcf045092c2p-14, -0x1.4062ca531f589p-15, 0x1.e3a10245cb1bdp-17,
    -0x1.45d0e9b401008p-18, 0x1.61e8e371e9fafp-20, -0x1.08e32a245436ep-22, 0x1.8cedbaa9edee7p-26,
};

/* ln(1 + f) = f + f^2 p(f) for |f| <= 1/3.
 * A minimax fit by fit_polynomials.py: the result's relative error is at most 2^-59.3. */
static const real log_core[] = {
    -0x1.0000000000000p-1, 0x1.5555555555538p-2, -0x1.fffffffffff39p-3, 0x1.99999999a009ep-3,
    -0x1.5555555564ebfp-3, 0x1.24924920b91e4p-3, -0x1.fffffff11c56ap-4, 0x1.c71c74093a00fp-4,
    -0x1.99999d50229eap-4, 0x1.745cb66785ecbp-4, -0x1.5554c8b0f80dcp-4, 0x1.3b1dac0d1d05fp-4,
    -0x1.249f696386179p-4, 0x1.106a0c82f3989p-4, -0x1.fe6ac890b70a7p-5, 0x1.efb628f9fc629p-5,
    -0x1.d6c9849c47466p-5, 0x1.563f537170cafp-5, -0x1.3a87f576582acp-5, 0x1.5bfa63c4838adp-4,
    -0x1.555994d74a064p-4,
};

#else

/* e^r = 1 + r + r^2 p(r) for |r| <= 0.3466, a little more than ln(2) / 2.
 * A minimax fit by fit_polynomials.py: the result's relative error is at most 2^-28.2. */
static const real exp_core[] = {
    0x1.fffffcp-2f, 0x1.555492p-3f, 0x1.5558aap-5f, 0x1.123964p-7f, 0x1.6a516ep-10f,
};

/* tanh(a) = a + a^3 p(a^2) for 0 <= a <= 63/64.
 * A minimax fit by fit_polynomials.py: the result's relative error is at most 2^-27.9. */
static const real tanh_core[] = {
    -0x1.55554p-2f,  0x1.110c96p-3f, -0x1.b9767ep-5f,  0x1.608feep-6f,
    -0x1.061e02p-7f, 0x1.3347f6p-9f, -0x1.861396p-12f,
};

/* ln(1 + f) = f + f^2 p(f) for |f| <= 1/3.
 * A minimax fit by fit_polynomials.py: the result's relative error is at most 2^-30.0. */
static const real log_core[] = {
    -0x1p-1f,       0x1.555556p-2f,  -0x1.ffff18p-3f, 0x1.9997eep-3f,  -0x1.55978cp-3f,
    0x1.24eb6ep-3f, -0x1.f3b03cp-4f, 0x1.b91f2ep-4f,  -0x1.06c276p-3f, 0x1.e9cfb4p-4f,
};

#endif

/* Every function replaces the `count` vectors at x by their results, at most TOGETHER of them. */

/* p(x), lowest coefficient first. Horner's rule needs the fewest operations. */
#define HORNER(coefficients, x, p)                                                                 \
    horner(count, coefficients, sizeof(coefficients) / sizeof(real), x, p)
VECTORS horner(const int count, const real *coefficients, size_t terms, const vec *x, vec *p)
{
    EACH(v) p[v] = v_set1(coefficients[terms - 1]);
#pragma GCC unroll 32
    for (size_t i = terms - 1; i-- > 0;) EACH(v) p[v] = v_fma(p[v], x[v], v_set1(coefficients[i]));
}

#define LOG2_E R(0x1.715476p+0f, 0x1.71547652b82fep+0)
/* ln(2) in two parts. For an integer n near x / ln(2), x - n * LN2_HIGH is exact in an fma. */
#define LN2_HIGH R(0x1.62e43p-1f, 0x1.62e42fefa39efp-1)
#define LN2_LOW R(-0x1.05c61p-29f, 0x1.abc9e3b39803fp-56)
/* And in two others, the first so short that its product with any exponent is exact. */
#define LN2_SHORT R(0x1.62e4p-1f, 0x1.62e42fefa38p-1)
#define LN2_REST R(0x1.7f7d1cp-20f, 0x1.ef35793c7673p-45)

/* Adding this rounds a small number to an integer n and leaves n + bias in the low bits of the sum,
 * from where a shift takes it to the exponent. */
#define ROUNDER(bias) (R(0x1.8p+23f, 0x1.8p+52) + (real)(bias))

#define EXP_LEAST R(-104.0f, -746.0) /* from here down exp is 0 */

VECTORS v_exp(const int count, vec *x)
{
    const vec rounder = v_set1(ROUNDER(2 * EXPONENT_BIAS));
    vec shifted[TOGETHER], high[TOGETHER], low[TOGETHER], r[TOGETHER], p[TOGETHER];

    /* x = n ln(2) + r, where r = high + low. Beyond these bounds the result is 0 or infinity anyway.
     * A NaN passes. */
    EACH(v) x[v] = v_min(v_set1(R(89.0f, 710.0)), v_max(v_set1(EXP_LEAST), x[v]));
    EACH(v) shifted[v] = v_fma(x[v], v_set1(LOG2_E), rounder);
    EACH(v)
    {
        vec n = v_sub(shifted[v], rounder);
        high[v] = v_fnma(n, v_set1(LN2_HIGH), x[v]);
        low[v] = v_mul(n, v_set1(-LN2_LOW));
        r[v] = v_add(high[v], low[v]);
    }
    HORNER(exp_core, r, p);

    EACH(v)
    {
        /* e^r - 1. Adding the small terms first, and high last, leaves out the rounding of r. It also
         * keeps the function monotone, unlike r * (1 + r p): there a last bit of the factor can
         * outweigh the step from one r to the next. */
        vec m = v_add(high[v], v_fma(v_mul(r[v], r[v]), p[v], low[v]));

        /* 2^n (1 + m). For the least and the greatest results there is no number 2^n, so it comes as
         * two factors. The first product is far from subnormal, so no bits are lost before the
         * last. */
        ivec biased = v_bits(shifted[v]);
        ivec half = i_shr(biased, 1);
        vec power = v_real(i_shl(half, MANTISSA_BITS));
        vec rest = v_real(i_shl(i_sub(biased, half), MANTISSA_BITS));
        x[v] = v_mul(v_fma(m, power, power), rest);
    }
}

/* Where v_tanh changes its formula: the error of the first grows up to here, that of the second
 * shrinks from here on, for its fraction is below 1/4 and thus much more finely rounded than 1. */
#define TANH_SMALL R(0x1.f8p-1f, 0x1.f8p-1)

VECTORS v_tanh(const int count, vec *x)
{
    const vec rounder = v_set1(ROUNDER(EXPONENT_BIAS));
    vec a[TOGETHER], square[TOGETHER], small[TOGETHER], shifted[TOGETHER], r[TOGETHER], p[TOGETHER];

    /* Small a: an odd polynomial. */
    EACH(v) a[v] = v_abs(x[v]);
    EACH(v) square[v] = v_mul(a[v], a[v]);
    HORNER(tanh_core, square, p);
    EACH(v) small[v] = v_fma(v_mul(a[v], square[v]), p[v], a[v]);

    /* Large a: 1 - 2 / (e^2a + 1), with e^2a = 2^n (1 + m) as in v_exp. The divisor takes but one
     * rounding, for 2^n + 1 is exact wherever it matters. From the bound on the result is 1. */
    EACH(v)
    {
        vec twice = v_min(v_set1(R(20.0f, 40.0)), v_add(a[v], a[v]));
        shifted[v] = v_fma(twice, v_set1(LOG2_E), rounder);
        vec n = v_sub(shifted[v], rounder);
        r[v] = v_fnma(n, v_set1(LN2_LOW), v_fnma(n, v_set1(LN2_HIGH), twice));
    }
    HORNER(exp_core, r, p);
    EACH(v)
    {
        vec m = v_fma(v_mul(r[v], r[v]), p[v], r[v]);
        vec power = v_real(i_shl(v_bits(shifted[v]), MANTISSA_BITS));
        vec divisor = v_fma(m, power, v_add(power, v_set1(1)));
        vec large = v_sub(v_set1(1), v_div(v_set1(2), divisor));
        vec y = v_select(v_lt(a[v], v_set1(TANH_SMALL)), small[v], large);
        x[v] = v_with_sign(y, x[v]);
    }
}

VECTORS v_log(const int count, vec *x)
{
    const bits one = (bits)EXPONENT_BIAS << MANTISSA_BITS;
    const bits two_thirds = R(0x3f2aaaabu, 0x3fe5555555555555u);
    const bits infinity = (bits)(2 * EXPONENT_BIAS + 1) << MANTISSA_BITS;
    const bits minus_infinity = ~(bits)0 << MANTISSA_BITS;
    const bits nan = ~(bits)0 >> 1;
    const real ulp_is_one = R(0x1p+23f, 0x1p+52);
    vec k[TOGETHER], f[TOGETHER], p[TOGETHER];

    EACH(v)
    {
        /* A subnormal number has no exponent of its own: scale it first. */
        mask subnormal = v_lt(x[v], v_set1(R(0x1p-126f, 0x1p-1022)));
        vec scaled = v_select(subnormal, v_mul(x[v], v_set1(ulp_is_one)), x[v]);

        /* scaled = 2^k (1 + f) with 1 + f from 2/3 to 4/3, so that k = 0 on both sides of 1, where
         * k ln(2) and f would cancel. In shifted the exponent field is k, biased: it changes at 2/3. */
        ivec shifted = i_add(v_bits(scaled), i_set1(one - two_thirds));
        ivec fraction = i_and(shifted, i_set1(((bits)1 << MANTISSA_BITS) - 1));
        f[v] = v_sub(v_real(i_add(fraction, i_set1(two_thirds))), v_set1(1));
        vec biased = v_real(i_or(i_shr(shifted, MANTISSA_BITS), v_bits(v_set1(ulp_is_one))));
        vec bias = v_select(subnormal, v_set1(ulp_is_one + (real)(EXPONENT_BIAS + MANTISSA_BITS)),
                            v_set1(ulp_is_one + (real)EXPONENT_BIAS));
        k[v] = v_sub(biased, bias);
    }
    HORNER(log_core, f, p);
    EACH(v)
    {
        /* k ln(2) + f = high + low almost without error, for k = 1 and -1 cancel a little too. */
        vec product = v_mul(k[v], v_set1(LN2_SHORT));
        vec high = v_add(product, f[v]);
        vec low = v_fma(k[v], v_set1(LN2_REST), v_sub(f[v], v_sub(high, product)));
        vec y = v_add(high, v_fma(v_mul(f[v], f[v]), p[v], low));

        /* Infinity and NaN are their own logarithms; then 0 and what is below. */
        y = v_select(v_lt(x[v], v_real(i_set1(infinity))), y, x[v]);
        vec pole =
            v_select(v_lt(x[v], v_set1(0)), v_real(i_set1(nan)), v_real(i_set1(minus_infinity)));
        x[v] = v_select(v_lt(x[v], v_set1(R(0x1p-149f, 0x1p-1074))), pole, y);
    }
}

#endif
