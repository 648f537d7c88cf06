"""Samples of any shape as rows of a table, and back."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def flat_floats(X: Any, sampler_name: str) -> Any:
    """Return samples as rows of a table, integers in floating point.

    imbalanced-learn computes differences in the dtype of X, and those of uint8 wrap around.
    """
    if hasattr(X, "iloc") and X.ndim == 2:
        return X.astype(dict.fromkeys(_whole_numbers(X), np.float64))
    try:
        array = np.asarray(X)
    except ValueError:  # their lengths differ
        array = np.empty(len(X), dtype=object)
    if array.ndim < 2 and array.dtype.kind not in "biufc":
        kind = type(X[0] if isinstance(X, list | tuple | np.ndarray) else X).__name__
        raise TypeError(
            f"{sampler_name} compares samples by their values and needs X of shape (n_samples, "
            f"...), but X is one-dimensional, of {kind}. Put it behind the step that makes "
            "arrays: AreaResize or LeadCropper for pictures, BeatSegmenter for records of "
            "different lengths; or use RandomOverSampler or RandomUnderSampler, which do not "
            "use X"
        )
    table = array.reshape(len(array), -1) if array.ndim > 2 else array
    if table.dtype.kind in "biu":
        table = table.astype(np.float32 if table.itemsize <= 2 else np.float64)
    return table


def in_the_form_of(X: Any, new: Any) -> Any:
    """Bring resampled rows into the shape, dtype and container of X."""
    if hasattr(X, "iloc") and X.ndim == 2:
        for name in _whole_numbers(X):
            new[name] = _to_dtype(new[name].to_numpy(), X[name].dtype)
        return new
    array = np.asarray(X)
    n_values = int(np.prod(array.shape[1:]))
    if new.shape[1] != n_values:
        raise ValueError(
            f"the sampler turned samples of {n_values} values into samples of {new.shape[1]}; put "
            "steps that change the features before NDSampler in the pipeline"
        )
    new = _to_dtype(new, array.dtype).reshape(-1, *array.shape[1:])
    if isinstance(X, list | tuple):
        return list(new) if isinstance(X[0], np.ndarray) else new.tolist()
    return new


def _whole_numbers(frame: Any) -> list:
    """Return the columns of a data frame that hold integers or truth values."""
    return [
        name
        for name, dtype in frame.dtypes.items()
        if isinstance(dtype, np.dtype) and dtype.kind in "biu"
    ]


def _to_dtype(values: NDArray, dtype: np.dtype) -> NDArray:
    if dtype.kind == "b":
        return values >= 0.5
    if dtype.kind in "iu":
        info = np.iinfo(dtype)
        # float64 cannot hold the largest 64-bit integer: use the largest one that it can hold.
        top = np.nextafter(np.float64(info.max), 0) if info.bits == 64 else info.max
        values = np.rint(values).clip(info.min, top)
    return values.astype(dtype, copy=False)
