"""The model: an RNN over characters, its parameters as NumPy views, samples and files.

It knows characters and arguments; the arithmetic is in `crnn.core`, and nothing here trains.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Literal, Self, Unpack, overload

import numpy as np
import numpy.typing as npt

from crnn import arguments, checkpoint, core, gradcheck, initial, score, seeding, vectors
from crnn.arguments import RealArray
from crnn.checkpoint import CONTRACT, JSON, CheckpointError
from crnn.core import PARAMETERS
from crnn.dropin import check_parameters
from crnn.memory import Buffer
from crnn.sampling import batch
from crnn.sampling.batch import Opening, Sample
from crnn.sampling.rules import RuleKeywords, Rules, check_keywords
from crnn.sampling.stream import Drawn, Stream
from crnn.score import Score
from crnn.settings import Settings
from crnn.state import State, States, beginning
from crnn.vocab import Vocab

__all__ = ["PARAMETERS", "RNN", "load"]


class RNN:
    """A vanilla character-level RNN.

        h[t] = tanh(Wxh[:,x[t]] + Whh h[t-1] + bh)     p[t] = softmax(Why h[t] + by)

    Parameters
    ----------
    vocab : Vocab or str
        The characters, in the order of their indices. Of a text: ``Vocab.from_text(text)``.
    hidden_size : int
        H, units of the hidden layer.
    dtype : {"float32", "float64"}
        Type of the parameters and of the arithmetic.
    seed : None, int, sequence of int, SeedSequence, PCG64 or Generator over it
        Of the first weights. The same seed gives the same bytes on every machine. None takes one
        from the system and keeps it in `seed`.
    init : {"normal", "orthogonal", "identity"}
        How the first weights are drawn: "normal" from N(0, 0.01^2), the reference's way; otherwise
        Whh is orthogonal or the identity, and the others are uniform within sqrt(6 / (V + H))
        (Glorot and Bengio 2010). Biases begin at zero.

    Attributes
    ----------
    Wxh, Whh, Why, bh, by : numpy.ndarray
        Live views of the parameters with the reference's shapes (H, V), (H, H), (V, H), (H, 1)
        and (V, 1): what is written into them is what the next call computes with.

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong kind or out of range.
    MemoryError
        If the parameters do not fit into this machine's memory; nothing is allocated then.

    Examples
    --------
    >>> import crnn
    >>> model = crnn.RNN(crnn.Vocab.from_text("hello world"), hidden_size=16, seed=1)
    >>> model.Wxh.shape, model.by.shape
    ((16, 8), (8, 1))
    >>> len(model.sample(20, prime="he", seed=2))
    20
    """

    Wxh: RealArray
    Whh: RealArray
    Why: RealArray
    bh: RealArray
    by: RealArray

    def __init__(
        self,
        vocab: Vocab | str,
        hidden_size: int = Settings.hidden_size,
        dtype: npt.DTypeLike = Settings.dtype,
        seed: seeding.Seed = 0,
        init: str = Settings.init,
    ) -> None:
        self.seed = seeding.seed_sequence(seed)
        way = Settings(init=init).init
        self._allocate(vocab, hidden_size, dtype)
        initial.draw_weights(self._net, seeding.child(self.seed, seeding.WEIGHTS), way)

    def _allocate(self, vocab: Vocab | str, hidden_size: int, dtype: npt.DTypeLike) -> None:
        """Make the parameters, all zero, and the views of them."""
        self.vocab = vocab if isinstance(vocab, Vocab) else Vocab(vocab)
        settings = Settings(hidden_size=hidden_size, dtype=_dtype_name(dtype))
        self._dtype = np.dtype(settings.dtype)
        H, V = settings.hidden_size, len(self.vocab)
        try:
            self._net = core.Net(V, H, self._dtype == np.float64)
        except MemoryError as error:
            raise MemoryError(
                f"hidden_size is {H:,}, for {V:,} characters {error}: choose a smaller one"
            ) from None
        for name, view in views(self._net, self._net.block, self._dtype).items():
            object.__setattr__(self, name, view)

    def __setattr__(self, name: str, value: object) -> None:
        # In-place operators (model.Wxh += d) assign the view they changed: that is fine.
        if name in PARAMETERS and value is not getattr(self, name):
            raise AttributeError(
                f"{name} is a view of the model's memory: assign to model.{name}[:]"
            )
        object.__setattr__(self, name, value)

    @classmethod
    def from_arrays(
        cls,
        chars: str | Sequence[str] | Vocab,
        Wxh: RealArray,
        Whh: RealArray,
        Why: RealArray,
        bh: RealArray,
        by: RealArray,
    ) -> Self:
        """Return a model with copies of these parameters, for instance the notebook's.

        Parameters
        ----------
        chars : str, sequence of str or Vocab
            The characters in the order of their indices: the notebook's `chars`.
        Wxh, Whh, Why, bh, by : numpy.ndarray
            Of the shapes (H, V), (H, H), (V, H), (H, 1), (V, 1); all float64 or all float32.

        Raises
        ------
        TypeError, ValueError
            If the arrays do not fit together, or not the number of characters.

        Examples
        --------
        >>> import numpy as np, crnn
        >>> H, V = 4, 3
        >>> model = crnn.RNN.from_arrays(["a", "b", "c"], np.zeros((H, V)), np.zeros((H, H)),
        ...                              np.zeros((V, H)), np.zeros((H, 1)), np.zeros((V, 1)))
        >>> model
        RNN(3 characters, hidden_size=4, dtype='float64')
        """
        check_parameters(Wxh, Whh, Why, bh, by)
        vocab = chars if isinstance(chars, Vocab) else Vocab(_joined(chars))
        if len(vocab) != Wxh.shape[1]:
            raise ValueError(
                f"chars has {len(vocab)} characters but Wxh has shape {Wxh.shape}: "
                "expected (hidden_size, number of characters)"
            )
        model = cls.__new__(cls)
        model.seed = None
        model._allocate(vocab, Wxh.shape[0], Wxh.dtype)
        for name, array in zip(PARAMETERS, (Wxh, Whh, Why, bh, by), strict=True):
            getattr(model, name)[...] = array
        return model

    seed: np.random.SeedSequence | None
    """Seed of the first weights; None if they came from elsewhere."""

    @property
    def hidden_size(self) -> int:
        """H, units of the hidden layer."""
        return int(self.Whh.shape[0])

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the parameters and of the arithmetic."""
        return self._dtype

    @property
    def fingerprint(self) -> str:
        """SHA-256, in hexadecimal, of all that predictions depend on: equal models, equal ones.

        It is that of a line of JSON with contract, dtype and vocabulary, and then of the parameters
        as they are now, in the order Wxh, Whh, Why, bh, by, each row by row, little-endian. By it a
        saved state or a packed file knows its model.
        """
        described = {
            "contract": CONTRACT,
            "dtype": self.dtype.name,
            "vocabulary": self.vocab.code_points.tolist(),
        }
        line = json.dumps(described, separators=(",", ":"), sort_keys=True) + "\n"
        digest = hashlib.sha256(line.encode())
        for array in self._tensors().values():
            digest.update(array.astype(self.dtype.newbyteorder("<")).tobytes())
        return digest.hexdigest()

    def state(self) -> State:
        """Return a fresh state: h = 0, nothing read; it predicts softmax(by)."""
        return State(self)

    def states(self, count: int) -> States:
        """Return `count` fresh states that are fed together, see `States`.

        Raises
        ------
        TypeError, ValueError, MemoryError
            If `count` is no integer of at least 1, or they do not fit into this machine's memory.

        Examples
        --------
        >>> import crnn
        >>> crnn.RNN("abc", hidden_size=4).states(3).feed("cab").shape
        (3, 3)
        """
        return States(self, count)

    def load_state(self, path: str | os.PathLike[str]) -> State:
        """Read a state that `State.save` wrote.

        Raises
        ------
        OSError
            If there is no such file or it cannot be read.
        CheckpointError
            If it is damaged, holds no state, or that of another model (a ValueError).

        Examples
        --------
        See `State.save`.
        """
        return State._restored(self, *checkpoint.read(path), os.fspath(path))

    def astype(self, dtype: npt.DTypeLike) -> RNN:
        """Return a copy of the model that computes in another type, or in the same one.

        Parameters
        ----------
        dtype : {"float32", "float64"}
            From float64 to float32 every parameter is rounded once; the other way none changes.

        Raises
        ------
        ValueError
            If it is another type.

        Examples
        --------
        >>> import crnn
        >>> crnn.RNN("abc", hidden_size=4).astype("float64")
        RNN(3 characters, hidden_size=4, dtype='float64')
        """
        other = type(self).__new__(type(self))
        other.seed = self.seed
        other._allocate(self.vocab, self.hidden_size, dtype)
        initial.take_weights(other._net, self._net)
        return other

    @overload
    def sample(
        self,
        length: int,
        prime: str = ...,
        temperature: float = ...,
        seed: seeding.Seed = ...,
        *,
        n: None = ...,
        first: int = ...,
        threads: int = ...,
        state: State | None = ...,
        unknown: str = ...,
        **rules: Unpack[RuleKeywords],
    ) -> str: ...

    @overload
    def sample(
        self,
        length: int,
        prime: str = ...,
        temperature: float = ...,
        seed: seeding.Seed = ...,
        *,
        n: int,
        first: int = ...,
        threads: int = ...,
        state: State | None = ...,
        unknown: str = ...,
        **rules: Unpack[RuleKeywords],
    ) -> list[str]: ...

    def sample(
        self,
        length: int,
        prime: str = "",
        temperature: float = 1.0,
        seed: seeding.Seed = None,
        *,
        n: int | None = None,
        first: int = 0,
        threads: int = 1,
        state: State | None = None,
        unknown: str = "error",
        **rules: Unpack[RuleKeywords],
    ) -> str | list[str]:
        """Return new text that the model draws, character by character; or many of them.

        The rules apply in this order, each to what the one before left: repetition penalty,
        `allowed` and `forbidden`, temperature, `top_k`, `top_p`, `min_p`. Of equally probable
        characters the one with the lower index stays first, and one always stays.

        Parameters
        ----------
        length : int
            How many new characters, at most.
        prime : str
            What the model reads first, of any length; not part of the result.
        temperature : float
            Logits are divided by it: below 1 the likely becomes likelier, 0 takes the most
            probable character every time.
        seed : None, int, sequence of int, SeedSequence, PCG64 or Generator over it
            Of the draws; None takes one from the system.
        top_k : int, optional
            Draw among so many of the most probable characters.
        top_p : float, optional
            Draw among the fewest most probable characters that together have at least this
            probability; above 0, at most 1.
        min_p : float, optional
            Leave out what is less probable than this share of the most probable; 0 to 1.
        allowed : str, set of str or callable, optional
            The characters that may come. A callable gets the text so far, prime included, and
            returns them, for every character anew: that takes a thousand times as long as a draw.
            It is asked for several samples in turn and, with `threads` above 1, from several
            threads at once: let its answer depend on the text alone.
        forbidden : str or iterable of str
            What may not come: the character that would complete one of these strings is ruled out.
            The prime is part of the text in which they would stand.
        repetition_penalty : float
            Above 1, what came lately becomes less likely: positive logits are divided by it,
            negative ones multiplied (Keskar et al. 2019).
        repetition_window : int, optional
            Lately is among so many characters, prime included; None: ever.
        stop : str or iterable of str
            The new text ends where the first of these is complete; of several that end there, the
            longest counts.
        keep_stop : bool
            Leave the stop at the end of the text.
        n : int, optional
            Return a list of so many samples. Number i uses the spawn key i of the seed: it is the
            same alone, among others, and with any number of threads.
        first : int
            The number of the first sample.
        threads : int
            How many draw at the same time.
        state : State, optional
            Where to begin, before `prime`: a state of this model, which is not changed.
        unknown : {"error", "skip"}
            What to do about characters of `prime` that the vocabulary lacks.

        Returns
        -------
        str or list of str
            `length` characters, or fewer if a stop ended them; a list if `n` was given.

        Raises
        ------
        TypeError, ValueError
            If an argument is of the wrong kind or out of range, or names characters that the
            vocabulary lacks; if the probabilities are NaN; if the rules leave nothing.
        MemoryError
            If the result does not fit into this machine's memory.

        Examples
        --------
        >>> import crnn
        >>> model = crnn.RNN("abc", hidden_size=4)
        >>> model.sample(5, temperature=0) == model.sample(5, temperature=0)
        True
        >>> model.sample(4, allowed="b")
        'bbbb'
        >>> many = model.sample(9, seed=1, n=3)
        >>> many[2] == model.sample(9, seed=1, first=2)
        True
        """
        check_keywords("sample", rules)
        count = 1 if n is None else arguments.integer("n", n, least=0)
        drawn = self.samples(
            length,
            prime,
            temperature,
            seed,
            n=count,
            first=first,
            threads=threads,
            state=state,
            unknown=unknown,
            **rules,
        )
        batch.check_room(int(length), count, f"n is {count:,}")
        texts = [sample.text for sample in drawn]
        return texts[0] if n is None else texts

    def samples(
        self,
        length: int,
        prime: str = "",
        temperature: float = 1.0,
        seed: seeding.Seed = None,
        *,
        n: int = 1,
        first: int = 0,
        threads: int = 1,
        state: State | None = None,
        unknown: str = "error",
        details: bool = False,
        **rules: Unpack[RuleKeywords],
    ) -> Generator[Sample, None, None]:
        """Return an iterator of what `sample` returns as a list, each as soon as it is there.

        Takes and raises what `sample` does, what is met on the way while iterating.

        Parameters
        ----------
        details : bool
            Let every `Sample` have its log-probabilities.

        Examples
        --------
        >>> import crnn
        >>> model = crnn.RNN("abc", hidden_size=4)
        >>> for text, logprobs in model.samples(5, seed=1, n=2, details=True):
        ...     print(len(text), logprobs.shape)
        5 (5, 2)
        5 (5, 2)
        """
        check_keywords("samples", rules)
        checked = Rules.of(self.vocab, temperature=temperature, **rules)
        count = arguments.integer("n", n, least=0)
        numbers = batch.numbers(first, count)
        workers = arguments.integer("threads", threads, least=1)
        size = arguments.integer("length", length, least=0)
        held = batch.room_of(count, workers)
        batch.check_room(size, held, f"samples at once: {held}")
        with_logs = arguments.flag("details", details)
        opening = self._opening(prime, state, unknown)
        source = seeding.seed_sequence(seed)
        return batch.samples(
            opening, checked, source, numbers, size, threads=workers, details=with_logs
        )

    @overload
    def stream(
        self,
        length: int,
        prime: str = ...,
        temperature: float = ...,
        seed: seeding.Seed = ...,
        *,
        first: int = ...,
        state: State | None = ...,
        unknown: str = ...,
        details: Literal[False] = ...,
        **rules: Unpack[RuleKeywords],
    ) -> Stream[str]: ...

    @overload
    def stream(
        self,
        length: int,
        prime: str = ...,
        temperature: float = ...,
        seed: seeding.Seed = ...,
        *,
        first: int = ...,
        state: State | None = ...,
        unknown: str = ...,
        details: Literal[True],
        **rules: Unpack[RuleKeywords],
    ) -> Stream[Drawn]: ...

    def stream(
        self,
        length: int,
        prime: str = "",
        temperature: float = 1.0,
        seed: seeding.Seed = None,
        *,
        first: int = 0,
        state: State | None = None,
        unknown: str = "error",
        details: bool = False,
        **rules: Unpack[RuleKeywords],
    ) -> Stream[str] | Stream[Drawn]:
        """Return an iterator of the characters that `sample` returns, as they are drawn.

        Takes and raises what `sample` does; NaN probabilities are met on the way. For ``async for``
        as well. What may still become a stop that is cut off is held back until that is known.

        Parameters
        ----------
        details : bool
            Give `Drawn` in place of characters: with the log-probabilities of each.

        Examples
        --------
        >>> import crnn
        >>> model = crnn.RNN("abc", hidden_size=4)
        >>> list(model.stream(5, seed=1)) == list(model.sample(5, seed=1))
        True
        >>> char, logprob, drawn_logprob = next(model.stream(1, top_k=1, details=True))
        >>> -1.2 < logprob < -1, drawn_logprob
        (True, 0.0)
        """
        check_keywords("stream", rules)
        checked = Rules.of(self.vocab, temperature=temperature, **rules)
        size = arguments.integer("length", length, least=0)
        opening = self._opening(prime, state, unknown)
        (number,) = batch.numbers(first, 1)
        bits = seeding.child(seeding.seed_sequence(seed), number)
        return Stream(opening, checked, bits, size, arguments.flag("details", details))

    def _opening(self, prime: str, state: State | None, unknown: str) -> Opening:
        """Return what samples begin with: what a state holds, or a fresh one, and then a text."""
        start = core.State(self._net)
        start.set(beginning(self, state))
        text = batch.known(self.vocab, prime, "prime", unknown)
        return Opening(self._net, self.dtype, self.vocab, start, text)

    def score(self, text: str, state: State | None = None, unknown: str = "error") -> Score:
        """Tell how surprised the model is by each character of a text.

        Parameters
        ----------
        text : str
            Any length. Of an empty text the score has no numbers, a total of 0 and a mean of NaN.
        state : State, optional
            Where to begin; it stays as it is (`State.score` lets it read). By default a fresh
            state, which predicts the first character from softmax(by).
        unknown : {"error", "skip", "uniform"}
            What to do with a character that the vocabulary lacks: an error; leave it out, with NaN
            in its place; or count it as one of V equally probable characters, ln V nats. The model
            does not read it.

        Returns
        -------
        Score
            Nats, rank and entropy of each character, and totals.

        Raises
        ------
        TypeError
            If `text` is no str or `state` no State.
        ValueError
            If the vocabulary lacks a character (named, with its position), `state` is of another
            model, or `unknown` is another word.

        Examples
        --------
        >>> import crnn
        >>> model = crnn.RNN("ab", hidden_size=4)
        >>> model.score("abba")
        <Score of 4 characters: 1.000 bits per character, perplexity 2.000>
        >>> model.score("ab!", unknown="skip").rank.tolist()[2]
        0
        """
        return score.score(self, text, beginning(self, state), unknown)

    def score_many(
        self, texts: Iterable[str], threads: int = 1, unknown: str = "error"
    ) -> list[Score]:
        """Score each of several texts, which is several times faster than one after the other.

        Parameters
        ----------
        texts : iterable of str
            Each begins in a fresh state.
        threads : int
            Most threads at work, up to 64. Any number gives the same bits.
        unknown : {"error", "skip", "uniform"}
            See `score`.

        Raises
        ------
        TypeError, ValueError
            As `score` does, with the number of the text.

        Examples
        --------
        >>> import crnn
        >>> model = crnn.RNN("abc", hidden_size=4)
        >>> model.score_many(["ab", "", "cab"])[2] == model.score("cab")
        True
        """
        return score.score_many(self, texts, threads, unknown)

    def hidden(self, text: str, state: State | None = None, unknown: str = "error") -> RealArray:
        """Return the hidden state after each character of a text.

        Parameters
        ----------
        text : str
        state : State, optional
            Where to begin, see `score`.
        unknown : {"error", "skip"}
            What to do with a character that the vocabulary lacks: an error, or nothing is read and
            the state stays what it was before it.

        Returns
        -------
        numpy.ndarray, shape (len(text), H)
            Of the model's dtype.

        Raises
        ------
        TypeError, ValueError
            As `score` does.
        MemoryError
            If this machine cannot hold so many states.

        Examples
        --------
        >>> import crnn
        >>> model = crnn.RNN("abc", hidden_size=4)
        >>> model.hidden("abcab").shape
        (5, 4)
        """
        return vectors.hidden(self, text, beginning(self, state), unknown)

    def embed(
        self, texts: Iterable[str], how: str = "mean", threads: int = 1, unknown: str = "error"
    ) -> RealArray:
        """Return one vector for each text, made of the hidden states after its characters.

        Parameters
        ----------
        texts : iterable of str
            Each begins in a fresh state.
        how : {"mean", "last"}
            The mean of the states, or the one after the last character. Of an empty text both are
            zeros.
        threads : int
            Most threads at work, up to 64. Any number gives the same bits.
        unknown : {"error", "skip"}
            See `hidden`; a mean is of the states after known characters.

        Returns
        -------
        numpy.ndarray, shape (number of texts, H)
            Of the model's dtype.

        Raises
        ------
        TypeError, ValueError
            As `score` does, with the number of the text.

        Examples
        --------
        >>> import crnn
        >>> model = crnn.RNN("abc", hidden_size=4)
        >>> vectors = model.embed(["abc", "a"], how="last")
        >>> bool((vectors[0] == model.hidden("abc")[-1]).all())
        True
        """
        return vectors.embed(self, texts, how, threads, unknown)

    def extend(self, chars: str, seed: seeding.Seed = 0) -> RNN:
        """Return a model that knows more characters and predicts as this one does.

        All weights of the old characters stay bit for bit. In every state the new characters
        together have a probability below 1e-6, so that no old character's score changes by more
        than 1e-6 nats and rounding; `crnn.initial.extend_weights` has the proof.

        Parameters
        ----------
        chars : str
            Characters or a whole text; those that are known are left out.
        seed : None, int, sequence of int, SeedSequence, PCG64 or Generator over it
            Of the weights with which new characters are read.

        Examples
        --------
        >>> import crnn
        >>> model = crnn.RNN("ab", hidden_size=4)
        >>> model.extend("abc").vocab.chars
        'abc'
        """
        vocab = self.vocab.extend(chars)
        other = type(self).__new__(type(self))
        other.seed = self.seed
        other._allocate(vocab, self.hidden_size, self.dtype)
        if len(vocab) == len(self.vocab):
            initial.take_weights(other._net, self._net)
        else:
            bits = seeding.child(seeding.seed_sequence(seed), seeding.WEIGHTS)
            initial.extend_weights(other._net, self._net, bits)
        return other

    def gradcheck(self, text: str) -> dict[str, float]:
        """Compare the gradients of a text's loss with central differences of that loss.

        Both are made in float64, by the compiled core, with a copy of the parameters as they are
        now; the text is one window that begins at h = 0, and nothing is clipped. Of a parameter
        with more than 100 elements 100 are compared, the same ones every time, those of Wxh in the
        columns of the text's characters.

        Parameters
        ----------
        text : str
            At least two characters of the vocabulary; some dozens are enough, and more take
            longer.

        Returns
        -------
        dict of str to float
            The largest relative error by parameter (``"Wxh"`` ...): the difference of both, over
            the larger one, or over 0.0001 nats a character where that is more. Usually below 1e-6,
            what rounding leaves; more where gradients explode, for no difference can follow them.
            Infinity if the loss overflows.

        Raises
        ------
        TypeError, ValueError
            If `text` is too short or has a character the vocabulary lacks, or if a parameter
            holds NaN or infinity.

        Examples
        --------
        >>> import crnn
        >>> model = crnn.RNN("abcdr", hidden_size=8)
        >>> errors = model.gradcheck("abracadabra")
        >>> list(errors), max(errors.values()) < 1e-6
        (['Wxh', 'Whh', 'Why', 'bh', 'by'], True)
        """
        indices = self.vocab.encode(text)
        if len(indices) < 2:
            raise ValueError(
                f"text has {len(indices)} character{'' if len(indices) == 1 else 's'}, expected at "
                "least 2: one to read and one to predict"
            )
        tensors = self._tensors()
        for name, array in tensors.items():
            if not np.isfinite(array).all():
                raise ValueError(f"{name} holds NaN or infinity: its loss has no derivative")
        return gradcheck.largest_errors(tensors, indices)

    def save(self, path: str | os.PathLike[str], *, keep: bool = False) -> None:
        """Write the model into one file, whole or not at all.

        Parameters
        ----------
        path : str or path-like
            The file, usually ``*.safetensors``; its folder must exist.
        keep : bool
            Keep a file that is there as ``path + ".bak"``.

        Raises
        ------
        OSError
            If it cannot be written; a file that was there is still there, whole.

        Examples
        --------
        >>> import tempfile, pathlib, crnn
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = pathlib.Path(folder) / "m.safetensors"
        ...     crnn.RNN("abc", hidden_size=4).save(path)
        ...     crnn.load(path)
        RNN(3 characters, hidden_size=4, dtype='float32')
        """
        checkpoint.write(path, self._tensors(), self._header(), keep=keep)

    def _tensors(self) -> dict[str, RealArray]:
        return {name: getattr(self, name) for name in PARAMETERS}

    def _header(self) -> dict[str, JSON]:
        return {
            "vocabulary": [int(point) for point in self.vocab.code_points],
            "weights_seed": None if self.seed is None else seeding.seed_to_json(self.seed),
        }

    @classmethod
    def _restored(cls, tensors: dict[str, RealArray], header: dict[str, JSON]) -> Self:
        """Return the model that `_tensors` and `_header` describe."""
        points: Any = header["vocabulary"]
        seed: Any = header["weights_seed"]
        if not isinstance(points, list) or not all(type(point) is int for point in points):
            raise ValueError("vocabulary is not a list of code points")
        vocab = Vocab.from_code_points(np.array(points, np.int64))
        model = cls.from_arrays(vocab, *(tensors[name] for name in PARAMETERS))
        model.seed = None if seed is None else seeding.seed_from_json(seed)
        return model

    def to_bytes(self) -> bytes:
        """Return what `save` writes."""
        return checkpoint.to_bytes(self._tensors(), self._header())

    @classmethod
    def from_bytes(cls, data: bytes, source: str = "data") -> Self:
        """Return the model in the bytes of a file, as `load` reads it.

        Parameters
        ----------
        data : bytes
            What `to_bytes` returned, or the contents of a file of `RNN.save` or `Trainer.save`.
        source : str
            What an error calls it.

        Raises
        ------
        CheckpointError
            See `load`.

        Examples
        --------
        >>> import crnn
        >>> crnn.RNN.from_bytes(crnn.RNN("abc", hidden_size=4).to_bytes())
        RNN(3 characters, hidden_size=4, dtype='float32')
        """
        tensors, header = checkpoint.from_bytes(data, source)
        with described_by(source, "a model"):
            return cls._restored(tensors, header)

    def __reduce__(self) -> tuple[Any, tuple[bytes]]:
        """Pickle as the bytes that `save` writes, which are checked when they are read."""
        return type(self).from_bytes, (self.to_bytes(),)

    def __repr__(self) -> str:
        return (
            f"RNN({len(self.vocab)} characters, hidden_size={self.hidden_size}, "
            f"dtype={self.dtype.name!r})"
        )


def views(net: core.Net, block: Buffer, dtype: np.dtype[Any]) -> dict[str, RealArray]:
    """Return the parameters in a block (or what is laid out like them) as arrays, by name."""
    memory = memoryview(block)
    return {
        name: np.ndarray(shape, dtype, memory, offset, strides)
        for name, (offset, shape, strides) in net.layout().items()
    }


def load(path: str | os.PathLike[str]) -> RNN:
    """Read the model of a file that `RNN.save` or `Trainer.save` wrote.

    Parameters
    ----------
    path : str or path-like
        The file. Its checksum is verified before anything in it is used; nothing is unpickled.

    Raises
    ------
    OSError
        If there is no such file or it cannot be read.
    CheckpointError
        If it is damaged, of another program or of a newer version (a ValueError).

    Examples
    --------
    See `RNN.save`.
    """
    tensors, header = checkpoint.read(path)
    with described_by(path, "a model"):
        return RNN._restored(tensors, header)


@contextmanager
def described_by(path: str | os.PathLike[str], what: str) -> Iterator[None]:
    """Turn what is wrong with the contents of a sealed file into a CheckpointError."""
    try:
        yield
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        reason = f"{error} is missing" if isinstance(error, KeyError) else str(error)
        raise CheckpointError(
            f"checkpoint {os.fspath(path)!r} does not describe {what}: {reason}"
        ) from error


def _dtype_name(dtype: npt.DTypeLike) -> str:
    """Return the name of a dtype, however it is spelt; Settings says which names are right."""
    if dtype is None:  # NumPy takes it for float64
        return "None"
    try:
        given = np.dtype(dtype)
    except TypeError:
        return str(dtype)
    return given.name if given.isnative else given.str


def _joined(chars: str | Sequence[str]) -> str:
    """Return the characters of the notebook's list, or of a str, as one str."""
    for at, char in enumerate(chars):
        if not isinstance(char, str):
            raise TypeError(f"chars[{at}] is {char!r}, expected a str of one character")
    return "".join(chars)
