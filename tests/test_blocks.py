"""The scanner finds every block of a page, its place, its language and its mark."""

from __future__ import annotations

from pathlib import Path

import pytest
from pages import blocks
from pages.blocks import Block, blocks_in, blocks_of, blocks_run_by

PAGE = """# Title

<!-- long: it takes an hour -->
```python
x = 1
```

```text
1
```

* a list

  ```sh
  crnn --help
  ```

<!-- just a remark -->

    y = W h

````{note}
A note with code:

```c
int x;
```
````
<!-- file: a.toml -->

```toml
a = 1
```
"""


def test_blocks_are_found() -> None:
    assert list(blocks_in(PAGE, "p.md")) == [
        Block("p.md", 4, "python", "x = 1\n", "long", "it takes an hour"),
        Block("p.md", 8, "text", "1\n"),
        Block("p.md", 14, "sh", "crnn --help\n"),
        Block("p.md", 20, "formula", "y = W h\n"),
        Block("p.md", 25, "c", "int x;\n"),
        Block("p.md", 31, "toml", "a = 1\n", "file", "a.toml"),
    ]


def test_what_has_no_language_is_a_layout() -> None:
    (block,) = blocks_in("```\nh (T, B)\n```\n", "p.md")
    assert block.treatment == "formula"


@pytest.mark.parametrize(
    ("language", "mark", "treatment"),
    [
        ("python", "", "python"),
        ("python", "long", "python"),
        ("c", "run by", "run by"),
        ("sh", "not run", "not run"),
        ("js", "", "unknown"),
        ("js", "long", "unknown"),
        ("{code-block}", "", "unknown"),
    ],
)
def test_treatments(language: str, mark: str, treatment: str) -> None:
    assert Block("p.md", 1, language, "", mark, "x").treatment == treatment


def test_a_file_of_tests_gets_every_block_that_names_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    marked = "<!-- run by: tests/test_{}.py -->\n\n```c\nint {};\n```\n\n"
    for page, tests in {"p.md": "aba", "q.md": "a"}.items():
        text = "".join(marked.format(test, test) for test in tests)
        (tmp_path / page).write_text(text, "utf-8")
    monkeypatch.setattr(blocks, "ROOT", tmp_path)
    monkeypatch.setattr(blocks, "PAGES", ("p.md", "q.md"))
    monkeypatch.setattr(blocks, "blocks_of", blocks_of.__wrapped__)
    found = blocks_run_by(str(tmp_path / "tests" / "test_a.py"))
    assert [str(block) for block in found] == ["p.md:3", "p.md:15", "q.md:3"]
    assert not blocks_run_by(str(tmp_path / "tests" / "test_c.py"))
