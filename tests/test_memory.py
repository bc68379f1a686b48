"""Aligned, zeroed memory that NumPy can view."""

from __future__ import annotations

import os

import numpy as np
import pytest

from crnn.memory import Buffer, affordable, take_indices


def test_a_buffer_is_aligned_zeroed_and_writable() -> None:
    for nbytes in (1, 63, 64, 1000):
        view = np.frombuffer(memoryview(Buffer(nbytes)), np.uint8)
        assert view.size == nbytes
        assert view.ctypes.data % 64 == 0
        assert not view.any()
        view[-1] = 7


def test_a_view_keeps_its_buffer_alive() -> None:
    view = np.frombuffer(memoryview(Buffer(10**6)), np.uint8)
    view[:] = 3
    others = [Buffer(10**6) for _ in range(20)]
    assert (view == 3).all()
    assert len(others) == 20


def test_what_the_machine_cannot_hold_is_refused_before_it_is_touched() -> None:
    assert affordable(1) == 1
    with pytest.raises(MemoryError, match="bytes are needed, this machine has"):
        affordable(10**30)
    with pytest.raises(ValueError, match="nbytes is -1, expected at least 0"):
        Buffer(-1)
    with pytest.raises(MemoryError):
        Buffer(2**62 + 1)


def test_where_memory_is_unknown_the_allocation_itself_tells(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delattr(os, "sysconf", raising=False)
    with pytest.raises(MemoryError, match="cannot allocate"):
        Buffer(2**47)  # no address space has room for it, whatever an allocator promises
    with pytest.raises(MemoryError, match="bytes are needed"):
        Buffer(2**48)


def test_plain_indices_are_taken_from_lists_and_tuples() -> None:
    ixes = np.empty(3, np.int32)
    assert take_indices([2, 0, 6], ixes, 7)
    assert ixes.tolist() == [2, 0, 6]
    assert take_indices((1, 1, 2), ixes, 7)
    for odd in (7, -1, 2**31, 2**70, -(2**70), True, 1.0, np.int32(1), "1", None):
        assert not take_indices([1, odd, 2], ixes, 7)
    with pytest.raises(ValueError, match="ixes"):
        take_indices([1, 2], ixes, 7)
    with pytest.raises(TypeError):
        take_indices(iter([1]), ixes, 7)  # type: ignore[arg-type]
