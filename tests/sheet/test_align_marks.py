from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from skecg.datasets import make_sheets
from skecg.sheet import SheetAlignment, align_sheet, get_layout, read_image
from skecg.sheet._align_marks import align_marks
from skecg.sheet._align_rows import rows_of_layout
from skecg.sheet._alignment import project

SLOW = [pytest.param(name, marks=pytest.mark.slow) for name in ("3x4", "6x2+1", "12x1")]


@cache
def made(layout="edan-3x4", damage="no-grid"):
    sheets = make_sheets(1, layout=layout, damage=damage, random_state=1)
    return sheets.data[0], sheets.matrices[0]


def places_of(layout):
    """Return the first and the last sample of every lead, and the resolution of the layout."""
    table, mm = np.array(layout.traces), layout.pixels_per_mm
    far = table[:, 0] + table[:, 2] * layout.mm_per_second * mm
    return np.concatenate([table[:, :2], np.column_stack([far, table[:, 1]])]), mm


def errors_mm(alignment, matrix, layout):
    """Return the largest errors along and across the rows."""
    points, mm = places_of(layout)
    found = project(np.linalg.inv(matrix), alignment.to_picture(points))
    return np.abs(found - points).max(axis=0) / mm


@pytest.mark.parametrize("name", ["edan-3x4", pytest.param("3x4+1", marks=pytest.mark.slow), *SLOW])
def test_time_is_right_to_a_quarter_of_a_millimetre_on_every_layout(name):
    picture, matrix = made(name)
    found = align_sheet(picture, name)
    assert found.source == "layout"
    along, across = errors_mm(found, matrix, get_layout(name))
    assert along < (0.05 if name == "edan-3x4" else 0.25)  # EDAN draws rules between the leads
    assert across < 0.4


@pytest.mark.slow
@pytest.mark.parametrize("damage", [("rotation", "desk"), ("perspective",), ("dpi", "blur")])
def test_sheets_without_a_grid_may_be_damaged_in_other_ways(damage):
    picture, matrix = made(damage=("no-grid", *damage))
    assert errors_mm(align_sheet(picture, "edan-3x4"), matrix, get_layout("edan-3x4"))[0] < 0.15


@pytest.mark.parametrize("n_rows", [-1, 1])
def test_a_rough_place_one_row_too_high_or_low_is_mended(n_rows):
    picture, matrix = made()
    layout = get_layout("edan-3x4")
    rows = rows_of_layout(layout)
    shift = np.array([[1, 0, 4], [0, 1, n_rows * 301.0 + 5], [0, 0, 1]])
    rough = SheetAlignment(matrix @ shift, layout.pixels_per_mm, "layout")
    found = align_marks(picture.max(axis=2), rough, rough, rows, layout)
    assert found.has_pulses
    assert errors_mm(found.place, matrix, layout)[0] < 0.05


@pytest.mark.parametrize("row", [0, -1])
@pytest.mark.parametrize("name", ["edan-3x4", SLOW[-1]])
def test_rows_are_not_exchanged_where_the_first_or_last_is_missing(name, row):
    picture, _ = made(name)
    baselines = rows_of_layout(get_layout(name)).baselines
    half = np.diff(baselines)[0] / 2
    picture = picture.copy()
    if row == 0:
        picture[: int(baselines[0] + half)] = 255
    else:
        picture[int(baselines[-1] - half) :] = 255
    with pytest.raises(ValueError, match="no traces of this layout"):
        align_sheet(picture, name)


def test_sheets_without_pulses_are_placed_by_the_ends_of_their_rows():
    picture, matrix = made()
    picture = picture.copy()
    picture[:, :145] = 255
    found = align_sheet(picture, "edan-3x4")
    assert errors_mm(found, matrix, get_layout("edan-3x4"))[0] < 0.05


@pytest.mark.parametrize(("name", "other"), [("edan-3x4", "3x4+1"), ("3x4+1", "edan-3x4")])
def test_a_layout_of_other_proportions_is_refused(name, other):
    with pytest.raises(ValueError, match="no traces of this layout"):
        align_sheet(made(name)[0], other)


@pytest.mark.parametrize("name", ["edan-3x4", SLOW[-1]])
@pytest.mark.parametrize("damage", ["no-grid", "rotation"])
def test_mirrored_sheets_are_refused(name, damage):
    picture = np.ascontiguousarray(made(name, damage)[0][::-1])
    with pytest.raises(ValueError, match=r"mirrored: the calibration pulses hang .* Flip"):
        align_sheet(picture, name)


@pytest.mark.slow
def test_published_sheets_without_their_grid(data_home):
    layout = get_layout("edan-3x4")
    for path in sorted((data_home / "sheets_original").glob("*/*.jpg"))[::8]:
        sheet = read_image(path)
        ink = np.where(sheet.max(axis=2, keepdims=True) < 60, sheet, np.uint8(255))
        found = align_sheet(ink, layout)
        assert found.source == "layout"
        along, across = errors_mm(found, align_sheet(sheet, layout).matrix, layout)
        assert along < 0.1
        assert across < 0.1
