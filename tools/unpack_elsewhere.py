"""Pack a text here and unpack it by `csrc/tests/unpack.c`, which may run on another processor.

cmake -S . -B build/c -DCRNN_PYTHON=OFF -DCRNN_TESTS=ON && cmake --build build/c --target unpack
python tools/unpack_elsewhere.py -- build/c/csrc/tests/unpack portable
python tools/unpack_elsewhere.py -- qemu-aarch64 build/aarch64/csrc/tests/unpack
"""

from __future__ import annotations

import subprocess

import click
import numpy as np

import crnn
from crnn.codec.alphabet import Alphabet
from crnn.coding import Encoder
from crnn.core import PARAMETERS

TEXT = "to be, or not to be: that is the question.\n"
STRANGE = "\N{CYRILLIC SMALL LETTER ZHE} \udc80\N{SMILING FACE WITH OPEN MOUTH}"


def trained_model(hidden_size: int) -> crnn.RNN:
    """Return a model that knows the text but for what is strange in it."""
    model = crnn.RNN(crnn.Vocab.from_text(TEXT), hidden_size=hidden_size, seed=1)
    crnn.Trainer(model, TEXT * 50, seed=1).train(500)
    return model


def case_of(model: crnn.RNN, events: int, payload: bytes) -> str:
    """Return what the program reads."""
    arrays = [np.ascontiguousarray(getattr(model, name)).reshape(-1) for name in PARAMETERS]
    bits = np.concatenate(arrays).view(np.uint32).tolist()
    sizes = f"{len(model.vocab)} {model.hidden_size} {events} {len(payload)}"
    return "\n".join(
        [sizes, *(f"{word:08x}" for word in bits), *(f"{byte:02x}" for byte in payload)]
    )


@click.command()
@click.argument("command", nargs=-1, required=True)
@click.option("--hidden-size", default=100, show_default=True)
@click.option("--repeat", default=200, show_default=True, help="How often the text is packed.")
def main(command: tuple[str, ...], hidden_size: int, repeat: int) -> None:
    """Compare what COMMAND unpacks with what was packed."""
    model = trained_model(hidden_size)
    data = ((TEXT * 9 + STRANGE) * (repeat // 10 + 1)).encode("utf-8", "surrogateescape")
    events = Alphabet(model.vocab, "utf-8").events(data).indices
    encoder = Encoder(model._net)
    encoder.begin(events)
    encoder.run(len(events))
    payload = encoder.end()
    done = subprocess.run(
        command,
        input=case_of(model, len(events), payload),
        capture_output=True,
        text=True,
        check=True,
    )
    if [int(line) for line in done.stdout.split()] != events.tolist():
        raise SystemExit("what was unpacked is not what was packed")
    print(f"{len(data):,} bytes, packed into {len(payload):,} by {crnn.isa()}: unpacked exactly")


if __name__ == "__main__":
    main()
