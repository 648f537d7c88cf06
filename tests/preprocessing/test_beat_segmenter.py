from __future__ import annotations

import pickle
import warnings
from pathlib import Path

import numpy as np
import pytest
import wfdb
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import estimator_checks_generator, parametrize_with_checks

from skecg.datasets import load_ptbxl
from skecg.preprocessing import BeatSegmenter
from skecg.signal import detect_r_peaks, resample, split_windows

RATE = 100


def ecg(*r_peaks, n_timesteps=1000, height=1.0):
    """A signal with a narrow R wave, of alternating height, at each of the given samples."""
    t = np.arange(n_timesteps)
    heights = height * np.where(np.arange(len(r_peaks)) % 2, 0.95, 1)
    return sum(h * np.exp(-0.5 * ((t - at) / 3) ** 2) for h, at in zip(heights, r_peaks))


def regular(period, n_timesteps=1000, height=1.0):
    return ecg(*range(50, n_timesteps, period), n_timesteps=n_timesteps, height=height)


@pytest.fixture
def X():
    """Three windows of 10 s with R-R intervals of 0.8, 1 and 1.2 s."""
    return np.array([regular(80), regular(100), regular(120)])


@pytest.mark.filterwarnings("ignore:.*windows have no beat:UserWarning")
@parametrize_with_checks([BeatSegmenter(), BeatSegmenter(beats=2, scale="beat")])
def test_scikit_learn_checks(estimator, check):
    check(estimator)


def test_the_checks_of_scikit_learn_really_run():
    # scikit-learn 1.9 generates 45 for a transformer; 1.6 generates a few fewer.
    assert len(list(estimator_checks_generator(BeatSegmenter()))) >= 40


def test_every_window_gives_one_beat(X):
    beats = BeatSegmenter(sampling_rate=RATE).fit_transform(X)
    assert beats.shape == (3, 187)
    assert beats.dtype == np.float32
    # Each beat lasts 1.2 periods; the padding is exactly zero.
    for beat, period in zip(beats, (80, 100, 120), strict=True):
        assert beat[int(1.2 * period) - 1] > 0
        assert (beat[round(1.2 * period) :] == 0).all()


@pytest.mark.parametrize(
    ("beats", "reduce"),
    [
        ("median", lambda found: np.median(found, axis=0)),
        ("mean", lambda found: found.mean(axis=0)),
        ("first", lambda found: found[0]),
        (3, lambda found: found[:3]),
    ],
)
def test_representative_beat_is_made_of_the_beats_of_segment(X, beats, reduce):
    segmenter = BeatSegmenter(sampling_rate=RATE, beats=beats)
    found = segmenter.segment(X)
    expected = [reduce(found.beats[found.row == row]) for row in range(3)]
    np.testing.assert_allclose(segmenter.transform(X), expected, rtol=1e-6)


def test_rows_with_fewer_than_k_beats_are_filled_with_zero_beats(X):
    out = BeatSegmenter(sampling_rate=RATE, beats=20).transform(X)
    assert out.shape == (3, 20, 187)
    # R peaks at 50, 130, ..., 930: 11 fit with 96 samples; at 50, 150, ...: 9; 50, 170, ...: 7.
    assert out.any(axis=2).sum(axis=1).tolist() == [11, 9, 7]


def test_segment_gives_every_beat_with_its_origin(X):
    found = BeatSegmenter(sampling_rate=RATE).segment(X, y=["a", "b", "c"], groups=[7, 7, 9])
    assert np.bincount(found.row).tolist() == [11, 9, 7]
    assert found.r_peak[found.row == 1].tolist() == list(range(50, 851, 100))
    assert found.period[found.row == 2].tolist() == [120] * 7
    assert found.window.tolist() == [0] * 27
    assert found.target.tolist() == ["a"] * 11 + ["b"] * 9 + ["c"] * 7
    assert found.group.tolist() == [7] * 20 + [9] * 7
    assert found.beats.shape == (27, 187)


def test_segment_without_targets_has_none(X):
    found = BeatSegmenter(sampling_rate=RATE).segment(X)
    assert found.target is None
    assert found.group is None


def test_segment_refuses_targets_of_another_length(X):
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        BeatSegmenter(sampling_rate=RATE).segment(X, y=[0, 1])


def test_long_rows_are_cut_into_windows():
    # 10 s with R-R 0.8 s, then 10 s with 1.25 s and twice the height.
    row = np.concatenate([regular(80), regular(125, height=2)])
    found = BeatSegmenter(sampling_rate=RATE).segment([row, row])
    first = found.row == 0
    assert found.period[first].tolist() == [80] * 12 + [125] * 7
    assert found.window[first].tolist() == [0] * 12 + [1] * 7
    # The beat from sample 930 on runs into the second window, in the scale of the first.
    last_of_window = found.beats[first][11]
    np.testing.assert_allclose(last_of_window[:96], row[930:1026], atol=1e-3)
    np.testing.assert_array_equal(found.beats[first], found.beats[~first])


def test_without_windows_a_row_has_one_scale():
    row = np.concatenate([regular(80), regular(125, height=2)])
    found = BeatSegmenter(sampling_rate=RATE, window=None).segment(row[None])
    assert found.r_peak.min() > 1000  # the beats of the lower half do not reach 0.9
    assert set(found.window) == {0}


def test_overlapping_last_window_serves_the_tail():
    row = regular(80, n_timesteps=1500)
    found = BeatSegmenter(sampling_rate=RATE).segment(row[None])
    assert found.r_peak.tolist() == list(range(50, 1400, 80))
    assert found.window.tolist() == [0] * 12 + [1] * 5


def test_records_of_different_lengths_keep_their_order(X):
    records = [X[0], X[1][:700], regular(80, n_timesteps=2500).tolist(), X[2].astype(np.float32)]
    segmenter = BeatSegmenter(sampling_rate=RATE)
    together = segmenter.fit_transform(records)
    alone = np.concatenate([segmenter.transform([record]) for record in records])
    np.testing.assert_array_equal(together, alone)
    found = segmenter.segment(records, y=[3, 2, 1, 0])
    assert (found.target == 3 - found.row).all()
    assert (np.diff(found.row) >= 0).all()
    array = np.empty(4, dtype=object)
    array[:] = records
    np.testing.assert_array_equal(segmenter.transform(array), together)


def test_records_of_different_lengths_have_no_number_of_features(X):
    segmenter = BeatSegmenter(sampling_rate=RATE).fit(X)
    assert segmenter.n_features_in_ == 1000
    segmenter.fit([X[0], X[1][:700]])
    assert not hasattr(segmenter, "n_features_in_")
    assert segmenter.transform(X[:, :900]).shape == (3, 187)


@pytest.mark.parametrize(("wrong", "name"), [(np.nan, "NaN"), (np.inf, "inf")])
def test_unknown_values_are_refused_with_their_place(X, wrong, name):
    X[1, 500:550] = wrong
    message = rf"record 1 of X contains .*{name}.* at 50 samples, the first .* 500 \(5 s\): cut"
    segmenter = BeatSegmenter(sampling_rate=RATE)
    for records in (X, [X[0], X[1][:900]]):
        for method in (segmenter.fit, segmenter.transform, segmenter.segment):
            with pytest.raises(ValueError, match=message):
                method(records)


def test_large_values_are_no_gap():
    X = np.full((2, 1000), 1e308) * regular(80) - 1e307
    assert BeatSegmenter(sampling_rate=RATE).transform(X).any()


def test_a_gap_takes_no_more_than_its_windows():
    day = regular(80, n_timesteps=8000)
    whole = BeatSegmenter(sampling_rate=RATE).segment([day])
    day[3990:4010] = np.nan  # the ends of the fourth and the fifth window
    segmenter = BeatSegmenter(sampling_rate=RATE, on_gap="skip")
    with pytest.warns(UserWarning, match=r"^2 of 8 windows hold a gap \(NaN\) and are skipped$"):
        found = segmenter.segment([day])
    assert set(found.window) == {0, 1, 2, 5, 6, 7}
    same = np.isin(whole.r_peak, found.r_peak)
    np.testing.assert_array_equal(whole.beats[same], found.beats)
    assert set(whole.window[~same]) == {3, 4}
    with pytest.warns(UserWarning, match="2 of 16 windows"):
        beats = segmenter.fit_transform(np.stack([day, regular(80, n_timesteps=8000)]))
    np.testing.assert_allclose(beats[0], beats[1], atol=1e-3)


def test_a_beat_that_runs_into_a_gap_is_left_out():
    row = regular(80, n_timesteps=2000)
    row[1010:1020] = np.nan
    with pytest.warns(UserWarning, match="1 of 2 windows hold a gap"):
        found = BeatSegmenter(sampling_rate=RATE, on_gap="skip").segment([row])
    # The beat from sample 930 on would last until 1026.
    assert found.r_peak.tolist() == list(range(50, 900, 80))


def test_records_with_a_gap_may_have_different_lengths():
    records = [regular(80, n_timesteps=3000), regular(100)]
    records[0][1500] = np.nan
    with pytest.warns(UserWarning, match="1 of 4 windows hold a gap"):
        found = BeatSegmenter(sampling_rate=RATE, on_gap="skip").segment(records)
    assert set(zip(found.row, found.window)) == {(0, 0), (0, 2), (1, 0)}


def test_without_a_window_a_gap_would_take_the_row():
    with pytest.raises(ValueError, match="on_gap='skip' needs a window, got window=None"):
        BeatSegmenter(window=None, on_gap="skip").fit(np.zeros((2, 1000)))


@pytest.mark.parametrize("form", [np.asarray, list])
def test_one_signal_is_refused_with_the_remedy(form):
    with pytest.raises(ValueError, match=r"got one signal of shape \(1000,\): pass \[signal\]"):
        BeatSegmenter(sampling_rate=RATE).fit(form(regular(80)))


def test_a_column_is_recognised():
    with pytest.raises(ValueError, match=r"got a column of shape \(1000, 1\).*pass X\.T"):
        BeatSegmenter(sampling_rate=RATE).transform(regular(80)[:, None])


def test_the_form_of_wfdb_is_recognised(X):
    segmenter = BeatSegmenter(sampling_rate=RATE)
    with pytest.raises(ValueError, match=r"got \(1000, 3\).*as wfdb has it.*\[X\[:, 0\]\].*X\.T"):
        segmenter.transform(X.T)
    assert segmenter.transform([X.T[:, 0]]).shape == (1, 187)
    with pytest.raises(ValueError, match=r"got \(1, 1000, 2\); choose .*X\[:, :, 0\]"):
        segmenter.transform([X.T[:, :2]])
    with pytest.raises(ValueError, match=r"got \(900, 2\) for record 1.*record\[:, 0\]"):
        segmenter.transform([X[0], X.T[:900, :2]])


@pytest.mark.parametrize("X", ["one.dat", ["one.dat", "two.dat"], ["a.dat", "bb.dat"], Path("x")])
def test_names_of_files_are_refused_with_the_remedy(X):
    with pytest.raises(ValueError, match=r"got text; read the files first"):
        BeatSegmenter().fit(X)


def test_a_nested_list_of_no_form_is_refused():
    with pytest.raises(ValueError, match="X must hold one lead a row"):
        BeatSegmenter().fit([[[1.0], [2.0, 3.0]], [[1.0], [2.0, 3.0]]])


def test_more_beats_than_memory_are_refused(X):
    with pytest.raises(ValueError, match="beats times beat_length must be at most"):
        BeatSegmenter(beats=100_000, beat_length=100_000).transform(X)


@pytest.mark.parametrize(
    ("sampling_rate", "message"),
    [
        # R-R intervals of 80 samples.
        (1000, r"a heart of 750 beats a minute: check sampling_rate=1000 Hz"),
        (30, r"a heart of 22\.5 beats a minute: check sampling_rate=30 Hz"),
    ],
)
def test_a_sampling_rate_that_makes_no_heart_warns_once(sampling_rate, message):
    X = np.stack([regular(80, n_timesteps=2000)] * 3)
    segmenter = BeatSegmenter(sampling_rate=sampling_rate)
    for method in (segmenter.transform, segmenter.segment):
        with pytest.warns(UserWarning, match=message) as caught:
            method(X)
        assert len(caught) == 1


@pytest.mark.parametrize("sampling_rate", [34, 100, 330])
def test_a_sampling_rate_of_a_heart_does_not_warn(sampling_rate):
    # 25.5, 75 and 247.5 beats a minute.
    X = np.stack([regular(80, n_timesteps=2000)] * 3)
    assert BeatSegmenter(sampling_rate=sampling_rate).segment(X).beats.size


def test_two_maxima_of_noise_are_no_heart_beat():
    rng = np.random.default_rng(0)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*have no beat")
        BeatSegmenter().transform(rng.normal(size=(200, 10)))


def test_a_threshold_that_has_no_effect_warns_once(X):
    segmenter = BeatSegmenter(sampling_rate=RATE, detector="neurokit", threshold=0.7)
    records = [X[0], X[1][:900]]
    with pytest.warns(UserWarning, match=r"threshold=0\.7 has no effect with detector") as caught:
        segmenter.fit(records).transform(records)
    assert len(caught) == 1


def test_records_must_be_one_lead(X):
    with pytest.raises(
        ValueError, match=r"got \(2, 1000\) for record 1 of X; choose .*record\[0\]"
    ):
        BeatSegmenter().transform([X[0], X[:2]])
    with pytest.raises(ValueError, match=r"got \(3, 1, 1000\); choose a lead, such as X\[:, 0\]"):
        BeatSegmenter().transform(X[:, None])


def test_input_is_left_as_it_was(X):
    before = X.copy()
    BeatSegmenter(sampling_rate=RATE).transform(X)
    np.testing.assert_array_equal(X, before)


@pytest.mark.parametrize("dtype", [np.int16, np.uint8, np.float32, np.int64])
def test_unit_and_type_of_the_input_do_not_matter(X, dtype):
    digital = np.round(200 * X).astype(dtype)
    segmenter = BeatSegmenter(sampling_rate=RATE)
    expected = segmenter.segment(digital.astype(np.float64) / 200 - 5)
    found = segmenter.segment(digital)
    np.testing.assert_array_equal(found.r_peak, expected.r_peak)
    np.testing.assert_allclose(found.beats, expected.beats, atol=1e-6)


@pytest.mark.parametrize("fill", ["zeros", "nan"])
def test_windows_without_a_beat_are_counted_in_one_warning(X, fill):
    rows = np.vstack([X, np.zeros(1000), ecg(500)])
    segmenter = BeatSegmenter(sampling_rate=RATE, on_empty=fill)
    with pytest.warns(UserWarning, match=f"^2 of 5 windows have no beat .* {fill}$") as caught:
        out = segmenter.transform(rows)
    assert len(caught) == 1
    np.testing.assert_array_equal(out[3:], 0 if fill == "zeros" else np.nan)
    np.testing.assert_array_equal(out[:3], segmenter.transform(X))


def test_windows_without_a_beat_are_missing_in_segment(X):
    with pytest.warns(UserWarning, match="1 of 3 windows have no beat and are not in the result"):
        found = BeatSegmenter(sampling_rate=RATE).segment(np.vstack([X[0], ecg(500), X[2]]))
    assert set(found.row) == {0, 2}


def test_windows_without_a_beat_raise_when_asked_to(X):
    segmenter = BeatSegmenter(sampling_rate=RATE, on_empty="raise")
    for method in (segmenter.transform, segmenter.segment):
        with pytest.raises(
            ValueError, match="1 of 2 windows have no beat, the first of them row 1"
        ):
            method([X[0], ecg(500)])


def test_no_beat_anywhere():
    with pytest.warns(UserWarning, match="2 of 2"):
        found = BeatSegmenter(beats=4).segment(np.zeros((2, 1000)), y=[1, 2])
    assert found.beats.shape == (0, 187)
    assert found.target.shape == (0,)


def test_long_beats_follow_the_choice(X):
    # 1.2 s at 100 Hz make pieces of 144 samples, 1 s of 120, 0.8 s of 96.
    truncated = BeatSegmenter(sampling_rate=RATE, beat_length=100).transform(X)
    assert (truncated[1:, -1] > 0).all()
    with pytest.warns(UserWarning, match="2 of 3"):
        BeatSegmenter(sampling_rate=RATE, beat_length=100, on_long="drop").transform(X)
    with pytest.raises(ValueError, match=r"longer than beat_length=100; the longest has 144"):
        BeatSegmenter(sampling_rate=RATE, beat_length=100, on_long="raise").transform(X)


def test_each_beat_can_be_scaled_alone(X):
    found = BeatSegmenter(sampling_rate=RATE, scale="beat").segment(X + 3)
    assert (found.beats.max(axis=1) == 1).all()
    assert found.beats.min() == 0


def test_detector_can_be_a_name_or_a_function(X):
    segmenter = BeatSegmenter(sampling_rate=RATE, detector=lambda signal, rate: [100, 200, 350])
    assert segmenter.segment(X).period.tolist() == [125] * 9
    found = BeatSegmenter(sampling_rate=RATE, detector="pantompkins1985").segment(X)
    assert [np.median(found.period[found.row == row]) for row in range(3)] == [80, 100, 120]
    with pytest.raises(ValueError, match="'no such' is not known"):
        BeatSegmenter(detector="no such").transform(X)


def test_sleepecg_is_given_the_whole_row():
    # The last beats of a row that is longer than its windows by a second.
    X = ecg(*range(60, 3100, 130), n_timesteps=3100)[None]
    segmenter = BeatSegmenter(sampling_rate=RATE, detector="sleepecg")
    found = segmenter.segment(X)
    assert_array_equal(found.r_peak, range(60, 2921, 130))
    length = round(10 * RATE)
    assert_array_equal(found.window, found.r_peak // length)
    whole = segmenter.set_params(window=None).segment(X)
    assert_array_equal(whole.r_peak, found.r_peak)
    assert (whole.window == 0).all()
    # Windows of a second are too short for a detector, and for an R-R interval.
    assert segmenter.set_params(window=3.0).segment(X).r_peak.tolist() == found.r_peak.tolist()


def test_sleepecg_finds_the_beats_beside_a_gap():
    X = ecg(*range(60, 5000, 130), n_timesteps=5000)[None]
    X[0, 1300:1400] = np.nan
    segmenter = BeatSegmenter(sampling_rate=RATE, detector="sleepecg", on_gap="skip")
    with pytest.warns(UserWarning, match="hold a gap"):
        found = segmenter.segment(X)
    length = round(10 * RATE)
    assert set(found.window) == set(range(-(-5000 // length))) - {1300 // length}
    assert not np.isnan(found.beats).any()


def test_short_rows_and_gaps_have_no_beat_with_sleepecg():
    with pytest.warns(UserWarning, match="2 of 2 windows have no beat"):
        BeatSegmenter(sampling_rate=RATE, detector="sleepecg").transform(np.eye(2, 200))


def test_sleepecg_misses_no_class_of_real_records(data_home):
    records = load_ptbxl(data_home, task="mi-vs-norm", sampling_rate=125, leads="II")
    n_beats = {}
    for detector in ("threshold", "sleepecg"):
        window, _ = detect_r_peaks(records.data, 125, detector)
        count = np.bincount(window, minlength=len(records.data))
        n_beats[detector] = [count[records.target == label].mean() for label in (0, 1)]
    # 7.4 of normal records and 12.9 of those with infarction, whose hearts beat faster.
    assert np.ptp(n_beats["threshold"]) > 5
    assert n_beats["sleepecg"] == pytest.approx([11.5, 12.8], abs=0.2)


@pytest.mark.parametrize(
    "parameters",
    [
        {"sampling_rate": 0},
        {"threshold": 1.5},
        {"period_factor": -1},
        {"beat_length": 0},
        {"detector": 3},
        {"beats": "last"},
        {"beats": 0},
        {"window": 0},
        {"scale": "record"},
        {"on_long": "pad"},
        {"on_empty": "drop"},
        {"on_gap": "fill"},
        {"sampling_rate": np.inf},
        {"sampling_rate": 1e300},
        {"window": np.inf},
        {"period_factor": 1e300},
        {"beat_length": 10**12},
        {"beats": 10**12},
    ],
)
def test_wrong_parameters_are_named(X, parameters):
    segmenter = BeatSegmenter(**parameters)
    for method in (segmenter.fit, segmenter.transform, segmenter.segment):
        with pytest.raises(ValueError, match=f"'{next(iter(parameters))}' parameter"):
            method(X)


def test_one_window_is_enough_and_none_is_refused(X):
    segmenter = BeatSegmenter(sampling_rate=RATE)
    np.testing.assert_array_equal(segmenter.transform(X[:1]), segmenter.transform(X)[:1])
    for method in (segmenter.fit, segmenter.transform, segmenter.segment):
        with pytest.raises(ValueError, match="0 sample"):
            method(X[:0])


def test_blocks_do_not_change_the_result(X, monkeypatch):
    from skecg.preprocessing import _record_rows as module

    segmenter = BeatSegmenter(sampling_rate=RATE)
    expected, expected_all = segmenter.transform(X), segmenter.segment(X)
    monkeypatch.setattr(module, "_BLOCK", 1)
    np.testing.assert_array_equal(segmenter.transform(X), expected)
    for name, column in segmenter.segment(X).items():
        np.testing.assert_array_equal(column, expected_all[name])


def test_data_frames_come_and_go(X):
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(X, columns=[f"t{i}" for i in range(1000)], index=["a", "b", "c"])
    segmenter = BeatSegmenter(sampling_rate=RATE).set_output(transform="pandas").fit(frame)
    out = segmenter.transform(frame)
    assert out.columns[[0, -1]].tolist() == ["sample0", "sample186"]
    assert out.index.tolist() == ["a", "b", "c"]
    assert out.dtypes.unique().tolist() == [np.float32]
    assert segmenter.get_feature_names_out().tolist() == out.columns.tolist()
    with pytest.raises(ValueError, match="feature names should match"):
        segmenter.transform(frame.iloc[:, ::-1])


def test_three_dimensional_results_have_no_names():
    with pytest.raises(ValueError, match="beats=2 makes a three-dimensional result"):
        BeatSegmenter(beats=2).get_feature_names_out()


def test_clone_and_pickle_give_the_same_beats(X):
    segmenter = BeatSegmenter(sampling_rate=RATE, detector="neurokit", beats="mean").fit(X)
    expected = segmenter.transform(X)
    for other in (clone(segmenter), pickle.loads(pickle.dumps(segmenter))):
        assert other.get_params() == segmenter.get_params()
        np.testing.assert_array_equal(other.transform(X), expected)


def test_works_in_a_pipeline_and_a_search():
    rng = np.random.default_rng(0)
    X = np.array([regular(period) for period in (70, 110)] * 10)
    X += 0.01 * rng.normal(size=X.shape)
    y = np.array(["fast", "slow"] * 10)
    pipeline = make_pipeline(BeatSegmenter(sampling_rate=RATE), KNeighborsClassifier(1))
    grid = {"beatsegmenter__beats": ["median", "first"], "beatsegmenter__scale": ["window", "beat"]}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        search = GridSearchCV(pipeline, grid, cv=2, error_score="raise").fit(X, y)
    assert search.best_score_ == 1


def test_beats_of_a_real_record_start_at_annotated_r_peaks(data_home):
    path = str(data_home / "mitdb" / "100")
    signal = resample(wfdb.rdrecord(path).p_signal[:, 0], 360, 125)
    found = BeatSegmenter().segment(signal[None])
    annotated = wfdb.rdann(path, "atr").sample / 360
    distance = np.abs(found.r_peak[:, None] / 125 - annotated).min(axis=1)
    # EC57 counts a beat as found within 150 ms; record 100 is clean.
    assert (distance < 0.15).mean() > 0.99
    # Of 2,273 annotated beats the published rule finds 47 % at 125 Hz (57 % at 360 Hz).
    assert 1000 < len(found.beats) < 1100


def test_median_beats_of_a_real_record_look_alike(data_home):
    signal = wfdb.rdrecord(str(data_home / "mitdb" / "100")).p_signal[:, 0]
    windows = split_windows(resample(signal, 360, 125), 1250)
    with pytest.warns(UserWarning, match="8 of 180 windows have no beat"):
        beats = BeatSegmenter(on_empty="nan").transform(windows)
    beats = beats[~np.isnan(beats[:, 0])]
    assert beats.shape == (172, 187)
    # Record 100 is almost only normal beats; the first 0.48 s hold the QRS complex and T wave.
    with_the_typical = np.corrcoef(np.median(beats, axis=0)[:60], beats[:, :60])[0]
    assert (with_the_typical > 0.95).mean() > 0.95
