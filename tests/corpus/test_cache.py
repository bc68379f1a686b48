"""The cache: found again, noticed when it is old, and never trusted."""

from __future__ import annotations

import errno
import hashlib
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from crnn import Vocab
from crnn.corpus import Corpus, Reading, build, cache_folder, read_corpus
from crnn.corpus import cache as caching
from crnn.corpus.draft import Draft
from crnn.corpus.numbering import number
from crnn.corpus.sources import find_sources

TEXT = "to be\nor not\n\u0416"
LINES = Reading(documents="line")


@pytest.fixture
def path(folder: Path) -> str:
    (folder / "x.txt").write_bytes(TEXT.encode())
    return "x.txt"


def read(path: str, reading: Reading = LINES, **words: Any) -> Corpus:
    return read_corpus([path], reading, cache=True, **words)


def found(path: str, monkeypatch: pytest.MonkeyPatch, reading: Reading = LINES) -> Corpus:
    """Return the corpus of a cache that must be there."""
    with monkeypatch.context() as patch:
        patch.delattr(build, "_read")
        return read(path, reading)


def same(one: Corpus, other: Corpus) -> bool:
    return (
        one.vocab == other.vocab
        and one.indices.dtype == other.indices.dtype
        and np.array_equal(one.indices, other.indices)
        and np.array_equal(one.starts, other.starts)
        and (one.sha256, one.remarks) == (other.sha256, other.remarks)
    )


@pytest.mark.parametrize("size", [1, 2, 4])
def test_what_is_found_is_what_was_read(
    folder: Path, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    distinct = {1: 3, 2: 300, 4: 70_000}[size]
    points = [point for point in range(distinct + 0x800) if not 0xD800 <= point < 0xE000]
    text = "\ufeff" + "".join(map(chr, points[:distinct])) + "\n\nend?"
    (folder / "x.txt").write_bytes(text.encode())
    reading = Reading(documents="line")
    plain = read_corpus(["x.txt"], reading, cache=False)
    built = read("x.txt", reading)
    again = found("x.txt", monkeypatch, reading)
    assert same(plain, built)
    assert same(plain, again)
    assert plain.remarks
    assert isinstance(again.indices, np.memmap)
    assert again.indices.itemsize == size
    with pytest.raises(ValueError, match=r"read-only"):
        again.indices[0] = 1


def test_small_texts_leave_no_file(path: str, cache: Path) -> None:
    corpus = read_corpus([path], LINES)
    assert not isinstance(corpus.indices, np.memmap)
    assert not cache.exists()


def test_every_reading_and_vocabulary_has_its_own(path: str, cache: Path) -> None:
    read(path)
    assert read(path, Reading()).documents == 1
    assert read(path, Reading(lowercase=True)).text() == TEXT.lower()
    given = Vocab.from_text(TEXT + "z")
    assert read(path, vocab=given).vocab == given
    assert len(os.listdir(cache)) == 4


def test_a_changed_file_is_noticed_and_replaces_the_old(path: str, cache: Path) -> None:
    read(path)
    read(path, Reading())
    before = os.stat(path)
    Path(path).write_text("TO BE\nor not\nX")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert read(path).text() == "TO BE\nor not\nX"
    assert len(os.listdir(cache)) == 1


def test_another_file_in_a_folder_is_noticed(path: str, cache: Path) -> None:
    assert read(".").text() == TEXT
    Path("y.txt").write_text("more")
    assert read(".").text() == TEXT + "more"
    assert len(os.listdir(cache)) == 1
    read(".", Reading(glob="x*"))
    assert len(os.listdir(cache)) == 2


def test_damage_is_noticed(path: str, cache: Path) -> None:
    whole = read(path)
    (file,) = cache.iterdir()
    data = file.read_bytes()
    head = caching.Head(*caching._HEAD.unpack(data[: caching._HEAD.size]))
    damaged = [data[:size] for size in (0, 7, 107, 108, 200, len(data) - 1)]
    damaged += [data + b"\0", b"\0" * len(data)]
    for at in (*range(0, head.sealed + 32, 4), *range(head.starts_at, head.starts_at + 24)):
        damaged.append(data[:at] + bytes([data[at] ^ 0x81]) + data[at + 1 :])
    for wrong in damaged:
        file.unlink()  # it is mapped
        file.write_bytes(wrong)
        assert same(read(path), whole)
        assert file.read_bytes() == data


def sealed(data: bytes, said: bytes = b"[]", points: Any = None, **fields: Any) -> bytes:
    """Return the cache file `data` with other contents under a right seal."""
    head = caching.Head(*caching._HEAD.unpack(data[: caching._HEAD.size]))
    if points is None:
        points = np.frombuffer(data[head.sealed - 4 * head.characters_in_vocab : head.sealed], "u4")
    forged = head._replace(**{"remarks": len(said), "characters_in_vocab": len(points), **fields})
    front = caching._HEAD.pack(*forged) + said + np.asarray(points, np.uint32).tobytes()
    front += hashlib.sha256(front).digest()
    rest = data[head.starts_at : head.starts_at + 8 * head.documents]
    starts = front.ljust(forged.starts_at, b"\0") + rest
    return bytes(starts.ljust(forged.indices_at, b"\0") + data[head.indices_at :])


def test_forgery_is_harmless(path: str, cache: Path) -> None:
    whole = read(path)
    (file,) = cache.iterdir()
    data = file.read_bytes()
    assert sealed(data) == data
    count = len(whole.vocab)
    huge = 1 << 62
    for wrong in [
        sealed(data, said=b"[" * 100_000),
        sealed(data, said=b"no JSON"),
        sealed(data, said=b"7"),
        sealed(data, points=[0x110000, *range(count - 1)]),
        sealed(data, points=[5] * count),
        *(data[:at] + huge.to_bytes(8, sys.byteorder) + data[at + 8 :] for at in (16, 24, 32, 40)),
    ]:
        file.unlink()  # it is mapped
        file.write_bytes(wrong)
        assert same(read(path), whole)
    file.unlink()
    file.write_bytes(sealed(data, said=b'["a remark"]'))
    assert read(path).remarks == ("a remark",)


def test_two_at_once_do_not_disturb_each_other(path: str, cache: Path) -> None:
    program = (
        "from crnn.corpus import *\n"
        "for _ in range(9):\n"
        "    corpus = read_corpus(['x.txt'], Reading(documents='line'), cache=True)\n"
        f"    assert corpus.text() == {TEXT!r}\n"
        "    [path.unlink(missing_ok=True) for path in cache_folder().iterdir()\n"
        "        if path.suffix != '.part']\n"
    )
    both = [subprocess.Popen([sys.executable, "-c", program], stderr=-1) for _ in range(2)]
    said = [process.communicate()[1] for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    assert [name for name in os.listdir(cache) if name.endswith(".part")] == []


def test_nothing_is_left_behind_by_what_is_stopped(path: str, cache: Path) -> None:
    def stop(done: int) -> None:
        raise KeyboardInterrupt

    place = caching.place_of([path], find_sources([path], "*").sources, LINES, None)
    with Draft("none", None) as draft:
        draft.add("abc")
        numbering = number(draft, 1, None)
        with pytest.raises(KeyboardInterrupt):
            caching.store(place, draft, numbering, (), stop)
    assert os.listdir(cache) == []


def test_what_was_abandoned_is_removed(path: str, cache: Path) -> None:
    cache.mkdir()
    old, new = cache / "a.part", cache / "b.part"
    for part in (old, new):
        part.touch()
    os.utime(old, (0, time.time() - 90_000))
    read(path)
    assert (old.exists(), new.exists()) == (False, True)


def test_a_folder_that_cannot_be_written(
    path: str, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache.write_text("a file, where the folder should be")
    with pytest.raises(OSError, match=r"cache folder .* cannot be written.* CRNN_CACHE_DIR"):
        read(path)
    monkeypatch.setenv("CRNN_CACHE_DIR", str(cache.parent))

    def full(number: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match=r"No space left on device.*make room") as caught:
        read(path)
    assert caught.value.errno == errno.ENOSPC


def test_another_process_has_the_same_corpus_mapped(
    path: str, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(source: Any, target: Any) -> None:
        if there:
            Path(target).write_bytes(there)
        raise PermissionError(errno.EACCES, "Access is denied")

    whole = read(path)
    there = next(cache.iterdir()).read_bytes()
    next(cache.iterdir()).unlink()
    monkeypatch.setattr(os, "replace", refuse)
    assert same(read(path), whole)
    assert len(os.listdir(cache)) == 1
    next(cache.iterdir()).unlink()
    there = b""
    with pytest.raises(PermissionError, match=r"CRNN_CACHE_DIR"):
        read(path)
    assert os.listdir(cache) == []


def test_a_file_that_is_gone_at_once(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(caching.Place, "load", lambda self: None)
    assert read(path).text() == TEXT
    monkeypatch.setattr(caching, "mapped", lambda file, key: None)
    with pytest.raises(OSError, match=r"does not hold what was written to it"):
        read(path)


def test_the_folder_is_the_users_own(monkeypatch: pytest.MonkeyPatch) -> None:
    assert os.environ["CRNN_CACHE_DIR"] == str(cache_folder())
    monkeypatch.delenv("CRNN_CACHE_DIR")
    assert "crnn" in cache_folder().parts
