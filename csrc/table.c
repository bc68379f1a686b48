/* table.c - the table of one (type, instruction set).
 *
 * The build compiles this file once for each, with the type, the instruction set and the table's name
 * as definitions (simd.h). It takes the kernels in as text: so they are static, inline into each other,
 * and the table is the one symbol that leaves the object.
 */
#include "activation.c"
#include "coding.c"
#include "columns.c"
#include "gemm.c"
#include "gemv.c"
#include "limits.c"
#include "optimizer.c"
#include "softmax.c"
#include "vectors.c"

#include "filters.c" /* after softmax.c, whose rows it filters */

extern const R(crnn_kernels_f32, crnn_kernels_f64) CRNN_TABLE;

const R(crnn_kernels_f32, crnn_kernels_f64) CRNN_TABLE = {
    .gemv = gemv,
    .gemm = gemm,
    .transpose = transpose,
    .gather_columns = gather_columns,
    .scatter_columns = scatter_columns,
    .column_sums = column_sums,
    .running_mean = running_mean,
    .exp = exp_all,
    .log = log_all,
    .tanh = tanh_all,
    .tanh_backward = tanh_backward,
    .softmax = softmax,
    .softmax_cross_entropy = softmax_cross_entropy,
    .log_softmax = log_softmax,
    .score = score,
    .draw = draw,
    .argmax = argmax,
    .penalize = penalize,
    .cap = cap,
    .top_k = top_k,
    .top_p = top_p,
    .min_p = min_p,
    .normalize = normalize,
    .dot = dot,
    .scale = scale,
    .add_scaled = add_scaled,
    .drop = drop,
    .clip = clip,
    .adagrad = adagrad,
    .sgd = sgd,
    .rmsprop = rmsprop,
    .adam = adam,
    .frequencies = frequencies,
    .count_below = count_below,
    .locate = locate,
    .multiply_adds = multiply_adds,
    .loads = loads,
};
