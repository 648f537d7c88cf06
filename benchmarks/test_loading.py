"""Load the heartbeat data set: its CSV file, compared with pandas, or rebuilt, compared with wfdb.

OMP_NUM_THREADS=1 pytest benchmarks/test_loading.py --benchmark-only -s

The records are those of $SKECG_DATA, or generated ones if they are missing. The published CSV file
is not needed: the same rows are written in its format. Time is measured in seconds and in seconds
of CPU, which depend less on the other users of a machine.
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import wfdb

from benchmarks.conftest import data_home, short
from skecg.datasets import MITBIH_RECORDS, make_records
from skecg.datasets._heartbeat import rebuild_heartbeats
from skecg.datasets._heartbeat_csv import read_heartbeat_csv
from skecg.signal import AAMI_CLASSES, AAMI_SYMBOLS

pd = pytest.importorskip("pandas")

N_ROWS = 8_000 if short() else 87_554  # of the published mitbih_train.csv
RECORDS = MITBIH_RECORDS[:6] if short() else MITBIH_RECORDS


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    if (data_home() / "mitdb").is_dir():
        return data_home()
    folder = tmp_path_factory.mktemp("home")
    records = make_records(4, duration=900, random_state=0)  # five records of 15 minutes
    for number, data, marks in zip(RECORDS, records.data, records.annotations):
        write_record(folder / "mitdb", str(number), data, marks)
    return folder


def write_record(folder, name, data, marks):
    folder.mkdir(exist_ok=True)
    signals = 1024 + np.rint(200 * np.column_stack((data, -data))).astype(np.int64)
    wfdb.wrsamp(
        name,
        fs=360,
        units=["mV", "mV"],
        sig_name=["MLII", "V5"],
        d_signal=signals,
        fmt=["212", "212"],
        adc_gain=[200.0, 200.0],
        baseline=[1024, 1024],
        write_dir=str(folder),
    )
    wfdb.wrann(name, "atr", sample=marks.sample, symbol=list(marks.symbol), write_dir=str(folder))


@pytest.fixture(scope="module")
def records(home):
    return [number for number in RECORDS if (home / "mitdb" / f"{number}.dat").is_file()]


def rebuild_by_hand(home, records):
    rows, labels = [], []
    for number in records:
        path = str(home / "mitdb" / str(number))
        signal = wfdb.rdrecord(path, physical=False, channels=[0]).d_signal[:, 0]
        annotation = wfdb.rdann(path, "atr")
        samples = annotation.sample
        for i, symbol in enumerate(annotation.symbol[:-1]):
            if symbol not in AAMI_SYMBOLS:
                continue
            after = samples[i + 2] if i + 2 < len(samples) else len(signal)
            stop = samples[i + 1] + int(0.2 * (after - samples[i + 1]))
            piece = signal[samples[i] : stop : 3].astype(np.float64)
            piece = (piece - piece.min()) / (piece.max() - piece.min())
            row = np.zeros(187, dtype=np.float32)
            row[: len(piece)] = piece[:187]
            rows.append(row)
            labels.append(AAMI_CLASSES.index(AAMI_SYMBOLS[symbol]))
    return np.array(rows), np.array(labels)


@pytest.fixture(scope="module")
def csv(home, records, tmp_path_factory):
    """Return a CSV file in the published format, and its rows."""
    beats = rebuild_heartbeats(home, records=records)
    table = np.column_stack((beats.data, beats.target.astype(np.float32)))
    table = np.resize(table, (N_ROWS, 188))
    # The rows have few distinct numbers, each of which is formatted once, as text of 25 bytes.
    numbers, index = np.unique(table, return_inverse=True)
    texts = np.array([f"{number:.18e},".encode() for number in numbers.tolist()])
    path = tmp_path_factory.mktemp("csv") / "mitbih_train.csv"
    with path.open("wb") as file:
        for rows in np.array_split(index.reshape(table.shape), 100):
            lines = texts[rows].view(np.uint8).reshape(len(rows), -1)
            lines[:, -1] = ord("\n")
            file.write(lines.tobytes())
    yield path, table
    path.unlink()


def peak_memory(imports, statement, path):
    """Return the increase in peak memory, in bytes, of a new process by a statement."""
    code = f"""
import re, sys
from pathlib import Path
{imports}

def kilobytes(field):
    return int(re.search(field + r":\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1])

path = sys.argv[1]
Path("/proc/self/clear_refs").write_text("5")  # resets the peak
before = kilobytes("VmRSS")
result = {statement}
print(1024 * (kilobytes("VmHWM") - before))
"""
    command = [sys.executable, "-c", code, str(path)]
    return int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def compare_times_and_cpu(compare, ours, others, *, reach, floor):
    """Compare seconds, and seconds of CPU in the same rounds."""
    cpu = {name: [] for name in ("ours", *others)}

    def timed(name, function):
        def run():
            started = time.process_time()
            function()
            cpu[name].append(time.process_time() - started)

        return run

    compare(
        timed("ours", ours),
        {name: timed(name, function) for name, function in others.items()},
        reach=reach,
        floor=floor,
    )
    seconds = {name: np.array(values[1:]) for name, values in cpu.items()}
    compare.record(
        {f"{name}, seconds of CPU": seconds[name] / seconds["ours"] for name in others},
        reach={f"{name}, seconds of CPU": ratio for name, ratio in reach.items()},
        floor={f"{name}, seconds of CPU": ratio for name, ratio in floor.items()},
    )


def test_kaggle_csv(compare, csv):
    path, table = csv
    values, labels = read_heartbeat_csv(path)
    np.testing.assert_array_equal(values, table[:, :-1])
    np.testing.assert_array_equal(labels, table[:, -1])
    np.testing.assert_allclose(values, pd.read_csv(path, header=None).values[:, :-1], rtol=1e-6)
    del values, labels

    compare_times_and_cpu(
        compare,
        lambda: read_heartbeat_csv(path),
        {
            "pandas.read_csv": lambda: pd.read_csv(path, header=None),
            "pandas.read_csv, float32": lambda: pd.read_csv(path, header=None, dtype=np.float32),
        },
        reach={"pandas.read_csv": 3},
        floor={"pandas.read_csv": 2.5, "pandas.read_csv, float32": 2},
    )
    if not Path("/proc/self/clear_refs").exists():
        return
    ours = peak_memory(
        "from skecg.datasets._heartbeat_csv import read_heartbeat_csv",
        "read_heartbeat_csv(path)",
        path,
    )
    others = {
        "pandas.read_csv": "pandas.read_csv(path, header=None)",
        "pandas.read_csv, float32": "pandas.read_csv(path, header=None, dtype='float32')",
    }
    peaks = {name: peak_memory("import pandas", code, path) for name, code in others.items()}
    compare.figure("peak memory", ours / 2**20, "MiB")
    compare.record(
        {f"{name}, peak memory": peak / ours for name, peak in peaks.items()},
        reach={"pandas.read_csv, peak memory": 2},
        floor={"pandas.read_csv, peak memory": 2},
    )


def test_rebuild_heartbeats(compare, home, records):
    beats = rebuild_heartbeats(home, records=records)
    rows, labels = rebuild_by_hand(home, records)
    np.testing.assert_array_equal(beats.data, rows)
    np.testing.assert_array_equal(beats.target, labels)
    del beats, rows, labels

    compare_times_and_cpu(
        compare,
        lambda: rebuild_heartbeats(home, records=records),
        {"wfdb and a loop": lambda: rebuild_by_hand(home, records)},
        reach={"wfdb and a loop": 5},
        floor={"wfdb and a loop": 5},
    )
