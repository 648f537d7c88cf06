"""How public names and parameters change: one minor cycle with a FutureWarning, then an error.

What is deprecated in 0.2 warns in every 0.2.x and is removed in 0.3.0. The warning says what to
write instead. A test fails when a version still has what it should have removed.
"""

from __future__ import annotations

import importlib
import inspect
import warnings

from sklearn.base import BaseEstimator

# The default of the old name of a parameter, as in scikit-learn: __init__ only sets parameters, so
# fit finds out by it whether the old name was used.
DEPRECATED = "deprecated"


def removal(since: str) -> str:
    """Return the version that removes what is deprecated since a version.

    Parameters
    ----------
    since : str
        ``"major.minor"``.

    Returns
    -------
    version : str
        The next minor version.
    """
    major, minor = since.split(".")
    return f"{major}.{int(minor) + 1}"


def warn_deprecated(what: str, remedy: str, *, since: str, stacklevel: int = 2) -> None:
    """Warn that something public will be removed.

    Parameters
    ----------
    what : str
        Its name, as a user writes it.
    remedy : str
        What to write instead, as an imperative.
    since : str
        The version that deprecates it, ``"major.minor"``.
    stacklevel : int, default=2
        2 for the caller of the function that warns, one more for each function between.
    """
    warnings.warn(
        f"{what} is deprecated since skecg {since} and will be removed in {removal(since)}; "
        f"{remedy}",
        FutureWarning,
        stacklevel=stacklevel + 1,
    )


def renamed_argument(
    function: str,
    old: tuple[str, object],
    new: tuple[str, object],
    default: object = None,
    *,
    since: str,
    stacklevel: int = 2,
) -> object:
    """Return the value of an argument that has been renamed.

    The old name stays at the end of the signature, with the default :data:`DEPRECATED`.

    Parameters
    ----------
    function : str
        Name of the function or class, for messages.
    old, new : tuple of str and object
        Name and value of the argument.
    default : object, default=None
        Default of the new name.
    since : str
        The version that deprecates the old name, ``"major.minor"``.
    stacklevel : int, default=2
        2 for the caller of the function with the argument, one more for each function between.

    Returns
    -------
    value : object
        The value of the old name if that is used, with a FutureWarning, else of the new one.

    Raises
    ------
    ValueError
        If both names are used.

    Examples
    --------
    >>> from skecg._deprecation import DEPRECATED, renamed_argument
    >>> def load(leads=None, lead=DEPRECATED):
    ...     return renamed_argument("load", ("lead", lead), ("leads", leads), since="0.2")
    >>> load(leads="II")
    'II'
    """
    (old_name, old_value), (new_name, new_value) = old, new
    if isinstance(old_value, str) and old_value == DEPRECATED:
        return new_value
    if type(new_value) is not type(default) or new_value != default:
        raise ValueError(
            f"{function}: {old_name} is the former name of {new_name}; got both. Use {new_name} "
            "alone"
        )
    warn_deprecated(
        f"{old_name}= of {function}",
        f"use {new_name}= instead",
        since=since,
        stacklevel=stacklevel + 1,
    )
    return old_value


def renamed_parameter(estimator: BaseEstimator, old: str, new: str, *, since: str) -> object:
    """Return the value of a parameter of an estimator that has been renamed; for use in ``fit``.

    The old name stays at the end of the parameters, with the default :data:`DEPRECATED`.
    ``__init__`` sets both names, and ``fit`` changes neither, so that ``clone``, ``set_params`` and
    a search over the old name work for the whole cycle.

    Parameters
    ----------
    estimator : estimator
        Has both names as parameters.
    old, new : str
        Names of the parameter.
    since : str
        The version that deprecates the old name, ``"major.minor"``.

    Returns
    -------
    value : object
        As of :func:`renamed_argument`, which also warns and refuses both names.
    """
    return renamed_argument(
        type(estimator).__name__,
        (old, getattr(estimator, old)),
        (new, getattr(estimator, new)),
        inspect.signature(type(estimator)).parameters[new].default,
        since=since,
        stacklevel=3,
    )


def moved_name(module: str, name: str, new: str, *, since: str) -> object:
    """Return a public name that has been moved or renamed, for ``__getattr__`` of its old module.

    Parameters
    ----------
    module : str
        The old module, ``__name__``.
    name : str
        The old name in it.
    new : str
        The full new name, ``"skecg.room.name"``, or that of a module.
    since : str
        The version that moves it, ``"major.minor"``.

    Returns
    -------
    moved : object
        What now has the new name, with a FutureWarning.
    """
    warn_deprecated(f"{module}.{name}", f"use {new} instead", since=since, stacklevel=3)
    home, _, attribute = new.rpartition(".")
    try:
        return getattr(importlib.import_module(home), attribute)
    except AttributeError:
        return importlib.import_module(new)
