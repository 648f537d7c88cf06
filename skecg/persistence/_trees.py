"""What a HistGradientBoostingClassifier has learned as plain arrays, and back."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.exceptions import NotFittedError
from sklearn.utils.validation import check_is_fitted

from .._compat import grown_trees, plant_trees
from ..storage import ModelFileError
from ._fitted_attributes import are_classes, check_input
from ._tree_nodes import (
    MAX_FEATURES,
    OF_INPUT,
    are_whole_trees,
    begins_of,
    depth_first,
    is_row,
    levels_and_ends,
    next_at,
    right_children,
)

_PUBLIC = ("classes_", "do_early_stopping_", "train_score_", "validation_score_")
_OF_SPLITS = ("feature", "threshold", "missing_left")
_OF_LEAVES = ("value", "count")
_TREES = ("is_split", *_OF_SPLITS, *_OF_LEAVES, "baseline", "weighted")


def learned_by_trees(model: HistGradientBoostingClassifier) -> dict[str, Any]:
    """Return the fitted attributes as plain values and arrays.

    Raises
    ------
    ModelFileError
        If it has learned what a file cannot hold.
    """
    try:
        check_is_fitted(model)
    except NotFittedError:
        return {}
    try:
        trees, baseline, weighted = grown_trees(model)
    except TypeError as error:
        raise ModelFileError(str(error)) from error
    names = (*OF_INPUT, *_PUBLIC)
    learned = {name: vars(model)[name] for name in names if name in vars(model)}
    learned["do_early_stopping_"] = bool(learned.get("do_early_stopping_"))
    learned |= _packed([_in_order(tree) for tree in trees])
    learned |= {"baseline": baseline, "weighted": weighted}
    _check(model, learned)
    return learned


def restore_trees(model: HistGradientBoostingClassifier, learned: dict[str, Any]) -> None:
    """Set fitted attributes.

    Raises
    ------
    ModelFileError
        If they are not what such a classifier learns.
    """
    _check(model, learned)
    for name in (*OF_INPUT, *_PUBLIC):
        if name in learned:
            setattr(model, name, learned[name])
    n_classes = len(model.classes_)
    model.n_trees_per_iteration_ = 1 if n_classes == 2 else n_classes
    model.is_categorical_ = None
    nodes, sizes = _unpacked(learned)
    try:
        plant_trees(model, nodes, sizes, learned["baseline"], learned["weighted"])
    except TypeError as error:
        raise ModelFileError(str(error)) from error


def size_of_trees(learned: dict[str, Any]) -> tuple[int, int]:
    """Return the number of trees and of their nodes, before or after a check.

    Raises
    ------
    ModelFileError
        If these are no trees.
    """
    if not learned:
        return 0, 0
    is_split = learned.get("is_split")
    if not (is_row(is_split, "b") and len(is_split)):
        raise ModelFileError("the trees of a HistGradientBoostingClassifier are broken")
    n_leaves = len(is_split) - np.count_nonzero(is_split)
    # A tree has one leaf more than splits.
    return int(n_leaves - np.count_nonzero(is_split)), len(is_split)


# To a file ----------------------------------------------------------------------------------------


def _in_order(tree: dict[str, NDArray]) -> dict[str, NDArray]:
    order = depth_first(tree["is_leaf"], tree["left"], tree["right"])
    return {name: column[order] for name, column in tree.items()}


def _packed(trees: list[dict[str, NDArray]]) -> dict[str, NDArray]:
    nodes = {name: np.concatenate([tree[name] for tree in trees]) for name in trees[0]}
    is_split = nodes["is_leaf"] == 0
    packed = {name: nodes[name][is_split] for name in _OF_SPLITS}
    packed |= {name: nodes[name][~is_split] for name in _OF_LEAVES}
    if len(packed["feature"]) and packed["feature"].max() >= MAX_FEATURES:
        raise ModelFileError(f"it has more than {MAX_FEATURES:,} columns")
    packed["feature"] = packed["feature"].astype(np.uint16)
    packed["missing_left"] = packed["missing_left"] != 0
    for name in ("threshold", "value"):
        packed[name] = _short(packed[name])
    return {"is_split": is_split, **packed}


def _short(numbers: NDArray[np.float64]) -> NDArray:
    """Return the numbers in float32 if all of them are the same in it."""
    with np.errstate(over="ignore"):
        short = numbers.astype(np.float32)
    return short if np.array_equal(short, numbers) else numbers


# From a file --------------------------------------------------------------------------------------


def _unpacked(learned: dict[str, Any]) -> tuple[dict[str, NDArray], NDArray[np.int64]]:
    """Return the nodes with their children, and the number of nodes of each tree."""
    is_split = learned["is_split"]
    n = len(is_split)
    level, ends = levels_and_ends(is_split)
    begins = begins_of(ends)
    sizes = ends + 1 - begins
    begin = np.repeat(begins, sizes)[is_split]
    split, left, right = np.flatnonzero(is_split), np.zeros(n, int), np.zeros(n, int)
    left[split] = split + 1 - begin
    right[split] = right_children(is_split, level) - begin
    nodes = {"is_leaf": ~is_split, "left": left, "right": right}
    for name in _OF_SPLITS:
        nodes[name] = np.zeros(n, learned[name].dtype)
        nodes[name][is_split] = learned[name]
    nodes["value"] = np.zeros(n)
    nodes["value"][~is_split] = learned["value"]
    counts = np.zeros(n, np.int64)
    counts[~is_split] = learned["count"]
    before = np.concatenate([[0], np.cumsum(counts)])
    counts[split] = before[next_at(level, split, level[split] - 2) + 1] - before[split]
    return {**nodes, "count": counts}, sizes


def _check(model: HistGradientBoostingClassifier, learned: dict[str, Any]) -> None:
    name = "HistGradientBoostingClassifier"
    if learned.keys() - {*OF_INPUT[1:]} != {OF_INPUT[0], *_PUBLIC, *_TREES}:
        raise ModelFileError(f"the fitted attributes of a {name} are incomplete or unknown")
    check_input(learned, name)
    if model.warm_start:
        raise ModelFileError(
            f"a fitted {name} with warm_start=True needs more than its trees to grow further; set "
            "warm_start=False"
        )
    if learned["n_features_in_"] > MAX_FEATURES:
        raise ModelFileError(f"a {name} of more than {MAX_FEATURES:,} columns cannot be in a file")
    if not (_is_sound_input(learned) and _are_trees(learned)):
        raise ModelFileError(f"the trees of a {name} are broken")


def _is_sound_input(learned: dict[str, Any]) -> bool:
    scores = (learned["train_score_"], learned["validation_score_"])
    return (
        are_classes(learned["classes_"])
        and type(learned["do_early_stopping_"]) is bool
        and type(learned["weighted"]) is bool
        and all(is_row(score, "f") for score in scores)
    )


def _are_trees(learned: dict[str, Any]) -> bool:
    is_split = learned["is_split"]
    if not (is_row(is_split, "b") and len(is_split)):
        return False
    n_splits, n_outputs = int(np.count_nonzero(is_split)), len(learned["classes_"])
    n_outputs = 1 if n_outputs == 2 else n_outputs
    lengths = dict.fromkeys(_OF_SPLITS, n_splits)
    lengths |= {**dict.fromkeys(_OF_LEAVES, len(is_split) - n_splits), "baseline": n_outputs}
    kinds = {"feature": "u", "threshold": "f", "missing_left": "b", "value": "f", "count": "u"}
    kinds["baseline"] = "f"
    if not all(is_row(learned[name], kinds[name], n) for name, n in lengths.items()):
        return False
    _, ends = levels_and_ends(is_split)
    return bool(
        are_whole_trees(ends, len(is_split))
        and len(ends) % n_outputs == 0
        and (learned["feature"] < learned["n_features_in_"]).all()
        # A threshold is infinite where a split tells gaps from all numbers.
        and not np.isnan(learned["threshold"]).any()
        and np.isfinite(learned["value"]).all()
        and np.isfinite(learned["baseline"]).all()
        and learned["baseline"].dtype == np.float64
        and learned["count"].dtype == np.uint32
        and (learned["count"] > 0).all()
        and (_samples_of_trees(learned["count"], is_split, ends) < 2**32).all()
    )


def _samples_of_trees(
    count: NDArray[np.uint32], is_split: NDArray[np.bool_], ends: NDArray[np.int64]
) -> NDArray[np.int64]:
    n_leaves = np.cumsum(~is_split)[ends]
    return np.add.reduceat(count.astype(np.int64), np.concatenate([[0], n_leaves[:-1]]))
