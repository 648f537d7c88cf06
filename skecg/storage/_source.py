"""The weights of a file's classifier without the classifier."""

from __future__ import annotations

import os
from collections.abc import Container, Iterator
from typing import Any, NamedTuple

import numpy as np

from ._container import read_container
from ._header import ModelFileError
from ._values import ValueReader

MAX_BYTES = 2**30


class StoredClassifier(NamedTuple):
    """A fitted classifier as its file has it.

    Attributes
    ----------
    class_name : str
        Name of its class.
    params : dict
        Its parameters as JSON, which :class:`ValueReader` reads.
    classes : ndarray of shape (n_classes,)
        Its labels.
    multilabel : bool
        Whether a sample may have several of them.
    weights : dict of {str: ndarray}
        The network's ``state_dict``.
    """

    class_name: str
    params: dict[str, Any]
    classes: np.ndarray
    multilabel: bool
    weights: dict[str, np.ndarray]


def read_classifier(path: str | os.PathLike, max_bytes: int = MAX_BYTES) -> StoredClassifier:
    """Read the fitted network of a file, wherever it is in its estimator, unbuilt.

    Whoever copies the weights must compare their names and shapes with those of the network that is
    to take them; here only their integrity is checked, and that they are finite.

    Parameters
    ----------
    path : path-like
        A file of :func:`skecg.save`.
    max_bytes : int, default=2**30
        A larger file is refused unread.

    Returns
    -------
    StoredClassifier
        What the file has of it.

    Raises
    ------
    ModelFileError
        If the file is not intact, or has no fitted network or several, or weights that are not
        finite.
    """
    header, arrays = read_container(path, max_bytes)
    reader = ValueReader(arrays)
    try:
        found = list(_networks(header["estimator"]))
        if len(found) != 1:
            raise ModelFileError(f"it has {len(found)} fitted networks, and not one")
        node = found[0]
        classes = reader.read(node["state"]["classes"])
        multilabel = node["state"].get("multilabel", False)
        if type(multilabel) is not bool:
            raise ModelFileError("its kind of targets is broken")
        if not isinstance(classes, np.ndarray) or type(node["params"]) is not dict:
            raise ModelFileError("its classes are broken")
        weights = take_weights(reader, node["weights"])
        # A network of the user's may have a mask of infinities.
        masks = weights if node["class"] == "ECGNeuralClassifier" else ()
        broken = not_finite(weights, may_be_infinite=masks)
        if broken is not None:
            raise ModelFileError(f"its weights {broken!r} are not finite")
        name = str(node["class"])
        return StoredClassifier(name, node["params"], classes, multilabel, weights)
    except Exception as error:  # a forged header can be of any form
        raise ModelFileError(
            f"{os.fspath(path)!r} has no fitted classifier that can be read: {error!r}"
        ) from error


def _networks(node: Any) -> Iterator[dict[str, Any]]:
    """Yield the fitted networks of an estimator; not those that they started from."""
    if isinstance(node, dict) and "state" in node:
        yield node
    elif isinstance(node, dict) and "learned" in node:
        # What was frozen is a parameter, and may be among what was learned again.
        yield from list(_networks(node["learned"])) or _networks(node["params"])
    elif isinstance(node, dict | list):
        for inner in node.values() if isinstance(node, dict) else node:
            yield from _networks(inner)


def take_weights(reader: ValueReader, prefix: str) -> dict[str, np.ndarray]:
    """Hand out the arrays whose names begin with ``prefix``, by the rest of their names.

    Parameters
    ----------
    reader : ValueReader
        Reader of the file, which hands the arrays out.
    prefix : str
        How their names begin.

    Returns
    -------
    dict of {str: ndarray}
        The arrays.
    """
    names = [name for name in reader.arrays if name.startswith(prefix)]
    return {name.removeprefix(prefix): reader.take(name) for name in names}


def not_finite(
    weights: dict[str, np.ndarray], *, may_be_infinite: Container[str] = ()
) -> str | None:
    """Return the name of the first weights that are NaN or infinite, or None.

    Parameters
    ----------
    weights : dict of {str: ndarray}
        Weights by name.
    may_be_infinite : container of str, default=()
        Names of those in which only NaN is wrong.

    Returns
    -------
    str or None
        The name; None if all are finite.
    """
    for name, array in weights.items():
        is_sound = np.isfinite if name not in may_be_infinite else _is_no_nan
        if array.dtype.kind in "fc" and not is_sound(array).all():
            return name
    return None


def _is_no_nan(array: np.ndarray) -> np.ndarray:
    return ~np.isnan(array)
