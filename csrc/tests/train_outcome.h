/* train_outcome.h - arrays as lines of the report; for train_real.c. */
#ifndef CRNN_TESTS_TRAIN_OUTCOME_H
#define CRNN_TESTS_TRAIN_OUTCOME_H

#include "train_net.h"

static void add_real(report *r, real x)
{
    R(uint32_t, uint64_t) bits = R(0x7fc00000, 0x7ff8000000000000);
    if (x == x) memcpy(&bits, &x, sizeof bits);
    add_bits(r, bits, 2 * (int)sizeof bits);
}

/* The element [i, j] of (m, n) stands at A[i * rs + j * cs]. */
static void report_reals(report *r, const char *prefix, const char *name, const real *A,
                         ptrdiff_t m, ptrdiff_t n, ptrdiff_t rs, ptrdiff_t cs)
{
    char array[20] = "";
    strncat(array, prefix, 9);
    strncat(array, name, 9);
    begin_line(r, array);
    for (ptrdiff_t i = 0; i < m; i++)
        for (ptrdiff_t j = 0; j < n; j++) add_real(r, A[i * rs + j * cs]);
    end_line(r);
}

static void report_weights(training *N, const char *prefix, const parameters *p)
{
    report_reals(N->r, prefix, "Wxh", p->Wxh, N->H, N->V, 1, N->H);
    report_reals(N->r, prefix, "Whh", p->Whh, N->H, N->H, N->H, 1);
    report_reals(N->r, prefix, "Why", p->Why, N->V, N->H, N->H, 1);
}

static void report_parameters(training *N, const char *prefix, const parameters *p)
{
    report_weights(N, prefix, p);
    report_reals(N->r, prefix, "bh", p->bh, N->H, 1, 1, 1);
    report_reals(N->r, prefix, "by", p->by, N->V, 1, 1, 1);
}

static void report_doubles(report *r, const char *name, const double *x, ptrdiff_t n)
{
    begin_line(r, name);
    for (ptrdiff_t i = 0; i < n; i++) {
        uint64_t bits = 0x7ff8000000000000;
        if (x[i] == x[i]) memcpy(&bits, &x[i], sizeof bits);
        add_bits(r, bits, 16);
    }
    end_line(r);
}

static void report_indices(report *r, const char *name, const int32_t *x, ptrdiff_t n)
{
    begin_line(r, name);
    for (ptrdiff_t i = 0; i < n; i++) add_bits(r, (uint32_t)x[i], 8);
    end_line(r);
}

#endif
