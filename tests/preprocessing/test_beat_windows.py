"""BeatWindows: one sample a beat, of any record, at any rate, past gaps."""

import pickle

import numpy as np
import pytest
from resources import call_within
from sklearn.base import clone

import skecg
from skecg import BeatTreesClassifier, BeatVoteClassifier, BeatWindows
from skecg.datasets import make_records
from skecg.signal import beat_windows, resample, scale_beat_windows


@pytest.fixture(scope="module")
def records():
    return make_records(3, duration=60, random_state=0)


def peaks_of(records):
    return [marks.sample[codes >= 0] for marks, codes in zip(records.annotations, records.target)]


def test_one_sample_for_every_given_beat(records):
    peaks = peaks_of(records)
    windows = BeatWindows(channels=("lead", "late_deviation", "record_deviation"))
    found = windows.segment(records.data, y=list("abcd"), groups=[1, 2, 2, 3], r_peaks=peaks)
    assert found.beats.shape == (sum(map(len, peaks)), 3 * 150 + 28)
    assert found.beats.dtype == np.float32
    assert np.isfinite(found.beats).all()
    np.testing.assert_array_equal(found.r_peak, np.concatenate(peaks))
    np.testing.assert_array_equal(found.row, np.repeat(range(4), [len(p) for p in peaks]))
    np.testing.assert_array_equal(found.group, np.array([1, 2, 2, 3])[found.row])
    names = windows.get_feature_names_out()
    assert len(names) == len(set(names)) == found.beats.shape[1]
    assert names[[0, 149, 150, 300, 450]].tolist() == [
        "lead0", "lead149", "late_deviation0", "record_deviation0", "rr_before_32",
    ]  # fmt: skip
    for i in range(4):  # the channel is the window of the signal's own functions
        place = np.round(peaks[i] / 3).astype(int)
        cut = beat_windows(resample(records.data[i], 360, 120), place, 60, 90)
        lead = scale_beat_windows(cut, 60, 120)
        np.testing.assert_allclose(found.beats[found.row == i, :150], lead, atol=1e-5)


def test_found_beats_are_the_annotated_ones(records):
    peaks = peaks_of(records)
    found = BeatWindows().segment(records.data)
    for i, expected in enumerate(peaks):
        distance = np.abs(found.r_peak[found.row == i][:, None] - expected)
        assert (distance.min(axis=0) <= 0.1 * 360).mean() > 0.95


def test_gain_and_baseline_do_not_matter(records):
    peaks = peaks_of(records)[:1]
    a, b = (
        BeatWindows().segment(x[None], r_peaks=peaks).beats
        for x in (records.data[0], 3 * records.data[0] + 40)
    )
    np.testing.assert_allclose(a, b, atol=0.02)


def test_the_sampling_rate_matters_little(records):
    peaks = peaks_of(records)[:1]
    other = resample(records.data[0].astype(float), 360, 250)
    there = [np.round(peaks[0] * 250 / 360).astype(int)]
    names = ("rr_before_60", "late_p_difference", "record_qrs_correlation")
    windows = BeatWindows(channels=(), numbers=names)
    a = windows.segment(records.data[:1], r_peaks=peaks).beats
    b = clone(windows).set_params(sampling_rate=250).segment([other], r_peaks=there).beats
    for i in range(len(names)):
        assert np.corrcoef(a[:, i], b[:, i])[0, 1] > 0.97


def test_a_gap_has_no_beat_and_no_interval_across_it(records):
    signal = records.data[0].copy()
    signal[7200:10800] = np.nan
    found = BeatWindows(channels=(), numbers=("rr_previous",)).segment([signal])
    assert not ((found.r_peak >= 7200) & (found.r_peak < 10800)).any()
    (gap,) = found.unreadable[0].tolist()
    assert abs(gap[0] - 7200) < 40
    assert abs(gap[1] - 10800) < 40
    behind = np.searchsorted(found.r_peak, 10800)
    assert found.beats[behind, 0] == 0  # its interval is not known
    with pytest.raises(ValueError, match="contains NaN"):
        BeatWindows(on_gap="raise").segment([signal])


def test_given_r_peaks_are_trusted_across_a_gap_which_is_told(records):
    peaks = peaks_of(records)[:1]
    windows = BeatWindows(channels=(), numbers=("rr_previous", "rr_after"))
    whole = windows.segment(records.data[:1], r_peaks=peaks)
    gap = records.data[:1].copy()
    gap[0, 4000:6000] = np.nan
    found = windows.segment(gap, r_peaks=peaks)
    np.testing.assert_array_equal(found.beats, whole.beats)
    assert found.unreadable[0].tolist() == [[4000, 6000]]
    assert not len(whole.unreadable[0])


def test_causal_samples_do_not_change_with_what_follows(records):
    peaks = peaks_of(records)[0]
    signal = records.data[0].copy()
    signal[5400:] *= 2
    windows = BeatWindows(channels=("lead", "late_deviation"), causal=True)
    assert "rr_after" not in windows.get_feature_names_out()
    a, b = (windows.segment(x[None], r_peaks=[peaks]).beats for x in (records.data[0], signal))
    before = peaks < 5400 - 400
    # The record's own scale cancels but for rounding.
    np.testing.assert_allclose(a[before], b[before], atol=1e-3)


def test_transform_gives_the_median_beat_of_every_record(records):
    windows = BeatWindows()
    found = windows.segment(records.data)
    means = [np.median(found.beats[found.row == i], axis=0) for i in range(4)]
    np.testing.assert_allclose(windows.fit_transform(records.data), means, rtol=1e-5, atol=1e-6)


def test_votes_of_records(records, tmp_path):
    vote = BeatVoteClassifier(BeatWindows(channels=()), BeatTreesClassifier())
    X, y = list(records.data[:, :18000]), ["a", "b", "a", "b"]
    assert vote.fit(X, y).predict(X).shape == (4,)
    skecg.save(vote, tmp_path / "vote.safetensors")
    loaded = skecg.load(tmp_path / "vote.safetensors")
    np.testing.assert_array_equal(loaded.predict_proba(X), vote.predict_proba(X))


def test_long_records_are_described_in_pieces():
    signal = make_records(1, duration=60, random_state=0).data[0]
    long = np.tile(signal, 70)  # 70 minutes: three pieces
    found = call_within(20, lambda: BeatWindows().segment([long]))
    assert np.isfinite(found.beats).all()
    apart = BeatWindows().segment([long[: 25 * 21600]])
    same = slice(100, 1000)
    np.testing.assert_allclose(found.beats[same], apart.beats[same], atol=0.1)


def test_clone_and_pickle():
    windows = BeatWindows(250, channels=("lead",), numbers=("width_50",), causal=True)
    assert clone(windows).get_params() == windows.get_params()
    assert pickle.loads(pickle.dumps(windows)).get_params() == windows.get_params()


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"channels": ("leads",)}, "channels must be names among lead"),
        ({"channels": ("lead", "lead")}, "each of them once"),
        ({"numbers": ("rr",)}, "numbers must be names among rr_before_32"),
        ({"channels": (), "numbers": ()}, "must not both be empty"),
        ({"causal": True, "numbers": ("rr_after",)}, "cannot give rr_after"),
        ({"causal": True, "channels": ("record_deviation",)}, "cannot give record_deviation"),
        ({"after": 0.001}, "a window must have 1 to"),
        ({"rate": 0}, "'rate' parameter"),
    ],
)
def test_wrong_parameters(records, params, message):
    with pytest.raises(ValueError, match=message):
        BeatWindows(**params).fit(records.data)


@pytest.mark.parametrize(
    ("peaks", "message"),
    [
        ([[100, 50]], "ascending"),
        ([[-1]], "ascending positions from 0 on"),
        ([[99999]], "outside of a record of 21600"),
        ([[1.5]], "integers"),
        ([[1], [2]], "inconsistent numbers of samples"),
    ],
)
def test_wrong_r_peaks(records, peaks, message):
    with pytest.raises(ValueError, match=message):
        BeatWindows().segment(records.data[:1], r_peaks=peaks)


def test_records_without_a_beat_are_counted(records):
    flat = np.zeros_like(records.data[0])
    with pytest.warns(UserWarning, match="1 of 2 records have no beat"):
        found = BeatWindows().segment([records.data[0], flat])
    assert set(found.row.tolist()) == {0}
    assert found.unreadable[1].tolist() == [[0, len(flat)]]


def test_a_rate_that_makes_no_heart_is_said(records):
    with pytest.warns(UserWarning, match="check sampling_rate"):
        BeatWindows(sampling_rate=3600).segment(records.data, r_peaks=peaks_of(records))
