"""Every code block of the README and of docs/ is run, and shows what comes; none is forgotten."""

from __future__ import annotations

import re
import shlex
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest
from pages import given
from pages.blocks import MARKS, OUTPUT, PAGES, ROOT, RUN, UNKNOWN, Block, blocks_of
from pages.running import is_like, outputs_of

import crnn

NOT_RUN = {
    "README.md": 2,
    "docs/decisions/limited-api.md": 1,
    "docs/explanation/performance.md": 1,
    "docs/howto/foreign_wheels.md": 2,
    "docs/howto/settings.md": 1,
    "docs/index.md": 1,
    "docs/reference/benchmarks.md": 1,
}
"""How many blocks of a page cannot run in a test. Each says why; let them become fewer."""
CI = ROOT / ".ci" / "run"
COMMAND = re.compile(r"\s*(\$ |>>> |crnn |pip |python |cc |cmake |import |from \w+ import )")


def in_every_run(blocks: Sequence[Block]) -> list[Block]:
    """Choose the Python that takes no minutes, and the outputs that follow it."""
    chosen: list[Block] = []
    runs = False
    for block in blocks:
        if block.treatment != OUTPUT:
            runs = block.treatment == "python" and block.mark != "long"
        if runs:
            chosen.append(block)
    return chosen


@pytest.fixture(scope="session")
def model() -> crnn.RNN:
    """A model that has seen the text of the files that pages speak of."""
    return given.trained_model()


@pytest.fixture
def folder(model: crnn.RNN, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with these files in it."""
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    given.make_files(model)
    return folder


QUICK = {page: blocks for page in PAGES if (blocks := in_every_run(blocks_of(page)))}
LONG = [page for page in PAGES if any(b.treatment in RUN for b in blocks_of(page))]


def run(blocks: Sequence[Block], model: crnn.RNN, folder: Path) -> None:
    names = given.names_of(blocks[0].page, model)
    for block, printed in outputs_of(blocks, names, folder.parent / "bin"):
        assert is_like(block.code, printed), f"{block} shows\n{block.code}\nbut got\n{printed}"


@pytest.mark.parametrize("page", QUICK)
def test_python_runs(page: str, model: crnn.RNN, folder: Path) -> None:
    run(QUICK[page], model, folder)


@pytest.mark.long
@pytest.mark.parametrize("page", LONG)
def test_whole_page_runs(page: str, model: crnn.RNN, folder: Path) -> None:
    run(blocks_of(page), model, folder)


@pytest.mark.parametrize("page", PAGES)
def test_every_block_is_accounted_for(page: str) -> None:
    before = ""
    for block in blocks_of(page):
        assert block.treatment != UNKNOWN, (
            f"{block} is in {block.language!r}, which no test can run, expected "
            f"{', '.join((*RUN, OUTPUT))} or a comment before it: {', '.join(MARKS)}"
        )
        assert block.treatment != OUTPUT or before in RUN, f"{block} is the output of nothing"
        before = block.treatment


def test_few_blocks_cannot_run() -> None:
    found = [block for page in PAGES for block in blocks_of(page) if block.treatment == "not run"]
    reasons = "\n".join(f"{block}: {block.says}" for block in found)
    assert Counter(block.page for block in found) == NOT_RUN, reasons


@pytest.mark.parametrize("page", PAGES)
def test_formulas_are_no_commands(page: str) -> None:
    for block in blocks_of(page):
        if block.treatment == "formula":
            assert not any(map(COMMAND.match, block.code.splitlines())), block


def all_marked(kind: str) -> list[Block]:
    return [block for page in PAGES for block in blocks_of(page) if block.treatment == kind]


@pytest.mark.parametrize("block", all_marked("quoted from"), ids=str)
def test_quotations_are_true(block: Block) -> None:
    source, quoted = (
        [" ".join(line.split()) for line in text.splitlines()]
        for text in ((ROOT / block.says).read_text("utf-8"), block.code)
    )
    lines = len(quoted)
    assert any(source[i : i + lines] == quoted for i in range(len(source))), (
        f"{block} quotes what does not stand in {block.says}:\n{block.code}"
    )


@pytest.mark.parametrize("test", sorted({block.says for block in all_marked("run by")}))
def test_what_runs_elsewhere_does(test: str) -> None:
    """A file of tests takes all blocks that name it, and says one by one which they are."""
    assert "blocks_run_by(__file__)" in (ROOT / test).read_text("utf-8")


def stands_in(script: str, command: str) -> bool:
    """Tell whether a script has a command: its words, with quotes and options between them."""
    words = r"['\"]?(?: --?\w+)* ['\"]?".join(map(re.escape, shlex.split(command)))
    return re.search(rf"(?<![\w.[-]){words}(?![\w.-])", script) is not None


@pytest.mark.skipif(not CI.exists(), reason="nothing to compare: only a checkout has .ci/run")
def test_what_every_change_has_to_pass_is_what_is_shown() -> None:
    shown = [block for block in all_marked("not run") if block.says.startswith(".ci/run does")]
    assert shown
    for block in shown:
        for command in block.code.split("&&"):
            assert stands_in(CI.read_text("utf-8"), command), f"{block}: {command}"


@pytest.mark.parametrize(
    ("command", "right"),
    [
        ("pip install .", True),
        ("pip install '.[test]'", True),
        ("pip install '.[torch]'", False),
        ("crnn train -o m", True),
        ("crnn train -o model", False),
        ("crnn train", True),
        ("test", False),
    ],
)
def test_commands_are_found(command: str, right: bool) -> None:
    script = "pip install --quiet '.[test]'\nfresh/bin/crnn train -o m | tail"
    assert stands_in(script, command) == right


@pytest.mark.parametrize(
    ("shown", "printed", "right"),
    [
        ("a\nb\n", "a \nb\n", True),
        ("a\n...\nc", "a\nb\nb\nc\n", True),
        ("it took ... s", "it took 1.5 s", True),
        ("a\n", "a\nb\n", False),
        ("a.c", "abc", False),
        ("", "a", False),
    ],
)
def test_outputs_are_compared(shown: str, printed: str, right: bool) -> None:
    assert is_like(shown, printed) == right
