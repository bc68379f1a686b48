"""Pack a hundred files of all kinds with the crnn that this Python imports, and unpack them.

    PYTHONPATH=tools python -m proof.packing [--every N]

Prints a line for each, with the SHA-256 of what it is packed to; where two machines print the same,
each unpacks what the other packed.
"""

from __future__ import annotations

import argparse
import hashlib
import random
from pathlib import Path

import crnn

SHORT = 100
"""Bytes: longer files are not packed online, which takes long on an emulated processor."""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--every", type=int, default=1, metavar="N", help="only every Nth file")
    asked = parser.parse_args()
    for name, data in list(files().items())[:: asked.every]:
        print(f"{digest(model(), data)} {name}")
        if len(data) < SHORT:
            print(f"{digest(None, data)} {name}, online")


def digest(rnn: crnn.RNN | None, data: bytes) -> str:
    """Return that of a packed file, which is unpacked again."""
    packed = crnn.compress(rnn, data)
    if crnn.decompress(rnn, packed) != data:
        raise SystemExit(f"{len(data)} bytes were unpacked as something else")
    return hashlib.sha256(packed).hexdigest()


def model() -> crnn.RNN:
    """Return a small model whose vocabulary has more than ASCII, and a byte that is no UTF-8."""
    vocab = crnn.Vocab.from_text("to be, or not? é ж 𝄞\n\udc81")
    return crnn.RNN(vocab, hidden_size=12, init="orthogonal", seed=1)


def bytes_model() -> crnn.RNN:
    """Return a model whose characters stand for bytes, as of a training with --encoding bytes."""
    return crnn.RNN("".join(map(chr, range(256))), hidden_size=5, init="orthogonal", seed=2)


def files() -> dict[str, bytes]:
    """Return 100 files of all kinds: the same ones in every process."""
    chance = random.Random(5)
    every = "".join(map(chr, [*range(0xD800), *range(0xE000, 0x110000)]))
    kinds = {
        "empty": b"",
        "every byte": bytes(range(256)) * 3,
        "every character": every.encode(),
        "long": b"to be or not to be, " * 6000,
        "zeros": bytes(70_000),
        "this file": Path(__file__).read_bytes(),
        "cut characters": "жé𝄞€".encode()[1:-1] * 5,
        "surrogates": "\ud800\udc00\udc81".encode("utf-8", "surrogatepass") * 9,
        "utf-16": "to be, or not to be".encode("utf-16"),
        "line ends": b"\r\n\r\n\n\r",
    }
    for n in range(45):
        kinds[f"text {n}"] = "".join(chance.choices("to be, or é ж 𝄞\nXYZ", k=n * n)).encode()
        kinds[f"binary {n}"] = chance.randbytes(1 + n * n)
    return kinds


if __name__ == "__main__":
    main()
