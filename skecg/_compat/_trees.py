"""Private names of scikit-learn's histogram gradient boosting, seen in 1.6.1 and in 1.9.1.

The trees of a fitted ``HistGradientBoostingClassifier`` are tables of nodes, which compiled code
follows without checking an index.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

# Ours: theirs. The others are of no use once the trees have grown: gain, depth, bin_threshold.
_FIELDS = {
    "is_leaf": "is_leaf",
    "left": "left",
    "right": "right",
    "feature": "feature_idx",
    "threshold": "num_threshold",
    "missing_left": "missing_go_to_left",
    "value": "value",
    "count": "count",
}
_MISSING = (
    "this version of scikit-learn keeps the trees of a HistGradientBoostingClassifier in another "
    "way, which a model file cannot hold; joblib or skops can"
)


def grown_trees(model: Any) -> tuple[list[dict[str, NDArray]], NDArray[np.float64], bool]:
    """Return the trees of a fitted HistGradientBoostingClassifier, and what belongs to them.

    Returns
    -------
    trees : list of dict of {str: ndarray}
        The nodes of each tree: ``is_leaf``, the numbers of their ``left`` and ``right`` child,
        ``feature``, ``threshold`` and ``missing_left`` of splits, ``value`` and ``count`` of
        leaves. The root is node 0. Tree k of iteration i is number i * n_outputs + k.
    baseline : ndarray of shape (n_outputs,)
        The output without any tree.
    weighted : bool
        Whether the samples had weights; partial dependence is not computed by recursion then.

    Raises
    ------
    TypeError
        If a split is one of categories, or this version of scikit-learn has no such trees.
    """
    try:
        rounds, baseline = model._predictors, model._baseline_prediction
        nodes = [tree.nodes for trees in rounds for tree in trees]
        categorical = any(each["is_categorical"].any() for each in nodes)
        remapped = model._preprocessor is not None
        trees = [{own: each[name] for own, name in _FIELDS.items()} for each in nodes]
    except (AttributeError, ValueError, IndexError) as error:
        raise TypeError(_MISSING) from error
    if categorical or remapped:
        raise TypeError(
            "it has categorical columns, which a model file cannot hold in trees; encode them as "
            "numbers, or give categorical_features=None"
        )
    return trees, baseline.ravel(), bool(getattr(model, "_fitted_with_sw", False))


def plant_trees(
    model: Any,
    nodes: dict[str, NDArray],
    sizes: NDArray[np.int64],
    baseline: NDArray[np.float64],
    weighted: bool,
) -> None:
    """Give trees to a HistGradientBoostingClassifier; nothing in them is checked.

    Parameters
    ----------
    model : HistGradientBoostingClassifier
        Changed in place. It has all that it learned and that has a public name.
    nodes : dict of {str: ndarray}
        The nodes of all trees, as :func:`grown_trees` names them.
    sizes : ndarray of shape (n_trees,)
        Number of nodes of each tree.
    baseline : ndarray of shape (n_outputs,)
        The output without any tree.
    weighted : bool
        Whether the samples had weights.

    Raises
    ------
    TypeError
        If this version of scikit-learn has no such trees.
    """
    try:
        from sklearn.ensemble._hist_gradient_boosting.binning import _BinMapper
        from sklearn.ensemble._hist_gradient_boosting.common import PREDICTOR_RECORD_DTYPE
        from sklearn.ensemble._hist_gradient_boosting.predictor import TreePredictor

        table = np.zeros(len(nodes["is_leaf"]), PREDICTOR_RECORD_DTYPE)
        for own, name in _FIELDS.items():
            table[name] = nodes[own]
        model._loss = model._get_loss(None)
    except (ImportError, AttributeError, ValueError) as error:
        raise TypeError(_MISSING) from error
    no_categories = np.zeros((0, 8), np.uint32)
    ends = np.cumsum(sizes).tolist()
    trees = [
        TreePredictor(table[begin:end], no_categories, no_categories)
        for begin, end in zip([0, *ends], ends)
    ]
    n = len(baseline)
    model._predictors = [trees[i : i + n] for i in range(0, len(trees), n)]
    model._baseline_prediction = baseline.reshape(1, -1)
    model._preprocessor = model._is_categorical_remapped = model._scorer = None
    model._n_features = n_features = model.n_features_in_
    if weighted:
        model._fitted_with_sw = True
    bins = _BinMapper(n_bins=model.max_bins + 1)
    # Prediction asks for the columns that are categories: none.
    bins.is_categorical_, bins.bin_thresholds_ = np.zeros(n_features, np.uint8), []
    model._bin_mapper = bins
