"""The gradients of a window beside central differences of its loss.

Both come from the compiled core, in float64: `largest_errors` asks whether its backward pass is the
derivative of its forward pass. A tenth of a per cent that one parameter's gradient lacks is seen.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt

from crnn import core

__all__ = ["FLOOR", "SAMPLE", "largest_errors"]

Array: TypeAlias = npt.NDArray[np.float64]
Indices: TypeAlias = npt.NDArray[np.int32]

SAMPLE: Final = 100
"""Elements of a parameter that are compared; all, if it has no more."""
FLOOR: Final = 1e-4
"""Nats per character: differences of gradients are relative to no less."""

# The loss at four places gives its derivative up to the fourth power of the step. With the first of
# these some 1e-10 are lost to rounding, and little to the power, unless the loss is sharply bent:
# where gradients grow from step to step it is, and shorter ones are tried, too.
_STEPS = (2.0**-12, 2.0**-16, 2.0**-20)
_PLACES = ((1, 8 / 12), (-1, -8 / 12), (2, -1 / 12), (-2, 1 / 12))
_AGREE = 1e-7  # a smaller error needs no second try


def largest_errors(
    parameters: Mapping[str, npt.NDArray[np.floating[Any]]],
    indices: Indices,
    isa: str | None = None,
) -> dict[str, float]:
    """Compare the gradients of one window that begins at h = 0, element by element.

    Parameters
    ----------
    parameters : mapping of str to array
        ``Wxh, Whh, Why, bh, by`` with the reference's shapes; copied.
    indices : (T + 1,) array of int32
        The characters: the first T are inputs, the last T targets.
    isa : str, optional
        Name of the kernel table; by default the one in use.

    Returns
    -------
    dict of str to float
        See `crnn.RNN.gradcheck`. Infinity where a loss is no number.
    """
    window = _Window(parameters, indices, isa)
    floor = FLOOR * (len(indices) - 1)
    return {
        name: max(
            _error(window, name, place, float(gradient.flat[place]), floor)
            for place in _places(name, gradient.shape, indices)
        )
        for name, gradient in window.gradients().items()
    }


def _error(window: _Window, name: str, place: int, analytic: float, floor: float) -> float:
    """Return the relative error of one element, with the step that suits it best.

    A wrong gradient agrees with no difference, whatever its step.
    """
    least = math.inf
    for step in _STEPS:
        numeric = window.difference(name, place, step)
        scale = max(abs(analytic), abs(numeric), floor)
        least = min(least, abs(analytic - numeric) / scale)  # in this order a NaN is no minimum
        if least <= _AGREE:
            break
    return least


def _places(name: str, shape: tuple[int, ...], indices: Indices) -> list[int]:
    """Return which elements of a parameter to compare, drawn once and for all."""
    flat = np.arange(shape[0] * shape[1])
    if name == "Wxh":  # the loss depends on the columns of the inputs alone
        flat = flat[np.isin(flat % shape[1], indices[:-1])]
    if len(flat) > SAMPLE:
        flat = np.random.default_rng(0).choice(flat, SAMPLE, replace=False)
    places: list[int] = flat.tolist()
    return places


class _Window:
    """A window, the parameters in float64, and the loss of both."""

    def __init__(
        self,
        parameters: Mapping[str, npt.NDArray[np.floating[Any]]],
        indices: Indices,
        isa: str | None,
    ) -> None:
        self._parameters = {
            name: np.array(parameters[name], np.float64, order="C") for name in core.PARAMETERS
        }
        H, V = self._parameters["Wxh"].shape
        self._inputs, self._targets = indices[:-1], indices[1:]
        self._h0, self._h = np.zeros(H), np.empty(H)
        self._gradients = {name: np.empty_like(array) for name, array in self._parameters.items()}
        self._core = core.Borrowed(V, H, True, isa)

    def loss(self) -> float:
        """Return the loss in nats, and leave its gradients behind."""
        self._gradients["Wxh"].fill(0)  # the others are overwritten
        return self._core.loss(
            tuple(self._parameters.values()),
            self._inputs,
            self._targets,
            self._h0,
            tuple(self._gradients.values()),
            self._h,
            np.inf,
        )

    def gradients(self) -> dict[str, Array]:
        """Return the gradients, as back-propagation gives them."""
        self.loss()
        return {name: gradient.copy() for name, gradient in self._gradients.items()}

    def difference(self, name: str, place: int, step: float) -> float:
        """Return the derivative by one element, as central differences give it."""
        array = self._parameters[name].reshape(-1)
        w = array[place]
        step *= max(1.0, abs(w))
        total = 0.0
        for steps, weight in _PLACES:
            array[place] = w + steps * step
            total += weight * self.loss()
        array[place] = w
        return float(total / step)
