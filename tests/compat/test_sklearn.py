from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from scipy.sparse import coo_array
from sklearn import config_context
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from skecg import _compat

FIVE = np.arange(10.0).reshape(5, 2)


@pytest.mark.parametrize(
    "X", [FIVE, FIVE.tolist(), pd.DataFrame(FIVE), coo_array(FIVE), tuple(FIVE)]
)
def test_num_samples(compat, X):
    assert compat.num_samples(X) == 5


@pytest.mark.parametrize("X", [3, None, np.array(3.0), object()])
def test_num_samples_of_no_samples(compat, X):
    with pytest.raises(TypeError):
        compat.num_samples(X)


@pytest.mark.parametrize("kind", [np.asarray, list, pd.DataFrame])
def test_safe_indexing_keeps_the_kind(compat, kind):
    found = compat.safe_indexing(kind(FIVE), np.array([3, 0, 3]))
    assert type(found) is type(kind(FIVE))
    assert_array_equal(np.asarray(found), FIVE[[3, 0, 3]])


def test_check_sample_weight(compat):
    assert_array_equal(compat.check_sample_weight(None, FIVE), np.ones(5))
    assert_array_equal(compat.check_sample_weight(2, FIVE, dtype=np.float64), np.full(5, 2.0))
    assert compat.check_sample_weight([1] * 5, FIVE).dtype == np.float64
    for wrong in ([1] * 4, [[1]] * 5, [np.nan] * 5):
        with pytest.raises(ValueError, match=r"."):
            compat.check_sample_weight(wrong, FIVE)
    with pytest.raises(ValueError, match="Negative"):
        compat.check_sample_weight([-1] * 5, FIVE, ensure_non_negative=True)


def test_check_method_params(compat):
    params = {"a": [1, 2, 3, 4, 5], "b": "abcde", "c": 3, "d": np.eye(5), "e": None, "f": [1, 2]}
    found = compat.check_method_params(FIVE, params, np.array([4, 4]))
    assert found["a"] == [5, 5]
    assert_array_equal(found["d"], np.eye(5)[[4, 4]])
    assert {name: found[name] for name in "bcef"} == {name: params[name] for name in "bcef"}
    assert compat.check_method_params(FIVE, {"s": coo_array(FIVE)}, [0])["s"].shape == (1, 2)


def test_routing(compat):
    assert not compat.routing_enabled()
    with pytest.raises(ValueError, match=r"LogisticRegression\.fit takes a, b only with metadata"):
        compat.raise_for_params({"b": 1, "a": 2}, LogisticRegression(), "fit")
    with config_context(enable_metadata_routing=True):
        assert compat.routing_enabled()
        compat.raise_for_params({"b": 1}, LogisticRegression(), "fit")


def test_metadata_requests_are_those_of_the_user(compat):
    model = LogisticRegression()
    assert compat.metadata_requests(model) is None
    with config_context(enable_metadata_routing=True):
        model.set_fit_request(sample_weight="weights").set_score_request(sample_weight=False)
    expected = {"fit": {"sample_weight": "weights"}, "score": {"sample_weight": False}}
    assert compat.metadata_requests(model) == expected
    assert compat.metadata_requests(Pipeline([("a", model)])) is None


def test_output_container(compat):
    scaler = StandardScaler()
    assert compat.output_container(scaler) is None
    assert compat.output_container(scaler.set_output(transform="pandas")) == "pandas"


def test_searches_are_known(compat):
    assert isinstance(GridSearchCV(LogisticRegression(), {}), compat.BaseSearchCV)
    assert not isinstance(LogisticRegression(), compat.BaseSearchCV)


def test_parameter_names(compat):
    for cls in (LogisticRegression, Pipeline, FrozenEstimator):
        assert compat.parameter_names(cls) == sorted(cls._get_param_names())


class _NoSteps(Pipeline):
    _validate_steps = None


@pytest.mark.parametrize("cls", [Pipeline, _NoSteps], ids=["own", "without"])
def test_steps_of_a_pipeline(cls):
    scale, last = ("scale", StandardScaler()), ("last", LogisticRegression())
    _compat.validate_steps(cls([scale, ("none", "passthrough"), last]))
    for steps in ([last, scale], [scale, scale], [("a__b", StandardScaler()), last]):
        with pytest.raises((TypeError, ValueError), match=r"."):
            _compat.validate_steps(cls(steps))
