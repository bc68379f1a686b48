/* simd.h - the vector type of one instruction set, for one real type.
 *
 * The build compiles table.c once per (type, instruction set) and says which by
 *     -DCRNN_F32 | -DCRNN_F64   and   -DCRNN_PORTABLE | -DCRNN_AVX2 | -DCRNN_AVX512 | -DCRNN_NEON.
 * Kernels are written once, over the names below:
 *
 *     real, LANES               the element type and how many of them a vec holds
 *     v_load, v_store           any alignment;  v_load_n, v_store_n: the first n lanes only,
 *                               0 < n <= LANES; nothing else is read or written, loaded rest is 0
 *     v_first(a, n)             the first n lanes of a, the rest is 0
 *     v_fma(a, b, c)            a*b + c rounded once;  v_fnma: c - a*b rounded once
 *     v_load_half_n, v_fma_half the same for n <= HALF lanes, with nothing in the others; HALF is 0
 *                               where half a vector costs as much as a whole one
 *     v_max(a, b)               a > b ? a : b, so that a NaN in b survives;  v_min likewise
 *     v_lt, v_select(m, a, b)   lane by lane m ? a : b
 *     v_bits, v_real            reinterpret as integers of the same width and back
 *     i_*                       integer lanes: wrap-around add, sub, or; logical shifts by a constant
 *     transpose_square          B[j, i] = A[i, j] for a square of SQUARE x SQUARE elements
 *
 * Every operation here gives the same bits in every table. Hardware estimates (rsqrt, rcp),
 * horizontal sums and approximate conversions are absent on purpose.
 */
#ifndef CRNN_SIMD_H
#define CRNN_SIMD_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(__FAST_MATH__) || (defined(__FINITE_MATH_ONLY__) && __FINITE_MATH_ONLY__)
#error "every bit of a kernel is defined: compile without -ffast-math (with -fno-fast-math)"
#endif

#if defined(CRNN_F64)
typedef double real;
typedef uint64_t bits;
#define MANTISSA_BITS 52
#define EXPONENT_BIAS 1023
#define R(f32, f64) f64 /* a constant that differs between the types */
#elif defined(CRNN_F32)
typedef float real;
typedef uint32_t bits;
#define MANTISSA_BITS 23
#define EXPONENT_BIAS 127
#define R(f32, f64) f32
#else
#error "compile with -DCRNN_F32 or -DCRNN_F64"
#endif

/* GEMV_VECS: accumulators of one gemv panel. GEMM_ROWS x GEMM_VECS: accumulators of one gemm tile.
 * They fill the register file and change no result. */

#if defined(CRNN_AVX2) || defined(CRNN_AVX512)
#include <immintrin.h>

#if defined(CRNN_AVX512)
#define GEMV_VECS 4
#define GEMM_ROWS 5
#define GEMM_VECS 3
#define LANES (64 / (int)sizeof(real))
typedef __m512i ivec;
#if defined(CRNN_F64)
typedef __m512d vec;
typedef __mmask8 mask;
#define MM(op) _mm512_##op##_pd
#define MI(op) _mm512_##op##_epi64
#define FIRST(n) ((mask)((1u << (n)) - 1))
#define MH(op) _mm256_##op##_pd
#define LOW(a) _mm512_castpd512_pd256(a)
#define WIDE(a) _mm512_castpd256_pd512(a)
static inline ivec v_bits(vec a) { return _mm512_castpd_si512(a); }
static inline vec v_real(ivec a) { return _mm512_castsi512_pd(a); }
static inline ivec i_set1(bits a) { return _mm512_set1_epi64((long long)a); }
static inline mask v_lt(vec a, vec b) { return _mm512_cmp_pd_mask(a, b, _CMP_LT_OQ); }
#else
typedef __m512 vec;
typedef __mmask16 mask;
#define MM(op) _mm512_##op##_ps
#define MI(op) _mm512_##op##_epi32
#define FIRST(n) ((mask)((1u << (n)) - 1))
#define MH(op) _mm256_##op##_ps
#define LOW(a) _mm512_castps512_ps256(a)
#define WIDE(a) _mm512_castps256_ps512(a)
static inline ivec v_bits(vec a) { return _mm512_castps_si512(a); }
static inline vec v_real(ivec a) { return _mm512_castsi512_ps(a); }
static inline ivec i_set1(bits a) { return _mm512_set1_epi32((int)a); }
static inline mask v_lt(vec a, vec b) { return _mm512_cmp_ps_mask(a, b, _CMP_LT_OQ); }
#endif
static inline vec v_load_n(const real *p, int n) { return MM(maskz_loadu)(FIRST(n), p); }
static inline void v_store_n(real *p, vec a, int n) { MM(mask_storeu)(p, FIRST(n), a); }
static inline vec v_first(vec a, int n) { return MM(maskz_mov)(FIRST(n), a); }
#define HALF (LANES / 2) /* half the work where 512 bits are two turns of 256 */
static inline vec v_load_half_n(const real *p, int n)
{
    return WIDE(MH(maskz_loadu)((__mmask8)FIRST(n), p));
}
static inline vec v_fma_half(vec a, vec b, vec c)
{
    return WIDE(MH(fmadd)(LOW(a), LOW(b), LOW(c)));
}
static inline vec v_select(mask m, vec a, vec b) { return MM(mask_blend)(m, b, a); }
static inline ivec i_or(ivec a, ivec b) { return _mm512_or_si512(a, b); }
static inline ivec i_and(ivec a, ivec b) { return _mm512_and_si512(a, b); }

#else /* AVX2 */
#define GEMV_VECS 7
#define GEMM_ROWS 5
#define GEMM_VECS 2
#define LANES (32 / (int)sizeof(real))
typedef __m256i ivec;
#if defined(CRNN_F64)
typedef __m256d vec, mask;
#define MM(op) _mm256_##op##_pd
#define MI(op) _mm256_##op##_epi64
static inline ivec v_bits(vec a) { return _mm256_castpd_si256(a); }
static inline vec v_real(ivec a) { return _mm256_castsi256_pd(a); }
static inline ivec i_set1(bits a) { return _mm256_set1_epi64x((long long)a); }
static const int64_t first_lanes[8] = {-1, -1, -1, -1, 0, 0, 0, 0};
#else
typedef __m256 vec, mask;
#define MM(op) _mm256_##op##_ps
#define MI(op) _mm256_##op##_epi32
static inline ivec v_bits(vec a) { return _mm256_castps_si256(a); }
static inline vec v_real(ivec a) { return _mm256_castsi256_ps(a); }
static inline ivec i_set1(bits a) { return _mm256_set1_epi32((int)a); }
static const int32_t first_lanes[16] = {-1, -1, -1, -1, -1, -1, -1, -1, 0, 0, 0, 0, 0, 0, 0, 0};
#endif
static inline ivec lanes_mask(int n)
{
    return _mm256_loadu_si256((const __m256i *)(first_lanes + LANES - n));
}
static inline vec v_load_n(const real *p, int n) { return MM(maskload)(p, lanes_mask(n)); }
/* In pieces: a masked store is microcode on some processors, and nothing can be loaded from it soon. */
#if defined(CRNN_F64)
static inline void v_store_n(real *p, vec a, int n)
{
    __m128d part = _mm256_castpd256_pd128(a);
    if (n & 4) _mm256_storeu_pd(p, a);
    if (n & 2) {
        _mm_storeu_pd(p, part);
        part = _mm256_extractf128_pd(a, 1);
    }
    if (n & 1) _mm_store_sd(p + (n & 2), part);
}
#else
static inline void v_store_n(real *p, vec a, int n)
{
    __m128 part = _mm256_castps256_ps128(a);
    if (n & 8) _mm256_storeu_ps(p, a);
    if (n & 4) {
        _mm_storeu_ps(p, part);
        part = _mm256_extractf128_ps(a, 1);
    }
    if (n & 2) {
        _mm_storel_pi((__m64 *)(p + (n & 4)), part);
        part = _mm_movehl_ps(part, part);
    }
    if (n & 1) _mm_store_ss(p + (n & 6), part);
}
#endif
static inline vec v_first(vec a, int n) { return MM (and)(a, v_real(lanes_mask(n))); }
static inline mask v_lt(vec a, vec b) { return MM(cmp)(a, b, _CMP_LT_OQ); }
static inline vec v_select(mask m, vec a, vec b) { return MM(blendv)(b, a, m); }
static inline ivec i_or(ivec a, ivec b) { return _mm256_or_si256(a, b); }
static inline ivec i_and(ivec a, ivec b) { return _mm256_and_si256(a, b); }
#endif

static inline vec v_set1(real a) { return MM(set1)(a); }
static inline vec v_load(const real *p) { return MM(loadu)(p); }
static inline void v_store(real *p, vec a) { MM(storeu)(p, a); }
static inline vec v_add(vec a, vec b) { return MM(add)(a, b); }
static inline vec v_sub(vec a, vec b) { return MM(sub)(a, b); }
static inline vec v_mul(vec a, vec b) { return MM(mul)(a, b); }
static inline vec v_div(vec a, vec b) { return MM(div)(a, b); }
static inline vec v_sqrt(vec a) { return MM(sqrt)(a); }
static inline vec v_fma(vec a, vec b, vec c) { return MM(fmadd)(a, b, c); }
static inline vec v_fnma(vec a, vec b, vec c) { return MM(fnmadd)(a, b, c); }
static inline vec v_max(vec a, vec b) { return MM(max)(a, b); }
static inline vec v_min(vec a, vec b) { return MM(min)(a, b); }
static inline ivec i_add(ivec a, ivec b) { return MI(add)(a, b); }
static inline ivec i_sub(ivec a, ivec b) { return MI(sub)(a, b); }
#define i_shl(a, count) MI(slli)(a, count)
#define i_shr(a, count) MI(srli)(a, count)

/* Of 256 bits in both tables: wider squares take more shuffles an element. Pointers step from row to row:
 * sixteen addresses kept for all squares do not fit into the registers. */
#define SQUARE (32 / (int)sizeof(real))
#if defined(CRNN_F64)
static inline void transpose_square(const real *A, ptrdiff_t lda, real *B, ptrdiff_t ldb)
{
    for (int c = 0; c < 4; c += 2, A += 2) { /* two columns of A become two rows of B */
        __m256d row[2];                      /* rows r and r + 2 in the halves of one vector */
        const real *lower = A, *upper = A + 2 * lda;
        for (int r = 0; r < 2; r++, lower += lda, upper += lda)
            row[r] = _mm256_insertf128_pd(_mm256_castpd128_pd256(_mm_loadu_pd(lower)),
                                          _mm_loadu_pd(upper), 1);
        _mm256_storeu_pd(B, _mm256_unpacklo_pd(row[0], row[1]));
        B += ldb;
        _mm256_storeu_pd(B, _mm256_unpackhi_pd(row[0], row[1]));
        B += ldb;
    }
}
#else
static inline void transpose_square(const real *A, ptrdiff_t lda, real *B, ptrdiff_t ldb)
{
    for (int c = 0; c < 8; c += 4, A += 4) { /* four columns of A become four rows of B */
        __m256 row[4], turned[4];            /* rows r and r + 4 in the halves of one vector */
        const real *lower = A, *upper = A + 4 * lda;
        for (int r = 0; r < 4; r++, lower += lda, upper += lda)
            row[r] = _mm256_insertf128_ps(_mm256_castps128_ps256(_mm_loadu_ps(lower)),
                                          _mm_loadu_ps(upper), 1);
        __m256 low01 = _mm256_unpacklo_ps(row[0], row[1]);
        __m256 low23 = _mm256_unpacklo_ps(row[2], row[3]);
        __m256 high01 = _mm256_unpackhi_ps(row[0], row[1]);
        __m256 high23 = _mm256_unpackhi_ps(row[2], row[3]);
        turned[0] = _mm256_shuffle_ps(low01, low23, 0x44);
        turned[1] = _mm256_shuffle_ps(low01, low23, 0xee);
        turned[2] = _mm256_shuffle_ps(high01, high23, 0x44);
        turned[3] = _mm256_shuffle_ps(high01, high23, 0xee);
        for (int r = 0; r < 4; r++, B += ldb) _mm256_storeu_ps(B, turned[r]);
    }
}
#endif

#elif defined(CRNN_NEON)
#include <arm_neon.h>

#define GEMV_VECS 7
#define GEMM_ROWS 5
#define GEMM_VECS 3
#define LANES (16 / (int)sizeof(real))
#if defined(CRNN_F64)
typedef float64x2_t vec;
typedef uint64x2_t ivec, mask;
#define VQ(op) v##op##q_f64
#define IQ(op) v##op##q_u64
#define vq_reinterpret_bits vreinterpretq_u64_f64
#define vq_reinterpret_real vreinterpretq_f64_u64
#define vq_dup vdupq_n_f64
#define iq_dup vdupq_n_u64
#define iq_and vandq_u64
#define i_shl(a, count) vshlq_n_u64(a, count)
#define i_shr(a, count) vshrq_n_u64(a, count)
#else
typedef float32x4_t vec;
typedef uint32x4_t ivec, mask;
#define VQ(op) v##op##q_f32
#define IQ(op) v##op##q_u32
#define vq_reinterpret_bits vreinterpretq_u32_f32
#define vq_reinterpret_real vreinterpretq_f32_u32
#define vq_dup vdupq_n_f32
#define iq_dup vdupq_n_u32
#define iq_and vandq_u32
#define i_shl(a, count) vshlq_n_u32(a, count)
#define i_shr(a, count) vshrq_n_u32(a, count)
#endif
static inline vec v_set1(real a) { return vq_dup(a); }
static inline vec v_load(const real *p) { return VQ(ld1)(p); }
static inline void v_store(real *p, vec a) { VQ(st1)(p, a); }
static inline vec v_load_n(const real *p, int n)
{
    real lanes[LANES] = {0};
    for (int i = 0; i < n; i++) lanes[i] = p[i];
    return v_load(lanes);
}
static inline void v_store_n(real *p, vec a, int n)
{
    real lanes[LANES];
    v_store(lanes, a);
    for (int i = 0; i < n; i++) p[i] = lanes[i];
}
static inline vec v_first(vec a, int n)
{
    real lanes[LANES];
    v_store(lanes, a);
    return v_load_n(lanes, n);
}
static inline vec v_add(vec a, vec b) { return VQ(add)(a, b); }
static inline vec v_sub(vec a, vec b) { return VQ(sub)(a, b); }
static inline vec v_mul(vec a, vec b) { return VQ(mul)(a, b); }
static inline vec v_div(vec a, vec b) { return VQ(div)(a, b); }
static inline vec v_sqrt(vec a) { return VQ(sqrt)(a); }
static inline vec v_fma(vec a, vec b, vec c) { return VQ(fma)(c, a, b); }
static inline vec v_fnma(vec a, vec b, vec c) { return VQ(fms)(c, a, b); }
static inline mask v_lt(vec a, vec b) { return VQ(clt)(a, b); }
static inline vec v_select(mask m, vec a, vec b) { return VQ(bsl)(m, a, b); }
static inline vec v_max(vec a, vec b) { return v_select(v_lt(b, a), a, b); }
static inline vec v_min(vec a, vec b) { return v_select(v_lt(a, b), a, b); }
static inline ivec v_bits(vec a) { return vq_reinterpret_bits(a); }
static inline vec v_real(ivec a) { return vq_reinterpret_real(a); }
static inline ivec i_set1(bits a) { return iq_dup(a); }
static inline ivec i_add(ivec a, ivec b) { return IQ(add)(a, b); }
static inline ivec i_sub(ivec a, ivec b) { return IQ(sub)(a, b); }
static inline ivec i_or(ivec a, ivec b) { return IQ(orr)(a, b); }
static inline ivec i_and(ivec a, ivec b) { return iq_and(a, b); }

#define SQUARE LANES
#if defined(CRNN_F64)
static inline void transpose_square(const real *A, ptrdiff_t lda, real *B, ptrdiff_t ldb)
{
    vec row0 = v_load(A), row1 = v_load(A + lda);
    v_store(B, vzip1q_f64(row0, row1));
    v_store(B + ldb, vzip2q_f64(row0, row1));
}
#else
static inline void transpose_square(const real *A, ptrdiff_t lda, real *B, ptrdiff_t ldb)
{
    float32x4x2_t even = vzipq_f32(v_load(A), v_load(A + 2 * lda)); /* [0, c] [2, c] ... */
    float32x4x2_t odd = vzipq_f32(v_load(A + lda), v_load(A + 3 * lda));
    for (int c = 0; c < 2; c++) {
        float32x4x2_t columns = vzipq_f32(even.val[c], odd.val[c]);
        v_store(B + 2 * c * ldb, columns.val[0]);
        v_store(B + (2 * c + 1) * ldb, columns.val[1]);
    }
}
#endif

#elif defined(CRNN_PORTABLE)
#include <float.h>
#include <math.h> /* fma and sqrt alone: exact by the C standard and by IEEE 754 */
#if FLT_EVAL_METHOD != 0
#error "arithmetic wider than its type: on 32-bit x86 compile with -msse2 -mfpmath=sse"
#endif

#define GEMV_VECS 8
#define GEMM_ROWS 4
#define GEMM_VECS 4
#define LANES 1
typedef real vec;
typedef bits ivec;
typedef int mask;
static inline vec v_set1(real a) { return a; }
static inline vec v_load(const real *p) { return *p; }
static inline void v_store(real *p, vec a) { *p = a; }
static inline vec v_load_n(const real *p, int n)
{
    (void)n;
    return *p;
}
static inline void v_store_n(real *p, vec a, int n)
{
    (void)n;
    *p = a;
}
static inline vec v_first(vec a, int n)
{
    (void)n;
    return a;
}
static inline vec v_add(vec a, vec b) { return a + b; }
static inline vec v_sub(vec a, vec b) { return a - b; }
static inline vec v_mul(vec a, vec b) { return a * b; }
static inline vec v_div(vec a, vec b) { return a / b; }
static inline vec v_sqrt(vec a) { return R(sqrtf, sqrt)(a); }
static inline vec v_fma(vec a, vec b, vec c) { return R(fmaf, fma)(a, b, c); }
static inline vec v_fnma(vec a, vec b, vec c) { return R(fmaf, fma)(-a, b, c); }
static inline mask v_lt(vec a, vec b) { return a < b; }
static inline vec v_select(mask m, vec a, vec b) { return m ? a : b; }
static inline vec v_max(vec a, vec b) { return a > b ? a : b; }
static inline vec v_min(vec a, vec b) { return a < b ? a : b; }
static inline ivec v_bits(vec a)
{
    ivec b;
    memcpy(&b, &a, sizeof b);
    return b;
}
static inline vec v_real(ivec a)
{
    vec b;
    memcpy(&b, &a, sizeof b);
    return b;
}
static inline ivec i_set1(bits a) { return a; }
static inline ivec i_add(ivec a, ivec b) { return a + b; }
static inline ivec i_sub(ivec a, ivec b) { return a - b; }
static inline ivec i_or(ivec a, ivec b) { return a | b; }
static inline ivec i_and(ivec a, ivec b) { return a & b; }
#define i_shl(a, count) ((ivec)(a) << (count))
#define i_shr(a, count) ((ivec)(a) >> (count))
#define SQUARE 8 /* of so many elements that both sides stay within a few cache lines */
static inline void transpose_square(const real *A, ptrdiff_t lda, real *B, ptrdiff_t ldb)
{
    for (int j = 0; j < SQUARE; j++)
        for (int i = 0; i < SQUARE; i++) B[j * ldb + i] = A[i * lda + j];
}

#else
#error "compile with -DCRNN_PORTABLE, -DCRNN_AVX2, -DCRNN_AVX512 or -DCRNN_NEON"
#endif

/* The same as v_load_n and v_store_n, quicker where n is known or likely to be LANES. */
static inline vec v_load_up_to(const real *p, int n)
{
    return n == LANES ? v_load(p) : v_load_n(p, n);
}
static inline void v_store_up_to(real *p, vec a, int n)
{
    if (n == LANES)
        v_store(p, a);
    else
        v_store_n(p, a, n);
}

/* An operation waits for the one before it; those of other vectors fill the time, but a processor does
 * not look far enough ahead to find them itself. So functions of a long chain take `count` vectors, a
 * constant at every call, and each of their steps is done for EACH of them before the next. */
#define TOGETHER 4 /* the greatest count: more would not fit into 16 registers */
#define EACH(v) for (int v = 0; v < count; v++)
#define VECTORS static inline __attribute__((always_inline)) void

static inline vec v_abs(vec a) { return v_real(i_and(v_bits(a), i_set1((bits)-1 >> 1))); }

/* The magnitude of a >= 0 with the sign of s. */
static inline vec v_with_sign(vec a, vec s)
{
    return v_real(i_or(v_bits(a), i_and(v_bits(s), i_set1((bits)1 << (8 * sizeof(real) - 1)))));
}

#ifndef HALF /* nothing is gained by halves */
#define HALF 0
static inline vec v_load_half_n(const real *p, int n) { return v_load_n(p, n); }
static inline vec v_fma_half(vec a, vec b, vec c) { return v_fma(a, b, c); }
#endif

#endif
