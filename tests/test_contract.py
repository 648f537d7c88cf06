"""What scikit-learn's checks do not ask of a classifier of signals: n-D input, seeds, leaks."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
import torch
from estimators import CLASSIFIERS, IN_OTHER_PRECISION
from numpy.testing import assert_allclose, assert_array_equal
from sklearn import config_context
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, GroupKFold, cross_val_score, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.utils import estimator_html_repr

from skecg import BeatSegmenter, SampleView

pytestmark = pytest.mark.parametrize(
    "classifier",
    [*CLASSIFIERS, *(pytest.param(e, marks=pytest.mark.slow) for e in IN_OTHER_PRECISION)],
    ids=lambda e: f"{type(e).__name__}{'' if e.precision == 'auto' else '-' + e.precision}",
)


@pytest.fixture
def beats():
    """Return 96 two-lead signals of 40 samples in three classes that differ in their frequency."""
    rng = np.random.default_rng(0)
    y = np.repeat([0, 1, 2], 32)
    phase = rng.uniform(0, 1, (96, 2, 1))
    time = np.arange(40) / 40
    X = np.sin(2 * np.pi * ((y + 1)[:, None, None] * time + phase))
    return (X + rng.normal(0, 0.1, X.shape)).astype(np.float32), y


@pytest.fixture
def groups():
    return np.tile(np.arange(8), 12)


def fitted(classifier, X, y, **params):
    return clone(classifier).set_params(random_state=0, **params).fit(X, y)


def weights(classifier):
    return torch.cat([w.detach().flatten() for w in classifier.module_.parameters()]).numpy()


# Input ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["3-D", "2-D", "float64", "int16", "uint8", "list"])
def test_learns_from_any_form_of_input(classifier, beats, form):
    X, y = beats
    X = {
        "3-D": lambda: X,
        "2-D": lambda: X[:, 0],
        "float64": lambda: X.astype(np.float64),
        "int16": lambda: np.round(X * 4).astype(np.int16),
        "uint8": lambda: np.round(X * 2 + 3).astype(np.uint8),
        "list": lambda: X.tolist(),
    }[form]()
    clf = fitted(classifier, X, y, max_epochs=50, lr_schedule=None, learning_rate=5e-3)
    assert clf.score(X, y) > 0.8  # chance is 1/3
    assert clf.n_features_in_ == np.asarray(X).shape[1]


def test_same_values_in_another_dtype_or_order_give_the_same_result(classifier, beats):
    X, y = beats
    reference = fitted(classifier, X, y, max_epochs=2).predict_proba(X)
    for other in (X.astype(np.float64), np.asfortranarray(X), X[::-1][::-1]):
        assert_array_equal(fitted(classifier, other, y, max_epochs=2).predict_proba(X), reference)


def test_read_only_and_memory_mapped_input(classifier, beats, tmp_path):
    X, y = beats
    np.save(tmp_path / "X.npy", X)
    mapped = np.load(tmp_path / "X.npy", mmap_mode="r")
    clf = fitted(classifier, mapped, y, max_epochs=1)
    assert_array_equal(clf.predict_proba(mapped), clf.predict_proba(X))


@pytest.mark.parametrize("kind", ["float32", "float64", "uint8", "memory map", "view of a map"])
def test_samples_left_in_place_give_the_same_bits(classifier, beats, kind, tmp_path):
    X, y = beats
    if kind == "uint8":
        X = np.round(X * 2 + 3).astype(np.uint8)
    rows = np.random.default_rng(0).permutation(len(X))[:60]
    # The scale of pictures is computed from the values before they are rounded to float32.
    params = {"max_epochs": 2, "early_stopping": True}
    if "image_shape" in classifier.get_params():
        params["scale"] = "unit"
    copied = fitted(classifier, X[rows], y[rows], **params)
    base = X.astype(np.float64) if kind == "float64" else X
    if "map" in kind:
        np.save(tmp_path / "X.npy", X[rows] if kind == "memory map" else X)
        base = np.load(tmp_path / "X.npy", mmap_mode="r")
    given = base if kind == "memory map" else SampleView(base, rows)
    in_place = fitted(classifier, given, y[rows], **params)
    assert_array_equal(weights(in_place), weights(copied))
    assert_array_equal(in_place.predict_proba(given), copied.predict_proba(X[rows]))


@pytest.mark.parametrize(
    "labels",
    [["N", "S", "V"], [10, 20, 40], [-1.0, 0.0, 1.0], [True, False, True]],
    ids=["strings", "gaps", "floats", "booleans"],
)
def test_labels_of_any_kind(classifier, beats, labels):
    X, y = beats
    labels = np.asarray(labels)[y]
    clf = fitted(classifier, X, labels, max_epochs=1)
    assert_array_equal(clf.classes_, np.unique(labels))
    assert set(clf.predict(X)) <= set(labels)
    assert clf.predict(X).dtype == labels.dtype


def test_probabilities_are_float64_and_sum_to_one(classifier, beats):
    X, y = beats
    proba = fitted(classifier, X, y, max_epochs=1).predict_proba(X)
    assert proba.dtype == np.float64
    assert_allclose(proba.sum(1), 1, rtol=1e-15)


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e300])
def test_a_value_that_is_no_float32_is_refused(classifier, beats, value):
    X, y = beats
    bad = X.astype(np.float64)
    bad[3, 1, 7] = value
    with pytest.raises(ValueError, match=r"NaN|infinity"):
        fitted(classifier, bad, y)
    clf = fitted(classifier, X, y, max_epochs=1)
    with pytest.raises(ValueError, match=r"NaN|infinity"):
        clf.predict(bad)


def test_one_class_is_refused(classifier, beats):
    X, _ = beats
    with pytest.raises(ValueError, match="at least 2 classes; got only one class, 'N'"):
        fitted(classifier, X, np.repeat("N", len(X)))


def test_empty_input_is_refused(classifier, beats):
    X, y = beats
    with pytest.raises(ValueError, match="0 sample"):
        fitted(classifier, X[:0], y[:0])
    with pytest.raises(ValueError, match="0 sample"):
        fitted(classifier, X, y, max_epochs=1).predict(X[:0])


def test_another_shape_than_in_fit_is_refused_with_both_shapes(classifier, beats):
    X, y = beats
    clf = fitted(classifier, X, y, max_epochs=1)
    with pytest.raises(ValueError, match=r"\(2, 40\).*\(2, 39\)"):
        clf.predict(X[:, :, :39])


def test_parameters_out_of_range_are_refused(classifier, beats):
    for name, value in {
        "max_epochs": 0,
        "batch_size": 0,
        "learning_rate": -1.0,
        "optimizer": "adamm",
        "weight_decay": -0.1,
        "lr_schedule": "cosin",
        "gradient_clip": 0.0,
        "shuffle": "no",
        "class_weight": "balance",
        "early_stopping": "yes",
        "validation_fraction": 1.0,
        "patience": 0,
        "device": 1,
        "n_threads": 0,
        "precision": "half",
        "compile": "no",
        "cuda_graph": "no",
        "callbacks": "all",
        "checkpoint_dir": 1,
        "random_state": "a",
        "verbose": -1,
    }.items():
        with pytest.raises(ValueError, match=name):
            clone(classifier).set_params(**{name: value}).fit(*beats)


def test_every_parameter_can_be_set(classifier):
    clf = clone(classifier)
    for name, value in clf.get_params(deep=False).items():
        assert clf.set_params(**{name: value}).get_params(deep=False)[name] is value
    assert set(clf._parameter_constraints) == set(clf.get_params(deep=False))


# Seeds ------------------------------------------------------------------------------------------


def test_one_seed_gives_bit_equal_weights(classifier, beats):
    assert_array_equal(weights(fitted(classifier, *beats)), weights(fitted(classifier, *beats)))


def test_another_seed_gives_other_weights(classifier, beats):
    other = clone(classifier).set_params(random_state=1).fit(*beats)
    assert np.any(weights(fitted(classifier, *beats)) != weights(other))


def test_processes_give_bit_equal_predictions(classifier, beats, groups):
    X, y = beats
    found = [
        cross_validate(
            clone(classifier).set_params(random_state=0, n_threads=1), X, y, groups=groups,
            cv=GroupKFold(2), n_jobs=n_jobs, return_estimator=True,
        )["estimator"]
        for n_jobs in (1, 2)
    ]  # fmt: skip
    for alone, beside in zip(*found):
        assert_array_equal(alone.predict_proba(X), beside.predict_proba(X))


@pytest.mark.parametrize("random_state", [0, None])
def test_global_generators_are_untouched(classifier, beats, random_state):
    numpy_state = np.random.get_state()[1].copy()  # noqa: NPY002 (the global one is the point)
    torch_state = torch.get_rng_state()
    clf = clone(classifier).set_params(random_state=random_state, early_stopping=True)
    clf.fit(*beats).predict(beats[0])
    assert_array_equal(np.random.get_state()[1], numpy_state)  # noqa: NPY002
    assert_array_equal(torch.get_rng_state(), torch_state)


def test_global_seeds_do_not_matter(classifier, beats):
    found = []
    for seed in (1, 2):
        torch.manual_seed(seed)
        np.random.seed(seed)  # noqa: NPY002 (the global generator is the point)
        found.append(weights(fitted(classifier, *beats)))
    assert_array_equal(*found)


def test_a_random_state_object_is_drawn_from_once_per_fit(classifier, beats):
    rng = np.random.RandomState(0)
    clf = clone(classifier)
    clf.set_params(random_state=rng)
    first, second = weights(clf.fit(*beats)), weights(clf.fit(*beats))
    assert np.any(first != second)
    clf.set_params(random_state=np.random.RandomState(0))
    assert_array_equal(weights(clf.fit(*beats)), first)


# Independence of predictions --------------------------------------------------------------------


@pytest.mark.parametrize("n", [1, 2, 5, 11, 17, 40, 95])
def test_prediction_does_not_depend_on_the_other_samples(classifier, beats, n):
    X, y = beats
    clf = fitted(classifier, X, y, max_epochs=2)
    # On one thread to the bit; several may split small matrix products by the number of rows.
    assert_allclose(clf.predict_proba(X[:n]), clf.predict_proba(X)[:n], rtol=0, atol=1e-6)
    clf.set_params(n_threads=1)
    assert_array_equal(clf.predict_proba(X[:n]), clf.predict_proba(X)[:n])
    assert_array_equal(clf.predict_proba(X[::-1]), clf.predict_proba(X)[::-1])


def test_prediction_does_not_depend_on_the_batch_size(classifier, beats):
    X, y = beats
    clf = fitted(classifier, X, y, max_epochs=2, n_threads=1)
    reference = clf.predict_proba(X)
    assert_array_equal(clf.set_params(batch_size=3).predict_proba(X), reference)


# Leaks ------------------------------------------------------------------------------------------


def test_clone_after_fit_carries_no_weights(classifier, beats):
    X, y = beats
    clf = fitted(classifier, X, y)
    copy = clone(clf)
    assert not [name for name in vars(copy) if name.endswith("_")]
    assert_array_equal(weights(copy.fit(X, y)), weights(clf))


def test_noise_scores_chance_under_cross_validation(classifier):
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(200, 30)), rng.integers(0, 2, 200)
    scores = cross_val_score(clone(classifier).set_params(random_state=0), X, y, cv=5)
    # Five times 40 fair coins: the mean's standard deviation is 0.035.
    assert 0.36 < scores.mean() < 0.64


def test_refit_forgets_the_shape_and_the_classes_before(classifier, beats):
    X, y = beats
    clf = fitted(classifier, X, y)
    clf.fit(X[y < 2, 0, :30], np.array(["a", "b"])[y[y < 2]])
    assert clf.predict_proba(X[:5, 0, :30]).shape == (5, 2)
    fresh = fitted(classifier, X[y < 2, 0, :30], np.array(["a", "b"])[y[y < 2]])
    assert_array_equal(weights(clf), weights(fresh))


def test_groups_reach_the_inner_split_and_not_the_network(classifier, beats, groups):
    X, y = beats
    clf = clone(classifier).set_params(random_state=0)
    plain = weights(clf.fit(X, y))
    assert_array_equal(weights(clf.fit(X, y, groups=groups)), plain)
    clf.set_params(early_stopping=True, max_epochs=3).fit(X, y, groups=groups)
    assert {"valid_loss", "valid_acc"} <= set(clf.history_[-1])


def test_fit_changes_no_parameter_and_no_input(classifier, beats):
    X, y = beats
    clf = clone(classifier).set_params(random_state=0, class_weight={0: 1.0, 1: 2.0, 2: 1.0})
    before, X_before = clf.get_params(), X.copy()
    clf.fit(X, y)
    assert clf.get_params() == before
    assert_array_equal(X, X_before)


# Weights ----------------------------------------------------------------------------------------


def test_class_weight_equals_sample_weight(classifier, beats):
    X, y = beats
    by_class = fitted(classifier, X, y, class_weight={0: 1, 1: 3, 2: 1})
    by_sample = clone(classifier).set_params(random_state=0)
    by_sample.fit(X, y, sample_weight=np.where(y == 1, 3.0, 1.0))
    assert_array_equal(weights(by_class), weights(by_sample))


def test_scale_of_the_weights_does_not_matter(classifier, beats):
    X, y = beats
    clf = clone(classifier).set_params(random_state=0)
    light = weights(clf.fit(X, y, sample_weight=np.full(len(y), 0.5)))
    assert_array_equal(light, weights(clf.fit(X, y)))


def test_zero_weight_is_absence(classifier, beats):
    X, y = beats
    kept = np.arange(len(y)) % 3 > 0
    clf = clone(classifier).set_params(random_state=0)
    weighted = weights(clf.fit(X, y, sample_weight=kept.astype(float)))
    assert_array_equal(weighted, weights(clf.fit(X[kept], y[kept])))


# Pickles ----------------------------------------------------------------------------------------


def test_pickle_round_trip_predicts_and_trains_on(classifier, beats):
    X, y = beats
    clf = fitted(classifier, X, y)
    copy = pickle.loads(pickle.dumps(clf))
    assert_array_equal(copy.predict_proba(X), clf.predict_proba(X))
    assert copy.module_ is copy.net_.module_
    copy.partial_fit(X, y)
    assert copy.n_iter_ == clf.n_iter_ + 1


def test_pickle_holds_the_weights_and_little_more(classifier, beats):
    X, y = beats
    clf = fitted(classifier, X, y, max_epochs=30)
    n_bytes = sum(w.numel() * w.element_size() for w in clf.module_.state_dict().values())
    # 30 rows of history, parameters and class names; skorch's own takes 297 kB for 88 bytes. A
    # layer is an object of up to 800 bytes beside its weights.
    n_layers = len(list(clf.module_.modules()))
    assert len(pickle.dumps(clf)) < n_bytes + 15_000 + 800 * n_layers


def test_pickle_holds_no_gradients_and_no_optimiser(classifier, beats):
    clf = fitted(classifier, *beats)
    state = clf.net_.__getstate__()
    assert state["optimizer_"] is None
    assert all(w.grad is None for w in state["module_"].parameters())
    assert any(w.grad is not None for w in clf.module_.parameters())  # the estimator's own stay


# partial_fit ------------------------------------------------------------------------------------


def test_partial_fit_trains_one_epoch_a_call(classifier, beats):
    X, y = beats
    clf = clone(classifier).set_params(random_state=0)
    for n in range(1, 7):
        clf.partial_fit(X, y, classes=[0, 1, 2])
        assert clf.n_iter_ == n
    assert clf.history_[-1]["train_loss"] < clf.history_[0]["train_loss"]


def test_partial_fit_refuses_unknown_labels(classifier, beats):
    X, y = beats
    clf = clone(classifier).partial_fit(X[y < 2], y[y < 2])
    with pytest.raises(ValueError, match=r"not among the classes of the first call: \[2\]"):
        clf.partial_fit(X, y)


# Composition ------------------------------------------------------------------------------------


def test_cross_validation_and_search_by_group(classifier, beats, groups):
    X, y = beats
    clf = clone(classifier).set_params(random_state=0, max_epochs=2)
    assert cross_val_score(clf, X, y, groups=groups, cv=GroupKFold(4)).shape == (4,)
    search = GridSearchCV(clf, {"learning_rate": [1e-3, 1e-2]}, cv=GroupKFold(2))
    search.fit(X, y, groups=groups)
    assert search.best_params_["learning_rate"] in (1e-3, 1e-2)
    assert search.best_estimator_.predict(X).shape == (96,)


def test_metadata_routing_carries_groups_and_weights(classifier, beats, groups):
    X, y = beats
    with config_context(enable_metadata_routing=True):
        clf = clone(classifier).set_params(random_state=0, early_stopping=True, max_epochs=2)
        clf.set_fit_request(groups=True, sample_weight=True)
        clf.set_score_request(sample_weight=True)
        result = cross_validate(
            clf, X, y, cv=GroupKFold(2), error_score="raise",
            params={"groups": groups, "sample_weight": np.ones(len(y))},
        )  # fmt: skip
    assert result["test_score"].shape == (2,)


@pytest.mark.slow
def test_pipeline_with_the_beat_segmenter(classifier):
    rng = np.random.default_rng(0)
    y = np.repeat(["slow", "fast"], 20)
    period = np.where(y == "slow", 120, 80)[:, None]
    X = (np.arange(1250) % period == 40) + rng.normal(0, 0.01, (40, 1250))
    clf = clone(classifier).set_params(max_epochs=60)
    model = make_pipeline(BeatSegmenter(), clf)
    by_person = {"groups": np.arange(40) % 10, "cv": GroupKFold(2)}
    for seed in range(3):  # networks as small as these do not leave every start
        clf.set_params(random_state=seed)
        score = cross_val_score(model, X, y, **by_person).mean()
        if score > 0.9:  # the periods are far apart
            break
    else:
        raise AssertionError(f"no seed learns the periods, got {score} with the last")
    search = GridSearchCV(model, {"beatsegmenter__beats": ["median", "first"]}, cv=2).fit(X, y)
    assert search.predict(X).shape == (40,)


def test_html_representation_names_the_estimator(classifier):
    assert type(classifier).__name__ in estimator_html_repr(classifier)


def test_embedding_has_one_row_per_sample(classifier, beats):
    X, y = beats
    clf = fitted(classifier, X, y, max_epochs=1)
    features = clf.embed(X)
    assert features.ndim == 2
    assert len(features) == len(X)
    # The last layer turns the features into the logits, hence into the probabilities.
    last = [layer for layer in clf.module_.modules() if isinstance(layer, torch.nn.Linear)][-1]
    logits = features @ last.weight.detach().numpy().T + last.bias.detach().numpy()
    assert_allclose(
        torch.from_numpy(logits).softmax(1).numpy(), clf.predict_proba(X), rtol=1e-4, atol=1e-6
    )


def test_verbose_shows_progress(classifier, beats, capsys):
    fitted(classifier, *beats, max_epochs=2, verbose=1)
    assert "2/2" in capsys.readouterr().err
    fitted(classifier, *beats, max_epochs=2, verbose=2)
    assert "train_loss" in capsys.readouterr().out
