"""Boosted trees and votes in a model file: the same to the bit, and nothing that points astray."""

from __future__ import annotations

import random
import warnings
from collections import Counter
from functools import partial

import numpy as np
import pytest
from model_file_forgeries import Forgery, mutate_arrays, mutate_json
from numpy.testing import assert_array_equal
from resources import call_within
from sklearn.base import clone
from sklearn.ensemble import HistGradientBoostingClassifier, VotingClassifier
from sklearn.frozen import FrozenEstimator
from sklearn.inspection import partial_dependence
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import skecg
from skecg import BeatTreesClassifier, ECGResidualCNNClassifier, ModelFileError

RNG = np.random.default_rng(0)
N = 400
X = RNG.normal(size=(N, 5))
Y = np.array(["N", "S", "V"])[np.clip(np.round(X[:, 0] + RNG.normal(size=N)) + 1, 0, 2).astype(int)]
GAPS = np.where(RNG.random(X.shape) < 0.1, np.nan, X)
GAPS[Y == "S", 3] = np.nan


@pytest.fixture
def path(tmp_path):
    return tmp_path / "m"


def round_trip(estimator, path):
    skecg.save(estimator, path)
    with warnings.catch_warnings(action="error"):
        return skecg.load(path)


def trees(**params) -> HistGradientBoostingClassifier:
    defaults = {"max_iter": 4, "min_samples_leaf": 5, "random_state": 0}
    return HistGradientBoostingClassifier(**{**defaults, **params})


# The same to the bit ------------------------------------------------------------------------------

MODELS = [
    trees(), trees(max_leaf_nodes=2), trees(max_leaf_nodes=None), trees(min_samples_leaf=300),
    trees(early_stopping=True, max_iter=30), trees(class_weight="balanced"),
    trees(categorical_features=None, max_bins=16, max_features=0.5),
]  # fmt: skip


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("model", MODELS, ids=repr)
def test_loaded_trees_are_the_saved_ones(model, n_classes, path):
    X = GAPS if n_classes == 3 else GAPS.astype(np.float32)
    y = Y if n_classes == 3 else Y == "S"
    fitted = clone(model).fit(X, y)
    loaded = round_trip(fitted, path)
    assert_array_equal(loaded.predict_proba(X), fitted.predict_proba(X))
    assert_array_equal(loaded.decision_function(X[::-1]), fitted.decision_function(X[::-1]))
    assert_array_equal(loaded.predict(X), fitted.predict(X))
    assert list(map(np.sum, loaded.staged_decision_function(X))) == list(
        map(np.sum, fitted.staged_decision_function(X))
    )
    for name, value in vars(fitted).items():
        if name.endswith("_"):
            assert_array_equal(getattr(loaded, name), value)
    assert loaded.n_iter_ == fitted.n_iter_
    assert repr(loaded) == repr(fitted)
    assert_array_equal(clone(loaded).fit(X, y).predict_proba(X), fitted.predict_proba(X))
    assert_array_equal(loaded.fit(X, y).predict_proba(X), fitted.predict_proba(X))
    assert round_trip(model, path).get_params() == model.get_params()


def test_a_split_that_tells_gaps_from_numbers(path):
    fitted = trees().fit(GAPS, Y)
    skecg.save(fitted, path)
    assert np.isposinf(Forgery(path.read_bytes()).array("model/threshold")).any()


def test_partial_dependence_is_the_same(path):
    fitted = trees().fit(X, Y)
    loaded = round_trip(fitted, path)
    of_both = [
        partial_dependence(each, X, [0, 1], method="recursion", grid_resolution=5).average
        for each in (fitted, loaded)
    ]
    assert_array_equal(*of_both)
    # By recursion it does not know of weights, and says so.
    loaded = round_trip(trees().fit(X, Y, sample_weight=np.ones(N)), path)
    with pytest.raises(NotImplementedError, match="weights"):
        partial_dependence(loaded, X, [0], method="recursion")


def test_numbers_are_as_short_as_they_can_be(path):
    for X_of_type, dtype in ((np.round(X, 1).astype(np.float32) * 8, "F32"), (X, "F64")):
        fitted = trees().fit(np.round(X_of_type) if dtype == "F32" else X_of_type, Y)
        skecg.save(fitted, path)
        assert Forgery(path.read_bytes()).table["model/threshold"]["dtype"] == dtype
    skecg.save(trees(max_iter=100, max_leaf_nodes=8).fit(X, Y), path)
    assert path.stat().st_size < 100 * 3 * 8 * 25 + 5_000  # bytes of a leaf and a split


@pytest.mark.parametrize("named", [True, False])
def test_loaded_trees_of_beats_are_the_saved_ones(named, path):
    pandas = pytest.importorskip("pandas")
    columns = ["rr_before_32", "width_50", "age", "p_visibility", "x"]
    beats = pandas.DataFrame(X, columns=columns) if named else X
    fitted = BeatTreesClassifier(random_state=0, max_iter=5).fit(beats, Y)
    loaded = round_trip(fitted, path)
    assert_array_equal(loaded.predict_proba(beats), fitted.predict_proba(beats))
    assert_array_equal(loaded.predict(beats), fitted.predict(beats))
    assert vars(loaded).keys() == vars(fitted).keys()
    assert loaded.estimators_[1].monotonic_cst.tolist() == [-named, -named, 0, named, 0]
    assert_array_equal(
        clone(loaded).fit(beats, Y).predict_proba(beats), fitted.predict_proba(beats)
    )
    if named:
        with pytest.raises(ValueError, match="feature names"):
            loaded.predict(beats.rename(columns={"age": "size"}))
    own = BeatTreesClassifier(constraints={"S": {"age": 1}}) if named else BeatTreesClassifier()
    assert round_trip(own, path).get_params() == own.get_params()


def network() -> ECGResidualCNNClassifier:
    return ECGResidualCNNClassifier(n_filters=2, n_hidden=3, n_blocks=1, max_epochs=1)


@pytest.mark.parametrize("weights", [None, [2.0, 1.0, 0.5]])
@pytest.mark.parametrize("voting", ["soft", "hard"])
def test_a_loaded_vote_is_the_saved_one(voting, weights, path):
    steps = [
        ("trees", trees()), ("none", "drop"), ("scaled", make_pipeline(StandardScaler(), network()))
    ]  # fmt: skip
    vote = VotingClassifier(steps, voting=voting, weights=weights).fit(X, Y)
    loaded = round_trip(vote, path)
    if voting == "soft":
        assert_array_equal(loaded.predict_proba(X), vote.predict_proba(X))
    assert_array_equal(loaded.predict(X), vote.predict(X))
    assert vars(loaded).keys() == vars(vote).keys()
    assert loaded.named_estimators_.keys() == vote.named_estimators_.keys()
    assert loaded.n_features_in_ == 5
    assert repr(loaded) == repr(vote)
    clone(loaded).fit(X, Y)


def test_what_is_frozen_in_a_vote_is_in_the_file_once(path):
    of_beats = BeatTreesClassifier(max_iter=20).fit(X, Y)
    skecg.save(of_beats, path)
    alone = path.stat().st_size
    steps = [
        ("trees", FrozenEstimator(of_beats)),
        ("network", FrozenEstimator(network().fit(X, Y))),
    ]
    vote = VotingClassifier(steps, voting="soft").fit(X, Y)
    loaded = round_trip(vote, path)
    assert path.stat().st_size < 1.5 * alone
    assert_array_equal(loaded.predict_proba(X), vote.predict_proba(X))
    assert_array_equal(loaded.predict(X), vote.predict(X))
    assert loaded.estimators_[0] is loaded.estimators[0][1]


# What cannot be held ------------------------------------------------------------------------------


def refused(model) -> VotingClassifier:
    return VotingClassifier([("trees", model), ("other", LogisticRegression())], voting="soft")


def test_what_is_not_held_is_named(path):
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(X).assign(kind=pandas.Categorical(Y))
    by_category = trees(categorical_features=[0]).fit(np.abs(X).round(), Y)
    for model, reason in (
        (trees().fit(frame.rename(columns=str), Y), "categorical columns"),
        (by_category, "categorical columns"),
        (trees(warm_start=True).fit(X, Y), "warm_start=True"),
        (refused(trees()).fit(X, Y).set_params(weights=["a", "b"]), "weights"),
        (refused(trees()).fit(X, Y).set_params(trees="drop"), "changed after fit"),
    ):
        with pytest.raises(TypeError, match=rf"{reason}.*joblib or skops"):
            skecg.save(model, path)
    assert not path.exists()


def test_a_scikit_learn_that_keeps_trees_in_another_way(path, monkeypatch):
    fitted = trees().fit(X, Y)
    skecg.save(fitted, path)
    baseline = fitted._baseline_prediction
    del fitted._baseline_prediction
    with pytest.raises(TypeError, match="this version of scikit-learn keeps the trees"):
        skecg.save(fitted, path.with_name("other"))
    fitted._baseline_prediction = baseline
    monkeypatch.delattr("sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor")
    with pytest.raises(ModelFileError, match="this version of scikit-learn keeps the trees"):
        skecg.load(path)


@pytest.mark.parametrize(("bound", "n"), [("_MAX_TREES", 23), ("_MAX_NODES", 71)])
def test_more_trees_than_a_file_holds(bound, n, path, monkeypatch):
    model = BeatTreesClassifier(max_iter=8, max_leaf_nodes=2).fit(X, Y)  # 24 trees of 3 nodes
    skecg.save(model, path)
    monkeypatch.setattr(f"skecg.persistence._estimators.{bound}", n)
    with pytest.raises(ModelFileError, match=r"at most 23 trees|of 71 nodes"):
        skecg.load(path)
    with pytest.raises(ValueError, match=r"at most 23 trees|of 71 nodes"):
        skecg.save(model, path)


def test_the_most_nodes_that_a_file_holds_are_read_in_time(path):
    skecg.save(trees(max_iter=1).fit(X, Y == "S"), path)
    skecg.load(path), skecg.describe(path)  # so that all is imported that will be
    for chain in (True, False):
        forgery = Forgery(path.read_bytes())
        n = 2**18 - 1
        is_split = np.arange(2 * n + 1) < n if chain else np.arange(2 * n + 1) % 2 == 0
        is_split[-1] = False
        values = {
            "is_split": is_split, "feature": np.zeros(n, "u2"), "threshold": np.zeros(n),
            "missing_left": np.zeros(n, bool), "value": np.zeros(n + 1),
            "count": np.ones(n + 1, "u4"),
        }  # fmt: skip
        for name, array in values.items():
            forgery.put(f"model/{name}", array)
        other = path.with_name("other")
        other.write_bytes(forgery.content())
        loaded = call_within(1, partial(skecg.load, other), n_bytes=100 * 10**6)
        assert len(loaded.predict(X[:2])) == 2


# Forged files -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def content(tmp_path_factory) -> bytes:
    path = tmp_path_factory.mktemp("model") / "m"
    skecg.save(trees(max_leaf_nodes=6).fit(GAPS, Y), path)
    return path.read_bytes()


def refuse(content: bytes, path, reason: str) -> None:
    path.write_bytes(content)
    with pytest.raises(ModelFileError, match=reason) as caught:
        skecg.load(path)
    assert repr(str(path)) in str(caught.value)


def first(array: np.ndarray, value: float) -> np.ndarray:
    array[0] = value
    return array


def last(array: np.ndarray, value: float) -> np.ndarray:
    array[-1] = value
    return array


ARRAYS = {
    "a leaf is a split": ("is_split", lambda a: last(a, True)),
    "a split is a leaf": ("is_split", lambda a: first(a, False)),
    "a tree without its end": ("is_split", lambda a: a[:-1]),
    "no nodes": ("is_split", lambda a: a[:0]),
    "nothing but splits": ("is_split", np.ones_like),
    "nothing but leaves": ("is_split", np.zeros_like),
    "trees the wrong way round": ("is_split", lambda a: a[::-1]),
    "splits as numbers": ("is_split", lambda a: a.astype("u1")),
    "a column that is not there": ("feature", lambda a: first(a, 5)),
    "the last column that could be named": ("feature", lambda a: last(a, 2**16 - 1)),
    "a negative column": ("feature", lambda a: first(a.astype("i2"), -1)),
    "a column as a float": ("feature", lambda a: a.astype("f8")),
    "too few columns": ("feature", lambda a: a[1:]),
    "a threshold that is no number": ("threshold", lambda a: first(a, np.nan)),
    "thresholds as whole numbers": ("threshold", lambda a: np.zeros_like(a, "i8")),
    "a threshold too many": ("threshold", lambda a: np.append(a, a[0])),
    "a value that is no number": ("value", lambda a: first(a, np.nan)),
    "a value without end": ("value", lambda a: last(a, -np.inf)),
    "values as a matrix": ("value", lambda a: a[:, None]),
    "nodes as a matrix": ("is_split", lambda a: a[:, None]),
    "a value too few": ("value", lambda a: a[1:]),
    "sides as numbers": ("missing_left", lambda a: a.astype("u1")),
    "a leaf without samples": ("count", lambda a: first(a, 0)),
    "more samples than can be counted": ("count", lambda a: np.full_like(a, 2**31)),
    "counts in another format": ("count", lambda a: a.astype("u8")),
    "a start that is no number": ("baseline", lambda a: first(a, np.nan)),
    "a start too few": ("baseline", lambda a: a[1:]),
    "starts in another format": ("baseline", lambda a: a.astype("f4")),
    "a score as a whole number": ("train_score_", lambda a: np.zeros(3, "i8")),
}


@pytest.mark.parametrize("what", ARRAYS)
def test_forged_arrays(what, content, path):
    name, change = ARRAYS[what]
    forgery = Forgery(content)
    forgery.put(f"model/{name}", change(forgery.array(f"model/{name}")))
    refuse(forgery.content(), path, "the trees of a HistGradientBoostingClassifier are broken")


def test_a_tree_too_few(content, path):
    forgery = Forgery(content)
    is_split = forgery.array("model/is_split")
    level = np.cumsum(np.where(is_split, 1, -1))
    end = np.flatnonzero(level == level[-1] + 1)[0] + 1  # of the last tree but one
    n_splits, n_leaves = is_split[:end].sum(), (~is_split[:end]).sum()
    forgery.put("model/is_split", is_split[:end])
    for n, names in ((n_splits, ("feature", "threshold", "missing_left")),
                     (n_leaves, ("value", "count"))):  # fmt: skip
        for name in names:
            forgery.put(f"model/{name}", forgery.array(f"model/{name}")[:n])
    refuse(forgery.content(), path, "the trees of a HistGradientBoostingClassifier are broken")


@pytest.mark.parametrize(
    ("entry", "value"),
    [
        ("n_features_in_", 0), ("n_features_in_", 10**12), ("n_features_in_", 2**16 + 1),
        ("n_features_in_", True), ("n_features_in_", 1), ("feature_names_in_", "x"),
        ("do_early_stopping_", 1), ("weighted", None), ("classes_", ["N", "S", "V"]),
        ("classes_", {"$strings": {"dtype": "<U1", "shape": [3], "values": ["b", "a", "c"]}}),
        ("classes_", {"$strings": {"dtype": "<U1", "shape": [2], "values": ["a", "b"]}}),
        ("is_split", None), ("is_split", [True]), ("value", 3), ("predict", 3),
        ("_predictors", []), ("train_score_", None),
    ],
    ids=repr,
)  # fmt: skip
def test_forged_attributes(entry, value, content, path):
    forgery = Forgery(content)
    forgery.node["learned"][entry] = value
    reason = "HistGradientBoostingClassifier (are|is|of more|cannot)"
    refuse(forgery.content(), path, reason)


def test_missing_attributes_and_growth_from_forged_trees(content, path):
    for name in Forgery(content).node["learned"]:
        forgery = Forgery(content)
        del forgery.node["learned"][name]
        refuse(forgery.content(), path, "cannot be loaded")
    forgery = Forgery(content)
    forgery.node["params"]["warm_start"] = True
    refuse(forgery.content(), path, "warm_start=False")


@pytest.mark.parametrize(
    ("entry", "value"),
    [
        ("estimators_", None), ("estimators_", []), ("estimators_", [None] * 3), ("predict", 3),
        ("n_features_in_", 4), ("feature_names_in_", "x"), ("classes_", None),
        ("classes_", {"$strings": {"dtype": "<U1", "shape": [2], "values": ["a", "b"]}}),
    ],
    ids=repr,
)  # fmt: skip
def test_forged_trees_of_beats(entry, value, path):
    skecg.save(BeatTreesClassifier(max_iter=1).fit(X, Y), path)
    forgery = Forgery(path.read_bytes())
    forgery.node["learned"][entry] = value
    refuse(forgery.content(), path, "of a BeatTreesClassifier (are|is)")


@pytest.mark.parametrize("other", ["labels", "unfitted", "named", "logistic"])
def test_trees_of_beats_that_are_others(other, path):
    pandas = pytest.importorskip("pandas")
    model = BeatTreesClassifier(max_iter=1).fit(X, Y)
    frame = pandas.DataFrame(X).rename(columns=str)
    model.estimators_[1] = {
        "labels": lambda: trees().fit(X, Y), "unfitted": trees,
        "named": lambda: trees().fit(frame, Y == "S"),
        "logistic": lambda: LogisticRegression().fit(X, Y == "S"),
    }[other]()  # fmt: skip
    skecg.save(model, path)
    with pytest.raises(ModelFileError, match="the trees of a BeatTreesClassifier are broken"):
        skecg.load(path)


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("learned estimators_", None), ("learned estimators_", [None, None]),
        ("learned estimators_", []), ("learned estimators_", [3, 4]), ("learned predict", 3),
        ("learned estimators_",
         [{"$estimator": {"class": "AreaResize", "params": {}, "learned": {}}}] * 2),
        ("learned feature_names_in_", "x"), ("learned classes_", None),
        ("learned classes_",
         {"$strings": {"dtype": "<U1", "shape": [2], "values": ["a", "b"]}}),
        ("params weights", [1.0]), ("params weights", ["a", "b"]), ("params voting", "loud"),
        ("params weights", [1.0, {"$float": "inf"}]), ("params estimators", []),
    ],
    ids=repr,
)  # fmt: skip
def test_forged_votes(place, value, path):
    skecg.save(refused(trees()).fit(X, Y), path)
    forgery = Forgery(path.read_bytes())
    part, name = place.split()
    forgery.node[part][name] = value
    refuse(forgery.content(), path, "VotingClassifier|steps of a pipeline|missing or used twice")


@pytest.mark.parametrize("kind", ["arrays", "JSON", "JSON of a vote"])
def test_mutations_are_refused_or_predict(kind, content, path):
    if "vote" in kind:
        skecg.save(refused(BeatTreesClassifier(max_iter=2)).fit(X, Y), path)
        content = path.read_bytes()
    rng = random.Random(kind)
    counts: Counter[str] = Counter()
    for _ in range(200):
        mutated = mutate_arrays(rng, content) if kind == "arrays" else mutate_json(rng, content)
        path.write_bytes(mutated)
        try:
            loaded = skecg.load(path)
        except ModelFileError:
            counts["refused"] += 1
            continue
        counts["loaded"] += 1
        with warnings.catch_warnings(action="ignore"):
            assert repr(loaded)
            if getattr(loaded, "n_features_in_", None) == 5:
                assert loaded.predict(X[:6]).shape == (6,)
    print(kind, dict(counts))
    assert min(counts["refused"], counts["loaded"]) > 15  # both do occur


# Cards --------------------------------------------------------------------------------------------


def test_cards(path):
    pandas = pytest.importorskip("pandas")
    beats = pandas.DataFrame(X[:, :2], columns=["rr_before_32", "width_50"])
    skecg.save(BeatTreesClassifier(max_iter=7), path)
    assert skecg.describe(path).splitlines()[2].split() == ["not", "fitted"]
    fitted = BeatTreesClassifier(max_iter=7, max_leaf_nodes=2).fit(beats, Y)
    lines = [
        "estimator     BeatTreesClassifier(max_iter=7, max_leaf_nodes=2)",
        "input         samples of shape (2,)",
        "columns       rr_before_32, width_50",
        "classes       'N', 'S', 'V'",
        "trees         21 of 63 nodes in all",
    ]
    skecg.save(fitted, path)
    assert skecg.describe(path).splitlines()[1:-1] == lines
    steps = [("beats", FrozenEstimator(fitted)), ("none", "drop"), ("other", LogisticRegression())]
    vote = VotingClassifier(steps, voting="soft", weights=[2, 1, 1]).fit(beats, Y)
    skecg.save(vote, path)
    assert skecg.describe(path).splitlines()[1:-1] == [
        "estimator     VotingClassifier of these, soft, weights [2, 1, 1]",
        "classes       'N', 'S', 'V'",
        "step          'beats'",
        "estimator     FrozenEstimator of",
        *lines,
        "step          'other'",
        "estimator     LogisticRegression()",
    ]
    skecg.save(trees(max_iter=2, max_leaf_nodes=3).fit(X, Y), path)
    assert skecg.describe(path).splitlines()[2:-1] == [
        "input         samples of shape (5,)",
        "classes       'N', 'S', 'V'",
        "trees         6 of 30 nodes in all",
    ]
