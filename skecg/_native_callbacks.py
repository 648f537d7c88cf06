"""scikit-learn's own callbacks (since 1.9) around a fit; before 1.9 there are none to call."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any

from ._compat import with_callbacks

# What scikit-learn keeps in an estimator while it is being fitted: no copy is part of that fit.
RUNNING_FIT = ("_callback_fit_ctx", "_parent_callback_ctx", "_skl_callbacks_to_teardown")


class FitTask:
    """What callbacks see of one ``fit``: its beginning, its epochs and its end.

    Parameters
    ----------
    estimator : estimator
        Its class has :class:`CallbackSupportMixin`, its ``fit`` is under ``with_callbacks``.
    X, y : object
        What ``fit`` was given, in the user's form: scorers will ask for predictions on it.
    sample_weight : array-like or None, default=None
        What scorers shall weigh by.
    max_epochs : int, default=0
        Most epochs that there will be; a fit in one piece has none.

    Attributes
    ----------
    snapshot : callable
        Returns the attributes that make a copy of the estimator what it would be if the fit
        stopped now; called only when a callback asks for that.
    """

    def __init__(
        self, estimator: Any, X: Any, y: Any, sample_weight: Any = None, max_epochs: int = 0
    ) -> None:
        metadata = None if sample_weight is None else {"sample_weight": sample_weight}
        self._seen = {"estimator": estimator, "X": X, "y": y, "metadata": metadata}
        self._context = estimator._init_callback_context(max_subtasks=max_epochs)
        self._context.call_on_fit_task_begin(**self._seen)
        self._epoch = None
        self.snapshot: Callable[[], dict[str, Any]] = dict

    def begin_epoch(self) -> None:
        """Say that an epoch begins."""
        epoch = self._context.subcontext(task_name="epoch")
        epoch.call_on_fit_task_begin(**self._seen, reconstruction_attributes=self.snapshot)
        self._epoch = epoch

    def skip_epoch(self) -> None:
        """Count an epoch that was done before a kill; what it made is not there to be shown."""
        epoch = self._context.subcontext(task_name="epoch")
        epoch.call_on_fit_task_begin(**self._seen)
        epoch.call_on_fit_task_end(**self._seen)

    def end_epoch(self) -> bool:
        """Say, once, that the epoch has ended; return whether a callback wants to stop there."""
        epoch, self._epoch = self._epoch, None
        if epoch is None:
            return False
        return epoch.call_on_fit_task_end(**self._seen, reconstruction_attributes=self.snapshot)

    def end(self) -> None:
        """Say that the fit has ended."""
        self._context.call_on_fit_task_end(**self._seen, reconstruction_attributes=self.snapshot)


def open_fit_task(estimator: Any, *args: Any) -> FitTask | None:
    """Return the task of a fit that begins, or None where no callback is set."""
    return FitTask(estimator, *args) if getattr(estimator, "_skl_callbacks", None) else None


@contextmanager
def fit_of_part(estimator: Any, part: Any, X: Any, y: Any) -> Iterator[None]:
    """Show callbacks the fit of a meta-estimator; in the block they see that of its part."""
    if not getattr(estimator, "_skl_callbacks", None):
        yield
        return
    seen = {"estimator": estimator, "X": X, "y": y}
    whole = estimator._init_callback_context(max_subtasks=1)
    whole.call_on_fit_task_begin(**seen)
    inner = whole.subcontext(task_name="fit-classifier")
    with inner.propagate_callback_context(part):
        inner.call_on_fit_task_begin(**seen)
        yield
        inner.call_on_fit_task_end(**seen)
    whole.call_on_fit_task_end(**seen)


def as_one_task(fit: Callable) -> Callable:
    """Show callbacks the ``fit(X, y=None)`` of a transformer as one task without epochs."""

    @with_callbacks
    @wraps(fit)
    def fit_as_one_task(self: Any, X: Any, y: object = None) -> Any:
        task = open_fit_task(self, X, y)
        fit(self, X, y)
        if task is not None:
            task.end()
        return self

    return fit_as_one_task
