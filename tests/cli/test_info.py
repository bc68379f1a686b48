"""`crnn info`: what is in a file, for people and for machines."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cli.processes import run

import crnn as package
from crnn import checkpoint


def test_json_says_all_of_a_training(crnn: Any, trained: Path, text: str) -> None:
    facts = json.loads(crnn("info", str(trained), "--json").stdout)
    trainer = package.Trainer.resume(trained, text)
    vocab = trainer.model.vocab
    assert facts["bytes"] == trained.stat().st_size
    assert facts["kind"] == "training checkpoint"
    assert facts["sha256"] == checkpoint.read_contents(trained).sha256
    assert (facts["version"], facts["contract"]) == (package.__version__, "crnn-1")
    assert (facts["vocabulary"], facts["vocabulary_size"]) == (vocab.chars, len(vocab))
    assert (facts["hidden_size"], facts["dtype"]) == (8, "float32")
    assert facts["parameters"] == 8 * len(vocab) * 2 + 64 + 8 + len(vocab)
    training = facts["training"]
    assert (training["step"], training["smooth_loss"]) == (50, trainer.smooth_loss)
    assert training["bits_per_char"] == pytest.approx(trainer.smooth_loss / 25 / np.log(2))
    assert training["settings"] | {"threads": 1} == trainer.settings.to_dict()
    indices = vocab.encode(text).astype("<i4").tobytes()
    digest = hashlib.sha256(indices).hexdigest()
    assert training["text"] == {"characters": len(text), "sha256": digest}


def test_the_table_has_the_same_with_characters_made_visible(crnn: Any, trained: Path) -> None:
    said = crnn("info", str(trained)).stdout
    for part in ["training checkpoint", "contract crnn-1", "checksum      ok", "50 of 50 windows",
                 "nats per window", "bits per character", "hidden size   8\n", "of float32",
                 "learning_rate 0.1", "seed          0\n", "fingerprint", "␊␠',.:"]:  # fmt: skip
        assert part in said, part


def test_streams_and_optimizer_are_shown_but_no_threads(crnn: Any) -> None:
    words = ("--batch-size=4", "--optimizer=adam", "--threads=2", "--steps=5", "--hidden-size=8")
    assert crnn("train", "book.txt", *words).exit_code == 0
    said = crnn("info", "model.safetensors").stdout
    for part in ("batch_size 4", "optimizer adam"):
        assert part in said
    assert "threads" not in said  # any number of them gives the same file
    settings = json.loads(crnn("info", "model.safetensors", "--json").stdout)["training"][
        "settings"
    ]
    assert (settings["batch_size"], settings["optimizer"]) == (4, "adam")
    assert "threads" not in settings


def test_a_model_alone(crnn: Any) -> None:
    package.RNN("ab\x1b", hidden_size=2, seed=[7, 8]).save("plain")
    said = crnn("info", "plain").stdout
    assert "a model\n" in said
    assert "0x7, 0x8" in said
    assert "ab␛" in said
    assert "trained" not in said
    assert json.loads(crnn("info", "plain", "--json").stdout)["training"] is None


def test_arrays_from_elsewhere_have_no_seed(crnn: Any) -> None:
    zeros = np.zeros
    model = package.RNN.from_arrays("ab", zeros((1, 2)), zeros((1, 1)), zeros((2, 1)),
                                    zeros((1, 1)), zeros((2, 1)))  # fmt: skip
    model.save("plain")
    assert "came from elsewhere" in crnn("info", "plain").stdout


def test_a_loss_that_is_no_number_is_shown_and_is_json(crnn: Any, text: str) -> None:
    model = package.RNN(package.Vocab.from_text(text), hidden_size=2)
    package.Trainer(model, text).save("broken")
    tensors, header = checkpoint.read("broken")
    training: Any = header["training"]
    training["smooth_loss"] = "nan"
    checkpoint.write("broken", tensors, header)
    assert "not a number" in crnn("info", "broken").stdout
    assert json.loads(crnn("info", "broken", "--json").stdout)["training"]["smooth_loss"] is None


def test_all_facts_are_of_one_reading(
    crnn: Any, trained: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    readings: list[str] = []
    read_bytes = checkpoint._read_bytes

    def counted(shown: str) -> bytes:
        readings.append(shown)
        return read_bytes(shown)

    monkeypatch.setattr(checkpoint, "_read_bytes", counted)
    assert crnn("info", str(trained)).exit_code == 0
    assert readings == [str(trained)]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"training": {}}, "does not describe a training: 'settings' is missing"),
        ({"training": []}, "does not describe a training"),
        ({"training": 3}, "does not describe a training"),
        ({"vocabulary": "abc"}, "does not describe a model"),
    ],
)
def test_a_sealed_file_with_nonsense_is_an_error(
    crnn: Any, trained: Path, changes: Any, expected: str
) -> None:
    tensors, header = checkpoint.read(trained)
    checkpoint.write(trained, tensors, header | changes)
    result = crnn("info", str(trained))
    assert (result.exit_code, result.stdout) == (1, "")
    assert isinstance(result.exception, SystemExit)
    assert expected in result.stderr


def test_a_damaged_file_is_an_error(crnn: Any, trained: Path) -> None:
    trained.write_bytes(trained.read_bytes()[:-1])
    result = crnn("info", str(trained))
    assert (result.exit_code, result.stdout) == (1, "")
    assert "is damaged or cut short" in result.stderr


VALIDATED = ("--steps=400", "--hidden-size=8", "--val-fraction=0.2", "-q")


def test_with_its_text_the_card_is_shown(crnn: Any, text: str) -> None:
    assert crnn("train", "book.txt", *VALIDATED).exit_code == 0
    said = crnn("info", "model.safetensors", "book.txt").stdout
    trainer = package.Trainer.resume("model.safetensors", text)
    bits = trainer.validate() / np.log(2)
    for part in ("holds         a training checkpoint\n", f"{bits:.3f}\n", "xz -9",
                 "Bits per character of the validation part (180 characters)\n",
                 "10,000 characters, 13.9 times the 720 of the training part",
                 "samples (2,000 characters) stand in the training part"):  # fmt: skip
        assert part in said, part
    card = json.loads(crnn("info", "model.safetensors", "book.txt", "--json").stdout)["card"]
    assert card["validation_bits"] == pytest.approx(bits)
    assert card["characters_seen"] == 10_000


def test_a_card_on_a_validation_text_of_its_own(crnn: Any, folder: Path) -> None:
    (folder / "val").mkdir()
    (folder / "val" / "v.txt").write_bytes((folder / "book.txt").read_bytes()[:300])
    words = ("--steps=50", "--hidden-size=8", "-q", "--val-file=val/v.txt")
    assert crnn("train", "book.txt", *words).exit_code == 0
    said = crnn("info", "model.safetensors", "book.txt", "--val-file=val/v.txt").stdout
    assert "validation part (300 characters)" in said
    result = crnn("info", "model.safetensors", "book.txt")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "was validated on a text of its own: name it with --val-file" in result.stderr


@pytest.mark.parametrize(
    ("train", "info", "status", "message"),
    [
        (VALIDATED, ("none.txt",), 1, "there is no file 'none.txt'"),
        (VALIDATED, ("val.txt",), 1, "the text given has length 500 "),
        (("--steps=5",), ("book.txt",), 1, "was trained with nothing held back to measure it on"),
        (VALIDATED, ("--val-file=val.txt",), 2, "give the TEXT, too"),
    ],
)
def test_a_card_that_cannot_be_is_an_error(
    crnn: Any, folder: Path, train: Any, info: Any, status: int, message: str
) -> None:
    (folder / "val.txt").write_bytes((folder / "book.txt").read_bytes()[:500])
    assert crnn("train", "book.txt", *train).exit_code == 0
    result = crnn("info", "model.safetensors", *info)
    assert (result.exit_code, result.stdout) == (status, "")
    assert message in result.stderr


def test_a_model_alone_has_no_card(crnn: Any) -> None:
    package.RNN("ab", hidden_size=2).save("plain")
    result = crnn("info", "plain", "book.txt")
    assert result.exit_code == 1
    assert "'plain' holds no training whose quality TEXT could show" in result.stderr


def test_a_model_may_come_through_a_pipe(crnn: Any, trained: Path, folder: Path) -> None:
    with trained.open("rb") as model:
        status, out, _ = run("info", "-", "--json", folder=folder, stdin=model)
    facts = json.loads(out)
    assert status == 0
    assert facts["fingerprint"] == package.load(trained).fingerprint
    assert facts | {"file": trained.name} == json.loads(crnn("info", trained.name, "--json").stdout)
    result = crnn("info", "-", "book.txt")
    assert (result.exit_code, "needs MODEL as a file" in result.stderr) == (2, True)
