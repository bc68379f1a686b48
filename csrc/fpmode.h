/* fpmode.h - the floating-point mode the arithmetic is defined in: round to nearest, subnormals kept.
 *
 * The caller's mode is not ours to trust: another library may have set flush-to-zero or another
 * rounding. Enter before the first operation, leave after the last, in every thread:
 *
 *     crnn_fpmode theirs = crnn_fpmode_enter();  ...  crnn_fpmode_leave(theirs);
 *
 * Exceptions stay masked meanwhile and their flags are the caller's again afterwards.
 *
 * A compiler knows nothing of modes and may move arithmetic past both calls. What reads its operands
 * from memory that others can see, and writes its result there, stays between them, for no such load or
 * store is moved past them.
 * A local number that goes in or comes out has to be pinned:
 *
 *     theirs = crnn_fpmode_enter();  y = crnn_pin(1 / crnn_pin(x));  crnn_fpmode_leave(theirs);
 */
#ifndef CRNN_FPMODE_H
#define CRNN_FPMODE_H

/* Arithmetic without NaN, or in another order, is not the arithmetic that was promised. */
#if defined(__FAST_MATH__) || (defined(__FINITE_MATH_ONLY__) && __FINITE_MATH_ONLY__)
#error "every bit of a result is defined: compile without -ffast-math (with -fno-fast-math)"
#endif

#define CRNN_FENCE() __asm__ volatile("" ::: "memory")

/* x. What gave it is computed before this place, what is made of it after. */
static inline double crnn_pin(double x)
{
    __asm__ volatile("" : "+m"(x));
    return x;
}

#if defined(__x86_64__) || defined(__SSE2_MATH__)

#include <xmmintrin.h>
typedef unsigned crnn_fpmode;
static inline crnn_fpmode crnn_fpmode_enter(void)
{
    crnn_fpmode theirs = _mm_getcsr();
    _mm_setcsr(0x1f80); /* all exceptions masked, nearest, no FTZ, no DAZ */
    CRNN_FENCE();
    return theirs;
}
static inline void crnn_fpmode_leave(crnn_fpmode theirs)
{
    CRNN_FENCE();
    _mm_setcsr(theirs);
}

#elif defined(__aarch64__)

#include <stdint.h>
typedef struct {
    uint64_t fpcr, fpsr; /* control; the flags of exceptions */
} crnn_fpmode;
static inline crnn_fpmode crnn_fpmode_enter(void)
{
    crnn_fpmode theirs;
    __asm__ volatile("mrs %0, fpcr" : "=r"(theirs.fpcr));
    __asm__ volatile("mrs %0, fpsr" : "=r"(theirs.fpsr));
    __asm__ volatile("msr fpcr, %0" ::"r"((uint64_t)0) : "memory");
    return theirs;
}
static inline void crnn_fpmode_leave(crnn_fpmode theirs)
{
    CRNN_FENCE();
    __asm__ volatile("msr fpsr, %0" ::"r"(theirs.fpsr));
    __asm__ volatile("msr fpcr, %0" ::"r"(theirs.fpcr) : "memory");
}

#else

#include <fenv.h>
typedef fenv_t crnn_fpmode;
static inline crnn_fpmode crnn_fpmode_enter(void)
{
    crnn_fpmode theirs;
    fegetenv(&theirs);
    fesetenv(FE_DFL_ENV);
    CRNN_FENCE();
    return theirs;
}
static inline void crnn_fpmode_leave(crnn_fpmode theirs)
{
    CRNN_FENCE();
    fesetenv(&theirs);
}

#endif
#endif
