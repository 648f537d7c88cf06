"""Searches, curves and displays of a classifier, one function for each.

Each takes a classifier and samples of any number of axes and checks what scikit-learn makes of them
against a direct computation.
"""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pytest
from composition_cases import CV, GOOD, RATES, split, two_classes
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.calibration import CalibrationDisplay
from sklearn.experimental import enable_halving_search_cv  # noqa: F401 (HalvingGridSearchCV)
from sklearn.inspection import partial_dependence, permutation_importance
from sklearn.metrics import (
    ConfusionMatrixDisplay,
    PrecisionRecallDisplay,
    RocCurveDisplay,
    confusion_matrix,
    get_scorer,
    roc_auc_score,
)
from sklearn.model_selection import (
    GridSearchCV,
    HalvingGridSearchCV,
    LearningCurveDisplay,
    RandomizedSearchCV,
    ValidationCurveDisplay,
    cross_val_predict,
    cross_val_score,
    cross_validate,
    learning_curve,
    permutation_test_score,
    validation_curve,
)

# Search and evaluation --------------------------------------------------------------------------


def check_search(search, clf, X, y):
    search.fit(X, y)
    assert search.best_params_ == {"learning_rate": RATES[1]}
    assert search.best_score_ > GOOD
    assert_array_equal(search.predict_proba(X), clone(clf).fit(X, y).predict_proba(X))


def grid_search(clf, X, y):
    search = GridSearchCV(clf, {"learning_rate": RATES}, cv=CV, error_score="raise")
    check_search(search, clf, X, y)
    assert search.best_score_ == cross_val_score(clf, X, y, cv=CV).mean()


def randomized_search(clf, X, y):
    search = RandomizedSearchCV(
        clf, {"learning_rate": RATES}, n_iter=2, cv=CV, random_state=0, error_score="raise"
    )
    check_search(search, clf, X, y)


def halving_search_over_epochs(clf, X, y):
    search = HalvingGridSearchCV(
        clf, {"learning_rate": RATES}, resource="max_epochs", min_resources=2, max_resources=5,
        factor=2, cv=CV, aggressive_elimination=True, error_score="raise",
    )  # fmt: skip
    search.fit(X, y)
    assert search.n_resources_ == [2, 4]
    assert search.best_params_["learning_rate"] == RATES[1]
    assert search.best_estimator_.n_iter_ == 4
    assert search.score(X, y) > GOOD


def cross_validated_predictions(clf, X, y):
    X_train, y_train, X_test, y_test = split(X, y)
    fold = clone(clf).fit(X_train, y_train)
    test = next(CV.split(X, y))[1]
    for method in ("predict", "predict_proba", "predict_log_proba"):
        found = cross_val_predict(clf, X, y, cv=CV, method=method)
        assert_array_equal(found[test], getattr(fold, method)(X_test))
    assert np.mean(cross_val_predict(clf, X, y, cv=CV) == y) > GOOD
    assert np.mean(fold.predict(X_test) == y_test) > GOOD


def cross_validation_with_several_scorers(clf, X, y):
    scoring = ["accuracy", "roc_auc_ovr", "neg_log_loss"]
    found = cross_validate(clf, X, y, cv=CV, scoring=scoring, return_estimator=True)
    _, _, X_test, y_test = split(X, y)
    for name in scoring:
        expected = get_scorer(name)(found["estimator"][0], X_test, y_test)
        assert found[f"test_{name}"][0] == expected
    assert found["test_roc_auc_ovr"].min() > GOOD


def learning_curve_by_fits(clf, X, y):
    sizes, train, test = learning_curve(clf, X, y, cv=CV, train_sizes=[12, 24], error_score="raise")
    assert_array_equal(sizes, [12, 24])
    assert train.shape == test.shape == (2, 2)
    assert_array_equal(test[-1], cross_val_score(clf, X, y, cv=CV))


def learning_curve_by_partial_fits(clf, X, y):
    _, _, test = learning_curve(
        clf, X, y, cv=CV, train_sizes=[12, 24], exploit_incremental_learning=True,
        error_score="raise",
    )  # fmt: skip
    X_train, y_train, X_test, y_test = split(X, y)
    by_hand = clone(clf)
    for part in (slice(0, 12), slice(12, 24)):
        by_hand.partial_fit(X_train[part], y_train[part], classes=np.unique(y))
    assert test[-1, 0] == by_hand.score(X_test, y_test)


def validation_curve_over_a_parameter(clf, X, y):
    _, test = validation_curve(
        clf, X, y, param_name="learning_rate", param_range=RATES, cv=CV, error_score="raise"
    )
    assert test[0].mean() < 0.7
    assert_array_equal(test[1], cross_val_score(clf, X, y, cv=CV))


def permutation_test_of_the_score(clf, X, y):
    score, permuted, p_value = permutation_test_score(
        clf, X, y, cv=CV, n_permutations=4, random_state=0
    )
    assert score == cross_val_score(clf, X, y, cv=CV).mean()
    assert permuted.max() < 0.7 < score
    assert p_value == 1 / 5  # none of four permutations reaches the score


def importance_of_features(clf, X, y):
    X = X.copy()
    X[:, X.shape[1] // 2 :] = 0
    clf.fit(X, y)
    found = permutation_importance(clf, X, y, scoring="neg_log_loss", n_repeats=1, random_state=0)
    assert found.importances.shape == (X.shape[1], 1)
    informative = X.shape[1] // 2
    assert_array_equal(found.importances[informative:], 0)  # to permute zeros changes nothing
    assert found.importances_mean[:informative].sum() > 0.1


def partial_dependence_on_a_feature(clf, X, y):
    X, y = two_classes(X.astype(np.float32), y)  # it takes no integers
    clf.fit(X, y)
    found = partial_dependence(clf, X, [0], grid_resolution=3, kind="average")
    grid = found["grid_values"][0]
    for value, average in zip(grid, found["average"][0]):
        changed = X.copy()
        changed[:, 0] = value
        assert average == pytest.approx(clf.predict_proba(changed)[:, 1].mean())


# Displays ---------------------------------------------------------------------------------------


def displays_of_a_fitted_classifier(clf, X, y):
    X_train, y_train, X_test, y_test = split(X, y)
    clf.fit(X_train, y_train)
    found = ConfusionMatrixDisplay.from_estimator(clf, X_test, y_test)
    assert_array_equal(found.confusion_matrix, confusion_matrix(y_test, clf.predict(X_test)))

    X, y = two_classes(X, y)
    clf.fit(X, y)
    proba = clf.predict_proba(X)[:, 1]
    assert RocCurveDisplay.from_estimator(clf, X, y).roc_auc == roc_auc_score(y, proba)
    assert PrecisionRecallDisplay.from_estimator(clf, X, y).average_precision > GOOD
    found = CalibrationDisplay.from_estimator(clf, X, y, n_bins=2)
    assert_array_equal(found.y_prob, proba)
    plt.close("all")


def displays_of_curves(clf, X, y):
    scores = cross_val_score(clf, X, y, cv=CV)
    found = LearningCurveDisplay.from_estimator(clf, X, y, cv=CV, train_sizes=[12, 24])
    assert_array_equal(found.test_scores[1], scores)
    found = ValidationCurveDisplay.from_estimator(
        clf, X, y, param_name="learning_rate", param_range=RATES, cv=CV
    )
    assert_array_equal(found.test_scores[1], scores)
    plt.close("all")


# -------------------------------------------------------------------------------------------------

ANY_SHAPE = [
    grid_search,
    randomized_search,
    halving_search_over_epochs,
    cross_validated_predictions,
    cross_validation_with_several_scorers,
    learning_curve_by_fits,
    learning_curve_by_partial_fits,
    validation_curve_over_a_parameter,
    permutation_test_of_the_score,
    displays_of_a_fitted_classifier,
    displays_of_curves,
]
# scikit-learn validates X as a table: "Found array with dim 3".
TABLES_ONLY = [
    importance_of_features,
    partial_dependence_on_a_feature,
]
