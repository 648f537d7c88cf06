"""
One training, several processes
===============================

The same script trains on one process, on several, or on several GPUs, to the same weights::

    python examples/train_in_parallel.py
    accelerate launch --multi_gpu --num_processes 2 examples/train_in_parallel.py

The second line is right for CPUs, too (``accelerate launch --cpu`` would start one process,
whatever ``--num_processes`` says), and needs ``pip install "skecg[accelerate]"``. On small networks
and small batches the messages between the processes take longer than what they save;
``data_parallel`` says from what size on it pays.
"""

from __future__ import annotations

import torch
from accelerate import Accelerator
from sklearn.model_selection import GroupShuffleSplit

from skecg import ECGResidualCNNClassifier
from skecg.datasets import make_beats
from skecg.training import data_parallel

accelerator = Accelerator(cpu=not torch.cuda.is_available())

# %%
# Every process makes the same samples: whatever is random has its seed.

beats = make_beats(800, n_subjects=20, random_state=0)
split = GroupShuffleSplit(n_splits=1, test_size=0.3, random_state=0)
train, test = next(split.split(beats.data, groups=beats.groups))

# %%
# The batch is that of all processes: two of them compute 64 samples each, and the curve stays
# what it is on one. The progress bar is the main process's.

classifier = ECGResidualCNNClassifier(max_epochs=3, batch_size=128, random_state=0, verbose=1)
with data_parallel(accelerator):
    classifier.fit(beats.data[train], beats.target[train])

# %%
# Afterwards every process has the same network. One of them is enough to report.

if accelerator.is_main_process:
    losses = ", ".join(f"{row['train_loss']:.6f}" for row in classifier.history_)
    print(f"processes: {accelerator.num_processes}, training losses: {losses}")
    score = classifier.score(beats.data[test], beats.target[test])
    print(f"accuracy on the beats of other people: {score:.3f}")

accelerator.end_training()
