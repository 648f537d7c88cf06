"""The augment parameter of the classifiers."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from estimators import CLASSIFIERS
from joblib import parallel_backend
from numpy.testing import assert_array_equal
from resumable import assert_resumes, small
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, cross_val_predict
from skorch.callbacks import EpochScoring

import skecg
from skecg import ECGCNNClassifier, ECGNeuralClassifier, ECGViTClassifier
from skecg.augmentation import (
    BaselineWander,
    Contrast,
    Erase,
    Gain,
    LeadDropout,
    Mixup,
    Noise,
    PowerLine,
    Rotate,
    Shift,
    TimeMask,
    TimeStretch,
)

SIGNALS = [
    Gain(), TimeStretch(center="peak"), Shift(), BaselineWander(sampling_rate=125), Noise(),
    PowerLine(sampling_rate=125, padding=0.0), TimeMask(), LeadDropout(), Mixup(),
]  # fmt: skip
PICTURES = [Shift(), Rotate(), Contrast(), Erase()]


def add_noise(X):
    return X + 0.1 * torch.randn_like(X)


@pytest.fixture(scope="module")
def pictures():
    rng = np.random.default_rng(0)
    return rng.integers(0, 256, (24, 3, 20, 32), dtype=np.uint8), np.arange(24) % 2


def vit(**params):
    sizes = {"patch_size": 4, "dim": 16, "n_blocks": 1, "n_heads": 2, "batch_size": 8}
    return ECGViTClassifier(
        **{"max_epochs": 3, "random_state": 0, "n_threads": 1, **sizes, **params}
    )


@pytest.mark.parametrize("classifier", CLASSIFIERS, ids=lambda e: type(e).__name__)
def test_every_classifier_takes_augmentations(classifier, beats):
    X, y = beats
    fitted = clone(classifier).set_params(random_state=0, max_epochs=1).fit(X, y)
    same = clone(fitted).set_params(augment=[]).fit(X, y)
    other = clone(fitted).set_params(augment=[Shift(limit=0.2), add_noise]).fit(X, y)
    again = clone(other).fit(X, y)
    assert_array_equal(same.predict_proba(X), fitted.predict_proba(X))
    assert not np.array_equal(other.predict_proba(X), fitted.predict_proba(X))
    assert_array_equal(again.predict_proba(X), other.predict_proba(X))


@pytest.mark.parametrize(
    "augment",
    [Shift(), [Shift(), add_noise], add_noise],
    ids=["object", "list", "function"],
)
def test_a_fit_that_was_killed_goes_on_with_the_same_draws(beats, folder, augment):
    assert_resumes(small(augment=augment), *beats, folder)


def test_pictures_go_on_with_the_same_draws(pictures, folder):
    assert_resumes(vit(augment=PICTURES), *pictures, folder)


@pytest.mark.parametrize("weights", [None, np.linspace(0, 2, 40)], ids=["equal", "weighted"])
@pytest.mark.parametrize("precision", ["float32", "float64", "bfloat16"])
def test_blended_targets_are_learned(beats, folder, weights, precision):
    classifier = small(augment=SIGNALS, precision=precision, batch_size=13)  # the last batch has 1
    assert_resumes(classifier, *beats, folder, sample_weight=weights)


def test_mixup_blends_the_numbers_beside_a_signal_too(beats):
    seen = []

    class Watch(Mixup):
        def mix(self, X, y, weights):
            mixed = super().mix(X, y, weights)
            seen.append((X, y, mixed))
            return mixed

    X = np.hstack([beats[0].reshape(40, -1), 10.0 * np.eye(3)[beats[1]]])
    small(augment=[Gain(), Watch(alpha=1.0)], n_leads=2, n_side_features=3, max_epochs=1).fit(
        X, beats[1]
    )
    for before, y, (after, shares, _) in seen:
        torch.testing.assert_close(before[:, -3:], 10 * y)
        torch.testing.assert_close(after[:, -3:], 10 * shares)


def test_callbacks_of_batches_see_labels(beats):
    scoring = EpochScoring("accuracy", on_train=True, name="train_acc", lower_is_better=False)
    classifier = small(augment=Mixup(alpha=1.0), callbacks=[scoring]).fit(*beats)
    assert 0 <= classifier.history_[-1]["train_acc"] <= 1


def test_an_object_of_ones_own_may_change_targets(beats):
    class Smooth:
        def mix(self, X, y, weights):
            return X, 0.9 * y + 0.1 / y.shape[1], weights

    class Forgetful:
        def mix(self, X, y, weights):
            return X

    X, y = beats
    smooth = small(augment=Smooth(), max_epochs=30, learning_rate=0.03).fit(X, y)
    plain = small(max_epochs=30, learning_rate=0.03).fit(X, y)
    assert smooth.predict_proba(X).max() < plain.predict_proba(X).max()
    with pytest.raises(TypeError, match=r"Forgetful.* must return X, y and weights; got Tensor"):
        small(augment=Forgetful()).fit(X, y)


def test_another_augmentation_is_another_fit(beats, folder):
    small(folder, augment=[Shift(limit=0.1)]).fit(*beats)
    with pytest.raises(ValueError, match=r"another fit: augment was .*0\.1.* and is .*0\.2"):
        small(folder, augment=[Shift(limit=0.2)]).fit(*beats)


@pytest.mark.parametrize("backend", ["threading", pytest.param("loky", marks=pytest.mark.slow)])
def test_n_jobs_and_the_global_generators_change_no_bit(beats, backend):
    classifier = small(augment=[Shift(), add_noise])
    options = {"cv": 2, "method": "predict_proba"}
    alone = cross_val_predict(classifier, *beats, **options)
    state = torch.get_rng_state()
    classifier.fit(*beats)
    assert torch.equal(torch.get_rng_state(), state)
    with parallel_backend(backend):
        together = cross_val_predict(classifier, *beats, n_jobs=2, **options)
    assert_array_equal(together, alone)


def test_only_training_batches_are_augmented(beats):
    seen = []

    def count(X):
        assert X.is_floating_point()
        seen.append(len(X))
        return X

    small(augment=count, early_stopping=True, validation_fraction=0.3, max_epochs=1).fit(
        *beats, groups=np.arange(40)
    ).predict(beats[0])
    assert sum(seen) == 27  # of 40 samples, what is not held out


def test_numbers_beside_a_signal_are_left_alone(beats):
    seen = []

    def keep(X):
        seen.append(X.clone())
        return torch.zeros_like(X)

    signals = beats[0].reshape(40, -1)
    X = np.hstack([signals, np.arange(40.0)[:, None] / 40])
    params = {"n_leads": 2, "n_side_features": 1, "shuffle": False, "batch_size": 40}
    classifier = small(augment=keep, max_epochs=1, **params).fit(X, beats[1])
    assert_array_equal(seen[0].numpy(), beats[0])
    # With the signals gone, what is learned are the numbers.
    blank = X.copy()
    blank[:, :-1] = 0
    same = small(max_epochs=1, **params).fit(blank, beats[1])
    assert_array_equal(same.predict_proba(X), classifier.predict_proba(X))


def test_weights_balanced_classes_and_other_precisions(beats):
    for params in (
        {"shuffle": "balanced"},
        {"precision": "float64"},
        {"precision": "bfloat16"},
        {"class_weight": "balanced", "batch_size": 1},
    ):
        classifier = small(augment=Shift(), max_epochs=1, **params).fit(*beats)
        assert np.isfinite(classifier.predict_proba(beats[0])).all()


# What a user can get wrong ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("augment", "error", "message"),
    [
        (
            lambda X: X[:, :, 1:],
            ValueError,
            r"a tensor of shape \(16, 2, 40\).*got .*\(16, 2, 39\)",
        ),
        (lambda X: X.double(), ValueError, r"of float32 on cpu; got .* of float64"),
        (lambda X: X.numpy(), TypeError, r"must return a batch.*got ndarray"),
        (lambda X: None, TypeError, r"must return a batch.*got NoneType"),
        (lambda X: X / 0, ValueError, r"<lambda> of augment made values that are not finite"),
        ([Shift(), Rotate()], ValueError, r"Rotate takes pictures .*\(16, 2, 40\)"),
        ("shift", ValueError, r"'augment' parameter of ECGResidualCNNClassifier must be"),
        ([Shift], TypeError, r"augment\[0\] is the class Shift"),
        (Shift(limit=2), ValueError, r"'limit' parameter of Shift must be"),
    ],
)
def test_a_wrong_augmentation_is_named_and_leaves_the_classifier_as_it_was(
    beats, augment, error, message
):
    classifier = small(augment=augment)
    with pytest.raises(error, match=message):
        classifier.fit(*beats)
    assert not hasattr(classifier, "net_")


# Parameters ---------------------------------------------------------------------------------------


def test_a_parameter_of_one_in_a_list_is_set_by_its_name():
    classifier = vit(augment=[Shift(), add_noise, Rotate()])
    assert classifier.get_params()["augment__rotate__limit"] == 3.0
    copy = clone(classifier).set_params(augment__rotate__limit=1.0, max_epochs=2)
    assert copy.augment[2].limit == 1.0
    assert classifier.augment[2].limit == 3.0
    copy.set_params(**classifier.get_params())
    assert copy.augment[2].limit == 3.0
    two = vit(augment=(Shift(), Shift())).set_params(**{"augment__shift-2__limit": 0.2})
    assert [shift.limit for shift in two.augment] == [0.05, 0.2]
    fresh = vit().set_params(augment=[Erase()], augment__erase__p=0.1)
    assert fresh.augment[0].p == 0.1


def test_parameters_that_are_not_there_are_named():
    with pytest.raises(ValueError, match=r"no parameter 'shift__size'|Invalid parameter 'size'"):
        vit(augment=[Shift()]).set_params(augment__shift__size=1)
    with pytest.raises(ValueError, match=r"no parameter 'blur__sigma'; .*'shift__limit'"):
        vit(augment=[Shift()]).set_params(augment__blur__sigma=1)
    with pytest.raises(ValueError, match=r"set_params\(augment=skecg.augmentation.Shift\(\)\)"):
        vit().set_params(augment__limit=1)


def test_a_search_finds_augment_itself_and_parameters_of_one(beats):
    grid = [
        {"augment": [None, Shift(), add_noise]},
        {"augment": [Shift()], "augment__limit": [0.1]},
    ]
    search = GridSearchCV(small(max_epochs=1), grid, cv=2, error_score="raise").fit(*beats)
    assert len(search.cv_results_["params"]) == 4
    grid = {"augment__shift__limit": [0.0, 0.3]}
    search = GridSearchCV(small(augment=[Shift(), add_noise]), grid, cv=2, error_score="raise")
    assert search.fit(*beats).best_estimator_.augment[0].limit in (0.0, 0.3)


def test_module_params_and_augmentations_are_set_together():
    from torch import nn

    classifier = ECGNeuralClassifier(nn.Linear, module_params={"bias": True}, augment=[Shift()])
    classifier.set_params(module_params__bias=False, augment__shift__limit=0.2)
    assert classifier.module_params == {"bias": False}
    assert classifier.augment[0].limit == 0.2


# Files --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("augment", [Shift(limit=0.1), PICTURES])
def test_a_saved_classifier_has_its_augmentations(pictures, tmp_path, augment):
    fitted = vit(max_epochs=1, augment=augment).fit(*pictures)
    skecg.save(fitted, tmp_path / "vit")
    loaded = skecg.load(tmp_path / "vit")
    assert repr(loaded) == repr(fitted)
    refitted = clone(loaded).fit(*pictures)
    assert_array_equal(refitted.predict_proba(pictures[0]), fitted.predict_proba(pictures[0]))
    assert "Shift(" in skecg.describe(tmp_path / "vit")


def test_a_function_of_ones_own_cannot_be_saved(beats, tmp_path):
    fitted = ECGCNNClassifier(max_epochs=1, width=2, augment=[add_noise]).fit(*beats)
    with pytest.raises(
        TypeError, match=r"augment/0 is <function add_noise.*model file cannot hold"
    ):
        skecg.save(fitted, tmp_path / "cnn")
    skecg.save(fitted.set_params(augment=None), tmp_path / "cnn")
