from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageFilter, ImageOps

from skecg.datasets import make_sheets
from skecg.preprocessing import LeadCropper
from skecg.sheet import LeadLayout, area_resize, get_layout

STANDARD = ["I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6", "rhythm"]
LEXICOGRAPHIC = [1, 10, 11, 12, 13, 2, 3, 4, 5, 6, 7, 8, 9]


@pytest.fixture(scope="module")
def sheet():
    return make_sheets(1, random_state=0).data[0]


def published_steps(image, layout, size):
    """Carry out the published steps one by one with Pillow: boxes in the order of file names."""
    channels = []
    for number in LEXICOGRAPHIC:
        red, green, blue = image.crop(get_layout(layout).boxes[number - 1]).split()
        grey = Image.merge("RGB", (blue, green, red)).convert("L")
        dilated = ImageOps.invert(grey).filter(ImageFilter.MaxFilter(3))
        channels.append(np.asarray(dilated.resize(size[::-1])))
    return np.array(channels)


def test_thirteen_leads_by_default(sheet):
    cropper = LeadCropper()
    leads = cropper.fit_transform([sheet])
    assert leads.shape == (1, 13, 64, 64)
    assert leads.dtype == np.uint8
    assert cropper.get_feature_names_out().tolist() == STANDARD


@pytest.mark.parametrize("layout", ["published-a", "published-a-hb", "published-b"])
@pytest.mark.parametrize("size", [(64, 64), (28, 28), (20, 30)])
def test_published_is_bit_exact(sheet, layout, size):
    cropper = LeadCropper.published(layout, size)
    expected = published_steps(Image.fromarray(sheet), layout, size)
    np.testing.assert_array_equal(cropper.transform([sheet])[0], expected)


@pytest.mark.parametrize(
    ("folder", "layout"),
    [
        ("Normal*", "published-a"),
        ("*abnormal heartbeat*", "published-a-hb"),
        ("*Myocardial*", "published-b"),
        ("*History*", "published-b"),
    ],
)
def test_published_is_bit_exact_on_real_sheets(data_home, folder, layout):
    path = sorted((data_home / "sheets_original").glob(f"{folder}/*.jpg"))[0]
    with Image.open(path) as image:
        expected = published_steps(image, layout, (28, 28))
    found = LeadCropper.published(layout, (28, 28)).transform([path])[0]
    np.testing.assert_array_equal(found, expected)


def test_published_names_are_in_the_published_order():
    names = LeadCropper.published().get_feature_names_out().tolist()
    assert names == [
        "I",
        "aVF",
        "V3",
        "V6",
        "rhythm",
        "aVR",
        "V1",
        "V4",
        "II",
        "aVL",
        "V2",
        "V5",
        "III",
    ]


@pytest.mark.parametrize("size", [(1572, 2213), (786, 1106), (393, 553)])
def test_every_lead_of_a_made_sheet_is_framed(size):
    sheets = make_sheets(4, size=size, random_state=0).data
    # At about the resolution of the smallest of the sheets. The grid is nowhere darker than 90.
    leads = LeadCropper(size=(75, 122)).transform(sheets)
    for sheet_leads in leads:
        for name, lead in zip(STANDARD, sheet_leads):
            # The trace begins 23 of 510 pixels after the left edge of the first column.
            assert (lead > 128).any(axis=0).mean() > 0.9, name


def test_crops_show_the_lead_of_their_name(sheet):
    only_v2 = np.full_like(sheet, 255)
    left, upper, right, lower = dict(
        zip(get_layout("edan-3x4").lead_names, get_layout("edan-3x4").boxes)
    )["V2"]
    only_v2[upper:lower, left:right] = 0
    leads = LeadCropper(dilation=1).transform([only_v2])[0]
    bright = leads.mean(axis=(1, 2))
    assert bright[STANDARD.index("V2")] == 255
    assert (np.delete(bright, STANDARD.index("V2")) == 0).all()


def test_align_follows_a_shifted_scan(sheet):
    scan = np.pad(sheet, ((120, 0), (200, 0), (0, 0)), constant_values=255)
    straight = LeadCropper().transform([sheet])
    aligned = LeadCropper(align="grid").transform([scan])
    np.testing.assert_array_equal(aligned, straight)
    assert (LeadCropper(align="grid").transform([sheet]) == straight).all()


@pytest.mark.parametrize("degrees", [-4, 1, 2])
def test_a_turned_sheet_has_the_crops_of_the_upright_one(sheet, degrees):
    turned = Image.fromarray(sheet).rotate(
        degrees, Image.Resampling.BICUBIC, True, None, None, "white"
    )
    cropper = LeadCropper(align="grid")
    straight, aligned = cropper.transform([sheet]), cropper.transform([np.asarray(turned)])
    # The dots of the grid are softer on a picture that was interpolated.
    assert np.abs(straight.astype(int) - aligned).mean() < 10
    for one, other in zip(straight[0], aligned[0]):
        assert np.corrcoef(one.ravel(), other.ravel())[0, 1] > 0.94


def test_a_sheet_without_a_grid_is_placed_by_its_traces_with_a_warning(sheet):
    black = np.where(np.ptp(sheet, axis=2, keepdims=True) > 8, np.uint8(255), sheet)
    transformer = LeadCropper(align="grid")
    with pytest.warns(UserWarning, match="shows no grid and was placed by its rows of traces"):
        found = transformer.transform([black[50:, 30:]])
    expected = LeadCropper().transform([black])
    assert np.abs(found.astype(int) - expected).mean() < 12


def test_align_without_a_grid_names_the_sample():
    with pytest.raises(ValueError, match="Sample 0 of X: No reddish grid"):
        LeadCropper(align="grid").transform([np.full((157, 221, 3), 255, np.uint8)])


def test_a_sheet_of_another_ratio_is_refused_with_both_sizes(sheet):
    with pytest.raises(ValueError, match=r"Sample 1 of X: .*2213 x 1572.*has 2213 x 1200"):
        LeadCropper().transform([sheet, sheet[:1200]])


def test_a_layout_of_your_own(sheet):
    layout = LeadLayout(("II", "V5"), ((0, 0, 50, 40), (50, 0, 100, 80)), (100, 80))
    cropper = LeadCropper(layout, size=(10, 12), dilation=1)
    grey = np.asarray(Image.fromarray(sheet[:800, :1000]).convert("L"))
    leads = cropper.transform([sheet[:800, :1000]])
    assert cropper.get_feature_names_out().tolist() == ["II", "V5"]
    np.testing.assert_array_equal(leads[0, 0], area_resize(~grey[:400, :500], (10, 12)))
    np.testing.assert_array_equal(leads[0, 1], area_resize(~grey[:, 500:], (10, 12)))


def test_unknown_layouts_and_even_dilations_are_refused(sheet):
    with pytest.raises(ValueError, match="no layout 'edan'"):
        LeadCropper("edan").fit([sheet])
    with pytest.raises(ValueError, match="dilation must be an odd number of pixels; got 2"):
        LeadCropper(dilation=2).fit([sheet])
