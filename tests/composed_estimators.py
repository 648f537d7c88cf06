"""Estimators around a classifier, and pipelines that end in one, one function for each.

Each takes a classifier and samples of any number of axes and checks what scikit-learn makes of them
against a direct computation.
"""

from __future__ import annotations

import numpy as np
from composition_cases import CV, GOOD, RATES, of_any_width, split, two_classes
from numpy.testing import assert_allclose, assert_array_equal
from sklearn import config_context
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import (
    AdaBoostClassifier,
    BaggingClassifier,
    StackingClassifier,
    VotingClassifier,
)
from sklearn.feature_selection import SequentialFeatureSelector
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import (
    FixedThresholdClassifier,
    GridSearchCV,
    TunedThresholdClassifierCV,
    cross_val_score,
)
from sklearn.multiclass import OneVsOneClassifier, OneVsRestClassifier, OutputCodeClassifier
from sklearn.multioutput import ClassifierChain, MultiOutputClassifier
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.semi_supervised import SelfTrainingClassifier

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
    clf.set_params(max_epochs=8)  # in bfloat16 they may need more than in float32
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
        # In scikit-learn 1.7, the pipeline itself must be asked for it, too.
        model = make_pipeline(FunctionTransformer(), clf).set_score_request(sample_weight=True)
        search = GridSearchCV(
            model,
            {f"{type(clf).__name__.lower()}__learning_rate": RATES},
            cv=CV, error_score="raise",
        )  # fmt: skip
        search.fit(X, labels, sample_weight=weights)
    assert search.best_score_ > GOOD
    assert search.score(X, labels) < 0.8


# -------------------------------------------------------------------------------------------------

ANY_SHAPE = [
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
]
# scikit-learn validates X as a table: "Found array with dim 3".
TABLES_ONLY = [
    one_vs_one,
    output_codes,
    chain_of_outputs,
    bagging,
    self_training,
    union_of_features,
    selection_of_features,
]
