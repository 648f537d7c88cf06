"""Synthetic ECG sheets in the form of the published ones."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from sklearn.utils import Bunch, check_random_state, check_scalar

from ..sheet import area_resize, check_size
from ._sheet_folders import SHEET_FOLDERS
from ._synthetic_leads import LEADS, simulate_leads

# The printed page, in pixels at 200 dpi.
_PAGE = (2213, 1572)
_FRAME = (67, 283, 2178, 1520)
_MM = 200 / 25.4
_PAPER_SPEED, _GAIN = 25 * _MM, 10 * _MM  # pixels per second and per millivolt
_COLUMNS = (153, 644, 1136, 1628)
_BASELINES = (463, 764, 1066, 1367)
_PRINTED = (("I", "aVR", "V1", "V4"), ("II", "aVL", "V2", "V5"), ("III", "aVF", "V3", "V6"))
_PULSE = ((97, 0.0), (107, 0.0), (107, 1.0), (124, 1.0), (124, 0.0), (133, 0.0))

_FRAME_RED = (245, 165, 170)
_DOT_RED = (150, 85, 95)

SAMPLING_RATE = 500.0

DESCR = """\
Synthetic ECG sheets
====================

Pages with the layout of EDAN SERIES-3 sheets: header, millimetre grid, calibration pulses, 3 x 4
leads of 2.5 s above a rhythm strip (lead II), 25 mm/s, 10 mm/mV. The leads are sums of Gaussian
waves; limb leads obey Einthoven's law. Infarctions raise the ST segment, histories of infarction
have Q waves and inverted T waves, abnormal heartbeats are irregular or have wide ectopic beats.

- `data`: (n_samples, height, width, 3) uint8. `target`: index into `target_names`.
- `groups`: the subject of each sheet. Every subject belongs to one class and has waves and a rate
  of their own.

The sheets imitate no real person and are no evidence about real ECGs.
"""


def make_sheets(
    n_samples: int = 20,
    *,
    n_subjects: int | None = None,
    size: tuple[int, int] = (1572, 2213),
    random_state: int | np.random.RandomState | None = None,
    return_X_y: bool = False,
    return_X_y_groups: bool = False,
) -> Bunch | tuple[np.ndarray, ...]:
    """Make pictures of 12-lead ECG sheets of four classes.

    Parameters
    ----------
    n_samples : int, default=20
        Number of sheets, at most 1,000,000. The classes take turns.
    n_subjects : int or None, default=None
        Number of subjects, at most ``n_samples``; each has one class. None is half the number of
        sheets, but at least one of each class.
    size : (int, int), default=(1572, 2213)
        Height and width in pixels. The page is drawn at that size; layouts fit when the ratio is
        that of the default.
    random_state : int, RandomState or None, default=None
        Seed of subjects, rhythms and noise.
    return_X_y : bool, default=False
        Return ``(data, target)``.
    return_X_y_groups : bool, default=False
        Return ``(data, target, groups)``.

    Returns
    -------
    Bunch
        ``data`` (n_samples, height, width, 3) uint8; ``target`` (n_samples,) int, index into
        ``target_names`` (MI, HB, PMI, Normal); ``groups`` (n_samples,) int, the subject;
        ``DESCR``. Or one of the tuples.

    See Also
    --------
    load_sheets : The published sheets.

    Examples
    --------
    >>> from skecg.datasets import make_sheets
    >>> sheets = make_sheets(8, size=(393, 553), random_state=0)
    >>> sheets.data.shape, sheets.target.tolist(), sheets.groups.tolist()
    ((8, 393, 553, 3), [0, 1, 2, 3, 0, 1, 2, 3], [0, 1, 2, 3, 0, 1, 2, 3])
    """
    check_scalar(n_samples, "n_samples", int, min_val=1, max_val=1_000_000)
    if n_subjects is None:
        n_subjects = min(n_samples, max(len(SHEET_FOLDERS), n_samples // 2))
    check_scalar(n_subjects, "n_subjects", int, min_val=1, max_val=n_samples)
    height, width = check_size(size)
    if min(height, width) < 16:
        raise ValueError(f"size must be (height, width), both at least 16; got {size}.")
    try:
        data = np.empty((n_samples, height, width, 3), np.uint8)
    except MemoryError as error:
        raise ValueError(
            f"There is no memory for {n_samples} sheets of size {size}. Make fewer or smaller ones."
        ) from error
    rng = check_random_state(random_state)
    class_names = np.array(list(SHEET_FOLDERS))
    seeds = rng.randint(np.iinfo(np.int32).max, size=n_subjects)
    groups = np.arange(n_samples) % n_subjects
    target = groups % len(class_names)

    page = np.asarray(_blank_page())
    if (width, height) != _PAGE:
        page = area_resize(page, (height, width))
    for i, (subject, label) in enumerate(zip(groups, target)):
        signals, rate = simulate_leads(
            class_names[label], np.random.RandomState(seeds[subject]), rng, SAMPLING_RATE
        )
        data[i] = page
        data[i][_ink((height, width), signals, int(seeds[subject]) % 10**6, rate)] = 0
    sheets = Bunch(data=data, target=target, target_names=class_names, groups=groups, DESCR=DESCR)
    if return_X_y_groups:
        return data, target, groups
    return (data, target) if return_X_y else sheets


def _blank_page() -> Image.Image:
    """Draw what all sheets have in common: grid, frame, form, pulses and names of the leads."""
    page = Image.fromarray(_dots())
    draw = ImageDraw.Draw(page)
    left, upper, right, lower = _FRAME
    draw.rectangle((left, upper, right - 1, lower - 1), outline=_FRAME_RED, width=4)
    for y in (137, 143):
        draw.line(((68, y), (2153, y)), fill="black", width=4)
    for x, y, text, points in (
        (993, 22, "ECG REPORT", 44),
        (324, 70, "Years      Male             cm             kg", 26),
        (960, 70, "mmHg     Race:Unknown     Room No.:     Department:", 26),
        (68, 103, "Exam.Room:       Medication:", 26),
        (68, 147, "Diagnosis Information:", 26),
        (1556, 181, "Technician :", 26),
        (1556, 215, "Ref-Phys. :", 26),
        (1556, 248, "Report Confirmed by:", 26),
    ):
        draw.text((x, y), text, fill="black", font=ImageFont.load_default(points))
    for baseline in _BASELINES:
        draw.line([(x, baseline - _GAIN * mv) for x, mv in _PULSE], fill="black", width=3)
    for x in _COLUMNS[1:]:
        draw.line(((x, 420), (x, 1108)), fill="black", width=3)
    font = ImageFont.load_default(26)
    for baseline, names in zip(_BASELINES, (*_PRINTED, ("II",))):
        for x, name in zip(_COLUMNS, names):
            draw.text((x, baseline - 32), name, fill="black", font=font)
    return page


def _dots() -> np.ndarray:
    """Return white paper with a dot per millimetre and denser lines of dots every 5 mm."""
    pixels = np.full((_PAGE[1], _PAGE[0], 3), 255, np.uint8)
    left, upper, right, lower = _FRAME
    for x_step, y_step in ((_MM, _MM), (5 * _MM, _MM / 2), (_MM / 2, 5 * _MM)):
        x = np.rint(np.arange(left + x_step, right - 1, x_step)).astype(int)
        y = np.rint(np.arange(upper + y_step, lower - 1, y_step)).astype(int)
        pixels[np.ix_(y, x)] = _DOT_RED
    return pixels


def _ink(
    size: tuple[int, int], signals: np.ndarray, identity: int, rate: float
) -> NDArray[np.bool_]:
    """Return where the leads (12, n_timesteps) in mV and the identity are printed."""
    height, width = size
    x_scale, y_scale = width / _PAGE[0], height / _PAGE[1]
    ink = Image.new("L", (width, height))
    draw = ImageDraw.Draw(ink)
    # No more points than columns of pixels: more would not be seen.
    step = max(1, int(SAMPLING_RATE / (_PAPER_SPEED * x_scale)))
    per_column = int(2.5 * SAMPLING_RATE)

    def trace(signal: np.ndarray, x: float, baseline: float) -> None:
        across = x + _PAPER_SPEED / SAMPLING_RATE * np.arange(0, len(signal), step)
        # The pen stops at the frame.
        up = np.clip(baseline - _GAIN * signal[::step], _FRAME[1] + 5, _FRAME[3] - 6)
        points = np.column_stack([across * x_scale, up * y_scale])
        draw.line(points.ravel().tolist(), fill=255, width=max(1, round(3 * x_scale)))

    for baseline, names in zip(_BASELINES, _PRINTED):
        for k, (x, name) in enumerate(zip(_COLUMNS, names)):
            trace(signals[LEADS.index(name), k * per_column : (k + 1) * per_column], x, baseline)
    trace(signals[LEADS.index("II")], _COLUMNS[0], _BASELINES[-1])

    font = ImageFont.load_default(max(4.0, 26 * y_scale))
    for x, y, text in (
        (68, 70, f"ID : {identity:06d}"),
        (68, 1531, f"0.67~25Hz  AC50  25mm/s  10mm/mV  4*2.5s+1r   HR {rate:.0f}   simulated"),
    ):
        draw.text((x * x_scale, y * y_scale), text, fill=255, font=font)
    return np.asarray(ink) > 127
