"""Training, prediction, folds and searches on one GPU: plain skorch, loops by hand, and ours.

    python benchmarks/on_gpu.py
    python benchmarks/on_gpu.py --json gpu.json && python benchmarks/report.py gpu.json
    python benchmarks/on_gpu.py --budget 900 --tasks vit vit-published
    python benchmarks/on_gpu.py --device cpu --tasks residual-cnn --sizes 16 --seconds 0.1

Every cell is measured in a process beside this one, for about ``--seconds`` after a warm-up, and is
printed as it comes. One that takes longer than its limit, as compilations may, is "timed out"; what
the ``--budget`` of all does not allow for is "no time left": compiled cells are measured last. With
skorch the samples are on the host; else they are on the device, but in the prediction and the
folds, which begin and end on the host. The waits of the host are counted in one epoch: one of ours
reads the loss at its end.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import platform
import signal
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import torch
from gpu_cells import BY_HAND, KINDS, NETWORKS, Cell, Measured, serve

N_BEATS = 1_000_000
START_LIMIT = 120  # seconds until a process is ready
NO_TIME, TIMED_OUT = "no time left", "timed out"
Result = Measured | str
# Least ratios of our rate to theirs, and of ours in training to the arithmetic that it takes.
REACHES = {
    ("residual-cnn", 128): {
        "skorch": 5,
        "by hand, float32, ours too": 4,
        "by hand, bfloat16, ours too": 4,
    },
    ("vit", 32): {"skorch": 3, "faster loop by hand": 2},
    ("attention-vgg-published", 32): {"by hand, bfloat16": 1.3},
    ("cross-validation", N_BEATS): {"skorch": 4},
}
REACH_OF_PEAK = {"vit-published": 0.3}
REACH_OF_FLOAT32 = {("residual-cnn", 128): 0.6}  # of our rate in bfloat16


class Worker:
    """A process that measures cells, and is replaced where one takes too long."""

    def __init__(self, *settings: Any) -> None:
        self._settings, self._process = settings, None
        self.peak = self._start()

    def _start(self) -> float:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=serve, args=(theirs, *self._settings))
        self._process.start()
        return self._answer(START_LIMIT)

    def ask(self, wanted: Cell | str, limit: float) -> Any:
        """Return the answer, or a text that says why there is none."""
        if self._process is None:
            self._start()
        self._pipe.send(wanted)
        return self._answer(limit)

    def _answer(self, limit: float) -> Any:
        if self._pipe.poll(limit):
            try:
                return self._pipe.recv()
            except EOFError:
                self.stop()
                return "the process has died"
        self.stop()
        return TIMED_OUT

    def end(self) -> None:
        if self._process is not None:
            self._pipe.send(None)
            self._process.join(10)
            self.stop()

    def stop(self) -> None:
        if self._process is not None and self._process.is_alive():
            # With the processes of a search, which would keep their memory on the device.
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.join()
        self._process = None


def plan(tasks: list[str], sizes: list[int] | None, n_beats: int) -> list[Cell]:
    """Return the cells, those first that need no compilation."""
    cells = [
        Cell(task, size, kind)
        for task in tasks
        for size in (sizes or NETWORKS[task].n_batches if task in NETWORKS else [n_beats])
        for kind in KINDS[task]
    ]
    return sorted(cells, key=lambda cell: "compiled" in cell.kind)


def fill(cells: list[Cell], worker: Worker, limits: dict[bool, float], end: float) -> dict:
    """Measure the cells one after the other, and print each."""
    results: dict[Cell, Result] = {}
    for cell in cells:
        left = end - time.monotonic()
        limit = min(limits["compiled" in cell.kind], left)
        results[cell] = result = worker.ask(cell, limit) if left > 5 else NO_TIME
        text = result if isinstance(result, str) else described(result)
        print(f"{cell.task}, {cell.size:,}, {cell.kind}: {text}", flush=True)
    return results


def described(measured: Measured) -> str:
    waits = "" if measured.waits is None else f", {measured.waits} waits"
    memory = "" if np.isnan(measured.mib) else f", {measured.mib:,.0f} MiB"
    return f"{np.median(measured.rates):,.4g} a second{memory}{waits}"


def ratio(ours: Measured, theirs: Measured, reach: float | None) -> dict[str, float | None]:
    """Return our rate by theirs; its spread is that of the quartiles of both."""
    (a, b, c), (x, y, z) = (np.percentile(m.rates, [25, 50, 75]) for m in (ours, theirs))
    return {"median": b / y, "low": a / z, "high": c / x, "reach": reach, "floor": None}


def fastest(results: dict[str, Measured], kinds: Any) -> str | None:
    return max(
        (kind for kind in kinds if kind in results),
        key=lambda kind: np.median(results[kind].rates),
        default=None,
    )


def ratios_of(
    task: str, size: int, results: dict[str, Measured], highest: Measured | None
) -> dict[str, dict]:
    """Return our fastest rate by each of theirs, and what else the targets speak of.

    ``highest`` is the rate at which this device's fastest product would train.
    """
    if task == "search":
        return {
            kind: ratio(results[kind], results["1 at once"], None)
            for kind in results
            if kind != "1 at once" and "1 at once" in results
        }
    ours = [kind for kind in results if kind.startswith("ours")]
    best = fastest(results, ours)
    if best is None:
        return {}
    reach = REACHES.get((task, size), {})
    pairs = {kind: (best, kind) for kind in results if not kind.startswith("ours")}
    by_hand = fastest(results, BY_HAND.keys() - {"by hand, bfloat16, compiled"})
    if by_hand is not None:
        pairs["faster loop by hand"] = best, by_hand
    own = {
        precision: fastest(results, [kind for kind in ours if precision in kind])
        for precision in ("float32", "bfloat16")
    }
    for precision, kind in own.items():
        other = f"by hand, {precision}"
        if kind is not None and other in results:
            pairs[f"{other}, ours too"] = kind, other
    found = {name: ratio(results[a], results[b], reach.get(name)) for name, (a, b) in pairs.items()}
    if highest is not None:
        found["the arithmetic of a large product"] = ratio(
            results[best], highest, REACH_OF_PEAK.get(task)
        )
    single, half = own.values()
    if task in NETWORKS and single and half:
        part = ratio(results[single], results[half], REACH_OF_FLOAT32.get((task, size)))
        found["ours in float32 by ours in bfloat16"] = part
    return found


def figures_of(results: dict[str, Measured]) -> dict[str, dict]:
    """Return the rate, memory and waits of our fastest."""
    best = fastest(results, [kind for kind in results if kind.startswith("ours")])
    if best is None:
        return {}
    measured, figures = results[best], {}

    def add(name: str, values: list[float], unit: str) -> None:
        low, median, high = np.percentile(values, [25, 50, 75])
        row = {"median": median, "low": low, "high": high, "unit": unit, "at_most": None}
        figures[f"{best}: {name}"] = row

    add("rate", measured.rates, "samples/s")
    if not np.isnan(measured.mib):
        add("memory", [measured.mib], "MiB")
    if measured.waits is not None:
        add("waits of the host in an epoch", [measured.waits], "waits")
    return figures


def row_of(
    task: str, size: int, results: dict[Cell, Result], operations: Any, peak: float
) -> dict[str, Any]:
    """Return a row of the table as pytest-benchmark writes it, for report.py."""
    measured = {
        cell.kind: result
        for cell, result in results.items()
        if (cell.task, cell.size) == (task, size) and isinstance(result, Measured)
    }
    highest = Measured([peak / operations]) if isinstance(operations, float) else None
    ratios = ratios_of(task, size, measured, highest)
    return {
        "fullname": "benchmarks/on_gpu.py",
        "name": f"{task}, {size:,}",
        "params": None,
        "extra_info": {"ratios": ratios, "figures": figures_of(measured)},
    }


def table(rows: list[dict]) -> str:
    """Return the ratios as a table."""
    lines = ["| task | compared with | ours / theirs | target | met |", "|---|---|---|---|---|"]
    for row in rows:
        for name, value in row["extra_info"]["ratios"].items():
            reach, median = value["reach"], value["median"]
            met = "" if reach is None else f"| >= {reach:g} | {'yes' if median >= reach else 'no'}"
            spread = f"{median:.2f} ({value['low']:.2f} .. {value['high']:.2f})"
            lines.append(f"| {row['name']} | {name} | {spread} {met or '| | '} |")
        for name, value in row["extra_info"]["figures"].items():
            lines.append(f"| {row['name']} | {name} | {value['median']:,.4g} {value['unit']} | | |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--device", type=torch.device, default="cuda")
    parser.add_argument("--tasks", nargs="+", choices=KINDS, default=list(KINDS))
    parser.add_argument("--sizes", type=int, nargs="+", help="of batches; default: the network's")
    parser.add_argument("--beats", type=int, default=N_BEATS, help="to predict; folds have fewer")
    parser.add_argument("--seconds", type=float, default=1.0, help="to measure a cell")
    parser.add_argument("--limit", type=float, default=25, help="seconds a cell")
    parser.add_argument("--compile-limit", type=float, default=40, help="the same, compiled")
    parser.add_argument("--budget", type=float, default=220, help="seconds for all cells")
    parser.add_argument("--json", type=Path, help="file for report.py")
    arguments = parser.parse_args()
    device = arguments.device
    end = time.monotonic() + arguments.budget
    worker = Worker(device, arguments.seconds, arguments.beats)
    if isinstance(worker.peak, str):
        raise SystemExit(f"on_gpu.py: no process could begin: {worker.peak}")
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else platform.machine()
    print(f"{name}: a large product in bfloat16 has {worker.peak / 1e12:.3g} Top/s", flush=True)
    try:
        cells = plan(arguments.tasks, arguments.sizes, arguments.beats)
        limits = {False: arguments.limit, True: arguments.compile_limit}
        results = fill(cells, worker, limits, end)
        tasks = [task for task in arguments.tasks if task in NETWORKS]
        operations = {task: worker.ask(task, arguments.limit) for task in tasks}
        worker.end()
    finally:
        worker.stop()
    rows = [
        row_of(task, size, results, operations.get(task), worker.peak)
        for task, size in dict.fromkeys((cell.task, cell.size) for cell in cells)
    ]
    print(f"\n{table(rows)}")
    if arguments.json:
        machine = {
            "cpu": {"brand_raw": name, "count": os.cpu_count()},
            "python_version": platform.python_version(),
        }
        run = {"machine_info": machine, "datetime": datetime.now(UTC).isoformat()}
        arguments.json.write_text(json.dumps(run | {"benchmarks": rows}, indent=1))


if __name__ == "__main__":
    main()
