"""What is measured on twelve leads, against leads made of waves of known place and height."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

import skecg
from skecg.datasets import make_sheets
from skecg.preprocessing import TraceReader
from skecg.signal import LEAD_NUMBERS, lead_numbers

RATE = 100
LIMB = {"I": 1.0, "II": 1.2, "III": 0.2, "aVR": -1.1, "aVL": 0.4, "aVF": 0.7}
HEIGHTS = np.array([*LIMB.values(), -0.8, -0.5, 0.4, 1.1, 1.3, 0.9])

REGULAR = np.arange(0.5, 10, 0.8)


def wave(time, at, height, width):
    return height * np.exp(-0.5 * ((time - at) / width) ** 2)


def leads(beats=REGULAR, *, st=0.0, t=0.3, p=0.1, rate=RATE, strip=True):
    """Return (1, 13, 10 s): an R wave of every height, and P, ST and T that are shares of it."""
    time = np.arange(10 * rate) / rate
    shape = np.zeros_like(time)
    for beat in beats:
        shape += wave(time, beat, 1, 0.018) + wave(time, beat - 0.17, p, 0.02)
        shape += wave(time, beat + 0.28, t, 0.04)
        shape += np.where((time > beat + 0.05) & (time < beat + 0.2), st, 0)
    signals = HEIGHTS[:, None] * shape
    return np.concatenate([signals, signals[1:2]][: 1 + strip])[None]


def printed(signals):
    """Leave of each lead what a sheet of 3 x 4 leads prints."""
    signals = signals.copy()
    for k in range(12):
        there = np.zeros(signals.shape[2], bool)
        there[k // 3 * 250 : k // 3 * 250 + 250] = True
        signals[:, k, ~there] = np.nan
    return signals


def measured(signals, rate=RATE):
    return dict(zip(LEAD_NUMBERS, lead_numbers(signals, rate)[0].tolist(), strict=True))


@pytest.mark.parametrize("form", [lambda x: x, printed], ids=["whole", "printed"])
def test_waves_have_the_height_they_were_made_with(form):
    found = measured(form(leads()))
    for lead, height in zip(("I", "aVR", "V1", "V5"), HEIGHTS[[0, 3, 6, 10]]):
        assert found[f"{'r' if height > 0 else 's'}_{lead}"] == pytest.approx(height, abs=0.03)
        assert found[f"t_{lead}"] == pytest.approx(0.3 * height, abs=0.03)
        assert found[f"t_ratio_{lead}"] == pytest.approx(0.3 * np.sign(height), abs=0.05)
        p = found[f"{'p' if height > 0 else 'p_least'}_{lead}"]
        assert p == pytest.approx(0.1 * height, abs=0.02)
    assert found["r_V1"] == pytest.approx(0, abs=0.02)
    assert found["limb_range"] == pytest.approx(1.2, abs=0.03)
    assert found["chest_range"] == pytest.approx(1.3, abs=0.03)


@pytest.mark.parametrize("rate", [100, 250, 500])
def test_intervals_do_not_depend_on_the_sampling_rate(rate):
    found = measured(leads(rate=rate), rate)
    assert found["rr_mean"] == pytest.approx(0.8, abs=0.005)
    assert found["rr_cv"] < 0.01
    assert found["qrs_width"] == pytest.approx(0.09, abs=0.03)
    assert found["t_time"] == pytest.approx(0.28 + 0.045, abs=0.03)


def test_the_axis_is_that_of_the_limb_leads():
    found = measured(leads())
    assert np.arctan2(found["qrs_axis_sin"], found["qrs_axis_cos"]) == pytest.approx(
        np.arctan2(LIMB["aVF"], LIMB["I"]), abs=0.05
    )
    assert found["qrs_t_angle_cos"] == pytest.approx(1, abs=0.01)
    assert measured(leads(t=-0.3))["qrs_t_angle_cos"] == pytest.approx(-1, abs=0.05)


def test_raised_st_segments_are_found_in_their_leads():
    found, flat = measured(printed(leads(st=0.3))), measured(printed(leads()))
    assert found["st_60_V5"] - flat["st_60_V5"] == pytest.approx(0.3 * 1.3, abs=0.05)
    assert found["st_60_V1"] - flat["st_60_V1"] == pytest.approx(-0.3 * 0.8, abs=0.05)


def test_an_early_beat_shows_in_the_rhythm():
    early = REGULAR.copy()
    early[6] -= 0.3
    regular, irregular = measured(printed(leads())), measured(printed(leads(early)))
    assert regular["rr_shortest"] > 0.97 > 0.7 > irregular["rr_shortest"]
    assert irregular["rr_longest"] == pytest.approx(1.1 / 0.8, abs=0.03)


def test_a_beat_of_another_shape_shows_in_the_likeness():
    signals = leads()
    time = np.arange(1000) / RATE
    signals[0, 12] -= 3 * wave(time, 0.5 + 5 * 0.8, 1, 0.05)
    found = measured(signals)
    assert found["qrs_correlation_least"] < 0 < 0.95 < measured(leads())["qrs_correlation_least"]


def test_p_waves_that_come_and_go_are_less_visible():
    with_p, without = measured(leads(p=0.15)), measured(leads(p=0.0))
    assert with_p["p_visibility"] > without["p_visibility"]
    assert with_p["p_range"] == pytest.approx(0.15 * 1.2, abs=0.03)


def test_an_offset_of_a_lead_changes_nothing():
    moved = leads() + np.linspace(-1, 1, 13)[None, :, None]
    np.testing.assert_allclose(lead_numbers(moved), lead_numbers(leads()), atol=1e-5)


def test_numbers_of_a_missing_lead_are_nan_and_no_others():
    whole, signals = printed(leads()), printed(leads())
    signals[0, 8] = np.nan
    found, there = measured(signals), measured(whole)
    missing = {name for name, value in found.items() if np.isnan(value)}
    assert missing == {name for name in LEAD_NUMBERS if name.endswith("_V3")}
    assert found["r_V5"] == pytest.approx(there["r_V5"], abs=0.01)


@pytest.mark.parametrize("value", [0.0, 1.0, np.nan])
def test_a_record_without_beats_is_a_row_of_nan(value):
    both = np.concatenate([np.full((1, 13, 1000), value), leads()])
    found = lead_numbers(both)
    assert np.isnan(found[0]).all()
    assert np.isfinite(found[1]).all()


def test_a_single_beat_has_waves_but_no_intervals():
    found = measured(leads([0.7])[..., :150])
    assert found["r_V5"] == pytest.approx(1.3, abs=0.03)
    assert np.isnan(found["rr_mean"])


def test_beats_at_the_edges_of_what_is_printed_are_no_error():
    found = measured(printed(leads([0.01, 2.49, 3.8, 5.0, 7.5, 9.99])))
    assert np.isfinite([found["rr_mean"], found["r_aVF"], found["r_V3"]]).all()


def test_leads_without_a_strip_and_records_beside_others():
    twelve = leads(strip=False)
    assert np.isfinite(lead_numbers(twelve)).all()
    many = np.concatenate([leads(), leads(np.arange(0.4, 10, 1.0))])
    np.testing.assert_array_equal(lead_numbers(many)[1:], lead_numbers(many[1:]))
    assert lead_numbers(many[:0]).shape == (0, len(LEAD_NUMBERS))


@pytest.mark.parametrize(
    ("X", "rate", "message"),
    [
        (np.zeros((2, 11, 1000)), 100, "12 leads or more"),
        (np.zeros((12, 1000)), 100, "12 leads or more"),
        (np.full((1, 12, 1000), "a"), 100, "numbers of shape"),
        (np.full((1, 12, 1000), np.inf), 100, "infinite"),
        (np.zeros((1, 12, 60)), 100, "1 s or more, got 60"),
        (np.zeros((1, 12, 1000)), 20, "from 50 to 5000 Hz, got 20"),
        (np.zeros((1, 12, 1000)), "a", "sampling_rate"),
    ],
)
def test_what_cannot_be_measured_is_refused(X, rate, message):
    with pytest.raises((TypeError, ValueError), match=message):
        lead_numbers(X, rate)


def test_sheets_become_numbers_and_the_pipeline_is_stored(tmp_path):
    sheets = make_sheets(4, random_state=0)
    pipeline = make_pipeline(TraceReader(output="10s"), FunctionTransformer(lead_numbers))
    numbers = pipeline.fit_transform(sheets.data)
    assert np.isfinite(numbers).all()
    skecg.save(pipeline, tmp_path / "numbers.safetensors")
    loaded = skecg.load(tmp_path / "numbers.safetensors")
    np.testing.assert_array_equal(loaded.transform(sheets.data), numbers)


def test_trees_tell_raised_st_segments():
    rng = np.random.default_rng(0)
    y = np.arange(40) % 2
    X = np.concatenate([leads(st=0.15 * raised, t=rng.uniform(0.2, 0.4)) for raised in y])
    X = printed(X + rng.normal(0, 0.01, X.shape))
    numbers = lead_numbers(X)
    trees = ExtraTreesClassifier(50, random_state=0).fit(numbers[:20], y[:20])
    assert trees.score(numbers[20:], y[20:]) >= 0.9
