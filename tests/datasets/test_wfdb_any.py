import numpy as np
import pytest
import wfdb
from generated_recordings import ecg

from skecg.datasets import read_record

RATE = 250


def write(folder, name="r", *, fmt="16", signals=None, gain=200.0, unit="mV", leads=None):
    """Write an ECG in mV as stored integers."""
    signals = ecg() if signals is None else signals
    n_leads = len(signals)
    wfdb.wrsamp(
        name,
        fs=RATE,
        units=[unit] * n_leads,
        sig_name=leads or ["MLII", "V1", "V2"][:n_leads],
        d_signal=np.round(signals.T * 200).astype(np.int64),
        fmt=[fmt] * n_leads,
        adc_gain=[gain] * n_leads,
        baseline=[0] * n_leads,
        write_dir=str(folder),
    )
    return folder / name


def rewrite(path, old, new):
    header = path.with_name(f"{path.name}.hea")
    text = header.read_text()
    assert old in text
    header.write_text(text.replace(old, new))


def test_real_records_are_those_of_wfdb(data_home):
    for name in ("mitdb/114", "ptbxl/records100/00000/00001_lr"):
        record = read_record(data_home / name)
        expected = wfdb.rdrecord(str(data_home / name)).p_signal.T
        np.testing.assert_array_equal(record.signals, expected.astype(np.float32))


@pytest.mark.parametrize("ending", ["", ".hea", ".dat"])
def test_any_file_of_a_record_names_it(tmp_path, ending):
    path = write(tmp_path)
    record = read_record(f"{path}{ending}")
    assert record.name == "r"
    assert record.lead_names == ["MLII", "V1"]
    np.testing.assert_allclose(record.signals, ecg(), atol=0.0026)


def test_the_name_of_a_record_may_hold_dots(tmp_path):
    write(tmp_path).with_suffix(".hea").rename(tmp_path / "p1.2024.hea")
    assert read_record(tmp_path / "p1.2024").name == "p1.2024"


@pytest.mark.parametrize("n_leads", [1, 2, 3])
@pytest.mark.parametrize("fmt", ["16", "24", "32", "80", "212", "508", "516", "524"])
def test_every_format_is_read(tmp_path, fmt, n_leads):
    signals = ecg(n_leads) / (4 if fmt in ("80", "508") else 1)
    record = read_record(write(tmp_path, fmt=fmt, signals=signals))
    np.testing.assert_allclose(record.signals, signals, atol=0.0026)


@pytest.mark.parametrize(("unit", "gain"), [("uV", 0.2), ("V", 200_000.0), ("mV", 200.0)])
def test_units_are_converted(tmp_path, unit, gain):
    record = read_record(write(tmp_path, unit=unit, gain=gain))
    np.testing.assert_allclose(record.signals, ecg(), atol=0.0026)
    assert record.source_units == (unit, unit)


def test_a_unit_that_is_not_said_is_millivolts(tmp_path):
    path = write(tmp_path)
    rewrite(path, "200.0(0)/mV", "200")
    np.testing.assert_allclose(read_record(path).signals, ecg(), atol=0.0026)


def test_annotations_are_read_where_there_are_some(tmp_path):
    path = write(tmp_path)
    assert read_record(path).annotations is None
    wfdb.wrann("r", "atr", np.array([100, 300]), ["N", "V"], write_dir=str(tmp_path))
    wfdb.wrann("r", "qrs", np.array([101]), ["N"], write_dir=str(tmp_path))
    assert read_record(path).annotations.symbol.tolist() == ["N", "V"]
    assert read_record(path, annotator="qrs").annotations.sample.tolist() == [101]
    assert read_record(path, annotator=None).annotations is None


def test_annotations_may_be_counted_at_a_rate_of_their_own(tmp_path):
    path = write(tmp_path)
    wfdb.wrann("r", "atr", np.array([400, 1201]), ["N", "V"], fs=1000, write_dir=str(tmp_path))
    assert read_record(path).annotations.sample.tolist() == [100, 300]


def test_annotations_outside_the_signal_are_refused(tmp_path):
    path = write(tmp_path)
    wfdb.wrann("r", "atr", np.array([100, 5000]), ["N", "V"], write_dir=str(tmp_path))
    with pytest.raises(ValueError, match=r"r\.atr is damaged.* 0 to 4999; got 1 of 2 outside"):
        read_record(path)
    assert read_record(path, annotator=None).annotations is None


def test_a_changed_sample_is_found_by_the_checksum(tmp_path):
    path = write(tmp_path)
    content = bytearray((tmp_path / "r.dat").read_bytes())
    content[99] ^= 1
    (tmp_path / "r.dat").write_bytes(content)
    with pytest.raises(ValueError, match="lead V1 does not agree with the checksum"):
        read_record(path)


def test_a_header_without_lengths_and_sums_is_read(tmp_path):
    path = write(tmp_path)
    lines = path.with_suffix(".hea").read_text().splitlines()
    short = ["r 2 250", *(" ".join(line.split()[:3]) for line in lines[1:])]
    path.with_suffix(".hea").write_text("\n".join(short) + "\n")
    record = read_record(path)
    np.testing.assert_allclose(record.signals, ecg(), atol=0.0026)
    assert record.lead_names == ["channel 0", "channel 1"]


def test_bytes_in_front_of_the_samples_are_passed(tmp_path):
    # As in the .mat files of the PhysioNet challenges.
    path = write(tmp_path)
    (tmp_path / "r.mat").write_bytes(bytes(24) + (tmp_path / "r.dat").read_bytes())
    rewrite(path, "r.dat 16", "r.mat 16+24")
    np.testing.assert_allclose(read_record(path).signals, ecg(), atol=0.0026)


def test_leads_in_files_of_their_own_are_read(tmp_path):
    write(tmp_path, "a", signals=ecg()[:1], leads=["MLII"])
    write(tmp_path, "b", signals=ecg()[1:], leads=["V1"], fmt="212")
    lines = [(tmp_path / f"{name}.hea").read_text().splitlines()[1] for name in "ab"]
    (tmp_path / "r.hea").write_text("\n".join(["r 2 250 5000", *lines]) + "\n")
    np.testing.assert_allclose(read_record(tmp_path / "r").signals, ecg(), atol=0.0026)


def test_a_lead_of_more_samples_a_frame_is_read_at_its_rate(tmp_path):
    fast, slow = ecg(1, rate=500)[0], ecg(1)[0]
    wfdb.wrsamp(
        "r", fs=250, units=["mV", "mmHg"], sig_name=["II", "ABP"], fmt=["16", "16"],
        adc_gain=[200.0, 200.0], baseline=[0, 0], samps_per_frame=[2, 1], write_dir=str(tmp_path),
        e_d_signal=[np.round(200 * each).astype(np.int64) for each in (fast, slow)],
    )  # fmt: skip
    wfdb.wrann("r", "atr", np.array([100]), ["N"], write_dir=str(tmp_path))
    with pytest.warns(UserWarning, match=r"\['ABP'\] are left out"):
        record = read_record(tmp_path / "r")
    assert record.sampling_rate == 500
    np.testing.assert_allclose(record.signals[0], fast, atol=0.0026)
    assert record.annotations.sample.tolist() == [200]


def write_segments(folder):
    """Write two segments with a gap of 100 samples between them."""
    write(folder, "s1", signals=ecg()[:, :3000])
    write(folder, "s2", signals=ecg()[:, 3000:])
    (folder / "r.hea").write_text("r/3 2 250 5100\ns1 3000\n~ 100\ns2 2000\n")
    return folder / "r"


def test_segments_are_joined_with_their_gaps(tmp_path):
    record = read_record(write_segments(tmp_path))
    assert record.signals.shape == (2, 5100)
    assert np.isnan(record.signals[:, 3000:3100]).all()
    found = np.delete(record.signals, np.s_[3000:3100], axis=1)
    np.testing.assert_allclose(found, ecg(), atol=0.0026)


def test_a_variable_layout_is_read(tmp_path):
    write(tmp_path, "s1", signals=ecg()[:, :3000])
    write(tmp_path, "s2", signals=ecg()[1:, 3000:], leads=["V1"])
    lines = "~ 0 200(0)/mV 12 0 0 0 0 MLII\n~ 0 200(0)/mV 12 0 0 0 0 V1\n"
    (tmp_path / "layout.hea").write_text(f"layout 2 250 0\n{lines}")
    (tmp_path / "r.hea").write_text("r/3 2 250 5000\nlayout 0\ns1 3000\ns2 2000\n")
    record = read_record(tmp_path / "r")
    np.testing.assert_allclose(record.signal("V1"), ecg()[1], atol=0.0026)
    assert np.isnan(record.signal("MLII")[3000:]).all()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("s2 2000", "s2 2001", "must be that of its segments, got 5100 and 5101"),
        ("s2 2000\n", "", "list its 1 to 10000 segments, got 2"),
        ("s2", "../s2", "invalid syntax in segment line"),
        ("s2", "r", "segment r has segments of its own"),
        ("s2 2000", "s1 2000", "only once, got 's1'"),
        ("5100\ns1 3000\n~ 100", "1005000\ns1 3000\n~ 1000000", "gaps of more than 100 times"),
        ("s2", "none", "none.hea"),
        (" 250 ", " 500 ", "must have 500 Hz"),
        ("s1 3000\n~ 100", "s1 3100\n~ 0", "segment s1 must have 3100 samples, got 3000"),
        ("5100", "99999999999999", "must be that of its segments"),
    ],
)
def test_damaged_segments_are_refused(tmp_path, old, new, message):
    path = write_segments(tmp_path)
    rewrite(path, old, new)
    with pytest.raises((ValueError, FileNotFoundError), match=message):
        read_record(path)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("r 2", "r 3", "number of leads must be that of its lines, got 3 and 2"),
        (" 250 ", " 0 ", "sampling rate must be between 0"),
        (" 5000", " 5001", "it has 20000 bytes, its header needs 20004"),
        (" 5000", " 999999999999", "is truncated"),
        ("200.0(0)", "1e-300(0)", "must have a gain between"),
        ("(0)", "(99999999999)", "must have a baseline of 32 bits"),
        ("r.dat", "../r.dat", "invalid syntax in signal line"),
        ("r.dat", "/etc/passwd", "invalid syntax in signal line"),
        ("r.dat", "~", "in a file beside the header"),
        (" 16 ", " 17 ", "must have one of the formats"),
        (" 16 ", " 16x99999 ", "must have a layout that is possible"),
        (" 16 ", " 16:6000 ", "a skew must be less than the samples, got 6000"),
        (" 16 ", " 16+20001 ", "is truncated"),
        (" 16 ", " 516 ", "not a FLAC file"),
    ],
)
def test_headers_that_cannot_be_are_refused(tmp_path, old, new, message):
    path = write(tmp_path)
    rewrite(path, old, new)
    with pytest.raises(ValueError, match=rf"r\.hea cannot be read; .*{message}"):
        read_record(path)


def test_a_compressed_file_claims_no_length_out_of_proportion(tmp_path):
    path = write(tmp_path, fmt="516")
    rewrite(path, " 5000", " 99999999999")
    with pytest.raises(ValueError, match="truncated"):
        read_record(path)


def test_the_rate_of_the_caller_must_be_that_of_the_record(tmp_path):
    path = write(tmp_path)
    assert read_record(path, sampling_rate=RATE).sampling_rate == RATE
    with pytest.raises(ValueError, match="has 250 Hz, and sampling_rate is 360"):
        read_record(path, sampling_rate=360)
    with pytest.raises(ValueError, match="names its leads itself"):
        read_record(path, lead_names=["I", "II"])


@pytest.mark.parametrize("annotator", ["../x", "", 1, "a/b"])
def test_a_wrong_annotator_is_refused(tmp_path, annotator):
    with pytest.raises(ValueError, match="annotator must be an extension"):
        read_record(write(tmp_path), annotator=annotator)
