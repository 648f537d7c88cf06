"""Pure functions on ECG signals: windows, resampling, R peaks, beats and AAMI classes."""

from ._aami import AAMI_CLASSES, AAMI_SYMBOLS, aami_codes, is_beat
from ._beat_windows import beat_windows, beats_with_rhythm, rr_ratios, scale_beat_windows
from ._beats import Beats, cut_beats
from ._r_peaks import detect_r_peaks, threshold_r_peaks
from ._representative_beats import representative_beats
from ._whole_record import find_r_peaks
from ._windows import resample, scale_windows, split_windows

__all__ = [
    "AAMI_CLASSES",
    "AAMI_SYMBOLS",
    "Beats",
    "aami_codes",
    "beat_windows",
    "beats_with_rhythm",
    "cut_beats",
    "detect_r_peaks",
    "find_r_peaks",
    "is_beat",
    "representative_beats",
    "resample",
    "rr_ratios",
    "scale_beat_windows",
    "scale_windows",
    "split_windows",
    "threshold_r_peaks",
]
