from __future__ import annotations

import numpy as np
import pytest
import wfdb

from skecg.datasets import MITBIH_RECORDS
from skecg.datasets._wfdb_record import read_wfdb_record

REMEDY = "Get the files again."


def write(folder, signals, fmt):
    """Write stored integers of shape (n_samples, n_leads) as record r; return its path."""
    n_leads = signals.shape[1]
    wfdb.wrsamp(
        "r",
        fs=360,
        units=["mV"] * n_leads,
        sig_name=[f"lead {i}" for i in range(n_leads)],
        d_signal=signals.astype(np.int64),
        fmt=[fmt] * n_leads,
        adc_gain=[200.0] * n_leads,
        baseline=[0] * n_leads,
        write_dir=str(folder),
    )
    return folder / "r"


def draw(n_samples, n_leads, bits=12, seed=0):
    """Draw integers of so many bits, the lowest and the highest among them."""
    signals = np.random.default_rng(seed).integers(
        -(2 ** (bits - 1)), 2 ** (bits - 1), (n_samples, n_leads)
    )
    signals[0], signals[1] = -(2 ** (bits - 1)), 2 ** (bits - 1) - 1
    return signals


@pytest.fixture
def only_ours(monkeypatch):
    """Fail where wfdb is asked for the signals."""

    def refuse(*args, **kwargs):
        raise AssertionError("wfdb was asked")

    monkeypatch.setattr(wfdb, "rdrecord", refuse)


def test_real_signals_are_those_of_wfdb(data_home):
    for number in MITBIH_RECORDS:
        path = data_home / "mitdb" / str(number)
        signals = read_wfdb_record(path, REMEDY).d_signal
        expected = wfdb.rdrecord(str(path), physical=False, return_res=16).d_signal
        assert signals.dtype == np.int16
        np.testing.assert_array_equal(signals, expected)


@pytest.mark.usefixtures("only_ours")
@pytest.mark.parametrize(
    ("fmt", "n_leads", "bits"),
    [("212", 2, 12), ("212", 4, 12), ("16", 1, 16), ("16", 2, 12), ("16", 12, 16)],
)
def test_plain_forms_are_decoded(tmp_path, fmt, n_leads, bits):
    signals = draw(101, n_leads, bits)
    record = read_wfdb_record(write(tmp_path, signals, fmt), REMEDY)
    np.testing.assert_array_equal(record.d_signal, signals)


@pytest.mark.usefixtures("only_ours")
def test_every_pair_of_12_bit_numbers_shares_its_middle_byte_rightly(tmp_path):
    # The four upper bits of both numbers and the lower ones at their ends: all that is shared.
    numbers = np.array(
        [upper * 256 + lower for upper in range(-8, 8) for lower in (0, 1, 128, 255)]
    )
    signals = np.array(np.meshgrid(numbers, numbers)).reshape(2, -1).T
    record = read_wfdb_record(write(tmp_path, signals, "212"), REMEDY)
    np.testing.assert_array_equal(record.d_signal, signals)


@pytest.mark.parametrize(("fmt", "n_leads", "bits"), [("212", 1, 12), ("212", 3, 12), ("80", 2, 8)])
def test_other_forms_are_read_by_wfdb(tmp_path, fmt, n_leads, bits):
    signals = draw(100, n_leads, bits)
    np.testing.assert_array_equal(
        read_wfdb_record(write(tmp_path, signals, fmt), REMEDY).d_signal, signals
    )


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (" 212 ", " 212+3 "),  # bytes in front of the samples
        (" 212 ", " 212:1 "),  # a skew between the leads
        (" 212 ", " 212x2 "),  # two samples of a lead in a frame
        ("r.dat", "other.dat"),
    ],
)
def test_headers_of_another_layout_are_refused(tmp_path, old, new):
    path = write(tmp_path, draw(100, 2), "212")
    (tmp_path / "other.dat").write_bytes(bytes(300))
    header = path.with_suffix(".hea")
    header.write_text(header.read_text().replace(old, new))
    with pytest.raises(ValueError, match=rf"r\.hea is damaged, .* got .*{REMEDY}"):
        read_wfdb_record(path, REMEDY)


def test_a_header_of_many_leads_is_refused_at_once(tmp_path):
    path = write(tmp_path, draw(8, 2), "16")
    header = path.with_suffix(".hea")
    first, second, *_ = header.read_text().split("\n")
    header.write_text("\n".join([first.replace(" 2 ", " 900 "), *[second] * 900]))
    with pytest.raises(ValueError, match="at most 32 leads, got 900"):
        read_wfdb_record(path, REMEDY)


@pytest.mark.parametrize("fmt", ["212", "16"])
def test_a_file_cut_off_anywhere_is_refused(tmp_path, fmt):
    path = write(tmp_path, draw(8, 2), fmt)
    file = path.with_suffix(".dat")
    content = file.read_bytes()
    assert len(content) == {"212": 24, "16": 32}[fmt]
    for n_bytes in range(len(content)):
        file.write_bytes(content[:n_bytes])
        with pytest.raises(ValueError, match=rf"r\.dat cannot be read .*truncated.* {REMEDY}"):
            read_wfdb_record(path, REMEDY)


@pytest.mark.parametrize("fmt", ["212", "16"])
def test_every_wrong_bit_is_found(tmp_path, fmt):
    path = write(tmp_path, draw(8, 2), fmt)
    file = path.with_suffix(".dat")
    content = file.read_bytes()
    for i in range(8 * len(content)):
        wrong = bytearray(content)
        wrong[i // 8] ^= 1 << i % 8
        file.write_bytes(wrong)
        with pytest.raises(ValueError, match=rf"r\.dat: lead lead . does not agree .* {REMEDY}"):
            read_wfdb_record(path, REMEDY)


def test_bytes_behind_the_samples_do_not_count(tmp_path):
    signals = draw(8, 2)
    path = write(tmp_path, signals, "212")
    with path.with_suffix(".dat").open("ab") as file:
        file.write(b"more")
    np.testing.assert_array_equal(read_wfdb_record(path, REMEDY).d_signal, signals)


@pytest.mark.parametrize("fmt", ["212", "16"])
def test_a_damaged_header_gives_what_wfdb_reads_or_one_error(tmp_path, fmt):
    path = write(tmp_path, draw(8, 2), fmt)
    header = path.with_suffix(".hea")
    content = header.read_bytes()
    rng = np.random.default_rng(0)
    wrong = [content[:n_bytes] for n_bytes in range(len(content))]
    for _ in range(300):
        changed = bytearray(content)
        changed[rng.integers(len(content))] = rng.choice(list(b"0123456789 .:+x-/()\n~r#\xff"))
        wrong.append(bytes(changed))
    n_read, errors = 0, []
    for text in wrong:
        header.write_bytes(text)
        try:
            signals = read_wfdb_record(path, REMEDY).d_signal
        except ValueError as error:
            errors.append(str(error))
        else:
            n_read += 1
            expected = wfdb.rdrecord(str(path), physical=False, return_res=16).d_signal
            np.testing.assert_array_equal(signals, expected)
    assert all(REMEDY in error for error in errors)
    assert n_read > 50  # a changed name, rate or gain does no harm to the samples
