"""BeatAnnotator: the contract of an estimator whose samples are records."""

import pickle

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.ensemble import RandomForestClassifier, VotingClassifier
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import RidgeClassifier
from sklearn.model_selection import GridSearchCV, GroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import skecg
from skecg import (
    BeatAnnotator,
    BeatNumbers,
    BeatTreesClassifier,
    BeatWindows,
    ECGCNNClassifier,
)
from skecg.datasets import make_records
from skecg.signal import resample


@pytest.fixture(scope="module")
def records():
    return make_records(6, duration=90, random_state=0)


@pytest.fixture(scope="module")
def unseen():
    return make_records(3, duration=90, random_state=1)


@pytest.fixture(scope="module")
def fitted(records):
    return BeatAnnotator().fit(records)


def test_people_it_has_not_seen(fitted, unseen):
    assert fitted.classes_.tolist() == ["F", "N", "S", "V"]
    assert fitted.score(unseen) > 0.8
    beats = fitted.annotate(unseen.data[0], unseen.sampling_rate)
    compared = beats.compare(unseen.annotations[0])
    assert compared.sensitivity > 0.95
    assert compared.class_sensitivity[compared.labels.index("N")] > 0.9
    assert beats.probabilities.shape == (len(beats), 4)
    np.testing.assert_allclose(beats.probabilities.sum(axis=1), 1)


def test_beats_show_their_classes_in_the_order_of_the_standard(fitted, unseen):
    beats = fitted.annotate(unseen.data[0], unseen.sampling_rate)
    assert beats.classes == ("N", "S", "V", "F")
    likeliest = np.array(beats.classes)[beats.probabilities.argmax(axis=1)]
    np.testing.assert_array_equal(likeliest, beats.label)
    columns = beats.to_frame().columns[-4:].tolist()
    assert columns == [f"probability_{name}" for name in "NSVF"]


def test_given_r_peaks_are_the_beats(fitted, unseen):
    peaks = unseen.annotations[0].sample[unseen.target[0] >= 0]
    beats = fitted.annotate(unseen.data[0], 360, peaks, name="100")
    np.testing.assert_array_equal(beats.sample, peaks)
    assert beats.name == "100"


def test_another_sampling_rate_gives_the_same_beats(fitted, unseen):
    beats = fitted.annotate(unseen.data[0], 360)
    slower = fitted.annotate(resample(unseen.data[0], 360, 250), 250)
    assert len(slower) == pytest.approx(len(beats), rel=0.03)
    share = [np.mean(one.label == "V") for one in (beats, slower)]
    assert share[0] == pytest.approx(share[1], abs=0.03)


def test_gaps_are_unreadable(fitted, unseen):
    signal = unseen.data[0].copy()
    signal[3600:7200] = np.nan
    beats = fitted.annotate(signal, 360)
    assert not ((beats.sample > 3600) & (beats.sample < 7200)).any()
    assert beats.unreadable[0].tolist()[0] <= 3600


def test_lists_and_pairs_are_the_same_as_a_bunch(records, fitted, unseen):
    pairs = [(marks.sample, marks.symbol) for marks in records.annotations]
    again = BeatAnnotator().fit(list(records.data), pairs, groups=records.groups)
    a, b = (one.annotate(unseen.data[0], 360).probabilities for one in (fitted, again))
    np.testing.assert_array_equal(a, b)


def test_clone_pickle_and_params(fitted, unseen):
    assert not hasattr(clone(fitted), "classes_")
    loaded = pickle.loads(pickle.dumps(fitted))
    a, b = (one.annotate(unseen.data[0], 360).probabilities for one in (fitted, loaded))
    np.testing.assert_array_equal(a, b)
    with pytest.raises(ValueError, match="windows=None has no parameters to set"):
        BeatAnnotator().set_params(windows__causal=True)


def test_search_over_subjects(records):
    annotator = BeatAnnotator(classifier=BeatTreesClassifier())
    search = GridSearchCV(annotator, {"classifier__max_iter": [1, 30]}, cv=GroupKFold(3))
    search.fit(list(records.data), records.annotations, groups=records.groups)
    scores = search.cv_results_["mean_test_score"]
    assert np.isfinite(scores).all()
    assert search.best_params_ == {"classifier__max_iter": 30}


@pytest.mark.parametrize(
    ("windows", "classifier"),
    [
        (None, RandomForestClassifier(20, random_state=0)),
        (BeatWindows(numbers=()), ECGCNNClassifier(max_epochs=2, random_state=0)),
        (
            BeatWindows(channels=("late_deviation",)),
            VotingClassifier(
                [
                    ("forest", make_pipeline(BeatNumbers(), RandomForestClassifier(10))),
                    ("network", ECGCNNClassifier(max_epochs=2, n_side_features=28)),
                ],
                voting="soft",
            ),
        ),
        (
            BeatWindows(channels=()),
            VotingClassifier(
                [
                    ("forest", RandomForestClassifier(10, random_state=0)),
                    ("trees", make_pipeline(StandardScaler(), BeatTreesClassifier())),
                ],
                voting="soft",
            ),
        ),
    ],
)
def test_any_classifier_of_beats(records, unseen, windows, classifier):
    annotator = BeatAnnotator(windows, classifier).fit(records)
    assert annotator.annotate(unseen.data[0], 360).probabilities.shape[1] == 4


def test_groups_reach_early_stopping(records):
    clf = ECGCNNClassifier(max_epochs=2, early_stopping=True, random_state=0)
    annotator = BeatAnnotator(BeatWindows(numbers=()), clf).fit(records)
    assert "valid_loss" in annotator.classifier_.history_[0]


def test_a_fitted_classifier_is_used_as_it_is(records, fitted, unseen):
    frozen = FrozenEstimator(fitted.classifier_)
    again = BeatAnnotator(classifier=frozen).fit(unseen)
    a, b = (one.annotate(unseen.data[0], 360).probabilities for one in (fitted, again))
    np.testing.assert_array_equal(a, b)


def test_factors_shift_the_choice_and_not_the_probabilities(records, fitted, unseen):
    often = BeatAnnotator(class_factors={"V": 1e9}).fit(records)
    a, b = (one.annotate(unseen.data[0], 360) for one in (fitted, often))
    np.testing.assert_array_equal(a.probabilities, b.probabilities)
    np.testing.assert_array_equal(often.class_factors_, [1, 1, 1, 1e9])
    assert (b.label == "V").all()
    assert not (a.label == "V").all()
    assert often.score(unseen) < 0.3 < fitted.score(unseen)


class Lukewarm(ClassifierMixin, BaseEstimator):
    """Gives the right class no more than 0.3, and N 0.7."""

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        return self.classes_[self.predict_proba(X).argmax(axis=1)]

    def predict_proba(self, X):
        is_wide = X["width_50"].to_numpy() > 0.1
        probabilities = np.zeros((len(X), len(self.classes_)))
        probabilities[:, self.classes_.tolist().index("N")] = np.where(is_wide, 0.7, 1)
        probabilities[:, self.classes_.tolist().index("V")] = np.where(is_wide, 0.3, 0)
        return probabilities


def test_a_factor_is_chosen_by_folds_of_subjects(records):
    chosen = BeatAnnotator(classifier=Lukewarm(), class_factors={"V": "cv"}).fit(records)
    assert dict(zip(chosen.classes_, chosen.class_factors_)) == {"F": 1, "N": 1, "S": 1, "V": 3}
    one_subject = np.zeros(len(records.data))
    with pytest.raises(ValueError, match="two subjects or more"):
        BeatAnnotator(class_factors={"V": "cv"}).fit(records, groups=one_subject)


@pytest.mark.parametrize(
    ("factors", "classifier", "message"),
    [
        ({"X": 2}, None, "names 'X'"),
        ({"V": 0}, None, "got 0 for 'V'"),
        ({"V": "best"}, None, "got 'best' for 'V'"),
        ({"V": 10**400}, None, "positive numbers or .cv., got 1000"),
        ({"V": 2}, RidgeClassifier(), "RidgeClassifier has no predict_proba"),
    ],
)
def test_wrong_factors(records, factors, classifier, message):
    with pytest.raises(ValueError, match=message):
        BeatAnnotator(classifier=classifier, class_factors=factors).fit(records)


def test_saved_and_loaded(fitted, unseen, tmp_path):
    skecg.save(fitted, tmp_path / "annotator.safetensors")
    loaded = skecg.load(tmp_path / "annotator.safetensors")
    a, b = (one.annotate(unseen.data[0], 360).probabilities for one in (fitted, loaded))
    np.testing.assert_array_equal(a, b)
    card = skecg.describe(tmp_path / "annotator.safetensors")
    assert "BeatAnnotator" in card
    assert "BeatTreesClassifier" in card


def test_excluded_classes_are_not_learned(records):
    annotator = BeatAnnotator(exclude=("Q", "F")).fit(records)
    assert annotator.classes_.tolist() == ["N", "S", "V"]
    assert BeatAnnotator(exclude=()).fit(records).classes_.tolist() == ["F", "N", "Q", "S", "V"]


def test_a_refused_fit_changes_nothing(fitted, records, unseen):
    annotator = pickle.loads(pickle.dumps(fitted))
    with pytest.raises(ValueError, match="360"):
        annotator.set_params(windows=BeatWindows(250)).fit(records)
    annotator.set_params(windows=None)
    a, b = (one.annotate(unseen.data[0], 360).probabilities for one in (fitted, annotator))
    np.testing.assert_array_equal(a, b)


def test_not_fitted(unseen):
    with pytest.raises(NotFittedError):
        BeatAnnotator().annotate(unseen.data[0], 360)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda X, y: (X, None), "y must hold the annotations"),
        (lambda X, y: (X, y[:-1]), "inconsistent numbers of samples"),
        (lambda X, y: (X, [([5, 4], ["N", "N"])] * len(X)), "ascending"),
        (lambda X, y: (X, [([5, 10**6], ["N", "N"])] * len(X)), "outside of a record"),
        (lambda X, y: (X, [([5], ["N", "V"])] * len(X)), "of one length"),
        (lambda X, y: (X, ["N"] * len(X)), "must be a Bunch with sample and symbol"),
        (lambda X, y: (X, [([500, 800], ["N", "N"])] * len(X)), "two or more classes"),
    ],
)
def test_wrong_records(records, change, message):
    X, y = change(list(records.data), records.annotations)
    with pytest.raises(ValueError, match=message):
        BeatAnnotator().fit(X, y)


@pytest.mark.parametrize("signal", [np.zeros((2, 1000)), [[0.0]], 3.0])
def test_one_lead_is_asked_for(fitted, signal):
    with pytest.raises(ValueError, match="must be one lead"):
        fitted.annotate(signal, 360)
