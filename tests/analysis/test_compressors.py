"""Compressors: sizes are those of the formats themselves, and the bytes come back."""

from __future__ import annotations

import bz2
import gzip
import lzma
import sys

import numpy as np
import pytest

from crnn.analysis.compressors import COMPRESSORS, compressed_bits

UNPACK = {"gzip -9": gzip.decompress, "bzip2 -9": bz2.decompress, "xz -9": lzma.decompress}
RANDOM = np.random.default_rng(0).integers(97, 110, 20_000).astype(np.uint8).tobytes()


@pytest.mark.parametrize("data", [b"", b"a", b"to be or not to be\n" * 900, RANDOM])
def test_bytes_come_back_and_xz_is_no_worse_for_its_small_dictionary(data: bytes) -> None:
    packed = {name: compress(data) for name, compress in COMPRESSORS.items()}
    assert {name: UNPACK[name](packed[name]) for name in UNPACK} == dict.fromkeys(UNPACK, data)
    assert len(packed["xz -9"]) == len(lzma.compress(data, preset=9))


def test_bits_are_of_characters_and_not_of_bytes() -> None:
    text = "съешь ещё этих мягких французских булок\udc81 " * 50
    data = text.encode("utf-8", "surrogatepass")
    found = compressed_bits(text)
    assert found["bzip2 -9"] == 8 * len(bz2.compress(data, 9)) / len(text)
    assert found["gzip -9"] == 8 * len(gzip.compress(data, 9)) / len(text)


def test_nothing_cannot_be_measured() -> None:
    with pytest.raises(ValueError, match="text is empty"):
        compressed_bits("")


def test_a_library_that_this_python_lacks_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "lzma", None)  # as if it could not be imported
    assert list(compressed_bits("abc")) == ["gzip -9", "bzip2 -9"]
