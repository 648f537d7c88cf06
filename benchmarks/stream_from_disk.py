"""Train and predict on a file that is larger than the available memory.

A separate process opens the file as a memory map, trains a network with one hidden layer on it for
one epoch in random order, and predicts all samples. Its memory is limited in two ways. Beyond the
imports, the kernel allows it ``--anonymous`` gigabytes of its own memory (RLIMIT_DATA, which
excludes pages of files), so that a copy of the file would raise a MemoryError. After each
``--memory`` gigabytes read, all pages of the file are evicted from its map and from the system's
cache, so that a large machine reads from the disk as often as a small one.

Then, single batches are read in several ways from a file that is not in memory, to show the effects
of the order of samples and of announcing them in advance.

    python benchmarks/stream_from_disk.py --gigabytes 1 10
    python benchmarks/stream_from_disk.py --gigabytes 0.2 --memory 0.05 --anonymous 0.3

Linux only.
"""

from __future__ import annotations

import argparse
import json
import mmap
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from threading import Event, Thread

import numpy as np
from sample_file import N_TIMESTEPS, write_samples

CHUNK = 64


def evict(path: Path, X: np.memmap | None = None) -> None:
    """Evict the pages of the file from the process and from the system's cache."""
    if X is not None:
        X._mmap.madvise(mmap.MADV_DONTNEED)
    with path.open("rb") as file:
        os.fsync(file)
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def status(*names: str) -> list[int]:
    """Return sizes in bytes from the status of this process, by name."""
    text = Path("/proc/self/status").read_text()
    lines = dict(line.split(":", 1) for line in text.splitlines())
    return [1024 * int(lines[name].split()[0]) for name in names]


def n_bytes_read() -> int:
    """Return the number of bytes that this process has read from the disk."""
    return int(Path("/proc/self/io").read_text().split("\nread_bytes: ")[1].split()[0])


def one_hidden_layer(input_shape: tuple[int], n_classes: int):
    from torch import nn

    return nn.Sequential(nn.Linear(input_shape[0], 64), nn.ReLU(), nn.Linear(64, n_classes))


class Watcher(Thread):
    """Thread that limits the memory of file pages and records the peaks."""

    def __init__(self, path: Path, X: np.memmap, memory: float) -> None:
        super().__init__(daemon=True)
        self.path, self.X, self.memory = path, X, memory
        self.before = status("RssAnon", "RssFile")
        self.peaks = [0, 0]
        self.finished = Event()

    def run(self) -> None:
        read = n_bytes_read()
        while not self.finished.wait(0.01):
            now = status("RssAnon", "RssFile")
            grown = [value - before for value, before in zip(now, self.before)]
            self.peaks = list(map(max, self.peaks, grown))
            if n_bytes_read() - read > self.memory:
                evict(self.path, self.X)
                read = n_bytes_read()


def train(path: Path, memory: float, anonymous: float, batch_size: int) -> dict[str, float]:
    """Fit and predict with limited memory; return time, memory and bytes read."""
    from skecg import ECGNeuralClassifier

    classifier = ECGNeuralClassifier(
        module=one_hidden_layer, max_epochs=1, batch_size=batch_size, n_threads=1, random_state=0
    )
    classifier.fit(np.zeros((10, N_TIMESTEPS), np.float32), np.arange(10) % 2)  # imports all
    (data,) = status("VmData")
    limit = data + int(anonymous)
    resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
    X = np.load(path, mmap_mode="r")
    evict(path, X)
    try:
        np.array(X)
    except MemoryError:
        refused = True
    else:
        refused = False
    evict(path, X)

    watcher = Watcher(path, X, memory)
    watcher.start()
    found = {"copy_refused": refused, "n_samples": len(X)}
    y = np.arange(len(X)) % 2
    for name, work in {
        "fit": lambda: classifier.fit(X, y),
        "predict": lambda: classifier.predict_proba(X),
    }.items():
        read, started = n_bytes_read(), time.perf_counter()
        work()
        found[f"{name}_s"] = time.perf_counter() - started
        found[f"{name}_read"] = n_bytes_read() - read
    found["epoch_s"] = classifier.history_[0]["dur"]
    watcher.finished.set()
    watcher.join()
    found["anonymous"], found["file"] = watcher.peaks
    return found


def gather(path: Path, way: str, batch_size: int, n_batches: int) -> dict[str, float]:
    """Read batches from a file that is not in memory, in one of several ways."""
    import torch

    from skecg.training import Batches

    X = np.load(path, mmap_mode="r")
    evict(path, X)
    generator = torch.Generator().manual_seed(0)
    order = torch.randperm(len(X), generator=generator)[: n_batches * batch_size]
    if way == "chunks":
        n_chunks = len(order) // CHUNK
        chunks = torch.randperm(len(X) // CHUNK, generator=generator)[:n_chunks]
        order = (CHUNK * chunks[:, None] + torch.arange(CHUNK)).flatten()
    if way == "single pages":
        X._mmap.madvise(mmap.MADV_RANDOM)
    y = np.zeros(len(X), dtype=np.int64)
    batches = Batches(X, y, None, device=torch.device("cpu"), dtype=torch.float32)
    parts = order.split(batch_size)
    if way in ("announced", "chunks"):
        parts = batches.announced(iter(parts))
    read, started = n_bytes_read(), time.perf_counter()
    longest = 5.0
    n_taken = 0
    for index in parts:
        batches.take(index.sort().values if way == "sorted" else index)
        n_taken += len(index)
        # As on a machine without memory for the data read beyond the samples.
        if n_bytes_read() - read > 1e8:
            evict(path, X)
        if time.perf_counter() - started > longest:
            break
    seconds = time.perf_counter() - started
    return {"us": 1e6 * seconds / n_taken, "read": (n_bytes_read() - read) / n_taken}


WAYS = {
    "faults": "on access, with read-ahead by the kernel",
    "sorted": "the same, sorted within the batch",
    "single pages": "on access, single pages (MADV_RANDOM)",
    "announced": "announced one batch ahead, as skecg does",
    "chunks": f"another order: chunks of {CHUNK} adjacent samples, announced",
}


def in_a_process(*arguments: object) -> dict[str, float]:
    command = [sys.executable, __file__, "--one", *map(str, arguments)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def print_training(sizes: list[float], arguments: argparse.Namespace, folder: Path) -> None:
    print(
        "| file | samples | check + epoch, s | disk read, x file | file, MB/s of an epoch "
        "| predict, s | peak anonymous, MB | bytes per sample | peak of file pages, MB | a copy |"
    )
    print("|---|---|---|---|---|---|---|---|---|---|")
    for gigabytes in sizes:
        path = folder / "X.npy"
        write_samples(path, gigabytes)
        bounds = 1e9 * arguments.memory, 1e9 * arguments.anonymous
        found = in_a_process(path, *bounds, arguments.batch_size)
        size, n = path.stat().st_size, found["n_samples"]
        check = found["fit_s"] - found["epoch_s"]
        print(
            f"| {gigabytes:g} GB | {n:,} | {check:.0f} + {found['epoch_s']:.0f} "
            f"| {found['fit_read'] / size:.1f} | {size / found['epoch_s'] / 1e6:.0f} "
            f"| {found['predict_s']:.1f} | {found['anonymous'] / 1e6:.0f} "
            f"| {found['anonymous'] / n:.0f} | {found['file'] / 1e6:.0f} "
            f"| {'MemoryError' if found['copy_refused'] else 'fits'} |",
            flush=True,
        )


def print_ways(path: Path) -> None:
    print("\n| reading a sample of 748 bytes in random order | batch | us | kB read |")
    print("|---|---|---|---|")
    for way, words in WAYS.items():
        for batch_size, n_batches in {64: 200, 1024: 20}.items():
            found = gather(path, way, batch_size, n_batches)
            read = found["read"] / 1000
            print(f"| {words} | {batch_size} | {found['us']:.1f} | {read:,.1f} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--gigabytes", type=float, nargs="+", default=[1, 10], help="file sizes")
    parser.add_argument("--memory", type=float, default=1, help="GB of the file kept in memory")
    parser.add_argument("--anonymous", type=float, default=1.2, help="GB of other memory allowed")
    parser.add_argument("--batch-size", type=int, default=256)
    parser.add_argument("--folder", type=Path, help="folder for the files, on a disk")
    parser.add_argument("--one", nargs=4, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        path, memory, anonymous, batch_size = arguments.one
        print(json.dumps(train(Path(path), float(memory), float(anonymous), int(batch_size))))
        return
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        print_training(arguments.gigabytes, arguments, Path(folder))
        print_ways(Path(folder) / "X.npy")


if __name__ == "__main__":
    main()
