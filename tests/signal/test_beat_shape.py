"""Shape numbers: known waves, what is usual for a record and near a beat, refusals."""

import numpy as np
import pytest

from skecg.signal import SHAPE_NUMBERS, shape_numbers

RATE, BEFORE = 120, 60
SECONDS = (np.arange(150) - BEFORE) / RATE


def beat(width=0.02, p=0.15, p_at=-0.16, height=1.0):
    qrs = height * np.exp(-0.5 * (SECONDS / width) ** 2)
    return qrs + p * np.exp(-0.5 * ((SECONDS - p_at) / 0.02) ** 2)


@pytest.fixture
def record():
    """61 usual beats, one without a P wave, one wide."""
    noise = 0.005 * np.random.default_rng(0).standard_normal((61, 150))
    windows = np.stack([beat()] * 61) + noise
    windows[20], windows[40] = beat(p=0) + noise[20], beat(width=0.06, p=0) + noise[40]
    return windows


def number(windows, name, rr=None, **keywords):
    rr = np.ones(len(windows)) if rr is None else rr
    return shape_numbers(windows, BEFORE, RATE, rr, (name,), **keywords)[:, 0]


def test_width_is_that_of_the_wave():
    windows = np.stack([beat(width, p=0) for width in (0.02, 0.05)])
    full = 2 * np.sqrt(2 * np.log(2)) * np.array([0.02, 0.05])  # of a Gaussian at half height
    np.testing.assert_allclose(number(windows, "width_50"), full, atol=1 / RATE)
    turned = number(-windows, "width_50")
    np.testing.assert_array_equal(turned, number(windows, "width_50"))


def test_extremes_and_variation():
    windows = np.stack([beat(p=0, height=2.0), beat(p=0, height=-1.0)])
    np.testing.assert_allclose(number(windows, "qrs_max"), [2, 0], atol=1e-3)
    np.testing.assert_allclose(number(windows, "qrs_min"), [0, -1], atol=1e-3)
    np.testing.assert_allclose(number(windows, "qrs_variation"), [4, 2], atol=1e-2)
    np.testing.assert_allclose(number(windows + beat(height=0), "p_range"), 0.15, atol=0.02)


@pytest.mark.parametrize(
    ("name", "sign"),
    [
        ("record_qrs_difference", 1),
        ("record_qrs_correlation", -1),
        ("record_width", 1),
        ("late_qrs_difference", 1),
        ("late_qrs_relative", 1),
        ("late_qrs_correlation", -1),
        ("late_width", 1),
        ("late_t_difference", 1),
    ],
)
def test_a_wide_beat_stands_out(record, name, sign):
    found = sign * number(record, name)
    assert found.argmax() == 40
    others = np.delete(found, 40)
    assert found[40] > others.mean() + 5 * others.std()


@pytest.mark.parametrize("name", ["record_p_difference", "late_p_difference", "late_p_shape"])
def test_a_missing_p_wave_stands_out(record, name):
    found = number(record, name)
    assert sorted(np.argsort(found)[-2:]) == [20, 40]


def test_p_waves_are_visible_or_not():
    rng = np.random.default_rng(0)
    noise = 0.02 * rng.standard_normal((50, 150))
    with_p, without = np.stack([beat()] * 50) + noise, np.stack([beat(p=0)] * 50) + noise
    assert number(with_p, "p_visibility").min() > 0.5
    assert number(without, "p_visibility").max() < -0.5


def test_causal_numbers_do_not_change_with_what_follows(record):
    names = tuple(name for name in SHAPE_NUMBERS if not name.startswith("record_"))
    changed = record.copy()
    changed[10:] = beat(width=0.08)
    rr = np.random.default_rng(0).uniform(0.5, 1, 61)
    a, b = (shape_numbers(x, BEFORE, RATE, rr, names, causal=True)[:10] for x in (record, changed))
    np.testing.assert_array_equal(a, b)


def test_columns_are_those_of_the_names(record):
    every = shape_numbers(record, BEFORE, RATE, np.ones(61))
    assert every.shape == (61, len(SHAPE_NUMBERS))
    assert np.isfinite(every).all()
    for i, name in enumerate(SHAPE_NUMBERS):
        np.testing.assert_array_equal(number(record, name), every[:, i])


def test_flat_beats_no_beats_and_one_beat():
    assert np.isfinite(shape_numbers(np.zeros((3, 150)), BEFORE, RATE, np.ones(3))).all()
    assert shape_numbers(np.empty((0, 150)), BEFORE, RATE, []).shape == (0, len(SHAPE_NUMBERS))
    assert np.isfinite(shape_numbers(beat()[None], BEFORE, RATE, [np.nan])).all()


def test_where_most_beats_are_premature_the_late_ones_are_the_usual_ones():
    """Two of three beats come early and have no P wave, as in record 232."""
    is_early = np.arange(90) % 3 != 0
    noise = 0.005 * np.random.default_rng(0).standard_normal((90, 150))
    windows = np.where(is_early[:, None], beat(p=0), beat()) + noise
    rr = np.where(is_early, 0.6, 1.1)
    for name in ("late_p_difference", "late_p_shape"):
        found = number(windows, name, rr)
        assert found[is_early].min() > found[~is_early].max() + 0.5
    assert number(windows, "late_p_correlation", rr)[~is_early].min() > 0.7
    assert number(windows, "p_visibility", rr).min() > 0.5
    usual = number(windows, "record_p_difference")  # of the record it is that of the early beats
    assert usual[~is_early].min() > usual[is_early].max()


@pytest.mark.parametrize(
    ("windows", "keywords", "message"),
    [
        (np.zeros((2, 100)), {}, "got 0.5 and 0.333 s"),
        (np.zeros(150), {}, r"got float64 of shape \(150,\)"),
        (np.full((2, 150), np.nan), {}, "must be finite"),
        (np.zeros((2, 150)), {"names": ("qrs",)}, r"got \['qrs'\]"),
        (np.zeros((2, 150)), {"causal": True}, "need the whole record"),
        (np.zeros((2, 150)), {"n_before": 10**400}, "n_before must be 0 to 150 samples"),
        (np.zeros((2, 150)), {"rr": [1.0]}, "for each of 2 windows, got 1"),
        (np.zeros((2, 150)), {"rr": [1.0, 0.0]}, "positive or NaN, got 0"),
    ],
)
def test_refusals(windows, keywords, message):
    given = {"n_before": BEFORE, "rr": np.ones(len(windows))} | keywords
    with pytest.raises(ValueError, match=message):
        shape_numbers(windows, sampling_rate=RATE, **given)
