/* fpmode.h - the floating-point mode the arithmetic is defined in: round to nearest, subnormals kept.
 *
 * The caller's mode is not ours to trust: another library may have set flush-to-zero or another
 * rounding. Enter before the first operation, leave after the last, in every thread:
 *
 *     crnn_fpmode theirs = crnn_fpmode_enter();  ...  crnn_fpmode_leave(theirs);
 *
 * Exceptions stay masked meanwhile and their flags are the caller's again afterwards.
 */
#ifndef CRNN_FPMODE_H
#define CRNN_FPMODE_H

#if defined(__x86_64__) || defined(__SSE2_MATH__)

#include <xmmintrin.h>
typedef unsigned crnn_fpmode;
static inline crnn_fpmode crnn_fpmode_enter(void)
{
    crnn_fpmode theirs = _mm_getcsr();
    _mm_setcsr(0x1f80); /* all exceptions masked, nearest, no FTZ, no DAZ */
    return theirs;
}
static inline void crnn_fpmode_leave(crnn_fpmode theirs) { _mm_setcsr(theirs); }

#elif defined(__aarch64__)

#include <stdint.h>
typedef uint64_t crnn_fpmode;
static inline crnn_fpmode crnn_fpmode_enter(void)
{
    crnn_fpmode theirs;
    __asm__ volatile("mrs %0, fpcr" : "=r"(theirs));
    __asm__ volatile("msr fpcr, %0" ::"r"((crnn_fpmode)0) : "memory");
    return theirs;
}
static inline void crnn_fpmode_leave(crnn_fpmode theirs)
{
    __asm__ volatile("msr fpcr, %0" ::"r"(theirs) : "memory");
}

#else

#include <fenv.h>
typedef fenv_t crnn_fpmode;
static inline crnn_fpmode crnn_fpmode_enter(void)
{
    crnn_fpmode theirs;
    fegetenv(&theirs);
    fesetenv(FE_DFL_ENV);
    return theirs;
}
static inline void crnn_fpmode_leave(crnn_fpmode theirs) { fesetenv(&theirs); }

#endif
#endif
