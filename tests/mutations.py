"""Damage of all kinds, drawn by a seed: bytes, text and JSON of files, and wrong values."""

from __future__ import annotations

import copy
import datetime
import hashlib
import json
import random
import re
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from scipy import sparse

# Files ------------------------------------------------------------------------------------------


class Forgery:
    """The parts of a model file, to be changed and written again."""

    def __init__(self, content: bytes) -> None:
        end = 8 + int.from_bytes(content[:8], "little")
        self.table = json.loads(content[8:end])
        self.header = json.loads(self.table.pop("__metadata__")["skecg"])
        self.data = content[end:]

    def content(self) -> bytes:
        header = {**self.header, "sha256": "0" * 64}
        text = json.dumps(header, separators=(",", ":"))
        table = {"__metadata__": {"skecg": text}, **self.table}
        raw = json.dumps(table, separators=(",", ":")).encode()
        content = len(raw).to_bytes(8, "little") + raw + self.data
        digest = hashlib.sha256(content).hexdigest().encode()
        return content.replace(b"0" * 64, digest, 1)

    @property
    def node(self) -> dict[str, Any]:
        return self.header["estimator"]["$estimator"]


NODES = [
    None, True, -1, 0, 1, 2, 3, 10**9, 10**18, -(10**30), 1e308, -0.5, "", "x", "a" * 10_000,
    "../../etc/passwd", "\x00", [], [[]], {}, {"$tuple": []}, {"$float": "nan"},
    {"$array": "model/classes"}, {"$optimizer": "SGD"}, {"$object": ["Cosine", {}]},
    {"$estimator": {"class": "AreaResize", "params": {}, "learned": {}}}, {"$module": "Perceptron"},
    {"$strings": {"dtype": "<U1", "shape": [3], "values": ["a", "b", "c"]}}, {"$eval": "1"},
    {"$dict": [[{"$float": "nan"}, 1]]}, {"$partial": [{"$optimizer": "SGD"}, {"x": 1}]},
]  # fmt: skip


def mutate_bytes(rng: random.Random, content: bytes) -> bytes:
    changed = bytearray(content)
    kind = rng.choice(["flip", "cut", "splice", "insert", "length"])
    place = rng.randrange(len(changed))
    other = rng.randrange(len(changed))
    size = rng.choice([1, 8, 100])
    if kind == "flip":
        for _ in range(rng.choice([1, 1, 5, 50])):
            changed[rng.randrange(len(changed))] ^= 1 << rng.randrange(8)
    elif kind == "cut":
        del changed[place : place + rng.choice([1, 8, 100, len(changed)])]
    elif kind == "splice":
        changed[place : place + size] = content[other : other + size]
    elif kind == "insert":
        changed[place:place] = rng.randbytes(size)
    else:
        changed[:8] = rng.choice([rng.randbytes(8), rng.randrange(9999).to_bytes(8, "little")])
    return bytes(changed)


def with_right_digest(content: bytes) -> bytes:
    """Write the digest that damaged bytes should have, where there is still a place for it."""
    found = re.search(rb'sha256\\":\\"([0-9a-f]{64})', content)
    if found is None:
        return content
    begin, end = found.span(1)
    zeros = content[:begin] + b"0" * 64 + content[end:]
    return content[:begin] + hashlib.sha256(zeros).hexdigest().encode() + content[end:]


def mutate_json(rng: random.Random, content: bytes) -> bytes:
    forgery = Forgery(content)
    for _ in range(rng.choice([1, 1, 1, 2, 5])):
        root = forgery.table if rng.random() < 0.15 else forgery.header
        places = list(_places(root))
        parent, key = rng.choice(places)
        kind = rng.choice(["value", "value", "delete", "rename", "copy", "nudge"])
        if kind == "value":
            parent[key] = copy.deepcopy(rng.choice(NODES))
        elif kind == "delete":
            del parent[key]
        elif kind == "rename" and isinstance(parent, dict):
            parent[rng.choice(["x", "$tuple", key + "x"])] = parent.pop(key)
        elif kind == "copy":
            source, name = rng.choice(places)
            if name in (source if isinstance(source, dict) else range(len(source))):
                parent[key] = copy.deepcopy(source[name])
        elif type(parent[key]) in (int, float):
            parent[key] += rng.choice([-1, 1, 7])
    return forgery.content()


def _places(node: Any) -> Iterator[tuple[Any, Any]]:
    items = node.items() if isinstance(node, dict) else enumerate(node)
    for key, item in list(items):
        yield node, key
        if isinstance(item, dict | list):
            yield from _places(item)


_ALPHABET = b"0123456789 .:+x-/()\n~r#\xff\x00e,'\"{}"
_PIECES = [b"9" * 30, b"1e308", b"-1", b"nan", b"inf", b"../" * 5, b"\x00" * 9, b"\n", b'"']


def mutate_text(rng: random.Random, content: bytes) -> bytes:
    """Damage a text where it hurts: digits, separators, signs, numbers out of all proportion."""
    changed = bytearray(content)
    for _ in range(rng.randint(1, 5)):
        place = rng.randrange(len(changed) + 1)
        kind = rng.randrange(4)
        if kind == 0 and place < len(changed):
            changed[place] = rng.choice(_ALPHABET)
        elif kind == 1:
            changed[place:place] = bytes(rng.choices(_ALPHABET, k=rng.randint(1, 30)))
        elif kind == 2:
            del changed[place : place + rng.randint(1, 30)]
        else:
            changed[place:place] = rng.choice(_PIECES)
    return bytes(changed)


# Values -----------------------------------------------------------------------------------------


def _ragged() -> list:
    return [[1.0, 2.0], [1.0]]


_VALUES: list[Callable[[], Any]] = [
    lambda: None, lambda: True, lambda: False, lambda: -1, lambda: 0, lambda: 1, lambda: 2.5,
    lambda: 10**12, lambda: 10**30, lambda: -(10**400), lambda: float("nan"),
    lambda: float("inf"), lambda: 1e-300, lambda: 1e308, lambda: "", lambda: "x", lambda: "one.jpg",
    lambda: "\x00", lambda: b"", lambda: b"x", list, dict, lambda: (), lambda: {"a": 1},
    lambda: [None], lambda: [1, 2], lambda: (1, 2), lambda: ("x", -1), lambda: {3}, object,
    lambda: 1j, lambda: datetime.datetime(2020, 1, 1), lambda: np.float16(2), lambda: np.int8(3),
    lambda: np.bool_(True), lambda: np.datetime64("NaT"), lambda: len, lambda: int,
    lambda: range(3),
    lambda: (i for i in range(3)), lambda: slice(3), lambda: ...,
]  # fmt: skip
_ARRAYS: list[Callable[[int], Any]] = [
    lambda n: np.array(3.0), lambda n: np.zeros(0), lambda n: np.zeros(1),
    lambda n: np.zeros(n), lambda n: np.zeros((n, 2, 0)), lambda n: np.zeros((n, 1, 1)),
    lambda n: np.zeros((0, 2, 9)), lambda n: np.zeros((n, 2, 3, 4, 5)), lambda n: np.ones((n, 30)),
    lambda n: np.full((n, 2, 9), np.nan), lambda n: np.full((n, 2, 9), 1e300),
    lambda n: np.arange(n), lambda n: np.arange(n) % 2, lambda n: np.arange(n) - n,
    lambda n: np.array([object()] * n), lambda n: np.array([None] * n),
    lambda n: np.array([[1, "a"]] * n, dtype=object), lambda n: np.array(["a"] * n),
    lambda n: ["one.jpg"] * n, lambda n: np.array([b"a"] * n), lambda n: np.zeros((n, 2, 9), bool),
    lambda n: np.zeros((n, 2, 9), np.float16), lambda n: np.ones((n, 2, 9), complex),
    lambda n: np.zeros(n, "M8[s]"), lambda n: np.zeros(n, [("a", int), ("b", float)]),
    lambda n: np.ma.masked_less(np.arange(2.0 * n).reshape(n, 2), 3),
    lambda n: sparse.csr_matrix(np.eye(n, 4)), lambda n: sparse.coo_array(np.eye(n, 4)),
    lambda n: _ragged(), lambda n: [np.zeros(3), np.zeros(4)] * (n // 2),
    lambda n: [1, "a", None, 2.0] * (n // 4), lambda n: [float("nan"), 1.0] * (n // 2),
    lambda n: np.full(n, 2**63, np.uint64), lambda n: [10**30] * n,
    lambda n: [True, False] * (n // 2),
    lambda n: np.zeros((n, 2, 9)).astype(">f8")[::-1], lambda n: np.full(n, np.inf),
]  # fmt: skip


def wrong_value(rng: random.Random, n_samples: int = 12, right: Any = None) -> Any:
    """Draw what somebody could give by mistake: a number, a text, an object, an array.

    Often it is of the right value's kind, and so gets further.
    """
    kind = rng.random()
    if kind < 0.5:
        return rng.choice(_near(rng, n_samples, right))
    if kind < 0.75:
        return rng.choice(_VALUES)()
    return rng.choice(_ARRAYS)(n_samples)


def _near(rng: random.Random, n: int, right: Any) -> list[Any]:
    numbers = [0, 1, 2, 3, 40, 10**12, 10**30, 10**400, 0.5, -1.5, 1e30, (1, 1, 18), (2, 3, 3)]
    if isinstance(right, int | float) and abs(right) < 1e9:
        return [*numbers, right, -right, 2 * right, right + 0.5, str(right), [right], right == 1]
    if isinstance(right, str):
        return [right, right.upper(), right + "x", right[:1], right.encode(), [right], {right: 1}]
    if isinstance(right, np.ndarray) and right.size and right.ndim:
        return [
            right, right[:-1], right[1:].copy(), right[None], right[..., :0], right[:0], right.T,
            right.astype(object), right.astype(str), right.tolist(), np.concatenate([right, right]),
            np.asfortranarray(right), np.broadcast_to(right.flat[0], right.shape), right[::-1],
            np.where(np.arange(right.size).reshape(right.shape) == 3, None, right),
            np.zeros_like(right), right[:1], right.reshape(len(right), -1), right.ravel(),
        ]  # fmt: skip
    if isinstance(right, list | tuple) and right:
        kind, place = type(right), rng.randrange(len(right))
        one = wrong_value(rng, n, right[place])
        changed = kind([*right[:place], one, *right[place + 1 :]])
        return [
            right, right[:-1], right * 2, [right], changed, changed, changed, changed, right[0],
            np.array(right, dtype=object), right[::-1], kind(map(str, right)), set(map(str, right)),
        ]  # fmt: skip
    return [*numbers, right, [right], (right, right), {"x": right}, str(right)]


def wrong_arguments(
    rng: random.Random, right: dict[str, Any], n_samples: int = 12
) -> dict[str, Any]:
    """Return arguments of which one or two are wrong."""
    given = dict(right)
    for name in rng.sample(sorted(given), min(len(given), rng.choice([1, 1, 1, 2]))):
        given[name] = wrong_value(rng, n_samples, given[name])
    return given
