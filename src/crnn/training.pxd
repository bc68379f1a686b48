"""The C types of a training."""

from libc.stdint cimport int32_t

from crnn.core cimport Net, Shape, Weights, Window, Workspace
from crnn.descent cimport Descent, Optimizer
from crnn.memory cimport Buffer
from crnn.rng cimport bitgen
from crnn.text cimport Passage, Place, Text


# Which columns of Wxh have a gradient in a window, and where those stand. One for each thread.
cdef struct Columns:
    Py_ssize_t count
    int32_t* slot           # (T B) which column of the gradient belongs to each input
    int32_t* seen           # (count) the characters of those columns, in the order they come in
    int32_t* slot_of        # (V) between windows: -1
    Py_ssize_t stray        # where in the text something stood that is no index; -1
    double norm             # of the last gradients for which it was found


# A training on its way through a text.
cdef struct Course:
    Shape S
    Workspace n
    Weights W, d            # parameters and their gradients
    void* w                 # the blocks they stand in
    void* dw
    Descent descent
    bint sparse             # only characters of the window have columns
    Columns* columns
    Passage text
    Place* places           # (B)
    int32_t* lengths        # (B) steps of each stream that count
    int32_t* inputs         # those of the workspace, writable
    int32_t* targets
    bitgen* bits            # of the units left out
    bint double, needs_norm
    Py_ssize_t windows      # to train in this run
    Py_ssize_t step
    double loss, smooth_loss
    double uniform_loss     # T ln V: of a uniform guess


cdef class Training:
    cdef Course course
    cdef Net net
    cdef Window window
    cdef Text text
    cdef readonly Optimizer optimizer
    cdef object dropout_bits
    cdef Buffer gradients, scratch
    cdef readonly int threads
    cdef int spins
    cdef int latch          # taken while it runs
    cdef int take_memory(self, T, B, double dropout) except -1
    cdef int go_to_parts(self) except -1
    cdef int work(self) except -1
    cdef int check_text(self) except -1
    cdef int take(self) except -1
    cdef int check_places(self, step, positions) except -1
    cdef int check_position(self, Py_ssize_t b, position) except -1
    cdef char* last_state(self, Py_ssize_t b)
