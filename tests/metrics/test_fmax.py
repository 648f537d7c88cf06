from __future__ import annotations

import numpy as np
import pytest
from sklearn.datasets import make_multilabel_classification
from sklearn.model_selection import cross_val_score
from sklearn.neural_network import MLPClassifier

from skecg import ECGResidualCNNClassifier
from skecg.metrics import fmax_score, fmax_scorer


def fmax_by_definition(y, score, weights):
    """Try every score as a threshold, sample by sample."""
    best = 0.0
    for threshold in np.unique(score):
        called = score >= threshold
        hits = (called & (y == 1)).sum(1)
        some = called.any(1)
        precision = np.average(hits[some] / called[some].sum(1), weights=weights[some])
        has = y.any(1)
        recall = np.average(hits[has] / y[has].sum(1), weights=weights[has])
        if precision + recall > 0:
            best = max(best, 2 * precision * recall / (precision + recall))
    return best


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("digits", [1, 6])
def test_is_the_maximum_over_all_thresholds_of_the_definition(seed, digits):
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 2, (30, 4))
    score = np.round(rng.uniform(size=(30, 4)) + 0.3 * y, digits)  # 1: many equal scores
    weights = rng.uniform(0.5, 2, 30)
    expected = fmax_by_definition(y, score, np.ones(30))
    assert fmax_score(y, score) == pytest.approx(expected, rel=1e-12)
    expected = fmax_by_definition(y, score, weights)
    assert fmax_score(y, score, sample_weight=weights) == pytest.approx(expected, rel=1e-12)


def test_a_worked_example():
    # At 0.5 precisions are 1, recalls 1, 1 and 1/2: 2 * 5/6 / (1 + 5/6) = 10/11. At 0.3 recalls
    # are 1, precisions 1, 1/2 and 2/3: 26/31.
    y = [[1, 0, 0], [0, 1, 0], [1, 0, 1]]
    score = [[0.9, 0.1, 0.2], [0.4, 0.6, 0.0], [0.5, 0.3, 0.3]]
    assert fmax_score(y, score) == pytest.approx(10 / 11)


def test_only_the_order_of_the_scores_counts():
    rng = np.random.default_rng(0)
    y, logits = rng.integers(0, 2, (40, 3)), rng.normal(size=(40, 3))
    assert fmax_score(y, logits) == fmax_score(y, 1 / (1 + np.exp(-logits)))


def test_samples_without_a_label_cost_precision_only():
    y, score = np.array([[1, 0], [0, 0]]), np.array([[0.9, 0.1], [0.95, 0.1]])
    # Precision (1 + 0) / 2, recall 1 of the one sample that has a label.
    assert fmax_score(y, score) == pytest.approx(2 / 3)


@pytest.mark.parametrize(
    ("y", "score", "message"),
    [
        (np.zeros((3, 2), int), np.zeros((3, 2)), "no sample has one"),
        (np.ones((3, 2), int), np.zeros((3, 3)), "the same shape"),
        (np.full((3, 2), 2), np.zeros((3, 2)), "only 0 and 1"),
        (np.ones((3, 2), int), np.full((3, 2), np.nan), "NaN"),
        ([0, 1, 1], [0.1, 0.2, 0.3], "2D array"),
    ],
)
def test_wrong_arrays_are_refused(y, score, message):
    with pytest.raises(ValueError, match=message):
        fmax_score(y, score)


@pytest.mark.parametrize(
    ("n_labels", "model"),
    [
        (4, MLPClassifier((), solver="lbfgs", max_iter=30, random_state=0, tol=1e-1)),
        (2, ECGResidualCNNClassifier(max_epochs=20, n_filters=4, n_blocks=1, random_state=0)),
    ],
)
def test_the_scorer_takes_any_classifier_of_several_labels(n_labels, model):
    X, y = make_multilabel_classification(80, 5, n_classes=n_labels, random_state=0)
    y[y.sum(1) == 0, 0] = 1
    scores = cross_val_score(model, X, y, scoring=fmax_scorer(), cv=2)
    assert scores.min() > 0.7
    assert scores.max() <= 1
