import numpy as np
import pytest

from skecg.datasets import Record
from skecg.datasets._lead_names import canonical_lead


def record(names, **params):
    signals = np.arange(len(names))[:, None] * np.ones(360)
    return Record(signals, sampling_rate=360, lead_names=names, **params)


@pytest.mark.parametrize("name", ["II", "ii", "MLII", "Lead II", "ECG II", "EKG II", "ECG Lead II"])
@pytest.mark.parametrize("asked", ["II", "MLII", "ECG II", "Lead II", "DII", "D2"])
def test_one_lead_has_many_names(name, asked):
    assert record(["V1", name, "V5"]).signal(asked)[0] == 1


def test_a_channel_is_taken_by_its_number():
    assert record(["ECG1", "ECG2"]).signal(1)[0] == 1


@pytest.mark.parametrize("asked", ["V9", "", "I", 2, -1, None, True, "ECG"])
def test_an_unknown_lead_names_those_that_there_are(asked):
    with pytest.raises(ValueError, match=r"has no lead .*; it has 'II', 'ECG1'"):
        record(["II", "ECG1"]).signal(asked)


def test_a_number_of_a_channel_is_no_name_of_a_lead():
    # ECG1 of the supraventricular database is channel 1, not lead I.
    assert canonical_lead("ECG1") == "ECG1"
    assert canonical_lead("-aVR") == "-aVR"  # Cabrera's lead is aVR upside down


def test_a_spelling_decides_between_two_names_of_a_lead():
    both = record(["MLII", "II"])
    assert both.signal("II")[0] == 1
    with pytest.raises(ValueError, match=r"'Lead II' could be any of the leads \['MLII', 'II'\]"):
        both.signal("Lead II")


def test_the_text_says_what_was_converted():
    units = {"source_units": ["uV", "mV"]}
    text = repr(record(["II", "V1"], name="holter", **units))
    assert text == "Record 'holter': 2 leads (II, V1), 360 Hz, 1 s, converted from uV to mV"


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"sampling_rate": 0}, "sampling_rate must be a number of Hz up to"),
        ({"sampling_rate": 10**400}, "sampling_rate must be"),
        ({"sampling_rate": "360"}, "sampling_rate must be"),
        ({"lead_names": ["II"]}, r"one row for each of the 1 lead_names, got \(2, 5\)"),
        ({"lead_names": "II"}, "lead_names must be a list of names"),
        ({"signals": np.zeros(5)}, r"got \(5,\)"),
        ({"signals": np.zeros((2, 0))}, r"got \(2, 0\)"),
        ({"signals": np.full((2, 5), 1e300)}, "got infinity"),
    ],
)
def test_what_is_no_recording_is_refused(params, message):
    right = {"signals": np.zeros((2, 5)), "sampling_rate": 360, "lead_names": ["II", "V1"]}
    with pytest.raises(ValueError, match=message):
        Record(**{**right, **params})


def test_a_record_is_frozen_and_in_float32():
    one = record(["II"])
    assert one.signals.dtype == np.float32
    assert one.duration == 1
    with pytest.raises(AttributeError):
        one.name = "other"
