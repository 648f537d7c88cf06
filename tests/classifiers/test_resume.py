"""checkpoint_dir: a fit that was killed goes on and ends with the same bits."""

from __future__ import annotations

import copy
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from estimators import CLASSIFIERS
from resumable import N_EPOCHS, Kill, assert_resumes, assert_same, kill, small
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator
from skorch.callbacks import Callback

import skecg
from skecg import (
    ECGCNNClassifier,
    SampleView,
)
from skecg.training import Cosine, _checkpoint_dir

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("classifier", CLASSIFIERS, ids=lambda e: type(e).__name__)
def test_every_classifier_goes_on_after_every_epoch(classifier, beats, folder):
    dropout = {name: 0.3 for name in ("dropout",) if name in classifier.get_params()}
    params = {"random_state": 0, "n_threads": 1, "max_epochs": N_EPOCHS, **dropout}
    assert_resumes(clone(classifier).set_params(**params), *beats, folder)


@pytest.mark.parametrize(
    "params",
    [
        {"early_stopping": True, "validation_fraction": 0.3},
        {"early_stopping": True, "patience": 1, "learning_rate": 0.3, "max_epochs": 8},
        {"class_weight": "balanced", "optimizer": "sgd", "lr_schedule": None},
        {"class_weight": {0: 1, 1: 3, 2: 1}, "optimizer": "rmsprop", "lr_schedule": "cosine"},
        {"shuffle": "once", "optimizer": "adamax", "lr_schedule": Cosine(warmup=0.5)},
        {"shuffle": "balanced", "optimizer": "adam", "gradient_clip": 0.1},
        {"shuffle": False, "optimizer": torch.optim.NAdam},
        {"precision": "float64"},
        {"precision": "bfloat16"},
    ],
    ids=str,
)
def test_every_recipe_goes_on(beats, folder, params):
    assert_resumes(small(**params), *beats, folder)


def test_weights_groups_and_samples_left_in_place_go_on(beats, folder, tmp_path):
    X, y = beats
    np.save(tmp_path / "X.npy", X)
    view = SampleView(np.load(tmp_path / "X.npy", mmap_mode="r"), np.arange(39, 0, -1))
    fit_params = {"sample_weight": np.linspace(0, 2, 39), "groups": np.arange(39) % 7}
    assert_resumes(small(early_stopping=True), view, y[:0:-1], folder, **fit_params)


@pytest.mark.parametrize("freeze_statistics", [True, False])
def test_frozen_layers_go_on(beats, folder, tmp_path, freeze_statistics):
    X, y = beats
    source = ECGCNNClassifier(
        max_epochs=1, width=2, hidden_layer_sizes=(8, 4), random_state=1, batch_size=16
    )
    transfer = clone(source).set_params(
        max_epochs=N_EPOCHS, n_trainable_layers=2, freeze_statistics=freeze_statistics, n_threads=1
    )
    skecg.save(source.fit(X, y), tmp_path / "source")
    transfer.set_params(init_from=FrozenEstimator(source))
    assert_resumes(transfer, X, y, folder)
    # The same weights from a file are the same fit, and other ones are not.
    transfer.set_params(checkpoint_dir=folder, init_from=tmp_path / "source").fit(X, y)
    other = FrozenEstimator(clone(source).set_params(random_state=2).fit(X, y))
    with pytest.raises(ValueError, match=r"another fit: init_from is not the same\. A"):
        transfer.set_params(init_from=other).fit(X, y)


def test_an_optimizer_that_was_resumed_goes_on_in_partial_fit(beats, folder):
    whole = small(optimizer="sgd").fit(*beats)
    kill(small(folder, optimizer="sgd"), *beats)
    resumed = small(folder, optimizer="sgd").fit(*beats)
    content = (folder / "checkpoint.safetensors").read_bytes()
    assert_same(resumed.partial_fit(*beats), whole.partial_fit(*beats), beats[0])
    assert (folder / "checkpoint.safetensors").read_bytes() == content  # it is fit's


def test_a_finished_run_is_returned_without_training(beats, folder):
    whole = small(folder, early_stopping=True).fit(*beats)
    content = (folder / "checkpoint.safetensors").read_bytes()
    again = small(str(folder), early_stopping=True, callbacks=[Kill(0)]).fit(*beats)
    assert_same(again, whole, beats[0])
    assert [row["dur"] for row in again.history_] == [row["dur"] for row in whole.history_]
    assert (folder / "checkpoint.safetensors").read_bytes() == content


def test_an_interrupted_run_is_not_finished(beats, folder):
    class Interrupt(Callback):
        def on_epoch_begin(self, net, **kwargs):
            if len(net.history) == 2:
                raise KeyboardInterrupt

    with pytest.warns(UserWarning, match="interrupted"):
        assert small(folder, callbacks=[Interrupt()]).fit(*beats).n_iter_ == 1
    assert_same(small(folder).fit(*beats), small().fit(*beats), beats[0])


def test_without_a_seed_the_run_has_its_own(beats, folder):
    X, y = beats
    unseeded = small(folder, random_state=None, early_stopping=True, validation_fraction=0.4)
    kill(unseeded, X, y, 1)
    held_out = copy.deepcopy(unseeded).fit(X, y)
    assert_same(unseeded.fit(X, y), held_out, X)
    seed = _checkpoint_dir._read(folder / "checkpoint.safetensors")[1]
    assert_same(unseeded, unseeded.set_params(random_state=seed, checkpoint_dir=None), X)
    whole = clone(unseeded).fit(X, y)
    assert_same(held_out, whole, X)


def test_a_generator_is_the_seed_that_is_drawn_from_it(beats, folder):
    X, y = beats
    kill(small(folder, random_state=np.random.RandomState(5)), X, y)
    resumed = small(folder, random_state=np.random.RandomState(5)).fit(X, y)
    assert_same(resumed, small(random_state=np.random.RandomState(5)).fit(X, y), X)
    with pytest.raises(ValueError, match=r"random_state was \d+ and is \d+"):
        resumed.fit(X, y)  # draws again


def test_the_progress_bar_goes_on_where_it_was(beats, folder, capsys):
    kill(small(folder), *beats, after=2)
    small(folder, verbose=1).fit(*beats)
    shown = capsys.readouterr().err
    assert "2/3" in shown
    assert "3/3" in shown
    assert "1/3" not in shown


def test_callbacks_of_scikit_learn_see_the_epochs_done(beats, folder):
    sklearn_callback = pytest.importorskip("sklearn.callback", reason="scikit-learn before 1.9")
    seen = []

    class Recorder:
        def setup(self, estimator, context):
            pass

        teardown = on_fit_task_begin = setup

        def on_fit_task_end(self, estimator, context, *, fitted_estimator=None):
            seen.append((context.task_name, context.task_id, fitted_estimator is None))

    kill(small(folder), *beats, after=2)
    monitor = sklearn_callback.ScoringMonitor(scoring="accuracy")
    small(folder).set_callbacks(Recorder(), monitor).fit(*beats)
    assert seen == [("epoch", 0, True), ("epoch", 1, True), ("epoch", 2, False), ("fit", 0, False)]
    rows = [row for row in monitor.get_logs().data if row["task_name"] == "epoch"]
    assert [row["task_id"] for row in rows] == [2]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the script forks")
def test_killed_at_random_moments_it_loses_at_most_one_epoch_and_no_bit():
    script = ROOT / "benchmarks" / "kill_and_resume.py"
    done = subprocess.run(
        [sys.executable, str(script), "--kills", "5", "--epochs", "10"],
        env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"^5 kills", done.stdout, re.MULTILINE)
