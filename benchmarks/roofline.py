"""What `crnn.roofline` says a workload must take on this machine at least."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np
from workloads import SAMPLED, Workload

from crnn.roofline import Limits, bound, measure, sample_bound


def measured(workloads: list[Workload]) -> dict[str, Any]:
    """Measure the machine's limits here; return them, and the bounds in microseconds."""
    limits = measure()
    return {
        "limits": asdict(limits),
        "bounds": [_bound(limits, workload) * 1e6 for workload in workloads],
    }


def _bound(limits: Limits, workload: Workload) -> float:
    """Return seconds; those of lossFun are without an update."""
    sizes, dtype = workload.sizes, workload.dtype
    if not workload.trains:
        return SAMPLED * sample_bound(limits, H=sizes.H, V=sizes.V, dtype=dtype)
    optimizer = None if workload.name == "lossFun" else workload.optimizer
    distinct = [len(np.unique(window)) for window in workload.windows()[0]]
    least = bound(
        limits,
        H=sizes.H,
        V=sizes.V,
        T=sizes.T,
        B=sizes.B,
        dtype=dtype,
        optimizer=optimizer,
        columns=round(float(np.mean(distinct))),
    )
    return least.seconds
