# cython: language_level=3, cdivision=True, auto_pickle=False, autotestdict=False, freethreading_compatible=True
"""Locks that outlive a fork and a KeyboardInterrupt: nobody is let in wrongly or left waiting for ever.

A forked process has the thread that called fork and no other. A lock that one of the others held
stays taken in the child, and nobody is there to let it go; and a thread that the child starts may
have the same number as one that is gone. So nothing here waits for a lock of another process, and
who holds one is known by the number of its thread state, which Python gives to one thread and to no
other after it.

A KeyboardInterrupt comes between any two steps of Python's, and between none of a compiled one: so
this is compiled.
"""

import os
import threading

cimport cython
from libc.stdint cimport uint64_t

from crnn.atomic cimport open_latch, publish_count, published_count, take_latch

cdef extern from "Python.h":
    ctypedef struct PyThreadState:
        pass
    PyThreadState* PyThreadState_Get()
    uint64_t PyThreadState_GetID(PyThreadState* state)

cdef enum:
    NOBODY = -1


cdef Py_ssize_t this_thread():
    """The number of this thread, which no other thread of this process ever has."""
    return <Py_ssize_t> PyThreadState_GetID(PyThreadState_Get())


@cython.final
cdef class Alone:
    """Lets one thread into its blocks and refuses others; that thread may come again.

    Parameters
    ----------
    taken : str
        What the error says to others.
    left : str
        What it says where the thread inside is not there any more: this process was forked while
        it was, and what it was doing will never be done.

    Examples
    --------
    >>> alone = Alone("in use", "was in use when this process was forked")
    >>> with alone.inside(), alone.inside():
    ...     print("alone")
    alone
    """

    cdef str taken, left
    cdef int latch          # taken by the thread inside
    cdef Py_ssize_t owner   # its number, or NOBODY
    cdef object user        # its threading.Thread: for the error alone

    def __cinit__(self, str taken not None, str left not None):
        self.taken, self.left = taken, left
        self.owner = NOBODY

    def inside(self):
        """Keep other threads out while the block runs: ``with alone.inside():``.

        Raises
        ------
        RuntimeError
            If another thread is inside.
        """
        return Block(self)

    cdef bint enter(self) except -1:
        """Go in; whether this thread was not inside before, so that it has to leave."""
        cdef Py_ssize_t me = this_thread()
        if published_count(&self.owner) == me:
            return False
        user = threading.current_thread()   # Python's: what it raises comes before anything is taken
        if not take_latch(&self.latch):
            with cython.critical_section(self):
                user = self.user
            raise RuntimeError(self.taken if user is None or user in threading.enumerate() else self.left)
        with cython.critical_section(self):
            self.user = user
        publish_count(&self.owner, me)
        return True

    cdef int leave(self) except -1:
        publish_count(&self.owner, NOBODY)
        with cython.critical_section(self):
            self.user = None
        open_latch(&self.latch)
        return 0


@cython.final
@cython.no_gc_clear
cdef class Block:
    """One block of an `Alone`. It leaves when it ends, or when nothing holds it any more: an interrupt
    between the call that entered and the block comes to that."""

    cdef Alone alone
    cdef bint entered

    def __cinit__(self, Alone alone not None):
        self.alone = alone

    def __enter__(self):
        self.entered = self.alone.enter()

    def __exit__(self, *error):
        if self.entered:
            self.entered = False
            self.alone.leave()

    def __dealloc__(self):
        if self.entered:
            self.alone.leave()


@cython.final
cdef class Turns:
    """Lets one thread after the other into its blocks, in each process by a lock of its own.

    Examples
    --------
    >>> turns = Turns()
    >>> with turns.here():
    ...     print(turns.here().locked())
    True
    """

    cdef dict locks

    def __cinit__(self):
        self.locks = {}

    def here(self):
        """Return the lock of this process."""
        return self.locks.setdefault(os.getpid(), threading.Lock())
