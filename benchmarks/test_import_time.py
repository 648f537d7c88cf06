"""What an import costs: skecg, skorch, and NumPy for scale, in processes of their own.

pytest benchmarks/test_import_time.py --benchmark-only -s

An empty interpreter is timed beside them, and taken off both: the claim is about the import.
"""

from __future__ import annotations

import subprocess
import sys

import numpy as np


def importing(name):
    code = f"import {name}" if name else ""
    return lambda: subprocess.run([sys.executable, "-c", code], check=True)


def test_import(compare, short):
    others = {"skorch": importing("skorch"), "NumPy": importing("numpy"), "nothing": importing("")}
    compare(importing("skecg"), others, rounds=5)
    seconds = {name: np.median(times) for name, times in compare.times.items()}
    share = (seconds["ours"] - seconds["nothing"]) / (seconds["skorch"] - seconds["nothing"])
    print(f"\n    import skecg / import skorch = {share:.3f}, both without the interpreter", end="")
    # Reach: at most 0.15, even with the interpreter's own start on both sides.
    assert 1 / compare.cpu["skorch"] <= 0.15
