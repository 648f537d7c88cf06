"""Synthetic heartbeats: form, seeds, classes, subjects and how hard they are."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score
from sklearn.model_selection import GroupKFold, cross_val_predict
from sklearn.neighbors import NearestCentroid

from skecg.datasets import make_beats
from skecg.signal import AAMI_CLASSES


def test_bunch_has_the_form_of_the_heartbeat_rows():
    beats = make_beats(60, n_subjects=6, random_state=0)

    assert beats.data.shape == (60, 187)
    assert beats.data.dtype == np.float32
    assert beats.target.dtype == np.int64
    assert beats.groups.dtype == np.int64
    assert beats.target_names.tolist() == list(AAMI_CLASSES)
    assert beats.sampling_rate == 120.0
    assert beats.DESCR.startswith("Synthetic heartbeats")
    assert np.isfinite(beats.data).all()


def test_rows_are_scaled_to_the_unit_interval_and_zero_padded():
    # 1.2 intervals of at most 1.6 s each are 230 samples: no piece is cut off at 240.
    beats = make_beats(200, n_timesteps=240, random_state=0)

    np.testing.assert_array_equal(beats.data.min(axis=1), 0)
    np.testing.assert_array_equal(beats.data.max(axis=1), 1)
    last = 239 - np.argmax(beats.data[:, ::-1] > 0, axis=1)
    # The shortest piece is 1.2 intervals of 0.6 x 0.6 s, and every row ends in padding.
    assert last.min() > 0.6 * 0.6 * 120
    assert last.max() < 239


def test_rows_start_at_the_r_peak_and_contain_the_next():
    beats = make_beats(300, random_state=1)
    normal = beats.data[beats.target == 0]

    assert np.median(normal[:, 0]) > 0.9
    # After 0.4 s, past the T wave, the highest point is the R peak of the following beat.
    following = 48 + normal[:, 48:].argmax(axis=1)
    assert np.median(normal[np.arange(len(normal)), following]) > 0.9
    assert following.min() / 120 > 0.5 * 0.6


def test_a_shorter_row_is_the_beginning_of_the_longer_one():
    long = make_beats(20, n_timesteps=240, random_state=3)
    short = make_beats(20, n_timesteps=30, random_state=3)

    np.testing.assert_array_equal(short.data, long.data[:, :30])


@pytest.mark.parametrize("n_samples", [5, 6, 7, 11, 23])
def test_all_classes_occur_from_five_beats_on(n_samples):
    beats = make_beats(n_samples, random_state=0)

    assert np.unique(beats.target).tolist() == [0, 1, 2, 3, 4]
    assert len(beats.data) == n_samples


def test_fewer_than_five_beats_are_of_the_first_classes():
    assert sorted(make_beats(3, random_state=0).target) == [0, 1, 2]


def test_class_counts_are_one_each_and_the_documented_shares():
    # 1 + 0.40, 0.15, 0.20, 0.10, 0.15 of the other 1000.
    beats = make_beats(1005, random_state=0)

    assert np.bincount(beats.target).tolist() == [401, 151, 201, 101, 151]


def test_every_subject_has_every_class():
    beats = make_beats(200, n_subjects=7, random_state=0)

    assert len(np.unique(np.stack([beats.groups, beats.target]), axis=1).T) == 7 * 5


def test_fewer_beats_than_subjects_are_all_of_different_subjects():
    assert len(np.unique(make_beats(5, n_subjects=10, random_state=0).groups)) == 5


@pytest.mark.parametrize("make_state", [int, np.random.RandomState, np.random.default_rng])
def test_same_seed_gives_the_same_beats(make_state):
    first, second = (make_beats(30, random_state=make_state(7)) for _ in range(2))
    other = make_beats(30, random_state=make_state(8))

    np.testing.assert_array_equal(first.data, second.data)
    np.testing.assert_array_equal(first.target, second.target)
    np.testing.assert_array_equal(first.groups, second.groups)
    assert not np.array_equal(first.data, other.data)


def test_none_gives_other_beats_each_time():
    assert not np.array_equal(make_beats(10).data, make_beats(10).data)


@pytest.mark.parametrize("random_state", [None, 0])
def test_global_generator_is_untouched(random_state):
    before = np.random.get_state()[1:3]  # noqa: NPY002
    make_beats(20, random_state=random_state)
    after = np.random.get_state()[1:3]  # noqa: NPY002

    np.testing.assert_array_equal(before[0], after[0])
    assert before[1] == after[1]


def test_return_X_y_gives_data_and_target():
    data, target = make_beats(10, random_state=0, return_X_y=True)
    beats = make_beats(10, random_state=0)

    np.testing.assert_array_equal(data, beats.data)
    np.testing.assert_array_equal(target, beats.target)


def test_unseen_subjects_are_learnable_but_not_trivial():
    # Chance is a balanced accuracy of 0.2. Measured for seeds 0 to 3: 0.67, 0.72, 0.66, 0.66.
    beats = make_beats(600, random_state=0)
    predicted = cross_val_predict(
        LogisticRegression(max_iter=300),
        beats.data,
        beats.target,
        groups=beats.groups,
        cv=GroupKFold(3),
    )

    assert 0.5 < balanced_accuracy_score(beats.target, predicted) < 0.9


def test_a_subject_is_recognised_by_its_normal_beats():
    # Chance is 1/5: subjects of one morphology would be told apart no better. Measured: 0.67.
    beats = make_beats(400, n_subjects=5, random_state=0)
    normal = beats.target == 0
    shape, groups = beats.data[normal, :60], beats.groups[normal]
    known, unknown = slice(None, None, 2), slice(1, None, 2)
    nearest = NearestCentroid().fit(shape[known], groups[known])

    assert nearest.score(shape[unknown], groups[unknown]) > 0.5


@pytest.mark.parametrize("name", ["n_samples", "n_subjects", "n_timesteps"])
def test_sizes_below_one_are_refused(name):
    with pytest.raises(ValueError, match=f"{name} == 0, must be >= 1"):
        make_beats(**{name: 0})


def test_unusable_random_state_is_refused():
    with pytest.raises(TypeError, match="random_state must be an int"):
        make_beats(5, random_state="seed")
    with pytest.raises(ValueError, match="must not be negative"):
        make_beats(5, random_state=-1)
