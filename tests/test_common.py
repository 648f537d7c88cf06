"""scikit-learn's own checks over every public estimator."""

from __future__ import annotations

from collections import Counter

import pytest
from estimators import CLASSIFIERS, RECORD_CLASSIFIERS, TRANSFORMERS, public_estimators
from sklearn.base import clone
from sklearn.utils.estimator_checks import (
    check_sample_weight_equivalence_on_dense_data,
    estimator_checks_generator,
    parametrize_with_checks,
)

from skecg import AreaResize, LeadCropper

ESTIMATORS = [*CLASSIFIERS, *TRANSFORMERS, *RECORD_CLASSIFIERS]
FEWEST_CHECKS = dict.fromkeys(map(type, CLASSIFIERS), 55)
FEWEST_CHECKS |= dict.fromkeys(map(type, TRANSFORMERS), 44)
FEWEST_CHECKS |= dict.fromkeys(map(type, RECORD_CLASSIFIERS), 58)

WEIGHT_CHECK = "check_sample_weight_equivalence_on_dense_data"
PASSED: Counter[type] = Counter()


def expected_failures(estimator):
    if isinstance(estimator, tuple(map(type, CLASSIFIERS))):
        return {
            WEIGHT_CHECK: "a sample of weight 2 is one of a mini-batch, a sample that stands twice "
            "is two, so the batches differ; test_weights_equal_repetition_in_one_batch shows that "
            "nothing else does"
        }
    return {}


def test_every_public_estimator_is_here():
    # scikit-learn's checks feed tables of numbers. The transformers of pictures have a battery of
    # their own instead, preprocessing/test_picture_transformers.py.
    of_pictures = {AreaResize, LeadCropper}
    assert {type(estimator) for estimator in ESTIMATORS} | of_pictures == public_estimators()


@pytest.mark.filterwarnings("ignore:.*have no beat:UserWarning")
@pytest.mark.filterwarnings("ignore:.*has no beat:UserWarning")
@parametrize_with_checks(ESTIMATORS, expected_failed_checks=expected_failures)
def test_scikit_learn_check(estimator, check):
    check(estimator)
    PASSED[type(estimator)] += 1


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=lambda e: type(e).__name__)
def test_enough_checks_ran(estimator, request):
    n_checks = len(list(estimator_checks_generator(estimator)))
    chosen = [
        item
        for item in request.session.items
        if item.name.startswith(f"test_scikit_learn_check[{type(estimator).__name__}(")
    ]
    if len(chosen) < n_checks:
        pytest.skip("only some of the checks were selected in this run")
    assert PASSED[type(estimator)] >= FEWEST_CHECKS[type(estimator)]


@pytest.mark.parametrize("classifier", CLASSIFIERS, ids=lambda e: type(e).__name__)
def test_weights_equal_repetition_in_one_batch(classifier):
    # With one batch per epoch the check's only difference is the rounding of float32: in float64
    # it falls below the check's tolerance of 1e-7. Dropout draws by sample, however, and the
    # statistics of batch normalisation take every sample for one.
    exact = clone(classifier).set_params(batch_size=1000, precision="float64")
    without = {"dropout": 0.0, "stochastic_depth": 0.0, "norm": "group"}
    parameters = exact.get_params().keys() & without.keys()
    exact.set_params(**{name: without[name] for name in parameters})
    check_sample_weight_equivalence_on_dense_data(type(classifier).__name__, exact)
