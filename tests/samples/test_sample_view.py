from __future__ import annotations

import pickle
import tracemalloc

import joblib
import numpy as np
import pytest
from estimators import Perceptron
from numpy.testing import assert_array_equal
from sklearn.model_selection import GridSearchCV, GroupKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from skorch.callbacks import EpochScoring

from skecg import ECGNeuralClassifier, ECGResidualCNNClassifier, SampleView
from skecg.datasets import make_beats

ARRAY = np.arange(60).reshape(10, 2, 3)


@pytest.mark.parametrize(
    "key",
    [slice(2, 7, 2), slice(None, None, -1), [4, 0, 4], np.arange(10) % 3 == 0, [-1], []],
    ids=["slice", "reversed", "list", "mask", "negative", "empty"],
)
def test_rows_are_those_of_the_array(key):
    view = SampleView(ARRAY)[key]
    expected = ARRAY[key]
    assert_array_equal(np.asarray(view), expected)
    assert view.array is ARRAY
    assert (view.shape, len(view), view.ndim, view.dtype) == (
        expected.shape, len(expected), 3, ARRAY.dtype
    )  # fmt: skip
    assert_array_equal(list(view), list(expected))


def test_a_view_of_a_view_is_one_of_the_array():
    view = SampleView(ARRAY, [7, 3, 5])[[2, 0]]
    assert view.array is ARRAY
    assert_array_equal(view.rows, [5, 7])


def test_all_rows_need_no_list_of_them():
    assert SampleView(ARRAY)[:].rows is None


def test_one_sample_and_parts_of_samples_are_arrays():
    view = SampleView(ARRAY, [7, 3, 5])
    assert_array_equal(view[1], ARRAY[3])
    assert_array_equal(view[-1], ARRAY[5])
    assert_array_equal(view[:, 1], ARRAY[[7, 3, 5], 1])
    assert isinstance(view[[0, 1], ...], SampleView)  # as scikit-learn takes samples


@pytest.mark.parametrize("rows", [[10], [-11], [0.5]])
def test_rows_outside_the_array_are_refused(rows):
    with pytest.raises(IndexError):
        SampleView(ARRAY, rows)


@pytest.mark.parametrize("of", ["all", "some"])
@pytest.mark.parametrize(
    "key",
    [
        None,
        True,
        np.True_,
        [[0, 1], [2, 3]],
        [[0], [1, 2]],
        np.zeros((10, 2), dtype=bool),
        (None, 0),
        (slice(None), None),
        ([[0, 1]], 0),
    ],
    ids=[
        "None", "True", "numpy True", "2-D rows", "ragged rows", "2-D mask", "None of a sample",
        "None after the rows", "2-D rows of a column",
    ],
)  # fmt: skip
def test_no_key_adds_an_axis(key, of):
    view = SampleView(ARRAY, None if of == "all" else slice(0, 10))
    with pytest.raises(IndexError, match="must be one-dimensional; got"):
        view[key]


@pytest.mark.parametrize("rows", [3, np.int64(3), True, [[0, 1]], np.zeros((10, 1), dtype=bool)])
def test_rows_have_one_axis(rows):
    with pytest.raises(IndexError, match="must be one-dimensional; got"):
        SampleView(ARRAY, rows)


def test_all_samples_by_an_ellipsis():
    assert SampleView(ARRAY)[...].rows is None


needs_copy_argument = pytest.mark.skipif(
    np.lib.NumpyVersion(np.__version__) < "2.0.0", reason="NumPy 1 passes no copy to __array__"
)


@needs_copy_argument
@pytest.mark.parametrize(("rows", "dtype"), [([1, 2], None), (slice(None), None), (None, float)])
def test_copy_false_refuses_to_copy(rows, dtype):
    with pytest.raises(ValueError, match="copy=False"):
        np.asarray(SampleView(ARRAY, rows), dtype=dtype, copy=False)


@needs_copy_argument
def test_copy_false_is_the_array_itself_and_true_another():
    view = SampleView(ARRAY)
    assert np.asarray(view, dtype=ARRAY.dtype, copy=False) is ARRAY
    copy = np.array(view, copy=True)
    assert not np.shares_memory(copy, ARRAY)
    assert_array_equal(copy, ARRAY)


@pytest.mark.parametrize("array", [[[1, 2], [3, 4]], np.float64(1.0), np.array(1.0)])
def test_only_an_array_is_taken(array):
    with pytest.raises(TypeError, match="needs a numpy array"):
        SampleView(array)


def test_pickle_keeps_the_view():
    view = pickle.loads(pickle.dumps(SampleView(ARRAY, [1, 2])))
    assert_array_equal(np.asarray(view), ARRAY[[1, 2]])


@pytest.fixture(scope="module")
def beats():
    return make_beats(300, n_subjects=10, random_state=0)


@pytest.fixture
def classifier():
    return ECGResidualCNNClassifier(
        max_epochs=2, n_filters=4, random_state=0, n_threads=1, early_stopping=True
    )


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_a_search_gives_the_same_scores(beats, classifier, n_jobs, tmp_path):
    np.save(tmp_path / "X.npy", beats.data)
    view = SampleView(np.load(tmp_path / "X.npy", mmap_mode="r"))
    search = GridSearchCV(classifier, {"learning_rate": [1e-3, 1e-2]}, cv=GroupKFold(2))
    expected = search.fit(beats.data, beats.target, groups=beats.groups).cv_results_
    search.set_params(n_jobs=n_jobs).fit(view, beats.target, groups=beats.groups)
    assert_array_equal(search.cv_results_["mean_test_score"], expected["mean_test_score"])


def test_workers_get_the_file_and_not_its_samples(tmp_path):
    np.save(tmp_path / "X.npy", np.zeros((1000, 1000)))
    view = SampleView(np.load(tmp_path / "X.npy", mmap_mode="r"), np.arange(0, 1000, 2))
    found = joblib.Parallel(n_jobs=2)(joblib.delayed(_home)(view) for _ in range(2))
    assert found == [(str(tmp_path / "X.npy"), 500)] * 2


def _home(view: SampleView) -> tuple[str, int]:
    return str(view.array.filename), len(view)


def test_a_transformer_gets_an_array(beats, classifier):
    model = make_pipeline(StandardScaler(), classifier)
    expected = cross_val_predict(model, beats.data, beats.target, cv=2)
    found = cross_val_predict(model, SampleView(beats.data), beats.target, cv=2)
    assert_array_equal(found, expected)


def test_skorch_callbacks_score_the_samples_of_the_view(beats, classifier):
    scoring = EpochScoring("accuracy", lower_is_better=False, name="acc", on_train=True)
    classifier.set_params(callbacks=[scoring], max_epochs=1, early_stopping=False)
    rows = np.arange(0, 300, 3)
    classifier.fit(SampleView(beats.data, rows), beats.target[rows])
    expected = classifier.score(beats.data[rows], beats.target[rows])
    assert classifier.history_[-1]["acc"] == expected


@pytest.mark.parametrize(("value", "where"), [(np.nan, 0), (np.inf, 299)])
def test_bad_values_are_found_in_every_block(beats, classifier, value, where, monkeypatch):
    monkeypatch.setattr("skecg.samples._checks._VALUES_PER_BLOCK", 50 * 187)
    X = beats.data.copy()
    X[where, 5] = value
    with pytest.raises(ValueError, match=r"NaN|infinity"):
        classifier.fit(SampleView(X), beats.target)


def test_empty_and_unequal_input_is_refused(beats, classifier):
    with pytest.raises(ValueError, match="0 sample"):
        classifier.fit(SampleView(beats.data[:0]), beats.target[:0])
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        classifier.fit(SampleView(beats.data), beats.target[:-1])


def test_fit_and_predict_copy_a_small_part():
    X = np.random.default_rng(0).normal(size=(100_000, 100)).astype(np.float32)  # 40 MB
    fold = SampleView(X)[::2]
    y = np.arange(len(fold)) % 3
    # Neither the held-out part nor the samples without weight make a copy.
    classifier = ECGNeuralClassifier(
        module=Perceptron, max_epochs=1, batch_size=1000, early_stopping=True,
        class_weight={0: 0, 1: 1, 2: 1},
    )  # fmt: skip
    classifier.fit(X[:3000], y[:3000])  # imports what training needs
    tracemalloc.start()
    try:
        classifier.fit(fold, y).predict_proba(fold)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 10e6  # of 20 MB: a checked block of a million values, and the indices


def test_a_module_cannot_write_into_the_callers_samples():
    X = np.random.default_rng(0).normal(size=(40, 8)).astype(np.float32)
    before = X.copy()
    ECGNeuralClassifier(module=_in_place, max_epochs=1).fit(X, np.arange(40) % 2).predict(X)
    assert_array_equal(X, before)


def _in_place(input_shape, n_classes):
    from torch import nn

    return nn.Sequential(nn.ReLU(inplace=True), nn.Linear(input_shape[0], n_classes))


def test_a_slice_of_a_long_array_costs_no_index_of_the_whole():
    view = SampleView(np.lib.stride_tricks.as_strided(np.zeros(1), (10**12, 1), (0, 0)))
    assert np.asarray(view[10**9 : 10**9 + 3]).shape == (3, 1)  # all positions would be 8 TB
    assert view[10**9].shape == (1,)
