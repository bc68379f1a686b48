"""Spool: the same bytes, in memory or on the disk."""

from __future__ import annotations

import tempfile
from typing import BinaryIO, cast

from hypothesis import given
from hypothesis import strategies as st

from crnn.corpus.spool import Spool


def on_disk() -> BinaryIO:
    return cast(BinaryIO, tempfile.TemporaryFile())


@given(st.lists(st.binary(max_size=9)), st.integers(0, 40), st.booleans())
def test_bytes_come_back(pieces: list[bytes], most: int, may: bool) -> None:
    spool = Spool(on_disk if may else None, most)
    for piece in pieces:
        spool.write(piece)
    for _ in range(2):
        spool.rewind()
        assert [spool.read(len(piece)) for piece in pieces] == pieces
        assert spool.read(1) == b""
    assert spool.is_on_disk == (may and sum(map(len, pieces)) > most)
    spool.close()
