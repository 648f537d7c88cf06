"""The checks of scikit-learn and of imbalanced-learn over every public estimator."""

from __future__ import annotations

from collections import Counter

import pytest
from estimators import (
    CLASSIFIERS,
    FAILURES_OF_NETWORKS,
    IN_OTHER_PRECISION,
    RECORD_CLASSIFIERS,
    SAMPLERS,
    TRANSFORMERS,
    TREE_CLASSIFIERS,
    WITH_SIDE_FEATURES,
    public_estimators,
)
from imblearn.over_sampling import RandomOverSampler
from imblearn.utils import estimator_checks as of_imbalanced_learn
from sklearn.base import clone
from sklearn.utils.estimator_checks import (
    check_sample_weight_equivalence_on_dense_data,
    estimator_checks_generator,
    parametrize_with_checks,
)

from skecg import (
    AreaResize,
    BeatAnnotator,
    ECGCNNClassifier,
    ECGResidualCNNClassifier,
    LeadCropper,
    NDSampler,
    TraceReader,
)

ESTIMATORS = [*CLASSIFIERS, *TRANSFORMERS, *RECORD_CLASSIFIERS, *TREE_CLASSIFIERS, *SAMPLERS]
FEWEST_CHECKS = dict.fromkeys(map(type, CLASSIFIERS), 59)
FEWEST_CHECKS |= dict.fromkeys(map(type, TRANSFORMERS), 43)
FEWEST_CHECKS |= dict.fromkeys(map(type, RECORD_CLASSIFIERS), 58)
FEWEST_CHECKS |= dict.fromkeys(map(type, TREE_CLASSIFIERS), 60)
FEWEST_CHECKS |= {NDSampler: 39 + 3 * 41}
# One of them wants every class of three to be predicted, which takes some training.
TRAINED = [
    clone(classifier).set_params(max_epochs=20, learning_rate=1e-2, random_state=0)
    for classifier in CLASSIFIERS
]
FEWEST_OF_IMBALANCED_LEARN = dict.fromkeys(map(type, CLASSIFIERS), 1) | {NDSampler: 16 + 3 * 14}

TARGET_CHECK = "check_classifier_on_multilabel_or_multioutput_targets"
PASSED: Counter[tuple[str, type]] = Counter()


def expected_failures(estimator):
    if isinstance(estimator, NDSampler) and isinstance(estimator.sampler, RandomOverSampler):
        return {
            "check_fit1d": "a sampler that looks at y only takes any X; a one-dimensional one is "
            "a list of file names, say"
        }
    if isinstance(estimator, tuple(map(type, CLASSIFIERS))):
        return FAILURES_OF_NETWORKS
    return {}


def test_every_public_estimator_is_here():
    # scikit-learn's checks feed tables of numbers. The transformers of pictures have a battery of
    # their own instead, preprocessing/test_picture_transformers.py.
    of_pictures = {AreaResize, LeadCropper, TraceReader}
    # The target of a BeatAnnotator are annotations, no labels: records/test_beat_annotator.py.
    others = of_pictures | {BeatAnnotator}
    assert {type(estimator) for estimator in ESTIMATORS} | others == public_estimators()


@pytest.mark.filterwarnings("ignore:.*have no beat:UserWarning")
@pytest.mark.filterwarnings("ignore:.*has no beat:UserWarning")
# A check of scikit-learn 1.6 has a class of four samples.
@pytest.mark.filterwarnings("ignore:class . has . samples. SMOTE:UserWarning")
@parametrize_with_checks(ESTIMATORS, expected_failed_checks=expected_failures)
def test_scikit_learn_check(estimator, check):
    check(estimator)
    PASSED["scikit_learn", type(estimator)] += 1


# What a number format can change. The rest of the checks in the other precision take minutes.
OF_NUMBERS = {
    "check_classifiers_train",
    "check_estimators_pickle",
    "check_fit_idempotent",
    "check_methods_sample_order_invariance",
    "check_methods_subset_invariance",
}


def is_of_numbers(check):
    return check.func.__name__ in OF_NUMBERS and not check.keywords


@pytest.mark.parametrize(
    ("estimator", "check"),
    [
        pytest.param(estimator, check, marks=() if is_of_numbers(check) else pytest.mark.slow)
        for classifier in IN_OTHER_PRECISION
        for estimator, check in estimator_checks_generator(classifier)
        if check.func.__name__ not in expected_failures(classifier)
    ],
    ids=lambda value: value.func.__name__ if hasattr(value, "func") else type(value).__name__,
)
def test_scikit_learn_check_in_the_other_precision(estimator, check):
    check(estimator)


def expected_failures_of_imbalanced_learn(estimator):
    if isinstance(estimator, tuple(map(type, CLASSIFIERS))):
        return {TARGET_CHECK: "it wants several labels at once to be refused; they are learned"}
    return {}


# Its parametrize_with_checks hands pytest a generator, which pytest no longer likes.
@pytest.mark.parametrize(
    ("estimator", "check"),
    [
        case
        for estimator in (*SAMPLERS, *TRAINED)
        for case in of_imbalanced_learn.estimator_checks_generator(
            estimator,
            expected_failed_checks=expected_failures_of_imbalanced_learn(estimator),
            mark="xfail",
        )
    ],
    ids=lambda value: value.func.__name__ if hasattr(value, "func") else repr(value),
)
def test_imbalanced_learn_check(estimator, check):
    check(estimator)
    PASSED["imbalanced_learn", type(estimator)] += 1


# The network of four convolutions learns slowly where it is small; the other one is asked for both.
OF_LEARNING = {"check_class_weight_classifiers", "check_classifiers_train"}


def checks_with_side_features(classifier):
    left_out = set(expected_failures(classifier))
    if isinstance(classifier, ECGCNNClassifier):
        left_out |= OF_LEARNING
    for estimator, check in estimator_checks_generator(classifier):
        if check.func.__name__ not in left_out:
            yield estimator, check


@pytest.mark.parametrize(
    ("estimator", "check"),
    [case for classifier in WITH_SIDE_FEATURES for case in checks_with_side_features(classifier)],
    ids=lambda value: value.func.__name__ if hasattr(value, "func") else repr(value),
)
def test_side_features_check(estimator, check):
    check(estimator)
    PASSED["side_features", type(estimator)] += 1


CHECKS = {
    "scikit_learn": (ESTIMATORS, estimator_checks_generator, FEWEST_CHECKS),
    "imbalanced_learn": (
        [*SAMPLERS, *TRAINED],
        of_imbalanced_learn.estimator_checks_generator,
        FEWEST_OF_IMBALANCED_LEARN,
    ),
    "side_features": (
        WITH_SIDE_FEATURES,
        checks_with_side_features,
        {ECGResidualCNNClassifier: 58, ECGCNNClassifier: 54},
    ),
}


@pytest.mark.parametrize(
    ("library", "kind"),
    [(library, kind) for library, (_, _, fewest) in CHECKS.items() for kind in fewest],
    ids=lambda value: getattr(value, "__name__", value),
)
def test_enough_checks_ran(library, kind, request):
    estimators, checks, fewest = CHECKS[library]
    n_checks = sum(len(list(checks(each))) for each in estimators if type(each) is kind)
    start = f"test_{library}_check[{kind.__name__}("
    chosen = [item for item in request.session.items if item.name.startswith(start)]
    if len(chosen) < n_checks:
        pytest.skip("only some of the checks were selected in this run")
    assert PASSED[library, kind] >= fewest[kind]


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
