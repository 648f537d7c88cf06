"""The model file as a container: a JSON header and arrays in one safetensors file.

A file begins with the length of safetensors' own header and that header. Its metadata have one
entry, ``"skecg"``: our JSON header, which begins with the format's version and the file's SHA-256
(see ``_BEGINNING``). The digest is that of the whole file with its own 64 digits as zeros, so it
shows any damage. It does not show who wrote the file: everything is checked as if it were forged.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import re
import stat
from io import BufferedReader
from typing import Any

import numpy as np
from safetensors.numpy import save

from ._header import MAX_HEADER_BYTES, ModelFileError, parse_header
from ._replacement import replacement

FORMAT_VERSION = 1
MAX_ARRAYS = 2**13
_MAX_AXES = 32
_MAX_LENGTH = 2**48

_BEGINNING = re.compile(
    rb'\{"__metadata__":\{"skecg":"\{\\"format_version\\":([0-9]{1,9}),'
    rb'\\"sha256\\":\\"([0-9a-f]{64})\\"'
)
_NO_DIGEST = "0" * 64
_DTYPES = {
    "BOOL": "|b1", "I8": "|i1", "U8": "|u1", "I16": "<i2", "U16": "<u2", "F16": "<f2",
    "I32": "<i4", "U32": "<u4", "F32": "<f4", "I64": "<i8", "U64": "<u8", "F64": "<f8",
    "C64": "<c8",
}  # fmt: skip
# Names are never used as paths, and could not be.
_PLAIN_NAME = re.compile(r"\w(?:[\w .:+()-]|/(?=\w))*")


def write_container(
    path: str | os.PathLike, header: dict[str, Any], arrays: dict[str, np.ndarray]
) -> None:
    """Write a header and arrays; the old file is there until the new one is whole on the disk.

    A process that is killed as it writes leaves a hidden file behind, which the next call for the
    same path removes.

    Parameters
    ----------
    path : path-like
        The file; where it is a link, the file that it points to.
    header : dict
        JSON values.
    arrays : dict of {str: ndarray}
        Arrays of numbers by name.

    Raises
    ------
    TypeError
        If an array has a number format that safetensors lacks.
    ValueError
        If a name is not plain, the header is more than a reader takes or there are too many arrays.
    OSError
        If the file cannot be written.
    """
    if len(arrays) > MAX_ARRAYS:
        raise ValueError(f"a model file holds at most {MAX_ARRAYS:,} arrays; got {len(arrays):,}")
    for name, array in arrays.items():
        if array.dtype.newbyteorder("<").str not in _DTYPES.values():
            raise TypeError(f"a model file cannot hold {name!r}, an array of {array.dtype}")
        if not _is_plain(name):
            raise ValueError(f"a model file needs plain names for its arrays; got {name!r}")
    first = {"format_version": FORMAT_VERSION, "sha256": _NO_DIGEST}
    text = json.dumps({**first, **header}, separators=(",", ":"), allow_nan=False)
    native = {n: np.ascontiguousarray(a, a.dtype.newbyteorder("=")) for n, a in arrays.items()}
    # ascontiguousarray makes a vector of a number.
    native = {name: array.reshape(arrays[name].shape) for name, array in native.items()}
    content = bytearray(save(native, metadata={"skecg": text}))
    length = int.from_bytes(content[:8], "little")
    try:
        parse_header(bytes(content[8 : 8 + length]))
    except ModelFileError as error:
        raise ValueError(
            f"a model file cannot hold this estimator: it {error}. Shorter parameters, labels, "
            "names, metrics or history_ would fit"
        ) from error
    beginning = _BEGINNING.match(content, 8)
    assert beginning is not None  # as the header could be parsed
    begin, end = beginning.span(2)
    content[begin:end] = hashlib.sha256(content).hexdigest().encode()
    with replacement(path) as file:
        file.write(content)


def read_container(
    path: str | os.PathLike, max_bytes: int
) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Read a header and arrays, with every length checked before it is used.

    Parameters
    ----------
    path : path-like
        The file.
    max_bytes : int
        A larger file is refused unread.

    Returns
    -------
    header : dict
        Without the format's version and the digest.
    arrays : dict of {str: ndarray}
        Views of the file's bytes.

    Raises
    ------
    ModelFileError
        If the file is not intact.
    OSError
        If there is no such file or it may not be read.
    """
    name = os.fspath(path)
    if not stat.S_ISREG(os.stat(name).st_mode):
        raise ModelFileError(f"{name!r} is a folder or device, not a model file")
    with open(name, "rb") as file:
        try:
            return _read(file, os.fstat(file.fileno()).st_size, max_bytes)
        except ModelFileError as error:
            raise ModelFileError(f"{name!r} {error}") from error.__cause__


def _read(
    file: BufferedReader, size: int, max_bytes: int
) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    if size > max_bytes:
        raise ModelFileError(f"has {size:,} bytes, more than max_bytes={max_bytes:,}")
    start = file.read(8)
    length = int.from_bytes(start, "little")
    if len(start) < 8 or length > size - 8:
        raise ModelFileError("is truncated or no model file: it is shorter than its header says")
    if length > MAX_HEADER_BYTES:
        raise ModelFileError(f"has a header of {length:,} bytes; at most {MAX_HEADER_BYTES:,}")
    raw = file.read(length)
    beginning = _BEGINNING.match(raw)
    if beginning is None:
        raise ModelFileError("is not a file that skecg.save has written")
    if int(beginning[1]) > FORMAT_VERSION:
        raise ModelFileError(
            f"was written by a newer skecg: it has format {int(beginning[1])}, this version reads "
            f"up to {FORMAT_VERSION}; update skecg"
        )
    header, table = parse_header(raw)
    places = _places(table, size - 8 - length)
    data = bytearray(size - 8 - length)
    if file.readinto(data) != len(data):
        raise ModelFileError("became shorter while it was read")

    begin, end = beginning.span(2)
    digest = hashlib.sha256(start + raw[:begin] + _NO_DIGEST.encode() + raw[end:])
    digest.update(data)
    if digest.hexdigest().encode() != beginning[2]:
        raise ModelFileError("is damaged: its SHA-256 is not the one that it was written with")
    arrays = {
        name: np.frombuffer(data, dtype, math.prod(shape), first).reshape(shape)
        for name, (dtype, shape, first) in places.items()
    }
    return header, arrays


def _places(table: dict[str, Any], n_bytes: int) -> dict[str, tuple[np.dtype, tuple, int]]:
    """Return dtype, shape and first byte of the arrays, which must fill the data exactly."""
    if len(table) > MAX_ARRAYS:
        raise ModelFileError(f"has {len(table):,} arrays; at most {MAX_ARRAYS:,}")
    places: dict[str, tuple[np.dtype, tuple, int]] = {}
    spans = []
    for name, entry in table.items():
        try:
            dtype = np.dtype(_DTYPES[entry["dtype"]])
            shape, (begin, end) = tuple(entry["shape"]), entry["data_offsets"]
            numbers = (*shape, begin, end)
            sound = (
                _is_plain(name)
                and len(entry) == 3
                and len(shape) <= _MAX_AXES
                and all(type(n) is int and 0 <= n < _MAX_LENGTH for n in numbers)
                # Beside a zero, lengths can be more than numpy can multiply.
                and math.prod(n or 1 for n in shape) < _MAX_LENGTH
                and end - begin == math.prod(shape) * dtype.itemsize
                and begin % dtype.itemsize == 0
            )
        except (KeyError, TypeError, ValueError, AttributeError):
            sound = False
        if not sound:
            raise ModelFileError(f"has a broken table of arrays, at {name[:100]!r}")
        places[name] = dtype, shape, begin
        spans.append((begin, end))
    spans.sort()
    begins, ends = [b for b, _ in spans] + [n_bytes], [0] + [e for _, e in spans]
    if begins != ends:
        raise ModelFileError("is truncated or damaged: its arrays do not fill it exactly")
    return places


def _is_plain(name: str) -> bool:
    return len(name) <= 1000 and ".." not in name and _PLAIN_NAME.fullmatch(name) is not None
