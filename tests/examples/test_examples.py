from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import matplotlib.image
import pytest

from skecg.datasets import make_sheets
from skecg.preprocessing import AreaResize

ROOT = Path(__file__).resolve().parents[2]


def run_without_data(example: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return run_example(example, folder)


def run_example(example: str, folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    hidden = ("SKECG_DATA", "SKECG_REQUIRE_DATA")
    environment = {name: value for name, value in os.environ.items() if name not in hidden}
    environment |= {"HOME": str(folder), "PYTHONPATH": str(ROOT), "MPLBACKEND": "Agg"}
    environment |= variables
    done = subprocess.run(
        [sys.executable, str(ROOT / "examples" / example)],
        cwd=folder, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done


def f1_scores(report: str) -> dict[str, float]:
    """F1 of each class of a printed `aami_report`, and the macro F1."""
    classes = re.findall(r"^ +([NSVFQ]) +[\d.]+ +[\d.-]+ +([\d.]+)", report, flags=re.MULTILINE)
    (macro,) = re.findall(r"^ *macro F1 +([\d.]+)", report, flags=re.MULTILINE)
    return {name: float(f1) for name, f1 in classes} | {"macro": float(macro)}


@pytest.mark.slow
def test_quickstart_recognises_every_class_of_generated_records(tmp_path):
    done = run_without_data("quickstart.py", tmp_path)
    first_line = done.stdout.splitlines()[0]
    assert "fetch_mitbih()" in first_line
    assert "generated records" in first_line
    assert "Protocol: 20 generated people -> 20 others" in done.stdout
    assert "No leakage found" in done.stdout
    f1 = f1_scores(done.stdout)
    assert list(f1) == [*"NSVFQ", "macro"]
    assert min(f1.values()) > 0.5  # a class that is never found has 0
    assert f1["macro"] >= 0.8
    assert "25/25" in done.stderr  # the progress bar of the training
    height, width, _ = matplotlib.image.imread(tmp_path / "quickstart.png").shape
    assert (width, height) == (1320, 840)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2, 3, 4, 5])
def test_quickstart_does_not_depend_on_its_seed(tmp_path, seed):
    """Other people, split and weights. Measured macro F1: 0.98, 0.95, 0.98, 0.99, 0.98."""
    script = (ROOT / "examples" / "quickstart.py").read_text(encoding="utf-8")
    assert script.count("random_state=0") == 3
    other = tmp_path / "other_seed.py"
    other.write_text(script.replace("random_state=0", f"random_state={seed}"), encoding="utf-8")
    before = os.times()
    done = run_example(str(other), tmp_path, OMP_NUM_THREADS="1")
    after = os.times()
    assert f1_scores(done.stdout)["macro"] >= 0.8
    # Seconds of CPU: on a busy machine a clock on the wall measures the others.
    assert sum(after[2:4]) - sum(before[2:4]) < 60


@pytest.mark.slow
def test_quickstart_trains_on_ds1_and_tests_on_ds2(data_home, tmp_path):
    done = run_example("quickstart.py", tmp_path, SKECG_DATA=str(data_home))
    assert "Protocol: DS1 -> DS2" in done.stdout
    assert "No leakage found between 51013 training and 47569 test samples" in done.stdout
    f1 = f1_scores(done.stdout)
    assert list(f1) == [*"NSVF", "macro"]
    assert f1["N"] > 0.9  # measured: 0.96
    assert f1["V"] > 0.75  # measured: 0.87


@pytest.mark.slow
def test_plot_traces_reads_generated_sheets(tmp_path):
    done = run_without_data("plot_traces.py", tmp_path)
    assert "(4, 16, 500) samples in mV" in done.stdout
    residuals = re.findall(r"^(?:II|aVR) .* ([\d.]+) microvolts", done.stdout, flags=re.MULTILINE)
    assert len(residuals) == 2
    assert max(map(float, residuals)) < 10
    (f1,) = re.findall(r"^macro-F1 ([\d.]+)", done.stdout, flags=re.MULTILINE)
    assert float(f1) > 0.75  # measured: 0.90
    for name in ("traces.png", "lead.png", "decision.png"):
        assert matplotlib.image.imread(tmp_path / name).size


@pytest.mark.slow
def test_plot_sheets_draws_generated_sheets(tmp_path):
    done = run_without_data("plot_sheets.py", tmp_path)
    assert "sheets in" in done.stdout


@pytest.mark.slow
def test_plot_transfer_compares_the_number_of_trained_layers(tmp_path):
    done = run_without_data("plot_transfer.py", tmp_path)
    assert "features.block4.conv       6,336  taken over, frozen" in done.stdout
    assert "last k trained: [" in done.stdout


@pytest.mark.slow
def test_train_in_parallel_is_a_plain_script_too(tmp_path):
    done = run_without_data("train_in_parallel.py", tmp_path)
    assert "processes: 1, training losses: 1.6" in done.stdout  # chance is log(5) = 1.609
    assert "3/3" in done.stderr


@pytest.mark.slow
def test_plot_embedding_puts_a_network_into_a_pipeline(tmp_path):
    done = run_without_data("plot_embedding.py", tmp_path)
    scores = re.findall(r"on the (\w+): balanced accuracy (\d\.\d+)", done.stdout)
    assert [name for name, _ in scores] == ["embedding", "samples"]
    assert float(scores[0][1]) > 0.6  # guessing gives 0.333


@pytest.mark.slow
def test_plot_inspection_draws_layers_attributions_and_attention(tmp_path):
    done = run_without_data("plot_inspection.py", tmp_path)
    assert "sum of the attributions" in done.stdout
    assert matplotlib.image.imread(tmp_path / "inspection.png").ndim == 3
    assert matplotlib.image.imread(tmp_path / "saliency.png").ndim == 3


@pytest.mark.slow
def test_nested_progress_shows_the_epochs_of_every_fit(tmp_path):
    pytest.importorskip("sklearn.callback", reason="scikit-learn before 1.9")
    done = run_without_data("nested_progress.py", tmp_path)
    assert done.stdout.count("GridSearchCV - candidate-split-evaluation") == 2 * 2
    assert done.stdout.count("GridSearchCV - refit-with-best-params") == 1
    assert re.search(r"parent_task_id_path +\(0, 0, 0\).*\(0, 1\)", done.stdout)
    assert len(re.findall(r"^[0-7]( +[01]\.\d+){5}$", done.stdout, flags=re.MULTILINE)) == 8


@pytest.mark.slow
def test_plot_records_lets_the_beats_of_records_vote(tmp_path):
    done = run_without_data("plot_records.py", tmp_path)
    assert "50 records of 40 persons" in done.stdout
    (auc,) = re.findall(r"AUC (\d\.\d+)", done.stdout)
    assert float(auc) > 0.8  # guessing gives 0.5
    assert matplotlib.image.imread(tmp_path / "records.png").ndim == 3


@pytest.mark.slow
def test_plot_several_labels_finds_each_label(tmp_path):
    pytest.importorskip("captum", reason='pip install "skecg[explain]"')
    done = run_without_data("plot_several_labels.py", tmp_path)
    assert "300 records of 128 patients" in done.stdout
    aucs = re.findall(r"of the records, AUC (\d\.\d+)", done.stdout)
    assert len(aucs) == 4
    assert min(map(float, aucs)) > 0.7  # guessing gives 0.5
    at_half, at_own = map(float, re.findall(r", mean (\d\.\d+)", done.stdout))
    assert at_own > at_half - 0.05


@pytest.mark.slow
def test_dask_search_finds_parameters_on_two_workers(tmp_path):
    pytest.importorskip("distributed", reason='pip install "skecg[dask]"')
    done = run_without_data("dask_search.py", tmp_path)
    assert re.search(r"300 beats, best: \{'dropout': .*\}, \d\.\d{3}", done.stdout)


@pytest.mark.slow
def test_dask_resize_writes_every_sheet_into_one_file(tmp_path):
    pytest.importorskip("distributed", reason='pip install "skecg[dask]"')
    done = run_without_data("dask_resize.py", tmp_path)
    sheets = make_sheets(8, random_state=0).data
    grey = AreaResize((182, 256), region="grid").transform(sheets).mean()
    assert f"8 sheets, (3, 182, 256), mean grey level {grey:.1f}" in done.stdout


@pytest.mark.slow
def test_plot_imbalance_compares_five_ways(tmp_path):
    done = run_without_data("plot_imbalance.py", tmp_path)
    found = re.findall(r"^(.+?) +macro-F1 (\d\.\d+), (\d+) rows", done.stdout, flags=re.MULTILINE)
    ways = ["no correction", "class weights", "balanced batches", "RandomOverSampler", "SMOTE"]
    assert [way for way, _, _ in found] == ways
    n_rows = [int(n) for _, _, n in found]
    assert n_rows[0] == n_rows[1] == n_rows[2] < n_rows[3] == n_rows[4]


@pytest.mark.slow
def test_plot_export_gives_the_same_probabilities_by_onnx_runtime(tmp_path):
    pytest.importorskip("onnxruntime", reason='pip install "skecg[onnx]"')
    done = run_without_data("plot_export.py", tmp_path)
    assert "sampling_rate 125" in done.stdout
    (difference,) = re.findall(r"largest difference (\S+), same label for 100%", done.stdout)
    assert float(difference) < 1e-5
    assert matplotlib.image.imread(tmp_path / "export.png").ndim == 3


@pytest.mark.slow
def test_plot_augmentation_shows_augmentations_and_searches_among_them(tmp_path):
    done = run_without_data("plot_augmentation.py", tmp_path)
    scores = re.findall(
        r"^(augment\w*)=.*balanced accuracy (\d\.\d+)", done.stdout, flags=re.MULTILINE
    )
    assert [name for name, _ in scores] == ["augment"] * 3 + ["augment__timestretch__limit"] * 2
    assert max(float(score) for _, score in scores) > 0.4  # guessing gives 0.2
    assert matplotlib.image.imread(tmp_path / "augmentation.png").ndim == 3


def test_annotation_of_a_recording_without_data(tmp_path):
    done = run_without_data("plot_annotation.py", tmp_path)
    assert "Record 'holter': 1 lead (MLII), 360 Hz, 300 s" in done.stdout
    assert "['holter.csv', 'holter.skecg']" in done.stdout
    (rate,) = re.findall(r"beats matched, .* Se +([\d.]+), ", done.stdout)
    assert float(rate) > 0.95
    for name in ("annotation_overview.png", "annotation_strip.png"):
        assert matplotlib.image.imread(tmp_path / name).ndim == 3


@pytest.mark.slow
def test_plot_certainty_calibrates_and_gives_sets_of_classes(tmp_path):
    done = run_without_data("plot_certainty.py", tmp_path)
    before, after = (
        float(value) for value in re.findall(r"logarithmic loss ([\d.]+) \[", done.stdout)
    )
    assert after < before
    assert len(re.findall(r"the true class is in [01]\.\d+ \[", done.stdout)) == 2
