from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from resources import call_within
from wfdb.processing import compare_annotations

from skecg.datasets import load_mitbih, make_records
from skecg.metrics import BeatComparison, aami_report, compare_beats
from skecg.signal import AAMI_CLASSES


def compare(reference, other, **options):
    """Compare positions at 1000 Hz, where the tolerance is 150 samples."""
    labels = ["N"] * len(reference), ["N"] * len(other)
    return compare_beats(reference, labels[0], other, labels[1], 1000, **options)


@pytest.mark.parametrize(
    ("reference", "other", "pairs"),
    [
        ([1000, 2000], [1010, 1990], [(0, 0), (1, 1)]),
        ([1000], [1150], [(0, 0)]),
        ([1000], [1151], []),
        ([1000], [850], [(0, 0)]),
        # One beat between two: the closer one gets it, of equally close ones the earlier.
        ([1000, 1200], [1110], [(1, 0)]),
        ([1000, 1200], [1090], [(0, 0)]),
        ([1000, 1200], [1100], [(0, 0)]),
        ([1100], [1000, 1200], [(0, 0)]),
        # What the closest pair leaves is matched too, but never across it.
        ([1000, 1120], [1070, 1130], [(0, 0), (1, 1)]),
        ([1000, 1050], [1060, 1100], [(1, 0)]),
        # Every second link of a chain that grows longer, counted from the shortest.
        ([0, 30, 100], [10, 60, 150], [(0, 0), (1, 1), (2, 2)]),
        ([40, 110], [0, 70, 140], [(0, 1), (1, 2)]),
        ([1000, 1000], [1000], [(1, 0)]),
        ([], [5], []),
        ([5], [], []),
        ([], [], []),
    ],
)
def test_who_matches_whom(reference, other, pairs):
    comparison = compare(reference, other)
    assert comparison.pairs.tolist() == [list(pair) for pair in pairs]
    assert comparison.missed.tolist() == sorted(
        set(range(len(reference))) - {pair[0] for pair in pairs}
    )
    assert comparison.extra.tolist() == sorted(set(range(len(other))) - {p[1] for p in pairs})


def greedy_matches(reference, other, reach):
    """Take the closest neighbours first, one by one, in quadratic time."""
    marks = sorted([(s, 0, i) for i, s in enumerate(reference)])
    marks = sorted(marks + [(s, 1, i) for i, s in enumerate(other)])
    links = [
        (b[0] - a[0], k)
        for k, (a, b) in enumerate(pairwise(marks))
        if a[1] != b[1] and b[0] - a[0] <= reach
    ]
    taken = set()
    for _, k in sorted(links):
        if k - 1 not in taken and k + 1 not in taken:
            taken.add(k)
    found = (sorted([marks[k][1:], marks[k + 1][1:]]) for k in sorted(taken))
    return [[a[1], b[1]] for a, b in found]


def test_closest_first_as_a_loop_finds_it_in_dense_beats():
    rng = np.random.default_rng(0)
    for _ in range(200):
        n, m = rng.integers(0, 40, 2)
        reference = np.sort(rng.integers(0, 3000, n))
        other = np.sort(rng.integers(0, 3000, m))
        expected = greedy_matches(reference.tolist(), other.tolist(), 150)
        assert compare(reference, other).pairs.tolist() == expected


def jittered(annotated, target, rng, sampling_rate):
    """Return beats and a disturbed copy: shifted, some left out, some added, some relabelled."""
    beats = target >= 0
    sample, label = annotated.sample[beats], np.array(AAMI_CLASSES)[target[beats]]
    moved = sample + rng.normal(0, 0.06 * sampling_rate, len(sample)).astype(int)
    kept = rng.random(len(sample)) > 0.05
    added = rng.integers(0, sample[-1], len(sample) // 20)
    place = np.concatenate([moved[kept], added])
    name = np.concatenate([label[kept], rng.choice(list("NSV"), len(added))])
    order = np.argsort(place, kind="stable")
    return sample, label, place[order], name[order]


def assert_as_wfdb(sample, label, other, name, sampling_rate):
    ours = compare_beats(sample, label, other, name, sampling_rate)
    # Its window is open: the next larger one has the pairs at exactly the tolerance.
    theirs = compare_annotations(sample, other, int(0.15 * sampling_rate) + 1)
    pairs = np.stack([theirs.matched_ref_inds, theirs.matched_test_inds], axis=1)
    np.testing.assert_array_equal(ours.pairs, pairs)
    assert (ours.sensitivity, ours.positive_predictivity) == (
        theirs.sensitivity,
        theirs.positive_predictivity,
    )
    return ours


def test_generated_records_match_as_in_wfdb():
    ecg, rng = make_records(4, random_state=0), np.random.default_rng(0)
    for annotated, target in zip(ecg.annotations, ecg.target):
        beats = jittered(annotated, target, rng, ecg.sampling_rate)
        assert_as_wfdb(*beats, ecg.sampling_rate)


def test_real_records_match_as_in_wfdb(data_home):
    ecg = load_mitbih(data_home=data_home, records=[100, 208, 232])
    rng = np.random.default_rng(0)
    for annotated, target in zip(ecg.annotations, ecg.target):
        found = assert_as_wfdb(*jittered(annotated, target, rng, 360), 360)
        assert 0.9 < found.sensitivity < 0.97


def test_wfdb_leaves_out_a_beat_at_exactly_the_tolerance():
    assert compare_annotations(np.array([1000]), np.array([1150]), 150).tp == 0
    assert compare([1000], [1150]).n_matched == 1


def test_wfdb_may_match_a_beat_twice():
    reference, other = np.array([21, 136, 193, 632]), np.array([58, 457])
    assert compare_annotations(reference, other, 151).matched_test_inds.tolist() == [0, 0]
    assert compare(reference, other).pairs.tolist() == [[0, 0]]


def test_the_tolerance_is_not_cut_to_whole_samples_below_it():
    # 0.29 * 100 is 28.999999999999996 in floating point.
    assert compare_beats([0], ["N"], [29], ["N"], 100, tolerance=0.29).n_matched == 1


def test_confusion_and_rates_with_missed_and_extra_beats():
    reference = [1000, 2000, 3000, 4000, 5000, 6000]
    other = [1000, 2000, 3000, 4000, 5500, 6500]
    comparison = compare_beats(reference, list("NVVFVS"), other, list("NVNVVN"), 1000)
    assert comparison.labels == ("N", "S", "V", "F", "Q")
    assert comparison.confusion_matrix.tolist() == [
        [1, 0, 0, 0, 0, 0],
        [0, 0, 0, 0, 0, 1],
        [1, 0, 1, 0, 0, 1],
        [0, 0, 1, 0, 0, 0],
        [0, 0, 0, 0, 0, 0],
        [1, 0, 1, 0, 0, 0],
    ]
    assert comparison.sensitivity == comparison.positive_predictivity == 4 / 6
    # V: 1 of 3 beats, of 3 calls; F: 0 of 1 beat.
    np.testing.assert_allclose(comparison.class_sensitivity, [1, 0, 1 / 3, 0, np.nan])
    np.testing.assert_allclose(
        comparison.class_positive_predictivity, [1 / 3, np.nan, 1 / 3, np.nan, np.nan]
    )
    np.testing.assert_allclose(comparison.class_f1, [2 / 4, 0, 2 / 6, 0, np.nan])
    by_ec57 = compare_beats(
        reference, list("NVVFVS"), other, list("NVNVVN"), 1000, convention="ec57"
    )
    assert by_ec57.class_positive_predictivity[2] == 1 / 2  # the F beat called V does not count


@pytest.mark.parametrize("convention", ["one-vs-rest", "ec57"])
def test_equal_positions_give_the_rates_of_the_report(convention):
    rng = np.random.default_rng(0)
    place = np.arange(500) * 300
    true, found = rng.choice(AAMI_CLASSES, (2, 500))
    ours = compare_beats(place, true, place, found, 360, convention=convention)
    report = aami_report(true, found, convention=convention)
    np.testing.assert_array_equal(ours.confusion_matrix[:5, :5], report.confusion_matrix)
    np.testing.assert_allclose(ours.class_sensitivity, report.sensitivity)
    np.testing.assert_allclose(ours.class_positive_predictivity, report.positive_predictivity)
    np.testing.assert_allclose(ours.class_f1, report.f1)


def test_labels_outside_aami_follow_the_classes():
    comparison = compare_beats([1, 1000], ["paced", "N"], [1, 1000], ["N", "B"], 360)
    assert comparison.labels == ("N", "S", "V", "F", "Q", "B", "paced")
    assert comparison.confusion_matrix[6, 0] == comparison.confusion_matrix[0, 5] == 1
    assert comparison.confusion_matrix.sum() == 2


def test_prints_the_classes_that_occur():
    text = str(compare_beats([1, 1000], ["N", "S"], [1, 500], ["N", "V"], 360))
    head, *rows = text.splitlines()
    assert head.split() == ["N", "S", "V", "missed", "Se", "+P", "F1"]
    assert rows[0].split() == ["N", "1", "0", "0", "0", "1.000", "1.000", "1.000"]
    assert rows[1].split() == ["S", "0", "0", "0", "1", "0.000", "-", "0.000"]
    assert "1 beats matched, 1 missed, 1 extra" in text


def test_a_day_of_close_beats_takes_well_under_a_second():
    # Equally spaced beats half-way between the reference beats are one chain of 200,000 links.
    reference = np.arange(100_000) * 200
    comparison = call_within(1, lambda: compare(reference, reference + 100))
    assert comparison.n_matched == 100_000
    assert isinstance(comparison, BeatComparison)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"sample": [300, 100]}, ValueError, "sample must be in ascending order; got 300 before"),
        ({"sample": [0.1, 0.5]}, TypeError, "sample must hold integers.*got float64"),
        ({"reference_sample": [[1, 2]]}, ValueError, r"reference_sample must be one-dim.*\(1, 2\)"),
        ({"label": ["N"]}, ValueError, r"label must hold one label for each of the 2 beats; got"),
        ({"label": [0, 2]}, TypeError, "label must hold strings such as 'N' or 'V'; got int"),
        ({"sampling_rate": 0}, ValueError, "sampling_rate must be a positive number"),
        ({"tolerance": np.nan}, ValueError, "tolerance must be a positive number"),
        ({"convention": "bxb"}, ValueError, "convention must be one of"),
    ],
)
def test_wrong_input_is_one_clear_error(change, error, message):
    right = {
        "reference_sample": [100, 300], "reference_label": ["N", "V"], "sample": [100, 300],
        "label": ["N", "V"], "sampling_rate": 360,
    }  # fmt: skip
    with pytest.raises(error, match=message):
        compare_beats(**{**right, **change})
