"""Forests in a model file: the same to the bit, small, and nothing that points astray."""

from __future__ import annotations

import random
import warnings
from collections import Counter
from functools import partial

import numpy as np
import pytest
from model_file_forgeries import Forgery, mutate_arrays, mutate_json
from numpy.testing import assert_allclose, assert_array_equal
from resources import call_within
from scipy.sparse import csr_array
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import ExtraTreesClassifier, RandomForestClassifier, VotingClassifier
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree._tree import NODE_DTYPE

import skecg
from skecg import BeatAnnotator, BeatWindows, ModelFileError
from skecg.persistence._forest_nodes import _rounded_down

RNG = np.random.default_rng(0)
N = 300
X = RNG.normal(size=(N, 5))
Y = np.array(["N", "S", "V"])[np.clip(np.round(X[:, 0] + RNG.normal(size=N)) + 1, 0, 2).astype(int)]
GAPS = np.where(RNG.random(X.shape) < 0.1, np.nan, X)
GAPS[Y == "S", 3] = np.nan


@pytest.fixture
def path(tmp_path):
    return tmp_path / "m"


def forest(**params) -> RandomForestClassifier:
    return RandomForestClassifier(**{"n_estimators": 4, "random_state": 0, **params})


def extra(**params) -> ExtraTreesClassifier:
    return ExtraTreesClassifier(**{"n_estimators": 4, "random_state": 0, **params})


def round_trip(estimator, path):
    """Return a loaded estimator; saved again it is the same file."""
    skecg.save(estimator, path)
    with warnings.catch_warnings(action="error"):
        loaded = skecg.load(path)
    again = path.with_name("again")
    skecg.save(loaded, again)
    assert again.read_bytes() == path.read_bytes()
    return loaded


def assert_same(loaded, fitted, X=X) -> None:
    assert_array_equal(loaded.predict_proba(X), fitted.predict_proba(X))
    assert_array_equal(loaded.predict(X), fitted.predict(X))


def assert_same_trees(loaded, fitted) -> None:
    assert len(loaded.estimators_) == len(fitted.estimators_)
    for one, other in zip(loaded.estimators_, fitted.estimators_):
        assert repr(one) == repr(other)
        assert vars(other).keys() - vars(one).keys() == {"max_features_"}
        assert_array_equal(one.classes_, other.classes_)
        for name in ("children_left", "children_right", "feature", "n_node_samples", "max_depth"):
            assert_array_equal(getattr(one.tree_, name), getattr(other.tree_, name))
        for name in ("value", "impurity", "weighted_n_node_samples"):
            theirs = getattr(other.tree_, name)
            assert_allclose(getattr(one.tree_, name), theirs, rtol=1e-9, atol=1e-9)
        assert_allclose(one.tree_.threshold, other.tree_.threshold, rtol=2e-7)


# The same to the bit ------------------------------------------------------------------------------

MODELS = [
    forest(), extra(), forest(max_leaf_nodes=9), extra(max_leaf_nodes=4, min_samples_leaf=5),
    forest(class_weight="balanced"), forest(oob_score=True, n_estimators=20, max_samples=0.8),
    extra(bootstrap=True, class_weight="balanced_subsample", criterion="entropy"),
    extra(min_samples_leaf=200), extra(class_weight="balanced", criterion="entropy"),
    forest(ccp_alpha=0.01, criterion="log_loss"),
]  # fmt: skip


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("model", MODELS, ids=repr)
def test_loaded_forests_are_the_saved_ones(model, n_classes, path):
    y = Y if n_classes == 3 else Y == "S"
    fitted = clone(model).fit(GAPS, y)
    loaded = round_trip(fitted, path)
    assert_same(loaded, fitted, GAPS)
    assert_same(loaded, fitted, np.nan_to_num(GAPS[::-1] * 1.5))
    assert_array_equal(loaded.apply(GAPS), fitted.apply(GAPS))
    assert_array_equal(
        loaded.decision_path(GAPS)[0].toarray(), fitted.decision_path(GAPS)[0].toarray()
    )
    assert_same_trees(loaded, fitted)
    for name, value in vars(fitted).items():
        if name.endswith("_") and name not in ("estimators_", "estimator_"):
            assert_array_equal(getattr(loaded, name), value)
    assert_allclose(loaded.feature_importances_, fitted.feature_importances_, rtol=1e-9)
    assert repr(loaded) == repr(fitted)
    assert repr(loaded.estimator_) == repr(fitted.estimator_)
    assert_same(clone(loaded).fit(GAPS, y), fitted, GAPS)
    assert_same(loaded.fit(GAPS, y), fitted, GAPS)
    assert round_trip(model, path).get_params() == model.get_params()


@pytest.mark.parametrize("make", [forest, extra])
@pytest.mark.parametrize("weights", ["whole", "some none", "any"])
def test_weights_of_samples(make, weights, path):
    weight = {
        "whole": np.arange(N) % 3 + 1, "some none": np.arange(N) % 2, "any": RNG.random(N) + 0.01,
    }[weights]  # fmt: skip
    fitted = make(min_samples_leaf=3).fit(X, Y, sample_weight=weight)
    loaded = round_trip(fitted, path)
    assert_same(loaded, fitted)
    assert_same_trees(loaded, fitted)
    assert_allclose(loaded.feature_importances_, fitted.feature_importances_, rtol=1e-9)


LABELS = [np.arange(7), np.arange(7.0) - 3, np.array([*"ABCDEFG"], object)]


@pytest.mark.parametrize("labels", LABELS)
def test_labels_and_names_of_columns(labels, path):
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(X, columns=[*"abcde"])
    fitted = extra().fit(frame, labels[RNG.integers(0, 7, N)])
    loaded = round_trip(fitted, path)
    assert_same(loaded, fitted, frame)
    assert loaded.predict(frame).dtype == fitted.predict(frame).dtype
    with pytest.raises(ValueError, match="feature names"):
        loaded.predict(frame.rename(columns={"a": "x"}))
    sparse = csr_array(X)
    assert_same(loaded.fit(sparse, Y), fitted.fit(sparse, Y), sparse)
    assert_same(round_trip(fitted, path), fitted, sparse)


@pytest.mark.parametrize("make", [forest, extra])
def test_rounded_thresholds_part_all_numbers_of_float32_alike(make, path):
    x = RNG.normal(size=(N, 1)) * 10.0 ** RNG.integers(-42, 38, (N, 1))
    fitted = make(n_estimators=10).fit(x, Y)
    loaded = round_trip(fitted, path)
    thresholds = np.concatenate([tree.tree_.threshold for tree in fitted.estimators_])
    near = thresholds.astype(np.float32)
    near = np.concatenate([near, np.nextafter(near, np.float32(9)), np.nextafter(near, -near)])
    assert_same(loaded, fitted, near[:, None])


def test_rounding_down_at_the_ends_of_float32():
    most = np.float64(np.finfo(np.float32).max)
    thresholds = np.array([0, 1e-50, -1e-50, most, most * 1.5, -most * 1.5, np.inf, -np.inf, 0.1])
    rounded = _rounded_down(thresholds)
    assert rounded.dtype == np.float32
    numbers = np.array([0, 1e-45, -1e-45, most, -most, 0.1, np.inf, -np.inf], np.float32)
    numbers = np.concatenate([numbers, np.nextafter(numbers, 0), np.nextafter(numbers, 1)])
    assert_array_equal(numbers[:, None] <= rounded, numbers[:, None] <= thresholds)


def test_a_split_that_tells_gaps_from_numbers(path):
    x = np.where(Y == "S", np.nan, X[:, 0])[:, None]
    fitted = forest().fit(x, Y)
    loaded = round_trip(fitted, path)
    assert np.isposinf(Forgery(path.read_bytes()).array("model/threshold")).any()
    assert_same(loaded, fitted, np.array([[np.nan], [1], [-3], [1e38]]))


def test_loaded_forests_grow_further_like_the_saved_ones(path):
    fitted = forest(warm_start=True).fit(X, Y)
    loaded = round_trip(fitted, path)
    for each in (loaded, fitted):
        each.set_params(n_estimators=7).fit(X, Y)
    assert_same(loaded, fitted)
    assert_same(round_trip(fitted.set_params(n_estimators=9), path), fitted)


def test_samples_of_trees_are_no_silent_guess(path):
    with pytest.raises(AttributeError, match="_n_samples"):
        round_trip(forest().fit(X, Y), path).estimators_samples_  # noqa: B018


def test_forests_in_other_estimators(path):
    vote = [("forest", forest()), ("frozen", FrozenEstimator(extra().fit(X, Y)))]
    for model in (
        make_pipeline(StandardScaler(), extra()),
        VotingClassifier(vote, voting="soft"),
        VotingClassifier(vote[:1]),
        CalibratedClassifierCV(forest(), cv=2),
        CalibratedClassifierCV(vote[1][1], method="isotonic"),
    ):
        fitted = model.fit(X, Y)
        loaded = round_trip(fitted, path)
        assert_array_equal(loaded.predict(X), fitted.predict(X))
        if getattr(model, "voting", "soft") == "soft":
            assert_same(loaded, fitted)


def test_beats_annotated_by_a_forest(path):
    records = skecg.datasets.make_records(3, duration=60, random_state=0)
    fitted = BeatAnnotator(BeatWindows(), extra(min_samples_leaf=5)).fit(records)
    loaded = round_trip(fitted, path)
    annotated = [each.annotate(records.data[0], 360) for each in (loaded, fitted)]
    assert_array_equal(*(each.probabilities for each in annotated))
    assert_array_equal(*(each.label for each in annotated))


def test_files_are_small(path):
    x = np.repeat(X, 20, axis=0) + RNG.normal(size=(20 * N, 5))
    fitted = extra(n_estimators=20, min_samples_leaf=5).fit(x, np.repeat(Y, 20))
    n_nodes = sum(tree.tree_.node_count for tree in fitted.estimators_)
    skecg.save(fitted, path)
    assert n_nodes > 19_000
    # A split has a column and a threshold, a leaf the number of its row.
    rows = Forgery(path.read_bytes()).array("model/rows")
    assert rows.nbytes < 15_000
    assert path.stat().st_size < n_nodes / 2 * (1 + 4 + 2 + 3 / 8) + rows.nbytes + 3_000


# What cannot be held ------------------------------------------------------------------------------


def test_what_is_not_held_is_named(path):
    unseeded = forest().fit(X, Y)
    unseeded.estimators_[1].random_state = None
    for model, reason in (
        (forest().fit(X, np.column_stack([Y, Y])), "more than one output"),
        (forest(monotonic_cst=[1, 0, 0, 0, -1]).fit(X, Y == "S"), "monotonic_cst"),
        (forest().fit(X, Y).set_params(criterion="entropy"), "change of criterion"),
        (forest().fit(X, np.zeros(N)), "the classes"),
        (forest(n_jobs=2).fit(X, Y).set_params(n_jobs=2000), "n_jobs of more than 1,024"),
        (unseeded, "no seed"),
    ):
        with pytest.raises(TypeError, match=rf"(?s){reason}.*joblib or skops"):
            skecg.save(model, path)
    assert not path.exists()


def test_a_tree_that_is_too_deep(path, monkeypatch):
    x = 2.0 ** np.arange(60)[:, None]
    deep = forest(n_estimators=1, bootstrap=False).fit(x, np.arange(60) % 2)
    depth = deep.estimators_[0].get_depth()
    monkeypatch.setattr("skecg.persistence._forest_nodes._MAX_DEPTH", depth)
    assert round_trip(deep, path).estimators_[0].get_depth() == depth
    monkeypatch.setattr("skecg.persistence._forest_nodes._MAX_DEPTH", depth - 1)
    with pytest.raises(ModelFileError, match="deeper than"):
        skecg.load(path)
    with pytest.raises(TypeError, match=r"deeper than .* set max_depth"):
        skecg.save(deep, path)


def test_a_scikit_learn_that_keeps_trees_in_another_way(path, monkeypatch):
    fitted = forest().fit(X, Y)
    skecg.save(fitted, path)
    tree = vars(fitted.estimators_[1]).pop("tree_")
    with pytest.raises(TypeError, match="this version of scikit-learn keeps the trees"):
        skecg.save(fitted, path.with_name("other"))
    fitted.estimators_[1].tree_ = tree
    dtype = np.dtype([*NODE_DTYPE.descr, ("x", "f8")])
    monkeypatch.setattr("sklearn.tree._tree.NODE_DTYPE", dtype)
    with pytest.raises(ModelFileError, match="this version of scikit-learn keeps the trees"):
        skecg.load(path)
    monkeypatch.delattr("sklearn.tree._tree.NODE_DTYPE")
    with pytest.raises(ModelFileError, match="this version of scikit-learn keeps the trees"):
        skecg.load(path)


@pytest.mark.parametrize(
    ("bound", "n"), [("_MAX_TREES", 7), ("_MAX_NODES", 23), ("_MAX_SHARES", 71)]
)
def test_more_trees_than_a_file_holds(bound, n, path, monkeypatch):
    steps = [("a", extra(max_leaf_nodes=2)), ("b", forest(max_leaf_nodes=2))]  # 8 trees of 3 nodes
    model = VotingClassifier(steps).fit(X, Y)
    skecg.save(model, path)
    monkeypatch.setattr(f"skecg.persistence._estimators.{bound}", n)
    message = r"at most 7 trees|of 23 nodes|at most 71 nodes"
    with pytest.raises(ModelFileError, match=message):
        skecg.load(path)
    with pytest.raises(ValueError, match=message):
        skecg.save(model, path)


@pytest.mark.parametrize(
    "shape", ["large trees", "many trees", "chains", "a long chain", "weights"]
)
def test_the_most_nodes_that_a_file_holds_are_read_in_time(shape, path):
    is_split, n_trees = {
        "many trees": (complete(4), 2**14), "chains": (chain(2**12), 63),
        "a long chain": (chain(2**15 - 1), 8),
    }.get(shape, (complete(15), 6 if shape == "large trees" else 8))  # fmt: skip
    is_split = np.tile(is_split, n_trees)
    n_splits = np.count_nonzero(is_split)
    n_classes = 4 if shape == "large trees" else 3
    y = RNG.integers(0, n_classes, N)
    skecg.save(extra().fit(X, y, sample_weight=RNG.random(N) + 1), path)
    skecg.load(path), skecg.describe(path)  # so that all is imported that will be
    forgery = Forgery(path.read_bytes())
    values = {
        "is_split": np.packbits(is_split), "feature": np.zeros(n_splits, "u1"),
        "threshold": np.zeros(n_splits, "f4"), "leaf": np.zeros(n_splits + n_trees, "u1"),
        "missing_left": np.zeros(-(-n_splits // 8), "u1"), "seeds": np.zeros(n_trees, "u4"),
        "count": np.ones(n_splits + n_trees, "u1"),
        "rows": np.ones((1, n_classes), "u1"),
    }  # fmt: skip
    if shape == "weights":
        values["rows"] = np.array([[0.5, 0.25, 0.25, 3]])
    for name, array in values.items():
        forgery.put(f"model/{name}", array)
    path.write_bytes(forgery.content())
    if shape == "a long chain":
        refuse_chain = partial(refuse, path.read_bytes(), path, "deeper than 4,096")
        call_within(1, refuse_chain, n_bytes=100 * 10**6)
        return
    n_bytes = len(is_split) * (NODE_DTYPE.itemsize + 8 * n_classes)  # of its arrays
    loaded = call_within(1, partial(skecg.load, path), n_bytes=100 * 10**6 + n_bytes)
    assert len(loaded.estimators_) == n_trees
    assert sum(tree.tree_.node_count for tree in loaded.estimators_) == len(is_split) > 390_000
    assert len(loaded.set_params(n_estimators=3).predict(X[:2])) == 2


def complete(depth: int) -> np.ndarray:
    """Return which nodes of a tree are splits whose leaves are all at one depth."""
    is_split = np.array([False])
    for _ in range(depth):
        is_split = np.concatenate([[True], is_split, is_split])
    return is_split


def chain(n_splits: int) -> np.ndarray:
    """Return which nodes are splits of a tree in which each is the left child of the one before."""
    return np.arange(2 * n_splits + 1) < n_splits


# Forged files -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def contents(tmp_path_factory) -> dict[str, bytes]:
    """Return files of trees grown depth first, best first, and from samples with weights."""
    path = tmp_path_factory.mktemp("model") / "m"
    best_first = forest(n_estimators=20, max_leaf_nodes=5, oob_score=True)
    fitted = {
        "depth first": extra(max_depth=4).fit(GAPS, Y),
        "best first": best_first.fit(GAPS, Y),
        # A bootstrap draws by weight; its trees have none.
        "weights": extra(max_depth=4, class_weight="balanced").fit(GAPS, Y),
    }
    files = {}
    for name, model in fitted.items():
        skecg.save(model, path)
        files[name] = path.read_bytes()
    return files


def refuse(content: bytes, path, reason: str) -> None:
    path.write_bytes(content)
    with pytest.raises(ModelFileError, match=reason) as caught:
        skecg.load(path)
    assert repr(str(path)) in str(caught.value)


def put(array: np.ndarray, place: object, value: object) -> np.ndarray:
    array[place] = value
    return array


def reverse(bits: np.ndarray) -> np.ndarray:
    return np.packbits(np.unpackbits(bits)[::-1])


ARRAYS = {
    "a split is a leaf": ("is_split", lambda a: put(a, 0, a[0] ^ 128)),
    "a tree without its end": ("is_split", lambda a: a[:-1]),
    "nodes too many": ("is_split", lambda a: np.append(a, a[:1])),
    "no nodes": ("is_split", lambda a: a[:0]),
    "nothing but splits": ("is_split", lambda a: np.full_like(a, 255)),
    "nothing but leaves": ("is_split", np.zeros_like),
    "trees the wrong way round": ("is_split", reverse),
    "bits of another type": ("is_split", lambda a: a > 0),
    "a column that is not there": ("feature", lambda a: put(a, 0, 5)),
    "the last column that could be named": ("feature", lambda a: put(a, -1, 255)),
    "a negative column": ("feature", lambda a: put(a.astype("i2"), 0, -1)),
    "a column as a float": ("feature", lambda a: a.astype("f8")),
    "too few columns": ("feature", lambda a: a[1:]),
    "a threshold that is no number": ("threshold", lambda a: put(a, 0, np.nan)),
    "thresholds as whole numbers": ("threshold", lambda a: np.zeros_like(a, "i4")),
    "thresholds in another format": ("threshold", lambda a: a.astype("f8")),
    "a threshold too many": ("threshold", lambda a: np.append(a, a[0])),
    "sides that are few": ("missing_left", lambda a: a[:-1]),
    "sides as numbers": ("missing_left", lambda a: a.astype("u2")),
    "a row that is not there": ("leaf", lambda a: put(a.astype("u4"), -1, 2**32 - 1)),
    "the row after the last": ("leaf", lambda a: put(a, 0, a.max() + 1)),
    "a negative row": ("leaf", lambda a: put(a.astype("i2"), 0, -1)),
    "a leaf too few": ("leaf", lambda a: a[1:]),
    "leaves as a matrix": ("leaf", lambda a: a[:, None]),
    "no rows": ("rows", lambda a: a[:0]),
    "rows as a vector": ("rows", np.ravel),
    "a class too few": ("rows", lambda a: a[:, 1:]),
    "a class too many": ("rows", lambda a: a[:, [0, *range(a.shape[1])]]),
    "rows in another format": ("rows", lambda a: a.astype("f4" if a.dtype == "f8" else "u8")),
    "rows of negative numbers": ("rows", lambda a: -a.astype("i2")),
    "a leaf of nothing": ("rows", lambda a: put(a, 0, 0)),
    "a tree too many": ("seeds", lambda a: np.append(a, a[:1])),
    "a tree too few": ("seeds", lambda a: a[1:]),
    "seeds in another format": ("seeds", lambda a: a.astype("u8")),
    "rows of no number": ("weights rows", lambda a: put(a, (0, 0), np.nan)),
    "a share below nothing": ("weights rows", lambda a: put(a, (0, slice(3)), [-1, 1, 1])),
    "shares of more than all": ("weights rows", lambda a: put(a, (-1, slice(3)), 0.5)),
    "a weight that is no number": ("weights rows", lambda a: put(a, (0, 3), np.nan)),
    "a weight of nothing": ("weights rows", lambda a: put(a, (0, 3), 0)),
    "a weight without end": ("weights rows", lambda a: put(a, (0, 3), np.inf)),
    "a leaf without samples": ("weights count", lambda a: put(a, 0, 0)),
    "counts in another format": ("weights count", lambda a: a.astype("u8")),
    "a count too few": ("weights count", lambda a: a[1:]),
    "a number twice": ("best first number", lambda a: put(a, 1, a[2])),
    "a number of another tree": ("best first number", lambda a: put(a, 1, a.size - 1)),
    "a number without end": (
        "best first number",
        lambda a: put(a.astype("u4"), 1, 2**32 - 1),
    ),
    "a number too few": ("best first number", lambda a: a[1:]),
    "numbers that are negative": ("best first number", lambda a: put(a.astype("i2"), 1, -1)),
    "numbers too long": ("best first number", lambda a: a.astype("u8")),
    "a child before its parent": ("best first number", lambda a: put(a, [0, 1], a[[1, 0]])),
}


@pytest.mark.parametrize("what", ARRAYS)
def test_forged_arrays(what, contents, path):
    where, change = ARRAYS[what]
    *kind, name = where.rsplit(" ", 1)
    for content in [contents[kind[0]]] if kind else contents.values():
        forgery = Forgery(content)
        array = change(forgery.array(f"model/{name}"))
        forgery.put(f"model/{name}", np.ascontiguousarray(array))
        refuse(forgery.content(), path, "the trees of a .* are broken")


def test_shares_of_leaves_are_read_to_the_bit(contents, path):
    forgery = Forgery(contents["weights"])
    shape = forgery.array("model/rows").shape
    rows = np.column_stack([RNG.dirichlet([1, 1, 1], shape[0]), RNG.random(shape[0]) + 0.1])
    forgery.put("model/rows", rows)
    path.write_bytes(forgery.content())
    trees = [tree.tree_ for tree in skecg.load(path).estimators_]
    value = np.concatenate([tree.value[tree.children_left < 0, 0] for tree in trees])
    assert_array_equal(value, rows[forgery.array("model/leaf"), :-1])


def test_fewer_splits_than_are_marked(contents, path):
    forgery = Forgery(contents["depth first"])
    feature, leaf, threshold = (
        forgery.array(f"model/{name}") for name in ("feature", "leaf", "threshold")
    )
    forgery.put("model/feature", feature[1:])
    forgery.put("model/threshold", threshold[1:])
    forgery.put("model/leaf", np.append(leaf, leaf[:1]))
    sides = forgery.array("model/missing_left")
    forgery.put("model/missing_left", sides[: -(-(len(feature) - 1) // 8)])
    refuse(forgery.content(), path, "the trees of a .* are broken")


def test_a_right_child_before_its_parent(contents, path):
    forgery = Forgery(contents["best first"])
    number = forgery.array("model/number")
    is_split = np.unpackbits(forgery.array("model/is_split"))[: len(number)]
    # A split, not at a root, whose children are two leaves.
    twigs = is_split[:-2] & ~is_split[1:-1] & ~is_split[2:] & (number[:-2] > 0)
    place = np.flatnonzero(twigs)[0] + np.arange(3)
    assert np.diff(number[place])[0] > 0
    number[place] = number[place[[1, 2, 0]]]
    forgery.put("model/number", number)
    refuse(forgery.content(), path, "the trees of a .* are broken")


@pytest.mark.parametrize(
    ("entry", "value"),
    [
        ("n_features_in_", 0), ("n_features_in_", 10**12), ("n_features_in_", 2**16 + 1),
        ("n_features_in_", True), ("n_features_in_", 1), ("feature_names_in_", "x"),
        ("oob_score_", 1), ("oob_score_", "x"), ("oob_decision_function_", [[0.5]]),
        ("classes_", ["N", "S", "V"]),
        ("classes_", {"$strings": {"dtype": "<U1", "shape": [3], "values": ["b", "a", "c"]}}),
        ("classes_", {"$strings": {"dtype": "<U1", "shape": [2], "values": ["a", "b"]}}),
        ("is_split", None), ("is_split", [True]), ("leaf", 3), ("rows", None), ("predict", 3),
        ("estimators_", []), ("count", 3), ("number", [0, 1]), ("seeds", 0), ("feature", {}),
    ],
    ids=repr,
)  # fmt: skip
def test_forged_attributes(entry, value, contents, path):
    for content in contents.values():
        forgery = Forgery(content)
        forgery.node["learned"][entry] = value
        refuse(forgery.content(), path, r"(Classifier|forest) (are|is|of more)|Classifier cannot")


def test_missing_attributes_and_too_many_threads(contents, path):
    for content in contents.values():
        for name in Forgery(content).node["learned"]:
            forgery = Forgery(content)
            del forgery.node["learned"][name]
            path.write_bytes(forgery.content())
            if name == "oob_score_":
                assert not hasattr(skecg.load(path), name)
            else:
                refuse(forgery.content(), path, "cannot be loaded|belong to nothing")
        forgery = Forgery(content)
        forgery.node["params"]["n_jobs"] = 1025
        refuse(forgery.content(), path, "n_jobs of more than 1,024")


@pytest.mark.parametrize("kind", ["arrays", "JSON", "JSON of a vote"])
def test_mutations_are_refused_or_predict(kind, contents, path):
    if "vote" in kind:
        vote = VotingClassifier([("one", extra(max_depth=2)), ("two", forest(max_leaf_nodes=4))])
        skecg.save(vote.fit(X, Y), path)
        contents = {"vote": path.read_bytes()}
    rng = random.Random(kind)
    counts: Counter[str] = Counter()
    for content in [*contents.values()] * (240 // len(contents)):
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
            if all(each.n_features_in_ == 5 for each in [loaded, *loaded.estimators_]):
                assert loaded.predict(X[:6]).shape == (6,)
                follow_nodes(loaded)
    print(kind, dict(counts))
    assert min(counts["refused"], counts["loaded"]) > 15  # both do occur


def follow_nodes(loaded) -> None:
    """Fail unless all that compiled code does with a forest works."""
    if hasattr(loaded, "apply"):
        n_nodes = [tree.tree_.node_count for tree in loaded.estimators_]
        assert (loaded.apply(X[:6]) < n_nodes).all()
        assert loaded.decision_path(X[:6])[0].shape == (6, sum(n_nodes))
        assert len(loaded.feature_importances_) == 5


# Cards --------------------------------------------------------------------------------------------


def test_cards(path):
    skecg.save(extra(), path)
    assert skecg.describe(path).splitlines()[2].split() == ["not", "fitted"]
    skecg.save(extra(max_leaf_nodes=2, n_estimators=1000).fit(X, Y), path)
    assert skecg.describe(path).splitlines()[1:-1] == [
        "estimator     ExtraTreesClassifier(max_leaf_nodes=2, n_estimators=1000, random_state=0)",
        "input         samples of shape (5,)",
        "classes       'N', 'S', 'V'",
        "trees         1,000 of 3,000 nodes in all",
    ]
