from __future__ import annotations

import hashlib

import numpy as np
import pytest

from skecg.training import TrainingFacts


@pytest.mark.parametrize(
    "groups", [[3, 20, 3, 100], ["20", "3", "100", "3"], np.array(["100", "3", "20", "3"], object)]
)
def test_subjects_are_hashed_as_sorted_strings(groups):
    facts = TrainingFacts.of(np.array([0, 2, 2, 0]), 4, groups)
    assert facts.class_counts == (2, 0, 2, 0)
    assert (facts.n_samples, facts.n_subjects) == (4, 3)
    assert facts.subjects_sha256 == hashlib.sha256(b"100\n20\n3").hexdigest()


def test_counts_add_up_and_other_subjects_are_unknown():
    first = TrainingFacts.of(np.array([0, 1]), 2, [1, 2])
    second = TrainingFacts.of(np.array([1, 1]), 2)
    assert first.and_then(second) == TrainingFacts((1, 3))
    assert first.and_then(first) == TrainingFacts((2, 2), 2, first.subjects_sha256)


def test_samples_with_several_labels_or_none_are_counted_once():
    y = np.array([[1, 1, 0], [0, 0, 0], [1, 0, 0]])
    facts = TrainingFacts.of_labels(y, [1, 1, 2])
    assert (facts.class_counts, facts.n_samples, facts.n_subjects) == ((2, 1, 0), 3, 2)
    assert facts.and_then(facts).n_samples == 6
    assert facts.and_then(TrainingFacts.of_labels(y)) == TrainingFacts((4, 2, 0), n_multilabel=6)
