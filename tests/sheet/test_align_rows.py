from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from skecg.datasets import make_sheets
from skecg.sheet import align_sheet, get_layout, read_image
from skecg.sheet._align_frame import align_near_frame
from skecg.sheet._grid_phase import grid_shifts
from skecg.sheet._ink_rows import Rows, find_ink, find_rows, guess_rows, rows_of
from skecg.sheet._reduced import Reduced
from skecg.sheet._row_checks import rows_agree

CORNERS = np.array([(67, 283), (2178, 283), (2178, 1520), (67, 1520)], float)


@pytest.fixture(scope="module")
def sheet():
    return make_sheets(1, random_state=0).data[0]


@pytest.fixture(scope="module")
def sheets():
    return make_sheets(4, random_state=0).data


def without_grid(sheet):
    """Leave only black: no dots, and no frame."""
    return np.where(np.ptp(sheet, axis=2, keepdims=True) > 8, np.uint8(255), sheet)


def error_mm(alignment, shift=(0, 0)):
    away = alignment.to_picture(CORNERS) - CORNERS - shift
    return float(np.linalg.norm(away, axis=1).max() / alignment.pixels_per_mm)


def test_a_sheet_without_a_grid_is_placed_by_its_traces(sheet):
    found = align_sheet(without_grid(sheet), "edan-3x4")
    assert found.source == "layout"
    assert error_mm(found) < 1.5


def test_a_cut_sheet_without_a_grid(sheet):
    found = align_sheet(without_grid(sheet)[150:1500, 40:], "edan-3x4")
    assert error_mm(found, (-40, -150)) < 1.5


def test_a_turned_sheet_without_a_grid(sheet):
    image = Image.fromarray(without_grid(sheet))
    turned = image.rotate(-3, Image.Resampling.BICUBIC, fillcolor="white")
    angle = np.deg2rad(3)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    middle = np.array([2213, 1572]) / 2
    found = align_sheet(np.asarray(turned), "edan-3x4")
    away = found.to_picture(CORNERS) - ((CORNERS - middle) @ turn.T + middle)
    assert np.linalg.norm(away, axis=1).max() / found.pixels_per_mm < 1.5


@pytest.mark.parametrize("change", [lambda sheet: sheet, without_grid])
@pytest.mark.parametrize("number", range(4))
def test_a_sheet_upside_down_is_refused(sheets, number, change):
    with pytest.raises(ValueError, match=r"upside down.* Turn the picture by 180 degrees"):
        align_sheet(change(sheets[number])[::-1, ::-1], "edan-3x4")


@pytest.mark.parametrize("turn", [lambda x: np.rot90(x), lambda x: np.rot90(x, 3)])
def test_a_sheet_on_its_side_is_refused(sheet, turn):
    with pytest.raises(ValueError, match=r"No reddish grid.* upright to 5 degrees"):
        align_sheet(np.ascontiguousarray(turn(sheet)), "edan-3x4")


def test_a_grid_without_traces_is_no_sheet(sheet):
    ink = sheet.max(axis=2, keepdims=True) < 64
    empty = np.where(ink, np.uint8(255), sheet)
    turned = Image.fromarray(empty).rotate(2, Image.Resampling.BICUBIC, fillcolor="white")
    with pytest.raises(ValueError, match="no traces of this layout"):
        align_sheet(np.asarray(turned), "edan-3x4")


def test_sheets_of_real_people_without_a_frame(data_home):
    for path in sorted((data_home / "sheets_original").glob("*/*.jpg"))[::8]:
        inside = read_image(path)[300:1500, 80:2165]
        found = align_sheet(inside, "edan-3x4")
        assert found.source == "grid"
        assert error_mm(found, (-80, -300)) < 0.3


def test_rows_end_where_the_longest_trace_does():
    rows = rows_of(((10.0, 50.0, 2.5), (60.0, 50.0, 2.5), (10.0, 90.0, 5.0)), 20.0)
    assert (rows.left, rows.right) == (10.0, 110.0)
    assert rows.baselines.tolist() == [50.0, 90.0]


def test_rows_of_ink_are_found_at_another_scale():
    grey = np.full((300, 500), 250, np.float32)
    for y in (60, 120, 200):
        grey[y, 40:440] = 0
    rows = Rows(20.0, 220.0, np.array([30.0, 60.0, 100.0]))
    guess = guess_rows(find_ink(Reduced(grey, 1)).mask, rows, 250.0)
    own, ends = find_rows(guess, rows, 2.0)
    np.testing.assert_allclose(ends, own * 2 + [0, 0.5], atol=1.5)


def test_no_rows_are_found_on_empty_paper():
    ink = find_ink(Reduced(np.full((300, 500), 250, np.float32), 1))
    assert guess_rows(ink.mask, Rows(20.0, 220.0, np.array([30.0, 60.0])), 250.0) is None


@pytest.mark.parametrize("shift", [(0.0, 0.0), (1.7, -1.2), (-2.2, 0.4)])
def test_lines_of_a_grid_tell_where_it_is(shift):
    per_mm = 4.0
    x, y = ((np.arange(n) + 0.5) / per_mm for n in (1000, 600))
    darkness = [
        np.exp(-(((at + 0.5) % 1 - 0.5) ** 2) / 0.02) * (1 + (abs((at + 2.5) % 5 - 2.5) < 0.5))
        for at in (x - shift[0], y - shift[1])
    ]
    grid = 250 - 30 * np.maximum(darkness[0], darkness[1][:, None])
    middles, shifts = grid_shifts(grid.astype(np.uint8), per_mm, (0.0, 0.0))
    assert len(middles) == 35
    np.testing.assert_allclose(shifts / per_mm, np.tile(shift, (35, 1)), atol=0.1)


def test_paper_without_lines_has_no_grid():
    noise = np.random.default_rng(0).normal(240, 3, (600, 1000))
    assert grid_shifts(noise.astype(np.uint8), 4.0, (0.0, 0.0)) is None


def test_a_grid_of_another_layout_is_refused(sheet):
    wide = Image.fromarray(sheet).resize((2213, 1200))
    with pytest.raises(ValueError, match="of this layout"):
        align_sheet(np.asarray(wide), get_layout("edan-3x4"))


def ink_of_rows(rows, per_mm, *, start_mm=0.0, gap_mm=0.0):
    """Return places of ink along rows, which begin so late and have a gap in their middle."""
    x = np.arange(rows.left + start_mm * per_mm, rows.right)
    x = x[np.abs(x - (rows.left + rows.right) / 2) >= gap_mm * per_mm / 2]
    return np.concatenate([np.column_stack([x, np.full(len(x), y)]) for y in rows.baselines])


@pytest.mark.parametrize(
    ("changed", "agree"),
    [({}, True), ({"gap_mm": 2.5}, True), ({"gap_mm": 30}, False), ({"start_mm": 2.5}, False)],
)
def test_rows_agree_where_they_begin_and_end_in_spite_of_a_small_gap(changed, agree):
    rows = Rows(100.0, 2000.0, np.array([300.0, 600.0, 900.0]))
    assert rows_agree(ink_of_rows(rows, 8.0, **changed), rows, 8.0) is agree


@pytest.mark.parametrize("away_mm", [-1, 1])
def test_the_frame_tells_which_line_of_the_grid_is_which(sheet, away_mm):
    layout = get_layout("edan-3x4")
    right = align_sheet(sheet, layout)
    shift = np.eye(3)
    shift[0, 2] = away_mm * right.pixels_per_mm
    near = replace(right, matrix=shift @ right.matrix)
    assert error_mm(near) > 0.9
    assert error_mm(align_near_frame(sheet, near, layout)) < 0.15
    assert align_near_frame(without_grid(sheet), near, layout) is None
