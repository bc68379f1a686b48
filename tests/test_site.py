"""What the site of the documentation is made of: generated pages, and what is checked of all."""

from __future__ import annotations

import doctest
import importlib
import json
import subprocess
import zlib
from dataclasses import fields
from pathlib import Path

import benchmark_tables
import c_header
import click
import commands
import compiled_modules
import pytest
import setting_tables
import website
from webpages import links

import crnn
from crnn.cli import COMMANDS, main

ROOT = Path(__file__).parent.parent
HEADER = (ROOT / "csrc" / "kernels.h").read_text("utf-8")
EXTENSIONS = sorted(path.stem for path in (ROOT / "docs" / "_ext").glob("*.py"))
RESULTS = sorted((ROOT / "benchmarks" / "results").glob("*.json"))
HEAD = '<html><head><title>{}</title></head><body><h1 id="top">A</h1>{}</body></html>'


@pytest.mark.parametrize("name", EXTENSIONS)
def test_examples_in_extensions(name: str) -> None:
    assert doctest.testmod(importlib.import_module(name)).failed == 0


def test_every_kernel_is_on_the_page_of_the_header_with_its_declaration_and_its_words() -> None:
    page = c_header.page(HEADER)
    declared = c_header.kernels(HEADER)
    assert len(declared) == HEADER.count("(*")
    lines = "\n".join(page)
    for kernel in declared:
        assert f"{kernel.result} (*{kernel.name})({kernel.arguments})" in lines
    assert "y[i] = s[i];  y[i] = fma(A[k, i], x[k], y[i])" in lines
    assert ".. c:function:: const crnn_tables *crnn_fastest(void)" in page


def test_a_kernel_that_the_manual_leaves_out_is_an_error() -> None:
    forgotten = HEADER.replace(" *   transpose(", " *   transposed (")
    with pytest.raises(ValueError, match="declares transpose, which its manual leaves out"):
        c_header.page(forgotten)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_a_page_with_all_of_its_options(name: str) -> None:
    page = (ROOT / "docs" / "reference" / "cli" / f"{name}.md").read_text("utf-8")
    assert f".. command:: {name}\n" in page
    options = [line for line in commands.page(name) if line.startswith(".. option:: ")]
    assert ".. option:: -h, --help" in options
    known = main.get_command(click.Context(main), name)
    assert known is not None
    for option in (param for param in known.params if isinstance(param, click.Option)):
        assert any(all(opt in line for opt in option.opts) for line in options)


def test_an_unknown_command_is_an_error() -> None:
    with pytest.raises(KeyError, match="there is no command 'fly'"):
        commands.page("fly")


def test_every_setting_is_on_the_page_of_settings() -> None:
    lines = setting_tables.page()
    for setting in fields(crnn.Settings):
        assert lines.count(f".. py:attribute:: crnn.Settings.{setting.name}") == 1


def test_every_compiled_module_is_on_their_page_with_all_that_its_stub_names() -> None:
    page = (ROOT / "docs" / "reference" / "python" / "compiled.md").read_text("utf-8")
    stubs = {
        path.stem: path.read_text("utf-8") for path in Path(crnn.__file__).parent.glob("*.pyi")
    }
    shown = {line.split(".")[-1] for line in page.splitlines() if "compiled-module::" in line}
    assert shown == {name for name, stub in stubs.items() if stub.strip()}
    lines = compiled_modules.page("crnn.core", stubs["core"])
    assert "   .. automethod:: crnn.core.State.copy() -> crnn.core.State" in lines


@pytest.mark.parametrize("path", RESULTS, ids=lambda path: path.name)
def test_every_report_of_a_benchmark_has_a_page(path: Path) -> None:
    report = json.loads(path.read_text("utf-8"))
    lines = benchmark_tables.page(report)
    assert any(report["machine"]["date"] in line for line in lines)
    assert path.name in (ROOT / "docs" / "reference" / "benchmarks.md").read_text("utf-8")


def test_a_report_of_another_shape_is_an_error() -> None:
    with pytest.raises(ValueError, match="the report has machine, expected figures, curves"):
        benchmark_tables.page({"machine": {}})


def site(folder: Path, **bodies: str) -> list[str]:
    """Return what is wrong with a site of such pages that has all names."""
    names = [f"crnn.{name}" for name in crnn.__all__] + [f"crnn-{name}.--help" for name in COMMANDS]
    entries = "".join(f"{name} py:class 1 index.html -\n" for name in names)
    (folder / "objects.inv").write_bytes(b"#\n#\n#\n#\n" + zlib.compress(entries.encode()))
    for name, body in bodies.items():
        (folder / f"{name}.html").write_text(HEAD.format(name, body), "utf-8")
    return links.wrong(folder)


def test_links_that_lead_somewhere_are_fine(tmp_path: Path) -> None:
    one = '<a href="two.html#top">2</a><a href="#top">1</a><a href="https://a.example/">a</a>'
    assert site(tmp_path, one=one, two='<img src="one.html" alt="a page">') == []


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ('<a href="no.html">no</a>', "one.html: no.html leads nowhere"),
        ('<a href="#no">no</a>', "one.html: #no leads nowhere"),
        ('<a href="../">out</a>', "one.html: ../ leads nowhere"),
        ('<img src="one.html">', "one.html: the picture one.html has no words in its place"),
        ("<h1>B</h1>", "one.html: has 2 elements h1, expected one"),
        ('<a href="#top"><code>log.md</code></a>', "one.html: a link is named log.md"),
        ('<script src="https://a.example/a.js"></script>', "one.html: fetches https://a.example"),
    ],
)
def test_what_is_wrong_with_a_page_is_found(tmp_path: Path, body: str, fault: str) -> None:
    (found,) = site(tmp_path, one=body)
    assert found.startswith(fault)


@pytest.mark.parametrize(
    ("rule", "fault"),
    [
        ('@import "https://a.example/a.css";', "fetches https://a.example/a.css, expected nothing"),
        ("@import url(//a.example/a.css);", "fetches //a.example/a.css, expected nothing"),
        ("p { background: url( 'no.svg' ) }", "no.svg leads nowhere"),
    ],
)
def test_what_is_wrong_with_a_style_sheet_is_found(tmp_path: Path, rule: str, fault: str) -> None:
    (tmp_path / "_static").mkdir()
    fine = "p { background: url(../one.html), url(data:image/svg+xml;base64,AA), url(#a) }\n"
    (tmp_path / "_static" / "a.css").write_text(fine + rule)
    (found,) = site(tmp_path, one="")
    assert found.replace("\\", "/").startswith(f"_static/a.css: {fault}")


def test_a_page_that_is_no_more_does_not_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(website, "SITE", tmp_path / "site")
    (tmp_path / "site" / "old").mkdir(parents=True)
    (tmp_path / "site" / "old" / "page.html").touch()
    made: list[Path] = []

    def sphinx(words: list[str | Path]) -> subprocess.CompletedProcess[str]:
        assert not (tmp_path / "site").exists()
        made.append(Path(words[-1]))
        return subprocess.CompletedProcess([], 0)

    monkeypatch.setattr(subprocess, "run", sphinx)
    assert website.build() == 0
    assert made == [tmp_path / "site"]


def test_two_pages_of_one_title_and_a_missing_name_are_found(tmp_path: Path) -> None:
    assert site(tmp_path, one="", two="") == []
    (tmp_path / "objects.inv").write_bytes(
        b"#\n#\n#\n#\n" + zlib.compress(b"crnn.RNN py:class 1 a -")
    )
    (tmp_path / "three.html").write_text(HEAD.format("one", ""), "utf-8")
    found = links.wrong(tmp_path)
    assert "three.html: has the title of one.html: one" in found
    assert "crnn.Trainer is not in the reference" in found
    assert "crnn.RNN is not in the reference" not in found
