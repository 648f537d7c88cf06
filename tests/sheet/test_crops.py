from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageFilter

from skecg.sheet import crop_leads
from skecg.sheet._crops import thicken


@pytest.fixture
def sheet():
    rng = np.random.default_rng(0)
    return Image.fromarray(rng.integers(0, 256, (90, 120, 3), dtype=np.uint8))


@pytest.mark.parametrize("width", [1, 3, 5, 9])
def test_thickening_is_pillows_minimum_filter(width):
    grey = np.random.default_rng(0).integers(0, 256, (31, 43), dtype=np.uint8)
    expected = np.asarray(Image.fromarray(grey).filter(ImageFilter.MinFilter(width)))
    np.testing.assert_array_equal(thicken(grey, width), expected)


@pytest.mark.parametrize("shape", [(1, 5), (2, 1), (1, 1)])
def test_thickening_more_than_the_picture(shape):
    grey = np.arange(np.prod(shape), dtype=np.uint8).reshape(shape)
    np.testing.assert_array_equal(thicken(grey, 9), np.zeros(shape))


def test_inverting_makes_white_paper_black():
    white = Image.new("RGB", (40, 30), "white")
    assert not crop_leads(white, [(0, 0, 40, 30)], (5, 5)).any()
    assert (crop_leads(white, [(0, 0, 40, 30)], (5, 5), invert=False) == 255).all()


def test_thickening_happens_on_the_dark_trace_with_and_without_inversion(sheet):
    boxes = [(0, 0, 60, 45), (60, 45, 120, 90)]
    dark = crop_leads(sheet, boxes, (9, 12), invert=False)
    bright = crop_leads(sheet, boxes, (9, 12))
    np.testing.assert_allclose(bright, 255.0 - dark, atol=1)  # ties are rounded to even


def test_a_thin_line_survives():
    paper = np.full((80, 80, 3), 255, np.uint8)
    paper[40] = 0
    crop = crop_leads(Image.fromarray(paper), [(0, 0, 80, 80)], (10, 10), dilation=1)[0]
    thick = crop_leads(Image.fromarray(paper), [(0, 0, 80, 80)], (10, 10), dilation=3)[0]
    # One row of eight is 255 / 8 = 31.9; three rows of which two lie in the same eighth: 63.75.
    assert crop.max() == 32
    assert thick.max() == 64


def test_swapped_channels_weigh_red_as_blue():
    red, blue = Image.new("RGB", (8, 8), (255, 0, 0)), Image.new("RGB", (8, 8), (0, 0, 255))
    box, options = [(0, 0, 8, 8)], {"invert": False, "dilation": 1}
    assert crop_leads(red, box, (1, 1), **options).item() == 76  # 0.299 * 255
    assert crop_leads(red, box, (1, 1), swap_channels=True, **options).item() == 29
    assert crop_leads(blue, box, (1, 1), swap_channels=True, **options).item() == 76
