"""What the processes of test_data_parallel.py do: every case once, results into a folder.

torchrun --nproc-per-node 2 tests/training/train_together.py FOLDER
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import redirect_stderr, suppress
from io import StringIO
from pathlib import Path

import numpy as np
import torch
from sklearn.base import clone
from skorch.callbacks import Callback, EpochScoring
from torch import distributed, nn

from skecg import (
    ECGAttentionVGGClassifier,
    ECGCNNClassifier,
    ECGNeuralClassifier,
    ECGResidualCNNClassifier,
)
from skecg.augmentation import Mixup, Noise
from skecg.datasets import make_beats
from skecg.training import data_parallel

EXACT = {"precision": "float64", "n_threads": 1, "random_state": 0, "learning_rate": 1e-3}
BEATS = make_beats(100, n_subjects=8, n_timesteps=96, random_state=0)


class Listener(Callback):
    """Write down what a process sees, and one number that it draws at random."""

    def on_train_begin(self, net, X=None, y=None, **kwargs):
        self.sizes, self.losses, self.gradients, self.drawn = [], [], [], torch.rand(1).item()

    def on_batch_end(self, net, batch=None, training=None, loss=None, **kwargs):
        self.sizes.append((training, len(batch[1])))
        self.losses.append(loss.item())

    def on_grad_computed(self, net, named_parameters=None, **kwargs):
        self.gradients.append(sum(w.grad.abs().sum().item() for _, w in named_parameters))


class Trouble(Callback):
    """Fail in one process, in the midst of training."""

    def on_batch_begin(self, net, batch=None, training=None, **kwargs):
        if distributed.get_rank() == 1:
            raise OSError("one process is in trouble")


def residual_cnn(n_samples, **params):
    params = {"n_filters": 8, "max_epochs": 3, "batch_size": 32, **params}
    classifier = ECGResidualCNNClassifier(**{**EXACT, **params})
    return classifier, BEATS.data[:n_samples], BEATS.target[:n_samples]


def weighted():
    # Batches of 32, 32 and 7; five classes from 1 in 10 to 4 in 10.
    classifier, X, y = residual_cnn(71, class_weight="balanced", gradient_clip=0.5)
    return classifier.fit(X, y, sample_weight=np.linspace(0.1, 2, 71))


def single_sample_left():
    classifier, X, y = residual_cnn(65)  # the last batch has one sample for two processes
    return classifier.fit(X, y)


def dense():
    # The gradients of such networks are written down, but for a batch that is shared.
    classifier = ECGNeuralClassifier(module=dense_network, **EXACT, max_epochs=3, batch_size=32)
    return classifier.fit(BEATS.data[:65], BEATS.target[:65])


def dense_network(input_shape, n_classes):
    return nn.Sequential(nn.Linear(*input_shape, 8), nn.ReLU(), nn.Linear(8, n_classes))


def stopped_early():
    classifier, X, y = residual_cnn(
        100, max_epochs=40, learning_rate=0.03, lr_schedule=None,
        early_stopping=True, validation_fraction=0.3, patience=3,
    )  # fmt: skip
    return classifier.fit(X, y, groups=BEATS.groups)


def listened_to():
    scoring = EpochScoring("f1_macro", lower_is_better=False, name="f1")
    classifier, X, y = residual_cnn(
        72, early_stopping=True, callbacks=[Listener(), ("scoring", scoring)]
    )
    return classifier.fit(X, y)


def normalised():
    # 65 samples: batches of 16 and one of a single sample, whose statistics are over time only.
    classifier = ECGCNNClassifier(
        **EXACT, max_epochs=2, batch_size=16, width=4, hidden_layer_sizes=(16,), dropout=0.0
    )
    return classifier.fit(BEATS.data[:65], BEATS.target[:65])


def normalised_positions_of_size_one():
    # 5 images in batches of 2, 2 and 1; in the deepest layers a sample has one value a channel.
    X = np.random.default_rng(0).random((5, 1, 16, 16))
    classifier = ECGAttentionVGGClassifier(
        **EXACT, max_epochs=2, batch_size=2, width=2, dropout=0.0
    )
    return classifier.fit(X, [0, 1, 0, 1, 1])


def continued():
    classifier, X, y = residual_cnn(71)
    classifier.partial_fit(X, y)
    return classifier.partial_fit(X[:50], y[:50])


def normalised_and_averaged():
    # The statistics of the average are those of whole batches, too.
    classifier = ECGCNNClassifier(
        **EXACT, max_epochs=3, batch_size=16, width=4, hidden_layer_sizes=(16,), dropout=0.0,
        augment=[lambda X: 0.5 * X], average_weights="ema", early_stopping=True,
        validation_fraction=0.3,
    )  # fmt: skip
    return classifier.fit(BEATS.data[:65], BEATS.target[:65], groups=BEATS.groups[:65])


# The same as one process within rounding.
SAME: list[Callable] = [
    weighted,
    single_sample_left,
    dense,
    stopped_early,
    listened_to,
    normalised,
    normalised_and_averaged,
    normalised_positions_of_size_one,
    continued,
]


def with_dropout():
    classifier, X, y = residual_cnn(71, dropout=0.5, callbacks=[Listener()])
    return classifier.fit(X, y)


def without_a_seed():
    classifier, X, y = residual_cnn(71, random_state=None)
    return classifier.fit(X, y)


class KilledAfterAnEpoch(Callback):
    def on_epoch_begin(self, net, **kwargs):
        if len(net.history) == 2:
            type(self).n_before = len(net.history) - 1
            raise TimeoutError


def resumed(folder):
    """Return a fit with dropout, and the same one killed after its first epoch and resumed."""
    params = {"dropout": 0.5, "early_stopping": True}
    whole, X, y = residual_cnn(71, **params)
    killed, _, _ = residual_cnn(
        71, **params, checkpoint_dir=folder, callbacks=[KilledAfterAnEpoch()]
    )
    with suppress(TimeoutError):
        killed.fit(X, y)
    resumed = killed.set_params(callbacks=None).fit(X, y)
    finished = clone(resumed).fit(X, y)
    return KilledAfterAnEpoch.n_before, [
        record(fitted) for fitted in (whole.fit(X, y), resumed, finished)
    ]


def augmented():
    # Each process changes its own part of a batch; of the last batch one has none.
    classifier, X, y = residual_cnn(65, augment=[Noise(), Mixup()], average_weights="swa")
    return classifier.fit(X, y)


# The same in all processes only.
EQUAL: list[Callable] = [with_dropout, without_a_seed, augmented]


def other_samples():
    classifier, X, y = residual_cnn(71)
    rank = distributed.get_rank()
    return classifier.fit(X[: 71 - rank], np.roll(y, rank)[: 71 - rank])


def record(classifier) -> dict:
    """Return what the test compares."""
    callbacks = dict(classifier.net_.callbacks_)
    keys = ("train_loss", "valid_loss", "valid_acc", "f1", "lr")
    return {
        "losses": [[row[key] for key in keys if key in row] for row in classifier.history_],
        "weights": dict(classifier.module_.state_dict()),
        "seen": vars(callbacks["Listener"]) if "Listener" in callbacks else {},
    }


def main(folder: Path) -> None:
    results, bar = {}, StringIO()
    with data_parallel() as accelerator:
        for case in (*SAME, *EQUAL):
            results[case.__name__] = record(case())
        results["resumed"] = resumed(folder / "run")
        try:
            other_samples()
        except ValueError as error:
            results["other_samples"] = str(error)
        with redirect_stderr(bar):
            classifier, X, y = residual_cnn(71, verbose=1)
            classifier.fit(X, y)
        results["bar"] = bar.getvalue()
        torch.save(results, folder / f"{accelerator.process_index}.pt")
        classifier.set_params(callbacks=[Trouble()], verbose=0).fit(X, y)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
