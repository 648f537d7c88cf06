from __future__ import annotations

import numpy as np
import pytest

from skecg import ECGResidualCNNClassifier
from skecg.training import ExponentialDecay


def sines(n_samples, n_leads=1, n_timesteps=187):
    rng = np.random.default_rng(0)
    y = np.arange(n_samples) % 5
    phase = rng.uniform(0, 1, (n_samples, n_leads, 1))
    X = np.sin(2 * np.pi * ((y[:, None, None] + 1) * np.arange(n_timesteps) / 187 + phase))
    return X.astype(np.float32), y


@pytest.mark.parametrize(("head", "n_weights"), [("text", 55_013), ("figure", 53_957)])
def test_both_readings_of_the_head(head, n_weights):
    X, y = sines(10)
    clf = ECGResidualCNNClassifier(head=head, max_epochs=1).fit(X, y)
    assert clf.n_parameters_ == n_weights
    assert clf.embed(X).shape == (10, 32)


def test_published_recipe():
    published = ECGResidualCNNClassifier.published()
    optimizer, schedule = published.optimizer, published.lr_schedule
    assert (optimizer, published.learning_rate, published.weight_decay) == ("adam", 1e-3, 0)
    assert schedule == ExponentialDecay(0.75, 10_000)
    X, y = sines(10)
    fitted = published.set_params(max_epochs=1).fit(X, y)
    assert fitted.n_parameters_ == 55_013
    group = fitted.net_.optimizer_.param_groups[0]
    assert group["betas"] == (0.9, 0.999)


def test_two_axes_are_one_lead():
    X, y = sines(40)
    clf = ECGResidualCNNClassifier(max_epochs=1, random_state=0)
    by_two = clf.fit(X[:, 0], y).predict_proba(X[:, 0])
    np.testing.assert_array_equal(clf.fit(X, y).predict_proba(X), by_two)


def test_twelve_leads_of_ten_seconds():
    X, y = sines(20, n_leads=12, n_timesteps=1000)
    clf = ECGResidualCNNClassifier(max_epochs=1, n_filters=4).fit(X, y)
    assert clf.predict_proba(X).shape == (20, 5)
    assert clf.n_features_in_ == 12


def test_four_axes_are_refused():
    with pytest.raises(
        ValueError, match=r"\(n_samples, n_leads, n_timesteps\); got .*\(8, 1, 5, 9\)"
    ):
        ECGResidualCNNClassifier().fit(np.zeros((8, 1, 5, 9)), np.arange(8) % 2)


def test_early_stopping_keeps_the_best_epoch():
    X, y = sines(200)
    clf = ECGResidualCNNClassifier(
        max_epochs=40, early_stopping=True, patience=2, validation_fraction=0.2, random_state=0
    ).fit(X, y)
    assert clf.n_iter_ == len(clf.history_) <= 40
    assert {"train_loss", "valid_loss", "valid_acc", "lr", "dur"} <= set(clf.history_[0])


def test_more_epochs_learn_more():
    X, y = sines(200)
    scores = [
        ECGResidualCNNClassifier(max_epochs=n, batch_size=32, random_state=0).fit(X, y).score(X, y)
        for n in (1, 20)
    ]
    assert scores[1] > 0.9 > scores[0]
