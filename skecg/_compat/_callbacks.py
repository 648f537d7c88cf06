"""scikit-learn's callbacks: experimental in 1.9, where they first appeared."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any, Self, TypeVar

_Method = TypeVar("_Method", bound=Callable)


class _NoCallbackSupport:
    """Nothing: without ``set_callbacks`` no estimator has a callback."""


def _without_callbacks(method: Callable) -> Callable:
    """Return the method within another, as scikit-learn's does: ``stacklevel`` counts it."""

    @wraps(method)
    def wrapped(estimator: Any, *args: Any, **kwargs: Any) -> Any:
        return method(estimator, *args, **kwargs)

    return wrapped


try:
    from sklearn.callback import CallbackSupportMixin as _CallbackSupport  # seen in 1.9.1
    from sklearn.callback import with_callbacks as _with_callbacks
except ImportError:
    _CallbackSupport, _with_callbacks = _NoCallbackSupport, _without_callbacks

if TYPE_CHECKING:

    class CallbackSupportMixin:
        """What estimators have that call callbacks in ``fit``, since scikit-learn 1.9."""

        def set_callbacks(self, *callbacks: Any) -> Self: ...

else:
    CallbackSupportMixin = _CallbackSupport


def with_callbacks(method: _Method) -> _Method:
    """Let a method call the callbacks that the user has set; its signature stays known."""
    return _with_callbacks(method)


# What scikit-learn 1.9.1 keeps in an estimator during a fit; copies of the estimator go without
# it. Should the names change, copies are larger, and nothing else happens.
RUNNING_FIT = ("_callback_fit_ctx", "_parent_callback_ctx", "_skl_callbacks_to_teardown")


def has_callbacks(estimator: Any) -> bool:
    """Tell whether the user has set callbacks (``_skl_callbacks``, seen in 1.9.1)."""
    return bool(getattr(estimator, "_skl_callbacks", None))


def begin_callbacks(estimator: Any, max_subtasks: int) -> Any | None:
    """Return the context of a fit that begins, or None if there is no callback to call.

    scikit-learn 1.9.1 makes it by ``_init_callback_context``. Without that the callbacks are not
    called, and a warning says so: training must not fail because progress cannot be shown.
    """
    if not has_callbacks(estimator):
        return None
    begin = getattr(estimator, "_init_callback_context", None)
    if begin is None:
        warnings.warn(
            "the callbacks given to set_callbacks are not called: this version of scikit-learn "
            "calls them in a way that skecg does not know. Set verbose=1 to see progress",
            UserWarning,
            stacklevel=3,
        )
        return None
    return begin(max_subtasks=max_subtasks)
