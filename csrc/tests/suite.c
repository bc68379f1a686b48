/* suite.c - the tests of one type: compiled once for each, as the kernels are by table.c. */
#include "suite.h"

#include <string.h>

#include "harness.h"
#include "real.h"

#include "reference.c"

#include "matrix.c"

#include "cases_coding.c"
#include "cases_columns.c"
#include "cases_filters.c"
#include "cases_functions.c"
#include "cases_limits.c"
#include "cases_optimizer.c"
#include "cases_products.c"
#include "cases_softmax.c"
#include "cases_vectors.c"

#define TEST(kernel) {#kernel, test_##kernel}

const test R(suite_f32, suite_f64)[] = {
    TEST(gemv),
    TEST(gemm),
    TEST(transpose),
    TEST(gather_columns),
    TEST(scatter_columns),
    TEST(column_sums),
    TEST(running_mean),
    TEST(exp),
    TEST(log),
    TEST(tanh),
    TEST(tanh_backward),
    TEST(softmax),
    TEST(softmax_cross_entropy),
    TEST(log_softmax),
    TEST(score),
    TEST(draw),
    TEST(argmax),
    TEST(penalize),
    TEST(cap),
    TEST(top_k),
    TEST(top_p),
    TEST(min_p),
    TEST(normalize),
    TEST(dot),
    TEST(scale),
    TEST(add_scaled),
    TEST(drop),
    TEST(clip),
    TEST(adagrad),
    TEST(sgd),
    TEST(rmsprop),
    TEST(adam),
    TEST(frequencies),
    TEST(count_below),
    TEST(locate),
    TEST(multiply_adds),
    TEST(loads),
    {0},
};

/* A kernel that is added to the table needs a test. */
_Static_assert(sizeof R(suite_f32, suite_f64) / sizeof(test) - 1 ==
                   sizeof(kernels) / sizeof(void *),
               "one test a kernel");
