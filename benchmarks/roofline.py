"""What crnn.roofline says a workload must take on this machine at least."""

from __future__ import annotations

import importlib
from typing import Any

from workloads import SAMPLED, Sizes, Workload


def bounds(workloads: list[Workload]) -> list[float | None]:
    """Measure the machine's limits here and return microseconds; None where no bound is known."""
    try:
        roofline = importlib.import_module("crnn.roofline")
    except ModuleNotFoundError:  # an older crnn
        return [None] * len(workloads)
    limits = roofline.measure()
    return [_bound(roofline, limits, workload) for workload in workloads]


def _bound(roofline: Any, limits: Any, workload: Workload) -> float | None:
    sizes: Sizes = workload.sizes
    of = {"H": sizes.H, "V": sizes.V, "dtype": workload.dtype}
    if workload.name == "lossFun":
        return None  # no update, and lists of Python instead
    if not workload.trains:
        return float(roofline.sample_bound(limits, **of).seconds) * SAMPLED * 1e6
    of |= {"T": sizes.T, "B": sizes.B, "optimizer": workload.optimizer}
    return float(roofline.bound(limits, **of).seconds) * 1e6
