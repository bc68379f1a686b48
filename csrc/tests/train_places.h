/* train_places.h - where each stream is in its part of the text, and its documents; for train_real.c. */
#ifndef CRNN_TESTS_TRAIN_PLACES_H
#define CRNN_TESTS_TRAIN_PLACES_H

#include "train_net.h"

/* Where the document of a position ends, at the latest where its part does. */
static ptrdiff_t end_of_document(const training_case *c, const place *p)
{
    for (ptrdiff_t i = 0; i < c->documents; i++)
        if (c->starts[i] > p->position) return c->starts[i] < p->end ? c->starts[i] : p->end;
    return p->end;
}

/* Whether nothing was read before. */
static int is_fresh(const training_case *c, const place *p)
{
    if (p->position == p->begin) return 1;
    for (ptrdiff_t i = 0; i < c->documents; i++)
        if (c->starts[i] == p->position) return 1;
    return 0;
}

/* From the end of a document to the next; after the last of the part comes the first. */
static ptrdiff_t next_document(const place *p, ptrdiff_t end)
{
    return end == p->end ? p->begin : end;
}

/* While there is nothing to predict, go on to the next document. */
static void find_something(const training_case *c, place *p)
{
    ptrdiff_t end;
    while (p->position + 1 >= (end = end_of_document(c, p))) p->position = next_document(p, end);
}

static void go_to_parts(training *N)
{
    ptrdiff_t length = N->c->characters / N->B;
    for (ptrdiff_t b = 0; b < N->B; b++) {
        N->places[b] = (place){b * length, (b + 1) * length, b * length};
        find_something(N->c, &N->places[b]); /* of a text in one piece this is where it begins */
    }
}

static void move_on(const training *N, place *p)
{
    ptrdiff_t T = N->c->T, end = end_of_document(N->c, p);
    p->position += T;
    if (N->c->documents) {
        if (p->position + 1 >= end) p->position = next_document(p, end);
        find_something(N->c, p);
    } else if (p->position + T + 1 >= end) {
        p->position = p->begin;
    }
}

/* The states before the next window, of all streams. */
static void take_states(const training *N, real *states)
{
    ptrdiff_t H = N->H;
    const real *last = N->Hs + N->c->T * N->B * H;
    for (ptrdiff_t b = 0; b < N->B; b++)
        if (is_fresh(N->c, &N->places[b]))
            memset(states + b * H, 0, (size_t)H * sizeof(real));
        else
            memcpy(states + b * H, last + b * H, (size_t)H * sizeof(real));
}

/* Characters and states of the next window; steps that do not count have those of the first. */
static void open_window(training *N)
{
    ptrdiff_t T = N->c->T, B = N->B;
    for (ptrdiff_t b = 0; b < B; b++) {
        const place *p = &N->places[b];
        ptrdiff_t left = end_of_document(N->c, p) - p->position - 1;
        N->count[b] = left < T ? left : T;
        for (ptrdiff_t t = 0; t < T; t++) {
            const int32_t *x = N->text + p->position + (t < N->count[b] ? t : 0);
            N->inputs[t * B + b] = x[0];
            N->targets[t * B + b] = x[1];
        }
    }
    take_states(N, N->Hs);
}

#endif
