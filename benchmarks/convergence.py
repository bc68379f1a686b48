"""Train the notebook's operations in NumPy and crnn on one text, several starts each, and compare
the smooth losses at some iterations: medians and spreads, nats per window.

Training is chaotic at the reference's learning rate: single runs differ by up to a fifth, so
medians are compared. The notebook takes some two minutes for each of its starts.
"""

from __future__ import annotations

import os
import statistics
import sys
from pathlib import Path

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(variable, "1")  # before NumPy is imported
sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))  # the oracle

import click  # noqa: E402
import numpy as np  # noqa: E402
from oracle import notebook  # noqa: E402
from rich.console import Console  # noqa: E402
from rich.progress import track  # noqa: E402
from rich.table import Table  # noqa: E402

import crnn  # noqa: E402
from crnn.corpus import Reading, default_text, read_corpus  # noqa: E402

HIDDEN_SIZE = 100
Losses = dict[int, float]  # by iteration


def first_weights(vocab: crnn.Vocab, start: int) -> notebook.Parameters:
    """Return the same weights for every program."""
    return notebook.init(len(vocab), HIDDEN_SIZE, np.random.default_rng(start))


def notebook_losses(vocab: crnn.Vocab, text: str, marks: list[int], start: int) -> Losses:
    """Train the notebook's operations in float64 from one start."""
    params = first_weights(vocab, start)
    history, _ = notebook.train(params, vocab.encode(text).tolist(), max(marks) + 1)
    return {mark: float(history[mark]) for mark in marks}


def crnn_losses(vocab: crnn.Vocab, text: str, marks: list[int], start: int, dtype: str) -> Losses:
    """Train crnn from one start."""
    arrays = [array.astype(dtype) for array in first_weights(vocab, start).arrays()]
    model = crnn.RNN.from_arrays(vocab, *arrays)
    trainer = crnn.Trainer(model, text, sample_every=0)
    losses = {}
    for mark in marks:
        trainer.train(mark + 1 - trainer.step)
        losses[mark] = trainer.smooth_loss
    return losses


@click.command(help=__doc__, context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("path", metavar="[TEXT]", required=False)
@click.option("--starts", default=7, show_default=True, help="Starts of each program.")
@click.option("--marks", default="1000,10000,100000", show_default=True, help="Iterations.")
def main(path: str | None, starts: int, marks: str) -> None:
    text = default_text() if path is None else read_corpus([path], Reading()).text()
    vocab = crnn.Vocab.from_text(text)
    at = sorted(int(mark) for mark in marks.split(","))
    runs: dict[str, list[Losses]] = {"NumPy float64": [], "crnn float64": [], "crnn float32": []}
    for start in track(range(starts), "starts", console=Console(stderr=True)):
        runs["NumPy float64"].append(notebook_losses(vocab, text, at, start))
        runs["crnn float64"].append(crnn_losses(vocab, text, at, start, "float64"))
        runs["crnn float32"].append(crnn_losses(vocab, text, at, start, "float32"))
    Console().print(_table(runs, at, f"{len(text):,} characters, {len(vocab)} distinct"))


def _table(runs: dict[str, list[Losses]], marks: list[int], title: str) -> Table:
    table = Table(title=f"smooth loss, nats per window: median (min to max); {title}")
    table.add_column("program")
    for mark in marks:
        table.add_column(f"iteration {mark:,}", justify="right")
    for program, all_losses in runs.items():
        cells = []
        for mark in marks:
            losses = [run[mark] for run in all_losses]
            median = statistics.median(losses)
            cells.append(f"{median:.2f} ({min(losses):.2f} to {max(losses):.2f})")
        table.add_row(program, *cells)
    return table


if __name__ == "__main__":
    main()
