from __future__ import annotations

import numpy as np
import pytest
from matplotlib import pyplot as plt
from matplotlib.colors import to_hex
from PIL import Image
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from skecg.datasets import load_sheets, make_sheets
from skecg.inspection import LeadLayoutDisplay
from skecg.preprocessing import LeadCropper
from skecg.sheet import LeadLayout, get_layout, read_image

STANDARD = ["I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6", "rhythm"]


@pytest.fixture(scope="module")
def sheet():
    return make_sheets(1, random_state=0).data[0]


def drawn(boxes) -> list[tuple[float, ...]]:
    return [tuple(edge + 0.5 for edge in box.get_bbox().extents) for box in boxes]


def test_boxes_and_names_of_a_layout_lie_over_the_sheet(sheet):
    display = LeadLayoutDisplay.from_layout("edan-3x4", sheet)
    assert [text.get_text() for text in display.text_] == STANDARD
    assert drawn(display.boxes_) == list(get_layout("edan-3x4").boxes)
    np.testing.assert_array_equal(display.im_.get_array(), sheet)
    assert display.grid_ is None


def test_boxes_are_what_the_cropper_cuts(sheet):
    cropper = LeadCropper(size=(300, 510), dilation=1, invert=False)
    display = LeadLayoutDisplay.from_estimator(cropper, sheet)
    left, upper, right, lower = (int(edge) for edge in drawn(display.boxes_)[0])
    assert (lower - upper, right - left) == (300, 510)  # so that the crop is not resized
    grey = cropper.transform([sheet])[0, 0].astype(int)
    expected = sheet[upper:lower, left:right].astype(float) @ [0.299, 0.587, 0.114]
    assert np.abs(grey - expected).max() <= 1


def test_the_order_of_the_channels_is_the_croppers(sheet):
    cropper = LeadCropper.published()
    display = LeadLayoutDisplay.from_estimator(cropper, sheet)
    names = [text.get_text() for text in display.text_]
    assert names == cropper.get_feature_names_out().tolist()
    boxes = dict(zip(get_layout("published-a").lead_names, get_layout("published-a").boxes))
    assert drawn(display.boxes_) == [boxes[name] for name in names]


def test_a_cropper_is_found_in_a_pipeline(sheet):
    flatten = FunctionTransformer(lambda X: X.reshape(len(X), -1))
    pipeline = make_pipeline(LeadCropper(), flatten, StandardScaler())
    assert len(LeadLayoutDisplay.from_estimator(pipeline, sheet).boxes_) == 13
    with pytest.raises(TypeError, match="must be a LeadCropper or a Pipeline that contains one"):
        LeadLayoutDisplay.from_estimator(StandardScaler(), sheet)


def test_aligned_boxes_move_with_the_grid(sheet):
    cut = sheet[40:, 30:]
    display = LeadLayoutDisplay.from_estimator(LeadCropper(align="grid"), cut)
    moved = np.array(get_layout("edan-3x4").boxes) - [30, 40, 30, 40]
    assert np.abs(np.array(drawn(display.boxes_)) - moved).max() <= 2
    assert drawn([display.grid_]) == [display.grid_box]


def test_a_turned_sheet_is_drawn_upright(sheet):
    turned = np.asarray(Image.fromarray(sheet).rotate(3, Image.Resampling.BICUBIC, True))
    display = LeadLayoutDisplay.from_estimator(LeadCropper(align="grid"), turned)
    assert drawn(display.boxes_) == list(get_layout("edan-3x4").boxes)
    assert display.sheet.shape == (1572, 2213, 3)
    assert drawn([display.grid_]) == [get_layout("edan-3x4").grid_box]


def test_a_layout_of_ones_own_in_the_axes_given():
    layout = LeadLayout(("above", "below"), ((0, 0, 40, 10), (0, 10, 40, 30)), (40, 30))
    _, (left, right) = plt.subplots(1, 2)
    display = LeadLayoutDisplay.from_layout(
        layout, np.full((60, 80, 3), 200, np.uint8), ax=right,
        box_kw={"ec": "#123456"}, text_kw={"size": 4},
    )  # fmt: skip
    assert display.ax_ is right
    assert not left.patches
    assert drawn(display.boxes_) == [(0, 0, 80, 20), (0, 20, 80, 60)]
    assert to_hex(display.boxes_[0].get_edgecolor()) == "#123456"
    assert display.text_[0].get_fontsize() == 4


def test_a_real_sheet_is_read_from_its_file(data_home):
    path = load_sheets(data_home / "sheets").data[0]
    display = LeadLayoutDisplay.from_estimator(LeadCropper(align="grid"), path)
    assert display.sheet.shape == read_image(path).shape
    unaligned = np.array(get_layout("edan-3x4").boxes)
    assert np.abs(np.array(drawn(display.boxes_)) - unaligned).max() <= 10


def test_wrong_input_is_one_clear_error(sheet):
    with pytest.raises(ValueError, match="another ratio of width to height"):
        LeadLayoutDisplay.from_layout("edan-3x4", sheet[:, :1000])
    with pytest.raises(ValueError, match="There is no layout 'edan'"):
        LeadLayoutDisplay.from_layout("edan", sheet)
    with pytest.raises(ValueError, match='align must be "grid" or None; got True'):
        LeadLayoutDisplay.from_layout("edan-3x4", sheet, align=True)
    assert not plt.get_fignums()
