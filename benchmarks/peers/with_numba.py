"""numba: the whole training loop and the whole sampling loop compiled.

All parameters stand in one block, so that an update is one loop. Matrices that the equations read
by columns stand transposed, so that every inner loop is over neighbours: WxhT (V, H), WhhT (H, H).
Products over a whole window are np.dot (SciPy's BLAS). exp and tanh are a polynomial: LLVM makes
vectors of it, where np.tanh calls the C library element by element, which would take longer than
all the products.
"""

from __future__ import annotations

import math
from typing import Any, TypeAlias

import numba
import numpy as np
from workloads import (
    ADAGRAD_EPS,
    ADAM_EPS,
    BETA1,
    BETA2,
    CLIP,
    SAMPLED,
    SEED,
    Call,
    Workload,
    of_a_framework,
)

Array: TypeAlias = np.ndarray[Any, Any]
compiled = numba.njit(fastmath=True, error_model="numpy")
LOG2E, LN2 = 1 / math.log(2), math.log(2)
TAYLOR = tuple(1 / math.factorial(k) for k in range(12, -1, -1))


def version() -> str:
    return f"numba {numba.__version__}"


def work(workload: Workload) -> Call:
    return of_a_framework(workload, _train, _sample)


def _train(workload: Workload) -> Call:
    sizes, dtype = workload.sizes, np.dtype(workload.dtype)
    block = _block(workload)
    memories = (np.zeros_like(block), np.zeros_like(block))
    inputs, targets = workload.windows()
    Hs = np.zeros((sizes.T + 1, sizes.B, sizes.H), dtype)
    Ps = np.zeros((sizes.T, sizes.B, sizes.V), dtype)
    rate, adam = dtype.type(workload.learning_rate), workload.optimizer == "adam"
    bits, step = _bits(workload), 0

    def call(n: int) -> float:
        nonlocal step
        loss: float = train(n, step, inputs, targets, block, memories, Hs, Ps, bits, rate, adam)
        step += n
        return loss

    return call


def _sample(workload: Workload) -> Call:
    block, sizes = _block(workload), workload.sizes
    ixes, bits = np.zeros(SAMPLED, np.int64), _bits(workload)
    seeded(SEED)

    def call(n: int) -> Array:
        for _ in range(n):
            sample(block, sizes.V, sizes.H, 0, ixes, bits)
        return ixes

    return call


def _block(workload: Workload) -> Array:
    Wxh, Whh, Why, bh, by = workload.weights().arrays()
    return np.concatenate([Wxh.T.ravel(), Whh.T.ravel(), *(a.ravel() for a in (Why, bh, by))])


def _bits(workload: Workload) -> Array:
    """Return room for the exponents of a row, integers as wide as the reals."""
    width = {"float32": np.int32, "float64": np.int64}[workload.dtype]
    return np.empty(max(workload.sizes.H, workload.sizes.V), width)


@compiled
def split(block, V, H):  # type: ignore[no-untyped-def]
    """Return views of WxhT, WhhT, Why, bh and by."""
    Whh, Why, bh, by = V * H, V * H + H * H, 2 * V * H + H * H, 2 * V * H + H * H + H
    return (
        block[:Whh].reshape(V, H),
        block[Whh:Why].reshape(H, H),
        block[Why:bh].reshape(V, H),
        block[bh:by],
        block[by:],
    )


@compiled
def train(n, step, inputs, targets, block, memories, Hs, Ps, bits, rate, adam):  # type: ignore[no-untyped-def]
    """Train n windows from number `step` on; return the loss of the last."""
    T, B, V = Ps.shape
    H = Hs.shape[2]
    weights, dblock = split(block, V, H), np.zeros_like(block)
    gradients, Whh = split(dblock, V, H), np.empty((H, H), block.dtype)
    before, after = Hs[:T].reshape(T * B, H), Hs[1:].reshape(T * B, H)
    P, dHs = Ps.reshape(T * B, V), np.empty_like(Hs[1:])
    dH = dHs.reshape(T * B, H)
    loss = 0.0
    for i in range(step, step + n):
        x, target = inputs[i % len(inputs)], targets[i % len(inputs)]
        Hs[0] = Hs[T] if i % len(inputs) else np.zeros_like(Hs[0])
        forward(x, weights, Hs, bits)
        np.dot(after, weights[2].T, P)
        loss = softmax(P, weights[4], target.ravel(), B, bits)
        np.dot(P, weights[2], dH)
        Whh[:] = weights[1].T
        backward(Whh, Hs, dHs)
        np.dot(before.T, dH, gradients[1])
        np.dot(P.T, after, gradients[2])
        scatter(x.ravel(), dH, gradients[0])
        column_sums(dH, gradients[3])
        column_sums(P, gradients[4])
        if adam:
            adam_update(block, dblock, memories, rate, i + 1)
            gradients[0][:] = 0
        else:
            sparse_adagrad(x.ravel(), block, dblock, memories[0], rate, V * H, H)
    return loss


@compiled
def forward(x, weights, Hs, bits):  # type: ignore[no-untyped-def]
    WxhT, WhhT, _, bh, _ = weights
    T, B = x.shape
    for t in range(T):
        h = Hs[t + 1]
        product(Hs[t], WhhT, h)
        for b in range(B):
            row = WxhT[x[t, b]]
            for k in range(len(bh)):
                h[b, k] += row[k] + bh[k]
            tanh(h[b], bits)


@compiled
def backward(Whh, Hs, dHs):  # type: ignore[no-untyped-def]
    """From the gradients of the logits alone to those of all that is before the tanh."""
    T, B, H = dHs.shape
    dhnext = np.zeros_like(dHs[0])
    for t in range(T - 1, -1, -1):
        for b in range(B):
            for k in range(H):
                h = Hs[t + 1, b, k]
                dHs[t, b, k] = (1 - h * h) * (dHs[t, b, k] + dhnext[b, k])
        product(dHs[t], Whh, dhnext)


@compiled
def product(a, W, out):  # type: ignore[no-untyped-def]
    """``out = a W``; explicit loops are slower even for one row."""
    if len(a) == 1:
        np.dot(a[0], W, out[0])
    else:
        np.dot(a, W, out)


@compiled
def softmax(P, by, targets, B, bits):  # type: ignore[no-untyped-def]
    """Turn logits less their biases into their gradients; return the loss."""
    loss = 0.0
    for row in range(len(P)):
        p, target = P[row], targets[row]
        greatest = p[0] + by[0]
        for k in range(len(p)):
            p[k] += by[k]
            greatest = max(greatest, p[k])
        loss -= p[target] - greatest
        total = p[0] - p[0]
        for k in range(len(p)):
            p[k] -= greatest
        exp(p, bits)
        for k in range(len(p)):
            total += p[k]
        loss += np.log(total)
        total *= B
        for k in range(len(p)):
            p[k] /= total
        p[target] -= p.dtype.type(1) / p.dtype.type(B)
    return loss / B


@compiled
def exp(x, bits):  # type: ignore[no-untyped-def]
    one, ones = x.dtype.type, bits.dtype.type
    width, bias, limit = (23, 127, one(87)) if x.itemsize == 4 else (52, 1023, one(707))
    scale = bits.view(x.dtype)
    for k in range(len(x)):
        within = min(max(x[k], -limit), limit)
        n = np.floor(within * one(LOG2E) + one(0.5))
        r = within - n * one(LN2)
        p = one(0)
        for coefficient in TAYLOR:
            p = p * r + one(coefficient)
        bits[k] = (ones(n) + ones(bias)) << ones(width)
        x[k] = p
    for k in range(len(x)):
        x[k] *= scale[k]


@compiled
def tanh(x, bits):  # type: ignore[no-untyped-def]
    one = x.dtype.type
    for k in range(len(x)):
        x[k] *= one(2)
    exp(x, bits)
    for k in range(len(x)):
        x[k] = one(1) - one(2) / (x[k] + one(1))


@compiled
def scatter(x, dH, dWxhT):  # type: ignore[no-untyped-def]
    for row in range(len(x)):
        column = dWxhT[x[row]]
        for k in range(len(column)):
            column[k] += dH[row, k]


@compiled
def column_sums(matrix, sums):  # type: ignore[no-untyped-def]
    sums[:] = 0
    for row in range(len(matrix)):
        for k in range(len(sums)):
            sums[k] += matrix[row, k]


@compiled
def sparse_adagrad(x, block, dblock, memory, rate, VH, H):  # type: ignore[no-untyped-def]
    """Update; of WxhT only the rows of characters that were read, whose gradients become zero."""
    adagrad(block[VH:], dblock[VH:], memory[VH:], rate)
    for row in x:  # a second time changes nothing: the gradient is zero by then
        at = slice(row * H, (row + 1) * H)
        adagrad(block[at], dblock[at], memory[at], rate)
        dblock[at] = 0


@compiled
def adagrad(w, d, m, rate):  # type: ignore[no-untyped-def]
    clip, eps = w.dtype.type(CLIP), w.dtype.type(ADAGRAD_EPS)
    for k in range(len(w)):
        clipped = min(max(d[k], -clip), clip)
        m[k] += clipped * clipped
        w[k] -= rate * clipped / np.sqrt(m[k] + eps)


@compiled
def adam_update(w, d, memories, rate, step):  # type: ignore[no-untyped-def]
    one = w.dtype.type
    clip, beta1, beta2 = one(CLIP), one(BETA1), one(BETA2)
    right = np.sqrt(1 - BETA2**step)
    size, eps = one(rate * right / (1 - BETA1**step)), one(ADAM_EPS * right)
    m, v = memories
    for k in range(len(w)):
        clipped = min(max(d[k], -clip), clip)
        m[k] += (one(1) - beta1) * (clipped - m[k])
        v[k] += (one(1) - beta2) * (clipped * clipped - v[k])
        w[k] -= size * m[k] / (np.sqrt(v[k]) + eps)


@numba.njit
def seeded(seed):  # type: ignore[no-untyped-def]
    np.random.seed(seed)  # numba's own generator


@compiled
def sample(block, V, H, ix, ixes, bits):  # type: ignore[no-untyped-def]
    WxhT, WhhT, Why, bh, by = split(block, V, H)
    h, before, y = np.zeros((1, H), block.dtype), np.zeros((1, H), block.dtype), np.empty_like(by)
    for t in range(len(ixes)):
        h, before = before, h
        product(before, WhhT, h)
        for k in range(H):
            h[0, k] += WxhT[ix, k] + bh[k]
        tanh(h[0], bits)
        np.dot(Why, h[0], y)
        y += by
        ix = drawn(y, bits)
        ixes[t] = ix


@compiled
def drawn(y, bits):  # type: ignore[no-untyped-def]
    """Draw an index from the softmax of y, which is overwritten."""
    greatest = y.max()
    total = y[0] - y[0]
    for k in range(len(y)):
        y[k] -= greatest
    exp(y, bits)
    for k in range(len(y)):
        total += y[k]
    left = np.random.random() * total
    for k in range(len(y)):
        left -= y[k]
        if left < 0:
            return k
    return len(y) - 1
