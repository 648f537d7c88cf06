"""Damage of all kinds, drawn by a seed: bytes, text and JSON of files, and wrong values."""

from __future__ import annotations

import datetime
import random
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import sparse

# Files ------------------------------------------------------------------------------------------


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
