"""A generated twin of PTB-XL: nine records of ten seconds at both rates, and the two tables."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import wfdb

LEADS = ["I", "II", "III", "AVR", "AVL", "AVF", "V1", "V2", "V3", "V4", "V5", "V6"]
STATEMENTS = {
    "NORM": "NORM",
    "IMI": "MI",
    "ASMI": "MI",
    "ISC_": "STTC",
    "IRBBB": "CD",
    "LVH": "HYP",
    "ABQRS": "",
    "SR": "",
}
# ecg_id: (patient, fold, statements with their likelihoods)
RECORDS = {
    1: (10, 1, {"NORM": 100.0, "SR": 0.0}),
    2: (10, 1, {"NORM": 80.0}),
    3: (11, 2, {"IMI": 35.0, "ABQRS": 0.0}),
    4: (12, 3, {"IMI": 0.0, "ISC_": 100.0}),
    5: (13, 4, {"NORM": 100.0, "IRBBB": 100.0}),
    6: (14, 5, {"NORM": 50.0, "ASMI": 15.0}),
    7: (15, 9, {"LVH": 100.0}),
    8: (16, 10, {"SR": 0.0}),
    9: (17, 10, {"ASMI": 100.0}),
}
RATES = {100: "lr", 500: "hr"}


def write_record(
    folder: Path,
    name: str,
    rate: int,
    seed: int,
    leads: list[str] = LEADS,
    seconds: int = 10,
    unit: str = "mV",
    missing: bool = False,
) -> None:
    """Write R waves of 1 mV at 75 beats per minute, each lead at its own height, with noise."""
    rng = np.random.default_rng(seed)
    time = np.arange(seconds * rate) / rate
    beat = np.exp(-0.5 * ((time % 0.8 - 0.4) / 0.02) ** 2)
    height = np.array([(LEADS.index(lead) + 1) / 2 for lead in leads])
    microvolts = 1000 * np.outer(beat, height) + rng.integers(-20, 20, (len(time), len(leads)))
    if missing:
        microvolts[500, 3] = -32768
    folder.mkdir(parents=True, exist_ok=True)
    wfdb.wrsamp(
        name,
        fs=rate,
        units=[unit] * len(leads),
        sig_name=list(leads),
        d_signal=microvolts.astype(np.int64),
        fmt=["16"] * len(leads),
        adc_gain=[1000.0] * len(leads),
        baseline=[0] * len(leads),
        write_dir=str(folder),
    )


def write_tables(folder: Path) -> None:
    """Write the records' table, whose second column is a person, and the statements'."""
    columns = ["ecg_id", "patient_id", "age", "report", "scp_codes", "strat_fold"]
    with (folder / "ptbxl_database.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow([*columns, "filename_lr", "filename_hr"])
        for ecg_id, (patient, fold, codes) in RECORDS.items():
            names = [f"records{rate}/00000/{ecg_id:05}_{end}" for rate, end in RATES.items()]
            report = "qt-verlÄngerung, sinusrhythmus"
            writer.writerow([ecg_id, f"{patient}.0", "56.0", report, codes, fold, *names])
    with (folder / "scp_statements.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["", "description", "diagnostic", "form", "diagnostic_class"])
        for code, name in STATEMENTS.items():
            writer.writerow([code, f"what {code} means", "1.0" if name else "", "", name])


def write_ptbxl(folder: Path) -> None:
    """Write the whole database."""
    for ecg_id in RECORDS:
        for rate, end in RATES.items():
            place = folder / f"records{rate}" / "00000"
            write_record(place, f"{ecg_id:05}_{end}", rate, seed=ecg_id)
    write_tables(folder)
