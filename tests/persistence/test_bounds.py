"""Any file up to 10 MB is loaded or refused within a second and 100 MB beyond its arrays."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import numpy as np
import pytest
from model_file_forgeries import Forgery, within

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


LONG = "a" * 1_900_000
NAMES = [f"layer{i}" for i in range(60_000)]
# What may be anywhere in a header.
VALUES = {
    "a report as wide as its longest name": report(dict.fromkeys([LONG, *NAMES], 1), []),
    "a report whose layers are looked up in long lists": report(
        dict.fromkeys(NAMES, 1), ["absent"] * 60_000
    ),
    "keys that collide": {"$dict": [[i * PRIME, 0] for i in range(60_000)]},
    "tuples as keys that collide": {
        "$dict": [[{"$tuple": [i * PRIME, 0]}, 0] for i in range(30_000)]
    },
    "many dictionaries of keys that collide": [
        {"$dict": [[i * PRIME, 0] for i in range(300)]} for _ in range(200)
    ],
    "a number of 900,000 digits": "DIGITS",
    "numbers of 4,200 digits": [10**4200] * 900,
    "a shape of numbers of 4,200 digits": strings("<U1", [10**4200] * 900, ["x"]),
    "a shape of numbers of 60 digits": strings("<U1", [10**60] * 60_000, ["x"]),
    "a shape of ones": strings("<U1", [1] * 1_800_000, ["x"]),
    "wide strings": [strings("<U4000000", [1], ["x"]) for _ in range(20_000)],
    "a type of many fields": strings("f4," * 600_000, [1], ["x"]),
    "a list of zeros": [0] * 1_900_000,
    "a list of fractions": [0.5] * 900_000,
    "a list of strings": ["ab"] * 500_000,
    "a list of nothing": [[]] * 65_000,
    "rows of the history": [{"train_loss": 0.5, "epoch": i} for i in range(60_000)],
    "one wide row": [{f"x{i}": 0 for i in range(250_000)}],
    "rows with other keys each": [{f"x{i}": 0} for i in range(65_000)],
    "a deep list": nested(900, lambda node: [node]),
    "a deep dictionary": nested(900, lambda node: {"a": node}),
    "deep tuples": nested(450, lambda node: {"$tuple": [node]}),
    "deep keys": nested(300, lambda node: {"$dict": [[{"$tuple": [node]}, 0]]}),
    "deep partial functions": nested(
        300, lambda node: {"$partial": [node or {"$optimizer": "SGD"}, {"x": 1}]}
    ),
    "a list far too deep": "NESTED",
    "many schedules": [{"$object": ["Cosine", {}]}] * 30_000,
    "many milestones": milestones(1_800_000, 0.5),
    "powers of large numbers": milestones(60_000, 10**60),
    "many powers": [milestones(1000, 2**53) for _ in range(900)],
    "a decay of large numbers": {"$object": ["ExponentialDecay", {"gamma": 10**60, "every": 1}]},
    "a layout of many boxes": {
        "$object": [
            "LeadLayout",
            {"lead_names": NAMES, "boxes": [[0, 0, 1, 1]] * 60_000, "sheet_size": None},
        ]
    },
    "facts of many classes": {
        "$object": ["TrainingFacts", {"class_counts": {"$tuple": [10**60] * 60_000}}]
    },
    "many estimators": pipeline([unfitted("BeatVoteClassifier")] * 5000),
    "deep estimators": nested(
        90, lambda node: unfitted("FrozenEstimator", estimator=node or unfitted("AreaResize"))
    ),
    "deep pipelines": nested(90, lambda node: pipeline([node])),
    "a long string": LONG,
    "a long string of wide characters": "\U0001f600" * 300_000,
    "an unknown class of a long name": unfitted(LONG),
    "an unknown tag of a long name": {f"${LONG}": 1},
    "an array of a long name": {"$array": LONG},
    "many keywords": {"$partial": [{"$optimizer": "SGD"}, {n: 1 for n in NAMES}]},
}  # fmt: skip


def put(forgery: Forgery, place: str, value: Any) -> bytes:
    """Return the file with a value in a place of its header."""
    *parents, key = place.split()
    node = forgery.header if parents == ["header"] else forgery.node
    for parent in parents if node is forgery.node else ():
        node = node[parent]
    text = {"DIGITS": "1" * 900_000, "NESTED": "[" * 900_000 + "]" * 900_000}.get(str(value)[:9])
    node[key] = "PLACE" if text else value
    return forgery.content('"PLACE"', text) if text else forgery.content()


@pytest.mark.parametrize(
    "place",
    [
        "params lr_schedule", "params class_weight", "state transfer_report", "state history",
        "state frozen", "state classes", "state training", "state kept_in_eval", "state network",
        "header estimator", "header metrics", "header left_out", "header versions", "requests",
        "class",
    ],
)  # fmt: skip
@pytest.mark.parametrize("name", VALUES)
def test_whatever_is_in_a_header_is_read_within_bounds(name, place, model, tmp_path):
    path = tmp_path / "m"
    path.write_bytes(put(Forgery(model), place, VALUES[name]))
    assert path.stat().st_size < 10 * 10**6
    for read in (skecg.load, skecg.describe):
        with within(1.0, 100 * 10**6), suppress(ModelFileError):
            read(path)
