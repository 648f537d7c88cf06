"""Training shared by several processes or GPUs."""

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
    """Share every fit of a classifier of this package among the processes of a launch.

    Every process runs the same script on the same samples, started by ``accelerate launch
    --multi_gpu --num_processes 2 script.py`` or ``torchrun --nproc-per-node 2 script.py``, with
    GPUs or without. Of every batch each process computes its part, and all take the step of the
    whole batch: ``batch_size`` means the whole one, and the weights are those of a single process
    within rounding. Started alone, the script runs as if the block were not there. Needs
    accelerate: ``pip install "skecg[accelerate]"``.

    Parameters
    ----------
    accelerator : accelerate.Accelerator or None, default=None
        Where this process stands among how many, and its device, which is what ``device="auto"``
        means in the block. None makes one; for processes on CPUs it is ``Accelerator(cpu=True)``.
        Its precision, gradient accumulation and the like are not used: the classifier's
        parameters decide.

    Yields
    ------
    accelerator : accelerate.Accelerator
        The same, as to save a model if ``accelerator.is_main_process``.

    Raises
    ------
    ImportError
        If accelerate is missing.
    TypeError
        If ``accelerator`` is something else.
    ValueError
        If the launch shares models, not batches (FSDP, DeepSpeed), or its processes do not know of
        each other; in ``fit``, if the processes were given different samples or parameters.

    Notes
    -----
    - *When it pays*: a step sends the gradient around once, so it must take longer than that. With
      two processes on two busy cores (``benchmarks/data_parallel.py``) epochs of the default
      residual CNN on beats ran at 0.7 and 0.8 times the speed of one with whole batches of 4 and
      16 beats, at 0.9 to 1.35 with 64, at 1.5 with 256 and 1.8 with 1024; those of the default ViT
      on sheets of 182 x 256 at 1.2 with 4 sheets and 1.6 with 16.
    - *Randomness*: the main process's seed and first weights are all processes'. Each draws its own
      dropout masks, so that with dropout or stochastic depth the curve is another draw of the
      single process's, not the same.
    - *Batch normalisation* uses the statistics of the whole batch, at two messages more per layer
      in each direction. Other layers that mix the samples of a batch see this process's only.
    - *Callbacks* run in every process. Losses, accuracies and the weights in ``on_epoch_end`` and
      ``on_grad_computed`` are those of all. ``on_batch_begin`` and ``on_batch_end`` see this
      process's part of a training batch, and the part of the batch's loss that it adds to the sum;
      where a callback listens to them, every process computes the whole validation, else its
      part. What a callback decides, it must decide alike in all processes.
    - *Fits* must be the same in all processes, in the same order. Those in other threads or in
      joblib's workers (``n_jobs``) are not shared.
    - *Errors*: a process that ends makes the others fail, and the launcher ends them. One that
      raises or is interrupted in ``fit`` and goes on leaves them waiting for the time-out of the
      process group (30 minutes on CPUs, 10 on GPUs).
    - *Memory*: every process holds all samples.

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
            "data_parallel needs accelerate, which is not installed; "
            'pip install "skecg[accelerate]"'
        ) from error
    launched = int(os.environ.get("WORLD_SIZE", "1"))
    if accelerator is None:
        # accelerate takes processes on CPUs for one each unless it is told.
        accelerator = Accelerator(cpu=launched > 1 and not torch.cuda.is_available())
    if not isinstance(accelerator, Accelerator):
        raise TypeError(
            f"data_parallel takes an accelerate.Accelerator or None; got {accelerator!r}"
        )
    kind = accelerator.distributed_type.value
    if kind != "NO" and not kind.startswith("MULTI_"):
        raise ValueError(
            f"data_parallel shares batches among processes that each hold the whole network; "
            f"this launch is of the type {kind}, launch without it"
        )
    if launched != accelerator.num_processes:
        raise ValueError(
            f"{launched} processes were launched, but the accelerator knows of "
            f"{accelerator.num_processes}, and each would train alone; on CPUs make it by "
            "Accelerator(cpu=True)"
        )
    # What the launcher leaves behind when it was told of several processes and started one.
    if launched == 1 and {"ACCELERATE_USE_CPU", "MASTER_PORT"} <= os.environ.keys():
        warnings.warn(
            "this process trains alone: `accelerate launch --cpu` starts a single one, whatever "
            "--num_processes says; use `accelerate launch --multi_gpu` (on CPUs, too) or torchrun",
            stacklevel=4,
        )
    return accelerator
