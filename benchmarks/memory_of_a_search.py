"""Peak memory of a 5-fold search on an array of 1 GB, compared with plain skorch.

Each search runs in its own process. The result is the maximum of the sum of the proportional set
sizes of this process and its workers, minus that of a search on an array of 4 MB (interpreters,
libraries), relative to the size of the array. Pages of mapped files are included, and shared pages
are counted once. The network is a small dense layer, so that most of the memory is for arrays.

    python benchmarks/memory_of_a_search.py
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from threading import Event, Thread

import numpy as np
import psutil
from sample_file import N_TIMESTEPS, write_samples

SEARCHES = {
    "skorch's NeuralNetClassifier, array": ("skorch", "array"),
    "skecg, array": ("skecg", "array"),
    "skecg, SampleView of the array": ("skecg", "view"),
    "skecg, SampleView of the file": ("skecg", "file"),
}


def classifier(library: str):
    from torch import nn

    if library == "skecg":
        from skecg import ECGNeuralClassifier

        return ECGNeuralClassifier(module=dense, max_epochs=1, batch_size=4096, random_state=0)
    import torch
    from skorch import NeuralNetClassifier

    torch.manual_seed(0)
    return NeuralNetClassifier(
        dense, module__input_shape=(N_TIMESTEPS,), module__n_classes=2, max_epochs=1,
        batch_size=4096, criterion=nn.CrossEntropyLoss, train_split=None, verbose=0,
    )  # fmt: skip


def dense(input_shape: tuple[int], n_classes: int):
    from torch import nn

    return nn.Linear(input_shape[0], n_classes)


def search(library: str, form: str, n_jobs: int, path: Path) -> None:
    """Run one search and print its seconds."""
    from sklearn.model_selection import GridSearchCV

    import skecg

    clf = classifier(library)
    clf.fit(np.zeros((10, N_TIMESTEPS), np.float32), np.arange(10) % 2)  # imports everything
    X = np.load(path, mmap_mode="r" if form == "file" else None)
    if form != "array":
        X = skecg.SampleView(X)
    rate = "learning_rate" if library == "skecg" else "lr"
    grid = GridSearchCV(clf, {rate: [1e-3]}, cv=5, n_jobs=n_jobs, refit=False, error_score="raise")
    started = time.perf_counter()
    grid.fit(X, (np.arange(len(X)) % 2).astype(np.int64))
    print(time.perf_counter() - started, flush=True)


def peak_memory(process: psutil.Process, finished: Event, peak: list[float]) -> None:
    while not finished.wait(0.05):
        total = 0
        for member in (process, *process.children(recursive=True)):
            try:
                total += member.memory_full_info().pss
            except psutil.NoSuchProcess:
                continue
        peak[0] = max(peak[0], total)


def measure(library: str, form: str, n_jobs: int, path: Path) -> tuple[float, float]:
    """Return peak memory in bytes and seconds."""
    command = [sys.executable, __file__, "--one", library, form, str(n_jobs), str(path)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    watched = psutil.Process(process.pid)
    finished, peak = Event(), [0.0]
    watcher = Thread(target=peak_memory, args=(watched, finished, peak))
    watcher.start()
    seconds = float(process.stdout.readline() or "nan")
    finished.set()
    watcher.join()
    process.wait()
    return peak[0], seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--gigabytes", type=float, default=1.0)
    parser.add_argument("--one", nargs=4, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        library, form, n_jobs, path = arguments.one
        search(library, form, int(n_jobs), Path(path))
        return
    print("| search | n_jobs=1 | n_jobs=2 | seconds, 1 / 2 |\n|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        small = write_samples(Path(folder) / "small.npy", 0.004)
        large = write_samples(Path(folder) / "large.npy", arguments.gigabytes)
        for name, (library, form) in SEARCHES.items():
            units, seconds = [], []
            for n_jobs in (1, 2):
                before, _ = measure(library, form, n_jobs, small)
                peak, time_of_search = measure(library, form, n_jobs, large)
                units.append(f"{(peak - before) / (1e9 * arguments.gigabytes):.2f}")
                seconds.append(f"{time_of_search:.0f}")
            print(f"| {name} | {' | '.join(units)} | {' / '.join(seconds)} |", flush=True)


if __name__ == "__main__":
    main()
