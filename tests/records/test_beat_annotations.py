from __future__ import annotations

import copy
import pickle
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
import wfdb
from resources import call_within
from sklearn.utils import Bunch

from skecg.datasets import load_mitbih, make_records
from skecg.metrics import compare_beats
from skecg.records import BeatAnnotations, BeatRun, Pause
from skecg.signal import aami_codes, is_beat


def annotations(sample, label, **options) -> BeatAnnotations:
    """Make beats at 100 Hz in a record of 100 s."""
    return BeatAnnotations(sample, list(label), 100, 10_000, **options)


def of_record(ecg, k, **options) -> BeatAnnotations:
    beats = ecg.target[k] >= 0
    return BeatAnnotations(
        ecg.annotations[k].sample[beats], ecg.target_names[ecg.target[k][beats]],
        ecg.sampling_rate, ecg.data.shape[1], signal=ecg.data[k], name=str(ecg.records[k]),
        **options,
    )  # fmt: skip


@pytest.fixture(scope="module")
def day() -> BeatAnnotations:
    """A day of 100,000 beats at 250 Hz."""
    rng = np.random.default_rng(0)
    sample = np.cumsum(rng.integers(180, 250, 100_000))
    label = rng.choice(list("NNNNNNSVFQ"), len(sample))
    probabilities = rng.random((len(sample), 5))
    gaps = np.arange(20)[:, None] * 1_000_000 + [5000, 9000]
    return BeatAnnotations(
        sample, label, 250, sample[-1] + 1, probabilities=probabilities, unreadable=gaps
    )


def test_times_and_intervals():
    beats = annotations([50, 150, 230], "NVN")
    assert len(beats) == 3
    assert beats.time.tolist() == [0.5, 1.5, 2.3]
    np.testing.assert_allclose(beats.rr, [np.nan, 1.0, 0.8])
    assert beats.classes == ("N", "S", "V", "F", "Q")
    assert repr(beats) == "BeatAnnotations(3 beats, N 2, V 1, 0:01:40 at 100 Hz)"


@pytest.mark.parametrize(
    ("stretches", "spanned"),
    [
        ([[160, 170]], True),
        ([[150, 151]], True),
        ([[0, 10], [151, 152], [300, 400]], True),
        ([[229, 300]], True),
        ([[230, 300]], False),  # it begins at the beat that ends the interval
        ([[100, 150]], False),
        ([[0, 50], [400, 500]], False),
    ],
)
def test_an_interval_that_spans_an_unreadable_stretch_is_nan(stretches, spanned):
    beats = annotations([50, 150, 230], "NNN", unreadable=stretches)
    assert np.isnan(beats.rr[2]) == spanned


def test_summary_by_hand():
    #         0    1    2    3    4    5    6    7    8    9    10
    sample = [100, 200, 250, 300, 400, 450, 500, 550, 900, 980, 1060]
    beats = annotations(sample, "NVVNSSSSNVN", unreadable=[[5000, 7500]], name="a")
    summary = beats.summary()
    assert summary.beats == {"N": 4, "S": 4, "V": 3, "F": 0, "Q": 0}
    assert (summary.minutes, summary.minutes_read) == pytest.approx((100 / 60, 75 / 60))
    assert summary.unreadable == 25
    assert summary.heart_rate == pytest.approx(60 * 10 / 9.6)
    # Eight intervals: 1.00 to 9.00 s, 2.00 to 9.80 s, 2.50 to 10.60 s.
    assert summary.slowest == pytest.approx((480 / 8.1, 2.5))
    assert summary.fastest == pytest.approx((480 / 7.8, 2.0))
    assert summary.burden == pytest.approx({"S": 100 * 4 / 11, "V": 100 * 3 / 11})
    assert summary.per_hour == pytest.approx({"S": 4 * 48, "V": 3 * 48})
    assert summary.couplets == {"S": 0, "V": 1}
    assert summary.runs == [BeatRun("S", 4.0, 1.5, 4, 60 * 3 / 1.5)]
    assert summary.runs_of("V") == []
    assert summary.pauses == [Pause(5.5, 3.5)]
    assert beats.summary(pause=3.5).pauses == []
    assert summary.to_dict()["runs"][0]["n_beats"] == 4


def test_an_unreadable_stretch_ends_runs_couplets_and_pauses():
    beats = annotations([100, 200, 300, 400, 900], "VVVVN", unreadable=[[250, 260], [500, 600]])
    summary = beats.summary()
    assert summary.couplets["V"] == 2
    assert not summary.runs
    assert not summary.pauses


def test_one_early_beat_moves_the_extreme_rates_little():
    sample = np.arange(100, 4000, 100)
    early = sample.copy()
    early[20] -= 70
    rate = annotations(early, "N" * len(early)).summary()
    assert rate.fastest.rate == pytest.approx(480 / 7.3)  # not the 200/min of the single interval
    assert rate.slowest.rate == pytest.approx(480 / 8.7)


def test_extreme_rates_are_not_measured_across_an_unreadable_stretch():
    sample = [*range(100, 901, 100), *range(4000, 4401, 50)]
    beats = annotations(sample, "N" * len(sample), unreadable=[[1000, 3900]])
    summary = beats.summary()
    assert summary.slowest == pytest.approx((60, 1))
    assert summary.fastest == pytest.approx((120, 40))
    few = annotations(sample[2:-2], "N" * (len(sample) - 4), unreadable=[[1000, 3900]])
    assert np.isnan(few.summary().slowest.rate)
    assert few.summary().heart_rate == pytest.approx(60 * 12 / 9)


@pytest.mark.parametrize("n_beats", [0, 1, 2])
def test_few_beats_have_a_summary(n_beats):
    beats = annotations(np.arange(n_beats) * 100, "V" * n_beats)
    summary = beats.summary()
    assert np.isnan(summary.slowest.rate)
    assert np.isnan(summary.heart_rate) == (n_beats < 2)
    assert summary.couplets["V"] == (n_beats == 2)
    assert "Record" in str(summary)
    assert "<table>" in beats._repr_html_()
    assert len(beats.to_frame()) == n_beats


def test_a_record_without_anything_readable():
    beats = annotations([], "", unreadable=[[0, 10_000]])
    assert np.isnan(beats.summary().per_hour["V"])
    assert "100.0 % could not be read" in str(beats.summary())
    assert "<svg" in beats._repr_html_()


def test_the_report_says_the_figures():
    sample = [100, 200, 250, 300, 400, 450, 500, 550, 900, 980, 1060]
    beats = annotations(sample, "NVVNSSSSNVN", name="a")
    assert str(beats.summary()).splitlines() == [
        "Record a",
        "  Length        0:01:40 h, 0.0 % could not be read",
        "  Beats         11: N 4, S 4, V 3",
        "  Heart rate    62/min on average, 59 (0:00:02) to 62 (0:00:02) over 8 intervals",
        "  S beats       36.36 %, 144.0 per hour; 0 couplets, 1 run, the longest 4 beats (1.5 s, "
        "120/min) at 0:00:04",
        "  V beats       27.27 %, 108.0 per hour; 1 couplet, 0 runs",
        "  Pauses        1 longer than 2 s, the longest 3.5 s at 0:00:05",
    ]


def test_frame():
    probabilities = np.eye(5)[[0, 2]]
    frame = annotations([50, 150], "NV", probabilities=probabilities).to_frame()
    assert frame.columns.tolist() == [
        "sample", "time", "label", "rr",
        "probability_N", "probability_S", "probability_V", "probability_F", "probability_Q",
    ]  # fmt: skip
    assert frame["label"].tolist() == ["N", "V"]
    assert frame["probability_V"].tolist() == [0, 1]
    assert frame["rr"][1] == 1.0


def test_wfdb_file_reads_back(tmp_path):
    gaps = [[5, 100], [3000, 9000]]
    beats = annotations([0, 100, 1500, 2999, 9000, 9999], "NSVFQN", unreadable=gaps)
    beats.to_wfdb("a-1", "skecg", folder=tmp_path)
    found = wfdb.rdann(str(tmp_path / "a-1"), "skecg")
    assert found.fs == 100
    is_quality = np.array(found.symbol) == "~"
    np.testing.assert_array_equal(found.sample[is_quality], np.ravel(gaps))
    assert found.subtype[is_quality].tolist() == [-1, 0, -1, 0]
    kept = is_beat(found.symbol)
    np.testing.assert_array_equal(found.sample[kept], beats.sample)
    np.testing.assert_array_equal(
        np.array(beats.classes)[aami_codes(found.symbol)[kept]], beats.label
    )


def test_wfdb_file_reads_back_with_our_reader(tmp_path):
    # The reader of load_mitbih, which knows no name of a single file.
    from skecg.datasets._wfdb_annotations import read_annotations

    sample = np.array([0, 1023, 2047, 400_000, 100_000_000])
    beats = BeatAnnotations(sample, list("NSVFQ"), 250.0, 10**9)
    beats.to_wfdb("day", "skecg", folder=tmp_path)
    found = read_annotations(Path(tmp_path / "day.skecg"), "")
    np.testing.assert_array_equal(found.sample, sample)
    assert found.symbol.tolist() == list("NSVFQ")


@pytest.mark.parametrize(
    ("label", "change", "error", "message"),
    [
        ("NX", {}, ValueError, "labels must be the AAMI classes N, S, V, F, Q.*got 'X'"),
        ("NV", {"record_name": "a b"}, ValueError, "record_name must have only letters"),
        ("NV", {"record_name": "../a"}, ValueError, "record_name must have only letters"),
        ("NV", {"extension": "s1"}, ValueError, "extension must have only letters; got 's1'"),
        ("NV", {"folder": "/no/such"}, FileNotFoundError, "no folder /no/such"),
        ("", {}, ValueError, "no beat to write"),
    ],
)
def test_what_cannot_be_written_is_an_error(tmp_path, label, change, error, message):
    beats = annotations([50, 150][: len(label)], label)
    right = {"record_name": "a", "extension": "skecg", "folder": tmp_path}
    with pytest.raises(error, match=message):
        beats.to_wfdb(**{**right, **change})
    assert not list(tmp_path.iterdir())


def test_compare_with_annotations_and_with_beats():
    ecg = make_records(1, random_state=0)
    truth = of_record(ecg, 0)
    found = BeatAnnotations(
        truth.sample[1:] + 5, truth.label[1:], truth.sampling_rate, truth.n_timesteps
    )
    for reference in (truth, ecg.annotations[0]):
        comparison = found.compare(reference)
        assert comparison.missed.tolist() == [0]
        assert comparison.n_matched == len(truth) - 1
        assert comparison.confusion_matrix[:5, :5].trace() == len(truth) - 1
    assert found.compare(truth, tolerance=0.01).n_matched == 0


def test_compare_real_annotations(data_home):
    ecg = load_mitbih(data_home=data_home, records=[208])
    beats = of_record(ecg, 0)
    assert beats.summary().beats == {"N": 1586, "S": 2, "V": 992, "F": 373, "Q": 2}
    ours = beats.compare(ecg.annotations[0])
    expected = compare_beats(beats.sample, beats.label, beats.sample, beats.label, 360)
    np.testing.assert_array_equal(ours.confusion_matrix, expected.confusion_matrix)
    assert ours.confusion_matrix.diagonal().tolist() == [1586, 2, 992, 373, 2, 0]


@pytest.mark.parametrize(
    ("reference", "error", "message"),
    [
        (BeatAnnotations([5], ["N"], 360, 100), ValueError, "rate of these beats, 100 Hz; got 360"),
        ([1, 2], TypeError, "reference must be BeatAnnotations.*got list"),
        (Bunch(sample=[1, 2], symbol=["N"]), ValueError, "one symbol for each sample"),
        (Bunch(sample=[1], symbol=["B"]), ValueError, "no AAMI class"),
    ],
)
def test_what_cannot_be_compared_is_an_error(reference, error, message):
    with pytest.raises(error, match=message):
        annotations([50], "N").compare(reference)


class Tags(HTMLParser):
    def __init__(self):
        super().__init__()
        self.open, self.seen = [], []

    def handle_starttag(self, tag, attrs):
        self.open.append(tag)
        self.seen.append((tag, dict(attrs)))

    def handle_startendtag(self, tag, attrs):
        self.seen.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_html_is_whole_escaped_and_without_links():
    html = annotations([50, 150], ["<b>", "V"], name="<script>alert(1)</script>")._repr_html_()
    tags = Tags()
    tags.feed(html)
    assert not tags.open
    assert {tag for tag, _ in tags.seen} <= {
        "div", "strong", "table", "tr", "th", "td", "svg", "title", "path", "rect",
    }  # fmt: skip
    assert not any({"href", "src", "xmlns"} & attrs.keys() for _, attrs in tags.seen)
    assert "&lt;script&gt;" in html
    assert "http" not in html


def test_a_day_takes_well_under_a_second_for_everything(day, tmp_path):
    calls = {
        "summary": day.summary,
        "frame": day.to_frame,
        "html": day._repr_html_,
        "repr": day.__repr__,
        "compare": lambda: day.compare(day),
        "wfdb": lambda: day.to_wfdb("day", "skecg", tmp_path),
    }
    for call in calls.values():
        call_within(1, call)
    assert len(day._repr_html_()) < 50_000


def test_pickles_and_copies(day):
    for other in (pickle.loads(pickle.dumps(day)), copy.deepcopy(day)):
        np.testing.assert_array_equal(other.rr, day.rr)
        assert str(other.summary()) == str(day.summary())


def test_the_signal_is_not_copied():
    signal = np.zeros(10_000, dtype=np.float32)
    assert annotations([50], "N", signal=signal).signal is signal


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"sample": [150, 50]}, ValueError, "sample must be in ascending order.*got 150 before 50"),
        ({"sample": [50, 50]}, ValueError, "each position once"),
        ({"sample": [0.5, 1.5]}, TypeError, "sample must hold integers"),
        ({"sample": [50, 10_000]}, ValueError, "record of 10000 samples; got 50 to 10000"),
        ({"label": ["N"]}, ValueError, "one class for each of the 2 beats"),
        ({"label": [0, 1]}, TypeError, "label must hold strings"),
        ({"sampling_rate": 0}, ValueError, "sampling_rate must be a positive number"),
        ({"sampling_rate": 10**400}, ValueError, "sampling_rate has a number that is too large"),
        ({"n_timesteps": 10**400}, ValueError, "n_timesteps must be less than ten years"),
        ({"sampling_rate": 1e-9}, ValueError, "less than ten years at 1e-09 Hz"),
        ({"n_timesteps": 0}, ValueError, "n_timesteps must be the length"),
        ({"classes": ["N"]}, ValueError, r"include every label.*without \['V'\]"),
        ({"classes": ["N", "N", "V"]}, ValueError, "classes must be distinct"),
        ({"probabilities": np.zeros((2, 4))}, ValueError, r"shape \(2, 5\).*got \(2, 4\)"),
        ({"unreadable": [[5, 5]]}, ValueError, "none empty"),
        ({"unreadable": [[5, 9], [8, 12]]}, ValueError, "without overlap"),
        ({"unreadable": [[9, 20_000]]}, ValueError, "record of 10000 samples"),
        ({"unreadable": [1, 2, 3]}, ValueError, r"shape \(n_stretches, 2\)"),
        ({"signal": np.zeros(5)}, ValueError, "one lead of 10000 samples"),
    ],
)
def test_wrong_input_is_one_clear_error(change, error, message):
    right = {"sample": [50, 150], "label": ["N", "V"], "sampling_rate": 100, "n_timesteps": 10_000}
    with pytest.raises(error, match=message):
        BeatAnnotations(**{**right, **change})


@pytest.mark.parametrize("pause", [0, np.nan, "2", 10**400])
def test_a_wrong_pause_is_an_error(pause):
    with pytest.raises(ValueError, match=r"pause (must be a positive|has a) number"):
        annotations([50], "N").summary(pause=pause)
