/* train_real.c - a training out of the kernels, in plain C: compiled once for each type.
 *
 * The second one, on purpose. core.pyx and training.pyx compose the same kernels; this shares no line
 * with them, keeps its matrices in other orders, without gaps, and takes one kernel where they take
 * another. Its bytes are the same if every kernel does what kernels.h says of it, and it needs no
 * Python: so it goes where only a C compiler goes.
 */
#include "train.h"

#include <stdlib.h>
#include <string.h>

#include "real.h"

#define DRAWS 40 /* characters of a sample */

static const double SCALE = 0x1.47ae147ae147bp-7;      /* 0.01, of the first weights */
static const double BETA1 = 0x1.ccccccccccccdp-1;      /* 0.9, of Adam */
static const double BETA2 = 0x1.ff7ced916872bp-1;      /* 0.999, of Adam */
static const double EPSILON = 0x1.5798ee2308c3ap-27;   /* 1e-8, of Adam */
static const double OLD_SHARE = 0x1.ff7ced916872bp-1;  /* 0.999, of the smooth loss */
static const double NEW_SHARE = 0x1.0624dd2f1a9fcp-10; /* 0.001, of the smooth loss */
static const double COOL = 0x1.6666666666666p-1;       /* 0.7, a temperature */

/* Parameters, their gradients or what an optimizer remembers of them. */
typedef struct {
    real *Wxh; /* (V, H): column x of the reference's Wxh is row x, for training needs it whole */
    real *Whh, *Why; /* (H, H), (V, H): as in the reference */
    real *bh, *by;
} parameters;

typedef struct block {
    struct block *next;
} block;

typedef struct {
    const training_case *c;
    const crnn_tables *tables;
    const kernels *K;
    ptrdiff_t V, H, B, offset;
    block *blocks; /* everything allocated */
    parameters W, d, m, v;
    real *WhhT, *WhyT;          /* (H, H), (H, V): transposed, for the way forward */
    real *Hs, *dHs, *Ys, *loss; /* (T+1, B, H), (T, B, H), (T, B, V), (T, B) */
    int32_t *inputs, *targets, *text;
    unsigned char *seen; /* (V): which characters the window has */
    report *r;
} training;

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
    N->inputs = take(N, rows, sizeof(int32_t));
    N->targets = take(N, rows, sizeof(int32_t));
    N->text = take(N, c->characters, sizeof(int32_t));
    N->seen = take(N, c->V, 1);
}

static void free_memory(training *N)
{
    while (N->blocks) {
        block *b = N->blocks;
        N->blocks = b->next;
        free(b);
    }
}

/* --- The outcome -------------------------------------------------------------------------------- */

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

/* --- Text and first weights --------------------------------------------------------------------- */

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

static void draw_weights(training *N)
{
    ptrdiff_t V = N->V, H = N->H;
    pcg64 bits = N->c->weights;
    double spare = NAN;
    for (ptrdiff_t i = 0; i < H; i++)
        for (ptrdiff_t j = 0; j < V; j++)
            N->W.Wxh[j * H + i] = (real)(normal(N, &bits, &spare) * SCALE);
    for (ptrdiff_t i = 0; i < H * H; i++) N->W.Whh[i] = (real)(normal(N, &bits, &spare) * SCALE);
    for (ptrdiff_t i = 0; i < V * H; i++) N->W.Why[i] = (real)(normal(N, &bits, &spare) * SCALE);
}

/* --- A window ----------------------------------------------------------------------------------- */

/* h[t] = tanh(Wxh[:,x[t]] + Whh h[t-1] + bh), for `streams` of them. */
static void step(const training *N, ptrdiff_t streams, const int32_t *x, const real *h, real *z)
{
    ptrdiff_t H = N->H;
    N->K->gather_columns(streams, H, N->W.Wxh, 1, H, x, N->W.bh, z, H);
    for (ptrdiff_t b = 0; b < streams; b++)
        N->K->gemv(H, H, N->WhhT, H, h + b * H, z + b * H, z + b * H, b % 2 == 1);
    N->K->tanh(streams * H, z, z);
}

static void forward(training *N, ptrdiff_t T, ptrdiff_t B)
{
    ptrdiff_t H = N->H, V = N->V, rows = T * B;
    N->K->transpose(H, H, N->W.Whh, H, N->WhhT, H);
    N->K->transpose(V, H, N->W.Why, H, N->WhyT, V);
    for (ptrdiff_t t = 0; t < T; t++)
        step(N, B, N->inputs + t * B, N->Hs + t * B * H, N->Hs + (t + 1) * B * H);
    N->K->gemm(rows, V, H, N->Hs + B * H, H, 1, N->WhyT, V, N->W.by, 0, N->Ys, V);
    N->K->softmax_cross_entropy(rows, V, (real)(1.0 / (double)B), N->Ys, V, N->targets, N->loss);
}

static void backward(training *N, ptrdiff_t T, ptrdiff_t B)
{
    ptrdiff_t H = N->H, V = N->V, rows = T * B;
    const real *after = N->Hs + B * H;
    N->K->gemm(rows, H, V, N->Ys, V, 1, N->W.Why, H, NULL, 0, N->dHs, H);
    for (ptrdiff_t t = T - 1; t >= 0; t--) {
        real *dh = N->dHs + t * B * H, *later = dh + B * H;
        for (ptrdiff_t b = 0; b < B && t < T - 1; b++)
            N->K->gemv(H, H, N->W.Whh, H, later + b * H, dh + b * H, dh + b * H, t % 2 == 0);
        N->K->tanh_backward(B * H, after + t * B * H, dh, dh);
    }
    memset(N->d.Wxh, 0, (size_t)(V * H) * sizeof(real));
    N->K->gemm(V, H, rows, N->Ys, 1, V, after, H, NULL, 0, N->d.Why, H);
    N->K->column_sums(rows, V, N->Ys, V, N->d.by);
    N->K->gemm(H, H, rows, N->dHs, 1, H, N->Hs, H, NULL, 0, N->d.Whh, H);
    N->K->column_sums(rows, H, N->dHs, H, N->d.bh);
    N->K->scatter_columns(rows, H, N->dHs, H, N->inputs, N->d.Wxh, 1, H);
}

static double sum_of_losses(const training *N, ptrdiff_t T, ptrdiff_t B)
{
    double total = 0;
    for (ptrdiff_t b = 0; b < B; b++) {
        double loss = 0;
        for (ptrdiff_t t = 0; t < T; t++) loss += (double)N->loss[t * B + b];
        total += loss;
    }
    return total;
}

/* --- Training ----------------------------------------------------------------------------------- */

typedef struct {
    ptrdiff_t position;
    double decay1, decay2; /* Adam's betas to the power of the steps made */
    double smooth_loss;
} course;

static void open_window(training *N, ptrdiff_t position)
{
    ptrdiff_t T = N->c->T, B = N->B, state = B * N->H, length = N->c->characters / B;
    for (ptrdiff_t b = 0; b < B; b++)
        for (ptrdiff_t t = 0; t < T; t++) {
            N->inputs[t * B + b] = N->text[b * length + position + t];
            N->targets[t * B + b] = N->text[b * length + position + t + 1];
        }
    if (position == 0)
        memset(N->Hs, 0, (size_t)state * sizeof(real));
    else
        memcpy(N->Hs, N->Hs + T * state, (size_t)state * sizeof(real));
}

static void descend(const training *N, const course *s, ptrdiff_t n, const real *d, real *m,
                    real *v, real *w)
{
    double rate = N->c->learning_rate;
    real limit = (real)N->c->clip;
    if (N->c->is_adam)
        N->K->adam(n, (real)(rate / (1 - s->decay1)), limit, (real)BETA1, (real)BETA2,
                   (real)EPSILON, (real)(1 / (1 - s->decay2)), d, m, v, w);
    else
        N->K->adagrad(n, (real)rate, limit, d, m, w);
}

/* Adagrad leaves the columns of characters that the window has not as they are. */
static void update(training *N, const course *s)
{
    const parameters *d = &N->d, *m = &N->m, *v = &N->v, *W = &N->W;
    ptrdiff_t V = N->V, H = N->H;
    memset(N->seen, N->c->is_adam, (size_t)V);
    for (ptrdiff_t i = 0; i < N->c->T * N->B; i++) N->seen[N->inputs[i]] = 1;
    for (ptrdiff_t x = 0; x < V; x++)
        if (N->seen[x])
            descend(N, s, H, d->Wxh + x * H, m->Wxh + x * H, v->Wxh + x * H, W->Wxh + x * H);
    descend(N, s, H * H, d->Whh, m->Whh, v->Whh, W->Whh);
    descend(N, s, V * H, d->Why, m->Why, v->Why, W->Why);
    descend(N, s, H, d->bh, m->bh, v->bh, W->bh);
    descend(N, s, V, d->by, m->by, v->by, W->by);
}

static double train_window(training *N, course *s)
{
    ptrdiff_t T = N->c->T, B = N->B;
    open_window(N, s->position);
    forward(N, T, B);
    backward(N, T, B);
    s->decay1 *= (double)(real)BETA1;
    s->decay2 *= (double)(real)BETA2;
    update(N, s);
    double loss = sum_of_losses(N, T, B) / (double)B;
    s->smooth_loss = s->smooth_loss * OLD_SHARE + loss * NEW_SHARE;
    s->position += T;
    if (s->position + T + 1 >= N->c->characters / B) s->position = 0;
    return loss;
}

/* All windows; returns where the next would begin. */
static ptrdiff_t train(training *N)
{
    ptrdiff_t n = N->c->windows;
    double V = (double)N->V, log_V, *losses = take(N, 2 * n, sizeof(double));
    course s = {.decay1 = 1, .decay2 = 1};
    N->tables->f64->log(1, &V, &log_V);
    s.smooth_loss = log_V * (double)N->c->T;
    for (ptrdiff_t i = 0; i < n; i++) {
        losses[i] = train_window(N, &s);
        losses[n + i] = s.smooth_loss;
    }
    report_doubles(N->r, "loss", losses, n);
    report_doubles(N->r, "smooth_loss", losses + n, n);
    report_parameters(N, "", &N->W);
    report_parameters(N, "m", &N->m);
    if (N->c->is_adam) report_parameters(N, "v", &N->v);
    return s.position;
}

/* --- Sampling, and the drop-in ------------------------------------------------------------------ */

static void predict(const training *N, const real *h, real scale, real *p)
{
    N->K->gemv(N->V, N->H, N->WhyT, N->V, h, N->W.by, p, 0);
    N->K->softmax(1, N->V, scale, p, N->V);
}

/* Draws characters from the state h on, fed with x first; returns the one drawn last. */
static int32_t sample(training *N, const char *name, double temperature, pcg64 *bits, int32_t x,
                      real *h)
{
    real *z = take(N, N->H, sizeof(real)), *p = take(N, N->V, sizeof(real));
    int32_t *drawn = take(N, DRAWS, sizeof(int32_t));
    ptrdiff_t n = 0;
    for (; n < DRAWS; n++) {
        step(N, 1, &x, h, z);
        memcpy(h, z, (size_t)N->H * sizeof(real));
        predict(N, h, (real)(1 / temperature), p);
        if (p[0] != p[0]) break; /* the probabilities became NaN */
        x = drawn[n] = (int32_t)N->K->draw(N->V, p, toss(bits));
    }
    report_indices(N->r, name, drawn, n);
    return x;
}

static void sample_twice(training *N, ptrdiff_t position)
{
    ptrdiff_t H = N->H, V = N->V, B = N->B;
    real *states = take(N, B * H, sizeof(real)), *p = take(N, V, sizeof(real));
    pcg64 bits = N->c->coins;
    if (position > 0) memcpy(states, N->Hs + N->c->T * B * H, (size_t)(B * H) * sizeof(real));
    report_reals(N->r, "", "hprev", states, H, B, 1, H);
    N->K->transpose(H, H, N->W.Whh, H, N->WhhT, H);
    N->K->transpose(V, H, N->W.Why, H, N->WhyT, V);
    int32_t last = sample(N, "sample", 1.0, &bits, N->text[position], states);
    last = sample(N, "cool_sample", COOL, &bits, last, states);
    predict(N, states, 1, p);
    report_reals(N->r, "", "p", p, 1, V, V, 1);
}

static void clip(const training *N, ptrdiff_t n, real *d) { N->K->clip(n, (real)N->c->clip, d); }

/* The reference's lossFun for the first window of the text. */
static void loss_and_gradients(training *N)
{
    ptrdiff_t T = N->c->T, V = N->V, H = N->H;
    memcpy(N->inputs, N->text, (size_t)T * sizeof(int32_t));
    memcpy(N->targets, N->text + 1, (size_t)T * sizeof(int32_t));
    memset(N->Hs, 0, (size_t)H * sizeof(real));
    forward(N, T, 1);
    backward(N, T, 1);
    clip(N, V * H, N->d.Wxh);
    clip(N, H * H, N->d.Whh);
    clip(N, V * H, N->d.Why);
    clip(N, H, N->d.bh);
    clip(N, V, N->d.by);
    double loss = sum_of_losses(N, T, 1);
    report_doubles(N->r, "dloss", &loss, 1);
    report_parameters(N, "d", &N->d);
}

void R(train_f32, train_f64)(const training_case *c, const crnn_tables *tables, ptrdiff_t offset,
                             report *r)
{
    training N = {
        .c = c, .tables = tables, .V = c->V, .H = c->H, .B = c->B, .offset = offset, .r = r};
    N.K = R(tables->f32, tables->f64);
    take_memory(&N);
    make_text(&N);
    draw_weights(&N);
    report_weights(&N, "drawn_", &N.W);
    ptrdiff_t position = train(&N);
    sample_twice(&N, position);
    loss_and_gradients(&N);
    free_memory(&N);
}
