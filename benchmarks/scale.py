"""Scaling: seconds and peak memory as functions of the number of beats, windows or sheets.

Each size runs in its own process. Peak memory is relative to the memory after the imports and the
processing of a few samples, and includes the samples. The slopes are those of straight lines
through the logarithms of the three largest sizes, where 1 means that cost is proportional to size.
The difference between the two largest sizes gives the cost of one more sample, from which the
numbers that fill the memory and that take an hour are extrapolated.

    python benchmarks/scale.py
    python benchmarks/scale.py --largest 10000 --cases "one hidden layer"

Linux only.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

N_TIMESTEPS, N_CLASSES = 187, 5
WINDOW = 1250  # 10 s at 125 Hz
N_DISTINCT_SHEETS = 8

Work = Callable[[], float | None]  # returns its seconds, or None to use the time of the call


def beats(n: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    return rng.standard_normal((n, N_TIMESTEPS), dtype=np.float32), np.arange(n) % N_CLASSES


def one_hidden_layer(input_shape: tuple[int], n_classes: int):
    from torch import nn

    return nn.Sequential(nn.Linear(input_shape[0], 64), nn.ReLU(), nn.Linear(64, n_classes))


def small_classifier():
    from skecg import ECGNeuralClassifier

    return ECGNeuralClassifier(module=one_hidden_layer, max_epochs=1, random_state=0)


def residual_cnn():
    from skecg import ECGResidualCNNClassifier

    return ECGResidualCNNClassifier(max_epochs=1, random_state=0)


def epoch(classifier, n: int) -> Work:
    X, y = beats(n)
    return lambda: classifier.fit(X, y).history_[0]["dur"]


def prediction(classifier, n: int) -> Work:
    classifier.fit(*beats(100))
    X, _ = beats(n)

    def predict() -> None:
        classifier.predict_proba(X)

    return predict


def segmenting(n: int) -> Work:
    from skecg import BeatSegmenter
    from skecg.datasets import make_records

    records = make_records(4, duration=250, sampling_rate=125, random_state=0).data
    windows = np.concatenate([np.asarray(r, np.float32).reshape(-1) for r in records])
    windows = windows[: len(windows) // WINDOW * WINDOW].reshape(-1, WINDOW)
    X = np.resize(windows, (n, WINDOW))

    def segment() -> None:
        BeatSegmenter(sampling_rate=125).fit_transform(X)

    return segment


def resizing(n: int) -> Work:
    from skecg import AreaResize

    folder = Path(os.environ["SKECG_SCALE_SHEETS"])
    paths = [str(folder / f"{i:05d}.jpg") for i in range(n)]

    def resize() -> None:
        AreaResize(n_jobs=2).fit_transform(paths)

    return resize


@dataclass(frozen=True)
class Case:
    """A task whose cost is measured, and the advice for sizes beyond the limits."""

    name: str
    unit: str
    sizes: tuple[int, ...]
    prepare: Callable[[int], Work]
    then: str


CASES = [
    Case(
        "one hidden layer, an epoch", "beats", (1_000, 10_000, 100_000, 1_000_000),
        lambda n: epoch(small_classifier(), n), "a memory map: `np.load(path, mmap_mode='r')`",
    ),
    Case(
        "one hidden layer, predict_proba", "beats", (1_000, 10_000, 100_000, 1_000_000),
        lambda n: prediction(small_classifier(), n), "a memory map, or in parts",
    ),
    Case(
        "residual CNN, an epoch", "beats", (1_000, 10_000, 100_000),
        lambda n: epoch(residual_cnn(), n), "a GPU, or `data_parallel` over machines",
    ),
    Case(
        "residual CNN, predict_proba", "beats", (1_000, 10_000, 100_000),
        lambda n: prediction(residual_cnn(), n), "a GPU, or parts on several machines",
    ),
    Case(
        "BeatSegmenter", "windows", (1_000, 10_000, 100_000, 1_000_000),
        segmenting, "record by record: rows are independent",
    ),
    Case(
        "AreaResize, files", "sheets", (100, 1_000, 5_000),
        resizing, "more cores; joblib's Dask backend; decode once with `memory=`",
    ),
]  # fmt: skip


def resident(name: str) -> int:
    text = Path("/proc/self/status").read_text()
    return 1024 * int(text.split(f"{name}:")[1].split()[0])


def measure(case: Case, n: int) -> dict[str, float]:
    case.prepare(min(case.sizes[0], 32))()
    Path("/proc/self/clear_refs").write_text("5")  # resets the peak
    before = resident("VmRSS")
    work = case.prepare(n)
    started = time.perf_counter()
    seconds = work()
    whole = time.perf_counter() - started
    return {
        "seconds": whole if seconds is None else seconds,
        "bytes": max(resident("VmHWM") - before, 0),
    }


def in_a_process(case: Case, n: int) -> dict[str, float]:
    command = [sys.executable, __file__, "--one", case.name, str(n)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def make_files(folder: Path, n: int) -> None:
    """Write a few sheets at full size, and create hard links to them."""
    from PIL import Image

    from skecg.datasets import make_sheets

    for i, sheet in enumerate(make_sheets(N_DISTINCT_SHEETS, random_state=0).data):
        Image.fromarray(sheet).save(folder / f"{i:05d}.jpg", quality=90)
    for i in range(N_DISTINCT_SHEETS, n):
        os.link(folder / f"{i % N_DISTINCT_SHEETS:05d}.jpg", folder / f"{i:05d}.jpg")


def slope(sizes: list[int], costs: list[float]) -> float:
    x, y = np.log(sizes[-3:]), np.log(np.maximum(costs[-3:], 1e-9))
    return float(np.polyfit(x, y, 1)[0])


def rounded(n: float) -> str:
    """Format a number with two significant digits."""
    return f"{float(f'{n:.1e}'):,.0f}"


def row(case: Case, sizes: list[int], found: list[dict[str, float]], memory: float) -> str:
    seconds, held = [[each[key] for each in found] for key in ("seconds", "bytes")]
    slopes, limits = ["", ""], ["", ""]
    if len(sizes) > 1:
        slopes = [f"{slope(sizes, costs):.2f}" for costs in (seconds, held)]
        more = sizes[-1] - sizes[-2]
        second, byte = [(costs[-1] - costs[-2]) / more for costs in (seconds, held)]
        limits = [
            rounded(there_is / cost) if cost > 0 else "(noise)"
            for there_is, cost in ((memory, byte), (3600, second))
        ]
    cells = [
        f"{case.name} ({', '.join(f'{n:,}' for n in sizes)} {case.unit})",
        ", ".join(f"{s:.3g}" for s in seconds), slopes[0],
        ", ".join(f"{b / 1e6:,.0f}" for b in held), slopes[1], *limits, case.then,
    ]  # fmt: skip
    return f"| {' | '.join(cells)} |"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--largest", type=int, default=1_000_000)
    parser.add_argument("--cases", nargs="+", help="prefixes of case names; default: all")
    parser.add_argument("--one", nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        name, n = arguments.one
        case = next(case for case in CASES if case.name == name)
        print(json.dumps(measure(case, int(n))))
        return
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    print(
        f"| task | seconds | slope | peak, MB | slope | {memory / 1e9:.0f} GB are full at "
        "| per hour | beyond |\n|---|---|---|---|---|---|---|---|"
    )
    cases = [case for case in CASES if case.name.startswith(tuple(arguments.cases or ("",)))]
    with tempfile.TemporaryDirectory() as folder:
        os.environ["SKECG_SCALE_SHEETS"] = folder
        sheets = [n for case in cases if case.unit == "sheets" for n in case.sizes]
        if sheets:
            make_files(Path(folder), max(sheets))
        for case in cases:
            sizes = [n for n in case.sizes if n <= arguments.largest]
            found = [in_a_process(case, n) for n in sizes]
            print(row(case, sizes, found, memory), flush=True)


if __name__ == "__main__":
    main()
