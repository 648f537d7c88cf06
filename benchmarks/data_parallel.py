"""Speed of training on several processes: seconds per epoch with one process and with all.

Training alone and together alternates in one launch, so that other load on the machine affects both
equally. While the main process trains alone, the others sleep. Each process has one thread. On a
busy machine, two processes also get a larger share of it than one. The last column, the CPU time of
a process alone divided by that together, is not affected by this, nor by the time that processes
wait for each other.

    torchrun --standalone --nproc-per-node 2 benchmarks/data_parallel.py
    torchrun --standalone --nproc-per-node 2 benchmarks/data_parallel.py --networks vit --rounds 3
"""

from __future__ import annotations

import argparse
import time

import numpy as np
from accelerate import Accelerator

from skecg import ECGResidualCNNClassifier, ECGViTClassifier
from skecg.classifiers import BaseECGClassifier
from skecg.datasets import make_beats
from skecg.training import data_parallel

BATCHES = {"residual-cnn": [4, 16, 64, 256, 1024], "vit": [4, 16, 64]}
KINDS = {"residual-cnn": ECGResidualCNNClassifier, "vit": ECGViTClassifier}


def samples(network: str) -> tuple[np.ndarray, np.ndarray]:
    if network == "residual-cnn":
        return make_beats(1024, random_state=0, return_X_y=True)
    images = np.random.default_rng(0).integers(0, 256, (64, 3, 182, 256), dtype=np.uint8)
    return images, np.arange(64) % 4


def cost(classifier: BaseECGClassifier, X: np.ndarray, y: np.ndarray) -> tuple[float, float]:
    """Return the seconds of the second epoch, and the CPU seconds of this process in the fit."""
    started = time.process_time()
    classifier.fit(X, y)
    return classifier.history_[1]["dur"], time.process_time() - started


def compare(
    accelerator: Accelerator,
    classifier: BaseECGClassifier,
    X: np.ndarray,
    y: np.ndarray,
    rounds: int,
) -> np.ndarray:
    """Return the costs, of shape (rounds, alone or together, seconds or CPU seconds)."""
    costs = np.empty((rounds, 2, 2))
    for alone, together in costs:
        if accelerator.is_main_process:
            alone[:] = cost(classifier, X, y)
        accelerator.wait_for_everyone()
        with data_parallel(accelerator):
            together[:] = cost(classifier, X, y)
    return costs


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--networks", nargs="+", choices=list(BATCHES), default=list(BATCHES))
    parser.add_argument("--batches", type=int, nargs="+", help="default: several per network")
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()

    accelerator = Accelerator(cpu=True)
    say = print if accelerator.is_main_process else lambda *_, **__: None
    n = accelerator.num_processes
    say(f"| network | whole batch | 1 process, s | {n} processes, s | speed-up | of CPU time |")
    say("|---|---|---|---|---|---|")
    for network in arguments.networks:
        X, y = samples(network)
        for batch_size in arguments.batches or BATCHES[network]:
            params = {"max_epochs": 2, "batch_size": batch_size, "n_threads": 1, "random_state": 0}
            costs = compare(accelerator, KINDS[network](**params), X, y, arguments.rounds)
            ratios = costs[:, 0] / costs[:, 1]
            low, middle, high = np.percentile(ratios[:, 0], [25, 50, 75])
            alone, together = np.median(costs[:, :, 0], axis=0)
            say(
                f"| {network} | {batch_size} | {alone:.2f} | {together:.2f} "
                f"| {middle:.2f} ({low:.2f} to {high:.2f}) | {np.median(ratios[:, 1]):.2f} |",
                flush=True,
            )
    accelerator.end_training()


if __name__ == "__main__":
    main()
