"""A generated record in the form of the MIT-BIH database."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import wfdb


def write_record(folder: Path, number: int, leads: list[str], n_samples: int = 7200) -> None:
    """Write a record of stored integers and its annotations; the number is the seed."""
    rng = np.random.default_rng(number)
    folder.mkdir(parents=True, exist_ok=True)
    adc = 1024 + rng.integers(-400, 400, (n_samples, 2)).cumsum(axis=0) % 800 - 400
    wfdb.wrsamp(
        str(number),
        fs=360,
        units=["mV", "mV"],
        sig_name=leads,
        d_signal=adc,
        fmt=["212", "212"],
        adc_gain=[200.0, 200.0],
        baseline=[1024, 1024],
        write_dir=str(folder),
    )
    sample = np.append(18, np.cumsum(rng.integers(150, 400, n_samples // 400)) + 50)
    symbol = np.append("+", rng.choice(list("NNNNLRAVF/f~"), len(sample) - 1))
    wfdb.wrann(
        str(number),
        "atr",
        sample=sample,
        symbol=list(symbol),
        aux_note=["(N"] + [""] * (len(sample) - 1),
        fs=360,
        write_dir=str(folder),
    )
