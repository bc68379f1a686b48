"""What general compressors make of a text: figures to hold a model's against."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

__all__ = ["COMPRESSORS", "compressed_bits"]

_LONGEST_DICTIONARY: Final = 64 << 20  # what xz -9 has
_SHORTEST_DICTIONARY: Final = 4096  # what the format allows


# A Python can be built without these libraries, so each is imported where it is needed.


def _gzip(data: bytes) -> bytes:
    import gzip

    return gzip.compress(data, 9, mtime=0)


def _bzip2(data: bytes) -> bytes:
    import bz2

    return bz2.compress(data, 9)


def _xz(data: bytes) -> bytes:
    """Compress as ``xz -9`` does, with no larger a dictionary than the data can use.

    At its full size the encoder takes 674 MiB for a text of any length.
    """
    import lzma

    size = min(max(len(data), _SHORTEST_DICTIONARY), _LONGEST_DICTIONARY)
    chain = [{"id": lzma.FILTER_LZMA2, "preset": 9, "dict_size": size}]
    return lzma.compress(data, check=lzma.CHECK_CRC64, filters=chain)


COMPRESSORS: Final[dict[str, Callable[[bytes], bytes]]] = {
    "gzip -9": _gzip,
    "bzip2 -9": _bzip2,
    "xz -9": _xz,
}


def compressed_bits(text: str) -> dict[str, float]:
    """Return the bits per character of the compressed UTF-8 bytes of a text, by compressor.

    Parameters
    ----------
    text : str
        At least one character.

    Returns
    -------
    dict of float
        By the names of `COMPRESSORS`, without those that this Python was built without; headers
        and checksums of the formats are counted.

    Raises
    ------
    ValueError
        If there is no character.

    Examples
    --------
    >>> found = compressed_bits("to be or not to be " * 100)
    >>> list(found), max(found.values()) < 1
    (['gzip -9', 'bzip2 -9', 'xz -9'], True)
    """
    if not text:
        raise ValueError("text is empty, expected at least one character")
    data = text.encode("utf-8", "surrogatepass")
    found: dict[str, float] = {}
    for name, compress in COMPRESSORS.items():
        try:
            found[name] = 8 * len(compress(data)) / len(text)
        except ImportError:
            continue
    return found
