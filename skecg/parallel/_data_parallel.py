"""Data-parallel training on several processes or GPUs."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import torch

from ._share import _CURRENT, Share

if TYPE_CHECKING:
    from accelerate import Accelerator


@contextmanager
def data_parallel(accelerator: Accelerator | None = None) -> Iterator[Accelerator]:
    """Context manager that shares each fit of a classifier among several processes or GPUs.

    All processes run the same script on the same samples, with or without GPUs. Start them with
    ``accelerate launch --multi_gpu --num_processes 2 script.py`` or
    ``torchrun --nproc-per-node 2 script.py``. Each process computes the gradient of its part of a
    batch, and all processes update their weights with the gradient of the whole batch. The
    parameter ``batch_size`` is the size of the whole batch, and the weights are those of a single
    process, up to rounding. In a script that is started as a single process, the context manager
    has no effect.

    Requires accelerate: ``pip install "skecg[accelerate]"``.

    Parameters
    ----------
    accelerator : accelerate.Accelerator or None, default=None
        Provides the rank of this process, the number of processes and the device that
        ``device="auto"`` selects. If None, an accelerator is created, with ``cpu=True`` for
        several processes on CPUs. Its precision, gradient accumulation and similar options are
        ignored in favour of the parameters of the classifier.

    Yields
    ------
    accelerator : accelerate.Accelerator
        The accelerator, for example to save a model only if ``accelerator.is_main_process``.

    Raises
    ------
    ImportError
        If accelerate is not installed.
    TypeError
        If `accelerator` is neither an Accelerator nor None.
    ValueError
        If the launch distributes the model rather than the batches (FSDP, DeepSpeed), or the
        processes are not connected. ``fit`` raises it if the processes have different samples or
        parameters.

    See Also
    --------
    device_turn : Lets independent fits share one GPU.

    Notes
    -----
    - *Speed*: each step exchanges the gradient once, which costs time. Relative to one process,
      two processes on two busy cores (``benchmarks/data_parallel.py``) trained the default
      residual CNN on beats 0.7 and 0.8 times as fast with batches of 4 and 16 beats, 0.9 to 1.35
      times with 64, 1.5 times with 256 and 1.8 times with 1024, and the default ViT on sheets of
      182 x 256 pixels 1.2 times as fast with batches of 4 sheets and 1.6 times with 16.
    - *Randomness*: all processes use the seed and the initial weights of the main process. Each
      process draws its own dropout masks and augments its own part of a batch, so that with
      dropout, stochastic depth or ``augment`` the training differs from that of a single process
      by the random draws. ``Mixup`` blends samples of one process.
    - *Batch normalisation* uses the statistics of the whole batch, with two additional messages
      per layer in each direction. Other layers that combine the samples of a batch use only those
      of their process.
    - *Callbacks* run in each process. Losses, accuracies and the weights in ``on_epoch_end`` and
      ``on_grad_computed`` are those of all processes. ``on_batch_begin`` and ``on_batch_end``
      receive the process's part of a training batch and its contribution to the loss of the
      batch. If a callback has one of these two methods, each process computes the whole
      validation, otherwise its part. A callback must make the same decisions in all processes.
    - *Fits* must be the same in all processes, in the same order. Fits in other threads or in
      joblib workers (``n_jobs``) are not shared.
    - *Errors*: if a process ends, the others fail and the launcher ends them. If a process raises
      or is interrupted in ``fit`` but continues to run, the others wait until the process group
      times out (30 minutes on CPUs, 10 minutes on GPUs).
    - *Memory*: each process holds all samples.

    Examples
    --------
    >>> from skecg import ECGResidualCNNClassifier
    >>> from skecg.datasets import make_beats
    >>> from skecg.parallel import data_parallel
    >>> X, y = make_beats(50, random_state=0, return_X_y=True)
    >>> classifier = ECGResidualCNNClassifier(max_epochs=2, random_state=0)
    >>> with data_parallel() as accelerator:
    ...     classifier.fit(X, y).n_iter_
    2
    """
    accelerator = _checked(accelerator)
    device = accelerator.device
    if device.type == "cuda" and device.index is None:
        device = torch.device("cuda", torch.cuda.current_device())
    share = Share(accelerator.process_index, accelerator.num_processes, device)
    token = _CURRENT.set(share)
    try:
        yield accelerator
    finally:
        _CURRENT.reset(token)


def _checked(accelerator: Accelerator | None) -> Accelerator:
    try:
        from accelerate import Accelerator
    except ImportError as error:
        raise ImportError(
            "data_parallel requires accelerate, which is not installed. Run: "
            'pip install "skecg[accelerate]"'
        ) from error
    launched = int(os.environ.get("WORLD_SIZE", "1"))
    if accelerator is None:
        # Without cpu=True, accelerate does not connect processes on CPUs.
        accelerator = Accelerator(cpu=launched > 1 and not torch.cuda.is_available())
    if not isinstance(accelerator, Accelerator):
        raise TypeError(
            f"accelerator must be an accelerate.Accelerator or None; got {accelerator!r}"
        )
    kind = accelerator.distributed_type.value
    if kind != "NO" and not kind.startswith("MULTI_"):
        raise ValueError(
            "data_parallel distributes batches among processes that each have the whole network; "
            f"got a launch of type {kind}. Launch the script without {kind}"
        )
    if launched != accelerator.num_processes:
        raise ValueError(
            f"{launched} processes were launched, but got an accelerator with num_processes="
            f"{accelerator.num_processes}, so that each process would train alone. On CPUs, create "
            "it with Accelerator(cpu=True)"
        )
    # The launcher sets these variables if it was asked for several processes and started one.
    if launched == 1 and {"ACCELERATE_USE_CPU", "MASTER_PORT"} <= os.environ.keys():
        warnings.warn(
            "this process trains alone: `accelerate launch --cpu` starts a single process, "
            "regardless of --num_processes. Use `accelerate launch --multi_gpu` (also on CPUs) or "
            "torchrun",
            stacklevel=4,
        )
    return accelerator
