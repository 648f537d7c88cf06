"""Colours of ECG paper and of the classes of beats."""

from __future__ import annotations

INK = "#1f1f1f"
FINE_COLOR = "#fbe4df"
HEAVY_COLOR = "#f1b9ae"
UNREADABLE_COLOR = "#8c8c8c"

# Blue, vermilion and green of Okabe and Ito, "Color universal design" (2008), which colour-blind
# readers can tell apart; normal beats are in the ink of the trace, so that the others stand out.
_CLASS_COLORS = {"N": INK, "S": "#0072B2", "V": "#D55E00", "F": "#009E73", "Q": "#7B3294"}
_OTHER_COLOR = "#8A6D3B"


def class_color(label: str) -> str:
    """Return the colour of a class of beats.

    Parameters
    ----------
    label : str
        N, S, V, F or Q, or any other label, which all have one colour.

    Returns
    -------
    str
        A hexadecimal RGB colour.
    """
    return _CLASS_COLORS.get(label, _OTHER_COLOR)
