"""Forged and damaged model files with the right digest, and what they may take to be refused."""

from __future__ import annotations

import copy
import hashlib
import json
import random
import re
from collections.abc import Iterator
from typing import Any

import numpy as np

# What a mutated header gets in the place of a value.
VALUES = [
    None, True, -1, 0, 1, 2, 3, 10**9, 10**18, -(10**30), 1e308, -0.5, "", "x", "a" * 10_000,
    "../../etc/passwd", "\x00", [], [[]], {}, {"$tuple": []}, {"$float": "nan"},
    {"$array": "model/classes"}, {"$optimizer": "SGD"}, {"$object": ["Cosine", {}]},
    {"$estimator": {"class": "AreaResize", "params": {}, "learned": {}}}, {"$module": "Perceptron"},
    {"$strings": {"dtype": "<U1", "shape": [3], "values": ["a", "b", "c"]}}, {"$eval": "1"},
    {"$dict": [[{"$float": "nan"}, 1]]}, {"$partial": [{"$optimizer": "SGD"}, {"x": 1}]},
    {"$function": "numpy.log1p"}, {"$columns": ["model/classes", 2]},
]  # fmt: skip

_DTYPES = {"BOOL": np.dtype("?"), **{
    f"{kind}{8 * size}": np.dtype(f"<{kind.lower()}{size}")
    for kind, sizes in {"U": (1, 2, 4, 8), "I": (1, 2, 4, 8), "F": (2, 4, 8)}.items()
    for size in sizes
}}  # fmt: skip


class Forgery:
    """The parts of a model file, to be changed and written again."""

    def __init__(self, content: bytes) -> None:
        end = 8 + int.from_bytes(content[:8], "little")
        self.table = json.loads(content[8:end])
        self.header = json.loads(self.table.pop("__metadata__")["skecg"])
        self.data = content[end:]

    def content(self, old: str = "", new: str = "") -> bytes:
        """Return the file; with ``new`` in the place of ``old`` in the header's text."""
        header = {**self.header, "sha256": "0" * 64}
        text = json.dumps(header, separators=(",", ":"))
        assert old in text
        table = {"__metadata__": {"skecg": text.replace(old, new, 1) if old else text}}
        raw = json.dumps({**table, **self.table}, separators=(",", ":")).encode()
        content = len(raw).to_bytes(8, "little") + raw + self.data
        digest = hashlib.sha256(content).hexdigest().encode()
        return content.replace(b"0" * 64, digest, 1)

    def array(self, name: str) -> np.ndarray:
        """Return a copy of an array."""
        begin, end = self.table[name]["data_offsets"]
        values = np.frombuffer(self.data[begin:end], _DTYPES[self.table[name]["dtype"]])
        return values.reshape(self.table[name]["shape"]).copy()

    def put(self, name: str, array: np.ndarray) -> None:
        """Put an array, of any length and type, in the place of another."""
        arrays = {each: self.array(each) for each in self.table} | {name: array}
        self.table, self.data = {}, b""
        # Long numbers first, so that all begin at a multiple of their length.
        for each, values in sorted(arrays.items(), key=lambda item: -item[1].itemsize):
            begin, self.data = len(self.data), self.data + values.tobytes()
            self.table[each] = {
                "dtype": next(k for k, dtype in _DTYPES.items() if dtype == values.dtype),
                "shape": list(values.shape),
                "data_offsets": [begin, len(self.data)],
            }

    @property
    def node(self) -> dict[str, Any]:
        """The estimator, or the pipeline."""
        return self.header["estimator"]["$estimator"]


def mutate_bytes(rng: random.Random, content: bytes) -> bytes:
    """Return the bytes with some flipped, cut, repeated or inserted."""
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
    """Return the file with values of its header changed, removed, renamed or copied."""
    forgery = Forgery(content)
    for _ in range(rng.choice([1, 1, 1, 2, 5])):
        root = forgery.table if rng.random() < 0.15 else forgery.header
        places = list(_places(root))
        parent, key = rng.choice(places)
        kind = rng.choice(["value", "value", "delete", "rename", "copy", "nudge"])
        if kind == "value":
            parent[key] = copy.deepcopy(rng.choice(VALUES))
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


def mutate_arrays(rng: random.Random, content: bytes) -> bytes:
    """Return the file with values of its arrays changed, removed, repeated or out of order."""
    forgery = Forgery(content)
    for _ in range(rng.choice([1, 1, 2])):
        name = rng.choice(sorted(forgery.table))
        values = forgery.array(name)
        place = rng.randrange(len(values)) if len(values) else 0
        kind = rng.choice(["value", "value", "bytes", "cut", "repeat", "reverse", "type", "axis"])
        if kind == "value" and len(values):
            values[place] = rng.choice([0, 1, *values[: place + 1][-3:]])
        elif kind == "bytes" and values.dtype != bool:
            size = len(values) * values.itemsize
            values = np.frombuffer(rng.randbytes(size), values.dtype)
        elif kind == "cut":
            values = values[:place]
        elif kind == "repeat":
            values = np.concatenate([values, values[place:]])
        elif kind == "reverse":
            values = values[::-1]
        elif kind == "type":
            with np.errstate(all="ignore"):
                values = values.astype(rng.choice([*_DTYPES.values()]))
        else:
            values = values[None]
        forgery.put(name, values)
    return forgery.content()


def _places(node: Any) -> Iterator[tuple[Any, Any]]:
    items = node.items() if isinstance(node, dict) else enumerate(node)
    for key, item in list(items):
        yield node, key
        if isinstance(item, dict | list):
            yield from _places(item)
