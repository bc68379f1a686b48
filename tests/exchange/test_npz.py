"""Archives of NumPy: the notebook's own, and everything that an archive can lie about."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from exchange.models import random_model, same
from hypothesis import given
from hypothesis import strategies as st

from crnn.exchange import ExchangeError, export, import_model
from crnn.exchange.npz import to_bytes
from crnn.model import PARAMETERS

MODEL = random_model(5, 4, "float64")


ZEROS = b"{'descr': '<f8', 'fortran_order': False, 'shape': (5,), }"


def arrays(**changes: Any) -> dict[str, Any]:
    """Return the notebook's arrays, some of them changed."""
    return {name: getattr(MODEL, name) for name in PARAMETERS} | changes


def saved(path: Path, **changes: Any) -> Path:
    with path.open("wb") as file:
        np.savez(file, **arrays(**changes))
    return path


def entry(data: bytes) -> bytes:
    """Return a vector of zeros whose header is these bytes."""
    header = data + b" " * (-(10 + len(data) + 1) % 64) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + bytes(40)


def with_entry(path: Path, name: str, data: bytes, how: int = zipfile.ZIP_STORED) -> Path:
    """Save the notebook's archive with other bytes as one of its entries."""
    with zipfile.ZipFile(io.BytesIO(to_bytes(MODEL))) as old, zipfile.ZipFile(path, "w") as new:
        for info in old.infolist():
            if info.filename != f"{name}.npy":
                new.writestr(info, old.read(info))
        new.writestr(f"{name}.npy", data, how)
    return path


def test_what_is_written_is_what_numpy_reads(tmp_path: Path) -> None:
    export(MODEL, tmp_path / "m.npz")
    with np.load(tmp_path / "m.npz", allow_pickle=False) as archive:
        assert sorted(archive) == sorted([*PARAMETERS, "code_points"])
        for name in PARAMETERS:
            assert archive[name].tobytes() == getattr(MODEL, name).tobytes()
            assert archive[name].shape == getattr(MODEL, name).shape
        assert "".join(map(chr, archive["code_points"])) == MODEL.vocab.chars


def test_the_notebooks_arrays_need_their_characters(tmp_path: Path) -> None:
    path = saved(tmp_path / "m.npz", mWxh=np.zeros((4, 5)), data=np.array([{}], object))
    with pytest.raises(ExchangeError, match="does not say which characters its 5 indices"):
        import_model(path)
    assert same(import_model(path, chars=MODEL.vocab.chars), MODEL)


@pytest.mark.parametrize(
    "chars",
    [
        list("ab\0é😀"),
        np.array(list("ab\0é😀"), ">U1"),
        "ab\0é😀",
        [0x61, 0x62, 0, 0xE9, 0x1F600],
        np.array([0x61, 0x62, 0, 0xE9, 0x1F600], ">u8"),
    ],
)
def test_characters_of_every_kind(tmp_path: Path, chars: Any) -> None:
    assert import_model(saved(tmp_path / "m.npz", chars=chars)).vocab.chars == "ab\0é😀"


@pytest.mark.parametrize(
    ("chars", "expected"),
    [
        (["ab", "c", "d", "e", "f"], "chars is of type <U2 and shape .*expected code points"),
        (np.array({"a": 0}, object), "chars is of type object and shape"),
        (np.zeros(5), "chars is of type float64 and shape"),
        (np.zeros((5, 1), "U1"), r"chars has shape \(5, 1\), expected one dimension"),
        ([0x61, 0x61, 1, 2, 3], "chars: chars has 'a' U.0061"),
        ([0x110000, 0x61, 1, 2, 3], r"chars: code_points\[0\] is 1114112"),
    ],
)
def test_characters_that_are_none(tmp_path: Path, chars: Any, expected: str) -> None:
    with pytest.raises(ExchangeError, match=expected):
        import_model(saved(tmp_path / "m.npz", chars=chars))


def test_memory_and_byte_order_and_packing_do_not_matter(tmp_path: Path) -> None:
    path = tmp_path / "m.npz"
    changed = arrays(
        Wxh=np.asfortranarray(MODEL.Wxh),
        Whh=MODEL.Whh.astype(MODEL.Whh.dtype.newbyteorder()),
        bh=MODEL.bh[:, 0],
        by=MODEL.by[:, 0],
    )
    np.savez_compressed(path, **changed)
    assert same(import_model(path, chars=MODEL.vocab.chars), MODEL)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"Whh": np.zeros((4, 4), int)}, "Whh is of type int64, expected float64 or float32"),
        ({"Whh": np.zeros((4, 4), np.float16)}, "Whh is of type float16"),
        ({"Whh": np.zeros((4, 4), np.longdouble)}, "Whh is of type"),
        ({"Whh": np.array([[{}]], object)}, "Whh is of type object"),
        ({"Whh": np.zeros((4, 4), "f8,f8")}, "Whh is of type"),
        ({"by": np.zeros((5, 1), np.float32)}, "by is float32 but Wxh is float64"),
        ({"Why": np.zeros((4, 5))}, r"Why has shape \(4, 5\), expected \(5, 4\)"),
        ({"Wxh": np.zeros((0, 0))}, r"Wxh has shape \(0, 0\)"),
        ({"bh": np.array(1.0)}, r"bh has shape \(\), expected \(4, 1\)"),
    ],
)
def test_arrays_that_do_not_fit(tmp_path: Path, changes: Any, expected: str) -> None:
    with pytest.raises(ExchangeError, match=expected):
        import_model(saved(tmp_path / "m.npz", **changes))


def test_an_array_that_is_missing(tmp_path: Path) -> None:
    np.savez(tmp_path / "m.npz", Wxh=MODEL.Wxh, W=MODEL.Whh)
    with pytest.raises(ExchangeError, match=r"has no array Whh, expected .*; it has Wxh, W"):
        import_model(tmp_path / "m.npz")


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (b"{'descr': '<f8', 'fortran_order': False, 'shape': (6, 1), }", r"by has shape \(6, 1\)"),
        (b"{'descr': '<f8', 'fortran_order': False, 'shape': (5, -1), }", "by has shape"),
        (b"{'descr': '<f4', 'fortran_order': False, 'shape': (5,), }", "by is float32"),
        (b"{'descr': '|O', 'fortran_order': False, 'shape': (5,), }", "by is of type object"),
        (b"{'descr': '<f8', 'shape': (5,), }", "damaged"),
        (b"__import__('os').abort()", "damaged"),
        (b"(" * 9000, "damaged"),
        (b"-" * 9000 + b"1", "damaged"),
        (b" " * 20000, "damaged"),
    ],
)
def test_headers_that_lie(tmp_path: Path, header: bytes, expected: str) -> None:
    with pytest.raises(ExchangeError, match=expected):
        import_model(with_entry(tmp_path / "m.npz", "by", entry(header)))


def test_a_header_that_says_the_truth(tmp_path: Path) -> None:
    path = with_entry(tmp_path / "m.npz", "by", entry(ZEROS))
    assert not import_model(path).by.any()


def test_an_entry_that_is_shorter_than_it_says(tmp_path: Path) -> None:
    path = with_entry(tmp_path / "m.npz", "by", entry(ZEROS)[:-8])
    with pytest.raises(ExchangeError, match=r"by of shape \(5,\) takes 168 bytes, .* has 160"):
        import_model(path)


def test_a_small_file_does_not_unpack_to_a_large_one(tmp_path: Path) -> None:
    n = 3000
    huge = {"Wxh": np.zeros((n, 5)), "Whh": np.zeros((n, n)), "Why": np.zeros((5, n))}
    np.savez_compressed(tmp_path / "m.npz", **arrays(**huge, bh=np.zeros(n)))
    assert (tmp_path / "m.npz").stat().st_size < 80_000
    with pytest.raises(ExchangeError, match="Whh unpacks to 72,000,000 bytes, more than 100 times"):
        import_model(tmp_path / "m.npz", chars="abcde")


@pytest.mark.parametrize("how", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_unusual_packing_is_refused(tmp_path: Path, how: int) -> None:
    with pytest.raises(ExchangeError, match="by is encrypted or packed in an unusual way"):
        import_model(with_entry(tmp_path / "m.npz", "by", bytes(100), how))


def test_a_directory_that_lies_about_its_place(tmp_path: Path) -> None:
    data = bytearray(to_bytes(MODEL))
    place = len(data) - 22 + 16  # in the end record
    data[place : place + 4] = struct.pack("<I", 2**20)
    (tmp_path / "m.npz").write_bytes(data)
    with pytest.raises(ExchangeError, match="is damaged"):
        import_model(tmp_path / "m.npz")


def test_every_cut_is_an_error(tmp_path: Path) -> None:
    data = to_bytes(MODEL)
    path = tmp_path / "m.npz"
    for length in range(0, len(data), 7):
        path.write_bytes(data[:length])
        with pytest.raises(ExchangeError):
            import_model(path)


@given(st.integers(0, 8 * len(to_bytes(MODEL)) - 1))
def test_a_flipped_bit_changes_no_number(tmp_path_factory: pytest.TempPathFactory, at: int) -> None:
    data = bytearray(to_bytes(MODEL))
    data[at // 8] ^= 1 << at % 8
    path = tmp_path_factory.mktemp("flipped") / "m.npz"
    path.write_bytes(data)
    try:
        model = import_model(path)
    except (ExchangeError, MemoryError):
        return
    assert same(model, MODEL)


def test_a_checksum_that_is_wrong(tmp_path: Path) -> None:
    data = bytearray(to_bytes(MODEL))
    at = bytes(data).index(MODEL.Whh.tobytes())
    data[at] ^= 1
    (tmp_path / "m.npz").write_bytes(data)
    assert zlib.crc32(MODEL.Whh.tobytes()) != zlib.crc32(bytes(data[at : at + 128]))
    with pytest.raises(ExchangeError, match=r"damaged.*Bad CRC-32 for file 'Whh\.npy'"):
        import_model(tmp_path / "m.npz")
