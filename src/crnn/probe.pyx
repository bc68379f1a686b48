# cython: language_level=3, auto_pickle=False, autotestdict=False, freethreading_compatible=True
"""The door for whoever examines the arithmetic: a table's exp, log and tanh, floating-point modes.

Nothing is judged here: `crnn.checks` does that.
"""

cimport cython

from crnn.core cimport tables_of
from crnn.fpmode cimport crnn_fpmode, crnn_fpmode_enter, crnn_fpmode_leave, crnn_pin
from crnn.kernels cimport crnn_tables
from crnn.memory cimport real_address

cdef extern from "<fenv.h>" nogil:
    ctypedef struct fenv_t:
        pass
    const fenv_t* FE_DFL_ENV
    int fegetenv(fenv_t*)
    int fesetenv(const fenv_t*)
    int fesetround(int)

cdef extern from *:
    """
    #if defined(__clang__)
    #define CRNN_COMPILER "clang " __clang_version__
    #elif defined(__GNUC__)
    #define CRNN_COMPILER "gcc " __VERSION__
    #else
    #define CRNN_COMPILER "unknown"
    #endif
    #define CRNN_SMALLEST 0x1p-1022     /* that is normal */
    #include <fenv.h>
    #if defined(FE_UPWARD)
    #define CRNN_UPWARD FE_UPWARD
    #else
    #define CRNN_UPWARD (-1)            /* no mode: to set it fails */
    #endif
    """
    const char* CRNN_COMPILER
    const double CRNN_SMALLEST
    const int CRNN_UPWARD

COMPILER = CRNN_COMPILER.decode().strip()
FUNCTIONS = ("exp", "log", "tanh")


def evaluate(str isa not None, str function not None, x, y, bint double):
    """Fill an array with a function of another, by the kernel of one table.

    Parameters
    ----------
    isa : str
        Name of the table.
    function : str
        One of `FUNCTIONS`.
    x, y : numpy.ndarray
        Arguments and results: contiguous, equally long, of one type; the same array, or without
        a common element.
    double : bool
        float64 instead of float32.

    Raises
    ------
    ValueError
        If there is no such table or function, or an array does not fit.

    Examples
    --------
    >>> import numpy as np
    >>> y = np.empty(2)
    >>> evaluate("portable", "exp", np.array([0.0, -np.inf]), y, double=True)
    >>> y
    array([1., 0.])
    """
    cdef const crnn_tables* K = tables_of(isa)
    cdef Py_ssize_t n = len(x)
    cdef void* to = real_address(y, "y", double, n, True)
    cdef void* at = real_address(x, "x", double, n, False)
    if function not in FUNCTIONS:
        raise ValueError(f"function is {function!r}, expected one of {', '.join(FUNCTIONS)}")
    cdef Py_ssize_t which = FUNCTIONS.index(function)
    cdef crnn_fpmode theirs
    with nogil:
        theirs = crnn_fpmode_enter()
        if double:
            (K.f64.exp if which == 0 else K.f64.log if which == 1 else K.f64.tanh)(
                n, <double*> at, <double*> to)
        else:
            (K.f32.exp if which == 0 else K.f32.log if which == 1 else K.f32.tanh)(
                n, <float*> at, <float*> to)
        crnn_fpmode_leave(theirs)


def mode():
    """What floating-point mode this thread is in.

    Returns
    -------
    (bool, bool)
        Whether results are rounded to nearest, and whether subnormal numbers are kept.

    Examples
    --------
    >>> mode()
    (True, True)
    """
    # By its deeds: fegetround may ask another unit than the one that adds.
    cdef double less = crnn_pin(crnn_pin(1) - crnn_pin(CRNN_SMALLEST))
    cdef double more = crnn_pin(crnn_pin(1) + crnn_pin(CRNN_SMALLEST))
    return less == more, crnn_pin(crnn_pin(CRNN_SMALLEST) / 2) != 0


@cython.final
cdef class Mode:
    """A floating-point mode of this thread, for the length of a ``with`` block.

    Parameters
    ----------
    upward : bool
        Round upward; else the mode that programs are born with.

    Raises
    ------
    OSError
        If this machine cannot round upward.
    RuntimeError
        If one object is entered again before it was left, or left before it was entered.

    Examples
    --------
    >>> one, small = 1.0, 1e-30
    >>> with Mode(upward=True):
    ...     total = one + small
    >>> total > one + small
    True
    """

    cdef bint upward, inside
    cdef fenv_t before

    def __cinit__(self, bint upward=False):
        self.upward = upward

    def __enter__(self):
        if self.inside:
            raise RuntimeError("this Mode was entered already: make another one")
        fegetenv(&self.before)
        fesetenv(FE_DFL_ENV)
        if self.upward and fesetround(CRNN_UPWARD) != 0:
            fesetenv(&self.before)
            raise OSError("this machine cannot round upward")
        self.inside = True

    def __exit__(self, *error):
        if not self.inside:
            raise RuntimeError("this Mode was not entered")
        self.inside = False
        fesetenv(&self.before)
