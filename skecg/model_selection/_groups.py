"""Groups of samples that a split must keep together."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Hashable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from sklearn.utils import check_consistent_length

_BLOCK_BYTES = 2**26


def content_groups(X: Any, *, paths: str = "content") -> np.ndarray:
    """Assign the same group to samples with equal content.

    Two samples are equal if their values are equal, where 0.0 equals -0.0 and NaN equals NaN.
    Values are compared by a 128-bit BLAKE2b digest, so that time and memory are linear in the
    size of the data.

    Parameters
    ----------
    X : array-like of shape (n_samples, ...) or list of n_samples samples
        One of:

        - an array with samples along the first axis, of any shape and of any boolean, numeric,
          date or text dtype;
        - a list (or 1-D object array) of samples; samples of different shape or dtype are
          different;
        - a list of file paths.
    paths : {"content", "name"}, default="content"
        How to compare strings and ``pathlib.Path`` objects in a list or 1-D array.

        - ``"content"``: they are file paths, and the bytes of the files are compared. Files are
          read in blocks. The same picture saved in two formats gives two different files; to
          find such pictures, read them and pass the pixels.
        - ``"name"``: the strings themselves are compared.

    Returns
    -------
    groups : ndarray of shape (n_samples,), int64
        Group of each sample, numbered from 0 in the order of first appearance.

    Raises
    ------
    FileNotFoundError
        If ``paths="content"`` and a string is not the path of a file.
    TypeError
        If `X` is not a collection of samples, or a sample cannot be compared by value.

    See Also
    --------
    merge_groups : Merge these groups with those of the subjects.
    leakage_report : Count the test samples that are identical to a training sample.

    Examples
    --------
    >>> import numpy as np
    >>> from skecg.model_selection import content_groups
    >>> content_groups(np.array([[0.1, 0.2], [0.3, 0.4], [0.1, 0.2]]))
    array([0, 1, 0])
    >>> content_groups([np.zeros(3), np.zeros(4), np.zeros(3)])
    array([0, 1, 0])

    Copies of a sheet are always in the same fold:

    >>> from sklearn.model_selection import GroupKFold
    >>> sheets = np.array([[[7, 7]], [[8, 8]], [[7, 7]], [[9, 9]]], dtype=np.uint8)
    >>> for train, test in GroupKFold(n_splits=2).split(sheets, groups=content_groups(sheets)):
    ...     print(train, test)
    [1 3] [0 2]
    [0 2] [1 3]
    """
    if paths not in ("content", "name"):
        raise ValueError(f'paths must be "content" or "name"; got {paths!r}.')
    samples = _as_samples(X)
    if isinstance(samples, np.ndarray):
        return _number_by_first_appearance(_row_digests(samples))
    return _number_by_first_appearance(_sample_digests(samples, paths))


def merge_groups(a: ArrayLike, b: ArrayLike, *more: ArrayLike) -> np.ndarray:
    """Merge groupings so that samples in the same group of any grouping share a group.

    The result is the finest such grouping. Membership is transitive: if x and y have the same
    subject, and y and z the same picture, then x, y and z are in one group.

    Parameters
    ----------
    a, b, *more : array-like of shape (n_samples,)
        Group of each sample: numbers, strings or other hashable values.

    Returns
    -------
    groups : ndarray of shape (n_samples,), int64
        Group of each sample, numbered from 0 in the order of first appearance.

    Raises
    ------
    ValueError
        If the lengths differ, or a group is missing (NaN or None): two unknown subjects are not
        necessarily the same subject.

    See Also
    --------
    content_groups : Groups of identical samples.

    Examples
    --------
    >>> from skecg.model_selection import merge_groups
    >>> subjects = ["ann", "bob", "bob", "cem", "dan"]
    >>> pictures = [0, 1, 2, 2, 3]
    >>> merge_groups(subjects, pictures)
    array([0, 1, 1, 1, 2])
    """
    groupings = [group_numbers(groups, "groups") for groups in (a, b, *more)]
    check_consistent_length(*groupings)
    n_samples = len(groupings[0])
    # The nodes of the graph are the samples, followed by the groups of each grouping.
    starts = n_samples + np.cumsum([0, *(g.max(initial=-1) + 1 for g in groupings)])
    groups = np.concatenate([g + start for g, start in zip(groupings, starts)])
    members = np.tile(np.arange(n_samples), len(groupings))
    edges = coo_array((np.ones(len(groups), bool), (members, groups)), shape=(starts[-1],) * 2)
    _, components = connected_components(edges, directed=False)
    return _number_by_first_appearance(components[:n_samples].tolist())


def _number_by_first_appearance(keys: Iterable[Hashable]) -> np.ndarray:
    numbers: dict[Hashable, int] = {}
    return np.array([numbers.setdefault(key, len(numbers)) for key in keys], dtype=np.int64)


def group_numbers(groups: ArrayLike, name: str) -> np.ndarray:
    """Numbers of the groups in the order of first appearance; raises for missing ones."""
    groups = np.asarray(groups)
    if groups.ndim != 1:
        raise ValueError(
            f"{name} must have shape (n_samples,), one group per sample; got shape {groups.shape}."
        )
    labels = groups.tolist()
    missing = [i for i, label in enumerate(labels) if label is None or label != label]
    if missing:
        raise ValueError(
            f"{name} must not have missing values; got NaN or None for {len(missing)} of "
            f"{len(labels)} samples, the first at index {missing[0]}. Give each sample of unknown "
            "origin a group of its own."
        )
    return _number_by_first_appearance(labels)


def _as_samples(X: Any) -> np.ndarray | list:
    """Return an array whose rows can be compared as bytes, or a list of single samples."""
    if isinstance(X, list | tuple):
        if any(isinstance(sample, str | bytes | os.PathLike | np.ndarray) for sample in X):
            return list(X)
        try:
            X = np.asarray(X)
        except ValueError:  # nested lists of different lengths
            return list(X)
    array = np.asarray(X)
    if array.ndim == 0:
        raise TypeError(
            "X must be an array of shape (n_samples, ...) or a list of samples or file paths; "
            f"got {type(X).__name__}. Convert a sparse matrix to a dense array; pass a single path "
            "as a list."
        )
    if array.dtype.kind in "OT" or (array.dtype.kind == "U" and array.ndim == 1):
        return list(array)
    return array


def _row_digests(array: np.ndarray) -> Iterator[bytes]:
    row_bytes = array.itemsize * int(np.prod(array.shape[1:]))
    if row_bytes == 0:
        yield from [b""] * len(array)
        return
    step = max(1, _BLOCK_BYTES // row_bytes)
    for start in range(0, len(array), step):
        block = _canonical(array[start : start + step])
        for row in block.reshape(len(block), -1).view(np.uint8):
            yield _blake2b(row).digest()


def _sample_digests(samples: list, paths: str) -> Iterator[bytes]:
    of_path: dict[str, bytes] = {}
    for sample in samples:
        if not isinstance(sample, str | os.PathLike):
            yield _value_digest(sample)
        elif paths == "name":
            yield _value_digest(os.fspath(sample))
        else:
            path = os.fspath(sample)
            # After oversampling, a list can contain a path many times; its file is read once.
            if path not in of_path:
                of_path[path] = _file_digest(path)
            yield of_path[path]


def _file_digest(path: str) -> bytes:
    if not Path(path).is_file():
        raise FileNotFoundError(
            f"{path!r} is not a file. Strings in X are treated as paths of files to compare; "
            'pass paths="name" to compare the strings themselves.'
        )
    with open(path, "rb") as file:
        return hashlib.file_digest(file, _blake2b).digest()


def _value_digest(sample: Any) -> bytes:
    digest = _blake2b()
    _update(digest, sample)
    return digest.digest()


def _update(digest: hashlib.blake2b, value: Any) -> None:
    """Add a value with its type and size, so that different values give different bytes."""
    if isinstance(value, str):
        value = value.encode("utf-8", "surrogatepass")
        digest.update(b"str %d " % len(value) + value)
    elif isinstance(value, bytes):
        digest.update(b"bytes %d " % len(value) + value)
    elif value is None:
        digest.update(b"none ")
    else:
        array = _as_value_array(value)
        digest.update(f"{array.dtype.str} {array.shape} ".encode())
        if array.dtype.kind == "O":
            for element in array.ravel():
                _update(digest, element)
        else:
            digest.update(_canonical(array).tobytes())


def _as_value_array(value: Any) -> np.ndarray:
    try:
        array = np.asarray(value)
    except ValueError:  # nested lists of different lengths
        array = np.fromiter(value, dtype=object, count=len(value))
    if array.dtype.kind == "T":  # its items are pointers
        array = array.astype(object)
    if array.dtype.kind == "O" and array.ndim == 0:
        raise TypeError(
            "Samples must be arrays, numbers, strings or file paths to be compared by value; got "
            f"a sample of type {type(value).__name__}."
        )
    return array


def _canonical(array: np.ndarray) -> np.ndarray:
    """Return a C-contiguous array in which equal values have equal bytes."""
    if array.dtype.kind == "V" or array.dtype.char in "gG":
        # Items of these dtypes contain padding bytes of arbitrary value.
        raise TypeError(
            f"Samples must have a dtype that can be compared by bytes; got {array.dtype}. Convert "
            "them to float64 or complex128, or pass the fields of a structured array as columns."
        )
    if array.dtype.kind in "fc":
        with np.errstate(invalid="ignore"):  # adding to a signalling NaN
            array = np.asarray(array + 0)  # -0.0 + 0 is 0.0
        array[np.isnan(array)] = np.nan
    return np.ascontiguousarray(array)


def _blake2b(data: Any = b"") -> hashlib.blake2b:
    return hashlib.blake2b(data, digest_size=16)
