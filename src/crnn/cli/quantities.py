"""Quantities as people read them: times, sizes, losses with their units."""

from __future__ import annotations

from crnn.pace import duration
from crnn.training import bits_per_char

__all__ = [
    "count",
    "file_size",
    "loss_in_units",
    "precise_duration",
    "val_loss_in_units",
]

_MINUTE = 60
_HUGE = 1e6


def count(number: int, thing: str) -> str:
    """Return a number of things.

    Examples
    --------
    >>> count(1, "window"), count(2000, "window")
    ('1 window', '2,000 windows')
    """
    return f"{number:,} {thing}" if number == 1 else f"{number:,} {thing}s"


def precise_duration(seconds: float) -> str:
    """Return a time for a sentence: with tenths of a second below a minute.

    Examples
    --------
    >>> precise_duration(5.62), precise_duration(75)
    ('5.6 s', '1:15')
    """
    return f"{seconds:.1f} s" if seconds < _MINUTE else duration(seconds)


def file_size(size: int) -> str:
    """Return a number of bytes in the unit that suits it.

    Examples
    --------
    >>> file_size(812), file_size(401_000), file_size(7_340_000)
    ('812 bytes', '401.0 kB', '7.3 MB')
    """
    if size < 1000:
        return f"{size} bytes"
    if size < 1_000_000:
        return f"{size / 1000:.1f} kB"
    return f"{size / 1_000_000:.1f} MB"


def loss_in_units(smooth_loss: float, seq_length: int) -> tuple[str, str]:
    """Return a loss in both of its units.

    Examples
    --------
    >>> loss_in_units(46.2, 25)
    ('46.20 nats per window', '2.666 bits per character')
    >>> loss_in_units(4e300, 25)[0]  # of a training that went wrong
    '4e+300 nats per window'
    """
    bits = bits_per_char(smooth_loss, seq_length)
    nats_text = f"{smooth_loss:.2f}" if smooth_loss < _HUGE else f"{smooth_loss:.3g}"
    bits_text = f"{bits:.3f}" if bits < _HUGE else f"{bits:.3g}"
    return f"{nats_text} nats per window", f"{bits_text} bits per character"


def val_loss_in_units(loss: float) -> str:
    """Return the loss of a validation in both of its units.

    Examples
    --------
    >>> val_loss_in_units(1.6)
    '1.6000 nats per character, 2.308 bits per character'
    """
    return f"{loss:.4f} nats per character, {bits_per_char(loss, 1):.3f} bits per character"
