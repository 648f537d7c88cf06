"""Private names of scikit-learn's forests, seen in 1.6.1 and in 1.9.1.

The trees of a fitted ``RandomForestClassifier`` or ``ExtraTreesClassifier`` are tables of nodes,
which compiled code follows without checking an index.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

# Ours: theirs.
_FIELDS = {
    "left": "left_child",
    "right": "right_child",
    "feature": "feature",
    "threshold": "threshold",
    "missing_left": "missing_go_to_left",
    "impurity": "impurity",
    "count": "n_node_samples",
    "weight": "weighted_n_node_samples",
}
_MISSING = (
    "this version of scikit-learn keeps the trees of a forest in another way, which a model file "
    "cannot hold; joblib or skops can"
)


def grown_forest(model: Any) -> tuple[list[dict[str, NDArray]], list[Any]]:
    """Return the trees of a fitted forest of one output, and the seeds of their growth.

    Returns
    -------
    trees : list of dict of {str: ndarray}
        The nodes of each tree: the numbers of their ``left`` and ``right`` child, -1 in leaves;
        ``feature``, ``threshold`` and ``missing_left`` of splits; ``impurity``, number of samples
        ``count`` and its weighted form ``weight``; and ``value``, the share of each class. The root
        is node 0.
    seeds : list
        The ``random_state`` of each tree.

    Raises
    ------
    TypeError
        If this version of scikit-learn has no such trees.
    """
    try:
        states = [tree.tree_.__getstate__() for tree in model.estimators_]
        trees = [
            {own: state["nodes"][name] for own, name in _FIELDS.items()}
            | {"value": state["values"][:, 0]}
            for state in states
        ]
        return trees, [tree.random_state for tree in model.estimators_]
    except (AttributeError, ValueError, IndexError, KeyError) as error:
        raise TypeError(_MISSING) from error


def plant_forest(
    model: Any,
    nodes: dict[str, NDArray],
    sizes: NDArray[np.int64],
    depths: NDArray[np.int64],
    seeds: NDArray[np.uint32],
) -> None:
    """Give trees to a forest; nothing in them is checked.

    Parameters
    ----------
    model : RandomForestClassifier or ExtraTreesClassifier
        Changed in place. It has its number of columns and its number of classes.
    nodes : dict of {str: ndarray}
        The nodes of all trees, as :func:`grown_forest` names them.
    sizes : ndarray of shape (n_trees,)
        Number of nodes of each tree.
    depths : ndarray of shape (n_trees,)
        Splits from the root of each tree to its lowest leaf.
    seeds : ndarray of shape (n_trees,)
        The seed of each tree.

    Raises
    ------
    TypeError
        If this version of scikit-learn has no such trees.
    """
    try:
        from sklearn.tree._tree import NODE_DTYPE, Tree

        if {*NODE_DTYPE.names} != {*_FIELDS.values()}:
            raise TypeError(_MISSING)
        params = {n: getattr(model, n) for n in model.estimator_params if n != "random_state"}
        tree_class = type(model.estimator)
        grown = []
        begin = 0
        for size, depth, seed in zip(sizes.tolist(), depths.tolist(), seeds.tolist()):
            end = begin + size
            table = np.zeros(size, NODE_DTYPE)
            for own, name in _FIELDS.items():
                table[name] = nodes[own][begin:end]
            tree = Tree(model.n_features_in_, np.array([model.n_classes_], np.intp), 1)
            values = nodes["value"][begin:end, None]
            state = {"max_depth": depth, "node_count": size, "nodes": table, "values": values}
            tree.__setstate__(state)
            grown.append(tree_class(**params, random_state=seed))
            grown[-1].tree_ = tree
            begin = end
    except (ImportError, AttributeError, ValueError, KeyError) as error:
        raise TypeError(_MISSING) from error
    # A forest numbers the classes for its trees.
    numbers = np.arange(model.n_classes_, dtype=np.float64)
    for tree in grown:
        tree.n_features_in_, tree.n_outputs_ = model.n_features_in_, 1
        tree.n_classes_, tree.classes_ = model.n_classes_, numbers
    model.estimator_, model.estimators_, model.n_outputs_ = model.estimator, grown, 1
