"""Printing recordings on the sheets of one layout."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..sheet import LeadLayout, area_resize, get_layout
from ._sheet_ink import draw_leads, draw_simulated
from ._sheet_leads import (
    PrintedLead,
    Printing,
    printed_leads,
    printed_signals,
    printing_of,
    sheet_size_of,
)
from ._sheet_page import edan_page, ruled_page, write


class Recording(NamedTuple):
    """Leads (12, n_timesteps) in mV with what is written about them."""

    signals: NDArray[np.float64]
    sampling_rate: float
    identity: str
    heart_rate: str = ""
    is_simulated: bool = False


class Press(NamedTuple):
    """A blank page of (height, width, 3) and what is printed on it, measured on the layout."""

    leads: list[PrintedLead]
    printing: Printing
    page: NDArray[np.uint8]
    scale: tuple[float, float]  # across and down, from pixels of the layout to those of the page
    is_edan: bool


def make_press(layout: LeadLayout, size: tuple[int, int], is_simulated: bool) -> Press:
    """Draw what all sheets of (height, width) have in common."""
    leads, printing = printed_leads(layout), printing_of(layout)
    is_edan = layout is get_layout("edan-3x4")
    page = edan_page(is_simulated) if is_edan else ruled_page(layout, leads, printing)
    if size != page.shape[:2]:
        page = area_resize(page, size)
    width, height = sheet_size_of(layout)
    scale = page.shape[1] / width, page.shape[0] / height
    return Press(leads, printing, page, scale, is_edan)


def print_sheet(press: Press, recording: Recording) -> tuple[NDArray[np.uint8], NDArray]:
    """Return a sheet (height, width, 3) and what its leads show (n_leads, n_timesteps) in mV."""
    sheet, rate = press.page.copy(), recording.sampling_rate
    shown = printed_signals(recording.signals, rate, press.leads, press.printing)
    if press.is_edan:
        write(sheet, recording.identity, recording.heart_rate)
    if press.is_edan and recording.is_simulated:
        draw_simulated(sheet, recording.signals, rate)
    else:
        draw_leads(sheet, shown, rate, press.leads, press.printing, press.scale)
    return sheet, shown
