"""The C types of a training."""

from libc.stdint cimport int32_t

from crnn.core cimport Net, Shape, Weights, Window, Workspace
from crnn.memory cimport Buffer


# Which columns of Wxh have a gradient in a window, and where those stand.
cdef struct Columns:
    Py_ssize_t count
    int32_t* slot           # (T B) which column of the gradient belongs to each input
    int32_t* seen           # (count) the characters of those columns
    int32_t* slot_of        # (V) between windows: -1


ctypedef enum Optimizer:
    ADAGRAD, ADAM


# How gradients become steps: the optimizer's numbers, and what it remembers of each parameter.
cdef struct Descent:
    Optimizer optimizer
    double learning_rate, limit
    double decay1, decay2   # Adam's: beta1 and beta2 to the power of the steps made
    void* m                 # (size) Adagrad's sum of squares, Adam's mean
    void* v                 # (size) Adam's mean square


# A training on its way through a text.
cdef struct Course:
    Shape S
    Workspace n
    Weights W, d            # parameters and their gradients
    void* w                 # the blocks they stand in
    void* dw
    Descent descent
    Columns* columns        # one for each thread
    const int32_t* text
    Py_ssize_t length       # of one stream; they follow each other in the text
    int32_t* inputs         # those of the workspace, writable
    int32_t* targets
    bint double
    Py_ssize_t windows      # to train in this run
    Py_ssize_t step, position
    double loss, smooth_loss


cdef class Training:
    cdef Course course
    cdef Net net
    cdef Window window
    cdef Buffer gradients, text, scratch
    cdef readonly tuple memories
    cdef readonly int threads
    cdef int spins
    cdef bint running
    cdef int take_memory(self, text, T, B, str optimizer) except -1
    cdef char* last_state(self, Py_ssize_t b)
