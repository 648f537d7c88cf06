"""Whether the forest of the traces rests on the ink: thickness of the lines, blur, noise.

Forests are fitted as in ``accuracy_trace_classes.py``, five folds by content, to sheets as they
are. Held-out sheets are answered as they are and changed: with lines thicker by a pixel on both
sides (the grid stays as it is), blurred by a Gaussian of 1 pixel, and with noise of 10 grey levels.

    python benchmarks/accuracy_trace_ink.py --every 4
"""

from __future__ import annotations

import argparse
import warnings

import numpy as np
from accuracy_sheets import macro_f1
from accuracy_trace_classes import distinct_sheets, trees
from numpy.typing import NDArray
from scipy import ndimage
from sklearn.model_selection import StratifiedGroupKFold

from skecg.preprocessing import TraceReader
from skecg.sheet import brightest_channel, read_pixels
from skecg.signal import lead_numbers

_DARK, _SMALLEST = 110, 150  # grey level of ink; pixels of what is no dot of the grid


def thicker(page: NDArray) -> NDArray:
    grey = brightest_channel(page)
    parts, _ = ndimage.label(grey < _DARK, np.ones((3, 3)))
    is_line = np.bincount(parts.ravel()) > _SMALLEST
    is_line[0] = False
    ink = np.where(is_line[parts], grey, 255).astype(np.uint8)
    return np.minimum(page, ndimage.minimum_filter(ink, 3)[..., None])


def blurred(page: NDArray) -> NDArray:
    return ndimage.gaussian_filter(page.astype(np.float32), (1, 1, 0)).round().astype(np.uint8)


def noisy(page: NDArray) -> NDArray:
    noise = np.random.default_rng(0).normal(0, 10, (*page.shape[:2], 1))
    return np.clip(page + noise, 0, 255).round().astype(np.uint8)


def numbers_of(page: NDArray) -> NDArray:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # counted as rows of NaN
        return lead_numbers(TraceReader(output="10s", on_error="nan").fit_transform([page]))[0]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--every", type=int, default=1, help="change every k-th sheet")
    every = parser.parse_args().every
    sheets = distinct_sheets("content")
    traces = TraceReader(output="10s").fit_transform(sheets.files)
    clean, rows = lead_numbers(traces), np.arange(0, len(sheets.files), every)
    changes = (thicker, blurred, noisy)
    changed = {change.__name__: np.full_like(clean, np.nan) for change in changes}
    for i in rows:
        page = np.ascontiguousarray(read_pixels(sheets.files[i])[..., :3])
        for change in changes:
            changed[change.__name__][i] = numbers_of(change(page))
    answers = {name: np.empty_like(sheets.y) for name in ("as they are", *changed)}
    folds = StratifiedGroupKFold(5, shuffle=True, random_state=0)
    for train, test in folds.split(clean, sheets.y, sheets.groups):
        forest = trees(0)[-1].fit(clean[train], sheets.y[train])
        for name, answer in answers.items():
            answer[test] = forest.predict(changed.get(name, clean)[test])
    for name, answer in answers.items():
        others = np.count_nonzero((answer != answers["as they are"])[rows])
        unread = np.isnan(changed.get(name, clean)[rows]).all(axis=1).sum()
        print(
            f"{name}: {others} of {len(rows)} answers change, {unread} not read, macro-F1 "
            f"{macro_f1(sheets.y[rows], answer[rows]):.3f}"
        )


if __name__ == "__main__":
    main()
