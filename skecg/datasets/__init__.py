"""Readers and makers of ECG data sets, with the subject of every sample."""

from ._beat_windows import beat_windows_from_records
from ._data_home import get_data_home
from ._fetch_mitbih import fetch_mitbih
from ._fetch_physionet import fetch_ptbxl, fetch_wfdb
from ._heartbeat import beats_from_records, load_heartbeat
from ._load_wfdb import incart_subject, load_wfdb
from ._match_heartbeat import match_heartbeat
from ._mitbih import MITBIH_RECORDS, load_mitbih
from ._ptbxl import load_ptbxl
from ._read_record import read_record
from ._record import Record
from ._sheets import load_sheets
from ._synthetic_beats import make_beats
from ._synthetic_records import make_records
from ._synthetic_sheets import make_sheets

__all__ = [
    "MITBIH_RECORDS",
    "Record",
    "beat_windows_from_records",
    "beats_from_records",
    "fetch_mitbih",
    "fetch_ptbxl",
    "fetch_wfdb",
    "get_data_home",
    "incart_subject",
    "load_heartbeat",
    "load_mitbih",
    "load_ptbxl",
    "load_sheets",
    "load_wfdb",
    "make_beats",
    "make_records",
    "make_sheets",
    "match_heartbeat",
    "read_record",
]
