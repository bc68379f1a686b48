"""Characters to indices and back, exactly, for whatever a str can hold."""

import array
import copy
import pickle
import time
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crnn.vocab import Vocab

ANY_CHARACTER = st.characters(codec=None, exclude_categories=())  # surrogates too
ANY_TEXT = st.text(ANY_CHARACTER)
HARD = "a\0\r\n\r\u00e9e\u0301\ufeff\U0001f600\ud83d\ude00\udc81\U0010ffff"


@given(ANY_TEXT.filter(bool))
def test_every_text_comes_back(text: str) -> None:
    vocab = Vocab.from_text(text)
    assert list(vocab.chars) == sorted(set(text))
    indices = vocab.encode(text)
    assert indices.dtype == np.int32
    assert [vocab.chars[i] for i in indices] == list(text)
    assert vocab.decode(indices) == text
    assert Vocab.from_code_points(vocab.code_points) == vocab
    assert pickle.loads(pickle.dumps(vocab)) == vocab


@given(st.lists(ANY_CHARACTER, min_size=1, unique=True), st.data())
def test_indices_follow_the_given_order(chars: Any, data: Any) -> None:
    vocab = Vocab("".join(chars))
    order = data.draw(st.permutations(range(len(chars))))
    assert vocab.encode("".join(chars[i] for i in order)).tolist() == order
    assert vocab.decode(order) == "".join(chars[i] for i in order)


def test_hard_characters_stay_apart() -> None:
    vocab = Vocab.from_text(HARD)
    assert len(vocab) == len(set(HARD))
    assert vocab.decode(vocab.encode(HARD)) == HARD


def test_neighbouring_surrogates_are_not_fused() -> None:
    vocab = Vocab("\ud83d\ude00")
    assert len(vocab) == 2
    assert vocab.decode([0, 1]) == "\ud83d\ude00"
    assert vocab.code_points.tolist() == [0xD83D, 0xDE00]
    assert "\U0001f600" not in vocab
    for twin in (
        Vocab.from_code_points(vocab.code_points),
        pickle.loads(pickle.dumps(vocab)),
        copy.deepcopy(vocab),
    ):
        assert twin.chars == vocab.chars
        assert len(twin) == 2


def test_empty_text_and_empty_indices() -> None:
    vocab = Vocab("ab")
    assert vocab.encode("").shape == (0,)
    assert vocab.decode([]) == vocab.decode(np.zeros(0, np.int64)) == ""


def test_equality_hash_and_membership() -> None:
    assert Vocab("ab") == Vocab("ab") != Vocab("ba")
    assert hash(Vocab("ab")) == hash(Vocab("ab"))
    assert Vocab("ab") != "ab"
    vocab = Vocab("abc")
    assert "b" in vocab
    for other in ("z", "ab", "", 0, None):
        assert other not in vocab


def test_repr_is_short_and_printable() -> None:
    shown = repr(Vocab("\0\n\ud83d" + "".join(map(chr, range(0x4E00, 0x8E00)))))
    assert shown.startswith("<Vocab of 16387 characters: '\\x00\\n\\ud83d")
    assert len(shown) < 100
    assert repr(Vocab("a")) == "<Vocab of 1 character: 'a'>"


def test_code_points_are_read_only() -> None:
    points = Vocab("ab").code_points
    assert points.dtype == np.uint32
    with pytest.raises(ValueError, match="read-only"):
        points[0] = 0


def test_encode_returns_a_fresh_array() -> None:
    vocab = Vocab("ab")
    vocab.encode("ab")[:] = 7
    assert vocab.encode("ab").tolist() == [0, 1]


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("ab\u0451", ["'\u0451' U+0451 CYRILLIC SMALL LETTER IO at position 2"]),
        ("\U0001f600", ["U+1F600 GRINNING FACE at position 0"]),
        ("a\ud83d", [r"'\ud83d' U+D83D at position 1"]),
        ("a\0", [r"'\x00' U+0000 at position 1"]),
        ("bzbyz", ["2 characters", "'z' U+007A", "position 1;", "'y' U+0079", "position 3;"]),
        ("".join(map(chr, range(200, 208))), ["8 characters", "; and 3 more;"]),
    ],
)
def test_unknown_characters_are_named(text: str, parts: list[str]) -> None:
    with pytest.raises(ValueError, match=r"^prime has .* lacks: .* remove or replace") as caught:
        Vocab("ab").encode(text, name="prime")
    for part in parts:
        assert part in str(caught.value)


def test_characters_beyond_the_lookup_table_are_unknown() -> None:
    vocab = Vocab("b")
    for char in ("a", "c", "d", "\uffff", "\U0010ffff"):
        with pytest.raises(ValueError, match="lacks"):
            vocab.encode(char)


@pytest.mark.parametrize(
    ("chars", "error", "match"),
    [
        ("", ValueError, "chars is empty"),
        ("abca", ValueError, r"'a' U\+0061 LATIN SMALL LETTER A twice, at positions 0 and 3"),
        (["a", "b"], TypeError, "chars is a list, expected a str"),
        (None, TypeError, "chars is a NoneType"),
        (b"ab", TypeError, "chars is a bytes"),
    ],
)
def test_bad_chars(chars: Any, error: Any, match: str) -> None:
    with pytest.raises(error, match=match):
        Vocab(chars)


def test_bad_texts() -> None:
    with pytest.raises(ValueError, match="text is empty"):
        Vocab.from_text("")
    data: Any = b"ab"
    with pytest.raises(TypeError, match=r"text is a bytes, expected a str; decode"):
        Vocab.from_text(data)
    with pytest.raises(TypeError, match="prime is a bytes"):
        Vocab("ab").encode(data, name="prime")


@pytest.mark.parametrize(
    ("points", "error", "match"),
    [
        ([], ValueError, "code_points is empty"),
        ([97, 0x110000], ValueError, r"code_points\[1\] is 1114112, expected a Unicode"),
        ([-1], ValueError, r"code_points\[0\] is -1"),
        ([97, 97], ValueError, "twice"),
        ([97.0], TypeError, r"code_points\[0\] is 97.0, a float"),
        ("ab", TypeError, "code_points is a str"),
    ],
)
def test_bad_code_points(points: Any, error: Any, match: str) -> None:
    with pytest.raises(error, match=match):
        Vocab.from_code_points(points)


@pytest.mark.parametrize(
    "indices",
    [
        [1, 0],
        (1, 0),
        iter([1, 0]),
        range(1, -1, -1),
        array.array("h", [1, 0]),
        [np.int8(1), np.uint64(0)],
        *(np.array([1, 0], kind) for kind in ("i1", "u1", ">i4", "i8", "u8")),
        np.array([1, 9, 0, 9])[::2],
    ],
)
def test_decode_takes_integers_of_every_kind(indices: Any) -> None:
    assert Vocab("ab").decode(indices) == "ba"


@pytest.mark.parametrize(
    ("indices", "error", "match"),
    [
        ([0, 2], IndexError, r"indices\[1\] is 2, expected 0 to 1: the vocabulary has 2 char"),
        ([-1], IndexError, r"indices\[0\] is -1"),
        ([0, 2**80], IndexError, r"indices\[1\] is 1208925819614629174706176"),
        (np.array([0, 2**64 - 1], np.uint64), IndexError, r"is 18446744073709551615"),
        ([True, False], TypeError, r"indices\[0\] is True, a bool"),
        ([np.True_], TypeError, r"indices\[0\] is np.True_, a bool"),
        (np.array([True]), TypeError, "array of bool"),
        ([0, 1.0], TypeError, r"indices\[1\] is 1.0, a float"),
        (np.array([0.0]), TypeError, "array of float64"),
        (["a"], TypeError, r"indices\[0\] is 'a', a str"),
        ("ab", TypeError, "indices is a str"),
        (0, TypeError, "indices is a int"),
        (None, TypeError, "indices is a NoneType"),
        ([[0, 1]], TypeError, r"indices\[0\] is \[0, 1\], a list"),
        (np.array([[0, 1]]), ValueError, r"shape \(1, 2\), expected .* one-dimensional"),
        (np.array(0), ValueError, r"shape \(\)"),
        (np.ma.masked_array([0, 1]), TypeError, "masked"),
        (np.array([0, 1], object), TypeError, "array of object"),
    ],
)
def test_bad_indices(indices: Any, error: Any, match: str) -> None:
    with pytest.raises(error, match=match):
        Vocab("ab").decode(indices)


def test_a_million_characters_are_quick() -> None:
    text = ("".join(map(chr, range(32, 200))) + "\U0001f600\n") * 6000
    vocab = Vocab.from_text(text)
    begin = time.perf_counter()
    assert vocab.decode(vocab.encode(text)) == text
    assert time.perf_counter() - begin < 1.0  # 0.02 s where this was written


def test_an_error_counts_from_where_a_part_begins() -> None:
    with pytest.raises(ValueError, match=r"page has .*'x' U\+0078 .* at position 102"):
        Vocab("ab").encode("abx", name="page", start=100)


@pytest.mark.parametrize(
    ("char", "error", "said"),
    [
        ("", ValueError, "char has 0 characters, expected one"),
        ("ab", ValueError, "char has 2 characters, expected one"),
        ("c", ValueError, r"lacks: 'c' U\+0063"),
        ("\U0010ffff", ValueError, r"U\+10FFFF"),
        (0, TypeError, "char is a int"),
    ],
)
def test_one_character_has_an_index(char: Any, error: type[Exception], said: str) -> None:
    vocab = Vocab("ba")
    assert [vocab.index(x) for x in "ab"] == [1, 0]
    with pytest.raises(error, match=said):
        vocab.index(char)
