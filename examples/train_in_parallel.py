"""
Training on several processes or GPUs
=====================================

The same script trains in one process, in several processes or on several GPUs, and gives the same
weights up to rounding::

    python examples/train_in_parallel.py
    accelerate launch --multi_gpu --num_processes 2 examples/train_in_parallel.py

The second command also works on CPUs (``accelerate launch --cpu`` would start one process,
regardless of ``--num_processes``). Both require ``pip install "skecg[accelerate]"``. For small
networks and batches, the communication between processes takes more time than it saves; the
documentation of ``data_parallel`` gives measured speeds.
"""

from __future__ import annotations

import torch
from accelerate import Accelerator
from sklearn.model_selection import GroupShuffleSplit

from skecg import ECGResidualCNNClassifier
from skecg.datasets import make_beats
from skecg.parallel import data_parallel

accelerator = Accelerator(cpu=not torch.cuda.is_available())

# %%
# All processes generate the same samples, because all random steps have a seed.

beats = make_beats(800, n_subjects=20, random_state=0)
split = GroupShuffleSplit(n_splits=1, test_size=0.3, random_state=0)
train, test = next(split.split(beats.data, groups=beats.groups))

# %%
# ``batch_size`` is the size of the whole batch: two processes compute 64 samples each, and the
# training curve is the same as with one process. Only the main process shows a progress bar.

classifier = ECGResidualCNNClassifier(max_epochs=3, batch_size=128, random_state=0, verbose=1)
with data_parallel(accelerator):
    classifier.fit(beats.data[train], beats.target[train])

# %%
# Afterwards, all processes have the same network. Only the main process reports the results.

if accelerator.is_main_process:
    losses = ", ".join(f"{row['train_loss']:.6f}" for row in classifier.history_)
    print(f"processes: {accelerator.num_processes}, training losses: {losses}")
    score = classifier.score(beats.data[test], beats.target[test])
    print(f"accuracy on the beats of other people: {score:.3f}")

accelerator.end_training()
