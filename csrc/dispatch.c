/* dispatch.c - which tables this CPU gets. Compiled once, with no instruction set but the baseline.
 *
 * The build defines CRNN_HAS_X86 or CRNN_HAS_NEON when it made those tables; portable is always there.
 */
#include <string.h>

#include "cpu.h"
#include "kernels.h"

static int always(void) { return 1; }

#define DECLARE(isa)                                                                               \
    extern const crnn_kernels_f32 crnn_table_f32_##isa;                                            \
    extern const crnn_kernels_f64 crnn_table_f64_##isa;
#define ROW(isa, runs_here) {{#isa, &crnn_table_f32_##isa, &crnn_table_f64_##isa}, runs_here}

DECLARE(portable)
#if defined(CRNN_HAS_X86)
DECLARE(avx2)
DECLARE(avx512)
#endif
#if defined(CRNN_HAS_NEON)
DECLARE(neon)
#endif

/* From the slowest to the fastest. */
static const struct {
    crnn_tables tables;
    int (*runs_here)(void);
} built[] = {
    ROW(portable, always),
#if defined(CRNN_HAS_X86)
    ROW(avx2, crnn_cpu_has_avx2),
    ROW(avx512, crnn_cpu_has_avx512),
#endif
#if defined(CRNN_HAS_NEON)
    ROW(neon, always),
#endif
};

const crnn_tables *crnn_available(size_t number)
{
    for (size_t i = 0; i < sizeof built / sizeof built[0]; i++)
        if (built[i].runs_here() && number-- == 0) return &built[i].tables;
    return NULL;
}

const crnn_tables *crnn_tables_named(const char *isa)
{
    const crnn_tables *tables;
    for (size_t i = 0; (tables = crnn_available(i)); i++)
        if (strcmp(tables->isa, isa) == 0) return tables;
    return NULL;
}

const crnn_tables *crnn_fastest(void)
{
    const crnn_tables *fastest = crnn_available(0), *next;
    for (size_t i = 1; (next = crnn_available(i)); i++) fastest = next;
    return fastest;
}
