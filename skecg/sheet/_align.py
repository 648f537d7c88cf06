"""Finding a sheet of a known layout in a scan or a photograph."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ._align_frame import align_frames, align_near_frame, align_upright_frame
from ._align_marks import align_marks
from ._align_rows import (
    align_grid_lines,
    align_rows,
    align_similar,
    guess_place,
    rows_of_layout,
)
from ._alignment import EDAN_GRID, SheetAlignment, corners_of, grid_box_of, project
from ._ink import brightest_channel
from ._ink_rows import Ink, Rows, find_ink
from ._layouts import LeadLayout, get_layout
from ._reduced import reduce_picture
from ._row_checks import is_mirrored, is_upside_down, rows_agree

_LEAST_SIDE = 64  # pixels of a picture in which a sheet is looked for
# Pixels of the longer side, at which a frame is looked for, and at which rows are: a trace and its
# calibration pulse are only 1 mm apart.
_SIDE_FOR_FRAMES, _SIDE_FOR_ROWS = 740, 1300
# Of ink, in greys of the brightest paper. Traces may be in the shadow; the grain of a desk is less
# deep.
_DEPTHS = (0.0, 0.2)
_GRID_TRIED_MM = 2.5  # of a place so near, the lines of the grid were looked for already


def align_sheet(picture: NDArray[np.uint8], layout: str | LeadLayout) -> SheetAlignment:
    """Find a sheet of a known layout in a scan or photograph.

    Rotation and perspective to 5 degrees, 100 to 600 dpi, margins, uneven light, blur and a grid
    of any colour are allowed for. The place is that of the frame of EDAN sheets, or that of the
    lines of the grid; the heavy ones are counted from the left and upper edge of the layout's
    ``grid_box``. Where there is no grid, it is found by where the rows of traces start and end,
    their calibration pulses, and rules between the leads, to a few tenths of a mm; a sheet on which
    these do not fit the layout is refused.

    Parameters
    ----------
    picture : ndarray of uint8 of shape (height, width, 3)
        The picture in RGB, as of :func:`read_image`.
    layout : str or LeadLayout
        Name of a layout, or a layout with a ``grid_box``.

    Returns
    -------
    SheetAlignment
        Where the sheet lies. Its ``source`` is ``"grid"``, or ``"layout"`` where there is no grid.

    Raises
    ------
    ValueError
        If the picture is no such array, is too small, shows no sheet of this layout, or shows it
        upside down, mirrored or on its side.

    See Also
    --------
    straighten : Resample a part of the sheet upright.

    Examples
    --------
    >>> import numpy as np
    >>> from skecg.datasets import make_sheets
    >>> from skecg.sheet import align_sheet
    >>> sheet = make_sheets(1, random_state=0).data[0]
    >>> cut = sheet[100:, 50:]
    >>> alignment = align_sheet(cut, "edan-3x4")
    >>> alignment.to_picture([(67, 283)]).round()
    array([[ 17., 183.]])
    """
    layout = get_layout(layout)
    _check_picture(picture)
    picture = picture[..., :3]
    grid_box_of(layout)  # raises if there is none
    rows = rows_of_layout(layout)
    places = _places(picture, layout, rows) if min(picture.shape[:2]) >= _LEAST_SIDE else ()
    for place, ink in places:
        if rows is None or ink is None or _is_confirmed(place, ink, rows):
            return place
    raise ValueError(
        "No reddish grid, nor one of another colour, and no traces of this layout were found on a "
        f"picture of {picture.shape[1]} x {picture.shape[0]} pixels. Use a picture of the whole "
        "grid, upright to 5 degrees, at 100 dpi or more, and the layout of the sheet."
    )


def _places(
    picture: NDArray[np.uint8], layout: LeadLayout, rows: Rows | None
) -> Iterator[tuple[SheetAlignment, Ink | None]]:
    """Yield where the sheet may be, the surest and finest place first, and ink to check it by."""
    has_frame = layout.grid_box == EDAN_GRID
    if has_frame or rows is None:
        place = align_upright_frame(picture, layout)
        if place is not None:
            yield place, None
        reduced = reduce_picture(picture, _SIDE_FOR_FRAMES)
        frames = []
        ink = find_ink(reduced, _DEPTHS[0])
        for place in align_frames(picture, reduced, layout):
            frames.append(place)
            yield place, ink
        # A desk that reaches up to a row makes it longer.
        ink = find_ink(reduced, _DEPTHS[1])
        for place in frames:
            yield place, ink
    if rows is None:
        return
    reduced = reduce_picture(picture, _SIDE_FOR_ROWS)
    for depth in _DEPTHS:
        for place, checked_by in _places_by_rows(picture, find_ink(reduced, depth), layout, rows):
            framed = align_near_frame(picture, place, layout) if has_frame else None
            yield framed or place, checked_by


def _places_by_rows(
    picture: NDArray[np.uint8], ink: Ink, layout: LeadLayout, rows: Rows
) -> Iterator[tuple[SheetAlignment, Ink | None]]:
    """Yield where the sheet may be by its rows of traces, with its grid or without."""
    guess = guess_place(ink, rows, layout)
    if guess is None:
        return
    rough = align_rows(guess, ink, rows, layout)
    if rough is not None:
        finer = align_grid_lines(picture, rough, layout)
        if finer is not None:
            yield finer, ink
    grey = brightest_channel(picture)
    similar = align_similar(guess, ink, rows, layout)
    for start in (similar, rough):
        found = None if start is None else align_marks(grey, start, similar, rows, layout)
        if found is not None:
            is_new = rough is None or _apart_mm(rough, found.place, layout) > _GRID_TRIED_MM
            finer = align_grid_lines(picture, found.place, layout) if is_new else None
            # No row is taken for another where each has its calibration pulse.
            yield finer or found.place, None if found.has_pulses else ink
    if rough is not None:
        _refuse_turned(rough, ink, rows)


def _apart_mm(one: SheetAlignment, other: SheetAlignment, layout: LeadLayout) -> float:
    corners = corners_of(grid_box_of(layout))
    away = np.linalg.norm(one.to_picture(corners) - other.to_picture(corners), axis=1)
    return float(away.max() / other.pixels_per_mm)


def _is_confirmed(place: SheetAlignment, ink: Ink, rows: Rows) -> bool:
    """Tell whether the traces are where the layout has them; raise if they are upside down."""
    points = _refuse_turned(place, ink, rows)
    return rows_agree(points, rows, place.layout_pixels_per_mm)


def _refuse_turned(place: SheetAlignment, ink: Ink, rows: Rows) -> NDArray[np.float64]:
    """Return the places of the ink on the sheet; raise if it is upside down or mirrored."""
    points = project(np.linalg.inv(place.matrix), ink.places)
    if is_upside_down(points, rows, place.layout_pixels_per_mm):
        raise ValueError(
            "The sheet is upside down: the calibration pulses, which begin each row of traces, "
            "stand at its end. Turn the picture by 180 degrees."
        )
    if is_mirrored(points, rows, place.layout_pixels_per_mm):
        raise ValueError(
            "The sheet is mirrored: the calibration pulses hang from 0 mV. Flip the picture top to "
            "bottom."
        )
    return points


def _check_picture(picture: NDArray[np.uint8]) -> None:
    is_rgb = isinstance(picture, np.ndarray) and picture.ndim == 3 and picture.shape[2] in (3, 4)
    if not is_rgb or picture.dtype != np.uint8 or picture.size == 0:
        is_array = isinstance(picture, np.ndarray)
        got = f"{picture.dtype} of {picture.shape}" if is_array else repr(picture)
        raise ValueError(
            "The picture must be an array of uint8 of shape (height, width, 3), as that of "
            f"read_image; got {got}."
        )
