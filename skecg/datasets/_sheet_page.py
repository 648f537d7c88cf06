"""The paper of synthetic ECG sheets: grid, form, calibration pulses and names of the leads."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from ..sheet import LeadLayout
from ._sheet_leads import (
    EDAN_BASELINES,
    EDAN_COLUMNS,
    EDAN_MM,
    EDAN_ROWS,
    GAIN,
    PrintedLead,
    Printing,
    sheet_size_of,
)
from ._synthetic_leads import LEADS

# The page of EDAN, in pixels at 200 dpi.
EDAN_PAGE = (2213, 1572)
EDAN_FRAME = (67, 283, 2178, 1520)
_MM = EDAN_MM
# The frame and the dots as 24 published files have them: the dots are 7.945 pixels apart, 0.9 %
# more than the traces are drawn with. The pages of simulated signals have rounder numbers.
_MEASURED_FRAME, _MEASURED_WIDTHS = (68, 283, 2177, 1518), (3, 4, 4, 3)
_MEASURED_MM, _MEASURED_ORIGIN = 7.945, (65.8, 284.0)
_PULSE = ((97, 0.0), (107, 0.0), (107, 1.0), (124, 1.0), (124, 0.0), (133, 0.0))
_FRAME_RED = (245, 165, 170)
_DOT_RED = (150, 85, 95)

# Other paper has lines.
_FINE_RED, _COARSE_RED = (255, 222, 222), (244, 170, 170)
_PULSE_AWAY = ((-8, 0), (-7, 0), (-7, 1), (-2, 1), (-2, 0), (-1, 0))  # mm from the trace, mV


def edan_page(is_simulated: bool) -> NDArray[np.uint8]:
    """Draw what all sheets of EDAN have in common, separators of the columns included."""
    if is_simulated:
        pixels = _framed_dots(EDAN_FRAME, (4,) * 4, _MM, EDAN_FRAME[:2])
    else:
        pixels = _framed_dots(_MEASURED_FRAME, _MEASURED_WIDTHS, _MEASURED_MM, _MEASURED_ORIGIN)
    page = Image.fromarray(pixels)
    draw = ImageDraw.Draw(page)
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
    for baseline in EDAN_BASELINES:
        pulse = [(x, baseline - GAIN * _MM * mv) for x, mv in _PULSE]
        draw.line(pulse, fill="black", width=3)
    for x in EDAN_COLUMNS[1:]:
        draw.line(((x, 420), (x, 1108)), fill="black", width=3)
    font = ImageFont.load_default(26)
    for baseline, names in zip(EDAN_BASELINES, (*EDAN_ROWS, ("II",))):
        for x, name in zip(EDAN_COLUMNS, names):
            draw.text((x, baseline - 32), name, fill="black", font=font)
    return np.asarray(page)


def _framed_dots(
    frame: tuple[int, int, int, int],
    widths: tuple[int, int, int, int],
    mm: float,
    origin: tuple[float, float],
) -> NDArray[np.uint8]:
    """Return white paper with a dot per millimetre, denser lines of dots every 5 mm and a frame."""
    pixels = np.full((EDAN_PAGE[1], EDAN_PAGE[0], 3), 255, np.uint8)
    left, upper, right, lower = frame
    for x_step, y_step in ((mm, mm), (5 * mm, mm / 2), (mm / 2, 5 * mm)):
        x = np.rint(np.arange(origin[0] + x_step, right - 1, x_step)).astype(int)
        y = np.rint(np.arange(origin[1] + y_step, lower - 1, y_step)).astype(int)
        pixels[np.ix_(y, x)] = _DOT_RED
    edge = np.zeros(pixels.shape[:2], bool)
    edge[upper:lower, left:right] = True
    edge[upper + widths[1] : lower - widths[3], left + widths[0] : right - widths[2]] = False
    pixels[edge] = _FRAME_RED
    return pixels


def ruled_page(
    layout: LeadLayout, leads: Sequence[PrintedLead], printing: Printing
) -> NDArray[np.uint8]:
    """Draw lines of the millimetre grid, a pulse before every row and the name above every lead."""
    width, height = sheet_size_of(layout)
    mm = printing.mm
    page = Image.new("RGB", (width, height), "white")
    draw = ImageDraw.Draw(page)
    left, upper, right, lower = layout.grid_box or (0, 0, width, height)
    for colour, step, thickness in ((_FINE_RED, mm, 0.12 * mm), (_COARSE_RED, 5 * mm, 0.25 * mm)):
        thickness = max(1, round(thickness))
        for x in np.arange(left, right, step):
            draw.line(((x, upper), (x, lower - 1)), fill=colour, width=thickness)
        for y in np.arange(upper, lower, step):
            draw.line(((left, y), (right - 1, y)), fill=colour, width=thickness)
    pen, font = max(1, round(0.38 * mm)), ImageFont.load_default(3.3 * mm)
    first = min(lead.x for lead in leads)
    for lead in leads:
        if lead.x == first:
            pulse = [
                (lead.x + x * mm - 0.5, lead.y - mv * printing.gain - 0.5) for x, mv in _PULSE_AWAY
            ]
            draw.line(pulse, fill="black", width=pen)
        draw.text((lead.x, lead.y - 8 * mm), LEADS[lead.source], fill="black", font=font)
    return np.asarray(page)


def write(page: NDArray[np.uint8], identity: str, rate: str) -> None:
    """Write the identity and the settings on a page of EDAN, in black and without grey."""
    height, width = page.shape[:2]
    x_scale, y_scale = width / EDAN_PAGE[0], height / EDAN_PAGE[1]
    ink = Image.new("L", (width, height))
    draw = ImageDraw.Draw(ink)
    font = ImageFont.load_default(max(4.0, 26 * y_scale))
    settings = f"0.67~25Hz  AC50  25mm/s  10mm/mV  4*2.5s+1r   {rate}"
    for x, y, text in ((68, 70, identity), (68, 1531, settings)):
        draw.text((x * x_scale, y * y_scale), text, fill=255, font=font)
    page[np.asarray(ink) > 127] = 0
