"""Every sampler on every form of X."""

from __future__ import annotations

import pickle
import tracemalloc
from collections import Counter

import numpy as np
import pandas as pd
import pytest
from imblearn import FunctionSampler
from imblearn.combine import SMOTEENN, SMOTETomek
from imblearn.over_sampling import (
    ADASYN,
    SMOTE,
    SMOTEN,
    SMOTENC,
    SVMSMOTE,
    BorderlineSMOTE,
    KMeansSMOTE,
    RandomOverSampler,
)
from imblearn.pipeline import make_pipeline
from imblearn.under_sampling import (
    AllKNN,
    ClusterCentroids,
    CondensedNearestNeighbour,
    EditedNearestNeighbours,
    InstanceHardnessThreshold,
    NearMiss,
    NeighbourhoodCleaningRule,
    OneSidedSelection,
    RandomUnderSampler,
    RepeatedEditedNearestNeighbours,
    TomekLinks,
)
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_array
from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.naive_bayes import GaussianNB
from sklearn.preprocessing import StandardScaler

from skecg import NDSampler, SampleView

Y = np.repeat([0, 1, 2], [30, 16, 10])
NAMES = np.array(["N", "S", "V"])[Y]
PATHS = [f"sheet_{i}.png" for i in range(56)]

CHOOSING = [
    AllKNN(),
    CondensedNearestNeighbour(random_state=0),
    EditedNearestNeighbours(),
    EditedNearestNeighbours(kind_sel="mode"),
    InstanceHardnessThreshold(estimator=GaussianNB(), random_state=0, cv=2),
    NearMiss(version=1),
    NearMiss(version=2),
    NearMiss(version=3),
    NeighbourhoodCleaningRule(),
    OneSidedSelection(random_state=0),
    RandomOverSampler(random_state=0),
    RandomUnderSampler(random_state=0),
    RepeatedEditedNearestNeighbours(),
    TomekLinks(),
]
MAKING = [
    ADASYN(random_state=0),
    BorderlineSMOTE(random_state=0),
    BorderlineSMOTE(random_state=0, kind="borderline-2"),
    ClusterCentroids(random_state=0),
    KMeansSMOTE(random_state=0, kmeans_estimator=1),
    RandomOverSampler(random_state=0, shrinkage=0.5),
    SMOTE(random_state=0),
    SMOTEENN(random_state=0),
    SMOTEN(random_state=0),
    SMOTENC([0], random_state=0),
    SMOTETomek(random_state=0),
    SVMSMOTE(random_state=0),
]
pytestmark = pytest.mark.filterwarnings("ignore:The number of the samples to be selected")
each_choosing = pytest.mark.parametrize("sampler", CHOOSING, ids=repr)
each_making = pytest.mark.parametrize("sampler", MAKING, ids=repr)


def pictures(dtype: type = np.uint8) -> np.ndarray:
    rng = np.random.default_rng(0)
    shades = rng.normal(120 + 10 * Y[:, None, None, None], 40, (56, 2, 3, 4))
    return np.rint(shades.clip(0, 255)).astype(dtype)


def test_there_is_no_sampler_that_is_not_tested():
    from imblearn.utils.testing import all_estimators

    known = {name for name, _ in all_estimators("sampler")}
    tested = {type(sampler).__name__ for sampler in (*CHOOSING, *MAKING)}
    assert known == tested | {"FunctionSampler"}


def test_a_function_may_resample_too():
    without_the_bright = FunctionSampler(func=lambda X, y: (X[X.mean(axis=1) < 130], y))
    X = pictures()
    X_new, _ = NDSampler(without_the_bright).fit_resample(X, Y)
    assert_array_equal(X_new, X[X.mean(axis=(1, 2, 3)) < 130])


# Samplers that choose -----------------------------------------------------------------------------


@each_choosing
@pytest.mark.parametrize("y", [Y, NAMES, Y * 5 - 3], ids=["0 to 2", "names", "-3, 2, 7"])
def test_the_chosen_samples_are_those_of_imbalanced_learn(sampler, y):
    X = pictures()
    reference = clone(sampler)
    reference.fit_resample(X.reshape(56, -1).astype(float), Y)
    ours = NDSampler(sampler)
    X_new, y_new = ours.fit_resample(X, y)
    assert_array_equal(ours.sample_indices_, reference.sample_indices_)
    assert_array_equal(X_new, X[reference.sample_indices_])
    assert X_new.dtype == np.uint8
    assert_array_equal(y_new, y[reference.sample_indices_])
    expected = {y[code == Y][0]: n for code, n in reference.sampling_strategy_.items()}
    assert ours.sampling_strategy_ == expected


@each_choosing
def test_no_parameter_is_changed(sampler):
    before = str(clone(sampler).get_params())
    ours = NDSampler(sampler)
    ours.fit_resample(pictures(), NAMES)
    assert str(sampler.get_params()) == before
    assert ours.sampler is sampler


@pytest.mark.parametrize("sampler", [RandomOverSampler, RandomUnderSampler])
@pytest.mark.parametrize(
    "X",
    [
        PATHS,
        np.array(PATHS),
        np.array(PATHS, dtype=object),
        pd.Series(PATHS, name="path"),
        pd.DataFrame({"path": PATHS, "age": np.arange(56)}),
        [np.zeros(i) for i in range(56)],
        [{"id": i} for i in range(56)],
        np.full((56, 2), np.nan),
        pictures(),
        pictures().tolist(),
    ],
    ids=[
        "list of paths", "array of str", "array of object", "series", "data frame", "records",
        "dicts", "NaN", "4-D", "nested lists",
    ],
)  # fmt: skip
def test_samplers_that_look_at_y_only_take_anything(sampler, X):
    ours = NDSampler(sampler(random_state=1))
    X_new, y_new = ours.fit_resample(X, NAMES.tolist())
    n_each = 30 if sampler is RandomOverSampler else 10
    assert Counter(y_new) == {"N": n_each, "S": n_each, "V": n_each}
    assert type(X_new) is type(X)
    assert len(X_new) == 3 * n_each
    if isinstance(X, list):
        assert all(X_new[row] is X[i] for row, i in enumerate(ours.sample_indices_))
    elif isinstance(X, np.ndarray):
        assert X_new.dtype == X.dtype
        assert_array_equal(X_new, X[ours.sample_indices_])
    else:
        assert X_new.equals(X.iloc[ours.sample_indices_])


def test_of_a_view_nothing_is_copied():
    X = SampleView(pictures())
    X_new, _ = NDSampler(RandomOverSampler(random_state=0)).fit_resample(X, Y)
    assert isinstance(X_new, SampleView)
    assert X_new.array is X.array
    assert len(X_new) == 90


def test_pictures_are_copied_once_when_they_are_taken():
    X, y = np.zeros((600, 3, 91, 128), dtype=np.uint8), np.repeat([0, 1], [400, 200])
    tracemalloc.start()
    X_new, _ = NDSampler(RandomOverSampler(random_state=0)).fit_resample(X, y)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(X_new) == 800
    assert peak < 1.05 * X_new.nbytes


def test_a_subclass_that_looks_at_values_gets_them():
    class Brightest(RandomUnderSampler):
        def _fit_resample(self, X, y):
            self.sample_indices_ = np.argsort(X.sum(axis=1))[-20:]
            return X[self.sample_indices_], y[self.sample_indices_]

    X = pictures()
    X_new, _ = NDSampler(Brightest()).fit_resample(X, Y)
    assert_array_equal(X_new, X[np.argsort(X.sum(axis=(1, 2, 3)))[-20:]])


def test_a_pipeline_of_samplers_is_a_sampler():
    both = make_pipeline(
        RandomOverSampler(sampling_strategy={"V": 20}, random_state=0),
        RandomUnderSampler(sampling_strategy={"N": 20}, random_state=0),
    )
    X_new, y_new = NDSampler(both).fit_resample(PATHS, NAMES)
    assert Counter(y_new.tolist()) == {"N": 20, "S": 16, "V": 20}
    assert all(NAMES[PATHS.index(path)] == name for path, name in zip(X_new, y_new))


def test_where_nothing_is_to_do_the_order_stays():
    # RandomUnderSampler itself sorts by class. Groups that a pipeline gives to its classifier
    # would then be those of other samples, without an error.
    y = ["N", "V"] * 28
    X_new, y_new = NDSampler(RandomUnderSampler(random_state=0)).fit_resample(PATHS, y)
    assert (X_new, y_new) == (PATHS, y)


# Samplers that make new samples -------------------------------------------------------------------


@each_making
@pytest.mark.parametrize("n_axes", [2, 3, 4])
def test_new_samples_are_those_of_imbalanced_learn(sampler, n_axes):
    shape = {2: (56, 24), 3: (56, 6, 4), 4: (56, 2, 3, 4)}[n_axes]
    X = pictures(float).reshape(shape)
    expected, y_expected = clone(sampler).fit_resample(X.reshape(56, 24), NAMES)
    ours = NDSampler(sampler)
    X_new, y_new = ours.fit_resample(X, NAMES)
    assert X_new.shape[1:] == shape[1:]
    assert_array_equal(X_new.reshape(-1, 24), expected)
    assert_array_equal(y_new, y_expected)
    assert hasattr(ours, "sample_indices_") == isinstance(sampler, RandomOverSampler)


@each_making
@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.int64, np.float32, bool])
def test_the_dtype_stays_and_whole_numbers_are_rounded(sampler, dtype):
    X = pictures(dtype) if dtype is not bool else pictures() > 140
    computed = np.float32 if dtype in (np.uint8, np.int16, bool) else np.float64
    computed = np.float32 if dtype is np.float32 else computed
    raw, _ = clone(sampler).fit_resample(X.reshape(56, 24).astype(computed), Y)
    X_new, _ = NDSampler(sampler).fit_resample(X, Y)
    assert X_new.dtype == dtype
    if dtype is np.uint8:
        expected = np.rint(raw).clip(0, 255)  # SVMSMOTE goes beyond the samples
    elif dtype is bool:
        expected = raw >= 0.5
    else:
        expected = raw if dtype is np.float32 else np.rint(raw)
    assert_allclose(X_new.reshape(-1, 24), expected, rtol=1e-6)


def test_differences_of_uint8_do_not_wrap_around():
    # Between samples of 10 and 250, SMOTE in uint8 would add up to 255 x 16/240 instead.
    X = np.full((20, 1), 100, dtype=np.uint8)
    X[-4:, 0] = [10, 250, 10, 250]
    y = [0] * 16 + [1] * 4
    X_new, _ = NDSampler(SMOTE(k_neighbors=3, random_state=0)).fit_resample(X, y)
    assert X_new[20:].min() >= 10
    assert X_new[20:].max() <= 250
    assert len(np.unique(X_new[20:])) > 5


def test_lists_stay_lists():
    X = pictures(float)
    expected, _ = NDSampler(SMOTE(random_state=0)).fit_resample(X, Y)
    of_arrays, y_new = NDSampler(SMOTE(random_state=0)).fit_resample(list(X), Y.tolist())
    assert isinstance(of_arrays, list)
    assert isinstance(y_new, list)
    assert_array_equal(np.stack(of_arrays), expected)
    nested, _ = NDSampler(SMOTE(random_state=0)).fit_resample(X.tolist(), Y)
    assert nested == expected.tolist()


def test_data_frames_keep_columns_and_types():
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"age": rng.integers(20, 90, 56, dtype=np.uint8), "qrs": rng.normal(size=56)})
    X["paced"] = X["age"] > 60
    y = pd.Series(NAMES, dtype="category", name="class")
    X_new, y_new = NDSampler(SMOTE(random_state=0)).fit_resample(X, y)
    assert X_new.dtypes.to_dict() == X.dtypes.to_dict()
    assert len(X_new) == 90
    assert (y_new.name, str(y_new.dtype)) == ("class", "category")
    assert X_new["age"].between(20, 89).all()


def test_multiclass_labels_may_be_encoded_one_vs_rest():
    _, y_new = NDSampler(RandomUnderSampler(random_state=0)).fit_resample(PATHS, np.eye(3)[Y])
    assert y_new.shape == (30, 3)
    assert_array_equal(y_new.sum(axis=0), [10, 10, 10])


# What belongs to the samples ----------------------------------------------------------------------

SUBJECTS = [f"subject {i % 7}" for i in range(56)]
WEIGHTS = np.linspace(1, 2, 56)


@each_choosing
def test_groups_and_weights_follow_the_chosen(sampler):
    ours = NDSampler(sampler)
    *_, groups, weights = ours.fit_resample(pictures(), Y, groups=SUBJECTS, sample_weight=WEIGHTS)
    assert groups == [SUBJECTS[i] for i in ours.sample_indices_]
    assert_array_equal(weights, WEIGHTS[ours.sample_indices_])


def test_only_what_was_given_comes_back():
    ours = NDSampler(RandomOverSampler(random_state=0))
    assert len(ours.fit_resample(PATHS, Y)) == 2
    assert len(ours.fit_resample(PATHS, Y, sample_weight=WEIGHTS)) == 3
    assert ours.fit_resample(PATHS, Y, groups=SUBJECTS)[2][:56] == SUBJECTS


def test_noise_on_a_chosen_sample_leaves_it_its_group():
    ours = NDSampler(RandomOverSampler(random_state=0, shrinkage=1.0))
    *_, groups = ours.fit_resample(pictures(float), Y, groups=SUBJECTS)
    assert groups == [SUBJECTS[i] for i in ours.sample_indices_]


@pytest.mark.parametrize("name", ["groups", "sample_weight"])
def test_new_samples_have_no_group_and_no_weight(name):
    with pytest.raises(ValueError, match=r"SMOTE makes new samples, .* on_synthetic='nearest'"):
        NDSampler(SMOTE()).fit_resample(pictures(), Y, **{name: WEIGHTS})


@pytest.mark.parametrize("sampler", [SMOTE(random_state=0), SMOTEENN(random_state=0)], ids=repr)
def test_on_request_they_have_those_of_the_nearest(sampler):
    X = pictures(float).reshape(56, 24)
    X_new, y_new, origin = NDSampler(sampler, on_synthetic="nearest").fit_resample(
        X, NAMES, sample_weight=np.arange(56)
    )
    assert_array_equal(NAMES[origin], y_new)
    distances = np.linalg.norm(X_new[:, None] - X[None], axis=2)
    distances[y_new[:, None] != NAMES[None]] = np.inf
    assert_array_equal(origin, distances.argmin(axis=1))


def test_equal_samples_keep_their_own_weights():
    X, y = np.ones((6, 2)), [0, 0, 0, 0, 1, 1]
    sampler = NDSampler(SMOTE(k_neighbors=1, random_state=0), on_synthetic="nearest")
    *_, weights = sampler.fit_resample(X, y, sample_weight=[1, 2, 3, 4, 5, 6])
    assert weights[:6] == [1, 2, 3, 4, 5, 6]


# The estimator ------------------------------------------------------------------------------------


def test_nested_parameters_clones_and_pickles():
    ours = NDSampler(SMOTE(k_neighbors=3)).set_params(sampler__k_neighbors=2)
    assert ours.sampler.k_neighbors == 2
    assert clone(ours).get_params()["sampler__k_neighbors"] == 2
    ours.fit_resample(pictures(), Y)
    again = pickle.loads(pickle.dumps(ours))
    assert again.sampling_strategy_ == {1: 14, 2: 20}
    assert "SMOTE" in ours._repr_html_()


def test_fit_counts_and_forgets_what_an_earlier_fit_chose():
    ours = NDSampler(RandomUnderSampler(random_state=0))
    ours.fit_resample(PATHS, Y)
    assert len(ours.sample_indices_) == 30
    assert ours.fit(PATHS, Y).sampling_strategy_ == {0: 10, 1: 10}
    assert not hasattr(ours, "sample_indices_")


# For every stage: parameters, what else fit_resample is given, and what the error says.
STAGES = {
    "parameter": ({"on_small_class": "drop"}, {}, "on_small_class"),
    "inner parameter": ({"sampler__sampling_strategy": "no such"}, {}, "sampling_strategy"),
    "sparse X": ({}, {"X": csr_array(np.eye(56))}, "sparse"),
    "mapping": ({}, {"X": dict.fromkeys(PATHS)}, "a list of samples; got dict"),
    "no samples": ({}, {"X": np.ones((0, 3))}, "0 sample"),
    "no features": ({}, {"X": np.ones((56, 0))}, "0 feature"),
    "lengths": ({}, {"y": Y[:-1]}, "inconsistent"),
    "target": ({}, {"y": np.linspace(0, 1, 56)}, "label type"),
    "one class": ({}, {"y": np.zeros(56)}, "more than 1 class"),
    "groups": ({}, {"groups": SUBJECTS[1:]}, "inconsistent"),
    "scalar groups": ({}, {"groups": 7}, "groups must have one entry for each sample of X; got 7"),
    "scalar weight": ({}, {"sample_weight": 1.0}, "sample_weight must have one entry"),
    "paths": ({"sampler": SMOTE()}, {"X": PATHS}, "compares samples by their values"),
    "NaN": ({"sampler": SMOTE()}, {"X": np.full((56, 3), np.nan)}, "NaN"),
    "small class": (
        {"sampler": SMOTE(k_neighbors=30), "on_small_class": "raise"},
        {},
        "needs 31 samples",
    ),
    "synthetic": ({"sampler": SMOTE()}, {"groups": SUBJECTS}, "makes new samples"),
    "features": (
        {"sampler": make_pipeline(PCA(2), SMOTE())},
        {},
        "into samples of 2",
    ),
}


@pytest.mark.parametrize("fitted", [False, True], ids=["first", "again"])
@pytest.mark.parametrize(("params", "what", "message"), STAGES.values(), ids=STAGES)
def test_a_fit_that_fails_changes_nothing(params, what, message, fitted):
    ours = NDSampler(RandomUnderSampler(random_state=0))
    if fitted:
        ours.fit_resample(PATHS, Y)
    ours.set_params(**params)
    before = dict(vars(ours))
    with pytest.raises((ValueError, TypeError), match=message):
        ours.fit_resample(**{"X": pictures().reshape(56, -1), "y": Y[::-1], **what})
    assert vars(ours).keys() == before.keys()
    assert all(vars(ours)[name] is before[name] for name in before)
    assert hasattr(ours, "sampler_") == fitted


def test_parameters_of_no_sampler_are_refused():
    with pytest.raises(ValueError, match=r"sampler__k is a parameter of sampler, but sampler=None"):
        NDSampler(None).set_params(sampler__k=2)
    ours = NDSampler(None).set_params(sampler=SMOTE(), sampler__k_neighbors=2)
    assert ours.sampler.k_neighbors == 2


# Errors -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sampler", [SMOTE(), TomekLinks()], ids=repr)
@pytest.mark.parametrize(
    ("X", "kind"),
    [
        (PATHS, "str"),
        (np.array(PATHS), "str_"),
        (pd.Series(PATHS), "Series"),
        ([np.zeros(i) for i in range(56)], "ndarray"),
    ],
    ids=["list", "array", "series", "records"],
)
def test_paths_and_records_need_a_step_before(sampler, X, kind):
    name = type(sampler).__name__
    with pytest.raises(TypeError, match=rf"^{name} compares .* of {kind}\. Put it behind .*Area"):
        NDSampler(sampler).fit_resample(X, Y)


def test_numbers_in_one_axis_are_refused():
    with pytest.raises(ValueError, match="Reshape your data"):
        NDSampler(SMOTE()).fit_resample(np.arange(56.0), Y)


def test_sparse_matrices_are_refused():
    with pytest.raises(TypeError, match=r"no sparse X; make it dense by X.toarray\(\)"):
        NDSampler(RandomOverSampler()).fit_resample(csr_array(np.eye(56)), Y)


def test_no_samples_are_refused():
    with pytest.raises(ValueError, match="0 sample"):
        NDSampler(RandomOverSampler()).fit_resample([], [])


def test_lengths_must_agree():
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        NDSampler(RandomOverSampler()).fit_resample(PATHS, Y[:-1])
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        NDSampler(RandomOverSampler()).fit_resample(PATHS, Y, groups=SUBJECTS[1:])


def test_one_class_is_refused():
    with pytest.raises(ValueError, match="more than 1 class"):
        NDSampler(RandomOverSampler()).fit_resample(PATHS, np.zeros(56))


@pytest.mark.parametrize("nan", [np.nan, np.inf])
def test_values_that_cannot_be_compared_are_refused(nan):
    X = pictures(float)
    X[3, 1, 1, 1] = nan
    with pytest.raises(ValueError, match="Input X contains"):
        NDSampler(SMOTE()).fit_resample(X, Y)


def test_something_else_than_a_sampler_is_refused():
    with pytest.raises(ValueError, match="The 'sampler' parameter of NDSampler must be"):
        NDSampler(StandardScaler()).fit_resample(PATHS, Y)


def test_a_sampler_must_not_change_the_features():
    with pytest.raises(ValueError, match="samples of 24 values into samples of 2"):
        NDSampler(make_pipeline(PCA(2), SMOTE())).fit_resample(pictures(), Y)
