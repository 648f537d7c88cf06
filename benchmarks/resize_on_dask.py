"""Time per sheet and memory of ``AreaResize``, locally and with a Dask bag on 2 workers.

The published sheets (or generated ones) are resized to 256 x 182: locally into an array, and on
Dask into one file, as in ``examples/dask_resize.py``. The time does not include the imports of the
workers; the start of the cluster is measured separately.

    python benchmarks/resize_on_dask.py [number of sheets, default 320]
"""

from __future__ import annotations

import re
import runpy
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import dask.bag as db
import numpy as np
from distributed import Client, LocalCluster
from PIL import Image

from skecg.datasets import get_data_home, load_sheets, make_sheets
from skecg.preprocessing import AreaResize

EXAMPLE = Path(__file__).resolve().parents[1] / "examples" / "dask_resize.py"
PARTITION_SIZE = 8


def peak_memory() -> float:
    """Return the largest resident memory of this process so far, in MB (Linux)."""
    # Not getrusage, whose value a new process inherits from its parent.
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    return int(found[1]) / 1024


def find_sheets(n_sheets: int, scratch: str) -> list[str]:
    folder = get_data_home() / "sheets"
    if folder.is_dir():
        return load_sheets(folder).data[:n_sheets].tolist()
    print("no published sheets found; using generated ones")
    for number, sheet in enumerate(make_sheets(min(n_sheets, 64), random_state=0).data):
        Image.fromarray(sheet).save(f"{scratch}/{number}.png")
    return sorted(str(path) for path in Path(scratch).glob("*.png"))


def report(name: str, work: Callable[[], object], cpu_clock: Callable[[], float]) -> None:
    cpu_before, started = cpu_clock(), time.perf_counter()
    n_sheets = work()
    wall, cpu = time.perf_counter() - started, cpu_clock() - cpu_before
    print(f"| {name} | {1000 * wall / n_sheets:.1f} | {1000 * cpu / n_sheets:.1f} |", flush=True)


def main() -> None:
    n_sheets = int(sys.argv[1]) if len(sys.argv) > 1 else 320
    resize_into = runpy.run_path(str(EXAMPLE))["resize_into"]
    with tempfile.TemporaryDirectory() as scratch:
        files = find_sheets(n_sheets, scratch)
        shape = (len(files), 3, 182, 256)
        target = f"{scratch}/pictures.npy"
        np.lib.format.open_memmap(target, "w+", np.uint8, shape).flush()
        for file in files:
            Path(file).read_bytes()  # into the page cache, so that the disk is not measured

        print(f"{len(files)} sheets, result {np.prod(shape) / 1e6:.0f} MB\n")
        print("| method | ms per sheet | CPU ms per sheet |\n|---|---|---|")
        resized = {}

        def resize_here(n_jobs: int) -> int:
            resized[n_jobs] = AreaResize(region="grid", n_jobs=n_jobs).transform(files)
            return len(files)

        for n_jobs in (1, 2):
            report(f"local, n_jobs={n_jobs}", partial(resize_here, n_jobs), time.process_time)
        peak_here = peak_memory()

        started = time.perf_counter()
        with (
            LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,
            Client(cluster) as client,
        ):
            client.run(lambda: AreaResize(region="grid").transform(files[:1]))
            start_up = time.perf_counter() - started
            idle = max(client.run(peak_memory).values())

            def resize_there() -> int:
                bag = db.from_sequence(list(enumerate(files)), partition_size=PARTITION_SIZE)
                return len(
                    bag.map_partitions(lambda part: resize_into(target, list(part))).compute()
                )

            def cpu_clock() -> float:
                # The scheduler runs in this process.
                return time.process_time() + sum(client.run(time.process_time).values())

            report("Dask bag, 2 workers", resize_there, cpu_clock)
            busy = max(client.run(peak_memory).values())
        print(f"\nstarting the cluster: {start_up:.1f} s")
        print(
            f"peak memory: local {peak_here:.0f} MB; of a worker {idle:.0f} MB after one sheet,",
            end="",
        )
        print(f" {busy:.0f} MB after its share of all sheets, including file pages")
        assert np.array_equal(np.load(target, mmap_mode="r"), resized[1])


if __name__ == "__main__":
    main()
