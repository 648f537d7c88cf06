"""From what size on training on several processes pays: seconds per epoch alone and together.

Alone and together take turns in one launch, so that a busy machine is as busy for both; while the
main process trains alone, the others sleep. Every process has one thread. On a busy machine two
processes also get more of it than one: the last column, one process's processor time alone by its
processor time together, knows neither that nor the time that processes wait for each other.

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
    """Return the seconds of a second epoch, and this process's processor seconds in the fit."""
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
    """Return the costs (rounds, alone or together, seconds or processor seconds)."""
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
    parser.add_argument("--batches", type=int, nargs="+", help="default: some for each network")
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
