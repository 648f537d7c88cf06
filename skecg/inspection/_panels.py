"""Colours, panels and headings shared by the displays."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.text import Text

# Okabe and Ito, "Color universal design" (2008), without yellow, which is too pale for a line.
COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
# Lines also differ in style, so that they can be distinguished without colour.
LINE_STYLES = ("-", "--", "-.", ":")


def panel_grid(
    ax: Axes | Sequence[Axes] | NDArray | None,
    n_rows: int,
    n_columns: int,
    *,
    panel_size: tuple[float, float],
    legend_width: float = 0.0,
    share_x: bool = True,
    share_y: Literal["none", "all", "row", "col"] | bool = False,
) -> tuple[NDArray, Axes | None]:
    """Return the axes of a grid of panels, and the Axes that was divided into them, if any.

    Parameters
    ----------
    ax : Axes, array of Axes or None
        If None, a new figure is created. An array has one Axes per panel, in row-major order. A
        single Axes is used as the panel if there is only one; otherwise it is hidden and divided
        into the panels.
    n_rows, n_columns : int
        Number of rows and columns of the grid.
    panel_size : (float, float)
        Width and height of one panel in inches, for a new figure.
    legend_width : float, default=0.0
        Width in inches beside the panels of a new figure.
    share_x : bool, default=True
        Whether the panels share the x axis. Not used with an array of Axes.
    share_y : bool or "row", default=False
        Whether the panels share the y axis, all of them or those of a row. Not used with an array
        of Axes.

    Returns
    -------
    axes : ndarray of Axes of shape (n_rows, n_columns)
        The panels.
    bounding_ax : Axes or None
        The Axes that was divided.

    Raises
    ------
    ValueError
        If an array of Axes does not have one Axes per panel, or a single Axes cannot be divided.
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
                f"ax must have one Axes for each of the {n_rows * n_columns} panels ({n_rows} x "
                f"{n_columns}), or be a single Axes or None; got {axes.size} Axes."
            )
        return axes.reshape(shape), None
    if n_rows == n_columns == 1:
        return np.array([[ax]], dtype=object), None
    place = ax.get_subplotspec()
    if place is None:
        raise ValueError(
            f"ax must be part of a grid of subplots to be divided into {n_rows} x {n_columns} "
            "panels; got an Axes placed by hand. Create it with plt.subplots, or pass an array "
            "of Axes."
        )
    ax.set_axis_off()
    places = GridSpecFromSubplotSpec(*shape, subplot_spec=place)
    return places.subplots(squeeze=False, sharex=share_x, sharey=share_y), ax


def whole_numbers(panel: Axes) -> None:
    """Let the ticks of the x axis be whole numbers, where they are not given."""
    from matplotlib.ticker import MaxNLocator

    locator = panel.xaxis.get_major_locator()
    if isinstance(locator, MaxNLocator):
        locator.set_params(integer=True)


def draw_heading(axes: NDArray, text: str, n_title_lines: int) -> Text | None:
    """Write a text above a grid of panels, wrapped to their width.

    Parameters
    ----------
    axes : ndarray of Axes of shape (n_rows, n_columns)
        The panels.
    text : str
        The text. If empty, nothing is drawn.
    n_title_lines : int
        Number of lines of the centred titles of the first row, which stand below the text.

    Returns
    -------
    text : Text or None
        The text, as the left title of the panel in the middle of the first row.
    """
    if not text:
        return None
    n_columns = axes.shape[1]
    panel, figure = axes[0, (n_columns - 1) // 2], axes[0, 0].figure
    first, last = axes[0, 0].get_position(), axes[0, -1].get_position()
    points = max(last.x1 - first.x0, first.width) * figure.bbox.width / figure.dpi * 72
    # A constrained layout makes room for the centre of a title, which must not be beside the panel.
    middle = {"x": 0.5 if n_columns % 2 else 1.0, "horizontalalignment": "center"}
    heading = panel.set_title("", loc="left", fontsize="medium", **middle)
    # Characters of the default font are 0.58 times as wide as high on average.
    lines = textwrap.wrap(text, max(int(points / (0.58 * heading.get_fontsize())), 12))
    heading.set_text("\n".join([*lines, *[""] * n_title_lines]))
    return heading


def evenly_spaced(n: int, n_chosen: int) -> NDArray[np.intp]:
    """Return up to ``n_chosen`` evenly spaced indices below ``n``, with the first and the last."""
    return np.linspace(0, n - 1, min(n, n_chosen)).round().astype(np.intp)


def keywords(
    own: Mapping[str, Any], given: Mapping[str, Any] | None, artist: type[Artist]
) -> dict[str, Any]:
    """Return our keyword arguments updated by the user's; aliases of a keyword are equivalent."""
    from matplotlib.cbook import normalize_kwargs

    return {**normalize_kwargs(dict(own), artist), **normalize_kwargs(dict(given or {}), artist)}
