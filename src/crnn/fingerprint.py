"""The fingerprint of a model: by it a packed file or a saved state knows the model that made it."""

from __future__ import annotations

import hashlib
import json

from crnn.checkpoint import CONTRACT
from crnn.core import PARAMETERS
from crnn.model import RNN

__all__ = ["fingerprint"]


def fingerprint(model: RNN) -> str:
    """Return the SHA-256 of all that a model's predictions depend on, as 64 hexadecimal digits.

    That is: a line of JSON with contract, dtype and vocabulary, and then the parameters Wxh, Whh,
    Why, bh, by, each row by row, little-endian.

    Parameters
    ----------
    model : RNN
        With the parameters that it has now.

    Examples
    --------
    >>> import crnn
    >>> a, b = crnn.RNN("abc", hidden_size=4, seed=1), crnn.RNN("abc", hidden_size=4, seed=1)
    >>> fingerprint(a) == fingerprint(b), len(fingerprint(a))
    (True, 64)
    >>> b.by[0] = 1
    >>> fingerprint(a) == fingerprint(b)
    False
    """
    described = {
        "contract": CONTRACT,
        "dtype": model.dtype.name,
        "vocabulary": model.vocab.code_points.tolist(),
    }
    digest = hashlib.sha256(json.dumps(described, separators=(",", ":"), sort_keys=True).encode())
    digest.update(b"\n")
    little_endian = model.dtype.newbyteorder("<")
    for name in PARAMETERS:
        digest.update(getattr(model, name).astype(little_endian).tobytes())
    return digest.hexdigest()
