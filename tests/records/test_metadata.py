from __future__ import annotations

import warnings

import numpy as np
import pytest
from imblearn.over_sampling import RandomOverSampler
from imblearn.pipeline import make_pipeline as make_resampling_pipeline
from numpy.testing import assert_allclose, assert_array_equal
from records_of_waves import RATE, waves
from sklearn import config_context
from sklearn.decomposition import PCA
from sklearn.ensemble import RandomForestClassifier
from sklearn.exceptions import UnsetMetadataPassedError
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, GroupKFold, cross_validate
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skecg import BeatSegmenter, BeatVoteClassifier, ECGResidualCNNClassifier
from skecg.records._metadata import shared_weights
from skecg.training import _targets

SEGMENTER = BeatSegmenter(sampling_rate=RATE, scale="beat")
X, Y = waves()
ROW = SEGMENTER.segment(X).row
N_BEATS = np.bincount(ROW)
SUBJECTS = np.array([f"subject {i // 4}" for i in range(24)])
WEIGHTS = np.linspace(0.5, 2, 24)


class Spy(LogisticRegression):
    """Keeps what its fit receives."""

    def fit(self, X, y, sample_weight=None, groups=None):
        self.received_ = {"y": y, "sample_weight": sample_weight, "groups": groups}
        return super().fit(X, y, sample_weight)


def network(**params) -> ECGResidualCNNClassifier:
    tiny = {"n_filters": 2, "n_blocks": 1, "n_hidden": 4, "max_epochs": 1, "random_state": 0}
    return ECGResidualCNNClassifier(**{**tiny, **params})


def vote(classifier, **params) -> BeatVoteClassifier:
    return BeatVoteClassifier(SEGMENTER, classifier, **params)


def received(clf: BeatVoteClassifier) -> dict:
    last = clf.classifier_
    return (last[-1] if hasattr(last, "steps") else last).received_


@pytest.fixture
def splits(monkeypatch) -> list:
    """The groups in the two parts of every inner early-stopping split."""
    found = []

    def spy(y, groups, *others):
        parts = original(y, groups, *others)
        found.append([set(groups[part].tolist()) for part in parts])
        return parts

    original = _targets.validation_split
    monkeypatch.setattr(_targets, "validation_split", spy)
    return found


# Groups -----------------------------------------------------------------------------------------


def test_the_classifier_receives_the_labels_and_groups_of_the_beats():
    clf = vote(Spy()).fit(X, Y, groups=SUBJECTS)
    assert_array_equal(received(clf)["y"], Y[ROW])
    assert_array_equal(received(clf)["groups"], SUBJECTS[ROW])
    assert received(clf)["sample_weight"] is None


def test_without_groups_every_record_is_one():
    assert_array_equal(received(vote(Spy()).fit(X, Y))["groups"], ROW)


@pytest.mark.parametrize("groups", [None, SUBJECTS, SUBJECTS.tolist()])
@pytest.mark.parametrize("routing", [False, True])
@pytest.mark.parametrize("in_pipeline", [False, True])
def test_early_stopping_divides_no_group(splits, groups, routing, in_pipeline):
    with config_context(enable_metadata_routing=routing):
        classifier = network(early_stopping=True, validation_fraction=0.3)
        if routing and groups is not None:
            classifier.set_fit_request(groups=True)
        if in_pipeline:
            classifier = make_pipeline(StandardScaler(), classifier)
        vote(classifier).fit(X, Y, groups=groups)
    ((train, valid),) = splits
    assert train
    assert valid
    assert not train & valid
    # All of them: one for each record, or the six subjects.
    assert train | valid == set(range(24) if groups is None else SUBJECTS.tolist())


def test_groups_reach_the_last_step_of_any_pipeline():
    inner = make_pipeline(StandardScaler(), make_pipeline(PCA(5), Spy()))
    clf = vote(inner).fit(X, Y, groups=SUBJECTS, sample_weight=WEIGHTS)
    assert_array_equal(received_deep(clf)["groups"], SUBJECTS[ROW])
    assert_array_equal(received_deep(clf)["sample_weight"], WEIGHTS[ROW])
    clf = vote(make_resampling_pipeline(StandardScaler(), Spy())).fit(X, Y, groups=SUBJECTS)
    assert_array_equal(received(clf)["groups"], SUBJECTS[ROW])


def test_groups_in_the_params_of_cross_validation_reach_the_classifier():
    found = cross_validate(
        vote(Spy()), X, Y, groups=SUBJECTS, params={"groups": SUBJECTS}, cv=GroupKFold(2),
        return_estimator=True, return_indices=True,
    )  # fmt: skip
    for fitted, train in zip(found["estimator"], found["indices"]["train"]):
        expected = SUBJECTS[train][SEGMENTER.segment(X[train]).row]
        assert_array_equal(received(fitted)["groups"], expected)


def received_deep(clf: BeatVoteClassifier) -> dict:
    return clf.classifier_[-1][-1].received_


def test_groups_reach_the_splitter_of_an_inner_search():
    class Watched(GroupKFold):
        seen: list = []

        def split(self, X, y=None, groups=None):
            self.seen.append(groups)
            return super().split(X, y, groups)

    search = GridSearchCV(LogisticRegression(), {"C": [0.1, 1]}, cv=Watched(3))
    clf = vote(search).fit(X, Y, groups=SUBJECTS, sample_weight=WEIGHTS)
    assert_array_equal(Watched.seen[0], SUBJECTS[ROW])
    assert clf.score(X, Y) == 1.0


def test_a_classifier_whose_fit_takes_no_groups_simply_works():
    assert vote(KNeighborsClassifier(1)).fit(X, Y, groups=SUBJECTS).score(X, Y) == 1.0


def test_early_stopping_that_cannot_be_given_groups_is_warned_of():
    mlp = MLPClassifier(early_stopping=True, max_iter=5, random_state=0)
    for classifier, name in (
        (mlp, "early_stopping"),
        (make_pipeline(StandardScaler(), mlp), "mlpclassifier__early_stopping"),
        (GridSearchCV(network(early_stopping=True), {}, cv=GroupKFold(2)), "estimator__early_"),
    ):
        with warnings.catch_warnings():
            # Of convergence.
            warnings.simplefilter("ignore")
            warnings.filterwarnings("always", message=".*=True of the classifier of beats")
            with pytest.warns(UserWarning, match=f"{name}.*also trains on.*groups"):
                # The MLPClassifier of scikit-learn 1.6 stops early with numbers as labels only.
                vote(classifier).fit(X, np.unique(Y, return_inverse=True)[1])


def test_a_frozen_classifier_stopped_early_long_ago():
    found = SEGMENTER.segment(X, Y)
    source = network(early_stopping=True).fit(found.beats, found.target)
    vote(FrozenEstimator(source)).fit(X, Y)
    vote(network(init_from=FrozenEstimator(source))).fit(X, Y)


# Samplers ---------------------------------------------------------------------------------------


def test_a_sampler_balances_the_beats():
    X_few, y_few = X[np.r_[0:24:2, 1, 3]], Y[np.r_[0:24:2, 1, 3]]
    for routing in (False, True):
        with config_context(enable_metadata_routing=routing):
            inner = make_resampling_pipeline(RandomOverSampler(random_state=0), Spy())
            clf = vote(inner).fit(X_few, y_few)
        counts = np.unique(received(clf)["y"], return_counts=True)[1]
        assert counts[0] == counts[1]
        assert received(clf)["groups"] is None
        assert_allclose(clf.class_prior_, [12 / 14, 2 / 14])  # of the records, as they came


def test_a_network_behind_a_sampler():
    inner = make_resampling_pipeline(RandomOverSampler(random_state=0), network())
    assert vote(inner).fit(X, Y, groups=SUBJECTS).predict_proba(X).shape == (24, 2)


@pytest.mark.parametrize("routing", [False, True])
@pytest.mark.parametrize("groups", [None, SUBJECTS])
def test_a_sampler_before_early_stopping_is_refused_with_the_remedy(routing, groups):
    with config_context(enable_metadata_routing=routing):
        classifier = network(early_stopping=True)
        if routing:
            classifier.set_fit_request(groups=True)
        inner = make_resampling_pipeline(RandomOverSampler(), classifier)
        with pytest.raises(ValueError, match=r"sampler.*class_weight='balanced'.*early_stopping=F"):
            vote(inner).fit(X, Y, groups=groups)


def test_weights_behind_a_sampler_are_refused():
    inner = make_resampling_pipeline(RandomOverSampler(), LogisticRegression())
    with pytest.raises(ValueError, match="a sampler before it cannot"):
        vote(inner).fit(X, Y, sample_weight=WEIGHTS)


# Weights ----------------------------------------------------------------------------------------


def test_every_beat_weighs_what_its_record_weighs():
    clf = vote(Spy()).fit(X, Y, sample_weight=WEIGHTS)
    assert_array_equal(received(clf)["sample_weight"], WEIGHTS[ROW])
    expected = [WEIGHTS[label == Y].sum() / WEIGHTS.sum() for label in ("narrow", "wide")]
    assert_allclose(clf.class_prior_, expected)


def test_shared_weights_make_all_records_equal():
    clf = vote(Spy(), beat_weight="shared").fit(X, Y)
    weights = received(clf)["sample_weight"]
    assert N_BEATS.min() < N_BEATS.max()
    assert_allclose(np.bincount(ROW, weights), np.full(24, len(ROW) / 24))
    weights = received(clf.fit(X, Y, sample_weight=WEIGHTS))["sample_weight"]
    by_record = np.bincount(ROW, weights)
    assert_allclose(by_record / by_record.sum(), WEIGHTS / WEIGHTS.sum())
    # All together they weigh what they would without sharing.
    assert_allclose(by_record.sum(), WEIGHTS[ROW].sum())


def test_a_record_without_a_beat_has_nothing_to_share():
    weights = shared_weights(np.array([2, 0, 4]), np.array([1.0, 5.0, 1.0]))
    assert_allclose(weights, [1.5, 0, 0.75])


@pytest.mark.parametrize("beat_weight", ["equal", "shared"])
def test_a_weight_of_two_is_a_record_that_stands_twice(beat_weight):
    weights = np.where(np.arange(24) % 3, 1, 2)
    twice = np.repeat(np.arange(24), weights)
    model = vote(LogisticRegression(tol=1e-10, max_iter=5000), beat_weight=beat_weight)
    plain = model.fit(X, Y).predict_proba(X)
    weighted = model.fit(X, Y, sample_weight=weights).predict_proba(X)
    assert np.abs(plain - weighted).max() > 1e-3
    # Beats are float32, and so the solver.
    assert_allclose(model.fit(X[twice], Y[twice]).predict_proba(X), weighted, atol=1e-4)


@pytest.mark.parametrize("routing", [False, True])
def test_weights_that_cannot_be_given_are_refused(routing):
    shared = vote(KNeighborsClassifier(), beat_weight="shared")
    message = "cannot be given to KNeighborsClassifier"
    with config_context(enable_metadata_routing=routing), pytest.raises(ValueError, match=message):
        shared.fit(X, Y)
    with pytest.raises(ValueError, match=message):
        vote(KNeighborsClassifier()).fit(X, Y, sample_weight=WEIGHTS)


# Metadata routing -------------------------------------------------------------------------------


def test_other_keywords_need_metadata_routing():
    with pytest.raises(ValueError, match="enable_metadata_routing=True"):
        vote(Spy()).fit(X, Y, patient=SUBJECTS)


def test_routing_carries_groups_and_weights_through_cross_validation():
    with config_context(enable_metadata_routing=True):
        inner = Spy().set_fit_request(groups=True, sample_weight=True)
        inner.set_score_request(sample_weight=True)
        scaler = StandardScaler().set_fit_request(sample_weight=False)
        clf = vote(make_pipeline(scaler, inner))
        clf.set_fit_request(groups=True, sample_weight=True).set_score_request(sample_weight=True)
        found = cross_validate(
            clf, X, Y, cv=GroupKFold(3), params={"groups": SUBJECTS, "sample_weight": WEIGHTS},
            return_estimator=True, return_indices=True, error_score="raise",
        )  # fmt: skip
    for fitted, train in zip(found["estimator"], found["indices"]["train"]):
        row = SEGMENTER.segment(X[train]).row
        assert_array_equal(received(fitted)["groups"], SUBJECTS[train][row])
        assert_array_equal(received(fitted)["sample_weight"], WEIGHTS[train][row])


def test_routing_by_another_name():
    with config_context(enable_metadata_routing=True):
        clf = vote(Spy().set_fit_request(groups="patient")).fit(X, Y, patient=SUBJECTS)
    assert_array_equal(received(clf)["groups"], SUBJECTS[ROW])


def test_routing_hands_on_only_what_is_requested():
    with config_context(enable_metadata_routing=True):
        with pytest.raises(UnsetMetadataPassedError, match="set_fit_request"):
            vote(Spy()).fit(X, Y, groups=SUBJECTS)
        declined = Spy().set_fit_request(groups=False)
        assert received(vote(declined).fit(X, Y, groups=SUBJECTS))["groups"] is None
        assert received(vote(declined).fit(X, Y))["groups"] is None
        spy = Spy()
        clf = vote(spy, beat_weight="shared").fit(X, Y)
        assert_array_equal(received(clf)["groups"], ROW)
        assert_allclose(np.bincount(ROW, received(clf)["sample_weight"]), len(ROW) / 24)
        # The request is the copy's.
        assert spy.get_metadata_routing().fit.requests["groups"] is None


def test_the_default_network_requests_what_it_takes():
    with config_context(enable_metadata_routing=True):
        routing = BeatVoteClassifier().get_metadata_routing()
        assert routing.consumes("fit", ["groups", "sample_weight"]) == {"groups", "sample_weight"}


def test_a_forest_takes_weights_with_routing_and_without():
    for routing in (False, True):
        with config_context(enable_metadata_routing=routing):
            forest = RandomForestClassifier(5, random_state=0)
            if routing:
                forest.set_fit_request(sample_weight=True)
            clf = vote(forest).fit(X, Y, sample_weight=WEIGHTS)
        assert clf.score(X, Y) == 1.0
