"""What scikit-learn composes, composed with a classifier of ours: one function for each.

Each builds the composed estimator for samples of any number of axes and checks its results against
a direct computation. ``ANY_SHAPE`` and ``TABLES_ONLY``, at the end, list them.
"""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn import config_context
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV, CalibrationDisplay
from sklearn.ensemble import (
    AdaBoostClassifier,
    BaggingClassifier,
    StackingClassifier,
    VotingClassifier,
)
from sklearn.experimental import enable_halving_search_cv  # noqa: F401 (HalvingGridSearchCV)
from sklearn.feature_selection import SequentialFeatureSelector
from sklearn.frozen import FrozenEstimator
from sklearn.inspection import partial_dependence, permutation_importance
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import (
    ConfusionMatrixDisplay,
    PrecisionRecallDisplay,
    RocCurveDisplay,
    confusion_matrix,
    get_scorer,
    roc_auc_score,
)
from sklearn.model_selection import (
    FixedThresholdClassifier,
    GridSearchCV,
    HalvingGridSearchCV,
    LearningCurveDisplay,
    RandomizedSearchCV,
    StratifiedKFold,
    TunedThresholdClassifierCV,
    ValidationCurveDisplay,
    cross_val_predict,
    cross_val_score,
    cross_validate,
    learning_curve,
    permutation_test_score,
    validation_curve,
)
from sklearn.multiclass import OneVsOneClassifier, OneVsRestClassifier, OutputCodeClassifier
from sklearn.multioutput import ClassifierChain, MultiOutputClassifier
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.semi_supervised import SelfTrainingClassifier

from skecg import ECGCNN2DClassifier, ECGResidualCNNClassifier

CV = StratifiedKFold(2)
GOOD = 0.9  # of samples that a classifier after these few epochs tells apart; chance is 1/3 or 1/2
RATES = [1e-7, 3e-2]  # of learning: one that learns nothing, one that does


# Samples ----------------------------------------------------------------------------------------


def three_classes():
    return np.tile(["N", "S", "V"], 16)


def beats():
    """Two leads of waves of one, two or three periods, which the classes differ in, and noise."""
    noise = np.random.default_rng(0).normal(0, 0.2, (48, 2, 24))
    wave = np.sin(2 * np.pi * np.tile([1, 2, 3], 16)[:, None] * np.arange(24) / 24)
    return (wave[:, None] + noise).astype(np.float32)


def images():
    """Bytes in which one of three bands of rows is bright."""
    grey = np.random.default_rng(0).normal(60, 20, (48, 1, 9, 8))
    for label in range(3):
        grey[label::3, :, 3 * label : 3 * label + 3] += 100
    return np.clip(grey, 0, 255).astype(np.uint8)


def case(name):
    """Return a small classifier and its samples."""
    network = {"n_blocks": 1, "n_hidden": 8, "dropout": 0.0}
    training = {"batch_size": 12, "learning_rate": RATES[1], "random_state": 0, "n_threads": 1}
    if name.startswith("beats"):
        classifier = ECGResidualCNNClassifier(n_filters=4, max_epochs=5, **network, **training)
        return classifier, beats() if name == "beats 3-D" else beats()[:, 0], three_classes()
    classifier = ECGCNN2DClassifier(width=4, max_epochs=3, **network, **training)
    if name == "images 4-D":
        return classifier, images(), three_classes()
    return classifier.set_params(image_shape=(1, 9, 8)), images().reshape(48, -1), three_classes()


def of_any_width(clf):
    """Let the classifier of flattened images take rows of any number of values."""
    return clf.set_params(**dict.fromkeys({"image_shape"} & clf.get_params().keys()))


def two_classes(X, y):
    kept = y != "S"
    return X[kept], y[kept]


def split(X, y):
    """Return the samples and labels of the first fold: train, test."""
    train, test = next(CV.split(X, y))
    return X[train], y[train], X[test], y[test]


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


# Meta-estimators --------------------------------------------------------------------------------


def calibration(clf, X, y):
    found = CalibratedClassifierCV(clf, cv=CV).fit(X, y)
    assert found.score(X, y) > GOOD
    assert_allclose(found.predict_proba(X).sum(1), 1)
    members = [member.estimator for member in found.calibrated_classifiers_]
    for member, (train, _) in zip(members, CV.split(X, y)):
        by_hand = clone(clf).fit(X[train], y[train])
        assert_array_equal(member.predict_proba(X), by_hand.predict_proba(X))


def calibration_of_a_fitted_classifier(clf, X, y):
    X, y = two_classes(X, y)
    X_train, y_train, X_test, y_test = split(X, y)
    clf.fit(X_train, y_train)
    found = CalibratedClassifierCV(FrozenEstimator(clf)).fit(X_test, y_test)
    order = np.argsort(clf.predict_proba(X)[:, 1])
    # A sigmoid of the classifier's probability keeps its order.
    assert np.all(np.diff(found.predict_proba(X)[order, 1]) >= 0)
    assert found.score(X, y) > GOOD


def stacking(clf, X, y):
    members = [("a", clf), ("b", clone(clf).set_params(random_state=1))]
    found = StackingClassifier(members, final_estimator=LogisticRegression(), cv=CV).fit(X, y)
    probabilities = [member.predict_proba(X) for member in found.estimators_]
    assert_array_equal(found.transform(X), np.hstack(probabilities))
    assert found.score(X, y) > GOOD


def voting_by_probability(clf, X, y):
    members = [("a", clf), ("b", clone(clf).set_params(random_state=1))]
    found = VotingClassifier(members, voting="soft").fit(X, y)
    by_hand = [clone(member).fit(X, y).predict_proba(X) for _, member in members]
    assert_allclose(found.predict_proba(X), np.mean(by_hand, axis=0), rtol=1e-12)
    assert found.score(X, y) > GOOD


def voting_by_majority(clf, X, y):
    idle = clone(clf).set_params(learning_rate=RATES[0])
    members = [("a", clf), ("b", clone(clf).set_params(random_state=1)), ("idle", idle)]
    found = VotingClassifier(members).fit(X, y)
    idle = found.named_estimators_["idle"]
    assert found.score(X, y) > GOOD > idle.score(X, found.le_.transform(y))


def one_vs_rest(clf, X, y):
    found = OneVsRestClassifier(clf).fit(X, y)
    positive = [member.predict_proba(X)[:, 1] for member in found.estimators_]
    expected = np.transpose(positive) / np.sum(positive, axis=0)[:, None]
    assert_allclose(found.predict_proba(X), expected)
    assert found.score(X, y) > GOOD


def one_vs_one(clf, X, y):
    found = OneVsOneClassifier(clf).fit(X, y)
    pair = np.isin(y, ["N", "V"])
    by_hand = clone(clf).fit(X[pair], (y[pair] == "V").astype(int))
    assert len(found.estimators_) == 3
    assert_array_equal(found.estimators_[1].predict_proba(X), by_hand.predict_proba(X))
    assert found.score(X, y) > GOOD


def output_codes(clf, X, y):
    found = OutputCodeClassifier(clf, code_size=2, random_state=0).fit(X, y)
    assert len(found.estimators_) == 6
    assert found.score(X, y) > GOOD


def several_outputs(clf, X, y):
    outputs = np.column_stack([y, np.where(y == "V", "ectopic", "other")])
    found = MultiOutputClassifier(clf).fit(X, outputs)
    assert np.mean(found.predict(X) == outputs) > GOOD
    for k, proba in enumerate(found.predict_proba(X)):
        by_hand = clone(clf).fit(X, outputs[:, k])
        assert_array_equal(proba, by_hand.predict_proba(X))


def chain_of_outputs(clf, X, y):
    outputs = np.column_stack([y == "V", y == "N"]).astype(int)
    found = ClassifierChain(of_any_width(clf)).fit(X, outputs)
    assert [member.n_features_in_ for member in found.estimators_] == [X.shape[1], X.shape[1] + 1]
    assert np.mean(found.predict(X) == outputs) > 0.8


def bagging(clf, X, y):
    found = BaggingClassifier(clf, n_estimators=2, random_state=0).fit(X, y)
    probabilities = [member.predict_proba(X) for member in found.estimators_]
    assert np.any(probabilities[0] != probabilities[1])
    assert_allclose(found.predict_proba(X), np.mean(probabilities, axis=0), rtol=1e-12)
    assert found.score(X, y) > 0.8  # each learns from about 30 of the 48 samples


def boosting(clf, X, y):
    wrong = y.copy()
    wrong[:6] = np.roll(y[:6], 1)
    found = AdaBoostClassifier(clf, n_estimators=2, random_state=0).fit(X, wrong)
    # The second classifier's weights, by SAMME: wrong ones times odds of the error x (classes - 1).
    missed = found.estimators_[0].predict(X) != wrong
    odds = (1 - missed.mean()) / missed.mean() * 2
    weights = np.where(missed, odds, 1.0)
    by_hand = clone(found.estimators_[1]).fit(X, wrong, sample_weight=weights / weights.sum())
    assert 0 < missed.mean() < 2 / 3  # of no errors, and of chance, it stops
    assert_allclose(found.estimators_[1].predict_proba(X), by_hand.predict_proba(X), atol=1e-3)
    assert found.score(X, y) > GOOD  # against the right labels


def self_training(clf, X, y):
    codes = np.unique(y, return_inverse=True)[1]
    known = np.arange(48) < 30
    found = SelfTrainingClassifier(clf, threshold=0.5).fit(X, np.where(known, codes, -1))
    assert_array_equal(found.labeled_iter_[known], 0)
    assert np.all(found.labeled_iter_[~known] != 0)
    assert np.mean(found.transduction_ == codes) > GOOD


def tuned_threshold(clf, X, y):
    X, y = two_classes(X, y)
    found = TunedThresholdClassifierCV(clf, thresholds=5, cv=CV).fit(X, y)
    expected = np.where(clf.fit(X, y).predict_proba(X)[:, 1] >= found.best_threshold_, "V", "N")
    assert_array_equal(found.predict(X), expected)
    assert found.best_score_ > GOOD


def fixed_threshold(clf, X, y):
    X, y = two_classes(X, y)
    found = FixedThresholdClassifier(clf, threshold=0.9).fit(X, y)
    proba = clf.fit(X, y).predict_proba(X)[:, 1]
    assert_array_equal(found.predict(X), np.where(proba >= 0.9, "V", "N"))


# Pipelines --------------------------------------------------------------------------------------


def function_before_the_classifier(clf, X, y):
    model = make_pipeline(FunctionTransformer(np.flip, kw_args={"axis": -1}), clf)
    assert_array_equal(
        model.fit(X, y).predict_proba(X),
        clone(clf).fit(np.flip(X, -1), y).predict_proba(np.flip(X, -1)),
    )


def union_of_features(clf, X, y):
    clf = of_any_width(clf)
    union = FeatureUnion([("raw", "passthrough"), ("standardized", StandardScaler())])
    model = make_pipeline(union, clf).fit(X, y)
    both = np.hstack([X, StandardScaler().fit_transform(X)])
    assert_array_equal(model.predict_proba(X), clone(clf).fit(both, y).predict_proba(both))
    assert cross_val_score(model, X, y, cv=CV).mean() > GOOD


def selection_of_features(clf, X, y):
    clf, X = of_any_width(clf), X[:, [0, 4, 8]] if X.ndim == 2 else X
    found = SequentialFeatureSelector(clf, n_features_to_select=1, cv=CV).fit(X, y)
    scores = [cross_val_score(clf, X[:, [k]], y, cv=CV).mean() for k in range(X.shape[1])]
    assert_array_equal(found.get_support(indices=True), [np.argmax(scores)])


def metadata_routing(clf, X, y):
    # A third of the labels is wrong and weighs nothing, in the fit and in the score.
    wrong = np.arange(48) % 4 == 0
    weights = np.where(wrong, 0.0, 1.0)
    labels = np.where(wrong, np.roll(y, 1), y)
    with config_context(enable_metadata_routing=True):
        clf.set_fit_request(sample_weight=True).set_score_request(sample_weight=True)
        search = GridSearchCV(
            make_pipeline(FunctionTransformer(), clf),
            {f"{type(clf).__name__.lower()}__learning_rate": RATES},
            cv=CV, error_score="raise",
        )  # fmt: skip
        search.fit(X, labels, sample_weight=weights)
    assert search.best_score_ > GOOD
    assert search.score(X, labels) < 0.8


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


# The lists --------------------------------------------------------------------------------------

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
    calibration,
    calibration_of_a_fitted_classifier,
    stacking,
    voting_by_probability,
    voting_by_majority,
    one_vs_rest,
    several_outputs,
    boosting,
    tuned_threshold,
    fixed_threshold,
    function_before_the_classifier,
    metadata_routing,
    displays_of_a_fitted_classifier,
    displays_of_curves,
]
# scikit-learn validates X as a table: "Found array with dim 3".
TABLES_ONLY = [
    importance_of_features,
    partial_dependence_on_a_feature,
    one_vs_one,
    output_codes,
    chain_of_outputs,
    bagging,
    self_training,
    union_of_features,
    selection_of_features,
]
