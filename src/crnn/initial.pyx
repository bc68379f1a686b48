# cython: language_level=3, cdivision=True, auto_pickle=False, autotestdict=False, freethreading_compatible=True
"""First weights: what the parameters of an RNN are before it has learned anything.

Biases begin at zero. All draws are made row by row, in the order Wxh, Whh, Why, from one stream.
"""

from libc.math cimport INFINITY, NAN, fabs, sqrt
from libc.string cimport memcpy, memset

from crnn.core cimport Net, Shape, Weights
from crnn.fpmode cimport crnn_fpmode, crnn_fpmode_enter, crnn_fpmode_leave
from crnn.kernels cimport add_scaled, dot, real, scale
from crnn.rng cimport bitgen, bitgen_of, fill_with_normals, fill_with_uniforms

WAYS = ("normal", "orthogonal", "identity")

cdef extern from *:
    """
    #define FIRST_SCALE 0x1.47ae147ae147bp-7    /* 0.01 */
    """
    const double FIRST_SCALE


cdef void draw_normal(const Shape* S, const Weights* W, bitgen* bits, real* of_type) noexcept nogil:
    """Wxh, Whh, Why from N(0, 0.01^2)."""
    cdef double spare = NAN
    fill_with_normals(S.K, bits, &spare, FIRST_SCALE, S.H, S.V, W.Wxh.rs, W.Wxh.cs, <real*> W.Wxh.at)
    fill_with_normals(S.K, bits, &spare, FIRST_SCALE, S.H, S.H, W.Whh.rs, W.Whh.cs, <real*> W.Whh.at)
    fill_with_normals(S.K, bits, &spare, FIRST_SCALE, S.V, S.H, W.Why.rs, W.Why.cs, <real*> W.Why.at)


cdef void make_orthogonal(const Shape* S, Py_ssize_t ld, real* A) noexcept nogil:
    """Make the H columns of A orthogonal and of length 1: Gram and Schmidt's way, modified, each twice.

    Once leaves what rounding left; twice is enough (Giraud, Langou, Rozloznik 2005).
    """
    cdef Py_ssize_t j, k, _again
    cdef real* a
    for j in range(S.H):
        a = A + j * ld
        for _again in range(2):
            for k in range(j):
                add_scaled(S.K, S.H, -dot(S.K, S.H, A + k * ld, a), A + k * ld, a)
            scale(S.K, S.H, <real> (1 / sqrt(<double> dot(S.K, S.H, a, a))), a)


cdef void draw_glorot(const Shape* S, const Weights* W, bitgen* bits, bint identity,
                      real* of_type) noexcept nogil:
    """Whh orthogonal or the identity; Wxh and Why uniform within sqrt(6 / (V + H)) (Glorot, Bengio 2010)."""
    cdef double bound = sqrt(6.0 / (S.V + S.H)), spare = NAN
    cdef real* Whh = <real*> W.Whh.at
    cdef Py_ssize_t j
    fill_with_uniforms(bits, bound, S.H, S.V, W.Wxh.rs, W.Wxh.cs, <real*> W.Wxh.at)
    if identity:
        for j in range(S.H):
            memset(Whh + j * W.Whh.cs, 0, S.H * sizeof(real))
            Whh[j * W.Whh.cs + j] = 1
    else:
        fill_with_normals(S.K, bits, &spare, 1, S.H, S.H, W.Whh.rs, W.Whh.cs, Whh)
        make_orthogonal(S, W.Whh.cs, Whh)
    fill_with_uniforms(bits, bound, S.V, S.H, W.Why.rs, W.Why.cs, <real*> W.Why.at)


def draw_weights(Net net not None, bit_generator, str way="normal"):
    """Draw the first weights of a net.

    Parameters
    ----------
    net : Net
        Its Wxh, Whh and Why are drawn.
    bit_generator : numpy.random.BitGenerator
        Its raw bits are used.
    way : {"normal", "orthogonal", "identity"}
        "normal": N(0, 0.01^2), the reference's. Otherwise Whh is orthogonal or the identity, and the
        others are uniform within sqrt(6 / (V + H)).

    Raises
    ------
    ValueError
        If there is no such way.
    """
    cdef bitgen* bits = bitgen_of(bit_generator)
    cdef int number
    cdef crnn_fpmode theirs
    if way not in WAYS:
        raise ValueError(f"way is {way!r}, expected {', '.join(WAYS[:-1])} or {WAYS[-1]}")
    number = WAYS.index(way)
    with bit_generator.lock, nogil:
        theirs = crnn_fpmode_enter()
        if net.double:
            draw(&net.S, &net.W, bits, number, <double*> NULL)
        else:
            draw(&net.S, &net.W, bits, number, <float*> NULL)
        crnn_fpmode_leave(theirs)


cdef void draw(const Shape* S, const Weights* W, bitgen* bits, int number, real* of_type) noexcept nogil:
    if number == 0:
        draw_normal(S, W, bits, of_type)
    else:
        draw_glorot(S, W, bits, number == 2, of_type)


# --- The weights of one type in the other ----------------------------------------------------------

ctypedef fused other:
    float
    double


cdef void cast(Py_ssize_t m, Py_ssize_t n, const other* A, Py_ssize_t lda, real* B,
               Py_ssize_t ldb) noexcept nogil:
    """B = A, n columns of m, each element rounded once."""
    cdef Py_ssize_t i, j
    for j in range(n):
        for i in range(m):
            B[j * ldb + i] = <real> A[j * lda + i]


cdef void cast_weights(const Shape* S, const Weights* W, const Shape* Z, const Weights* old, real* of_type,
                       other* of_other) noexcept nogil:
    """W is `old`; all lies in columns."""
    cast(S.H, S.V, <const other*> old.Wxh.at, Z.ldh, <real*> W.Wxh.at, S.ldh)
    cast(S.H, S.H, <const other*> old.Whh.at, Z.ldh, <real*> W.Whh.at, S.ldh)
    cast(S.V, S.H, <const other*> old.Why.at, Z.ldv, <real*> W.Why.at, S.ldv)
    cast(S.H, 1, <const other*> old.bh, Z.ldh, <real*> W.bh, S.ldh)
    cast(S.V, 1, <const other*> old.by, Z.ldv, <real*> W.by, S.ldv)


def take_weights(Net net not None, Net old not None):
    """Give a net the weights of one of the same sizes, rounded once if its type is the shorter one."""
    cdef const Shape* S = &net.S
    cdef const Shape* Z = &old.S
    cdef crnn_fpmode theirs
    if S.H != Z.H or S.V != Z.V:
        raise ValueError(f"net has V = {S.V} and H = {S.H}, expected {Z.V} and {Z.H}")
    theirs = crnn_fpmode_enter()
    if net.double and old.double:
        cast_weights(S, &net.W, Z, &old.W, <double*> NULL, <double*> NULL)
    elif net.double:
        cast_weights(S, &net.W, Z, &old.W, <double*> NULL, <float*> NULL)
    elif old.double:
        cast_weights(S, &net.W, Z, &old.W, <float*> NULL, <double*> NULL)
    else:
        cast_weights(S, &net.W, Z, &old.W, <float*> NULL, <float*> NULL)
    crnn_fpmode_leave(theirs)


# --- More characters for weights that have learned -------------------------------------------------

cdef extern from *:
    """
    #define RARITY 15.0     /* nats: all new characters together are less probable than exp(-15), 3.1e-7 */
    """
    const double RARITY


cdef void copy_weights(const Shape* S, const Weights* W, const Weights* old, Py_ssize_t V,
                       real* of_type) noexcept nogil:
    """The first V characters of W are those of `old`; all lies in columns."""
    cdef Py_ssize_t j
    for j in range(S.H):
        memcpy(<real*> W.Whh.at + j * W.Whh.cs, <real*> old.Whh.at + j * old.Whh.cs, S.H * sizeof(real))
        memcpy(<real*> W.Why.at + j * W.Why.cs, <real*> old.Why.at + j * old.Why.cs, V * sizeof(real))
    for j in range(V):
        memcpy(<real*> W.Wxh.at + j * W.Wxh.cs, <real*> old.Wxh.at + j * old.Wxh.cs, S.H * sizeof(real))
    memcpy(W.bh, old.bh, S.H * sizeof(real))
    memcpy(W.by, old.by, V * sizeof(real))


cdef double least_greatest_logit(const Shape* S, const Weights* W, Py_ssize_t V,
                                 real* of_type) noexcept nogil:
    """What the greatest of the first V logits is at least, whatever the state: |h| <= 1, so a logit is
    at least by - sum |Why|."""
    cdef double least, greatest = -INFINITY
    cdef Py_ssize_t i, j
    for i in range(V):
        least = (<real*> W.by)[i]
        for j in range(S.H):
            least -= fabs(<double> (<real*> W.Why.at)[i + j * W.Why.cs])
        greatest = max(greatest, least)
    return greatest


cdef void add_characters(const Shape* S, const Weights* W, const Weights* old, Py_ssize_t V, bitgen* bits,
                         real* of_type) noexcept nogil:
    """Columns of Wxh from N(0, 0.01^2), rows of Why zero, by so low that nothing is noticed."""
    cdef double spare = NAN, count = S.V - V, low
    cdef Py_ssize_t i
    copy_weights(S, W, old, V, of_type)
    fill_with_normals(S.K, bits, &spare, FIRST_SCALE, S.H, S.V - V, W.Wxh.rs, W.Wxh.cs,
                      <real*> W.Wxh.at + V * W.Wxh.cs)
    S.K.f64.log(1, &count, &low)
    low = least_greatest_logit(S, W, V, of_type) - low - RARITY
    for i in range(V, S.V):
        (<real*> W.by)[i] = <real> low


def extend_weights(Net net not None, Net old not None, bit_generator):
    """Give a net the weights of one with fewer characters, and new ones for the others.

    The bits of all old weights stay. In every state the new characters together have a probability
    below exp(-15): the greatest logit y of the old ones is at least m = max(by - sum |Why|), as no element of
    h exceeds 1; the new ones, k of them, have the logit m - ln k - 15 whatever the state is, so their
    probability is at most k exp(m - ln k - 15) / exp(y) <= exp(-15).

    Parameters
    ----------
    net, old : Net
        Of one type and hidden size, `old` with fewer characters.
    bit_generator : numpy.random.BitGenerator
        Its raw bits are used for the new columns of Wxh.
    """
    cdef bitgen* bits = bitgen_of(bit_generator)
    cdef crnn_fpmode theirs
    if net.double != old.double or net.S.H != old.S.H or net.S.V <= old.S.V:
        raise ValueError(f"net has {net.S.V} characters, expected more than {old.S.V}, the same type and size")
    with bit_generator.lock, nogil:
        theirs = crnn_fpmode_enter()
        if net.double:
            add_characters(&net.S, &net.W, &old.W, old.S.V, bits, <double*> NULL)
        else:
            add_characters(&net.S, &net.W, &old.W, old.S.V, bits, <float*> NULL)
        crnn_fpmode_leave(theirs)
