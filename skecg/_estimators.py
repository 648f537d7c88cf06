"""What keeps an estimator whole: a fit that is published at once, parameters of its parts."""

from __future__ import annotations

from typing import Any, Self

from sklearn.base import BaseEstimator
from sklearn.utils.validation import validate_data

from ._compat import EstimatorBase

# What ``validate_data`` writes into an estimator.
_FORM = ("n_features_in_", "feature_names_in_")


def validated(estimator: BaseEstimator, *args: Any, **options: Any) -> tuple[Any, dict[str, Any]]:
    """Check training data as ``validate_data`` does, and write nothing into the estimator.

    Parameters
    ----------
    estimator : estimator
        The estimator that is being fitted.
    *args : array-like
        X, or X and y.
    **options
        As :func:`sklearn.utils.validation.validate_data` takes them, but for ``reset``.

    Returns
    -------
    result : object
        What ``validate_data`` returns.
    form : dict
        ``n_features_in_`` and ``feature_names_in_``, where X has them, for :func:`publish`.
    """
    unfitted = type(estimator)(**estimator.get_params(deep=False))
    result = validate_data(unfitted, *args, **options)
    return result, {name: vars(unfitted)[name] for name in _FORM if name in vars(unfitted)}


def publish(estimator: BaseEstimator, learned: dict[str, Any], *optional: str) -> None:
    """Make an estimator fitted, in one step that cannot be interrupted.

    Parameters
    ----------
    estimator : estimator
        Changed in place.
    learned : dict
        Its new fitted attributes.
    *optional : str
        Names of attributes of an earlier fit that ``learned`` may lack: they are forgotten, and
        so are those of the form of X.
    """
    kept = {n: v for n, v in vars(estimator).items() if n not in _FORM and n not in optional}
    estimator.__dict__ = kept | learned


class Estimator(EstimatorBase):
    """scikit-learn's base, with an error that names the part that has no parameters."""

    def set_params(self, **params: Any) -> Self:
        """Set parameters, those of parts as ``part__name``.

        Parameters
        ----------
        **params : dict
            Parameters.

        Returns
        -------
        self : object
            The estimator itself.

        Raises
        ------
        ValueError
            If there is no such parameter, or its part has no parameters.
        """
        check_parts(self, params, {})
        return super().set_params(**params)


def check_parts(estimator: BaseEstimator, params: dict[str, Any], defaults: dict[str, str]) -> None:
    """Check, for ``set_params``, that parameters of parts have a part to be set on.

    Parameters
    ----------
    estimator : estimator
        The estimator that holds the parts.
    params : dict
        What ``set_params`` was given.
    defaults : dict of {str: str}
        Parts that may be None, and what None means, as code.

    Raises
    ------
    ValueError
        If a part is None or another object without parameters.
    """
    own = estimator.get_params(deep=False)
    for key in params:
        name, nested, _ = key.partition("__")
        part = params.get(name, own.get(name))
        if not nested or name not in own or hasattr(part, "set_params"):
            continue
        remedy = f"Give {name}= an estimator first"
        if part is None and name in defaults:
            remedy = f"Give {name}= first, such as set_params({name}={defaults[name]})"
        raise ValueError(
            f"{key} is a parameter of {name}, but {name}={part!r} has no parameters to set. "
            f"{remedy}"
        )
