from __future__ import annotations

import numpy as np
import pytest

from skecg.datasets import make_sheets
from skecg.datasets._synthetic_leads import LEADS, simulate_leads

SMALL = (157, 221)


def leads(label, seed=0):
    return simulate_leads(
        label, np.random.RandomState(seed), np.random.RandomState(seed + 1), 500.0
    )


def test_classes_take_turns_and_subjects_have_one_class():
    sheets = make_sheets(20, n_subjects=6, size=SMALL, random_state=0)
    assert sheets.data.shape == (20, *SMALL, 3)
    assert sheets.data.dtype == np.uint8
    assert sheets.target_names.tolist() == ["MI", "HB", "PMI", "Normal"]
    assert sheets.target[:6].tolist() == [0, 1, 2, 3, 0, 1]
    assert np.unique(sheets.groups).tolist() == list(range(6))
    for subject in range(6):
        assert len(np.unique(sheets.target[sheets.groups == subject])) == 1


def test_two_sheets_of_one_subject_differ():
    data = make_sheets(2, n_subjects=1, size=SMALL, random_state=0).data
    assert (data[0] != data[1]).any()


def test_seeds():
    one, same, other = (make_sheets(3, size=SMALL, random_state=s).data for s in (0, 0, 1))
    np.testing.assert_array_equal(one, same)
    assert (one != other).any()


def test_tuples():
    X, y = make_sheets(4, size=SMALL, random_state=0, return_X_y=True)
    assert len(X) == len(y) == 4
    assert len(make_sheets(4, size=SMALL, random_state=0, return_X_y_groups=True)) == 3


@pytest.mark.parametrize("size", [(1572, 2213), (786, 1106), (300, 500)])
def test_any_size(size):
    sheet = make_sheets(1, size=size, random_state=0).data[0]
    assert sheet.shape == (*size, 3)
    dark = (sheet < 60).all(axis=2)
    assert 0.002 < dark.mean() < 0.05  # traces and text
    assert sheet.mean() > 230  # on white paper


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"n_samples": 0}, ValueError),
        ({"n_samples": 2.5}, TypeError),
        ({"n_samples": 10**30}, ValueError),
        ({"n_samples": 10**6, "size": (8_000, 9_000)}, ValueError),
        ({"size": (10**30, 10**30)}, ValueError),
        ({"size": 5}, ValueError),
        ({"n_samples": 3, "n_subjects": 4}, ValueError),
        ({"size": (5, 100)}, ValueError),
    ],
)
def test_arguments_out_of_range_are_refused(arguments, error):
    with pytest.raises(error, match=r"n_samples|n_subjects|size"):
        make_sheets(**arguments)


def test_limb_leads_obey_einthoven_and_goldberger():
    signals, rate = leads("Normal")
    lead = dict(zip(LEADS, signals))
    assert signals.shape == (12, 5000)
    assert 58 <= rate <= 100
    np.testing.assert_allclose(lead["I"] + lead["III"], lead["II"], atol=1e-12)
    np.testing.assert_allclose(lead["aVR"] + lead["aVL"] + lead["aVF"], 0, atol=1e-12)


def test_normal_beats_have_the_amplitudes_of_an_adult():
    signals, _ = leads("Normal")
    lead = dict(zip(LEADS, signals))
    assert 0.3 < lead["II"].max() < 2.5
    assert -lead["V1"].min() > lead["V1"].max()  # S dominates in V1, R in V5
    assert lead["V5"].max() > -lead["V5"].min()


def test_classes_differ_in_what_defines_them():
    def median_over_subjects(label, measure):
        return np.median([measure(leads(label, seed)[0]) for seed in range(12)])

    def irregularity(signals):
        lead = signals[LEADS.index("II")]
        peaks = np.flatnonzero(
            (lead[1:-1] > lead[:-2]) & (lead[1:-1] > lead[2:]) & (lead[1:-1] > 0.6 * lead.max())
        )
        intervals = np.diff(peaks)
        intervals = intervals[intervals > 150]
        return intervals.std() / intervals.mean() if len(intervals) > 1 else 0

    def highest_plateau(signals):
        # The level that a tenth of the time is exceeded: ST and T, not the narrow QRS.
        return np.quantile(signals - np.median(signals, axis=1, keepdims=True), 0.9, axis=1).max()

    assert median_over_subjects("HB", irregularity) > 2 * median_over_subjects(
        "Normal", irregularity
    )
    assert median_over_subjects("MI", highest_plateau) > 1.3 * median_over_subjects(
        "Normal", highest_plateau
    )
    lowest = [
        min(s[LEADS.index(n)].min() for n in ("II", "V5", "V6", "V4"))
        for s, _ in (leads("PMI", k) for k in range(12))
    ]
    normal = [
        min(s[LEADS.index(n)].min() for n in ("II", "V5", "V6", "V4"))
        for s, _ in (leads("Normal", k) for k in range(12))
    ]
    assert np.median(lowest) < np.median(normal)
