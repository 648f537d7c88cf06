"""What holds for every format; each has a file of its own for the rest."""

import os

import numpy as np
import pytest
from generated_recordings import ecg

from skecg.datasets import read_record

EXTENSIONS = [".hea", ".edf", ".csv", ".npy", ".dcm"]


@pytest.mark.parametrize("extension", EXTENSIONS)
def test_a_missing_file_is_named(tmp_path, extension):
    with pytest.raises(FileNotFoundError, match=rf"no file .*none\{extension}"):
        read_record(tmp_path / f"none{extension}", sampling_rate=250)


@pytest.mark.parametrize("extension", EXTENSIONS)
@pytest.mark.parametrize("content", [b"", b"\0", b"nothing of the kind\n" * 20, bytes(5000)])
def test_what_is_of_no_format_is_refused(tmp_path, extension, content):
    path = tmp_path / f"wrong{extension}"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"wrong.*cannot be read"):
        read_record(path, sampling_rate=250)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no FIFO")
@pytest.mark.parametrize("extension", EXTENSIONS)
@pytest.mark.parametrize("kind", ["fifo", "device", "folder", "sparse"])
def test_only_regular_files_of_a_sane_size_are_opened(tmp_path, extension, kind):
    path = tmp_path / f"odd{extension}"
    if kind == "fifo":
        os.mkfifo(path)
    elif kind == "device":
        path.symlink_to("/dev/zero")
    elif kind == "folder":
        path.mkdir()
    else:
        with path.open("wb") as stream:
            stream.truncate(2**37)  # takes no space on the disk
    message = "must have at most" if kind == "sparse" else "is not a regular file"
    with pytest.raises(ValueError, match=message):
        read_record(path, sampling_rate=250)


def test_an_unknown_format_names_those_that_are_read(tmp_path):
    (tmp_path / "holter.xyz").write_bytes(b"")
    with pytest.raises(ValueError, match=r"end in \.edf, \.npy, .*got '\.xyz'"):
        read_record(tmp_path / "holter.xyz")


@pytest.mark.parametrize(("extension", "extra"), [(".edf", "edf"), (".dcm", "dicom")])
def test_a_missing_library_is_named_with_its_extra(tmp_path, monkeypatch, extension, extra):
    for name in ("edfio", "pydicom"):
        monkeypatch.setitem(__import__("sys").modules, name, None)
    with pytest.raises(ImportError, match=rf'pip install "skecg\[{extra}\]"'):
        read_record(tmp_path / f"holter{extension}")


@pytest.fixture
def array(tmp_path):
    """Return a function that saves an array and returns its path."""

    def save(values):
        np.save(tmp_path / "rest.npy", values)
        return tmp_path / "rest.npy"

    return save


def test_microvolts_are_converted_when_they_are_said(array):
    record = read_record(array(1000 * ecg()), sampling_rate=250, units="uV")
    np.testing.assert_allclose(record.signals, ecg(), rtol=1e-6)
    assert record.source_units == ("uV", "uV")
    assert "converted from uV to mV" in repr(record)


def test_a_number_says_how_many_millivolts_a_unit_is(array):
    record = read_record(array(np.round(200 * ecg())), sampling_rate=250, units=1 / 200)
    np.testing.assert_allclose(record.signals, ecg(), atol=0.003)


@pytest.mark.parametrize("scale", [1000, 200, 1e6])
def test_values_that_cannot_be_millivolts_are_refused(array, scale):
    with pytest.raises(
        ValueError, match=r"rest\.npy: ten seconds of lead channel 0 span .* mV.*uV"
    ):
        read_record(array(scale * ecg()), sampling_rate=250)


def test_an_offset_of_the_electrodes_is_no_fault(array):
    read_record(array(ecg() + 250), sampling_rate=250)


def test_values_that_are_volts_are_suspected(array):
    with pytest.warns(UserWarning, match=r"span only 0\.00.* mV.*units='V'"):
        read_record(array(ecg() / 1000), sampling_rate=250)
    np.testing.assert_allclose(
        read_record(array(ecg() / 1000), sampling_rate=250, units="V").signals, ecg(), rtol=1e-6
    )


def test_flat_and_empty_leads_are_no_fault(array):
    values = ecg(3)
    values[1], values[2] = 0, np.nan
    record = read_record(array(values), sampling_rate=250)
    assert np.isnan(record.signals[2]).all()


def test_infinity_is_refused(array):
    values = ecg()
    values[1, 7] = np.inf
    with pytest.raises(ValueError, match="lead channel 1 has values that are infinite"):
        read_record(array(values), sampling_rate=250)


def test_leads_are_chosen_by_name_and_number(array):
    path, names = array(ecg(3)), ["I", "MLII", "V1"]
    record = read_record(path, sampling_rate=250, lead_names=names, leads=["V1", "II", 0])
    assert record.lead_names == ["V1", "MLII", "I"]
    np.testing.assert_array_equal(record.signals, ecg(3)[[2, 1, 0]].astype(np.float32))
    with pytest.raises(ValueError, match=r"rest\.npy has no lead 'V9'; it has \['I', 'MLII'"):
        read_record(path, sampling_rate=250, lead_names=names, leads="V9")


def test_a_vector_is_one_lead(array):
    record = read_record(array(ecg(1)[0]), sampling_rate=250, lead_names=["II"])
    np.testing.assert_array_equal(record.signal("II"), ecg(1)[0].astype(np.float32))


def test_a_transposed_array_is_turned_with_a_warning(array):
    with pytest.warns(UserWarning, match=r"shape \(5000, 2\); it is read as 2 leads of 5000"):
        record = read_record(array(ecg().T), sampling_rate=250)
    np.testing.assert_array_equal(record.signals, ecg().astype(np.float32))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (np.zeros((70, 70)), r"at most 64 leads, got \(70, 70\)"),
        (np.zeros((2, 2, 2)), "array of numbers of shape"),
        (np.zeros((2, 5), complex), "array of numbers of shape"),
        (np.array([["a", "b"]]), "array of numbers of shape"),
        (np.array([[{}, {}]], dtype=object), "cannot be read as a NumPy array"),
    ],
)
def test_arrays_that_are_no_signals_are_refused(array, values, message):
    with pytest.raises(ValueError, match=message):
        read_record(array(values), sampling_rate=250)


def test_an_array_that_is_cut_off_is_refused(array):
    path = array(ecg())
    path.write_bytes(path.read_bytes()[:-8])
    with pytest.raises(ValueError, match="cannot be read as a NumPy array"):
        read_record(path, sampling_rate=250)


@pytest.mark.parametrize(
    ("params", "error", "message"),
    [
        ({"sampling_rate": None}, ValueError, "does not say its sampling rate; pass"),
        ({"sampling_rate": 0}, ValueError, "sampling_rate must be a number of Hz"),
        ({"sampling_rate": "250"}, ValueError, "sampling_rate must be a number of Hz"),
        ({"units": "bpm"}, ValueError, "units must be 'mV', 'uV'"),
        ({"units": 0}, ValueError, "units must be"),
        ({"units": 10**400}, ValueError, "units must be"),
        ({"units": True}, ValueError, "units must be"),
        ({"lead_names": "II"}, ValueError, "lead_names must be a list"),
        ({"lead_names": ["II"]}, ValueError, "lead_names must name each lead .* got 1"),
        ({"leads": 1.5}, TypeError, "leads must be a name"),
        ({"leads": []}, TypeError, "leads must be a name"),
        ({"leads": 2}, ValueError, "has no lead 2"),
    ],
)
def test_wrong_parameters_are_refused(array, params, error, message):
    with pytest.raises(error, match=message):
        read_record(array(ecg()), **{"sampling_rate": 250, **params})


@pytest.mark.parametrize("path", [None, 1, b"rest.npy", ["rest.npy"]])
def test_what_is_no_path_is_refused(path):
    with pytest.raises(TypeError, match="path must be a path"):
        read_record(path)
