import numpy as np
import pytest
from generated_recordings import ecg

from skecg.datasets import read_record

edfio = pytest.importorskip("edfio", reason="the extra edf is not installed")

RATE, RANGE = 250, 10_000


def lead(values, label="ECG II", unit="uV", rate=RATE, limit=RANGE):
    return edfio.EdfSignal(
        values, rate, label=label, physical_dimension=unit, physical_range=(-limit, limit)
    )


def write(path, signals=None, annotations=None):
    signals = [lead(1000 * row, name) for row, name in zip(ecg(), ["ECG II", "V1"])] \
        if signals is None else signals  # fmt: skip
    edfio.Edf(signals, annotations=annotations).write(path)
    return path


@pytest.fixture
def path(tmp_path):
    return tmp_path / "holter.edf"


def test_microvolts_become_millivolts(path):
    record = read_record(write(path))
    assert record.lead_names == ["ECG II", "V1"]
    assert record.sampling_rate == RATE
    assert record.annotations is None
    # 20 mV over 16 bits.
    np.testing.assert_allclose(record.signals, ecg(), atol=20 / 2**16)
    assert repr(record) == (
        "Record 'holter': 2 leads (ECG II, V1), 250 Hz, 20 s, converted from uV to mV"
    )


def test_notes_come_at_their_samples(path):
    notes = [edfio.EdfAnnotation(1.5, None, "press"), edfio.EdfAnnotation(0.1, 2, "Vorhofflimmern")]
    annotations = read_record(write(path, annotations=notes)).annotations
    assert annotations.sample.tolist() == [25, 375]
    assert annotations.symbol.tolist() == ['"', '"']
    assert annotations.aux_note.tolist() == ["Vorhofflimmern", "press"]


def test_channels_of_another_kind_are_left_out_with_a_warning(path):
    seconds = np.arange(20.0)
    write(path, [
        lead(seconds, "SpO2", "%", rate=1, limit=100),
        lead(100 * ecg(1, rate=100)[0], "EEG Fpz", rate=100),
        lead(1000 * ecg(1)[0]),
    ])  # fmt: skip
    with pytest.warns(UserWarning, match=r"\['SpO2', 'EEG Fpz'\] are left out.*250 Hz of lead ECG"):
        record = read_record(path)
    assert record.lead_names == ["ECG II"]
    assert read_record(path, leads="EEG Fpz").sampling_rate == 100
    with pytest.raises(ValueError, match=r"one sampling rate, got \[250\.0, 100\.0\] Hz"):
        read_record(path, leads=["II", "EEG Fpz"])
    with pytest.raises(ValueError, match=r"units of the leads \['SpO2'\] must be volts .* \['%'\]"):
        read_record(path, leads="SpO2")


def test_an_unsaid_unit_must_be_given(path):
    write(path, [lead(1000 * ecg(1)[0], unit="")])
    with pytest.raises(ValueError, match=r"units .* got \[None\]. Say what they are with units="):
        read_record(path)
    signal = read_record(path, units="uV").signal("II")
    np.testing.assert_allclose(signal, ecg(1)[0], atol=20 / 2**16)


def test_a_wrong_unit_in_the_file_is_found_and_can_be_overruled(path):
    write(path, [lead(1000 * ecg(1)[0], unit="mV")])
    with pytest.raises(ValueError, match=r"lead ECG II span .* mV, and no ECG does"):
        read_record(path)
    np.testing.assert_allclose(read_record(path, units="uV").signals, ecg(1), atol=20 / 2**16)


def delay(path, record, seconds):
    """Let the data records of one second begin later from one on, as EDF+D does."""
    content = bytearray(path.read_bytes())
    for k in range(20 - 1, record - 1, -1):
        start = content.index(b"+%d\x14\x14" % k)
        new = b"+%d\x14\x14" % (k + seconds)
        # One more digit takes one of the zeros behind.
        end = start + len(b"+%d\x14\x14" % k)
        content[start : end + len(new) - (end - start)] = new
    content[192:197] = b"EDF+D"
    path.write_bytes(content)


def test_an_interruption_becomes_missing_samples(path):
    write(path, annotations=[edfio.EdfAnnotation(1, None, "x" * 20)])
    delay(path, 12, 30)
    record = read_record(path)
    assert record.duration == 50
    signal = record.signals[0]
    assert np.isnan(signal[12 * RATE : 42 * RATE]).all()
    found = np.concatenate([signal[: 12 * RATE], signal[42 * RATE :]])
    np.testing.assert_allclose(found, ecg()[0], atol=20 / 2**16)


def test_an_interruption_out_of_proportion_is_refused(path):
    write(path, annotations=[edfio.EdfAnnotation(1, None, "x" * 20)])
    delay(path, 12, 10**6)
    with pytest.raises(ValueError, match="gaps of at most 20 times what is recorded"):
        read_record(path)


def test_a_file_that_is_cut_off_is_read_with_a_warning(path):
    content = write(path).read_bytes()
    path.write_bytes(content[: -len(content) // 4])
    with (
        pytest.warns(UserWarning, match="Data was truncated"),
        pytest.warns(UserWarning, match="20 data records, but file contains 14"),
    ):
        record = read_record(path)
    assert record.duration == 14
    path.write_bytes(content[:1000])
    with pytest.raises(ValueError, match="not one data record"):
        read_record(path)


@pytest.mark.parametrize(
    ("place", "new", "message"),
    [
        (0, b"1", "does not begin as an EDF"),
        (252, b"9999", "must have 1 to 512 signals, got 9999"),
        (252, b"-1  ", "got -1"),
        (252, b"x", "cannot be read as EDF"),
        (244, b"nan     ", "sampling rate must be between|cannot be read as EDF"),
        (244, b"0       ", "cannot be read as EDF"),
        (244, b"-1      ", "sampling rate must be between"),
    ],
)
def test_damaged_headers_are_refused(path, place, new, message):
    content = bytearray(write(path).read_bytes())
    content[place : place + len(new)] = new
    path.write_bytes(content)
    with pytest.raises(ValueError, match=message):
        read_record(path)


def test_an_hour_is_read_in_moderate_time(path):
    # 3,600 data records with a note each.
    notes = [edfio.EdfAnnotation(i, None, f"note {i}") for i in range(3600)]
    write(path, [lead(1000 * ecg(1, seconds=3600)[0])], notes)
    record = read_record(path)
    assert record.signals.shape == (1, 3600 * RATE)
    assert len(record.annotations.sample) == 3600
