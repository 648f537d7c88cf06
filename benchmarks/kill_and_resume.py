"""Kill a training at random times, restart it each time, and check that the result is identical.

A process trains with ``checkpoint_dir`` and is ended with SIGKILL after a random time of up to a
few epochs. The next process runs the same fit, and so on until one finishes. Its weights, history
and predictions must be those of a fit that was not killed. Then the next run starts in a new
folder, until the requested number of kills is reached. The epochs that a process started but that
are not in its checkpoint are lost by the kill.

The processes are forks of one that has imported PyTorch but not trained.

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
    """Write one byte to a pipe for each epoch that begins, so that it survives a kill."""

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
    """Return the number of epochs that a process began, and its digest if it was not killed."""
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
        text = os.read(reading, 1)  # the time starts with the first epoch, or with the digest
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
    parser.add_argument("--epochs", type=int, default=40, help="epochs per run")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    n_epochs = arguments.epochs
    torch.set_num_threads(1)  # a fork has only the thread that called fork
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
    print(f"{n_same} of {len(results)} runs ended with the same bits as the run without kills")
    return 0 if n_same == len(results) and max(lost) <= 1 else 1


if __name__ == "__main__":
    sys.exit(main())
