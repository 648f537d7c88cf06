"""Train the annotators that come with the package, and write their files and cards.

Each is the vote of a network and of boosted trees of ``accuracy_annotator.py``.

The same machine writes the same bytes. DS2 is measured for the card of "mitbih-aami" only; nothing
is chosen by it.

    python benchmarks/train_pretrained.py
    python benchmarks/train_pretrained.py --check        # compare with the files that are there
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import numpy as np
from accuracy_annotator import annotator, figures_of, matrix_of
from sklearn.base import BaseEstimator

import skecg
from skecg import BeatAnnotator
from skecg.datasets import load_mitbih
from skecg.model_selection import DE_CHAZAL_DS1, DE_CHAZAL_DS2

FOLDER = Path(skecg.__file__).parent / "persistence" / "pretrained"
CARD = {
    "data": "MIT-BIH Arrhythmia Database, lead MLII (Moody and Mark 2001, doi:10.13026/C2F305)",
    "licence of the data": "Open Data Commons Attribution License (ODC-By) 1.0",
    "input": "one lead, II or MLII, of a record of some minutes or more",
    "intended use": "research and teaching; not a medical device",
    "limits": "trained on the beats of 22 or 44 records of people with arrhythmia, none with a "
    "pacemaker; in people it has not seen, most S and F beats are missed, and many that it calls S "
    "or F are not; not tried on other leads or recorders, on children, or during exercise",
}
_RESAMPLES = 2000


def main() -> None:
    """Write both files, or compare them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true")
    check = parser.parse_args().check
    FOLDER.mkdir(exist_ok=True)
    ds1, ds2 = (load_mitbih(records=records) for records in (DE_CHAZAL_DS1, DE_CHAZAL_DS2))
    fitted = annotator("vote", seed=0).fit(ds1)
    protocol = "trained on de Chazal's DS1 (22 records), measured on DS2 (22 records), by record"
    card = {**CARD, "protocol": protocol, **measure(fitted, ds2)}
    write("mitbih-aami", fitted, card, check)
    both = load_mitbih(records=[*DE_CHAZAL_DS1, *DE_CHAZAL_DS2])
    protocol = "trained on DS1 and DS2 (44 records); no figures of its own, see mitbih-aami"
    fitted = annotator("vote", seed=0).fit(both)
    write("mitbih-aami-all", fitted, {**CARD, "protocol": protocol}, check)


def measure(fitted: BeatAnnotator, ds2) -> dict[str, str]:
    """Return figures on DS2 with intervals over its records, drawn with replacement."""
    rng = np.random.default_rng(0)
    card = {}
    for peaks, found in (("annotated R peaks", False), ("found R peaks", True)):
        matrices = np.array([matrix_of(fitted, ds2, i, found=found) for i in range(22)])
        drawn = rng.integers(22, size=(_RESAMPLES, 22))
        spread = np.array([figures_of(matrices[rows].sum(axis=0)) for rows in drawn])
        low, high = np.nanpercentile(spread, [2.5, 97.5], axis=0)
        mean = figures_of(matrices.sum(axis=0))
        for name, i in (("N", 1), ("S", 4), ("V", 7), ("F", 8), ("macro of N, S, V", 9)):
            card[f"F1 of {name}, {peaks}"] = f"{mean[i]:.3f} [{low[i]:.3f} - {high[i]:.3f}]"
    return card


def write(name: str, fitted: BaseEstimator, card: dict[str, str], check: bool) -> None:
    """Write a file, or say whether the one that is there has the same bytes."""
    path = FOLDER / f"{name}.safetensors"
    if not check:
        skecg.save(fitted, path, metrics=card)
    else:
        with tempfile.TemporaryDirectory() as folder:
            other = Path(folder) / path.name
            skecg.save(fitted, other, metrics=card)
            print(name, "is the same" if other.read_bytes() == path.read_bytes() else "DIFFERS")
    print(skecg.describe(path), f"\n{path.stat().st_size:,} bytes\n")


if __name__ == "__main__":
    main()
