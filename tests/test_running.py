"""Blocks run in one folder and one scope, and say what fails; new outputs find their place."""

from __future__ import annotations

from pathlib import Path

import pytest
from pages.blocks import blocks_in
from pages.running import PageError, outputs_of
from record_pages import replace

PAGE = """<!-- file: greeting.txt -->

```toml
hello
```

```sh
cat greeting.txt
python -c "print(6 * 7)"
```

```text
old
```

```python
async def answer():
    return open_answer + 1

open_answer = 41
print(await answer())
```

```text
42
```

After
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, empty."""
    monkeypatch.chdir(tmp_path)
    return tmp_path / "bin"


def test_blocks_run_in_their_order(folder: Path) -> None:
    found = list(outputs_of(blocks_in(PAGE, "p.md"), {}, folder))
    assert [printed for _, printed in found] == ["hello\n42\n", "42\n"]


def test_an_output_is_replaced_in_its_place(folder: Path) -> None:
    lines = PAGE.splitlines(keepends=True)
    for block, printed in reversed(list(outputs_of(blocks_in(PAGE, "p.md"), {}, folder))):
        replace(lines, block, printed)
    assert "".join(lines) == PAGE.replace("old\n", "hello\n42\n")


def test_a_command_that_fails_is_an_error(folder: Path) -> None:
    page = "```sh\necho no >&2; false\necho on\n```\n"
    with pytest.raises(PageError, match=r"p\.md:1 ends with 1:\nno"):
        list(outputs_of(blocks_in(page, "p.md"), {}, folder))


def test_an_error_in_python_names_the_line_of_the_page(folder: Path) -> None:
    with pytest.raises(ZeroDivisionError) as error:
        list(outputs_of(blocks_in("Text\n\n```python\nx = 1\n1 / 0\n```\n", "p.md"), {}, folder))
    assert error.traceback[-1].lineno + 1 == 5
