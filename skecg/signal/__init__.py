"""Pure functions on ECG signals: windows, resampling, R peaks, beats and AAMI classes."""

from ._aami import AAMI_CLASSES, AAMI_SYMBOLS, aami_codes, is_beat
from ._beat_shape import SHAPE_NUMBERS, shape_numbers
from ._beat_windows import beat_windows, scale_beat_windows
from ._beats import Beats, cut_beats
from ._filters import blocks_of_rows as blocks_of_rows
from ._filters import filter_sections as filter_sections
from ._filters import filter_signals
from ._late_beats import late_beats as late_beats
from ._late_beats import median_of_late as median_of_late
from ._lead_numbers import LEAD_NUMBERS, lead_numbers
from ._r_peaks import detect_r_peaks, threshold_r_peaks
from ._representative_beats import representative_beats
from ._rhythm import AHEAD as AHEAD
from ._rhythm import RHYTHM_NUMBERS, rhythm_numbers, rr_references
from ._rhythm import rr_intervals as rr_intervals
from ._unreadable import unreadable_stretches as unreadable_stretches
from ._whole_record import find_r_peaks
from ._windows import resample, scale_windows, split_windows

__all__ = [
    "AAMI_CLASSES",
    "AAMI_SYMBOLS",
    "LEAD_NUMBERS",
    "RHYTHM_NUMBERS",
    "SHAPE_NUMBERS",
    "Beats",
    "aami_codes",
    "beat_windows",
    "cut_beats",
    "detect_r_peaks",
    "filter_signals",
    "find_r_peaks",
    "is_beat",
    "lead_numbers",
    "representative_beats",
    "resample",
    "rhythm_numbers",
    "rr_references",
    "scale_beat_windows",
    "scale_windows",
    "shape_numbers",
    "split_windows",
    "threshold_r_peaks",
]
