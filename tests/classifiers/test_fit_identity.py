"""checkpoint_dir: what must be the same again, and what is said when it is not."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from resumable import N_EPOCHS, Kill, assert_resumes, assert_same, kill, small
from sklearn.base import clone
from skorch.callbacks import Callback
from torch import nn

from skecg import (
    ECGNeuralClassifier,
)
from skecg.classifiers import _fit_identity
from skecg.training import Cosine


def another_value(X, y):
    X = X.copy()
    X[7, 1, 3] = np.nextafter(X[7, 1, 3], 9, dtype=np.float32)
    return {"X": X}


def another_order(X, y):
    return {"X": X[::-1], "y": y[::-1]}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (another_value, "X is not the same"),
        (another_order, "X is not the same, y is not the same"),
        (lambda X, y: {"X": X[:, ::-1]}, "X is not the same"),
        (lambda X, y: {"y": np.roll(y, 1)}, "y is not the same"),
        (lambda X, y: {"y": y.astype(str)}, "y is not the same"),
        (
            lambda X, y: {"sample_weight": np.arange(40)},
            "X is not the same, y is not the same, sample_weight or class_weight is not the same, "
            "groups is not the same",  # the sample of weight 0 is left out
        ),
        (
            lambda X, y: {"sample_weight": np.arange(1, 41)},
            "sample_weight or class_weight is not the same",
        ),
        (lambda X, y: {"groups": np.arange(40) % 5}, "groups is not the same"),
        (lambda X, y: {"groups": None}, "groups is not the same"),
    ],
)
def test_other_samples_are_refused(beats, folder, change, reason):
    given = {"X": beats[0], "y": beats[1], "groups": np.arange(40) % 4}
    classifier = small(folder, early_stopping=True).fit(**given)
    before = (folder / "checkpoint.safetensors").read_bytes()
    classifier.fit(**given | {"groups": np.array(list("abcd"))[np.arange(40) % 4]})  # the same
    with pytest.raises(ValueError, match=f"another fit: {reason}. A folder has") as caught:
        classifier.fit(**{**given, **change(*beats)})
    assert "remove the file to begin anew" in str(caught.value)
    assert (folder / "checkpoint.safetensors").read_bytes() == before


@pytest.mark.parametrize(
    ("params", "reason"),
    [
        ({"learning_rate": 0.01}, r"learning_rate was 0\.003 and is 0\.01"),
        ({"max_epochs": 4}, "max_epochs was 3 and is 4"),
        (
            {"optimizer": torch.optim.AdamW},
            'optimizer was "adamw" and is "torch.optim.adamw.AdamW"',
        ),
        ({"lr_schedule": None}, 'lr_schedule was "one-cycle" and is null'),
        ({"lr_schedule": Cosine()}, "lr_schedule was|lr_schedule is not the same"),
        ({"class_weight": "balanced"}, "sample_weight or class_weight is not the same"),
        ({"random_state": 1}, "random_state was 0 and is 1"),
        ({"random_state": None}, "random_state was 0 and is None"),
        (
            {"precision": "float64"},  # in which X is read, and in which the weights are
            "X is not the same, precision was float32 and is float64, the network is not the same",
        ),
        (
            {"precision": "bfloat16"},
            "precision was float32 and is float32 with products in bfloat16, also in prediction",
        ),
        ({"n_threads": 2}, "n_threads was 1 and is 2"),
        ({"n_hidden": 5}, "the network is not the same, n_hidden was 4 and is 5"),
        ({"dropout": 0.2}, r"the network is not the same, dropout was 0\.3 and is 0\.2"),
    ],
    ids=str,
)
def test_other_parameters_are_refused(beats, folder, params, reason):
    classifier = small(folder, precision="float32").fit(*beats)
    with pytest.raises(ValueError, match=f"another fit: ({reason})[.,]"):
        classifier.set_params(**params).fit(*beats)


@pytest.mark.parametrize("params", [{"verbose": 2}, {"callbacks": [Callback()]}, {"device": "cpu"}])
def test_what_does_not_decide_the_result_may_change(beats, folder, params):
    kill(small(folder), *beats)
    resumed = small(folder, **params).fit(*beats)
    assert_same(resumed, small().fit(*beats), beats[0])


def test_numbers_of_numpys_are_the_same_numbers(beats, folder):
    kill(small(folder), *beats)
    params = {"max_epochs": np.int64(3), "dropout": np.float64(0.3), "random_state": np.int64(0)}
    small(folder, **params, callbacks=[Kill(0)]).fit(*beats)  # goes on after the first epoch


def one_layer(input_shape, n_classes, activation=nn.Identity):
    return nn.Sequential(nn.Flatten(), nn.Linear(80, n_classes), activation())


def another_layer(input_shape, n_classes):
    return nn.Sequential(nn.Flatten(), nn.Linear(80, n_classes))


class Falling:
    """A schedule of the user's, an object."""

    def __init__(self, slope):
        self.slope, self.unknown = slope, object()

    def __call__(self, step, n_steps, steps_per_epoch):
        return 1 - self.slope * step / n_steps


def test_a_network_and_a_schedule_of_the_users(beats, folder):
    classifier = ECGNeuralClassifier(
        module=one_layer, lr_schedule=Falling(0.5), random_state=0, max_epochs=N_EPOCHS,
        module_params={"activation": nn.Identity}, n_threads=1,
    )  # fmt: skip
    assert_resumes(classifier, *beats, folder)
    classifier.set_params(checkpoint_dir=folder, lr_schedule=Falling(0.5)).fit(*beats)  # equal
    for params, reason in {
        "another class": ({"module": another_layer, "module_params": None}, "the network"),
        "another argument": ({"module_params": {"activation": nn.Tanh}}, "the network"),
        "another schedule": ({"lr_schedule": Falling(0.4)}, "lr_schedule"),
    }.values():
        with pytest.raises(ValueError, match=f"another fit: {reason} (was|is not)"):
            clone(classifier).set_params(**params).fit(*beats)


@pytest.mark.parametrize("package", ["skecg", "torch"])
def test_another_version_is_refused(beats, folder, monkeypatch, package):
    small(folder).fit(*beats)
    patched = {"skecg": (_fit_identity, "__version__"), "torch": (torch, "__version__")}[package]
    monkeypatch.setattr(*patched, "99.0")
    for path in (folder, folder.parent / "{fit}"):
        with pytest.raises(ValueError, match=rf"the version of {package} was .* and is 99\.0\."):
            small(path).fit(*beats)
        monkeypatch.undo()
        small(folder.parent / "{fit}").fit(*beats)  # its folder has a name without the version
        monkeypatch.setattr(*patched, "99.0")
