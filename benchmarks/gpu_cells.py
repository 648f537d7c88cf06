"""The cells of the table of on_gpu.py: a task that is done in one way, and how fast that is.

Tasks are the training of a network with batches of one size, the prediction of a million beats,
five folds of a cross-validation with the samples on the host, and a search whose fits share the
device.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from functools import lru_cache, partial
from typing import Any, NamedTuple

import numpy as np
import torch
from epochs import (
    Epoch,
    Module,
    epoch_by_hand,
    epoch_of_skorch,
    in_bfloat16,
    skorch_net,
    training_of_ours,
)
from joblib.externals.loky import get_reusable_executor
from plain_networks import PlainResidualCNN, PlainViT
from sklearn.model_selection import GridSearchCV, StratifiedKFold, cross_val_score
from torch.profiler import profile
from torch.utils.flop_counter import FlopCounterMode

from skecg import ECGResidualCNNClassifier, ECGViTClassifier
from skecg.networks import AttentionVGG, ResidualCNN, VisionTransformer

SHEET, BEAT = (3, 182, 256), (1, 187)
WAITS = ("cudaStreamSynchronize", "cudaDeviceSynchronize", "cudaEventSynchronize")
FEWEST_EPOCHS = 4  # the first of which is not timed
AT_ONCE = 8192  # beats that are predicted together
N_FITS = 16  # of the search


class Network(NamedTuple):
    """Ours, the same of PyTorch's layers (where they differ), a sample, and epochs of two sizes."""

    ours: Module
    plain: Module
    shape: tuple[int, ...]
    n_classes: int
    n_batches: dict[int, int]  # of an epoch, by their size


NETWORKS = {
    "residual-cnn": Network(ResidualCNN, PlainResidualCNN, BEAT, 5, {128: 200, 2048: 40}),
    "vit": Network(
        ECGViTClassifier()._network_factory(SHEET, 4), PlainViT, SHEET, 4, {32: 30, 256: 8}
    ),
    "vit-published": Network(
        VisionTransformer, VisionTransformer, SHEET, 4, {32: 12, 128: 6}
    ),
    "attention-vgg-published": Network(AttentionVGG, AttentionVGG, (13, 64, 64), 5, {32: 20}),
}  # fmt: skip
BY_HAND = {
    "by hand, float32": {"precision": "float32"},
    "by hand, bfloat16": {"precision": "bfloat16"},
    "by hand, bfloat16, compiled": {"precision": "bfloat16", "compiled": True},
}
OURS = {
    "ours, float32": {"precision": "float32"},
    "ours, bfloat16": {"precision": "bfloat16"},
    "ours, float32, captured": {"precision": "float32", "cuda_graph": True},
    "ours, bfloat16, captured": {"precision": "bfloat16", "cuda_graph": True},
    "ours, bfloat16, captured, compiled": {
        "precision": "bfloat16", "cuda_graph": True, "compiled": True,
    },
}  # fmt: skip
TOGETHER = {f"{k} at once": k for k in (1, 2, 4, 8)}
KINDS = {
    **dict.fromkeys(NETWORKS, ("skorch", *BY_HAND, *OURS)),
    "prediction": ("skorch", *BY_HAND, "ours, float32", "ours, bfloat16"),
    "cross-validation": ("skorch", *BY_HAND, "ours", "ours, captured"),
    "search": tuple(TOGETHER),
}


class Cell(NamedTuple):
    """One task, done in one way; ``size`` is the size of a batch, or the number of beats."""

    task: str
    size: int
    kind: str


class Measured(NamedTuple):
    """Samples (or fits) per second of each repetition, and what it took."""

    rates: list[float]
    mib: float = np.nan
    waits: int | None = None  # of the host, in an epoch


class Stopwatch:
    """Watches epochs until enough of them were timed."""

    def __init__(self, device: torch.device, seconds: float) -> None:
        self.device, self.seconds, self.times = device, seconds, []

    def begin_epoch(self) -> None:
        synchronize(self.device)
        self._started = time.perf_counter()

    def end_epoch(self) -> bool:
        synchronize(self.device)
        self.times.append(time.perf_counter() - self._started)
        total = sum(self.times[1:])
        is_slow = len(self.times) > 1 and total > 4 * self.seconds
        return is_slow or (len(self.times) >= FEWEST_EPOCHS and total > self.seconds)


class WaitCounter:
    """Counts how often the host waits for the device in the third epoch."""

    def __init__(self) -> None:
        self.n_epochs, self._profile = 0, profile()

    def begin_epoch(self) -> None:
        self.n_epochs += 1
        if self.n_epochs == 3:
            self._profile.start()

    def end_epoch(self) -> bool:
        if self.n_epochs < 3:
            return False
        self._profile.stop()
        return True

    @property
    def n_waits(self) -> int:
        return sum(event.count for event in self._profile.key_averages() if event.key in WAITS)


def synchronize(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def repeat(epoch: Epoch, watcher: Stopwatch | WaitCounter) -> None:
    """Run epochs until the watcher has seen enough."""
    done = False
    while not done:
        watcher.begin_epoch()
        epoch()
        done = watcher.end_epoch()


def measure(cell: Cell, device: torch.device, seconds: float, n_beats: int) -> Measured:
    """Measure a cell for about so many seconds."""
    if device.type == "cuda":
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats(device)
    if cell.task in NETWORKS:
        measured = _training(cell, device, seconds)
    else:
        work = {"prediction": _prediction, "cross-validation": _folds, "search": _search}
        n_done, run = work[cell.task](cell, device, n_beats)
        watch = Stopwatch(device, seconds)
        repeat(run, watch)
        get_reusable_executor().shutdown()  # the processes of a search have memory on the device
        measured = Measured([n_done / spent for spent in watch.times[1:]])
    if device.type == "cuda":
        measured = measured._replace(mib=torch.cuda.max_memory_allocated(device) / 2**20)
    return measured


def _training(cell: Cell, device: torch.device, seconds: float) -> Measured:
    network = NETWORKS[cell.task]
    n_batches = network.n_batches.get(cell.size, 4)
    X, y = _samples(n_batches * cell.size, network.shape, network.n_classes)
    data = X, y, cell.size
    if cell.kind in OURS:
        train = training_of_ours(network.ours, *data, device=device, **OURS[cell.kind])
        run = partial(train, n_epochs=10_000)
    else:
        if cell.kind == "skorch":
            epoch = epoch_of_skorch(network.plain, *data, device=device)
        else:
            epoch = epoch_by_hand(network.plain, *data, device=device, **BY_HAND[cell.kind])
        run = partial(repeat, epoch)
    watch, n_waits = Stopwatch(device, seconds), None
    run(watcher=watch)
    if device.type == "cuda":
        waits = WaitCounter()
        run(watcher=waits)
        n_waits = waits.n_waits
    return Measured([len(X) / spent for spent in watch.times[1:]], waits=n_waits)


Run = tuple[int, Callable[[], object]]


def _prediction(cell: Cell, device: torch.device, n_beats: int) -> Run:
    X, y = _samples(n_beats, BEAT, 5)
    if cell.kind.startswith("ours"):
        precision = "bfloat16" if "bfloat16" in cell.kind else "auto"
        ours = ECGResidualCNNClassifier(max_epochs=1, device=str(device), precision=precision)
        return n_beats, partial(ours.fit(X[:256, 0], y[:256]).predict_proba, X[:, 0])
    if cell.kind == "skorch":
        net = skorch_net(PlainResidualCNN, AT_ONCE, device).initialize()
        return n_beats, partial(net.predict_proba, X)
    network = PlainResidualCNN().to(device).eval()
    settings = BY_HAND[cell.kind]
    forward = torch.compile(network) if settings.get("compiled") else network

    @torch.no_grad()
    def predict() -> np.ndarray:
        with in_bfloat16(device, settings["precision"]):
            parts = [forward(part.to(device)) for part in torch.from_numpy(X).split(AT_ONCE)]
        return torch.cat(parts).float().softmax(dim=1).cpu().numpy()

    return n_beats, predict


def _folds(cell: Cell, device: torch.device, n_beats: int) -> Run:
    n_epochs, batch_size, n_beats = 5, 128, n_beats // 50
    X, y = _samples(n_beats, BEAT, 5)
    n_done = 4 * n_beats * n_epochs
    if cell.kind in BY_HAND:

        def by_hand() -> None:
            for train, _ in StratifiedKFold().split(X, y):
                data = X[train], y[train], batch_size
                epoch = epoch_by_hand(PlainResidualCNN, *data, device=device, **BY_HAND[cell.kind])
                for _ in range(n_epochs):
                    epoch()

        return n_done, by_hand
    if cell.kind == "skorch":
        net = skorch_net(PlainResidualCNN, batch_size, device).set_params(max_epochs=n_epochs)
        return n_done, partial(cross_val_score, net, X, y)
    ours = ECGResidualCNNClassifier(
        max_epochs=n_epochs, device=str(device), cuda_graph="captured" in cell.kind, random_state=0
    )
    return n_done, partial(cross_val_score, ours, X[:, 0], y)


def _search(cell: Cell, device: torch.device, n_beats: int) -> Run:
    n_jobs = TOGETHER[cell.kind]
    X, y = _samples(n_beats // 100, BEAT, 5)
    ours = ECGResidualCNNClassifier(max_epochs=5, device=str(device), random_state=0)
    rates = {"learning_rate": np.geomspace(1e-4, 1e-2, N_FITS // 2)}
    search = GridSearchCV(ours, rates, cv=2, refit=False, n_jobs=n_jobs)

    def run() -> None:
        # Processes of the search begin with this environment.
        os.environ["SKECG_FITS_PER_DEVICE"] = str(n_jobs)
        search.fit(X[:, 0], y)

    return N_FITS, run


@lru_cache(maxsize=1)
def _samples(n: int, shape: tuple[int, ...], n_classes: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    return rng.random((n, *shape), dtype=np.float32), rng.integers(0, n_classes, n)


def operations_per_sample(task: str, device: torch.device) -> float:
    """Return the multiplications and additions of a step, forward and backward, per sample."""
    module, _, shape, *_ = NETWORKS[task]
    network, batch = module().to(device), torch.zeros(16, *shape, device=device)
    with FlopCounterMode(display=False) as counter:
        network(batch).sum().backward()
    return counter.get_total_flops() / len(batch)


def peak(device: torch.device) -> float:
    """Measure the operations per second of a product of square matrices in bfloat16."""
    size = 8192 if device.type == "cuda" else 1024
    a = torch.randn(size, size, device=device, dtype=torch.bfloat16)

    def seconds() -> float:
        synchronize(device)
        started = time.perf_counter()
        for _ in range(10):
            a @ a
        synchronize(device)
        return time.perf_counter() - started

    seconds()
    return 10 * 2 * size**3 / min(seconds() for _ in range(5))


def serve(pipe: Any, device: torch.device, seconds: float, n_beats: int) -> None:
    """Measure cells that come by a pipe, and send back each result, or what went wrong."""
    os.setpgrp()  # ended as a whole
    pipe.send(peak(device))
    while (wanted := pipe.recv()) is not None:
        try:
            if isinstance(wanted, Cell):
                pipe.send(measure(wanted, device, seconds, n_beats))
            else:
                pipe.send(operations_per_sample(wanted, device))
        except Exception as error:
            pipe.send(f"{type(error).__name__}: {error}"[:300])
