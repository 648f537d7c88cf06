from __future__ import annotations

import builtins
import json
import warnings

import numpy as np
import pandas as pd
import pytest
from estimators import Perceptron
from fitted_classifiers import LABELS, NAMES, fitted
from imblearn.over_sampling import RandomOverSampler
from imblearn.pipeline import make_pipeline as make_imblearn_pipeline
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.decomposition import PCA
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, MinMaxScaler, RobustScaler, StandardScaler

import skecg
from skecg import (
    BeatSegmenter,
    BeatVoteClassifier,
    ECGCNN2DClassifier,
    ECGNeuralClassifier,
    ECGResidualCNNClassifier,
    NDSampler,
    SignalFilter,
    SignalResampler,
    SignalScaler,
)

ort = pytest.importorskip("onnxruntime", reason='pip install "skecg[onnx]"')
onnx = pytest.importorskip("onnx", reason='pip install "skecg[onnx]"')
pytest.importorskip("onnxscript", reason='pip install "skecg[onnx]"')

RNG = np.random.default_rng(0)
SMALL = {"n_filters": 2, "n_blocks": 1, "max_epochs": 1, "random_state": 0, "device": "cpu"}


def session(path):
    return ort.InferenceSession(path, providers=["CPUExecutionProvider"])


def metadata(path):
    return session(path).get_modelmeta().custom_metadata_map


def assert_same(path, estimator, X, dtype=np.float32):
    """Compare with 1, 2 and all samples; the graph was traced with 3."""
    loaded = session(path)
    for n in (1, 2, len(X)):
        (found,) = loaded.run(None, {"X": X[:n].astype(dtype)})
        assert found.dtype == np.float32
        np.testing.assert_allclose(found, estimator.predict_proba(X[:n]), rtol=0, atol=1e-5)


@pytest.fixture(scope="module")
def beats():
    """A fitted classifier of signals of two leads, and samples."""
    X = RNG.standard_normal((24, 2, 40)).astype(np.float32)
    return ECGResidualCNNClassifier(**SMALL).fit(X, LABELS[np.arange(24) % 3]), X


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_the_graph_of_every_classifier_gives_its_probabilities(name, tmp_path):
    classifier, X = fitted(name, "float32")
    if name == "ECGNeuralClassifier":  # which does not scale the bytes, so that nothing is open
        X = X / 255
        classifier = clone(classifier).fit(np.tile(X, (4, 1, 1, 1)), LABELS[np.arange(20) % 3])
    with warnings.catch_warnings(action="error"):
        skecg.export_onnx(classifier, tmp_path / "m.onnx")
    onnx.checker.check_model(onnx.load(tmp_path / "m.onnx"), full_check=True)
    assert_same(tmp_path / "m.onnx", classifier, np.tile(X, (4,) + (1,) * (X.ndim - 1)))
    assert {path.name for path in tmp_path.iterdir()} == {"m.onnx"}


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_a_classifier_of_float64_is_rounded(name, tmp_path):
    classifier, X = fitted(name, "float64")
    skecg.export_onnx(classifier, tmp_path / "m.onnx")
    assert_same(tmp_path / "m.onnx", classifier, X)


def test_several_labels_have_probabilities_of_their_own(tmp_path):
    X = np.random.default_rng(0).standard_normal((30, 40)).astype(np.float32)
    labels = np.column_stack([X[:, 0] > 0, X[:, 1] > 0, X[:, 2] > 0]).astype(int)
    classifier = ECGResidualCNNClassifier(**SMALL).fit(X, labels)
    skecg.export_onnx(classifier, tmp_path / "m.onnx")
    assert_same(tmp_path / "m.onnx", classifier, X)
    assert metadata(tmp_path / "m.onnx")["output"] == "probabilities of the labels, each by itself"


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in NAMES if "Residual" not in name])
def test_pictures_may_stay_bytes(name, tmp_path):
    classifier, X = fitted(name, "float32")
    if X.dtype == np.uint8:
        skecg.export_onnx(classifier, tmp_path / "m.onnx", input_type="uint8")
        assert_same(tmp_path / "m.onnx", classifier, X, np.uint8)
        assert metadata(tmp_path / "m.onnx")["input_type"] == "uint8"


def test_the_metadata_say_what_goes_in_and_comes_out(beats, tmp_path):
    classifier, X = beats
    path = tmp_path / "m.onnx"
    skecg.export_onnx(classifier, path, sampling_rate=125)
    assert_same(path, classifier, X)
    scaling = {
        "mean": "of each lead, over its time steps",
        "scale": float(classifier.module_.scale),
    }
    assert metadata(path) == {
        "skecg_version": skecg.__version__,
        "estimator": "ECGResidualCNNClassifier",
        "classes": '["N", "S", "V"]',
        "input_shape": '["n_samples", 2, 40]',
        "input_type": "float32",
        "sampling_rate": "125",
        "scaling": json.dumps([scaling]),
        "steps_before": "[]",
        "feature_names": "null",
        "output": "probabilities of the classes; the values of a row sum to 1",
    }
    (x,), (y,) = session(path).get_inputs(), session(path).get_outputs()
    assert (x.name, x.shape, x.type) == ("X", ["n_samples", 2, 40], "tensor(float)")
    assert (y.name, y.shape, y.type) == ("probabilities", ["n_samples", 3], "tensor(float)")


@pytest.mark.slow
def test_the_file_names_no_file_of_this_machine_and_the_classifier_is_as_before(beats, tmp_path):
    classifier, X = beats
    before = classifier.predict_proba(X)
    skecg.export_onnx(classifier, tmp_path / "a.onnx")
    skecg.export_onnx(classifier, tmp_path / "b.onnx")
    content = (tmp_path / "a.onnx").read_bytes()
    assert content == (tmp_path / "b.onnx").read_bytes()
    assert b".py" not in content
    assert b"skecg/" not in content
    assert np.array_equal(classifier.predict_proba(X), before)


ROWS = {
    "leads in a row": (ECGResidualCNNClassifier(n_leads=2, **SMALL), 80),
    "numbers beside": (ECGResidualCNNClassifier(n_leads=2, n_side_features=3, **SMALL), 83),
    "a picture in a row": (
        ECGCNN2DClassifier(
            image_shape=(2, 8, 10), width=2, n_blocks=1, n_hidden=4, max_epochs=1, scale="unit",
            device="cpu",
        ),
        160,
    ),
}  # fmt: skip


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=() if "beside" in n else pytest.mark.slow) for n in ROWS]
)
def test_rows_are_reshaped_in_the_graph(name, tmp_path):
    classifier, n_columns = ROWS[name]
    X = RNG.standard_normal((12, n_columns)).astype(np.float32)
    classifier = clone(classifier).fit(X, np.arange(12) % 2)
    skecg.export_onnx(classifier, tmp_path / "m.onnx")
    assert_same(tmp_path / "m.onnx", classifier, X)
    assert json.loads(metadata(tmp_path / "m.onnx")["classes"]) == [0, 1]


# Pipelines ----------------------------------------------------------------------------------------

SCALERS = {
    "lead": SignalScaler(),
    "sample": SignalScaler(by="sample", method="minmax"),
    "training": SignalScaler(by="training"),
    "training, minmax": SignalScaler(by="training", method="minmax"),
}


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=() if n == "lead" else pytest.mark.slow) for n in SCALERS]
)
def test_signal_scalers_are_in_the_graph(name, tmp_path):
    X = (RNG.standard_normal((12, 2, 40)) * 50 + 1000).astype(np.float32)
    X[:, 1, :] *= 0.01
    X[3, 0] = 7.1  # a lead of one value
    model = make_pipeline(clone(SCALERS[name]), ECGResidualCNNClassifier(**SMALL))
    model.fit(X, np.arange(12) % 2)
    with warnings.catch_warnings(action="error"):
        skecg.export_onnx(model, tmp_path / "m.onnx")
    assert_same(tmp_path / "m.onnx", model, X)
    scaling, _ = json.loads(metadata(tmp_path / "m.onnx")["scaling"])  # and that of the network
    assert scaling["estimator"] == "SignalScaler"
    assert scaling["parameters"] == model[0].get_params()


@pytest.mark.slow
@pytest.mark.parametrize(
    "scaler",
    [
        StandardScaler(),
        StandardScaler(with_mean=False),
        RobustScaler(with_scaling=False),
        MinMaxScaler(clip=True),
    ],
    ids=repr,
)
def test_scikit_learns_scalers_are_in_the_graph(scaler, tmp_path):
    X = pd.DataFrame(RNG.standard_normal((14, 40)) * 5 + 3, columns=[f"t{i}" for i in range(40)])
    model = make_pipeline(clone(scaler).set_output(transform="pandas"), "passthrough")
    model.steps.append(("net", ECGResidualCNNClassifier(**SMALL)))
    model.fit(X[:12], np.arange(12) % 2)
    skecg.export_onnx(model, tmp_path / "m.onnx")
    (found,) = session(tmp_path / "m.onnx").run(None, {"X": (2 * X).to_numpy(np.float32)})
    np.testing.assert_allclose(found, model.predict_proba(2 * X), rtol=0, atol=1e-5)
    assert json.loads(metadata(tmp_path / "m.onnx")["feature_names"])[:2] == ["t0", "t1"]


@pytest.mark.slow
def test_steps_before_are_named_and_left_to_the_caller(tmp_path):
    X = RNG.standard_normal((12, 2, 160)).astype(np.float32)
    model = make_pipeline(
        SignalFilter(sampling_rate=250, mains=50),
        make_pipeline(SignalResampler(sampling_rate=250, rate=62.5), SignalScaler()),
        FrozenEstimator(beats_of_40(X)),
    )
    model.fit(X, np.arange(12) % 2)
    path = tmp_path / "m.onnx"
    with pytest.warns(UserWarning, match=r"after 'signalfilter' \(SignalFilter\), 'pipeline__sig"):
        skecg.export_onnx(model, path)
    before = json.loads(metadata(path)["steps_before"])
    assert [step["estimator"] for step in before] == ["SignalFilter", "SignalResampler"]
    assert before[0]["parameters"]["mains"] == 50
    assert metadata(path)["sampling_rate"] == "62.5"
    assert metadata(path)["input_shape"] == '["n_samples", 2, 40]'
    prepared = model[1][0].transform(model[0].transform(X))
    (found,) = session(path).run(None, {"X": prepared})
    np.testing.assert_allclose(found, model.predict_proba(X), rtol=0, atol=1e-5)


def beats_of_40(X):
    return ECGResidualCNNClassifier(**SMALL).fit(X[..., :40], np.arange(len(X)) % 2)


def test_the_sampling_rate_is_that_of_the_pipeline_or_stated(beats, tmp_path):
    path = tmp_path / "m.onnx"
    X = np.tile(np.exp(-0.5 * ((np.arange(100) - 50) / 3) ** 2), (6, 4))
    model = make_pipeline(BeatSegmenter(sampling_rate=125), ECGResidualCNNClassifier(**SMALL))
    model.fit(X, np.arange(6) % 2)
    with pytest.raises(ValueError, match="sampling_rate must be 125 Hz"):
        skecg.export_onnx(model, path, sampling_rate=360)
    with pytest.raises(ValueError, match="positive number of Hz"):
        skecg.export_onnx(beats[0], path, sampling_rate=0)
    assert not path.exists()


@pytest.mark.slow
def test_a_sampler_plays_no_part(tmp_path):
    X = RNG.standard_normal((13, 40)).astype(np.float32)
    sampler = NDSampler(RandomOverSampler(random_state=0))
    model = make_imblearn_pipeline(sampler, ECGResidualCNNClassifier(**SMALL))
    model.fit(X, np.arange(13) % 2)
    with warnings.catch_warnings(action="error"):
        skecg.export_onnx(model, tmp_path / "m.onnx")
    assert_same(tmp_path / "m.onnx", model, X)


# Networks of one's own ----------------------------------------------------------------------------


class OfLength(Perceptron):
    """Reshapes by ``len``, which a tracer makes a constant of."""

    def forward(self, x):
        return super().forward(x.reshape(len(x), -1))


class OfValues(Perceptron):
    def forward(self, x):
        return super().forward(x if x.sum() > 0 else -x)


def user_classifier(module, X):
    classifier = ECGNeuralClassifier(module, max_epochs=1, random_state=0, device="cpu")
    return classifier.fit(X, np.arange(len(X)) % 2)


@pytest.mark.slow
def test_a_network_that_asks_for_len_is_exported_for_any_number(tmp_path):
    X = RNG.standard_normal((12, 3, 5)).astype(np.float32)
    classifier = user_classifier(OfLength, X)
    skecg.export_onnx(classifier, tmp_path / "m.onnx")
    assert_same(tmp_path / "m.onnx", classifier, X)


def test_a_network_that_branches_on_values_is_refused(tmp_path, capfd):
    classifier = user_classifier(OfValues, RNG.standard_normal((12, 3, 5)))
    with pytest.raises(ValueError, match="may neither branch on the values of samples nor depend"):
        skecg.export_onnx(classifier, tmp_path / "m.onnx")
    assert not list(tmp_path.iterdir())
    assert "torch/_guards.py" not in capfd.readouterr().err  # PyTorch's log


# Refusals -----------------------------------------------------------------------------------------


def test_an_unfitted_classifier_is_refused(tmp_path):
    with pytest.raises(NotFittedError):
        skecg.export_onnx(ECGResidualCNNClassifier(), tmp_path / "m.onnx")
    with pytest.raises(NotFittedError):
        skecg.export_onnx(
            make_pipeline(SignalScaler(by="training"), ECGResidualCNNClassifier()), tmp_path / "m"
        )


@pytest.mark.parametrize(
    ("estimator", "message"),
    [
        (LogisticRegression(), "got LogisticRegression: for the classifiers of other libraries"),
        (make_pipeline(StandardScaler(), LogisticRegression()), "got LogisticRegression"),
        (BeatSegmenter(), "got BeatSegmenter"),
        ("model", "got str"),
        (BeatVoteClassifier(BeatSegmenter(), LogisticRegression()), r"estimator\.classifier_"),
        (skecg.BeatAnnotator(skecg.BeatWindows(), LogisticRegression()), r"estimator\.classifier_"),
        (CalibratedClassifierCV(LogisticRegression()), r"calibrated_classifiers_\[0\]\.estimator"),
        (GridSearchCV(LogisticRegression(), {}), r"search\.best_estimator_"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_other_estimators_are_refused_with_the_remedy(estimator, message, tmp_path):
    with pytest.raises(TypeError, match=message):
        skecg.export_onnx(estimator, tmp_path / "m.onnx")


@pytest.mark.parametrize(
    "step", [PCA(3), make_pipeline(SignalScaler(by="training"), FunctionTransformer())], ids=repr
)
def test_a_step_that_has_learned_is_refused(step, tmp_path):
    model = make_pipeline(step, ECGResidualCNNClassifier())
    with pytest.raises(TypeError, match=r"whose numbers learned in fit would be in no file.*-1"):
        skecg.export_onnx(model, tmp_path / "m.onnx")


def test_parameters_changed_after_fit_and_wrong_types_are_refused(beats, tmp_path):
    classifier, X = beats
    changed = clone(classifier).fit(X, np.arange(24) % 2).set_params(n_filters=3)
    with pytest.raises(ValueError, match="were changed after fit"):
        skecg.export_onnx(changed, tmp_path / "m.onnx")
    with pytest.raises(ValueError, match="input_type must be 'float32' or 'uint8'; got 'int8'"):
        skecg.export_onnx(classifier, tmp_path / "m.onnx", input_type="int8")


def test_a_missing_package_is_named(beats, tmp_path, monkeypatch):
    real = builtins.__import__

    def without(name, *args, **kwargs):
        if name.partition(".")[0] == "onnxscript":
            raise ImportError("No module named 'onnxscript'", name="onnxscript")
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ImportError, match=r'onnxscript is missing: pip install "skecg\[onnx\]"'):
        skecg.export_onnx(beats[0], tmp_path / "m.onnx")


def test_a_network_of_more_than_2_gib_is_refused_at_once(beats, tmp_path, monkeypatch):
    monkeypatch.setattr("skecg.persistence._export_onnx._MAX_BYTES", 1000)
    with pytest.raises(ValueError, match="one ONNX file holds 2 GiB"):
        skecg.export_onnx(beats[0], tmp_path / "m.onnx")


@pytest.mark.slow
def test_an_old_file_stays_if_the_new_one_cannot_be_written(beats, tmp_path, monkeypatch):
    path = tmp_path / "m.onnx"
    path.write_bytes(b"old")

    def fail(*args):
        raise OSError("no space left")

    monkeypatch.setattr("os.replace", fail)
    with pytest.raises(OSError, match="no space left"):
        skecg.export_onnx(beats[0], path)
    assert path.read_bytes() == b"old"
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.slow
def test_a_classifier_of_bfloat16_warns(tmp_path):
    X = RNG.standard_normal((12, 40)).astype(np.float32)
    classifier = ECGResidualCNNClassifier(precision="bfloat16", **SMALL)
    classifier.fit(X, np.arange(12) % 2)
    with pytest.warns(UserWarning, match="predicts in bfloat16 and the graph in float32"):
        skecg.export_onnx(classifier, tmp_path / "m.onnx")
    (found,) = session(tmp_path / "m.onnx").run(None, {"X": X})
    np.testing.assert_allclose(found, classifier.predict_proba(X), rtol=0, atol=0.05)
