from __future__ import annotations

import gzip
import os
import tracemalloc

import numpy as np
import pytest
import wfdb

from skecg.datasets import beats_from_records, load_heartbeat, load_mitbih, make_records
from skecg.datasets._heartbeat import published_test_rows


@pytest.fixture
def home(generated_home, monkeypatch):
    """Return a data folder of three small records, two of them of one subject."""
    monkeypatch.setattr("skecg.datasets._mitbih.MITBIH_RECORDS", (114, 201, 202))
    return generated_home


@pytest.fixture(scope="module")
def rebuilt(data_home):
    """Return the data set rebuilt from the real records: all of it, and the published parts."""
    subsets = ("all", "train", "test")
    return {name: load_heartbeat(data_home, source="mitbih", subset=name) for name in subsets}


def cut_by_the_words_of_the_rule(signal, samples, i):
    """Cut one row as the rule is written down, without any vectorising."""
    after = samples[i + 2] if i + 2 < len(samples) else len(signal)
    stop = samples[i + 1] + int(0.2 * (after - samples[i + 1]))
    piece = signal[samples[i] : stop : 3].astype(np.float64)
    piece = (piece - piece.min()) / (piece.max() - piece.min())
    row = np.zeros(187, dtype=np.float32)
    row[: min(187, len(piece))] = piece[:187]
    return row


def test_rows_follow_the_rule(home):
    beats = load_heartbeat(home, source="mitbih")
    assert beats.data.dtype == np.float32
    assert len(beats.data) > 30
    for i in range(len(beats.data)):
        path = str(home / "mitdb" / str(beats.record[i]))
        signal = wfdb.rdrecord(path, physical=False).d_signal[:, 0]
        annotation = wfdb.rdann(path, "atr")
        k = beats.annotation[i]
        assert annotation.symbol[k] == beats.symbol[i]
        assert annotation.sample[k] == beats["sample"][i]
        expected = cut_by_the_words_of_the_rule(signal, annotation.sample, k)
        np.testing.assert_array_equal(beats.data[i], expected)


def test_rebuilding_does_not_keep_the_records(data_home):
    tracemalloc.start()
    beats = load_heartbeat(data_home, source="mitbih")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    # The leads of all records, 650,000 samples of 16 bits each, would be another 62 MB.
    assert beats.data.nbytes < peak < beats.data.nbytes + 30e6


def test_generated_beats_are_those_of_the_records_together(home):
    beats = load_heartbeat(home, source="mitbih")
    expected = beats_from_records(load_mitbih(home, leads=0, physical=False))
    for name in ("data", "target", "groups", "record", "sample", "symbol", "annotation"):
        np.testing.assert_array_equal(beats[name], expected[name])


def test_records_201_and_202_are_one_subject(home):
    beats = load_heartbeat(home, source="mitbih")
    assert set(beats.groups[beats.record == 202]) == {201}
    assert set(beats.record) == {114, 201, 202}


def test_the_first_channel_is_taken_whatever_its_lead(home):
    # As the published rows are: record 114 has V5 in front.
    beats = load_heartbeat(home, source="mitbih")
    raw = load_mitbih(home, leads="V5", records=[114], physical=False)
    np.testing.assert_array_equal(beats.data[beats.record == 114], beats_from_records(raw).data)


def test_generated_records_give_the_same_form():
    records = make_records(n_subjects=2, duration=20, random_state=0)
    beats = beats_from_records(records, n_timesteps=150)
    assert beats.data.shape == (len(beats.target), 150)
    assert beats.sampling_rate == 120
    assert beats.data.min() == 0
    assert beats.data.max() == 1
    # Every beat but each record's last annotation has a row.
    n_beats = sum((codes[:-1] >= 0).sum() for codes in records.target)
    assert len(beats.data) == n_beats


def test_the_published_split_is_a_fifth_of_the_beats():
    rows = published_test_rows()
    assert len(rows) == len(set(rows)) == 21_892
    assert rows.min() >= 0
    assert rows.max() < 109_446


def test_rebuilt_data_set_has_the_published_counts(rebuilt):
    every, train, test = rebuilt["all"], rebuilt["train"], rebuilt["test"]
    # Kachuee et al. and the Kaggle page: N, S, V, F, Q.
    assert np.bincount(every.target).tolist() == [90_589, 2_779, 7_236, 803, 8_039]
    assert len(np.unique(every.groups)) == 47
    assert len(np.unique(every.record)) == 48

    assert np.bincount(train.target).tolist() == [72_471, 2_223, 5_788, 641, 6_431]
    assert np.bincount(test.target).tolist() == [18_118, 556, 1_448, 162, 1_608]
    # The published split is by beat: every record stands in both parts.
    assert set(train.record) == set(test.record) == set(every.record)


@pytest.mark.parametrize("subset", ["train", "test"])
def test_known_rows_are_bit_equal(data_home, rebuilt, subset):
    file = data_home / "heartbeat" / f"kaggle_{subset}_first10rows.csv"
    known = np.loadtxt(file, delimiter=",")
    rows = rebuilt[subset]
    if subset == "test":  # the order of the test file is known
        np.testing.assert_array_equal(rows.data[:10], known[:, :187])
        np.testing.assert_array_equal(rows.target[:10], known[:, 187])
    else:
        equal = (rows.data[:, None, :40] == known[None, :, :40].astype(np.float32)).all(2)
        assert (equal.sum(0) == 1).all()
        places = equal.argmax(0)
        np.testing.assert_array_equal(rows.data[places], known[:, :187])
        np.testing.assert_array_equal(rows.target[places], known[:, 187])


def test_test_rows_are_those_of_the_provenance(data_home, rebuilt):
    provenance = np.genfromtxt(
        data_home / "heartbeat" / "kaggle_test_provenance.csv",
        delimiter=",", names=True, dtype=None, encoding="utf-8",
    )  # fmt: skip
    test = rebuilt["test"]
    np.testing.assert_array_equal(test.record, provenance["record"])
    np.testing.assert_array_equal(test.annotation, provenance["ann_index"])
    np.testing.assert_array_equal(test["sample"], provenance["r_sample"])
    np.testing.assert_array_equal(test.symbol, provenance["symbol"])


# CSV files --------------------------------------------------------------------------------------


def write_csv(file, n, labels, seed=0):
    rng = np.random.default_rng(seed)
    rows = rng.random((n, 187), dtype=np.float32)
    table = np.column_stack((rows, np.resize(labels, n)))
    lines = "\r\n".join(",".join(f"{value:.18e}" for value in row) for row in table) + "\r\n"
    opener = gzip.open if file.suffix == ".gz" else open
    with opener(file, "wt", newline="") as stream:
        stream.write(lines)
    return rows, table[:, -1].astype(int)


def test_csv_files_in_the_folder_or_its_heartbeat_folder(tmp_path):
    (tmp_path / "heartbeat").mkdir()
    train = write_csv(tmp_path / "heartbeat" / "mitbih_train.csv", 8, [0, 1, 2, 3, 4])
    test = write_csv(tmp_path / "mitbih_test.csv.gz", 6, [0, 4], seed=1)
    for subset, (rows, labels) in {"train": train, "test": test}.items():
        X, y = load_heartbeat(tmp_path, subset=subset, return_X_y=True)
        np.testing.assert_array_equal(X, rows)
        np.testing.assert_array_equal(y, labels)
    both = load_heartbeat(tmp_path)
    np.testing.assert_array_equal(both.data, np.vstack((train[0], test[0])))
    assert "groups" not in both
    assert both.target_names.tolist() == ["N", "S", "V", "F", "Q"]


def test_ptb_files(tmp_path):
    normal = write_csv(tmp_path / "ptbdb_normal.csv", 3, [0])
    abnormal = write_csv(tmp_path / "ptbdb_abnormal.csv", 4, [1])
    ptb = load_heartbeat(tmp_path, database="ptb")
    np.testing.assert_array_equal(ptb.data, np.vstack((normal[0], abnormal[0])))
    assert ptb.target_names[ptb.target].tolist() == ["normal"] * 3 + ["abnormal"] * 4


def test_a_label_of_no_class_is_refused(tmp_path):
    write_csv(tmp_path / "mitbih_test.csv", 4, [0, 5])
    with pytest.raises(ValueError, match=r"labels up to 5; .* 0 to 4"):
        load_heartbeat(tmp_path, subset="test")


def test_a_missing_file_is_named_with_the_way_out(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"mitbih_train.csv.*source='mitbih'"):
        load_heartbeat(tmp_path, subset="train")
    with pytest.raises(FileNotFoundError, match="fetch_mitbih"):
        load_heartbeat(tmp_path, source="mitbih")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"source": "kaggle"}, "source must be"),
        ({"subset": "validation"}, "no subset 'validation'"),
        ({"database": "ptb", "subset": "train"}, "no published split"),
        ({"database": "ptb", "source": "mitbih"}, "cannot be rebuilt"),
    ],
)
def test_wrong_arguments(tmp_path, arguments, message):
    with pytest.raises(ValueError, match=message):
        load_heartbeat(tmp_path, **arguments)


def test_the_tuples_hold_what_the_bunch_does(home):
    beats = load_heartbeat(home, source="mitbih")
    for part in (
        load_heartbeat(home, source="mitbih", return_X_y=True),
        load_heartbeat(home, source="mitbih", return_X_y_groups=True),
    ):
        for values, expected in zip(part, (beats.data, beats.target, beats.groups)):
            np.testing.assert_array_equal(values, expected)
    assert len(part) == 3


def test_groups_of_the_published_files_are_refused(tmp_path):
    with pytest.raises(ValueError, match="needs source='mitbih', got source='csv'"):
        load_heartbeat(tmp_path, return_X_y_groups=True)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no FIFO")
@pytest.mark.parametrize("kind", ["fifo", "device"])
def test_a_published_file_that_never_ends_is_refused(tmp_path, kind):
    file = tmp_path / "mitbih_test.csv"
    os.mkfifo(file) if kind == "fifo" else file.symlink_to("/dev/zero")
    with pytest.raises(ValueError, match="is not a regular file"):
        load_heartbeat(tmp_path, subset="test")
