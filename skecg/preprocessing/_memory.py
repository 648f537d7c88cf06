"""Caches on disk that know a picture by its content, so that an edited file is read anew."""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from functools import wraps
from typing import TypeAlias

import joblib
import numpy as np
import PIL
from joblib.func_inspect import filter_args, get_func_code, get_func_name
from numpy.typing import NDArray
from sklearn.utils.validation import check_memory

from .._version import __version__
from ..sheet import ImageSource

MemoryLike: TypeAlias = str | os.PathLike | joblib.Memory | None


@dataclass
class ContentMemory:
    """A pipeline's memory that knows the files named in X by their content, too.

    ``Pipeline(steps, memory="cache")`` knows X by its values. Where these are file names, an
    edited file goes unnoticed, and the pipeline is fitted to what the file held before. With
    ``memory=ContentMemory("cache")`` the names in X and the SHA-256 of the files decide.

    To read pictures once, prefer the parameter ``memory`` of :class:`AreaResize` and
    :class:`LeadCropper`: a pipeline's memory keeps what ``fit`` computes, as one array per fold,
    and reads the pictures again for every ``predict`` and ``score``. This class is for pipelines
    that start from file names and have more steps that are slow to fit.

    Parameters
    ----------
    memory : str, path or joblib.Memory
        Folder of the cache, or a :class:`joblib.Memory` with options of its own. Let nobody else
        write into the folder: it is read by pickle. ``joblib.Memory(folder).clear()`` empties it.

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
    ...     for grey in (10, 20):
    ...         Image.new("L", (5, 5), grey).save(file)
    ...         print(pipeline.fit_transform([file]).ravel())
    [10]
    [20]
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

        cached = _as_memory(self.memory).cache(call, ignore=["args", "kwargs"])
        code = (get_func_name(func), get_func_code(func)[0])

        @wraps(func)
        def by_content(*args: object, **kwargs: object) -> object:
            named = filter_args(func, ignore or [], args, kwargs)
            files = [_digest_of_file(name) for name in _names(named.get("X"))]
            # Large arrays reach worker processes as memory maps; their content is the same.
            return cached(joblib.hash((code, named, files), coerce_mmap=True), args, kwargs)

        return by_content


def remember(work: Callable, memory: MemoryLike, *settings: object) -> Callable:
    """Keep what ``work`` makes of a picture, by the picture's content and the settings.

    Pictures that come decoded are worked on each time: hashing their pixels takes as long as
    resizing them.
    """
    if memory is None:
        return work
    settings = joblib.hash((settings, __version__, PIL.__version__))

    def work_once(settings: str, content: str, source: ImageSource) -> NDArray[np.uint8]:
        return work(source)

    cached = _as_memory(memory).cache(work_once, ignore=["source"])

    def remembered(source: ImageSource) -> NDArray[np.uint8]:
        content, source = _read_once(source)
        if content is None:
            return work(source)
        return cached(settings, hashlib.sha256(content).hexdigest(), source)

    return remembered


def _as_memory(memory: MemoryLike) -> joblib.Memory:
    return check_memory(os.fspath(memory) if isinstance(memory, os.PathLike) else memory)


def _read_once(source: ImageSource) -> tuple[bytes | None, ImageSource]:
    """Return the content of a picture, if it is not decoded yet, and the picture to decode.

    The bytes that are hashed are those that are decoded, also while someone writes the file.
    """
    if isinstance(source, bytes):
        return source, source
    if isinstance(source, str | os.PathLike):
        name = os.fspath(source)
        with open(source, "rb") as file:
            content = file.read()
    elif hasattr(source, "read"):
        name = getattr(source, "name", None)
        with suppress(AttributeError, io.UnsupportedOperation):
            source.seek(0)  # as Pillow does
        content = source.read()
    else:
        return None, source
    held = io.BytesIO(content)
    held.name = name  # for errors
    return content, held


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
    with open(name, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
