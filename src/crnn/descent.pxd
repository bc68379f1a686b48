"""The C types of an optimizer."""

from crnn.core cimport Net, Shape
from crnn.kernels cimport real


ctypedef enum Method:
    SGD, ADAGRAD, RMSPROP, ADAM, ADAMW


ctypedef enum Schedule:
    CONSTANT, STEP, COSINE, TRAPEZOID


# How gradients become steps: the numbers one chooses, how far it is, what it remembers of each parameter.
cdef struct Descent:
    Method method
    double limit, norm_limit            # of an element and of the norm of a gradient
    double weight_decay, momentum, decay_rate, beta1, beta2
    unsigned frozen                     # bit 0: Wxh, 1: Whh, 2: Why, 3: bh, 4: by
    Schedule schedule                     # of the learning rate, and its numbers:
    double learning_rate, rest, factor, fraction
    Py_ssize_t warmup, every, steps
    double scale                        # of the rate: what step decays left
    double lowering                     # of the rate: what the caller asked for
    double power1, power2               # Adam's beta1 and beta2 to the power of the steps made
    double rate                         # of the present step
    void* m                             # (size) sum of squares, mean or velocity
    void* v                             # (size) mean square


cdef class Optimizer:
    cdef Descent o
    cdef readonly str name
    cdef readonly tuple memories
    cdef int remember(self, Net net) except -1
    cdef bint is_sparse(self)


cdef void begin_step(Descent* o, Py_ssize_t step, real* of_type) noexcept nogil
cdef void descend(const Shape* S, const Descent* o, Py_ssize_t n, real* d, Py_ssize_t at, bint is_matrix,
                  real* w) noexcept nogil
cdef double half_cosine(double u) noexcept nogil
