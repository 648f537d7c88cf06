"""Constraints on parameters: ``sklearn.utils._param_validation``, seen in scikit-learn 1.9.1."""

from __future__ import annotations

from collections.abc import Iterable
from numbers import Integral, Real
from typing import Any

import numpy as np


class _HasMethods:
    """An object that has these methods."""

    def __init__(self, methods: str | Iterable[str]) -> None:
        self.methods = [methods] if isinstance(methods, str) else sorted(methods)

    def is_satisfied_by(self, value: Any) -> bool:
        """Tell whether the object has them all."""
        return all(callable(getattr(value, name, None)) for name in self.methods)

    def __str__(self) -> str:
        return f"an object implementing {' and '.join(map(repr, self.methods))}"


class _Hidden:
    """A constraint that the error message leaves out."""

    def __init__(self, constraint: Any) -> None:
        self.constraint = constraint

    def is_satisfied_by(self, value: Any) -> bool:
        """Tell whether the value satisfies the constraint."""
        return _satisfies(value, self.constraint)


class _OwnInterval:
    """Numbers of one type between two bounds, of which None means no bound."""

    def __init__(self, type: Any, left: float | None, right: float | None, *, closed: str) -> None:
        self.type = type
        self.left: float = -np.inf if left is None else left
        self.right: float = np.inf if right is None else right
        self.closed = closed

    def is_satisfied_by(self, value: Any) -> bool:
        """Tell whether the value is such a number; NaN never is."""
        if not isinstance(value, self.type):
            return False
        from_left = value >= self.left if self.closed in ("left", "both") else value > self.left
        to_right = value <= self.right if self.closed in ("right", "both") else value < self.right
        return bool(from_left and to_right)

    def __str__(self) -> str:
        kind = "an int" if self.type is Integral else "a float"
        first = "[" if self.closed in ("left", "both") else "("
        last = "]" if self.closed in ("right", "both") else ")"
        return f"{kind} in the range {first}{self.left}, {self.right}{last}"


class _StrOptions:
    """One of a few strings."""

    def __init__(self, options: Iterable[str]) -> None:
        self.options = set(options)

    def is_satisfied_by(self, value: Any) -> bool:
        """Tell whether the value is one of them."""
        return isinstance(value, str) and value in self.options

    def __str__(self) -> str:
        return f"a str among {{{', '.join(map(repr, sorted(self.options)))}}}"


try:
    from sklearn.utils._param_validation import HasMethods, Hidden, StrOptions
    from sklearn.utils._param_validation import Interval as _Interval

    OWN = False
except ImportError:
    HasMethods, Hidden, StrOptions, _Interval = _HasMethods, _Hidden, _StrOptions, _OwnInterval
    OWN = True


class Interval(_Interval):
    """Numbers of one type between two bounds; True and False are no numbers."""

    def is_satisfied_by(self, value: Any) -> bool:
        """Tell whether the value is such a number, and not too large for a computer's."""
        if isinstance(value, bool | np.bool_):
            return False
        if isinstance(value, Integral) and self.type is not Integral and abs(int(value)) > 2**1000:
            return False
        return super().is_satisfied_by(value)


class _InvalidParameterError(ValueError, TypeError):
    """As scikit-learn's error for parameters, which is caught as either."""


def validate_params(estimator: Any) -> None:
    """Check the parameters of an estimator against its ``_parameter_constraints``.

    By scikit-learn's own ``_validate_params`` where it and the constraints are there, else by the
    check below, which accepts values of constraints that it does not know.

    Raises
    ------
    ValueError, TypeError
        One exception that is both, which names the parameter, what it must be, and what it is.
    """
    check = getattr(estimator, "_validate_params", None)
    if check is not None and not OWN:
        check()
        return
    constraints = getattr(estimator, "_parameter_constraints", {})
    for name, value in estimator.get_params(deep=False).items():
        allowed = constraints.get(name, "no_validation")
        if isinstance(allowed, str) or any(_satisfies(value, each) for each in allowed):
            continue
        shown = [_text(each) for each in allowed if not isinstance(each, Hidden)]
        must = " or ".join(filter(None, [", ".join(shown[:-1]), shown[-1]]))
        raise _InvalidParameterError(
            f"The {name!r} parameter of {type(estimator).__name__} must be {must}. Got "
            f"{value!r} instead."
        )


def _is_array_like(value: Any) -> bool:
    has_length = hasattr(value, "__len__") or hasattr(value, "shape")
    return has_length and not isinstance(value, str | bytes) and np.ndim(value) > 0


def _is_integer(value: Any, least: int, stop: float = np.inf) -> bool:
    return isinstance(value, Integral) and bool(least <= int(value) < stop)


def _is_boolean(value: Any) -> bool:
    return isinstance(value, bool | np.bool_)


_NAMED = {
    "array-like": ("an array-like", _is_array_like),
    "boolean": ("an instance of 'bool'", _is_boolean),
    "verbose": (
        "an int >= 0 or an instance of 'bool'",
        lambda value: _is_boolean(value) or _is_integer(value, 0),
    ),
    "random_state": (
        "an int in the range [0, 4294967295], a numpy.random.RandomState or None",
        lambda value: (
            value is None
            or isinstance(value, np.random.RandomState)
            or _is_integer(value, 0, 2**32)
        ),
    ),
}


def _satisfies(value: Any, constraint: Any) -> bool:
    if constraint is None:
        return value is None
    if constraint is callable:
        return callable(value)
    if isinstance(constraint, type):
        return isinstance(value, constraint)
    if isinstance(constraint, str):
        return constraint not in _NAMED or _NAMED[constraint][1](value)
    return not hasattr(constraint, "is_satisfied_by") or constraint.is_satisfied_by(value)


def _text(constraint: Any) -> str:
    if constraint is None:
        return "None"
    if constraint is callable:
        return "a callable"
    if isinstance(constraint, type):
        names: dict[type, str] = {Integral: "int", Real: "float"}
        return f"an instance of {names.get(constraint, constraint.__name__)!r}"
    if isinstance(constraint, str):
        return _NAMED[constraint][0]
    return str(constraint)
