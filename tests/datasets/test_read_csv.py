import numpy as np
import pandas as pd
import pytest
from generated_recordings import ecg

from skecg.datasets import read_record

RATE = 250


def write(path, values=None, *, header="", times=None, sep=",", fmt="%.6f", decimal="."):
    """Write a column for each lead, with the texts of a column of times if given."""
    values = ecg() if values is None else values
    lines = [sep.join(fmt % each for each in row).replace(".", decimal) for row in values.T]
    if times is not None:
        lines = [f"{time}{sep}{line}" for time, line in zip(times, lines)]
    path.write_text(header + "\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.fixture
def path(tmp_path):
    return tmp_path / "rest.csv"


def assert_read(record, names=("channel 0", "channel 1"), rate=RATE):
    assert record.lead_names == list(names)
    assert record.sampling_rate == rate
    np.testing.assert_allclose(record.signals, ecg(), atol=2e-6)


def test_columns_are_leads(path):
    assert_read(read_record(write(path), sampling_rate=RATE))
    with pytest.raises(ValueError, match=r"rest\.csv: there is no column of times; pass sampling"):
        read_record(path)


def clock(seconds):
    return f"{int(seconds) // 60}:{seconds % 60:06.3f}"


TIMES = np.arange(5000) / RATE


@pytest.mark.parametrize(
    ("header", "times"),
    [
        ("time,II,V1\n", TIMES),
        ("Time (ms),II,V1\n", 1000 * TIMES),
        ("time_ms,II,V1\n", 1000 * TIMES),
        ("t [s],II [mV],V1 [mV]\n", TIMES + 1e5),
        ("# a remark\n\ntime,II,V1\n", TIMES),
        ("'Elapsed time','II','V1'\n'hh:mm:ss.mmm','(mV)','(mV)'\n", [clock(t) for t in TIMES]),
        ("time,II,V1\n", [f"01:{clock(t)}" for t in TIMES]),
    ],
)
def test_the_rate_comes_from_the_times(path, header, times):
    assert_read(read_record(write(path, header=header, times=times)), ("II", "V1"))


def test_quoted_times_of_a_clock_are_read(path):
    # As PhysioNet exports records.
    write(path, header="'Elapsed time','II','V1'\n'hh:mm:ss.mmm','mV','mV'\n",
          times=[f"'{clock(t)}'" for t in TIMES])  # fmt: skip
    assert_read(read_record(path), ("II", "V1"))


def test_times_need_no_header(path):
    assert_read(read_record(write(path, times=TIMES)), ("channel 0", "channel 1"))


def test_rounded_times_give_the_whole_rate(path):
    values = ecg(2, rate=360)
    times = [f"{i / 360:.3f}" for i in range(values.shape[1])]
    assert read_record(write(path, values, times=times)).sampling_rate == 360


def test_a_count_of_samples_is_no_lead_and_no_time(path):
    write(path, header="sample #,II,V1\n", times=range(5000))
    assert_read(read_record(path, sampling_rate=RATE), ("II", "V1"))
    with pytest.raises(ValueError, match=r"no rate of an ECG\. Give sampling_rate"):
        read_record(path)


def test_times_that_disagree_with_the_rate_are_refused(path):
    write(path, header="time,II,V1\n", times=TIMES)
    assert_read(read_record(path, sampling_rate=RATE), ("II", "V1"))
    with pytest.raises(ValueError, match="the times mean 250 Hz, and sampling_rate is 360"):
        read_record(path, sampling_rate=360)


def test_a_gap_in_the_times_is_refused(path):
    times = TIMES.copy()
    times[3000:] += 1
    with pytest.raises(ValueError, match="must rise by one step, without a gap"):
        read_record(write(path, header="time,II,V1\n", times=times))


@pytest.mark.parametrize(
    ("sep", "decimal"), [(";", "."), (";", ","), ("\t", "."), ("\t", ","), (" ", ".")]
)
def test_other_separators_are_found(path, sep, decimal):
    header = sep.join(["II", "V1"]) + "\n"
    write(path, header=header, sep=sep, decimal=decimal)
    assert_read(read_record(path, sampling_rate=RATE), ("II", "V1"))


def test_a_byte_order_mark_and_windows_line_ends_do_no_harm(path):
    write(path, header="II,V1\n")
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    assert_read(read_record(path, sampling_rate=RATE), ("II", "V1"))


def test_units_in_the_header_are_converted(path):
    write(path, ecg() * [[1000], [1]], header="II (uV),V1 (mV)\n", fmt="%.3f")
    record = read_record(path, sampling_rate=RATE)
    np.testing.assert_allclose(record.signals, ecg(), atol=1e-3)
    assert record.source_units == ("uV", "mV")


def test_another_unit_is_left_out_with_a_warning(path):
    write(path, header="II (mV),SpO2 (%)\n")
    with pytest.warns(UserWarning, match=r"\['SpO2'\] are left out"):
        assert read_record(path, sampling_rate=RATE).lead_names == ["II"]


def test_fields_without_a_number_are_gaps(path):
    write(path)
    lines = path.read_text().splitlines()
    lines[3] = "," + lines[3].split(",")[1]
    lines[4] = "-,nan"
    path.write_text("\n".join(lines))
    signals = read_record(path, sampling_rate=RATE).signals
    assert np.argwhere(np.isnan(signals)).tolist() == [[0, 3], [0, 4], [1, 4]]


@pytest.mark.parametrize("with_index", [False, True])
def test_tables_that_pandas_writes_are_read(path, with_index):
    pd.DataFrame(ecg().T).to_csv(path, index=with_index)
    assert_read(read_record(path, sampling_rate=RATE), ("0", "1"))


def test_a_separator_at_the_end_of_the_lines_makes_no_lead(path):
    write(path, header="II,V1\n")
    path.write_text(path.read_text().replace("\n", ",\n"))
    assert_read(read_record(path, sampling_rate=RATE), ("II", "V1"))


def test_a_row_for_each_lead_is_turned_with_a_warning(path):
    write(path, ecg().T)
    with pytest.warns(UserWarning, match="2 rows and 5000 columns; each row is read as a lead"):
        assert_read(read_record(path, sampling_rate=RATE))
    with pytest.warns(UserWarning, match="each row is read as a lead"):
        assert_read(read_record(path, sampling_rate=RATE, lead_names=["I", "II"]), ["I", "II"])


def test_names_must_be_as_many_as_columns(path):
    assert_read(read_record(write(path), sampling_rate=RATE, lead_names=["I", "II"]), ["I", "II"])
    with pytest.raises(ValueError, match="got 2 columns, 5000 rows and 3 names"):
        read_record(path, sampling_rate=RATE, lead_names=["I", "II", "III"])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("II,V1\n", "there are no numbers in its first 1 lines"),
        ("a,b\nc,d\ne,f\ng,h\n1,2\n", "there are no numbers in its first 4 lines"),
        ("II,V1\n1,2\n1,2,3\n", "Expected 2 fields"),
        ("II,V1\n1,2\n1,x\n", "could not convert|Unable to parse|x"),
        ("II\n1,2\n3,4\n", "a header line has 1 fields, and the data 2"),
        ("0.1,1_000\n2,1\n", "its first line is neither a header nor numbers"),
        ("0.1,0.x\n2,1\n", "its first line is neither a header nor numbers"),
    ],
)
def test_damaged_tables_are_refused(path, text, message):
    path.write_text(text)
    with pytest.raises(ValueError, match=rf"rest\.csv cannot be read as a table \(.*({message})"):
        read_record(path, sampling_rate=RATE)


def test_a_table_without_leads_is_refused(path):
    path.write_text("time\n" + "\n".join(map(str, TIMES)))
    with pytest.raises(ValueError, match="a column of times and no lead"):
        read_record(path)
