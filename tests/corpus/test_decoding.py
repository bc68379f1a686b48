"""Decoding: the same wherever the bytes are cut, and errors that say where and what to try."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crnn.corpus import TextError
from crnn.corpus.decoding import decoded

ENCODINGS = [
    "utf-8", "utf-8-sig", "utf-16", "utf-16-be", "utf-32", "utf-7", "cp932", "gb18030", "euc_jp",
    "iso2022_jp", "cp1251",
]  # fmt: skip


RUSSIAN = "Съешь ещё этих мягких французских булок, да выпей чаю.\n"
FRENCH = "Voilà un café très bien préparé, où l'élève naïf a mangé des crêpes à Noël.\n"
WITHOUT_MARK = ["utf-8", "utf-16-be", "utf-32-le", *ENCODINGS[5:]]


def cut(data: bytes, size: int) -> list[bytes]:
    return [data[at : at + size] for at in range(0, len(data), size)]


def read(data: bytes, encoding: str = "utf-8", size: int = 1 << 20) -> str:
    return "".join(decoded(cut(data, size), encoding, "'x'"))


@given(
    st.text(st.characters(exclude_characters="\x1b")),  # iso2022_jp writes what it cannot read
    st.sampled_from(ENCODINGS),
    st.integers(1, 9),
)
def test_cut_anywhere(text: str, encoding: str, size: int) -> None:
    data = text.encode(encoding, "ignore")
    expected = data.decode("utf-8" if encoding == "utf-8-sig" else encoding)
    assert read(data, encoding, size) == expected


@given(st.binary(max_size=30), st.sampled_from(WITHOUT_MARK), st.integers(1, 9))
def test_the_offset_is_that_of_the_whole(data: bytes, encoding: str, size: int) -> None:
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        with pytest.raises(TextError, match=f" at offset {error.start} is wrong there"):
            read(data, encoding, size)
    else:
        assert read(data, encoding, size) == text


@given(st.binary())
def test_bytes_are_characters(data: bytes) -> None:
    assert read(data, "bytes", 7) == "".join(map(chr, data))


@pytest.mark.parametrize(
    ("data", "encoding", "parts"),
    [
        (b"abc\xe9d", "utf-8", ["0xe9 at offset 3", "try --encoding cp1252 ('abc\xe9d')"]),
        (b"one\ntwo \xe9t\xe9", "utf-8", ["offset 8", "cp1252 ('two \xe9t\xe9')"]),
        ("Привет".encode("cp1251"), "utf-8", ["offset 0", "cp1251 ('Привет')"]),
        ("日本語".encode("cp932"), "utf-8", ["shift_jis ('日本語')"]),
        ("“é”".encode(), "ascii", ["0xe2 at offset 0", "utf-8 ('“é”')"]),
        (b"\xef\xbb\xbfab\xff", "utf-8-sig", ["is not utf-8-sig", "0xff at offset 5"]),
        (b"ab\xe2\x82", "utf-8", ["0xe2 at offset 2", "unexpected end of data"]),
        (RUSSIAN.encode("koi8-r"), "utf-8", ["try --encoding koi8-r ('Съешь ещё ')"]),
        (FRENCH.encode("latin-1"), "utf-8", ["try --encoding cp1252 ('Voilà un café ')"]),
        (RUSSIAN.encode() + b"\xff", "utf-8", ["most of it is UTF-8: mend that place"]),
        (
            (FRENCH * 3).encode() + FRENCH.encode("latin-1"),
            "utf-8",
            ["other parts of it are UTF-8, and here it looks like cp1252 ('Voilà un café '): conv"],
        ),
        (
            FRENCH.encode("latin-1") + (FRENCH * 3).encode(),
            "utf-8",
            ["and here it looks like cp1252 ('Voilà un café '): convert that file to UTF-8"],
        ),
        (b"\xff\xfea\0", "utf-8", ["0xff at offset 0", "try --encoding utf-16"]),
        (b"\xff\xfe\0\0a\0\0\0", "utf-8", ["try --encoding utf-32"]),
        ("\ufeffé".encode(), "ascii", ["it begins like UTF-8: try --encoding utf-8"]),
        ("é\0".encode("utf-16-be"), "utf-8", ["--encoding bytes to model"]),
        ("né".encode("utf-16-be"), "utf-8", ["utf-16-be ('né')"]),
        (b"abc", "utf-16-le", ["is not utf-16-le", "0x63 at offset 2", "truncated data"]),
        (b"a\0b\0", "utf-16", ["does not start with BOM", "utf-16-le or utf-16-be"]),
        (b"\x89PNG\r\n\x1a\n\0", "utf-8", ["try --encoding bytes to model the bytes themselves"]),
    ],
)
def test_wrong_bytes_are_named(data: bytes, encoding: str, parts: list[str]) -> None:
    with pytest.raises(TextError) as caught:
        read(data, encoding)
    for part in ["'x' is not " + encoding, *parts]:
        assert part in str(caught.value)
    assert isinstance(caught.value.__cause__, UnicodeError)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
def test_a_mark_that_is_cut(encoding: str) -> None:
    mark = "".encode(encoding)
    assert read(mark, encoding) in ("", "\ufeff")
    for size in range(1, len(mark)):
        with pytest.raises(TextError, match=f"'x' is not {encoding}"):
            read(mark[:size], encoding, 1)


def test_an_offset_beyond_the_first_piece() -> None:
    with pytest.raises(TextError, match="offset 1,002 "):
        read(b"a" * 1000 + "é".encode() + b"\xff", size=10)


def test_of_several_files_one_is_converted() -> None:
    with pytest.raises(TextError, match=r"it looks like cp1252 .*: convert that file to UTF-8"):
        list(decoded([FRENCH.encode("latin-1")], "utf-8", "'x'", alone=False))


def test_only_the_lines_around_the_wrong_byte_are_looked_at() -> None:
    far = "日本語\n" * 50_000
    with pytest.raises(TextError, match="--encoding koi8-r"):
        read(b"x" * 200_000 + b"\n" + (RUSSIAN * 9000).encode("koi8-r") + far.encode())
    with pytest.raises(TextError, match="most of it is UTF-8"):
        read(far.encode() + RUSSIAN.encode("koi8-r"))
