"""Readers and makers of ECG data sets, with the subject of every sample."""

from skecg.datasets._data_home import get_data_home
from skecg.datasets._mitbih import MITBIH_RECORDS, load_mitbih
from skecg.datasets._synthetic_beats import make_beats

__all__ = [
    "MITBIH_RECORDS",
    "get_data_home",
    "load_mitbih",
    "make_beats",
]
