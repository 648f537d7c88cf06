from __future__ import annotations

import numpy as np
import pytest

from skecg.datasets import make_sheets
from skecg.sheet import LAYOUTS, LeadLayout, area_resize, find_grid_box, get_layout, read_image

STANDARD = ["I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6", "rhythm"]


def test_the_default_has_the_leads_in_their_usual_order():
    layout = get_layout("edan-3x4")
    assert list(layout.lead_names) == STANDARD
    boxes = dict(zip(layout.lead_names, layout.boxes))
    # From the published table of normal sheets: columns of 2.5 s, rows of 300 pixels.
    assert boxes["I"] == (130, 300, 640, 600)
    assert boxes["aVR"] == (641, 300, 1125, 600)
    assert boxes["V5"] == (1630, 600, 2120, 900)
    assert boxes["III"] == (130, 900, 640, 1200)
    assert boxes["rhythm"] == (130, 1205, 2120, 1450)


def test_the_default_is_the_table_of_normal_sheets_in_another_order():
    assert set(get_layout("edan-3x4").boxes) == set(get_layout("published-a").boxes)


@pytest.mark.parametrize(
    ("name", "n_boxes", "box", "edges"),
    [
        ("published-a", 13, 4, (1630, 300, 2120, 600)),
        ("published-a-hb", 13, 12, (1630, 900, 2110, 1200)),
        ("published-a-hb", 13, 3, (1130, 300, 1625, 600)),
        ("published-b", 13, 6, (640, 605, 1125, 900)),
        ("published-b", 13, 13, (125, 1205, 2125, 1495)),
        ("published-c", 13, 4, (1125, 500, 2125, 680)),
        ("published-d", 13, 13, (125, 1315, 2125, 1550)),
        ("published-e", 12, 12, (1125, 1350, 2125, 1490)),
        ("published-f", 13, 5, (100, 241, 300, 350)),
    ],
)
def test_published_boxes(name, n_boxes, box, edges):
    layout = get_layout(name)
    assert len(layout.boxes) == n_boxes
    assert layout.boxes[box - 1] == edges


def test_every_layout_says_where_it_comes_from_and_fits_its_own_sheet():
    assert sorted(LAYOUTS) == [
        "12x1",
        "3x4",
        "3x4+1",
        "6x2+1",
        "edan-3x4",
        "published-a",
        "published-a-hb",
        *(f"published-{letter}" for letter in "bcdef"),
    ]
    for layout in LAYOUTS.values():
        assert layout.source
        boxes = layout.boxes_on(layout.sheet_size or (1000, 600))
        np.testing.assert_array_equal(boxes, layout.boxes)


def test_boxes_scale_with_the_sheet():
    layout = get_layout("edan-3x4")
    boxes = layout.boxes_on((4426, 3144))
    np.testing.assert_array_equal(boxes, 2 * np.array(layout.boxes))
    # 1 % of another ratio is still the same sheet: 553 x 393 is 1.4071, 2213 x 1572 is 1.4078.
    assert layout.boxes_on((553, 393))[0].tolist() == [32, 75, 160, 150]


def test_another_ratio_is_refused_with_both_sizes():
    with pytest.raises(ValueError, match=r"2213 x 1572 .*this one has 2213 x 1500"):
        get_layout("edan-3x4").boxes_on((2213, 1500))


def test_boxes_outside_the_sheet_are_refused():
    with pytest.raises(ValueError, match=r"'box4'.* outside a sheet of 800 x 600"):
        get_layout("published-f").boxes_on((800, 600))


def test_a_tiny_sheet_is_refused():
    with pytest.raises(ValueError, match="too small"):
        LeadLayout(("I", "II"), ((0, 0, 100, 100), (100, 0, 101, 100)), (200, 100)).boxes_on((2, 1))


def test_layouts_of_your_own_are_checked():
    with pytest.raises(ValueError, match="1 names and 2 boxes"):
        LeadLayout(("I",), ((0, 0, 1, 1), (1, 1, 2, 2)), None)
    with pytest.raises(ValueError, match=r"box of 'I' must be .*got \(5, 0, 5, 9\)"):
        LeadLayout(("I",), ((5, 0, 5, 9),), None)
    with pytest.raises(ValueError, match="no layout 'edan'; choose one of"):
        get_layout("edan")


def test_the_grid_is_found_and_the_layout_follows_it():
    sheet = make_sheets(1, random_state=0).data[0]
    box = find_grid_box(sheet)
    assert box == (67, 283, 2178, 1520)
    layout = get_layout("edan-3x4")
    np.testing.assert_array_equal(layout.boxes_on((2213, 1572), box), layout.boxes)

    # A scan with a margin on the left and above, and smaller.
    scan = np.pad(sheet, ((120, 0), (200, 0), (0, 0)), constant_values=255)
    scan = area_resize(scan, (846, 1207))
    found = find_grid_box(scan)
    np.testing.assert_allclose(found, (np.array(box) + [200, 120] * 2) / 2, atol=1.5)
    expected = (np.array(layout.boxes) + [200, 120] * 2) / 2
    np.testing.assert_allclose(layout.boxes_on((1207, 846), found), expected, atol=3)


def test_no_grid_is_an_error():
    with pytest.raises(ValueError, match="No reddish grid was found on a sheet of 221 x 157"):
        find_grid_box(np.full((157, 221, 3), 255, np.uint8))


def test_a_layout_without_a_grid_cannot_follow_one():
    with pytest.raises(ValueError, match="no grid_box"):
        get_layout("published-f").boxes_on((1000, 600), (0, 0, 10, 10))


def test_the_grid_of_real_sheets(data_home):
    paths = sorted((data_home / "sheets_original").glob("*/*.jpg"))[::6]
    for path in paths:
        # The frame is at (67, 283, 2178, 1520), sharp to the block of the compression.
        np.testing.assert_allclose(find_grid_box(read_image(path)), (67, 283, 2178, 1520), atol=4)


def test_a_table_gives_the_leads_as_they_follow_in_time():
    layout = LeadLayout.from_table((("I", "V1"), ("II", "V2")), strips=("rhythm",), seconds=5.0)
    assert layout.lead_names == ("I", "II", "V1", "V2", "rhythm")
    mm = layout.pixels_per_mm
    assert layout.sheet_size == (297 * mm, 210 * mm)
    lefts, baselines, seconds = (np.array(layout.traces).T[k] for k in range(3))
    # Two columns of 125 mm in the middle of a grid from 12 to 285 mm.
    np.testing.assert_allclose(lefts / mm, [23.5, 23.5, 148.5, 148.5, 23.5])
    rows = 30 + 170 / 3 * np.array([0.5, 1.5, 2.5])
    np.testing.assert_allclose(baselines / mm, rows[[0, 1, 0, 1, 2]])
    assert seconds.tolist() == [5, 5, 5, 5, 10]
    np.testing.assert_array_equal(layout.boxes_on(layout.sheet_size), layout.boxes)


@pytest.mark.parametrize("name", ["edan-3x4", "3x4", "3x4+1", "6x2+1", "12x1"])
def test_traces_lie_in_their_boxes(name):
    layout = get_layout(name)
    speed = layout.mm_per_second * layout.pixels_per_mm
    assert list(layout.lead_names) in (STANDARD, STANDARD[:12])
    for (left, upper, right, lower), (x, y, seconds) in zip(layout.boxes, layout.traces):
        assert left - 2 <= x < right
        assert x + seconds * speed <= right + 0.1 * speed
        assert upper < y < lower
        assert seconds in (2.5, 5, 10)


def test_tables_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="needs a name of a lead"):
        LeadLayout.from_table(((),))
    with pytest.raises(ValueError, match="need 375 mm at 25 mm/s; the grid has 273 mm"):
        LeadLayout.from_table((("I", "II", "III"),), seconds=5.0)
    with pytest.raises(ValueError, match="baselines must be 1 numbers"):
        LeadLayout.from_table((("I",),), baselines=(40, 80))


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"traces": ((1.0, 2.0, 2.5),)}, "pixels_per_mm must be a number > 0; got None"),
        ({"traces": (), "pixels_per_mm": 8.0}, "needs one trace per box, 1"),
        ({"traces": ((1.0, 2.0, 0.0),), "pixels_per_mm": 8.0}, "The trace of 'I' must be"),
        ({"traces": ((1.0, "a", 1.0),), "pixels_per_mm": 8.0}, "The trace of 'I' must be"),
        ({"mm_per_mv": 0.0}, "mm_per_mv must be a number > 0; got 0.0"),
    ],
)
def test_wrong_traces_are_refused(wrong, message):
    with pytest.raises(ValueError, match=message):
        LeadLayout(("I",), ((0, 0, 9, 9),), (20, 20), **wrong)
