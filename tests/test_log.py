"""Logs of trainings: what is written is what happened, and is read back through every mishap."""

from __future__ import annotations

import json
import math
import os
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from pages.blocks import blocks_run_by

import crnn
from crnn.history import Report, table_of
from crnn.log import Log, LogError, read_log

PAGE = Path(__file__).parent.parent / "docs" / "reference" / "log.md"


def trainer_of(text: str, **changes: Any) -> crnn.Trainer:
    vocab = crnn.Vocab.from_text(text)
    chosen = {"report_every": 10, "sample_every": 25, "sample_length": 5, **changes}
    return crnn.Trainer(crnn.RNN(vocab, hidden_size=4), text, **chosen)


def written(path: Path, *reports: Report, begin: dict[str, Any] | None = None) -> Path:
    """Append what a training with those reports would."""
    trainer = trainer_of("to be or not to be " * 5)
    with Log(path, trainer, iter(np.arange(0.0, 1000, 0.25)).__next__) as log:
        for report in reports:
            log.report(report)
    if begin is not None:
        lines = path.read_text().splitlines()
        at = max(i for i, line in enumerate(lines) if '"begin"' in line)
        lines[at] = json.dumps(json.loads(lines[at]) | begin)
        path.write_text("\n".join(lines) + "\n")
    return path


def window(iteration: int, loss: float = 50.0) -> Report:
    return Report(iteration, loss, loss / 25 / math.log(2), None, 0.1, 1.0)


def validation(iteration: int, loss: float = 2.0) -> Report:
    return Report(iteration, 50.0, 2.9, learning_rate=0.1, val_loss=loss)


def test_it_reads_as_the_history_of_the_trainer(tmp_path: Path, text: str) -> None:
    trainer, heard = trainer_of(text, val_fraction=0.1, val_every=20), list[Report]()
    with Log(tmp_path / "log", trainer) as log:

        def hear(report: Report) -> None:
            heard.append(report)
            log.report(report)

        trainer.train(100, hear)
    run = read_log(tmp_path / "log")
    assert str(table_of(run.reports)) == str(trainer.history)
    assert repr(run.reports) == repr(tuple(heard))
    assert any(not report.listed for report in run.reports)
    assert (run.seq_length, run.batch_size) == (25, 1)
    assert run.begin["text"]["characters"] == len(text)
    assert run.begin["parameters"] == 4 * run.begin["vocabulary_size"] * 2 + 16 + 4 + len(set(text))


def schema_of_the_page() -> Any:
    (block,) = blocks_run_by(__file__)
    return json.loads(block.code)


def test_every_line_is_as_the_page_says(tmp_path: Path, text: str) -> None:
    schema = schema_of_the_page()
    Draft202012Validator.check_schema(schema)
    judge = Draft202012Validator(schema)
    trainer = trainer_of(text, val_fraction=0.1, time=1e6, documents="line")
    with Log(tmp_path / "log", trainer) as log:
        trainer.train(60, log.report)
    written(tmp_path / "log", Report(3, math.nan, math.inf, "\ud800\x00\n", remark="lost"))
    lines = (tmp_path / "log").read_bytes().splitlines()
    assert len(lines) > 9
    for line in lines:
        fields = json.loads(line.decode("ascii"))
        judge.validate(fields)
        assert not judge.is_valid({name: fields[name] for name in list(fields)[1:]})
    assert read_log(tmp_path / "log").reports[-1].sample == "\ud800\x00\n"


def test_fields_of_the_tables_are_those_of_the_schema() -> None:
    schema = schema_of_the_page()
    begin, report = re.findall(r"\| field .*?\n\n", PAGE.read_text("utf-8"), re.DOTALL)
    for table, name in ((begin, "begin"), (report, "report")):
        cells = [line.split("|")[1] for line in table.splitlines()[2:] if line]
        assert re.findall(r"`(\w+)`", "".join(cells)) == schema["$defs"][name]["required"]


def test_a_resumed_training_replaces_what_it_does_again(tmp_path: Path, text: str) -> None:
    path, model = tmp_path / "log", tmp_path / "model"
    trainer = trainer_of(text, val_fraction=0.1, val_every=20)
    with Log(path, trainer) as log:
        trainer.train(40, log.report)
        trainer.save(model)
        trainer.train(33, log.report)
    again = crnn.Trainer.resume(model, text)
    with Log(path, again) as log:
        again.train(50, log.report)
    assert str(read_log(path).history) == str(again.history)
    assert read_log(path).begin["step"] == 40


@settings(max_examples=40)
@given(st.lists(st.tuples(st.integers(0, 30), st.booleans()), max_size=20))
def test_what_is_kept_rises(tmp_path_factory: Any, places: list[tuple[int, bool]]) -> None:
    path = tmp_path_factory.mktemp("log") / "log"
    written(path, *(validation(at) if held else window(at) for at, held in places))
    kept = [(r.iteration, r.val_loss is not None) for r in read_log(path).reports]
    expected = [place for i, place in enumerate(places) if all(place < p for p in places[i + 1 :])]
    assert kept == expected


def test_a_torn_line_is_left_out_and_the_next_training_begins_a_new_one(tmp_path: Path) -> None:
    path = written(tmp_path / "log", window(0), window(10))
    path.write_bytes(path.read_bytes()[:-20])
    assert [report.iteration for report in read_log(path).reports] == [0]
    written(path, window(10), window(20), begin={"step": 10})
    assert [report.iteration for report in read_log(path).reports] == [0, 10, 20]


def test_nothing_is_appended_to_what_is_no_log(tmp_path: Path, text: str) -> None:
    (tmp_path / "book").write_text(text)
    with pytest.raises(LogError, match="book' is there and is no log of crnn: name another file"):
        Log(tmp_path / "book", trainer_of(text))
    assert (tmp_path / "book").read_text() == text


def test_a_file_that_cannot_be_written_is_named(tmp_path: Path, text: str) -> None:
    trainer = trainer_of(text)
    for path in (tmp_path, tmp_path / "none" / "log"):
        with pytest.raises(OSError, match=f"log '{path}' cannot be written: "):
            Log(path, trainer)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs a device that is always full")
def test_a_full_disk_is_an_error_with_the_files_name(text: str) -> None:
    with pytest.raises(OSError, match="log '/dev/full' cannot be written: No space left"):
        Log("/dev/full", trainer_of(text))


@pytest.mark.parametrize(
    ("data", "shown"),
    [(b"to be\n", r"'to be\\n'"), (b"\x7fELF\xf0", "'\\\\x7fELF\ufffd'"), (b"[" * 99, r"'\[{30}'")],
)
def test_another_file_is_shown_as_a_person_reads_it(
    tmp_path: Path, data: bytes, shown: str
) -> None:
    (tmp_path / "x").write_bytes(data)
    with pytest.raises(LogError, match=f"is no log of crnn: it begins with {shown}, expected a "):
        read_log(tmp_path / "x")


GOOD = '{"event": "report", "iteration": 0, "smooth_loss": 1, "bits_per_char": 1, '
MORE = '"learning_rate": 1, "gradient_norm": 1, "val_loss": null, "is_best": true, "listed": true'
LINE = GOOD + MORE + ', "sample": null, "remark": "", "seconds": 1}'


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("", ""),
        (LINE, ""),
        ("{", "Expecting property name"),
        ("[]", r"expected an object whose event is begin or report, it is '\[\]'"),
        ('{"event": "end"}', "whose event is begin or report"),
        ('{"event": "report"}', "'val_loss' is missing"),
        (LINE.replace("0,", "-1,"), "iteration is -1, expected at least 0"),
        (LINE.replace("0,", "0.5,"), "iteration is 0.5, expected an integer"),
        (LINE.replace("0,", "1" + "0" * 30 + ","), "expected at most 4,611"),
        (LINE.replace("0,", "1" * 5000 + ","), "Exceeds the limit"),
        (LINE.replace("loss\": 1", "loss\": NaN"), "NaN is no JSON, expected null"),
        (LINE.replace("loss\": 1", "loss\": \"1\""), "smooth_loss is '1', expected"),
        (LINE.replace("loss\": 1", f"loss\": {10**400}"), "too large"),
        ("[" * 100_000, "recursion|nest"),
        ("\xff", "codec can't decode"),
    ],
)  # fmt: skip
def test_lines_of_others_are_errors_with_their_number(
    tmp_path: Path, line: str, message: str
) -> None:
    path = written(tmp_path / "log")
    path.write_bytes(path.read_bytes() + line.encode("latin-1") + b"\n" + f"{LINE}\n".encode())
    if not message:
        assert read_log(path).reports
        return
    with pytest.raises(LogError, match=f"log '.*', line 2: .*({message})"):
        read_log(path)


@pytest.mark.parametrize(
    ("begin", "message"),
    [
        ({"format": 2}, "format is 2, this crnn reads 1: get a newer one"),
        ({"step": "many"}, "step is 'many', expected an integer"),
        ({"settings": []}, r"settings is \[\], expected an object"),
        ({"settings": {"seq_length": 0}}, "seq_length is 0, expected an integer of at least 1"),
    ],
)
def test_a_description_that_makes_no_sense_is_an_error(
    tmp_path: Path, begin: dict[str, Any], message: str
) -> None:
    path = written(tmp_path / "log", begin=begin)
    with pytest.raises(LogError, match=message):
        read_log(path)


def test_what_is_no_log_at_all(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    with pytest.raises(LogError, match="empty' is empty, expected the log of a training"):
        read_log(tmp_path / "empty")
    with pytest.raises(OSError, match="none' cannot be read: No such file"):
        read_log(tmp_path / "none")
    (tmp_path / "headless").write_text(LINE + "\n")
    with pytest.raises(LogError, match="line 1: expected the description of a training first"):
        read_log(tmp_path / "headless")
