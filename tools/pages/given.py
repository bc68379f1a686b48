"""What the pages take for granted: files in the current folder, and names."""

from __future__ import annotations

import copy
import gzip
import io
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd

import crnn
from crnn import codec
from crnn.core import PARAMETERS
from pages.blocks import ROOT

LINES = [f"KING {name}:\nWhat is the question # {n}?\n" for n, name in enumerate("abcdefgh")]
TEXT = (
    "The quick brown fox jumps over the lazy dog. Hello, world\n"
    "to be, or not to bee abc\n"
    + "".join(LINES)
    + "0123456789 2026-11-26 10:31 request http://www.example served\n"
)


def trained_model() -> crnn.RNN:
    """Return a model that has seen the text of the files."""
    model = crnn.RNN(crnn.Vocab.from_text(TEXT), hidden_size=16, seed=1)
    crnn.Trainer(model, TEXT * 3, learning_rate=0.1).train(300)
    return model


def make_files(model: crnn.RNN) -> None:
    """Write the files that pages speak of into the current folder."""
    for name in ("model.safetensors", "log.safetensors"):
        model.save(name)
    for name in ("question.txt", "letter.txt", "app.log", "a.txt"):
        Path(name).write_text(TEXT, "utf-8")
    Path("book.txt").write_text(TEXT * 5, "utf-8")
    Path("logs.gz").write_bytes(gzip.compress(TEXT.encode() * 5))
    Path("more").mkdir()
    Path("more/chapter.txt.gz").write_bytes(gzip.compress(TEXT.encode()))
    shutil.copy(ROOT / "examples" / "romeo.txt", ".")


def of_scoring(model: crnn.RNN) -> dict[str, Any]:
    names = {"lines": LINES, "texts": LINES, "pieces": LINES}
    return {"model": model, "text": TEXT, "frame": pd.DataFrame({"code": LINES * 3}), **names}


def of_compression(model: crnn.RNN) -> dict[str, Any]:
    packed = io.BytesIO()
    codec.pack(model, io.BytesIO(TEXT.encode()), packed)
    packed.seek(0)
    files = {"source": io.BytesIO(TEXT.encode()), "target": io.BytesIO()}
    return {
        "model": model, "text": TEXT, **files, "packed_file": packed, "unpacked_file": io.BytesIO()
    }  # fmt: skip


def of_log(model: crnn.RNN) -> dict[str, Any]:
    return {"trainer": crnn.Trainer(model, TEXT)}


def of_the_front_page(model: crnn.RNN) -> dict[str, Any]:
    return {name: getattr(model, name).copy() for name in PARAMETERS}


NAMES: dict[str, Callable[[crnn.RNN], dict[str, Any]]] = {
    "docs/index.md": of_the_front_page,
    "docs/howto/scoring.md": of_scoring,
    "docs/howto/states.md": lambda model: {"model": model},
    "docs/howto/threads.md": lambda model: {"model": model, "text": TEXT},
    "docs/howto/compression.md": of_compression,
    "docs/reference/log.md": of_log,
}
"""The pages whose Python takes names for granted; that of others is whole."""


def names_of(page: str, model: crnn.RNN) -> dict[str, Any]:
    """Return what the Python of a page takes for granted, and may change."""
    return NAMES[page](copy.copy(model)) if page in NAMES else {}
