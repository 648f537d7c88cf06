"""scikit-learn's own callbacks: search x fold x epoch, and nothing where they are not asked for."""

from __future__ import annotations

import pickle
import subprocess
import sys
from pathlib import Path

import imblearn.pipeline
import joblib
import numpy as np
import pytest
from estimators import CLASSIFIERS
from imblearn.over_sampling import RandomOverSampler
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from skorch.callbacks import Callback, EpochScoring

from skecg import (
    AreaResize,
    BeatSegmenter,
    BeatVoteClassifier,
    ECGResidualCNNClassifier,
    LeadCropper,
    TraceReader,
)
from skecg.datasets import make_beats, make_sheets

sklearn_callback = pytest.importorskip("sklearn.callback", reason="scikit-learn before 1.9")
ROOT = Path(__file__).resolve().parents[1]


class Recorder:
    """Notes every event; keeps what the fit would be if it stopped at the end of each epoch."""

    def __init__(self, stop_after=None, fail_after=None):
        self.stop_after, self.fail_after = stop_after, fail_after
        self.events, self.stopped = [], []

    def setup(self, estimator, context):
        self.events.append("setup")

    def teardown(self, estimator, context):
        self.events.append("teardown")

    def on_fit_task_begin(self, estimator, context, *, fitted_estimator=None):
        self.events.append(("begin", context.task_name, context.task_id))

    def on_fit_task_end(self, estimator, context, *, fitted_estimator=None):
        self.events.append(("end", context.task_name, context.task_id))
        if context.task_name == "epoch":
            self.stopped.append(fitted_estimator)
            if context.task_id == self.fail_after:
                raise RuntimeError("the callback fails")
            return context.task_id == self.stop_after
        return None


def epochs(n):
    return [(event, "epoch", i) for i in range(n) for event in ("begin", "end")]


@pytest.fixture(scope="module")
def beats():
    data = make_beats(60, n_timesteps=64, n_subjects=6, random_state=0)
    return data.data, data.target % 2


@pytest.fixture
def small():
    return ECGResidualCNNClassifier(
        max_epochs=3, batch_size=16, n_filters=4, n_blocks=1, random_state=0, n_threads=1
    )


# One fit ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("classifier", CLASSIFIERS, ids=lambda e: type(e).__name__)
def test_every_classifier_shows_its_epochs_and_fits_to_the_same_bit(classifier, beats):
    X, y = beats
    alone = clone(classifier).set_params(max_epochs=2, random_state=0, n_threads=1)
    watched = clone(alone)
    recorder = Recorder()
    monitor = sklearn_callback.ScoringMonitor(scoring="neg_log_loss")
    alone.fit(X, y)
    # The user's form of X, here a list, is what the scores are computed on.
    watched.set_callbacks(recorder, monitor).fit(X.tolist(), y)
    assert_array_equal(watched.predict_proba(X), alone.predict_proba(X))
    assert_array_equal(recorder.stopped[-1].predict_proba(X), alone.predict_proba(X))
    whole = [("begin", "fit", 0), *epochs(2), ("end", "fit", 0)]
    assert recorder.events == ["setup", *whole, "teardown"]
    rows = [row for row in monitor.get_logs().data if row["task_name"] == "epoch"]
    assert [row["neg_log_loss"] for row in rows] == pytest.approx(
        [np.log(at.predict_proba(X)[np.arange(len(y)), y]).mean() for at in recorder.stopped]
    )
    assert [at.n_iter_ for at in recorder.stopped] == [1, 2]


@pytest.mark.parametrize("early_stopping", [False, True])
def test_a_callback_stops_training_with_what_it_was_shown(small, beats, early_stopping):
    X, y = beats
    # A learning rate at which the validation loss rises: the best epoch is an earlier one.
    small.set_params(early_stopping=early_stopping, learning_rate=0.5, max_epochs=9)
    recorder = Recorder(stop_after=3)
    small.set_callbacks(recorder).fit(X, y)
    assert small.n_iter_ == recorder.stopped[-1].n_iter_ == 4
    assert_array_equal(recorder.stopped[-1].predict_proba(X), small.predict_proba(X))
    if early_stopping:
        assert np.argmin([row["valid_loss"] for row in small.history_]) < 3
    assert recorder.events[-2:] == [("end", "fit", 0), "teardown"]


def test_early_stopping_ends_the_last_epoch_for_the_callbacks_too(small, beats):
    recorder = Recorder()
    small.set_params(early_stopping=True, learning_rate=0.5, max_epochs=30, patience=2)
    alone = clone(small).fit(*beats)
    small.set_callbacks(recorder).fit(*beats)
    assert 2 < small.n_iter_ < 30
    assert recorder.events[2:-2] == epochs(small.n_iter_)
    # To show the best epoch's weights must not put them back into the network that trains on.
    losses = [[row["train_loss"] for row in fit.history_] for fit in (small, alone)]
    assert_array_equal(*losses)


def test_an_error_tears_down_and_the_next_fit_is_whole(small, beats):
    recorder = Recorder(fail_after=1)
    with pytest.raises(RuntimeError, match="the callback fails"):
        small.set_callbacks(recorder).fit(*beats)
    assert recorder.events[-1] == "teardown"
    assert not [name for name in vars(small) if name.startswith("_callback")]
    with pytest.raises(ValueError, match="NaN"):
        small.fit(np.full_like(beats[0], np.nan), beats[1])
    assert recorder.events[-2:] == [("begin", "fit", 0), "teardown"]
    again = Recorder()
    small.set_callbacks(again).fit(*beats)
    assert again.events[2:-2] == epochs(3)


def test_weights_reach_the_scores(small, beats):
    X, y = beats
    weight = np.where(y == 1, 5.0, 1.0)
    monitor = sklearn_callback.ScoringMonitor(scoring="accuracy")
    small.set_params(max_epochs=1).set_callbacks(monitor).fit(X, y, sample_weight=weight)
    expected = small.score(X, y, sample_weight=weight)
    assert {row["accuracy"] for row in monitor.get_logs().data} == {expected}
    assert expected != small.score(X, y)


def test_a_checkpoint_of_every_epoch_can_be_written(small, beats, tmp_path):
    class Checkpoint(Recorder):
        def on_fit_task_end(self, estimator, context, *, fitted_estimator=None):
            joblib.dump(fitted_estimator.set_callbacks(), tmp_path / f"{context.task_id}.joblib")

    small.set_params(verbose=1).set_callbacks(Checkpoint()).fit(*beats)
    found = joblib.load(tmp_path / "2.joblib")
    assert_array_equal(found.predict_proba(beats[0]), small.predict_proba(beats[0]))
    found.partial_fit(*beats)  # trains on from the checkpoint
    assert (found.n_iter_, small.n_iter_) == (4, 3)


def test_partial_fit_calls_nothing(small, beats):
    # As in scikit-learn, whose callbacks are those of fit.
    recorder = Recorder()
    small.set_callbacks(recorder).partial_fit(*beats)
    assert recorder.events == []


def test_no_callback_no_work(small, beats, monkeypatch):
    def refuse(self, *args, **kwargs):
        raise AssertionError

    monkeypatch.setattr(sklearn_callback.CallbackSupportMixin, "_init_callback_context", refuse)
    make_pipeline(BeatSegmenter())[0].fit(np.zeros((2, 1250)))
    small.fit(*beats)


# Beside skorch's callbacks ----------------------------------------------------------------------


def test_skorch_callbacks_and_scikit_learns_work_together(small, beats):
    recorder = Recorder()
    accuracy = EpochScoring("accuracy", on_train=True, name="train_acc", use_caching=False)
    small.set_params(callbacks=[accuracy]).set_callbacks(recorder).fit(*beats)
    assert all("train_acc" in at.history_[-1] for at in recorder.stopped)
    assert recorder.events[2:-2] == epochs(3)


class Interrupt(Callback):
    """Ends training as skorch's EarlyStopping does, after the second epoch."""

    def on_epoch_end(self, net, **kwargs):
        if len(net.history) == 2:
            raise KeyboardInterrupt


def test_an_epoch_that_a_skorch_callback_ends_is_an_epoch(small, beats):
    recorder = Recorder()
    small.set_params(callbacks=[Interrupt()]).set_callbacks(recorder)
    with pytest.warns(UserWarning, match="interrupted"):
        small.fit(*beats)
    assert recorder.events[2:-2] == epochs(2)


def test_an_interruption_before_the_first_epoch_is_no_epoch(small, beats):
    class InterruptAtOnce(Recorder):
        def on_fit_task_begin(self, estimator, context):
            if context.task_name == "epoch":
                raise KeyboardInterrupt

    with pytest.warns(UserWarning, match="interrupted"):
        small.set_callbacks(InterruptAtOnce()).fit(*beats)
    assert small.n_iter_ == 0


# In pipelines and searches ----------------------------------------------------------------------


def test_clones_and_pickles_keep_the_callbacks(small):
    monitor = sklearn_callback.ScoringMonitor(scoring="accuracy")
    small.set_callbacks(monitor)
    assert clone(small)._skl_callbacks == [monitor]
    assert len(pickle.loads(pickle.dumps(small))._skl_callbacks) == 1


@pytest.fixture(scope="module")
def windows():
    """Windows of 10 seconds with spikes at one of two rates."""
    rng = np.random.default_rng(0)
    y = np.tile(["slow", "fast"], 12)
    period = np.where(y == "slow", 120, 80)[:, None]
    return (np.arange(1250) % period == 40) + rng.normal(0, 0.01, (24, 1250)), y


def test_progress_of_search_fold_and_epoch_comes_from_the_workers(small, windows, capsys):
    pytest.importorskip("rich").reconfigure(width=120)
    monitor = sklearn_callback.ScoringMonitor(scoring="accuracy")
    search = GridSearchCV(
        make_pipeline(BeatSegmenter(), small.set_callbacks(monitor)),
        {"ecgresidualcnnclassifier__learning_rate": [1e-3, 1e-2]},
        cv=2,
        n_jobs=2,
    )
    progress = sklearn_callback.ProgressBar(max_propagation_depth=None)
    search.set_callbacks(progress).fit(*windows)
    lines = capsys.readouterr().out.splitlines()
    for step in ("BeatSegmenter - fit #0", "ECGResidualCNNClassifier - fit #1"):
        # 2 rates x 2 folds, and the refit.
        assert sum(step in line and "100%" in line for line in lines) == 5, lines
    scores = [row for row in monitor.get_logs().data if row["task_name"] == "epoch"]
    assert len(scores) == 5 * 3
    assert_array_equal(
        [row["accuracy"] for row in scores if row["task_id_path"] == (0, 1, 1, 2)],
        [search.score(*windows)],
    )


@pytest.mark.parametrize(
    "transformer",
    [AreaResize(size=(8, 12)), LeadCropper(size=(8, 8)), TraceReader(sampling_rate=50)],
)
def test_transformers_of_pictures_are_tasks_of_their_pipeline(transformer):
    X, y = make_sheets(4, size=(786, 1106), random_state=0, return_X_y=True)

    class Propagated(Recorder):
        max_propagation_depth = None

    recorder = Propagated()
    classifier = clone(CLASSIFIERS[0]).set_params(max_epochs=1)
    make_pipeline(transformer, classifier).set_callbacks(recorder).fit(X, y)
    # The pipeline's task, the transformer's as its child 0, the classifier's as its child 1.
    expected = [("begin", "fit", 0), ("begin", "fit", 0), ("end", "fit", 0), ("begin", "fit", 1)]
    assert recorder.events[1:5] == expected
    assert recorder.events[-3:] == [("end", "fit", 1), ("end", "fit", 0), "teardown"]


def test_a_classifier_of_records_passes_them_on_to_that_of_beats(small, windows):
    class Propagated(Recorder):
        max_propagation_depth = None

    recorder = Propagated()
    voting = BeatVoteClassifier(BeatSegmenter(), small.set_params(max_epochs=2))
    plain = clone(voting).fit(*windows)
    voting.set_callbacks(recorder).fit(*windows)
    fit = [("begin", "fit", 0), *epochs(2), ("end", "fit", 0)]  # of the beats, in that of records
    assert recorder.events == ["setup", ("begin", "fit", 0), *fit, ("end", "fit", 0), "teardown"]
    assert_array_equal(voting.predict_proba(windows[0]), plain.predict_proba(windows[0]))


def test_a_pipeline_of_imbalanced_learn_is_one_task_of_a_search(small, beats):
    # It inherits set_callbacks and calls none, so nothing of its steps is seen.
    class Propagated(Recorder):
        max_propagation_depth = None

    recorder = Propagated()
    model = imblearn.pipeline.make_pipeline(RandomOverSampler(random_state=0), small)
    search = GridSearchCV(model, {"randomoversampler__random_state": [0, 1]}, cv=2)
    search.set_callbacks(recorder).fit(*beats)
    assert {name for _, name, _ in recorder.events[1:-1]} == {"fit", "search"}
    assert search.predict(beats[0]).shape == (60,)


# Before scikit-learn 1.9 ------------------------------------------------------------------------


def test_without_native_callbacks_everything_else_works():
    code = """
import sys
import numpy, imblearn, skorch, sklearn.pipeline, sklearn.model_selection
sys.modules["sklearn.callback"] = None  # as before scikit-learn 1.9
from skecg import BeatSegmenter, ECGResidualCNNClassifier
X = numpy.random.default_rng(0).normal(size=(16, 1250))
classifier = ECGResidualCNNClassifier(max_epochs=2, n_filters=4, random_state=0, verbose=1)
model = sklearn.pipeline.make_pipeline(BeatSegmenter(), classifier)
model.fit(X, numpy.arange(16) % 2)
print(model.predict(X).shape, hasattr(classifier, "set_callbacks"))
"""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.strip() == "(16,) False"
    assert "2/2" in done.stderr  # verbose=1 shows the epochs
