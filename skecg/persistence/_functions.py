"""The functions that a file may name for a FunctionTransformer; it can name no other code."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from .. import signal
from ..storage import ModelFileError

# Beside the universal functions: those that only compute with the array they are given.
_OF_NUMPY = (
    "angle", "clip", "cumsum", "diff", "expand_dims", "flip", "gradient", "imag", "moveaxis",
    "nan_to_num", "real", "round", "squeeze", "swapaxes", "transpose",
)  # fmt: skip


def function_name(function: Any) -> str | None:
    """Return the name by which a file may call for a function, or None where it may not."""
    name = getattr(function, "__name__", None)
    for module in ("numpy", "skecg.signal"):
        full = f"{module}.{name}"
        if _named(full) is function is not None:
            return full
    return None


def function_of_name(name: str) -> Callable[..., Any]:
    """Return the function of a name.

    Raises
    ------
    ModelFileError
        If a file may not name it.
    """
    function = _named(name) if type(name) is str else None
    if function is None:
        raise ModelFileError(f"the function {str(name)[:100]!r} is not one that a file may name")
    return function


def _named(full: str) -> Callable[..., Any] | None:
    module, _, name = full.rpartition(".")
    if module == "numpy" and not name.startswith("_"):
        function = getattr(np, name, None)
        return function if name in _OF_NUMPY or isinstance(function, np.ufunc) else None
    if module == "skecg.signal" and name in signal.__all__:
        function = getattr(signal, name)
        return function if inspect.isfunction(function) else None
    return None
