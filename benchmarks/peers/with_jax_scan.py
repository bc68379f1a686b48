"""JAX at its best here: all windows of a call in one compiled loop, with the backward pass by hand.

Products that do not wait for the step before are made once for the whole window. Python is left
once a call, not once a window.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax
from workloads import Call, NotDoneError, Workload

from peers.with_jax import Arrays, transposed, update_of


def version() -> str:
    return f"JAX {jax.__version__}, one loop"


def work(workload: Workload) -> Call:
    if workload.name not in ("window", "batched", "batched_adam"):
        raise NotDoneError(f"no {workload.name}: it is with_jax's, one loop too")
    inputs, targets = map(jnp.asarray, workload.windows())
    params = transposed(workload)
    memories = tuple(tuple(map(jnp.zeros_like, params)) for _ in range(2))
    h = jnp.zeros((workload.sizes.B, workload.sizes.H), workload.dtype)
    update = partial(update_of(workload.optimizer), rate=workload.learning_rate)

    @partial(jax.jit, donate_argnums=0)
    def train(state: Any, inputs: Any, targets: Any, first: Any, n: Any) -> Any:
        def window(i: Any, state: Any) -> Any:
            params, memories, h, _ = state
            at = i % len(inputs)
            h = jnp.where(at == 0, 0, h)
            loss, gradients, h = _loss_and_gradients(params, inputs[at], targets[at], h)
            return *update(params, gradients, memories, (i + 1).astype(h.dtype)), h, loss

        return lax.fori_loop(first, first + n, window, state)

    if workload.optimizer == "adagrad":
        memories = (memories[0], ())
    state, step = (params, memories, h, jnp.zeros((), workload.dtype)), 0

    def call(n: int) -> float:
        nonlocal state, step
        state = train(state, inputs, targets, step, n)
        step += n
        return float(state[-1])

    return call


def _loss_and_gradients(params: Arrays, x: Any, target: Any, hprev: Any) -> tuple[Any, Arrays, Any]:
    """Return loss, gradients of the parameters and the last hidden state."""
    WxhT, WhhT, WhyT, bh, by = params
    (T, B), H = x.shape, len(bh)

    def forward(h: Any, drive: Any) -> tuple[Any, Any]:
        h = jnp.tanh(drive + h @ WhhT)
        return h, h

    last, hs = lax.scan(forward, hprev, WxhT[x] + bh)
    y = hs.reshape(T * B, H) @ WhyT + by
    y = y - y.max(axis=1, keepdims=True)
    rows, right = jnp.arange(T * B), target.ravel()
    e = jnp.exp(y)
    total = e.sum(axis=1, keepdims=True)
    loss = (jnp.log(total).sum() - y[rows, right].sum()) / B
    dy = (e / total).at[rows, right].add(-1) / B

    def backward(dhnext: Any, of: Any) -> tuple[Any, Any]:
        h, dh = of
        dhraw = (1 - h * h) * (dh + dhnext)
        return dhraw @ WhhT.T, dhraw

    dhs = (dy @ WhyT.T).reshape(T, B, H)
    _, dhraw = lax.scan(backward, jnp.zeros_like(hprev), (hs, dhs), reverse=True)
    before = jnp.concatenate([hprev[None], hs[:-1]]).reshape(T * B, H)
    after, dhraw = hs.reshape(T * B, H), dhraw.reshape(T * B, H)
    dWxhT = jnp.zeros_like(WxhT).at[x.ravel()].add(dhraw)
    gradients = (dWxhT, before.T @ dhraw, after.T @ dy, dhraw.sum(axis=0), dy.sum(axis=0))
    return loss, gradients, last
