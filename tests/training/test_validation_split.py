from __future__ import annotations

import numpy as np
import pytest

from skecg.training import validation_split


def test_classes_keep_their_shares_without_groups():
    y = np.repeat([0, 1, 2], [800, 150, 50])
    train, valid = validation_split(y, None, 0.1, seed=0)
    assert np.bincount(y[valid]).tolist() == [80, 15, 5]
    assert sorted([*train, *valid]) == list(range(1000))


def test_a_single_sample_of_a_class_is_trained_on():
    y = np.array([0] * 50 + [1])
    train, _ = validation_split(y, None, 0.1, seed=0)
    assert 50 in train


@pytest.mark.parametrize("seed", range(5))
def test_no_subject_stands_in_both_parts(seed):
    rng = np.random.default_rng(seed)
    groups = rng.integers(0, 20, 1000)
    y = rng.integers(0, 3, 1000)
    train, valid = validation_split(y, groups, 0.1, seed)
    assert not set(groups[train]) & set(groups[valid])
    assert 0.03 < len(valid) / 1000 < 0.2
    assert sorted([*train, *valid]) == list(range(1000))


def test_a_class_of_one_subject_is_trained_on():
    # Class 1 occurs in subject 7 only: to validate on it would leave it untrained.
    groups = np.repeat(np.arange(10), 20)
    y = np.where(groups == 7, 1, 0)
    for seed in range(10):
        train, _ = validation_split(y, groups, 0.1, seed)
        assert set(y[train]) == {0, 1}


def test_the_seed_decides():
    y = np.repeat([0, 1], 100)
    first, again, other = (validation_split(y, None, 0.2, seed)[1] for seed in (0, 0, 1))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_one_subject_is_too_few():
    with pytest.raises(ValueError, match="at least 2 groups"):
        validation_split(np.array([0, 1] * 10), np.zeros(20), 0.1, 0)


def test_too_few_samples_are_refused_with_a_remedy():
    with pytest.raises(ValueError, match=r"4 samples in 2 classes.*early_stopping=False"):
        validation_split(np.array([0, 0, 1, 1]), None, 0.1, 0)
