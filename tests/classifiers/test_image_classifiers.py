"""What all classifiers of images keep: types and shapes of images, scaling, published recipes."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
import torch
from estimators import CLASSIFIERS
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone

from skecg import ECGCNN2DClassifier, ECGViTClassifier
from skecg.classifiers import BaseImageClassifier
from skecg.classifiers._images import mean_and_deviation
from skecg.training import MultiStep

IMAGES = [c for c in CLASSIFIERS if isinstance(c, BaseImageClassifier)]
LEADS = [c for c in IMAGES if not isinstance(c, ECGViTClassifier)]
every = pytest.mark.parametrize("classifier", IMAGES, ids=lambda c: type(c).__name__)


@pytest.fixture
def stripes():
    """Return 60 images of bytes, 2 channels of 18 x 21, with horizontal or vertical stripes."""
    rng = np.random.default_rng(0)
    y = np.arange(60) % 2
    waves = np.sin(np.arange(21) * 1.5)
    X = np.where(y[:, None, None, None] == 1, waves, waves[:18, None]) * np.ones((60, 2, 18, 21))
    X = 128 + 80 * X * rng.choice([-1, 1], (60, 1, 1, 1)) + rng.normal(0, 20, X.shape)
    return np.clip(X, 0, 255).astype(np.uint8), y


def fitted(classifier, X, y, **params):
    return clone(classifier).set_params(random_state=0, **params).fit(X, y)


def test_all_seven_are_here():
    assert len(IMAGES) == 7


@every
def test_learns_stripes_of_bytes(classifier, stripes):
    X, y = stripes
    clf = fitted(classifier, X[:40], y[:40], max_epochs=25)
    assert clf.score(X[40:], y[40:]) > 0.85  # chance is 1/2


@every
def test_flattened_images_are_the_same_images(classifier, stripes):
    X, y = stripes
    reference = fitted(classifier, X, y, max_epochs=1).predict_proba(X)
    flat = X.reshape(len(X), -1)
    clf = fitted(classifier, flat, y, max_epochs=1, image_shape=(2, 18, 21))
    assert_array_equal(clf.predict_proba(flat), reference)
    assert clf.n_features_in_ == 756


@every
def test_three_axes_are_one_channel(classifier, stripes):
    X, y = stripes
    reference = fitted(classifier, X[:, :1], y, max_epochs=1).predict_proba(X[:, :1])
    assert_array_equal(
        fitted(classifier, X[:, 0], y, max_epochs=1).predict_proba(X[:, 0]), reference
    )


@every
def test_bytes_and_the_same_values_as_floats_are_the_same_images(classifier, stripes):
    X, y = stripes
    clf = fitted(classifier, X, y, max_epochs=1)
    assert_array_equal(clf.predict_proba(X.astype(np.float64)), clf.predict_proba(X))
    by_floats = fitted(classifier, X.astype(np.float32), y, max_epochs=1)
    assert_array_equal(by_floats.predict_proba(X), clf.predict_proba(X))


@every
def test_one_image_at_a_time(classifier, stripes):
    X, y = stripes
    clf = fitted(classifier, X, y, max_epochs=1)
    together = clf.predict_proba(X)
    alone = np.concatenate([clf.predict_proba(X[i : i + 1]) for i in range(5)])
    assert_array_equal(alone, together[:5])


@pytest.mark.parametrize("classifier", LEADS, ids=lambda c: type(c).__name__)
def test_published_recipe_of_the_lead_networks(classifier):
    published = type(classifier).published()
    assert published.optimizer == "adamax"
    assert published.lr_schedule == MultiStep((10, 15), 0.5)
    settings = published.get_params()
    expected = {
        "learning_rate": 1e-3, "weight_decay": 0.0, "gradient_clip": 10.0, "batch_size": 16,
        "max_epochs": 20, "shuffle": "once", "scale": "standardize",
    }  # fmt: skip
    assert expected.items() <= settings.items()
    assert settings.get("dropout", 0.0) == 0.0


# Scaling ----------------------------------------------------------------------------------------


def test_standardised_by_the_mean_and_deviation_of_the_training_images(stripes):
    X, y = stripes
    clf = fitted(ECGCNN2DClassifier(width=2), X[:40], y[:40], max_epochs=1)
    assert clf.module_.mean.item() == pytest.approx(X[:40].mean(), rel=1e-6)
    assert clf.module_.scale.item() == pytest.approx(X[:40].std(), rel=1e-6)
    first = next(clf.module_.network.modules()).features[0]
    seen = []
    first.register_forward_pre_hook(lambda _, args: seen.append(args[0]))
    clf.predict(X[40:44])
    expected = (X[40:44] - X[:40].mean()) / X[:40].std()
    assert_allclose(seen[0][:4].numpy(), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("scale", "kind", "expected"),
    [("unit", np.uint8, 255), ("unit", np.float32, 1), (None, np.uint8, 1)],
)
def test_bytes_are_divided_by_255_and_floats_are_left(stripes, scale, kind, expected):
    X, y = stripes
    clf = fitted(ECGCNN2DClassifier(width=2, scale=scale), X.astype(kind), y, max_epochs=1)
    assert (clf.module_.mean.item(), clf.module_.scale.item()) == (0, expected)


def test_weights_count_in_mean_and_deviation():
    X = np.random.default_rng(0).normal(5, 2, (6, 1, 3, 4))
    weights = np.array([1, 2, 1, 1, 3, 1])
    repeated = X.repeat(weights, 0)
    expected = (repeated.mean(), repeated.std())
    assert mean_and_deviation(X, weights) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("value", [0, 7, 255])
def test_images_of_one_value_are_not_divided_by_zero(value):
    X = np.full((8, 1, 4, 4), value, np.uint8)
    assert mean_and_deviation(X, None) == (value, 1)
    clf = fitted(ECGCNN2DClassifier(width=2), X, np.arange(8) % 2, max_epochs=1)
    assert np.isfinite(clf.predict_proba(X)).all()


def test_scale_is_part_of_the_pickle_and_of_further_training(stripes):
    X, y = stripes
    clf = pickle.loads(pickle.dumps(fitted(ECGCNN2DClassifier(width=2), X, y, max_epochs=1)))
    before = clf.module_.mean.item()
    clf.partial_fit(X[:10] // 2, y[:10])
    assert clf.module_.mean.item() == before
    assert clf.n_parameters_ == sum(w.numel() for w in clf.module_.network.parameters())


# Shapes -----------------------------------------------------------------------------------------


def test_five_axes_are_refused():
    with pytest.raises(ValueError, match=r"flattened, .*; got an array of shape \(4, 1, 2, 3, 4\)"):
        ECGCNN2DClassifier().fit(np.zeros((4, 1, 2, 3, 4)), [0, 1, 0, 1])


@pytest.mark.parametrize("shape", [(4, 6), (4, 2, 2, 3), (4, 3, 2)])
def test_images_of_another_shape_than_image_shape_are_refused(shape):
    clf = ECGCNN2DClassifier(image_shape=(1, 2, 4))
    with pytest.raises(ValueError, match=r"\(1, 2, 4\) takes 8 values .* got samples of shape"):
        clf.fit(np.zeros(shape), [0, 1, 0, 1])


@pytest.mark.parametrize("image_shape", [(2, 3), (1, 0, 4), (1, 2.5, 4)])
def test_image_shape_itself_is_checked(image_shape):
    with pytest.raises(ValueError, match="three positive integers"):
        ECGCNN2DClassifier(image_shape=image_shape).fit(np.zeros((4, 10)), [0, 1, 0, 1])


@pytest.mark.slow
@every
def test_published_network_takes_a_training_step(classifier):
    published = type(classifier).published()
    shape = (3, 182, 256) if isinstance(published, ECGViTClassifier) else (13, 64, 64)
    X = np.random.default_rng(0).integers(0, 256, (4, *shape), dtype=np.uint8)
    before = torch.get_num_threads()
    clf = published.set_params(max_epochs=1, random_state=0).fit(X, [0, 1, 2, 3])
    assert torch.get_num_threads() == before
    assert np.isfinite(clf.predict_proba(X[:1])).all()
