from __future__ import annotations

import matplotlib
import pytest

from skecg.paper import clock, label_clock


@pytest.mark.parametrize(
    ("seconds", "text", "minutes"),
    [
        (0, "0:00:00", "0:00"),
        (59.99, "0:00:59", "0:00"),
        (3599.9999999, "1:00:00", "1:00"),
        (3725.9, "1:02:05", "1:02"),
        (90_000, "25:00:00", "25:00"),
    ],
)
def test_clock(seconds, text, minutes):
    assert clock(seconds) == text
    assert clock(seconds, show_seconds=False) == minutes


@pytest.mark.parametrize(
    ("span", "labels"),
    [
        (10, ["0:00:00", "0:00:01", "0:00:02"]),
        (1805, ["0:00", "0:05", "0:10"]),
        (86_400, ["0:00", "2:00", "4:00"]),
        (14 * 86_400, ["0:00", "48:00", "96:00"]),
    ],
)
def test_ticks_are_at_round_times(span, labels):
    ax = matplotlib.figure.Figure().subplots()
    label_clock(ax, 0, span)
    shown = [tick.get_text() for tick in ax.get_xticklabels()]
    assert shown[:3] == labels
    assert 6 <= len(shown) <= 14
    assert ax.get_xlim() == (0, span)
