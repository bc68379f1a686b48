"""`crnn train`: the reference's lines, files kept and resumed, and what wrong words get."""

from __future__ import annotations

import errno
import re
from dataclasses import fields
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

import crnn as package
from crnn import Settings, Trainer
from crnn.checkpoint import read
from crnn.cli import main, texts
from crnn.cli.contradictions import BESIDE_RESUME
from crnn.cli.train import command as train_command

SMALL = ("--hidden-size", "8")


def failure(result: Result, status: int = 1) -> str:
    """Return what an error said, after checking that it was told and not thrown."""
    assert result.exit_code == status, result.output
    assert isinstance(result.exception, SystemExit)
    assert "Error: " in result.stderr
    assert "Traceback" not in result.output
    return " ".join(result.stderr.split())


def expected_lines(text: str, steps: int, settings: Settings, seed: int) -> str:
    """Return what the reference's main loop prints, from the trainer itself."""
    vocab = package.Vocab.from_text(text)
    model = package.RNN(vocab, settings.hidden_size, settings.dtype, seed)
    lines = ["data has %d characters, %d unique." % (len(text), len(vocab))]  # noqa: UP031

    def collect(report: package.Report) -> None:
        if report.sample is not None:
            lines.append(f"----\n {report.sample} \n----")
        if report.iteration % settings.report_every == 0:
            lines.append("iter %d, loss: %f" % (report.iteration, report.smooth_loss))  # noqa: UP031

    Trainer.from_settings(model, text, settings, seed).train(steps, collect)
    return "\n".join(lines) + "\n"


def test_piped_are_the_lines_of_the_reference(crnn: Any, text: str) -> None:
    words = ["--report-every=10", "--sample-every=15", "--sample-length=30", "--dtype=float64"]
    result = crnn("train", "book.txt", "--steps=31", "--seed=5", *SMALL, *words)
    settings = Settings(
        hidden_size=8, dtype="float64", report_every=10, sample_every=15, sample_length=30
    )
    assert result.stdout == expected_lines(text, 31, settings, 5)
    kinds = re.findall(r"^data|^----\n |^iter \d+", result.stdout, re.MULTILINE)
    assert kinds[:4] == ["data", "----\n ", "iter 0", "iter 10"]
    assert kinds[4:] == ["----\n ", "iter 20", "----\n ", "iter 30"]
    assert "Saved    model.safetensors" in result.stderr
    assert "crnn sample model.safetensors" in result.stderr


def test_every_setting_reaches_the_file(crnn: Any, folder: Path) -> None:
    chosen = Settings(
        hidden_size=7, seq_length=9, batch_size=3, optimizer="adam", learning_rate=0.05, clip=2.5,
        dtype="float64", threads=2, steps=3, report_every=2, sample_every=0, sample_length=4,
        normalize="NFC", newlines="unix", lowercase=True, documents="line", init="identity",
        dropout=0.25, weight_decay=0.01, clip_norm=0.5, freeze="bh,by", schedule="step", warmup=2,
        decay_every=5, decay_factor=0.75, final_rate=0.125, decay_fraction=0.25, val_fraction=0.1,
        val_every=2, patience=9, plateau=4, on_divergence="halve-rate", beta1=0.8, beta2=0.99,
        momentum=0.5, decay_rate=0.9, encoding="latin-1",
    )  # fmt: skip
    given = {k: v for k, v in chosen.to_dict().items() if k not in ("lowercase", "time")}
    words = ["--lowercase", *(f"--{k.replace('_', '-')}={v}" for k, v in given.items())]
    same = {k for k, v in given.items() if v == Settings().to_dict()[k]}
    assert same == {"min_count"}  # a setting that is added is tried here
    assert crnn("train", "book.txt", "-o", "m", "--seed", "18", *words).exit_code == 0
    training: Any = read(folder / "m")[1]["training"]
    assert training["settings"] | {"threads": 2} == chosen.to_dict()
    assert training["seed"]["entropy"] == "0x12"


def test_help_shows_every_setting_with_its_default() -> None:
    options = {param.name: param for param in train_command.params}
    for setting in fields(Settings):
        if setting.name != "time":  # its word has a unit: 10s, 5m
            assert options[setting.name].default == setting.default
        assert str(options[setting.name].help).startswith(setting.metadata["text"])


def test_texts_are_joined_in_order(crnn: Any, folder: Path) -> None:
    (folder / "more.txt").write_bytes("ещё\r\n".encode("cp1251") * 9)
    words = ("--encoding", "cp1251", "--steps", "1", *SMALL)
    result = crnn("train", "more.txt", "book.txt", *words)
    assert result.exit_code == 0
    joined = (folder / "more.txt").read_bytes().decode("cp1251") + (folder / "book.txt").read_text()
    trainer = Trainer.resume("model.safetensors", joined)
    assert "\r" in trainer.model.vocab
    assert trainer.step == 1


def test_without_a_text_the_default_is_used_and_said(
    crnn: Any, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(texts, "default_text", lambda: text)
    result = crnn("train", "--steps", "1", *SMALL)
    assert f"data has {len(text)} characters" in result.stdout
    assert "language reference" in result.stderr


def test_quiet_says_nothing(crnn: Any, folder: Path) -> None:
    result = crnn("train", "book.txt", "--quiet", "--steps", "1001", *SMALL)
    assert (result.exit_code, result.output) == (0, "")
    assert (folder / "model.safetensors").exists()


def test_resumed_is_as_if_never_stopped(crnn: Any, folder: Path) -> None:
    every = ("--report-every=100", "--sample-every=100", *SMALL)
    whole = crnn("train", "book.txt", "-o", "whole", "--steps", "300", *every)
    part = crnn("train", "book.txt", "-o", "part", "--steps", "120", *every)
    rest = crnn("train", "book.txt", "--resume", "part", "--steps", "300")
    assert rest.exit_code == 0
    assert (folder / "part").read_bytes() == (folder / "whole").read_bytes()
    head = whole.stdout.partition("\n")[0] + "\n"
    assert part.stdout + rest.stdout.removeprefix(head) == whole.stdout
    assert not (folder / "part.bak").exists()


def test_streams_under_adam_are_resumed_with_other_threads(crnn: Any, folder: Path) -> None:
    words = ("--batch-size=4", "--optimizer=adam", "--learning-rate=0.002", "--threads=2", *SMALL)
    whole = crnn("train", "book.txt", "-o", "whole", "--steps=60", *words)
    part = crnn("train", "book.txt", "-o", "part", "--steps=20", *words)
    assert (whole.exit_code, part.exit_code) == (0, 0)
    assert "characters per second" in whole.stderr
    rest = crnn("train", "book.txt", "--resume", "part", "--steps=60", "--threads=3")
    assert rest.exit_code == 0, rest.output
    (one, header), (other, _) = read(folder / "part"), read(folder / "whole")
    assert [name for name in other if one[name].tobytes() != other[name].tobytes()] == []
    assert header == read(folder / "whole")[1]
    refused = crnn("train", "book.txt", "--resume", "part", "--batch-size=4")
    assert "--batch-size cannot be given beside --resume" in failure(refused, 2)


def test_resume_takes_its_total_from_the_file_and_knows_when_it_is_reached(
    crnn: Any, trained: Path
) -> None:
    before = trained.read_bytes()
    for more in [(), ("--steps", "50"), ("--steps", "20")]:
        result = crnn("train", "book.txt", "--resume", str(trained), *more)
        assert result.exit_code == 0
        assert "trained for 50 windows" in result.stderr
    assert trained.read_bytes() == before


def test_an_older_file_is_kept_once(crnn: Any, folder: Path) -> None:
    old = folder / "m"
    old.write_bytes(b"an old file")
    result = crnn("train", "book.txt", "-o", "m", "--steps=40", "--checkpoint-every=10", *SMALL)
    assert (folder / "m.bak").read_bytes() == b"an old file"
    assert "m.bak" in result.stderr
    assert package.load(old).hidden_size == 8


def test_beside_resume_a_setting_is_refused_by_name(crnn: Any, trained: Path) -> None:
    for param in train_command.params:
        if param.name in BESIDE_RESUME:
            continue
        assert isinstance(param, click.Option)
        known = isinstance(param.default, (str, int, float))
        words = [] if param.is_flag else [str(param.default if known else 1)]
        result = crnn("train", "book.txt", "--resume", str(trained), param.opts[0], *words)
        refusal = "are both given" if param.name == "init_from" else "cannot be given beside"
        assert re.search(f"{param.opts[0]} {refusal}", failure(result, 2))


def test_another_text_is_refused_with_both_fingerprints(crnn: Any, trained: Path) -> None:
    Path("other.txt").write_text(Path("book.txt").read_text("utf-8")[:-1], "utf-8")
    said = failure(crnn("train", "other.txt", "--resume", str(trained), "--steps", "99"))
    assert re.search("fingerprint [0-9a-f]{16}.* fingerprint [0-9a-f]{16}: give the same", said)


@pytest.mark.parametrize(
    ("words", "status", "expected"),
    [
        (["nowhere.txt"], 1, "no file 'nowhere.txt'"),
        (["."], 1, "latin.txt' is not utf-8"),
        (["empty.txt"], 1, "'empty.txt' is empty"),
        (["short.txt"], 1, "text's length is 5"),
        (["latin.txt"], 1, "offset 1 .* --encoding cp1252"),
        (["book.txt", "--encoding", "klingon"], 2, "--encoding': 'klingon', which does not"),
        (["book.txt", "-o", "no/such/m"], 1, "there is no folder '.*such'"),
        (["book.txt", "-o", "."], 1, "'.' cannot be written.* it is a folder"),
        (["book.txt", "-o", "book.txt"], 1, "is the text to train on"),
        (["book.txt", "-o", "/dev/null"], 1, "a device or a pipe"),
        (["book.txt", "--hidden-size", "1000000000"], 1, "--hidden-size is 1,000,000,000"),
        (["book.txt", "--hidden-size", "0"], 2, "--hidden-size"),
        (["book.txt", "--hidden-size", "1.5"], 2, "--hidden-size"),
        (["book.txt", "--learning-rate", "0"], 2, "--learning-rate"),
        (["book.txt", "--learning-rate", "nan"], 2, "--learning-rate': nan, expected .* above 0"),
        (["book.txt", "--dtype", "float16"], 2, "--dtype"),
        (["book.txt", "--optimizer", "sdg"], 2, "--optimizer.* did you mean 'sgd'"),
        (["book.txt", "--schedule", "cosin"], 2, "--schedule.* did you mean 'cosine'"),
        (["book.txt", "--preset", "stron"], 2, "--preset': 'stron', .* did you mean 'strong'"),
        (["book.txt", "--val-fraction", "1"], 2, "--val-fraction.* at least 0 and below 1"),
        (
            ["book.txt", "--val-fraction", "0.02"],
            1,
            "validation text has 18 char.* less than a win.* or a larger --val-fraction",
        ),
        (["--schedule=cosine", "--warmup=9"], 1, "--warmup is 9 windows of 1 steps"),
        (["book.txt", "--time", "soon"], 2, "'soon' is no time"),
        (["book.txt", "--time", "5s"], 2, "--steps and --time are both given"),
        (["book.txt", "--patience", "3"], 2, "--patience does nothing .*--val-fraction 0.1"),
        (["--preset=strong", "--val-fraction=0", "--plateau=3"], 2, "--plateau does nothing"),
        (["book.txt", "--freeze", "Who"], 2, "--freeze': names Who, expected Wxh"),
        (["book.txt", "--new-data"], 2, "--new-data is for --resume"),
        (["book.txt", "--init-from", "nowhere"], 1, "no checkpoint 'nowhere'"),
        (["book.txt", "--val-file", "nowhere"], 1, "no file 'nowhere'"),
        (
            ["book.txt", "--val-file", "book.txt", "--val-fraction", ".1"],
            1,
            "--val-file and --val-fraction are both given",
        ),
        (["book.txt", "--batch-size", "0"], 2, "--batch-size"),
        (["book.txt", "--threads", "0"], 2, "--threads"),
        (
            ["book.txt", "--batch-size", "500"],
            1,
            "a --seq-length of 25 in 500 streams needs at least 13,500: .*--batch-size",
        ),
        (["book.txt", "--seed", "-1"], 2, "--seed': '-1', expected an integer of at least 0"),
        (["book.txt", "--seed", "x"], 2, "--seed': 'x', expected"),
        ([".", "--glob=*.txt", "-o", "book.txt"], 1, "is one of the texts in folder '.'"),
        (["book.txt", "--checkpoint-every", "0s"], 2, "'0s' is neither"),
        (["book.txt", "--checkpoint-every", "soon"], 2, "'soon' is neither"),
        (["book.txt", "--resume", "nowhere"], 1, "no checkpoint 'nowhere'"),
        (["book.txt", "--resume", "other.txt"], 1, "is not a crnn checkpoint"),
    ],
)
def test_what_wrong_words_get(
    crnn: Any, folder: Path, words: list[str], status: int, expected: str
) -> None:
    (folder / "empty.txt").touch()
    (folder / "short.txt").write_bytes(b"short")
    (folder / "latin.txt").write_bytes(b"n\xe9e")
    (folder / "other.txt").write_bytes(b"not a checkpoint")
    before = sorted(folder.iterdir())
    assert re.search(expected, failure(crnn("train", *words, "--steps", "1"), status))
    assert sorted(folder.iterdir()) == before


@pytest.mark.parametrize(
    ("name", "expected"),
    [("m", r"kept as '.*m\.bak', which is a folder"), ("n" * 240, "choose a shorter name")],
)
def test_a_place_that_would_fail_at_the_end_is_refused_before_training(
    crnn: Any, folder: Path, name: str, expected: str
) -> None:
    (folder / "m").write_bytes(b"an old file")
    (folder / "m.bak").mkdir()
    before = sorted(folder.iterdir())
    result = crnn("train", "book.txt", "-o", name, "--steps=1", *SMALL)
    assert re.search(expected, failure(result))
    assert result.stdout == ""
    assert sorted(folder.iterdir()) == before


def test_without_its_text_a_file_asks_for_it(
    crnn: Any, trained: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for default, reason in [("Ω" * 99, "'Ω'"), (Path("book.txt").read_text()[5:], "fingerprint")]:
        monkeypatch.setattr(texts, "default_text", lambda default=default: default)
        said = failure(crnn("train", "--resume", str(trained), "--steps", "99"))
        assert reason in said
        assert said.endswith("; name its TEXT if it was not trained on the default")
    said = failure(crnn("train", "--resume", "nowhere"))
    assert "TEXT if" not in said


def test_a_file_that_changes_while_the_text_is_read_does_no_harm(
    crnn: Any, trained: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from_saved = Trainer.from_saved

    def late(*args: Any, **how: Any) -> Trainer:
        trained.write_bytes(b"of somebody else")
        return from_saved(*args, **how)

    monkeypatch.setattr(Trainer, "from_saved", late)
    words = ("--resume", str(trained), "--steps", "99", "-o", "on")
    assert crnn("train", "book.txt", *words).exit_code == 0
    assert Trainer.resume("on", Path("book.txt").read_text()).step == 99


def test_a_model_without_a_training_is_not_resumed(crnn: Any) -> None:
    package.RNN("abc", hidden_size=2).save("plain")
    assert "no training to go on with" in failure(crnn("train", "book.txt", "--resume", "plain"))


class FullDisk:
    """Lets a trainer save a number of times, and then no more."""

    def __init__(self, good: int, monkeypatch: pytest.MonkeyPatch) -> None:
        self._good = good
        self._save = Trainer.save
        monkeypatch.setattr(Trainer, "save", lambda *args, **how: self._try(*args, **how))

    def _try(self, trainer: Trainer, path: str, *, keep: bool = False) -> None:
        self._good -= 1
        if self._good < 0:
            raise OSError(errno.ENOSPC, "the disk is full")
        self._save(trainer, path, keep=keep)


def test_a_full_disk_warns_on_the_way_and_fails_at_the_end(
    crnn: Any, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    FullDisk(1, monkeypatch)
    result = crnn("train", "book.txt", "--steps=40", "--checkpoint-every=10", *SMALL)
    said = failure(result)
    assert said.count("Warning: [Errno 28] the disk is full") == 1  # once for a cause
    assert "'model.safetensors' still holds window 10" in said
    assert Trainer.resume("model.safetensors", text).step == 10


def test_a_loss_that_is_no_number_never_replaces_a_good_file(crnn: Any, trained: Path) -> None:
    before = trained.read_bytes()
    words = ("--learning-rate=1e38", "--sample-every=0", *SMALL)
    said = failure(crnn("train", "book.txt", "--steps=200", *words))
    assert "smaller --learning-rate, or with --on-divergence halve-rate; nothing was" in said
    assert trained.read_bytes() == before


def test_who_goes_back_already_is_not_told_to(crnn: Any) -> None:
    words = ("--learning-rate=1e38", "--on-divergence=halve-rate", *SMALL)
    said = failure(crnn("train", "book.txt", "--steps=200", *words))
    assert "smaller --learning-rate; nothing was saved" in said


def test_a_validation_has_a_line_and_what_follows_is_a_note(crnn: Any, text: str) -> None:
    words = ("--report-every=5", "--val-every=6", "--sample-every=0", "--val-fraction=0.2")
    wild = ("--learning-rate=3", "--patience=2", "--plateau=1")
    result = crnn("train", "book.txt", "--steps=60", *words, *wild, *SMALL)
    assert result.exit_code == 0
    lines = result.stdout.splitlines()[1:]
    numbers = [line.partition(",")[0] for line in lines]
    assert numbers[:4] == ["iter 0", "iter 5", "iter 5", "iter 10"]
    validations = [line for line in lines if "validation loss: " in line]
    assert len(set(lines)) == len(lines)
    trainer = Trainer.resume("model.safetensors", text)
    last = f"iter {trainer.step - 1}, validation loss: {trainer.val_loss:f} nats per character"
    assert validations[-1] == last
    assert "Note: no better for 1 validations: the rate is lowered" in result.stderr
    assert "Warning" not in result.stderr


def test_checkpoints_by_the_clock(crnn: Any, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    steps: list[int] = []
    save = Trainer.save

    def counted(trainer: Trainer, path: str, *, keep: bool = False) -> None:
        steps.append(trainer.step)
        save(trainer, path, keep=keep)

    monkeypatch.setattr(Trainer, "save", counted)
    words = ("--steps=20000", "--report-every=100000", "--sample-every=0", "--hidden-size=32")
    assert crnn("train", "book.txt", "--checkpoint-every=0.1s", *words).exit_code == 0
    assert steps == sorted(set(steps))
    assert len(steps) >= 2
    assert steps[-1] == 20000


def test_standard_input_is_a_text(folder: Path, text: str) -> None:
    words = ["train", "-", "--steps=40", "--encoding=latin-1", "-q", *SMALL]
    piped = CliRunner().invoke(main, [*words, "-o", "piped"], input=text.encode("latin-1"))
    assert piped.exit_code == 0, piped.output
    named = CliRunner().invoke(main, ["train", "book.txt", *words[2:], "-o", "named"])
    assert named.exit_code == 0, named.output
    assert (folder / "piped").read_bytes() == (folder / "named").read_bytes()


@pytest.mark.parametrize(("given", "message"), [(b"", "empty"), (b"ab\xff", "0xff at offset 2")])
def test_standard_input_that_is_no_text_is_named(given: bytes, message: str, folder: Path) -> None:
    told = failure(CliRunner().invoke(main, ["train", "-"], input=given))
    assert "standard input is" in told
    assert message in told
    assert not (folder / "model.safetensors").exists()
