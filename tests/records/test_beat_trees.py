"""Boosted trees on the numbers of a beat, that keep to physiology."""

from __future__ import annotations

import copy
import re
import warnings

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.ensemble import HistGradientBoostingClassifier, VotingClassifier
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator

from skecg import BeatTreesClassifier
from skecg.records._beat_trees import BEAT_CONSTRAINTS

pd = pytest.importorskip("pandas")
COLUMNS = ["rr_before_32", "width_50", "age"]


def beats(n: int = 600, seed: int = 0) -> tuple:
    """Return numbers and labels; many S beats of this one training set come late."""
    rng = np.random.default_rng(seed)
    y = rng.choice(["N", "S", "V"], n, p=[0.6, 0.2, 0.2])
    numbers = rng.normal(size=(n, 3))
    numbers[y == "S", 0] += rng.choice([-2.0, 2.0], np.count_nonzero(y == "S"))
    numbers[y == "V", 1] += 2
    return pd.DataFrame(numbers, columns=COLUMNS), y


def steps(clf, column: str) -> np.ndarray:
    """Return how the unscaled outputs of the classes change with one number, between beats."""
    X, _ = beats(seed=1)
    grid = np.linspace(-4, 4, 40)
    outputs = []
    for value in grid:
        rows = X.assign(**{column: value}).to_numpy()
        outputs.append([each.decision_function(rows) for each in clf.estimators_])
    return np.diff(outputs, axis=0)


def test_the_table_is_kept_to():
    clf = BeatTreesClassifier(random_state=0).fit(*beats())
    n, s, v = range(3)
    early, wide, age = (steps(clf, column) for column in COLUMNS)
    assert (early[:, s] <= 0).all()
    assert (early[:, v] <= 0).all()
    assert (wide[:, s] <= 0).all()
    assert (wide[:, v] >= 0).all()
    assert (early[:, s] < 0).any()
    assert (wide[:, v] > 0).any()
    for free in (early[:, n], wide[:, n], age[:, s]):
        assert (free > 0).any()
        assert (free < 0).any()


def test_without_constraints_the_late_beats_are_learned():
    late = steps(BeatTreesClassifier(constraints=None).fit(*beats()), "rr_before_32")
    assert (late[:, 1] > 0).any()


def test_constraints_of_ones_own():
    X, y = beats()
    numbers = np.unique(y, return_inverse=True)[1]
    own = {1: {"age": 1, "width_50": 0}, 2: {}}
    clf = BeatTreesClassifier(constraints=own).fit(X, numbers)
    assert [each.monotonic_cst.tolist() for each in clf.estimators_] == [
        [0, 0, 0], [0, 0, 1], [0, 0, 0]
    ]  # fmt: skip
    assert (steps(clf, "age")[:, 1] >= 0).all()


def test_columns_without_a_name_or_not_in_the_table_are_free():
    X, y = beats()
    other = X.rename(columns={"width_50": "height"})
    of_s = BeatTreesClassifier().fit(other, y).estimators_[1]
    assert of_s.monotonic_cst.tolist() == [-1, 0, 0]
    assert not any(
        each.monotonic_cst.any() for each in BeatTreesClassifier().fit(X.to_numpy(), y).estimators_
    )


@pytest.mark.parametrize(
    ("constraints", "reason"),
    [
        ({"X": {}}, r"names the class 'X', but y has the classes \['N', 'S', 'V'\]"),
        ({"S": {"rr": 1}}, r"names the column 'rr', but X has the columns \['rr_before_32'"),
        ({"S": {"age": 2}}, "must be -1, 0 or 1; got 2 for the column 'age'"),
        ({"S": {"age": True}}, "must be -1, 0 or 1; got True"),
        ({"S": {"age": 1.0}}, r"must be -1, 0 or 1; got 1\.0"),
        ({"S": [1, 0, 0]}, r"for the class 'S'; got \[1, 0, 0\]"),
        ("ecg", "The 'constraints' parameter"),
    ],
)
def test_constraints_that_do_not_fit(constraints, reason):
    with pytest.raises(ValueError, match=reason):
        BeatTreesClassifier(constraints=constraints).fit(*beats())


def test_named_columns_need_names():
    X, y = beats()
    with pytest.raises(ValueError, match="X has no column names: give a DataFrame"):
        BeatTreesClassifier(constraints={"S": {"age": 1}}).fit(X.to_numpy(), y)


def test_labels_that_the_table_does_not_know_warn():
    X, y = beats()
    with pytest.warns(UserWarning, match=r"for the classes S, V, but y has .*FrozenEstimator"):
        BeatTreesClassifier().fit(X, y == "V")
    # What a vote does to the labels, and what to do instead.
    with pytest.warns(UserWarning, match=r"has the classes \[0, 1, 2\], so nothing"):
        VotingClassifier([("trees", BeatTreesClassifier())], voting="soft").fit(X, y)
    fitted = BeatTreesClassifier().fit(X, y)
    vote = VotingClassifier([("trees", FrozenEstimator(fitted))], voting="soft").fit(X, y)
    assert_array_equal(vote.predict(X), fitted.predict(X))


def test_the_table_in_the_documentation_is_the_table():
    rows = re.findall(r"^ *(\w+) +(-?[01]) +(-?[01])$", BeatTreesClassifier.__doc__, re.MULTILINE)
    documented = {"S": {}, "V": {}}
    for column, s, v in rows:
        documented["S"][column], documented["V"][column] = int(s), int(v)
    full = {
        label: {n: 0 for n, _, _ in rows} | BEAT_CONSTRAINTS[label] for label in BEAT_CONSTRAINTS
    }
    assert documented == full


@pytest.mark.parametrize(("n", "expected"), [(300, 20), (10_000, 40), (60_000, 200)])
def test_the_smallest_leaf_grows_with_the_data(n, expected):
    X = np.arange(n, dtype=float)[:, None]
    clf = BeatTreesClassifier(max_iter=1).fit(X, np.arange(n) % 2)
    assert clf.estimators_[0].min_samples_leaf == expected
    clf.set_params(min_samples_leaf=7).fit(X, np.arange(n) % 2)
    assert clf.estimators_[0].min_samples_leaf == 7


def test_every_class_has_all_its_trees_and_nothing_stops_them():
    X = np.random.default_rng(0).normal(size=(10_100, 1))  # from 10,000 on "auto" would stop early
    clf = BeatTreesClassifier(max_iter=25).fit(X, np.arange(10_100) % 3)
    assert [each.n_iter_ for each in clf.estimators_] == [25, 25, 25]
    assert clf.n_iter_ == 25


def test_probabilities_are_those_of_each_class_scaled():
    X, y = beats()
    clf = BeatTreesClassifier(constraints=None, min_samples_leaf=30, random_state=0).fit(X, y)
    of_class = [
        HistGradientBoostingClassifier(
            max_iter=60, max_leaf_nodes=8, min_samples_leaf=30, l2_regularization=1.0,
            early_stopping=False,
        ).fit(X, y == label).predict_proba(X)[:, 1]
        for label in "NSV"
    ]  # fmt: skip
    expected = np.transpose(of_class) / np.sum(of_class, axis=0)[:, None]
    assert_array_equal(clf.predict_proba(X), expected)
    assert_allclose(expected.sum(axis=1), 1)
    assert_array_equal(clf.predict(X), np.array(["N", "S", "V"])[expected.argmax(axis=1)])


def test_a_beat_that_is_of_no_class_is_of_all():
    class Never:
        def predict_proba(self, X):
            return np.tile([1.0, 0.0], (len(X), 1))

    clf = BeatTreesClassifier(max_iter=1).fit(*beats())
    clf.estimators_ = [Never()] * 3
    assert_allclose(clf.predict_proba(beats()[0]), 1 / 3)


def test_weights_of_classes_are_weights_of_samples():
    X, y = beats()
    weights = {"N": 1.0, "S": 3.0, "V": 0.5}
    by_class = BeatTreesClassifier(class_weight=weights).fit(X, y).predict_proba(X)
    by_sample = BeatTreesClassifier().fit(X, y, sample_weight=[weights[label] for label in y])
    assert_array_equal(by_class, by_sample.predict_proba(X))
    balanced = BeatTreesClassifier(class_weight="balanced").fit(X, y)
    share = balanced.predict(X).tolist().count("S") / len(y)
    assert share > BeatTreesClassifier().fit(X, y).predict(X).tolist().count("S") / len(y)


def test_gaps_are_values():
    X, y = beats()
    X.loc[y == "S", "age"] = np.nan
    clf = BeatTreesClassifier().fit(X, y)
    assert (clf.predict(X) == y).mean() > 0.85
    with pytest.raises(ValueError, match="infinity"):
        clf.predict(X.assign(age=np.inf))


def test_the_same_seed_gives_the_same_bits():
    X, y = beats()
    first = BeatTreesClassifier(random_state=3).fit(X, y)
    assert_array_equal(clone(first).fit(X, y).predict_proba(X), first.predict_proba(X))
    seeds = [each.random_state for each in first.estimators_]
    assert len({*seeds}) == 3
    assert [each.random_state for each in clone(first).fit(X, y).estimators_] == seeds


FAULTS = {
    "parameter": ({"learning_rate": 1.5}, {}, "learning_rate"),
    "huge parameter": ({"l2_regularization": 10**400}, {}, "l2_regularization"),
    "X": ({}, {"X": np.full((600, 3), np.inf)}, "infinity"),
    "other columns": ({}, {"X": beats()[0].add_prefix("x"), "y": ["N"]}, "inconsistent"),
    "target": ({}, {"y": np.linspace(0, 1, 600)}, "label type"),
    "one class": ({}, {"y": ["N"] * 600}, "at least 2 classes; got 1 class, 'N'"),
    "negative weights": ({}, {"sample_weight": np.full(600, -1.0)}, "[Nn]egative"),
    "weights of zero": ({}, {"sample_weight": np.zeros(600)}, "zero"),
    "endless weights": ({}, {"sample_weight": np.full(600, 1e308)}, "sum of sample_weight is inf"),
    "class weight": ({"class_weight": {"N": np.nan}}, {}, "NaN"),
    "constraints": ({"constraints": {"S": {"rr": 1}}}, {}, "column 'rr'"),
    "bins": ({"min_samples_leaf": 10**30}, {}, "too large"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fit_that_fails_changes_nothing(fault):
    params, given, reason = FAULTS[fault]
    X, y = beats()
    fitted = BeatTreesClassifier(max_iter=2).fit(X, y)
    before = copy.copy(vars(fitted))
    fitted.set_params(**params)
    with pytest.raises(ValueError, match=reason):
        fitted.fit(**{"X": X, "y": y, **given})
    after = vars(fitted)
    assert after.keys() == before.keys()
    assert all(after[name] is before[name] for name in before if name.endswith("_"))
    new = BeatTreesClassifier(**params)
    with pytest.raises(ValueError, match=reason):
        new.fit(**{"X": X, "y": y, **given})
    with pytest.raises(NotFittedError):
        new.predict(X)


def test_a_later_fit_forgets_the_names():
    X, y = beats()
    clf = BeatTreesClassifier(max_iter=1).fit(X, y)
    assert clf.feature_names_in_.tolist() == COLUMNS
    clf.fit(X.to_numpy()[:, :2], y)
    assert clf.n_features_in_ == 2
    assert not hasattr(clf, "feature_names_in_")
    with warnings.catch_warnings(action="error"):
        clf.predict(X.to_numpy()[:, :2])
