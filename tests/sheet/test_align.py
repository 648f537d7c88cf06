from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageFilter

from skecg.datasets import make_sheets
from skecg.sheet import align_sheet, area_resize, get_layout, straighten

LAYOUT = get_layout("edan-3x4")
CORNERS = np.array([(67, 283), (2178, 283), (2178, 1520), (67, 1520)], float)
MM = 200 / 25.4


@pytest.fixture(scope="module")
def sheet():
    return make_sheets(1, random_state=0).data[0]


def rotation(degrees, width, height, margin=0.0, scale=1.0):
    """Return a homography that turns a sheet, and the size of the picture that holds it."""
    angle = np.deg2rad(degrees)
    turn = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    corners = np.array([(0, 0), (width, 0), (width, height), (0, height)]) @ turn.T
    matrix = np.eye(3)
    matrix[:2, :2], matrix[:2, 2] = turn, margin - corners.min(0)
    return matrix, tuple(np.ceil(np.ptp(corners, axis=0) + 2 * margin).astype(int).tolist())


def perspective(width, height):
    """Return a homography that shows a sheet from its lower left."""
    matrix = np.array([[1.0, 0.02, 10], [-0.03, 1, 80], [2e-5, 3e-5, 1]])
    corners = points_by(matrix, [(width, 0), (width, height), (0, height)])
    return matrix, tuple(np.ceil(corners.max(0)).astype(int).tolist())


def points_by(matrix, points):
    mapped = np.column_stack([np.asarray(points, float), np.ones(len(points))]) @ matrix.T
    return mapped[:, :2] / mapped[:, 2:]


def photograph(sheet, matrix, size, ground=(255, 255, 255)):
    """Draw a sheet by a homography on a ground: a colour, or an array of pixels."""
    inverse = np.linalg.inv(matrix)
    image = Image.fromarray(sheet).convert("RGBA")
    image = image.transform(
        size,
        Image.Transform.PERSPECTIVE,
        (inverse / inverse[2, 2]).ravel()[:8].tolist(),
        Image.Resampling.BICUBIC,
    )
    if isinstance(ground, tuple):
        ground = np.full((*size[::-1], 3), ground, np.uint8)
    paper = Image.fromarray(ground).convert("RGBA")
    return np.asarray(Image.alpha_composite(paper, image).convert("RGB"))


def error_mm(alignment, matrix):
    """Return the largest distance of the corners of the grid from where they are, in mm."""
    away = alignment.to_picture(CORNERS) - points_by(matrix, CORNERS)
    return float(np.linalg.norm(away, axis=1).max() / alignment.pixels_per_mm)


def test_an_upright_sheet_is_where_it_is(sheet):
    found = align_sheet(sheet, "edan-3x4")
    assert error_mm(found, np.eye(3)) < 0.15
    assert found.pixels_per_mm == pytest.approx(MM, rel=1e-3)
    assert found.source == "grid"


@pytest.mark.parametrize("degrees", [-5, -2, 1, 3, 5])
def test_rotated_sheets(sheet, degrees):
    matrix, size = rotation(degrees, 2213, 1572)
    assert error_mm(align_sheet(photograph(sheet, matrix, size), LAYOUT), matrix) < 0.2


def test_a_sheet_under_perspective(sheet):
    matrix, size = perspective(2213, 1572)
    assert error_mm(align_sheet(photograph(sheet, matrix, size), LAYOUT), matrix) < 0.2


@pytest.mark.parametrize("dpi", [100, 150, 300, 600])
def test_scans_of_any_resolution(sheet, dpi):
    scale = dpi / 200
    scan = area_resize(sheet, (round(1572 * scale), round(2213 * scale)))
    found = align_sheet(scan, LAYOUT)
    assert error_mm(found, np.diag([scale, scale, 1])) < 0.25
    assert found.pixels_per_mm == pytest.approx(scale * MM, rel=2e-3)


def test_a_sheet_on_a_desk(sheet):
    matrix, size = rotation(4, 2213, 1572, margin=150)
    grain = np.random.default_rng(0).normal(110, 25, (size[1] // 8 + 1, size[0]))
    desk = np.repeat(grain, 8, axis=0)[: size[1], :, None] * (0.95, 0.7, 0.45)
    picture = photograph(sheet, matrix, size, np.clip(desk, 0, 255).astype(np.uint8))
    assert error_mm(align_sheet(picture, LAYOUT), matrix) < 0.2


def test_a_dark_blurred_grey_sheet(sheet):
    matrix, size = rotation(-2, 2213, 1572)
    image = Image.fromarray(photograph(sheet, matrix, size)).convert("L").convert("RGB")
    image = image.filter(ImageFilter.GaussianBlur(2))
    shade = np.linspace(0.35, 0.8, size[0])[:, None]
    picture = (np.asarray(image) * shade).astype(np.uint8)
    assert error_mm(align_sheet(picture, LAYOUT), matrix) < 0.25


def test_the_straightened_grid_is_that_of_the_upright_sheet(sheet):
    matrix, size = rotation(3, 2213, 1572)
    picture = photograph(sheet, matrix, size)
    straight = straighten(picture, align_sheet(picture, LAYOUT), LAYOUT.grid_box, MM)
    upright = sheet[283:1520, 67:2178]
    assert straight.shape == upright.shape
    coarse = [area_resize(part, (155, 264)).astype(float) for part in (straight, upright)]
    assert np.corrcoef(coarse[0].ravel(), coarse[1].ravel())[0, 1] > 0.97


def test_straighten_takes_grey_pictures_and_other_resolutions(sheet):
    found = align_sheet(sheet, LAYOUT)
    grey = sheet.min(axis=2)
    straight = straighten(grey, found, (67, 283, 2178, 1520), 3.0)
    assert straight.shape == (round(1237 * 3 / MM), round(2111 * 3 / MM))
    # The mean grey is kept: nothing is left out when a picture shrinks.
    assert straight.mean() == pytest.approx(grey[283:1520, 67:2178].mean(), abs=0.5)


def test_outside_the_picture_is_white(sheet):
    cut = sheet[100:, 40:]
    straight = straighten(cut, align_sheet(cut, LAYOUT), (0, 0, 400, 400), MM)
    assert (straight[:90] == 255).all()
    assert (straight[:, :30] == 255).all()
    assert (straight[290:] < 255).any()


@pytest.mark.parametrize("level", [0, 128, 255])
def test_a_picture_without_a_sheet_is_refused(level):
    with pytest.raises(
        ValueError, match=r"No reddish grid.* found on a picture of 640 x 480 pixels"
    ):
        align_sheet(np.full((480, 640, 3), level, np.uint8), LAYOUT)


def test_arguments_of_straighten_that_cannot_be_are_refused(sheet):
    found = align_sheet(sheet, LAYOUT)
    with pytest.raises(ValueError, match=r"or \(height, width\); got"):
        straighten(sheet[0, :, 0], found, LAYOUT.grid_box, MM)
    with pytest.raises(ValueError, match="pixels_per_mm is too large"):
        straighten(sheet, found, LAYOUT.grid_box, 10**400)


def test_a_sheet_that_is_too_small_is_refused(sheet):
    with pytest.raises(ValueError, match=r"too small|No reddish grid"):
        align_sheet(area_resize(sheet, (196, 276)), LAYOUT)


@pytest.mark.parametrize("wrong", [None, np.zeros((5, 5)), np.zeros((0, 5, 3), np.uint8)])
def test_what_is_no_picture_is_refused(wrong):
    with pytest.raises(ValueError, match=r"must be an array of uint8 of shape .*; got"):
        align_sheet(wrong, LAYOUT)


@pytest.mark.parametrize("shape", [(1, 1), (1, 5000), (5000, 1), (3, 4), (40, 60), (300, 300)])
def test_pictures_of_noise_are_refused_at_any_size(shape):
    noise = np.random.default_rng(0).integers(0, 256, (*shape, 3), dtype=np.uint8)
    with pytest.raises(ValueError, match="No reddish grid"):
        align_sheet(noise, LAYOUT)


def test_photographs_of_something_else_are_refused():
    y, x = np.mgrid[:700, :1000]
    waves = 127 + 60 * np.sin(x / 37) + 60 * np.sin((x + 2 * y) / 23)
    lines = np.where((x % 50 < 3) | (y % 50 < 3), 90, 230)  # a wall of tiles
    for grey in (waves, lines):
        picture = np.repeat(grey[..., None], 3, axis=2).astype(np.uint8)
        with pytest.raises(ValueError, match="No reddish grid"):
            align_sheet(picture, LAYOUT)
