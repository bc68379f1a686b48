/* tables.c - the kernels exp, log and tanh of a table, for tools/measure_accuracy.py. */
#include "fpmode.h"
#include "kernels.h"

#if defined(_WIN32)
#define DOOR __declspec(dllexport)
#else
#define DOOR __attribute__((visibility("default")))
#endif

/* In the order of accuracy.c. */
enum { EXP, LOG, TANH };

/* The name of a table, the fastest last; NULL past it. */
DOOR const char *table_name(size_t number)
{
    const crnn_tables *tables = crnn_available(number);
    return tables ? tables->isa : NULL;
}

#define APPLY(k, f, n, x, y)                                                                       \
    do {                                                                                           \
        crnn_fpmode theirs = crnn_fpmode_enter();                                                  \
        (f == EXP ? (k)->exp : f == LOG ? (k)->log : (k)->tanh)(n, x, y);                          \
        crnn_fpmode_leave(theirs);                                                                 \
    } while (0)

DOOR void table_f32(const char *isa, int f, ptrdiff_t n, const float *x, float *y)
{
    APPLY(crnn_tables_named(isa)->f32, f, n, x, y);
}

DOOR void table_f64(const char *isa, int f, ptrdiff_t n, const double *x, double *y)
{
    APPLY(crnn_tables_named(isa)->f64, f, n, x, y);
}
