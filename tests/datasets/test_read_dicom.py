import numpy as np
import pytest
from generated_recordings import ecg, waveform
from generated_recordings import write_dicom as write

from skecg.datasets import read_record

pydicom = pytest.importorskip("pydicom", reason="the extra dicom is not installed")

RATE = 500


@pytest.fixture
def path(tmp_path):
    return tmp_path / "rest.dcm"


NAMES = ["Lead I (Einthoven)", "Lead II"]
SIGNALS = 1000 * ecg(2, 10, RATE)


def test_a_waveform_is_read_in_millivolts(path):
    record = read_record(write(path, waveform(SIGNALS, NAMES)))
    assert record.sampling_rate == RATE
    assert record.lead_names == NAMES
    np.testing.assert_allclose(record.signal("II"), SIGNALS[1] / 1000, atol=0.00126)
    assert record.source_units == ("uV", "uV")


def test_missing_samples_are_gaps(path):
    signals = SIGNALS.copy()
    signals[1, 100:200] = np.nan
    record = read_record(write(path, waveform(signals, NAMES)))
    np.testing.assert_array_equal(np.isnan(record.signals), np.isnan(signals))


def test_a_derived_beat_is_not_the_recording(path):
    beat = waveform(SIGNALS[:, :300], NAMES, originality="DERIVED")
    assert read_record(write(path, beat, waveform(SIGNALS, NAMES))).signals.shape == (2, 5000)


def test_one_of_several_recordings_is_read_with_a_warning(path):
    write(path, waveform(SIGNALS, NAMES), waveform(SIGNALS[:1], NAMES[:1]))
    with pytest.warns(UserWarning, match="2 recorded waveforms; the first is read"):
        assert len(read_record(path).lead_names) == 2


def test_values_without_a_unit_need_one(path):
    write(path, waveform(np.round(SIGNALS), NAMES, sensitivity=None))
    with pytest.raises(ValueError, match=r"units of the leads .* got \[None, None\]"):
        read_record(path)
    record = read_record(path, units="uV")
    np.testing.assert_allclose(record.signals, SIGNALS / 1000, atol=0.0006)


def test_compressed_files_are_refused_before_they_are_unpacked(path):
    write(path, waveform(SIGNALS, NAMES))
    plain = path.read_bytes()
    syntax = b"1.2.840.10008.1.2.1\0"
    assert syntax in plain
    dataset = pydicom.dcmread(path)
    dataset.file_meta.TransferSyntaxUID = pydicom.uid.DeflatedExplicitVRLittleEndian
    dataset.save_as(path, enforce_file_format=True)
    with pytest.raises(
        ValueError, match=r"one without compression, got '1\.2\.840\.10008\.1\.2\.1\.99'"
    ):
        read_record(path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda group: setattr(group, "NumberOfWaveformSamples", 10**9), "bytes of"),
        (lambda group: setattr(group, "NumberOfWaveformChannels", 1), "got 1 and 2 descriptions"),
        (lambda group: setattr(group, "SamplingFrequency", 0), "sampling rate must be between"),
        (lambda group: delattr(group, "ChannelDefinitionSequence"), "cannot be read as a DICOM"),
    ],
)
def test_damaged_waveforms_are_refused(path, change, message):
    group = waveform(SIGNALS, NAMES)
    change(group)
    with pytest.raises(ValueError, match=message):
        read_record(write(path, group))


def test_a_file_without_a_waveform_is_refused(path):
    with pytest.raises(ValueError, match="holds no waveform"):
        read_record(write(path))
