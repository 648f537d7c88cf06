"""One safe file for a model."""

from __future__ import annotations

import os
import platform
import warnings
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import sklearn
import torch
from sklearn.base import BaseEstimator

from .._version import __version__
from ..storage import MAX_BYTES, ModelFileError, ValueWriter, read_container, write_container
from ._estimator_reader import EstimatorReader
from ._estimator_writer import EstimatorWriter

_ENTRIES = {"estimator", "metrics", "left_out", "versions"}


def save(
    estimator: BaseEstimator,
    path: str | os.PathLike,
    *,
    metrics: Mapping[str, Any] | None = None,
) -> None:
    """Write an estimator into one safe file: arrays and a text header, no code, no pickle.

    The file is in safetensors' format. Its header holds parameters (the sampling rate of a
    segmenter is one), classes, the history of training, versions, and what the network was trained
    on; :func:`describe` shows it. The same estimator gives the same bytes. An old file of that name
    stays until the new one is whole on the disk. A process that is killed as it writes leaves a
    hidden file beside it, which the next ``save`` to the same path removes.

    Parameters
    ----------
    estimator : estimator
        A classifier or transformer of skecg, fitted or not, or a composition of these with steps
        of scikit-learn: ``Pipeline``, ``FeatureUnion``, ``FrozenEstimator``,
        ``CalibratedClassifierCV``, ``VotingClassifier``, ``LogisticRegression``,
        ``HistGradientBoostingClassifier`` without categorical columns, ``RandomForestClassifier``
        and ``ExtraTreesClassifier`` of one output and with no leaf changed by ``monotonic_cst``,
        ``StandardScaler``, ``MinMaxScaler``, ``RobustScaler``, ``SimpleImputer`` of numbers without
        an indicator, ``PCA``, and ``FunctionTransformer`` of a universal function of numpy, of a
        few other functions of numpy such as ``numpy.clip``, or of a function of
        :mod:`skecg.signal`. Of a search, save its ``best_estimator_``.
    path : path-like
        The file; ``.safetensors`` is the usual ending.
    metrics : mapping of str to number, str, list or mapping, default=None
        Results to keep beside the model, such as ``{"accuracy": 0.98, "on": "DS2"}``.

    Raises
    ------
    TypeError
        If the estimator, a step or a parameter is of a kind that the file cannot hold, such as a
        function of one's own. joblib or skops can hold other steps.
    ValueError
        If a parameter is invalid, or was changed after ``fit`` so that it no longer describes the
        network; if weights are not finite; or if the estimator exceeds the bounds that :func:`load`
        names.
    OSError
        If the file cannot be written.

    Warns
    -----
    UserWarning
        If something was left out: ``callbacks``, ``checkpoint_dir``, a pipeline's ``memory``, a
        ``random_state`` that is a generator and a ``cv`` that is no number become None.

    See Also
    --------
    load : Read it again.
    describe : What the file holds, for people.

    Notes
    -----
    Like a pickle's, the optimiser's state is not kept: ``partial_fit`` begins with a fresh one.
    The network of an :class:`ECGNeuralClassifier` is its author's code; the file has its name only.
    The thresholds of a forest are rounded down to float32, from which it predicts; impurities and
    ``feature_importances_`` follow from the leaves and can differ in the last digits, and
    ``estimators_samples_`` is not kept.
    ``init_from`` is stored with its weights, so that a loaded estimator can be fitted again.

    Examples
    --------
    >>> import tempfile
    >>> import skecg
    >>> from skecg.datasets import make_beats
    >>> beats = make_beats(100, random_state=0)
    >>> clf = skecg.ECGResidualCNNClassifier(max_epochs=1, random_state=0)
    >>> clf = clf.fit(beats.data, beats.target)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     skecg.save(clf, f"{folder}/beats.safetensors", metrics={"accuracy": 0.9})
    ...     loaded = skecg.load(f"{folder}/beats.safetensors")
    >>> bool((loaded.predict_proba(beats.data) == clf.predict_proba(beats.data)).all())
    True
    """
    if not isinstance(estimator, BaseEstimator):
        raise TypeError(f"save takes an estimator of skecg; got {estimator!r}")
    writer = EstimatorWriter()
    header = {
        "estimator": writer.write(estimator, "model"),
        "metrics": ValueWriter().write(_plain(metrics or {}), "metrics"),
        "left_out": writer.left_out,
        "versions": {
            "skecg": __version__,
            "torch": torch.__version__,
            "scikit-learn": sklearn.__version__,
            "python": platform.python_version(),
        },
    }
    write_container(path, header, writer.arrays)
    if writer.left_out:
        warnings.warn(
            f"{os.fspath(path)!r} was written without {', '.join(writer.left_out)}, which a model "
            "file cannot hold; they are None in a loaded estimator",
            UserWarning,
            stacklevel=2,
        )


def load(
    path: str | os.PathLike,
    *,
    modules: Mapping[str, Callable[..., torch.nn.Module]] | None = None,
    max_bytes: int = MAX_BYTES,
) -> BaseEstimator:
    """Read an estimator from a file of :func:`save`; nothing in the file is ever executed.

    A loaded estimator predicts what the saved one did, to the bit, and can be fitted again,
    cloned, pickled and saved. Files from strangers are safe to load: they can name only the
    estimators and functions that :func:`save` lists, every length and shape is checked before
    memory is taken for it, and no other file is opened.

    Parameters
    ----------
    path : path-like
        The file.
    modules : mapping of str to class or function, default=None
        For an :class:`ECGNeuralClassifier`, the network by its qualified name, such as
        ``{"MyNetwork": MyNetwork}``; also classes and functions in its ``module_params``. They are
        called with arguments from the file.
    max_bytes : int, default=2**30
        A larger file is refused unread.

    Returns
    -------
    estimator
        Its network is on the CPU until it predicts.

    Raises
    ------
    ModelFileError
        If the file is damaged, forged, from a newer version of skecg or no model file, exceeds the
        bounds below, has weights that are not finite, or names a network that ``modules`` lacks.
    OSError
        If there is no such file or it may not be read.

    See Also
    --------
    save : Write such a file; has an example.

    Notes
    -----
    Any file up to 10 MB, forged ones included, is loaded or refused within a second of processor
    time and within 100 MB of memory beyond that of its arrays; code in ``modules`` takes its own
    time. To this end a file has at most

    - 4 MiB of header, with 131,072 values in 65,536 lists and dictionaries, nested 100 deep, and
      numbers of 64 digits;
    - 2,048 entries in dictionaries whose keys are not all plain strings, and 16 MiB of arrays of
      strings;
    - 8,192 arrays, with 32 axes each;
    - 100 estimators, of which 20 are fitted networks, with 2,048 arrays of weights in all;
    - 16,384 trees, with 524,288 nodes in all, and 1,572,864 nodes of forests times their
      classes; trees of forests with 65,536 nodes and 4,096 splits one below the other;
    - 1,000 milestones in a schedule, boxes in a layout, or layers in a transfer report.

    No network is built that has more than four times the weights in the file.
    """
    header, arrays = read_container(path, max_bytes)
    reader = EstimatorReader(arrays, dict(modules or {}))
    estimator = read_estimator(path, header, reader)
    if reader.arrays:
        raise ModelFileError(
            f"{os.fspath(path)!r} has arrays that belong to nothing: {min(reader.arrays)!r}"
        )
    return estimator


def read_estimator(
    path: str | os.PathLike, header: dict[str, Any], reader: EstimatorReader
) -> BaseEstimator:
    """Read the estimator of a header; any error becomes a ModelFileError."""
    try:
        if header.keys() != _ENTRIES:
            raise ModelFileError(f"unknown or missing entries, {sorted(header.keys() ^ _ENTRIES)}")
        with warnings.catch_warnings():
            # Odd numbers of a forged file either raise an error or do no harm.
            warnings.simplefilter("ignore")
            estimator = reader.read(header["estimator"])
        if not isinstance(estimator, BaseEstimator):
            raise ModelFileError("there is no estimator in it")
        return estimator
    except Exception as error:
        # A forged header can make constructors raise errors of any kind.
        reason = str(error) or type(error).__name__
        raise ModelFileError(f"{os.fspath(path)!r} cannot be loaded: {reason[:1000]}") from error


def _plain(value: Any) -> Any:
    """Turn numpy's numbers in metrics into Python's, and tuples and arrays into lists."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, np.ndarray):
        return _plain(value.tolist())
    return value.item() if isinstance(value, np.generic) else value
