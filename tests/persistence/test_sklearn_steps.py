"""Pipelines with scikit-learn's own steps: loaded they are the same to the bit."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from model_file_forgeries import Forgery
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.decomposition import PCA
from sklearn.frozen import FrozenEstimator
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, KFold
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    MinMaxScaler,
    PolynomialFeatures,
    RobustScaler,
    StandardScaler,
)
from sklearn.svm import SVC
from sklearn.utils import estimator_html_repr

import skecg
from skecg import ECGResidualCNNClassifier, ModelFileError
from skecg.persistence._functions import function_name, function_of_name
from skecg.signal import resample, scale_windows

RNG = np.random.default_rng(0)
X = RNG.normal(size=(90, 12)) ** 2
Y = np.array(["N", "S", "V"])[RNG.integers(0, 3, 90)]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "m"


def round_trip(estimator, path):
    skecg.save(estimator, path)
    with warnings.catch_warnings(action="error"):
        return skecg.load(path)


def tiny(**params) -> ECGResidualCNNClassifier:
    defaults = {"n_filters": 2, "n_hidden": 3, "n_blocks": 1, "max_epochs": 1, "random_state": 0}
    return ECGResidualCNNClassifier(**{**defaults, **params})


TRANSFORMERS = [
    StandardScaler(), StandardScaler(with_mean=False), StandardScaler(with_std=False),
    StandardScaler(with_mean=False, with_std=False), MinMaxScaler((-1, 1), clip=True),
    RobustScaler(quantile_range=(10.0, 90.0)), RobustScaler(with_centering=False),
    RobustScaler(with_scaling=False), SimpleImputer(), SimpleImputer(strategy="median"),
    SimpleImputer(strategy="constant", fill_value=3.0), PCA(3), PCA(0.9, whiten=True), PCA(),
    PCA(2, svd_solver="randomized", random_state=0),
    FunctionTransformer(np.log1p, np.expm1, check_inverse=False),
    FunctionTransformer(), FunctionTransformer(np.clip, kw_args={"a_min": 0.1, "a_max": 0.5}),
    FunctionTransformer(scale_windows), FunctionTransformer(np.log1p, validate=True),
    FeatureUnion([("a", PCA(2)), ("b", StandardScaler()), ("c", "drop"), ("d", "passthrough")],
                 transformer_weights={"a": 2.0}),
]  # fmt: skip


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize(
    "transformer", TRANSFORMERS, ids=lambda t: repr(t).partition(" at 0x")[0][:50]
)
def test_a_loaded_transformer_is_the_saved_one(transformer, dtype, path):
    gaps = X.astype(dtype)
    if isinstance(transformer, SimpleImputer | StandardScaler | RobustScaler | MinMaxScaler):
        gaps[RNG.random(X.shape) < 0.1] = np.nan
    fitted = clone(transformer).fit(gaps)
    loaded = round_trip(fitted, path)
    expected = fitted.transform(gaps)
    assert_array_equal(loaded.transform(gaps), expected)
    assert loaded.transform(gaps).dtype == expected.dtype
    assert repr(loaded) == repr(fitted)
    assert_array_equal(clone(loaded).fit(gaps).transform(gaps), expected)
    for name in {*vars(fitted)} - {"_fit_svd_solver"}:
        assert type(getattr(loaded, name)) is type(getattr(fitted, name)), name
    if hasattr(fitted, "inverse_transform") and not isinstance(transformer, SimpleImputer):
        assert_array_equal(loaded.inverse_transform(expected), fitted.inverse_transform(expected))
    unfitted = round_trip(transformer, path)
    assert vars(unfitted).keys() == vars(transformer).keys()


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("method", ["sigmoid", "isotonic", "temperature"])
@pytest.mark.parametrize("ensemble", [True, False])
def test_a_loaded_calibration_is_the_saved_one(method, ensemble, n_classes, path):
    y = np.array(["N", "S", "V"])[np.unique(Y, return_inverse=True)[1] % n_classes]
    model = CalibratedClassifierCV(LogisticRegression(), method=method, ensemble=ensemble, cv=3)
    try:
        model.fit(X, y)
    except ValueError:
        pytest.skip("this scikit-learn does not scale by temperature")
    loaded = round_trip(model, path)
    assert_array_equal(loaded.predict_proba(X), model.predict_proba(X))
    assert_array_equal(loaded.predict(X), model.predict(X))
    assert vars(loaded).keys() == vars(model).keys()
    assert repr(loaded) == repr(model)


@pytest.mark.parametrize("calibrated", [tiny(), FrozenEstimator(tiny().fit(X, Y))])
def test_a_calibrated_network(calibrated, path):
    model = CalibratedClassifierCV(calibrated, cv=2).fit(X, Y)
    loaded = round_trip(model, path)
    assert_array_equal(loaded.predict_proba(X), model.predict_proba(X))
    assert_array_equal(clone(loaded).fit(X, Y).predict_proba(X), model.predict_proba(X))


@pytest.mark.parametrize("last", [LogisticRegression(), tiny()], ids=["logistic", "network"])
def test_a_pipeline_of_everything(last, path):
    union = FeatureUnion([("pca", PCA(4)), ("log", FunctionTransformer(np.log1p))])
    model = make_pipeline(SimpleImputer(), StandardScaler(), union, RobustScaler(), last)
    model.fit(X, Y)
    loaded = round_trip(model, path)
    assert_array_equal(loaded.predict_proba(X), model.predict_proba(X))
    assert_array_equal(loaded.classes_, model.classes_)
    assert estimator_html_repr(loaded)
    assert loaded.n_features_in_ == 12


def test_a_splitter_is_left_out_with_a_warning(path):
    model = CalibratedClassifierCV(LogisticRegression(), cv=KFold(3)).fit(X, Y)
    with pytest.warns(UserWarning, match="model/cv"):
        skecg.save(model, path)
    assert_array_equal(skecg.load(path).predict_proba(X), model.predict_proba(X))


def test_names_of_columns(path):
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(X, columns=[f"t{i}" for i in range(12)])
    model = make_pipeline(StandardScaler().set_output(transform="pandas"), PCA(2)).fit(frame)
    loaded = round_trip(model, path)
    assert_array_equal(loaded.transform(frame), model.transform(frame))
    assert list(loaded.get_feature_names_out()) == ["pca0", "pca1"]
    with pytest.raises(ValueError, match="feature names"):
        loaded.transform(frame.rename(columns={"t0": "other"}))


# What is refused ----------------------------------------------------------------------------------


@pytest.mark.parametrize("step", [SVC(), PolynomialFeatures()])
def test_another_step_is_named_with_what_can_hold_it(step, path):
    inner = Pipeline([("scale", StandardScaler()), ("mine", step)])
    with pytest.raises(TypeError, match=rf"^step 'mine' .*sklearn\..*{type(step).__name__}") as e:
        skecg.save(inner, path)
    assert "joblib or skops can hold it" in str(e.value)
    outer = Pipeline([("whole", inner), ("last", tiny())])
    with pytest.raises(TypeError, match=r"^step 'mine' of step 'whole' "):
        skecg.save(outer, path)
    with pytest.raises(TypeError, match=r"^step 'mine' .*joblib or skops"):
        skecg.save(FeatureUnion([("mine", step)]), path)
    assert not path.exists()


def test_a_search_names_its_best_estimator(path):
    search = GridSearchCV(LogisticRegression(), {"C": [1.0, 2.0]}, cv=2).fit(X, Y)
    with pytest.raises(TypeError, match=r"a search, .*save\(search.best_estimator_"):
        skecg.save(search, path)
    assert_array_equal(round_trip(search.best_estimator_, path).predict(X), search.predict(X))


def double(X):
    return X * 2


@pytest.mark.parametrize("function", [double, lambda X: X, np.load, np.savetxt, np.vectorize(abs)])
def test_a_function_that_a_file_may_not_name(function, path):
    step = FunctionTransformer(function)
    with pytest.raises(TypeError, match=r"^step 'f' \(model/steps/0/1/func\) is .*joblib"):
        skecg.save(Pipeline([("f", step)]), path)


@pytest.mark.parametrize("name", [
    "os.system", "numpy.load", "numpy.fromfile", "numpy.f2py", "numpy.frompyfunc", "numpy.ufunc",
    "numpy.__dict__", "numpy.testing.run_module_suite", "numpy.random.seed", "builtins.eval",
    "skecg.signal.Beats", "skecg.signal.AAMI_CLASSES", "skecg.signal._r_peaks", "skecg.load",
    "skecg.signal.np", "numpy.ctypeslib", "numpy.memmap", "", "log1p", ".", "numpy.", None, 3,
    ["numpy.log1p"], {"$function": "numpy.log1p"},
])  # fmt: skip
def test_names_that_are_not_of_the_list(name, path):
    skecg.save(FunctionTransformer(np.log1p), path)
    forgery = Forgery(path.read_bytes())
    forgery.node["params"]["func"] = {"$function": name}
    path.write_bytes(forgery.content())
    with pytest.raises(ModelFileError, match="is not one that a file may name"):
        skecg.load(path)


def test_functions_only_where_a_function_is_a_parameter(path):
    skecg.save(skecg.BeatSegmenter(), path)
    forgery = Forgery(path.read_bytes())
    forgery.node["params"]["detector"] = {"$function": "numpy.log1p"}
    path.write_bytes(forgery.content())
    with pytest.raises(ModelFileError, match="unknown tag"):
        skecg.load(path)


def test_every_function_has_one_name():
    for function in (np.log1p, np.abs, np.clip, resample, np.nan_to_num):
        assert function_of_name(function_name(function)) is function


FORGED = [
    ("mean_", None), ("mean_", [0.0] * 12), ("mean_", {"$strings": {
        "dtype": "object", "shape": [12], "values": ["x"] * 12}}), ("n_samples_seen_", -1),
    ("n_samples_seen_", "x"), ("n_samples_seen_", 10**60), ("n_features_in_", 13),
    ("n_features_in_", 10**12), ("n_features_in_", True), ("feature_names_in_", "x"),
    ("predict", 3), ("transform", {"$array": "x"}), ("__class__", 1),
]  # fmt: skip


@pytest.mark.parametrize(("name", "value"), FORGED, ids=repr)
def test_forged_attributes_of_a_scaler(name, value, path):
    skecg.save(StandardScaler().fit(X), path)
    forgery = Forgery(path.read_bytes())
    forgery.node["learned"][name] = value
    path.write_bytes(forgery.content())
    with pytest.raises(
        ModelFileError, match=r"of a StandardScaler are|of a StandardScaler is|miss"
    ):
        skecg.load(path)


@pytest.mark.parametrize("estimator", [
    StandardScaler(), MinMaxScaler(), RobustScaler(), SimpleImputer(), PCA(3), LogisticRegression(),
    CalibratedClassifierCV(LogisticRegression(), cv=2),
    CalibratedClassifierCV(LogisticRegression(), cv=2, method="isotonic"),
], ids=repr)  # fmt: skip
def test_arrays_of_another_shape_or_type_and_missing_attributes(estimator, path):
    skecg.save(estimator.fit(X, Y), path)
    content = path.read_bytes()
    for name, entry in Forgery(content).table.items():
        for change in ({"shape": [1, *entry["shape"]]}, {"dtype": "U64"}):
            if change == {"dtype": "U64"} and entry["dtype"] != "F64":
                continue
            forgery = Forgery(content)
            forgery.table[name] = {**entry, **change}
            path.write_bytes(forgery.content())
            with pytest.raises(ModelFileError):
                skecg.load(path)
    for name in Forgery(content).node["learned"]:
        if name == "_fill_dtype" or (name, type(estimator)) == (
            "n_features_in_", CalibratedClassifierCV
        ):  # fmt: skip
            continue  # not in every version of scikit-learn
        forgery = Forgery(content)
        del forgery.node["learned"][name]
        path.write_bytes(forgery.content())
        with pytest.raises(ModelFileError):
            skecg.load(path)


@pytest.mark.parametrize("value", [
    None, [], [{}], [3], [{"estimator": None, "calibrators": []}],
    [{"estimator": {"$estimator": {"class": "AreaResize", "params": {}, "learned": {}}},
      "calibrators": []}],
    [{"__class__": 3}],
], ids=repr)  # fmt: skip
def test_forged_parts_of_a_calibration(value, path):
    skecg.save(CalibratedClassifierCV(LogisticRegression(), cv=2).fit(X, Y), path)
    forgery = Forgery(path.read_bytes())
    forgery.node["learned"]["parts"] = value
    path.write_bytes(forgery.content())
    with pytest.raises(ModelFileError):
        skecg.load(path)


def test_an_imputer_of_strings_or_with_an_indicator_is_refused_with_its_step(path):
    gaps = np.where(X < 0.1, np.nan, X)
    words = np.array([["a"], ["b"], ["a"]], object)
    for imputer, data in (
        (SimpleImputer(add_indicator=True), gaps),
        (SimpleImputer(strategy="most_frequent"), words),
    ):
        with pytest.raises(TypeError, match=r"step 'simpleimputer' .*joblib or skops"):
            skecg.save(make_pipeline(imputer.fit(data)), path)
