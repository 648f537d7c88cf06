"""How any network is fitted: the skorch net, schedules, precision, checkpoints."""

from ..parallel import data_parallel
from ._averaged_weights import AveragedWeights as AveragedWeights
from ._checkpoint import CheckpointStore as CheckpointStore
from ._checkpoint_dir import DIGEST as DIGEST
from ._checkpoint_dir import CheckpointFile as CheckpointFile
from ._checkpoint_dir import checkpoint_file as checkpoint_file
from ._device import Precision as Precision
from ._device import cpu_threads as cpu_threads
from ._device import resolve_device as resolve_device
from ._device import resolve_precision as resolve_precision
from ._early_stopping import EarlyStopping
from ._facts import TrainingFacts as TrainingFacts
from ._generators import isolated_generators as isolated_generators
from ._net import LeanNet
from ._optimizers import Moments as Moments
from ._optimizers import resolve_optimizer as resolve_optimizer
from ._progress import EpochProgressBar as EpochProgressBar
from ._schedules import SCHEDULES as SCHEDULES
from ._schedules import Cosine, ExponentialDecay, MultiStep, OneCycle, Schedule
from ._schedules import resolve_schedule as resolve_schedule
from ._seeds import draw_seed as draw_seed
from ._targets import OneClass as OneClass
from ._targets import SeveralLabels as SeveralLabels
from ._targets import Targets as Targets
from ._targets import targets_of as targets_of
from ._validation_split import validation_split as validation_split

# What users need; the rest serves the classifiers.
__all__ = [
    "Cosine",
    "EarlyStopping",
    "ExponentialDecay",
    "LeanNet",
    "MultiStep",
    "OneCycle",
    "Schedule",
    "data_parallel",
]
