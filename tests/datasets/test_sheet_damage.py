"""Each damage of a synthetic sheet does to a picture what it says."""

from __future__ import annotations

import numpy as np
import pytest

from skecg.datasets import _sheet_damage as damage
from skecg.datasets import make_sheets
from skecg.datasets._damaged_sheet import DAMAGES, check_damage, damage_sheet, draw_damage

SHEET_SIZE = (221, 157)
MM = 200 / 25.4 / 10


@pytest.fixture(scope="module")
def sheet():
    return make_sheets(1, size=(786, 1106), random_state=0).data[0]


@pytest.fixture
def white():
    return np.full((157, 221, 3), 255, np.uint8)


def drawn(name, n=200):
    return [draw_damage([name], seed)[name] for seed in range(n)]


@pytest.mark.parametrize(
    ("name", "measure", "low", "high"),
    [
        ("rotation", np.abs, 1, 5),
        ("perspective", np.abs, 1, 5),
        ("dpi", np.asarray, 100, 600),
        ("blur", np.asarray, 0.12, 0.25),
        ("jpeg", np.asarray, 15, 40),
    ],
)
def test_values_fill_the_stated_range(name, measure, low, high):
    values = measure(drawn(name))
    assert low <= values.min() < low + 0.1 * (high - low)
    assert high >= values.max() > high - 0.1 * (high - low)


def test_both_directions_are_drawn():
    assert 60 < np.sum(np.array(drawn("rotation")) > 0) < 140
    assert (np.abs(np.sum(np.array(drawn("perspective")) > 0, axis=0) - 100) < 40).all()


def test_names_take_their_order():
    assert check_damage(None) == ()
    assert check_damage("jpeg") == ("jpeg",)
    assert check_damage(DAMAGES[::-1]) == DAMAGES


def test_no_grid_leaves_only_black_and_grey(sheet):
    bare = damage.without_grid(sheet)
    assert (np.ptp(sheet, axis=2) > 16).mean() > 0.01
    assert (np.ptp(bare, axis=2) <= 16).all()
    black = (sheet == 0).all(axis=2)
    np.testing.assert_array_equal((bare == 0).all(axis=2), black)


def test_grey_grid_keeps_the_grid_without_colour(sheet):
    grey = damage.in_grey(sheet)
    assert np.ptp(grey, axis=2).max() == 0
    assert ((grey[..., 0] > 60) & (grey[..., 0] < 245)).mean() > 0.01


def test_rotation_turns_clockwise_about_the_middle():
    points = np.array([[110.5, 78.5], [221, 78.5]])
    middle, right = damage.project(damage.rotation(SHEET_SIZE, 5), points)
    np.testing.assert_allclose(middle, (110.5, 78.5))
    angle = np.rad2deg(np.arctan2(*(right - middle)[::-1]))
    assert angle == pytest.approx(5)  # y grows downwards
    assert np.hypot(*(right - middle)) == pytest.approx(110.5)


@pytest.mark.parametrize(("degrees", "smaller", "larger"), [((5, 0), 0, 2), ((0, 5), 1, 3)])
def test_what_leans_back_looks_smaller(degrees, smaller, larger):
    width, height = SHEET_SIZE
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height], [0, 0]])
    seen = damage.project(damage.perspective(SHEET_SIZE, degrees), corners)
    top_right_bottom_left = np.linalg.norm(np.diff(seen, axis=0), axis=1)
    assert 0.9 < top_right_bottom_left[smaller] / top_right_bottom_left[larger] < 0.99


def test_the_whole_sheet_is_in_the_picture(sheet):
    values = draw_damage(["rotation", "perspective", "desk"], 1)
    picture, matrix = damage_sheet(sheet, values, MM)
    height, width = sheet.shape[:2]
    corners = damage.project(matrix, np.array([[0, 0], [width, 0], [width, height], [0, height]]))
    margins = np.array(values["desk"]["margins"]) * width
    left, upper = corners.min(0)
    right, lower = picture.shape[1::-1] - corners.max(0)
    np.testing.assert_allclose((left, upper, right, lower), margins, atol=1)


def test_a_turned_sheet_lies_on_white_or_on_the_desk(white):
    on_white, _ = damage_sheet(white, {"rotation": 5.0}, MM)
    assert on_white[0, 0].min() == 255
    on_desk, matrix = damage_sheet(white, {"rotation": 5.0, **draw_damage(["desk"], 0)}, MM)
    assert on_desk[0, 0].max() < 200
    assert np.ptp(on_desk[:5], axis=(0, 1)).min() > 10  # texture
    x, y = damage.project(matrix, np.array([[110.5, 78.5]]))[0].astype(int)
    assert on_desk[y, x].min() == 255


@pytest.mark.parametrize("dpi", [100, 600])
def test_dpi_is_the_resolution_of_the_picture(sheet, dpi):
    picture, matrix = damage_sheet(sheet, {"dpi": dpi}, 100 / 25.4)
    np.testing.assert_allclose(picture.shape[:2], np.array(sheet.shape[:2]) * dpi / 100, atol=1)
    np.testing.assert_allclose(matrix, np.diag([dpi / 100, dpi / 100, 1]), rtol=1e-3)
    assert abs(picture.mean() - sheet.mean()) < 1


def test_a_shadow_leaves_the_stated_light(white):
    dark = damage.shadow(white, light=0.5, degrees=30, edge=0.1)
    assert 254 <= dark.max() <= 255
    assert dark.min() == pytest.approx(0.5 * 255, abs=3)
    assert dark[-1, -1].max() == dark.min()  # to the right and downwards
    assert np.abs(np.diff(dark[78, :, 0].astype(int))).max() < 12  # no hard edge


def test_blur_spreads_ink_without_adding_any():
    picture = np.full((41, 41, 3), 255, np.uint8)
    picture[20, 20] = 0
    smooth = 255.0 - damage.blur(picture, 2.0)[..., 0]
    assert smooth.sum() == pytest.approx(255, rel=0.15)
    distance = np.hypot(*(np.indices((41, 41)) - 20))
    spread = np.sqrt((smooth * distance**2).sum() / smooth.sum() / 2)
    assert spread == pytest.approx(2.0, rel=0.15)


def test_jpeg_of_low_quality_changes_more(sheet):
    errors = [np.abs(damage.jpeg(sheet, q).astype(int) - sheet).mean() for q in (15, 40)]
    assert errors[0] > 1.2 * errors[1] > 0


@pytest.mark.parametrize("name", DAMAGES)
def test_the_sheet_itself_stays_as_it_was(name, sheet):
    sheet = sheet[:200, :300]
    before = sheet.copy()
    damage_sheet(sheet, draw_damage([name], 2), 1.0)
    np.testing.assert_array_equal(sheet, before)
