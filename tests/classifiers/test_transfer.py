"""Every classifier can start from a fitted one, with part of it frozen."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
import torch
from estimators import CLASSIFIERS
from sklearn.base import clone
from sklearn.ensemble import HistGradientBoostingClassifier, VotingClassifier
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

import skecg
from skecg import (
    BeatAnnotator,
    BeatNumbers,
    BeatSegmenter,
    BeatWindows,
    ECGAttentionVGGClassifier,
    ECGCNN2DClassifier,
    ECGCNNClassifier,
    ECGResidualCNNClassifier,
    ModelFileError,
)
from skecg.datasets import make_records
from skecg.networks import weight_layers


def data(n_classes: int, seed: int, n_features: int = 40) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    y = np.arange(48) % n_classes
    return rng.normal(y[:, None], 1, (48, n_features)).astype(np.float32), y


@pytest.fixture(scope="module")
def source() -> ECGResidualCNNClassifier:
    return ECGResidualCNNClassifier(max_epochs=2, n_filters=4, random_state=0).fit(*data(3, 0, 187))


def kind(classifier) -> str:
    return type(classifier).__name__


@pytest.mark.parametrize("classifier", CLASSIFIERS, ids=kind)
def test_frozen_layers_keep_every_bit_and_the_others_learn(classifier):
    given = clone(classifier).set_params(max_epochs=1, random_state=0).fit(*data(3, 0))
    before = {name: w.clone() for name, w in given.module_.state_dict().items()}
    new = clone(given).set_params(init_from=FrozenEstimator(given), n_trainable_layers=2)
    new.fit(*data(2, 1))

    with new.open_network(data(2, 1)[0][:1]) as (_, one):
        layers = weight_layers(new.module_, torch.as_tensor(np.asarray(one)))
    *first, second_last, last = layers
    report = new.transfer_report_
    assert (report.drawn_anew, report.frozen) == ((last,), tuple(first))
    after = new.module_.state_dict()
    for layer in first:
        assert all(torch.equal(after[name], before[name]) for name in layers[layer])
    assert any(not torch.equal(after[name], before[name]) for name in layers[second_last])
    assert new.predict_proba(data(2, 1)[0]).shape == (48, 2)
    assert all(
        torch.equal(weight, before[name]) for name, weight in given.module_.state_dict().items()
    )


def test_statistics_of_frozen_layers_follow_only_when_asked():
    X, y = np.random.default_rng(0).normal(size=(24, 2, 16, 16)).astype(np.float32), np.arange(24)
    small = ECGAttentionVGGClassifier(width=2, max_epochs=1, random_state=0)
    given = FrozenEstimator(clone(small).fit(X, y % 3))
    moved = {}
    for freeze in (True, False):
        new = clone(small).set_params(
            init_from=given, n_trainable_layers=1, freeze_statistics=freeze
        )
        after = new.fit(X + 5, y % 2).module_.state_dict()
        before = given.estimator.module_.state_dict()
        moved[freeze] = {
            name.rpartition(".")[2] for name in before
            if "head" not in name and not torch.equal(before[name], after[name])
        }  # fmt: skip
    assert moved == {True: set(), False: {"running_mean", "running_var", "num_batches_tracked"}}


def test_images_are_scaled_as_the_sources():
    X, y = np.random.default_rng(0).normal(3, 2, (24, 1, 8, 8)), np.arange(24) % 2
    given = ECGCNN2DClassifier(width=2, n_blocks=1, max_epochs=1, random_state=0).fit(X, y)
    new = clone(given).set_params(init_from=FrozenEstimator(given)).fit(X + 100, y)
    assert torch.equal(new.module_.mean, given.module_.mean)


def test_the_same_classes_may_keep_the_head(source):
    X, y = data(3, 0, 187)
    same = clone(source).set_params(
        init_from=FrozenEstimator(source), reset_layers=None, max_epochs=1, learning_rate=1e-12,
        weight_decay=0.0,
    )  # fmt: skip
    assert np.allclose(same.fit(X, y).predict_proba(X), source.predict_proba(X), atol=1e-6)
    with pytest.raises(ValueError, match=r"reset_layers=None keeps the classes .* \[0, 1, 2\]"):
        same.fit(X, y + 1)


def test_partial_fit_starts_from_the_source(source):
    X, y = data(2, 1, 187)
    new = clone(source).set_params(init_from=FrozenEstimator(source), n_trainable_layers=3)
    new.partial_fit(X, y).partial_fit(X, y)
    assert torch.equal(new.module_.features[0].weight, source.module_.features[0].weight)
    assert new.n_iter_ == 2


def test_a_pipeline_may_be_the_source(source):
    steps = make_pipeline(FunctionTransformer(), clone(source)).fit(*data(3, 0, 187))
    new = clone(source).set_params(init_from=FrozenEstimator(steps)).fit(*data(2, 1, 187))
    assert new.transfer_report_.source == "ECGResidualCNNClassifier"


def test_published_transfer_trains_new_dense_layers_on_the_convolutions(source):
    given = FrozenEstimator(source)
    new = ECGResidualCNNClassifier.published_transfer(given).set_params(n_filters=4, max_epochs=1)
    report = new.fit(*data(2, 1, 187)).transfer_report_
    assert report.drawn_anew == ("head.0", "head.2", "head.3")
    # 4 filters at 2 time steps to 32, 32 to 32, 32 to 2
    assert report.n_trainable_weights == (8 * 32 + 32) + (32 * 32 + 32) + (32 * 2 + 2)
    assert len(report.frozen) == 11


@pytest.mark.parametrize("n_layers", [1, 4])
def test_published_transfer_of_system_3(n_layers):
    X, y = data(3, 0, 60)
    small = {"width": 2, "hidden_layer_sizes": (8, 6, 4), "max_epochs": 1}
    given = ECGCNNClassifier(**small, random_state=0).fit(X, y)
    new = ECGCNNClassifier.published_transfer(FrozenEstimator(given), n_layers).set_params(**small)
    new.set_params(random_state=0).fit(*data(2, 1, 60))
    dense = ("head.dense1", "head.dense2", "head.dense3", "head.output")
    assert new.transfer_report_.drawn_anew == dense[-n_layers:]
    assert len(new.transfer_report_.frozen) == 8 - n_layers
    moved = given.module_.features.block1.norm, new.module_.features.block1.norm
    assert not torch.equal(*(norm.running_mean for norm in moved))
    assert torch.equal(*(norm.weight for norm in moved))


def test_a_file_may_be_the_source(source, tmp_path):
    path = tmp_path / "source.safetensors"
    skecg.save(make_pipeline(BeatSegmenter(), source), path)
    for given in (path, str(path)):
        new = clone(source).set_params(init_from=given, max_epochs=1, n_trainable_layers=1)
        new.fit(*data(2, 1, 187))
        assert new.transfer_report_.source == f"ECGResidualCNNClassifier in {path}"
        assert torch.equal(new.module_.features[0].weight, source.module_.features[0].weight)
    with pytest.raises(FileNotFoundError):
        clone(source).set_params(init_from=tmp_path / "none").fit(*data(2, 1, 187))


@pytest.fixture(scope="module")
def annotators():
    """One whose classifier is a vote of a network and trees, and one of two networks."""
    network = ECGResidualCNNClassifier(n_filters=2, n_hidden=3, n_side_features=1, max_epochs=1)
    trees = make_pipeline(BeatNumbers(), HistGradientBoostingClassifier(max_iter=2))
    windows = BeatWindows(numbers=("width_50",))
    records = make_records(4, duration=30, random_state=0)
    return [
        BeatAnnotator(windows, VotingClassifier(members, voting="soft")).fit(records)
        for members in (
            [("network", network), ("trees", trees)],
            [("network", network), ("other", clone(network))],
        )
    ]


@pytest.mark.parametrize("as_file", [False, True])
def test_an_annotator_that_has_fitted_a_network_may_be_the_source(annotators, as_file, tmp_path):
    annotator, two = annotators
    fitted = annotator.classifier_.estimators_[0]

    def source(of):
        if not as_file:
            return FrozenEstimator(of)
        skecg.save(of, tmp_path / "m")
        return tmp_path / "m"

    X = np.random.default_rng(0).normal(size=(8, 151)).astype(np.float32)
    clf = clone(fitted).set_params(n_trainable_layers=1, init_from=source(annotator))
    clf.fit(X, np.arange(8) % 2)
    weights, own = (each.module_.state_dict() for each in (fitted, clf))
    name = next(iter(weights))
    torch.testing.assert_close(own[name], weights[name], rtol=0, atol=0)
    with pytest.raises((TypeError, ModelFileError), match=r"there are 2|has 2 fitted networks"):
        clf.set_params(init_from=source(two)).fit(X, np.arange(8) % 2)


def test_search_over_the_number_of_trained_layers(source):
    X, y = data(2, 1, 187)
    new = clone(source).set_params(init_from=FrozenEstimator(source), max_epochs=1)
    search = GridSearchCV(new, {"n_trainable_layers": [1, 3, None]}, cv=2, error_score="raise")
    frozen = search.fit(X, y).best_estimator_.transfer_report_.frozen
    assert len(frozen) == {1: 13, 3: 11, None: 0}[search.best_params_["n_trainable_layers"]]
    assert np.array_equal(pickle.loads(pickle.dumps(search)).predict(X), search.predict(X))


def test_verbose_shows_the_report(source, capsys):
    new = clone(source).set_params(init_from=FrozenEstimator(source), max_epochs=1, verbose=2)
    new.fit(*data(2, 1, 187))
    assert str(new.transfer_report_) in capsys.readouterr().out


@pytest.mark.parametrize(
    ("parameters", "error", "message"),
    [
        ({"init_from": ECGResidualCNNClassifier()}, TypeError, "init_from=FrozenEstimator"),
        ({"init_from": 3}, TypeError, "or the path of a file written by skecg.save; got int"),
        ({"init_from": FrozenEstimator(LogisticRegression())}, TypeError, "LogisticRegression"),
        ({"init_from": FrozenEstimator(ECGResidualCNNClassifier())}, ValueError, "not fitted"),
        ({"n_trainable_layers": 2}, ValueError, "without init_from"),
        ({"n_trainable_layers": 0}, ValueError, "n_trainable_layers"),
        ({"reset_layers": "all"}, ValueError, "reset_layers"),
    ],
)
def test_what_cannot_be_a_source(parameters, error, message):
    with pytest.raises(error, match=message):
        ECGResidualCNNClassifier(max_epochs=1, **parameters).fit(*data(2, 1))
