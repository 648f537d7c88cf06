"""A pipeline's cache that knows files by their content, so that an edited file is read anew."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import wraps
from typing import TypeAlias

import joblib
import numpy as np
from joblib.func_inspect import filter_args, get_func_code, get_func_name
from sklearn.utils.validation import check_memory

from ..sheet import open_regular_file

MemoryLike: TypeAlias = str | os.PathLike | joblib.Memory | None


@dataclass
class ContentMemory:
    """A pipeline's memory that knows the files named in X by their content, too.

    ``Pipeline(steps, memory="cache")`` knows X by its values. If these are file names, it does not
    notice that a file has been edited, and returns what was fitted to the old content. With
    ``memory=ContentMemory("cache")`` it compares the SHA-256 digests of the files, too.

    To read pictures once, prefer the parameter ``memory`` of :class:`~skecg.AreaResize` and
    :class:`~skecg.LeadCropper`: a pipeline's memory keeps what ``fit`` computes, as one array per
    fold, and reads the pictures again for every ``predict`` and ``score``. This class is for
    pipelines that start from file names and have more steps that are slow to fit.

    Parameters
    ----------
    memory : str, path or joblib.Memory
        Folder of the cache, or a :class:`joblib.Memory` with options of its own.
        ``joblib.Memory(folder).clear()`` empties it.

    Warnings
    --------
    The folder holds fitted estimators, which joblib reads by pickle: whoever can write into it can
    run code in your name. The caches of :class:`~skecg.AreaResize` and
    :class:`~skecg.LeadCropper` are not read by pickle.

    See Also
    --------
    skecg.AreaResize, skecg.LeadCropper : Their ``memory`` keeps the pictures that are read.

    Notes
    -----
    X may be a list, an array, or a column or table of pandas or polars. Only the files that X
    names are seen, not those that a transformer reads beside them, such as the ``.dat`` file of a
    ``.hea`` file.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from PIL import Image
    >>> from sklearn.pipeline import make_pipeline
    >>> from skecg.preprocessing import AreaResize, ContentMemory
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     memory, file = ContentMemory(folder), Path(folder, "sheet.png")
    ...     pipeline = make_pipeline(AreaResize((1, 1), color="gray"), "passthrough", memory=memory)
    ...     for grey in (100, 200):
    ...         Image.new("L", (5, 5), grey).save(file)
    ...         print(pipeline.fit_transform([file]).ravel())
    [100]
    [200]
    """

    memory: MemoryLike

    def cache(self, func: Callable, ignore: list[str] | None = None) -> Callable:
        """Return a function whose results are kept by its arguments and the files named in X.

        Parameters
        ----------
        func : callable
            The function. Only its argument ``X`` may name files.
        ignore : list of str, default=None
            Arguments that do not matter for the result.

        Returns
        -------
        callable
            Takes and returns what ``func`` does.
        """

        def call(key: str, args: tuple, kwargs: dict) -> object:
            return func(*args, **kwargs)

        cached = as_memory(self.memory).cache(call, ignore=["args", "kwargs"])
        code = (get_func_name(func), get_func_code(func)[0])

        @wraps(func)
        def by_content(*args: object, **kwargs: object) -> object:
            named = filter_args(func, ignore or [], args, kwargs)
            files = [_digest_of_file(name) for name in _names(named.get("X"))]
            # Large arrays reach worker processes as memory maps; their content is the same.
            return cached(joblib.hash((code, named, files), coerce_mmap=True), args, kwargs)

        return by_content


def as_memory(memory: MemoryLike) -> joblib.Memory:
    """Return the memory itself, or a joblib memory for a folder or None."""
    return check_memory(os.fspath(memory) if isinstance(memory, os.PathLike) else memory)


def _names(X: object) -> Iterable[str | os.PathLike]:
    """Return all that could be file names in a list, an array or a table."""
    if isinstance(X, str | os.PathLike):
        return [X]
    if hasattr(X, "to_numpy"):
        X = X.to_numpy()
    if isinstance(X, np.ndarray) and X.dtype.kind in "OUT":
        X = X.ravel().tolist()
    return [name for item in X for name in _names(item)] if isinstance(X, list | tuple) else []


def _digest_of_file(name: str | os.PathLike) -> str | None:
    if not os.path.isfile(name):
        return None
    with open_regular_file(name) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
