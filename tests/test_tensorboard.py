"""Event files: what TensorBoard will read in them, byte by byte as the format says."""

from __future__ import annotations

import builtins
import math
import os
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tensorboardX.proto.event_pb2 import Event, SessionLog

import crnn
from crnn.history import Report
from crnn.tensorboard import Events


def trainer_of(text: str, **changes: Any) -> crnn.Trainer:
    model = crnn.RNN(crnn.Vocab.from_text(text), hidden_size=4)
    return crnn.Trainer(model, text, **{"report_every": 10, "sample_length": 5, **changes})


def events_in(folder: Path) -> list[Any]:
    """Return the events of all files: records of a length, its checksum, an event, its checksum."""
    found = []
    for path in sorted(folder.iterdir()):
        data, at = path.read_bytes(), 0
        while at < len(data):
            (length,) = struct.unpack_from("<Q", data, at)
            found.append(Event.FromString(data[at + 12 : at + 12 + length]))
            at += 16 + length
    return found


def scalars_in(folder: Path) -> dict[str, list[tuple[int, float]]]:
    found: dict[str, list[tuple[int, float]]] = {}
    for event in events_in(folder):
        for value in event.summary.value:
            if value.HasField("simple_value"):
                found.setdefault(value.tag, []).append((event.step, value.simple_value))
    return found


def test_the_history_is_in_it(tmp_path: Path, text: str) -> None:
    trainer = trainer_of(text, val_fraction=0.2, val_every=25)
    with Events(tmp_path / "runs" / "one", trainer) as events:
        trainer.train(30, events.report)
    found = scalars_in(tmp_path / "runs" / "one")
    rows = trainer.history
    assert [step for step, _ in found["bits_per_char/training"]] == [1, 11, 21, 25]
    bits = rows["smooth_loss"] / 25 / math.log(2)
    assert [value for _, value in found["bits_per_char/training"]] == pytest.approx(bits, rel=1e-6)
    assert [step for step, _ in found["gradient_norm"]] == [1, 11, 21]
    assert found["learning_rate"][0][1] == pytest.approx(0.1)
    ((step, val),) = found["bits_per_char/validation"]
    (expected,) = rows["val_loss"][~np.isnan(rows["val_loss"])]
    assert step == 25
    assert val == pytest.approx(expected / math.log(2), rel=1e-6)


def test_a_resumed_training_replaces_what_it_does_again(tmp_path: Path, text: str) -> None:
    trainer = trainer_of(text)
    trainer.train(12)
    with Events(tmp_path, trainer) as events:
        events.report(Report(12, 50.0, 2.9))
    first, start, *_ = events_in(tmp_path)
    assert first.file_version == "brain.Event:2"
    assert (start.session_log.status, start.step) == (SessionLog.START, 12)
    assert all(event.wall_time > 1e9 for event in events_in(tmp_path))


def test_trainings_that_begin_in_one_second_have_files_of_their_own(
    tmp_path: Path, text: str
) -> None:
    for _ in range(3):
        Events(tmp_path, trainer_of(text)).close()
    assert len(events_in(tmp_path)) == 6


def test_samples_are_shown_as_they_are(tmp_path: Path, text: str) -> None:
    with Events(tmp_path, trainer_of(text)) as events:
        events.report(Report(0, math.nan, math.nan, "*a*\n<b>\ud800"))
    (value,) = events_in(tmp_path)[-1].summary.value
    assert value.metadata.plugin_data.plugin_name == "text"
    assert value.tensor.string_val[0].decode() == "    *a*\n    <b>\\ud800\n"
    assert scalars_in(tmp_path) == {}


def test_what_cannot_be_written_is_named(
    tmp_path: Path, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(
        OSError, match=r"tensorboard folder '.*file' cannot be written: File exists"
    ):
        Events(tmp_path / "file", trainer_of(text))
    events = Events(tmp_path / "runs", trainer_of(text))

    def full(_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(events._writer, "write_event", full)
    with pytest.raises(OSError, match=r"runs' cannot be written: No space left"):
        events.report(Report(0, 50.0, 2.9))
    events.close()
    assert len(os.listdir(tmp_path / "runs")) == 1


def test_without_the_library_the_error_says_what_to_install(
    tmp_path: Path, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = builtins.__import__

    def lacking(name: str, *rest: Any) -> Any:
        if name.startswith("tensorboardX"):
            raise ImportError(f"No module named {name!r}")
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", lacking)
    with pytest.raises(ImportError, match=r"pip install 'crnn\[tensorboard\]'"):
        Events(tmp_path, trainer_of(text))
