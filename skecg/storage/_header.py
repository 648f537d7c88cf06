"""The text at the beginning of a model file, and how much of it there may be.

All that is read before the arrays is bounded here, so that a forged header costs its reader little
time and memory, whatever is done with its values later. ``write_container`` applies the same
limits, so that what was saved can be loaded.
"""

from __future__ import annotations

import json
import math
from typing import Any

MAX_HEADER_BYTES = 2**22
# Lists and dictionaries take far more memory and time than their text, and so do small values.
MAX_NODES = 2**16
MAX_VALUES = 2**17
MAX_DEPTH = 100
# Arithmetic with numbers of thousands of digits takes seconds.
MAX_DIGITS = 64


class ModelFileError(ValueError):
    """A file that is no intact model file, or that needs something it was not given.

    The one error that :func:`skecg.load` and :func:`skecg.describe` raise for what is wrong with
    a file that exists: truncated, damaged, forged, written by a newer version, or no model file at
    all.
    """


def parse_header(raw: bytes) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return our header, without version and digest, and safetensors' table of arrays.

    Raises
    ------
    ModelFileError
        If the text is too much, or not the JSON of a model file.
    """
    if len(raw) > MAX_HEADER_BYTES:
        raise ModelFileError(f"has a header of {len(raw):,} bytes; at most {MAX_HEADER_BYTES:,}")
    # Brackets and commas in strings are counted, too: a few of them do no harm.
    if raw.count(b"{") + raw.count(b"[") > MAX_NODES:
        raise ModelFileError(f"has more than {MAX_NODES:,} lists and dictionaries in its header")
    if raw.count(b",") > MAX_VALUES:
        raise ModelFileError(f"has more than {MAX_VALUES:,} values in its header")
    try:
        table = _loads(raw.decode())
        metadata = table.pop("__metadata__")
        header = _loads(metadata["skecg"])
        if len(metadata) > 1 or not isinstance(header, dict):
            raise ValueError("unknown metadata")
        del header["format_version"], header["sha256"]
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise ModelFileError(f"has a header that cannot be read: {str(error)[:1000]}") from error
    return header, table


def _loads(text: str) -> Any:
    value = json.loads(
        text,
        object_pairs_hook=_unique,
        parse_constant=_refuse,
        parse_int=lambda digits: int(_short(digits)),
        parse_float=_finite,
    )
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [item for node in level for item in _items(node) if isinstance(item, dict | list)]
        if not level:
            return value
    raise ValueError(f"lists and dictionaries are nested more than {MAX_DEPTH} deep")


def _items(node: Any) -> Any:
    return node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key occurs twice")
    return found


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")


def _short(digits: str) -> str:
    if len(digits) > MAX_DIGITS:
        raise ValueError(f"a number has {len(digits):,} digits; at most {MAX_DIGITS}")
    return digits


def _finite(digits: str) -> float:
    value = float(_short(digits))
    if not math.isfinite(value):
        raise ValueError(f"the number {digits} is too large")
    return value
