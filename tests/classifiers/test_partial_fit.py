"""partial_fit: one rate, one state, in this process and after any round trip."""

from __future__ import annotations

import io
import pickle
from contextlib import redirect_stderr

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from torch.nn.utils import parameters_to_vector

import skecg
from skecg import ECGResidualCNNClassifier

RNG = np.random.default_rng(0)
Y = np.arange(64) % 2
X = (RNG.normal(size=(64, 40)) + 2 * Y[:, None] * np.sin(np.arange(40))).astype(np.float32)


def small(**params):
    given = {"max_epochs": 8, "batch_size": 16, "n_filters": 8, "random_state": 0, **params}
    return ECGResidualCNNClassifier(**given)


def through_a_pickle(classifier, _):
    return pickle.loads(pickle.dumps(classifier))


def through_a_file(classifier, folder):
    skecg.save(classifier, folder / "model.safetensors")
    return skecg.load(folder / "model.safetensors")


def as_it_is(classifier, _):
    return classifier


WAYS = [through_a_pickle, through_a_file]


def test_after_fit_it_trains_at_the_learning_rate():
    classifier = small().fit(X, Y)
    assert classifier.history_[-1]["lr"] < 0.1 * classifier.learning_rate
    classifier.partial_fit(X, Y)
    assert classifier.history_[-1]["lr"] == classifier.learning_rate
    for _ in range(15):
        classifier.partial_fit(X, 1 - Y)
    assert classifier.score(X, 1 - Y) > 0.9  # it has learned the flipped labels


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
@pytest.mark.parametrize("begin", ["fit", "partial_fit"])
def test_it_goes_on_with_the_same_bits_after_a_round_trip(way, begin, tmp_path):
    def trained(trip):
        classifier = getattr(small(), begin)(X, Y)
        for _ in range(3):
            classifier = trip(classifier, tmp_path).partial_fit(X, 1 - Y)
        return classifier.predict_proba(X)

    assert_array_equal(trained(way), trained(as_it_is))


def test_calls_share_the_optimisers_state():
    classifier = small(optimizer="adam").partial_fit(X, Y)
    n_steps = len(X) // 16
    assert classifier.net_.moments.by_weight[0]["step"] == n_steps
    classifier.partial_fit(X, Y)
    assert classifier.net_.moments.by_weight[0]["step"] == 2 * n_steps
    assert small().fit(X, Y).net_.moments is None  # nothing to keep: pickles stay small


def test_a_changed_learning_rate_counts():
    classifier = small().partial_fit(X, Y)
    before = classifier.predict_proba(X)
    classifier.set_params(learning_rate=1e-12).partial_fit(X, Y)
    assert classifier.history_[-1]["lr"] == 1e-12
    assert_allclose(classifier.predict_proba(X), before, atol=1e-6)
    classifier.set_params(learning_rate=1e-2, optimizer="sgd").partial_fit(X, Y)
    assert classifier.history_[-1]["lr"] == 1e-2
    assert not np.allclose(classifier.predict_proba(X), before, atol=1e-3)


@pytest.mark.parametrize("begin", ["fit", "partial_fit"])
def test_a_light_sample_weighs_less_than_a_heavy_one_across_calls(begin):
    classifier = getattr(small(), begin)(X, Y)
    before = parameters_to_vector(classifier.module_.parameters()).detach()

    def moved(weight):
        copy = pickle.loads(pickle.dumps(classifier))
        copy.partial_fit(X, 1 - Y, sample_weight=np.full(64, weight))
        after = parameters_to_vector(copy.module_.parameters()).detach()
        return (after - before).norm().item()

    assert moved(1e-6) < 1e-3 * moved(1.0)
    assert moved(0.1) < moved(1.0) < moved(2.0)


def test_subjects_reach_the_model_card():
    subjects = np.arange(64) // 8
    classifier = small().partial_fit(X, Y, groups=subjects)
    assert classifier._training_facts.n_subjects == 8
    assert classifier.partial_fit(X, Y, groups=subjects)._training_facts.n_subjects == 8
    with pytest.raises(ValueError, match="missing"):
        classifier.partial_fit(X, Y, groups=[np.nan, *subjects[1:]])


def test_the_curve_keeps_its_validation_rows():
    subjects = np.arange(64) // 8
    classifier = small(early_stopping=True, validation_fraction=0.25).fit(X, Y, groups=subjects)
    rows = [row["valid_loss"] for row in classifier.history_]
    classifier.partial_fit(X, Y)
    assert [row.get("valid_loss") for row in classifier.history_] == [*rows, None]
    display = skecg.inspection.TrainingCurveDisplay.from_estimator(classifier)
    labels = [line.get_label() for line in display.axes_.flat[0].lines]
    assert any("valid" in label for label in labels)


def test_the_progress_bar_says_one_of_one():
    shown = io.StringIO()
    with redirect_stderr(shown):
        small(verbose=1).partial_fit(X, Y).partial_fit(X, Y)
    assert shown.getvalue().count("1/1") >= 2
    assert "/8" not in shown.getvalue()
