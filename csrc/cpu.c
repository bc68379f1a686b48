/* cpu.c - asks the processor by cpuid and the system by xgetbv.
 *
 * The compiler's own __builtin_cpu_supports answers 0 for everything under some compilers, so the
 * questions are put here. Compiled once, with no instruction set but the baseline.
 */
#include "cpu.h"

#if defined(__x86_64__) || defined(__i386__)
#include <cpuid.h>

#define BIT(word, number) (((word) >> (number)) & 1u)

/* Extended control register 0: which register states the system saves; 0 if it saves none. */
static unsigned saved_states(void)
{
    unsigned a, b, c = 0, d;
    if (!__get_cpuid(1, &a, &b, &c, &d) || !BIT(c, 27) /* OSXSAVE */) return 0;
    __asm__ volatile("xgetbv" : "=a"(a), "=d"(d) : "c"(0));
    return a;
}

int crnn_cpu_has_avx2(void)
{
    unsigned a, b = 0, c = 0, d, has_fma, xmm_ymm = 0x6;
    if ((saved_states() & xmm_ymm) != xmm_ymm) return 0;
    __get_cpuid(1, &a, &b, &c, &d);
    has_fma = BIT(c, 12);
    return has_fma && __get_cpuid_count(7, 0, &a, &b, &c, &d) && BIT(b, 5);
}

int crnn_cpu_has_avx512(void)
{
    unsigned a, b = 0, c, d, opmask_zmm = 0xe0;
    if (!crnn_cpu_has_avx2() || (saved_states() & opmask_zmm) != opmask_zmm) return 0;
    __get_cpuid_count(7, 0, &a, &b, &c, &d);
    return BIT(b, 16) && BIT(b, 17) && BIT(b, 30) && BIT(b, 31); /* F, DQ, BW, VL */
}

#else

int crnn_cpu_has_avx2(void) { return 0; }
int crnn_cpu_has_avx512(void) { return 0; }

#endif
