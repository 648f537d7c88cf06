from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import matplotlib.image

ROOT = Path(__file__).resolve().parents[2]


def run_without_data(example: str, folder: Path) -> subprocess.CompletedProcess[str]:
    hidden = ("SKECG_DATA", "SKECG_REQUIRE_DATA")
    environment = {name: value for name, value in os.environ.items() if name not in hidden}
    environment |= {"HOME": str(folder), "PYTHONPATH": str(ROOT), "MPLBACKEND": "Agg"}
    done = subprocess.run(
        [sys.executable, str(ROOT / "examples" / example)],
        cwd=folder, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done


def test_quickstart_says_that_the_database_is_missing_and_uses_generated_records(tmp_path):
    done = run_without_data("quickstart.py", tmp_path)
    first_line = done.stdout.splitlines()[0]
    assert "fetch_mitbih()" in first_line
    assert "generated records" in first_line
    assert "No leakage found" in done.stdout
    assert "macro F1" in done.stdout
    assert "5/5" in done.stderr  # the progress bar of the training
    height, width, _ = matplotlib.image.imread(tmp_path / "quickstart.png").shape
    assert (width, height) == (1320, 840)


def test_plot_sheets_draws_generated_sheets(tmp_path):
    done = run_without_data("plot_sheets.py", tmp_path)
    assert "sheets in" in done.stdout


def test_plot_transfer_compares_the_number_of_trained_layers(tmp_path):
    done = run_without_data("plot_transfer.py", tmp_path)
    assert "features.block4.conv       6,336  taken over, frozen" in done.stdout
    assert "last k trained: [" in done.stdout


def test_plot_embedding_puts_a_network_into_a_pipeline(tmp_path):
    done = run_without_data("plot_embedding.py", tmp_path)
    scores = re.findall(r"on the (\w+): balanced accuracy (\d\.\d+)", done.stdout)
    assert [name for name, _ in scores] == ["embedding", "samples"]
    assert float(scores[0][1]) > 0.6  # guessing gives 0.333


def test_plot_inspection_draws_layers_attributions_and_attention(tmp_path):
    done = run_without_data("plot_inspection.py", tmp_path)
    assert "sum of the attributions" in done.stdout
    assert matplotlib.image.imread(tmp_path / "inspection.png").ndim == 3


def test_plot_imbalance_compares_five_ways(tmp_path):
    done = run_without_data("plot_imbalance.py", tmp_path)
    found = re.findall(r"^(.+?) +macro-F1 (\d\.\d+), (\d+) rows", done.stdout, flags=re.MULTILINE)
    ways = ["as they are", "class weights", "balanced batches", "RandomOverSampler", "SMOTE"]
    assert [way for way, _, _ in found] == ways
    n_rows = [int(n) for _, _, n in found]
    assert n_rows[0] == n_rows[1] == n_rows[2] < n_rows[3] == n_rows[4]
