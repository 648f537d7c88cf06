"""Cut a file into 13 leads of 64 x 64 bytes: ours, the published Pillow steps, and OpenCV.

OMP_NUM_THREADS=1 pytest benchmarks/test_lead_crops.py --benchmark-only -s

The published system (P. Paul, Heart-Condition-Classifier-from-ECG-images) opens the sheet with
Pillow. It crops each lead, converts it to grey with swapped channels, inverts it, thickens it with
``MaxFilter(3)`` and resizes it. ``LeadCropper.published()`` gives the same bytes, which is asserted
here. The default ``LeadCropper()`` uses exact area means instead of the bicubic filter. For
comparison, the same steps are done with OpenCV, and decoding alone is a lower bound of the time.
"""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageFilter, ImageOps

from benchmarks.conftest import sheet_files, short
from skecg.preprocessing import LeadCropper
from skecg.sheet import get_layout

cv2 = pytest.importorskip("cv2")

BOXES = get_layout("published-a").boxes
# The channels are in the order of the file names: 1, 10, 11, 12, 13, 2, 3, ...
ORDER = sorted(range(13), key=lambda box: str(box + 1))


@pytest.fixture(scope="module")
def paths(tmp_path_factory):
    return sheet_files(tmp_path_factory.mktemp("sheets"), 2 if short() else 8)


def published(path):
    leads = []
    with Image.open(path) as sheet:
        for box in ORDER:
            red, green, blue = sheet.crop(BOXES[box]).split()
            grey = Image.merge("RGB", (blue, green, red)).convert("L")
            thick = ImageOps.invert(grey).filter(ImageFilter.MaxFilter(3))
            leads.append(np.asarray(thick.resize((64, 64))))
    return np.stack(leads)


def opencv(path):
    sheet, square, leads = cv2.imread(path), np.ones((3, 3), np.uint8), []
    for left, upper, right, lower in BOXES:
        grey = cv2.cvtColor(sheet[upper:lower, left:right], cv2.COLOR_BGR2GRAY)
        thick = cv2.dilate(cv2.bitwise_not(grey), square)
        leads.append(cv2.resize(thick, (64, 64), interpolation=cv2.INTER_AREA))
    return np.stack(leads)


def decoding(path):
    with Image.open(path) as sheet:
        sheet.load()


OTHERS = {"published": published, "OpenCV": opencv, "decoding alone": decoding}


@pytest.mark.parametrize("name", ["default", "published"])
def test_file_to_thirteen_leads(compare, paths, name):
    cv2.setNumThreads(1)
    cropper = LeadCropper() if name == "default" else LeadCropper.published()
    if name == "published":
        expected = np.stack([published(path) for path in paths])
        np.testing.assert_array_equal(cropper.transform(paths), expected)
    compare(
        lambda: cropper.transform(paths),
        {
            other: lambda function=function: [function(path) for path in paths]
            for other, function in OTHERS.items()
        },
        reach={"published": 2},
        floor={"published": 2},
    )
