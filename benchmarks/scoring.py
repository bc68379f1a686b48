"""How fast known texts are scored: crnn beside PyTorch, on one core; and many texts on two.

\b
python benchmarks/scoring.py TEXT            for instance tinyshakespeare
python benchmarks/scoring.py TEXT --json s.json

A model of H units in float32 reads the whole text. PyTorch's nn.RNN does so in one call over a
one-hot matrix, then nn.Linear, log_softmax and gather; and, as programs that sample have it, in a
Python loop with one call a character, of which the first characters are timed. Both compute the
surprise of each character; crnn its rank and the entropy of the prediction too. Rounds of all of
them take turns, and medians are shown.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import numpy as np
from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).parent))

import machine

import crnn

ONE_BY_ONE = 20_000  # characters of the Python loop
LINE = 80  # characters of each of many texts

Work = Callable[[], Any]


def torch_works(model: crnn.RNN, text: str) -> dict[str, tuple[Work, int]]:
    """Return PyTorch's two ways, and how many characters each reads."""
    import torch

    torch.set_num_threads(1)
    V, H = len(model.vocab), model.hidden_size
    x = torch.from_numpy(model.vocab.encode(text).astype(np.int64))
    rnn, head = torch.nn.RNN(V, H), torch.nn.Linear(H, V)
    with torch.no_grad():
        for mine, theirs in (
            (model.Wxh, rnn.weight_ih_l0),
            (model.Whh, rnn.weight_hh_l0),
            (model.bh[:, 0], rnn.bias_ih_l0),
            (np.zeros(H, np.float32), rnn.bias_hh_l0),
            (model.Why, head.weight),
            (model.by[:, 0], head.bias),
        ):
            theirs.copy_(torch.from_numpy(np.ascontiguousarray(mine)))

    def one_call() -> Any:
        with torch.inference_mode():
            states, _ = rnn(torch.nn.functional.one_hot(x[:-1], V).float()[:, None])
            logprobs = torch.log_softmax(head(states[:, 0]), -1)
            return -logprobs.gather(1, x[1:, None])[:, 0].numpy()

    def one_by_one() -> Any:
        nats, h = [], torch.zeros(1, 1, H)
        with torch.inference_mode():
            one_hot = torch.eye(V)[:, None, None]
            for t in range(ONE_BY_ONE):
                out, h = rnn(one_hot[x[t]], h)
                nats.append(-torch.log_softmax(head(out[0, 0]), -1)[x[t + 1]].item())
        return np.array(nats)

    return {
        "PyTorch, one call": (one_call, len(x) - 1),
        "PyTorch, a call a character": (one_by_one, ONE_BY_ONE),
    }


def works(model: crnn.RNN, text: str) -> dict[str, tuple[Work, int]]:
    """Return what is timed, and how many characters each reads."""
    lines = [text[i : i + LINE] for i in range(0, len(text), LINE)]
    mine: dict[str, tuple[Work, int]] = {
        "score": (lambda: model.score(text).nats[1:], len(text)),
        "score_many, 1 thread": (lambda: model.score_many(lines), len(text)),
        "score_many, 2 threads": (lambda: model.score_many(lines, threads=2), len(text)),
        "hidden": (lambda: model.hidden(text[:ONE_BY_ONE]), ONE_BY_ONE),
        "embed": (lambda: model.embed(lines), len(text)),
    }
    return mine | torch_works(model, text)


def check_agreement(chosen: dict[str, tuple[Work, int]]) -> None:
    """Raise an error unless all compute the same numbers."""
    nats = chosen["score"][0]()
    for name in ("PyTorch, one call", "PyTorch, a call a character"):
        theirs = chosen[name][0]()
        np.testing.assert_allclose(theirs, nats[: len(theirs)], rtol=1e-3, atol=1e-4)


def measured(chosen: dict[str, tuple[Work, int]], rounds: int, core: int) -> dict[str, float]:
    """Return the median microseconds a character of each; all but two threads on one core."""
    every = os.sched_getaffinity(0)
    times: dict[str, list[float]] = {name: [] for name in chosen}
    for turn in range(rounds):
        for name, (work, characters) in chosen.items():
            Console(stderr=True).print(f"round {turn + 1} of {rounds}: {name}", style="dim")
            os.sched_setaffinity(0, every if "2 threads" in name else {core})
            begin = time.perf_counter()
            work()
            times[name].append((time.perf_counter() - begin) / characters * 1e6)
    os.sched_setaffinity(0, every)
    return {name: statistics.median(samples) for name, samples in times.items()}


def ratios(us: dict[str, float]) -> dict[str, float]:
    """Return how many times faster crnn is."""
    return {
        "score, than PyTorch in one call": us["PyTorch, one call"] / us["score"],
        "score, than PyTorch character by character": us["PyTorch, a call a character"]
        / us["score"],
        "score_many, two threads than one": us["score_many, 1 thread"]
        / us["score_many, 2 threads"],
    }


@click.command(help=__doc__, context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("path", metavar="TEXT", type=click.Path(exists=True))
@click.option("--hidden-size", default=256, show_default=True)
@click.option("--rounds", default=3, show_default=True, help="Of which medians are taken.")
@click.option("--core", type=int, help="Core to pin to.  [default: the last one allowed]")
@click.option("--json", "to", type=click.Path(), help="Write all figures to this file.")
def main(path: str, hidden_size: int, rounds: int, core: int | None, to: str | None) -> None:
    text = Path(path).read_text("utf-8")
    core = machine.last_core() if core is None else core
    model = crnn.RNN(crnn.Vocab.from_text(text), hidden_size, seed=1, init="orthogonal")
    chosen = works(model, text)
    check_agreement(chosen)
    us = measured(chosen, rounds, core)
    table = Table(title=f"H={hidden_size} V={len(model.vocab)} float32, {len(text):,} characters")
    for column in ("", "us a character"):
        table.add_column(column, justify="right" if column else "left")
    for name, number in us.items():
        table.add_row(name, f"{number:.2f}")
    for name, number in ratios(us).items():
        table.add_row(f"times as fast: {name}", f"{number:.2f}")
    Console().print(table)
    if to is not None:
        report = {"machine": machine.described(core), "microseconds": us, "ratios": ratios(us)}
        Path(to).write_text(json.dumps(report, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
