from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from skecg.datasets import make_sheets
from skecg.preprocessing import AreaResize
from skecg.sheet import area_matrix, area_resize, read_image


@pytest.fixture(scope="module")
def sheet():
    return make_sheets(1, random_state=0).data[0]


def test_default_is_the_published_size(sheet):
    resized = AreaResize().transform([sheet])
    assert resized.shape == (1, 3, 182, 256)
    np.testing.assert_array_equal(resized[0].transpose(1, 2, 0), area_resize(sheet, (182, 256)))


def test_grey_has_one_channel(sheet):
    grey = AreaResize(color="gray").transform([sheet])
    assert grey.shape == (1, 1, 182, 256)
    means = area_resize(sheet.astype(np.float64), (182, 256)) @ [0.299, 0.587, 0.114]
    assert np.abs(grey[0, 0] - means).max() <= 0.5 + 1e-9


@pytest.mark.parametrize(
    "region", [(68, 283, 2177, 1518), (68 / 2213, 283 / 1572, 2177 / 2213, 1518 / 1572), "grid"]
)
def test_regions_in_pixels_fractions_and_by_name_are_one(sheet, region):
    expected = area_resize(sheet[283:1518, 68:2177], (182, 256))
    resized = AreaResize(region=region).transform([sheet])
    np.testing.assert_array_equal(resized[0].transpose(1, 2, 0), expected)


def test_the_grid_holds_nothing_of_header_and_footer(sheet):
    printed = sheet.copy()
    printed[:275], printed[1522:] = 0, 0
    plain, changed = AreaResize(region="grid").transform([sheet, printed])
    np.testing.assert_array_equal(plain, changed)
    plain, changed = AreaResize().transform([sheet, printed])
    assert (plain != changed).any()


@pytest.mark.parametrize("degrees", [-4, 1, 2])
def test_the_grid_of_a_turned_sheet_holds_no_header(sheet, degrees):
    def turned(picture):
        picture = Image.fromarray(picture)
        return np.asarray(
            picture.rotate(degrees, Image.Resampling.BICUBIC, True, None, None, "white")
        )

    printed = sheet.copy()
    printed[:240], printed[1535:] = 0, 0
    resize = AreaResize(region="grid")
    upright, plain, changed = resize.transform([sheet, turned(sheet), turned(printed)])
    assert np.abs(plain.astype(int) - changed).max() <= 8
    # The dots of the grid are softer on a picture that was interpolated.
    assert np.abs(upright.astype(int) - plain).mean() < 4
    for channel in range(3):
        assert np.corrcoef(upright[channel].ravel(), plain[channel].ravel())[0, 1] > 0.95


def test_the_grid_is_found_on_sheets_that_were_cut_differently(sheet):
    cut = sheet[100:1540, 30:]
    padded = np.pad(sheet, ((7, 90), (55, 0), (0, 0)), constant_values=255)
    upright, *others = AreaResize(region="grid").transform([sheet, cut, padded])
    for other in others:
        np.testing.assert_array_equal(other, upright)


def test_a_sheet_without_a_grid_is_placed_by_its_traces_with_a_warning(sheet):
    black = np.where(np.ptp(sheet, axis=2, keepdims=True) > 8, np.uint8(255), sheet)
    transformer = AreaResize(region="grid")
    with pytest.warns(UserWarning, match="shows no grid and was placed by its rows of traces"):
        found = transformer.transform([black[50:, 30:]])
    expected = AreaResize(region=(68, 283, 2177, 1518)).transform([black])
    assert np.abs(found.astype(int) - expected).mean() < 4


def test_a_picture_without_a_sheet_has_no_grid(sheet):
    with pytest.raises(ValueError, match="Sample 1 of X: No reddish grid"):
        AreaResize(region="grid").transform([sheet, np.full((786, 1106, 3), 250, np.uint8)])


def test_fractions_and_the_grid_scale_with_the_picture(sheet):
    half = area_resize(sheet, (786, 1106))
    for region in ("grid", (0.25, 0.5, 0.75, 1.0)):
        large, small = AreaResize(size=(40, 60), region=region).transform([sheet, half])
        assert np.abs(large.astype(int) - small).mean() < 3


def test_the_whole_as_fractions(sheet):
    np.testing.assert_array_equal(
        AreaResize(region=(0.0, 0.0, 1.0, 1.0)).transform([sheet]), AreaResize().transform([sheet])
    )


@pytest.mark.parametrize(
    "region",
    [(0, 0, 5), (5, 0, 5, 9), (-1, 0, 5, 5), (0.0, 0.0, 1.5, 1.0), (0, 0, "a", 5), (0.5, 0, 2, 1)],
)
def test_regions_that_are_none_are_refused(sheet, region):
    with pytest.raises(ValueError, match="region must be None, 'grid'"):
        AreaResize(region=region).fit([sheet])


def test_a_region_outside_the_picture_is_refused_with_its_size(sheet):
    with pytest.raises(ValueError, match=r"Sample 1 of X: .*picture of 553 x 393"):
        AreaResize(region=(0, 0, 2000, 1000)).transform([sheet, sheet[:393, :553]])


def test_files_of_every_format(sheet, tmp_path):
    for suffix in ("png", "jpg", "avif", "tiff"):
        path = tmp_path / f"sheet.{suffix}"
        Image.fromarray(sheet[::4, ::4]).save(path)
        expected = area_resize(read_image(path), (20, 30)).transpose(2, 0, 1)
        np.testing.assert_array_equal(AreaResize((20, 30)).transform([path])[0], expected)


def test_real_sheets_are_off_by_the_rounding_only(data_home):
    paths = sorted((data_home / "sheets_original").glob("*/*.jpg"))[::12]
    rows, columns = area_matrix(1572, 182), area_matrix(2213, 256)
    for path, resized in zip(paths, AreaResize(n_jobs=2).transform(paths)):
        sheet = read_image(path).transpose(2, 0, 1).astype(np.float64)
        assert np.abs(resized - rows @ sheet @ columns.T).max() <= 0.5 + 1e-9
