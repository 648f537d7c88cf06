"""Trees whose nodes are in one row, each before its left subtree and that before its right one.

Which of them are splits then tells where every tree and subtree ends, so a file has no numbers of
nodes that could point astray: scikit-learn follows them without a check.
"""

from __future__ import annotations

from typing import Any, TypeGuard

import numpy as np
from numpy.typing import NDArray

from ..storage import ModelFileError

OF_INPUT = ("n_features_in_", "feature_names_in_")
# The number of a column takes two bytes, and a prediction makes an array of as many numbers.
MAX_FEATURES = 2**16


def depth_first(
    is_leaf: NDArray[np.bool_], left: NDArray[np.integer], right: NDArray[np.integer]
) -> list[int]:
    """Return the numbers of the nodes of a tree in the order of this module.

    Raises
    ------
    ModelFileError
        If they are not those of a tree.
    """
    is_leaf, left, right = is_leaf.tolist(), left.tolist(), right.tolist()
    order: list[int] = []
    rest = [0]
    while rest and len(order) < len(is_leaf):
        node = rest.pop()
        order.append(node)
        if not is_leaf[node]:
            rest += [right[node], left[node]]
    if rest or len(order) != len(is_leaf):
        raise ModelFileError("its nodes are not those of a tree")
    return order


def levels_and_ends(is_split: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the subtrees that are still to come after each node, and the last node of each tree.

    They are counted on from tree to tree, so every tree ends one level lower than any node before.
    """
    level = np.cumsum(np.where(is_split, 1, -1))
    lowest = np.minimum.accumulate(np.minimum(level, 0))
    return level, np.flatnonzero(np.diff(lowest, prepend=0) < 0)


def are_whole_trees(ends: NDArray[np.int64], n_nodes: int) -> bool:
    """Tell whether the last node is the end of a tree."""
    return bool(len(ends) and ends[-1] == n_nodes - 1)


def begins_of(ends: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the first node of each tree."""
    return np.concatenate([[0], ends[:-1] + 1])


def right_children(is_split: NDArray[np.bool_], level: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the right child of every split; the left one is the node after it."""
    split = np.flatnonzero(is_split)
    # A left subtree ends one level lower than its root begins, and that is the level of the split.
    return next_at(level, split, level[split] - 1) + 1


def next_at(
    level: NDArray[np.int64], places: NDArray[np.int64], wanted: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return the first node after each place that is at the wanted level."""
    n = len(level)
    order = np.argsort(level, kind="stable")
    keys = level[order] * n + order
    return order[np.searchsorted(keys, wanted * n + places)]


def is_row(value: Any, kind: str, length: int | None = None) -> TypeGuard[np.ndarray]:
    """Tell whether a value is a vector of numbers of that kind and length."""
    return (
        isinstance(value, np.ndarray)
        and value.ndim == 1
        and value.dtype.kind == kind
        and (length is None or len(value) == length)
    )
