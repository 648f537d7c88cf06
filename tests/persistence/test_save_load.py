from __future__ import annotations

import functools
import json
import os
import pickle
import signal
import subprocess
import sys

import numpy as np
import pytest
import torch
from estimators import CLASSIFIERS, Perceptron, public_estimators
from numpy.testing import assert_array_equal
from safetensors import safe_open
from sklearn import config_context
from sklearn.base import BaseEstimator, clone
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import Pipeline, make_pipeline
from torch import nn

import skecg
from skecg import (
    AreaResize,
    BeatSegmenter,
    ECGAttentionVGGClassifier,
    ECGNeuralClassifier,
    ECGResidualCNNClassifier,
    ECGViTClassifier,
    LeadCropper,
    ModelFileError,
    NDSampler,
    TraceReader,
    augmentation,
)
from skecg.datasets import make_sheets
from skecg.persistence._estimators import ESTIMATORS
from skecg.sheet import LAYOUTS, LeadLayout
from skecg.training import Cosine, ExponentialDecay, MultiStep, OneCycle

MODULES = {"Perceptron": Perceptron}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model.safetensors"


def data(n_classes: int = 3, n_features: int = 40) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    y = np.arange(36) % n_classes
    return rng.normal(y[:, None, None], 1, (36, 2, n_features)).astype(np.float32), y


def tiny(**params) -> ECGResidualCNNClassifier:
    defaults = {"n_filters": 2, "n_hidden": 4, "max_epochs": 1, "random_state": 0}
    return ECGResidualCNNClassifier(**{**defaults, **params})


def round_trip(estimator, path, **options):
    skecg.save(estimator, path)
    return skecg.load(path, modules=MODULES, **options)


def test_the_estimators_of_a_file_are_the_public_ones():
    # A sampler works in fit only: no file needs it.
    of_files = public_estimators() - {NDSampler}
    of_files |= {getattr(augmentation, name) for name in augmentation.__all__}
    of_sklearn = {cls for cls in ESTIMATORS.values() if cls.__module__.startswith("sklearn.")}
    assert set(ESTIMATORS.values()) - of_sklearn == of_files


# Every classifier ---------------------------------------------------------------------------------


@pytest.mark.parametrize("classifier", CLASSIFIERS, ids=lambda e: type(e).__name__)
def test_a_loaded_classifier_is_the_saved_one(classifier, path):
    X, y = data()
    y = np.array(["N", "S", "V"])[y]
    clf = clone(classifier).set_params(random_state=0, max_epochs=2, batch_size=16).fit(X, y)
    probabilities = clf.predict_proba(X)
    loaded = round_trip(clf, path)
    assert type(loaded) is type(clf)
    assert_array_equal(loaded.predict_proba(X), probabilities)
    assert_array_equal(loaded.embed(X), clf.embed(X))
    assert_array_equal(loaded.predict(X), clf.predict(X))
    assert loaded.predict(X).dtype == clf.predict(X).dtype
    for name in ("history_", "n_parameters_", "n_iter_", "n_features_in_", "transfer_report_"):
        assert getattr(loaded, name) == getattr(clf, name), name
    assert str(loaded) == str(clf)
    assert vars(loaded).keys() == vars(clf).keys()

    copy = pickle.loads(pickle.dumps(clf))
    again = pickle.loads(pickle.dumps(loaded))
    assert_array_equal(again.predict_proba(X), probabilities)
    assert_array_equal(
        loaded.partial_fit(X, y).predict_proba(X), copy.partial_fit(X, y).predict_proba(X)
    )
    assert_array_equal(clone(loaded).fit(X, y).predict_proba(X), probabilities)
    assert_array_equal(loaded.fit(X, y).predict_proba(X), probabilities)


@pytest.mark.parametrize("classifier", CLASSIFIERS, ids=lambda e: type(e).__name__)
def test_an_unfitted_classifier_is_its_parameters(classifier, path):
    loaded = round_trip(classifier, path)
    assert str(loaded.get_params()) == str(classifier.get_params())
    assert not hasattr(loaded, "net_")


@pytest.mark.parametrize(
    "name", sorted(n for n, cls in ESTIMATORS.items() if hasattr(cls, "published"))
)
def test_published_settings(name, path):
    published = ESTIMATORS[name].published()
    loaded = round_trip(published, path)
    assert str(loaded.get_params()) == str(published.get_params())


def test_statistics_of_normalisations_and_frozen_layers(path):
    X, y = data()
    clf = ECGAttentionVGGClassifier(width=1, max_epochs=2, random_state=0).fit(X, y)
    new = clone(clf).set_params(init_from=FrozenEstimator(clf), n_trainable_layers=2)
    new.fit(X, y % 2)
    loaded = round_trip(new, path)
    for (name, weights), (_, expected) in zip(
        loaded.module_.named_parameters(), new.module_.named_parameters()
    ):
        assert weights.requires_grad == expected.requires_grad, name
    assert loaded.net_.kept_in_eval == new.net_.kept_in_eval != ()
    assert str(loaded.transfer_report_) == str(new.transfer_report_)
    copy = pickle.loads(pickle.dumps(new))
    copy.partial_fit(X, y % 2)
    loaded.partial_fit(X, y % 2)
    for name, tensor in loaded.module_.state_dict().items():
        assert torch.equal(tensor, copy.module_.state_dict()[name]), name
    assert_array_equal(loaded.fit(X, y % 2).predict_proba(X), new.predict_proba(X))


def test_a_loaded_classifier_serves_init_from(path):
    X, y = data()
    loaded = round_trip(tiny().fit(X, y), path)
    transferred = tiny(init_from=FrozenEstimator(loaded), n_trainable_layers=1).fit(X, y)
    assert transferred.transfer_report_.source == "ECGResidualCNNClassifier"


@pytest.mark.parametrize(
    "labels",
    [
        np.array(["a", "bb", "ccc"]), np.array(["a", "b", "c"], object), np.array([10, 20, 40]),
        np.array([-1.0, 0, 2]), np.array([3, 4, 5], np.uint8), np.array([False, True, True]),
        np.array(["é", "\u20ac", "'\"\n\x1b"]),
    ],
    ids=lambda labels: str(labels.dtype),
)  # fmt: skip
def test_labels_of_any_kind(labels, path):
    X, y = data()
    clf = tiny().fit(X, labels[y])
    loaded = round_trip(clf, path)
    assert_array_equal(loaded.classes_, clf.classes_)
    assert loaded.classes_.dtype == clf.classes_.dtype
    memory = loaded.classes_.base  # a view would keep the whole file in memory
    assert memory is None or memory.size == loaded.classes_.size


def test_feature_names(path):
    pandas = pytest.importorskip("pandas")
    X, y = data()
    frame = pandas.DataFrame(X[:, 0], columns=[f"t{i}" for i in range(40)])
    loaded = round_trip(tiny().fit(frame, y), path)
    assert_array_equal(loaded.feature_names_in_, frame.columns)
    with pytest.raises(ValueError, match="feature names"):
        loaded.predict(frame.rename(columns={"t0": "other"}))


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_weights_that_are_not_finite_are_not_saved(value, path):
    X, y = data()
    clf = tiny().fit(X, y)
    with torch.no_grad():
        clf.module_.head[0].weight[0, 0] = value
    with pytest.raises(ValueError, match=r"weights that are not finite, in 'head.0.weight'"):
        skecg.save(clf, path)
    assert not path.exists()


class Masked(Perceptron):
    """A network with a mask, as attention has."""

    def __init__(self, input_shape, n_classes):
        super().__init__(input_shape, n_classes)
        self.register_buffer("mask", torch.tensor([0.0, -torch.inf]))


def test_a_mask_of_infinities_in_a_users_network_stays(path):
    X, y = data()
    clf = ECGNeuralClassifier(module=Masked, max_epochs=1).fit(X, y)
    skecg.save(clf, path)
    loaded = skecg.load(path, modules={"Masked": Masked})
    assert_array_equal(loaded.module_.mask, [0, -np.inf])
    clf.module_.mask[0] = torch.nan
    with pytest.raises(ValueError, match=r"not finite, in 'mask'"):
        skecg.save(clf, path)


def test_float64_and_bfloat16(path):
    X, y = data()
    for precision in ("float64", "bfloat16"):
        clf = tiny(precision=precision).fit(X, y)
        assert_array_equal(round_trip(clf, path).predict_proba(X), clf.predict_proba(X))


def test_a_model_of_a_device_that_is_absent_predicts_on_the_cpu(path):
    X, y = data()
    clf = tiny().fit(X, y)
    loaded = round_trip(clf.set_params(device="cuda:93"), path)
    assert_array_equal(loaded.predict_proba(X), clf.set_params(device="cpu").predict_proba(X))


# Parameters -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("lr_schedule", Cosine(warmup=0.2)), ("lr_schedule", OneCycle(final=1e-5)),
        ("lr_schedule", ExponentialDecay(0.5, every=10)), ("lr_schedule", MultiStep((1, 2))),
        ("lr_schedule", None), ("optimizer", torch.optim.NAdam),
        ("class_weight", {0: 1.0, 1: 2.0, 2: np.float32(0.1)}),
        ("class_weight", {np.int64(0): 1, np.int64(1): 2, np.int64(2): 3}),
        ("class_weight", {"N": 1.0, "$S": 2.0}), ("learning_rate", np.float64(0.003)),
        ("batch_size", np.int32(7)), ("shuffle", np.False_), ("optimizer", np.str_("sgd")),
    ],
    ids=repr,
)  # fmt: skip
def test_parameters_come_back_as_they_were(name, value, path):
    loaded = getattr(round_trip(tiny(**{name: value}), path), name)
    assert repr(loaded) == repr(value)
    assert type(loaded) is type(value)
    assert loaded == value


def test_an_optimizer_with_arguments(path):
    adam = functools.partial(torch.optim.AdamW, betas=(0.9, 0.99), eps=1e-7)
    loaded = round_trip(tiny(optimizer=adam), path).optimizer
    assert (loaded.func, loaded.keywords) == (adam.func, adam.keywords)


@pytest.mark.parametrize(
    "state", [np.random.RandomState(0), np.random.default_rng(0)], ids=["RandomState", "Generator"]
)
def test_generators_and_callbacks_are_left_out_with_a_warning(state, path):
    clf = tiny(random_state=state, callbacks=[])
    with pytest.warns(UserWarning, match=r"without model/callbacks, model/random_state, which"):
        skecg.save(clf, path)
    loaded = skecg.load(path)
    assert (loaded.random_state, loaded.callbacks) == (None, None)


@pytest.mark.parametrize(
    "estimator",
    [
        tiny(lr_schedule=lambda step, n_steps, steps_per_epoch: 1.0),
        tiny(optimizer=functools.partial(torch.optim.SGD, 3)),
        BeatSegmenter(detector=lambda signal, sampling_rate: []),
    ],
    ids=["schedule", "optimizer", "detector"],
)
def test_code_is_refused_with_the_parameters_name(estimator, path):
    with pytest.raises(TypeError, match=r"model/(lr_schedule|optimizer|detector) is .* no code"):
        skecg.save(estimator, path)
    assert not path.exists()


def test_a_subclass_is_code_too(path):
    class Mine(ECGResidualCNNClassifier):
        pass

    with pytest.raises(TypeError, match="Mine, which a model file cannot hold"):
        skecg.save(Mine(), path)


def test_what_is_no_estimator_is_refused(path):
    with pytest.raises(TypeError, match="takes an estimator of skecg; got 'model'"):
        skecg.save("model", path)


def test_invalid_parameters_are_refused(path):
    with pytest.raises(ValueError, match="batch_size"):
        skecg.save(tiny(batch_size=0), path)


@pytest.mark.parametrize("change", [{"n_hidden": 5}, {"layer_norm_eps": 0.5}])
def test_parameters_that_no_longer_describe_the_network_are_refused(change, path):
    X, y = data()
    clf = tiny()
    if "layer_norm_eps" in change:  # no shape would tell
        clf = ECGViTClassifier(patch_size=4, dim=8, n_blocks=1, n_heads=2, max_epochs=1)
    clf.fit(X, y).set_params(**change)
    with pytest.raises(ValueError, match=r"changed after fit .* set them as they were"):
        skecg.save(clf, path)


# Networks of users ------------------------------------------------------------------------------


class Tricky(nn.Module):
    """A buffer that is not saved, a number that is read, weights tied and parametrized."""

    def __init__(self, input_shape, n_classes, activation=nn.ReLU):
        super().__init__()
        self.register_buffer("ramp", torch.linspace(1, 2, 40), persistent=False)
        self.factor = torch.tensor(2.0).item()
        self.first = nn.utils.parametrizations.weight_norm(nn.Linear(80, 80))
        self.second = nn.Linear(80, 80)
        self.second.bias = self.first.bias
        self.activation = activation()
        self.head = nn.LazyLinear(n_classes)

    def forward(self, x):
        x = (x * self.ramp * self.factor).flatten(1)
        return self.head(self.activation(self.second(self.first(x))))


def test_a_network_of_ones_own_must_be_given(path):
    X, y = data()
    params = {"activation": nn.Tanh}
    clf = ECGNeuralClassifier(module=Tricky, module_params=params, max_epochs=1, random_state=0)
    skecg.save(clf.fit(X, y), path)
    for given in (None, {}, {"Other": Tricky}):
        with pytest.raises(
            ModelFileError, match=r"'Tricky' is code .*modules=\{'Tricky': \.\.\.\}"
        ):
            skecg.load(path, modules=given)
    loaded = skecg.load(path, modules={"Tricky": Tricky, "Tanh": nn.Tanh})
    assert loaded.module_params == params
    assert_array_equal(loaded.predict_proba(X), clf.predict_proba(X))


def test_another_network_than_the_saved_one_is_refused(path):
    X, y = data()
    clf = ECGNeuralClassifier(module=functools.partial(Perceptron, width=4), max_epochs=1)
    skecg.save(clf.fit(X, y), path)
    assert skecg.load(path, modules=MODULES).module.keywords == {"width": 4}
    with pytest.raises(ModelFileError, match="do not fit the network"):
        skecg.load(path, modules={"Perceptron": one_class_more})


def one_class_more(input_shape, n_classes, width):
    return nn.Sequential(nn.Flatten(), nn.Linear(80, width), nn.Linear(width, n_classes + 1))


# Transformers and pipelines -----------------------------------------------------------------------


LAYOUT = LeadLayout(("I", "II"), ((0, 0, 500, 200), (0, 200, 500, 390)), (553, 393), source="own")


@pytest.mark.parametrize(
    "transformer",
    [
        AreaResize((9, 13), region=(0.1, 0.1, 0.9, 0.9), color="gray"),
        LeadCropper(size=(8, 8)), LeadCropper.published(size=(8, 8)), LeadCropper(LAYOUT, (8, 8)),
        TraceReader(sampling_rate=50.0, on_error="nan"), TraceReader(LAYOUTS["edan-3x4"]),
    ],
    ids=["resize", "crop", "published", "own layout", "read", "layout with traces"],
)  # fmt: skip
def test_transformers_of_pictures(transformer, path):
    size = (786, 1106) if isinstance(transformer, TraceReader) else (393, 553)
    sheets = make_sheets(2, size=size, random_state=0).data
    loaded = round_trip(transformer, path)
    assert_array_equal(loaded.transform(sheets), transformer.transform(sheets))
    assert str(loaded.get_params()) == str(transformer.get_params())
    if not isinstance(transformer, AreaResize):
        assert loaded.layout == transformer.layout


def test_a_fitted_segmenter(path):
    windows = np.tile(np.exp(-0.5 * ((np.arange(100) - 50) / 3) ** 2), (3, 12))
    segmenter = BeatSegmenter(beats=2).fit(windows)
    loaded = round_trip(segmenter, path)
    assert_array_equal(loaded.transform(windows), segmenter.transform(windows))
    assert loaded.n_features_in_ == 1200
    assert vars(round_trip(BeatSegmenter(), path)) == vars(BeatSegmenter())


@pytest.fixture
def windows():
    beats = np.exp(-0.5 * ((np.arange(100) - 50) / 3) ** 2)
    rng = np.random.default_rng(0)
    return np.tile(beats, (24, 6)) + rng.normal(0, 0.01, (24, 600)), np.arange(24) % 2


def test_pipelines_nested_too(windows, path):
    X, y = windows
    inner = make_pipeline(BeatSegmenter(), "passthrough")
    model = Pipeline([("beats", inner), ("nothing", None), ("classify", tiny())]).fit(X, y)
    loaded = round_trip(model, path)
    assert [name for name, _ in loaded.steps] == ["beats", "nothing", "classify"]
    assert_array_equal(loaded.predict_proba(X), model.predict_proba(X))
    assert_array_equal(clone(loaded).fit(X, y).predict_proba(X), model.predict_proba(X))


def test_two_classifiers_in_one_file_keep_their_own_weights(windows, path):
    X, y = windows
    source = make_pipeline(BeatSegmenter(), tiny(random_state=1)).fit(X, y)
    new = tiny(init_from=FrozenEstimator(source), n_trainable_layers=1)
    new.fit(BeatSegmenter().transform(X), y)
    loaded = round_trip(new, path)
    assert_array_equal(loaded.init_from.predict_proba(X), source.predict_proba(X))


def test_a_pipelines_memory_is_left_out(tmp_path, path):
    model = make_pipeline(BeatSegmenter(), tiny(), memory=str(tmp_path / "cache"))
    with pytest.warns(UserWarning, match="model/memory"):
        skecg.save(model, path)
    assert skecg.load(path).memory is None


def test_metadata_requests_and_output_containers(path):
    with config_context(enable_metadata_routing=True):
        clf = (
            tiny()
            .set_fit_request(groups=True, sample_weight="w")
            .set_score_request(sample_weight=False)
        )
        loaded = round_trip(
            make_pipeline(BeatSegmenter().set_output(transform="pandas"), clf), path
        )
        assert str(loaded[-1].get_metadata_routing()) == str(clf.get_metadata_routing())
    assert loaded[0]._sklearn_output_config == {"transform": "pandas"}


# The file ---------------------------------------------------------------------------------------


def test_one_estimator_gives_the_same_bytes_and_safetensors_reads_them(path, tmp_path):
    X, y = data()
    clf = tiny().fit(X, y, groups=np.arange(36) % 5)
    skecg.save(clf, path, metrics={"accuracy": np.float64(0.5), "confusion": np.eye(2, dtype=int)})
    again = tmp_path / "again"
    skecg.save(skecg.load(path), again, metrics={"accuracy": 0.5, "confusion": [[1, 0], [0, 1]]})
    assert again.read_bytes() == path.read_bytes()
    with safe_open(path, "pt") as file:
        header = json.loads(file.metadata()["skecg"])
        names = {name.removeprefix("model/weights/") for name in file.keys()}  # noqa: SIM118
    assert header["metrics"] == {"accuracy": 0.5, "confusion": [[1, 0], [0, 1]]}
    assert set(header["versions"]) == {"skecg", "torch", "scikit-learn", "python"}
    assert names == {*clf.module_.state_dict(), "model/classes"}


class Crash(Exception):
    pass


@pytest.mark.parametrize("moment", ["fsync", "replace"])
def test_a_crash_while_writing_leaves_the_old_file(moment, path, monkeypatch):
    skecg.save(tiny(n_filters=3), path)
    before = path.read_bytes()

    def crash(*args):
        raise Crash

    with monkeypatch.context() as patch:
        patch.setattr(os, moment, crash)
        with pytest.raises(Crash):
            skecg.save(tiny(n_filters=4), path)
    assert path.read_bytes() == before
    assert os.listdir(path.parent) == [path.name]
    assert skecg.load(path).n_filters == 3


@pytest.mark.skipif(os.name != "posix", reason="links and permissions of POSIX")
def test_links_and_permissions_stay(path, tmp_path):
    link = tmp_path / "link"
    link.symlink_to(path)
    skecg.save(tiny(), link)
    assert link.is_symlink()
    assert isinstance(skecg.load(link), BaseEstimator)
    mask = os.umask(0)
    os.umask(mask)
    assert path.stat().st_mode & 0o777 == 0o666 & ~mask


def test_no_folder_and_no_file_are_errors_of_the_system(tmp_path):
    with pytest.raises(FileNotFoundError):
        skecg.save(tiny(), tmp_path / "none" / "model")
    for read in (skecg.load, skecg.describe):
        with pytest.raises(FileNotFoundError):
            read(tmp_path / "none")


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_the_next_save_removes_what_a_killed_one_left(path):
    code = (
        "import os, signal, sys, skecg; "
        "os.fsync = lambda file: os.kill(os.getpid(), signal.SIGKILL); "
        "skecg.save(skecg.AreaResize(), sys.argv[1])"
    )
    skecg.save(tiny(), path)
    before = path.read_bytes()
    killed = subprocess.run([sys.executable, "-c", code, path], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert path.read_bytes() == before
    assert len(os.listdir(path.parent)) == 2
    skecg.save(tiny(), path)
    assert os.listdir(path.parent) == [path.name]
