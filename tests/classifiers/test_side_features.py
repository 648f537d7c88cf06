"""Numbers beside the signal keep the whole contract of the classifiers of signals."""

from __future__ import annotations

import pickle
import re

import numpy as np
import pandas as pd
import pytest
import torch
from estimators import WITH_SIDE_FEATURES
from imblearn.over_sampling import SMOTE
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.compose import make_column_transformer
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import GridSearchCV, GroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from skorch.callbacks import Callback

import skecg
from skecg import ECGCNNClassifier, ECGResidualCNNClassifier, NDSampler, SampleView

N_LEADS, N_TIMESTEPS, K = 2, 40, 3
every = pytest.mark.parametrize(
    "classifier",
    [
        clone(each).set_params(max_epochs=2, n_leads=N_LEADS, n_side_features=K, random_state=0)
        for each in WITH_SIDE_FEATURES
    ],
    ids=lambda classifier: type(classifier).__name__,
)


@pytest.fixture(scope="module")
def beats():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((48, N_LEADS * N_TIMESTEPS + K)).astype(np.float32)
    return X, np.array(["N", "S", "V"])[np.arange(48) % 3]


@pytest.fixture(scope="module")
def rhythm():
    """Return signals and intervals: V is wide; S is narrow as N is, and early as a V may be."""
    rng = np.random.default_rng(0)
    wide, early = rng.integers(0, 2, (2, 240)).astype(bool)
    time = np.arange(-20, 20)
    X = np.exp(-0.5 * (time / np.where(wide, 6, 2)[:, None]) ** 2)
    X = X + 0.05 * rng.standard_normal(X.shape)
    interval = np.where(early, -1, 1) + 0.2 * rng.standard_normal(240)
    y = np.where(wide, "V", np.where(early, "S", "N"))
    return X, interval[:, None], y


def weights(classifier):
    return torch.cat([w.detach().flatten() for w in classifier.module_.parameters()]).numpy()


# Use ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "classifier",
    [
        ECGResidualCNNClassifier(max_epochs=15, batch_size=16, n_filters=8, n_blocks=2),
        ECGCNNClassifier(
            max_epochs=15, batch_size=16, width=4, hidden_layer_sizes=(32, 16), dropout=0.1
        ),
    ],
    ids=lambda classifier: type(classifier).__name__,
)
def test_a_class_that_depends_on_both_is_learnt(classifier, rhythm):
    X, interval, y = rhythm
    beside, train, test = np.hstack([X, interval]), slice(160), slice(160, None)
    alone = clone(classifier).set_params(random_state=0).fit(X[train], y[train])
    both = clone(classifier).set_params(random_state=0, n_side_features=1)
    both.fit(beside[train], y[train])
    # Half of the narrow beats are early: without the interval a quarter is guessed.
    assert alone.score(X[test], y[test]) < 0.85
    assert both.score(beside[test], y[test]) > 0.95


@every
def test_rows_hold_the_leads_one_after_the_other_and_then_the_numbers(classifier, beats):
    X, y = beats
    clf = clone(classifier).set_params(precision="float64").fit(X, y)
    seen = []
    handle = clf.module_.features.register_forward_hook(lambda _, args, out: seen.append(args[0]))
    clf.predict(X[:1])
    handle.remove()
    expected = X[0, :-K].reshape(N_LEADS, N_TIMESTEPS)
    assert_array_equal(seen[0][0, :, :N_TIMESTEPS], expected)  # behind it, padding
    assert clf.n_features_in_ == X.shape[1]


@every
def test_without_numbers_a_row_is_split_into_leads(classifier, beats):
    X, y = beats
    X = X[:, :-K]
    by_row = clone(classifier).set_params(n_side_features=0).fit(X, y)
    signals = X.reshape(len(X), N_LEADS, N_TIMESTEPS)
    for n_leads in (1, N_LEADS):
        by_axes = clone(by_row).set_params(n_leads=n_leads).fit(signals, y)
        assert_array_equal(by_axes.predict_proba(signals), by_row.predict_proba(X))


def test_published_classifiers_have_neither():
    for cls in (ECGResidualCNNClassifier, ECGCNNClassifier):
        published = cls.published()
        assert (published.n_leads, published.n_side_features) == (1, 0)


# Wrong input ----------------------------------------------------------------------------------


@every
@pytest.mark.parametrize("n_columns", [1, K, K + 1, N_LEADS * N_TIMESTEPS + K + 1])
def test_columns_that_are_no_leads_and_numbers_are_refused(classifier, beats, n_columns):
    _, y = beats
    expected = rf"n_leads=2 leads.*and 3 values.*got {n_columns} feature\(s\)\. Check n_leads"
    with pytest.raises(ValueError, match=expected):
        clone(classifier).fit(np.zeros((48, n_columns)), y)


def test_one_time_step_of_each_lead_is_enough(beats):
    _, y = beats
    X = np.random.default_rng(0).standard_normal((48, 1 + 1))
    assert WITH_SIDE_FEATURES[0].n_leads == 1
    clone(WITH_SIDE_FEATURES[0]).set_params(max_epochs=1).fit(X, y)


@every
def test_signals_of_three_axes_are_refused_with_the_remedy(classifier, beats):
    X, y = beats
    signals = X[:, :-K].reshape(len(X), N_LEADS, N_TIMESTEPS)
    expected = re.escape("n_timesteps + 3); got an array of shape (48, 2, 40). Give a row")
    with pytest.raises(ValueError, match=expected):
        clone(classifier).fit(signals, y)


@every
def test_another_number_of_leads_than_that_of_x_is_refused(classifier, beats):
    X, y = beats
    alone = clone(classifier).set_params(n_side_features=0, n_leads=3)
    with pytest.raises(ValueError, match=r"n_leads=3, but X has 2 leads.*got shape \(48, 2, 40\)"):
        alone.fit(X[:, :-K].reshape(len(X), N_LEADS, N_TIMESTEPS), y)
    with pytest.raises(ValueError, match=r"n_leads=3 leads.*got 80 feature\(s\)"):
        alone.fit(X[:, :-K], y)


@every
def test_a_number_that_is_missing_is_refused(classifier, beats):
    X, y = beats
    bad = X.copy()
    bad[5, -1] = np.nan
    with pytest.raises(ValueError, match="NaN"):
        clone(classifier).fit(bad, y)
    with pytest.raises(ValueError, match="NaN"):
        clone(classifier).fit(X, y).predict(bad)


@pytest.mark.parametrize(("name", "value"), [("n_leads", 0), ("n_side_features", -1)])
def test_impossible_numbers_are_refused(name, value, beats):
    with pytest.raises(ValueError, match=f"'{name}' parameter of ECGResidualCNNClassifier must be"):
        ECGResidualCNNClassifier(**{name: value}).fit(*beats)


@every
def test_more_leads_than_time_steps_warn(classifier, beats):
    X, y = beats
    few = clone(classifier).set_params(n_leads=10, max_epochs=1)
    expected = r"\(48, 43\), read as 10 leads of 4 time steps; check n_leads and n_side_features"
    with pytest.warns(UserWarning, match=expected) as caught:
        few.fit(X[:, :43], y)
    assert caught[0].filename == __file__


@every
def test_a_parameter_changed_after_fit_is_named(classifier, beats):
    X, y = beats
    clf = clone(classifier).fit(X, y).set_params(n_side_features=0, n_leads=1)
    with pytest.raises(ValueError, match="n_side_features of a classifier was changed after fit"):
        clf.predict(X)


# The contract ---------------------------------------------------------------------------------


@every
def test_pickle_clone_and_file_predict_the_same(classifier, beats, tmp_path):
    X, y = beats
    clf = clone(classifier).fit(X, y, groups=np.arange(48) // 4)
    expected = clf.predict_proba(X)
    skecg.save(clf, tmp_path / "beats.safetensors")
    loaded = skecg.load(tmp_path / "beats.safetensors")
    assert loaded.n_side_features == K
    for other in (pickle.loads(pickle.dumps(clf)), loaded, clone(clf).fit(X, y)):
        assert_array_equal(other.predict_proba(X), expected)
        assert_array_equal(other.embed(X), clf.embed(X))
    assert "n_side_features=3" in skecg.describe(tmp_path / "beats.safetensors")


@every
def test_a_network_with_other_numbers_is_not_saved(classifier, beats, tmp_path):
    clf = clone(classifier).fit(*beats).set_params(n_side_features=K - 2)
    with pytest.raises(ValueError, match="changed after fit"):
        skecg.save(clf, tmp_path / "beats.safetensors")


@every
def test_views_and_memory_maps_give_the_same_bits(classifier, beats, tmp_path):
    X, y = beats
    rows = np.random.default_rng(0).permutation(48)[:40]
    copied = clone(classifier).fit(X[rows], y[rows])
    np.save(tmp_path / "X.npy", X)
    mapped = np.load(tmp_path / "X.npy", mmap_mode="r")
    for base in (X, np.asfortranarray(X), X.astype(np.float64), mapped):
        in_place = clone(classifier).fit(SampleView(base, rows), y[rows])
        assert_array_equal(weights(in_place), weights(copied))
        assert_array_equal(in_place.predict_proba(base), copied.predict_proba(X))


@every
def test_data_frames_keep_their_names(classifier, beats):
    X, y = beats
    names = [f"t{i}" for i in range(X.shape[1] - K)] + ["before", "after", "ratio"]
    frame = pd.DataFrame(X, columns=names)
    clf = clone(classifier).fit(frame, y)
    assert clf.feature_names_in_.tolist() == names
    assert_array_equal(clf.predict_proba(frame), clone(classifier).fit(X, y).predict_proba(X))
    with pytest.raises(ValueError, match="feature names should match"):
        clf.predict(frame[names[::-1]])


@every
def test_early_stopping_by_subject_and_sample_weights(classifier, beats):
    X, y = beats
    stopping = clone(classifier).set_params(early_stopping=True, validation_fraction=0.25)
    stopping.fit(X, y, groups=np.arange(48) // 3)
    assert {"valid_loss", "valid_acc"} <= set(stopping.history_[0])
    weight = np.ones(48)
    weight[40:] = 0
    left_out = clone(classifier).fit(X, y, sample_weight=weight)
    assert_array_equal(weights(left_out), weights(clone(classifier).fit(X[:40], y[:40])))


@every
def test_partial_fit_goes_on(classifier, beats):
    X, y = beats
    clf = clone(classifier)
    for _ in range(2):
        clf.partial_fit(X, y)
    assert clf.n_iter_ == 2
    with pytest.raises(ValueError, match="83 features as input"):
        clf.partial_fit(X[:, 1:], y)


@every
def test_a_stopped_fit_continues_to_the_same_bits(classifier, beats, tmp_path):
    X, y = beats

    class Stopped(Exception):
        pass

    class StopAfterOne(Callback):
        def on_epoch_begin(self, net, **kwargs):
            if len(net.history) == 2:
                raise Stopped

    whole = clone(classifier).fit(X, y)
    kept = clone(classifier).set_params(checkpoint_dir=tmp_path / "run")
    with pytest.raises(Stopped):
        clone(kept).set_params(callbacks=[StopAfterOne()]).fit(X, y)
    assert_array_equal(weights(kept.fit(X, y)), weights(whole))
    with pytest.raises(ValueError, match="n_side_features"):
        clone(kept).set_params(n_side_features=K + N_LEADS).fit(X, y)


@every
def test_search_and_scaled_columns(classifier, beats):
    X, y = beats
    raw = X.copy()
    raw[:, -K:] = 800 + 100 * X[:, -K:]  # ms
    scaler = make_column_transformer(
        ("passthrough", slice(0, -K)), (StandardScaler(), slice(-K, None))
    )
    pipeline = make_pipeline(scaler, clone(classifier).set_params(max_epochs=1))
    name = f"{pipeline.steps[-1][0]}__batch_size"
    search = GridSearchCV(pipeline, {name: [8, 16]}, cv=GroupKFold(2))
    search.fit(raw, y, groups=np.arange(48) // 4)
    assert search.predict_proba(raw).shape == (48, 3)


def test_samplers_take_the_rows(beats):
    X, y = beats
    chosen = np.r_[np.flatnonzero(y == "N"), np.flatnonzero(y == "S")[:8]]
    more, labels = NDSampler(SMOTE(k_neighbors=3, random_state=0)).fit_resample(
        X[chosen], y[chosen]
    )
    assert (labels == "S").sum() == 16
    clf = clone(WITH_SIDE_FEATURES[0]).set_params(n_leads=N_LEADS, n_side_features=K, max_epochs=1)
    assert clf.fit(more, labels).n_features_in_ == X.shape[1]


# Transfer -------------------------------------------------------------------------------------


@every
def test_transfer_between_networks_with_as_many_numbers(classifier, beats):
    X, y = beats
    source = clone(classifier).fit(X, y)
    last = 2
    transfer = {"init_from": FrozenEstimator(source), "n_trainable_layers": last}
    clf = clone(classifier).set_params(**transfer).fit(X, y == "N")
    report = clf.transfer_report_
    layers = list(report.n_weights)
    assert report.frozen == tuple(layers[:-last])
    assert report.drawn_anew == (layers[-1],)
    state, before = clf.module_.state_dict(), source.module_.state_dict()
    for name in state:
        if name.rpartition(".")[0] in report.frozen:
            assert torch.equal(state[name], before[name]), name


@every
def test_the_convolutions_of_a_network_of_signals_alone(classifier, beats):
    X, y = beats
    source = clone(classifier).set_params(n_side_features=0).fit(X[:, :-K], y)
    clf = clone(classifier).set_params(init_from=FrozenEstimator(source))
    with pytest.raises(ValueError, match=r"number of side features or of classes.*'mismatched'"):
        clf.fit(X, y)
    clf.set_params(reset_layers="mismatched").fit(X, y)
    joint = f"head.{clf.module_.joint}"
    anew = set(clf.transfer_report_.drawn_anew)
    assert joint in anew
    assert all(name.startswith("head.") for name in anew)
    assert any(name.startswith("features.") for name in clf.transfer_report_.taken_over)


@every
def test_embeddings_are_read_after_the_numbers(classifier, beats):
    X, y = beats
    clf = clone(classifier).fit(X, y)
    other = X.copy()
    other[:, -K:] += 3
    assert not np.allclose(clf.embed(X), clf.embed(other))
    last = [layer for layer in clf.module_.modules() if isinstance(layer, torch.nn.Linear)][-1]
    logits = clf.embed(X) @ last.weight.detach().numpy().T + last.bias.detach().numpy()
    assert_allclose(logits - logits.mean(1, keepdims=True), _centred_logits(clf, X), atol=1e-5)


def _centred_logits(clf, X):
    log_proba = clf.predict_log_proba(X)
    return log_proba - log_proba.mean(1, keepdims=True)
