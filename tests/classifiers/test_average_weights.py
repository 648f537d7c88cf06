"""The average_weights parameter of the classifiers."""

from __future__ import annotations

import numpy as np
import pytest
from estimators import CLASSIFIERS
from numpy.testing import assert_array_equal
from resumable import assert_resumes, small
from sklearn.base import clone

import skecg
from skecg import ECGCNNClassifier
from skecg.augmentation import Shift

KINDS = ["ema", "swa"]


def with_norms(**params):
    defaults = {"max_epochs": 4, "batch_size": 16, "width": 2, "hidden_layer_sizes": (8, 4)}
    return ECGCNNClassifier(**{**defaults, "n_threads": 1, "random_state": 0, **params})


@pytest.mark.parametrize("classifier", CLASSIFIERS, ids=lambda e: type(e).__name__)
def test_every_classifier_averages(classifier, beats):
    X, y = beats
    plain = clone(classifier).set_params(random_state=0, max_epochs=2)
    averaged = clone(plain).set_params(average_weights="ema").fit(X, y)
    again = clone(averaged).fit(X, y)
    assert_array_equal(averaged.predict_proba(X), again.predict_proba(X))
    plain.fit(X, y)
    assert not np.array_equal(plain.predict_proba(X), averaged.predict_proba(X))
    assert [row["train_loss"] for row in plain.history_] == [
        row["train_loss"] for row in averaged.history_
    ]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "params",
    [
        {"augment": [Shift()]},
        {"early_stopping": True, "validation_fraction": 0.3, "precision": "float64"},
    ],
    ids=["augmented", "early stopping"],
)
def test_a_fit_that_was_killed_goes_on_with_its_average(beats, folder, kind, params):
    params = {"max_epochs": 6, "average_weights": kind, **params}
    assert_resumes(with_norms(**params), *beats, folder)


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_has_the_average(beats, tmp_path, kind):
    fitted = with_norms(average_weights=kind).fit(*beats)
    skecg.save(fitted, tmp_path / "cnn")
    loaded = skecg.load(tmp_path / "cnn")
    assert loaded.average_weights == kind
    assert_array_equal(loaded.predict_proba(beats[0]), fitted.predict_proba(beats[0]))


def test_another_average_is_another_fit(beats, folder):
    small(folder, average_weights="ema").fit(*beats)
    with pytest.raises(ValueError, match='average_weights was "ema" and is "swa"'):
        small(folder, average_weights="swa").fit(*beats)


def test_partial_fit_starts_from_the_average_and_does_not_average(beats):
    X, y = beats
    averaged = small(average_weights="ema").fit(X, y)
    plain = clone(averaged).set_params(average_weights=None).fit(X, y)
    plain.module_.load_state_dict(averaged.module_.state_dict())
    for classifier in (averaged, plain):
        classifier.partial_fit(X, y)
    assert_array_equal(averaged.predict_proba(X), plain.predict_proba(X))
    first = clone(averaged).partial_fit(X, y)
    assert_array_equal(first.predict_proba(X), clone(plain).partial_fit(X, y).predict_proba(X))


def test_an_average_of_an_unknown_kind_is_refused(beats):
    with pytest.raises(ValueError, match=r"'average_weights' parameter of .* must be a str among"):
        small(average_weights="mean").fit(*beats)


@pytest.mark.parametrize("kind", KINDS)
def test_every_weight_is_finite_where_one_sample_is_left_over(beats, kind):
    X, y = beats
    classifier = with_norms(average_weights=kind, batch_size=13).fit(X, y)  # 13, 13, 13, 1
    assert all(tensor.isfinite().all() for tensor in classifier.module_.state_dict().values())
