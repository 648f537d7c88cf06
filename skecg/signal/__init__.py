"""Pure functions on ECG signals: windows, resampling, R peaks, beats and AAMI classes."""

from skecg.signal._aami import AAMI_CLASSES, AAMI_SYMBOLS, aami_codes, is_beat

__all__ = ["AAMI_CLASSES", "AAMI_SYMBOLS", "aami_codes", "is_beat"]
