"""Any file up to 10 MB is loaded or refused within a second and 100 MB beyond its arrays."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

import numpy as np
import pytest
from model_file_forgeries import Forgery
from resources import call_within
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from torch import nn

import skecg
from skecg import ECGResidualCNNClassifier, ModelFileError

pytest.importorskip("resource", reason="memory is measured as on POSIX")
PRIME = 2**61 - 1  # Python's numbers have the same hash modulo this


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> bytes:
    X = np.random.default_rng(0).normal(size=(12, 2, 40)).astype(np.float32)
    clf = ECGResidualCNNClassifier(n_filters=2, n_hidden=3, n_blocks=2, max_epochs=1)
    path = tmp_path_factory.mktemp("model") / "model"
    skecg.save(clf.fit(X, np.arange(12) % 3), path)
    skecg.load(path), skecg.describe(path)  # so that all is imported that will be
    return path.read_bytes()


def report(n_weights: dict[str, int], layers: list[str]) -> dict[str, Any]:
    names = {"$tuple": layers}
    fields = {"source": "x", "taken_over": names, "drawn_anew": names, "frozen": names}
    return {"$object": ["TransferReport", {**fields, "n_weights": n_weights}]}


def nested(depth: int, wrap: Callable[[Any], Any]) -> Any:
    node = None
    for _ in range(depth):
        node = wrap(node)
    return node


def unfitted(name: str, **params: Any) -> dict[str, Any]:
    return {"$estimator": {"class": name, "params": params, "learned": {}}}


def pipeline(steps: list[Any]) -> dict[str, Any]:
    return unfitted("Pipeline", steps=[{"$tuple": [f"s{i}", s]} for i, s in enumerate(steps)])


def strings(dtype: str, shape: list[int], values: list[str]) -> dict[str, Any]:
    return {"$strings": {"dtype": dtype, "shape": shape, "values": values}}


def milestones(n: int, gamma: Any) -> dict[str, Any]:
    return {"$object": ["MultiStep", {"milestones": {"$tuple": [0] * n}, "gamma": gamma}]}


# What json.dumps would not write.
TEXTS = {"DIGITS": "1" * 900_000, "NESTED": "[" * 900_000 + "]" * 900_000}


def values(n: int) -> dict[str, Callable[[], Any]]:
    """Return what makes values that may be anywhere in a header, most of about ``n`` parts."""
    long, names, ones = "a" * 30 * n, [f"layer{i}" for i in range(n)], [1] * 30 * n
    huge = [10**4200] * (n // 70)
    fields = {"lead_names": names, "boxes": [[0, 0, 1, 1]] * n, "sheet_size": None}
    return {
        "a report as wide as its longest name": lambda: report(
            dict.fromkeys([long, *names], 1), []
        ),
        "a report whose layers are in long lists": lambda: report(
            dict.fromkeys(names, 1), ["x"] * n
        ),
        "keys that collide": lambda: {"$dict": [[i * PRIME, 0] for i in range(n)]},
        "tuples that collide": lambda: {
            "$dict": [[{"$tuple": [i * PRIME]}, 0] for i in range(n // 5)]
        },
        "dictionaries of keys that collide": lambda: [
            {"$dict": [[i * PRIME, 0] for i in range(300)]} for _ in range(n // 1200)
        ],
        "a number of 900,000 digits": lambda: "DIGITS",
        "numbers of 4,200 digits": lambda: huge,
        "a shape of numbers of 4,200 digits": lambda: strings("<U1", huge, ["x"]),
        "a shape of numbers of 60 digits": lambda: strings("<U1", [10**60] * n, ["x"]),
        "a shape of ones": lambda: strings("<U1", ones, ["x"]),
        "wide strings": lambda: [strings("<U4000000", [1], ["x"])] * (n // 3),
        "a type of many fields": lambda: strings("f4," * 10 * n, [1], ["x"]),
        "a list of ones": lambda: ones,
        "a list of fractions": lambda: [0.5] * 2 * n,
        "a list of strings": lambda: ["ab"] * 2 * n,
        "a list of nothing": lambda: [[]] * n,
        "rows of the history": lambda: [{"train_loss": 0.5, "epoch": i} for i in range(n)],
        "one wide row": lambda: [{f"x{i}": 0 for i in range(2 * n)}],
        "rows with other keys each": lambda: [{f"x{i}": 0} for i in range(n)],
        "a deep list": lambda: nested(300, lambda node: [node]),
        "a deep dictionary": lambda: nested(300, lambda node: {"a": node}),
        "deep tuples": lambda: nested(150, lambda node: {"$tuple": [node]}),
        "deep keys": lambda: nested(100, lambda node: {"$dict": [[{"$tuple": [node]}, 0]]}),
        "deep partial functions": lambda: nested(
            100, lambda node: {"$partial": [node or {"$optimizer": "SGD"}, {"x": 1}]}
        ),
        "a list far too deep": lambda: "NESTED",
        "many schedules": lambda: [{"$object": ["Cosine", {}]}] * (n // 2),
        "many milestones": lambda: milestones(30 * n, 0.5),
        "powers of large numbers": lambda: milestones(n, 10**60),
        "many powers": lambda: [milestones(1000, 2**53)] * (n // 500),
        "a power of large numbers": lambda: {
            "$object": ["ExponentialDecay", {"gamma": 10**60, "every": 1}]
        },
        "a layout of many boxes": lambda: {"$object": ["LeadLayout", fields]},
        "facts of many classes": lambda: {
            "$object": ["TrainingFacts", {"class_counts": {"$tuple": [10**60] * n}}]
        },
        "many estimators": lambda: pipeline([unfitted("BeatVoteClassifier")] * (n // 10)),
        "deep estimators": lambda: nested(
            90, lambda node: unfitted("FrozenEstimator", estimator=node or unfitted("AreaResize"))
        ),
        "deep pipelines": lambda: nested(30, lambda node: pipeline([node])),
        "a long string": lambda: long,
        "a long string of wide characters": lambda: "\U0001f600" * 5 * n,
        "an unknown class of a long name": lambda: unfitted(long),
        "an unknown tag of a long name": lambda: {f"${long}": 1},
        "an array of a long name": lambda: {"$array": long},
        "many keywords": lambda: {"$partial": [{"$optimizer": "SGD"}, dict.fromkeys(names, 1)]},
    }


QUICK = values(8_000)


def put(forgery: Forgery, place: str, value: Any) -> bytes:
    """Return the file with a value in a place of its header."""
    *parents, key = place.split()
    node = forgery.header if parents == ["header"] else forgery.node
    for parent in parents if node is forgery.node else ():
        node = node[parent]
    text = TEXTS.get(value) if isinstance(value, str) else None
    node[key] = "PLACE" if text else value
    return forgery.content('"PLACE"', text) if text else forgery.content()


def check_bounds(content: bytes, path) -> None:
    path.write_bytes(content)
    assert len(content) < 10 * 10**6
    for read in (skecg.load, skecg.describe):
        call_within(1, partial(read_or_refuse, read, path), n_bytes=100 * 10**6)


def read_or_refuse(read, path) -> None:
    with suppress(ModelFileError):
        read(path)


@pytest.mark.parametrize("name", QUICK)
def test_whatever_is_in_a_header_is_read_within_bounds(name, model, tmp_path):
    place = "state history"
    if "report" in name:
        place = "state transfer_report"
    elif "facts" in name:
        place = "state training"
    elif "estimators" in name or "pipelines" in name or "unknown class" in name:
        place = "header estimator"
    check_bounds(put(Forgery(model), place, QUICK[name]()), tmp_path / "m")


@pytest.mark.slow
@pytest.mark.parametrize(
    "place",
    [
        "params lr_schedule", "params class_weight", "state frozen", "state classes",
        "state kept_in_eval", "header metrics", "header versions", "requests", "class",
    ],
)  # fmt: skip
def test_wherever_it_is(place, model, tmp_path):
    for name, make in values(60_000).items():
        print(name)
        check_bounds(put(Forgery(model), place, make()), tmp_path / "m")


@pytest.mark.parametrize("name", ["one wide dictionary", "a list of ones", "a long string"])
def test_parameters_that_take_long_to_print(name, tmp_path):
    path = tmp_path / "m"
    step = FunctionTransformer(np.log1p, kw_args={"x": 1})
    skecg.save(step, path)
    value = {
        "one wide dictionary": {f"x{i}": i for i in range(100_000)},
        "a list of ones": {"x": [1] * 130_000},
        "a long string": {"x": "a b " * 900_000},
    }[name]
    check_bounds(put(Forgery(path.read_bytes()), "params kw_args", value), path)
    assert "FunctionTransformer with parameters too long to show" in skecg.describe(path)


def test_the_most_networks_that_a_file_can_have(tmp_path):
    path = tmp_path / "m"
    X = np.random.default_rng(0).normal(size=(12, 40)).astype(np.float32)
    clf = ECGResidualCNNClassifier(n_filters=2, n_hidden=3, n_blocks=2, max_epochs=1)
    clf.fit(X, np.arange(12) % 3)
    skecg.save(make_pipeline(*[FrozenEstimator(clf)] * 19, clf), path)
    check_bounds(path.read_bytes(), path)
    assert isinstance(skecg.load(path)[-1], ECGResidualCNNClassifier)
    with pytest.raises(ValueError, match="at most 20 fitted networks"):
        skecg.save(make_pipeline(*[FrozenEstimator(clf)] * 20, clf), path)


def deep(input_shape, n_classes, depth):
    layers = [nn.Linear(2, 2) for _ in range(depth)]
    return nn.Sequential(nn.Flatten(), nn.LazyLinear(2), *layers, nn.Linear(2, n_classes))


@pytest.mark.slow  # it takes most of its second: too much where the quick part shares the cores
def test_the_most_layers_that_a_file_can_have(tmp_path):
    X = np.random.default_rng(0).normal(size=(12, 4)).astype(np.float32)
    path = tmp_path / "m"
    clf = skecg.ECGNeuralClassifier(module=deep, module_params={"depth": 1022}, max_epochs=1)
    skecg.save(clf.fit(X, np.arange(12) % 3), path)
    read = partial(skecg.load, path, modules={"deep": deep})
    assert len(call_within(1, read, n_bytes=100 * 10**6).module_.state_dict()) == 2048
    clf.set_params(module_params={"depth": 1023}).fit(X, np.arange(12) % 3)
    with pytest.raises(ValueError, match="at most 2,048 arrays of weights"):
        skecg.save(clf, path)
