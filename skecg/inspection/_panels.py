"""What the displays share: their colours and where their panels go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes

# Okabe and Ito, "Color universal design" (2008), less yellow, too pale for a line.
COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
# Two lines are never told apart by their colour alone.
LINE_STYLES = ("-", "--", "-.", ":")


def panel_grid(
    ax: Axes | Sequence[Axes] | NDArray | None,
    n_rows: int,
    n_columns: int,
    *,
    panel_size: tuple[float, float],
    legend_width: float = 0.0,
    share_x: bool = True,
    share_y: bool | str = False,
) -> tuple[NDArray[np.object_], Axes | None]:
    """Return the axes of a table of panels, and the axes that bound them if there is one.

    Parameters
    ----------
    ax : Axes, array of Axes or None
        None makes a new figure. An array holds one Axes per panel, row by row. A single Axes is
        the panel where there is only one; else it is hidden and the panels share its place.
    n_rows, n_columns : int
        Size of the table.
    panel_size : (float, float)
        Width and height of one panel in inches, for a new figure.
    legend_width : float, default=0.0
        Room beside the panels of a new figure in inches.
    share_x : bool, default=True
        Whether all panels of a new figure, or of a single Axes, have one horizontal scale.
    share_y : bool or "row", default=False
        Whether all panels of a new figure, or of a single Axes, have one vertical scale, or those
        of a row.

    Returns
    -------
    axes : ndarray of Axes of shape (n_rows, n_columns)
    bounding_ax : Axes or None

    Raises
    ------
    ValueError
        If an array of Axes has another number of them.
    """
    from matplotlib import pyplot as plt
    from matplotlib.axes import Axes
    from matplotlib.gridspec import GridSpecFromSubplotSpec

    shape = (n_rows, n_columns)
    if ax is None:
        size = (panel_size[0] * n_columns + legend_width, panel_size[1] * n_rows)
        figure = plt.figure(figsize=size, layout="constrained")
        return figure.subplots(*shape, squeeze=False, sharex=share_x, sharey=share_y), None
    if not isinstance(ax, Axes):
        axes = np.array(ax, dtype=object)
        if axes.size != n_rows * n_columns:
            raise ValueError(
                f"ax holds {axes.size} Axes; this display has {n_rows * n_columns} panels "
                f"({n_rows} x {n_columns}). Pass as many, a single Axes, or None."
            )
        return axes.reshape(shape), None
    if n_rows == n_columns == 1:
        return np.array([[ax]], dtype=object), None
    if ax.get_subplotspec() is None:
        raise ValueError(
            "ax stands freely in its figure and cannot be divided into "
            f"{n_rows} x {n_columns} panels; make it with plt.subplots, or pass an array of Axes."
        )
    ax.set_axis_off()
    places = GridSpecFromSubplotSpec(*shape, subplot_spec=ax.get_subplotspec())
    axes = places.subplots(squeeze=False, sharex=share_x, sharey=share_y)
    return axes, ax


def keywords(
    own: Mapping[str, Any], given: Mapping[str, Any] | None, artist: type[Artist]
) -> dict[str, Any]:
    """Return our keywords of an artist under the user's, whichever alias either is written as."""
    from matplotlib.cbook import normalize_kwargs

    return {**normalize_kwargs(dict(own), artist), **normalize_kwargs(dict(given or {}), artist)}
