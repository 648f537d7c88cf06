"""The order in which classes of heartbeats are shown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.multiclass import unique_labels

from ._counts import AAMI_CLASSES

_PLACES = {name: place for place, name in enumerate(AAMI_CLASSES)}


def aami_labels(*y: ArrayLike) -> NDArray:
    """Return the labels that occur, in the order N, S, V, F, Q of the standard.

    Tables and displays of scikit-learn sort labels: F, N, Q, S, V. Pass the result as their
    ``labels`` to show the order of :func:`aami_report`.

    Parameters
    ----------
    *y : array-like of shape (n_beats,)
        Labels, such as the true and the predicted ones.

    Returns
    -------
    labels : ndarray of shape (n_classes,)
        The AAMI classes among the labels, then all other labels, sorted. Codes and names of other
        classes are thus sorted as usual.

    Raises
    ------
    TypeError, ValueError
        If labels are no classes, such as fractions, or names and codes are mixed.

    See Also
    --------
    aami_order : The order of labels that are distinct, such as ``clf.classes_``.

    Examples
    --------
    >>> from sklearn.metrics import confusion_matrix
    >>> from skecg.metrics import aami_labels
    >>> y_true, y_pred = ["V", "F", "N", "N"], ["V", "N", "N", "V"]
    >>> labels = aami_labels(y_true, y_pred)
    >>> labels.tolist()
    ['N', 'V', 'F']
    >>> confusion_matrix(y_true, y_pred, labels=labels)
    array([[1, 1, 0],
           [0, 1, 0],
           [1, 0, 0]])
    """
    labels = unique_labels(*y)
    return labels[aami_order(labels)]


def aami_order(labels: Sequence[Any] | NDArray) -> NDArray[np.intp]:
    """Return the indices that put distinct labels into the order N, S, V, F, Q.

    Parameters
    ----------
    labels : sequence of n_classes labels
        Labels, such as ``classes_`` of a classifier.

    Returns
    -------
    order : ndarray of int of shape (n_classes,)
        Indices of the AAMI classes in their order, then those of all other labels as they are.

    See Also
    --------
    aami_labels : The labels that occur among those of many beats.

    Examples
    --------
    >>> import numpy as np
    >>> from skecg.metrics import aami_order
    >>> classes = np.array(["F", "N", "S", "V"])
    >>> order = aami_order(classes)
    >>> classes[order].tolist()
    ['N', 'S', 'V', 'F']
    >>> probabilities = np.array([[0.1, 0.6, 0.0, 0.3]])
    >>> probabilities[:, order].tolist()
    [[0.6, 0.0, 0.3, 0.1]]
    """
    places = [_PLACES.get(label, len(_PLACES)) for label in labels]
    return np.argsort(places, kind="stable")
