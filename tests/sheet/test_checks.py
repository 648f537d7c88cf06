"""Wrong arguments bring out the documented errors, whatever they are."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image

from skecg.preprocessing import AreaResize, LeadCropper
from skecg.sheet import (
    LeadLayout,
    SheetAlignment,
    align_sheet,
    area_matrix,
    area_resize,
    crop_leads,
    find_grid_box,
    get_layout,
    straighten,
)

SHEET = Image.new("RGB", (40, 30), (90, 90, 90))
ARRAY = np.asarray(SHEET)
BOX = (0, 0, 5, 5)
IN_PLACE = SheetAlignment(np.eye(3), 8.0, "grid", 8.0)
HUGE = 10**30

NONSENSE = [
    *(None, True, 0, -1, HUGE, 0.5, float("nan"), float("inf"), 1j, "", "ab", b"ab", object(), int),
    *((), (1,), (True, 2), (HUGE, 1), (10_000, 10_000), (-1, 2), (2.5, 3), ("a", "b")),
    *((None, None), {}, {"a": 1, "b": 2}, {1, 2}, [[]], [1, [2, 3]], [("a", 0, 1, 1)]),
    *([(0, 0, HUGE, HUGE)], [(0, 0, 500, 500)], [(5, 5, 0, 0)], [(np.nan, 0, 1, 1)]),
    *(np.array(5), np.zeros((0, 3)), np.zeros((2, 0)), np.array(["a", "b"]), np.array([None])),
    *(np.zeros((3, 4), complex), np.zeros((3, 4, 3), "M8[s]"), torch.zeros(3, 4)),
    *(Image.new("L", (5, 5), 99), LeadLayout(("I",), (BOX,), (10, 10)), range(2), slice(3)),
]

CALLS = {
    "align_sheet, picture": lambda x: align_sheet(x, "edan-3x4"),
    "align_sheet, layout": lambda x: align_sheet(ARRAY, x),
    "straighten, picture": lambda x: straighten(x, IN_PLACE, BOX, 8.0),
    "straighten, alignment": lambda x: straighten(ARRAY, x, BOX, 8.0),
    "straighten, box": lambda x: straighten(ARRAY, IN_PLACE, x, 8.0),
    "straighten, pixels_per_mm": lambda x: straighten(ARRAY, IN_PLACE, BOX, x),
    "area_resize, image": lambda x: area_resize(x, (2, 2)),
    "area_resize, size": lambda x: area_resize(ARRAY, x),
    "area_resize, axes": lambda x: area_resize(ARRAY, (2, 2), axes=x),
    "area_matrix, n_in": lambda x: area_matrix(x, 1_001),
    "area_matrix, n_out": lambda x: area_matrix(1_001, x),
    "crop_leads, sheet": lambda x: crop_leads(x, [BOX]),
    "crop_leads, boxes": lambda x: crop_leads(SHEET, x),
    "crop_leads, size": lambda x: crop_leads(SHEET, [BOX], x),
    "crop_leads, dilation": lambda x: crop_leads(SHEET, [BOX], dilation=x),
    "crop_leads, resample": lambda x: crop_leads(SHEET, [BOX], resample=x),
    "find_grid_box": find_grid_box,
    "get_layout": get_layout,
    "LeadLayout, lead_names": lambda x: LeadLayout(x, (BOX,), None),
    "LeadLayout, boxes": lambda x: LeadLayout(("I",), x, None).boxes_on((9, 9)),
    "LeadLayout, sheet_size": lambda x: LeadLayout(("I",), (BOX,), x).boxes_on((9, 9)),
    "LeadLayout, grid_box": lambda x: LeadLayout(("I",), (BOX,), None, x).boxes_on((9, 9), BOX),
    "boxes_on, size": get_layout("edan-3x4").boxes_on,
    "boxes_on, grid_box": lambda x: get_layout("edan-3x4").boxes_on((2213, 1572), x),
    "AreaResize, size": lambda x: AreaResize(size=x).fit([ARRAY]),
    "AreaResize, region": lambda x: AreaResize(region=x).transform([ARRAY]),
    "AreaResize, X": lambda x: AreaResize((2, 2)).transform(x),
    "AreaResize, picture": lambda x: AreaResize((2, 2)).transform([x]),
    "LeadCropper, layout": lambda x: LeadCropper(layout=x).get_feature_names_out(),
    "LeadCropper, dilation": lambda x: LeadCropper(dilation=x).fit([ARRAY]),
}
# What is no nonsense for some calls.
FINE = {
    "area_resize, image": {"torch"},
    "crop_leads, boxes": {"()", "[[]]", "empty"},
    "boxes_on, grid_box": {"None"},
    "LeadLayout, sheet_size": {"None"},
    "get_layout": {"LeadLayout"},
    "AreaResize, region": {"None"},
    "AreaResize, picture": {"Image"},
    "LeadCropper, layout": {"LeadLayout"},
    "straighten, pixels_per_mm": {"0.5"},
}


def kind_of(value):
    if isinstance(value, np.ndarray) and value.size == 0:
        return "empty"
    module = type(value).__module__.partition(".")[0]
    return (
        "torch"
        if module == "torch"
        else next(
            (name for name in ("Image", "LeadLayout") if type(value).__name__ == name), repr(value)
        )
    )


@pytest.mark.parametrize("call", CALLS)
def test_nonsense_is_a_value_error_or_a_type_error(call):
    for value in NONSENSE:
        if kind_of(value) in FINE.get(call, ()):
            CALLS[call](value)
            continue
        with pytest.raises((ValueError, TypeError, FileNotFoundError)) as caught:
            CALLS[call](value)
        names_a_file = call in ("AreaResize, X", "AreaResize, picture")
        assert names_a_file or not isinstance(caught.value, FileNotFoundError)
        assert str(caught.value)


@pytest.mark.parametrize("size", [(100_000, 1_000), (HUGE, HUGE), (True, 5), {1: 2, 3: 4}])
def test_sizes_have_limits(size):
    for transformer in (AreaResize(size), LeadCropper(size=size)):
        with pytest.raises(ValueError, match="size must"):
            transformer.fit([ARRAY])


def test_boxes_outside_the_sheet_are_refused():
    crop_leads(SHEET, [(0, 0, 40, 30)])
    for box in [(-1, 0, 5, 5), (0, 0, 41, 5), (0, 0, 5, 31), (5, 0, 5, 5)]:
        with pytest.raises(ValueError, match=r"must lie in the sheet of 40 x 30 pixels.*got \[\["):
            crop_leads(SHEET, [BOX, box])


def test_more_threads_than_pictures_are_not_started():
    for n_jobs in (10**9, -(10**9)):
        assert AreaResize((2, 2), n_jobs=n_jobs).transform([ARRAY, ARRAY]).shape == (2, 3, 2, 2)


def test_a_result_that_does_not_fit_in_memory_says_so():
    many = np.broadcast_to(ARRAY, (10**13, *ARRAY.shape))
    with pytest.raises(ValueError, match=r"no memory for a result of shape \(10000000000000, 3, 8"):
        AreaResize((8_000, 9_000)).transform(many)
