"""Late beats: which they are, at the ends of a record, and medians over them."""

import numpy as np
import pytest

from skecg.signal import late_beats, median_of_late

RR = np.random.default_rng(0).permutation(np.linspace(0.5, 1.5, 200))


@pytest.mark.parametrize(
    ("beat", "around"),
    [(0, range(61)), (12, range(61)), (100, range(70, 131)), (199, range(139, 200))],
)
def test_they_are_behind_the_longest_intervals_around(beat, around):
    longest = sorted(around, key=lambda i: -RR[i])[:31]
    assert sorted(late_beats(RR)[beat]) == sorted(longest)


def test_causal_ones_are_not_behind_the_beat():
    late = late_beats(RR, causal=True)
    assert (late <= np.arange(200)[:, None]).all()
    assert sorted(late[100]) == sorted(sorted(range(40, 101), key=lambda i: -RR[i])[:31])
    np.testing.assert_array_equal(late_beats(RR[:50], causal=True), late[:50])


def test_a_beat_without_an_interval_counts_as_early():
    rr = RR.copy()
    rr[90] = np.nan
    assert 90 not in late_beats(rr)[60:121]


@pytest.mark.parametrize("n_beats", [0, 1, 2, 5, 60])
def test_short_records_have_fewer(n_beats):
    late = late_beats(RR[:n_beats])
    assert late.shape == (n_beats, (n_beats + 1) // 2)


def test_the_median_is_that_of_the_late_beats():
    values = np.random.default_rng(1).normal(size=(200, 7)).astype(np.float32)
    late = late_beats(RR)
    np.testing.assert_array_equal(median_of_late(values, late), np.median(values[late], axis=1))
