"""A fitted model is one model: its probabilities are the same on every processor."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from estimators import CLASSIFIERS, Perceptron
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone

import skecg
from skecg import training

ROOT = Path(__file__).resolve().parents[2]
# Kernels of processors of other generations: of oneDNN, which convolves, and of PyTorch itself.
PROCESSORS = {
    "SSE4.1": {"ONEDNN_MAX_CPU_ISA": "SSE41", "ATEN_CPU_CAPABILITY": "default"},
    "AVX2": {"ONEDNN_MAX_CPU_ISA": "AVX2", "ATEN_CPU_CAPABILITY": "avx2"},
    "AVX-512": {"ONEDNN_MAX_CPU_ISA": "AVX512_CORE"},
}
PREDICT = """
import sys
import numpy as np
sys.path[:0] = sys.argv[1:3]
import skecg
from estimators import Perceptron
from pathlib import Path
X = np.load(sys.argv[3] + "/X.npy")
for path in Path(sys.argv[3]).glob("*.safetensors"):
    classifier = skecg.load(path, modules={"Perceptron": Perceptron})
    np.savez(path.with_suffix(".npz"), p=classifier.predict_proba(X), e=classifier.embed(X))
"""
# Each takes six seconds; one is enough for the default run.
every_processor = pytest.mark.parametrize(
    "processor",
    [pytest.param(name, marks=() if name == "AVX2" else pytest.mark.slow) for name in PROCESSORS],
)
TRAIN = """
import sys
import numpy as np
sys.path[:0] = sys.argv[1:3]
from estimators import CLASSIFIERS
from sklearn.base import clone
from torch import nn
import skecg
from skecg import networks, training
y = np.arange(48) % 3
X = np.random.default_rng(0).normal(y[:, None, None], 1, (48, 2, 40)).astype(np.float32)
one_epoch = {"max_epochs": 1, "random_state": 0, "precision": "bfloat16"}
for classifier in CLASSIFIERS:
    assert np.isfinite(clone(classifier).set_params(**one_epoch).fit(X, y).predict_proba(X)).all()

class Reader(nn.Module):
    def __init__(self, input_shape, n_classes):
        super().__init__()
        self.lstm, self.head = nn.LSTM(40, 8, batch_first=True), nn.Linear(8, n_classes)
    def forward(self, x):
        return self.head(self.lstm(x)[0][:, -1])

training._device.cpu_has_bfloat16_units = lambda: True
skecg.ECGNeuralClassifier(Reader, max_epochs=1).fit(X, y)
try:
    skecg.ECGNeuralClassifier(Reader, **one_epoch).fit(X, y)
except ValueError as error:
    assert "skecg.networks.LSTM" in str(error), error
    assert not networks.cpu_has_bfloat16_lstm()
else:
    assert networks.cpu_has_bfloat16_lstm()
"""


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """Save every classifier, trained as this machine trains, with its probabilities here."""
    folder = tmp_path_factory.mktemp("models")
    rng = np.random.default_rng(0)
    y = np.arange(48) % 3
    X = rng.normal(y[:, None, None], 1, (48, 2, 40)).astype(np.float32)
    np.save(folder / "X.npy", X)
    here = {}
    for classifier in CLASSIFIERS:
        fitted = clone(classifier).set_params(max_epochs=2, random_state=0).fit(X, y)
        name = type(classifier).__name__
        skecg.save(fitted, folder / f"{name}.safetensors")
        here[name] = fitted.predict_proba(X), fitted.embed(X)
    return folder, here


@every_processor
def test_probabilities_agree_to_the_fifth_decimal(saved, processor):
    folder, here = saved
    environment = {**os.environ, **PROCESSORS[processor]}
    command = [sys.executable, "-c", PREDICT, str(ROOT), str(ROOT / "tests"), str(folder)]
    subprocess.run(command, env=environment, check=True)
    for name, (probabilities, features) in here.items():
        with np.load(folder / f"{name}.npz") as there:
            assert_allclose(there["p"], probabilities, atol=1e-5, err_msg=name)
            assert_allclose(there["e"], features, atol=1e-4, rtol=1e-4, err_msg=name)


@every_processor
def test_everything_trains_in_bfloat16(processor):
    environment = {**os.environ, **PROCESSORS[processor]}
    subprocess.run(
        [sys.executable, "-c", TRAIN, str(ROOT), str(ROOT / "tests")], env=environment, check=True
    )


@pytest.mark.parametrize("has_units", [True, False])
def test_units_for_bfloat16_change_training_and_not_prediction(monkeypatch, has_units):
    monkeypatch.setattr(training._device, "cpu_has_bfloat16_units", lambda: has_units)
    rng = np.random.default_rng(0)
    y = np.arange(48) % 3
    X = rng.normal(y[:, None, None], 1, (48, 2, 40)).astype(np.float32)
    auto = skecg.ECGNeuralClassifier(Perceptron, max_epochs=2, random_state=0).fit(X, y)
    same = "bfloat16" if has_units else "float32"
    named = clone(auto).set_params(precision=same).fit(X, y)
    for weight, other in zip(auto.module_.parameters(), named.module_.parameters()):
        assert_array_equal(weight.detach().numpy(), other.detach().numpy())
    probabilities = auto.predict_proba(X)
    monkeypatch.setattr(training._device, "cpu_has_bfloat16_units", lambda: not has_units)
    assert_array_equal(auto.predict_proba(X), probabilities)
    differs = not np.array_equal(named.predict_proba(X), probabilities)
    assert differs == has_units  # only bfloat16 asked for by name predicts in it
