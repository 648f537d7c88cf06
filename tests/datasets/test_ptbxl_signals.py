from __future__ import annotations

import shutil

import numpy as np
import pytest
import wfdb
from generated_ptbxl import LEADS, RATES, write_record

from skecg.datasets import _ptbxl_signals as module
from skecg.datasets import load_ptbxl
from skecg.datasets._wfdb_record import read_wfdb_record
from skecg.signal import resample


def test_real_signals_are_millivolts_in_the_order_of_the_leads(data_home):
    bunch = load_ptbxl(data_home, folds=[9])
    expected, fields = wfdb.rdsamp(str(data_home / "ptbxl" / "records100" / "00000" / "00008_lr"))
    assert fields["units"] == ["mV"] * 12
    row = bunch.ecg_id.tolist().index(8)
    np.testing.assert_array_equal(bunch.data[row], expected.T.astype(np.float32))
    # Einthoven: II = I + III, to within two units of 1 uV of rounding.
    first, second, third = (
        bunch.data[:, bunch.lead_names.index(name)] for name in ("I", "II", "III")
    )
    assert np.abs(first + third - second).max() < 0.0021
    # The R wave of lead II is about 1 mV high.
    assert 0.8 < np.median(np.ptp(second, axis=1)) < 1.6


@pytest.mark.parametrize(("rate", "end"), RATES.items())
def test_native_rates_are_read_as_stored(ptbxl_home, rate, end):
    bunch = load_ptbxl(ptbxl_home, sampling_rate=rate)
    assert bunch.data.shape == (5, 12, 10 * rate)
    assert bunch.data.dtype == np.float32
    assert bunch.sampling_rate == rate
    assert bunch.lead_names == LEADS
    for row, ecg_id in zip(bunch.data, bunch.ecg_id):
        path = ptbxl_home / "ptbxl" / f"records{rate}" / "00000" / f"{ecg_id:05}_{end}"
        np.testing.assert_array_equal(row, wfdb.rdsamp(str(path))[0].T.astype(np.float32))


@pytest.mark.parametrize(
    ("sampling_rate", "source_rate", "read"),
    [(125, None, 100), (125, 500, 500), (360, None, 500), (50, None, 100), (500, 100, 100)],
)
def test_other_rates_are_resampled(ptbxl_home, sampling_rate, source_rate, read):
    bunch = load_ptbxl(ptbxl_home, sampling_rate=sampling_rate, source_rate=source_rate)
    native = load_ptbxl(ptbxl_home, sampling_rate=read)
    assert bunch.data.shape == (5, 12, 10 * sampling_rate)
    np.testing.assert_array_equal(bunch.data, resample(native.data, read, sampling_rate))
    # R waves of sigma 20 ms keep their height, 1 mV in lead II, to within the noise of 0.02 mV.
    assert abs(bunch.data[:, 1].max() - 1) < 0.06


def test_leads_are_found_wherever_they_stand(ptbxl_copy):
    path = ptbxl_copy / "ptbxl" / "records100" / "00000"
    swapped = ["II", "I", *LEADS[2:]]
    write_record(path, "00001_lr", 100, seed=1, leads=swapped)
    data = load_ptbxl(ptbxl_copy, leads=["I", "II"]).data[0]
    # The generated R wave is 0.5 mV high in lead I and 1 mV in lead II.
    np.testing.assert_allclose(data.max(axis=1), [0.5, 1.0], atol=0.03)


def cut_off(path):
    path.write_bytes(path.read_bytes()[:-100])


def flip_a_bit(path):
    content = bytearray(path.read_bytes())
    content[3000] ^= 1
    path.write_bytes(content)


def rewrite(rate=100, **changes):
    def damage(path):
        write_record(path.parent, path.stem, rate, seed=3, **changes)

    return damage


def edit_lead_ii(old, new):
    def damage(path):
        lines = path.with_suffix(".hea").read_text().split("\n")
        assert lines[2].endswith(" II")
        lines[2] = lines[2].replace(old, new, 1)
        path.with_suffix(".hea").write_text("\n".join(lines))

    return damage


def become_a_folder(path):
    path.unlink()
    path.mkdir()


def become_huge(path):
    with path.open("wb") as stream:
        stream.truncate(30 * 2**30)  # takes no space on the disk


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda path: path.unlink(), "no file.*00003_lr.dat"),
        (lambda path: path.with_suffix(".hea").unlink(), "no file.*00003_lr.hea"),
        (lambda path: path.with_suffix(".hea").write_text(""), "00003_lr.dat cannot be read"),
        (cut_off, "00003_lr.dat cannot be read"),
        (flip_a_bit, "00003_lr.dat: lead I.*checksum"),
        (rewrite(seconds=9), "00003_lr.hea: expected 1000 samples at 100 Hz; got 900"),
        (rewrite(rate=50), "00003_lr.hea: expected 1000 samples at 100 Hz; got 500 at 50 Hz"),
        (rewrite(leads=LEADS[:11]), r"00003_lr.hea: expected the leads \['I', .*in mV"),
        (rewrite(unit="uV"), "00003_lr.hea: expected the leads .*in mV and .*uV"),
        (edit_lead_ii(" 16 ", " 06 "), "00003_lr.hea is damaged.*format must be one of 16.*'06'"),
        (edit_lead_ii(" II", " "), "00003_lr.hea is damaged.*lead 1 must have a name, got None"),
        (edit_lead_ii(" 16 ", " 80 "), "00003_lr.hea is damaged.*format must be one of"),
        (edit_lead_ii("1000.0(0)", "0.01(0)"), "00003_lr.hea is damaged.*gain of lead II"),
        (edit_lead_ii("(0)/mV", "(70000)/mV"), "00003_lr.hea is damaged.*baseline of lead II"),
        (rewrite(missing=True), "00003_lr.dat has missing samples"),
        (become_a_folder, "00003_lr.dat is not a regular file"),
        (become_huge, "00003_lr.dat must have at most 67,108,864 bytes, got 32,212,254,720"),
    ],
)
def test_a_record_that_cannot_be_read_raises_or_is_listed(ptbxl_copy, damage, message):
    damage(ptbxl_copy / "ptbxl" / "records100" / "00000" / "00003_lr.dat")
    with pytest.raises((ValueError, FileNotFoundError), match=message):
        load_ptbxl(ptbxl_copy)
    bunch = load_ptbxl(ptbxl_copy, on_error="skip")
    assert bunch.ecg_id.tolist() == [1, 2, 4, 9]
    assert bunch.target.tolist() == [0, 0, 1, 1]
    assert bunch.groups.tolist() == [10, 10, 12, 17]
    assert len(bunch.data) == len(bunch.scp_codes) == len(bunch.metadata["age"]) == 4
    (ecg_id, reason), *others = bunch.skipped
    assert ecg_id == 3
    assert "00003_lr" in reason
    assert not others


@pytest.mark.parametrize(
    "name",
    [
        "../outside/00003_lr",
        "/etc/passwd",
        "records100/../../outside/00003_lr",
        "records100\\\\00003_lr",
        "s3://bucket/00003_lr",
        "",
        "a" * 5000,
    ],
)
def test_a_record_outside_the_folder_is_not_read(ptbxl_copy, name):
    shutil.copytree(ptbxl_copy / "ptbxl" / "records100" / "00000", ptbxl_copy / "outside")
    file = ptbxl_copy / "ptbxl" / "ptbxl_database.csv"
    file.write_text(file.read_text("utf-8").replace("records100/00000/00003_lr", name), "utf-8")
    with pytest.raises((ValueError, FileNotFoundError), match=r"inside the database|no file"):
        load_ptbxl(ptbxl_copy)
    bunch = load_ptbxl(ptbxl_copy, on_error="skip")
    assert [ecg_id for ecg_id, _ in bunch.skipped] == [3]


@pytest.mark.parametrize("error", [IndexError, MemoryError, KeyError])
def test_whatever_a_record_brings_out_is_skipped(ptbxl_home, monkeypatch, error):
    def read(path, remedy):
        if path.name == "00003_lr":
            raise error
        return read_wfdb_record(path, remedy)

    monkeypatch.setattr(module, "read_wfdb_record", read)
    bunch = load_ptbxl(ptbxl_home, on_error="skip")
    assert bunch.skipped == [(3, error.__name__)]
