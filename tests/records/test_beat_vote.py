from __future__ import annotations

import pickle

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from records_of_waves import RATE, unequal, waves
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import StackingClassifier, VotingClassifier
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    StratifiedGroupKFold,
    cross_val_predict,
    cross_val_score,
    cross_validate,
)
from sklearn.naive_bayes import GaussianNB
from sklearn.neural_network import MLPClassifier
from sklearn.tree import DecisionTreeClassifier
from sklearn.utils import get_tags

import skecg
from skecg import BeatSegmenter, BeatVoteClassifier, ECGResidualCNNClassifier
from skecg.datasets import load_ptbxl

SEGMENTER = BeatSegmenter(sampling_rate=RATE, scale="beat")


def network(**params) -> ECGResidualCNNClassifier:
    defaults = {
        "n_filters": 4,
        "n_blocks": 3,
        "max_epochs": 20,
        "batch_size": 16,
        "learning_rate": 1e-2,
        "random_state": 0,
    }
    return ECGResidualCNNClassifier(**{**defaults, **params})


def vote(classifier=None, **params) -> BeatVoteClassifier:
    return BeatVoteClassifier(SEGMENTER, classifier or LogisticRegression(), **params)


# Fitting ----------------------------------------------------------------------------------------


def test_labels_are_those_of_the_records():
    X, y = waves()
    clf = vote(network()).fit(X, y)
    assert clf.classes_.tolist() == ["narrow", "wide"]
    assert_array_equal(clf.class_prior_, [0.5, 0.5])
    assert clf.n_features_in_ == 1000
    assert clf.score(*waves(seed=1)) > 0.9  # guessing gives 0.5
    probabilities = clf.predict_proba(X)
    assert probabilities.dtype == np.float64
    assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-14)
    assert_array_equal(clf.predict(X), clf.classes_[probabilities.argmax(axis=1)])
    assert_array_equal(clf.predict_log_proba(X), np.log(probabilities))


def test_records_of_different_lengths():
    X, y = unequal()
    clf = vote().fit(X, y)
    assert not hasattr(clf, "n_features_in_")
    assert clf.score(*unequal(seed=1)) == 1.0
    assert_array_equal(clf.predict_proba(X[3:7]), clf.predict_proba(X)[3:7])
    # Fitted on a table before, it forgets that.
    again = vote().fit(*waves()).fit(X, y)
    assert not hasattr(again, "n_features_in_")
    assert_array_equal(again.predict_proba(X), clf.predict_proba(X))


def test_the_defaults_are_a_segmenter_and_a_network():
    clf = BeatVoteClassifier()
    assert clf.get_params() == {
        "segmenter": None, "classifier": None, "voting": "soft", "beat_weight": "equal"
    }  # fmt: skip
    assert isinstance(clf._classifier(), ECGResidualCNNClassifier)
    X, y = waves(4)
    clf.set_params(classifier=LogisticRegression()).fit(X, y)
    assert clf.segmenter_.get_params() == BeatSegmenter(detector="sleepecg").get_params()


@pytest.mark.parametrize(
    ("name", "value", "remedy"),
    [
        ("classifier__max_epochs", 2, r"set_params\(classifier=ECGResidualCNNClassifier\(\)\)"),
        (
            "segmenter__threshold",
            0.8,
            r"set_params\(segmenter=BeatSegmenter\(detector='sleepecg'\)\)",
        ),
    ],
)
def test_parameters_of_a_part_that_is_none_are_refused(name, value, remedy):
    part = name.partition("__")[0]
    clf = BeatVoteClassifier()
    with pytest.raises(ValueError, match=rf"{name} is a parameter of {part}, but .*{remedy}"):
        clf.set_params(**{name: value})
    assert clf.get_params()[part] is None
    with pytest.raises(ValueError, match=f"Give {part}= an estimator first"):
        clf.set_params(**{part: "default", name: value})
    with pytest.raises(ValueError, match="Invalid parameter"):
        clf.set_params(colour__red=1)


def test_a_part_and_its_parameters_are_set_together():
    clf = BeatVoteClassifier()
    clf.set_params(classifier=ECGResidualCNNClassifier(), classifier__max_epochs=2)
    assert clf.classifier.max_epochs == 2


def test_fit_changes_no_parameter_and_the_inner_estimators_stay_unfitted():
    X, y = waves()
    clf = vote(network(max_epochs=1))
    before = clf.get_params()
    clf.fit(X, y)
    assert clf.get_params() == before
    assert not hasattr(clf.classifier, "net_")
    assert clf.classifier_ is not clf.classifier
    assert clf.segmenter_ is not clf.segmenter
    copy = clone(clf)
    assert not [name for name in vars(copy) if name.endswith("_")]
    assert_array_equal(copy.fit(X, y).predict_proba(X), clf.predict_proba(X))
    assert_array_equal(pickle.loads(pickle.dumps(clf)).predict_proba(X), clf.predict_proba(X))


def test_any_of_scikit_learns_classifiers_will_do():
    X, y = waves()
    for classifier in (DecisionTreeClassifier(random_state=0), GaussianNB()):
        assert vote(classifier).fit(X, y).score(X, y) == 1.0


def test_a_fitted_classifier_of_beats_votes_on_records():
    X, y = waves()
    found = SEGMENTER.segment(X, y)
    frozen = FrozenEstimator(LogisticRegression().fit(found.beats, found.target))
    clf = vote(frozen).fit(X, y)
    assert_array_equal(clf.predict_proba(X), vote().fit(X, y).predict_proba(X))
    with pytest.raises(ValueError, match=r"knows the classes \['narrow', 'wide'\], but y has"):
        vote(frozen).fit(X, np.char.upper(y))


# Voting -----------------------------------------------------------------------------------------


def test_predict_beats_is_the_table_behind_the_vote():
    X, y = waves()
    clf = vote(DecisionTreeClassifier(max_depth=1, random_state=0)).fit(X, y)
    beats = clf.predict_beats(X)
    found = SEGMENTER.segment(X)
    for name in ("row", "window", "r_peak", "period", "beats"):
        assert_array_equal(beats[name], found[name])
    assert_array_equal(beats.probabilities, clf.classifier_.predict_proba(found.beats))
    assert_array_equal(beats.label, clf.classifier_.predict(found.beats))
    soft = [beats.probabilities[beats.row == i].mean(axis=0) for i in range(len(X))]
    assert_allclose(clf.predict_proba(X), soft, rtol=1e-12)
    hard = [np.mean(beats.label[beats.row == i] == "wide") for i in range(len(X))]
    assert_allclose(clf.set_params(voting="hard").predict_proba(X)[:, 1], hard, rtol=1e-12)


def test_a_hard_vote_needs_no_probabilities():
    X, y = waves()
    clf = vote(RidgeClassifier(), voting="hard").fit(X, y)
    assert clf.score(X, y) == 1.0
    assert clf.predict_beats(X).probabilities is None
    for voting in ("soft", "mean-logit", np.mean):
        with pytest.raises(ValueError, match="RidgeClassifier has no predict_proba"):
            vote(RidgeClassifier(), voting=voting).fit(X, y)


def test_a_function_as_voting():
    X, y = waves()
    clf = vote(voting=lambda beats: beats.max(axis=0)).fit(X, y)
    assert_allclose(clf.predict_proba(X).sum(axis=1), 1, rtol=1e-14)
    with pytest.raises(ValueError, match="one number for each of the 2 classes"):
        clf.set_params(voting=np.mean).predict(X)


def test_unknown_options_are_refused():
    X, y = waves()
    for params in ({"voting": "softly"}, {"beat_weight": "fair"}, {"segmenter": "threshold"}):
        with pytest.raises(ValueError, match=next(iter(params))):
            vote().set_params(**params).fit(X, y)


# Records without a beat -------------------------------------------------------------------------


def test_a_record_without_a_beat_gets_the_class_prior():
    X, y = waves()
    clf = vote().fit(X, y, sample_weight=np.where(y == "wide", 3.0, 1.0))
    X = X.copy()
    X[[2, 5]] = 0
    with pytest.warns(UserWarning, match="2 of 24 records have no beat, the first of them record"):
        probabilities = clf.predict_proba(X)
    assert_array_equal(probabilities[[2, 5]], [[0.25, 0.75]] * 2)
    assert_array_equal(
        np.delete(probabilities, [2, 5], 0), clf.predict_proba(np.delete(X, [2, 5], 0))
    )
    with pytest.warns(UserWarning, match="record 2: they are not in the result"):
        assert set(clf.predict_beats(X).row) == set(range(24)) - {2, 5}
    with pytest.warns(UserWarning, match="2 of 2 records have no beat"):
        assert clf.predict(X[[2, 5]]).tolist() == ["wide", "wide"]
    with pytest.warns(UserWarning, match="2 of 2"):
        beats = clf.predict_beats(X[[2, 5]])
    assert beats.probabilities.shape == (0, 2)
    assert beats.label.shape == (0,)


def test_a_record_without_a_beat_is_left_out_of_training():
    X, y = waves()
    without = X.copy()
    without[[2, 5]] = 0
    with pytest.warns(
        UserWarning, match="2 of 24 records have no beat.*not used in training"
    ) as said:
        clf = vote().fit(without, y)
    assert len(said) == 1
    kept = np.delete(np.arange(24), [2, 5])
    assert_array_equal(clf.predict_proba(X), vote().fit(X[kept], y[kept]).predict_proba(X))
    # 12 and 12 records, of which one each has no beat.
    assert_array_equal(clf.class_prior_, [0.5, 0.5])


@pytest.mark.filterwarnings("ignore:.*have no beat:UserWarning")
def test_without_a_beat_of_any_or_of_one_class_there_is_an_error():
    X, y = waves()
    with pytest.raises(ValueError, match="no record of any class has a beat"):
        vote().fit(np.zeros_like(X), y)
    with pytest.raises(ValueError, match=r"no record of \['wide'\] has a beat"):
        vote().fit(np.where((y == "wide")[:, None], 0, X), y)


def test_a_segmenter_that_raises_is_heard():
    X, y = waves()
    X[3] = 0
    with pytest.raises(ValueError, match="first of them row 3"):
        BeatVoteClassifier(BeatSegmenter(on_empty="raise"), GaussianNB()).fit(X, y)


@pytest.mark.parametrize(
    ("X", "y", "message"),
    [
        ([np.ones(900), np.full(1000, np.nan)], [0, 1], "record 1 of X contains NaN"),
        ([np.ones(900), np.ones((1000, 2))], [0, 1], "record 1 of X"),
        ([np.ones(900), np.ones(1000)], [0, 1, 1], "inconsistent numbers of samples"),
        (np.ones((2, 3, 900)), [0, 1], r"one lead a row, got \(2, 3, 900\)"),
    ],
)
def test_wrong_records_are_refused(X, y, message):
    with pytest.raises(ValueError, match=message):
        vote().fit(X, y)


def test_wrong_weights_and_groups_are_refused():
    X, y = waves()
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        vote().fit(X, y, groups=[1, 2, 3])
    with pytest.raises(ValueError, match=r"[Nn]egative"):
        vote().fit(X, y, sample_weight=np.full(24, -1.0))
    with pytest.raises(ValueError, match="zero"):
        vote().fit(X, y, sample_weight=np.zeros(24))


# Composition ------------------------------------------------------------------------------------


class Recorder(GaussianNB):
    """Keeps the beats that it was fitted on."""

    def fit(self, X, y):
        self.beats_ = X
        return super().fit(X, y)


def test_no_record_straddles_a_fold():
    X, y = waves()
    found = cross_validate(vote(Recorder()), X, y, cv=4, return_estimator=True, return_indices=True)
    for clf, train, test in zip(found["estimator"], *found["indices"].values()):
        seen = {beat.tobytes() for beat in clf.classifier_.beats_}
        assert seen == {beat.tobytes() for beat in SEGMENTER.segment(X[train]).beats}
        assert not seen & {beat.tobytes() for beat in SEGMENTER.segment(X[test]).beats}


def test_search_over_segmenter_classifier_and_voting():
    X, y = waves()
    grid = {
        "segmenter__threshold": [0.8, 0.9],
        "classifier__max_epochs": [1, 2],
        "voting": ["soft", "hard", "mean-logit"],
    }
    model = vote(network())
    search = GridSearchCV(model, grid, cv=StratifiedGroupKFold(2))
    search.fit(X, y, groups=np.arange(24) // 2)
    assert len(search.cv_results_["params"]) == 12
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    best = search.best_estimator_
    assert best.segmenter_.threshold == search.best_params_["segmenter__threshold"]
    assert best.classifier_.n_iter_ == search.best_params_["classifier__max_epochs"]


@pytest.mark.parametrize("data", [waves, unequal])
def test_cross_val_predict_gives_every_record_its_probabilities(data):
    X, y = data()
    found = cross_val_predict(
        vote(), X, y, groups=np.arange(24) // 3, cv=GroupKFold(3), method="predict_proba"
    )
    assert found.shape == (24, 2)
    assert np.mean(found.argmax(axis=1) == (y == "wide")) == 1.0


def test_processes_give_the_same_scores():
    X, y = waves()
    alone, beside = (cross_val_score(vote(), X, y, cv=2, n_jobs=n) for n in (1, 2))
    assert_array_equal(alone, beside)


@pytest.mark.parametrize(
    "around",
    [
        lambda clf: CalibratedClassifierCV(clf, cv=3),
        lambda clf: VotingClassifier([("a", clf), ("b", clone(clf))], voting="soft"),
        lambda clf: StackingClassifier([("a", clf)], cv=3),
    ],
    ids=["calibrated", "voting", "stacking"],
)
def test_inside_scikit_learns_meta_estimators(around):
    X, y = waves()
    model = around(vote()).fit(X, y)
    assert model.predict_proba(X).shape == (24, 2)
    assert model.score(X, y) > 0.9


def test_a_network_that_votes_can_be_calibrated():
    X, y = waves()
    model = CalibratedClassifierCV(vote(network()), cv=2).fit(X, y)
    assert_allclose(model.predict_proba(X).sum(axis=1), 1)
    assert model.score(X, y) > 0.9


def test_html_names_both_parts():
    text = vote()._repr_html_()
    assert "BeatSegmenter" in text
    assert "LogisticRegression" in text


def test_infarction_by_patient_on_real_records(data_home):
    bunch = load_ptbxl(data_home, task="mi-vs-norm", sampling_rate=125, leads="II")
    segmenter = BeatSegmenter(sampling_rate=125, scale="beat")
    model = BeatVoteClassifier(segmenter, LogisticRegression(max_iter=200, C=0.1))
    folds = StratifiedGroupKFold(3, shuffle=True, random_state=0)
    with pytest.warns(UserWarning, match="records have no beat"):
        scores = cross_val_score(
            model, bunch.data, bunch.target, groups=bunch.groups, cv=folds, scoring="roc_auc"
        )
    # Guessing gives 0.5; 0.80 was found on the first run.
    assert scores.mean() > 0.7


# Files ------------------------------------------------------------------------------------------


def test_a_loaded_classifier_is_the_saved_one(tmp_path):
    X, y = waves()
    clf = vote(network(max_epochs=1), voting="mean-logit", beat_weight="shared").fit(X, y)
    path = tmp_path / "votes.safetensors"
    skecg.save(clf, path)
    loaded = skecg.load(path)
    assert vars(loaded).keys() == vars(clf).keys()
    assert_array_equal(loaded.predict_proba(X), clf.predict_proba(X))
    assert_array_equal(loaded.predict(X), clf.predict(X))
    assert_array_equal(loaded.fit(X, y).predict_proba(X), clf.predict_proba(X))
    card = skecg.describe(path)
    assert "BeatVoteClassifier(beat_weight='shared'" in card
    assert "samples of shape (187,)" in card
    skecg.save(vote(network()), path)
    assert not hasattr(skecg.load(path), "classifier_")
    with pytest.raises(TypeError, match="model/voting is"):
        skecg.save(vote(network(), voting=np.mean), path)
    skecg.save(vote(), path)
    assert "LogisticRegression" in skecg.describe(path)


def test_the_segmenter_says_what_is_wrong_with_records():
    X, y = waves()
    with pytest.raises(ValueError, match=r"\[signal\]"):
        vote().fit(X[0], y)
    clf = vote().fit(X, y)
    with pytest.raises(ValueError, match=r"\[signal\]"):
        clf.predict(X[0])


def test_a_gap_is_refused_or_skipped_as_the_segmenter_says():
    X, y = waves()
    gaps = X.copy()
    gaps[0, 200:260] = np.nan
    with pytest.raises(ValueError, match="NaN"):
        vote().fit(gaps, y)
    skipping = clone(SEGMENTER).set_params(on_gap="skip", window=2.0)
    clf = BeatVoteClassifier(skipping, LogisticRegression())
    with pytest.warns(UserWarning, match="gap"):
        clf.fit(gaps, y)
    with pytest.warns(UserWarning, match="gap"):
        assert clf.predict(gaps).shape == y.shape


def records_with_several_labels():
    """Return 24 records with wide waves, late waves, both or neither."""
    rng = np.random.default_rng(0)
    y = np.arange(24)[:, np.newaxis] // [1, 2] % 2
    time = np.arange(1250) % 100
    X = np.exp(-0.5 * ((time - 50) / (3 + 6 * y[:, :1])) ** 2)
    X = X - 0.5 * y[:, 1:] * np.exp(-0.5 * ((time - 75) / 5) ** 2) + rng.normal(0, 0.01, X.shape)
    return X, y


OF_LABELS = MLPClassifier((), solver="lbfgs", max_iter=1000, random_state=0)


@pytest.mark.parametrize("voting", ["soft", "hard", "mean-logit", lambda beats: beats.max(axis=0)])
@pytest.mark.parametrize("as_list", [False, True])
def test_beats_vote_on_each_of_several_labels(voting, as_list):
    X, y = records_with_several_labels()
    if as_list:
        X, y = [row[: 1250 - 10 * (i % 2)] for i, row in enumerate(X)], y.tolist()
    clf = BeatVoteClassifier(BeatSegmenter(), OF_LABELS, voting=voting).fit(X, y)
    probabilities = clf.predict_proba(X)
    assert probabilities.shape == (24, 2)
    assert_array_equal(clf.predict(X), y)
    assert_array_equal(clf.predict(X), probabilities > 0.5)
    assert_array_equal(clf.class_prior_, [0.5, 0.5])
    assert clf.score(X, y) == 1
    beats = clf.predict_beats(X[:1])
    assert beats.label.shape == beats.probabilities.shape
    if voting == "soft":
        assert_allclose(probabilities[0], beats.probabilities.mean(axis=0))


def test_a_record_without_a_beat_has_the_share_of_each_label():
    X, y = records_with_several_labels()
    clf = BeatVoteClassifier(BeatSegmenter(), OF_LABELS)
    clf.fit(X, y, sample_weight=np.where(y[:, 0], 3.0, 1.0))
    assert_allclose(clf.class_prior_, [0.75, 0.5])
    with pytest.warns(UserWarning, match="have no beat"):
        probabilities = clf.predict_proba(np.zeros((1, 1250)))
    assert_allclose(probabilities, [[0.75, 0.5]])
    with pytest.warns(UserWarning, match="have no beat"):
        beats = clf.predict_beats(np.zeros((1, 1250)))
    assert beats.label.shape == beats.probabilities.shape == (0, 2)


def test_several_labels_in_a_file_and_back_to_one_class(tmp_path):
    X, y = records_with_several_labels()
    network = ECGResidualCNNClassifier(n_filters=2, n_blocks=1, max_epochs=1, random_state=0)
    clf = BeatVoteClassifier(BeatSegmenter(), network).fit(X, y)
    skecg.save(clf, tmp_path / "vote")
    loaded = skecg.load(tmp_path / "vote")
    assert_array_equal(loaded.predict_proba(X), clf.predict_proba(X))
    assert_array_equal(loaded.predict(X), clf.predict(X))
    assert clf.fit(X, y[:, 0]).predict(X).shape == (24,)
    assert_allclose(clf.predict_proba(X).sum(axis=1), 1)


def test_whether_several_labels_are_taken_is_said_by_the_classifier_of_beats():
    def takes_labels(classifier):
        return get_tags(BeatVoteClassifier(None, classifier)).classifier_tags.multi_label

    assert takes_labels(None)
    assert takes_labels(OF_LABELS)
    assert not takes_labels(LogisticRegression())
    X, y = records_with_several_labels()
    with pytest.raises(ValueError, match="1d array"):
        BeatVoteClassifier(BeatSegmenter(), LogisticRegression()).fit(X, y)
    with pytest.raises(ValueError, match=r"only 0 and 1.*got \[0, 2\]"):
        BeatVoteClassifier(BeatSegmenter(), OF_LABELS).fit(X, 2 * y)
    with pytest.raises(ValueError, match="from 0 to 1"):
        BeatVoteClassifier(BeatSegmenter(), OF_LABELS, voting=lambda b: b.sum(0)).fit(X, y).predict(
            X
        )
