"""Where the leads are printed on a sheet: tables of boxes and their fit to a picture.

Boxes are (left, upper, right, lower) in pixels; the right column and the lower row are the first
outside, as in Pillow.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise, product

import numpy as np
from numpy.typing import NDArray

from ._checks import check_box, check_size

Box = tuple[int, int, int, int]

# Full width and height of a sheet that a layout may differ in before it does not fit.
_ASPECT_TOLERANCE = 0.01


@dataclass(frozen=True)
class LeadLayout:
    """Boxes of the leads on a sheet of a given size.

    Parameters
    ----------
    lead_names : tuple of str
        Name of every box.
    boxes : tuple of (int, int, int, int)
        Left, upper, right and lower edge of every box in pixels.
    sheet_size : (int, int) or None
        Width and height of the sheet that the boxes are measured on; they are scaled to sheets
        of other sizes. None: the boxes are used as they are.
    grid_box : (int, int, int, int) or None, default=None
        Frame of the millimetre grid on the same sheet, needed by ``align="grid"``.
    source : str, default=""
        Origin of the boxes.

    Examples
    --------
    >>> from skecg.sheet import LeadLayout
    >>> layout = LeadLayout(("I", "II"), ((0, 0, 500, 200), (0, 200, 500, 400)), (500, 400))
    >>> layout.boxes_on((1000, 800)).tolist()
    [[0, 0, 1000, 400], [0, 400, 1000, 800]]
    """

    lead_names: tuple[str, ...]
    boxes: tuple[Box, ...]
    sheet_size: tuple[int, int] | None
    grid_box: Box | None = None
    source: str = ""

    def __post_init__(self) -> None:
        if not all(isinstance(own, list | tuple) for own in (self.lead_names, self.boxes)):
            raise TypeError(
                f"lead_names and boxes must be tuples; got {type(self.lead_names).__name__} and "
                f"{type(self.boxes).__name__}."
            )
        if len(self.lead_names) != len(self.boxes) or not self.boxes:
            raise ValueError(
                f"A layout needs one name per box; got {len(self.lead_names)} names and "
                f"{len(self.boxes)} boxes."
            )
        for name, box in zip(self.lead_names, self.boxes):
            if not isinstance(name, str):
                raise TypeError(f"lead_names must be strings; got {name!r}.")
            check_box(box, f"The box of {name!r}")
        if self.grid_box is not None:
            check_box(self.grid_box, "grid_box")
        if self.sheet_size is not None:
            check_size(self.sheet_size, "(width, height)")

    def boxes_on(self, size: tuple[int, int], grid_box: Box | None = None) -> NDArray[np.intp]:
        """Return the boxes on a sheet of another size.

        Parameters
        ----------
        size : (int, int)
            Width and height of the sheet in pixels.
        grid_box : (int, int, int, int) or None, default=None
            Frame of the grid on that sheet. The boxes are then shifted and scaled with the grid
            instead of the sheet.

        Returns
        -------
        ndarray of int of shape (n_boxes, 4)
            Left, upper, right and lower edges.

        Raises
        ------
        ValueError
            If the sheet (or the grid) has another ratio of width to height, by more than 1 %, a
            box lies outside the sheet, or an argument is of another form.
        """
        size = check_size(size, "(width, height)")
        boxes = np.array(self.boxes, dtype=float)
        if grid_box is not None:
            check_box(grid_box, "grid_box")
            if self.grid_box is None:
                raise ValueError("The layout has no grid_box; it can only be fitted to the sheet.")
            own, found = np.array(self.grid_box, float), np.array(grid_box, float)
            scale = self._scale(own[2:] - own[:2], found[2:] - found[:2], "grid")
            boxes = (boxes - np.tile(own[:2], 2)) * np.tile(scale, 2) + np.tile(found[:2], 2)
        elif self.sheet_size is not None:
            boxes *= np.tile(self._scale(np.array(self.sheet_size), np.array(size), "sheet"), 2)
        boxes = np.rint(boxes).astype(np.intp)
        outside = (boxes < 0).any(1) | (boxes > np.tile(size, 2)).any(1)
        if outside.any():
            k = int(np.argmax(outside))
            raise ValueError(
                f"The box of {self.lead_names[k]!r}, {tuple(boxes[k].tolist())}, lies outside a "
                f"sheet of {size[0]} x {size[1]} pixels. Choose another layout."
            )
        if (boxes[:, :2] >= boxes[:, 2:]).any():
            raise ValueError(f"A sheet of {size[0]} x {size[1]} pixels is too small.")
        return boxes

    @staticmethod
    def _scale(own: NDArray, found: NDArray, what: str) -> NDArray:
        scale = found / own
        if abs(scale[0] / scale[1] - 1) > _ASPECT_TOLERANCE:
            raise ValueError(
                f"The layout is for a {what} of {own[0]:g} x {own[1]:g} pixels (width x height), "
                f"this one has {found[0]:g} x {found[1]:g}, another ratio of width to height. "
                "Choose another layout, or crop the picture to the sheet."
            )
        return scale


def get_layout(layout: str | LeadLayout) -> LeadLayout:
    """Return the layout of a name, or the layout itself.

    Parameters
    ----------
    layout : str or LeadLayout
        A name in :data:`LAYOUTS`, or a layout, which is returned as it is.

    Returns
    -------
    LeadLayout
        The layout.

    Raises
    ------
    ValueError
        If there is no such name.
    """
    if isinstance(layout, LeadLayout):
        return layout
    if not isinstance(layout, str) or layout not in LAYOUTS:
        raise ValueError(
            f"There is no layout {layout!r}; choose one of {sorted(LAYOUTS)} or pass a LeadLayout."
        )
    return LAYOUTS[layout]


def find_grid_box(image: NDArray[np.uint8]) -> Box:
    """Find the frame of the reddish millimetre grid on a sheet.

    Parameters
    ----------
    image : ndarray of uint8 of shape (height, width, 3)
        The sheet, upright, in RGB.

    Returns
    -------
    (int, int, int, int)
        Left, upper, right and lower edge of the grid in pixels.

    Raises
    ------
    ValueError
        If the sheet is no such array, or no reddish area covers a quarter of it.
    """
    is_rgb = isinstance(image, np.ndarray) and image.ndim == 3 and image.shape[2] in (3, 4)
    if not is_rgb or image.dtype != np.uint8 or image.size == 0:
        got = f"{image.dtype} of {image.shape}" if isinstance(image, np.ndarray) else repr(image)
        raise ValueError(
            "The sheet must be an array of uint8 of shape (height, width, 3), as that of "
            f"read_image; got {got}."
        )
    red, green, blue = (image[..., channel] for channel in range(3))
    # Saturated subtraction in bytes: no wider copy of the picture is needed.
    reddish = (red - np.minimum(red, np.maximum(green, blue))) > 8
    edges = []
    for axis in (0, 1):
        share = reddish.mean(axis=axis)
        # Rows between the lines have no red at all; the frame bounds the ones that have.
        inside = np.flatnonzero(share > 0.02)
        edges.append((int(inside[0]), int(inside[-1]) + 1) if inside.size else (0, 0))
    (left, right), (upper, lower) = edges
    if (right - left) * (lower - upper) < 0.25 * reddish.size:
        raise ValueError(
            f"No reddish grid was found on a sheet of {image.shape[1]} x {image.shape[0]} pixels; "
            "use align=None, which places the boxes by the size of the sheet."
        )
    return left, upper, right, lower


def _grid(columns: Sequence[tuple[int, int]], rows: Sequence[tuple[int, int]]) -> tuple[Box, ...]:
    """Boxes of a regular table, row by row."""
    return tuple((left, up, right, low) for (up, low), (left, right) in product(rows, columns))


SHEET_SIZE = (2213, 1572)
# Inside the frame of the grid: between the printed header and footer.
GRID_BOX = (68, 283, 2177, 1518)
# The frame itself, as find_grid_box finds it.
_FRAME = (67, 283, 2178, 1520)

_PRINTED_3X4 = (
    *("I", "aVR", "V1", "V4"),
    *("II", "aVL", "V2", "V5"),
    *("III", "aVF", "V3", "V6"),
    "rhythm",
)
_STANDARD = ("I", "II", "III", "aVR", "aVL", "aVF", *(f"V{i}" for i in range(1, 7)), "rhythm")

_ROWS_A = ((300, 600), (600, 900), (900, 1200))
_TABLE_A = (
    *_grid(((130, 640), (641, 1125), (1130, 1625), (1630, 2120)), _ROWS_A),
    (130, 1205, 2120, 1450),
)
_TABLE_A_HB = (
    *_grid(((130, 640), (641, 1125), (1130, 1625), (1630, 2110)), _ROWS_A),
    (130, 1205, 2110, 1450),
)
_TABLE_B = (
    *_grid(
        ((125, 625), (640, 1125), (1140, 1625), (1640, 2125)),
        ((310, 600), (605, 900), (905, 1200)),
    ),
    (125, 1205, 2125, 1495),
)
_HALVES = ((125, 1125), (1125, 2125))
_TABLE_C = (
    *_grid(_HALVES, tuple(pairwise((300, 500, 680, 845, 1000, 1150, 1300)))),
    (125, 1300, 2125, 1490),
)
_TABLE_D = (
    *_grid(_HALVES, tuple(pairwise((290, 490, 650, 810, 1000, 1190, 1315)))),
    (125, 1315, 2125, 1550),
)
_TABLE_E = _grid(
    _HALVES,
    ((410, 590), (600, 815), (815, 1035), (1035, 1235), (1235, 1350), (1350, 1490)),
)
_TABLE_F = (
    *_grid(((100, 300), (300, 500), (500, 700), (700, 900)), ((110, 240), (241, 350), (351, 450))),
    (100, 451, 900, 545),
)

_SCRIPT = "crop script of the published six-model system"


def _published(boxes: tuple[Box, ...], names: Sequence[str] | None, source: str) -> LeadLayout:
    # Nobody has published which leads the sheets of tables C to F show.
    names = names or [f"box{k}" for k in range(1, len(boxes) + 1)]
    size, grid = (None, None) if boxes is _TABLE_F else (SHEET_SIZE, _FRAME)
    return LeadLayout(tuple(names), boxes, size, grid, f"{_SCRIPT}: {source}")


# The published boxes depend on the class: normal sheets are cut by table A, abnormal heartbeats
# by A-HB, infarctions by B, so the geometry of a crop reveals its label. Table A frames every
# lead on the sheets of all classes and is the one to use.
LAYOUTS: dict[str, LeadLayout] = {
    "edan-3x4": LeadLayout(
        _STANDARD,
        tuple(_TABLE_A[_PRINTED_3X4.index(name)] for name in _STANDARD),
        SHEET_SIZE,
        _FRAME,
        "EDAN SERIES-3 sheets, 3 x 4 leads of 2.5 s above a rhythm strip: table A, all classes",
    ),
    "published-a": _published(_TABLE_A, _PRINTED_3X4, "normal sheets"),
    "published-a-hb": _published(_TABLE_A_HB, _PRINTED_3X4, "abnormal heartbeat, up to 399"),
    "published-b": _published(_TABLE_B, _PRINTED_3X4, "infarction and history of infarction"),
    "published-c": _published(_TABLE_C, None, "6 x 2: heartbeat 400-483, infarction 38-77"),
    "published-d": _published(_TABLE_D, None, "6 x 2: history of infarction 162-203"),
    "published-e": _published(_TABLE_E, None, "6 x 2, no strip: history of infarction 113-161"),
    "published-f": _published(_TABLE_F, None, "small sheets of COVID-19 patients"),
}
