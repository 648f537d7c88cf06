"""Generated data bases in the forms of SVDB, INCART and LTDB."""

import numpy as np
import pytest
import wfdb
from generated_recordings import ecg
from numpy.testing import assert_array_equal

from skecg.datasets import beat_windows_from_records, incart_subject, load_mitbih, load_wfdb

LEADS_12 = ["I", "II", "III", "AVR", "AVL", "AVF", "V1", "V2", "V3", "V4", "V5", "V6"]


def write(
    folder, name, leads, rate, *, seconds=20, fmt="212", gain=200.0, unit="mV", comments=(), scale=1
):
    folder.mkdir(parents=True, exist_ok=True)
    signals = ecg(len(leads), seconds, rate) * scale
    wfdb.wrsamp(
        name, fs=rate, units=[unit] * len(leads), sig_name=leads,
        d_signal=np.round(signals.T * gain).astype(np.int64), fmt=[fmt] * len(leads),
        adc_gain=[gain] * len(leads), baseline=[0] * len(leads), comments=list(comments),
        write_dir=str(folder),
    )  # fmt: skip
    sample = np.round(np.arange(0.4, seconds - 0.4, 0.8) * rate).astype(int)
    symbol = ["+", *np.resize(list("NNSVF"), len(sample))]
    wfdb.wrann(
        name, "atr", np.append(1, sample), symbol, fs=rate, write_dir=str(folder),
        aux_note=["(N"] + [""] * len(sample),
    )  # fmt: skip


@pytest.fixture
def svdb(tmp_path):
    for name in ("800", "801", "812"):
        write(tmp_path / "svdb", name, ["ECG1", "ECG2"], 128)
        header = tmp_path / "svdb" / f"{name}.hea"
        header.write_text(header.read_text().replace("200.0(0)/mV", "200"))
    return tmp_path / "svdb"


@pytest.fixture
def incart(tmp_path):
    for name, patient in (("I01", 1), ("I02", 1), ("I03", 2)):
        said = ["<age>: 65 <sex>: F <diagnoses> Coronary artery disease", f"patient {patient}"]
        write(tmp_path / "incartdb", name, LEADS_12, 257, fmt="16", gain=306.0, comments=said)
    return tmp_path / "incartdb"


@pytest.fixture
def ltdb(tmp_path):
    for name, seconds, n_leads in (("14046", 20, 2), ("14157", 30, 3), ("15814", 24, 2)):
        write(tmp_path / "ltdb", name, ["ECG1", "ECG2", "ECG3"][:n_leads], 128, seconds=seconds)
    return tmp_path / "ltdb"


def test_records_of_the_form_of_svdb_are_loaded(svdb):
    bunch = load_wfdb(svdb)
    assert bunch.data.shape == (3, 2560)
    assert bunch.data.dtype == np.float32
    assert (bunch.sampling_rate, bunch.units) == (128.0, "mV")
    assert bunch.records.tolist() == bunch.groups.tolist() == ["800", "801", "812"]
    assert bunch.lead_names == ["ECG1"] * 3
    np.testing.assert_allclose(bunch.data[0], ecg(2, 20, 128)[0], atol=0.0026)
    assert bunch.target_names[bunch.target[0][:6]].tolist() == ["Q", "N", "N", "S", "V", "F"]
    assert bunch.target[0][0] == -1
    assert bunch.annotations[0].aux_note[0] == "(N"


def test_what_was_loaded_goes_on_to_beats(svdb):
    beats = beat_windows_from_records(load_wfdb(svdb, [800, "801"], leads="ECG2"))
    assert set(beats.groups) == {"800", "801"}
    assert np.bincount(beats.target).min() > 0


def test_the_patients_of_incart_come_from_the_headers(incart):
    bunch = load_wfdb(incart, leads="II", subject=incart_subject)
    assert bunch.groups.tolist() == [1, 1, 2]
    assert bunch.sampling_rate == 257
    np.testing.assert_allclose(bunch.data[2], ecg(12, 20, 257)[1], atol=0.002)


def test_twelve_leads_have_an_axis_of_their_own(incart):
    bunch = load_wfdb(incart, leads=None)
    assert bunch.data.shape == (3, 12, 5140)
    assert bunch.lead_names == [LEADS_12] * 3


def test_a_header_without_a_patient_is_an_error(svdb):
    with pytest.raises(ValueError, match="header of record 800 must have a comment such as"):
        load_wfdb(svdb, subject=incart_subject)


def test_records_of_different_lengths_are_a_list(ltdb):
    bunch = load_wfdb(ltdb)
    assert [len(row) for row in bunch.data] == [2560, 3840, 3072]
    np.testing.assert_allclose(bunch.data[1], ecg(3, 30, 128)[0], atol=0.0026)
    both = load_wfdb(ltdb, leads=["ECG1", "ECG2"])
    assert [row.shape for row in both.data] == [(2, 2560), (2, 3840), (2, 3072)]
    assert len(set(beat_windows_from_records(bunch).record)) == 3


def test_records_of_different_numbers_of_leads_are_refused(ltdb):
    with pytest.raises(
        ValueError, match=r"one number of leads, got \(2, 2560\) in record 14046 and \(3, 3840\)"
    ):
        load_wfdb(ltdb, leads=None)


def test_records_of_different_rates_are_refused(svdb):
    write(svdb, "900", ["ECG1", "ECG2"], 250)
    with pytest.raises(ValueError, match="got 128 Hz in record 800 and 250 Hz in record 900"):
        load_wfdb(svdb)


@pytest.mark.parametrize(("unit", "gain", "scale"), [("uV", 0.2, 1000), ("V", 2e5, 0.001)])
def test_other_units_become_millivolts(tmp_path, unit, gain, scale):
    write(tmp_path, "r", ["II"], 250, fmt="16", unit=unit, gain=gain, scale=scale)
    bunch = load_wfdb(tmp_path)
    np.testing.assert_allclose(bunch.data[0], ecg(1, 20)[0], atol=0.0026)


def test_another_channel_may_be_no_voltage(tmp_path):
    write(tmp_path, "r", ["II", "RESP"], 250)
    header = tmp_path / "r.hea"
    header.write_text("/l".join(header.read_text().rsplit("/mV", 1)))
    assert load_wfdb(tmp_path, leads="II").data.shape == (1, 5000)
    with pytest.raises(ValueError, match="lead RESP must be in volts of some kind, got l"):
        load_wfdb(tmp_path, leads="RESP")


def test_stored_integers_of_any_format_are_returned_on_request(tmp_path):
    write(tmp_path, "a", ["II"], 250, fmt="16")
    write(tmp_path, "b", ["II"], 250, fmt="24", gain=200_000.0)
    bunch = load_wfdb(tmp_path, physical=False)
    assert bunch.data.dtype == np.int32
    assert bunch.units == "adu"
    assert_array_equal(bunch.data[1], np.round(ecg(1, 20)[0] * 200_000))


def test_names_of_one_lead_are_joined(tmp_path):
    write(tmp_path, "a", ["V1", "MLII"], 250)
    write(tmp_path, "b", ["ECG II", "V1"], 250)
    bunch = load_wfdb(tmp_path, leads="II", on_missing_lead="raise")
    assert bunch.lead_names == ["MLII", "ECG II"]


def test_it_loads_what_load_mitbih_does(generated_home):
    expected = load_mitbih(generated_home, records=[100, 114], leads=0)
    found = load_wfdb(generated_home / "mitdb", [100, 114], subject=lambda name, _: int(name))
    assert_array_equal(found.data, expected.data)
    assert_array_equal(found.groups, expected.groups)
    assert_array_equal(np.concatenate(found.target), np.concatenate(expected.target))
    assert found.lead_names == expected.lead_names


def test_real_records_are_those_of_load_mitbih(data_home):
    expected = load_mitbih(data_home, records=[114, 208])
    found = load_wfdb(data_home / "mitdb", [114, 208], leads="II")
    assert_array_equal(found.data, expected.data)
    assert_array_equal(found.target[1], expected.target[1])


def test_a_name_alone_is_looked_for_in_the_data_folder(svdb, monkeypatch):
    monkeypatch.setenv("SKECG_DATA", str(svdb.parent))
    assert len(load_wfdb("svdb").data) == 3
    with pytest.raises(FileNotFoundError, match=r"no folder 'ltdb'.*fetch_wfdb"):
        load_wfdb("ltdb")


def test_records_without_annotations_are_none_of_the_data_base(svdb):
    (svdb / "801.atr").unlink()
    assert load_wfdb(svdb).records.tolist() == ["800", "812"]
    with pytest.raises(FileNotFoundError, match=r"801\.atr"):
        load_wfdb(svdb, ["801"])
    with pytest.raises(ValueError, match=r"no record with a \.hea and an \.qrs file"):
        load_wfdb(svdb, annotator="qrs")


def test_records_of_several_segments_are_read_one_by_one(svdb):
    (svdb / "900.hea").write_text("900/2 2 128 5120\n800 2560\n801 2560\n")
    (svdb / "900.atr").write_bytes((svdb / "800.atr").read_bytes())
    with pytest.raises(ValueError, match=r"900\.hea: .*one segment.*read_record"):
        load_wfdb(svdb)


def test_the_tuples_hold_what_the_bunch_does(ltdb):
    data, target, groups = load_wfdb(ltdb, return_X_y_groups=True)
    assert [len(row) for row in data] == [2560, 3840, 3072]
    assert len(target) == len(groups) == 3
    assert len(load_wfdb(ltdb, return_X_y=True)) == 2


@pytest.mark.parametrize(
    ("params", "error", "message"),
    [
        ({"folder": None}, TypeError, "folder must be a path"),
        ({"folder": "\0"}, FileNotFoundError, "There is no folder"),
        ({"records": "800"}, ValueError, "records must be a list of names"),
        ({"records": []}, ValueError, "records must be a list"),
        ({"records": ["../800"]}, ValueError, "records must be a list"),
        ({"records": [True]}, ValueError, "records must be a list"),
        ({"records": ["900"]}, FileNotFoundError, r"900\.hea"),
        ({"subject": "patient"}, TypeError, "subject must be a function"),
        ({"subject": lambda name, comments: None}, TypeError, "subject must return a str"),
        ({"subject": lambda name, _: name if name > "800" else 0}, TypeError, "'801' of record"),
        ({"annotator": "../atr"}, ValueError, "annotator must be an extension"),
        ({"on_missing_lead": "drop"}, ValueError, "'first', 'skip' or 'raise'"),
        ({"leads": 2}, ValueError, "from 0 to 1 of record 800, got 2"),
        ({"leads": 0.5}, TypeError, "leads must be a name"),
    ],
)
def test_wrong_parameters_are_refused(svdb, params, error, message):
    with pytest.raises(error, match=message):
        load_wfdb(**{"folder": svdb, **params})
