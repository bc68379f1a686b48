"""csrc/fpmode.h: entering and leaving the floating-point mode of the arithmetic."""

cdef extern from "fpmode.h" nogil:
    ctypedef struct crnn_fpmode:
        pass
    crnn_fpmode crnn_fpmode_enter()
    void crnn_fpmode_leave(crnn_fpmode theirs)
    double crnn_pin(double x)
