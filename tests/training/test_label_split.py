from __future__ import annotations

import numpy as np
import pytest

from skecg.training._label_split import label_split


def labels(n, seed=0):
    rng = np.random.default_rng(seed)
    return (rng.uniform(size=(n, 4)) < [0.6, 0.2, 0.05, 0.02]).astype(np.float32)


@pytest.mark.parametrize("seed", range(3))
def test_labels_keep_their_shares_without_groups(seed):
    y = labels(1000)
    train, valid = label_split(y, None, 0.1, seed)
    assert sorted([*train, *valid]) == list(range(1000))
    assert len(valid) == 100
    np.testing.assert_allclose(y[valid].sum(0), 0.1 * y.sum(0), atol=1)


@pytest.mark.parametrize("seed", range(3))
def test_labels_keep_their_shares_by_subject(seed):
    y = labels(1000)
    groups = np.random.default_rng(seed).integers(0, 200, 1000)
    train, valid = label_split(y, groups, 0.2, seed)
    assert not set(groups[train]) & set(groups[valid])
    assert abs(len(valid) - 200) < 20
    np.testing.assert_allclose(y[valid].sum(0), 0.2 * y.sum(0), atol=4)


def test_a_label_of_one_subject_is_trained_on():
    y = np.tile([[1.0, 0.0], [0.0, 0.0]], (50, 1))
    y[33, 1] = 1
    for seed in range(5):
        train, _ = label_split(y, np.arange(100) // 2, 0.1, seed)
        assert 33 in train


def test_samples_without_a_label_are_divided_too():
    train, valid = label_split(np.zeros((100, 3)), None, 0.1, 0)
    assert (len(train), len(valid)) == (90, 10)


def test_the_seed_decides():
    y = labels(200)
    first, again, other = (label_split(y, None, 0.2, seed)[1] for seed in (0, 0, 1))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize("groups", [None, np.zeros(3, int)])
def test_too_few_are_refused_with_a_remedy(groups):
    with pytest.raises(ValueError, match=r"cannot be divided.*early_stopping=False"):
        label_split(labels(3), groups, 0.1, 0)
