"""Experiments that are followed with MLflow, through skorch's logger."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

import skecg

DOCS = Path(__file__).parents[2] / "docs" / "guide" / "tracking.md"


@pytest.fixture
def mlflow(tmp_path, monkeypatch):
    """Give MLflow with a store of files in a folder of its own."""
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    monkeypatch.chdir(tmp_path)
    mlflow = pytest.importorskip("mlflow", reason="mlflow-skinny is not installed")
    before = mlflow.get_tracking_uri()
    mlflow.set_tracking_uri((tmp_path / "mlruns").as_uri())
    yield mlflow
    mlflow.set_tracking_uri(before)


@pytest.mark.slow
def test_the_page_on_mlflow_runs_and_stores_every_epoch(mlflow, tmp_path):
    block = re.findall(r"```python\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.DOTALL)[0]
    names = {}
    exec(block, names)
    run, clf = names["run"].info.run_id, names["clf"]
    client = mlflow.tracking.MlflowClient()
    for column in ("train_loss", "lr", "dur"):
        kept = client.get_metric_history(run, column)
        assert [point.step for point in kept] == [1, 2, 3, 4, 5]
        assert [point.value for point in kept] == [row[column] for row in clf.history_]
    stored = client.get_run(run).data
    assert stored.params["max_epochs"] == "5"
    assert 0 <= stored.metrics["macro_f1"] <= 1
    loaded = skecg.load(client.download_artifacts(run, "beats.safetensors", str(tmp_path)))
    X = names["beats"].data[:9]
    assert np.array_equal(loaded.predict_proba(X), clf.predict_proba(X))
