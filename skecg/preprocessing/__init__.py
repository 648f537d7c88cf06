"""Transformers that prepare ECG signals and pictures of ECG sheets for the classifiers."""

from ._area_resize import AreaResize
from ._beat_numbers import BeatNumbers
from ._beat_segmenter import BeatSegmenter
from ._beat_windows import BeatWindows
from ._lead_cropper import LeadCropper
from ._memory import ContentMemory
from ._record_rows import has_unequal_rows as has_unequal_rows
from ._signal_filter import SignalFilter
from ._signal_resampler import SignalResampler
from ._signal_scaler import SignalScaler
from ._trace_reader import TraceReader

__all__ = [
    "AreaResize",
    "BeatNumbers",
    "BeatSegmenter",
    "BeatWindows",
    "ContentMemory",
    "LeadCropper",
    "SignalFilter",
    "SignalResampler",
    "SignalScaler",
    "TraceReader",
]
