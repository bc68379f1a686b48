"""PyTorch: nn.RNN, nn.Linear, autograd, and the optimizers of torch.optim."""

from __future__ import annotations

from itertools import cycle
from typing import Any

import torch
from torch import nn
from torch.nn import functional
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

torch.set_num_threads(1)


def version() -> str:
    return f"PyTorch {torch.__version__}"


def work(workload: Workload) -> Call:
    return of_a_framework(workload, _train, _sample)


def _train(workload: Workload) -> Call:
    rnn, output = _network(workload)
    learned = [w for w in (*rnn.parameters(), *output.parameters()) if w.requires_grad]
    optimizer = _optimizer(workload, learned)
    inputs, targets = (torch.from_numpy(ixes).long() for ixes in workload.windows())
    one_hot = torch.eye(workload.sizes.V, dtype=output.weight.dtype)
    h = torch.zeros(1, workload.sizes.B, workload.sizes.H, dtype=output.weight.dtype)
    at = cycle(range(len(inputs)))

    def call(n: int) -> float:
        nonlocal h
        for _, i in zip(range(n), at, strict=False):
            h = h.detach() if i else torch.zeros_like(h)
            hs, h = rnn(one_hot[inputs[i]], h)
            y, target = output(hs).flatten(0, 1), targets[i].flatten()
            loss = functional.cross_entropy(y, target, reduction="sum") / workload.sizes.B
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_value_(learned, CLIP)
            optimizer.step()
        return float(loss.detach())

    return call


def _network(workload: Workload) -> tuple[Any, Any]:
    Wxh, Whh, Why, bh, by = map(torch.from_numpy, workload.weights().arrays())
    sizes = workload.sizes
    rnn = nn.RNN(sizes.V, sizes.H, dtype=Wxh.dtype)
    output = nn.Linear(sizes.H, sizes.V, dtype=Wxh.dtype)
    rnn.bias_hh_l0.requires_grad_(False)  # it has two biases; one stays zero
    places = (rnn.weight_ih_l0, rnn.weight_hh_l0, output.weight, rnn.bias_ih_l0, output.bias)
    with torch.no_grad():
        rnn.bias_hh_l0.zero_()
        for place, w in zip(places, (Wxh, Whh, Why, bh, by), strict=True):
            place.copy_(w.reshape(place.shape))
    return rnn, output


def _optimizer(workload: Workload, learned: list[Any]) -> Any:
    rate = workload.learning_rate
    if workload.optimizer == "adam":
        return torch.optim.Adam(learned, rate, (BETA1, BETA2), ADAM_EPS, fused=True)
    # The notebook's epsilon is under the root, theirs beside it.
    return torch.optim.Adagrad(
        learned, rate, initial_accumulator_value=ADAGRAD_EPS, eps=0.0, fused=True
    )


def _sample(workload: Workload) -> Call:
    Wxh, Whh, Why, bh, by = map(torch.from_numpy, workload.weights().arrays())
    drive, by = Wxh.T + bh.ravel(), by.ravel()
    first = torch.zeros_like(bh.ravel())
    torch.manual_seed(SEED)

    @torch.inference_mode()
    def call(n: int) -> Any:
        for _ in range(n):
            h, ix, ixes = first, 0, []
            for _ in range(SAMPLED):
                h = torch.addmv(drive[ix], Whh, h).tanh_()
                p = torch.addmv(by, Why, h).softmax(0)
                ix = int(torch.multinomial(p, 1))
                ixes.append(ix)
        return ixes

    drawing: Call = call
    return drawing
