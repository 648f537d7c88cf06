"""Display of a sheet with the boxes of its leads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.pipeline import Pipeline

from ..preprocessing import LeadCropper
from ..sheet import (
    LeadLayout,
    align_sheet,
    get_layout,
    read_image,
    straighten,
    upright_shift,
)
from ._panels import COLORS, keywords, panel_grid

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.patches import Rectangle
    from matplotlib.text import Text

    from ..sheet import ImageSource


class LeadLayoutDisplay:
    """Display of a sheet with the boxes of its leads.

    It is recommended to use :meth:`from_estimator` or :meth:`from_layout` to create a
    `LeadLayoutDisplay`. All parameters are stored as attributes.

    Parameters
    ----------
    sheet : ndarray of uint8 of shape (height, width, 3)
        The sheet.
    boxes : ndarray of int of shape (n_leads, 4)
        Left, upper, right and lower edge of each box in pixels of the sheet. The right column and
        the lower row are the first ones outside the box.
    lead_names : sequence of n_leads str
        Names of the leads.
    grid_box : (int, int, int, int) or None, default=None
        Edges of the millimetre grid that the boxes were fitted to. If given, it is drawn too.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Axes with the sheet, in pixels.
    figure_ : matplotlib Figure
        The figure.
    im_ : AxesImage
        The sheet.
    boxes_ : list of n_leads Rectangle
        The boxes.
    text_ : list of n_leads Text
        The names.
    grid_ : Rectangle or None
        The edges of the grid.

    See Also
    --------
    skecg.LeadCropper : Cuts the boxes out.
    skecg.sheet.LeadLayout : The boxes.

    Examples
    --------
    >>> from skecg.datasets import make_sheets
    >>> from skecg.inspection import LeadLayoutDisplay
    >>> sheet = make_sheets(1, random_state=0).data[0]
    >>> display = LeadLayoutDisplay.from_layout("edan-3x4", sheet)
    >>> [text.get_text() for text in display.text_][:4]
    ['I', 'II', 'III', 'aVR']
    """

    def __init__(
        self,
        sheet: NDArray[np.uint8],
        boxes: NDArray[np.integer],
        lead_names: Sequence[str],
        *,
        grid_box: tuple[int, int, int, int] | None = None,
    ) -> None:
        self.sheet = sheet
        self.boxes = boxes
        self.lead_names = lead_names
        self.grid_box = grid_box

    @classmethod
    def from_estimator(
        cls,
        estimator: BaseEstimator,
        sheet: ImageSource,
        *,
        ax: Axes | None = None,
        box_kw: Mapping[str, Any] | None = None,
        text_kw: Mapping[str, Any] | None = None,
        im_kw: Mapping[str, Any] | None = None,
    ) -> Self:
        """Draw the boxes that a cropper uses on a sheet.

        Parameters
        ----------
        estimator : LeadCropper or Pipeline
            The cropper, or a pipeline that contains one. Its parameters ``layout``, ``align`` and
            ``lead_order`` determine the boxes.
        sheet : str, path, bytes, binary file, PIL.Image.Image or ndarray
            The sheet, as for :func:`skecg.sheet.read_image`.
        ax : Axes, default=None
            Axes to draw on. If None, a new figure is created.
        box_kw, text_kw, im_kw : dict, default=None
            Keyword arguments for the boxes (:class:`matplotlib.patches.Rectangle`), the names
            (:meth:`matplotlib.axes.Axes.text`) and the sheet
            (:meth:`matplotlib.axes.Axes.imshow`).

        Returns
        -------
        display : LeadLayoutDisplay
            Object that stores the drawn artists.

        Raises
        ------
        TypeError
            If `estimator` is neither a cropper nor a pipeline that contains one.
        ValueError
            If the sheet cannot be read, the layout does not fit it, or no grid is found with
            ``align="grid"``.
        """
        cropper = _find_cropper(estimator)
        layout = get_layout(cropper.layout)
        display = cls._fitted(layout, sheet, cropper.align, cropper._order())
        return display.plot(ax=ax, box_kw=box_kw, text_kw=text_kw, im_kw=im_kw)

    @classmethod
    def from_layout(
        cls,
        layout: str | LeadLayout,
        sheet: ImageSource,
        *,
        align: str | None = None,
        ax: Axes | None = None,
        box_kw: Mapping[str, Any] | None = None,
        text_kw: Mapping[str, Any] | None = None,
        im_kw: Mapping[str, Any] | None = None,
    ) -> Self:
        """Draw the boxes of a layout on a sheet.

        Parameters
        ----------
        layout : str or LeadLayout
            A name in :data:`skecg.sheet.LAYOUTS`, or a custom layout.
        sheet : str, path, bytes, binary file, PIL.Image.Image or ndarray
            The sheet, as for :func:`skecg.sheet.read_image`.
        align : {"grid", None}, default=None
            As in :class:`skecg.LeadCropper`: with ``"grid"``, the boxes are placed relative to the
            edges of the reddish grid, which are drawn too.
        ax : Axes, default=None
            As in :meth:`from_estimator`.
        box_kw, text_kw, im_kw : dict, default=None
            As in :meth:`from_estimator`.

        Returns
        -------
        display : LeadLayoutDisplay
            Object that stores the drawn artists.

        Raises
        ------
        ValueError
            As in :meth:`from_estimator`.
        """
        display = cls._fitted(get_layout(layout), sheet, align, slice(None))
        return display.plot(ax=ax, box_kw=box_kw, text_kw=text_kw, im_kw=im_kw)

    @classmethod
    def _fitted(
        cls, layout: LeadLayout, sheet: ImageSource, align: str | None, order: list[int] | slice
    ) -> Self:
        """Place the boxes of a layout on a sheet."""
        if align not in ("grid", None):
            raise ValueError(f'align must be "grid" or None; got {align!r}.')
        image = read_image(sheet)
        if align == "grid":
            image, boxes, grid_box = _aligned(image, layout)
        else:
            boxes, grid_box = layout.boxes_on((image.shape[1], image.shape[0])), None
        names = np.array(layout.lead_names, dtype=object)
        return cls(image, boxes[order], names[order].tolist(), grid_box=grid_box)

    def plot(
        self,
        *,
        ax: Axes | None = None,
        box_kw: Mapping[str, Any] | None = None,
        text_kw: Mapping[str, Any] | None = None,
        im_kw: Mapping[str, Any] | None = None,
    ) -> Self:
        """Draw the display.

        Parameters
        ----------
        ax : Axes, default=None
            As in :meth:`from_estimator`.
        box_kw, text_kw, im_kw : dict, default=None
            As in :meth:`from_estimator`.

        Returns
        -------
        display : LeadLayoutDisplay
            The object itself.
        """
        height, width = self.sheet.shape[:2]
        axes, _ = panel_grid(ax, 1, 1, panel_size=(9.0, 9.0 * height / width))
        self.ax_ = axes[0, 0]
        self.figure_ = self.ax_.figure
        self.im_ = self.ax_.imshow(self.sheet, **(im_kw or {}))
        self.boxes_, self.text_ = [], []
        for name, box in zip(self.lead_names, self.boxes):
            self.boxes_.append(self._draw_box(box, {"edgecolor": COLORS[0]}, box_kw))
            self.text_.append(self._write_name(name, box, text_kw))
        self.grid_ = None
        if self.grid_box is not None:
            dashed = {"edgecolor": "black", "linestyle": "--", "linewidth": 1.0}
            self.grid_ = self._draw_box(self.grid_box, dashed, None)
        self.ax_.set(xlabel="Pixels", ylabel="Pixels")
        return self

    def _draw_box(
        self, box: Sequence[int], own: Mapping[str, Any], given: Mapping[str, Any] | None
    ) -> Rectangle:
        from matplotlib.patches import Rectangle

        # imshow places the centre of the first pixel at 0, so that its edge is at -0.5.
        left, upper, right, lower = (int(edge) - 0.5 for edge in box)
        style = keywords({"fill": False, "linewidth": 1.5, **own}, given, Rectangle)
        return self.ax_.add_patch(Rectangle((left, upper), right - left, lower - upper, **style))

    def _write_name(self, name: str, box: Sequence[int], given: Mapping[str, Any] | None) -> Text:
        from matplotlib.text import Text

        own = {
            "color": COLORS[0],
            "verticalalignment": "top",
            "fontweight": "bold",
            "fontsize": "small",
            "clip_on": True,
            "bbox": {"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 1},
        }
        height, width = self.sheet.shape[:2]
        place = box[0] + 0.006 * width, box[1] + 0.008 * height
        return self.ax_.text(*place, name, **keywords(own, given, Text))


def _find_cropper(estimator: BaseEstimator) -> LeadCropper:
    pipeline = isinstance(estimator, Pipeline)
    steps = [step for _, step in estimator.steps] if pipeline else [estimator]
    for step in steps:
        if isinstance(step, LeadCropper):
            return step
    raise TypeError(
        "estimator must be a LeadCropper or a Pipeline that contains one; got "
        f"{estimator!r}. To draw a layout without a cropper, use from_layout."
    )


def _aligned(
    image: NDArray[np.uint8], layout: LeadLayout
) -> tuple[NDArray[np.uint8], NDArray[np.intp], tuple[int, int, int, int]]:
    """Return an upright picture of a sheet, the boxes and the grid on it."""
    alignment = align_sheet(image, layout)
    boxes, grid_box = np.array(layout.boxes, dtype=np.intp), np.array(layout.grid_box)
    resolution = alignment.layout_pixels_per_mm
    corner = upright_shift(alignment, grid_box, resolution)
    if corner is None:
        size = layout.sheet_size or np.vstack([boxes, grid_box])[:, 2:].max(axis=0)
        image = straighten(image, alignment, (0, 0, *size), resolution)
    else:
        shift = np.tile(np.array(corner) - grid_box[:2], 2)
        boxes, grid_box = boxes + shift, grid_box + shift
    return image, boxes, tuple(grid_box.tolist())
