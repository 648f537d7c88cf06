"""Pure functions that draw on ECG paper with matplotlib: grid, traces, classes of beats, time."""

from ._clock import clock, label_clock
from ._colors import FINE_COLOR, HEAVY_COLOR, INK, UNREADABLE_COLOR, class_color
from ._sheet import MM_PER_MV, MM_PER_SECOND, draw_paper, paper_figure
from ._traces import draw_calibration, draw_trace, shade, snap_height, visible_range

__all__ = [
    "FINE_COLOR",
    "HEAVY_COLOR",
    "INK",
    "MM_PER_MV",
    "MM_PER_SECOND",
    "UNREADABLE_COLOR",
    "class_color",
    "clock",
    "draw_calibration",
    "draw_paper",
    "draw_trace",
    "label_clock",
    "paper_figure",
    "shade",
    "snap_height",
    "visible_range",
]
