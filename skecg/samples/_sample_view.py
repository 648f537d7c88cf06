"""Samples of an array, chosen by index and not copied."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray


class SampleView:
    """Samples of an array, chosen by index and not copied.

    Give it to a search or a cross-validation instead of X if X fills the memory or is larger.
    scikit-learn copies the training part of X for every fold (four fifths of X with five folds),
    and each worker process does so again. Of a view it takes a view, and skecg's classifiers read
    the samples from the array batch by batch.

    Everything else that needs an array, such as a transformer, gets a copy of the samples, as
    ``numpy.asarray(view)`` returns.

    Parameters
    ----------
    array : ndarray or numpy.memmap of shape (n, ...)
        The samples. Worker processes share a file that was opened by
        ``numpy.load(..., mmap_mode="r")``. Of an array in memory joblib writes one copy to a file,
        which they share.
    rows : slice, array-like of int or bool of shape (n_rows,), or None, default=None
        Which samples of the array, in which order; None means all of them.

    Raises
    ------
    TypeError
        If ``array`` is no array.
    IndexError
        If ``rows`` is not one-dimensional, or a row lies outside the array. Indexing raises it for
        the same reasons, and for None (``numpy.newaxis``).
    ValueError
        If ``numpy.asarray(view, copy=False)`` would have to copy.

    See Also
    --------
    skecg.ECGNeuralClassifier : As all classifiers, reads a view batch by batch.

    Examples
    --------
    >>> import numpy as np
    >>> from skecg import SampleView
    >>> X = SampleView(np.arange(12.0).reshape(4, 3))
    >>> fold = X[[3, 0]]
    >>> fold
    SampleView of 2 samples of shape (3,), float64
    >>> fold.array is X.array
    True
    >>> np.asarray(fold)
    array([[ 9., 10., 11.],
           [ 0.,  1.,  2.]])
    """

    def __init__(self, array: NDArray, rows: slice | ArrayLike | None = None) -> None:
        if not isinstance(array, np.ndarray) or array.ndim == 0:
            raise TypeError(
                "SampleView needs a numpy array or memory map with an axis of samples; got "
                f"{type(array).__name__}"
            )
        self.array = array
        self.rows = None if rows is None else _positions(len(array), rows)
        if self.rows is not None and self.rows.ndim == 0:
            raise IndexError(
                f"the rows of a SampleView must be one-dimensional; got {rows!r}. Index the array "
                "for a single sample"
            )

    def __len__(self) -> int:
        """Return the number of samples."""
        return len(self.array) if self.rows is None else len(self.rows)

    @property
    def shape(self) -> tuple[int, ...]:
        """Number of samples, and the shape of one."""
        return len(self), *self.array.shape[1:]

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return self.array.ndim

    @property
    def dtype(self) -> np.dtype:
        """Type of the values."""
        return self.array.dtype

    @overload
    def __getitem__(self, key: int | np.integer) -> NDArray: ...

    @overload
    def __getitem__(self, key: tuple) -> SampleView | NDArray: ...

    @overload
    def __getitem__(self, key: slice | list | NDArray) -> SampleView: ...

    def __getitem__(self, key: Any) -> SampleView | NDArray:
        """Return a view of several samples; one sample, or parts of samples, as an array."""
        if isinstance(key, tuple) and len(key) == 2 and key[1] is Ellipsis:
            key = key[0]  # scikit-learn takes samples so
        if isinstance(key, tuple):
            for part in key:
                _check_rows(part)
            return np.asarray(self)[key]
        if key is Ellipsis or (isinstance(key, slice) and key == slice(None)):
            return self
        _check_rows(key)
        chosen = _positions(len(self), key) if self.rows is None else self.rows[key]
        return self.array[chosen] if np.ndim(chosen) == 0 else SampleView(self.array, chosen)

    def __iter__(self) -> Iterator[NDArray]:
        """Yield the samples."""
        return (self.array[row] for row in (range(len(self)) if self.rows is None else self.rows))

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray:
        """Return the samples as an array; without rows chosen, the array itself.

        With ``copy=False`` a ValueError says that rows, or another dtype, need a copy.
        """
        if copy is False:
            if self.rows is not None or (dtype is not None and np.dtype(dtype) != self.dtype):
                why = "rows of an array" if self.rows is not None else f"conversion to {dtype}"
                raise ValueError(f"copy=False, but {why} cannot be had without a copy")
            return np.asarray(self.array)
        if self.rows is not None:
            return np.asarray(self.array[self.rows], dtype=dtype)  # a copy already
        return np.array(self.array, dtype=dtype) if copy else np.asarray(self.array, dtype=dtype)

    def __repr__(self) -> str:
        return f"SampleView of {len(self)} samples of shape {self.shape[1:]}, {self.dtype}"


def _check_rows(key: Any) -> None:
    """Raise an IndexError for a key that would add axes to the samples."""
    try:
        n_axes = np.ndim(key)
    except ValueError:  # lists of different lengths
        n_axes = 2
    # None is numpy.newaxis; a single truth value adds an axis, too.
    if n_axes > 1 or key is None or isinstance(key, bool | np.bool_):
        raise IndexError(
            f"the rows of a SampleView must be one-dimensional; got {str(key)[:60]}. For other "
            "axes index the array, numpy.asarray(view)"
        )


def _positions(n: int, key: Any) -> NDArray[np.intp]:
    """Return ``np.arange(n)[key]``, usually without making the n numbers.

    They would be made again for every slice of a long array.
    """
    if isinstance(key, slice):
        return np.arange(*key.indices(n))
    _check_rows(key)
    positions = np.asarray(key)
    is_whole = positions.dtype.kind in "iu" and positions.size > 0
    if is_whole and positions.min() >= 0 and positions.max() < n:
        return positions.astype(np.intp)[()]
    return np.arange(n)[key]
