"""Labelled beats as HTML for notebooks."""

from __future__ import annotations

from html import escape

import numpy as np
from numpy.typing import NDArray

from ..paper import class_color
from ._beat_summary import ECTOPIC, BeatSummary
from ._labelled_beats import LabelledBeats

_N_BINS = 300
_BIN, _TACHOGRAM, _BURDEN = 2, 60, 24  # pixels
_LONGEST_RR = 2.5  # seconds at the top of the tachogram


def beats_as_html(beats: LabelledBeats, summary: BeatSummary) -> str:
    """Return the report of a record and a small picture of its R-R intervals.

    Parameters
    ----------
    beats : LabelledBeats
        The beats.
    summary : BeatSummary
        Their figures.

    Returns
    -------
    str
        A table and an inline SVG picture; without scripts and links.
    """
    title = escape(f"Record {summary.name}" if summary.name else "Record")
    rows = "".join(
        f'<tr><th style="text-align:left">{escape(head)}</th>'
        f'<td style="text-align:left">{escape(text)}</td></tr>'
        for head, text in summary.rows()
    )
    return f"<div><strong>{title}</strong>{_picture(beats)}<table>{rows}</table></div>"


def _picture(beats: LabelledBeats) -> str:
    """Draw the range of the R-R intervals, and below it the shares of S and V beats."""
    width, height = _N_BINS * _BIN, _TACHOGRAM + _BURDEN
    scale = _N_BINS / beats.n_timesteps
    of_beat = (beats.sample * scale).astype(np.int64)
    parts = [
        f'<rect x="{_number(start * scale * _BIN)}" y="0" height="{height}" '
        f'width="{_number((stop - start) * scale * _BIN)}" fill="#8c8c8c" opacity="0.3"/>'
        for start, stop in _merged(beats.unreadable, beats.n_timesteps // _N_BINS)
    ]
    known = ~np.isnan(beats.rr)
    parts.append(_path(_ranges(of_beat[known], beats.rr[known]), "#8c8c8c"))
    n_beats = np.bincount(of_beat, minlength=_N_BINS)
    foot = np.full(_N_BINS, float(height))
    for label in ECTOPIC:
        share = np.bincount(of_beat[beats.label == label], minlength=_N_BINS)
        tip = foot - _BURDEN * share / np.maximum(n_beats, 1)
        lines = [(k, foot[k], tip[k]) for k in np.flatnonzero(share).tolist()]
        parts.append(_path(lines, class_color(label)))
        foot = tip
    return (
        f'<svg viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img" '
        f'style="display:block;max-width:100%"><title>R-R intervals and share of S and V beats'
        f"</title>{''.join(parts)}</svg>"
    )


def _ranges(of_beat: NDArray[np.int64], rr: NDArray[np.float64]) -> list[tuple[int, float, float]]:
    """Return the place of the shortest and the longest interval of each bin."""
    if not len(rr):
        return []
    first = np.flatnonzero(np.diff(of_beat, prepend=-1))
    y = _TACHOGRAM * (1 - np.minimum(rr / _LONGEST_RR, 1))
    low, high = np.maximum.reduceat(y, first), np.minimum.reduceat(y, first)
    # A bin with one interval, or equal ones, is still a dot.
    return list(zip(of_beat[first].tolist(), (low + 1).tolist(), high.tolist()))


def _merged(stretches: NDArray[np.int64], gap: int) -> list[tuple[int, int]]:
    """Return the stretches, those closer than a bin as one, so that there are few."""
    if not len(stretches):
        return []
    apart = stretches[1:, 0] - stretches[:-1, 1] > gap
    first = stretches[np.append(True, apart), 0]
    last = stretches[np.append(apart, True), 1]
    return list(zip(first.tolist(), last.tolist()))


def _path(lines: list[tuple[int, float, float]], color: str) -> str:
    steps = "".join(
        f"M{_number((k + 0.5) * _BIN)} {_number(foot)}V{_number(tip)}" for k, foot, tip in lines
    )
    return f'<path d="{steps}" stroke="{color}" stroke-width="{_BIN}"/>' if steps else ""


def _number(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
