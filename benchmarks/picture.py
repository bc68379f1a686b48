"""Pictures: time by peer and distance from the bound, and the curves of scaling.py.

A row a workload and type; bars on a log scale, crnn's in red, NumPy's in grey.
"""

from __future__ import annotations

from typing import Any

from matplotlib import pyplot as plt
from peers import OURS

Figure = dict[str, Any]
COLOURS = {OURS: "#c8472f", "NumPy": "#8c8c8c"}
RIVAL = "#5b7fa6"
INK, FAINT = "#222222", "#d9d9d9"


def draw(report: dict[str, Any], path: str) -> None:
    """Draw all figures of a report into a file; its ending says the format."""
    groups = _groups(report["figures"])
    sizes = [len(group) + 1.2 for group in groups.values()]
    canvas, panels = plt.subplots(
        len(groups),
        2,
        figsize=(11, 0.27 * sum(sizes) + 1),
        squeeze=False,
        width_ratios=(3, 2),
        height_ratios=sizes,
        layout="constrained",
    )
    for (left, right), ((workload, dtype), group) in zip(panels, groups.items(), strict=True):
        _times(left, group)
        _ratios(right, group)
        left.set_title(f"{workload}, {dtype}", loc="left", fontsize=10, fontweight="bold")
    panels[0][1].set_title("times the bound", loc="left", fontsize=10, fontweight="bold")
    canvas.suptitle(
        f"Microseconds a call (dotted: the bound), one core of {report['machine']['cpu']}",
        fontsize=12,
    )
    canvas.savefig(path, dpi=130)
    plt.close(canvas)


def draw_curves(report: dict[str, Any], about: dict[str, str], path: str) -> None:
    """Draw rates and, where it is known, how far they are from the bound, a row a curve."""
    curves = report["curves"]
    canvas, panels = plt.subplots(
        len(curves), 2, figsize=(11, 2.6 * len(curves)), squeeze=False, layout="constrained"
    )
    for (left, right), (name, points) in zip(panels, curves.items(), strict=True):
        left.set_title(f"{name} ({about[name]})", loc="left", fontsize=10, fontweight="bold")
        _curve(left, name, points, "gflops", "GFLOP/s")
        _curve(right, name, points, "times_bound", "times the bound")
    canvas.suptitle(f"Training step, float32, {report['machine']['cpu']}", fontsize=12)
    canvas.savefig(path, dpi=130)
    plt.close(canvas)


def _curve(panel: Any, name: str, points: list[Figure], what: str, label: str) -> None:
    known = [point for point in points if what in point]
    if not known:
        panel.axis("off")
        return
    values = [point["value"] for point in known]
    panel.plot(values, [point[what] for point in known], color=COLOURS[OURS], marker=".", lw=1)
    panel.set_xscale("log", base=2)
    panel.xaxis.set_major_formatter("{x:g}")
    panel.set_ylim(bottom=0)
    panel.set_xlabel(name, fontsize=8)
    panel.set_ylabel(label, fontsize=8)
    panel.tick_params(labelsize=7)
    panel.grid(color=FAINT, lw=0.5)
    panel.spines[["top", "right"]].set_visible(False)


def _groups(figures: list[Figure]) -> dict[tuple[str, str], list[Figure]]:
    """Return what was timed by workload and type, the slowest peer first."""
    groups: dict[tuple[str, str], list[Figure]] = {}
    for figure in figures:
        if "median_us" in figure:
            groups.setdefault((figure["workload"], figure["dtype"]), []).append(figure)
    for group in groups.values():
        group.sort(key=lambda figure: -figure["median_us"])
    return groups


def _times(panel: Any, group: list[Figure]) -> None:
    medians = [figure["median_us"] for figure in group]
    spread = [
        [figure["median_us"] - figure["min_us"] for figure in group],
        [figure["max_us"] - figure["median_us"] for figure in group],
    ]
    colours = [COLOURS.get(figure["family"], RIVAL) for figure in group]
    panel.barh(range(len(group)), medians, color=colours, height=0.7)
    panel.errorbar(medians, range(len(group)), xerr=spread, fmt="none", ecolor=INK, elinewidth=0.8)
    bound = group[0].get("bound_us")
    if bound is not None:
        panel.axvline(bound, color=INK, linestyle=":", linewidth=1)
    for at, figure in enumerate(group):
        panel.text(figure["max_us"] * 1.1, at, f"{figure['median_us']:,.0f}", **_small())
    least = min(medians) if bound is None else min(bound, *medians)
    _tidy(panel, [figure["version"] for figure in group])
    panel.set_xlim(least / 2, max(figure["max_us"] for figure in group) * 2)


def _ratios(panel: Any, group: list[Figure]) -> None:
    if any("times_bound" not in figure for figure in group):
        panel.axis("off")
        return
    ratios = [figure["times_bound"] for figure in group]
    colours = [COLOURS.get(figure["family"], RIVAL) for figure in group]
    panel.barh(range(len(group)), ratios, color=colours, height=0.7)
    for at, ratio in enumerate(ratios):
        panel.text(ratio * 1.1, at, f"{ratio:.1f}", **_small())
    _tidy(panel, [""] * len(group))
    panel.set_xlim(1, max(ratios) * 2)


def _small() -> dict[str, Any]:
    return {"va": "center", "fontsize": 8, "color": INK}


def _tidy(panel: Any, names: list[str]) -> None:
    panel.set_xscale("log")
    panel.set_yticks(range(len(names)), names, fontsize=8)
    panel.tick_params(axis="x", labelsize=7, length=2, color=FAINT)
    panel.tick_params(axis="y", length=0)
    panel.minorticks_off()
    panel.spines[["top", "right", "left"]].set_visible(False)
    panel.spines["bottom"].set_color(FAINT)
