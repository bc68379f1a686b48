"""Pack the last tenth of a text with a model trained on the rest, and all of it online; print what
that takes beside general compressors, how fast it is beside scoring, and how soon damage shows.

The model: ``crnn train --preset strong --time 60s --val-fraction 0`` on the first nine tenths, of
which nothing is held back, unless --model names one. Compressors see the same bytes and nothing
else; the model's own file is not counted.
"""

from __future__ import annotations

import bz2
import gzip
import lzma
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import click

import crnn

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

RIVALS: dict[str, Callable[[bytes], bytes]] = {
    "gzip -9": lambda data: gzip.compress(data, 9),
    "bzip2 -9": lambda data: bz2.compress(data, 9),
    "xz -9": lambda data: lzma.compress(data, preset=9),
    "zstd -19": lambda data: zstd.compress(data, 19),
}
ROUNDS = 5
DAMAGES = 20


def trained(text: bytes, folder: Path) -> crnn.RNN:
    """Return a model that was trained on a text for a minute."""
    (folder / "text").write_bytes(text)
    words = [
        "train",
        "text",
        "--preset",
        "strong",
        "--time",
        "60s",
        "--val-fraction",
        "0",
        "--quiet",
    ]
    subprocess.run([sys.executable, "-m", "crnn", *words], cwd=folder, check=True)
    return crnn.load(folder / "model.safetensors")


def seconds(work: Callable[[], Any]) -> float:
    """Return how long a call takes."""
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def table(title: str, data: bytes, ours: str, packed: bytes) -> None:
    """Print the sizes that all make of some bytes, the smallest first."""
    sizes = {name: len(pack(data)) for name, pack in RIVALS.items()} | {ours: len(packed)}
    characters = len(data.decode("utf-8", "surrogateescape"))
    print(f"\n{title}, {len(data):,} bytes\n\n| | bytes | bits per character | beside xz -9 |")
    print("|---|---|---|---|")
    for name, size in sorted(sizes.items(), key=lambda row: row[1]):
        beside = size / sizes["xz -9"] - 1
        print(f"| {name} | {size:,} | {8 * size / characters:.3f} | {beside:+.1%} |")


def speeds(model: crnn.RNN, data: bytes) -> None:
    """Print how long scoring, packing and unpacking take, each the median of some rounds."""
    text, packed = data.decode("utf-8", "surrogateescape"), crnn.compress(model, data)
    work: dict[str, Callable[[], Any]] = {
        "score": lambda: model.score(text),
        "compress": lambda: crnn.compress(model, data),
        "decompress": lambda: crnn.decompress(model, packed),
    }
    times: dict[str, list[float]] = {name: [] for name in work}
    for _ in range(ROUNDS):
        for name, call in work.items():
            times[name].append(seconds(call))
    ratios = [c / s for c, s in zip(times["compress"], times["score"], strict=True)]
    print()
    for name, figures in times.items():
        print(f"{name}: {1e6 * median(figures) / len(text):.2f} us a character")
    print(f"compress takes {median(ratios):.2f} times as long as score")


def refusals(model: crnn.RNN) -> None:
    """Print how long a packed file of some megabytes with one wrong bit takes to be refused."""
    packed = bytearray(crnn.compress(model, bytes(range(256)) * 40_000))
    worst = 0.0
    for k in range(DAMAGES):
        at = k * (len(packed) - 1) // (DAMAGES - 1)
        packed[at] ^= 1
        worst = max(worst, seconds(lambda: refuse(model, bytes(packed))))
        packed[at] ^= 1
    print(f"\na wrong bit in {len(packed) / 1e6:.1f} MB: refused within {1e3 * worst:.1f} ms")


def refuse(model: crnn.RNN, packed: bytes) -> None:
    """Unpack damaged bytes."""
    try:
        crnn.decompress(model, packed)
    except crnn.CodecError:
        return
    raise SystemExit("a damaged file was unpacked")


@click.command(no_args_is_help=True)
@click.argument("text", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--model", "path", type=click.Path(exists=True), help="Trained on the first 90 %.")
@click.option(
    "--online/--no-online", default=True, help="Pack the whole text without a model, too."
)
def main(text: Path, path: str | None, online: bool) -> None:
    """Compare crnn with general compressors on TEXT, a file such as tinyshakespeare (1.1 MB).

    Without --model it trains one for a minute on the first nine tenths; with all it takes two or
    three minutes. gzip, bzip2, xz and zstd are Python's own or come with crnn.
    """
    data = text.read_bytes()
    first, last = data[: len(data) * 9 // 10], data[len(data) * 9 // 10 :]
    with tempfile.TemporaryDirectory() as folder:
        model = crnn.load(path) if path else trained(first, Path(folder))
    packed = crnn.compress(model, last)
    if crnn.decompress(model, packed) != last:
        raise SystemExit("what was unpacked is not what was packed")
    table("The last tenth", last, "crnn compress", packed)
    speeds(model, last)
    refusals(model)
    if online:
        begin = time.perf_counter()
        packed = crnn.compress(None, data)
        took = time.perf_counter() - begin
        table("All of it", data, "crnn compress --online", packed)
        print(f"\n--online: {1e6 * took / len(data):.1f} us a byte")


if __name__ == "__main__":
    main()
