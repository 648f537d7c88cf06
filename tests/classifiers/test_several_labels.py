"""Several labels at once: y is a matrix of 0 and 1."""

from __future__ import annotations

import pickle

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
import torch
from estimators import CLASSIFIERS
from numpy.testing import assert_allclose, assert_array_equal
from resumable import assert_resumes, kill
from resumable import small as resumable
from sklearn.base import clone
from sklearn.exceptions import DataConversionWarning
from sklearn.frozen import FrozenEstimator
from sklearn.metrics import accuracy_score, log_loss, roc_auc_score
from sklearn.model_selection import GridSearchCV, GroupKFold, cross_validate
from sklearn.multioutput import MultiOutputClassifier
from skorch.callbacks import Callback, EpochScoring

import skecg
from skecg import ECGCNN2DClassifier, ECGResidualCNNClassifier, SampleView

RNG = np.random.default_rng(0)
N = 96
# Each label is a wave of its own; a sample has any number of them, also none.
Y = (RNG.uniform(size=(N, 3)) < [0.5, 0.3, 0.6]).astype(np.int64)
TIME = np.arange(40) / 40
WAVES = np.sin(2 * np.pi * np.outer([1, 3, 6], TIME))
X = (Y @ WAVES + RNG.normal(0, 0.1, (N, 40))).astype(np.float32)
GROUPS = np.arange(N) // 4


def small(**params):
    given = {"max_epochs": 3, "batch_size": 16, "n_filters": 4, "n_blocks": 1, "n_hidden": 8}
    return ECGResidualCNNClassifier(**{**given, "random_state": 0, "n_threads": 1, **params})


def weights(classifier):
    return torch.cat([w.detach().flatten() for w in classifier.module_.parameters()]).numpy()


def assert_same_fit(a, b):
    assert_array_equal(weights(a), weights(b))


# Learning and predicting ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "classifier",
    [
        pytest.param(e, marks=() if k < 2 else pytest.mark.slow, id=type(e).__name__)
        for k, e in enumerate(CLASSIFIERS)
    ],
)
def test_every_classifier_learns_every_label(classifier):
    clf = clone(classifier).set_params(
        random_state=0, max_epochs=60, learning_rate=5e-3, lr_schedule=None
    )
    clf.fit(X, Y)
    assert (Y.sum(1) == 0).any()
    assert (clf.predict(X) == Y).mean(0).min() > 0.85  # the commoner value is 0.55 to 0.71


def test_what_is_predicted_is_as_of_scikit_learns_network():
    clf = small(max_epochs=10).fit(X, Y)
    assert_array_equal(clf.classes_, [0, 1, 2])
    logits = clf.decision_function(X)
    probabilities = clf.predict_proba(X)
    assert logits.shape == probabilities.shape == (N, 3)
    assert logits.dtype == probabilities.dtype == np.float64
    assert_allclose(probabilities, 1 / (1 + np.exp(-logits)))
    assert_allclose(clf.predict_log_proba(X), np.log(probabilities))
    predicted = clf.predict(X)
    assert predicted.dtype == np.dtype(int)
    assert_array_equal(predicted, probabilities > 0.5)
    assert clf.score(X, Y) == accuracy_score(Y, predicted)  # all labels right
    assert clf.embed(X).shape == (N, 8)


def test_a_single_class_has_no_decision_function():
    clf = small()
    assert not hasattr(clf, "decision_function")
    assert not hasattr(clf.fit(X, Y[:, 0]), "decision_function")
    assert hasattr(clf.fit(X, Y), "decision_function")
    assert not hasattr(clf.fit(X, Y[:, 0]), "decision_function")
    assert_allclose(clf.predict_proba(X).sum(1), 1)


def test_the_loss_is_the_mean_over_samples_and_labels():
    # At a rate of nearly zero the loss of the epoch is that of the weights at its end.
    clf = small(max_epochs=1, learning_rate=1e-12, weight_decay=0.0, precision="float64")
    loss = clf.fit(X, Y).history_[0]["train_loss"]
    found = clf.predict_proba(X)
    assert loss == pytest.approx(np.mean([log_loss(Y[:, k], found[:, k]) for k in range(3)]))
    by_sample = np.linspace(0.5, 1.5, N)
    loss = clf.fit(X, Y, sample_weight=by_sample).history_[0]["train_loss"]
    each = [log_loss(Y[:, k], found[:, k], sample_weight=by_sample) for k in range(3)]
    assert loss == pytest.approx(np.mean(each))


# What y may be ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "form",
    [
        lambda y: y.tolist(),
        list,
        lambda y: y.astype(bool),
        lambda y: y.astype(np.float32),
        lambda y: y.astype(np.uint8),
        lambda y: pd.DataFrame(y, columns=["MI", "HYP", "CD"]),
        lambda y: pd.DataFrame({"MI": y[:, 0] == 1, "HYP": y[:, 1], "CD": y[:, 2] * 1.0}),
        sp.csr_matrix,
        sp.csc_array,
    ],
    ids=["lists", "arrays", "bool", "float", "uint8", "frame", "mixed frame", "csr", "csc"],
)
def test_the_form_of_y_does_not_matter(form):
    clf, expected = small(max_epochs=1).fit(X, form(Y)), small(max_epochs=1).fit(X, Y)
    assert_same_fit(clf, expected)
    assert_array_equal(clf.predict(X), expected.predict(X))


def test_a_view_of_samples_takes_several_labels():
    rows = np.arange(0, N, 2)
    clf = small(max_epochs=1).fit(SampleView(X, rows), Y[rows])
    assert_same_fit(clf, small(max_epochs=1).fit(X[rows], Y[rows]))


@pytest.mark.parametrize("form", [np.asarray, pd.DataFrame, sp.csr_matrix])
def test_one_column_is_one_class_of_two(form):
    with pytest.warns(DataConversionWarning, match="column-vector"):
        clf = small(max_epochs=1).fit(X, form(Y[:, :1]))
    assert_same_fit(clf, small(max_epochs=1).fit(X, Y[:, 0]))
    assert clf.predict(X).shape == (N,)


NAN = np.where(np.arange(N * 3).reshape(N, 3) == 5, np.nan, Y)


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (Y * 2, r"only 0 and 1.*got a y of shape \(96, 3\) with \[2\].*MultiOutputClassifier"),
        (Y * 2 - 1, r"with \[-1\]"),
        (Y + 0.5, r"with \[0.5, 1.5\]"),
        (np.where(Y, "yes", "no"), r"only 0 and 1.*MultiLabelBinarizer"),
        (NAN, "Input y contains NaN"),
        (np.stack([Y, Y], 2), r"y should be a 1d array|only 0 and 1|dim 3"),
        (Y[:50], "inconsistent numbers of samples"),
        (Y.T, "inconsistent numbers of samples"),
        (np.empty((N, 0)), r"1d array|0 feature"),
    ],
    ids=["0 and 2", "-1 and 1", "halves", "words", "NaN", "3-D", "short", "transposed", "empty"],
)
def test_other_tables_are_refused(y, message):
    with pytest.raises(ValueError, match=message):
        small().fit(X, y)


def test_lists_of_labels_are_refused():
    with pytest.raises(ValueError, match=r"rows of \[1, 2\] entries.*MultiLabelBinarizer"):
        small().fit(X, [["N"], ["N", "V"]] * (N // 2))


@pytest.mark.parametrize("class_weight", [None, "balanced"])
def test_a_label_that_all_have_or_none(class_weight):
    y = Y.copy()
    y[:, 1], y[:, 2] = 0, 1
    clf = small(max_epochs=40, class_weight=class_weight).fit(X, y)
    found = clf.predict_proba(X)
    assert found[:, 1].max() < 0.2
    assert found[:, 2].min() > 0.8
    assert np.isfinite([row["train_loss"] for row in clf.history_]).all()


def test_two_labels_are_not_two_classes():
    clf = small(max_epochs=40, learning_rate=1e-2).fit(X, Y[:, :2])
    assert set(clf.predict(X).sum(1)) == {0, 1, 2}  # none, one, both at once
    assert roc_auc_score(Y[:, :2], clf.predict_proba(X)) > 0.9


# Weights ----------------------------------------------------------------------------------------


def test_a_list_of_dicts_weighs_the_entries_of_y():
    # A label whose entries all weigh nothing does not teach: its column may say anything.
    by_label = [{0: 1, 1: 1}, {0: 1.0}, {0: 0, 1: 0}]
    clf, other = small(class_weight=by_label), Y.copy()
    other[:, 2] = 1 - Y[:, 2]
    assert_same_fit(clf.fit(X, Y), clone(clf).fit(X, other))
    assert not np.array_equal(weights(clf), weights(small().fit(X, Y)))


def test_balanced_labels_weigh_as_scikit_learns_weights_say():
    n, n_with = N, Y.sum(0)
    by_label = [{0: n / (2 * (n - m)), 1: n / (2 * m)} for m in n_with]
    assert_same_fit(
        small(class_weight="balanced").fit(X, Y), small(class_weight=by_label).fit(X, Y)
    )


def test_weight_of_a_sample_counts_for_all_its_labels():
    kept = np.arange(N) % 3 > 0
    clf = small().fit(X, Y, sample_weight=kept * 2.0)
    assert_same_fit(clf, small().fit(X[kept], Y[kept]))
    assert clf._training_facts.n_samples == kept.sum()
    only_ones = small(class_weight=[{0: 0}] * 3).fit(X, Y)
    assert only_ones._training_facts.n_samples == Y.any(1).sum()


def test_pictures_are_scaled_with_weights_of_labels():
    images = RNG.normal(3, 2, (N, 1, 8, 8))
    clf = ECGCNN2DClassifier(width=2, n_blocks=1, max_epochs=1, class_weight="balanced")
    assert clf.fit(images, Y).predict(images).shape == (N, 3)


@pytest.mark.parametrize(
    ("y", "class_weight", "message"),
    [
        (Y, {0: 1, 1: 2}, r"'balanced' or a list of 3 dicts.*got \{0: 1, 1: 2\}"),
        (Y, [{1: 2.0}] * 2, "a list of 3 dicts"),
        (Y, [{1: 2.0}, 2.0, {}], r"\{0: weight, 1: weight\}.*got 2.0"),
        (Y, [{1: 2.0}, {"MI": 2.0}, {}], r"got \{'MI': 2.0\}"),
        (Y, [{1: -2.0}, {}, {}], "not negative; got -2.0"),
        (Y[:, 0], [{1: 2.0}], r"one label for each sample.*one dict \{label: weight\}"),
    ],
)
def test_wrong_class_weights_are_refused(y, class_weight, message):
    with pytest.raises(ValueError, match=message):
        small(class_weight=class_weight).fit(X, y)


def test_balanced_batches_need_one_class_for_each_sample():
    clf = small(shuffle="balanced")
    with pytest.raises(ValueError, match=r"shuffle='balanced'.*class_weight='balanced'"):
        clf.fit(X, Y)
    with pytest.raises(ValueError, match="shuffle='balanced'"):
        small().fit(X, Y).set_params(shuffle="balanced").partial_fit(X, Y)


# Early stopping ---------------------------------------------------------------------------------


def test_early_stopping_divides_no_subject_and_says_how_many_samples_are_right():
    seen = {}

    class Keep(Callback):
        def on_epoch_end(self, net, dataset_valid=None, **kwargs):
            seen["X"], seen["y"] = np.asarray(dataset_valid.X), dataset_valid.y.numpy()
            seen["right"] = (net.predict(seen["X"]) == seen["y"]).all(1).mean()

    clf = small(early_stopping=True, validation_fraction=0.25, callbacks=[Keep()])
    clf.fit(X, Y, groups=GROUPS)
    assert clf.history_[-1]["valid_acc"] == pytest.approx(seen["right"])
    held_out = np.flatnonzero((X[:, None] == seen["X"][:, 0]).all(2).any(1))
    assert not set(GROUPS[held_out]) & set(np.delete(GROUPS, held_out))
    assert_allclose(Y[held_out].mean(0), Y.mean(0), atol=0.15)


def test_early_stopping_without_groups_warns():
    with pytest.warns(UserWarning, match="without groups"):
        small(early_stopping=True).fit(X, Y)


def test_skorchs_scoring_sees_every_label():
    scoring = EpochScoring("accuracy", lower_is_better=False, name="all_right")
    clf = small(early_stopping=True, callbacks=[scoring]).fit(X, Y, groups=GROUPS)
    for row in clf.history_:
        assert row["all_right"] == pytest.approx(row["valid_acc"])


# Going on, files and transfer -------------------------------------------------------------------


@pytest.mark.parametrize("classes", [None, [0, 1, 2]])
def test_partial_fit_goes_on(classes):
    clf = small().partial_fit(X, Y, classes=classes)
    loss = clf.history_[0]["train_loss"]
    for _ in range(5):
        clf.partial_fit(X, Y)
    assert clf.history_[-1]["train_loss"] < loss
    assert clf._training_facts.class_counts == tuple((6 * Y.sum(0)).tolist())
    assert clf._training_facts.n_samples == 6 * N


def test_partial_fit_refuses_another_kind_of_y():
    clf = small(max_epochs=1).fit(X, Y)
    with pytest.raises(ValueError, match=r"matrix of 0 and 1 with 3 columns.*got.*\(96,\)"):
        clf.partial_fit(X, Y[:, 0])
    with pytest.raises(ValueError, match=r"with 3 columns.*got.*\(96, 2\)"):
        clf.partial_fit(X, Y[:, :2])
    with pytest.raises(ValueError, match="not the same as on last call"):
        clf.partial_fit(X, Y, classes=[0, 1])
    with pytest.raises(ValueError, match="numbers"):
        small().partial_fit(X, Y, classes=["a", "b", "c"])
    with pytest.raises(ValueError, match=r"one of the classes \[0, 1\].*got.*\(96, 3\)"):
        small(max_epochs=1).fit(X, Y[:, 0]).partial_fit(X, Y)


def test_files_and_pickles_keep_the_labels(tmp_path):
    path = tmp_path / "labels.safetensors"
    clf = small().fit(X, Y, groups=GROUPS)
    skecg.save(clf, path)
    for copy in (skecg.load(path), pickle.loads(pickle.dumps(clf))):
        assert_array_equal(copy.predict_proba(X), clf.predict_proba(X))
        assert_array_equal(copy.predict(X), clf.predict(X))
        assert_array_equal(copy.classes_, clf.classes_)
        assert copy._training_facts == clf._training_facts
        assert copy.partial_fit(X, Y).n_iter_ == clf.n_iter_ + 1
    card = skecg.describe(path)
    assert f"labels        0: {Y[:, 0].sum()}, 1: {Y[:, 1].sum()}, 2: {Y[:, 2].sum()}\n" in card
    assert f"trained on    {N} samples, 24 subjects" in card


def test_a_killed_fit_goes_on_with_the_same_bits(folder):
    by_label = [{1: 2.0}, {}, {0: 3.0}]
    assert_resumes(resumable(class_weight=by_label), X, Y, folder)


def test_a_checkpoint_of_other_labels_is_refused(folder):
    kill(resumable(folder), X, Y)
    with pytest.raises(ValueError, match="y"):
        resumable(folder).fit(X, 1 - Y)
    with pytest.raises(ValueError, match="y"):
        resumable(folder).fit(X, Y[:, :2])


@pytest.mark.parametrize("through_a_file", [False, True])
@pytest.mark.parametrize(("given", "new"), [(Y, Y[:, 0]), (Y[:, 0], Y), (Y, Y[:, :2])])
def test_transfer_between_classes_and_labels(given, new, through_a_file, tmp_path):
    source = small().fit(X, given)
    start = FrozenEstimator(source)
    if through_a_file:
        start = tmp_path / "source.safetensors"
        skecg.save(source, start)
    clf = small(init_from=start, n_trainable_layers=1, reset_layers="head").fit(X, new)
    assert clf.predict(X).shape == new.shape
    before, after = source.module_.state_dict(), clf.module_.state_dict()
    assert torch.equal(before["features.0.weight"], after["features.0.weight"])
    with pytest.raises(ValueError, match=r"keeps the classes.*but y has.*reset_layers='head'"):
        small(init_from=start, reset_layers=None).fit(X, new)


def test_the_same_labels_may_keep_the_head_and_two_classes_are_not_two_labels():
    source = small().fit(X, Y[:, :2])
    same = small(
        init_from=FrozenEstimator(source), reset_layers=None, max_epochs=1, learning_rate=1e-12,
        weight_decay=0.0,
    )  # fmt: skip
    assert_allclose(same.fit(X, Y[:, :2]).predict_proba(X), source.predict_proba(X), atol=1e-6)
    with pytest.raises(ValueError, match=r"2 labels at once, but y has \[0, 1\]"):
        same.fit(X, Y[:, 0])


def test_a_refit_forgets_the_kind_of_y():
    clf = small().fit(X, Y)
    clf.fit(X, np.array(["a", "b"])[Y[:, 0]])
    assert_same_fit(clf, small().fit(X, Y[:, 0]))
    assert set(clf.predict(X)) <= {"a", "b"}


# Composition ------------------------------------------------------------------------------------


@pytest.mark.parametrize("n_labels", [2, 3])
def test_scores_of_scikit_learn(n_labels):
    # Two columns of probabilities would be taken for those of two classes.
    names = ["accuracy", "roc_auc", "average_precision", "f1_macro"]
    clf = small(max_epochs=10, learning_rate=1e-2)
    scores = cross_validate(
        clf, X, Y[:, :n_labels], groups=GROUPS, cv=GroupKFold(2), scoring=names, error_score="raise"
    )
    assert min(scores["test_roc_auc"]) > 0.6
    assert all(np.isfinite(scores[f"test_{name}"]).all() for name in names)


def test_search_and_one_network_for_each_label():
    search = GridSearchCV(small(), {"class_weight": ["balanced", [{1: 2.0}] * 3]}, cv=2)
    assert search.fit(X, Y).predict_proba(X).shape == (N, 3)
    each = MultiOutputClassifier(small()).fit(X, Y)
    assert each.predict(X).shape == (N, 3)
    assert [found.shape for found in each.predict_proba(X)] == [(N, 2)] * 3
