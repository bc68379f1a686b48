/* HEAD */
#ifndef MODEL_DECLARED
#define MODEL_DECLARED

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if MODEL_DOUBLE
typedef double model_real;
#else
typedef float model_real;
#endif

/* What the model has read so far. Copy it to go on from one place in two ways. */
typedef struct {
    model_real h[MODEL_H];
} model_state;

/* The characters in the order of their indices 0 ... MODEL_V - 1. */
extern const uint32_t model_code_points[MODEL_V];

/* The state that has read nothing. */
void model_reset(model_state *state);

/* Reads the character of index x (-1: none), then writes the probabilities of the next one into
 * p[MODEL_V]. Returns 0, or -1 if there is no such x: nothing is read or written then. */
int model_next(model_state *state, int x, model_real *p);

/* The logits of the next character, before softmax, into y[MODEL_V]. */
void model_logits(const model_state *state, model_real *y);

/* As model_next at a temperature, then draws the next character with a coin, 0 <= coin < 1, and
 * returns its index. Temperature 0 takes the likeliest. p[MODEL_V] is for the probabilities.
 * Returns -1 if an argument is out of range, or if the probabilities are NaN. */
int model_sample(model_state *state, int x, double temperature, double coin, model_real *p);

/* The index of a character, -1 if the model does not know it. */
int model_index(uint32_t code_point);

/* Writes the character of an index as UTF-8; returns how many bytes, 0 if there is no such index.
 * U+DC80 ... U+DCFF stand for single bytes that were no UTF-8, and are written as those. */
int model_utf8(int x, char out[4]);

#ifdef __cplusplus
}
#endif

#endif /* MODEL_DECLARED */

#ifndef MODEL_DECLARATIONS_ONLY

#include <float.h>
#include <math.h>
#include <string.h>

/* The bits are defined by the contract only if no compiler takes liberties. */
#if defined(__FAST_MATH__)
#error "compile without -ffast-math and -Ofast: they change results"
#endif
#if FLT_EVAL_METHOD != 0 && FLT_EVAL_METHOD != 16
#error "float and double must be computed as such: on 32-bit x86 add -msse2 -mfpmath=sse"
#endif
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("fp-contract=off")
#else
#pragma STDC FP_CONTRACT OFF
#endif

/* PARAMETERS */
/* exp and tanh of crnn-1, sections 1 and 2: own polynomials, fused multiply-adds, no other libm. */

#if MODEL_DOUBLE

#define MODEL_R(single, twice) twice
#define MODEL_MOST DBL_MAX
typedef uint64_t model_bits;
enum { MODEL_MANTISSA = 52, MODEL_BIAS = 1023 };

static model_real model_fma(model_real a, model_real b, model_real c) { return fma(a, b, c); }

static const model_real model_exp_core[] = {
    0x1.000000000000ap-1,  0x1.555555555550cp-3,  0x1.555555555079ap-5,  0x1.11111111246b6p-7,
    0x1.6c16c18439e09p-10, 0x1.a01a01383dc55p-13, 0x1.a0199a0b76d33p-16, 0x1.71df0c68ba3a6p-19,
    0x1.28ad5fd02ade0p-22, 0x1.ad9ff46a9f0b4p-26,
};
static const model_real model_tanh_core[] = {
    -0x1.5555555555551p-2,  0x1.1111111110cf1p-3,  -0x1.ba1ba1b9ef779p-5,  0x1.664f487b3bc56p-6,
    -0x1.226e349a03910p-7,  0x1.d6d3b69341ce2p-9,  -0x1.7da22ae708565p-10, 0x1.354d9d8e311bep-11,
    -0x1.f4f7800b4461dp-13, 0x1.93fcf045092c2p-14, -0x1.4062ca531f589p-15, 0x1.e3a10245cb1bdp-17,
    -0x1.45d0e9b401008p-18, 0x1.61e8e371e9fafp-20, -0x1.08e32a245436ep-22, 0x1.8cedbaa9edee7p-26,
};

#else

#define MODEL_R(single, twice) single
#define MODEL_MOST FLT_MAX
typedef uint32_t model_bits;
enum { MODEL_MANTISSA = 23, MODEL_BIAS = 127 };

static model_real model_fma(model_real a, model_real b, model_real c) { return fmaf(a, b, c); }

static const model_real model_exp_core[] = {
    0x1.fffffcp-2f, 0x1.555492p-3f, 0x1.5558aap-5f, 0x1.123964p-7f, 0x1.6a516ep-10f,
};
static const model_real model_tanh_core[] = {
    -0x1.55554p-2f,  0x1.110c96p-3f, -0x1.b9767ep-5f,  0x1.608feep-6f,
    -0x1.061e02p-7f, 0x1.3347f6p-9f, -0x1.861396p-12f,
};

#endif

#define MODEL_LOG2_E MODEL_R(0x1.715476p+0f, 0x1.71547652b82fep+0)
#define MODEL_LN2_HIGH MODEL_R(0x1.62e43p-1f, 0x1.62e42fefa39efp-1)
#define MODEL_LN2_LOW MODEL_R(-0x1.05c61p-29f, 0x1.abc9e3b39803fp-56)
#define MODEL_BIG MODEL_R(0x1.8p+23f, 0x1.8p+52)

static model_bits model_bits_of(model_real x)
{
    model_bits i;
    memcpy(&i, &x, sizeof i);
    return i;
}

static model_real model_number(model_bits i)
{
    model_real x;
    memcpy(&x, &i, sizeof x);
    return x;
}

/* Horner's rule, the lowest of n coefficients first. */
static model_real model_poly(const model_real *c, int n, model_real x)
{
    model_real p = c[n - 1];
    for (int i = n - 2; i >= 0; i--) p = model_fma(p, x, c[i]);
    return p;
}

#define MODEL_POLY(c, x) model_poly(c, (int)(sizeof c / sizeof *c), x)

static model_real model_exp(model_real x)
{
    const model_real least = MODEL_R(-104.0f, -746.0), most = MODEL_R(89.0f, 710.0);
    const model_real rounder = MODEL_BIG + (model_real)(2 * MODEL_BIAS);
    x = least > x ? least : x;
    x = most < x ? most : x;
    model_real shifted = model_fma(x, MODEL_LOG2_E, rounder);
    model_real n = shifted - rounder;
    model_real high = model_fma(-n, MODEL_LN2_HIGH, x);
    model_real low = n * -MODEL_LN2_LOW;
    model_real r = high + low;
    model_real m = high + model_fma(r * r, MODEL_POLY(model_exp_core, r), low);
    model_bits half = model_bits_of(shifted) >> 1;
    model_real power = model_number(half << MODEL_MANTISSA);
    model_real rest = model_number((model_bits_of(shifted) - half) << MODEL_MANTISSA);
    return model_fma(m, power, power) * rest;
}

static model_real model_tanh(model_real x)
{
    const model_bits sign = (model_bits)1 << (8 * sizeof(model_bits) - 1);
    const model_real most = MODEL_R(20.0f, 40.0), one = 1;
    const model_real rounder = MODEL_BIG + (model_real)MODEL_BIAS;
    model_real a = model_number(model_bits_of(x) & ~sign), y;
    if (a < MODEL_R(0x1.f8p-1f, 0x1.f8p-1)) {
        y = model_fma(a * (a * a), MODEL_POLY(model_tanh_core, a * a), a);
    } else {
        model_real twice = most < a + a ? most : a + a;
        model_real shifted = model_fma(twice, MODEL_LOG2_E, rounder);
        model_real n = shifted - rounder;
        model_real r = model_fma(-n, MODEL_LN2_LOW, model_fma(-n, MODEL_LN2_HIGH, twice));
        model_real m = model_fma(r * r, MODEL_POLY(model_exp_core, r), r);
        model_real power = model_number(model_bits_of(shifted) << MODEL_MANTISSA);
        y = one - 2 / model_fma(m, power, power + one);
    }
    return model_number(model_bits_of(y) | (model_bits_of(x) & sign));
}

/* The sum of sixteen numbers, sections 3: in a tree. */
static model_real model_tree(model_real sums[16])
{
    for (int w = 8; w > 0; w /= 2)
        for (int q = 0; q < w; q++) sums[q] += sums[q + w];
    return sums[0];
}

/* y[MODEL_V] becomes softmax(scale y). */
static void model_softmax(model_real scale, model_real *y)
{
    model_real top = y[0], sums[16] = {0};
    for (int j = 1; j < MODEL_V; j++) top = y[j] > top ? y[j] : top;
    for (int j = 0; j < MODEL_V; j++) {
        y[j] = model_exp((y[j] - top) * scale);
        sums[j % 16] += y[j];
    }
    model_real weight = 1 / model_tree(sums);
    for (int j = 0; j < MODEL_V; j++) y[j] *= weight;
}

/* The index that a coin draws, section 9. */
static int model_draw(const model_real *p, double coin)
{
    model_real before = 0;
    int last = MODEL_V - 1;
    for (int block = 0; block < MODEL_V; block += 16) {
        int end = MODEL_V - block < 16 ? MODEL_V : block + 16;
        model_real sums[16] = {0};
        for (int j = block; j < end; j++) sums[j - block] += p[j];
        model_real after = before + model_tree(sums);
        if (coin < (double)after) {
            for (int j = block; j < end; j++) {
                before += p[j];
                if (coin < (double)before) return j;
            }
            last = end - 1; /* in this order the block's sum fell short */
            break;
        }
        before = after;
    }
    for (int j = last; j >= 0; j--)
        if (p[j] > 0) return j;
    return last;
}

static int model_likeliest(const model_real *p)
{
    int best = 0;
    for (int j = 1; j < MODEL_V; j++)
        if (p[j] > p[best]) best = j;
    return best;
}

/* h = tanh(Wxh[:,x] + bh + Whh h) */
static void model_read(model_state *state, int x)
{
    model_real z[MODEL_H];
    for (int i = 0; i < MODEL_H; i++) {
        z[i] = model_Wxh[x][i] + model_bh[i];
        for (int k = 0; k < MODEL_H; k++) z[i] = model_fma(model_Whh[i][k], state->h[k], z[i]);
    }
    for (int i = 0; i < MODEL_H; i++) state->h[i] = model_tanh(z[i]);
}

void model_reset(model_state *state)
{
    for (int i = 0; i < MODEL_H; i++) state->h[i] = 0;
}

void model_logits(const model_state *state, model_real *y)
{
    for (int i = 0; i < MODEL_V; i++) {
        y[i] = model_by[i];
        for (int k = 0; k < MODEL_H; k++) y[i] = model_fma(model_Why[i][k], state->h[k], y[i]);
    }
}

/* model_next at a scale of the logits. */
static int model_predict(model_state *state, int x, model_real scale, model_real *p)
{
    if (x < -1 || x >= MODEL_V) return -1;
    if (x >= 0) model_read(state, x);
    model_logits(state, p);
    model_softmax(scale, p);
    return 0;
}

int model_next(model_state *state, int x, model_real *p) { return model_predict(state, x, 1, p); }

int model_sample(model_state *state, int x, double temperature, double coin, model_real *p)
{
    if (!(temperature >= 0 && temperature <= DBL_MAX && coin >= 0 && coin < 1)) return -1;
    model_real scale = temperature > 0 ? (model_real)(1 / temperature) : 1;
    int greedy = temperature == 0 || scale > MODEL_MOST;
    if (model_predict(state, x, greedy ? 1 : scale, p) < 0 || p[0] != p[0]) return -1;
    return greedy ? model_likeliest(p) : model_draw(p, coin);
}

int model_index(uint32_t code_point)
{
    for (int x = 0; x < MODEL_V; x++)
        if (model_code_points[x] == code_point) return x;
    return -1;
}

int model_utf8(int x, char out[4])
{
    if (x < 0 || x >= MODEL_V) return 0;
    uint32_t point = model_code_points[x];
    int more = point < 0x80 ? 0 : point < 0x800 ? 1 : point < 0x10000 ? 2 : 3;
    if (point >= 0xdc80 && point <= 0xdcff) {
        more = 0;
        point &= 0xff;
    }
    static const unsigned char lead[4] = {0, 0xc0, 0xe0, 0xf0};
    for (int i = more; i > 0; i--, point >>= 6) out[i] = (char)(0x80 | (point & 0x3f));
    out[0] = (char)(lead[more] | point);
    return more + 1;
}

#ifdef MODEL_MAIN

/* What `crnn sample` does: its coins are those of NumPy's PCG64, section 4. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct {
    uint64_t high, low;
} model_wide;

typedef struct {
    model_wide state, increment;
} model_coins;

/* The upper half of a product. */
static uint64_t model_high(uint64_t a, uint64_t b)
{
    uint64_t a1 = a >> 32, a0 = a & 0xffffffffu, b1 = b >> 32, b0 = b & 0xffffffffu;
    uint64_t middle = a1 * b0 + (a0 * b0 >> 32);
    uint64_t other = a0 * b1 + (middle & 0xffffffffu);
    return a1 * b1 + (middle >> 32) + (other >> 32);
}

static model_wide model_add(model_wide a, model_wide b)
{
    model_wide sum = {a.high + b.high, a.low + b.low};
    sum.high += sum.low < a.low;
    return sum;
}

static uint64_t model_raw(model_coins *coins)
{
    const model_wide m = {0x2360ed051fc65da4u, 0x4385df649fccf645u};
    model_wide s = coins->state, product = {s.high * m.low + s.low * m.high, s.low * m.low};
    product.high += model_high(s.low, m.low);
    s = coins->state = model_add(product, coins->increment);
    uint64_t mixed = s.high ^ s.low;
    unsigned turn = (unsigned)(s.high >> 58);
    return (mixed >> turn) | (mixed << ((64 - turn) & 63));
}

static double model_coin(model_coins *coins) { return (double)(model_raw(coins) >> 11) * 0x1p-53; }

static uint32_t model_hash(uint32_t v, uint32_t *h, uint32_t factor)
{
    v ^= *h;
    *h *= factor;
    v *= *h;
    return v ^ (v >> 16);
}

static uint32_t model_mix(uint32_t x, uint32_t y)
{
    uint32_t r = 0xca01f9ddu * x - 0x4973f715u * y;
    return r ^ (r >> 16);
}

/* The coins of a seed with the spawn key 0. */
static model_coins model_seeded(uint64_t seed)
{
    uint32_t pool[4] = {(uint32_t)seed, (uint32_t)(seed >> 32), 0, 0}, h = 0x43b0d7e5u;
    uint32_t g = 0x8b51f9ddu, word[8];
    for (int i = 0; i < 4; i++) pool[i] = model_hash(pool[i], &h, 0x931e8875u);
    for (int s = 0; s < 5; s++) /* 4: the spawn key */
        for (int d = 0; d < 4; d++)
            if (d != s)
                pool[d] = model_mix(pool[d], model_hash(s < 4 ? pool[s] : 0, &h, 0x931e8875u));
    for (int i = 0; i < 8; i++) word[i] = model_hash(pool[i % 4], &g, 0x58f38dedu);
    uint64_t wide[4];
    for (int i = 0; i < 4; i++) wide[i] = word[2 * i] | (uint64_t)word[2 * i + 1] << 32;
    model_wide start = {wide[0], wide[1]};
    model_coins coins = {{0, 0}, {wide[2] << 1 | wide[3] >> 63, wide[3] << 1 | 1}};
    model_raw(&coins);
    coins.state = model_add(coins.state, start);
    model_raw(&coins);
    return coins;
}

/* Reads a whole number that is nothing else and not too large; 0: it is not one. */
static int model_whole(const char *word, uint64_t *number)
{
    char *end;
    if (*word < '0' || *word > '9') return 0;
    errno = 0;
    *number = strtoull(word, &end, 10);
    return errno == 0 && *end == '\0';
}

/* The same for a temperature. */
static int model_warmth(const char *word, double *temperature)
{
    char *end;
    *temperature = strtod(word, &end);
    return end != word && *end == '\0' && *temperature >= 0 && *temperature <= DBL_MAX;
}

int main(int argc, char **argv)
{
    static model_real p[MODEL_V];
    static model_state state;
    uint64_t length = 0, seed = 0;
    double temperature = 1;
    if (argc < 2 || argc > 4 || !model_whole(argv[1], &length) ||
        (argc > 2 && !model_whole(argv[2], &seed)) ||
        (argc > 3 && !model_warmth(argv[3], &temperature))) {
        fprintf(stderr,
                "usage: %s LENGTH [SEED [TEMPERATURE]]\n"
                "LENGTH and SEED are whole numbers below 2^64, TEMPERATURE is a number from 0 on\n",
                argv[0]);
        return 2;
    }
    model_coins coins = model_seeded(seed);
    model_reset(&state);
    for (int x = -1; length > 0; length--) {
        char bytes[4];
        x = model_sample(&state, x, temperature, model_coin(&coins), p);
        if (x < 0) {
            fprintf(stderr, "probabilities are not numbers\n");
            return 1;
        }
        fwrite(bytes, 1, (size_t)model_utf8(x, bytes), stdout);
    }
    return fflush(stdout) == 0 && !ferror(stdout) ? 0 : 1;
}

#endif /* MODEL_MAIN */
#endif /* MODEL_DECLARATIONS_ONLY */
