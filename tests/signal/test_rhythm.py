"""Rhythm numbers: known intervals, gaps, the past alone, and refusals."""

import numpy as np
import pytest

from skecg.signal import RHYTHM_NUMBERS, rhythm_numbers, rr_references


def longer_half_by_hand(rr, i, n, causal=False):
    before = n - 1 if causal else n // 2
    around = rr[max(0, i - before) : i - before + n]
    around = np.sort(around[~np.isnan(around)])
    return around[len(around) // 2 :].mean()


@pytest.mark.parametrize("causal", [False, True])
def test_reference_is_the_mean_of_the_longer_half(causal):
    rr = np.random.default_rng(0).uniform(0.4, 1.2, 200)
    rr[[0, 50, 51, 120]] = np.nan
    found = rr_references(rr, 32, causal=causal)
    assert np.isnan(found[0]) == causal  # nothing is known before the first interval
    by_hand = [longer_half_by_hand(rr, i, 32, causal) for i in range(1, 200)]
    np.testing.assert_allclose(found[1:], by_hand)


def test_bigeminy_is_measured_by_the_sinus_rhythm():
    # Of three intervals two are short: the median would be that of the premature beats.
    rr = np.tile([0.5, 0.5, 1.0], 60)
    ratio = rhythm_numbers(rr, ("rr_before_60",))[60:120, 0].reshape(-1, 3).mean(axis=0)
    assert ratio[0] < -0.3
    assert ratio[2] > 0.15
    np.testing.assert_allclose(rr_references(rr)[60:120], (20 + 10 * 0.5) / 30)


def test_neighbouring_intervals():
    rr = [np.nan, 0.8, 0.4, 1.2]
    numbers = rhythm_numbers(rr, ("rr_previous", "rr_after"))
    expected = [[0, 0], [0, np.log(0.5)], [np.log(2), np.log(3)], [np.log(1 / 3), 0]]
    np.testing.assert_allclose(numbers, expected, rtol=1e-6)


def test_single_premature_beats_do_not_make_a_rhythm_irregular():
    rng = np.random.default_rng(0)
    sinus = 0.8 * (1 + 0.01 * rng.standard_normal(300))
    ectopic = sinus.copy()
    ectopic[20::20], ectopic[21::20] = 0.5, 1.1
    fibrillation = rng.uniform(0.4, 1.0, 300)
    level = [
        rhythm_numbers(rr, ("rr_irregularity",))[100:200].mean()
        for rr in (sinus, ectopic, fibrillation)
    ]
    assert level[0] < -3.5
    assert level[1] < -3.5
    assert level[2] > -2


def test_entropy_tells_fibrillation_from_bigeminy():
    rng = np.random.default_rng(0)
    bigeminy = np.tile([0.5, 1.1], 100) * (1 + 0.005 * rng.standard_normal(200))
    fibrillation = rng.uniform(0.4, 1.0, 200)
    entropy = [rhythm_numbers(rr, ("rr_entropy",))[100, 0] for rr in (bigeminy, fibrillation)]
    assert entropy[0] < 0.2
    assert entropy[1] > 1


@pytest.mark.parametrize("name", [name for name in RHYTHM_NUMBERS if name != "rr_after"])
def test_causal_numbers_do_not_change_with_what_follows(name):
    rr = np.random.default_rng(0).uniform(0.4, 1.2, 200)
    changed = rr.copy()
    changed[100:] *= 2
    a, b = (rhythm_numbers(x, (name,), causal=True)[:100] for x in (rr, changed))
    np.testing.assert_array_equal(a, b)
    later = rhythm_numbers(changed, (name,))[:100]
    looks_ahead = not np.array_equal(later, rhythm_numbers(rr, (name,))[:100])
    assert looks_ahead == (name != "rr_previous")


def test_no_beats_and_one():
    assert rhythm_numbers([]).shape == (0, 5)
    numbers = rhythm_numbers([np.nan])
    assert np.isfinite(numbers).all()
    assert not numbers[0, :4].any()


@pytest.mark.parametrize(
    ("rr", "keywords", "message"),
    [
        ([0.8, 0.0], {}, "must be positive or NaN, got 0.0"),
        ([0.8, np.inf], {}, "must be positive or NaN"),
        ([[0.8]], {}, r"must have shape \(n_beats,\), got \(1, 1\)"),
        ([0.8], {"names": ("rr",)}, r"got \['rr'\]"),
        ([0.8], {"causal": True}, r"cannot give \['rr_after'\]"),
    ],
)
def test_refusals(rr, keywords, message):
    with pytest.raises(ValueError, match=message):
        rhythm_numbers(rr, **keywords)


def test_a_reference_needs_intervals():
    for wrong in (0, 10**12, 1.5):
        with pytest.raises(ValueError, match="integer from 1 to 10000, got"):
            rr_references([0.8], wrong)
