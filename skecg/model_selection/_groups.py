"""Groups of samples that must not be torn apart by a split."""

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
    """Give samples of equal content the same group.

    Two samples are equal when their values are: 0.0 equals -0.0 and NaN equals NaN. Values are
    compared by a 128-bit BLAKE2b digest, so the time and memory are linear in the data.

    Parameters
    ----------
    X : array-like of shape (n_samples, ...) or list of n_samples samples
        Samples along the first axis, of any shape and of any boolean, number, date or text
        dtype; or a list (or 1-D object array) of samples that differ in shape, where samples of
        different shape or dtype are different; or a list of file paths.
    paths : {"content", "name"}, default="content"
        What a string or a ``pathlib.Path`` in a list or 1-D array of `X` stands for.
        ``"content"``: the file of that name, which is read in pieces; two files are equal when
        their bytes are, so a picture saved anew in another format is another one (read the
        pictures and pass the pixels to find those). ``"name"``: the string itself.

    Returns
    -------
    groups : ndarray of shape (n_samples,), int64
        Group of every sample, numbered from 0 in the order of first appearance.

    Raises
    ------
    FileNotFoundError
        If a string is not the path of a file and ``paths="content"``.
    TypeError
        If `X` is not a collection of samples, or a sample cannot be compared by value.

    See Also
    --------
    merge_groups : Joins these groups with those of the subjects.
    leakage_report : Counts the test samples that have a twin in the training set.

    Examples
    --------
    >>> import numpy as np
    >>> from skecg.model_selection import content_groups
    >>> content_groups(np.array([[0.1, 0.2], [0.3, 0.4], [0.1, 0.2]]))
    array([0, 1, 0])
    >>> content_groups([np.zeros(3), np.zeros(4), np.zeros(3)])
    array([0, 1, 0])

    Copies of one sheet never straddle a fold:

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
    """Join groupings: samples that share a group in any of them share one in the result.

    The result is the finest such grouping. Sharing is passed on: where x and y are one subject
    and y and z one picture, x, y and z become one group.

    Parameters
    ----------
    a, b, *more : array-like of shape (n_samples,)
        Group of every sample: numbers, strings or other hashable values.

    Returns
    -------
    groups : ndarray of shape (n_samples,), int64
        Group of every sample, numbered from 0 in the order of first appearance.

    Raises
    ------
    ValueError
        If the lengths differ, or if a group is missing (NaN or None): an unknown subject is not
        the same subject as another unknown one.

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
    # Nodes of the graph: the samples, then every group of every grouping.
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
            f"{name} must have shape (n_samples,), one group per sample; got {groups.shape}."
        )
    labels = groups.tolist()
    missing = [i for i, label in enumerate(labels) if label is None or label != label]
    if missing:
        raise ValueError(
            f"{name} is missing (NaN or None) for {len(missing)} of {len(labels)} samples, the "
            f"first at index {missing[0]}. Give every sample of unknown origin a group of its own."
        )
    return _number_by_first_appearance(labels)


def _as_samples(X: Any) -> np.ndarray | list:
    """Return an array whose rows compare as bytes, or a list of samples to compare one by one."""
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
            f"got {type(X).__name__}. Make a sparse matrix dense; put one path into a list."
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
            # Oversampled lists name the same file many times; it is read once.
            if path not in of_path:
                of_path[path] = _file_digest(path)
            yield of_path[path]


def _file_digest(path: str) -> bytes:
    if not Path(path).is_file():
        raise FileNotFoundError(
            f"{path!r} is not a file. Strings in X are taken as file paths whose content is "
            'compared; pass paths="name" to compare the strings themselves.'
        )
    with open(path, "rb") as file:
        return hashlib.file_digest(file, _blake2b).digest()


def _value_digest(sample: Any) -> bytes:
    digest = _blake2b()
    _update(digest, sample)
    return digest.digest()


def _update(digest: hashlib.blake2b, value: Any) -> None:
    """Feed a value with its type and size, so that no two values read the same."""
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
            f"A sample of type {type(value).__name__} cannot be compared by value; pass arrays, "
            "numbers, strings or file paths."
        )
    return array


def _canonical(array: np.ndarray) -> np.ndarray:
    """Return a C-contiguous array in which equal values have equal bytes."""
    if array.dtype.kind == "V" or array.dtype.char in "gG":
        # Their items hold padding bytes of arbitrary content.
        raise TypeError(
            f"Samples of dtype {array.dtype} cannot be compared by their bytes; convert them to "
            "float64 or complex128, or pass the fields of a structured array as columns."
        )
    if array.dtype.kind in "fc":
        with np.errstate(invalid="ignore"):  # adding to a signalling NaN
            array = np.asarray(array + 0)  # -0.0 + 0 is 0.0
        array[np.isnan(array)] = np.nan
    return np.ascontiguousarray(array)


def _blake2b(data: Any = b"") -> hashlib.blake2b:
    return hashlib.blake2b(data, digest_size=16)
