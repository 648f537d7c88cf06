"""A fit of BeatVoteClassifier that fails at any stage changes nothing."""

from __future__ import annotations

import copy

import numpy as np
import pytest
from imblearn.over_sampling import RandomOverSampler
from imblearn.pipeline import make_pipeline
from numpy.testing import assert_array_equal
from records_of_waves import RATE, unequal, waves
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier

from skecg import BeatSegmenter, BeatVoteClassifier, ECGResidualCNNClassifier

X, Y = waves()
SEGMENTER = BeatSegmenter(sampling_rate=RATE, scale="beat")


class OutOfMemory(GaussianNB):
    """Learns something, and then fails."""

    def fit(self, X, y):
        super().fit(X, y)
        raise RuntimeError("out of memory")


class OutOfMemorySegmenter(BeatSegmenter):
    def segment(self, X, y=None, groups=None):
        raise RuntimeError("out of memory")


def frozen():
    return FrozenEstimator(GaussianNB().fit(np.eye(2, 187), ["a", "b"]))


def silent(y):
    return np.where((y == "wide")[:, None], 0, X)


NETWORK = ECGResidualCNNClassifier(
    max_epochs=1, n_filters=4, n_blocks=1, precision="float32", random_state=0
)
OTHER = np.where(Y == "wide", "d", "c")
# For every stage: parameters, what else fit is given, and what the error says.
STAGES = {
    "parameter": ({"voting": "loud"}, {}, "voting"),
    "inner parameter": ({"segmenter__threshold": 2.0}, {}, "threshold"),
    "metadata": ({}, {"colour": 1}, "colour"),
    "X": ({}, {"X": np.full_like(X, np.nan)}, "NaN"),
    "records": ({}, {"X": [X[0][:900], *X[1:-1], X[-1] * np.nan]}, "NaN"),
    "y": ({}, {"y": OTHER[:-1]}, "inconsistent"),
    "target": ({}, {"y": np.linspace(0, 1, 24)}, "label type"),
    "groups": ({}, {"groups": [1, 2]}, "inconsistent"),
    "scalar groups": ({}, {"groups": 7}, r"groups must hold .*\(24,\); got the shape \(\)"),
    "missing groups": ({}, {"groups": [None, *range(23)]}, "groups must not have missing values"),
    "negative weights": ({}, {"sample_weight": np.full(24, -1.0)}, "[Nn]egative"),
    "weights of zero": ({}, {"sample_weight": np.zeros(24)}, "zero"),
    "endless weights": ({}, {"sample_weight": np.full(24, 1e308)}, "sum of sample_weight is inf"),
    "detector": ({"segmenter__detector": "no such"}, {}, "no such"),
    "segment": ({"segmenter": OutOfMemorySegmenter()}, {}, "out of memory"),
    "no beat": ({}, {"X": silent(Y)}, "has a beat to learn from"),
    "probabilities": ({"classifier": RidgeClassifier()}, {}, "predict_proba"),
    "weights": (
        {"classifier": KNeighborsClassifier(), "beat_weight": "shared"},
        {},
        "takes no sample_weight",
    ),
    "sampler": (
        {"classifier": make_pipeline(RandomOverSampler(), NETWORK.set_params(early_stopping=True))},
        {},
        "behind a sampler",
    ),
    "one class": ({"classifier": LogisticRegression()}, {"y": np.full(24, "c")}, "class"),
    "network": ({"classifier": ECGResidualCNNClassifier(device="moon")}, {}, "moon"),
    "training": ({"classifier": OutOfMemory()}, {}, "out of memory"),
    "classes": ({"classifier": frozen()}, {}, r"knows the classes \['a', 'b'\]"),
}


def vote(**params) -> BeatVoteClassifier:
    return BeatVoteClassifier(clone(SEGMENTER), GaussianNB()).set_params(**params)


def refuse(clf, what, message):
    with pytest.raises((ValueError, TypeError, RuntimeError), match=message):
        clf.fit(**{"X": X[:, :900], "y": OTHER, **what})


@pytest.mark.filterwarnings("ignore:.*have no beat:UserWarning")
@pytest.mark.parametrize(("params", "what", "message"), STAGES.values(), ids=STAGES)
def test_a_first_fit_that_fails_leaves_it_unfitted(params, what, message):
    clf = vote(**params)
    before = dict(vars(clf))
    refuse(clf, what, message)
    assert vars(clf) == before
    with pytest.raises(NotFittedError):
        clf.predict(X)


@pytest.fixture(scope="module")
def fitted():
    return vote().fit(X, Y)


@pytest.mark.filterwarnings("ignore:.*have no beat:UserWarning")
@pytest.mark.parametrize(("params", "what", "message"), STAGES.values(), ids=STAGES)
def test_a_refit_that_fails_changes_nothing(fitted, params, what, message):
    clf = copy.copy(fitted).set_params(**{"segmenter": clone(SEGMENTER), **params})
    before = dict(vars(clf))
    refuse(clf, what, message)
    assert vars(clf).keys() == before.keys()
    assert all(vars(clf)[name] is before[name] for name in before)
    clf.voting = "soft"
    assert_array_equal(clf.predict(X), fitted.predict(X))


def test_a_callback_that_fails_at_the_end_changes_nothing(fitted):
    pytest.importorskip("sklearn.callback", reason="scikit-learn before 1.9")

    class Fails:
        def setup(self, estimator, context): ...

        def teardown(self, estimator, context): ...

        def on_fit_task_begin(self, estimator, context): ...

        def on_fit_task_end(self, estimator, context, *, fitted_estimator=None):
            if context.parent is None:
                seen.append(fitted_estimator.predict(X))
                raise RuntimeError("the disk is full")

    seen: list[np.ndarray] = []
    clf = vote()
    with pytest.raises(RuntimeError, match="disk is full"):
        clf.set_callbacks(Fails()).fit(X, Y)
    assert_array_equal(seen[0], fitted.predict(X))
    with pytest.raises(NotFittedError):
        clf.predict(X)


def test_a_refit_replaces_everything(fitted):
    lengths, y = unequal()
    clf = copy.copy(fitted).fit(lengths, np.where(y == "wide", "d", "c"))
    assert clf.classes_.tolist() == ["c", "d"]
    assert not hasattr(clf, "n_features_in_")
    assert fitted.classes_.tolist() == ["narrow", "wide"]
    assert fitted.n_features_in_ == 1000
