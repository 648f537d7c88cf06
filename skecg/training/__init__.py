"""How any network is fitted: batches, the skorch net, schedules, precision, early stopping."""

from ._batches import Batches
from ._checkpoint import STATE_ENTRIES, CheckpointStore, n_epochs_done
from ._data_parallel import data_parallel
from ._device import Precision, cpu_threads, resolve_device, resolve_precision
from ._device_turns import device_turn
from ._early_stopping import EarlyStopping
from ._facts import TrainingFacts
from ._generators import isolated_generators
from ._net import LeanNet
from ._optimizers import resolve_optimizer
from ._progress import EpochProgressBar
from ._rebuild import check_network, check_weights, no_larger_than, weights_as_arrays
from ._schedules import Cosine, ExponentialDecay, MultiStep, OneCycle, Schedule, resolve_schedule
from ._seeds import draw_seed
from ._share import is_main_process, n_processes, wait_for_main_process
from ._transfer import TransferReport, frozen_normalizations, take_over, weight_layers
from ._validation_split import validation_split
from ._weights import combined_weights

__all__ = [
    "Batches",
    "CheckpointStore",
    "Cosine",
    "EarlyStopping",
    "EpochProgressBar",
    "ExponentialDecay",
    "LeanNet",
    "MultiStep",
    "OneCycle",
    "Precision",
    "STATE_ENTRIES",
    "Schedule",
    "TrainingFacts",
    "TransferReport",
    "check_network",
    "check_weights",
    "combined_weights",
    "cpu_threads",
    "data_parallel",
    "device_turn",
    "draw_seed",
    "frozen_normalizations",
    "is_main_process",
    "isolated_generators",
    "n_epochs_done",
    "n_processes",
    "no_larger_than",
    "resolve_device",
    "resolve_optimizer",
    "resolve_precision",
    "resolve_schedule",
    "take_over",
    "validation_split",
    "wait_for_main_process",
    "weight_layers",
    "weights_as_arrays",
]
