/* train_draws.h - what is drawn at the beginning: the text and the first weights; for train_real.c. */
#ifndef CRNN_TESTS_TRAIN_DRAWS_H
#define CRNN_TESTS_TRAIN_DRAWS_H

#include "train_net.h"

static const double SCALE = 0x1.47ae147ae147bp-7; /* 0.01, of normal first weights */

static void make_text(training *N)
{
    pcg64 bits = N->c->text;
    for (ptrdiff_t i = 0; i < N->c->characters; i++)
        N->text[i] = (int32_t)((pcg64_next(&bits) >> 32) * (uint64_t)N->V >> 32);
}

static double toss(pcg64 *bits) { return (double)(pcg64_next(bits) >> 11) * 0x1p-53; }

/* Normal numbers come in pairs, by the polar method; the second waits in `spare`. */
static double normal(const training *N, pcg64 *bits, double *spare)
{
    double u = *spare, v = 0, s = 0, log_s;
    *spare = NAN;
    if (u == u) return u;
    while (!(0 < s && s < 1)) {
        u = 2 * toss(bits) - 1;
        v = 2 * toss(bits) - 1;
        s = u * u + v * v;
    }
    N->tables->f64->log(1, &s, &log_s);
    double factor = sqrt(-2 * log_s / s);
    *spare = v * factor;
    return u * factor;
}

static void draw_normal(training *N, pcg64 *bits)
{
    ptrdiff_t V = N->V, H = N->H;
    double spare = NAN;
    for (ptrdiff_t i = 0; i < H; i++)
        for (ptrdiff_t j = 0; j < V; j++)
            N->W.Wxh[j * H + i] = (real)(normal(N, bits, &spare) * SCALE);
    for (ptrdiff_t i = 0; i < H * H; i++) N->W.Whh[i] = (real)(normal(N, bits, &spare) * SCALE);
    for (ptrdiff_t i = 0; i < V * H; i++) N->W.Why[i] = (real)(normal(N, bits, &spare) * SCALE);
}

/* Make row j of A (H, H) orthogonal to those before it, and of length 1. */
static void straighten(const training *N, real *A, ptrdiff_t j)
{
    ptrdiff_t H = N->H;
    real *a = A + j * H;
    for (ptrdiff_t k = 0; k < j; k++) {
        real f = N->K->dot(H, A + k * H, a);
        N->K->add_scaled(H, -f, A + k * H, a);
    }
    double square = (double)N->K->dot(H, a, a);
    N->K->scale(H, (real)(1 / sqrt(square)), a);
}

/* Gram and Schmidt's way over the columns, each twice. */
static void draw_orthogonal(training *N, pcg64 *bits)
{
    ptrdiff_t H = N->H;
    double spare = NAN;
    for (ptrdiff_t i = 0; i < H * H; i++) N->W.Whh[i] = (real)normal(N, bits, &spare);
    N->K->transpose(H, H, N->W.Whh, H, N->WhhT, H);
    for (ptrdiff_t j = 0; j < H; j++) {
        straighten(N, N->WhhT, j);
        straighten(N, N->WhhT, j);
    }
    N->K->transpose(H, H, N->WhhT, H, N->W.Whh, H);
}

static real uniform(pcg64 *bits, double bound) { return (real)((2 * toss(bits) - 1) * bound); }

static void draw_weights(training *N)
{
    ptrdiff_t V = N->V, H = N->H;
    double bound = sqrt(6 / (double)(V + H));
    pcg64 bits = N->c->weights;
    if (N->c->init == NORMAL) {
        draw_normal(N, &bits);
        return;
    }
    for (ptrdiff_t i = 0; i < H; i++)
        for (ptrdiff_t j = 0; j < V; j++) N->W.Wxh[j * H + i] = uniform(&bits, bound);
    if (N->c->init == ORTHOGONAL)
        draw_orthogonal(N, &bits);
    else
        for (ptrdiff_t i = 0; i < H; i++) N->W.Whh[i * H + i] = 1;
    for (ptrdiff_t i = 0; i < V * H; i++) N->W.Why[i] = uniform(&bits, bound);
}

#endif
