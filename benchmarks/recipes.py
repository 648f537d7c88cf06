"""How a benchmark of accuracy trains: parameters and augmentation from its command line."""

from __future__ import annotations

import argparse
import json

from sklearn.base import BaseEstimator

from skecg.augmentation import (
    BaselineWander,
    Contrast,
    Gain,
    Noise,
    Rotate,
    Shift,
    TimeStretch,
)

# A row of the heartbeat data set begins at its R peak, is scaled to 0 to 1, and ends with zeros.
ROWS = [TimeStretch(limit=0.05), Gain(limit=0.1), Noise(deviation=0.01, padding=0.0)]
# Several leads in mV at 100 Hz, wherever their beats are.
LEADS = [
    Shift(limit=0.1), TimeStretch(limit=0.05), Gain(limit=0.1),
    BaselineWander(sampling_rate=100, amplitude=0.1), Noise(deviation=0.02),
]  # fmt: skip
# What a page goes through on a scanner.
PAGES = [Shift(limit=0.02), Rotate(limit=1.0), Contrast(limit=0.2)]


def add_recipe(parser: argparse.ArgumentParser) -> None:
    """Add ``--set`` and ``--augment``."""
    parser.add_argument("--augment", action="store_true", help="change the samples a little")
    parser.add_argument("--set", nargs="*", default=[], metavar="NAME=VALUE", dest="settings")


def set_recipe(
    classifier: BaseEstimator, arguments: argparse.Namespace, augment: list
) -> BaseEstimator:
    """Set the parameters of ``--set``, whose values are JSON, and the augmentation if asked for."""
    settings = dict(setting.split("=", 1) for setting in arguments.settings)
    classifier.set_params(**{name: json.loads(value) for name, value in settings.items()})
    return classifier.set_params(augment=augment) if arguments.augment else classifier
