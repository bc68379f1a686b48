"""Texts in scikit-learn: vectors of texts, and which texts of a column are surprising.

Both estimators read a column of str: a list, an array, a pandas Series or a data frame of one
column. They take a model that is trained, or train a small one on the texts they are fitted to.
scikit-learn comes with ``crnn[sklearn]`` and is imported here alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final, Self, TypeVar

import numpy as np
import numpy.typing as npt

from crnn import arguments
from crnn.arguments import RealArray
from crnn.model import RNN
from crnn.score import Score
from crnn.trainer import Trainer
from crnn.vocab import Vocab

try:
    from sklearn.base import (
        BaseEstimator,
        ClassNamePrefixFeaturesOutMixin,
        OutlierMixin,
        TransformerMixin,
    )
    from sklearn.utils import check_random_state
    from sklearn.utils.validation import check_is_fitted
except ImportError as error:
    raise ImportError(
        f"crnn.sklearn needs scikit-learn, which does not load here ({error}): "
        "pip install 'crnn[sklearn]'"
    ) from error

__all__ = ["SurprisingText", "TextVectors"]

_END: Final = "\n"  # of a text, as a line
_SHORTEST: Final = 64  # characters to train on; fewer are repeated
_STREAM: Final = 200  # characters of each parallel stream at least
_MOST_STREAMS: Final = 16
_WINDOW: Final = 25  # steps of a window
_MOST_PASSES: Final = 20  # over the texts: more would learn the odd ones by heart


class _OfTexts(BaseEstimator):
    """What both have in common: a column of texts, and a model that reads them."""

    model: RNN | None
    hidden_size: int
    steps: int
    random_state: Any
    threads: int

    def _texts(self, X: Any, *, reset: bool) -> list[str]:
        """Return the texts in X; `reset` says that the estimator is fitted to them."""
        texts = texts_of(X)
        if reset and not texts:
            raise ValueError("X is empty, expected at least one text")
        return texts

    def _fit_model(self, texts: list[str]) -> None:
        """Take the model, or train one."""
        if self.model is not None and not isinstance(self.model, RNN):
            raise TypeError(
                f"model is of type {type(self.model).__name__}, expected an RNN or None"
            )
        self.model_ = self._trained(texts) if self.model is None else self.model

    def _trained(self, texts: list[str]) -> RNN:
        seed = int(check_random_state(self.random_state).randint(2**31 - 1))
        lines = _END + "".join(text + _END for text in texts)
        lines *= -(-_SHORTEST // len(lines))
        model = RNN(Vocab.from_text(lines), self.hidden_size, seed=seed, init="orthogonal")
        streams = min(_MOST_STREAMS, max(1, len(lines) // _STREAM))
        enough = -(-_MOST_PASSES * len(lines) // (streams * _WINDOW))
        steps = min(arguments.integer("steps", self.steps, least=1), enough)
        trainer = Trainer(
            model,
            lines,
            seq_length=_WINDOW,
            batch_size=streams,
            optimizer="adamw",
            learning_rate=0.005,
            clip_norm=1.0,
            schedule="cosine",
            steps=steps,
            threads=self.threads,
            seed=seed,
        )
        trainer.train(steps)
        return model

    def __sklearn_tags__(self) -> Any:
        """Say that the input is texts, as scikit-learn's own text vectorizers do."""
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.one_d_array = True
        tags.input_tags.two_d_array = False
        return tags


class TextVectors(ClassNamePrefixFeaturesOutMixin, TransformerMixin, _OfTexts):
    """A transformer: one vector for each text, made of the hidden states of an RNN that reads it.

    Parameters
    ----------
    model : RNN, optional
        A trained one, which is used as it is. By default `fit` trains one on its texts.
    how : {"mean", "last"}
        The mean of the states, or the last one; see `RNN.embed`.
    hidden_size : int
        Of a model that is trained: H, the width of the vectors.
    steps : int
        Windows that a model is trained at most; a thousand take less than a second. Fewer where
        they would read the texts more than twenty times and learn them by heart.
    random_state : int, RandomState instance or None
        Of a model that is trained.
    threads : int
        Most threads at work. Any number gives the same bits.

    Attributes
    ----------
    model_ : RNN
        The one that reads. Characters that it does not know are left out.

    Examples
    --------
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.linear_model import LogisticRegression
    >>> texts = ["10:31 ok", "10:32 ok", "no such file", "no such host"]
    >>> pipeline = make_pipeline(TextVectors(steps=200), LogisticRegression())
    >>> pipeline.fit(texts, [0, 0, 1, 1]).predict(["10:35 ok", "no such user"]).tolist()
    [0, 1]
    """

    def __init__(
        self,
        model: RNN | None = None,
        *,
        how: str = "mean",
        hidden_size: int = 64,
        steps: int = 1000,
        random_state: Any = 0,
        threads: int = 1,
    ) -> None:
        self.model = model
        self.how = how
        self.hidden_size = hidden_size
        self.steps = steps
        self.random_state = random_state
        self.threads = threads

    def fit(self, X: Any, y: Any = None) -> Self:
        """Train the model, if none was given.

        Parameters
        ----------
        X : column of str, shape (n,) or (n, 1)
        y : ignored
        """
        self._fit_model(self._texts(X, reset=True))
        return self

    def transform(self, X: Any) -> RealArray:
        """Return the vectors of texts, shape (n, H), in the model's type.

        Parameters
        ----------
        X : column of str, shape (n,) or (n, 1)
        """
        check_is_fitted(self)
        texts = self._texts(X, reset=False)
        return _checked(self.model_.embed(texts, self.how, self.threads, unknown="skip"))

    def __sklearn_tags__(self) -> Any:
        """Say that the vectors have the model's type, whatever the texts have."""
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = []
        return tags

    @property
    def _n_features_out(self) -> int:
        return self.model_.hidden_size


class SurprisingText(OutlierMixin, _OfTexts):
    """An outlier detector: the texts that surprise an RNN most, in bits per character.

    A text is read as a line, if the model knows the character U+000A: after one, and its end is
    scored too. A character that the model does not know counts as one of V equally probable ones.

    Parameters
    ----------
    model : RNN, optional
        A trained one, which is used as it is. By default `fit` trains one on its texts.
    contamination : float
        The share of surprising texts among those of `fit`, above 0 and at most 0.5.
    hidden_size : int
        Of a model that is trained.
    steps : int
        Windows that a model is trained at most; a thousand take less than a second. Fewer where
        they would read the texts more than twenty times and learn them by heart.
    random_state : int, RandomState instance or None
        Of a model that is trained.
    threads : int
        Most threads at work. Any number gives the same bits.

    Attributes
    ----------
    model_ : RNN
        The one that reads.
    offset_ : float
        Texts whose `score_samples` are below it are outliers.

    Examples
    --------
    >>> texts = [f"2026-11-{day:02} ok" for day in range(1, 31)] + ["2026-13-1o 0k"]
    >>> detector = SurprisingText(contamination=0.03).fit(texts)
    >>> [text for text, sign in zip(texts, detector.predict(texts)) if sign == -1]
    ['2026-13-1o 0k']
    """

    def __init__(
        self,
        model: RNN | None = None,
        *,
        contamination: float = 0.1,
        hidden_size: int = 64,
        steps: int = 1000,
        random_state: Any = 0,
        threads: int = 1,
    ) -> None:
        self.model = model
        self.contamination = contamination
        self.hidden_size = hidden_size
        self.steps = steps
        self.random_state = random_state
        self.threads = threads

    def fit(self, X: Any, y: Any = None) -> Self:
        """Train the model, if none was given, and see how surprising the texts are to it.

        Parameters
        ----------
        X : column of str, shape (n,) or (n, 1)
        y : ignored
        """
        share = arguments.number("contamination", self.contamination, least=0)
        if not 0 < share <= 0.5:
            raise ValueError(f"contamination is {share}, expected above 0 and at most 0.5")
        texts = self._texts(X, reset=True)
        self._fit_model(texts)
        self.offset_ = float(np.percentile(self._scores(texts), 100 * share))
        return self

    def score_samples(self, X: Any) -> npt.NDArray[np.float64]:
        """Return minus the bits per character of each text, shape (n,): the lower, the odder.

        Parameters
        ----------
        X : column of str, shape (n,) or (n, 1)
        """
        check_is_fitted(self)
        return self._scores(self._texts(X, reset=False))

    def decision_function(self, X: Any) -> npt.NDArray[np.float64]:
        """Return `score_samples` minus `offset_`, shape (n,): below 0 for outliers.

        Parameters
        ----------
        X : column of str, shape (n,) or (n, 1)
        """
        scores = self.score_samples(X)
        return scores - self.offset_

    def predict(self, X: Any) -> npt.NDArray[np.int64]:
        """Return -1 for outliers and 1 for other texts, shape (n,).

        Parameters
        ----------
        X : column of str, shape (n,) or (n, 1)
        """
        return np.where(self.decision_function(X) < 0, -1, 1)

    def _scores(self, texts: list[str]) -> npt.NDArray[np.float64]:
        end = _END if _END in self.model_.vocab else ""
        lines = (end + text + end for text in texts)
        scores = self.model_.score_many(lines, self.threads, unknown="uniform")
        found = np.array([-_bits_after(score, len(end)) for score in scores], np.float64)
        return _checked(found)


Numbers = TypeVar("Numbers", bound=npt.NDArray[Any])


def _checked(numbers: Numbers) -> Numbers:
    """Return what a model gave for texts, unless it is no number.

    Raises
    ------
    ValueError
        If a parameter of the model is NaN or infinite.
    """
    if np.isnan(numbers).any():
        raise ValueError(
            "model gives NaN: its parameters hold NaN or infinity, train again with a smaller "
            "learning_rate"
        )
    return numbers


def _bits_after(score: Score, begin: int) -> float:
    """Return the bits per character of a text without its first ones; 0 if nothing is left."""
    rest = Score(score.nats[begin:], score.rank[begin:], score.entropy[begin:])
    return rest.bits_per_char if rest.count else 0.0


def texts_of(X: Any) -> list[str]:
    """Return a column of texts as a list.

    Parameters
    ----------
    X : list or other iterable of str, array or pandas object, shape (n,) or (n, 1)

    Raises
    ------
    TypeError
        If it is no such column, or holds something else, as missing values are.
    ValueError
        If it has several columns.

    Examples
    --------
    >>> texts_of(np.array([["a"], ["b"]]))
    ['a', 'b']
    """
    values = X.to_numpy() if hasattr(X, "to_numpy") else X
    if isinstance(values, str | Mapping) or not isinstance(values, Iterable):
        raise TypeError(
            f"X is of type {type(X).__name__}, expected a column of texts: a list, an array, "
            "a Series or a data frame of one column"
        )
    if isinstance(values, np.ndarray):
        if values.ndim == 2 and values.shape[1] == 1:
            values = values[:, 0]
        if values.ndim != 1:
            raise ValueError(
                f"X has shape {values.shape}, expected (n,) or (n, 1): one column of texts"
            )
    texts = values.tolist() if isinstance(values, np.ndarray) else list(values)
    for at, text in enumerate(texts):
        if not isinstance(text, str):
            raise TypeError(
                f"X[{at}] is {text!r}, of type {type(text).__name__}, expected a str; fill missing "
                "values first, and turn numbers into texts"
            )
    return texts
