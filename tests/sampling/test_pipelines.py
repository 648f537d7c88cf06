"""NDSampler between skecg's transformers and classifiers, in imbalanced-learn's pipeline."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from estimators import CLASSIFIERS
from imblearn.combine import SMOTEENN
from imblearn.over_sampling import SMOTE, RandomOverSampler
from imblearn.pipeline import Pipeline, make_pipeline
from imblearn.under_sampling import RandomUnderSampler, TomekLinks
from numpy.testing import assert_array_equal
from PIL import Image
from sklearn import config_context
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.ensemble import BaggingClassifier
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    StratifiedKFold,
    cross_val_predict,
    cross_val_score,
    cross_validate,
)

from skecg import AreaResize, BeatSegmenter, ECGResidualCNNClassifier, LeadCropper, NDSampler
from skecg.datasets import make_beats, make_records, make_sheets

OVER = RandomOverSampler(random_state=0)
UNDER = RandomUnderSampler(random_state=0)
SMOTE_2 = SMOTE(k_neighbors=2, random_state=0)


class Recorder(ClassifierMixin, BaseEstimator):
    """Keep what fit and predict are given."""

    def fit(self, X, y):
        self.X_, self.y_, self.classes_ = X, y, np.unique(y)
        self.n_predicted_ = []
        return self

    def predict(self, X):
        self.n_predicted_.append(len(X))
        return np.resize(self.classes_, len(X))


@pytest.fixture(scope="module")
def sheets():
    """Return 15 generated sheets, of which 8 are of class 0, 4 of class 1 and 3 of class 2."""
    X, _, groups = make_sheets(
        15, n_subjects=15, size=(157, 221), random_state=0, return_X_y_groups=True
    )
    return X, np.repeat([0, 1, 2], [8, 4, 3]), groups


@pytest.fixture(scope="module")
def paths(sheets, tmp_path_factory):
    folder = tmp_path_factory.mktemp("sheets")
    names = [str(folder / f"{i}.png") for i in range(len(sheets[0]))]
    for name, sheet in zip(names, sheets[0]):
        Image.fromarray(sheet).save(name)
    return names


@pytest.fixture(scope="module")
def beats():
    """Return 90 beats of 9 subjects: 60, 20 and 10 of a class."""
    made = make_beats(90, n_subjects=9, random_state=0)
    return (
        made.data,
        np.tile(np.repeat(["N", "S", "V"], [6, 2, 1])[:, None], 10).ravel(),
        made.groups,
    )


# Before and after the transformers ----------------------------------------------------------------


@pytest.mark.parametrize("transformer", [AreaResize((18, 25)), LeadCropper(size=(8, 9))], ids=repr)
@pytest.mark.parametrize("sampler", [OVER, UNDER], ids=repr)
def test_files_are_resampled_before_they_are_read(transformer, sampler, paths, sheets):
    _, y, _ = sheets
    model = make_pipeline(NDSampler(sampler), transformer, Recorder()).fit(paths, y)
    n_each = 8 if sampler is OVER else 3
    assert Counter(model[-1].y_.tolist()) == dict.fromkeys([0, 1, 2], n_each)
    chosen = [paths[i] for i in model[0].sample_indices_]
    assert_array_equal(model[-1].X_, transformer.fit_transform(chosen))
    assert len(model.predict(paths)) == 15
    assert model[-1].n_predicted_ == [15]


@pytest.mark.parametrize("transformer", [AreaResize((18, 25)), LeadCropper(size=(8, 9))], ids=repr)
@pytest.mark.parametrize("sampler", [OVER, UNDER, SMOTE_2, TomekLinks()], ids=repr)
def test_pictures_are_resampled_after_they_are_read(transformer, sampler, paths, sheets):
    _, y, _ = sheets
    model = make_pipeline(transformer, NDSampler(sampler), Recorder()).fit(paths, y)
    pictures = transformer.fit_transform(paths)
    expected = clone(sampler).fit_resample(pictures.reshape(15, -1).astype(float), y)
    assert_array_equal(model[-1].X_.reshape(len(expected[1]), -1), np.rint(expected[0]))
    assert_array_equal(model[-1].y_, expected[1])
    assert model[-1].X_.dtype == np.uint8
    assert model[-1].X_.shape[1:] == pictures.shape[1:]
    model.predict(paths)
    assert model[-1].n_predicted_ == [15]


def test_file_names_cannot_be_mixed(paths, sheets):
    model = make_pipeline(NDSampler(SMOTE_2), AreaResize((18, 25)), Recorder())
    with pytest.raises(TypeError, match="behind the step that makes arrays: AreaResize"):
        model.fit(paths, sheets[1])


@pytest.fixture(scope="module")
def records():
    return make_records(7, duration=10, sampling_rate=125, random_state=0).data[:8]


@pytest.mark.parametrize("sampler", [OVER, SMOTE_2], ids=repr)
@pytest.mark.parametrize("place", ["before", "after"])
def test_records_and_their_beats(sampler, place, records):
    of_unequal_length = [row[: 1200 + i] for i, row in enumerate(records)]
    X = records if (sampler, place) == (SMOTE_2, "before") else of_unequal_length
    y = ["healthy"] * 5 + ["ill"] * 3
    steps = [BeatSegmenter(sampling_rate=125, threshold=0.7)]
    steps.insert(["before", "after"].index(place), NDSampler(sampler))
    model = make_pipeline(*steps, Recorder()).fit(X, y)
    assert Counter(model[-1].y_) == {"healthy": 5, "ill": 5}
    assert model[-1].X_.shape == (10, 187)
    assert_array_equal(
        model[-1].X_[:8], BeatSegmenter(sampling_rate=125, threshold=0.7).fit_transform(X)
    )
    model.predict(X)
    assert model[-1].n_predicted_ == [8]


def test_several_samplers_in_a_row(beats):
    X, y, _ = beats
    over = NDSampler(SMOTE(sampling_strategy={"V": 30}, random_state=0))
    under = NDSampler(RandomUnderSampler(sampling_strategy={"N": 40}, random_state=0))
    model = make_pipeline(over, under, Recorder()).fit(X, y)
    assert Counter(model[-1].y_.tolist()) == {"N": 40, "S": 20, "V": 30}


def test_a_cached_step_gives_the_same(beats, tmp_path):
    X, y, _ = beats
    plain = make_pipeline(NDSampler(SMOTE_2), Recorder()).fit(X, y)
    for _ in range(2):
        cached = make_pipeline(NDSampler(SMOTE_2), Recorder(), memory=str(tmp_path)).fit(X, y)
        assert_array_equal(cached[-1].X_, plain[-1].X_)


# Cross-validation and search ----------------------------------------------------------------------


def test_only_the_training_part_is_resampled(beats):
    X, y, groups = beats
    folds = GroupKFold(3)
    found = cross_validate(
        make_pipeline(NDSampler(OVER), Recorder()), X, y, groups=groups, cv=folds,
        return_estimator=True,
    )  # fmt: skip
    for model, (train, test) in zip(found["estimator"], folds.split(X, y, groups)):
        counts = Counter(model[-1].y_.tolist())
        assert counts == dict.fromkeys("NSV", max(Counter(y[train].tolist()).values()))
        assert model[-1].n_predicted_ == [len(test)]
        assert set(groups[train][model[0].sample_indices_]).isdisjoint(groups[test])


def test_every_sample_is_predicted_once(beats):
    X, y, _ = beats
    assert len(cross_val_predict(make_pipeline(NDSampler(OVER), Recorder()), X, y, cv=3)) == 90


def test_a_search_over_the_sampler_and_its_parameters(beats):
    X, y, _ = beats
    classifier = ECGResidualCNNClassifier(n_filters=4, max_epochs=1, batch_size=64, random_state=0)
    model = Pipeline([("sampler", NDSampler(OVER)), ("classifier", classifier)])
    grid = [
        {"sampler": ["passthrough"]},
        {"sampler__sampler": [UNDER, SMOTEENN(smote=SMOTE_2)]},
        {"sampler__sampler": [SMOTE_2], "sampler__sampler__k_neighbors": [1, 3]},
    ]
    search = GridSearchCV(model, grid, cv=StratifiedKFold(2), error_score="raise").fit(X, y)
    assert len(search.cv_results_["params"]) == 5
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    assert len(search.predict(X)) == 90
    assert SMOTE_2.k_neighbors == 2


@pytest.mark.parametrize("classifier", CLASSIFIERS, ids=lambda e: type(e).__name__)
def test_every_classifier_may_be_the_last_step(classifier):
    rng = np.random.default_rng(0)
    if type(classifier).__name__ in ("ECGResidualCNNClassifier", "ECGCNNClassifier"):
        X = rng.standard_normal((42, 2, 150))
    else:
        X = rng.integers(0, 256, (42, 3, 21, 26), dtype=np.uint8)
    y = np.tile(["N", "N", "N", "V", "N", "S"], 7)
    small = clone(classifier).set_params(max_epochs=1, random_state=0)
    model = make_pipeline(NDSampler(SMOTE_2), small).fit(X, y)
    by_hand = clone(small).fit(*NDSampler(SMOTE_2).fit_resample(X, y))
    assert_array_equal(model.predict_proba(X), by_hand.predict_proba(X))
    assert model.classes_.tolist() == ["N", "S", "V"]
    scores = cross_val_score(model, X, y, cv=2, error_score="raise")
    assert scores.shape == (2,)


def test_in_bagging_each_bag_is_balanced(beats):
    X, y, _ = beats
    bags = BaggingClassifier(make_pipeline(NDSampler(UNDER), Recorder()), 3, random_state=0)
    for model in bags.fit(X, y).estimators_:
        assert len(set(Counter(model[-1].y_.tolist()).values())) == 1


# Groups and weights for a later step --------------------------------------------------------------


@pytest.mark.parametrize("name", ["groups", "sample_weight"])
@pytest.mark.parametrize("routing", [False, True])
def test_what_the_pipeline_cannot_resample_is_refused(beats, name, routing):
    X, y, groups = beats
    values = groups if name == "groups" else np.ones(90)
    classifier = ECGResidualCNNClassifier(n_filters=4, max_epochs=1)
    expected = rf"^{name} has 90 entries, but X has 180 samples\..*{name} = NDSampler\(.*balanced"
    with config_context(enable_metadata_routing=routing):
        if routing:
            classifier.set_fit_request(**{name: True})
        model = make_pipeline(NDSampler(OVER), classifier)
        given = {name if routing else f"ecgresidualcnnclassifier__{name}": values}
        with pytest.raises(ValueError, match=expected):
            model.fit(X, y, **given)


def test_outside_the_pipeline_they_are_resampled_together(beats):
    X, y, groups = beats
    X_new, y_new, groups_new = NDSampler(OVER).fit_resample(X, y, groups=groups)
    classifier = ECGResidualCNNClassifier(
        n_filters=4, max_epochs=1, early_stopping=True, random_state=0
    )
    assert classifier.fit(X_new, y_new, groups=groups_new).n_iter_ == 1


def test_with_routing_groups_still_reach_the_splitter(beats):
    X, y, groups = beats
    model = make_pipeline(NDSampler(OVER), Recorder())
    with config_context(enable_metadata_routing=True):
        found = cross_validate(model, X, y, params={"groups": groups}, cv=GroupKFold(3))
    assert len(found["test_score"]) == 3
