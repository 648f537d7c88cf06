from __future__ import annotations

import numpy as np
import pytest

from skecg.datasets import make_sheets
from skecg.sheet import find_doubt


@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize("padding", [0, 255])
@pytest.mark.parametrize(
    ("level", "doubt"),
    [(0, "nearly black"), (32, "nearly black"), (33, ""), (223, ""), (224, "nearly white")],
)
def test_uniform_pictures(level, doubt, padding, channels):
    picture = np.full((300, 400, channels), padding, np.uint8)
    picture[..., :3] = level
    assert find_doubt(picture) == doubt


def test_up_to_one_pixel_in_a_thousand_does_not_count():
    picture = np.zeros((50, 40, 3), np.uint8)  # fewer rows than are looked at
    picture[0, :2] = 255
    assert find_doubt(picture) == "nearly black"
    picture[1, 0] = 255
    assert find_doubt(picture) == ""
    assert find_doubt(255 - picture) == ""


def test_one_colour_is_enough():
    picture = np.zeros((50, 40, 3), np.uint8)
    picture[..., 2] = 200
    assert find_doubt(picture) == ""


@pytest.mark.parametrize("size", [(79, 111), (393, 553), (1572, 2213)])
def test_sheets_raise_no_doubt_in_either_polarity(size):
    sheet = make_sheets(1, size=size, random_state=0).data[0]
    assert find_doubt(sheet) == find_doubt(255 - sheet) == ""
    # Nor does the trace alone: black ink on white paper.
    ink = np.where(sheet.max(axis=2, keepdims=True) < 64, 0, 255).astype(np.uint8)
    assert find_doubt(np.repeat(ink, 3, axis=2)) == ""


def test_a_sheet_of_twelve_bits_in_sixteen_is_nearly_black():
    sheet = make_sheets(1, size=(393, 553), random_state=0).data[0]
    assert find_doubt((sheet // 16).astype(np.uint8)) == "nearly black"
