# cython: language_level=3, cdivision=True, auto_pickle=False, autotestdict=False, freethreading_compatible=True
"""Descent: how gradients become steps. Optimizers, weight decay and the course of the learning rate.

Nothing here knows windows or threads: `crnn.training` says which parameters a thread steps down, and when.
"""

cimport cython
from libc.math cimport INFINITY

from crnn.core cimport Net, Shape
from crnn.core import PARAMETERS
from crnn.fpmode cimport crnn_fpmode, crnn_fpmode_enter, crnn_fpmode_leave, crnn_pin
from crnn.kernels cimport adagrad, adam, add_scaled, clip, real, rmsprop, scale, sgd
from crnn.memory cimport Buffer

METHODS = ("sgd", "adagrad", "rmsprop", "adam", "adamw")
SCHEDULES = ("constant", "step", "cosine", "trapezoid")

cdef extern from *:
    """
    #define EPSILON 0x1.5798ee2308c3ap-27    /* 1e-8 */
    """
    const double EPSILON


# --- The course of the learning rate ---------------------------------------------------------------

cdef extern from *:
    """
    /* sin(pi x) = x (pi - pi^3 x^2 / 3! + ...), Taylor's series: exact to rounding for |x| <= 1/2 */
    static const double SINE[] = {
        0x1.921fb54442d18p+1, -0x1.4abbce625be53p+2, 0x1.466bc6775aae2p+1,
        -0x1.32d2cce62bd86p-1, 0x1.50783487ee782p-4, -0x1.e3074fde8871fp-8,
        0x1.e8f434d018d63p-12, -0x1.6fadb9f155744p-16, 0x1.aaec32af93359p-21,
        -0x1.8a404211f9547p-26, 0x1.2877020d52cf0p-31};
    enum { SINES = sizeof SINE / sizeof *SINE };
    """
    const double* SINE
    int SINES


cdef double half_cosine(double u) noexcept nogil:
    """(1 + cos(pi u)) / 2 for u from 0 to 1: from 1 down to 0."""
    cdef double x = u - 0.5, square = x * x, p = SINE[SINES - 1]
    cdef int i
    for i in range(SINES - 2, -1, -1):
        p = p * square + SINE[i]
    return 0.5 - 0.5 * (x * p)


cdef double share_of_rate(const Descent* o, Py_ssize_t step) noexcept nogil:
    """What the schedule leaves of the learning rate in a step, from 0 to 1."""
    cdef double left = o.steps - step, span
    if step < o.warmup:
        return (step + 1.0) / o.warmup
    if o.schedule == COSINE:
        span = o.steps - o.warmup
        return o.rest + (1 - o.rest) * (half_cosine(1 - left / span) if left > 0 else 0)
    if o.schedule == TRAPEZOID:
        span = <double> (<Py_ssize_t> (o.fraction * o.steps))
        if left < span:
            return o.rest + (1 - o.rest) * (left / span if left > 0 else 0)
    return 1


cdef void begin_step(Descent* o, Py_ssize_t step, real* of_type) noexcept nogil:
    """What all parameters have in common in a step: the learning rate, Adam's powers."""
    if o.schedule == STEP and step > 0 and step % o.every == 0:
        o.scale *= o.factor
    o.rate = o.learning_rate * o.scale * o.lowering * share_of_rate(o, step)
    if o.method == ADAM or o.method == ADAMW:
        o.power1 *= <real> o.beta1      # as the kernel rounds it: so the bias cancels
        o.power2 *= <real> o.beta2


# --- Steps -----------------------------------------------------------------------------------------

cdef void descend(const Shape* S, const Descent* o, Py_ssize_t n, real* d, Py_ssize_t at, bint is_matrix,
                  real* w) noexcept nogil:
    """One step of n parameters that begin at w[at]; d is the gradient of the first, and may change.

    Only matrices decay. AdamW makes them smaller by themselves, all others through the gradient.
    """
    cdef real limit = <real> o.limit
    cdef real* m = <real*> o.m + at
    cdef real* v = <real*> o.v + at
    if is_matrix and o.weight_decay > 0:
        if o.method == ADAMW:
            scale(S.K, n, <real> (1 - o.rate * o.weight_decay), w)
        else:
            clip(S.K, n, limit, d)
            add_scaled(S.K, n, <real> o.weight_decay, w, d)
            limit = <real> INFINITY
    if o.method == ADAGRAD:
        adagrad(S.K, n, <real> o.rate, limit, d, m, w)
    elif o.method == SGD:
        sgd(S.K, n, <real> o.rate, limit, <real> o.momentum, d, m, w)
    elif o.method == RMSPROP:
        rmsprop(S.K, n, <real> o.rate, limit, <real> o.decay_rate, <real> EPSILON, d, m, w)
    else:
        adam(S.K, n, <real> (o.rate / (1 - o.power1)), limit, <real> o.beta1, <real> o.beta2,
             <real> EPSILON, <real> (1 / (1 - o.power2)), d, m, v, w)


# --- What Python holds -----------------------------------------------------------------------------

cdef int number_of(str what, str name, tuple names) except -1:
    """Which of some names it is."""
    if name not in names:
        raise ValueError(f"{what} is {name!r}, expected {', '.join(names[:-1])} or {names[-1]}")
    return names.index(name)


@cython.final
cdef class Optimizer:
    """An optimizer with its schedule, and what it remembers of the parameters it steps down.

    Parameters
    ----------
    name : {"sgd", "adagrad", "rmsprop", "adam", "adamw"}
    learning_rate : float
        Step size at its height.
    clip, clip_norm : float
        Every element of a gradient is clipped to [-clip, clip], after all of them together were made
        smaller where their norm exceeds clip_norm; inf: not.
    weight_decay : float
        Of matrices. AdamW multiplies them by 1 - rate * weight_decay; the others add weight_decay * w to
        the clipped gradient.
    momentum, decay_rate : float
        Of sgd; of RMSprop's mean square.
    beta1, beta2 : float
        Of Adam and AdamW.
    schedule : {"constant", "step", "cosine", "trapezoid"}
        What becomes of the rate after `warmup` steps in which it rises in equal parts.
    decay_every, decay_factor : int, float
        "step" multiplies the rate so often by so much.
    final_rate : float
        What "cosine" and "trapezoid" leave of it at last, from 0 to 1.
    decay_fraction : float
        In the last part of all steps so long, "trapezoid" falls.
    steps : int
        How many there are in all.
    frozen : sequence of str
        Names of parameters that stay.
    """

    def __cinit__(self, str name, *, double learning_rate, double clip=INFINITY, double clip_norm=INFINITY,  # no-cython-lint: the option's name
                  double weight_decay=0, double momentum=0, double decay_rate=0.99, double beta1=0.9,
                  double beta2=0.999, str schedule="constant", warmup=0, decay_every=1,
                  double decay_factor=1, double final_rate=0, double decay_fraction=0, steps=1, frozen=()):
        cdef Descent* o = &self.o
        self.name = name
        o.method = <Method> number_of("name", name, METHODS)
        o.schedule = <Schedule> number_of("schedule", schedule, SCHEDULES)
        o.limit, o.norm_limit, o.weight_decay = clip, clip_norm, weight_decay
        o.momentum, o.decay_rate, o.beta1, o.beta2 = momentum, decay_rate, beta1, beta2
        o.learning_rate, o.rest, o.factor, o.fraction = learning_rate, final_rate, decay_factor, decay_fraction
        o.warmup, o.every, o.steps = warmup, decay_every, steps
        if o.every < 1:
            raise ValueError(f"decay_every is {decay_every}, expected at least 1")
        o.frozen = 0
        for parameter in frozen:
            o.frozen |= 1 << number_of("frozen", parameter, PARAMETERS)
        o.scale = o.lowering = o.power1 = o.power2 = 1

    @property
    def count(self):
        """How many numbers it remembers of each parameter."""
        return 2 if self.o.method in (ADAM, ADAMW) else 1

    cdef int remember(self, Net net) except -1:
        """Make room for what it remembers, all zero; once, for others may hold the addresses."""
        if self.memories is not None:
            raise ValueError("the optimizer is another one's already and remembers its parameters, expected a "
                             "new Optimizer")
        self.memories = tuple([Buffer(net.S.size * net.itemsize) for _ in range(self.count)])
        self.o.m = (<Buffer> self.memories[0]).data
        self.o.v = (<Buffer> self.memories[self.count - 1]).data
        return 0

    cdef bint is_sparse(self):
        """Whether a column of Wxh without a gradient stays as it is, so that it need not be touched."""
        return self.o.method == ADAGRAD and self.o.weight_decay == 0

    @cython.critical_section
    def step(self, Net net not None, Buffer gradients not None, step):
        """Step number `step`, from 0, of all parameters at once, by any gradients.

        Parameters
        ----------
        net : Net
            Its parameters are stepped down.
        gradients : Buffer
            Of the size and the layout of its parameters; changed.
        """
        cdef Py_ssize_t n = step
        cdef const Shape* S = &net.S
        cdef crnn_fpmode theirs
        if gradients.nbytes != net.block.nbytes:
            raise ValueError(f"gradients are {gradients.nbytes} bytes, the parameters {net.block.nbytes}")
        if self.memories is None:
            self.remember(net)
        if (<Buffer> self.memories[0]).nbytes != net.block.nbytes:
            raise ValueError(f"the optimizer remembers {(<Buffer> self.memories[0]).nbytes} bytes of parameters, "
                             f"net has {net.block.nbytes}: give a new Optimizer to each")
        theirs = crnn_fpmode_enter()
        if net.double:
            step_all(S, &self.o, n, <double*> gradients.data, <double*> net.block.data)
        else:
            step_all(S, &self.o, n, <float*> gradients.data, <float*> net.block.data)
        crnn_fpmode_leave(theirs)

    @property
    def steps(self):
        """How many steps there are in all; may be set before the last part of a trapezoid begins."""
        return self.o.steps

    @steps.setter
    def steps(self, value):
        self.o.steps = value

    @property
    def rate(self):
        """The learning rate of the last step; set when a training goes on that has made steps."""
        with cython.critical_section(self):     # a training that ends a run writes all of o
            return self.o.rate

    @rate.setter
    def rate(self, double value):
        self.o.rate = value

    @property
    def learning_rate(self):
        """The learning rate at its height; may be set between steps."""
        return self.o.learning_rate

    @learning_rate.setter
    def learning_rate(self, double value):
        self.o.learning_rate = value

    @property
    def lowering(self):
        """What every learning rate is multiplied by, too; 1 at first. May be set between steps."""
        return self.o.lowering

    @lowering.setter
    def lowering(self, double value):
        self.o.lowering = value

    @property
    def running(self):
        """The numbers that change from step to step: scale of the rate, beta1 and beta2 to a power."""
        return self.o.scale, self.o.power1, self.o.power2

    @running.setter
    def running(self, values):
        self.o.scale, self.o.power1, self.o.power2 = values


cdef void step_all(const Shape* S, Descent* o, Py_ssize_t step, real* d, real* w) noexcept nogil:
    begin_step(o, step, w)
    descend(S, o, S.bh, d, 0, True, w)
    descend(S, o, S.Wxh - S.bh, d + S.bh, S.bh, False, w + S.bh)
    descend(S, o, S.size - S.Wxh, d + S.Wxh, S.Wxh, True, w + S.Wxh)


def product(double a, double b):
    """a * b, in the mode of the contract.

    Examples
    --------
    >>> product(0.5, 0.5)
    0.25
    """
    cdef crnn_fpmode theirs = crnn_fpmode_enter()
    cdef double c = crnn_pin(crnn_pin(a) * b)
    crnn_fpmode_leave(theirs)
    return c


def falling(double u):
    """(1 + cos(pi u)) / 2, the shape of the cosine schedule.

    Examples
    --------
    >>> falling(0.0), falling(0.5), falling(1.0) < 1e-15
    (1.0, 0.5, True)
    """
    cdef crnn_fpmode theirs = crnn_fpmode_enter()
    cdef double value = crnn_pin(half_cosine(crnn_pin(u)))
    crnn_fpmode_leave(theirs)
    return value
