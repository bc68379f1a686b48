"""`crnn sample`: exactly the model's text, repeatable, and what wrong words get."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cli.endless import Endless
from cli.processes import start
from click.testing import CliRunner

import crnn as package
from crnn.cli import main
from crnn.cli.program import CLOSED_PIPE


def test_piped_is_the_prime_and_the_sample_and_nothing_else(crnn: Any, trained: Path) -> None:
    words = ("--prime", "to be", "--length", "60", "--temperature", "0.5", "--seed", "3")
    result = crnn("sample", str(trained), *words)
    model = package.load(trained)
    assert result.stdout == "to be" + model.sample(60, prime="to be", temperature=0.5, seed=3)
    assert result.stderr == ""


def test_a_seed_that_was_drawn_is_named(crnn: Any, trained: Path) -> None:
    first = crnn("sample", str(trained))
    found = re.search(r"--seed (\d+)", first.stderr)
    assert found is not None
    assert crnn("sample", str(trained), "--seed", found[1]).stdout == first.stdout
    assert len(first.stdout) == 200
    assert crnn("sample", str(trained)).stdout != first.stdout


@pytest.mark.parametrize(
    ("words", "status", "expected"),
    [
        (
            ["--prime", "to Ж"],
            1,
            r"prime .* 'Ж' U\+0416 CYRILLIC CAPITAL .*; --unknown skip leaves",
        ),
        (["--length", "-1"], 2, "--length"),
        (["--temperature", "-1"], 2, "--temperature"),
        (["--temperature", "inf"], 1, "temperature is inf"),
        (["--seed", "x"], 2, "--seed"),
    ],
)
def test_what_wrong_words_get(
    crnn: Any, trained: Path, words: list[str], status: int, expected: str
) -> None:
    result = crnn("sample", str(trained), *words)
    assert result.exit_code == status
    assert result.stdout == ""
    assert re.search(expected, result.stderr)


def test_a_damaged_file_and_none_at_all(crnn: Any, trained: Path) -> None:
    data = bytearray(trained.read_bytes())
    data[-1] ^= 1
    trained.write_bytes(data)
    for path, expected in [(trained, "is damaged"), (Path("nowhere"), "no checkpoint 'nowhere'")]:
        result = crnn("sample", str(path))
        assert result.exit_code == 1
        assert expected in result.stderr


def test_what_was_drawn_is_shown_before_it_is_stopped(
    crnn: Any, trained: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*args: Any, **options: Any) -> Iterator[str]:
        yield from "x" * 10_000
        raise KeyboardInterrupt

    monkeypatch.setattr(package.RNN, "stream", interrupted)
    result = crnn("sample", str(trained), "--prime", "to be")
    assert result.exit_code == 130
    assert re.fullmatch("to bex+", result.stdout)
    assert result.stderr.strip() == "Stopped."


# --- options --------------------------------------------------------------------------------------


def test_options_are_those_of_the_model(crnn: Any, trained: Path) -> None:
    words = [
        *("--top-k", "5", "--top-p", "0.9", "--min-p", "0.02", "--repetition-penalty", "1.2"),
        *(
            "--repetition-window",
            "9",
            "--allowed",
            "abeot ,",
            "--forbid",
            "bee",
            "--forbidden",
            "t,",
        ),
        *("--stop", "oo", "--stop", "tt", "--keep-stop", "--temperature", "2", "--first", "3"),
    ]
    result = crnn("sample", str(trained), "--seed", "1", "--prime", "to be", *words)
    rules: dict[str, Any] = {
        "top_k": 5, "top_p": 0.9, "min_p": 0.02, "allowed": "abeot ,", "first": 3,
        "repetition_penalty": 1.2, "repetition_window": 9, "temperature": 2.0,
        "forbidden": ["bee", "t,"], "stop": ["oo", "tt"], "keep_stop": True,
    }  # fmt: skip
    model = package.load(trained)
    assert result.stdout == "to be" + model.sample(200, prime="to be", seed=1, **rules)
    assert len(result.stdout) < 200


def test_many_samples_have_a_nul_between_them(crnn: Any, trained: Path) -> None:
    words = ("--prime", "to", "--length", "30", "--seed", "1", "--threads", "2")
    result = crnn("sample", str(trained), *words, "-n", "20")
    texts = package.load(trained).sample(30, prime="to", seed=1, n=20)
    assert result.stdout == "\0".join("to" + text for text in texts)
    assert result.stderr == ""
    one = crnn("sample", str(trained), *words, "--number", "1", "--first", "7")
    assert one.stdout == "to" + texts[7]


def test_json_is_a_line_a_sample(crnn: Any, trained: Path) -> None:
    words = ("--length", "30", "--seed", "1", "--top-k", "4", "--stop", "n", "--json")
    result = crnn("sample", str(trained), *words, "-n", "3", "--prime", "to")
    model = package.load(trained)
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    assert [line["sample"] for line in lines] == [0, 1, 2]
    for i, line in enumerate(lines):
        stream = model.stream(30, "to", seed=1, top_k=4, stop="n", first=i, details=True)
        drawn = list(stream)
        assert line["text"] == "".join(one.char for one in drawn)
        assert line["logprobs"] == [one.logprob for one in drawn]
        assert line["drawn_logprobs"] == [one.drawn_logprob for one in drawn]
        assert (line["prime"], line["seed"]) == ("to", 1)
        assert line["settings"]["top_k"] == 4
        assert line["settings"]["stop"] == ["n"]
    drawn_seed = crnn("sample", str(trained), "--json")
    assert drawn_seed.stderr == ""
    again = crnn("sample", str(trained), "--json", "--seed", str(seed_in(drawn_seed.stdout)))
    assert again.stdout == drawn_seed.stdout


def seed_in(line: str) -> int:
    return int(json.loads(line)["seed"])


def test_the_prime_comes_from_a_file_or_standard_input(
    trained: Path, folder: Path, crnn: Any
) -> None:
    (folder / "prime.txt").write_bytes(b"to be\nor")
    wanted = crnn("sample", str(trained), "--seed", "1", "--prime", "to be\nor").stdout
    assert wanted.startswith("to be\nor")
    words = ("sample", str(trained), "--seed", "1")
    assert crnn(*words, "--prime-file", "prime.txt").stdout == wanted
    piped = CliRunner().invoke(main, [*words, "--prime", "-"], input=b"to be\nor")
    assert piped.stdout == wanted
    model = CliRunner().invoke(
        main, ["sample", "-", "--seed", "1", "--prime", "to be\nor"], input=trained.read_bytes()
    )
    assert model.stdout == wanted


def test_unknown_characters_of_the_prime_are_skipped_if_asked(crnn: Any, trained: Path) -> None:
    words = ("sample", str(trained), "--seed", "1", "--unknown", "skip", "--prime")
    result = crnn(*words, "tÖ be€")
    assert result.stdout == crnn(*words, "t be").stdout
    assert result.stderr == (
        "Warning: 2 characters of the prime skipped: the model does not know them\n"
    )


@pytest.mark.parametrize(
    ("words", "status", "expected"),
    [
        (["--top-k", "0"], 2, "--top-k"),
        (["--top-p", "0"], 2, "--top-p"),
        (["--min-p", "2"], 2, "--min-p"),
        (["--repetition-penalty", "-1"], 2, "--repetition-penalty"),
        (["-n", "0"], 2, "--number"),
        (["--stop", ""], 2, "--stop is empty: leave it out"),
        (["--stop", "a", "--forbid", ""], 2, "--forbidden is empty: leave it out"),
        (["--allowed", ""], 2, "--allowed is empty: leave it out"),
        (["--allowed", "Ж"], 1, r"allowed has .*'Ж' U\+0416"),
        (["--allowed", "t", "--forbid", "ttt"], 1, "together leave nothing at character 2"),
        (["--prime", "a", "--prime-file", "x"], 2, "--prime and --prime-file are both given"),
        (
            ["--prime-file", "x"],
            1,
            "^Error: prime: 'x' cannot be read: No such file or directory\n$",
        ),
        (["--prime-file", "latin"], 1, "prime: 'latin' is no UTF-8 at byte 1: convert it"),
    ],
)
def test_what_wrong_options_get(
    crnn: Any, trained: Path, folder: Path, words: list[str], status: int, expected: str
) -> None:
    (folder / "latin").write_bytes(b"t\xe9")
    result = crnn("sample", str(trained), *words)
    assert result.exit_code == status
    assert re.search(expected, result.stderr)


def test_a_prime_without_end_is_refused(trained: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def affordable(nbytes: int) -> int:
        if nbytes > 1 << 25:
            raise MemoryError
        return nbytes

    monkeypatch.setattr("crnn.cli.inputs.affordable", affordable)
    endless = Endless()
    words = ["sample", str(trained), "--prime", "-"]
    result = CliRunner().invoke(main, words, input=io.BufferedReader(endless))
    assert result.exit_code == 1
    assert re.fullmatch(
        r"Error: prime: standard input has more than 5,242,880 bytes, too many for .*\n",
        result.stderr,
    )
    assert endless.given < 1 << 23


def test_something_without_end_is_no_model(folder: Path) -> None:
    endless = Endless()
    result = CliRunner().invoke(main, ["sample", "-"], input=io.BufferedReader(endless))
    assert result.exit_code == 1
    assert "'standard input' is not a crnn checkpoint" in result.stderr
    assert endless.given < 1 << 16


def test_model_and_prime_cannot_both_be_standard_input(crnn: Any) -> None:
    result = crnn("sample", "-", "--prime", "-")
    assert result.exit_code == 2
    assert "MODEL and --prime are both -" in result.stderr


def test_a_model_of_bytes_writes_bytes(crnn: Any, folder: Path) -> None:
    data = "naïve café ÿ\n".encode() + bytes(range(128, 256))
    (folder / "data").write_bytes(data * 20)
    words = ("--encoding", "bytes", "--steps", "50", "--hidden-size", "8")
    assert crnn("train", "data", *words).exit_code == 0
    result = crnn(
        *("sample", "model.safetensors", "--seed", "1", "-n", "2"),
        *("--prime", "é", "--stop", "ÿ", "--allowed", "naïve café ÿ\n"),
    )
    model = package.load(folder / "model.safetensors")
    in_bytes: Any = {
        name: word.encode().decode("latin-1")
        for name, word in {"prime": "é", "stop": "ÿ", "allowed": "naïve café ÿ\n"}.items()
    }
    texts = model.sample(200, seed=1, n=2, **in_bytes)
    prime = in_bytes["prime"]
    assert result.stdout_bytes == "\0".join(prime + text for text in texts).encode("latin-1")


def test_a_model_of_more_than_bytes_writes_none(crnn: Any, folder: Path) -> None:
    package.RNN("ab€", hidden_size=4).save(folder / "m.safetensors")
    result = crnn("sample", "m.safetensors", "--encoding", "bytes")
    assert result.exit_code == 1
    assert "the model knows U+20AC, which is no byte: leave --encoding bytes out" in result.stderr


def test_a_model_that_writes_nul_is_warned_about(crnn: Any, folder: Path) -> None:
    package.RNN("a\0", hidden_size=4).save(folder / "m.safetensors")
    result = crnn("sample", "m.safetensors", "--seed", "1", "-n", "2")
    assert "the model writes NUL itself, which stands between samples: use --json" in result.stderr


def test_a_reader_that_has_seen_enough_ends_it(trained: Path, folder: Path) -> None:
    for words in ([], ["-n", "50000"], ["-n", "50000", "--json", "--threads", "2"]):
        command = ["sample", str(trained), "--length", "2000000" if not words else "200", *words]
        with start(*command, folder=folder) as process:
            assert process.stdout is not None
            assert len(process.stdout.read(1000)) == 1000
            process.stdout.close()
            assert process.wait(timeout=30) == CLOSED_PIPE
