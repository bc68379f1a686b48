"""Step the same parameters down by the same gradients with crnn's optimizers and with PyTorch's,
and print how far apart that leads: the largest difference, relative to the largest parameter.

The learning rate rises for a tenth of the steps and falls along a cosine; gradients are clipped,
and only matrices decay. PyTorch's Adagrad adds its epsilon after the root; begun with memories of
1e-8 and no epsilon it is the notebook's. Needs `pip install '.[peers]'`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import click
import numpy as np
import numpy.typing as npt
import torch
from rich.console import Console
from rich.table import Table

from crnn import core, initial
from crnn.descent import METHODS, Optimizer
from crnn.memory import Buffer

torch.set_num_threads(1)
Array = npt.NDArray[Any]
V, H = 27, 32
RATE, CLIP, MOMENTUM, DECAY_RATE, LEFT = 0.01, 1.5, 0.9, 0.95, 0.1

PEERS: dict[str, Callable[[Any], torch.optim.Optimizer]] = {
    "sgd": lambda groups: torch.optim.SGD(groups, lr=RATE, momentum=MOMENTUM),
    "adagrad": lambda groups: torch.optim.Adagrad(
        groups, lr=RATE, initial_accumulator_value=1e-8, eps=0
    ),
    "rmsprop": lambda groups: torch.optim.RMSprop(groups, lr=RATE, alpha=DECAY_RATE, eps=1e-8),
    "adam": lambda groups: torch.optim.Adam(groups, lr=RATE, eps=1e-8),
    "adamw": lambda groups: torch.optim.AdamW(groups, lr=RATE, eps=1e-8),
}


def arrays_in(net: core.Net, block: Buffer, dtype: str) -> dict[str, Array]:
    """Return what is laid out like the parameters of a net, by name."""
    memory = memoryview(block)
    return {
        name: np.ndarray(shape, dtype, memory, offset, strides)
        for name, (offset, shape, strides) in net.layout().items()
    }


def share(step: int, steps: int) -> float:
    """Return what the schedule leaves of the rate."""
    warmup = steps // 10
    if step < warmup:
        return (step + 1) / warmup
    fallen = (step - warmup) / (steps - warmup)
    return LEFT + (1 - LEFT) * (1 + math.cos(math.pi * fallen)) / 2


def difference(name: str, dtype: str, weight_decay: float, steps: int) -> float:
    """Step both down; return how far apart they are."""
    net = core.Net(V, H, dtype == "float64")
    initial.draw_weights(net, np.random.PCG64(1), "orthogonal")
    rule = Optimizer(
        name, learning_rate=RATE, clip=CLIP, weight_decay=weight_decay, momentum=MOMENTUM,
        decay_rate=DECAY_RATE, schedule="cosine", warmup=steps // 10, final_rate=LEFT, steps=steps,
    )  # fmt: skip
    block = Buffer(memoryview(net.block).nbytes)
    weights, gradients = arrays_in(net, net.block, dtype), arrays_in(net, block, dtype)
    theirs = {name: torch.tensor(np.array(w), requires_grad=True) for name, w in weights.items()}
    peer = PEERS[name](
        [
            {"params": [w], "weight_decay": weight_decay * ("W" in name)}
            for name, w in theirs.items()
        ]
    )
    rng = np.random.default_rng(2)
    for step in range(steps):
        for parameter, d in gradients.items():
            d[...] = rng.standard_normal(d.shape) * 10.0 ** rng.integers(-3, 1)
            theirs[parameter].grad = torch.tensor(np.array(d)).clamp(-CLIP, CLIP)
        for group in peer.param_groups:
            group["lr"] = RATE * share(step, steps)
        rule.step(net, block, step)
        peer.step()
    pairs = [(w, theirs[name].detach().numpy()) for name, w in weights.items()]
    return max(float(np.abs(w - other).max() / np.abs(other).max()) for w, other in pairs)


@click.command(help=__doc__, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--steps", default=1000, show_default=True, help="Steps of each.")
def main(steps: int) -> None:
    table = Table(title=f"crnn beside PyTorch {torch.__version__} after {steps} steps")
    for title in ("optimizer", "weight decay", "float32", "float64"):
        table.add_column(title, justify="left" if title == "optimizer" else "right")
    for name in METHODS:
        for weight_decay in (0.0, 0.1):
            apart = [
                difference(name, dtype, weight_decay, steps) for dtype in ("float32", "float64")
            ]
            table.add_row(name, f"{weight_decay}", *(f"{value:.1e}" for value in apart))
    Console().print(table)


if __name__ == "__main__":
    main()
