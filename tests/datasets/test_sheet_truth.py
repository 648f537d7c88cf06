"""Sheets of given signals show them, and the truth says where and when, whatever the damage."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from skecg.datasets import load_ptbxl, make_sheets
from skecg.datasets._damaged_sheet import DAMAGES
from skecg.datasets._sheet_damage import project
from skecg.datasets._sheet_leads import printed_leads
from skecg.datasets._synthetic_leads import LEADS
from skecg.sheet import LeadLayout, get_layout

MM = 200 / 25.4
RATE = 100
EDAN = printed_leads(get_layout("edan-3x4"))


def slow_waves(n=1, rate=RATE, seconds=10):
    """Leads of different frequencies, low enough for one row each and without steep flanks."""
    time = np.arange(round(seconds * rate)) / rate
    frequencies = 0.5 + 0.05 * np.arange(12)
    return np.tile(0.6 * np.sin(2 * np.pi * frequencies[:, None] * time), (n, 1, 1))


def places(sheets, k, leads=EDAN):
    """Return the points (n, 2) of the samples of lead ``k`` on the sheet of the layout."""
    lead, signal = leads[k], sheets.signals[0, k]
    there = np.flatnonzero(~np.isnan(signal))
    x = lead.x + (there / sheets.sampling_rate - sheets.lead_starts[k]) * 25 * MM
    return np.column_stack([x, lead.y - signal[there] * 10 * MM])


def darkness(picture, points):
    """Return how much of the light is missing at points of a picture, from 0 to 1."""
    x, y = np.floor(points).astype(int).T
    return 1 - picture[y, x].mean(1) / 255


@pytest.mark.parametrize(
    ("arguments", "digest"),
    [
        ({"n_samples": 2}, "3d647f5a"),
        ({"n_samples": 4, "size": (393, 553)}, "89d1c5d5"),
    ],
)
def test_the_pictures_of_a_seed_are_the_ones_they_were(arguments, digest):
    data = make_sheets(**arguments, random_state=0).data
    assert hashlib.sha256(data.tobytes()).hexdigest()[:8] == digest


@pytest.mark.parametrize("source", ["given", "simulated"])
def test_the_ink_lies_where_the_truth_says(source):
    given = {"signals": slow_waves(), "sampling_rate": RATE} if source == "given" else {}
    sheets = make_sheets(**given or {"n_samples": 1}, random_state=0)
    black = (sheets.data[0] == 0).all(axis=2)
    errors = []
    for k in (0, 9, 12):
        points = places(sheets, k)
        # Away from the names and the separators, and where the trace is not steep.
        steep = np.abs(np.gradient(points[:, 1], points[:, 0])) > 0.5
        steep[: len(points) // 6] = steep[-len(points) // 20 :] = True
        points = points[~steep]
        for x, y in points:
            rows = np.arange(int(y) - 12, int(y) + 13)
            rows = rows[black[rows, int(x)]]
            errors.append(rows.mean() + 0.5 - y)
    # In pixels of 0.013 mV. The pen for given signals blackens whole pixels at the right place, the
    # older one draws between whole pixels and half of one too high.
    assert abs(np.median(errors)) < (0.1 if source == "given" else 0.6)
    assert np.quantile(np.abs(errors), 0.95) < (0.6 if source == "given" else 2)


def test_a_peak_stands_at_its_time():
    signals = np.zeros((1, 12, 1000))
    peaks = {"I": 121, "aVL": 390, "V6": 901}
    for name, peak in peaks.items():
        signals[0, LEADS.index(name), peak - 2 : peak + 3] = [0, 0.5, 1, 0.5, 0]
    sheets = make_sheets(signals=signals, sampling_rate=RATE)
    black = (sheets.data[0] == 0).all(axis=2)
    for name, peak in peaks.items():
        lead = EDAN[LEADS.index(name)]
        x = lead.x + (peak / RATE - lead.start) * 25 * MM
        near = black[int(lead.y) - 70 : int(lead.y) - 30, int(x) - 20 : int(x) + 21]
        centre = np.average(np.arange(41) + int(x) - 20 + 0.5, weights=near.sum(axis=0))
        assert abs(centre - x) < 0.3


def test_columns_follow_each_other_and_the_strip_shows_all():
    signals = slow_waves()
    sheets = make_sheets(signals=signals, sampling_rate=RATE)
    assert sheets.lead_names == [*LEADS, "rhythm"]
    assert sheets.lead_starts.tolist() == [0] * 3 + [2.5] * 3 + [5] * 3 + [7.5] * 3 + [0]
    assert sheets.lead_seconds.tolist() == [2.5] * 12 + [10]
    for k, name in enumerate(sheets.lead_names):
        there = ~np.isnan(sheets.signals[0, k])
        first = int(sheets.lead_starts[k] * RATE)
        n_shown = int(sheets.lead_seconds[k] * RATE)
        assert np.flatnonzero(there).tolist() == list(range(first, first + n_shown))
        lead = LEADS.index("II" if name == "rhythm" else name)
        np.testing.assert_allclose(sheets.signals[0, k][there], signals[0, lead][there], atol=1e-6)


@pytest.mark.parametrize("damage", [*DAMAGES, ("perspective", "rotation", "desk", "dpi", "blur")])
def test_the_matrix_leads_to_the_trace_under_every_damage(damage):
    given = {"signals": slow_waves(), "sampling_rate": RATE, "random_state": 1}
    sheets = make_sheets(**given, damage=damage, size=(786, 1106))
    on, beside = [], []
    for k in range(13):
        points = places(sheets, k)[20:-5]
        on.append(darkness(sheets.data[0], project(sheets.matrices[0], points)))
        beside.append(darkness(sheets.data[0], project(sheets.matrices[0], points - [0, 14])))
    on, beside = np.concatenate(on), np.concatenate(beside)
    assert np.median(on) > np.median(beside) + 0.2
    assert (on > beside).mean() > 0.95
    np.testing.assert_array_equal(sheets.signals, make_sheets(**given, size=(40, 56)).signals)


def test_damage_changes_no_signal_and_is_the_same_alone_and_with_others():
    plain = make_sheets(3, size=(157, 221), random_state=4)
    one = make_sheets(3, size=(157, 221), damage="rotation", random_state=4)
    more = make_sheets(3, size=(157, 221), damage=["jpeg", "rotation"], random_state=4)
    np.testing.assert_array_equal(one.signals, plain.signals)
    np.testing.assert_array_equal(one.target, plain.target)
    assert [own["rotation"] for own in one.damage] == [own["rotation"] for own in more.damage]
    assert len({own["rotation"] for own in one.damage}) == 3
    again = make_sheets(3, size=(157, 221), damage="rotation", random_state=4)
    assert all(map(np.array_equal, one.data, again.data))


def test_two_calls_with_one_generator_draw_other_damage():
    rng = np.random.RandomState(0)
    given = {"signals": slow_waves(), "sampling_rate": RATE, "size": (40, 56)}
    one, other = (make_sheets(**given, damage="jpeg", random_state=rng).damage for _ in range(2))
    given["signals"] = slow_waves(8)
    drawn = make_sheets(**given, damage="jpeg", random_state=0).damage
    assert len({own["jpeg"] for own in drawn}) > 3
    assert one != other


def test_the_pen_stops_at_the_frame_and_so_does_the_truth():
    signals = slow_waves()
    signals[0, LEADS.index("I"), 100:103] = 20
    sheets = make_sheets(signals=signals, sampling_rate=RATE)
    highest = np.nanmax(sheets.signals[0, 0])
    assert highest == pytest.approx((463.5 - 283 - 0.7 * MM) / (10 * MM), abs=1e-5)
    assert not (sheets.data[0, 225:287, 150:640] == 0).all(axis=2).any()


def test_nan_is_not_drawn():
    signals = slow_waves()
    signals[0, LEADS.index("II"), 450:600] = np.nan
    sheets = make_sheets(signals=signals, sampling_rate=RATE)
    assert np.isnan(sheets.signals[0, 12]).sum() == 150
    black = (sheets.data[0, 1290:1450] == 0).all(axis=2).any(axis=0)
    gap = slice(int(153 + 4.6 * 25 * MM), int(153 + 5.9 * 25 * MM))
    assert not black[gap].any()
    assert black[gap.stop + 30 : gap.stop + 400].all()


def test_the_leads_of_one_recording_and_longer_ones():
    signals = slow_waves(seconds=12)
    one = make_sheets(signals=signals[0], sampling_rate=RATE, size=(79, 111))
    np.testing.assert_array_equal(
        one.data, make_sheets(signals=signals[..., :1000], sampling_rate=RATE, size=(79, 111)).data
    )
    assert "target" not in one


def test_records_of_ptbxl(data_home):
    ptbxl = load_ptbxl(data_home, task="superclass-multilabel", folds=[1])
    sheets = make_sheets(signals=ptbxl.data[:2], sampling_rate=ptbxl.sampling_rate)
    assert sheets.data.shape == (2, 1572, 2213, 3)
    black = (sheets.data[0] == 0).all(axis=2)
    for k in (0, 4, 12):
        x, y = np.floor(places(sheets, k)[30:-5]).astype(int).T
        assert black[y, x].mean() > 0.9  # thin peaks are rounded off by the pen
    np.testing.assert_allclose(sheets.signals[1, 7, 500:750], ptbxl.data[1, 7, 500:750], atol=1e-6)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"signals": np.zeros((2, 11, 1000))}, "shape"),
        ({"signals": np.zeros(1000)}, "shape"),
        ({"signals": np.zeros((0, 12, 1000))}, "shape"),
        ({"signals": np.zeros((1, 12, 999))}, "shows 10 s"),
        ({"signals": np.full((1, 12, 1000), np.inf)}, "finite"),
        ({"sampling_rate": None}, "sampling_rate"),
        ({"sampling_rate": 5}, "sampling_rate"),
        ({"sampling_rate": "fast"}, "sampling_rate"),
        ({"signals": None}, "sampling_rate"),
        ({"n_samples": 3}, "n_samples"),
        ({"n_subjects": 1}, "n_subjects"),
        ({"return_X_y": True}, "return_X_y"),
        ({"damage": "crumpled"}, "damage"),
        ({"damage": ["jpeg", 3]}, "damage"),
        ({"damage": 3}, "damage"),
        ({"layout": "letter"}, "layout"),
        ({"layout": LeadLayout(("I",), ((0, 0, 9, 9),), (90, 90))}, "traces"),
        ({"layout": "published-a"}, "traces"),
    ],
)
def test_what_does_not_go_together_is_refused(changed, message):
    given = {"signals": slow_waves(), "sampling_rate": RATE, "size": (79, 111)}
    with pytest.raises(ValueError, match=message):
        make_sheets(**given | changed)


def test_text_is_no_signal():
    with pytest.raises(TypeError, match="numbers in mV"):
        make_sheets(signals=[["a"] * 12], sampling_rate=RATE)
