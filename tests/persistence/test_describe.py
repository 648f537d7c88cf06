from __future__ import annotations

import hashlib

import numpy as np
import pytest
from estimators import Perceptron
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import make_pipeline

import skecg
from skecg import BeatSegmenter, ECGNeuralClassifier, ECGResidualCNNClassifier


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
    lines = [line.split(maxsplit=1) for line in skecg.describe(tmp_path / "m").splitlines()[1:8]]
    assert lines == [
        ["step", "'beatsegmenter'"], ["estimator", "BeatSegmenter(sampling_rate=250)"],
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
