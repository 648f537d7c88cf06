"""Kill a training at random moments, restart it each time, and compare what comes out, to the bit.

A process trains with ``checkpoint_dir``; after a random time, up to a few epochs, it gets SIGKILL.
The next process is given the same fit, and so on until one comes to the end. Its weights, history
and predictions must be those of a fit that nobody killed; then the next run begins in a folder of
its own, until there were as many kills as asked for. The epochs that a process began and that its
checkpoint does not have are what a kill has cost.

The processes are forks of one that has imported PyTorch and trained nothing.

    python benchmarks/kill_and_resume.py --kills 50
"""

from __future__ import annotations

import argparse
import hashlib
import os
import signal
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import numpy as np
import torch
from skorch.callbacks import Callback

from skecg import ECGResidualCNNClassifier
from skecg.datasets import make_beats
from skecg.storage import read_container

BEATS = make_beats(200, random_state=0)


class Diary(Callback):
    """Write one byte for every epoch that begins, where a kill cannot take it back."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor

    def on_epoch_begin(self, net, **kwargs):
        os.write(self.descriptor, b".")


def fit(folder: Path | None, n_epochs: int, callbacks: list) -> str:
    """Train, and return a digest of weights, history and predictions."""
    classifier = ECGResidualCNNClassifier(
        max_epochs=n_epochs, n_filters=4, batch_size=32, dropout=0.2, early_stopping=True,
        patience=n_epochs, class_weight="balanced", n_threads=1, device="cpu", random_state=0,
        checkpoint_dir=folder, callbacks=callbacks,
    ).fit(BEATS.data, BEATS.target)  # fmt: skip
    digest = hashlib.sha256()
    for tensor in classifier.module_.state_dict().values():
        digest.update(tensor.numpy())
    for row in classifier.history_:
        digest.update(repr({k: v for k, v in row.items() if k != "dur"}).encode())
    digest.update(classifier.predict_proba(BEATS.data))
    return digest.hexdigest()


def in_a_fork(folder: Path | None, n_epochs: int, seconds: float | None) -> tuple[int, str | None]:
    """Return the epochs that a process began and, unless it was killed in time, its digest."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            digest = fit(folder, n_epochs, [Diary(writing)])
            os.write(writing, digest.encode())
        finally:
            os._exit(0)
    os.close(writing)
    text = b""
    if seconds is not None:
        text = os.read(reading, 1)  # the clock starts with the first epoch, or with the digest
        time.sleep(seconds)
        os.kill(pid, signal.SIGKILL)
    while part := os.read(reading, 4096):
        text += part
    os.close(reading)
    os.waitpid(pid, 0)
    return text.count(b"."), text.replace(b".", b"").decode() or None


def n_epochs_kept(folder: Path) -> int:
    try:
        header, _ = read_container(folder / "checkpoint.safetensors", 2**30)
    except FileNotFoundError:
        return 0
    return len(header["checkpoint"]["state"]["history"])


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--epochs", type=int, default=40, help="of one run")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    n_epochs = arguments.epochs
    torch.set_num_threads(1)  # a fork has no other threads than the one that made it
    rng = np.random.default_rng(arguments.seed)

    started = time.perf_counter()
    begun, expected = in_a_fork(None, n_epochs, None)
    epoch = (time.perf_counter() - started) / n_epochs
    print(f"never killed: {begun} epochs of {1e3 * epoch:.0f} ms, SHA-256 {expected[:16]}")

    lost, moments, results = Counter(), [], []
    with tempfile.TemporaryDirectory() as root:
        while sum(lost.values()) < arguments.kills or len(results) < 1:
            folder = Path(root, str(len(results)))
            digest, n_kills = None, 0
            while digest is None:
                kept = n_epochs_kept(folder)
                left = arguments.kills - sum(lost.values())
                seconds = rng.uniform(0, 5 * epoch) if left > 0 else None
                begun, digest = in_a_fork(folder, n_epochs, seconds)
                if digest is None:
                    now = n_epochs_kept(folder)
                    lost[kept + begun - now] += 1
                    moments.append(now)
                    n_kills += 1
            results.append(digest)
            same = "the same bits" if digest == expected else "OTHER BITS"
            print(f"run {len(results)}: killed {n_kills} times, ended with {same}")

    n_same = sum(digest == expected for digest in results)
    print(
        f"{sum(lost.values())} kills after epochs {min(moments)} to {max(moments)} of {n_epochs}; "
        f"epochs lost in each: {', '.join(f'{n} in {times}' for n, times in sorted(lost.items()))}"
    )
    print(f"{n_same} of {len(results)} runs ended with the bits of the one that was never killed")
    return 0 if n_same == len(results) and max(lost) <= 1 else 1


if __name__ == "__main__":
    sys.exit(main())
