from __future__ import annotations

import tracemalloc
import warnings

import numpy as np
import pandas as pd
import pytest
import sklearn
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

import skecg
from skecg import (
    BeatSegmenter,
    BeatVoteClassifier,
    ECGResidualCNNClassifier,
    SampleView,
    SignalFilter,
    SignalResampler,
    SignalScaler,
)
from skecg.signal import filter_signals, resample, scale_windows

RNG = np.random.default_rng(0)
STEPS = [
    SignalScaler(),
    SignalScaler(by="sample", method="minmax"),
    SignalScaler(by="training"),
    SignalScaler(by="training", method="minmax"),
    SignalFilter(sampling_rate=250, mains=50),
    SignalFilter(sampling_rate=250, causal=True),
    SignalResampler(sampling_rate=250, rate=100),
]
every_step = pytest.mark.parametrize("step", STEPS, ids=repr)


def signals(*shape: int) -> np.ndarray:
    return (RNG.standard_normal(shape) * 3 + 10).astype(np.float32)


# What each computes -------------------------------------------------------------------------------


def test_scaling_by_lead_by_sample_and_by_training():
    X = signals(6, 3, 80)
    X[:, 1] *= 100
    own = SignalScaler().fit_transform(X)
    np.testing.assert_allclose(own.mean(axis=2), 0, atol=1e-6)
    np.testing.assert_allclose(own.std(axis=2), 1, atol=1e-5)
    sample = SignalScaler(by="sample").fit_transform(X)
    np.testing.assert_allclose(sample.std(axis=(1, 2)), 1, atol=1e-5)
    assert sample[0, 1].std() > 10 * sample[0, 0].std()  # leads keep their proportions
    scaler = SignalScaler(by="training").fit(X)
    np.testing.assert_allclose(scaler.center_, X.mean(axis=(0, 2), dtype=float), rtol=1e-12)
    np.testing.assert_allclose(scaler.scale_, X.std(axis=(0, 2), dtype=float), rtol=1e-12)
    twice = scaler.transform(2 * X)
    np.testing.assert_allclose(twice.std(axis=(0, 2)), 2, rtol=1e-5)  # amplitudes are kept


def test_minmax_scaling():
    X = signals(6, 3, 80)
    np.testing.assert_allclose(
        SignalScaler(method="minmax").fit_transform(X), scale_windows(X), atol=1e-6
    )
    sample = SignalScaler(by="sample", method="minmax").fit_transform(X)
    assert (sample.min(axis=(1, 2)) == 0).all()
    assert (sample.max(axis=(1, 2)) == 1).all()
    scaler = SignalScaler(by="training", method="minmax").fit(X)
    assert np.array_equal(scaler.center_, X.min(axis=(0, 2)))
    np.testing.assert_allclose(scaler.transform(X).max(axis=(0, 2)), 1, rtol=1e-6)


@pytest.mark.parametrize("by", ["lead", "sample", "training"])
@pytest.mark.parametrize("method", ["standard", "minmax"])
@pytest.mark.parametrize("value", [0.1, 1e30, -7])
def test_a_lead_of_one_value_becomes_zeros_without_a_warning(by, method, value):
    X = np.full((4, 2, 50), value, np.float32)
    with warnings.catch_warnings(action="error"):
        scaled = SignalScaler(by=by, method=method).fit_transform(X)
    assert not scaled.any()
    if by != "sample":
        X[:, 1] = signals(4, 50)
        scaled = SignalScaler(by=by, method=method).fit_transform(X)
        assert not scaled[:, 0].any()
        assert scaled[:, 1].any()


def test_only_training_learns_and_needs_fit():
    X = signals(4, 2, 30)
    assert SignalScaler().transform(X).shape == X.shape
    assert SignalScaler().fit(X).center_ is None
    with pytest.raises(NotFittedError):
        SignalScaler(by="training").transform(X)
    scaler = SignalScaler(by="training").fit(X)
    before = scaler.transform(X[:1])
    scaler.transform(100 * X)
    assert np.array_equal(scaler.transform(X[:1]), before)


def test_filter_and_resampler_are_the_functions():
    X = signals(4, 2, 300)
    filtered = SignalFilter(sampling_rate=250, low=1, high=30, order=3, mains=60).fit_transform(X)
    expected = filter_signals(X, 250, low=1, high=30, order=3, mains=60)
    assert np.array_equal(filtered, expected)
    found = SignalResampler(sampling_rate=250, rate=128).fit_transform(X)
    assert np.array_equal(found, resample(X, 250, 128))


# What all share -----------------------------------------------------------------------------------


@every_step
@pytest.mark.parametrize("shape", [(5, 300), (5, 3, 300)])
def test_shape_type_and_blocks(step, shape, monkeypatch):
    X = signals(*shape)
    found = clone(step).fit_transform(X)
    assert found.shape[:-1] == shape[:-1]
    assert found.dtype == np.float32
    assert clone(step).fit_transform(X.astype(np.float64)).dtype == np.float64
    monkeypatch.setattr("skecg.signal._filters._BLOCK", 700)  # one or two samples at a time
    other = clone(step).fit_transform(np.asfortranarray(X))
    np.testing.assert_allclose(other, found, rtol=1e-6, atol=1e-7)
    assert np.array_equal(clone(step).fit_transform(SampleView(X)), other)


@every_step
def test_records_of_different_lengths(step):
    one_lead = [signals(n) for n in (300, 420, 300)]
    found = clone(step).fit_transform(one_lead)
    assert isinstance(found, list)
    several = clone(step).fit(signals(2, 2, 300)).transform([signals(2, 300), signals(2, 333)])
    assert [record.shape[0] for record in several] == [2, 2]
    alone = clone(step).fit(one_lead).transform([one_lead[1], one_lead[0]])
    np.testing.assert_allclose(found[1], alone[0], rtol=1e-6, atol=1e-6)


@every_step
def test_wrong_forms_are_refused(step):
    step = clone(step).fit(signals(4, 3, 300))
    X = signals(4, 3, 300)
    X[2, 1, 7] = np.nan
    with pytest.raises(ValueError, match="NaN"):
        step.transform(X)
    with pytest.raises(ValueError, match=r"must have the shape \(n_samples, n_timesteps\) or"):
        step.fit(signals(2, 3, 4, 5))
    with pytest.raises(ValueError, match="expecting 3 features"):
        step.transform(signals(4, 2, 300))
    with pytest.raises(ValueError, match=r"record 1 of X must have the shape|leads"):
        step.transform([signals(300), signals(2, 3, 333)])
    with pytest.raises(ValueError, match=r"NaN"):
        step.transform([signals(300), np.full(200, np.nan)])


@every_step
def test_tables_get_names_and_three_axes_do_not(step):
    X = pd.DataFrame(signals(5, 300), columns=[f"t{i}" for i in range(300)])
    step = clone(step).set_output(transform="pandas").fit(X)
    table = step.transform(X)
    assert isinstance(table, pd.DataFrame)
    first = "sample0" if isinstance(step, SignalResampler) else "t0"
    assert table.columns[0] == first
    assert list(table.columns) == step.get_feature_names_out().tolist()
    with pytest.raises(ValueError, match=r"asks for a table, and signals of shape \(5, 2, 300\)"):
        step.fit(signals(5, 2, 300)).transform(signals(5, 2, 300))
    with (
        sklearn.config_context(transform_output="polars"),
        pytest.raises(ValueError, match="table"),
    ):
        clone(STEPS[0]).fit_transform(signals(5, 2, 300))


def test_names_of_a_resampler_need_rows():
    step = SignalResampler(sampling_rate=250, rate=100)
    with pytest.raises(ValueError, match="was not fitted on rows"):
        step.get_feature_names_out()
    assert len(step.fit(signals(2, 301)).get_feature_names_out()) == 121


@pytest.mark.parametrize(
    ("step", "message"),
    [
        (SignalFilter(sampling_rate=60), "high must be below half the sampling rate, 30 Hz"),
        (SignalFilter(sampling_rate=250, low=None, high=None), "nothing to filter"),
        (SignalFilter(sampling_rate=250, order=11), "order"),
        (SignalFilter(sampling_rate=0), "sampling_rate"),
        (SignalResampler(sampling_rate=1e5, rate=1), "within a factor of 10,000"),
        (SignalResampler(sampling_rate=100, rate=-1), "rate"),
        (SignalScaler(by="leads"), "by"),
        (SignalScaler(method="robust"), "method"),
    ],
)
def test_wrong_parameters_are_refused(step, message):
    with pytest.raises(ValueError, match=message):
        step.fit(signals(3, 300))
    with pytest.raises(ValueError, match=message):
        step.transform(signals(3, 300))


def test_too_short_signals_and_too_large_values_are_refused():
    with pytest.raises(ValueError, match="more than 15 samples, got 15"):
        SignalFilter(sampling_rate=250).fit(signals(3, 15)).transform(signals(3, 15))
    X = np.array([[1e308, -1e308, 1e308]])
    for by in ("lead", "sample", "training"):
        for method in ("standard", "minmax"):
            with pytest.raises(ValueError, match="too large to be scaled"):
                SignalScaler(by=by, method=method).fit_transform(X)
    with pytest.raises(ValueError, match="3 leads, got 1"):
        SignalScaler(by="training").fit(signals(3, 3, 30)).transform([signals(30), signals(40)])
    with pytest.raises(ValueError, match="have \\[1, 2\\] leads"):
        SignalScaler(by="training").fit([signals(30), signals(2, 40)])


@pytest.mark.parametrize("step", [STEPS[0], STEPS[2], STEPS[4]], ids=repr)
def test_memory_beside_the_result_is_bounded(step):
    X = np.zeros((32, 8, 65_536), np.float32)  # 64 MiB
    X[:, :, ::7] = 1
    tracemalloc.start()
    clone(step).fit_transform(X)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < X.nbytes + 96 * 2**20


# In compositions ----------------------------------------------------------------------------------


def network():
    return ECGResidualCNNClassifier(n_filters=2, n_blocks=1, max_epochs=1, random_state=0)


def test_in_a_pipeline_before_a_network_in_a_search_and_in_a_file(tmp_path):
    X, y = signals(24, 2, 200), np.arange(24) % 2
    model = make_pipeline(
        SignalFilter(sampling_rate=250), SignalResampler(sampling_rate=250, rate=125),
        SignalScaler(by="training"), network(),
    )  # fmt: skip
    search = GridSearchCV(
        model, {"signalscaler__by": ["lead", "training"], "signalfilter__mains": [None, 50]}, cv=2
    )
    best = search.fit(X, y).best_estimator_
    assert best.predict_proba(X).shape == (24, 2)
    skecg.save(best, tmp_path / "m.safetensors")
    loaded = skecg.load(tmp_path / "m.safetensors")
    assert np.array_equal(loaded.predict_proba(X), best.predict_proba(X))
    assert "SignalFilter" in skecg.describe(tmp_path / "m.safetensors")


@every_step
@pytest.mark.parametrize("of_records", [False, True])
def test_a_file_keeps_what_was_learned(step, of_records, tmp_path):
    X = [signals(300), signals(400)] if of_records else signals(4, 300)
    step = clone(step).fit(X)
    skecg.save(step, tmp_path / "m")
    loaded = skecg.load(tmp_path / "m")
    for a, b in zip(loaded.transform(X), step.transform(X)):
        assert np.array_equal(a, b)
    skecg.save(clone(step), tmp_path / "m")
    assert not hasattr(skecg.load(tmp_path / "m"), "center_")


def test_before_and_within_the_votes_of_records():
    beat = np.exp(-0.5 * ((np.arange(100) - 50) / 3) ** 2)
    records = [
        np.tile(beat, n) + 0.1 * wander for n, wander in [(12, 1), (20, 2), (15, 3), (18, 4)]
    ]
    vote = BeatVoteClassifier(
        BeatSegmenter(sampling_rate=125), make_pipeline(SignalScaler(), LogisticRegression())
    )
    model = make_pipeline(SignalFilter(sampling_rate=125, mains=50), vote)
    model.fit(records, ["a", "b", "a", "b"])
    assert model.predict_proba(records).shape == (4, 2)
