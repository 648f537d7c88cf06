"""Intervals of scores over subjects."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, balanced_accuracy_score

from skecg.model_selection import bootstrap_interval


def beats_of_people(n_people, n_each, seed=0):
    """Return labels, predictions and people; a person's beats are all right or all wrong."""
    rng = np.random.default_rng(seed)
    people = np.repeat(np.arange(n_people), n_each)
    y = rng.integers(0, 2, len(people))
    is_wrong = rng.random(n_people) < 0.3
    return y, np.where(is_wrong[people], 1 - y, y), people


def test_the_interval_is_that_of_people_not_of_their_beats():
    y, predicted, people = beats_of_people(40, 100)
    by_person = bootstrap_interval(
        accuracy_score, y, predicted, groups=people, n_resamples=400, random_state=0
    )
    by_beat = bootstrap_interval(accuracy_score, y, predicted, n_resamples=100, random_state=0)
    assert by_person.n_groups == 40
    assert by_beat.n_groups == 4000
    rate = by_person.score
    expected = 2 * 1.96 * np.sqrt(rate * (1 - rate) / 40)
    assert by_person.high - by_person.low == pytest.approx(expected, rel=0.15)
    assert by_person.high - by_person.low > 5 * (by_beat.high - by_beat.low)


def test_the_interval_covers_the_true_value_as_often_as_it_says():
    def accuracy(y, predicted):
        return np.mean(y == predicted)

    inside = 0
    for seed in range(100):
        y, predicted, people = beats_of_people(50, 3, seed)
        interval = bootstrap_interval(
            accuracy, y, predicted, groups=people, n_resamples=100, confidence_level=0.8,
            random_state=seed,
        )  # fmt: skip
        inside += interval.low <= 0.7 <= interval.high
    assert 0.7 <= inside / 100 <= 0.9


def test_people_stay_whole_and_arrays_together():
    def metric(a, b, people):
        assert (a == -b).all()
        drawn, counts = np.unique(people, return_counts=True)
        assert (counts % np.array([1, 2, 3])[drawn] == 0).all()
        return a.mean()

    people = np.array([2, 0, 1, 2, 1, 2])
    a = np.arange(6)
    bootstrap_interval(metric, a, -a, people, groups=people, n_resamples=50, random_state=0)


def test_arrays_may_be_counts_of_each_record():
    matrices = np.array([[[8, 2], [1, 9]], [[5, 5], [0, 10]], [[9, 1], [3, 7]]])

    def accuracy(drawn):
        return np.trace(drawn.sum(0)) / drawn.sum()

    interval = bootstrap_interval(accuracy, matrices, random_state=0)
    assert interval.score == pytest.approx(48 / 60)
    assert interval.low == pytest.approx(15 / 20)
    assert interval.high == pytest.approx(17 / 20)


def test_the_seed_decides():
    y, predicted, people = beats_of_people(10, 5)
    first, again, other = (
        bootstrap_interval(
            accuracy_score, y, predicted, groups=people, n_resamples=50, random_state=seed
        )
        for seed in (0, 0, 1)
    )
    assert np.array_equal(first.scores, again.scores)
    assert not np.array_equal(first.scores, other.scores)


def test_it_prints_the_score_with_its_interval():
    y, predicted = [0, 0, 1, 1], [0, 0, 1, 1]
    interval = bootstrap_interval(accuracy_score, y, predicted, n_resamples=50)
    assert str(interval) == f"{interval}" == "1.000 [1.000 - 1.000]"
    assert f"{interval:.0%}" == "100% [100% - 100%]"


def sensitivity(y, predicted):
    return predicted[y == 1].mean() if (y == 1).any() else np.nan


def test_resamples_without_a_class_are_left_out_with_a_warning():
    y, predicted = np.array([1, 0, 0, 0, 0]), np.array([1, 0, 0, 0, 0])
    with pytest.warns(UserWarning, match=r"NaN for \d+ of 300 resamples"):
        interval = bootstrap_interval(sensitivity, y, predicted, n_resamples=300, random_state=0)
    assert (interval.low, interval.high) == (1, 1)
    assert 0.2 < np.isnan(interval.scores).mean() < 0.5
    with pytest.raises(ValueError, match="NaN for all resamples"):
        bootstrap_interval(sensitivity, np.zeros(5), predicted)


@pytest.mark.parametrize(
    ("arrays", "settings", "message"),
    [
        ([[0, 1]], {"groups": ["a", "a"]}, "2 samples of 1 groups"),
        ([[]], {}, "0 samples of 0 groups"),
        ([[0, 1], [1]], {}, "inconsistent numbers of samples"),
        ([[0, 1]], {"groups": [0, np.nan]}, "missing values"),
        ([], {}, "at least one array"),
        ([[0, 1]], {"n_resamples": 0}, "n_resamples == 0"),
        ([[0, 1]], {"confidence_level": 1.0}, "confidence_level == 1"),
    ],
)
def test_wrong_calls_are_refused(arrays, settings, message):
    with pytest.raises(ValueError, match=message):
        bootstrap_interval(lambda *parts: 0.0, *arrays, **settings)


def test_scikit_learns_metrics_and_text_labels():
    y = np.array(["N", "V", "N", "V"] * 10)
    interval = bootstrap_interval(
        balanced_accuracy_score, y, y, groups=np.repeat(range(10), 4), n_resamples=50
    )
    assert interval.score == 1
