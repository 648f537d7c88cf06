"""Resize a JPEG file to (3, 182, 256) bytes: ours, OpenCV, Pillow, scikit-image, decoding alone.

OMP_NUM_THREADS=1 pytest benchmarks/test_area_resize.py --benchmark-only -s

Requires opencv-python-headless and scikit-image, which are not dependencies of the package. With 2
workers, all alternatives use the same two threads. Decoding alone is a lower bound of the time.
"""

from __future__ import annotations

import numpy as np
import pytest
from joblib import Parallel, delayed
from PIL import Image

from benchmarks.conftest import sheet_files, short
from skecg.preprocessing import AreaResize

cv2 = pytest.importorskip("cv2")
transform = pytest.importorskip("skimage.transform")

SIZE = (182, 256)
N_FILES = 4 if short() else 8


@pytest.fixture(scope="module")
def paths(tmp_path_factory):
    return sheet_files(tmp_path_factory.mktemp("sheets"), N_FILES)


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


DECODING = {
    "decoding alone, Pillow": decoding_by_pillow,
    "decoding alone, Pillow to an array": decoding_by_pillow_to_an_array,
    "decoding alone, OpenCV": decoding_by_opencv,
}
OTHERS = {
    "cv2 imread + INTER_AREA": opencv,
    "Pillow BOX": pillow_box,
    "scikit-image resize": scikit_image,
}
# On a shared machine, times with two workers depend on other users: floors are for one worker.
FLOORS = {
    "cv2 imread + INTER_AREA": 0.95,
    "Pillow BOX": 0.9,
    "scikit-image resize": 5,
    "decoding alone, Pillow": 0.6,
}


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_file_to_array(compare, paths, n_jobs):
    cv2.setNumThreads(1)

    def all_files(function):
        jobs = Parallel(n_jobs=n_jobs, prefer="threads")
        return lambda: jobs(delayed(function)(path) for path in paths)

    resize = AreaResize(SIZE, n_jobs=n_jobs)
    compare(
        lambda: resize.transform(paths),
        {name: all_files(function) for name, function in (OTHERS | DECODING).items()},
        reach={"cv2 imread + INTER_AREA": 1.2, "decoding alone, Pillow": 1 / 1.25},
        floor=FLOORS if n_jobs == 1 else None,
    )


def test_scan_to_array(compare, paths, tmp_path):
    """Resize A4 scans at 300 dpi, which Pillow stores in several blocks of memory."""
    cv2.setNumThreads(1)
    scans = [str(tmp_path / f"{i}.jpg") for i in range(2)]
    for path, scan in zip(paths, scans):
        with Image.open(path) as image:
            image.resize((3508, 2480)).save(scan, quality=90)
    resize = AreaResize(SIZE)
    compare(
        lambda: resize.transform(scans),
        {
            name: lambda function=function: [function(scan) for scan in scans]
            for name, function in (OTHERS | DECODING).items()
            if function is not scikit_image
        },
        reach={"cv2 imread + INTER_AREA": 1.2, "decoding alone, Pillow": 1 / 1.25},
        floor={"cv2 imread + INTER_AREA": 1, "decoding alone, Pillow": 0.7},
    )


def test_decoded_array(compare, paths):
    cv2.setNumThreads(1)
    images = [decoding_by_pillow_to_an_array(path) for path in paths]
    resize = AreaResize(SIZE)

    def opencv_of_arrays():
        resized = np.empty((len(images), 3, *SIZE), np.uint8)
        for image, out in zip(images, resized):
            small = cv2.resize(image, SIZE[::-1], interpolation=cv2.INTER_AREA)
            out[:] = small.transpose(2, 0, 1)
        return resized

    compare(
        lambda: resize.transform(images),
        {"cv2 INTER_AREA": opencv_of_arrays},
        reach={"cv2 INTER_AREA": 1.5},
        floor={"cv2 INTER_AREA": 1},
    )
