"""States: what a model has read so far, as values one can feed, copy, compare, keep and save.

`State` is one, `States` are many of one model that are fed together. They hold H numbers each and
share the model's parameters: a change of those is seen by the next prediction.
"""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Self, overload

import numpy as np
import numpy.typing as npt

from crnn import arguments, checkpoint, core
from crnn.arguments import RealArray
from crnn.score import Score, advance

if TYPE_CHECKING:
    from crnn.model import RNN

__all__ = ["State", "States", "beginning"]

Index = int | np.integer[Any]
_SHORT = 16  # digits of a fingerprint that are shown


class _Held(ABC):
    """What one state and many have in common: the model, and the memory of the numbers."""

    __slots__ = ("_core", "_model")

    def __init__(self, model: RNN, memory: core.State) -> None:
        self._model = model
        self._core = memory

    @property
    def model(self) -> RNN:
        """The model whose state this is."""
        return self._model

    @property
    def core(self) -> core.State:
        """The compiled state, for code that does ``from crnn.core cimport State``.

        Its method ``feed_one`` lets the first state read a character and predict the next, without
        the GIL and without an allocation; it checks nothing.
        """
        return self._core

    def copy(self) -> Self:
        """Return a copy that goes on from here, on its own."""
        other = type(self).__new__(type(self))
        _Held.__init__(other, self._model, self._core.copy())
        return other

    __copy__ = copy

    def _rows(self) -> RealArray:
        """Return the live numbers, (B, H)."""
        shape, strides = self._core.layout()
        return np.ndarray(shape, self._model.dtype, memoryview(self._core.block), 0, strides)

    def _numbers(self) -> RealArray:
        """Return a copy of the numbers, (B, H), as they are while no other thread changes them."""
        h = np.empty(self._core.layout()[0], self._model.dtype)
        self._core.get(h)
        return h

    def _to_bytes(self) -> bytes:
        """Return the numbers as the bytes of a file, which are checked when they are read."""
        return checkpoint.to_bytes({"h": self._numbers()}, {"state_of": self._model.fingerprint})

    @classmethod
    def _from_bytes(cls, model: RNN, data: bytes) -> Self:
        """Return the states of a model in such bytes; raises what `_restored` does."""
        return cls._restored(model, *checkpoint.from_bytes(data), "data")

    @classmethod
    def _restored(
        cls,
        model: RNN,
        tensors: dict[str, npt.NDArray[Any]],
        header: dict[str, checkpoint.JSON],
        source: str,
    ) -> Self:
        """Return the states of a model that such bytes describe.

        Raises
        ------
        CheckpointError
            If they hold something else, or are of another model.
        """
        if set(header) != {"state_of"} or set(tensors) != {"h"}:
            raise checkpoint.CheckpointError(f"checkpoint {source!r} does not describe a state")
        owner, h = str(header["state_of"]), tensors["h"]
        fits = h.ndim == 2 and h.shape[1] == model.hidden_size and h.dtype == model.dtype
        if owner != model.fingerprint or not fits:
            raise checkpoint.CheckpointError(
                f"checkpoint {source!r} is of another model (fingerprint {owner[:_SHORT]}) than "
                f"this one ({model.fingerprint[:_SHORT]})"
            )
        return cls._of(model, h)

    @classmethod
    @abstractmethod
    def _of(cls, model: RNN, h: npt.NDArray[Any]) -> Self:
        """Return the states that hold these numbers, (B, H)."""

    def __reduce__(self) -> tuple[Any, tuple[RNN, bytes]]:
        """Pickle the model, and the numbers as the bytes of a file."""
        return type(self)._from_bytes, (self._model, self._to_bytes())

    def _same_model(self, other: _Held) -> bool:
        mine, theirs = self._model, other._model
        return mine is theirs or mine.fingerprint == theirs.fingerprint

    def __eq__(self, other: object) -> bool:
        """Tell whether the other holds the same numbers, bit for bit, of an equal model."""
        if type(other) is not type(self):
            return NotImplemented
        mine, theirs = self._numbers(), other._numbers()
        return (
            mine.shape == theirs.shape
            and mine.tobytes() == theirs.tobytes()
            and self._same_model(other)
        )

    __hash__ = None  # type: ignore[assignment]  # it changes: State.key() is what a dictionary takes

    def _room(self, out: RealArray | None, shape: tuple[int, ...]) -> RealArray:
        """Return `out`, checked, or a new array for predictions."""
        dtype = self._model.dtype
        if out is None:
            return np.empty(shape, dtype)
        if not isinstance(out, np.ndarray) or out.shape != shape or out.dtype != dtype:
            came = f"{out.dtype} of shape {out.shape}" if isinstance(out, np.ndarray) else type(out)
            raise ValueError(f"out is {came}, expected a NumPy array, {dtype} of shape {shape}")
        flags = out.flags
        if not (flags.c_contiguous and flags.writeable and flags.aligned):
            raise ValueError("out is not contiguous, aligned and writable, expected a fresh array")
        return out

    @property
    @abstractmethod
    def _shape(self) -> tuple[int, ...]:
        """Shape of predictions."""

    def probs(self, out: RealArray | None = None) -> RealArray:
        """Return the probabilities of what comes next; nothing is read.

        Parameters
        ----------
        out : numpy.ndarray, optional
            Receives them, see `feed`.

        Returns
        -------
        numpy.ndarray, shape (V,) of one state, (B, V) of many

        Raises
        ------
        ValueError
            If `out` does not fit.

        Examples
        --------
        >>> import crnn
        >>> model = crnn.RNN("ab", hidden_size=4, dtype="float64")
        >>> model.state().probs().tolist(), model.states(2).probs().tolist()
        ([0.5, 0.5], [[0.5, 0.5], [0.5, 0.5]])
        """
        p = self._room(out, self._shape)
        self._core.predict(p)
        return p

    def logprobs(self, out: RealArray | None = None) -> RealArray:
        """Return their logarithms, in nats: also of what is too improbable for `probs`.

        Parameters, results and errors are those of `probs`.

        Examples
        --------
        >>> import crnn
        >>> crnn.RNN("ab", hidden_size=4).state().logprobs().round(4)
        array([-0.6931, -0.6931], dtype=float32)
        """
        p = self._room(out, self._shape)
        self._core.log_predict(p)
        return p


class State(_Held):
    """What a model has read so far, as a value: the hidden state h, H numbers.

    Made by `RNN.state`. A fresh state has h = 0, has read nothing and predicts softmax(by). A state
    may be used by one thread at a time; states of one model do not disturb each other.

    Parameters
    ----------
    model : RNN

    Examples
    --------
    >>> import crnn
    >>> state = crnn.RNN("abc", hidden_size=4).state()
    >>> p = state.feed("ab")
    >>> p.shape, bool(abs(p.sum() - 1) < 1e-6)
    ((3,), True)
    >>> branch = state.copy()
    >>> branch == state
    True
    """

    __slots__ = ()

    def __init__(self, model: RNN) -> None:
        super().__init__(model, core.State(_net_of(model), writes=False))

    def feed(
        self,
        x: str | Index | Sequence[int] | npt.NDArray[np.integer[Any]],
        out: RealArray | None = None,
    ) -> RealArray:
        """Read characters and predict the next one.

        Parameters
        ----------
        x : str, int, or (n,) array or list of int
            A text of any length (empty: nothing is read), the index of one character, or the
            indices of several.
        out : numpy.ndarray, shape (V,), optional
            Receives the probabilities; of the model's dtype and C-contiguous. With it and one
            character nothing is allocated.

        Returns
        -------
        numpy.ndarray, shape (V,)
            Probabilities of the next character; `out` if it was given.

        Raises
        ------
        ValueError
            If the vocabulary lacks a character, or `out` does not fit. Nothing was read, then.
        IndexError
            If an index is out of range; nothing was read either.

        Examples
        --------
        >>> import numpy as np, crnn
        >>> model = crnn.RNN("abc", hidden_size=4, dtype="float64")
        >>> state, p = model.state(), np.empty(3)
        >>> for x in (0, 1, 2):
        ...     p is state.feed(x, out=p)
        True
        True
        True
        >>> bool((p == model.state().feed("abc")).all())
        True
        """
        model = self._model
        p = self._room(out, self._shape)
        if type(x) is str and len(x) == 1:
            x = model.vocab.index(x, name="x")
        if type(x) is int:
            self._core.feed(x, p)
            return p
        self._core.read(self._indices(x), p)
        return p

    @property
    def _shape(self) -> tuple[int, ...]:
        return (len(self._model.vocab),)

    def _indices(self, x: Any) -> npt.NDArray[np.int32]:
        if isinstance(x, str):
            return self._model.vocab.encode(x, name="x")
        V = len(self._model.vocab)
        if isinstance(x, np.ndarray | list | tuple) and np.ndim(x) > 0:
            return arguments.indices("x", x, V) if len(x) else np.empty(0, np.int32)
        try:
            return arguments.indices("x", [arguments.integer("x", x)], V)
        except TypeError as error:
            raise TypeError(f"{error}, a str or an array of integers") from None

    def score(self, text: str, unknown: str = "error") -> Score:
        """Read a text and tell how surprising it was, character by character.

        A text that is scored piece by piece has the scores of the whole: so one of any length can
        be read, and one that is still being written.

        Parameters
        ----------
        text : str
            May be empty.
        unknown : {"error", "skip", "uniform"}
            What becomes of characters that the vocabulary lacks, see `RNN.score`.

        Raises
        ------
        TypeError, ValueError
            See `RNN.score`; nothing was read, then.

        Examples
        --------
        >>> import crnn
        >>> model = crnn.RNN("abc", hidden_size=4)
        >>> state = model.state()
        >>> nats = [*state.score("ab").nats, *state.score("cab").nats]
        >>> nats == model.score("abcab").nats.tolist()
        True
        """
        return advance(self, text, unknown)

    @property
    def h(self) -> RealArray:
        """The hidden state, a live view of shape (H, 1): what is written into it counts."""
        return self._rows().T

    def key(self) -> bytes:
        """Return the numbers as bytes, for a dictionary: equal bits, equal keys.

        Examples
        --------
        >>> import crnn
        >>> state = crnn.RNN("abc", hidden_size=4).state()
        >>> seen = {state.key(): "the beginning"}
        >>> seen[state.copy().key()]
        'the beginning'
        """
        return self._numbers().tobytes()

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the state into a file of its own, whole or not at all; the model is not in it.

        Parameters
        ----------
        path : str or path-like
            The file; `RNN.load_state` reads it.

        Raises
        ------
        OSError
            If it cannot be written.

        Examples
        --------
        >>> import tempfile, pathlib, crnn
        >>> model = crnn.RNN("abc", hidden_size=4)
        >>> state = model.state()
        >>> p = state.feed("abc")
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = pathlib.Path(folder) / "after-abc.state"
        ...     state.save(path)
        ...     model.load_state(path) == state
        True
        """
        checkpoint.write_bytes(path, self._to_bytes())

    @classmethod
    def _of(cls, model: RNN, h: npt.NDArray[Any]) -> Self:
        """Return the state that holds these numbers, (1, H)."""
        if len(h) != 1:
            raise checkpoint.CheckpointError(f"there are {len(h)} states, expected one")
        state = cls(model)
        state._core.set(np.ascontiguousarray(h))
        return state

    def __repr__(self) -> str:
        return f"<State of {self._model!r}>"


class States(_Held):
    """Many states of one model, B of them, fed together.

    Made by `RNN.states`. One product of matrices serves all of them, which is several times faster
    than one state after the other, and gives the same bits.

    Parameters
    ----------
    model : RNN
    count : int
        B, at least 1; all begin fresh.

    Raises
    ------
    MemoryError
        If this machine cannot hold so many.

    Examples
    --------
    >>> import numpy as np, crnn
    >>> model = crnn.RNN("abc", hidden_size=4)
    >>> states = model.states(1000)
    >>> states.feed(np.arange(1000) % 3).shape
    (1000, 3)
    >>> bool((states[1].probs() == model.state().feed("b")).all())
    True
    """

    __slots__ = ()

    def __init__(self, model: RNN, count: int) -> None:
        B = arguments.integer("count", count, least=1)
        super().__init__(model, core.State(_net_of(model), B, writes=False))

    @classmethod
    def of(cls, states: Iterable[State]) -> Self:
        """Return copies of some states, to be fed together.

        Raises
        ------
        TypeError, ValueError
            If they are none, no states, or not of one model.

        Examples
        --------
        >>> import crnn
        >>> state = crnn.RNN("abc", hidden_size=4).state()
        >>> len(States.of([state, state]))
        2
        """
        if not isinstance(states, Iterable):
            raise TypeError(f"states is of type {type(states).__name__}, expected a list of State")
        listed = list(states)
        if not listed:
            raise ValueError("states is empty, expected at least one State")
        for at, state in enumerate(listed):
            if not isinstance(state, State):
                raise TypeError(f"states[{at}] is of type {type(state).__name__}, expected a State")
            if not state._same_model(listed[0]):
                raise ValueError(
                    f"states[{at}] is of another model ({_described(state.model)}) than states[0] "
                    f"({_described(listed[0].model)}): only states of one model are fed together"
                )
        return cls._of(listed[0].model, np.concatenate([state._numbers() for state in listed]))

    def feed(
        self, x: str | Sequence[int] | npt.NDArray[np.integer[Any]], out: RealArray | None = None
    ) -> RealArray:
        """Let each state read one character and predict the next.

        Parameters
        ----------
        x : (B,) array or sequence of int, or str of B characters
            Character number b is what state b reads.
        out : numpy.ndarray, shape (B, V), optional
            Receives the probabilities; of the model's dtype and C-contiguous.

        Returns
        -------
        numpy.ndarray, shape (B, V)
            Row b are the probabilities of what state b reads next.

        Raises
        ------
        ValueError, IndexError
            If there are not B characters, or the vocabulary lacks one; nothing was read, then.

        Examples
        --------
        >>> import crnn
        >>> states = crnn.RNN("abc", hidden_size=4).states(2)
        >>> states.feed("ca").shape, states.feed([0, 1]).shape
        ((2, 3), (2, 3))
        """
        V = len(self._model.vocab)
        if isinstance(x, str):
            indices = self._model.vocab.encode(x, name="x")
        else:
            indices = arguments.indices("x", x, V)
        if len(indices) != len(self):
            raise ValueError(
                f"x has {len(indices)} characters, expected one for each of {len(self)}"
            )
        p = self._room(out, self._shape)
        self._core.feed_each(indices, p)
        return p

    @property
    def _shape(self) -> tuple[int, ...]:
        return len(self), len(self._model.vocab)

    @property
    def h(self) -> RealArray:
        """The hidden states, a live view of shape (B, H): what is written into it counts."""
        return self._rows()

    @classmethod
    def _of(cls, model: RNN, h: npt.NDArray[Any]) -> Self:
        """Return the states that hold these numbers, (B, H)."""
        states = cls(model, len(h))
        states._core.set(np.ascontiguousarray(h))
        return states

    @overload
    def __getitem__(self, which: Index) -> State: ...
    @overload
    def __getitem__(self, which: slice | Sequence[int] | npt.NDArray[Any]) -> Self: ...
    def __getitem__(self, which: Any) -> State | Self:
        """Return a copy of one state, or of several, as NumPy indexes rows.

        Examples
        --------
        >>> import crnn
        >>> states = crnn.RNN("abc", hidden_size=4).states(5)
        >>> states[0], len(states[:2]), len(states[[3, 3, 1]])
        (<State of RNN(3 characters, hidden_size=4, dtype='float32')>, 2, 3)
        """
        if isinstance(which, tuple):
            raise TypeError("states have one index, which says which of them; see States.h")
        with self._core:
            rows = self._rows()[which].copy()
        if rows.ndim == 1:
            return State._of(self._model, rows[None])
        if rows.ndim != 2 or not len(rows):
            raise IndexError(f"{which!r} chooses no states of {len(self)}")
        return self._of(self._model, rows)

    def __len__(self) -> int:
        """Return B, how many there are."""
        return self._core.B

    def __repr__(self) -> str:
        return f"<{len(self)} States of {self._model!r}>"


def beginning(model: RNN, state: State | None) -> npt.NDArray[Any]:
    """Return the numbers (H,) that a text begins with: a copy of a state's, or zeros.

    Raises
    ------
    TypeError, ValueError
        If it is no state, or one of another model.
    """
    if state is None:
        return np.zeros(model.hidden_size, model.dtype)
    if not isinstance(state, State):
        raise TypeError(f"state is of type {type(state).__name__}, expected a State or None")
    if state.model is not model and state.model.fingerprint != model.fingerprint:
        raise ValueError(
            f"state is of another model ({_described(state.model)}) than this one "
            f"({_described(model)}): take one that this model's state() made"
        )
    h: npt.NDArray[Any] = state._numbers()[0]
    return h


def _described(model: RNN) -> str:
    return f"{model!r}, fingerprint {model.fingerprint[:_SHORT]}"


def _net_of(model: RNN) -> core.Net:
    net = getattr(model, "_net", None)
    if not isinstance(net, core.Net):
        raise TypeError(f"model is of type {type(model).__name__}, expected an RNN")
    return net
