/* host.h - a program's floating-point mode: to set it, to see that it is in force, and to see whether
 * it still is what it was.
 *
 * fpmode.h is what is tested by it, so nothing of that is used here.
 */
#ifndef CRNN_TESTS_HOST_H
#define CRNN_TESTS_HOST_H

#include <fenv.h>
#include <stdint.h>

#if defined(__x86_64__) || defined(__SSE2_MATH__)
#include <xmmintrin.h>
#endif

typedef enum { NEAREST, UPWARD, DOWNWARD, TOWARD_ZERO, FLUSH, HOST_MODES } host_mode;

/* The words of --host. */
static const char *const host_mode_names[HOST_MODES] = {"nearest", "upward", "downward", "zero",
                                                        "ftz"};

#if defined(__x86_64__) || defined(__SSE2_MATH__)
static inline uint64_t control_word(void) { return _mm_getcsr(); }
static inline int flush_subnormals(int yes)
{
    _mm_setcsr((_mm_getcsr() & ~0x8040u) | (yes ? 0x8040u : 0)); /* FTZ and DAZ */
    return 1;
}
#elif defined(__aarch64__)
static inline uint64_t control_word(void)
{
    uint64_t control, flags;
    __asm__ volatile("mrs %0, fpcr" : "=r"(control));
    __asm__ volatile("mrs %0, fpsr" : "=r"(flags));
    return control << 32 | (flags & 0xffffffff);
}
static inline int flush_subnormals(int yes)
{
    uint64_t FZ = 1 << 24, control = control_word() >> 32;
    __asm__ volatile("msr fpcr, %0" ::"r"((control & ~FZ) | (yes ? FZ : 0)) : "memory");
    return 1;
}
#else
static inline uint64_t control_word(void) { return 0; } /* what fenv.h says has to do */
static inline int flush_subnormals(int yes) { return !yes; }
#endif

/* Set a mode in this thread, the flags of exceptions down; 0 if there is no such mode here. */
static inline int set_host_mode(host_mode mode)
{
    static const int rounding[] = {FE_TONEAREST, FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO,
                                   FE_TONEAREST};
    int possible = fesetround(rounding[mode]) == 0 && flush_subnormals(mode == FLUSH);
    feclearexcept(FE_ALL_EXCEPT);
    return possible;
}

/* Whether arithmetic is done in that mode, as its results show. */
static inline int mode_in_force(host_mode mode)
{
    static const int shown[HOST_MODES] = {0, 1, 2 + 4, 4, 8 + 16};
    volatile double one = 1, little = 0x1p-60, least = 0x1p-1022, subnormal = 0x1p-1074;
    volatile double above = one + little, below = -one - little, inward = one - little;
    volatile double half = least / 2, large = subnormal * 0x1p1000;
    return (above > 1) + 2 * (below < -1) + 4 * (inward < 1) + 8 * (half == 0) +
               16 * (large == 0) ==
           shown[mode];
}

/* What a function that we call must leave as it is. */
typedef struct {
    uint64_t word;
    int rounding, flags;
} host_state;

static inline host_state get_host_state(void)
{
    host_state now = {control_word(), fegetround(), fetestexcept(FE_ALL_EXCEPT)};
    return now;
}

static inline int same_host_state(host_state a, host_state b)
{
    return a.word == b.word && a.rounding == b.rounding && a.flags == b.flags;
}

#endif
