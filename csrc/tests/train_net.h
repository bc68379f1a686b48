/* train_net.h - what a training holds, and a window forward and back; for train_real.c.
 *
 * Matrices are in other orders than in core.pyx, without gaps, and units are left out of all rows at
 * once.
 */
#ifndef CRNN_TESTS_TRAIN_NET_H
#define CRNN_TESTS_TRAIN_NET_H

#include <stdlib.h>
#include <string.h>

#include "real.h"
#include "train.h"

/* Parameters, their gradients or what an optimizer remembers of them. */
typedef struct {
    real *Wxh; /* (V, H): column x of the reference's Wxh is row x, for training needs it whole */
    real *Whh, *Why; /* (H, H), (V, H): as in the reference */
    real *bh, *by;
} parameters;

typedef struct block {
    struct block *next;
} block;

/* Where a stream is in its part of the text; all of it counts from the beginning of the text. */
typedef struct {
    ptrdiff_t begin, end, position;
} place;

typedef struct {
    const training_case *c;
    const crnn_tables *tables;
    const kernels *K;
    ptrdiff_t V, H, B, offset;
    block *blocks; /* everything allocated */
    parameters W, d, m, v;
    real *WhhT, *WhyT;          /* (H, H), (H, V): transposed, for the way forward */
    real *Hs, *dHs, *Ys, *loss; /* (T+1, B, H), (T, B, H), (T, B, V), (T, B) */
    real *kept;                 /* (T, B, H): what Why sees of Hs */
    uint16_t *coins;            /* (T, B, H): of the units left out */
    int32_t *inputs, *targets, *text;
    ptrdiff_t *count; /* (B): the steps of a window that count */
    place *places;    /* (B) */
    int32_t *seen;    /* (V): the characters of the window, in the order in which they come first */
    unsigned char *has; /* (V): whether one is among them */
    report *r;
} training;

/* What may differ from window to window. */
typedef struct {
    ptrdiff_t T, B;
    const ptrdiff_t *count; /* NULL: all steps of each stream count */
    const uint16_t *coins;  /* NULL: no unit is left out */
} window;

/* --- Memory ------------------------------------------------------------------------------------- */

static void *take(training *N, ptrdiff_t count, size_t size)
{
    size_t bytes = (size_t)(count + N->offset) * size;
    block *b = allocate(sizeof *b + 64 + bytes);
    b->next = N->blocks;
    N->blocks = b;
    return (void *)((((uintptr_t)(b + 1) + 63) & ~(uintptr_t)63) + (uintptr_t)N->offset * size);
}

static void take_parameters(training *N, parameters *p)
{
    p->Wxh = take(N, N->V * N->H, sizeof(real));
    p->Whh = take(N, N->H * N->H, sizeof(real));
    p->Why = take(N, N->V * N->H, sizeof(real));
    p->bh = take(N, N->H, sizeof(real));
    p->by = take(N, N->V, sizeof(real));
}

static void take_memory(training *N)
{
    const training_case *c = N->c;
    ptrdiff_t rows = c->T * c->B;
    take_parameters(N, &N->W);
    take_parameters(N, &N->d);
    take_parameters(N, &N->m);
    take_parameters(N, &N->v);
    N->WhhT = take(N, c->H * c->H, sizeof(real));
    N->WhyT = take(N, c->V * c->H, sizeof(real));
    N->Hs = take(N, (rows + c->B) * c->H, sizeof(real));
    N->dHs = take(N, rows * c->H, sizeof(real));
    N->Ys = take(N, rows * c->V, sizeof(real));
    N->loss = take(N, rows, sizeof(real));
    N->kept = take(N, rows * c->H, sizeof(real));
    N->coins = take(N, rows * c->H, sizeof(uint16_t));
    N->inputs = take(N, rows, sizeof(int32_t));
    N->targets = take(N, rows, sizeof(int32_t));
    N->text = take(N, c->characters, sizeof(int32_t));
    N->count = take(N, c->B, sizeof(ptrdiff_t));
    N->places = take(N, c->B, sizeof(place));
    N->seen = take(N, c->V, sizeof(int32_t));
    N->has = take(N, c->V, 1);
}

static void free_memory(training *N)
{
    while (N->blocks) {
        block *b = N->blocks;
        N->blocks = b->next;
        free(b);
    }
}

/* --- Units left out ----------------------------------------------------------------------------- */

static uint32_t threshold_of(double dropout) { return (uint32_t)(dropout * 65536); }

/* Coins of 16 bits for every row: four of each raw number, of which the last may be used in part. */
static void toss_coins(training *N, pcg64 *bits)
{
    for (ptrdiff_t n = 0; n < N->c->T * N->B; n++) {
        uint64_t raw = 0;
        for (ptrdiff_t i = 0; i < N->H; i++, raw >>= 16) {
            if (i % 4 == 0) raw = pcg64_next(bits);
            N->coins[n * N->H + i] = (uint16_t)raw;
        }
    }
}

static void leave_out(const training *N, const window *w, const real *x, real *y)
{
    uint32_t threshold = threshold_of(N->c->dropout);
    double gain = 65536 / (double)(65536 - threshold);
    N->K->drop(w->T * w->B * N->H, threshold, (real)gain, w->coins, x, y);
}

/* --- A window ----------------------------------------------------------------------------------- */

static void transpose_weights(const training *N)
{
    N->K->transpose(N->H, N->H, N->W.Whh, N->H, N->WhhT, N->H);
    N->K->transpose(N->V, N->H, N->W.Why, N->H, N->WhyT, N->V);
}

/* h[t] = tanh(Wxh[:,x[t]] + Whh h[t-1] + bh), for `streams` of them. */
static void step(const training *N, ptrdiff_t streams, const int32_t *x, const real *h, real *z)
{
    ptrdiff_t H = N->H;
    N->K->gather_columns(streams, H, N->W.Wxh, 1, H, x, N->W.bh, z, H);
    for (ptrdiff_t b = 0; b < streams; b++)
        N->K->gemv(H, H, N->WhhT, H, h + b * H, z + b * H, z + b * H, b % 2 == 1);
    N->K->tanh(streams * H, z, z);
}

/* Steps that do not count have no loss and no gradient. */
static void blank(const training *N, const window *w)
{
    for (ptrdiff_t n = 0; n < w->T * w->B; n++) {
        if (n / w->B < w->count[n % w->B]) continue;
        N->loss[n] = 0;
        memset(N->Ys + n * N->V, 0, (size_t)N->V * sizeof(real));
    }
}

static void forward(training *N, const window *w)
{
    ptrdiff_t H = N->H, V = N->V, B = w->B, rows = w->T * B;
    const real *after = N->Hs + B * H;
    transpose_weights(N);
    for (ptrdiff_t t = 0; t < w->T; t++)
        step(N, B, N->inputs + t * B, N->Hs + t * B * H, N->Hs + (t + 1) * B * H);
    if (w->coins)
        leave_out(N, w, after, N->kept);
    else
        memcpy(N->kept, after, (size_t)(rows * H) * sizeof(real));
    N->K->gemm(rows, V, H, N->kept, H, 1, N->WhyT, V, N->W.by, 0, N->Ys, V);
    N->K->softmax_cross_entropy(rows, V, (real)(1.0 / (double)B), N->Ys, V, N->targets, N->loss);
    if (w->count) blank(N, w);
}

static void backward(training *N, const window *w)
{
    ptrdiff_t H = N->H, V = N->V, T = w->T, B = w->B, rows = T * B;
    const real *after = N->Hs + B * H;
    N->K->gemm(rows, H, V, N->Ys, V, 1, N->W.Why, H, NULL, 0, N->dHs, H);
    if (w->coins) leave_out(N, w, N->dHs, N->dHs);
    for (ptrdiff_t t = T - 1; t >= 0; t--) {
        real *dh = N->dHs + t * B * H, *later = dh + B * H;
        for (ptrdiff_t b = 0; b < B && t < T - 1; b++)
            N->K->gemv(H, H, N->W.Whh, H, later + b * H, dh + b * H, dh + b * H, t % 2 == 0);
        N->K->tanh_backward(B * H, after + t * B * H, dh, dh);
    }
    memset(N->d.Wxh, 0, (size_t)(V * H) * sizeof(real));
    N->K->gemm(V, H, rows, N->Ys, 1, V, N->kept, H, NULL, 0, N->d.Why, H);
    N->K->column_sums(rows, V, N->Ys, V, N->d.by);
    N->K->gemm(H, H, rows, N->dHs, 1, H, N->Hs, H, NULL, 0, N->d.Whh, H);
    N->K->column_sums(rows, H, N->dHs, H, N->d.bh);
    N->K->scatter_columns(rows, H, N->dHs, H, N->inputs, N->d.Wxh, 1, H);
}

static double sum_of_losses(const training *N, const window *w)
{
    double total = 0;
    for (ptrdiff_t b = 0; b < w->B; b++) {
        double loss = 0;
        for (ptrdiff_t t = 0; t < w->T; t++) loss += (double)N->loss[t * w->B + b];
        total += loss;
    }
    return total;
}

#endif
