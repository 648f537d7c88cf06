"""make_sheets draws any layout that says where its traces are."""

from __future__ import annotations

import numpy as np
import pytest

from skecg.datasets import make_sheets
from skecg.sheet import LeadLayout, get_layout

RATE = 100


def waves():
    time = np.arange(10 * RATE) / RATE
    frequencies = 0.5 + 0.05 * np.arange(12)
    return 0.4 * np.sin(2 * np.pi * frequencies[:, None] * time)


@pytest.mark.parametrize(
    ("layout", "starts"),
    [
        ("3x4", [0] * 3 + [2.5] * 3 + [5] * 3 + [7.5] * 3),
        ("3x4+1", [0] * 3 + [2.5] * 3 + [5] * 3 + [7.5] * 3 + [0]),
        ("6x2+1", [0] * 6 + [5] * 6 + [0]),
        ("12x1", [0] * 12),
    ],
)
def test_the_traces_lie_where_the_layout_says(layout, starts):
    sheets = make_sheets(signals=waves(), sampling_rate=RATE, layout=layout)
    layout = get_layout(layout)
    assert sheets.lead_names == list(layout.lead_names)
    assert sheets.lead_starts.tolist() == starts
    assert sheets.data.shape == (1, *layout.sheet_size[::-1], 3)
    black = (sheets.data[0] == 0).all(axis=2)
    mm = layout.pixels_per_mm
    for signal, start, (x, y, seconds) in zip(sheets.signals[0], starts, layout.traces):
        there = np.flatnonzero(~np.isnan(signal))
        assert len(there) == seconds * RATE
        across = x + (there / RATE - start) * layout.mm_per_second * mm
        down = y - signal[there] * layout.mm_per_mv * mm
        assert black[down[2:-2].astype(int), across[2:-2].astype(int)].mean() > 0.99


def test_a_layout_of_another_speed_and_gain():
    layout = LeadLayout.from_table(
        (("I", "V1"), ("II", "V2")), seconds=2, mm_per_second=50, mm_per_mv=5
    )
    sheets = make_sheets(signals=waves(), sampling_rate=RATE, layout=layout)
    assert sheets.lead_starts.tolist() == [0, 0, 2, 2]
    assert sheets.signals.shape == (1, 4, 400)


def test_a_lead_that_no_recording_has_is_refused():
    layout = LeadLayout.from_table((("I", "V7"),))
    with pytest.raises(ValueError, match="'V7'"):
        make_sheets(signals=waves(), sampling_rate=RATE, layout=layout)


def test_simulated_signals_on_another_layout():
    sheets = make_sheets(4, layout="12x1", size=(420, 594), random_state=0)
    assert sheets.target.tolist() == [0, 1, 2, 3]
    assert 0.002 < (sheets.data < 60).all(axis=3).mean() < 0.2
