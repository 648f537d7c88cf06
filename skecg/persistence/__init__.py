"""Estimators in one safe file: save, load, describe."""

from ..storage import ModelFileError
from ._describe import describe
from ._save_load import load, save

__all__ = ["ModelFileError", "describe", "load", "save"]
