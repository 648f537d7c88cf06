"""The nodes of a forest as short arrays, and back.

Splits have a column and a threshold, leaves the number of a row of a table: the samples of each
class, or, where samples had weights, the share of each class and the weight of all. Everything else
that scikit-learn keeps of a node follows from these.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..storage import ModelFileError
from ._tree_nodes import begins_of, depth_first, levels_and_ends, right_children

# Nodes are visited level by level.
_MAX_DEPTH = 2**12
# Of one tree, which is in memory twice while it is made.
_MAX_NODES = 2**16


def packed(trees: list[dict[str, NDArray]]) -> dict[str, NDArray]:
    """Return the nodes of all trees, each before its left subtree and that before its right one.

    Raises
    ------
    ModelFileError
        If the nodes are not those of trees.
    """
    orders = [depth_first(tree["left"] < 0, tree["left"], tree["right"]) for tree in trees]
    nodes = {
        name: np.concatenate([tree[name][order] for tree, order in zip(trees, orders)])
        for name in trees[0]
    }
    is_split = nodes["left"] >= 0
    count, weight = nodes["count"][~is_split], nodes["weight"][~is_split]
    leaf, rows = _table(nodes["value"][~is_split], weight)
    learned = {
        "is_split": np.packbits(is_split),
        "feature": _short(nodes["feature"][is_split]),
        "threshold": _rounded_down(nodes["threshold"][is_split]),
        "missing_left": np.packbits(nodes["missing_left"][is_split] != 0),
        "leaf": _short(leaf),
        "rows": rows,
    }
    if not np.array_equal(count, weight):
        learned["count"] = _short(count)
    if any(order != [*range(len(order))] for order in orders):  # grown best first
        learned["number"] = _short(np.concatenate(orders))
    return learned


def _rounded_down(thresholds: NDArray[np.float64]) -> NDArray[np.float32]:
    """Return the greatest number of float32 that is no greater than each threshold.

    scikit-learn predicts from float32. None of its numbers lies between a threshold and the rounded
    one, so each is still on its side.
    """
    with np.errstate(over="ignore"):
        rounded = thresholds.astype(np.float32)
    return np.where(rounded > thresholds, np.nextafter(rounded, np.float32(-np.inf)), rounded)


def _table(
    value: NDArray[np.float64], weight: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray]:
    counts = np.rint(value * weight[:, None])
    whole = (
        counts.max() < 2**32
        and np.array_equal(counts.sum(axis=1), weight)
        and np.array_equal(counts / weight[:, None], value)
    )
    rows = counts if whole else np.column_stack([value, weight])
    order = np.lexsort(rows.T)
    is_new = np.append(True, (np.diff(rows[order], axis=0) != 0).any(axis=1))
    leaf = np.empty(len(rows), np.int64)
    leaf[order] = np.cumsum(is_new) - 1
    rows = rows[order[is_new]]
    return leaf, _short(rows) if whole else rows


def _short(numbers: NDArray) -> NDArray[np.unsignedinteger]:
    return numbers.astype(np.min_scalar_type(int(numbers.max(initial=0))))


def bits(packed_bits: NDArray[np.uint8], n: int) -> NDArray[np.bool_]:
    """Return the first bits of an array."""
    return np.unpackbits(packed_bits, count=n).view(bool)


def unpacked(
    learned: dict[str, Any], criterion: str
) -> tuple[dict[str, NDArray], NDArray[np.int64], NDArray[np.int64]]:
    """Return all that scikit-learn keeps of the nodes, and sizes and depths of the trees.

    Raises
    ------
    ModelFileError
        If a tree is too large or too deep.
    """
    n_splits, n = len(learned["feature"]), len(learned["feature"]) + len(learned["leaf"])
    is_split = bits(learned["is_split"], n)
    level, ends = levels_and_ends(is_split)
    begins = begins_of(ends)
    sizes = ends + 1 - begins
    if sizes.max() > _MAX_NODES:
        raise ModelFileError(
            f"a tree of a forest has more than {_MAX_NODES:,} nodes; set min_samples_leaf"
        )
    split = np.flatnonzero(is_split).astype(np.int32)
    left, right = np.full(n, -1, np.int32), np.full(n, -1, np.int32)
    left[split], right[split] = split + 1, right_children(is_split, level)
    nodes: dict[str, NDArray] = {
        "feature": np.full(n, -2, np.int32),
        "threshold": np.full(n, -2, np.float32),
        "missing_left": np.zeros(n, bool),
    }
    nodes["feature"][split], nodes["threshold"][split] = learned["feature"], learned["threshold"]
    nodes["missing_left"][split] = bits(learned["missing_left"], n_splits)
    by_depth = _by_depth(is_split, left, right, begins)
    nodes |= _summed(learned, criterion, is_split, left, right, by_depth)
    depth = np.zeros(n, np.int32)
    for i, together in enumerate(by_depth):
        depth[together] = i
    del by_depth  # beside the trees, they would be much
    # Children are counted from the root of their tree, in the order in which it grew.
    number = learned.get("number", np.arange(n) - np.repeat(begins, sizes)).astype(np.int32)
    left[split], right[split] = number[left[split]], number[right[split]]
    nodes |= {"left": left, "right": right}
    if "number" in learned:
        order = np.argsort(number + np.repeat(begins, sizes))
        nodes = {name: column[order] for name, column in nodes.items()}
    return nodes, sizes, np.maximum.reduceat(depth, begins)


def _by_depth(
    is_split: NDArray[np.bool_],
    left: NDArray[np.integer],
    right: NDArray[np.integer],
    roots: NDArray[np.integer],
) -> list[NDArray[np.integer]]:
    """Return the nodes of all trees, by the number of splits above them."""
    found = []
    nodes = roots
    while len(nodes):
        found.append(nodes)
        if len(found) > _MAX_DEPTH + 1:
            raise ModelFileError(f"a tree is deeper than {_MAX_DEPTH:,} splits; set max_depth")
        nodes = nodes[is_split[nodes]]
        nodes = np.concatenate([left[nodes], right[nodes]])
    return found


def _summed(
    learned: dict[str, Any],
    criterion: str,
    is_split: NDArray[np.bool_],
    left: NDArray[np.integer],
    right: NDArray[np.integer],
    by_depth: list[NDArray[np.integer]],
) -> dict[str, NDArray]:
    """Return shares of classes, weights, numbers of samples and impurities of all nodes."""
    leaf, rows = learned["leaf"], learned["rows"].astype(np.float64)
    are_counts = learned["rows"].dtype.kind == "u"
    shares, of_rows = (rows, rows.sum(axis=1)) if are_counts else (rows[:, :-1], rows[:, -1])
    value, weight = np.zeros((len(is_split), shares.shape[1])), np.zeros(len(is_split))
    weight[~is_split] = of_rows[leaf]
    value[~is_split] = (shares if are_counts else shares * of_rows[:, None])[leaf]
    count = weight.astype(np.int64)
    if "count" in learned:
        count[~is_split] = learned["count"]
    for nodes in reversed(by_depth):
        split = nodes[is_split[nodes]]
        for column in (value, weight, count):
            column[split] = column[left[split]] + column[right[split]]
    value /= weight[:, None]
    if not are_counts:
        value[~is_split] = shares[leaf]  # to the bit
    if criterion == "gini":
        impurity = 1 - np.einsum("ij,ij->i", value, value)
    else:
        impurity = -np.sum(value * np.log2(value, where=value > 0, out=np.zeros_like(value)), 1)
    return {"value": value, "weight": weight, "count": count, "impurity": impurity}
