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

_PER_MM = 6.0  # pixels of the strips
_LEFT_MM, _RIGHT_MM = (-22.0, 8.0), (-8.0, 8.0)  # of the strips around starts and ends
_PEN_MM = 1.8  # lines are thinner
_LEAST_CONTRAST = 0.15  # of ink to paper
_BLANK_MM = 0.45  # before a start; a calibration pulse ends 1 mm before the trace
_DRAWN_MM, _DRAWN = 3.0, 0.8  # behind it, and how much of that has ink
_LEAN = 0.06  # mm per mm: of the line of the starts, under perspective
_NEAR_MM = 0.3  # from that line
_PULSE_MM = (13.0, 0.4)  # before the trace, in which its calibration pulse stands
_LEVEL_MM = 6.0  # by which the rough alignment may be too high or low
_LEAST_LEVEL_MM = 0.8  # of the foot and of the top of a pulse
_STROKE = 0.8  # of a stroke that has ink
_RULE_MM, _RULE_OFF_MM = 40.0, 2.5  # height of a rule, and where it is looked for


class Marks(NamedTuple):
    """Where rows start, end, and have their 0 mV by the pulse, and where rules are, in mm.

    ``starts`` and ``ends`` (n_rows) are x; ``levels`` (n_rows) is how much lower the foot of the
    pulse is than the baseline, and ``pulses`` its x. NaN where there is none. ``rules`` (n, 3) is
    the x where a rule should be, where it is, and the y of its middle. ``upside`` is the number of
    pulses that stand on their heads.
    """

    starts: NDArray[np.float64]
    ends: NDArray[np.float64]
    levels: NDArray[np.float64]
    pulses: NDArray[np.float64]
    rules: NDArray[np.float64]
    n_inverted: int


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


def find_marks(grey: NDArray[np.uint8], rough: SheetAlignment, frame: Frame) -> Marks:
    """Find the marks of a sheet that is roughly aligned."""
    upper, lower = frame.baselines[[0, -1]] + np.array([-1, 1]) * (frame.reach + 2)
    lefts = _strip(grey, rough, frame.left + np.array(_LEFT_MM), upper, lower)
    rights = _strip(grey, rough, frame.right + np.array(_RIGHT_MM), upper, lower)
    mirrored = _Strip(rights.ink[:, ::-1], 0.0, rights.upper)
    far = rights.left + rights.ink.shape[1] / _PER_MM
    starts = [_edges(lefts, y, frame.reach) for y in frame.baselines]
    ends = [far - _edges(mirrored, y, frame.reach) for y in frame.baselines]
    starts = _aligned(starts, frame.baselines, last=True)
    ends = _aligned(ends, frame.baselines, last=False)
    levels = np.full(len(starts), np.nan)
    pulses = levels.copy()
    n_inverted = 0
    usual = _line_through(starts, frame.baselines, frame.left)
    for row, (y, start) in enumerate(zip(frame.baselines, usual)):
        levels[row], pulses[row], is_inverted = _pulse(lefts, y, start, frame.millivolt)
        n_inverted += is_inverted
    rules = [_rule(grey, rough, *rule) for rule in frame.rules]
    rules = [place for found in rules for place in found]
    return Marks(
        starts, ends, levels, pulses, np.array(rules).reshape(-1, 3), n_inverted
    )


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


def _aligned(places: list[NDArray], y: NDArray, *, last: bool) -> NDArray[np.float64]:
    """Return the place in each row that lies on the line which most rows have one on.

    Of equal lines the last (or first) one is that of the traces, as pulses stand before them.
    """
    best, chosen = (0, -np.inf), np.full(len(places), np.nan)
    rows = np.concatenate([np.full(len(own), row) for row, own in enumerate(places)]).astype(int)
    x = np.concatenate(places)
    i, j = np.nonzero(y[rows][:, None] < y[rows][None])
    slopes = (x[j] - x[i]) / (y[rows[j]] - y[rows[i]])
    for a, slope in zip(i[np.abs(slopes) < _LEAN], slopes[np.abs(slopes) < _LEAN]):
        line = x[a] + slope * (y - y[rows[a]])
        away = x - line[rows]
        near = np.abs(away) < _NEAR_MM
        score = len(np.unique(rows[near])), float(np.median(line)) * (1 if last else -1)
        if score[0] > best[0] or (score[0] == best[0] and score[1] > best[1] + 0.5):
            best, chosen = score, np.full(len(places), np.nan)
            for k in np.flatnonzero(near)[np.argsort(-np.abs(away[near]))]:
                chosen[rows[k]] = x[k]
    return chosen


def _line_through(x: NDArray, y: NDArray, otherwise: float) -> NDArray[np.float64]:
    known = ~np.isnan(x)
    if known.sum() < 2:
        return np.full(len(x), x[known][0] if known.any() else otherwise)
    return np.polyval(np.polyfit(y[known], x[known], 1), y)


def _pulse(
    strip: _Strip, baseline: float, start: float, millivolt: float
) -> tuple[float, float, bool]:
    """Return how much too low the foot of the pulse before a row is, its x, and if it is inverted.

    Its foot and its top are level lines that are 1 mV apart, joined by strokes.
    """
    first, stop = (round((start - strip.left - mm) * _PER_MM) for mm in _PULSE_MM)
    part = strip.ink[:, max(0, first) : max(0, stop)]
    height = round(millivolt * _PER_MM)
    middle = round((baseline - strip.upper) * _PER_MM)
    around = round(_LEVEL_MM * _PER_MM)
    if part.shape[1] < 2:
        return np.nan, np.nan, False
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
        return np.nan, np.nan, False
    centres = [_centre(part, at) for at in (foot, foot + way * height)]
    level = (centres[0] + centres[1] - way * millivolt * _PER_MM) / 2 / _PER_MM
    x = strip.left + (max(0, column) + 0.5) / _PER_MM
    return strip.upper + level - baseline, x, way > 0


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
        if profile[k] * (lower - upper) / 2 < min(_RULE_MM / 2, 0.6 * (lower - upper) / 2):
            return []
        near = np.arange(max(0, k - 3), min(len(profile), k + 4))
        weights = np.clip(part[:, near], 0, 1).mean(axis=0)
        weights = np.clip(weights - 0.5 * weights.max(), 0, None)
        at = strip.left + float((weights * (near + 0.5)).sum() / weights.sum()) / _PER_MM
        places.append((x, at, y * upper + (1 - y) * lower))
    return places
