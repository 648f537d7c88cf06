import os

import numpy as np
import pytest
import wfdb

from skecg.datasets import MITBIH_RECORDS, load_mitbih
from skecg.datasets._mitbih import open_mitbih

GENERATED = [100, 114, 201, 202]


@pytest.fixture(scope="module")
def mitbih(data_home):
    with pytest.warns(UserWarning, match=r"\[102, 104\] do not have all of the leads \['MLII'\]"):
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
    with pytest.warns(UserWarning, match=r"\[102\] do not have all of the leads") as caught:
        bunch = load_mitbih(generated_home, records=[100, 102])
    assert len(caught) == 1
    assert bunch.lead_names == ["MLII", "V5"]


def test_records_without_the_lead_are_left_out_and_listed(generated_home):
    bunch = load_mitbih(generated_home, records=[100, 102], on_missing_lead="skip")
    np.testing.assert_array_equal(bunch.records, [100])
    assert bunch.skipped == [102]


def test_a_missing_lead_raises_on_request(generated_home):
    with pytest.raises(
        ValueError, match=r"Record 102 must have the leads \['MLII'\], got \['V5', 'V2'\]"
    ):
        load_mitbih(generated_home, records=[100, 102], on_missing_lead="raise")
    with pytest.raises(ValueError, match="nothing is left"):
        load_mitbih(generated_home, records=[102], on_missing_lead="skip")


def test_a_number_takes_the_channel(generated_home):
    assert load_mitbih(generated_home, records=[100, 114], leads=0).lead_names == ["MLII", "V5"]
    with pytest.raises(ValueError, match="channels from 0 to 1 of record 100, got 2"):
        load_mitbih(generated_home, records=[100], leads=2)


def test_several_leads_have_an_axis_of_their_own(generated_home):
    both = load_mitbih(generated_home, records=[100, 114], leads=["MLII", "V5"])
    assert both.data.shape == (2, 2, 7200)
    assert both.lead_names == [["MLII", "V5"]] * 2
    np.testing.assert_array_equal(
        both.data[:, 0], load_mitbih(generated_home, records=[100, 114]).data
    )
    every = load_mitbih(generated_home, records=[100, 114], leads=None, physical=False)
    assert every.data.dtype == np.int16
    assert every.lead_names == [["MLII", "V5"], ["V5", "MLII"]]
    assert load_mitbih(generated_home, records=[100], leads=["V5"]).data.shape == (1, 1, 7200)


def test_a_missing_lead_of_several_is_replaced_by_another(generated_home):
    with pytest.warns(UserWarning, match=r"\[102\] do not have all of the leads"):
        bunch = load_mitbih(generated_home, records=[100, 102], leads=["MLII", "V5"])
    assert bunch.lead_names == [["MLII", "V5"], ["V2", "V5"]]


def test_the_tuples_hold_what_the_bunch_does(generated_home):
    bunch = load_mitbih(generated_home, records=[201, 202])
    data, target = load_mitbih(generated_home, records=[201, 202], return_X_y=True)
    assert [len(codes) for codes in target] == [len(codes) for codes in bunch.target]
    data, target, groups = load_mitbih(generated_home, records=[201, 202], return_X_y_groups=True)
    np.testing.assert_array_equal(data, bunch.data)
    assert groups.tolist() == [201, 201]
    assert len(target) == 2


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
    bunch, leads = open_mitbih(generated_home, leads=0, records=[100, 114], physical=False)
    np.testing.assert_array_equal(bunch.records, [100, 114])
    (generated_home / "mitdb" / "114.dat").write_bytes(b"")
    expected = load_mitbih(generated_home, leads=0, records=[100], physical=False).data[0]
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
    with pytest.raises(
        ValueError, match=r"got \(1, 7200\) in record 100 and \(1, 3600\) in record 105"
    ):
        load_mitbih(generated_home, records=[100, 105])


@pytest.mark.parametrize(
    ("parameters", "error", "message"),
    [
        ({"on_missing_lead": "drop"}, ValueError, "'first', 'skip' or 'raise'"),
        ({"records": []}, ValueError, "records is empty"),
        ({"records": ["p001"]}, ValueError, r"record numbers such as .*got \['p001'\]"),
        ({"records": "100"}, ValueError, "got '100'"),
        ({"records": 100}, ValueError, "got 100"),
        ({"records": [None]}, ValueError, r"got \[None\]"),
        ({"records": [-1]}, ValueError, r"got \[-1\]"),
        ({"records": [10**30]}, ValueError, "record numbers"),
        ({"records": [100], "leads": 1.5}, TypeError, "leads must be a name"),
        ({"records": [100], "leads": []}, TypeError, "leads must be a name"),
        ({"records": [100], "leads": ["MLII", None]}, TypeError, "leads must be a name"),
        ({"records": [100], "leads": [0, 2]}, ValueError, "from 0 to 1 of record 100, got 2"),
        ({"records": [100], "leads": ["V1", "V2", "V3"]}, ValueError, "too few for the 3"),
        ({"records": [999]}, FileNotFoundError, "999.hea"),
    ],
)
def test_wrong_parameters_are_refused(generated_home, parameters, error, message):
    with pytest.raises(error, match=message):
        load_mitbih(generated_home, **parameters)


def rewrite_header(home, old, new, line=1):
    header = home / "mitdb" / "100.hea"
    lines = header.read_text().split("\n")
    assert old in lines[line]
    lines[line] = lines[line].replace(old, new, 1)
    header.write_text("\n".join(lines))


@pytest.mark.parametrize(
    ("line", "old", "new", "message"),
    [
        (0, " 360 ", " 36 ", r"100\.hea: the records of the database have 360 Hz .*got 36 Hz"),
        (0, " 360 ", " 0 ", r"100\.hea.*sampling rate must be between 0 and"),
        (0, " 360 ", " 1" + "0" * 400 + " ", "more than 18 digits"),
        (0, " 7200", " 7201", "it has 21600 bytes, its header needs 21603"),
        (0, " 7200", " 7199", "checksum"),
        (0, " 7200", " 0", "samples must be at least 1, got 0"),
        (0, " 7200", " 999999999999999", "its header needs"),
        (0, "100 2 ", "100 3 ", "number of leads must be that of its lines, got 3 and 2"),
        (0, "100 2 ", "100 999999999 ", "number of leads"),
        (0, "100 2 ", "100/2 2 ", "damaged"),
        (1, " 212 ", " 999 ", "format must be one of"),
        (1, " 212 ", " 212x2 ", "one sample a frame"),
        (1, "200.0(1024)/mV", "0.001(1024)/mV", "gain of lead MLII must be 1 to 1e.06 .*got 0.001"),
        (1, "200.0(1024)/mV", "-200(1024)/mV", "gain of lead MLII .* got -200"),
        (1, "200.0(1024)/mV", "1e300(1024)/mV", "gain of lead MLII"),
        (1, "(1024)", "(99999)", "baseline of lead MLII .* got 99999"),
        (1, "/mV", "/uV", "unit mV; got 360 Hz and mV, uV"),
        (1, "100.dat", "102.dat", r"MLII must be in 100\.dat, got 102\.dat"),
        (1, " MLII", "", "lead 0 must have a name"),
    ],
)
def test_a_header_that_cannot_be_is_refused(generated_home, line, old, new, message):
    rewrite_header(generated_home, old, new, line)
    with pytest.raises(ValueError, match=rf"{message}.*fetch_mitbih"):
        load_mitbih(generated_home, records=[100])


def test_a_missing_checksum_is_refused(generated_home):
    header = generated_home / "mitdb" / "100.hea"
    lines = header.read_text().split("\n")
    header.write_text("\n".join([lines[0], *(" ".join(x.split(" ")[:6]) for x in lines[1:]), ""]))
    with pytest.raises(ValueError, match=r"100\.hea.*must have a (checksum|name)"):
        load_mitbih(generated_home, records=[100])


def write_marks(home, *samples):
    wfdb.wrann(
        "100", "atr", sample=np.array(samples), symbol=["N"] * len(samples), fs=360,
        write_dir=str(home / "mitdb"),
    )  # fmt: skip


def test_annotations_outside_the_signal_are_refused(generated_home):
    write_marks(generated_home, 100, 7199)
    assert load_mitbih(generated_home, records=[100]).annotations[0].sample.tolist() == [100, 7199]
    write_marks(generated_home, 100, 7200, 90_000)
    with pytest.raises(ValueError, match=r"100\.atr is damaged .*0 to 7199; got 2 of 3 outside"):
        load_mitbih(generated_home, records=[100])


def test_annotations_that_run_backwards_are_refused(generated_home):
    # N at 500, SKIP by -400, N.
    content = bytes([0xF4, 0x05, 0x00, 0xEC, 0xFF, 0xFF, 0x70, 0xFE, 0x00, 0x04, 0, 0])
    (generated_home / "mitdb" / "100.atr").write_bytes(content)
    with pytest.raises(ValueError, match=r"100\.atr is damaged .*order.*got 100 after 500"):
        load_mitbih(generated_home, records=[100])


def replace_by(kind, file):
    file.unlink()
    if kind == "fifo":
        os.mkfifo(file)
    elif kind == "device":
        file.symlink_to("/dev/zero")
    elif kind == "folder":
        file.mkdir()
    else:
        with file.open("wb") as stream:
            stream.truncate(30 * 2**30)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no FIFO")
@pytest.mark.parametrize("extension", [".hea", ".dat", ".atr"])
@pytest.mark.parametrize("kind", ["fifo", "device", "folder", "sparse"])
def test_only_regular_files_of_a_sane_size_are_opened(generated_home, extension, kind):
    replace_by(kind, generated_home / "mitdb" / f"100{extension}")
    message = "must have at most" if kind == "sparse" else "is not a regular file"
    with pytest.raises(ValueError, match=rf"100\{extension} {message}.*fetch_mitbih"):
        load_mitbih(generated_home, records=[100])


def test_a_link_to_a_regular_file_is_followed(generated_home):
    folder = generated_home / "mitdb"
    (folder / "100.dat").rename(folder / "elsewhere")
    (folder / "100.dat").symlink_to(folder / "elsewhere")
    assert load_mitbih(generated_home, records=[100]).data.shape == (1, 7200)
