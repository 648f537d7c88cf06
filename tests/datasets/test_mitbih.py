import numpy as np
import pytest
import wfdb

from skecg.datasets import MITBIH_RECORDS, load_mitbih
from skecg.datasets._mitbih import open_mitbih

GENERATED = [100, 114, 201, 202]


@pytest.fixture(scope="module")
def mitbih(data_home):
    with pytest.warns(UserWarning, match=r"\[102, 104\] have no lead 'MLII'"):
        return load_mitbih(data_home)


def test_all_48_records_of_47_subjects_are_read(mitbih):
    # Moody and Mark 2001: 48 half-hour records at 360 Hz of 47 subjects.
    assert mitbih.data.shape == (48, 650_000)
    assert mitbih.data.dtype == np.float32
    assert mitbih.sampling_rate == 360
    assert len(np.unique(mitbih.groups)) == 47
    np.testing.assert_array_equal(mitbih.records, MITBIH_RECORDS)


def test_the_beats_of_the_database_are_counted(mitbih):
    # PhysioNet: 109,494 beats; the classes after the AAMI table, as in the data's own notes.
    codes = np.concatenate(mitbih.target)
    np.testing.assert_array_equal(
        np.bincount(codes[codes >= 0]), [90_631, 2_781, 7_236, 803, 8_043]
    )


def test_real_record_114_is_read_by_name(data_home, mitbih):
    row = list(MITBIH_RECORDS).index(114)
    expected = wfdb.rdrecord(str(data_home / "mitdb" / "114")).p_signal[:, 1]
    np.testing.assert_array_equal(mitbih.data[row], expected.astype(np.float32))
    assert mitbih.lead_names[row] == "MLII"


def test_generated_records_come_back_in_millivolts(generated_home):
    bunch = load_mitbih(generated_home, records=GENERATED)
    assert bunch.data.shape == (4, 7200)
    assert bunch.data.dtype == np.float32
    assert bunch.units == "mV"
    assert bunch.lead_names == ["MLII"] * 4
    for row, number, channel in zip(bunch.data, GENERATED, [0, 1, 0, 0]):
        record = wfdb.rdrecord(str(generated_home / "mitdb" / str(number)))
        np.testing.assert_array_equal(row, record.p_signal[:, channel].astype(np.float32))


def test_stored_integers_are_returned_on_request(generated_home):
    bunch = load_mitbih(generated_home, records=[100], physical=False)
    record = wfdb.rdrecord(str(generated_home / "mitdb" / "100"), physical=False)
    assert bunch.data.dtype == np.int16
    assert bunch.units == "adu"
    np.testing.assert_array_equal(bunch.data[0], record.d_signal[:, 0])


def test_201_and_202_are_one_subject(generated_home):
    bunch = load_mitbih(generated_home, records=GENERATED)
    np.testing.assert_array_equal(bunch.groups, [100, 114, 201, 201])
    np.testing.assert_array_equal(bunch.records, GENERATED)


def test_targets_are_aligned_with_all_annotations(generated_home):
    bunch = load_mitbih(generated_home, records=[100])
    annotation, target = bunch.annotations[0], bunch.target[0]
    written = wfdb.rdann(str(generated_home / "mitdb" / "100"), "atr")
    np.testing.assert_array_equal(annotation.sample, written.sample)
    np.testing.assert_array_equal(annotation.symbol, written.symbol)
    assert annotation.aux_note[0] == "(N"
    assert len(target) == len(annotation.sample)
    np.testing.assert_array_equal(target == -1, np.isin(annotation.symbol, ["+", "~"]))
    assert set(bunch.target_names[target[annotation.symbol == "R"]]) <= {"N"}


def test_one_warning_names_the_records_without_the_lead(generated_home):
    with pytest.warns(UserWarning, match=r"\[102\] have no lead 'MLII'") as caught:
        bunch = load_mitbih(generated_home, records=[100, 102])
    assert len(caught) == 1
    assert bunch.lead_names == ["MLII", "V5"]


def test_records_without_the_lead_are_left_out_and_listed(generated_home):
    bunch = load_mitbih(generated_home, records=[100, 102], on_missing_lead="skip")
    np.testing.assert_array_equal(bunch.records, [100])
    assert bunch.skipped == [102]


def test_a_missing_lead_raises_on_request(generated_home):
    with pytest.raises(ValueError, match=r"Record 102 has no lead 'MLII'.*V5"):
        load_mitbih(generated_home, records=[100, 102], on_missing_lead="raise")
    with pytest.raises(ValueError, match="nothing is left"):
        load_mitbih(generated_home, records=[102], on_missing_lead="skip")


def test_a_number_takes_the_channel(generated_home):
    assert load_mitbih(generated_home, records=[100, 114], lead=0).lead_names == ["MLII", "V5"]
    with pytest.raises(ValueError, match="lead=2 is not a channel of record 100"):
        load_mitbih(generated_home, records=[100], lead=2)


def test_progress_is_shown_on_request(generated_home, capsys):
    load_mitbih(generated_home, records=[100])
    assert capsys.readouterr().err == ""
    load_mitbih(generated_home, records=[100], progress=True)
    assert "MIT-BIH records" in capsys.readouterr().err


def test_checksums_are_compared_as_16_bits(generated_home):
    # wfdb writes the sums unsigned, PhysioNet's headers hold them signed; both must pass.
    header = generated_home / "mitdb" / "100.hea"
    lines = header.read_text().split("\n")
    fields = lines[1].split(" ")
    unsigned = int(fields[6])
    fields[6] = str(unsigned - 65536 if unsigned >= 32768 else unsigned + 65536)
    header.write_text("\n".join([lines[0], " ".join(fields), *lines[2:]]))
    assert load_mitbih(generated_home, records=[100]).data.shape == (1, 7200)


@pytest.mark.parametrize("n_lost", [1, 3, 300, 10_000])
def test_a_truncated_record_is_named(generated_home, n_lost):
    file = generated_home / "mitdb" / "100.dat"
    file.write_bytes(file.read_bytes()[:-n_lost])
    with pytest.raises(ValueError, match=r"100\.dat.*truncated"):
        load_mitbih(generated_home, records=[100])


def test_a_changed_sample_is_found_by_the_checksum(generated_home):
    file = generated_home / "mitdb" / "100.dat"
    content = bytearray(file.read_bytes())
    content[3000] ^= 1
    file.write_bytes(content)
    with pytest.raises(ValueError, match=r"100\.dat: lead MLII.*checksum"):
        load_mitbih(generated_home, records=[100])


def test_leads_are_read_one_by_one(generated_home):
    bunch, leads = open_mitbih(generated_home, lead=0, records=[100, 114], physical=False)
    np.testing.assert_array_equal(bunch.records, [100, 114])
    (generated_home / "mitdb" / "114.dat").write_bytes(b"")
    expected = load_mitbih(generated_home, lead=0, records=[100], physical=False).data[0]
    np.testing.assert_array_equal(next(leads), expected)
    with pytest.raises(ValueError, match=r"114\.dat.*truncated"):
        next(leads)


@pytest.mark.parametrize("extension", [".hea", ".dat", ".atr"])
def test_a_missing_file_is_named_with_the_remedy(generated_home, extension):
    (generated_home / "mitdb" / f"100{extension}").unlink()
    with pytest.raises(FileNotFoundError, match=rf"100\{extension}.*fetch_mitbih"):
        load_mitbih(generated_home, records=[100])


def test_records_of_different_lengths_are_refused(generated_home, write_record):
    write_record(generated_home / "mitdb", 105, ["MLII", "V1"], n_samples=3600)
    with pytest.raises(ValueError, match=r"\[3600, 7200\] samples"):
        load_mitbih(generated_home, records=[100, 105])


@pytest.mark.parametrize(
    ("parameters", "error", "message"),
    [
        ({"on_missing_lead": "drop"}, ValueError, "'first', 'skip' or 'raise'"),
        ({"records": []}, ValueError, "records is empty"),
        ({"records": [100], "lead": 1.5}, TypeError, "lead must be a name"),
        ({"records": [999]}, FileNotFoundError, "999.hea"),
    ],
)
def test_wrong_parameters_are_refused(generated_home, parameters, error, message):
    with pytest.raises(error, match=message):
        load_mitbih(generated_home, **parameters)
