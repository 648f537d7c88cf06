"""Samples of an array, chosen by index and not copied."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray


class SampleView:
    """Samples of an array, chosen by index and not copied.

    Wrapped around X, it lets a search or a cross-validation work on arrays that fill the memory
    or are larger: scikit-learn copies X for every fold, four fifths of it in a cross-validation
    in five parts, and each of its worker processes does so again. Of a view it takes a view, and
    skecg's classifiers read the samples from the array batch by batch.

    Wherever else an array is wanted, in a transformer, say, the view becomes a copy of its samples,
    as ``numpy.asarray(view)`` does.

    Parameters
    ----------
    array : ndarray or numpy.memmap of shape (n, ...)
        The samples. Worker processes share what lies in a file and is opened by
        ``numpy.load(..., mmap_mode="r")``; of an array in memory joblib writes one copy, which
        they share.
    rows : slice, array-like of int or bool, or None, default=None
        Which samples of the array, in which order; None is all of them.

    Raises
    ------
    TypeError
        If ``array`` is no array.
    IndexError
        If a row lies outside the array.

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

    def __getitem__(self, key: Any) -> SampleView | NDArray:
        """Return a view of several samples; one sample, or parts of samples, as an array."""
        if isinstance(key, tuple) and len(key) == 2 and key[1] is Ellipsis:
            key = key[0]  # scikit-learn takes samples so
        if isinstance(key, tuple):
            return np.asarray(self)[key]
        if isinstance(key, slice) and key == slice(None):
            return self
        chosen = _positions(len(self), key) if self.rows is None else self.rows[key]
        return self.array[chosen] if np.ndim(chosen) == 0 else SampleView(self.array, chosen)

    def __iter__(self) -> Iterator[NDArray]:
        """Yield the samples."""
        return (self.array[row] for row in (range(len(self)) if self.rows is None else self.rows))

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray:
        """Return the samples as an array; without rows chosen, the array itself."""
        if self.rows is not None:
            return np.asarray(self.array[self.rows], dtype=dtype)  # a copy already
        return np.array(self.array, dtype=dtype) if copy else np.asarray(self.array, dtype=dtype)

    def __repr__(self) -> str:
        return f"SampleView of {len(self)} samples of shape {self.shape[1:]}, {self.dtype}"


def _positions(n: int, key: Any) -> NDArray[np.intp]:
    """Return ``np.arange(n)[key]``, in most cases without the n numbers.

    Whoever goes through a long array slice by slice would make them for every slice.
    """
    if isinstance(key, slice):
        return np.arange(*key.indices(n))
    positions = np.asarray(key)
    is_whole = positions.dtype.kind in "iu" and positions.size > 0
    if is_whole and positions.min() >= 0 and positions.max() < n:
        return positions.astype(np.intp)[()]
    return np.arange(n)[key]
