/* train_descent.h - gradients into steps: the learning rate, norms, optimizers; for train_real.c. */
#ifndef CRNN_TESTS_TRAIN_DESCENT_H
#define CRNN_TESTS_TRAIN_DESCENT_H

#include "train_net.h"

static const double TINY = 0x1.5798ee2308c3ap-27; /* 1e-8: EPSILON, but for Adagrad's kernel */

/* Of Taylor's series of sin(pi x). */
static const double sine[] = {0x1.921fb54442d18p+1,   -0x1.4abbce625be53p+2,  0x1.466bc6775aae2p+1,
                              -0x1.32d2cce62bd86p-1,  0x1.50783487ee782p-4,   -0x1.e3074fde8871fp-8,
                              0x1.e8f434d018d63p-12,  -0x1.6fadb9f155744p-16, 0x1.aaec32af93359p-21,
                              -0x1.8a404211f9547p-26, 0x1.2877020d52cf0p-31};

/* How far a descent is. */
typedef struct {
    ptrdiff_t steps;       /* made so far */
    double scale, rate;    /* of the schedule "step"; of the present step */
    double power1, power2; /* Adam's betas to the power of the steps made */
} descent;

/* --- The learning rate -------------------------------------------------------------------------- */

/* From 1 down to 0 as u rises from 0 to 1: half a cosine. */
static double falling(double u)
{
    double x = u - 0.5, square = x * x, p = 0;
    for (int i = sizeof sine / sizeof *sine - 1; i >= 0; i--) p = p * square + sine[i];
    return 0.5 - 0.5 * (x * p);
}

/* What the schedule leaves of the rate in a step, from 0. */
static double share_of_rate(const training_case *c, ptrdiff_t s)
{
    double left = (double)(c->steps - s), part = 1;
    if (s < c->warmup) return (double)(s + 1) / (double)c->warmup;
    if (c->schedule == COSINE) {
        part = left > 0 ? falling(1 - left / (double)(c->steps - c->warmup)) : 0;
    } else if (c->schedule == TRAPEZOID) {
        double span = trunc(c->decay_fraction * (double)c->steps);
        if (left >= span) return 1;
        part = left > 0 ? left / span : 0;
    } else {
        return 1;
    }
    return c->final_rate + (1 - c->final_rate) * part;
}

static void begin_step(const training_case *c, descent *s)
{
    if (c->schedule == STEP && s->steps > 0 && s->steps % c->decay_every == 0)
        s->scale *= c->decay_factor;
    s->rate = c->learning_rate * s->scale * share_of_rate(c, s->steps);
    s->power1 *= (double)(real)c->beta1;
    s->power2 *= (double)(real)c->beta2;
    s->steps++;
}

/* --- The norm ----------------------------------------------------------------------------------- */

/* The characters of the window, in the order in which they come first; returns how many. */
static ptrdiff_t find_seen(training *N)
{
    ptrdiff_t count = 0;
    memset(N->has, 0, (size_t)N->V);
    for (ptrdiff_t n = 0; n < N->c->T * N->B; n++) {
        int32_t x = N->inputs[n];
        if (!N->has[x]) N->seen[count++] = x;
        N->has[x] = 1;
    }
    return count;
}

/* Squares of the rows of A (m, n), summed one row after the other to `sum`. */
static double add_squares(const training *N, double sum, ptrdiff_t m, ptrdiff_t n, const real *A)
{
    for (ptrdiff_t i = 0; i < m; i++) sum += (double)N->K->dot(n, A + i * n, A + i * n);
    return sum;
}

/* Of all gradients that are not frozen. Columns are summed: so of transposed copies, rows. */
static double norm_of_gradients(training *N)
{
    const int *is_frozen = N->c->is_frozen;
    ptrdiff_t V = N->V, H = N->H, count = find_seen(N);
    double sum = 0;
    if (!is_frozen[WHH]) {
        N->K->transpose(H, H, N->d.Whh, H, N->WhhT, H);
        sum = add_squares(N, sum, H, H, N->WhhT);
    }
    if (!is_frozen[WHY]) {
        N->K->transpose(V, H, N->d.Why, H, N->WhyT, V);
        sum = add_squares(N, sum, H, V, N->WhyT);
    }
    if (!is_frozen[BH]) sum = add_squares(N, sum, 1, H, N->d.bh);
    if (!is_frozen[BY]) sum = add_squares(N, sum, 1, V, N->d.by);
    for (ptrdiff_t j = 0; j < count && !is_frozen[WXH]; j++)
        sum = add_squares(N, sum, 1, H, N->d.Wxh + N->seen[j] * H);
    return sqrt(sum);
}

static void shrink_gradients(training *N, double factor)
{
    real a = (real)factor;
    N->K->scale(N->H * N->H, a, N->d.Whh);
    N->K->scale(N->V * N->H, a, N->d.Why);
    N->K->scale(N->V * N->H, a, N->d.Wxh);
    N->K->scale(N->H, a, N->d.bh);
    N->K->scale(N->V, a, N->d.by);
}

/* --- Steps -------------------------------------------------------------------------------------- */

/* A step of n parameters. Only matrices decay, each optimizer's way. */
static void step_down(const training *N, const descent *s, int is_matrix, ptrdiff_t n, real *d,
                      real *m, real *v, real *w)
{
    const training_case *c = N->c;
    double decay = is_matrix ? c->weight_decay : 0;
    real rate = (real)s->rate, limit = (real)c->clip;
    if (decay > 0 && c->optimizer == ADAMW) {
        N->K->scale(n, (real)(1 - s->rate * decay), w);
    } else if (decay > 0) {
        N->K->clip(n, limit, d);
        N->K->add_scaled(n, (real)decay, w, d);
        limit = (real)INFINITY;
    }
    if (c->optimizer == SGD)
        N->K->sgd(n, rate, limit, (real)c->momentum, d, m, w);
    else if (c->optimizer == ADAGRAD)
        N->K->adagrad(n, rate, limit, d, m, w);
    else if (c->optimizer == RMSPROP)
        N->K->rmsprop(n, rate, limit, (real)c->decay_rate, (real)TINY, d, m, w);
    else
        N->K->adam(n, (real)(s->rate / (1 - s->power1)), limit, (real)c->beta1, (real)c->beta2,
                   (real)TINY, (real)(1 / (1 - s->power2)), d, m, v, w);
}

/* Adagrad without decay leaves the columns of characters that the window has not as they are. */
static void update(training *N, const descent *s)
{
    const parameters *d = &N->d, *m = &N->m, *v = &N->v, *W = &N->W;
    const training_case *c = N->c;
    ptrdiff_t V = N->V, H = N->H;
    int is_sparse = c->optimizer == ADAGRAD && !(c->weight_decay > 0);
    find_seen(N);
    for (ptrdiff_t x = 0; x < V && !c->is_frozen[WXH]; x++) {
        ptrdiff_t i = x * H;
        if (is_sparse && !N->has[x]) continue;
        step_down(N, s, 1, H, d->Wxh + i, m->Wxh + i, v->Wxh + i, W->Wxh + i);
    }
    if (!c->is_frozen[WHH]) step_down(N, s, 1, H * H, d->Whh, m->Whh, v->Whh, W->Whh);
    if (!c->is_frozen[WHY]) step_down(N, s, 1, V * H, d->Why, m->Why, v->Why, W->Why);
    if (!c->is_frozen[BH]) step_down(N, s, 0, H, d->bh, m->bh, v->bh, W->bh);
    if (!c->is_frozen[BY]) step_down(N, s, 0, V, d->by, m->by, v->by, W->by);
}

#endif
