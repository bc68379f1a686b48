/* train_real.c - a training out of the kernels, in plain C: compiled once for each type.
 *
 * The second one, on purpose. core.pyx, training.pyx and their neighbours compose the same kernels; this
 * shares no line with them, keeps its matrices in other orders, without gaps, and takes one kernel where
 * they take another. Its bytes are the same if every kernel does what kernels.h says of it, and it needs
 * no Python: so it goes where only a C compiler goes.
 */
#include "train_descent.h"
#include "train_draws.h"
#include "train_net.h"
#include "train_outcome.h"
#include "train_places.h"

#define DRAWS 40 /* characters of a sample */

static const double OLD_SHARE = 0x1.ff7ced916872bp-1;  /* 0.999, of the smooth loss */
static const double NEW_SHARE = 0x1.0624dd2f1a9fcp-10; /* 0.001, of the smooth loss */
static const double COOL = 0x1.6666666666666p-1;       /* 0.7, a temperature */

/* --- Training ----------------------------------------------------------------------------------- */

/* What every window says of itself, (windows) each. */
typedef struct {
    double *loss, *smooth_loss, *norm, *rate;
} history;

/* The mean over the streams; of documents, T times the mean over the steps that count. */
static double loss_of(const training *N, const window *w)
{
    double total = sum_of_losses(N, w);
    ptrdiff_t counts = 0;
    if (!w->count) return total / (double)w->B;
    for (ptrdiff_t b = 0; b < w->B; b++) counts += w->count[b];
    return total / (double)counts * (double)w->T;
}

/* Trains window number i. */
static void train_window(training *N, descent *s, pcg64 *units, history h, ptrdiff_t i)
{
    const training_case *c = N->c;
    window w = {.T = c->T, .B = N->B};
    if (c->documents) w.count = N->count;
    if (c->dropout > 0) w.coins = N->coins;
    open_window(N);
    if (w.coins) toss_coins(N, units);
    forward(N, &w);
    backward(N, &w);
    begin_step(c, s);
    h.norm[i] = norm_of_gradients(N);
    if (h.norm[i] > c->clip_norm) shrink_gradients(N, c->clip_norm / h.norm[i]);
    update(N, s);
    h.loss[i] = loss_of(N, &w);
    h.rate[i] = s->rate;
    for (ptrdiff_t b = 0; b < N->B; b++) move_on(N, &N->places[b]);
}

static void train(training *N)
{
    const training_case *c = N->c;
    ptrdiff_t n = c->windows;
    double V = (double)N->V, log_V, *said = take(N, 4 * n, sizeof(double));
    history h = {said, said + n, said + 2 * n, said + 3 * n};
    descent s = {.scale = 1, .power1 = 1, .power2 = 1};
    pcg64 units = c->units;
    N->tables->f64->log(1, &V, &log_V);
    double smooth_loss = log_V * (double)c->T;
    go_to_parts(N);
    for (ptrdiff_t i = 0; i < n; i++) {
        train_window(N, &s, &units, h, i);
        smooth_loss = smooth_loss * OLD_SHARE + h.loss[i] * NEW_SHARE;
        h.smooth_loss[i] = smooth_loss;
    }
    report_doubles(N->r, "loss", h.loss, n);
    report_doubles(N->r, "smooth_loss", h.smooth_loss, n);
    if (!c->has_options) return;
    report_doubles(N->r, "norm", h.norm, n);
    report_doubles(N->r, "rate", h.rate, n);
}

static void report_training(training *N)
{
    method optimizer = N->c->optimizer;
    report_parameters(N, "", &N->W);
    report_parameters(N, "m", &N->m);
    if (optimizer == ADAM || optimizer == ADAMW) report_parameters(N, "v", &N->v);
}

/* --- Sampling ----------------------------------------------------------------------------------- */

static void logits(const training *N, const real *h, real *y)
{
    N->K->gemv(N->V, N->H, N->WhyT, N->V, h, N->W.by, y, 0);
}

static void predict(const training *N, const real *h, real scale, real *p)
{
    logits(N, h, p);
    N->K->softmax(1, N->V, scale, p, N->V);
}

/* Feeds x to the state h; z is room for H numbers. */
static void read_character(const training *N, int32_t x, real *h, real *z)
{
    step(N, 1, &x, h, z);
    memcpy(h, z, (size_t)N->H * sizeof(real));
}

/* Draws characters from the state h on, fed with x first; returns the one drawn last. */
static int32_t sample(training *N, const char *name, double temperature, pcg64 *bits, int32_t x,
                      real *h)
{
    real *z = take(N, N->H, sizeof(real)), *p = take(N, N->V, sizeof(real));
    int32_t *drawn = take(N, DRAWS, sizeof(int32_t));
    ptrdiff_t n = 0;
    for (; n < DRAWS; n++) {
        read_character(N, x, h, z);
        predict(N, h, (real)(1 / temperature), p);
        if (p[0] != p[0]) break; /* the probabilities became NaN */
        x = drawn[n] = (int32_t)N->K->draw(N->V, p, toss(bits));
    }
    report_indices(N->r, name, drawn, n);
    return x;
}

static void sample_twice(training *N)
{
    ptrdiff_t H = N->H, V = N->V, B = N->B;
    real *states = take(N, B * H, sizeof(real)), *p = take(N, V, sizeof(real));
    pcg64 bits = N->c->coins;
    take_states(N, states);
    report_reals(N->r, "", "hprev", states, H, B, 1, H);
    transpose_weights(N);
    int32_t last = sample(N, "sample", 1.0, &bits, N->text[N->places[0].position], states);
    last = sample(N, "cool_sample", COOL, &bits, last, states);
    predict(N, states, 1, p);
    report_reals(N->r, "", "p", p, 1, V, V, 1);
}

/* --- The drop-in, and a text that is not trained on --------------------------------------------- */

static void clip(const training *N, ptrdiff_t n, real *d) { N->K->clip(n, (real)N->c->clip, d); }

/* The reference's lossFun for the first window of the text. */
static void loss_and_gradients(training *N)
{
    ptrdiff_t T = N->c->T, V = N->V, H = N->H;
    window w = {.T = T, .B = 1};
    memcpy(N->inputs, N->text, (size_t)T * sizeof(int32_t));
    memcpy(N->targets, N->text + 1, (size_t)T * sizeof(int32_t));
    memset(N->Hs, 0, (size_t)H * sizeof(real));
    forward(N, &w);
    backward(N, &w);
    clip(N, V * H, N->d.Wxh);
    clip(N, H * H, N->d.Whh);
    clip(N, V * H, N->d.Why);
    clip(N, H, N->d.bh);
    clip(N, V, N->d.by);
    double loss = sum_of_losses(N, &w);
    report_doubles(N->r, "dloss", &loss, 1);
    report_parameters(N, "d", &N->d);
}

/* Character by character through the whole text. */
static void validate(training *N)
{
    real *h = take(N, N->H, sizeof(real)), *z = take(N, N->H, sizeof(real));
    real *y = take(N, N->V, sizeof(real)), loss;
    place p = {0, N->c->characters, 0};
    ptrdiff_t predicted = 0;
    double nats = 0;
    transpose_weights(N);
    for (; p.position < p.end; p.position++) {
        if (is_fresh(N->c, &p)) memset(h, 0, (size_t)N->H * sizeof(real));
        if (p.position + 1 == end_of_document(N->c, &p)) continue; /* nothing to predict */
        read_character(N, N->text[p.position], h, z);
        logits(N, h, y);
        N->K->softmax_cross_entropy(1, N->V, 1, y, N->V, N->text + p.position + 1, &loss);
        nats += (double)loss;
        predicted++;
    }
    nats /= (double)predicted;
    report_doubles(N->r, "val_loss", &nats, 1);
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
    train(&N);
    report_training(&N);
    sample_twice(&N);
    loss_and_gradients(&N);
    if (c->has_options) validate(&N);
    free_memory(&N);
}
