"""Small fits that are killed and go on, for the tests of checkpoint_dir."""

from __future__ import annotations

import pytest
import torch
from numpy.testing import assert_array_equal
from sklearn.base import clone
from skorch.callbacks import Callback

from skecg import ECGResidualCNNClassifier

N_EPOCHS = 3


class Killed(Exception):
    """In the place of a kill: nothing is caught, closed or written."""


class Kill(Callback):
    """Ends a fit when so many epochs are done and the next has begun."""

    def __init__(self, after):
        self.after = after

    def on_epoch_begin(self, net, **kwargs):
        if len(net.history) == self.after + 1:
            raise Killed


def small(folder=None, **params):
    defaults = {
        "max_epochs": N_EPOCHS, "batch_size": 16, "n_filters": 2, "n_blocks": 1, "n_hidden": 4,
        "dropout": 0.3, "n_threads": 1, "random_state": 0, "checkpoint_dir": folder,
    }  # fmt: skip
    return ECGResidualCNNClassifier(**{**defaults, **params})


def kill(classifier, X, y, after=1, **fit_params):
    killed = clone(classifier).set_params(callbacks=[Kill(after)])
    with pytest.raises(Killed):
        killed.fit(X, y, **fit_params)


def assert_same(classifier, other, X):
    ours, others = classifier.module_.state_dict(), other.module_.state_dict()
    assert ours.keys() == others.keys()
    assert all(torch.equal(ours[name], others[name]) for name in ours)
    rows = [
        [{key: value for key, value in row.items() if key != "dur"} for row in fitted.history_]
        for fitted in (classifier, other)
    ]
    assert rows[0] == rows[1]
    assert_array_equal(classifier.predict_proba(X), other.predict_proba(X))


def assert_resumes(classifier, X, y, folder, **fit_params):
    """Kill a fit after every number of epochs in turn, as it goes on from the one before."""
    whole = clone(classifier).set_params(checkpoint_dir=None).fit(X, y, **fit_params)
    assert whole.n_iter_ > 1
    resumed = clone(classifier).set_params(checkpoint_dir=folder)
    for after in range(whole.n_iter_):
        kill(resumed, X, y, after, **fit_params)
    assert_same(resumed.fit(X, y, **fit_params), whole, X)
