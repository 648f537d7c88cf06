"""Import time of skecg and skorch, and of NumPy for comparison, each in a new process.

pytest benchmarks/test_import_time.py --benchmark-only -s

The ratios include the start of the interpreter on both sides; the last value excludes it.
"""

from __future__ import annotations

import subprocess
import sys

import numpy as np


def importing(name):
    code = f"import {name}" if name else ""
    return lambda: subprocess.run([sys.executable, "-c", code], check=True)


def test_import(compare):
    others = {"skorch": importing("skorch"), "NumPy": importing("numpy"), "nothing": importing("")}
    within = {"skorch": 1 / 0.15}
    compare(importing("skecg"), others, rounds=5, reach=within, floor=within)
    seconds = {name: np.median(times) for name, times in compare.times.items()}
    share = (seconds["ours"] - seconds["nothing"]) / (seconds["skorch"] - seconds["nothing"])
    compare.figure("import skecg", share, "of import skorch", at_most=0.15)
