from __future__ import annotations

import hashlib

import numpy as np
import pytest
from estimators import Perceptron
from sklearn.calibration import CalibratedClassifierCV
from sklearn.decomposition import PCA
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

import skecg
from skecg import BeatSegmenter, ECGNeuralClassifier, ECGResidualCNNClassifier
from skecg.signal import lead_numbers


@pytest.fixture
def data():
    rng = np.random.default_rng(0)
    y = np.array(["N", "V"])[np.arange(30) % 3 // 2]
    return rng.normal(size=(30, 40)).astype(np.float32), y


def tiny(**params) -> ECGResidualCNNClassifier:
    return ECGResidualCNNClassifier(n_filters=2, n_hidden=4, max_epochs=2, **params)


def test_the_card_tells_what_there_is(data, tmp_path):
    people = np.arange(30) % 5
    clf = tiny(class_weight="balanced", random_state=3).fit(*data, groups=people)
    skecg.save(clf, tmp_path / "m", metrics={"accuracy": np.float32(0.5), "on": "DS2"})
    lines = skecg.describe(tmp_path / "m").splitlines()
    digest = hashlib.sha256(b"0\n1\n2\n3\n4").hexdigest()
    loss = clf.history_[-1]["train_loss"]
    assert lines[0] == "skecg model file"
    assert dict(line.split(maxsplit=1) for line in lines[1:8]) == {
        "estimator": "ECGResidualCNNClassifier(class_weight='balanced', max_epochs=2, n_filters=2, "
        "n_hidden=4, random_state=3)",
        "network": f"ResidualCNN, {clf.n_parameters_} weights",
        "input": "samples of shape (40,)",
        "classes": "'N': 20, 'V': 10",
        "trained": f"on    30 samples, 5 subjects (SHA-256 of their ids {digest})",
        "epochs": f"2, train_loss {loss:.4g}",
        "metric": "accuracy: 0.5",
    }
    assert lines[8] == "metric        on: 'DS2'"
    assert lines[9].startswith("written by    skecg 0.")
    assert len(lines) == 10


def test_classes_have_the_order_of_the_standard(tmp_path):
    X, y = np.random.default_rng(0).standard_normal((30, 40)), np.array(["F", "V", "N"] * 10)
    skecg.save(tiny().fit(X, y), tmp_path / "m")
    assert "classes       'N': 10, 'V': 10, 'F': 10" in skecg.describe(tmp_path / "m")
    skecg.save(tiny().fit(X[5:], y[5:]), tmp_path / "m")
    assert "classes       'N': 9, 'V': 8, 'F': 8" in skecg.describe(tmp_path / "m")
    card = skecg.describe(skecg.pretrained_path("mitbih-aami"))
    assert "classes       'N', 'S', 'V', 'F'" in card


def test_without_groups_the_card_says_so(data, tmp_path):
    skecg.save(tiny().fit(*data), tmp_path / "m")
    assert "trained on    30 samples, subjects not given" in skecg.describe(tmp_path / "m")


def test_later_samples_make_the_subjects_unknown(data, tmp_path):
    clf = tiny().fit(*data, groups=np.arange(30) % 5).partial_fit(*data)
    skecg.save(clf, tmp_path / "m")
    card = skecg.describe(tmp_path / "m")
    assert "classes       'N': 40, 'V': 20" in card
    assert "trained on    60 samples, subjects not given" in card


def test_every_step_of_a_pipeline_has_its_lines(data, tmp_path):
    model = make_pipeline(BeatSegmenter(sampling_rate=250), "passthrough", tiny())
    skecg.save(model, tmp_path / "m")
    lines = [line.split(maxsplit=1) for line in skecg.describe(tmp_path / "m").splitlines()[1:9]]
    assert lines == [
        ["step", "'beatsegmenter'"], ["estimator", "BeatSegmenter(sampling_rate=250)"],
        ["sampling", "rate 250 Hz"],
        ["step", "'passthrough'"], ["estimator", "'passthrough'"],
        ["step", "'ecgresidualcnnclassifier'"],
        ["estimator", "ECGResidualCNNClassifier(max_epochs=2, n_filters=2, n_hidden=4)"],
        ["not", "fitted"],
    ]  # fmt: skip


def test_frozen_layers_and_what_was_left_out(data, tmp_path):
    source = FrozenEstimator(tiny().fit(*data))
    clf = tiny(init_from=source, n_trainable_layers=1, random_state=np.random.RandomState(0))
    with pytest.warns(UserWarning, match="random_state"):
        skecg.save(clf.fit(*data), tmp_path / "m")
    card = skecg.describe(tmp_path / "m")
    assert "frozen        features.0.weight, " in card
    assert "left out      model/random_state" in card


def test_a_network_of_ones_own_needs_only_its_name(data, tmp_path):
    clf = ECGNeuralClassifier(module=Perceptron, max_epochs=1).fit(*data)
    skecg.save(clf, tmp_path / "m")
    assert "ECGNeuralClassifier(max_epochs=1, module=<Perceptron>)" in skecg.describe(
        tmp_path / "m"
    )


def test_a_file_cannot_command_the_terminal(data, tmp_path):
    labels = np.where(data[1] == "N", "N", "\x1b[2J\u202e")
    skecg.save(
        tiny().fit(data[0], labels), tmp_path / "m", metrics={"\x1b]0;owned\x07": "\x1b[31m"}
    )
    card = skecg.describe(tmp_path / "m")
    assert all(line.isprintable() for line in card.splitlines())
    assert "\\x1b]0;owned\\x07: " in card


@pytest.fixture
def records():
    return np.tile(np.arange(100) == 50, (4, 10)).astype(float), ["a", "b", "a", "b"]


@pytest.mark.parametrize("segmenter", [None, BeatSegmenter(), BeatSegmenter(sampling_rate=125)])
def test_the_sampling_rate_is_shown_whatever_holds_it(segmenter, records, tmp_path):
    X, y = records
    clf = skecg.BeatVoteClassifier(segmenter, tiny())
    if segmenter is not None:
        skecg.save(clf, tmp_path / "unfitted")
        assert "\nsampling rate 125 Hz\n" in skecg.describe(tmp_path / "unfitted")
    skecg.save(clf.fit(X, y), tmp_path / "m")
    assert "\nsampling rate 125 Hz\n" in skecg.describe(tmp_path / "m")
    assert skecg.load(tmp_path / "m").segmenter_.sampling_rate == 125
    model = make_pipeline(StandardScaler(), BeatSegmenter(sampling_rate=360.0), tiny())
    skecg.save(model, tmp_path / "m")
    assert "\nsampling rate 360.0 Hz\n" in skecg.describe(tmp_path / "m")


def test_unions_and_calibrations(data, tmp_path):
    X, y = data
    union = FeatureUnion([("pca", PCA(20)), ("scale", StandardScaler()), ("none", "drop")])
    model = make_pipeline(union, CalibratedClassifierCV(tiny(), cv=2))
    skecg.save(model, tmp_path / "m")
    assert "not fitted" in skecg.describe(tmp_path / "m")
    skecg.save(model.fit(X, y), tmp_path / "m")
    lines = [line.split(maxsplit=1) for line in skecg.describe(tmp_path / "m").splitlines()[1:14]]
    assert lines[:7] == [
        ["step", "'featureunion'"], ["step", "'pca'"], ["estimator", "PCA(n_components=20)"],
        ["step", "'scale'"], ["estimator", "StandardScaler()"], ["step", "'none'"],
        ["estimator", "'drop'"],
    ]  # fmt: skip
    assert lines[9] == ["calibrated", "2 classifiers"]
    assert lines[12] == ["input", "samples of shape (60,)"]


def test_a_function_has_its_name_and_no_address(tmp_path):
    skecg.save(FunctionTransformer(lead_numbers), tmp_path / "model")
    card = skecg.describe(tmp_path / "model")
    assert "FunctionTransformer(func=lead_numbers)" in card


def test_long_lines_are_cut(data, tmp_path):
    skecg.save(tiny(), tmp_path / "m", metrics={"text": "x" * 10_000})
    lines = skecg.describe(tmp_path / "m").splitlines()
    assert max(map(len, lines)) < 4100
    assert any(line.endswith("... and 6,008 characters more") for line in lines)
