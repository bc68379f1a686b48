"""The estimators for scikit-learn, by its own checks and by what they are for."""

from __future__ import annotations

import pickle
import subprocess
import sys
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.exceptions import NotFittedError, SkipTestWarning
from sklearn.utils import estimator_checks
from sklearn.utils.estimator_checks import parametrize_with_checks
from sklearn.utils.validation import validate_data

import crnn
from crnn.score import Score
from crnn.sklearn import SurprisingText, TextVectors, texts_of

SMALL: dict[str, Any] = {"hidden_size": 4, "steps": 3}
LOG = [f"2026-11-{day:02} 10:{day + 20}:05 request served" for day in range(1, 31)]
ODD = ["2026-11-17 10:37:05 rqeuest srvd", "xx%%xx", "Traceback (most recent call last):"]


class _OfRows:
    """Rows of numbers, written out, are the texts.

    scikit-learn's checks know rows of numbers alone; for estimators that read texts most of them
    stop at once. So they run with numbers written as texts: all else is the estimator's own.
    """

    def _texts(self, X: Any, *, reset: bool) -> list[str]:
        rows = validate_data(self, X, reset=reset)
        return [" ".join(f"{number:.2f}" for number in row) for row in rows]

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()  # type: ignore[misc]
        tags.input_tags.string = tags.input_tags.one_d_array = False
        tags.input_tags.two_d_array = True
        return tags


class VectorsOfRows(_OfRows, TextVectors):
    pass


class SurprisingRows(_OfRows, SurprisingText):
    pass


@pytest.mark.filterwarnings("default")  # of what a check asks for
@parametrize_with_checks(  # type: ignore[untyped-decorator]
    [VectorsOfRows(**SMALL), SurprisingRows(**SMALL)]
)
def test_checks_of_scikit_learn_pass_on_rows(estimator: Any, check: Any) -> None:
    check(estimator)


@pytest.mark.parametrize("estimator", [TextVectors(**SMALL), SurprisingText(**SMALL)])
def test_check_estimator_passes_and_says_that_texts_are_more_than_it_can_check(
    estimator: Any,
) -> None:
    with pytest.warns(SkipTestWarning, match="which requires input  of type InputTags"):
        estimator_checks.check_estimator(estimator)


@pytest.mark.parametrize("estimator", [TextVectors(), SurprisingText()], ids=["vectors", "outlier"])
@pytest.mark.parametrize(
    "name",
    [
        "check_do_not_raise_errors_in_init_or_set_params",
        "check_estimator_cloneable",
        "check_estimator_repr",
        "check_estimator_tags_renamed",
        "check_get_params_invariance",
        "check_mixin_order",
        "check_no_attributes_set_in_init",
        "check_parameters_default_constructible",
        "check_set_params",
        "check_valid_tag_types",
    ],
)
def test_checks_without_data_pass_on_the_estimators_themselves(estimator: Any, name: str) -> None:
    getattr(estimator_checks, name)(type(estimator).__name__, clone(estimator))


def columns(texts: list[str]) -> list[Any]:
    """Return the same texts in all forms."""
    array = np.array(texts)
    frame = pd.DataFrame({"message": texts})
    series = [pd.Series(texts, dtype=dtype) for dtype in ("object", "string")]
    return [texts, tuple(texts), array, array.astype(object), array[:, None], frame, *series]


def test_texts_come_in_any_column() -> None:
    detector = SurprisingText(**SMALL).fit(LOG)
    vectors = TextVectors(**SMALL).fit(LOG)
    assert detector.score_samples(LOG).shape == (30,)
    for column in columns(LOG):
        assert texts_of(column) == LOG
        np.testing.assert_array_equal(detector.score_samples(column), detector.score_samples(LOG))
        np.testing.assert_array_equal(vectors.transform(column), vectors.transform(LOG))


@pytest.mark.parametrize(
    ("X", "error", "message"),
    [
        ("one text", TypeError, "X is of type str, expected a column of texts"),
        (3, TypeError, "X is of type int"),
        (["a", None], TypeError, r"X\[1\] is None, of type NoneType, expected a str; fill missing"),
        (pd.Series(["a", np.nan]), TypeError, r"X\[1\] is nan, of type float"),
        ([b"a"], TypeError, r"X\[0\] is b'a', of type bytes"),
        (np.zeros((2, 1)), TypeError, r"X\[0\] is 0.0, of type float"),
        (pd.DataFrame({"a": ["x"], "b": ["y"]}), ValueError, r"X has shape \(1, 2\), expected"),
        (np.array("a"), ValueError, r"X has shape \(\)"),
        ([], ValueError, "X is empty, expected at least one text"),
    ],
)
def test_what_is_no_column_of_texts_is_refused(
    X: Any, error: type[Exception], message: str
) -> None:
    for estimator in (TextVectors(**SMALL), SurprisingText(**SMALL)):
        with pytest.raises(error, match=message):
            estimator.fit(X)


def test_surprising_texts_are_found() -> None:
    texts = [*LOG, *ODD]
    detector = SurprisingText(contamination=len(ODD) / len(texts))
    signs = detector.fit_predict(texts)
    assert [text for text, sign in zip(texts, signs, strict=True) if sign == -1] == ODD
    assert detector.predict(["2026-11-31 10:51:05 request served"]).tolist() == [1]
    assert detector.predict(["ERROR: \U0001f4a5"]).tolist() == [-1]  # unknown characters
    scores = detector.score_samples(texts)
    np.testing.assert_array_equal(detector.decision_function(texts), scores - detector.offset_)


def test_scores_are_bits_per_character_of_a_line() -> None:
    model = crnn.RNN("ab\n", hidden_size=4, seed=1)
    detector = SurprisingText(model).fit(["ab", "ba", ""])
    assert detector.model_ is model
    whole = model.score("\nab\n")
    line = Score(whole.nats[1:], whole.rank[1:], whole.entropy[1:])
    assert detector.score_samples(["ab"]).tolist() == [-line.bits_per_char]
    assert detector.score_samples([]).shape == (0,)
    endless = SurprisingText(crnn.RNN("ab", hidden_size=4, seed=1)).fit(["ab", "ba", ""])
    wanted = [-endless.model_.score("ab").bits_per_char, 0.0]
    assert endless.score_samples(["ab", ""]).tolist() == wanted


def test_vectors_are_those_of_the_model() -> None:
    model = crnn.RNN("ab", hidden_size=4, seed=1)
    vectors = TextVectors(model, how="last").fit(["ab"])
    np.testing.assert_array_equal(vectors.transform(["ab!", ""]), model.embed(["ab", ""], "last"))
    assert vectors.get_feature_names_out().tolist() == [f"textvectors{i}" for i in range(4)]
    frame = pd.DataFrame({"message": ["ab", "ba"], "size": [1.0, 2.0]})
    both = ColumnTransformer([("text", TextVectors(model), "message")], remainder="passthrough")
    assert both.fit_transform(frame).shape == (2, 5)


@pytest.mark.parametrize("texts", [[""], ["a"], [""] * 3, ["abc" * 1000], ["\n", "é\U0001f600"]])
def test_any_texts_are_enough_to_train_on(texts: list[str]) -> None:
    assert np.isfinite(SurprisingText(**SMALL).fit(texts).score_samples([*texts, "new"])).all()
    assert np.isfinite(TextVectors(**SMALL).fit(texts).transform([*texts, "new"])).all()


def test_fits_are_the_same_for_one_random_state_and_any_threads() -> None:
    one = TextVectors(**SMALL, random_state=3).fit_transform(LOG)
    other = TextVectors(**SMALL, random_state=3, threads=2).fit_transform(LOG)
    np.testing.assert_array_equal(one, other)
    assert not np.array_equal(one, TextVectors(**SMALL, random_state=4).fit_transform(LOG))


@pytest.mark.parametrize("contamination", [0, -0.1, 0.6, float("nan"), "auto", True])
def test_contamination_is_checked(contamination: Any) -> None:
    with pytest.raises((TypeError, ValueError), match="contamination is "):
        SurprisingText(**SMALL, contamination=contamination).fit(LOG)


def test_arguments_are_checked_when_fitted() -> None:
    with pytest.raises(TypeError, match="model is of type str, expected an RNN or None"):
        TextVectors("model.safetensors").fit(LOG)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="how is 'sum'"):
        TextVectors(**SMALL, how="sum").fit(LOG).transform(LOG)
    with pytest.raises(ValueError, match="steps is 0, expected at least 1"):
        TextVectors(steps=0).fit(LOG)
    for unfitted in (TextVectors().transform, SurprisingText().predict):
        with pytest.raises(NotFittedError):
            unfitted(LOG)


def test_a_fitted_estimator_pickles() -> None:
    detector = SurprisingText(**SMALL).fit(LOG)
    twin = pickle.loads(pickle.dumps(detector))
    np.testing.assert_array_equal(twin.predict(LOG), detector.predict(LOG))


def test_without_scikit_learn_it_says_what_to_install() -> None:
    code = "import sys; sys.modules['sklearn'] = None; import crnn; import crnn.sklearn"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "pip install 'crnn[sklearn]'" in done.stderr


def test_a_model_that_is_lost_is_an_error_and_finds_nothing_normal() -> None:
    model = crnn.RNN("abc\n", hidden_size=4)
    model.Whh[:] = np.nan
    texts = ["abc", "cab", "bca"]
    with pytest.raises(ValueError, match="model gives NaN"):
        SurprisingText(model).fit(texts)
    with pytest.raises(ValueError, match="model gives NaN"):
        TextVectors(model).fit(texts).transform(texts)


def test_a_dictionary_is_no_column() -> None:
    with pytest.raises(TypeError, match="X is of type dict"):
        SurprisingText().fit({"abc": 1})
