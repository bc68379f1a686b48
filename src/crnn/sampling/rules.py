"""The rules by which the characters of a sample are chosen, as a caller gives them.

They are checked once and become the tables that `crnn.choosing` reads. They apply in this order:
repetition penalty, allowed and forbidden characters, temperature, top-k, top-p, min-p; each to what
the one before left.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias, TypedDict

import numpy as np
import numpy.typing as npt

from crnn import arguments
from crnn.choosing import Chooser
from crnn.core import Net
from crnn.sampling.automaton import Automaton
from crnn.vocab import Vocab

__all__ = [
    "WINDOW",
    "Allowed",
    "Limits",
    "RuleKeywords",
    "Rules",
    "Strings",
    "check_keywords",
]

WINDOW: Final = 64
"""Characters in which a repetition is penalized, unless others are chosen."""

Characters: TypeAlias = str | Iterable[str]
Strings: TypeAlias = str | Iterable[str] | None
Allowed: TypeAlias = Characters | Callable[[str], Characters] | None
IntArray: TypeAlias = npt.NDArray[np.int32]
Limits: TypeAlias = npt.NDArray[np.floating[Any]] | None

_PENALTIES = (1e-6, 1e6)
_LONGEST_TEXT: Final = 2**62


class RuleKeywords(TypedDict, total=False):
    """The rules beside the temperature, as `RNN.sample` takes and explains them."""

    top_k: int | None
    top_p: float | None
    min_p: float | None
    allowed: Allowed
    forbidden: Strings
    repetition_penalty: float
    repetition_window: int | None
    stop: Strings
    keep_stop: bool


def check_keywords(caller: str, rules: Mapping[str, Any]) -> None:
    """Raise a TypeError in the name of a caller whose keywords are no rules.

    Examples
    --------
    >>> check_keywords("sample", {"top_q": 3})
    Traceback (most recent call last):
        ...
    TypeError: sample() got an unexpected keyword argument 'top_q'
    """
    for name in rules:
        if name not in RuleKeywords.__annotations__:
            raise TypeError(f"{caller}() got an unexpected keyword argument {name!r}")


@dataclass(frozen=True)
class Rules:
    """How the characters of a sample are chosen.

    Attributes
    ----------
    vocab : Vocab
    temperature : float
        At least 0.
    top_k : int or None
    top_p, min_p : float
        1 and 0: all stay.
    penalty : float
        1: none.
    window : int
        Characters that count for it; -1: all.
    allowed : numpy.ndarray or None
        Indices of the characters that may come; None: all.
    ask : callable or None
        Says after every character which ones may come.
    forbidden, stops : Automaton or None
    keep_stop : bool
        Whether the stop belongs to the sample that it ends.
    """

    vocab: Vocab
    temperature: float
    top_k: int | None
    top_p: float
    min_p: float
    penalty: float
    window: int
    allowed: IntArray | None
    ask: Callable[[str], Characters] | None
    forbidden: Automaton | None
    stops: Automaton | None
    keep_stop: bool

    @classmethod
    def of(
        cls,
        vocab: Vocab,
        *,
        temperature: float = 1.0,
        top_k: int | None = None,
        top_p: float | None = None,
        min_p: float | None = None,
        allowed: Allowed = None,
        forbidden: Strings = (),
        repetition_penalty: float = 1.0,
        repetition_window: int | None = WINDOW,
        stop: Strings = (),
        keep_stop: bool = False,
    ) -> Rules:
        """Check what a caller gave; `RNN.sample` says what it means.

        Raises
        ------
        TypeError, ValueError
            If something is of the wrong kind or out of range, or has characters that the vocabulary
            lacks.

        Examples
        --------
        >>> Rules.of(Vocab("ab"), allowed="b").allowed.tolist()
        [1]
        >>> Rules.of(Vocab("ab"), top_p=0)
        Traceback (most recent call last):
            ...
        ValueError: top_p is 0, expected a number above 0 and at most 1, or None for no limit
        """
        ask = allowed if callable(allowed) else None
        return cls(
            vocab,
            arguments.number("temperature", temperature, least=0),
            None if top_k is None else arguments.integer("top_k", top_k, least=1),
            1.0 if top_p is None else _share("top_p", top_p, above_0=True),
            0.0 if min_p is None else _share("min_p", min_p, above_0=False),
            _penalty(repetition_penalty),
            _window(repetition_window),
            None if allowed is None or callable(allowed) else _permitted(vocab, allowed),
            ask,
            _automaton("forbidden", forbidden, vocab),
            _automaton("stop", stop, vocab),
            arguments.flag("keep_stop", keep_stop),
        )

    def chooser(
        self, net: Net, bits: list[np.random.PCG64], limits: Limits, details: bool
    ) -> Chooser:
        """Return what writes a text with each of these streams of coins, within these limits."""
        return Chooser(
            net,
            bits,
            self.temperature,
            penalty=self.penalty,
            window=self.window,
            top_k=self.top_k,
            top_p=self.top_p,
            min_p=self.min_p,
            limits=limits,
            forbidden=self.forbidden,
            stops=self.stops,
            details=details,
        )

    def limits(self, dtype: np.dtype[Any], B: int) -> Limits:
        """Return the limits of B texts in the type of a net, as `Chooser` takes them, or None."""
        if self.allowed is None and self.ask is None:
            return None
        rows = 1 if self.ask is None else B
        limits = np.full((rows, len(self.vocab)), -np.inf, dtype)
        if self.allowed is not None:
            limits[:, self.allowed] = np.inf
        return limits

    def asked(self, text: str, at: int) -> IntArray:
        """Return the indices of the characters that may come after a text, as the caller says.

        Raises
        ------
        TypeError, ValueError
            If what came are no characters of the vocabulary, or none at all.
        """
        if self.ask is None:
            raise ValueError("nobody is to be asked which characters are allowed")
        name = f"allowed(text) at character {at}"
        indices = _indices(self.vocab, name, self.ask(text))
        if not len(indices):
            raise ValueError(
                f"{name} is empty: it leaves nothing to choose from; let it return at least one "
                "character, or all of vocab.chars for no limit"
            )
        return indices


def _share(name: str, value: Any, *, above_0: bool) -> float:
    """Return a share of 1."""
    share = arguments.real_number(name, value)
    if not 0 <= share <= 1 or (above_0 and share == 0):
        kind = "a number above 0 and at most 1" if above_0 else "a number from 0 to 1"
        raise ValueError(f"{name} is {value}, expected {kind}, or None for no limit")
    return share


def _penalty(value: Any) -> float:
    penalty = arguments.real_number("repetition_penalty", value)
    least, most = _PENALTIES
    if not least <= penalty <= most:
        raise ValueError(
            f"repetition_penalty is {value}, expected a number above 0 ({least:g} to {most:g}): "
            "1 for none, 1.2 for what is usual"
        )
    return penalty


def _window(value: Any) -> int:
    """Return how many characters count, -1 for all; more than any text has are as many."""
    if value is None:
        return -1
    return min(arguments.integer("repetition_window", value, least=1), _LONGEST_TEXT)


def _permitted(vocab: Vocab, allowed: Characters) -> IntArray:
    indices = _indices(vocab, "allowed", allowed)
    if not len(indices):
        raise ValueError(
            "allowed is empty: it leaves nothing to choose from; give at least one character, or "
            "None for all"
        )
    return indices


def _indices(vocab: Vocab, name: str, characters: Any) -> IntArray:
    """Return the indices of some characters, a str or an iterable of strings of one each."""
    if not isinstance(characters, str):
        if isinstance(characters, bytes) or not isinstance(characters, Iterable):
            raise TypeError(
                f"{name} is of type {type(characters).__name__}, expected a str or a set of "
                "characters"
            )
        characters = list(characters)
        for char in characters:
            if not isinstance(char, str) or len(char) != 1:
                raise ValueError(f"{name} has {char!r}, expected single characters")
        characters = "".join(sorted(characters))
    return vocab.encode(characters, name=name)


def _automaton(name: str, strings: Any, vocab: Vocab) -> Automaton | None:
    """Return what finds some strings, given as a str or an iterable of them; None without any."""
    if strings is None:
        return None
    if isinstance(strings, bytes) or not isinstance(strings, Iterable):
        raise TypeError(
            f"{name} is of type {type(strings).__name__}, expected a str or a list of them"
        )
    named = (
        {name: strings}
        if isinstance(strings, str)
        else {f"{name}[{i}]": string for i, string in enumerate(strings)}
    )
    words = []
    for which, string in named.items():
        word = vocab.encode(string, name=which)
        if not len(word):
            raise ValueError(f"{which} is empty, expected at least one character: leave it out")
        words.append(word)
    return Automaton.of(words, len(vocab)) if words else None
