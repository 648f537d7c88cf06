"""Classes with fewer samples than neighbours asked for."""

from __future__ import annotations

import warnings
from collections import Counter

import numpy as np
import pytest
from imblearn.combine import SMOTEENN, SMOTETomek
from imblearn.over_sampling import (
    ADASYN,
    SMOTE,
    SMOTEN,
    SVMSMOTE,
    BorderlineSMOTE,
    KMeansSMOTE,
    RandomOverSampler,
)
from imblearn.under_sampling import CondensedNearestNeighbour, EditedNearestNeighbours, NearMiss
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.neighbors import KNeighborsTransformer, NearestNeighbors

from skecg import NDSampler

Y = np.repeat(["N", "S", "V"], [40, 20, 3])
WITH_ONE = np.append(Y, "Q")


def beats(n: int = len(Y)) -> np.ndarray:
    X = np.random.default_rng(0).standard_normal((n, 5))
    X[60:63] *= 0.5  # class V lies together, in the midst of the others
    return X


def resample(sampler, X, y, **parameters):
    """Return the result, and the only warning there was."""
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        warnings.simplefilter("ignore", DeprecationWarning)  # of other libraries to each other
        X_new, y_new = NDSampler(sampler, **parameters).fit_resample(X, y)
    (warning,) = found
    assert warning.filename == __file__
    return X_new, y_new, str(warning.message)


@pytest.mark.parametrize(
    "k", [5, NearestNeighbors(n_neighbors=6), NearestNeighbors(n_neighbors=6, metric="manhattan")]
)
@pytest.mark.parametrize("sampler", [SMOTE, SMOTETomek])
def test_a_small_class_has_fewer_neighbours_and_the_others_as_many(sampler, k):
    X = beats()
    smote = SMOTE(random_state=0, k_neighbors=k)
    # With a seed, SMOTE draws for each class anew.
    two = 2 if k == 5 else clone(k).set_params(n_neighbors=3)
    of_v, _ = SMOTE(sampling_strategy={"V": 40}, random_state=0, k_neighbors=two).fit_resample(X, Y)
    of_s, _ = clone(smote).set_params(sampling_strategy={"S": 40}).fit_resample(X, Y)
    if sampler is SMOTETomek:
        smote = SMOTETomek(smote=smote)
    X_new, _, message = resample(smote, X, Y)
    assert message == "class 'V' has 3 samples: SMOTE(k_neighbors=5) uses k_neighbors=2 for it"
    expected = np.concatenate([of_s, of_v[len(X) :]])
    kept = (X_new[:, None] == expected[None]).all(axis=2).any(axis=1)
    assert kept.all()
    assert len(X_new) == 120 or sampler is SMOTETomek


@pytest.mark.parametrize(
    "sampler",
    [ADASYN(random_state=0), KMeansSMOTE(random_state=0, k_neighbors=5, kmeans_estimator=1)],
    ids=repr,
)
def test_samplers_with_one_number_lower_it_for_all(sampler):
    X = beats()
    name = "n_neighbors" if isinstance(sampler, ADASYN) else "k_neighbors"
    expected, _ = clone(sampler).set_params(**{name: 2}).fit_resample(X, Y)
    X_new, _, message = resample(sampler, X, Y)
    assert_array_equal(X_new, expected)
    assert message.endswith(f"({name}=5) uses {name}=2")


@pytest.mark.parametrize(
    "sampler",
    [
        BorderlineSMOTE(random_state=0), SMOTEENN(random_state=0), SMOTEN(random_state=0),
        SVMSMOTE(random_state=0), SMOTETomek(random_state=0),
        ADASYN(n_neighbors=NearestNeighbors(n_neighbors=6), random_state=0),
        SMOTE(k_neighbors=KNeighborsTransformer(n_neighbors=6), random_state=0),
    ],
    ids=repr,
)  # fmt: skip
def test_all_the_others_run_too(sampler):
    _, y_new, message = resample(sampler, beats(), Y)
    assert "class 'V' has 3 samples" in message
    assert "_neighbors=2" in message
    assert Counter(y_new.tolist())["V"] > 3


@pytest.mark.parametrize("sampler", [SMOTE(), ADASYN(), SMOTEENN(), SVMSMOTE()], ids=repr)
def test_a_single_sample_is_left_alone(sampler):
    sampler = clone(sampler).set_params(random_state=0)
    _, y_new, message = resample(sampler, beats(64), WITH_ONE)
    assert "class 'Q' has 1 sample: " in message
    assert "does not resample it; class 'V' has 3 samples" in message
    assert Counter(y_new.tolist())["Q"] <= 1
    assert Counter(y_new.tolist())["V"] > 20


def test_classes_that_are_not_resampled_may_be_small():
    sampler = SMOTE(sampling_strategy={"S": 30}, random_state=0)
    _, y_new = NDSampler(sampler, on_small_class="raise").fit_resample(beats(64), WITH_ONE)
    assert Counter(y_new.tolist()) == {"N": 40, "S": 30, "V": 3, "Q": 1}


def test_neighbours_among_all_samples_are_counted_among_all():
    X, y = beats(8), [0, 0, 0, 0, 1, 1, 1, 1]
    *_, message = resample(EditedNearestNeighbours(n_neighbors=9), X, y)
    assert message == (
        "the data has 8 samples: EditedNearestNeighbours(n_neighbors=9) uses n_neighbors=7"
    )
    # Ten neighbours among 63 samples are there, though not among the three of class V.
    *_, message = resample(
        BorderlineSMOTE(k_neighbors=2, m_neighbors=70, random_state=0), beats(), Y
    )
    assert message == "the data has 63 samples: BorderlineSMOTE(m_neighbors=70) uses m_neighbors=62"
    NDSampler(BorderlineSMOTE(k_neighbors=2, random_state=0)).fit_resample(beats(), Y)


@pytest.mark.parametrize(
    "sampler",
    [NearMiss(n_neighbors=4), CondensedNearestNeighbour(n_neighbors=4, random_state=0)],
    ids=repr,
)
def test_under_samplers_look_into_the_smallest_class(sampler):
    X = beats()
    expected, _ = clone(sampler).set_params(n_neighbors=3).fit_resample(X, Y)
    X_new, _, message = resample(sampler, X, Y)
    assert_array_equal(X_new, expected)
    assert message.endswith("(n_neighbors=4) uses n_neighbors=3")


def test_random_samplers_need_no_neighbours():
    sampler = NDSampler(RandomOverSampler(random_state=0), on_small_class="raise")
    _, y_new = sampler.fit_resample(beats(64), WITH_ONE)
    assert Counter(y_new.tolist()) == {"N": 40, "S": 40, "V": 40, "Q": 40}


@pytest.mark.parametrize("sampler", [SMOTE(), SMOTEENN(), SMOTETomek(smote=SMOTE())], ids=repr)
def test_on_request_it_is_an_error(sampler):
    expected = (
        r"^SMOTE\(k_neighbors=5\) needs 6 samples to search for neighbours, but class 'Q' has 1, "
        "class 'V' has 3: lower k_neighbors"
    )
    with pytest.raises(ValueError, match=expected):
        NDSampler(sampler, on_small_class="raise").fit_resample(beats(64), WITH_ONE)


def test_the_users_sampler_is_not_changed():
    sampler = SMOTEENN(smote=SMOTE(k_neighbors=5), random_state=0)
    ours = NDSampler(sampler)
    with pytest.warns(UserWarning, match="uses k_neighbors=2"):
        ours.fit_resample(beats(), Y)
    assert sampler.smote.k_neighbors == 5
    assert ours.sampler_.smote.k_neighbors.n_neighbors == 6
