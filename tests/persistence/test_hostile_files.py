"""Files that are damaged or forged, with the right digest: one error, at once, little memory."""

from __future__ import annotations

import copy
import json
import random
import sys
import warnings
from collections import Counter
from contextlib import suppress
from functools import partial

import numpy as np
import pytest
from estimators import CLASSIFIERS, Perceptron
from model_file_forgeries import (
    Forgery,
    mutate_bytes,
    mutate_json,
    with_right_digest,
)
from resources import call_within, peak
from sklearn.base import BaseEstimator, clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.decomposition import PCA
from sklearn.frozen import FrozenEstimator
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import FunctionTransformer, MinMaxScaler, RobustScaler, StandardScaler

import skecg
from skecg import BeatSegmenter, ECGResidualCNNClassifier, LeadCropper, ModelFileError
from skecg.sheet import LAYOUTS
from skecg.storage import read_classifier
from skecg.training import Cosine

pytest.importorskip("resource", reason="memory is measured as on POSIX")
MODULES = {"Perceptron": Perceptron}


def refuse(content: bytes, path, reason: str = "cannot be (loaded|read)") -> None:
    path.write_bytes(content)

    def load() -> str:
        with pytest.raises(ModelFileError, match=reason) as caught:
            skecg.load(path, modules=MODULES)
        return str(caught.value)

    assert repr(str(path)) in call_within(1, load, n_bytes=200 * 2**20)


def load_or_refuse(path) -> BaseEstimator | None:
    with suppress(ModelFileError):
        return skecg.load(path, modules=MODULES)


def small_data() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    return rng.normal(size=(12, 2, 40)).astype(np.float32), np.arange(12) % 3


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> bytes:
    clf = ECGResidualCNNClassifier(
        n_filters=2, n_hidden=3, n_blocks=2, max_epochs=2, random_state=0,
        class_weight={0: 2.0, 1: 1.0, 2: 1.0},
    )  # fmt: skip
    X, y = small_data()
    path = tmp_path_factory.mktemp("model") / "model"
    skecg.save(clf.fit(X, y, groups=y), path, metrics={"accuracy": 0.5})
    return path.read_bytes()


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory) -> bytes:
    """Return a file with an estimator of every kind, nested in every way."""
    X, y = small_data()
    image = skecg.ECGCNN2DClassifier(width=1, n_blocks=1, n_hidden=2, max_epochs=1).fit(X, y)
    source = make_pipeline("passthrough", image)
    clf = clone(image).set_params(init_from=FrozenEstimator(source), lr_schedule=Cosine())
    whole = make_pipeline(
        BeatSegmenter().fit(X[:, 0]), make_pipeline(LeadCropper(LAYOUTS["published-b"]), None),
        FrozenEstimator(skecg.AreaResize()), clf.fit(X, y),
    )  # fmt: skip
    path = tmp_path_factory.mktemp("model") / "model"
    skecg.save(whole, path)
    return path.read_bytes()


@pytest.fixture(scope="module")
def steps(tmp_path_factory) -> bytes:
    """Return a file with scikit-learn's own steps."""
    X, y = small_data()
    union = FeatureUnion([("pca", PCA(2)), ("log", FunctionTransformer(np.abs)), ("no", "drop")])
    classifier = CalibratedClassifierCV(LogisticRegression(), cv=2, method="isotonic")
    whole = make_pipeline(
        SimpleImputer(), StandardScaler(), MinMaxScaler(), RobustScaler(), union, classifier
    )
    path = tmp_path_factory.mktemp("model") / "model"
    skecg.save(whole.fit(X[:, 0], y), path)
    return path.read_bytes()


@pytest.fixture
def forgery(model) -> Forgery:
    return Forgery(model)


def test_a_forgery_without_a_change_is_the_file(model, tmp_path):
    (tmp_path / "m").write_bytes(Forgery(model).content())
    assert skecg.load(tmp_path / "m").n_filters == 2


# Absurd sizes -----------------------------------------------------------------------------------


@pytest.mark.parametrize("classifier", CLASSIFIERS, ids=lambda e: type(e).__name__)
def test_parameters_that_ask_for_a_gigantic_network(classifier, tmp_path):
    path = tmp_path / "m"
    skecg.save(clone(classifier).set_params(max_epochs=1).fit(*small_data()), path)
    content = path.read_bytes()
    common = skecg.classifiers.BaseECGClassifier._get_param_names()
    own = {
        name
        for name, value in Forgery(content).node["params"].items()
        if name not in common and type(value) is int
    }
    assert own or isinstance(classifier, skecg.ECGNeuralClassifier)
    for name in own - {"n_heads"}:
        for value in (10**5, 10**9, 10**18, 10**400):
            forgery = Forgery(content)
            forgery.node["params"][name] = value
            refuse(forgery.content(), path)
    for value in (10**5, 10**9, 10**14):
        forgery = Forgery(content)
        forgery.node["state"]["input_shape"] = {"$tuple": [value] * 3}
        path.write_bytes(forgery.content())
        # A network whose weights do not depend on the size of the input is sound.
        call_within(1, partial(load_or_refuse, path), n_bytes=100 * 2**20)


def test_arguments_for_a_users_network_are_bounded_too(tmp_path):
    path = tmp_path / "m"
    clf = skecg.ECGNeuralClassifier(module=Perceptron, module_params={"width": 4}, max_epochs=1)
    skecg.save(clf.fit(*small_data()), path)
    for width in (5, 10**6, 10**9, 10**12, 10**30):
        forgery = Forgery(path.read_bytes())
        forgery.node["params"]["module_params"]["width"] = width
        refuse(forgery.content(), tmp_path / "forged")


def test_a_file_cannot_name_more_estimators_or_use_an_array_twice(model, tmp_path):
    for n_steps, reason in ((2, "missing or used twice"), (100, "at most 100 estimators")):
        forgery = Forgery(model)
        frozen = {"class": "FrozenEstimator", "learned": {}}
        frozen["params"] = {"estimator": forgery.header["estimator"]}
        unfitted = {"class": "AreaResize", "params": {}, "learned": {}}
        inner = frozen if n_steps == 2 else unfitted
        steps = [{"$tuple": [f"step{i}", {"$estimator": inner}]} for i in range(n_steps)]
        pipeline = {"class": "Pipeline", "params": {"steps": steps}, "learned": {}}
        forgery.header["estimator"] = {"$estimator": pipeline}
        refuse(forgery.content(), tmp_path / "m", reason)


def test_a_header_full_of_nothing_is_read_at_once(model, tmp_path):
    for nothing in ([], {}, 0, ""):
        forgery = Forgery(model)
        n = 4_000_000 // (len(json.dumps(json.dumps(nothing))) - 1)
        forgery.node["state"]["history"] = [nothing] * n
        refuse(forgery.content(), tmp_path / "m", "lists and dictionaries|values|history")


# Names --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["os.system", "GridSearchCV", "BaseECGClassifier", "__class__", "", None, [], 3]
)
def test_unknown_estimators(forgery, name, tmp_path):
    forgery.node["class"] = name
    refuse(forgery.content(), tmp_path / "m")


@pytest.mark.parametrize(
    "change",
    [
        {"params": {"__init__": 1}}, {"params": []}, {"params": None}, {"net_": 1},
        {"state": None}, {"state": []}, {"weights": "/etc/passwd"}, {"weights": None},
        {"weights": ""}, {"requests": {"__init__": {}}}, {"requests": {"fit": {"x": True}}},
        {"requests": {"fit": {"groups": {"$tuple": []}}}}, {"output": "pickle"}, {"learned": 3},
    ],
    ids=repr,
)  # fmt: skip
def test_foreign_entries(forgery, change, tmp_path):
    if change == {"learned": 3}:
        change = {"class": "BeatSegmenter", "params": {}, "learned": {"fit": 3}}
    forgery.node.update(change)
    refuse(forgery.content(), tmp_path / "m")


@pytest.mark.parametrize(
    ("entry", "value"),
    [
        ("classes", {"$strings": {"dtype": "<U1", "shape": [3], "values": ["b", "a", "c"]}}),
        ("classes", {"$strings": {"dtype": "<U1", "shape": [1], "values": ["b"]}}),
        ("classes", [0, 1, 2]), ("input_shape", {"$tuple": []}), ("input_shape", [2, 40]),
        ("input_shape", {"$tuple": [2, -40]}), ("input_shape", {"$tuple": [2, 41]}),
        ("feature_names", ["a"]), ("history", [3]), ("history", {}), ("network", "Other"),
        ("n_parameters", 3), ("frozen", ["none"]), ("frozen", [[]]), ("kept_in_eval", ["x"]),
        ("kept_in_eval", {"$tuple": ["x"]}), ("precision", ["int8", None]), ("precision", []),
        ("precision", ["float64", None]), ("transfer_report", "x"), ("training", None),
        ("training", {"$object": ["TrainingFacts", {"class_counts": {"$tuple": [1]}}]}),
        ("predict", 3), ("multilabel", True), ("multilabel", 1), ("multilabel", "no"),
    ],
    ids=repr,
)  # fmt: skip
def test_broken_fitted_attributes(forgery, entry, value, tmp_path):
    forgery.node["state"][entry] = value
    if entry == "classes":  # so that the array is not merely left over
        entry = forgery.table.pop("model/classes")
        begin, end = entry["data_offsets"]
        assert begin == 0
        forgery.data = forgery.data[end:]
        for other in forgery.table.values():
            other["data_offsets"] = [n - end for n in other["data_offsets"]]
    refuse(forgery.content(), tmp_path / "m")


@pytest.mark.parametrize(
    ("entry", "value"),
    [
        ("segmenter_", None), ("segmenter_", {"$estimator": {"class": "LeadCropper"}}),
        ("classifier_", None), ("classifier_", 3), ("classes_", None),
        ("classes_", {"$strings": {"dtype": "<U1", "shape": [2], "values": ["a", "c"]}}),
        ("class_prior_", None), ("class_prior_", [0.5, 0.5]), ("n_features_in_", "x"),
        ("feature_names_in_", "x"), ("predict", 3),
    ],
    ids=repr,
)  # fmt: skip
def test_broken_fitted_attributes_of_a_classifier_of_records(entry, value, tmp_path):
    X = np.tile(np.arange(100) == 50, (4, 10)).astype(float)
    network = ECGResidualCNNClassifier(n_filters=2, n_blocks=1, max_epochs=1)
    clf = skecg.BeatVoteClassifier(classifier=network).fit(X, ["a", "b", "a", "b"])
    skecg.save(clf, tmp_path / "m")
    assert skecg.load(tmp_path / "m").predict(X).shape == (4,)
    forged = Forgery((tmp_path / "m").read_bytes())
    forged.node["learned"][entry] = value
    refuse(forged.content(), tmp_path / "m")


def test_weights_that_are_missing_too_many_or_of_another_type(forgery, tmp_path):
    for old, new in [("head.0.bias", "head.0.bias2"), ("head.0.bias", "x/head.0.bias")]:
        forged = copy.deepcopy(forgery)
        entry = forged.table.pop(f"model/weights/{old}")
        forged.table[f"model/weights/{new}"] = entry
        refuse(forged.content(), tmp_path / "m", "do not fit the network")
    for dtype in ("I32", "U32"):
        forged = copy.deepcopy(forgery)
        forged.table["model/weights/head.0.bias"]["dtype"] = dtype
        refuse(forged.content(), tmp_path / "m", "must be float32 of shape")
    forgery.table["other"] = {
        "dtype": "U8", "shape": [0], "data_offsets": [len(forgery.data)] * 2
    }  # fmt: skip
    refuse(forgery.content(), tmp_path / "m", "belong to nothing")


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_weights_that_are_not_finite(forgery, value, tmp_path):
    begin = forgery.table["model/weights/head.0.bias"]["data_offsets"][0]
    number = np.float32(value).tobytes()
    forgery.data = forgery.data[:begin] + number + forgery.data[begin + 4 :]
    refuse(forgery.content(), tmp_path / "m", "not finite, in 'head.0.bias'")
    with pytest.raises(ModelFileError, match="are not finite"):
        read_classifier(tmp_path / "m")


def test_a_cache_folder_is_refused(tmp_path):
    path = tmp_path / "m"
    skecg.save(make_pipeline(BeatSegmenter()), path)
    forgery = Forgery(path.read_bytes())
    forgery.node["params"]["memory"] = str(tmp_path / "cache")
    refuse(forgery.content(), path, "memory, which no model file holds")
    assert not (tmp_path / "cache").exists()


def test_only_the_file_itself_is_opened(model, tmp_path):
    path = tmp_path / "m"
    path.write_bytes(model)
    skecg.load(path), skecg.describe(path)  # whatever is imported late is imported now
    opened = []
    watching = [True]

    def watch(event: str, arguments: tuple) -> None:
        if watching[0] and event in ("open", "exec", "import", "os.system", "subprocess.Popen"):
            opened.append((event, arguments[0]))

    sys.addaudithook(watch)
    skecg.load(path)
    skecg.describe(path)
    watching[0] = False
    assert set(opened) == {("open", str(path))}


# Mutations --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "n_mutations"),
    [
        ("bytes", 700),
        ("bytes, right digest", 600),
        ("JSON", 450),
        ("JSON of a pipeline", 300),
        ("JSON of steps", 300),
    ],
)
def test_mutations_find_nothing_but_the_error(kind, n_mutations, model, pipeline, steps, tmp_path):
    rng = random.Random(kind)
    path = tmp_path / "m"
    X, _ = small_data()
    model = {"JSON of a pipeline": pipeline, "JSON of steps": steps}.get(kind, model)
    path.write_bytes(model)
    skecg.load(path)
    counts: Counter[str] = Counter()
    before = peak()
    for _ in range(n_mutations):
        content = mutate_json(rng, model) if "JSON" in kind else mutate_bytes(rng, model)
        if kind == "bytes, right digest":
            content = with_right_digest(content)
        path.write_bytes(content)
        loaded = call_within(1, partial(load_or_refuse, path))
        if loaded is None:
            counts["refused"] += 1
            continue
        counts["same" if content == model else "loaded"] += 1
        assert isinstance(loaded, BaseEstimator)
        with warnings.catch_warnings(action="ignore"):
            assert repr(loaded)
            if hasattr(loaded, "net_") and loaded._input_shape == X.shape[1:]:
                with suppress(ValueError):  # weights of 1e38, say, whose output is not finite
                    assert loaded.predict(X).shape == (12,)
    print(kind, dict(counts), f"{(peak() - before) / 2**20:.0f} MiB")
    assert counts.total() == n_mutations
    assert peak() - before < 100 * 2**20
    if kind == "bytes":
        assert counts["loaded"] == 0
    if "JSON" in kind:
        assert min(counts["refused"], counts["loaded"]) > n_mutations // 20  # both do occur


@pytest.mark.parametrize("kind", ["bytes, right digest", "JSON"])
def test_cards_of_mutated_files_are_text_or_the_error(kind, model, tmp_path):
    rng = random.Random(kind)
    path = tmp_path / "m"
    for _ in range(200):
        content = with_right_digest(mutate_bytes(rng, model))
        path.write_bytes(mutate_json(rng, model) if kind == "JSON" else content)
        with suppress(ModelFileError):
            assert isinstance(skecg.describe(path), str)
