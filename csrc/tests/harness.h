/* harness.h - what the tests of both types stand on: buffers that notice everything, numbers to put
 * in, and the count of what was compared.
 *
 * A test of a kernel is a number of cases. A case makes its buffers, runs the plain loop on their
 * `wanted` images and the kernel of every table on their `at` images:
 *
 *     begin_case("n=%td", n);
 *     real *x = ..., as new_buffer gives them
 *     for every table: before_call(its name); the kernel; after_call();
 *
 * before_call puts every buffer of the case back to its first contents. after_call compares all of
 * them, byte by byte, with their wanted images: results, inputs, gaps between rows and guards alike.
 */
#ifndef CRNN_TESTS_HARNESS_H
#define CRNN_TESTS_HARNESS_H

#include <stddef.h>
#include <stdint.h>

#include "kernels.h"

typedef enum { REALS, INTEGERS } element_kind; /* any NaN equals any other; bits equal bits */

typedef struct {
    void *at;     /* for the kernel; aligned to one element and not to two */
    void *wanted; /* for the plain loop */
} images;

/* Whether buffers end where a page ends after which there is none, in the place of a guard. So the
 * processor itself sees reads past the end, of every instruction set. 0: not possible here. */
int end_buffers_at_pages(void);

/* A buffer of (rows, cols) elements, row after row every ld. The elements have no value yet. Guards
 * and gaps hold NaNs, each its own, and may not even be read, where ASan or valgrind looks on. */
images new_buffer(const char *name, element_kind kind, size_t element_size, ptrdiff_t rows,
                  ptrdiff_t cols, ptrdiff_t ld);

void begin_case(const char *format, ...); /* names it by its sizes; frees the last one's buffers */
void before_call(const char *isa);
void after_call(void);

/* One check beside the buffers: counts, and reports if not ok. Returns ok. */
int check(int ok, const char *format, ...);

/* Random bits, the same in every run. */
uint64_t random_bits(void);
double random_unit(void); /* 0 <= u < 1 */
ptrdiff_t random_index(ptrdiff_t end);

/* As crnn_available, which asks the processor every time: that is slow in a virtual machine. */
const crnn_tables *table_number(size_t number);

/* Runs one test. A table that it compared nothing on is a failure: nothing passes by being left out. */
void run_test(const char *kernel, const char *type, void (*test)(void));

/* The line of the kernel whose tests have just run for all types; the last line and exit status. */
void print_summary(const char *kernel, const char *types);
int exit_status(void);

#endif
