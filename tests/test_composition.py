"""What scikit-learn composes, with our classifiers; and what it does not compose, and why."""

from __future__ import annotations

import composed_estimators
import composed_evaluation
import joblib
import numpy as np
import pytest
import torch
from composition_cases import CV, GOOD, RATES, case
from numpy.testing import assert_array_equal
from sklearn import config_context
from sklearn.base import clone
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.ensemble import StackingClassifier
from sklearn.feature_selection import RFECV, SelectFromModel
from sklearn.model_selection import GridSearchCV, cross_val_score, cross_validate
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from skorch.callbacks import Callback

from skecg import AreaResize, BeatSegmenter, LeadCropper, TraceReader
from skecg.datasets import make_sheets

ANY_SHAPE = composed_evaluation.ANY_SHAPE + composed_estimators.ANY_SHAPE
TABLES_ONLY = composed_evaluation.TABLES_ONLY + composed_estimators.TABLES_ONLY
CASES_2D, CASES_ND = ["beats 2-D", "images 2-D"], ["beats 3-D", "images 4-D"]


@pytest.mark.parametrize("name", [*CASES_2D, *CASES_ND])
@pytest.mark.parametrize("composition", ANY_SHAPE, ids=lambda f: f.__name__)
def test_composes(composition, name):
    composition(*case(name))


@pytest.mark.parametrize("name", CASES_2D)
@pytest.mark.parametrize("composition", TABLES_ONLY, ids=lambda f: f.__name__)
def test_composes_on_tables(composition, name):
    composition(*case(name))


@pytest.mark.parametrize("name", CASES_ND)
@pytest.mark.parametrize("composition", TABLES_ONLY, ids=lambda f: f.__name__)
def test_scikit_learn_takes_tables_only(composition, name):
    # partial_dependence has words of its own for it.
    with pytest.raises(ValueError, match=r"Found array with dim [34]|should be a 2D NumPy array"):
        composition(*case(name))


# What cannot be ---------------------------------------------------------------------------------

IMPOSSIBLE = {
    "RFECV": (
        lambda clf, X, y: RFECV(clf, cv=2).fit(X, y),
        ValueError,
        "`coef_` or `feature_importances_`",  # a network has no coefficient per feature
    ),
    "SelectFromModel": (
        lambda clf, X, y: SelectFromModel(clf).fit_transform(X, y),
        ValueError,
        "`coef_` or `feature_importances_`",
    ),
    "TransformedTargetRegressor": (
        lambda clf, X, y: TransformedTargetRegressor(clf).fit(X, y),
        ValueError,
        "dtype='numeric' is not compatible",  # it is for regressors: y are numbers
    ),
}


@pytest.mark.parametrize("name", ["beats 2-D", "images 2-D"])
@pytest.mark.parametrize("what", IMPOSSIBLE)
def test_cannot_compose(what, name):
    compose, error, words = IMPOSSIBLE[what]
    with pytest.raises(error, match=words):
        compose(*case(name))


@pytest.mark.parametrize("name", CASES_ND)
def test_stacking_passes_only_tables_on(name):
    clf, X, y = case(name)
    stacking = StackingClassifier([("a", clf)], final_estimator=clf, cv=CV, passthrough=True)
    # It puts the samples beside the predictions, which are tables.
    with pytest.raises(ValueError, match="same number of dimensions"):
        stacking.fit(X, y)


@pytest.mark.parametrize(
    "transformer",
    [AreaResize(size=(8, 12)), LeadCropper(size=(8, 8)), TraceReader(sampling_rate=50)],
)
def test_pictures_have_no_columns(transformer):
    assert not hasattr(transformer, "set_output")  # a data frame holds tables
    sheets = make_sheets(2, size=(786, 1106), random_state=0).data
    with config_context(transform_output="pandas"):
        assert isinstance(transformer.fit_transform(sheets), np.ndarray)


# Transformers -----------------------------------------------------------------------------------


def windows():
    """Windows of 10 seconds with spikes at one of two rates, and one more value, their mean."""
    y = np.tile(["fast", "slow"], 12)
    period = np.where(y == "slow", 120, 80)[:, None]
    noise = np.random.default_rng(0).normal(0, 0.01, (24, 1250))
    X = (np.arange(1250) % period == 40) + noise
    return np.column_stack([X, X.mean(1)]), y


def small(name, n_epochs=10):
    clf = case(name)[0]
    clf.set_params(**dict.fromkeys({"image_shape"} & clf.get_params().keys()))
    return clf.set_params(max_epochs=n_epochs)


SPECTRUM = FunctionTransformer(lambda X: np.abs(np.fft.rfft(X))[:, :40])


@pytest.mark.parametrize("name", CASES_2D)
def test_beats_beside_other_features(name):
    X, y = windows()
    union = FeatureUnion([("beat", BeatSegmenter()), ("spectrum", SPECTRUM)])
    columns = ColumnTransformer(
        [("signal", union, slice(0, 1250)), ("mean", StandardScaler(), [1250])]
    )
    model = make_pipeline(columns, small(name)).fit(X, y)
    assert model[-1].n_features_in_ == 187 + 40 + 1
    features = np.hstack(
        [
            BeatSegmenter().fit_transform(X[:, :1250]),
            SPECTRUM.fit_transform(X[:, :1250]),
            StandardScaler().fit_transform(X[:, 1250:]),
        ]
    )
    by_hand = small(name).fit(features, y)
    assert_array_equal(model.predict_proba(X), by_hand.predict_proba(features))
    assert cross_val_score(model, X, y, cv=CV).mean() > GOOD


def test_beats_as_a_data_frame_name_the_classifiers_features():
    X, y = windows()
    segmenter = BeatSegmenter().set_output(transform="pandas")
    model = make_pipeline(segmenter, small("beats 2-D", n_epochs=1)).fit(X[:, :1250], y)
    names = model[:-1].get_feature_names_out()
    assert list(segmenter.fit_transform(X[:, :1250]).columns) == list(names)
    assert_array_equal(model[-1].feature_names_in_, names)
    assert model.predict(X[:, :1250]).shape == (24,)


# Processes --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def workers():
    """Two processes whose number of threads joblib decides."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("OMP_NUM_THREADS", raising=False)
        with joblib.parallel_config(backend="loky", n_jobs=2):
            yield


class Threads(Callback):
    """Records how many threads the training takes."""

    def on_epoch_end(self, net, **kwargs):
        net.history.record("threads", torch.get_num_threads())


@pytest.mark.parametrize("name", [*CASES_2D, *CASES_ND])
def test_a_search_in_two_processes_is_bit_equal(name, workers):
    clf, X, y = case(name)
    alone = GridSearchCV(clf, {"learning_rate": RATES}, cv=CV, n_jobs=1).fit(X, y)
    beside = clone(alone).set_params(n_jobs=2).fit(X, y)
    for key in ("split0_test_score", "split1_test_score", "mean_test_score"):
        assert_array_equal(alone.cv_results_[key], beside.cv_results_[key])
    assert alone.best_params_ == beside.best_params_
    assert_array_equal(alone.predict_proba(X), beside.predict_proba(X))


@pytest.mark.parametrize("n_threads", [None, 3])
def test_processes_times_threads_are_no_more_than_the_cores(n_threads, workers):
    clf, X, y = case("beats 2-D")
    clf.set_params(max_epochs=1, n_threads=n_threads, callbacks=[Threads()])
    fits = cross_validate(clf, X, y, cv=CV, n_jobs=2, return_estimator=True)["estimator"]
    threads = {fit.history_[-1]["threads"] for fit in fits}
    if n_threads is None:
        assert 2 * max(threads) <= max(joblib.cpu_count(), 2)
    else:
        assert threads == {n_threads}  # what the user gives wins
