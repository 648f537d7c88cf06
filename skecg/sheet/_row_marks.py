"""Marks on a sheet without a grid: starts and ends of rows, calibration pulses, rules.

All are looked for on strips of the sheet that are put upright by a rough alignment, and are places
on the sheet of that alignment, in mm.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ._alignment import SheetAlignment
from ._straighten import straighten

_PER_MM = 7.0  # pixels of the strips; near to 200 dpi, as shrinking a line moves it
_LEFT_MM, _RIGHT_MM = (-22.0, 13.0), (-8.0, 8.0)  # of the strips around starts and ends
_PEN_MM = 1.8  # lines are thinner
_LEAST_CONTRAST = 0.15  # of ink to paper
_BLANK_MM = 0.45  # before a start; a calibration pulse ends 1 mm before the trace
_DRAWN_MM, _DRAWN = 3.0, 0.8  # behind it, and how much of that has ink
_LEAN = 0.06  # mm per mm: of the line of the starts, under perspective
_NEAR_MM = 0.3  # from that line
_N_LINES, _LEAST_SHARE, _APART_MM = 4, 0.5, 0.6  # lines compared; rows on them, to the most
_PULSE_MM = (13.0, 0.4)  # before the trace, in which its calibration pulse stands
_LEVEL_MM = 6.0  # by which the rough alignment may be too high or low
_LEAST_LEVEL_MM = 0.8  # of the foot and of the top of a pulse
_STROKE = 0.8  # of a stroke that has ink
_RULE, _RULE_OFF_MM = 0.75, 2.5  # of the height of a rule that is seen; where it is looked for


class Marks(NamedTuple):
    """Where rows start, end, and have their 0 mV by the pulse, and where rules are, in mm.

    ``starts`` and ``ends`` (n_rows) are x; ``levels`` (n_rows) is how much lower the foot of the
    pulse is than the baseline, and ``pulses`` its x. NaN where there is none. ``rules`` (n, 3) is
    the x where a rule should be, where it is, and the y of its middle.
    """

    starts: NDArray[np.float64]
    ends: NDArray[np.float64]
    levels: NDArray[np.float64]
    pulses: NDArray[np.float64]
    rules: NDArray[np.float64]


class Frame(NamedTuple):
    """Rows of traces in mm, one more above and below than there are, and where rules may be."""

    left: float
    right: float
    baselines: NDArray[np.float64]
    reach: float
    millivolt: float
    rules: tuple[tuple[float, float, float], ...]  # x, upper and lower end


class _Strip(NamedTuple):
    """Contrast of ink to paper, 1 where it is that of a pen, and the place of its first pixel."""

    ink: NDArray[np.float32]
    left: float
    upper: float


class _Pulse(NamedTuple):
    """How much lower the foot of a pulse is than the baseline, its x, and if it is inverted."""

    level: float
    x: float
    is_inverted: bool


def find_marks(grey: NDArray[np.uint8], rough: SheetAlignment, frame: Frame) -> Marks:
    """Find the marks of a sheet that is roughly aligned."""
    upper, lower = frame.baselines[[0, -1]] + np.array([-1, 1]) * (frame.reach + 2)
    lefts = _strip(grey, rough, frame.left + np.array(_LEFT_MM), upper, lower)
    rights = _strip(grey, rough, frame.right + np.array(_RIGHT_MM), upper, lower)
    mirrored = _Strip(rights.ink[:, ::-1], 0.0, rights.upper)
    far = rights.left + rights.ink.shape[1] / _PER_MM
    begin = [_edges(lefts, y, frame.reach) for y in frame.baselines]
    stop = [far - _edges(mirrored, y, frame.reach) for y in frame.baselines]
    ends = next(iter(_lines(stop, frame.baselines)), np.full(len(stop), np.nan))
    best = (0, 0, -np.inf)
    starts: NDArray[np.float64] = np.full(len(ends), np.nan)
    pulses: list[_Pulse | None] = []
    # Calibration pulses begin on a line, too; the start of the traces is the one that has a pulse
    # before it.
    for line in _lines(begin, frame.baselines)[:_N_LINES]:
        usual = _line_through(line, frame.baselines)
        near = [_pulse(lefts, y, start, frame) for y, start in zip(frame.baselines, usual)]
        score = (
            sum(pulse is not None and not pulse.is_inverted for pulse in near),
            int((~np.isnan(line)).sum()),
            float(np.nanmedian(line)),
        )
        if score > best:
            best, starts, pulses = score, line, near
    upright = [None if pulse is None or pulse.is_inverted else pulse for pulse in pulses]
    levels = np.array([np.nan if pulse is None else pulse.level for pulse in upright])
    places = np.array([np.nan if pulse is None else pulse.x for pulse in upright])
    rules = [place for rule in frame.rules for place in _rule(grey, rough, *rule)]
    if not pulses:
        levels = places = np.full(len(starts), np.nan)
    return Marks(starts, ends, levels, places, np.array(rules).reshape(-1, 3))


def _strip(
    grey: NDArray[np.uint8], rough: SheetAlignment, sides: NDArray, upper: float, lower: float
) -> _Strip:
    """Put a part of a sheet upright, and tell how dark its thin lines are."""
    per_mm = rough.layout_pixels_per_mm
    left, right = sides
    to = np.array([[1, 0, left * per_mm], [0, 1, upper * per_mm], [0, 0, 1]])
    shifted = SheetAlignment(rough.matrix @ to, rough.pixels_per_mm, rough.source, per_mm)
    box = (0, 0, (right - left) * per_mm, (lower - upper) * per_mm)
    part = straighten(grey, shifted, box, _PER_MM)
    paper = ndimage.grey_closing(part, round(_PEN_MM * _PER_MM) | 1)
    contrast = 1 - part.astype(np.float32) / np.maximum(paper, 30)
    full = max(float(np.percentile(contrast, 99.7)), _LEAST_CONTRAST)
    return _Strip(contrast / full, left, upper)


def _edges(strip: _Strip, baseline: float, reach: float) -> NDArray[np.float64]:
    """Return where ink begins behind blank paper in a row, to a fraction of a pixel."""
    first, stop = (round((baseline - strip.upper + way * reach) * _PER_MM) for way in (-1, 1))
    profile = strip.ink[max(0, first) : stop].max(axis=0)
    is_ink = profile > 0.5
    blank, drawn = round(_BLANK_MM * _PER_MM), round(_DRAWN_MM * _PER_MM)
    sums = np.concatenate([[0], np.cumsum(is_ink)])
    places = []
    for k in np.flatnonzero(is_ink[1:] & ~is_ink[:-1]) + 1:
        if k < blank or k + drawn > len(is_ink) or sums[k] > sums[k - blank]:
            continue
        if sums[k + drawn] - sums[k] < _DRAWN * drawn:
            continue
        half = 0.5 * min(1.0, float(profile[k : k + drawn // 4].max()))
        while k > 1 and profile[k - 1] >= half:
            k -= 1
        while profile[k] < half:
            k += 1
        low, high = profile[k - 1 : k + 1]
        part = (half - low) / max(high - low, 1e-3)
        places.append(strip.left + (k - 0.5 + np.clip(part, 0, 1)) / _PER_MM)
    return np.array(places)


def _lines(places: list[NDArray], y: NDArray) -> list[NDArray[np.float64]]:
    """Return the places in each row that lie on one line, for the lines that most rows are on."""
    rows = np.concatenate([np.full(len(own), row) for row, own in enumerate(places)]).astype(int)
    x = np.concatenate(places)
    i, j = np.nonzero(y[rows][:, None] < y[rows][None])
    slopes = (x[j] - x[i]) / (y[rows[j]] - y[rows[i]])
    lines = x[i][:, None] + slopes[:, None] * (y - y[rows[i]][:, None])
    away = np.abs(x - lines[:, rows])
    near = (away < _NEAR_MM) & (np.abs(slopes) < _LEAN)[:, None]
    counts = np.array([len(np.unique(rows[own])) for own in near], int)
    total = np.where(near, away, 0).sum(axis=1)
    found: list[NDArray[np.float64]] = []
    for k in np.lexsort((total, -counts)):
        if counts[k] < max(2, _LEAST_SHARE * counts.max()):
            break
        own = np.full(len(places), np.nan)
        for at in np.flatnonzero(near[k])[np.argsort(-away[k, near[k]])]:
            own[rows[at]] = x[at]
        middle = np.nanmedian(own)
        if all(abs(middle - np.nanmedian(other)) > _APART_MM for other in found):
            found.append(own)
    return found


def _line_through(x: NDArray, y: NDArray) -> NDArray[np.float64]:
    known = ~np.isnan(x)
    return np.polyval(np.polyfit(y[known], x[known], 1), y)


def _pulse(strip: _Strip, baseline: float, start: float, frame: Frame) -> _Pulse | None:
    """Find the calibration pulse before a row.

    Its foot and its top are level lines that are 1 mV apart, joined by strokes.
    """
    first, stop = (round((start - strip.left - mm) * _PER_MM) for mm in _PULSE_MM)
    part = strip.ink[:, max(0, first) : max(0, stop)]
    height = round(frame.millivolt * _PER_MM)
    middle = round((baseline - strip.upper) * _PER_MM)
    around = round(min(_LEVEL_MM, 0.4 * frame.reach) * _PER_MM)
    if part.shape[1] < 2:
        return None
    lengths = (part > 0.5).sum(axis=1) / _PER_MM
    lengths = ndimage.maximum_filter1d(lengths, 3)
    found = (0.0, 0, 0, np.nan)
    for way in (-1, 1):  # the top is above the foot
        for foot in range(max(0, middle - around), min(len(part), middle + around)):
            top = foot + way * height
            if not 1 <= top < len(part) - 1:
                continue
            both = min(lengths[foot], lengths[top])
            if both < max(_LEAST_LEVEL_MM, found[0] * 1.01):
                continue
            between = slice(min(foot, top), max(foot, top))
            stroke = (part[between] > 0.4).mean(axis=0)
            if stroke.max() >= _STROKE:
                found = both, foot, way, first + float(np.flatnonzero(stroke >= _STROKE).mean())
    _, foot, way, column = found
    if not way:
        return None
    centres = [_centre(part, at) for at in (foot, foot + way * height)]
    level = (centres[0] + centres[1] - way * frame.millivolt * _PER_MM) / 2 / _PER_MM
    x = strip.left + (max(0, column) + 0.5) / _PER_MM
    return _Pulse(strip.upper + level - baseline, x, way > 0)


def _centre(part: NDArray, row: int) -> float:
    """Return the middle of a level line near a row."""
    rows = np.arange(max(0, row - 4), min(len(part), row + 5))
    weights = np.clip(part[rows], 0, 1).sum(axis=1)
    weights = np.clip(weights - 0.3 * weights.max(), 0, None)
    return float((weights * (rows + 0.5)).sum() / weights.sum())


def _rule(
    grey: NDArray[np.uint8], rough: SheetAlignment, x: float, upper: float, lower: float
) -> list[tuple[float, float, float]]:
    """Return where the upper and the lower half of a rule between leads are."""
    strip = _strip(grey, rough, x + np.array([-_RULE_OFF_MM, _RULE_OFF_MM]), upper, lower)
    places = []
    for part, y in zip(np.array_split(strip.ink, 2), (0.75, 0.25)):
        profile = (part > 0.4).mean(axis=0)
        k = int(profile.argmax())
        if profile[k] < _RULE:  # steep waves of several rows may stand above each other
            return []
        near = np.arange(max(0, k - 3), min(len(profile), k + 4))
        weights = np.clip(part[:, near], 0, 1).mean(axis=0)
        weights = np.clip(weights - 0.5 * weights.max(), 0, None)
        at = strip.left + float((weights * (near + 0.5)).sum() / weights.sum()) / _PER_MM
        places.append((x, at, y * upper + (1 - y) * lower))
    return places
