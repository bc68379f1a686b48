"""The kernels of csrc/kernels.h, one to one; that header is their manual.

Below the declarations, each kernel once more as an inline function over both types: the type of the
pointers chooses the struct. So the RNN in core.pyx is written once.
"""

from libc.stdint cimport int32_t, int64_t, uint16_t, uint32_t, uint64_t

ctypedef fused real:
    float
    double

cdef extern from "kernels.h" nogil:
    const Py_ssize_t CRNN_ROUND

    ctypedef struct crnn_kernels_f32:
        void (*gemv)(Py_ssize_t m, Py_ssize_t n, const float* A, Py_ssize_t lda, const float* x,
                     const float* s, float* y, bint backward) noexcept nogil
        void (*gemm)(Py_ssize_t m, Py_ssize_t n, Py_ssize_t k, const float* A, Py_ssize_t ars,
                     Py_ssize_t acs, const float* B, Py_ssize_t ldb, const float* S, Py_ssize_t lds,
                     float* C, Py_ssize_t ldc) noexcept nogil
        void (*transpose)(Py_ssize_t m, Py_ssize_t n, const float* A, Py_ssize_t lda, float* B,
                          Py_ssize_t ldb) noexcept nogil
        void (*gather_columns)(Py_ssize_t t, Py_ssize_t m, const float* A, Py_ssize_t rs,
                               Py_ssize_t cs, const int32_t* index, const float* b, float* Y,
                               Py_ssize_t ldy) noexcept nogil
        void (*scatter_columns)(Py_ssize_t t, Py_ssize_t m, const float* D, Py_ssize_t ldd,
                                const int32_t* index, float* A, Py_ssize_t rs,
                                Py_ssize_t cs) noexcept nogil
        void (*column_sums)(Py_ssize_t t, Py_ssize_t m, const float* D, Py_ssize_t ldd,
                            float* y) noexcept nogil
        void (*running_mean)(Py_ssize_t t, Py_ssize_t m, const float* D, Py_ssize_t ldd, double count,
                             double* sums, float* y) noexcept nogil
        void (*exp)(Py_ssize_t n, const float* x, float* y) noexcept nogil
        void (*log)(Py_ssize_t n, const float* x, float* y) noexcept nogil
        void (*tanh)(Py_ssize_t n, const float* x, float* y) noexcept nogil
        void (*tanh_backward)(Py_ssize_t n, const float* h, const float* dh, float* dz) noexcept nogil
        void (*softmax)(Py_ssize_t t, Py_ssize_t n, float scale, float* Y,
                        Py_ssize_t ldy) noexcept nogil
        void (*softmax_cross_entropy)(Py_ssize_t t, Py_ssize_t n, float weight, float* Y,
                                      Py_ssize_t ldy, const int32_t* target,
                                      float* loss) noexcept nogil
        void (*log_softmax)(Py_ssize_t t, Py_ssize_t n, const float* Y, Py_ssize_t ldy, float* L,
                            Py_ssize_t ldl) noexcept nogil
        void (*score)(Py_ssize_t t, Py_ssize_t n, float* Y, Py_ssize_t ldy, const int32_t* target,
                      float* nats, int32_t* rank, float* entropy) noexcept nogil
        Py_ssize_t (*draw)(Py_ssize_t n, const float* p, double u) noexcept nogil
        Py_ssize_t (*argmax)(Py_ssize_t n, const float* y) noexcept nogil
        void (*penalize)(Py_ssize_t n, float penalty, const int64_t* last, int64_t since,
                         float* y) noexcept nogil
        void (*cap)(Py_ssize_t n, const float* limits, float* y) noexcept nogil
        void (*top_k)(Py_ssize_t n, Py_ssize_t k, float* p) noexcept nogil
        void (*top_p)(Py_ssize_t n, float share, float* p) noexcept nogil
        void (*min_p)(Py_ssize_t n, float share, float* p) noexcept nogil
        void (*normalize)(Py_ssize_t n, float* p) noexcept nogil
        float (*dot)(Py_ssize_t n, const float* x, const float* y) noexcept nogil
        void (*scale)(Py_ssize_t n, float a, float* x) noexcept nogil
        void (*add_scaled)(Py_ssize_t n, float a, const float* x, float* y) noexcept nogil
        void (*drop)(Py_ssize_t n, uint32_t threshold, float a, const uint16_t* coins, const float* x,
                     float* y) noexcept nogil
        void (*clip)(Py_ssize_t n, float limit, float* x) noexcept nogil
        void (*adagrad)(Py_ssize_t n, float learning_rate, float limit, const float* d, float* m,
                        float* w) noexcept nogil
        void (*sgd)(Py_ssize_t n, float rate, float limit, float momentum, const float* d, float* m,
                    float* w) noexcept nogil
        void (*rmsprop)(Py_ssize_t n, float rate, float limit, float decay, float epsilon, const float* d,
                        float* v, float* w) noexcept nogil
        void (*adam)(Py_ssize_t n, float rate, float limit, float beta1, float beta2, float epsilon,
                     float unbias2, const float* d, float* m, float* v, float* w) noexcept nogil
        uint32_t (*frequencies)(Py_ssize_t n, const float* p, uint32_t* f) noexcept nogil
        uint32_t (*count_below)(Py_ssize_t n, const uint32_t* f) noexcept nogil
        Py_ssize_t (*locate)(Py_ssize_t n, const uint32_t* f, uint32_t u, uint32_t* below) noexcept nogil
        float (*multiply_adds)(Py_ssize_t rounds, float x) noexcept nogil
        uint64_t (*loads)(Py_ssize_t n, const float* x, Py_ssize_t rounds) noexcept nogil

    ctypedef struct crnn_kernels_f64:
        void (*gemv)(Py_ssize_t m, Py_ssize_t n, const double* A, Py_ssize_t lda, const double* x,
                     const double* s, double* y, bint backward) noexcept nogil
        void (*gemm)(Py_ssize_t m, Py_ssize_t n, Py_ssize_t k, const double* A, Py_ssize_t ars,
                     Py_ssize_t acs, const double* B, Py_ssize_t ldb, const double* S, Py_ssize_t lds,
                     double* C, Py_ssize_t ldc) noexcept nogil
        void (*transpose)(Py_ssize_t m, Py_ssize_t n, const double* A, Py_ssize_t lda, double* B,
                          Py_ssize_t ldb) noexcept nogil
        void (*gather_columns)(Py_ssize_t t, Py_ssize_t m, const double* A, Py_ssize_t rs,
                               Py_ssize_t cs, const int32_t* index, const double* b, double* Y,
                               Py_ssize_t ldy) noexcept nogil
        void (*scatter_columns)(Py_ssize_t t, Py_ssize_t m, const double* D, Py_ssize_t ldd,
                                const int32_t* index, double* A, Py_ssize_t rs,
                                Py_ssize_t cs) noexcept nogil
        void (*column_sums)(Py_ssize_t t, Py_ssize_t m, const double* D, Py_ssize_t ldd,
                            double* y) noexcept nogil
        void (*running_mean)(Py_ssize_t t, Py_ssize_t m, const double* D, Py_ssize_t ldd, double count,
                             double* sums, double* y) noexcept nogil
        void (*exp)(Py_ssize_t n, const double* x, double* y) noexcept nogil
        void (*log)(Py_ssize_t n, const double* x, double* y) noexcept nogil
        void (*tanh)(Py_ssize_t n, const double* x, double* y) noexcept nogil
        void (*tanh_backward)(Py_ssize_t n, const double* h, const double* dh, double* dz) noexcept nogil
        void (*softmax)(Py_ssize_t t, Py_ssize_t n, double scale, double* Y,
                        Py_ssize_t ldy) noexcept nogil
        void (*softmax_cross_entropy)(Py_ssize_t t, Py_ssize_t n, double weight, double* Y,
                                      Py_ssize_t ldy, const int32_t* target,
                                      double* loss) noexcept nogil
        void (*log_softmax)(Py_ssize_t t, Py_ssize_t n, const double* Y, Py_ssize_t ldy, double* L,
                            Py_ssize_t ldl) noexcept nogil
        void (*score)(Py_ssize_t t, Py_ssize_t n, double* Y, Py_ssize_t ldy, const int32_t* target,
                      double* nats, int32_t* rank, double* entropy) noexcept nogil
        Py_ssize_t (*draw)(Py_ssize_t n, const double* p, double u) noexcept nogil
        Py_ssize_t (*argmax)(Py_ssize_t n, const double* y) noexcept nogil
        void (*penalize)(Py_ssize_t n, double penalty, const int64_t* last, int64_t since,
                         double* y) noexcept nogil
        void (*cap)(Py_ssize_t n, const double* limits, double* y) noexcept nogil
        void (*top_k)(Py_ssize_t n, Py_ssize_t k, double* p) noexcept nogil
        void (*top_p)(Py_ssize_t n, double share, double* p) noexcept nogil
        void (*min_p)(Py_ssize_t n, double share, double* p) noexcept nogil
        void (*normalize)(Py_ssize_t n, double* p) noexcept nogil
        double (*dot)(Py_ssize_t n, const double* x, const double* y) noexcept nogil
        void (*scale)(Py_ssize_t n, double a, double* x) noexcept nogil
        void (*add_scaled)(Py_ssize_t n, double a, const double* x, double* y) noexcept nogil
        void (*drop)(Py_ssize_t n, uint32_t threshold, double a, const uint16_t* coins, const double* x,
                     double* y) noexcept nogil
        void (*clip)(Py_ssize_t n, double limit, double* x) noexcept nogil
        void (*adagrad)(Py_ssize_t n, double learning_rate, double limit, const double* d, double* m,
                        double* w) noexcept nogil
        void (*sgd)(Py_ssize_t n, double rate, double limit, double momentum, const double* d, double* m,
                    double* w) noexcept nogil
        void (*rmsprop)(Py_ssize_t n, double rate, double limit, double decay, double epsilon, const double* d,
                        double* v, double* w) noexcept nogil
        void (*adam)(Py_ssize_t n, double rate, double limit, double beta1, double beta2, double epsilon,
                     double unbias2, const double* d, double* m, double* v, double* w) noexcept nogil
        uint32_t (*frequencies)(Py_ssize_t n, const double* p, uint32_t* f) noexcept nogil
        uint32_t (*count_below)(Py_ssize_t n, const uint32_t* f) noexcept nogil
        Py_ssize_t (*locate)(Py_ssize_t n, const uint32_t* f, uint32_t u, uint32_t* below) noexcept nogil
        double (*multiply_adds)(Py_ssize_t rounds, double x) noexcept nogil
        uint64_t (*loads)(Py_ssize_t n, const double* x, Py_ssize_t rounds) noexcept nogil

    ctypedef struct crnn_tables:
        const char* isa
        const crnn_kernels_f32* f32
        const crnn_kernels_f64* f64

    const crnn_tables* crnn_available(size_t number)
    const crnn_tables* crnn_tables_named(const char* isa)
    const crnn_tables* crnn_fastest()

cdef inline void gemv(const crnn_tables* K, Py_ssize_t m, Py_ssize_t n, const real* A,
                      Py_ssize_t lda, const real* x, const real* s, real* y,
                      bint backward) noexcept nogil:
    if real is float:
        K.f32.gemv(m, n, A, lda, x, s, y, backward)
    else:
        K.f64.gemv(m, n, A, lda, x, s, y, backward)

cdef inline void gemm(const crnn_tables* K, Py_ssize_t m, Py_ssize_t n, Py_ssize_t k, const real* A,
                      Py_ssize_t ars, Py_ssize_t acs, const real* B, Py_ssize_t ldb, const real* S,
                      Py_ssize_t lds, real* C, Py_ssize_t ldc) noexcept nogil:
    if real is float:
        K.f32.gemm(m, n, k, A, ars, acs, B, ldb, S, lds, C, ldc)
    else:
        K.f64.gemm(m, n, k, A, ars, acs, B, ldb, S, lds, C, ldc)

cdef inline void transpose(const crnn_tables* K, Py_ssize_t m, Py_ssize_t n, const real* A,
                           Py_ssize_t lda, real* B, Py_ssize_t ldb) noexcept nogil:
    if real is float:
        K.f32.transpose(m, n, A, lda, B, ldb)
    else:
        K.f64.transpose(m, n, A, lda, B, ldb)

cdef inline void gather_columns(const crnn_tables* K, Py_ssize_t t, Py_ssize_t m, const real* A,
                                Py_ssize_t rs, Py_ssize_t cs, const int32_t* index, const real* b,
                                real* Y, Py_ssize_t ldy) noexcept nogil:
    if real is float:
        K.f32.gather_columns(t, m, A, rs, cs, index, b, Y, ldy)
    else:
        K.f64.gather_columns(t, m, A, rs, cs, index, b, Y, ldy)

cdef inline void scatter_columns(const crnn_tables* K, Py_ssize_t t, Py_ssize_t m, const real* D,
                                 Py_ssize_t ldd, const int32_t* index, real* A, Py_ssize_t rs,
                                 Py_ssize_t cs) noexcept nogil:
    if real is float:
        K.f32.scatter_columns(t, m, D, ldd, index, A, rs, cs)
    else:
        K.f64.scatter_columns(t, m, D, ldd, index, A, rs, cs)

cdef inline void column_sums(const crnn_tables* K, Py_ssize_t t, Py_ssize_t m, const real* D,
                             Py_ssize_t ldd, real* y) noexcept nogil:
    if real is float:
        K.f32.column_sums(t, m, D, ldd, y)
    else:
        K.f64.column_sums(t, m, D, ldd, y)

cdef inline void running_mean(const crnn_tables* K, Py_ssize_t t, Py_ssize_t m, const real* D,
                              Py_ssize_t ldd, double count, double* sums, real* y) noexcept nogil:
    if real is float:
        K.f32.running_mean(t, m, D, ldd, count, sums, y)
    else:
        K.f64.running_mean(t, m, D, ldd, count, sums, y)

cdef inline void log(const crnn_tables* K, Py_ssize_t n, const real* x, real* y) noexcept nogil:
    if real is float:
        K.f32.log(n, x, y)
    else:
        K.f64.log(n, x, y)

cdef inline void tanh(const crnn_tables* K, Py_ssize_t n, const real* x, real* y) noexcept nogil:
    if real is float:
        K.f32.tanh(n, x, y)
    else:
        K.f64.tanh(n, x, y)

cdef inline void tanh_backward(const crnn_tables* K, Py_ssize_t n, const real* h, const real* dh,
                               real* dz) noexcept nogil:
    if real is float:
        K.f32.tanh_backward(n, h, dh, dz)
    else:
        K.f64.tanh_backward(n, h, dh, dz)

cdef inline void softmax(const crnn_tables* K, Py_ssize_t t, Py_ssize_t n, real scale, real* Y,
                         Py_ssize_t ldy) noexcept nogil:
    if real is float:
        K.f32.softmax(t, n, scale, Y, ldy)
    else:
        K.f64.softmax(t, n, scale, Y, ldy)

cdef inline void softmax_cross_entropy(const crnn_tables* K, Py_ssize_t t, Py_ssize_t n, real weight,
                                       real* Y, Py_ssize_t ldy, const int32_t* target,
                                       real* loss) noexcept nogil:
    if real is float:
        K.f32.softmax_cross_entropy(t, n, weight, Y, ldy, target, loss)
    else:
        K.f64.softmax_cross_entropy(t, n, weight, Y, ldy, target, loss)

cdef inline void log_softmax(const crnn_tables* K, Py_ssize_t t, Py_ssize_t n, const real* Y,
                             Py_ssize_t ldy, real* L, Py_ssize_t ldl) noexcept nogil:
    if real is float:
        K.f32.log_softmax(t, n, Y, ldy, L, ldl)
    else:
        K.f64.log_softmax(t, n, Y, ldy, L, ldl)

cdef inline void score(const crnn_tables* K, Py_ssize_t t, Py_ssize_t n, real* Y, Py_ssize_t ldy,
                       const int32_t* target, real* nats, int32_t* rank,
                       real* entropy) noexcept nogil:
    if real is float:
        K.f32.score(t, n, Y, ldy, target, nats, rank, entropy)
    else:
        K.f64.score(t, n, Y, ldy, target, nats, rank, entropy)

cdef inline Py_ssize_t draw(const crnn_tables* K, Py_ssize_t n, const real* p,
                            double u) noexcept nogil:
    if real is float:
        return K.f32.draw(n, p, u)
    else:
        return K.f64.draw(n, p, u)

cdef inline Py_ssize_t argmax(const crnn_tables* K, Py_ssize_t n, const real* y) noexcept nogil:
    if real is float:
        return K.f32.argmax(n, y)
    else:
        return K.f64.argmax(n, y)

cdef inline void penalize(const crnn_tables* K, Py_ssize_t n, real penalty, const int64_t* last,
                          int64_t since, real* y) noexcept nogil:
    if real is float:
        K.f32.penalize(n, penalty, last, since, y)
    else:
        K.f64.penalize(n, penalty, last, since, y)

cdef inline void cap(const crnn_tables* K, Py_ssize_t n, const real* limits, real* y) noexcept nogil:
    if real is float:
        K.f32.cap(n, limits, y)
    else:
        K.f64.cap(n, limits, y)

cdef inline void top_k(const crnn_tables* K, Py_ssize_t n, Py_ssize_t k, real* p) noexcept nogil:
    if real is float:
        K.f32.top_k(n, k, p)
    else:
        K.f64.top_k(n, k, p)

cdef inline void top_p(const crnn_tables* K, Py_ssize_t n, real share, real* p) noexcept nogil:
    if real is float:
        K.f32.top_p(n, share, p)
    else:
        K.f64.top_p(n, share, p)

cdef inline void min_p(const crnn_tables* K, Py_ssize_t n, real share, real* p) noexcept nogil:
    if real is float:
        K.f32.min_p(n, share, p)
    else:
        K.f64.min_p(n, share, p)

cdef inline void normalize(const crnn_tables* K, Py_ssize_t n, real* p) noexcept nogil:
    if real is float:
        K.f32.normalize(n, p)
    else:
        K.f64.normalize(n, p)

cdef inline void clip(const crnn_tables* K, Py_ssize_t n, real limit, real* x) noexcept nogil:
    if real is float:
        K.f32.clip(n, limit, x)
    else:
        K.f64.clip(n, limit, x)

cdef inline void adagrad(const crnn_tables* K, Py_ssize_t n, real learning_rate, real limit,
                         const real* d, real* m, real* w) noexcept nogil:
    if real is float:
        K.f32.adagrad(n, learning_rate, limit, d, m, w)
    else:
        K.f64.adagrad(n, learning_rate, limit, d, m, w)

cdef inline void adam(const crnn_tables* K, Py_ssize_t n, real rate, real limit, real beta1,
                      real beta2, real epsilon, real unbias2, const real* d, real* m, real* v,
                      real* w) noexcept nogil:
    if real is float:
        K.f32.adam(n, rate, limit, beta1, beta2, epsilon, unbias2, d, m, v, w)
    else:
        K.f64.adam(n, rate, limit, beta1, beta2, epsilon, unbias2, d, m, v, w)

cdef inline real dot(const crnn_tables* K, Py_ssize_t n, const real* x, const real* y) noexcept nogil:
    if real is float:
        return K.f32.dot(n, x, y)
    else:
        return K.f64.dot(n, x, y)

cdef inline void scale(const crnn_tables* K, Py_ssize_t n, real a, real* x) noexcept nogil:
    if real is float:
        K.f32.scale(n, a, x)
    else:
        K.f64.scale(n, a, x)

cdef inline void add_scaled(const crnn_tables* K, Py_ssize_t n, real a, const real* x,
                            real* y) noexcept nogil:
    if real is float:
        K.f32.add_scaled(n, a, x, y)
    else:
        K.f64.add_scaled(n, a, x, y)

cdef inline void drop(const crnn_tables* K, Py_ssize_t n, uint32_t threshold, real a,
                      const uint16_t* coins, const real* x, real* y) noexcept nogil:
    if real is float:
        K.f32.drop(n, threshold, a, coins, x, y)
    else:
        K.f64.drop(n, threshold, a, coins, x, y)

cdef inline void sgd(const crnn_tables* K, Py_ssize_t n, real rate, real limit, real momentum,
                     const real* d, real* m, real* w) noexcept nogil:
    if real is float:
        K.f32.sgd(n, rate, limit, momentum, d, m, w)
    else:
        K.f64.sgd(n, rate, limit, momentum, d, m, w)

cdef inline void rmsprop(const crnn_tables* K, Py_ssize_t n, real rate, real limit, real decay,
                         real epsilon, const real* d, real* v, real* w) noexcept nogil:
    if real is float:
        K.f32.rmsprop(n, rate, limit, decay, epsilon, d, v, w)
    else:
        K.f64.rmsprop(n, rate, limit, decay, epsilon, d, v, w)

cdef inline uint32_t frequencies(const crnn_tables* K, Py_ssize_t n, const real* p,
                                 uint32_t* f) noexcept nogil:
    if real is float:
        return K.f32.frequencies(n, p, f)
    else:
        return K.f64.frequencies(n, p, f)
