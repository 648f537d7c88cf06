"""What is easily given by mistake is noticed: axes, subjects, files, shared callbacks."""

from __future__ import annotations

import threading
import warnings

import numpy as np
import pytest
import torch
from skorch.callbacks import Callback
from torch import nn

from skecg import (
    ECGCNN2DClassifier,
    ECGCNNClassifier,
    ECGNeuralClassifier,
    ECGResidualCNNClassifier,
)
from skecg.training import cpu_threads

RNG = np.random.default_rng(0)
Y = np.arange(24) % 2
SIGNALS = RNG.normal(size=(24, 2, 40)).astype(np.float32)


@pytest.mark.parametrize("cls", [ECGResidualCNNClassifier, ECGCNNClassifier])
def test_more_leads_than_time_steps_are_warned_of_with_the_transpose(cls):
    classifier = cls(max_epochs=1)
    with pytest.warns(UserWarning, match=r"40 leads of 2 time steps.*X.transpose\(0, 2, 1\)") as w:
        classifier.fit(SIGNALS.transpose(0, 2, 1), Y)
    assert w[0].filename == __file__  # it points to the line that calls fit
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        classifier.fit(SIGNALS, Y)


def test_pictures_with_channels_last_are_warned_of_with_the_transpose():
    pictures = RNG.integers(0, 256, (24, 9, 8, 3), dtype=np.uint8)
    classifier = ECGCNN2DClassifier(max_epochs=1, width=2, n_blocks=1)
    with pytest.warns(UserWarning, match=r"X.transpose\(0, 3, 1, 2\)") as w:
        classifier.fit(pictures, Y)
    assert w[0].filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        classifier.fit(pictures.transpose(0, 3, 1, 2), Y)


def test_early_stopping_without_subjects_warns_once():
    classifier = ECGResidualCNNClassifier(
        max_epochs=1, early_stopping=True, validation_fraction=0.3, n_filters=4
    )
    with pytest.warns(UserWarning, match="without groups") as w:
        classifier.fit(SIGNALS, Y)
    assert len(w) == 1
    assert w[0].filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        classifier.fit(SIGNALS, Y, groups=np.arange(24) // 2)


@pytest.mark.parametrize("n", [12, 4])
def test_early_stopping_works_with_a_subject_for_every_sample(n):
    classifier = ECGResidualCNNClassifier(
        max_epochs=1, early_stopping=True, validation_fraction=0.1, n_filters=4
    )
    classifier.fit(SIGNALS[:n], Y[:n], groups=np.arange(n))
    assert "valid_loss" in classifier.history_[0]


def test_early_stopping_says_what_is_missing():
    classifier = ECGResidualCNNClassifier(max_epochs=1, early_stopping=True)
    with pytest.raises(ValueError, match="a class with at least 2 samples"):
        classifier.fit(SIGNALS[:2], Y[:2], groups=[0, 1])
    with pytest.raises(ValueError, match="at least 2 groups"):
        classifier.fit(SIGNALS, Y, groups=np.zeros(24))


@pytest.mark.parametrize("missing", [np.nan, None])
def test_a_missing_subject_is_refused(missing):
    groups = np.arange(24).astype(object)
    groups[5] = missing
    with pytest.raises(ValueError, match="got NaN or None for 1 of 24"):
        ECGResidualCNNClassifier(max_epochs=1).fit(SIGNALS, Y, groups=groups)


@pytest.mark.parametrize("X", ["one.jpg", ["one.jpg", "two.jpg"], np.array(["one.jpg"] * 24)])
def test_file_names_are_refused_with_the_transformer_to_use(X):
    classifier = ECGCNN2DClassifier(max_epochs=1)
    with pytest.raises(ValueError, match=r"file name 'one.jpg'.*AreaResize"):
        classifier.fit(X, Y[: len(X)])
    fitted = classifier.fit(RNG.random((24, 1, 9, 8)), Y)
    with pytest.raises(ValueError, match="AreaResize"):
        fitted.predict(X)


class Counting(Callback):
    def __init__(self) -> None:
        self.seen = []

    def on_epoch_end(self, net, **kwargs):
        self.seen.append(len(net.history))


class WithAnOpenFile(Counting):
    def __init__(self) -> None:
        super().__init__()
        self.lock = threading.Lock()  # cannot be copied, as an open file cannot


def test_callbacks_are_copied():
    given = [Counting(), ("named", Counting()), WithAnOpenFile()]
    fitted = ECGResidualCNNClassifier(max_epochs=2, callbacks=given).fit(SIGNALS, Y)
    assert given[0].seen == given[1][1].seen == []
    assert dict(fitted.net_.callbacks_)["named"].seen == [1, 2]
    assert all(used is not one for _, used in fitted.net_.callbacks_ for one in given)


def test_two_threads_that_compute_leave_the_number_of_threads_as_it_was():
    before = torch.get_num_threads()
    inside, found = threading.Event(), {}

    def other():
        inside.set()
        with cpu_threads(before + 2):
            found["within"] = torch.get_num_threads()
        found["after"] = torch.get_num_threads()

    with cpu_threads(before + 1):
        thread = threading.Thread(target=other)
        thread.start()
        inside.wait()
        assert torch.get_num_threads() == before + 1
    thread.join()
    assert torch.get_num_threads() == before
    assert found["within"] == before + 2

    fresh = threading.Thread(target=lambda: found.update(fresh=torch.get_num_threads()))
    fresh.start()
    fresh.join()
    assert found["fresh"] == before


class HeadFirst(nn.Module):
    """Registers its head before the layer that is called before it."""

    def __init__(self, input_shape, n_classes, width=5):
        super().__init__()
        self.head = nn.Linear(width, n_classes)
        self.first = nn.Linear(input_shape[0], width)

    def forward(self, x):
        return self.head(torch.relu(self.first(x)))


def test_embed_and_transfer_go_by_the_order_of_calls():
    from sklearn.frozen import FrozenEstimator

    X = SIGNALS[:, 0]
    source = ECGNeuralClassifier(HeadFirst, max_epochs=2, random_state=0).fit(X, Y)
    with torch.no_grad():
        expected = torch.relu(source.module_.first(torch.from_numpy(X))).numpy()
    np.testing.assert_allclose(source.embed(X), expected, atol=1e-6)
    new = ECGNeuralClassifier(
        HeadFirst, max_epochs=2, init_from=FrozenEstimator(source), n_trainable_layers=1
    ).fit(X, Y)
    assert new.transfer_report_.frozen == ("first",)
    assert torch.equal(new.module_.first.weight, source.module_.first.weight)
    assert not torch.equal(new.module_.head.weight, source.module_.head.weight)


def test_the_module_is_the_first_argument_and_its_parameters_are_searched_by_name():
    from sklearn.model_selection import GridSearchCV

    X = SIGNALS[:, 0]
    classifier = ECGNeuralClassifier(HeadFirst, max_epochs=1, random_state=0)
    search = GridSearchCV(classifier, {"module_params__width": [3, 7]}, cv=2).fit(X, Y)
    widths = {c["module_params__width"] for c in search.cv_results_["params"]}
    assert widths == {3, 7}
    best = search.best_estimator_
    assert best.module_.first.out_features == best.module_params["width"]
    assert best.get_params()["module_params__width"] == best.module_params["width"]
    assert classifier.module_params is None  # the searched one is another
