"""Error of each "area" resize relative to the exact area mean, on real or generated sheets.

python benchmarks/exactness_area_resize.py [folder of sheets, default $SKECG_DATA/sheets_original]

Requires opencv-python-headless, which is not a dependency of the package.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import cv2
import numpy as np
import torch
from PIL import Image

from skecg.datasets import load_sheets, make_sheets
from skecg.preprocessing import AreaResize
from skecg.sheet import area_matrix, read_image

SIZE = (182, 256)


def torch_area(sheet: np.ndarray) -> np.ndarray:
    tensor = torch.from_numpy(sheet).permute(2, 0, 1)[None].float()
    return torch.nn.functional.interpolate(tensor, SIZE, mode="area")[0].permute(1, 2, 0).numpy()


METHODS = {
    "AreaResize": lambda sheet: AreaResize(SIZE).transform([sheet])[0].transpose(1, 2, 0),
    "OpenCV INTER_AREA": lambda sheet: cv2.resize(sheet, SIZE[::-1], interpolation=cv2.INTER_AREA),
    "torch area (float)": torch_area,
    "Pillow BOX": lambda sheet: np.asarray(
        Image.fromarray(sheet).resize(SIZE[::-1], Image.Resampling.BOX)
    ),
}


def exact(sheet: np.ndarray) -> np.ndarray:
    rows, columns = area_matrix(sheet.shape[0], SIZE[0]), area_matrix(sheet.shape[1], SIZE[1])
    return (rows @ sheet.transpose(2, 0, 1).astype(np.float64) @ columns.T).transpose(1, 2, 0)


def main() -> None:
    folder = sys.argv[1] if len(sys.argv) > 1 else os.environ.get("SKECG_DATA", "")
    folder = Path(folder) if len(sys.argv) > 1 else Path(folder, "sheets_original")
    if folder.is_dir():
        sheets = [read_image(path) for path in load_sheets(folder).data]
    else:
        print(f"{folder} is not a folder; using generated sheets")
        sheets = list(make_sheets(8, random_state=0).data)
    largest, total = dict.fromkeys(METHODS, 0.0), dict.fromkeys(METHODS, 0.0)
    for sheet in sheets:
        reference = exact(sheet)
        for name, method in METHODS.items():
            error = np.abs(method(sheet) - reference)
            largest[name] = max(largest[name], error.max())
            total[name] += error.mean()
    print(f"{len(sheets)} sheets of {sheets[0].shape[1]} x {sheets[0].shape[0]} to {SIZE[::-1]}")
    print(f"{'error in grey levels':20s} {'max':>9s} {'mean':>7s}")
    for name in METHODS:
        print(f"{name:20s} {largest[name]:9.5f} {total[name] / len(sheets):7.3f}")


if __name__ == "__main__":
    main()
