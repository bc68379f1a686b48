"""The agenda of a training: after which windows something else is due."""

from __future__ import annotations

from dataclasses import dataclass

from crnn.settings import Settings

__all__ = ["Agenda"]

_READINGS = 20  # of the validation text's length come between two validations, unless told


@dataclass(frozen=True)
class Agenda:
    """What is due when; a step is the number of windows trained so far.

    Attributes
    ----------
    settings : Settings
        How often.
    validated : int
        Characters of the validation text; 0: there is none.
    total : int or None
        Windows in all.

    Examples
    --------
    >>> agenda = Agenda(Settings(report_every=100, sample_every=0, val_every=250), 5000, 600)
    >>> agenda.is_due(200), agenda.next_due(200)
    (True, 250)
    >>> [step for step in range(1, 601) if agenda.validation_is_due(step, -1)]
    [250, 500, 600]
    """

    settings: Settings
    validated: int
    total: int | None

    def report_is_due(self, step: int) -> bool:
        """Tell whether the next window is to be reported."""
        return step % self.settings.report_every == 0

    def sample_is_due(self, step: int) -> bool:
        """Tell whether a sample is to be drawn before the next window."""
        every = self.settings.sample_every
        return every > 0 and step % every == 0

    def is_due(self, step: int) -> bool:
        """Tell whether one of both is."""
        return self.report_is_due(step) or self.sample_is_due(step)

    def validation_is_due(self, step: int, last: int) -> bool:
        """Tell whether to validate now; `last`: the step of the last validation."""
        if self.validated == 0 or step in (0, last):
            return False
        return step % self.val_every == 0 or step == self.total

    @property
    def val_every(self) -> int:
        """How many windows come between two validations."""
        characters = self.settings.seq_length * self.settings.batch_size
        return self.settings.val_every or -(-_READINGS * self.validated // characters)

    def next_due(self, step: int) -> int:
        """Return the next step before which something is due."""
        periods = [self.settings.report_every, self.settings.sample_every]
        if self.validated > 0:
            periods.append(self.val_every)
        return min((step // every + 1) * every for every in periods if every > 0)
