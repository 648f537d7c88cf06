"""Samples per second of training on one GPU: plain skorch, a hand-written loop, compiled, and ours.

Samples are on the device, except with skorch. The alternatives compute in float32; ours in float32,
in bfloat16, and in both with the captured step (``cuda_graph=True``). Rounds alternate after a
warm-up round. The last columns compare the fastest of ours: with skorch, and its arithmetic
throughput with a large bfloat16 product on this device; and count how often the host waits for the
device in an epoch, from the profiler.

    python benchmarks/on_gpu.py
    python benchmarks/on_gpu.py --networks residual-cnn --batch-sizes 128 2048
    python benchmarks/on_gpu.py --device cpu --networks residual-cnn --batch-sizes 16 --batches 4
"""

from __future__ import annotations

import argparse
import time
from functools import partial

import numpy as np
import torch
from epochs import Epoch, Module, epoch_by_hand, epoch_of_ours, epoch_of_skorch
from plain_networks import PlainResidualCNN, PlainViT
from torch.profiler import profile
from torch.utils.flop_counter import FlopCounterMode

from skecg import ECGViTClassifier
from skecg.networks import AttentionVGG, ResidualCNN, VisionTransformer

ROUNDS = 5
OURS = {
    "float32": {"precision": "float32"},
    "bfloat16": {"precision": "bfloat16"},
    "float32, captured": {"precision": "float32", "cuda_graph": True},
    "bfloat16, captured": {"precision": "bfloat16", "cuda_graph": True},
}
KINDS = ("skorch", "by hand", "compiled", *OURS)
WAITS = ("cudaStreamSynchronize", "cudaDeviceSynchronize", "cudaEventSynchronize")


SHEET = (3, 182, 256)
# Our network, the same network of PyTorch's layers (where they differ), the shape of a sample, the
# number of classes, and the batch sizes.
NETWORKS = {
    "residual-cnn": (ResidualCNN, PlainResidualCNN, (1, 187), 5, [128, 2048]),
    "vit": (ECGViTClassifier()._network_factory(SHEET, 4), PlainViT, SHEET, 4, [32, 256]),
    "vit-published": (VisionTransformer, VisionTransformer, SHEET, 4, [32, 128]),
    "attention-vgg-published": (AttentionVGG, AttentionVGG, (13, 64, 64), 5, [32, 128]),
}


def seconds(epoch: Epoch, device: torch.device) -> float:
    started = time.perf_counter()
    epoch()
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter() - started


def operations_per_sample(module: Module, shape: tuple[int, ...], device: torch.device) -> float:
    """Return the multiplications and additions of a step, forward and backward, per sample."""
    network, batch = module().to(device), torch.zeros(16, *shape, device=device)
    with FlopCounterMode(display=False) as counter:
        network(batch).sum().backward()
    return counter.get_total_flops() / len(batch)


def peak(device: torch.device, size: int) -> float:
    """Measure the operations per second of a product of square matrices in bfloat16."""
    a = torch.randn(size, size, device=device, dtype=torch.bfloat16)

    def products() -> None:
        for _ in range(10):
            a @ a

    products()
    return 10 * 2 * size**3 / min(seconds(products, device) for _ in range(5))


def n_waits(epoch: Epoch) -> int:
    with profile() as profiled:
        epoch()
    return sum(event.count for event in profiled.key_averages() if event.key in WAITS)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", type=torch.device, default="cuda")
    parser.add_argument("--networks", nargs="+", choices=NETWORKS, default=list(NETWORKS))
    parser.add_argument("--batch-sizes", type=int, nargs="+", help="default: those of each network")
    parser.add_argument("--batches", type=int, default=100, help="batches per epoch")
    arguments = parser.parse_args()
    device = arguments.device
    highest = peak(device, 8192 if device.type == "cuda" else 1024)
    print(f"a large product in bfloat16: {highest / 1e12:.3g} Top/s\n")
    columns = "network", "batch", *KINDS, "/ skorch", "of peak", "waits"
    print(f"| {' | '.join(columns)} |\n{'|---' * len(columns)}|")
    for name in arguments.networks:
        ours, plain, shape, n_classes, sizes = NETWORKS[name]
        n_operations = operations_per_sample(ours, shape, device)
        for batch_size in arguments.batch_sizes or sizes:
            rng, n_samples = np.random.default_rng(0), arguments.batches * batch_size
            X = rng.random((n_samples, *shape), dtype=np.float32)
            data = X, rng.integers(0, n_classes, n_samples), batch_size
            by_hand = partial(epoch_by_hand, plain, *data, device=device)
            epochs = {
                "skorch": epoch_of_skorch(plain, *data, device=device),
                "by hand": by_hand(),
                "compiled": by_hand(compiled=True),
            }
            for kind, settings in OURS.items():
                epochs[kind] = epoch_of_ours(ours, *data, device=device, **settings)
            rounds = [
                {kind: seconds(epoch, device) for kind, epoch in epochs.items()}
                for _ in range(ROUNDS + 1)
            ][1:]
            rates = {kind: n_samples / np.median([r[kind] for r in rounds]) for kind in epochs}
            best = max(OURS, key=rates.get)
            ratio = np.median([r["skorch"] / r[best] for r in rounds])
            part = rates[best] * n_operations / highest
            waits = n_waits(epochs[best]) if device.type == "cuda" else "-"
            cells = " | ".join(f"{rate:,.0f}" for rate in rates.values())
            print(
                f"| {name} | {batch_size} | {cells} | {ratio:.2f} | {part:.1%} | {waits} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
