"""Small classifiers and samples of every number of axes, for the tests of composition."""

from __future__ import annotations

import numpy as np
from sklearn.model_selection import StratifiedKFold

from skecg import ECGCNN2DClassifier, ECGResidualCNNClassifier

CV = StratifiedKFold(2)
GOOD = 0.9  # of samples that a classifier after these few epochs tells apart; chance is 1/3 or 1/2
RATES = [1e-7, 3e-2]  # of learning: one that learns nothing, one that does


def three_classes():
    return np.tile(["N", "S", "V"], 16)


def beats():
    """Two leads of waves of one, two or three periods, which the classes differ in, and noise."""
    noise = np.random.default_rng(0).normal(0, 0.2, (48, 2, 24))
    wave = np.sin(2 * np.pi * np.tile([1, 2, 3], 16)[:, None] * np.arange(24) / 24)
    return (wave[:, None] + noise).astype(np.float32)


def images():
    """Bytes in which one of three bands of rows is bright."""
    grey = np.random.default_rng(0).normal(60, 20, (48, 1, 9, 8))
    for label in range(3):
        grey[label::3, :, 3 * label : 3 * label + 3] += 100
    return np.clip(grey, 0, 255).astype(np.uint8)


def case(name):
    """Return a small classifier and its samples."""
    network = {"n_blocks": 1, "n_hidden": 8, "dropout": 0.0}
    training = {"batch_size": 12, "learning_rate": RATES[1], "random_state": 0, "n_threads": 1}
    if name.startswith("beats"):
        classifier = ECGResidualCNNClassifier(n_filters=4, max_epochs=5, **network, **training)
        return classifier, beats() if name == "beats 3-D" else beats()[:, 0], three_classes()
    classifier = ECGCNN2DClassifier(width=4, max_epochs=3, **network, **training)
    if name == "images 4-D":
        return classifier, images(), three_classes()
    return classifier.set_params(image_shape=(1, 9, 8)), images().reshape(48, -1), three_classes()


def of_any_width(clf):
    """Let the classifier of flattened images take rows of any number of values."""
    return clf.set_params(**dict.fromkeys({"image_shape"} & clf.get_params().keys()))


def two_classes(X, y):
    kept = y != "S"
    return X[kept], y[kept]


def split(X, y):
    """Return the samples and labels of the first fold: train, test."""
    train, test = next(CV.split(X, y))
    return X[train], y[train], X[test], y[test]
