from __future__ import annotations

import pickle

import numpy as np
import pytest
import sklearn
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import recall_score
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    KFold,
    StratifiedKFold,
    cross_val_score,
    cross_validate,
)
from sklearn.neighbors import KNeighborsClassifier

from skecg.metrics import (
    aami_scorers,
    j_kappa_scorer,
    positive_predictivity_scorer,
    sensitivity_scorer,
)

NAMES = np.array(["N", "S", "V"])
CODES = np.random.default_rng(0).permutation(np.repeat([0, 1, 2], [40, 25, 25]))
X = np.random.default_rng(1).normal(size=(90, 2)) + CODES[:, np.newaxis]
CV = StratifiedKFold(3)


@pytest.mark.parametrize("y", [CODES, NAMES[CODES]], ids=["codes", "names"])
def test_cross_val_score_equals_scikit_learns_recall(y):
    expected = []
    for train, test in CV.split(X, y):
        predicted = KNeighborsClassifier().fit(X[train], y[train]).predict(X[test])
        recalls = recall_score(y[test], predicted, labels=np.unique(y), average=None)
        expected.append(recalls[2])  # N, S, V is the order of the codes and of the alphabet
    for label in ("V", 2):
        scorer = sensitivity_scorer(label)
        scores = cross_val_score(KNeighborsClassifier(), X, y, cv=CV, scoring=scorer)
        np.testing.assert_allclose(scores, expected)


@pytest.mark.parametrize("y", [CODES, NAMES[CODES]], ids=["codes", "names"])
def test_cross_validate_with_all_scorers_and_others_beside_them(y):
    scoring = {**aami_scorers(convention="ec57"), "f1_macro": "f1_macro"}
    results = cross_validate(KNeighborsClassifier(), X, y, cv=CV, scoring=scoring)
    assert {name.removeprefix("test_") for name in results if name.startswith("test_")} == {
        "sensitivity_S",
        "positive_predictivity_S",
        "sensitivity_V",
        "positive_predictivity_V",
        "j_kappa",
        "f1_macro",
    }
    for name in scoring:
        assert np.isfinite(results[f"test_{name}"]).all()


@pytest.mark.parametrize("y", [CODES, NAMES[CODES]], ids=["codes", "names"])
@pytest.mark.parametrize(
    "scoring",
    [
        sensitivity_scorer("V", zero_division=0.0),
        positive_predictivity_scorer("V", zero_division=0.0),
        j_kappa_scorer(zero_division=0.0),
    ],
    ids=["sensitivity", "positive predictivity", "j-kappa"],
)
def test_grid_search_prefers_the_candidate_that_finds_the_class(y, scoring):
    # 60 neighbours are the whole training fold, in which N is the most frequent: all called N.
    search = GridSearchCV(KNeighborsClassifier(), {"n_neighbors": [60, 5]}, scoring=scoring, cv=CV)
    search.fit(X, y)
    assert search.best_params_ == {"n_neighbors": 5}
    assert search.cv_results_["mean_test_score"][0] == 0.0


def test_a_fold_without_the_class_scores_nan_or_what_is_asked():
    y = np.array(["V", "N", "V", "N", "N", "N"])
    run = {"X": np.zeros((6, 1)), "y": y, "cv": [([0, 1], [2, 3]), ([0, 1], [4, 5])]}
    always_v = DummyClassifier(strategy="constant", constant="V")
    scores = cross_val_score(always_v, scoring=sensitivity_scorer("V"), **run)
    np.testing.assert_array_equal(scores, [1.0, np.nan])
    scores = cross_val_score(always_v, scoring=sensitivity_scorer("V", zero_division=0.0), **run)
    np.testing.assert_array_equal(scores, [1.0, 0.0])


def test_zero_division_0_leaves_a_search_its_order_where_a_fold_lacks_the_class():
    groups = np.repeat([0, 1, 2], 30)
    y = np.where((groups == 2) & (CODES == 2), 0, CODES)
    search = GridSearchCV(
        KNeighborsClassifier(),
        {"n_neighbors": [60, 3]},
        scoring=sensitivity_scorer("V", zero_division=0.0),
        cv=GroupKFold(3),
    ).fit(X, y, groups=groups)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    assert search.best_params_ == {"n_neighbors": 3}


def test_a_typing_error_fails_at_once_and_not_as_a_failed_fold():
    for make in (sensitivity_scorer, positive_predictivity_scorer):
        with pytest.raises(ValueError, match=r"label must contain .*; got 'v'"):
            make("v")
    for make in (j_kappa_scorer, aami_scorers):
        with pytest.raises(ValueError, match="convention must be one of"):
            make(convention="EC57")


def test_codes_in_another_order_are_scored_by_target_names():
    # One neighbour, so that no tie between classes is broken by their order.
    run = {"estimator": KNeighborsClassifier(1), "X": X, "cv": KFold(3)}
    expected = cross_val_score(y=NAMES[CODES], scoring=sensitivity_scorer("V"), **run)
    reversed_codes = sensitivity_scorer("V", target_names=["V", "S", "N"])
    np.testing.assert_array_equal(
        cross_val_score(y=2 - CODES, scoring=reversed_codes, **run), expected
    )


def test_sample_weight_is_routed_to_the_scorer():
    weight = np.random.default_rng(2).random(90)
    with sklearn.config_context(enable_metadata_routing=True):
        scorer = sensitivity_scorer("V").set_score_request(sample_weight=True)
        classifier = LogisticRegression().set_fit_request(sample_weight=False)
        routed = cross_val_score(
            classifier, X, CODES, cv=CV, scoring=scorer, params={"sample_weight": weight}
        )
    for (train, test), score in zip(CV.split(X, CODES), routed):
        predicted = LogisticRegression().fit(X[train], CODES[train]).predict(X[test])
        v = CODES[test] == 2
        expected = weight[test][v & (predicted == 2)].sum() / weight[test][v].sum()
        assert score == pytest.approx(expected)


def test_scorers_survive_pickling_as_parallel_searches_need():
    classifier = KNeighborsClassifier().fit(X, CODES)
    for scorer in aami_scorers().values():
        assert pickle.loads(pickle.dumps(scorer))(classifier, X, CODES) == scorer(
            classifier, X, CODES
        )
