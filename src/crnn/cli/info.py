"""``crnn info``: what is in a file that crnn saved."""

from __future__ import annotations

import json
import math
from typing import Any

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from crnn.analysis.card import QualityCard, card_of
from crnn.cli.card import show_card
from crnn.cli.inputs import STANDARD_INPUT, contents_of
from crnn.cli.notes import Notes, waiting
from crnn.cli.options import in_options
from crnn.cli.output import in_terminal, write
from crnn.cli.program import HELP_NAMES, explained
from crnn.cli.quantities import file_size, loss_in_units, val_loss_in_units
from crnn.cli.texts import Texts, reading_of
from crnn.cli.visible import visible
from crnn.model import PARAMETERS, RNN, described_by
from crnn.record import Record, read_record
from crnn.saved import Saved
from crnn.seeding import seed_to_json
from crnn.trainer import Trainer
from crnn.training import bits_per_char

__all__ = ["command"]

_LABEL_WIDTH = 14
_SHOWN = {"hidden_size", "dtype", "steps"}


@click.command("info", context_settings=HELP_NAMES, short_help="Show what is in a model's file.")
@click.argument("model", type=click.Path())
@click.argument("texts", metavar="[TEXT]...", nargs=-1, type=click.Path())
@click.option(
    "--glob",
    default="*",
    show_default=True,
    metavar="PATTERN",
    help="Which files of a folder are read, as in the training.",
)
@click.option(
    "--val-file",
    "val_files",
    type=click.Path(),
    metavar="FILE",
    multiple=True,
    help="What it was validated on, if that was a text of its own.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of a table.")
def command(
    model: str, texts: tuple[str, ...], glob: str, val_files: tuple[str, ...], as_json: bool
) -> None:
    """Show what is in MODEL, a file that crnn saved; - is standard input.

    The file is verified first: one that is damaged is an error.

    With the TEXT that it was trained on, the quality card follows: its bits per character of the
    validation part beside those of models that only count and of compressors, and whether its
    samples copy the text.
    """
    if val_files and not texts:
        raise click.UsageError("--val-file is for the quality card: give the TEXT, too")
    if texts and model == STANDARD_INPUT:
        raise click.UsageError("the quality card needs MODEL as a file, not standard input")
    with in_options(), explained():
        facts = _facts(model)
        if texts and facts["training"] is None:
            raise ValueError(
                f"{model!r} holds no training whose quality TEXT could show: leave it out"
            )
        card = _card(model, texts, val_files, glob) if texts else None
    if as_json:
        facts |= {"card": card.to_dict()} if card is not None else {}
        write(json.dumps(facts, indent=2, allow_nan=False) + "\n")
        return
    _print(_rows(facts))
    if card is not None:
        write("\n")
        show_card(card)


def _card(path: str, texts: tuple[str, ...], val_files: tuple[str, ...], glob: str) -> QualityCard:
    """Return the card of the training in a file, on the texts of that training."""
    saved = Saved.read(path)
    record = saved.record
    if not record.settings.val_fraction and record.material["validation"] is None:
        raise ValueError(
            f"{path!r} was trained with nothing held back to measure it on: leave TEXT out, or "
            "train with --val-fraction or --val-file"
        )
    if record.material["validation"] is not None and not val_files:
        raise ValueError(
            f"{path!r} was validated on a text of its own: name it with --val-file, too"
        )
    reader = Texts(reading_of(record.settings, glob), Notes(quiet=True))
    corpus = reader.read(texts, saved.model.vocab)
    validation = reader.read(val_files, saved.model.vocab) if val_files else None
    with waiting("Holding the model against others"):
        trainer = Trainer.from_saved(saved, corpus, val_text=validation)
        return card_of(trainer, trainer.validate())


def _facts(path: str) -> dict[str, Any]:
    """Return everything there is to say about a file, as JSON holds it."""
    contents = contents_of(path)
    with described_by(path, "a model"):
        model = RNN._restored(contents.tensors, contents.header)
    with described_by(path, "a training"):
        record = read_record(contents.header)
    return {
        "file": path,
        "bytes": contents.size,
        "kind": "model" if record is None else "training checkpoint",
        "version": contents.version,
        "format": contents.format,
        "contract": contents.contract,
        "sha256": contents.sha256,
        "fingerprint": model.fingerprint,
        "vocabulary_size": len(model.vocab),
        "vocabulary": model.vocab.chars,
        "hidden_size": model.hidden_size,
        "dtype": model.dtype.name,
        "parameters": sum(getattr(model, name).size for name in PARAMETERS),
        "weights_seed": None if model.seed is None else seed_to_json(model.seed),
        "training": None if record is None else _training_facts(record),
    }


def _training_facts(record: Record) -> dict[str, Any]:
    loss = record.smooth_loss if math.isfinite(record.smooth_loss) else None
    seq_length, progress = record.settings.seq_length, record.progress
    return {
        "step": record.step,
        "smooth_loss": loss,
        "bits_per_char": None if loss is None else bits_per_char(loss, seq_length),
        "settings": _settings_of(record),
        "seed": seed_to_json(record.seed),
        "total": record.total,
        "best_val_loss": None if math.isinf(progress.best_loss) else progress.best_loss,
        "best_step": progress.best_step,
        **record.material,
    }


def _settings_of(record: Record) -> dict[str, Any]:
    """Return the settings that a file holds: any number of threads gives the same file."""
    settings = record.settings.to_dict()
    del settings["threads"]
    return settings


def _print(rows: list[tuple[str, str]]) -> None:
    """Print labels and values, folded only for somebody who looks."""
    if not in_terminal():
        write("".join(f"{label:<{_LABEL_WIDTH}}{value}\n" for label, value in rows))
        return
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(style="dim", no_wrap=True, width=_LABEL_WIDTH - 2)
    table.add_column(overflow="fold")
    for label, value in rows:
        table.add_row(label, Text(value))
    Console(highlight=False).print(table)


def _rows(facts: dict[str, Any]) -> list[tuple[str, str]]:
    rows = [
        ("file", f"{visible(facts['file'])} ({file_size(facts['bytes'])})"),
        ("holds", f"a {facts['kind']}"),
        ("written by", f"crnn {facts['version']}, contract {facts['contract']}"),
        ("checksum", f"ok, sha256 {facts['sha256']}"),
        ("fingerprint", f"{facts['fingerprint']} of the model alone"),
        ("hidden size", f"{facts['hidden_size']:,}"),
        ("parameters", f"{facts['parameters']:,} of {facts['dtype']}"),
        ("weights seed", _seed(facts["weights_seed"])),
    ]
    if facts["training"] is not None:
        rows += _training_rows(facts["training"])
    rows.append(("vocabulary", f"{facts['vocabulary_size']:,} characters"))
    rows.append(("", visible(facts["vocabulary"], keep="").replace(" ", "␠")))
    return rows


def _training_rows(training: dict[str, Any]) -> list[tuple[str, str]]:
    settings = training["settings"]
    if training["smooth_loss"] is None:
        loss = "not a number"
    else:
        loss = ", ".join(loss_in_units(training["smooth_loss"], settings["seq_length"]))
    text = training["text"]
    chosen = [f"{name} {value}" for name, value in settings.items() if name not in _SHOWN]
    total = "as many as its time allows" if training["total"] is None else f"{training['total']:,}"
    rows = [
        ("trained", f"{training['step']:,} of {total} windows"),
        ("smooth loss", loss),
    ]
    if training["best_val_loss"] is not None:
        best = val_loss_in_units(training["best_val_loss"])
        rows.append(("validation", f"{best}, after {training['best_step']:,} windows"))
    return [
        *rows,
        ("settings", ", ".join(chosen)),
        ("seed", _seed(training["seed"])),
        ("text", f"{text['characters']:,} characters, fingerprint {text['sha256'][:16]}"),
    ]


def _seed(seed: dict[str, Any] | None) -> str:
    """Return a seed as it was given, as far as that is one number."""
    if seed is None:
        return "none, the weights came from elsewhere"
    entropy, spawn_key = seed["entropy"], seed["spawn_key"]
    plain = str(int(entropy, 16)) if isinstance(entropy, str) else ", ".join(entropy)
    return f"{plain}, spawn key {spawn_key}" if spawn_key else plain
