"""Small trainings whose every byte is known: what the arithmetic contract promises, as a list.

A *case* is a training with given sizes, settings and seed. Its *outcome* is the arrays it leaves
behind: weights, losses, samples and more. ``digests.json`` has the SHA-256 of every one of them,
recorded once; so whoever computes a case, with whatever kernels, compiler and processor, can see
whether the bytes are the promised ones.
"""

from __future__ import annotations

import functools
import hashlib
import importlib.resources
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt
from numpy.random import PCG64, SeedSequence

from crnn import core, initial, probe, seeding
from crnn.descent import Optimizer
from crnn.model import PARAMETERS, views
from crnn.text import Text
from crnn.training import Training
from crnn.uses import used
from crnn.validation import Validation

__all__ = [
    "FILE",
    "Case",
    "Outcome",
    "bits_of",
    "case_of",
    "cases",
    "contract",
    "describe_difference",
    "digest",
    "outcome",
    "shown",
    "text_of",
    "wrong_arrays",
]

Array: TypeAlias = npt.NDArray[Any]
Outcome: TypeAlias = Mapping[str, Array]

FILE: Final = "digests.json"
"""Name of the list, beside this module."""
DRAWS: Final = 40
"""Characters of each of the two samples of a case."""


@dataclass(frozen=True)
class Case:
    """A training whose outcome is known.

    Attributes
    ----------
    name : str
        Unique, without spaces.
    dtype : {"float32", "float64"}
    V, H, T, B : int
        Characters, hidden units, steps of a window, streams.
    optimizer : {"sgd", "adagrad", "rmsprop", "adam", "adamw"}
    learning_rate : float
    clip : float
    windows : int
        How many are trained.
    characters : int
        Length of the text.
    text_seed, seed : int
        Of the text, and of everything that is drawn.
    quick : bool
        Whether it takes next to no time, also with the portable kernels.
    digests : mapping of str to str
        SHA-256 of each array of the outcome, in the order in which they come to be.
    options : mapping
        What else it is trained with: keywords of `crnn.descent.Optimizer`; ``init``, the way the
        first weights are drawn; ``dropout``; ``starts``, where the documents of the text begin.
    uses : bool
        Whether the outcome has what the trained net is used for, too: see `crnn.uses`.
    """

    name: str
    dtype: str
    V: int
    H: int
    T: int
    B: int
    optimizer: str
    learning_rate: float
    clip: float
    windows: int
    characters: int
    text_seed: int
    seed: int
    quick: bool
    digests: Mapping[str, str]
    options: Mapping[str, Any] = field(default_factory=dict)
    uses: bool = False


def cases() -> tuple[Case, ...]:
    """Return the cases of the list.

    Examples
    --------
    >>> sorted({case.dtype for case in cases()})
    ['float32', 'float64']
    """
    return tuple(map(case_of, _list()["cases"]))


def case_of(row: Mapping[str, Any]) -> Case:
    """Return the case that a row of the list is."""
    with probe.Mode():  # a rate may be subnormal, and the process may flush what it reads
        plain = {name: _plain(value) for name, value in row.items()}
        plain["options"] = {name: _plain(value) for name, value in row.get("options", {}).items()}
        return Case(**plain)


def _plain(value: Any) -> Any:
    """Return a value of the list; floats stand there as hexadecimal text."""
    return float.fromhex(value) if isinstance(value, str) and value.startswith("0x") else value


def contract() -> str:
    """Return the name of the arithmetic that the list is of."""
    return str(_list()["contract"])


@functools.cache
def _list() -> dict[str, Any]:
    text = importlib.resources.files("crnn").joinpath(FILE).read_text(encoding="utf-8")
    record: dict[str, Any] = json.loads(text)
    return record


def text_of(case: Case) -> npt.NDArray[np.int32]:
    """Return the text of a case: V times the upper 32 bits of each raw number, divided by 2^32."""
    raw = PCG64(SeedSequence(case.text_seed)).random_raw(case.characters)
    upper = np.asarray(raw, np.uint64) >> np.uint64(32)
    return (upper * np.uint64(case.V) >> np.uint64(32)).astype(np.int32)


def outcome(case: Case, isa: str | None = None, threads: int = 1) -> dict[str, Array]:
    """Compute a case with the kernels of one table.

    Parameters
    ----------
    case : Case
    isa : str, optional
        Name of the table; by default the one in use.
    threads : int
        How many work at it; changes nothing.

    Returns
    -------
    dict of str to array
        ``drawn_Wxh, drawn_Whh, drawn_Why`` as drawn; ``loss, smooth_loss`` (float64) of every
        window; parameters after the last one (``Wxh`` ...), the optimizer's memories
        (``mWxh`` ..., for Adam ``vWxh`` ...), ``hprev`` (H, B); the indices of a ``sample`` of 40
        characters that goes on from the first stream, of a ``cool_sample`` of 40 that goes on from
        there at temperature 0.7, and the prediction ``p`` from which the last one would be drawn at
        temperature 1; then the drop-in's ``dloss`` and gradients (``dWxh`` ...) of the text's first
        window. If the case has options, also ``norm, rate`` of every window, and the text's
        ``val_loss``; if it has uses, what `crnn.uses.used` returns. `docs/explanation/contract.md`
        says all of this to the last bit.
    """
    options = dict(case.options)
    seed, way = SeedSequence(case.seed), options.pop("init", "normal")
    net = core.Net(case.V, case.H, case.dtype == "float64", isa)
    initial.draw_weights(net, seeding.child(seed, seeding.WEIGHTS), way)
    parameters = views(net, net.block, np.dtype(case.dtype))
    arrays = {f"drawn_{name}": parameters[name].copy() for name in PARAMETERS[:3]}
    text = _text(case, options.pop("starts", None))
    dropout, bits = options.pop("dropout", 0.0), seeding.child(seed, seeding.DROPOUT)
    rule = {"learning_rate": case.learning_rate, "clip": case.clip, **options}
    optimizer = Optimizer(case.optimizer, **rule)
    training = Training(net, text, case.T, case.B, optimizer, dropout, bits, threads)
    arrays |= _trained(training, case)
    arrays |= {name: parameters[name] for name in PARAMETERS}
    for letter, memory in zip("mv", optimizer.memories, strict=False):
        views_of = views(net, memory, np.dtype(case.dtype))
        arrays |= {letter + name: views_of[name] for name in PARAMETERS}
    arrays |= _sampled(case, training)
    arrays |= _gradients(case, [np.ascontiguousarray(parameters[name]) for name in PARAMETERS], isa)
    arrays |= _validated(net, text) if case.options else {}
    return arrays | (used(net, case.dtype, text_of(case), case.seed) if case.uses else {})


def _text(case: Case, starts: list[int] | None) -> Text:
    return Text(text_of(case), case.V, None if starts is None else np.array(starts, np.int64))


def _trained(training: Training, case: Case) -> dict[str, Array]:
    """Return what every window says; of what the older cases do not say, nothing for those."""
    said = np.empty((4, case.windows))
    for i in range(case.windows):
        training.run(1, norm=bool(case.options))
        said[:, i] = training.loss, training.smooth_loss, training.norm, training.optimizer.rate
    names = ("loss", "smooth_loss", "norm", "rate")
    return dict(zip(names[: 4 if case.options else 2], said, strict=False))


def _validated(net: core.Net, text: Text) -> dict[str, Array]:
    """Return the loss of the whole text as one that is not trained on."""
    validation = Validation(net, text)
    validation.run(len(text))
    return {"val_loss": np.array([validation.loss])}


def _sampled(case: Case, training: Training) -> dict[str, Array]:
    """Return the states, two samples, and what is predicted after them."""
    hprev = np.empty((case.B, case.H), case.dtype)
    for b, h in enumerate(hprev):
        training.state(b).get(h)
    state = training.state()
    bits = seeding.child(SeedSequence(case.seed), seeding.TRAINING_SAMPLES)
    arrays: dict[str, Array] = {"hprev": hprev.T}
    last = training.next_input()
    for name, temperature in (("sample", 1.0), ("cool_sample", 0.7)):
        ixes = np.zeros(DRAWS, np.int32)
        drawn = state.sample(DRAWS, temperature, bits, ixes, last)
        arrays[name] = ixes[:drawn]  # fewer, if probabilities became NaN
        last = int(ixes[drawn - 1]) if drawn else last
    p = np.empty(case.V, case.dtype)
    state.predict(p)
    return arrays | {"p": p}


def _gradients(case: Case, parameters: list[Array], isa: str | None) -> dict[str, Array]:
    """Return what the drop-in's lossFun gives for the first window of the text."""
    text, dtype = text_of(case), np.dtype(case.dtype)
    borrowed = core.Borrowed(case.V, case.H, case.dtype == "float64", isa)
    gradients = [np.zeros_like(parameter) for parameter in parameters]
    h0, h = np.zeros(case.H, dtype), np.empty(case.H, dtype)
    inputs, targets = text[: case.T], text[1 : case.T + 1]
    loss = borrowed.loss(tuple(parameters), inputs, targets, h0, tuple(gradients), h, case.clip)
    named = {f"d{name}": array for name, array in zip(PARAMETERS, gradients, strict=True)}
    return {"dloss": np.array([loss]), **named}


def digest(array: Array) -> str:
    """Return the SHA-256 of an array: its bits, little-endian, in rows.

    Examples
    --------
    >>> digest(np.array([np.nan], ">f4")) == digest(np.array([-np.nan], "<f4"))
    True
    """
    bits = bits_of(array)
    return hashlib.sha256(bits.astype(bits.dtype.newbyteorder("<")).tobytes()).hexdigest()


def bits_of(array: Array) -> npt.NDArray[np.unsignedinteger[Any]]:
    """Return the bits of an array's elements as integers in rows, every NaN the same one."""
    dtype = array.dtype.newbyteorder("=")
    plain = np.array(array, dtype, order="C")
    bits = plain.view(f"u{dtype.itemsize}")
    if dtype.kind == "f":  # the sign and the payload of a NaN are not in the contract
        bits[np.isnan(plain)] = {4: 0x7FC00000, 8: 0x7FF8000000000000}[dtype.itemsize]
    return bits


def wrong_arrays(case: Case, arrays: Outcome) -> list[str]:
    """Return the names of the arrays that are not the promised ones, in the order of the list."""
    return [
        name
        for name, promised in case.digests.items()
        if name not in arrays or digest(arrays[name]) != promised
    ]


def describe_difference(case: Case, where: str, arrays: Outcome, right: Outcome | None) -> str:
    """Return what differs first, for a person who looks for the reason.

    Parameters
    ----------
    case : Case
        One whose `wrong_arrays` are not empty.
    where : str
        Who computed it: a table, a machine.
    arrays : mapping of str to array
        What was computed.
    right : mapping of str to array, optional
        The promised outcome, as somebody else computed it.

    Returns
    -------
    str
        One line: the case, where, the first array that differs and its first element that differs,
        with both values.
    """
    name = wrong_arrays(case, arrays)[0]
    about = f"case {case.name} on {where}: {name}"
    if name not in arrays:
        return f"{about} is missing"
    if right is None or name in wrong_arrays(case, right):
        return f"{about} differs; where, nobody here can tell, for nobody has the promised one"
    got, promised = arrays[name], right[name]
    if got.shape != promised.shape:
        return f"{about} has the shape {got.shape}, expected {promised.shape}"
    index = tuple(int(i) for i in np.argwhere(bits_of(got) != bits_of(promised))[0])
    at = ", ".join(map(str, index))
    return f"{about}[{at}] is {shown(got, index)}, expected {shown(promised, index)}"


def shown(array: Array, index: tuple[int, ...]) -> str:
    """Return an element with its bits in hexadecimal.

    Examples
    --------
    >>> shown(np.array([0.5, 1.0], np.float32), (1,))
    '0x3f800000 (1.0)'
    """
    return f"0x{int(bits_of(array)[index]):0{2 * array.dtype.itemsize}x} ({array[index]})"
