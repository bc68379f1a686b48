"""`crnn bench`: what it shows and what it leaves behind. How fast anything is, is not tested."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from typing import Any

import pytest
from cli.processes import run

from crnn import bench, core

WORKLOADS = ["window", "lossFun", "sample", "model.sample"]
KEYS = {"crnn", "isa", "machine", "sizes", "rounds", "share", "limits", "figures"}
SHORT = ("--seconds", "0.1")


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    status, out, said = run("bench", *SHORT, "--json", folder=tmp_path_factory.mktemp("bench"))
    assert (status, said) == (0, "")
    facts: dict[str, Any] = json.loads(out)
    return facts


def test_json_has_everything(report: dict[str, Any]) -> None:
    assert set(report) == KEYS
    assert report["isa"] in core.available_isas()
    assert report["sizes"] == {"hidden_size": 100, "vocabulary_size": 173, "seq_length": 25}
    assert report["rounds"] >= 1
    assert 0 < report["share"] <= 1
    assert all(report["machine"][name] for name in ("cpu", "system", "python", "numpy", "blas"))


def test_every_workload_has_figures_for_both_types(report: dict[str, Any]) -> None:
    rows = [(figure["workload"], figure["dtype"]) for figure in report["figures"]]
    assert rows == [(name, dtype) for name in WORKLOADS for dtype in ("float64", "float32")]
    for figure in report["figures"]:
        times = [figure[name] for name in ("crnn", "numpy", "bound")]
        assert all(0 < time < math.inf for time in times)
        assert figure["times_numpy"] == pytest.approx(times[1] / times[0])
        assert figure["times_bound"] == pytest.approx(times[0] / times[2])


def test_the_table_names_workloads_machine_and_limits(
    crnn: Any, report: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        bench, "run", lambda seconds, progress: report | {"rounds": 1, "share": 0.75}
    )
    result = crnn("bench")
    assert result.exit_code == 0
    assert result.stderr == ""
    machine = report["machine"]
    for part in [*bench.WORKLOADS.values(), "float64", "float32", machine["cpu"], machine["numpy"],
                 machine["blas"], f"({report['isa']})", "one thread", "multiply-adds", "GB/s",
                 "KiB", "1 round\n", "something else for 25% of the time"]:  # fmt: skip
        assert part in result.stdout, part


def test_progress_reaches_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CRNN_ISA", "portable")
    parts: list[float] = []
    assert bench.run(0.1, parts.append)["isa"] == "portable"
    assert parts == sorted(parts)
    assert (parts[0], parts[-1]) == (0.0, 1.0)


def test_an_interrupt_leaves_no_process(crnn: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[subprocess.Popen[str]] = []

    class Noted(subprocess.Popen):  # type: ignore[type-arg]
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            started.append(self)

    def interrupted(process: Any, progress: Any) -> None:
        assert json.loads(process.stdout.readline()) == {"done": 0.0}
        raise KeyboardInterrupt

    monkeypatch.setattr(subprocess, "Popen", Noted)
    monkeypatch.setattr(bench, "_listen", interrupted)
    result = crnn("bench", "--seconds", "1000")
    assert (result.exit_code, result.stdout) == (130, "")
    assert "Stopped." in result.stderr
    assert started[0].returncode != 0


def test_a_process_that_fails_is_an_error(crnn: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CRNN_ISA", "none of them")  # its import of crnn fails
    result = crnn("bench")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "ended with status 1 and no report" in result.stderr


@pytest.mark.parametrize("seconds", ["0", "-1", "inf", "x"])
def test_wrong_seconds_are_a_wrong_command_line(crnn: Any, seconds: str) -> None:
    assert crnn("bench", "--seconds", seconds).exit_code == 2
    if seconds != "x":
        with pytest.raises(ValueError, match=f"seconds is {float(seconds)}, expected more than 0"):
            bench.run(float(seconds))


def test_the_package_does_not_import_it() -> None:
    code = (
        "import crnn, sys; print([m for m in ('bench', 'roofline') if f'crnn.{m}' in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
