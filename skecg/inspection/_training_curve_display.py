"""Display of loss, accuracy and learning rate per epoch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from ._panels import COLORS, keywords, panel_grid, whole_numbers

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D

# Quantity -> label of its axis, and the columns of the history that show it.
_QUANTITIES = {
    "loss": ("Loss (cross-entropy)", ("train_loss", "valid_loss")),
    "accuracy": ("Accuracy", ("train_acc", "valid_acc")),
    "learning_rate": ("Learning rate", ("lr",)),
}
# Colour and line style of training and validation; other columns are drawn like training.
_STYLES = {"valid": (COLORS[1], "--"), "train": (COLORS[0], "-")}


class TrainingCurveDisplay:
    """Display of loss, accuracy and learning rate per epoch, for one training or several folds.

    It is recommended to use :meth:`from_estimator` or :meth:`from_history` to create a
    `TrainingCurveDisplay`. All parameters are stored as attributes.

    Parameters
    ----------
    histories : list of list of dict
        History of each training, with one row per epoch, as in the attribute ``history_`` of a
        classifier.

    Attributes
    ----------
    axes_ : ndarray of Axes of shape (1, n_quantities)
        The panels.
    ax_ : matplotlib Axes
        The first panel.
    bounding_ax_ : matplotlib Axes or None
        The Axes that was passed as `ax` and divided into panels.
    figure_ : matplotlib Figure
        The figure.
    lines_ : dict of str to Line2D
        The curve of each column of the history; for several folds, their mean.
    fold_lines_ : dict of str to list of Line2D
        The curves of the folds; empty lists for a single training.
    best_lines_ : list of Line2D
        Vertical lines in the panel of the loss at the epochs whose weights were kept, one per
        training with early stopping.

    Examples
    --------
    >>> from skecg import ECGResidualCNNClassifier
    >>> from skecg.datasets import make_beats
    >>> from skecg.inspection import TrainingCurveDisplay
    >>> X, y = make_beats(100, random_state=0, return_X_y=True)
    >>> clf = ECGResidualCNNClassifier(max_epochs=3, n_filters=4, random_state=0).fit(X, y)
    >>> display = TrainingCurveDisplay.from_estimator(clf)
    >>> list(display.lines_)
    ['train_loss', 'lr']
    """

    def __init__(self, histories: Sequence[Sequence[Mapping[str, Any]]]) -> None:
        self.histories = histories

    @classmethod
    def from_estimator(
        cls,
        estimator: BaseEstimator | Iterable[BaseEstimator],
        *,
        quantities: Sequence[str] | None = None,
        ax: Axes | Sequence[Axes] | None = None,
        line_kw: Mapping[str, Any] | None = None,
        fold_kw: Mapping[str, Any] | None = None,
    ) -> Self:
        """Draw the training of a fitted classifier, or of the classifiers of several folds.

        Parameters
        ----------
        estimator : classifier or sequence of classifiers
            A fitted classifier of this package, a pipeline or search that ends in one, or
            several of them, such as ``cross_validate(..., return_estimator=True)["estimator"]``.
        quantities : sequence of str, default=None
            Quantities to draw, one panel each: ``"loss"``, ``"accuracy"``, ``"learning_rate"`` or
            any other column of the history. If None, those of the three that are in the history.
        ax : Axes or sequence of Axes, default=None
            One Axes per panel, or a single Axes to divide into panels. If None, a new figure is
            created.
        line_kw, fold_kw : dict, default=None
            Keyword arguments for :meth:`matplotlib.axes.Axes.plot`, for the main curves and for
            those of the folds.

        Returns
        -------
        display : TrainingCurveDisplay
            Object that stores the drawn artists.

        Raises
        ------
        TypeError
            If an estimator has no attribute ``history_``.
        ValueError
            If the history is empty or does not contain a quantity.
        sklearn.exceptions.NotFittedError
            If a classifier is not fitted.

        Notes
        -----
        With early stopping, folds can have different numbers of epochs. The mean is drawn only for
        the epochs that all folds reached, because later on it would be a mean of fewer folds.
        """
        several = isinstance(estimator, Iterable) and not isinstance(estimator, BaseEstimator)
        histories = [_history(member) for member in (estimator if several else [estimator])]
        return cls._drawn(histories, quantities, ax, line_kw, fold_kw)

    @classmethod
    def from_history(
        cls,
        history: Sequence[Mapping[str, Any]] | Sequence[Sequence[Mapping[str, Any]]],
        *,
        quantities: Sequence[str] | None = None,
        ax: Axes | Sequence[Axes] | None = None,
        line_kw: Mapping[str, Any] | None = None,
        fold_kw: Mapping[str, Any] | None = None,
    ) -> Self:
        """Draw the history of a training, or the histories of several folds.

        Parameters
        ----------
        history : list of dict, or list of list of dict
            One row per epoch, as in the attribute ``history_`` of a classifier, or one history per
            fold.
        quantities : sequence of str, default=None
            As in :meth:`from_estimator`.
        ax : Axes or sequence of Axes, default=None
            As in :meth:`from_estimator`.
        line_kw, fold_kw : dict, default=None
            As in :meth:`from_estimator`.

        Returns
        -------
        display : TrainingCurveDisplay
            Object that stores the drawn artists.

        Raises
        ------
        ValueError
            If the history is empty or does not contain a quantity.
        """
        several = len(history) > 0 and not isinstance(history[0], Mapping)
        return cls._drawn(list(history) if several else [history], quantities, ax, line_kw, fold_kw)

    @classmethod
    def _drawn(
        cls,
        histories: list[Any],
        quantities: Sequence[str] | None,
        ax: Axes | Sequence[Axes] | None,
        line_kw: Mapping[str, Any] | None,
        fold_kw: Mapping[str, Any] | None,
    ) -> Self:
        if not histories or not all(len(history) for history in histories):
            raise ValueError(
                "The history must have at least one epoch; got an empty history. Fit with "
                "max_epochs=1 or more."
            )
        display = cls(histories)
        return display.plot(quantities=quantities, ax=ax, line_kw=line_kw, fold_kw=fold_kw)

    def plot(
        self,
        *,
        quantities: Sequence[str] | None = None,
        ax: Axes | Sequence[Axes] | None = None,
        line_kw: Mapping[str, Any] | None = None,
        fold_kw: Mapping[str, Any] | None = None,
    ) -> Self:
        """Draw the display.

        Parameters
        ----------
        quantities : sequence of str, default=None
            As in :meth:`from_estimator`.
        ax : Axes or sequence of Axes, default=None
            As in :meth:`from_estimator`.
        line_kw, fold_kw : dict, default=None
            As in :meth:`from_estimator`.

        Returns
        -------
        display : TrainingCurveDisplay
            The object itself.
        """
        panels = self._panels(quantities)
        self.axes_, self.bounding_ax_ = panel_grid(ax, 1, len(panels), panel_size=(3.6, 2.8))
        self.ax_, self.figure_ = self.axes_.flat[0], self.axes_.flat[0].figure
        self.lines_: dict[str, Line2D] = {}
        self.fold_lines_: dict[str, list[Line2D]] = {}
        self.best_lines_: list[Line2D] = []
        for panel, (title, columns) in zip(self.axes_.flat, panels):
            for column in columns:
                self._draw_column(panel, column, line_kw, fold_kw)
            if "valid_loss" in columns:
                self._draw_best(panel)
            panel.set(xlabel="Epoch", ylabel=title)
            whole_numbers(panel)
            if columns[0] != "lr":
                panel.legend(fontsize="small")
        return self

    def _panels(self, quantities: Sequence[str] | None) -> list[tuple[str, list[str]]]:
        """Return the label and the columns of each panel."""
        # A column is drawn only if all trainings have it; epochs of partial_fit may lack it.
        present = [
            column
            for column in self.histories[0][0]
            if all(any(column in row for row in history) for history in self.histories)
        ]
        wanted = _QUANTITIES if quantities is None else quantities
        panels = []
        for quantity in wanted:
            title, columns = _QUANTITIES.get(quantity, (quantity, (quantity,)))
            found = [column for column in columns if column in present]
            if found:
                panels.append((title, found))
            elif quantities is not None:
                raise ValueError(
                    f"quantities must be in the history, which contains {present}; got "
                    f"{quantity!r}. Validation loss and accuracy are recorded with "
                    "early_stopping=True."
                )
        if not panels:
            raise ValueError(
                f"The history must contain one of {list(_QUANTITIES)}; got {present}. Pass "
                "quantities to draw other columns."
            )
        return panels

    def _draw_column(
        self,
        panel: Axes,
        column: str,
        line_kw: Mapping[str, Any] | None,
        fold_kw: Mapping[str, Any] | None,
    ) -> None:
        from matplotlib.lines import Line2D

        curves = [_curve(history, column) for history in self.histories]
        part = column.partition("_")[0]
        color, style = _STYLES.get(part, _STYLES["train"])
        name = {"train": "training", "valid": "validation"}.get(part, column)
        own: dict[str, Any] = {"color": color, "linestyle": style}
        self.fold_lines_[column] = []
        if len(curves) > 1:
            thin = keywords({**own, "linewidth": 0.8, "alpha": 0.5}, fold_kw, Line2D)
            for curve in curves:
                self.fold_lines_[column] += panel.plot(_epochs(curve), curve, **thin)
            name = f"{name}, mean of {len(curves)} folds"
        shared = min(len(curve) for curve in curves)
        mean = np.mean([curve[:shared] for curve in curves], axis=0)
        # A line with a single point would be invisible.
        own |= {"linewidth": 2.0, "label": name, "marker": "o" if shared == 1 else None}
        thick = keywords(own, line_kw, Line2D)
        (self.lines_[column],) = panel.plot(_epochs(mean), mean, **thick)

    def _draw_best(self, panel: Axes) -> None:
        """Mark the epochs with the lowest loss, whose weights early stopping restored."""
        for history in self.histories:
            losses = _curve(history, "valid_loss")
            if np.isnan(losses).all():
                continue
            best = int(np.nanargmin(losses)) + 1
            label = "weights kept" if not self.best_lines_ else None
            line = panel.axvline(best, color="0.4", linestyle=":", linewidth=1.0, label=label)
            self.best_lines_.append(line)


def _curve(history: Sequence[Mapping[str, Any]], column: str) -> NDArray[np.float64]:
    """Return a column, NaN for epochs without it, such as those of ``partial_fit``."""
    return np.array([row.get(column, np.nan) for row in history], dtype=np.float64)


def _epochs(curve: NDArray[np.float64]) -> NDArray[np.integer]:
    return np.arange(1, len(curve) + 1)


def _history(estimator: BaseEstimator) -> Sequence[Mapping[str, Any]]:
    """Return the history of a classifier, also inside a pipeline or a search."""
    if hasattr(estimator, "best_estimator_"):
        estimator = estimator.best_estimator_
    if isinstance(estimator, Pipeline):
        estimator = estimator[-1]
    check_is_fitted(estimator)
    if not hasattr(estimator, "history_"):
        raise TypeError(
            "estimator must have the attribute history_, as the classifiers of skecg do; got "
            f"{type(estimator).__name__}. To draw another history, use from_history."
        )
    return estimator.history_
