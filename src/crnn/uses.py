"""What a trained net is used for, as arrays: scores, states, a sample by rules, packed bytes.

`crnn.digests` has the SHA-256 of each; docs/explanation/contract.md, section 11, says what they
are.
"""

from __future__ import annotations

from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt
from numpy.random import SeedSequence

from crnn import core, initial, seeding
from crnn.choosing import Chooser
from crnn.coding import Decoder, Encoder
from crnn.descent import Optimizer
from crnn.online import Learner
from crnn.sampling.automaton import Automaton
from crnn.scoring import Reading

__all__ = ["used"]

Array: TypeAlias = npt.NDArray[Any]
Indices: TypeAlias = npt.NDArray[np.int32]

READ: Final = 96
"""Characters of the text that are read."""
DRAWN: Final = 40
"""Characters of the sample."""
COINS: Final = 3
"""Number appended to the spawn key of the sample's seed."""
_ESCAPED: Final = (10, 200), (11, 7), (11, 200)  # where in the text, which byte


def used(net: core.Net, dtype: str, text: Indices, seed: int) -> dict[str, Array]:
    """Return what comes of a net and the beginning of a text.

    Raises
    ------
    ValueError
        If the probabilities are NaN.
    """
    text = np.ascontiguousarray(text[:READ])
    V, H = int(net.layout()["Wxh"][1][1]), int(net.layout()["Wxh"][1][0])
    return {
        **_scores(net, text),
        **_states(net, np.dtype(dtype), text, V, H),
        **_sample(net, np.dtype(dtype), text, V, seed),
        "packed": _packed(net, text, V),
        "packed_online": _packed_online(text, H, seed, str(net.isa)),
    }


def _scores(net: core.Net, text: Indices) -> dict[str, Array]:
    n = len(text)
    scores = np.empty(n), np.empty(n, np.int32), np.empty(n)
    Reading(net, text, [n], scores=scores).run(n)
    return dict(zip(("nats", "rank", "entropy"), scores, strict=True))


def _states(net: core.Net, dtype: np.dtype[Any], text: Indices, V: int, H: int) -> dict[str, Array]:
    """Return every state, their mean, and the logarithms of what is predicted in the end."""
    n = len(text)
    states, mean, log_p = np.empty((n, H), dtype), np.empty((1, H), dtype), np.empty(V, dtype)
    Reading(net, text, [n], states=states, vectors=mean, mean=True).run(n)
    state = core.State(net)
    state.read(text)
    state.log_predict(log_p)
    return {"states": states, "mean": mean, "log_p": log_p}


def _sample(
    net: core.Net, dtype: np.dtype[Any], text: Indices, V: int, seed: int
) -> dict[str, Array]:
    """Return a sample that every rule has its part in, and its log-probabilities."""
    limits = np.full((1, V), np.inf, dtype)
    if V > 2:
        limits[0, V - 1] = -np.inf
    chooser = Chooser(
        net,
        [seeding.child(SeedSequence(seed), COINS)],
        0.8,
        penalty=1.3,
        window=16,
        top_k=V // 2 + 1,
        top_p=0.9,
        min_p=0.02,
        limits=limits,
        forbidden=Automaton.of([text[:2], text[3:6]], V) if V > 2 else None,
        details=True,
    )
    ixes, logprobs = np.empty((DRAWN, 1), np.int32), np.empty((DRAWN, 1, 2))
    drawn = chooser.write(core.State(net), DRAWN, ixes, logprobs)
    return {"rule_sample": ixes[:drawn, 0], "rule_logprobs": logprobs[:drawn, 0]}


def _packed(net: core.Net, text: Indices, V: int) -> Array:
    """Return the payload of the text with some bytes among it, which is unpacked again."""
    places, others = zip(*_ESCAPED, strict=True)
    events = np.insert(text, places, [V + byte for byte in others]).astype(np.int32)
    encoder, decoder, found = Encoder(net), Decoder(net), np.empty_like(events)
    encoder.begin(events)
    encoder.run(len(events))
    payload = encoder.end()
    decoder.begin(payload, found)
    decoder.run(len(found))
    if not decoder.end() or not np.array_equal(events, found):
        raise ValueError("what was packed is unpacked as something else")
    return np.frombuffer(payload, np.uint8)


def _packed_online(text: Indices, H: int, seed: int, isa: str) -> Array:
    """Return the payload of the text as bytes by a net that learns them."""
    net = core.Net(256, H, False, isa)
    bits = seeding.child(SeedSequence(seed), seeding.WEIGHTS)
    initial.draw_weights(net, bits, "orthogonal")
    learner = Learner(net, 8, [16, 32], Optimizer("adam", learning_rate=0.01, clip=1.0))
    learner.begin_packing(text.astype(np.uint8).tobytes())
    learner.run(len(text))
    return np.frombuffer(learner.packed(), np.uint8)
