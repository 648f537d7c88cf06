"""Estimators in one safe file: save, load, describe, and those that come with the package."""

from ..storage import ModelFileError
from ._describe import describe
from ._export_onnx import export_onnx
from ._pretrained import load_pretrained, pretrained_path
from ._save_load import load, save

__all__ = [
    "ModelFileError",
    "describe",
    "export_onnx",
    "load",
    "load_pretrained",
    "pretrained_path",
    "save",
]
