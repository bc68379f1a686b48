"""The picture of loss curves: its forms, what stands in it, and labels that do not touch."""

from __future__ import annotations

import builtins
import math
import re
import xml.etree.ElementTree as ElementTree
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crnn.analysis.plot import _apart, picture
from crnn.history import Report
from crnn.log import Run

BEGIN = {"settings": {"seq_length": 25, "batch_size": 1}}


def run_of(first: float, *, validated: bool = True, windows: int = 20_000) -> Run:
    reports = []
    for n in range(0, windows, 500):
        loss = 40 + (first - 40) * 0.9998**n
        val = loss / 25 + 0.1 if validated and n % 2000 == 0 and n else None
        reports.append(Report(n, loss, 0.0, val_loss=val))
    return Run("log", BEGIN, tuple(reports))


def words_of(svg: bytes) -> list[str]:
    """Return what is written in a picture: matplotlib leaves each text in a comment."""
    return re.findall(r"<!-- (.*?) -->", svg.decode())


@pytest.mark.parametrize(
    ("kind", "beginning"),
    [("png", b"\x89PNG"), ("svg", b"<?xml"), ("pdf", b"%PDF"), ("html", b"<!doc")]
)  # fmt: skip
def test_every_kind_is_what_it_says_and_the_same_again(kind: str, beginning: bytes) -> None:
    drawn = picture([run_of(100)], ["one"], kind)
    assert drawn.startswith(beginning)
    assert drawn == picture([run_of(100)], ["one"], kind)


def test_names_units_and_last_values_are_written() -> None:
    runs = [run_of(100), run_of(80, validated=False)]
    words = words_of(picture(runs, ["one", "$two$"], "svg", unit="nats", title="Both"))
    ends = [
        f"{runs[0].reports[-1].smooth_loss / 25:.3f}",
        f"{runs[1].reports[-1].smooth_loss / 25:.3f}",
    ]
    val = [r.val_loss for r in runs[0].reports if r.val_loss is not None][-1]
    for word in ("one", "$two$", "Both", "nats per character", "windows trained", "validation",
                 "training, smooth", "5k", "10k", *ends, f"{val:.3f}"):  # fmt: skip
        assert word in words, word


def test_without_validation_nothing_is_said_of_it() -> None:
    words = words_of(picture([run_of(100, validated=False)], ["one"], "svg", log_x=True))
    assert "validation" not in words
    assert {"bits per character", "10k"} <= set(words)


def test_windows_of_different_sizes_are_drawn_over_characters() -> None:
    other = Run("log", {"settings": {"seq_length": 50, "batch_size": 2}}, run_of(100).reports)
    words = words_of(picture([run_of(90), other], ["one", "other"], "svg"))
    assert "characters trained on" in words


def test_a_page_needs_nothing_else_and_takes_the_colours_of_its_reader() -> None:
    page = picture([run_of(100)], ["<one> & 日本"], "html").decode()
    assert "<title>&lt;one&gt; &amp; 日本</title>" in page
    assert "color-scheme: light dark" in page
    assert "currentColor" in page
    assert not re.search(r"#0{6}|#010203|#f{6}|\bblack\b|\bwhite\b", page)
    svg = page[page.index("<svg") : page.index("</svg>") + 6]
    root = ElementTree.fromstring(svg)
    links = [value for node in root.iter() for name, value in node.items() if name.endswith("href")]
    assert links
    assert all(link.startswith("#") for link in links)


def test_more_runs_than_colours_and_runs_of_a_single_report() -> None:
    runs = [run_of(60 + 5 * n) for n in range(14)]
    words = words_of(picture(runs, [f"run {n} " * 4 for n in range(14)], "svg"))
    last = {f"{run.reports[-1].smooth_loss / 25 / math.log(2):.3f}" for run in runs}
    assert len(last) > 1
    assert not last & set(words)  # there is room for the validations only
    for log_x in (False, True):
        assert picture([run_of(100, windows=1)], ["one"], "svg", log_x=log_x)


def test_the_state_of_matplotlib_stays_the_callers() -> None:
    import matplotlib

    with matplotlib.rc_context({"font.size": 33.0}):
        before = dict(matplotlib.rcParams)
        picture([run_of(100)], ["one"])
        assert dict(matplotlib.rcParams) == before


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (([run_of(100)], ["one"], "bmp"), "kind is 'bmp', expected png, svg, pdf or html"),
        (([], [], "svg"), "runs are 0 and labels 0"),
        (([run_of(100)], ["one", "two"], "svg"), "runs are 1 and labels 2, expected one for each"),
    ],
)
def test_wrong_arguments_are_named(words: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        picture(*words)


def test_without_matplotlib_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def lacking(name: str, *rest: Any) -> Any:
        if name.startswith("matplotlib"):
            raise ImportError(f"No module named {name!r}")
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", lacking)
    with pytest.raises(ImportError, match=r"needs matplotlib.*pip install 'crnn\[plot\]'"):
        picture([run_of(100)], ["one"])


@given(st.lists(st.floats(-100, 100), max_size=12), st.floats(0.01, 10))
def test_labels_keep_their_order_their_distance_and_their_middle(
    values: list[float], least: float
) -> None:
    values.sort()
    places = _apart(values, least)
    assert len(places) == len(values)
    assert all(np.diff(places) >= least * (1 - 1e-6) - 1e-9)
    assert sum(places) == pytest.approx(sum(values), abs=1e-6)
    if len(values) and all(np.diff(values) >= least):
        assert places == pytest.approx(values, abs=1e-9)
