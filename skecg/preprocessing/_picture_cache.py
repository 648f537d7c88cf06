"""The cache on disk of what the transformers make of each picture, known by its content.

An entry is a digest, whether the picture is nearly black or white, and the bytes of the result.
Nothing is unpickled. If an entry is not exactly what was written, the picture is read anew.
"""

from __future__ import annotations

import hashlib
import io
import os
import secrets
import warnings
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple, TypeAlias

import joblib
import numpy as np
import PIL
from numpy.typing import NDArray
from PIL import Image

from .._version import __version__
from ..sheet import ImageSource, open_regular_file, read_at_most, read_regular_file
from ._memory import ContentMemory, MemoryLike, as_memory

# The result for a picture, and what :func:`skecg.sheet.find_doubt` says of it.
Result: TypeAlias = "tuple[NDArray, str]"
Work: TypeAlias = "Callable[[ImageSource], Result]"


class Form(NamedTuple):
    """Shape and type of the result for one picture."""

    shape: tuple[int, ...]
    dtype: np.dtype = np.dtype(np.uint8)

    @property
    def n_bytes(self) -> int:
        return int(np.prod(self.shape)) * self.dtype.itemsize


NO_GRID = "without a grid"
_DOUBTS = ("", "nearly black", "nearly white", NO_GRID)
_DIGEST_BYTES = 32


def remember(work: Work, memory: MemoryLike, form: Form, *settings: object) -> Work:
    """Keep what ``work`` makes of a picture, by the picture's content and the settings.

    Arrays and Pillow images are worked on each time: hashing their pixels takes as long as
    resizing them.
    """
    if memory is None:
        return work
    of_settings = joblib.hash((settings, __version__, PIL.__version__))
    call = _by_files if (folder := _folder_of(memory)) else _by_any_memory

    def remembered(source: ImageSource) -> Result:
        content, source = _read_once(source)
        if content is None:
            return work(source)
        digest = hashlib.sha256(content)
        digest.update(of_settings.encode())
        return call(work, source, digest.hexdigest()[:32], form, folder or as_memory(memory))

    return remembered


def _folder_of(memory: MemoryLike) -> Path | None:
    """Return the folder of the entries, which ``Memory.clear`` empties; None if not local."""
    while isinstance(memory, ContentMemory):
        memory = memory.memory
    own = as_memory(memory)
    is_local = isinstance(own, joblib.Memory) and own.backend == "local"
    return Path(own.location, "joblib", "skecg") if is_local and own.location else None


def _by_files(work: Work, source: ImageSource, key: str, form: Form, folder: Path) -> Result:
    # One folder per entry, of a name as joblib gives them: Memory.reduce_size counts it, too.
    path = folder / key / "picture"
    with suppress(OSError, ValueError):  # it is missing, or no regular file of this size
        n_bytes = _DIGEST_BYTES + 1 + form.n_bytes
        with open_regular_file(path, max_bytes=n_bytes) as file:
            found = _unpack(file.read(n_bytes), key, form)
        if found is not None:
            return found
    result = work(source)
    try:
        _write(path, _pack(result, key))
    except OSError as error:
        warnings.warn(
            f"Results cannot be kept in the cache {os.fspath(folder)!r}: {error.strerror}. They "
            "are computed each time.",
            UserWarning,
            stacklevel=2,
        )
    return result


def _by_any_memory(
    work: Work, source: ImageSource, key: str, form: Form, memory: joblib.Memory
) -> Result:
    """Keep the entry in a memory of another kind, and check what it returns."""

    def work_once(key: str, source: ImageSource) -> bytes:
        return _pack(work(source), key)

    entry = memory.cache(work_once, ignore=["source"])(key, source)
    if (found := _unpack(entry, key, form)) is not None:
        return found
    if hasattr(source, "seek"):
        source.seek(0)
    return work(source)


def _pack(result: Result, key: str) -> bytes:
    array, doubt = result
    content = bytes([_DOUBTS.index(doubt)]) + array.tobytes()
    return _digest(key, content) + content


def _unpack(entry: object, key: str, form: Form) -> Result | None:
    """Return the result in an entry, or None where a bit of it has changed."""
    if not isinstance(entry, bytes) or len(entry) != _DIGEST_BYTES + 1 + form.n_bytes:
        return None
    digest, content = entry[:_DIGEST_BYTES], entry[_DIGEST_BYTES:]
    if digest != _digest(key, content) or content[0] >= len(_DOUBTS):
        return None
    return np.frombuffer(content[1:], form.dtype).reshape(form.shape), _DOUBTS[content[0]]


def _digest(key: str, content: bytes) -> bytes:
    # With the key, so that the entry of another picture does not pass.
    return hashlib.sha256(key.encode() + content).digest()


def _write(path: Path, entry: bytes) -> None:
    """Write an entry under another name and rename it, so that no reader sees half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{secrets.token_hex(8)}.part")
    try:
        with open(part, "xb") as file:
            file.write(entry)
        os.replace(part, path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def _read_once(source: ImageSource) -> tuple[bytes | None, ImageSource]:
    """Return the content of a picture, if it is not decoded yet, and the picture to decode.

    The bytes that are hashed are those that are decoded, also while someone writes the file.
    """
    if isinstance(source, bytes):
        return source, source
    if isinstance(source, str | os.PathLike):
        name = os.fspath(source)
        content = read_regular_file(source)
    elif not isinstance(source, np.ndarray | Image.Image) and hasattr(source, "read"):
        name = getattr(source, "name", None)
        with suppress(AttributeError, io.UnsupportedOperation):
            source.seek(0)  # as Pillow does
        content = read_at_most(source, name=name)
    else:
        return None, source
    held = io.BytesIO(content)
    held.name = name  # for errors
    return content, held
