"""Where the leads are printed on a sheet: tables of boxes and their fit to a picture.

Boxes are (left, upper, right, lower) in pixels; the right column and the lower row are the first
outside, as in Pillow.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise, product
from numbers import Real
from typing import Self

import numpy as np
from numpy.typing import NDArray

from ._checks import check_box, check_size

Box = tuple[int, int, int, int]
Trace = tuple[float, float, float]

# Resolution of layouts that are given in mm.
_PIXELS_PER_MM = 8.0

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
    pixels_per_mm : float or None, default=None
        Resolution of the sheet that the layout is measured on.
    traces : tuple of (float, float, float) or None, default=None
        For every box the place of its first sample from the left, of 0 mV from above, both in
        pixels of the same sheet, and how many seconds are printed. Pixel k lies from k to k + 1.
        Needed to read the traces.
    mm_per_second, mm_per_mv : float, default=25.0 and 10.0
        Paper speed and gain of the traces.

    See Also
    --------
    get_layout : A layout that comes with the package.
    skecg.LeadCropper, skecg.TraceReader : Take a layout.

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
    pixels_per_mm: float | None = None
    traces: tuple[Trace, ...] | None = None
    mm_per_second: float = 25.0
    mm_per_mv: float = 10.0

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
        self._check_traces()

    def _check_traces(self) -> None:
        numbers = {
            "pixels_per_mm": self.pixels_per_mm,
            "mm_per_second": self.mm_per_second,
            "mm_per_mv": self.mm_per_mv,
        }
        for name, number in numbers.items():
            if number is None and name == "pixels_per_mm" and self.traces is None:
                continue
            if not (isinstance(number, Real) and 0 < number < np.inf):
                raise ValueError(f"{name} must be a number > 0; got {number!r}.")
        if self.traces is None:
            return
        if not isinstance(self.traces, list | tuple) or len(self.traces) != len(self.boxes):
            raise ValueError(
                f"A layout needs one trace per box, {len(self.boxes)}; got {self.traces!r}."
            )
        for name, trace in zip(self.lead_names, self.traces):
            try:
                place = np.array(trace, dtype=float)
            except (TypeError, ValueError):
                place = np.array([])
            if place.shape != (3,) or not np.isfinite(place).all() or place[2] <= 0:
                raise ValueError(
                    f"The trace of {name!r} must be (x of the first sample, y of 0 mV, seconds > "
                    f"0); got {trace!r}."
                )

    @classmethod
    def from_table(
        cls,
        rows: Sequence[Sequence[str]],
        *,
        strips: Sequence[str] = (),
        seconds: float = 2.5,
        mm_per_second: float = 25.0,
        mm_per_mv: float = 10.0,
        sheet: tuple[float, float] = (297.0, 210.0),
        grid: tuple[float, float, float, float] = (12.0, 30.0, 285.0, 200.0),
        left: float | None = None,
        baselines: Sequence[float] | None = None,
        source: str = "",
    ) -> Self:
        """Make a layout from a table of lead names, with all lengths in mm.

        Parameters
        ----------
        rows : sequence of sequences of str
            Names of the leads as they are printed: from above, in each row from the left.
        strips : sequence of str, default=()
            Names of the rhythm strips below, each as long as the longest row.
        seconds : float, default=2.5
            Seconds of each lead in a row.
        mm_per_second, mm_per_mv : float, default=25.0 and 10.0
            Paper speed and gain.
        sheet : (float, float), default=(297.0, 210.0)
            Width and height of the sheet.
        grid : (float, float, float, float), default=(12.0, 30.0, 285.0, 200.0)
            Left, upper, right and lower edge of the grid.
        left : float or None, default=None
            Place of the first sample; None puts the traces into the middle of the grid.
        baselines : sequence of float or None, default=None
            Place of 0 mV of every row and strip, from above; None spaces them evenly.
        source : str, default=""
            Origin of the layout.

        Returns
        -------
        LeadLayout
            The leads column by column, as they follow in time, then the strips.

        Raises
        ------
        ValueError
            If a row or the table is empty, or traces do not fit into the grid.

        Examples
        --------
        >>> from skecg.sheet import LeadLayout
        >>> table = (("I", "V1"), ("II", "V2"), ("III", "V3"))
        >>> layout = LeadLayout.from_table(table, strips=("rhythm",), seconds=5)
        >>> layout.lead_names
        ('I', 'II', 'III', 'V1', 'V2', 'V3', 'rhythm')
        """
        n_rows, n_columns = len(rows) + len(strips), max(map(len, rows), default=0)
        if not n_columns or not all(map(len, rows)):
            raise ValueError(f"Every row of the table needs a name of a lead; got {rows!r}.")
        width, duration = seconds * mm_per_second, n_columns * seconds
        spare = grid[2] - grid[0] - n_columns * width
        left = grid[0] + spare / 2 if left is None else left
        if left < grid[0] or left + n_columns * width > grid[2]:
            raise ValueError(
                f"{n_columns} leads of {seconds:g} s need {n_columns * width:g} mm at "
                f"{mm_per_second:g} mm/s; the grid has {grid[2] - grid[0]:g} mm. Give a wider grid."
            )
        height = (grid[3] - grid[1]) / n_rows
        if baselines is None:
            baselines = [grid[1] + (k + 0.5) * height for k in range(n_rows)]
        if len(baselines) != n_rows:
            raise ValueError(f"baselines must be {n_rows} numbers; got {baselines!r}.")
        borders = [grid[1], *((a + b) / 2 for a, b in pairwise(baselines)), grid[3]]
        named = [
            (name, row, column, seconds)
            for column in range(n_columns)
            for row, names in enumerate(rows)
            for name in names[column : column + 1]
        ]
        named += [(name, len(rows) + k, 0, duration) for k, name in enumerate(strips)]
        boxes, traces = [], []
        for _, row, column, length in named:
            x = left + column * width
            edges = (x, borders[row], x + length * mm_per_second, borders[row + 1])
            boxes.append(_in_pixels(edges))
            traces.append((_PIXELS_PER_MM * x, _PIXELS_PER_MM * baselines[row], float(length)))
        return cls(
            tuple(name for name, *_ in named),
            tuple(boxes),
            (round(_PIXELS_PER_MM * sheet[0]), round(_PIXELS_PER_MM * sheet[1])),
            _in_pixels(grid),
            source,
            _PIXELS_PER_MM,
            tuple(traces),
            mm_per_second,
            mm_per_mv,
        )

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
            boxes *= np.tile(self.scale_to(size), 2)
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

    def scale_to(self, size: tuple[int, int]) -> NDArray[np.float64]:
        """Return by how much a sheet of another size is wider and higher, or raise.

        Parameters
        ----------
        size : (int, int)
            Width and height of the sheet in pixels.

        Returns
        -------
        ndarray of float64 of shape (2,)
            Factors from pixels of the layout to pixels of the sheet.

        Raises
        ------
        ValueError
            If the sheet has another ratio of width to height, by more than 1 %.
        """
        if self.sheet_size is None:
            return np.ones(2)
        return self._scale(np.array(self.sheet_size), np.array(size), "sheet")

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


def _in_pixels(box_mm: tuple[float, float, float, float]) -> Box:
    left, upper, right, lower = (round(_PIXELS_PER_MM * edge) for edge in box_mm)
    return left, upper, right, lower


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

    See Also
    --------
    skecg.sheet.LAYOUTS : The layouts by name.
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

    See Also
    --------
    align_sheet : Finds sheets that are tilted or have no coloured grid, too.
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

_TABLE_3X4 = tuple(_PRINTED_3X4[row : row + 4] for row in (0, 4, 8))

# Measured on the mean of 50 sheets of all classes: the rules between the columns, which are drawn
# at the first sample of the next lead, and the feet of the calibration pulses, which are at 0 mV.
_EDAN_TRACES = (
    *((x, y, 2.5) for y in (463.5, 764.0, 1066.0) for x in (153.5, 644.5, 1136.5, 1628.5)),
    (153.5, 1367.0, 10.0),
)

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
        200 / 25.4,
        tuple(_EDAN_TRACES[_PRINTED_3X4.index(name)] for name in _STANDARD),
    ),
    "3x4": LeadLayout.from_table(_TABLE_3X4, source="3 x 4 leads of 2.5 s"),
    "3x4+1": LeadLayout.from_table(
        _TABLE_3X4, strips=("rhythm",), source="3 x 4 leads of 2.5 s above a rhythm strip"
    ),
    "6x2+1": LeadLayout.from_table(
        tuple(zip(_STANDARD[:6], _STANDARD[6:])),
        strips=("rhythm",),
        seconds=5.0,
        source="6 x 2 leads of 5 s above a rhythm strip",
    ),
    "12x1": LeadLayout.from_table(
        tuple((name,) for name in _STANDARD[:12]), seconds=10.0, source="12 leads of 10 s"
    ),
    "published-a": _published(_TABLE_A, _PRINTED_3X4, "normal sheets"),
    "published-a-hb": _published(_TABLE_A_HB, _PRINTED_3X4, "abnormal heartbeat, up to 399"),
    "published-b": _published(_TABLE_B, _PRINTED_3X4, "infarction and history of infarction"),
    "published-c": _published(_TABLE_C, None, "6 x 2: heartbeat 400-483, infarction 38-77"),
    "published-d": _published(_TABLE_D, None, "6 x 2: history of infarction 162-203"),
    "published-e": _published(_TABLE_E, None, "6 x 2, no strip: history of infarction 113-161"),
    "published-f": _published(_TABLE_F, None, "small sheets of COVID-19 patients"),
}
