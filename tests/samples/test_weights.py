from __future__ import annotations

import numpy as np
import pytest

from skecg.samples import combined_weights, given_weights, label_weights, scaled_weights

X, y = np.zeros((4, 2)), np.array(["N", "N", "N", "V"])


def test_no_weights_and_equal_weights_are_none():
    assert combined_weights(X, y, None, None) is None
    assert combined_weights(X, y, [3, 3, 3, 3], None) is None


def test_balanced_classes_weigh_the_same_and_the_mean_is_one():
    weights = combined_weights(X, y, None, "balanced")
    np.testing.assert_allclose(weights, [2 / 3, 2 / 3, 2 / 3, 2])


def test_weights_of_samples_and_classes_are_multiplied():
    weights = combined_weights(X, y, [1, 2, 0, 1], {"N": 1.0, "V": 3.0})
    # 1, 2, 0, 3, scaled so that the three that are used have mean 1.
    np.testing.assert_allclose(weights, [0.5, 1.0, 0.0, 1.5])


def test_nothing_to_learn_from_is_refused():
    with pytest.raises(ValueError, match="zero"):
        combined_weights(X, y, np.zeros(4), None)


def test_negative_weights_are_refused():
    with pytest.raises(ValueError, match=r"[Nn]egative"):
        combined_weights(X, y, [1, -1, 1, 1], None)


LABELS = np.array([[1, 0, 1], [0, 0, 1], [0, 0, 1], [0, 0, 1]])


def test_balanced_labels_have_the_same_sum_with_and_without():
    # One of four has the first label: 4 / (2 * 1) and 4 / (2 * 3). None has the second, all have
    # the third: nothing to balance.
    expected = [[2, 1, 1], [2 / 3, 1, 1], [2 / 3, 1, 1], [2 / 3, 1, 1]]
    np.testing.assert_allclose(label_weights(LABELS, "balanced"), expected)


def test_weights_of_labels_are_multiplied_by_those_of_samples_and_scaled():
    of_labels = label_weights(LABELS, [{1: 3.0}, {0: 2.0}, {1: 0.0}])
    given = given_weights(X, [1, 2, 0, 1], of_labels)
    expected = np.array([[3, 2, 0], [2, 4, 0], [0, 0, 0], [1, 2, 0]])
    np.testing.assert_allclose(given, expected)
    # The mean is 1 over all entries of the samples that are used.
    np.testing.assert_allclose(scaled_weights(given), expected * 9 / 14)


def test_equal_weights_of_labels_are_none():
    assert scaled_weights(given_weights(X, None, label_weights(LABELS, [{0: 2, 1: 2}] * 3))) is None
