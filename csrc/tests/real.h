/* real.h - the element type of one compilation of the suite, by -DCRNN_F32 or -DCRNN_F64.
 *
 * Not simd.h: what is tested and what tests it share nothing but kernels.h.
 */
#ifndef CRNN_TESTS_REAL_H
#define CRNN_TESTS_REAL_H

#include <float.h>
#include <math.h>

#include "kernels.h"

#if defined(CRNN_F64)
typedef double real;
#define R(f32, f64) f64 /* what differs between the types */
#elif defined(CRNN_F32)
typedef float real;
#define R(f32, f64) f32
#else
#error "compile with -DCRNN_F32 or -DCRNN_F64"
#endif

typedef R(crnn_kernels_f32, crnn_kernels_f64) kernels;

#define FMA R(fmaf, fma)
#define REAL_MAX R(FLT_MAX, DBL_MAX)
#define REAL_MIN R(FLT_MIN, DBL_MIN)
#define REAL_TINY R(0x1p-149f, 0x1p-1074) /* the smallest number above 0 */
#define REAL_EPSILON R(FLT_EPSILON, DBL_EPSILON)
#define REAL_DIGITS R(FLT_MANT_DIG, DBL_MANT_DIG)
#define REAL_MIN_EXPONENT R(FLT_MIN_EXP, DBL_MIN_EXP)

#endif
