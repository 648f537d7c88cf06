"""From a JPEG file to (3, 182, 256) bytes: ours, OpenCV, Pillow, scikit-image and decoding alone.

OMP_NUM_THREADS=1 pytest benchmarks/test_area_resize.py --benchmark-only -s

Needs opencv-python-headless and scikit-image, which the package does not. With 2 workers every
alternative gets the same two threads.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from joblib import Parallel, delayed
from PIL import Image

from skecg.datasets import make_sheets
from skecg.preprocessing import AreaResize

cv2 = pytest.importorskip("cv2")
transform = pytest.importorskip("skimage.transform")

SIZE = (182, 256)
N_FILES = 8


@pytest.fixture(scope="module")
def paths(tmp_path_factory):
    real = Path(os.environ.get("SKECG_DATA", ""), "sheets_original")
    if real.is_dir():
        return [str(path) for path in sorted(real.glob("*/*.jpg"))[:: 24 // N_FILES]]
    folder = tmp_path_factory.mktemp("sheets")
    for i, sheet in enumerate(make_sheets(N_FILES, random_state=0).data):
        Image.fromarray(sheet).save(folder / f"{i}.jpg", quality=90)
    return sorted(map(str, folder.glob("*.jpg")))


def opencv(path):
    image = cv2.resize(cv2.imread(path), SIZE[::-1], interpolation=cv2.INTER_AREA)
    return cv2.cvtColor(image, cv2.COLOR_BGR2RGB).transpose(2, 0, 1)


def pillow_box(path):
    with Image.open(path) as image:
        return np.asarray(image.resize(SIZE[::-1], Image.Resampling.BOX)).transpose(2, 0, 1)


def scikit_image(path):
    with Image.open(path) as image:
        resized = transform.resize(np.asarray(image), SIZE, anti_aliasing=True)
    return np.rint(resized * 255).astype(np.uint8).transpose(2, 0, 1)


def decoding_by_pillow(path):
    with Image.open(path) as image:
        image.load()


def decoding_by_pillow_to_an_array(path):
    with Image.open(path) as image:
        return np.asarray(image)


def decoding_by_opencv(path):
    return cv2.imread(path)


FLOORS = [decoding_by_pillow, decoding_by_pillow_to_an_array, decoding_by_opencv]
OTHERS = [opencv, pillow_box, scikit_image]


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_file_to_array(compare, paths, n_jobs):
    cv2.setNumThreads(1)

    def all_files(function):
        jobs = Parallel(n_jobs=n_jobs, prefer="threads")
        return lambda: jobs(delayed(function)(path) for path in paths)

    resize = AreaResize(SIZE, n_jobs=n_jobs)
    ratios = compare(
        lambda: resize.transform(paths),
        {function.__name__: all_files(function) for function in OTHERS + FLOORS},
    )
    if n_jobs == 1:  # two busy workers on a shared machine measure its other users
        for function in OTHERS:
            assert ratios[function.__name__] > 1, f"{function.__name__} is faster"
        assert 1 / ratios["decoding_by_pillow"] < 1.5
