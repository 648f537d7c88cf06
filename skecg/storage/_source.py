"""The weights of a file's classifier without the classifier."""

from __future__ import annotations

import os
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
        Its parameters as JSON, see :mod:`skecg.storage._values`.
    classes : ndarray of shape (n_classes,)
        Its labels.
    weights : dict of {str: ndarray}
        The network's ``state_dict``.
    """

    class_name: str
    params: dict[str, Any]
    classes: np.ndarray
    weights: dict[str, np.ndarray]


def read_classifier(path: str | os.PathLike, max_bytes: int = MAX_BYTES) -> StoredClassifier:
    """Read the fitted classifier of a file, or the last step of its pipeline, unbuilt.

    Nothing but the file's own integrity is checked: whoever copies the weights compares their
    names and shapes with those of the network that shall have them.

    Parameters
    ----------
    path : path-like
        A file of :func:`skecg.save`.
    max_bytes : int, default=2**30
        Size from which a file is refused unread.

    Raises
    ------
    ModelFileError
        If the file is not intact or has no fitted classifier.
    """
    header, arrays = read_container(path, max_bytes)
    reader = ValueReader(arrays)
    try:
        node = header["estimator"]["$estimator"]
        while "state" not in node:
            inner = node["params"]
            if node["class"] == "Pipeline":
                node = inner["steps"][-1]["$tuple"][1]["$estimator"]
            else:
                node = inner["estimator"]["$estimator"]
        classes = reader.read(node["state"]["classes"])
        if not isinstance(classes, np.ndarray) or type(node["params"]) is not dict:
            raise ModelFileError("its classes are broken")
        weights = take_weights(reader, node["weights"])
        return StoredClassifier(str(node["class"]), node["params"], classes, weights)
    except Exception as error:  # a forged header can be of any form
        raise ModelFileError(
            f"{os.fspath(path)!r} has no fitted classifier that can be read: {error!r}"
        ) from error


def take_weights(reader: ValueReader, prefix: str) -> dict[str, np.ndarray]:
    """Hand out the arrays whose names begin with ``prefix``, by the rest of their names."""
    names = [name for name in reader.arrays if name.startswith(prefix)]
    return {name.removeprefix(prefix): reader.take(name) for name in names}
