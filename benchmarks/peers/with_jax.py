"""JAX as it is mostly used: one compiled function a window, called from Python.

Gradients are JAX's own, through a scan over the steps. Streams are rows, and Wxh, Whh and Why stand
transposed.
"""

from __future__ import annotations

from functools import partial
from itertools import cycle
from typing import Any, TypeAlias

import jax
import jax.numpy as jnp
from jax import lax
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

Arrays: TypeAlias = tuple[Any, ...]

jax.config.update("jax_enable_x64", True)


def version() -> str:
    return f"JAX {jax.__version__}, a window a call"


def work(workload: Workload) -> Call:
    return of_a_framework(workload, _train, _sample)


def transposed(workload: Workload) -> Arrays:
    """Return WxhT, WhhT, WhyT, bh and by."""
    Wxh, Whh, Why, bh, by = workload.weights().arrays()
    return tuple(map(jnp.array, (Wxh.T, Whh.T, Why.T, bh.ravel(), by.ravel())))


def _train(workload: Workload) -> Call:
    windows = list(zip(*workload.windows(), strict=True))
    zero = jnp.zeros((workload.sizes.B, workload.sizes.H), workload.dtype)
    params = transposed(workload)
    memories = tuple(tuple(map(jnp.zeros_like, params)) for _ in range(2))
    update = partial(update_of(workload.optimizer), rate=workload.learning_rate)

    @partial(jax.jit, donate_argnums=(0, 1, 2))
    def step(params: Arrays, memories: Any, h: Any, number: Any, x: Any, target: Any) -> Arrays:
        (loss, h), gradients = jax.value_and_grad(_loss, has_aux=True)(params, h, x, target)
        params, memories = update(params, gradients, memories, number)
        return params, memories, h, number + 1, loss

    state = (params, memories, zero, jnp.asarray(1, workload.dtype))
    at = cycle(range(len(windows)))

    def call(n: int) -> float:
        nonlocal state
        for _, i in zip(range(n), at, strict=False):
            if i == 0:
                state = (*state[:2], jnp.zeros_like(zero), state[3])
            *now, loss = step(*state, *windows[i])
            state = tuple(now)
        return float(loss)

    return call


def _loss(params: Arrays, h: Any, x: Any, target: Any) -> tuple[Any, Any]:
    """Return the loss, averaged over streams, and the last hidden state."""
    WxhT, WhhT, WhyT, bh, by = params

    def step(h: Any, x: Any) -> tuple[Any, Any]:
        h = jnp.tanh(WxhT[x] + h @ WhhT + bh)
        return h, h

    last, hs = lax.scan(step, h, x)
    logp = jax.nn.log_softmax(hs @ WhyT + by)
    right = jnp.take_along_axis(logp, target[..., None], axis=-1)
    return -right.sum() / x.shape[1], last


def update_of(optimizer: str) -> Any:
    """Return ``update(params, gradients, memories, number, rate) -> params, memories``."""
    return {"adagrad": _adagrad, "adam": _adam}[optimizer]


def _adagrad(params: Arrays, gradients: Arrays, memories: Any, number: Any, rate: float) -> Any:
    ds = [jnp.clip(d, -CLIP, CLIP) for d in gradients]
    memory = tuple(m + d * d for m, d in zip(memories[0], ds, strict=True))
    moved = zip(params, ds, memory, strict=True)
    return tuple(w - rate * d / jnp.sqrt(m + ADAGRAD_EPS) for w, d, m in moved), (memory, ())


def _adam(params: Arrays, gradients: Arrays, memories: Any, number: Any, rate: float) -> Any:
    ds = [jnp.clip(d, -CLIP, CLIP) for d in gradients]
    first = tuple(BETA1 * m + (1 - BETA1) * d for m, d in zip(memories[0], ds, strict=True))
    second = tuple(BETA2 * v + (1 - BETA2) * d * d for v, d in zip(memories[1], ds, strict=True))
    right = jnp.sqrt(1 - BETA2**number)
    size, eps = rate * right / (1 - BETA1**number), ADAM_EPS * right
    moved = zip(params, first, second, strict=True)
    return tuple(w - size * m / (jnp.sqrt(v) + eps) for w, m, v in moved), (first, second)


def _sample(workload: Workload) -> Call:
    params = transposed(workload)
    h = jnp.zeros(workload.sizes.H, workload.dtype)
    keys = map(jax.random.key, range(SEED, 1 << 62))

    @jax.jit
    def draw(params: Arrays, h: Any, key: Any) -> Any:
        WxhT, WhhT, WhyT, bh, by = params

        def step(state: Any, uniform: Any) -> Any:
            h, ix = state
            h = jnp.tanh(WxhT[ix] + h @ WhhT + bh)
            y = h @ WhyT + by
            sums = jnp.cumsum(jnp.exp(y - y.max()))
            ix = jnp.minimum((sums <= uniform * sums[-1]).sum(), len(y) - 1)
            return (h, ix), ix

        uniforms = jax.random.uniform(key, (SAMPLED,), h.dtype)
        return lax.scan(step, (h, jnp.asarray(0)), uniforms)[1]

    def call(n: int) -> Any:
        for _ in range(n):
            ixes = draw(params, h, next(keys)).block_until_ready()
        return ixes

    return call
