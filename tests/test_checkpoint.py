"""Checkpoints: what goes in comes out, damage never does, and a failure leaves the old file."""

import errno
import hashlib
import importlib.metadata
import io
import json
import os
import shutil
import stat
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.numpy
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import crnn
from crnn import checkpoint, durable
from crnn.checkpoint import (
    CheckpointError,
    Tensors,
    from_bytes,
    probe,
    read,
    read_contents,
    to_bytes,
    write,
)

DTYPES = ("float32", "float64", "int32", "int64", "uint32", "uint8")
posix = pytest.mark.skipif(os.name == "nt", reason="needs POSIX files")
json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner) | st.dictionaries(st.text("sha256\"\\:{}'version"), inner),
    max_leaves=8,
)


def small() -> bytes:
    tensors = {
        "Whh": np.arange(6, dtype=np.float32).reshape(2, 3),
        "code_points": np.array([97, 0x1F600], np.uint32),
    }
    return to_bytes(tensors, {"step": 3, "note": 'a\u00e9"\\\n'})


SMALL = small()


def assert_same(got: Tensors, wanted: Tensors) -> None:
    assert sorted(got) == sorted(wanted)
    for name, array in wanted.items():
        assert got[name].dtype == array.dtype.newbyteorder("=")
        assert got[name].shape == array.shape
        native = np.array(array, dtype=array.dtype.newbyteorder("="), order="C")
        assert got[name].tobytes() == native.tobytes()
        assert got[name].flags.writeable
        assert got[name].flags.owndata


def resealed(old: bytes, new: bytes) -> bytes:
    """Return SMALL with some of the envelope replaced (same length) and a right checksum."""
    assert len(old) == len(new)
    assert SMALL.count(old) == 1
    data = bytearray(SMALL.replace(old, new))
    return seal(data)


def seal(data: bytearray) -> bytes:
    start, end = checkpoint._find_digits(data, len(data), "test")
    data[start:end] = b"0" * 64
    data[start:end] = hashlib.sha256(data).hexdigest().encode()
    return bytes(data)


def foreign(metadata: dict[str, str] | None, tensors: Tensors | None = None) -> bytes:
    return safetensors.numpy.save(tensors or {"a": np.zeros(2)}, metadata=metadata)


# --- round trips ------------------------------------------------------------------------------


@given(
    st.dictionaries(
        st.text(st.characters(categories=["L", "N", "P", "S"]), max_size=8).filter(
            lambda name: name != "__metadata__"
        ),
        st.sampled_from(DTYPES).flatmap(
            lambda dtype: hnp.arrays(dtype, hnp.array_shapes(min_dims=0, min_side=0, max_side=4))
        ),
        max_size=3,
    ),
    st.dictionaries(st.text('sha256"\\:{}'), json_values, max_size=3),
)
def test_everything_comes_back(tensors: Any, header: Any) -> None:
    data = to_bytes(tensors, header)
    got, got_header = from_bytes(data)
    assert_same(got, tensors)
    assert got_header == header
    assert to_bytes(dict(reversed(tensors.items())), dict(reversed(header.items()))) == data


def test_the_bytes_are_those_of_the_format(tmp_path: Path) -> None:
    arrays: Tensors = {
        f'{letter}{dtype}\u00e9"\\\U0001f600': np.ones(shape, dtype)
        for letter in "ba"
        for dtype in DTYPES
        for shape in [(2, 3), (), (0, 1)][: 1 + (letter == "a")]
    }
    data = to_bytes(arrays, {"a": '\u00e9"\\'})
    with safetensors.safe_open(_written(tmp_path, data), "np") as file:
        metadata = file.metadata()
    assert data == safetensors.numpy.save(arrays, metadata=metadata)


def _written(folder: Path, data: bytes) -> Path:
    (folder / "m").write_bytes(data)
    return folder / "m"


def test_any_memory_layout() -> None:
    base = np.arange(24, dtype=np.float64).reshape(4, 6)
    tensors: Tensors = {
        "fortran": np.asfortranarray(base),
        "transposed": base.T,
        "strided": base[::2, ::-3],
        "broadcast": np.broadcast_to(np.float32(2), (3, 2)),
        "big": base.astype(">f8"),
        "big_int": np.array([1, 2**31], ">u4"),
        "empty": np.zeros((0, 3), np.int32),
        "scalar": np.array(7, np.int64),
    }
    got, _ = from_bytes(to_bytes(tensors, {}))
    assert_same(got, {name: np.asarray(array) for name, array in tensors.items()})


def test_nan_payloads_and_infinities_are_kept() -> None:
    bits = np.array([0x7FF8DEADBEEF0001, 0xFFF0000000000000, 1], np.uint64)
    got, _ = from_bytes(to_bytes({"w": bits.view(np.float64)}, {}))
    assert got["w"].view(np.uint64).tolist() == bits.tolist()


def test_file_and_bytes_are_the_same(tmp_path: Path) -> None:
    path = tmp_path / "m.safetensors"
    write(path, *from_bytes(SMALL))
    assert path.read_bytes() == SMALL
    tensors, header = read(str(path))
    assert_same(tensors, from_bytes(SMALL)[0])
    assert header == {"step": 3, "note": 'a\u00e9"\\\n'}
    assert os.listdir(tmp_path) == ["m.safetensors"]


def test_other_programs_can_read_the_arrays(tmp_path: Path) -> None:
    path = tmp_path / "m.safetensors"
    path.write_bytes(SMALL)
    with safetensors.safe_open(path, "np") as file:
        assert list(file.metadata()) == ["crnn"]
        envelope = json.loads(file.metadata()["crnn"])
        assert file.get_tensor("Whh").tolist() == [[0, 1, 2], [3, 4, 5]]
    keys = ["contract", "format", "header", "program", "sha256", "version"]
    assert list(envelope) == keys
    assert (envelope["format"], envelope["program"], envelope["contract"]) == (1, "crnn", "crnn-1")
    zeroed = SMALL.replace(envelope["sha256"].encode(), b"0" * 64)
    assert hashlib.sha256(zeroed).hexdigest() == envelope["sha256"]
    contents = read_contents(path)
    assert contents.size == len(SMALL)
    assert contents.header == envelope["header"]
    for name in ("contract", "format", "sha256", "version"):
        assert getattr(contents, name) == envelope[name]


@pytest.mark.parametrize(
    "imitation",
    [
        {"sha256": "f" * 64, "version": "0.1.0"},
        {"z": {"sha256": "f" * 64, "version": "0.1.0"}},
        {"z": '\\"sha256\\":\\"' + "f" * 64 + '\\",\\"version\\":\\"1\\"}"}'},
        {"z": '"sha256":"' + "f" * 64 + '","version":"1"}"}'},
        {'"sha256":"' + "f" * 64 + '","version":"1"}"}': 1},
    ],
)
def test_a_header_cannot_imitate_the_checksum(imitation: Any) -> None:
    assert from_bytes(to_bytes({}, imitation)) == ({}, imitation)


@pytest.mark.parametrize(
    "name", ['"sha256":"' + "f" * 64 + '","version":"1"}"}', '"}"}', "\\", "\u00e9\U0001f600", ""]
)
def test_a_tensors_name_cannot_imitate_the_checksum(name: str) -> None:
    assert_same(from_bytes(to_bytes({name: np.zeros(1)}, {}))[0], {name: np.zeros(1)})


def test_a_source_tree_that_is_not_installed_saves_too(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(name: str) -> str:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "version", fail)
    monkeypatch.delitem(sys.modules, "crnn.version", raising=False)
    assert b'\\"version\\":\\"0+unknown\\"' in to_bytes({}, {})


# --- what cannot be saved ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tensors", "error", "match"),
    [
        ({"w": [1.0]}, TypeError, r"tensors\['w'\] is a list, expected a plain numpy array"),
        ({"w": np.float64(1)}, TypeError, "is a float64"),
        ({"w": np.ma.masked_array([1.0])}, TypeError, "is a MaskedArray"),
        ({"w": np.zeros(1, np.float16)}, TypeError, "of type float16, expected float32"),
        ({"w": np.zeros(1, complex)}, TypeError, "of type complex128"),
        ({"w": np.zeros(1, object)}, TypeError, "of type object"),
        ({"w": np.zeros(1, bool)}, TypeError, "of type bool"),
        ({1: np.zeros(1)}, TypeError, "the key 1, expected names of type str"),
        ({"__metadata__": np.zeros(1)}, ValueError, "'__metadata__'"),
        ({"a\ud800": np.zeros(1)}, ValueError, "printable"),
    ],
)
def test_refused_tensors(tensors: Any, error: Any, match: str) -> None:
    with pytest.raises(error, match=match):
        to_bytes(tensors, {})


@pytest.mark.parametrize(
    ("header", "error", "match"),
    [
        ([], TypeError, "header is a list, expected a dict"),
        ({"a": float("nan")}, ValueError, "header cannot be written as JSON"),
        ({"a": [float("-inf")]}, ValueError, "header cannot be written as JSON"),
        ({"a": np.zeros(2)}, TypeError, "header cannot be written as JSON"),
        ({"a": (1, 2)}, ValueError, r"header\['a'\] is \(1, 2\), which JSON does not give back"),
        ({1: 2}, ValueError, r"header\[1\]"),
        ({"a": {1: 2}}, ValueError, r"header\['a'\]"),
        ({"a": "\ud83d\ude00"}, ValueError, r"header\['a'\].* text without surrogates"),
    ],
)
def test_refused_headers(header: Any, error: Any, match: str) -> None:
    with pytest.raises(error, match=match):
        to_bytes({}, header)


def test_refusal_comes_before_the_file_is_touched(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="of type bool"):
        write(tmp_path / "m", {"w": np.zeros(1, bool)}, {})
    assert os.listdir(tmp_path) == []


# --- damage -----------------------------------------------------------------------------------


@pytest.mark.parametrize("flip", [0x01, 0x20, 0x80, 0xFF])
def test_every_damaged_byte_is_noticed(flip: int) -> None:
    for place in range(len(SMALL)):
        data = bytearray(SMALL)
        data[place] ^= flip
        with pytest.raises(CheckpointError, match=r"is damaged|cut short"):
            from_bytes(bytes(data), "m")


def test_every_truncation_is_noticed() -> None:
    for size in range(len(SMALL)):
        with pytest.raises(CheckpointError, match=r"cut short|is not a crnn checkpoint"):
            from_bytes(SMALL[:size])
    header_end = 8 + int.from_bytes(SMALL[:8], "little")
    for size in range(8 + len(checkpoint._OPENING), header_end):
        with pytest.raises(CheckpointError, match=f"has {size} bytes, .* at least {header_end};"):
            from_bytes(SMALL[:size])
    for more in (b"\0", b"\n", SMALL):
        with pytest.raises(CheckpointError, match="is damaged"):
            from_bytes(SMALL + more)


def test_a_forged_length_allocates_nothing() -> None:
    forged = (2**60).to_bytes(8, "little") + SMALL[8:]
    with pytest.raises(CheckpointError, match=r"expected at least 1152921504606846984;"):
        from_bytes(forged)


@pytest.mark.parametrize(
    ("data", "match"),
    [
        (b"", "'m' is cut short or damaged: it has 0 bytes, expected at least 8"),
        (b"hello, this is a text", "it is not a safetensors file"),
        (b"\x80\x04\x95" + b"\0" * 40, "it is not a safetensors file"),
        (b"\x08" + b"\0" * 40, "it is not a safetensors file"),
        (foreign(None), "another program wrote it"),
        (foreign({"format": "pt"}), "another program wrote it"),
    ],
)
def test_foreign_files(data: Any, match: str) -> None:
    with pytest.raises(CheckpointError, match=match):
        from_bytes(data, "m")


def foreign_envelope(**changes: Any) -> str:
    envelope = {
        "contract": "crnn-1",
        "format": 1,
        "header": {},
        "program": "crnn",
        "sha256": "0" * 64,
        "version": "9.9",
    } | changes
    return json.dumps(envelope, separators=(",", ":"))


@pytest.mark.parametrize(
    "data",
    [
        resealed(b'\\"program\\":\\"crnn\\"', b'\\"program\\":\\"prnn\\"'),
        resealed(b'"data_offsets":[0,24]', b'"data_offsets":[0,25]'),
        resealed(b'"dtype":"U32"', b'"dtype":"I16"'),
        resealed(b'\\"header\\":{', b'\\"header\\":['),
        seal(bytearray(foreign({"other": foreign_envelope()}))),
        seal(bytearray(foreign({"crnn": foreign_envelope(header=3)}))),
        seal(bytearray(foreign({"crnn": foreign_envelope()}, {"a": np.zeros(2, np.float16)}))),
    ],
)
def test_sealed_nonsense_is_refused(data: Any) -> None:
    with pytest.raises(CheckpointError, match="right checksum but is not laid out"):
        from_bytes(data)


@pytest.mark.parametrize(
    ("data", "wrote"),
    [
        (resealed(b'format\\":1,', b'format\\":2,'), "in format 2 under the contract 'crnn-1'"),
        (resealed(b"crnn-1", b"crnn-2"), "in format 1 under the contract 'crnn-2'"),
    ],
)
def test_newer_files_name_both_sides(data: Any, wrote: str) -> None:
    with pytest.raises(CheckpointError, match="use the version that wrote it, or a newer one") as e:
        from_bytes(data, "m")
    assert f"'m' was written by crnn {crnn.__version__} {wrote};" in str(e.value)
    assert f"crnn {crnn.__version__}, reads format 1 and 'crnn-1'" in str(e.value)


def test_reading_what_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"^there is no checkpoint") as caught:
        read(tmp_path / "no")
    assert caught.value.errno == errno.ENOENT
    with pytest.raises(IsADirectoryError, match="is a folder, expected a checkpoint"):
        read(tmp_path)
    (tmp_path / "file").write_bytes(b"x")
    with pytest.raises(OSError, match=r"there is no checkpoint|cannot be read"):
        read(tmp_path / "file" / "m")
    cases: list[tuple[Any, type[Exception]]]
    cases = [(3, TypeError), ("", ValueError), ("a\0b", ValueError)]
    for path, error in cases:
        with pytest.raises(error, match="path is"):
            read(path)


@posix
@pytest.mark.parametrize(
    ("beginning", "match"),
    [
        (b"", "it is not a safetensors file"),
        (b"hello, this is a text", "it is not a safetensors file"),
        (foreign(None), "another program wrote it"),
        ((2**30).to_bytes(8, "little") + b"{", "it is not a safetensors file"),
        ((2**30).to_bytes(8, "little") + SMALL[8:], "is cut short or damaged"),
    ],
)
def test_a_huge_file_is_refused_by_its_beginning(
    tmp_path: Path, beginning: bytes, match: str
) -> None:
    path = tmp_path / "huge"
    path.write_bytes(beginning)
    os.truncate(path, 2**42)  # a hole: it takes no room on the disk, but none could read it
    with pytest.raises(CheckpointError, match=match):
        read(path)


@posix
def test_only_files_are_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in [Path("/dev/zero"), tmp_path / "pipe"]:
        with pytest.raises(OSError, match=r"it is a device or a pipe, not a file; name another"):
            read(path)


# --- failures while writing -------------------------------------------------------------------


@pytest.fixture
def old(tmp_path: Path) -> Path:
    path = tmp_path / "m.safetensors"
    path.write_bytes(b"the old file")
    return path


def assert_untouched(path: Path) -> None:
    assert path.read_bytes() == b"the old file"
    assert os.listdir(path.parent) == [path.name]


@pytest.mark.parametrize("function", ["fsync", "replace", "chmod"])
@pytest.mark.parametrize("error", [OSError(errno.EIO, "Input/output error"), KeyboardInterrupt()])
def test_a_failing_call_leaves_the_old_file(
    old: Path, monkeypatch: pytest.MonkeyPatch, function: str, error: Any
) -> None:
    def fail(*args: Any) -> None:
        assert len(os.listdir(old.parent)) == 2  # the temporary is beside the target
        assert any(n.startswith(".m.safetensors.") for n in os.listdir(old.parent))
        raise error

    monkeypatch.setattr(os, function, fail)
    with pytest.raises(type(error)) as caught:
        write(old, {}, {})
    if isinstance(error, OSError):
        assert "cannot be written, nothing there was changed: Input/output" in str(caught.value)
        assert caught.value.__cause__ is error
    assert_untouched(old)


class FullDisk(io.FileIO):
    """A file whose disk has room for ten bytes."""

    def __init__(self, name: str, mode: str, buffering: int, opener: Any) -> None:
        super().__init__(name, mode, opener=opener)

    def write(self, data: Any) -> int:
        if self.tell() >= 10:
            raise OSError(errno.ENOSPC, "No space left on device")
        return super().write(data[:10])


def test_a_full_disk_leaves_the_old_file(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(vars(durable), "open", FullDisk)
    with pytest.raises(OSError, match="the disk is full; make room") as caught:
        write(old, {}, {})
    assert caught.value.errno == errno.ENOSPC
    assert_untouched(old)


@posix
def test_a_file_size_limit_leaves_the_old_file(old: Path) -> None:
    import resource

    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, limits[1]))
    try:
        with pytest.raises(OSError, match="the disk is full"):
            write(old, {"w": np.zeros(10_000)}, {})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert_untouched(old)


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError) as caught:
        write(tmp_path / "no" / "m", {}, {})
    assert f"there is no folder {str(tmp_path / 'no')!r}; create it" in str(caught.value)
    assert caught.value.errno == errno.ENOENT
    (tmp_path / "file").write_bytes(b"x")
    with pytest.raises(OSError, match="there is no folder"):
        write(tmp_path / "file" / "m", {}, {})


def test_forbidden_folders_and_files(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: Any, **more: Any) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    with monkeypatch.context() as patch:
        patch.setitem(vars(durable), "open", refuse)
        with pytest.raises(PermissionError, match="Permission denied; check the permissions in"):
            write(old, {}, {})
    monkeypatch.setattr(os, "access", lambda *arguments: False)
    with pytest.raises(PermissionError, match="the file is read-only; check the permissions in"):
        write(old, {}, {})
    assert_untouched(old)


@pytest.mark.parametrize("name", [".", "kept", "no/m", "file/m", 250 * "m", 252 * "m", 300 * "m"])
def test_what_cannot_be_written_shows_beforehand_in_the_same_words(
    tmp_path: Path, name: str
) -> None:
    for file in ["file", "kept"]:
        (tmp_path / file).write_bytes(b"the old file")
    (tmp_path / "kept.bak").mkdir()
    before = sorted(os.listdir(tmp_path))
    with pytest.raises(OSError, match="cannot be written, nothing there was changed") as written:
        write(tmp_path / name, {}, {}, keep=True)
    with pytest.raises(type(written.value)) as probed:
        probe(tmp_path / name, keep=True)
    assert str(probed.value) == str(written.value)
    assert probed.value.errno == written.value.errno
    assert sorted(os.listdir(tmp_path)) == before


@posix
def test_a_kept_file_needs_a_longer_name(tmp_path: Path) -> None:
    path = tmp_path / (231 * "m")  # 254 with a temporary file's ending, 258 with .bak before it
    probe(path, keep=True)
    write(path, {}, {"n": 1})
    probe(path)
    for attempt in (probe, lambda path, keep: write(path, {}, {}, keep=keep)):
        with pytest.raises(OSError, match="choose a shorter name"):
            attempt(path, keep=True)
    assert os.listdir(tmp_path) == [path.name]
    assert read(path) == ({}, {"n": 1})


def test_where_it_can_be_written_probing_leaves_nothing(old: Path) -> None:
    for path in [old, old.with_name("new")]:
        probe(path, keep=True)
    assert_untouched(old)


def test_only_files_are_replaced(tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError, match="it is a folder; choose another place"):
        write(tmp_path, {}, {})
    if os.name != "nt":
        with pytest.raises(OSError, match="it is a device or a pipe, not a file"):
            write(os.devnull, {}, {})
        assert stat.S_ISCHR(os.stat(os.devnull).st_mode)


# --- the new file -----------------------------------------------------------------------------


@posix
def test_the_folder_is_put_on_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced = []
    fsync = os.fsync

    def note(descriptor: int) -> None:
        synced.append(os.fstat(descriptor).st_mode)
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", note)
    write(tmp_path / "m", {}, {})
    assert [stat.S_IFMT(mode) for mode in synced] == [stat.S_IFREG, stat.S_IFDIR]


@posix
@pytest.mark.parametrize(("number", "raises"), [(errno.EINVAL, False), (errno.EIO, True)])
def test_a_folder_that_does_not_sync(
    old: Path, monkeypatch: pytest.MonkeyPatch, number: int, raises: bool
) -> None:
    fsync = os.fsync

    def fail(descriptor: Any) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(number, "no")
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", fail)
    if raises:
        with pytest.raises(OSError, match="was written, but the disk reports no"):
            write(old, {}, {"n": 1})
    else:
        write(old, {}, {"n": 1})
    assert read(old) == ({}, {"n": 1})
    assert os.listdir(old.parent) == [old.name]


@posix
def test_a_folder_that_cannot_be_opened_is_not_synced(
    old: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_file = os.open

    def refuse(path: str, *arguments: Any) -> int:
        if os.path.isdir(path):
            raise PermissionError(errno.EACCES, "Permission denied")
        return open_file(path, *arguments)

    monkeypatch.setattr(os, "open", refuse)
    write(old, {}, {"n": 1})
    assert read(old) == ({}, {"n": 1})


@posix
def test_permissions_are_the_umasks_or_the_old_files(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        write(tmp_path / "new", {}, {})
    finally:
        os.umask(before)
    assert stat.S_IMODE(os.stat(tmp_path / "new").st_mode) == 0o640
    os.chmod(tmp_path / "new", 0o604)
    write(tmp_path / "new", {}, {})
    assert stat.S_IMODE(os.stat(tmp_path / "new").st_mode) == 0o604


@posix
@pytest.mark.parametrize("exists", [True, False])
def test_a_link_is_followed_and_stays(tmp_path: Path, exists: bool) -> None:
    (tmp_path / "store").mkdir()
    target, link = tmp_path / "store" / "m", tmp_path / "link"
    if exists:
        target.write_bytes(b"the old file")
    link.symlink_to(os.path.join("store", "m"))
    write(link, {}, {"n": 1}, keep=True)
    assert link.is_symlink()
    assert read(target) == ({}, {"n": 1})
    assert sorted(os.listdir(target.parent)) == (["m", "m.bak"] if exists else ["m"])


def test_keeping_the_old_file(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    backup = old.with_name("m.safetensors.bak")
    write(old, {}, {"n": 1}, keep=True)
    assert backup.read_bytes() == b"the old file"
    write(old, {}, {"n": 2}, keep=True)
    assert read(backup) == ({}, {"n": 1})
    write(old, {}, {"n": 3})
    assert read(backup) == ({}, {"n": 1})
    assert sorted(os.listdir(old.parent)) == [old.name, backup.name]

    def fail(*arguments: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(shutil, "copystat", fail)
    with pytest.raises(OSError, match="the disk is full"):
        write(old, {}, {"n": 4}, keep=True)
    assert read(old) == ({}, {"n": 3})


def test_a_name_in_the_current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write("m", {}, {"n": 1})
    assert read("m") == ({}, {"n": 1})
