from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.testing import assert_array_equal
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import make_pipeline

import skecg
from skecg import BeatSegmenter, ECGResidualCNNClassifier, ModelFileError
from skecg.storage import read_classifier


@pytest.fixture
def classifier():
    X = np.random.default_rng(0).normal(size=(12, 40)).astype(np.float32)
    y = np.array(["N", "V"])[np.arange(12) % 2]
    return ECGResidualCNNClassifier(n_filters=2, n_hidden=3, max_epochs=1).fit(X, y)


@pytest.mark.parametrize("place", ["alone", "in a pipeline", "frozen in a pipeline"])
def test_weights_classes_and_parameters_without_the_classifier(classifier, place, tmp_path):
    whole = {
        "alone": classifier,
        "in a pipeline": make_pipeline("passthrough", classifier),
        "frozen in a pipeline": make_pipeline(BeatSegmenter(), FrozenEstimator(classifier)),
    }[place]
    skecg.save(whole, tmp_path / "m")
    stored = read_classifier(tmp_path / "m")
    assert stored.class_name == "ECGResidualCNNClassifier"
    assert stored.params["n_filters"] == 2
    assert_array_equal(stored.classes, ["N", "V"])
    assert not stored.multilabel
    expected = classifier.module_.state_dict()
    assert stored.weights.keys() == expected.keys()
    for name, weights in stored.weights.items():
        assert torch.equal(torch.from_numpy(weights), expected[name])


@pytest.mark.parametrize("estimator", [ECGResidualCNNClassifier(), make_pipeline(BeatSegmenter())])
def test_a_file_without_a_fitted_classifier(estimator, tmp_path):
    skecg.save(estimator, tmp_path / "m")
    with pytest.raises(ModelFileError, match="has no fitted classifier that can be read"):
        read_classifier(tmp_path / "m")
