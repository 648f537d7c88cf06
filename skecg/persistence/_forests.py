"""What RandomForestClassifier and ExtraTreesClassifier have learned as plain arrays, and back."""

from __future__ import annotations

from typing import Any, TypeAlias, TypeGuard

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import ExtraTreesClassifier, RandomForestClassifier

from .._compat import grown_forest, plant_forest
from ..storage import ModelFileError
from ._fitted_attributes import are_classes, check_input
from ._forest_nodes import bits, packed, unpacked
from ._tree_nodes import (
    MAX_FEATURES,
    OF_INPUT,
    are_whole_trees,
    begins_of,
    is_row,
    levels_and_ends,
    right_children,
)

Forest: TypeAlias = "RandomForestClassifier | ExtraTreesClassifier"
_OF_OOB = ("oob_score_", "oob_decision_function_")
_NODES = ("is_split", "feature", "threshold", "missing_left", "leaf", "rows")
_OPTIONAL = {OF_INPUT[1], *_OF_OOB, "count", "number"}
# A prediction can start as many threads.
_MAX_JOBS = 2**10


def learned_by_forest(model: Forest) -> dict[str, Any]:
    """Return the fitted attributes as plain values and arrays.

    Raises
    ------
    ModelFileError
        If it has learned what a file cannot hold.
    """
    if "estimators_" not in vars(model):
        return {}
    if model.n_outputs_ != 1:
        raise ModelFileError("it has more than one output")
    try:
        trees, seeds = grown_forest(model)
    except TypeError as error:
        raise ModelFileError(str(error)) from error
    if not all(type(seed) is int and 0 <= seed < 2**32 for seed in seeds):
        raise ModelFileError("its trees have a random_state that is no seed")
    names = (*OF_INPUT, "classes_", *_OF_OOB)
    learned = {name: vars(model)[name] for name in names if name in vars(model)}
    learned |= {**packed(trees), "seeds": np.array(seeds, np.uint32)}
    if "oob_score_" in learned:
        learned["oob_score_"] = float(learned["oob_score_"])
    _check(model, learned)
    if not _are_kept(trees, unpacked(learned, model.criterion)[0]):
        raise ModelFileError(
            "its nodes are not the sums of their leaves, as with monotonic_cst or after a change "
            "of criterion"
        )
    return learned


def restore_forest(model: Forest, learned: dict[str, Any]) -> None:
    """Set fitted attributes.

    Raises
    ------
    ModelFileError
        If they are not what such a classifier learns.
    """
    _check(model, learned)
    for name in (*OF_INPUT, "classes_", *_OF_OOB):
        if name in learned:
            setattr(model, name, learned[name])
    model.n_classes_ = len(model.classes_)
    try:
        plant_forest(model, *unpacked(learned, model.criterion), learned["seeds"])
    except TypeError as error:
        raise ModelFileError(str(error)) from error


def size_of_forest(learned: dict[str, Any]) -> tuple[int, int, int]:
    """Return the number of trees, of their nodes, and of shares of classes in these.

    Raises
    ------
    ModelFileError
        If these are no trees.
    """
    if not learned:
        return 0, 0, 0
    feature, leaf, rows = (learned.get(name) for name in ("feature", "leaf", "rows"))
    if not (is_row(feature, "u") and is_row(leaf, "u") and _is_matrix(rows, "uf")):
        raise ModelFileError("the trees of a forest are broken")
    n_nodes = len(feature) + len(leaf)
    # A tree has one leaf more than splits.
    n_classes = rows.shape[1] - (rows.dtype.kind == "f")
    return len(leaf) - len(feature), n_nodes, n_nodes * n_classes


def _are_kept(trees: list[dict[str, NDArray]], nodes: dict[str, NDArray]) -> bool:
    """Tell whether all that follows from the leaves is what the trees have."""
    grown = {name: np.concatenate([tree[name] for tree in trees]) for name in trees[0]}
    is_leaf = grown["left"] < 0
    return (
        all(np.array_equal(nodes[name], grown[name]) for name in ("left", "right", "count"))
        and np.array_equal(nodes["value"][is_leaf], grown["value"][is_leaf])
        and all(
            np.allclose(nodes[name], grown[name], rtol=1e-6, atol=1e-8)
            for name in ("value", "weight", "impurity")
        )
    )


def _check(model: Forest, learned: dict[str, Any]) -> None:
    name = type(model).__name__
    if learned.keys() - _OPTIONAL != {OF_INPUT[0], "classes_", "seeds", *_NODES}:
        raise ModelFileError(f"the fitted attributes of a {name} are incomplete or unknown")
    check_input(learned, name)
    if learned["n_features_in_"] > MAX_FEATURES:
        raise ModelFileError(f"a {name} of more than {MAX_FEATURES:,} columns cannot be in a file")
    if model.n_jobs is not None and model.n_jobs > _MAX_JOBS:
        raise ModelFileError(f"a {name} with n_jobs of more than {_MAX_JOBS:,} cannot be in a file")
    if not (are_classes(learned["classes_"]) and _are_oob(learned)):
        raise ModelFileError(f"the classes or scores of a {name} are broken")
    if not (_are_trees(learned) and _are_rows(learned) and _are_numbers(learned)):
        raise ModelFileError(f"the trees of a {name} are broken")


def _are_oob(learned: dict[str, Any]) -> bool:
    score, shares = (learned.get(name) for name in _OF_OOB)
    return (score is None or type(score) is float) and (
        shares is None or (_is_matrix(shares, "f") and shares.shape[1] == len(learned["classes_"]))
    )


def _are_trees(learned: dict[str, Any]) -> bool:
    feature, leaf, threshold = (learned[name] for name in ("feature", "leaf", "threshold"))
    if not (is_row(feature, "u") and is_row(leaf, "u") and is_row(learned["seeds"], "u")):
        return False
    n_splits, n_nodes = len(feature), len(feature) + len(leaf)
    if not (
        is_row(threshold, "f", n_splits)
        and threshold.dtype == np.float32
        and learned["seeds"].dtype == np.uint32
        and _are_bits(learned["is_split"], n_nodes)
        and _are_bits(learned["missing_left"], n_splits)
    ):
        return False
    is_split = bits(learned["is_split"], n_nodes)
    _, ends = levels_and_ends(is_split)
    return bool(
        np.count_nonzero(is_split) == n_splits
        and are_whole_trees(ends, n_nodes)
        and len(ends) == len(learned["seeds"])
        and (feature < learned["n_features_in_"]).all()
        # A threshold is infinite where a split tells gaps from all numbers.
        and not np.isnan(threshold).any()
    )


def _are_rows(learned: dict[str, Any]) -> bool:
    rows, n_classes = learned["rows"], len(learned["classes_"])
    if not _is_matrix(rows, "uf") or not len(rows) or (learned["leaf"] >= len(rows)).any():
        return False
    if rows.dtype.kind == "u":
        n_samples = rows.sum(axis=1, dtype=np.float64)
        return rows.itemsize <= 4 and rows.shape[1] == n_classes and bool((n_samples > 0).all())
    if rows.dtype != np.float64 or rows.shape[1] != n_classes + 1:
        return False
    shares, weight = rows[:, :-1], rows[:, -1]
    return bool(
        (shares >= 0).all()
        and (np.abs(shares.sum(axis=1) - 1) < 1e-6).all()
        # Their sums must not overflow; without "count" they are numbers of samples.
        and ((weight > 1e-200) & (weight < (1e200 if "count" in learned else 2**32))).all()
    )


def _are_numbers(learned: dict[str, Any]) -> bool:
    """Tell whether samples of leaves are sound, and the order in which the trees grew."""
    count, number, n_leaves = learned.get("count"), learned.get("number"), len(learned["leaf"])
    n_nodes = len(learned["feature"]) + n_leaves
    if count is not None and not (
        is_row(count, "u", n_leaves) and count.itemsize <= 4 and (count > 0).all()
    ):
        return False
    if number is None:
        return True
    if not (is_row(number, "u", n_nodes) and number.itemsize <= 4):
        return False
    is_split = bits(learned["is_split"], n_nodes)
    level, ends = levels_and_ends(is_split)
    begins = begins_of(ends)
    sizes = ends + 1 - begins
    number, split = number.astype(np.int64), np.flatnonzero(is_split)
    return bool(
        (number < np.repeat(sizes, sizes)).all()
        and (np.bincount(number + np.repeat(begins, sizes), minlength=n_nodes) == 1).all()
        and (number[split] < number[split + 1]).all()
        and (number[split] < number[right_children(is_split, level)]).all()
    )


def _are_bits(value: Any, n: int) -> bool:
    return is_row(value, "u", -(-n // 8)) and value.dtype == np.uint8


def _is_matrix(value: Any, kinds: str) -> TypeGuard[np.ndarray]:
    return isinstance(value, np.ndarray) and value.ndim == 2 and value.dtype.kind in kinds
