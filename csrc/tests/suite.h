/* suite.h - the tests of one type, by kernel. */
#ifndef CRNN_TESTS_SUITE_H
#define CRNN_TESTS_SUITE_H

typedef struct {
    const char *kernel;
    void (*run)(void);
} test;

/* One test a kernel, in the order of kernels.h; then NULL. */
extern const test suite_f32[], suite_f64[];

#endif
