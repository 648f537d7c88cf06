"""The table of a GPU, made without one."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from loaded_scripts import load_script

BENCHMARKS = Path(__file__).resolve().parents[1] / "benchmarks"


@pytest.mark.slow
def test_the_table_is_printed_as_it_comes_and_read_by_the_report(tmp_path):
    command = [
        sys.executable, "on_gpu.py", "--device", "cpu", "--tasks", "residual-cnn", "prediction",
        "--sizes", "16", "--beats", "2000", "--seconds", "0.01", "--limit", "60",
        "--compile-limit", "0.01", "--json", str(tmp_path / "gpu.json"),
    ]  # fmt: skip
    done = subprocess.run(
        command, cwd=BENCHMARKS, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    measured = [line for line in lines if " a second" in line]
    assert len(measured) == 12
    assert [line for line in lines if line.endswith("compiled: timed out")] == lines[13:16]
    report = load_script("benchmarks/report.py")
    rows = report.read([tmp_path / "gpu.json"])
    assert {row.what for row in rows} == {"residual-cnn, 16", "prediction, 2,000"}
    skorch = next(row for row in rows if row.key[1:] == ("residual-cnn, 16", "skorch"))
    assert 0 < skorch.low <= skorch.median <= skorch.high
    assert "python benchmarks/on_gpu.py" in report.table(rows)
    run = json.loads((tmp_path / "gpu.json").read_text())
    assert len(run["benchmarks"]) == 2
