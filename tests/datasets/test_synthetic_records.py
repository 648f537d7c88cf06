"""Synthetic records: form of load_mitbih, seeds, rhythm and waves of each class."""

from __future__ import annotations

import numpy as np
import pytest
import wfdb
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score
from sklearn.model_selection import GroupKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import Bunch

from skecg.datasets import beat_windows_from_records, load_mitbih, make_records
from skecg.signal import AAMI_CLASSES, aami_codes


@pytest.fixture(scope="module")
def ecg():
    return make_records(6, random_state=0)


def _intervals(ecg, symbol):
    """R-R intervals before and after each beat between two N beats, in the record's median."""
    found = []
    for beats in ecg.annotations:
        sample, symbols = beats.sample[1:], beats.symbol[1:]
        rr = np.diff(sample)
        median = np.median(rr[(symbols[:-1] == "N") & (symbols[1:] == "N")])
        middle = (symbols[1:-1] == symbol) & (symbols[:-2] == "N") & (symbols[2:] == "N")
        found.append(np.stack([rr[:-1], rr[1:]], axis=1)[middle] / median)
    return np.concatenate(found)


def _cut(ecg, symbol, before, after):
    """Return the pieces of signal about each beat of a symbol, in samples."""
    return np.array(
        [
            row[sample - before : sample + after]
            for row, marks in zip(ecg.data, ecg.annotations)
            for sample in marks.sample[marks.symbol == symbol]
            if sample >= before and sample + after <= len(row)
        ]
    )


def test_bunch_has_the_form_of_load_mitbih(ecg, tmp_path):
    (tmp_path / "mitdb").mkdir()
    wfdb.wrsamp(
        "100",
        fs=360,
        units=["mV"],
        sig_name=["MLII"],
        p_signal=ecg.data[0][:, np.newaxis].astype(float),
        fmt=["16"],
        write_dir=str(tmp_path / "mitdb"),
    )
    first = ecg.annotations[0]
    wfdb.wrann(
        "100",
        "atr",
        sample=first.sample,
        symbol=first.symbol.tolist(),
        aux_note=first.aux_note.tolist(),
        write_dir=str(tmp_path / "mitdb"),
    )
    real = load_mitbih(tmp_path, records=[100])

    assert set(ecg) == set(real)
    for key, value in real.items():
        assert type(ecg[key]) is type(value), key
        assert getattr(ecg[key], "dtype", None) == getattr(value, "dtype", None), key
    np.testing.assert_array_equal(real.annotations[0].sample, first.sample)
    np.testing.assert_array_equal(real.annotations[0].symbol, first.symbol)
    np.testing.assert_array_equal(real.target[0], ecg.target[0])


def test_shapes_units_and_names(ecg):
    # Six subjects, of whom the second and the sixth have two records: eight of 60 s at 360 Hz.
    assert ecg.data.shape == (8, 21600)
    assert ecg.data.dtype == np.float32
    assert ecg.sampling_rate == 360.0
    assert ecg.units == "mV"
    assert ecg.lead_names == ["MLII"] * 8
    assert ecg.target_names.tolist() == list(AAMI_CLASSES)
    assert 0.5 < np.ptp(ecg.data, axis=1).min() < np.ptp(ecg.data, axis=1).max() < 5


def test_some_subjects_have_two_records(ecg):
    assert ecg.records.tolist() == [100, 101, 102, 103, 104, 105, 106, 107]
    assert ecg.groups.tolist() == [100, 101, 101, 103, 104, 105, 106, 106]
    assert not np.array_equal(ecg.data[1], ecg.data[2])


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_all_classes_occur_in_every_record_of_a_minute(seed):
    ecg = make_records(4, random_state=seed)

    for target in ecg.target:
        assert np.unique(target).tolist() == [-1, 0, 1, 2, 3, 4]


def test_target_is_the_class_of_each_annotation(ecg):
    for marks, target in zip(ecg.annotations, ecg.target):
        np.testing.assert_array_equal(target, aami_codes(marks.symbol))
        assert marks.symbol[0] == "+"
        assert marks.aux_note[0] == "(N"
        assert set(marks.symbol[1:]) == {"N", "A", "V", "F", "/"}
        assert len(marks.sample) == len(marks.symbol) == len(marks.aux_note)
        assert (np.diff(marks.sample) > 0).all()
        assert marks.sample[-1] < ecg.data.shape[1]


def test_annotations_stand_on_the_r_peaks(ecg):
    # Noise may lift a neighbour above the peak, by at most two samples.
    beats = _cut(ecg, "N", 20, 21)
    offset = beats.argmax(axis=1) - 20

    assert (np.abs(offset) <= 2).mean() > 0.99


def test_rhythm_of_premature_beats(ecg):
    # The latest come at 0.87 of the interval, and breathing lengthens it by up to 6 %.
    before, after = _intervals(ecg, "A").T
    assert before.max() < 0.95
    assert np.median(before) < 0.85
    assert np.median(after) == pytest.approx(1.05, abs=0.05)

    before, after = _intervals(ecg, "V").T
    assert before.max() < 0.9
    # A compensatory pause: the two intervals together are two normal ones.
    assert np.median(before + after) == pytest.approx(2, abs=0.06)


def test_normal_intervals_vary(ecg):
    before = _intervals(ecg, "N")[:, 0]
    assert 0.01 < np.std(before[before < 1.15]) < 0.08


def test_ventricular_and_paced_beats_are_wide_and_supraventricular_ones_narrow(ecg):
    def width(symbol):
        beats = np.abs(_cut(ecg, symbol, 54, 55))
        return np.median((beats > beats[:, 54:55] / 2).sum(axis=1)) / 360

    assert width("N") < 0.05
    assert width("A") < 0.05
    assert width("V") > 1.5 * width("N")
    assert width("/") > 1.5 * width("N")


def test_t_wave_of_ventricular_beats_opposes_their_qrs(ecg):
    # The T wave peaks 0.28 and 0.36 of a cycle after the R peak; cycles take 0.63 to 0.97 s. The
    # two premature beats of a pair overlap, hence not all.
    for symbol, sign, (start, stop) in (("N", 1, (50, 80)), ("V", -1, (80, 110))):
        beats = _cut(ecg, symbol, 0, stop)
        t_wave = beats[:, start:].mean(axis=1) - np.median(ecg.data)
        assert np.mean(np.sign(t_wave) == sign * np.sign(beats[:, 0])) > 0.8


def test_paced_beats_have_a_spike_60_ms_before_the_r_peak(ecg):
    def jump(symbol):
        return np.abs(np.diff(_cut(ecg, symbol, 24, -16), axis=1)).max(axis=1)

    assert jump("/").min() > 0.3
    assert np.median(jump("N")) < 0.15


def _pieces_of_each_record(ecg, symbols, before, after):
    """Yield the pieces of signal about the beats of each symbol, for one record after another."""
    for row in range(len(ecg.data)):
        one = Bunch(data=ecg.data[row : row + 1], annotations=ecg.annotations[row : row + 1])
        yield [_cut(one, symbol, before, after) for symbol in symbols]


def test_fusion_beats_lie_between_normal_and_ventricular_ones(ecg):
    """Also where the lead sees the ventricular beats upside down, as in one record of these."""
    upright = []
    for pieces in _pieces_of_each_record(ecg, "NVF", 36, 73):
        normal, ventricular, fusion = (one.mean(axis=0) for one in pieces)
        upright.append(ventricular[36] > 0)
        apart = np.abs(normal - ventricular).mean()
        assert np.abs(fusion - normal).mean() < apart
        assert np.abs(fusion - ventricular).mean() < apart
    assert 0 < np.sum(upright) < len(upright)


def test_fusion_beats_of_one_person_differ_in_their_share_of_the_ventricular_beat():
    ecg = make_records(4, duration=120, random_state=0)
    for normal, ventricular, fusion in _pieces_of_each_record(ecg, "NVF", 36, 73):
        start, end = normal.mean(axis=0), ventricular.mean(axis=0)
        share = (fusion - start) @ (end - start) / ((end - start) @ (end - start))
        # Shares are drawn from 0.3 to 0.7: a standard deviation of 0.12 with the noise left out.
        assert share.std() > 0.05
        assert share.min() > 0.1
        assert share.max() < 0.9


def test_unseen_people_are_learnable_but_not_trivial():
    # Chance is a balanced accuracy of 0.2. Measured for seeds 0 to 5: 0.95, 0.83, 0.93, 0.90,
    # 0.96, 0.94.
    beats = beat_windows_from_records(make_records(12, random_state=0))
    features = np.hstack([beats.data[:, :150:2], beats.data[:, 150:]])
    predicted = cross_val_predict(
        make_pipeline(StandardScaler(), LogisticRegression(max_iter=300)),
        features,
        beats.target,
        groups=beats.groups,
        cv=GroupKFold(3),
    )

    assert 0.7 < balanced_accuracy_score(beats.target, predicted) < 0.98


@pytest.mark.parametrize("make_state", [int, np.random.RandomState, np.random.default_rng])
def test_same_seed_gives_the_same_records(make_state):
    first, second = (make_records(1, duration=5, random_state=make_state(7)) for _ in range(2))
    other = make_records(1, duration=5, random_state=make_state(8))

    np.testing.assert_array_equal(first.data, second.data)
    np.testing.assert_array_equal(first.annotations[0].sample, second.annotations[0].sample)
    assert not np.array_equal(first.data, other.data)


@pytest.mark.parametrize("random_state", [None, 0])
def test_global_generator_is_untouched(random_state):
    before = np.random.get_state()  # noqa: NPY002
    make_records(2, duration=5, random_state=random_state)
    after = np.random.get_state()  # noqa: NPY002

    np.testing.assert_array_equal(before[1], after[1])
    assert before[2:] == after[2:]


@pytest.mark.parametrize(("duration", "sampling_rate"), [(2, 100), (7.5, 125), (3, 1000)])
def test_other_durations_and_sampling_rates(duration, sampling_rate):
    ecg = make_records(1, duration=duration, sampling_rate=sampling_rate, random_state=0)

    assert ecg.data.shape == (1, round(duration * sampling_rate))
    assert ecg.sampling_rate == sampling_rate
    assert np.isfinite(ecg.data).all()
    # Rates of 62 to 95 beats per minute.
    beats = (ecg.target[0] >= 0).sum()
    assert duration * 62 / 60 - 2 <= beats <= duration * 95 / 60 + 2


def test_progress_bar_counts_the_subjects(capsys):
    make_records(2, duration=2, random_state=0, progress=True)
    assert "2/2" in capsys.readouterr().err

    make_records(2, duration=2, random_state=0)
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"n_subjects": 0}, "n_subjects == 0, must be >= 1"),
        ({"duration": 1.0}, "duration == 1.0, must be >= 2"),
        ({"sampling_rate": 50}, "sampling_rate == 50, must be >= 100"),
    ],
)
def test_values_out_of_range_are_refused(parameters, message):
    with pytest.raises(ValueError, match=message):
        make_records(**parameters)
