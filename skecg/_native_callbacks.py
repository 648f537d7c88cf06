"""Calls of scikit-learn's own callbacks (since 1.9) during a fit; before 1.9 there are none."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any, TypeVar, cast

from ._compat import RUNNING_FIT, begin_callbacks, with_callbacks

__all__ = ["RUNNING_FIT", "FitTask", "as_one_task", "fit_of_part", "open_fit_task"]

_Fit = TypeVar("_Fit", bound=Callable)


class FitTask:
    """What callbacks see of one ``fit``: its beginning, its epochs and its end.

    Parameters
    ----------
    context : sklearn.callback.CallbackContext
        That of the fit.
    estimator : estimator
        Its class has :class:`CallbackSupportMixin`, its ``fit`` is under ``with_callbacks``.
    X, y : object
        What ``fit`` was given, in the user's form: scorers predict on it.
    sample_weight : array-like or None, default=None
        Weights for the scorers.

    Attributes
    ----------
    snapshot : callable
        Returns the attributes that make a copy of the estimator what it would be if the fit
        stopped now; called only when a callback asks for that.
    """

    def __init__(
        self, context: Any, estimator: Any, X: Any, y: Any, sample_weight: Any = None
    ) -> None:
        metadata = None if sample_weight is None else {"sample_weight": sample_weight}
        self._seen = {"estimator": estimator, "X": X, "y": y, "metadata": metadata}
        self._context = context
        self._context.call_on_fit_task_begin(**self._seen)
        self._epoch = None
        self.snapshot: Callable[[], dict[str, Any]] = dict

    def begin_epoch(self) -> None:
        """Tell the callbacks that an epoch begins."""
        epoch = self._context.subcontext(task_name="epoch")
        epoch.call_on_fit_task_begin(**self._seen, reconstruction_attributes=self.snapshot)
        self._epoch = epoch

    def skip_epoch(self) -> None:
        """Count an epoch of an earlier, interrupted process; its weights are no longer known."""
        epoch = self._context.subcontext(task_name="epoch")
        epoch.call_on_fit_task_begin(**self._seen)
        epoch.call_on_fit_task_end(**self._seen)

    def end_epoch(self) -> bool:
        """Tell the callbacks, once, that the epoch has ended; return whether one wants to stop."""
        epoch, self._epoch = self._epoch, None
        if epoch is None:
            return False
        return epoch.call_on_fit_task_end(**self._seen, reconstruction_attributes=self.snapshot)

    def end(self) -> None:
        """Tell the callbacks that the fit has ended."""
        self._context.call_on_fit_task_end(**self._seen, reconstruction_attributes=self.snapshot)


def open_fit_task(
    estimator: Any, X: Any, y: Any, sample_weight: Any = None, max_epochs: int = 0
) -> FitTask | None:
    """Return the task of a fit that begins, or None where there is no callback to call.

    Parameters
    ----------
    estimator, X, y, sample_weight
        As in :class:`FitTask`.
    max_epochs : int, default=0
        Upper bound on the number of epochs; 0 for a fit without epochs.
    """
    context = begin_callbacks(estimator, max_epochs)
    return None if context is None else FitTask(context, estimator, X, y, sample_weight)


@contextmanager
def fit_of_part(
    estimator: Any, part: Any, X: Any, y: Any, snapshot: Callable[[], dict[str, Any]]
) -> Iterator[None]:
    """Show callbacks the fit of a meta-estimator; inside the block, that of its part.

    Parameters
    ----------
    estimator, part : estimator
        The meta-estimator, and the estimator that is fitted inside the block.
    X, y : object
        What the meta-estimator's ``fit`` was given.
    snapshot : callable
        Returns the fitted attributes of the meta-estimator at the end of the block.
    """
    whole = begin_callbacks(estimator, 1)
    if whole is None:
        yield
        return
    seen = {"estimator": estimator, "X": X, "y": y}
    whole.call_on_fit_task_begin(**seen)
    inner = whole.subcontext(task_name="fit-classifier")
    with inner.propagate_callback_context(part):
        inner.call_on_fit_task_begin(**seen)
        yield
        inner.call_on_fit_task_end(**seen)
    whole.call_on_fit_task_end(**seen, reconstruction_attributes=snapshot)


def as_one_task(fit: _Fit) -> _Fit:
    """Show callbacks the ``fit(X, y=None)`` of a transformer as one task without epochs."""

    @with_callbacks
    @wraps(fit)
    def fit_as_one_task(self: Any, X: Any, y: object = None) -> Any:
        task = open_fit_task(self, X, y)
        fit(self, X, y)
        if task is not None:
            task.end()
        return self

    return cast(_Fit, fit_as_one_task)
