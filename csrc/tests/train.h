/* train.h - a case of the list of digests, and the text that its outcome becomes. */
#ifndef CRNN_TESTS_TRAIN_H
#define CRNN_TESTS_TRAIN_H

#include <stddef.h>
#include <stdint.h>

#include "kernels.h"
#include "pcg64.h"

#define MOST_LETTERS 20000 /* of the line that a case is */
#define MOST_DOCUMENTS 1000

typedef enum { SGD, ADAGRAD, RMSPROP, ADAM, ADAMW } method;
typedef enum { CONSTANT, STEP, COSINE, TRAPEZOID } schedule;
typedef enum { NORMAL, ORTHOGONAL, IDENTITY } way_to_begin;
enum { WXH, WHH, WHY, BH, BY, PARAMETERS }; /* the reference's, in its order */

/* Beyond the sizes, what docs/explanation/contract.md says that a case has. */
typedef struct {
    char name[100];
    int is_double;
    ptrdiff_t V, H, T, B, windows, characters;
    method optimizer;
    double learning_rate, clip;
    pcg64 text, weights, coins, units; /* where the bits for each begin; units: those left out */

    int has_options;
    way_to_begin init;
    schedule schedule;
    double dropout, clip_norm, weight_decay, momentum, decay_rate, beta1, beta2;
    double decay_factor, final_rate, decay_fraction;
    ptrdiff_t warmup, decay_every, steps;
    int is_frozen[PARAMETERS];
    ptrdiff_t documents, starts[MOST_DOCUMENTS]; /* none: the text is in one piece */
} training_case;

/* Read a line; ends the program with status 2 if it is no case, and says which field makes no sense. */
void read_case(char *line, training_case *c);

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
