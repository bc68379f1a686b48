/* train.h - a case of the list of digests, and the text that its outcome becomes. */
#ifndef CRNN_TESTS_TRAIN_H
#define CRNN_TESTS_TRAIN_H

#include <stddef.h>
#include <stdint.h>

#include "kernels.h"
#include "pcg64.h"

typedef struct {
    char name[100];
    int is_double, is_adam;
    ptrdiff_t V, H, T, B, windows, characters;
    double learning_rate, clip;
    pcg64 text, weights, coins; /* where the bits for each begin */
} training_case;

/* Text that grows. A line of it is an array: the case, the table, its name, and the bits of each
 * element in hexadecimal, row by row, where every NaN is the same one. */
typedef struct {
    char *at;
    size_t length, room;
    const char *name, *isa; /* what its lines begin with */
} report;

void *allocate(size_t bytes); /* zeros; ends the program if there is no memory */
void begin_line(report *r, const char *array);
void add_bits(report *r, uint64_t bits, int digits);
void end_line(report *r);

/* Train a case with one of the tables. Buffers stand `offset` elements after a multiple of 64 bytes.
 * One for each type. */
void train_f32(const training_case *c, const crnn_tables *K, ptrdiff_t offset, report *r);
void train_f64(const training_case *c, const crnn_tables *K, ptrdiff_t offset, report *r);

#endif
