"""ECG classification with the full scikit-learn contract and honest evaluation by subject."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from ._version import __version__ as __version__

if TYPE_CHECKING:
    from . import (
        augmentation,
        classifiers,
        datasets,
        inspection,
        metrics,
        model_selection,
        networks,
        parallel,
        persistence,
        preprocessing,
        records,
        samples,
        sampling,
        sheet,
        signal,
        training,
    )
    from .classifiers import (
        ECGAttentionLSTMClassifier,
        ECGAttentionVGGClassifier,
        ECGCNN2DClassifier,
        ECGCNN3DClassifier,
        ECGCNNClassifier,
        ECGHybridClassifier,
        ECGNeuralClassifier,
        ECGResidualCNNClassifier,
        ECGTimeDistributedCNNClassifier,
        ECGViTClassifier,
    )
    from .persistence import (
        ModelFileError,
        describe,
        export_onnx,
        load,
        load_pretrained,
        pretrained_path,
        save,
    )
    from .preprocessing import (
        AreaResize,
        BeatNumbers,
        BeatSegmenter,
        BeatWindows,
        LeadCropper,
        SignalFilter,
        SignalResampler,
        SignalScaler,
        TraceReader,
    )
    from .records import BeatAnnotator, BeatTreesClassifier, BeatVoteClassifier
    from .samples import SampleView
    from .sampling import NDSampler

# Public name -> the package that defines it. PyTorch takes seconds to import, so nothing is
# imported before it is asked for.
_HOMES = {
    "AreaResize": "preprocessing",
    "BeatAnnotator": "records",
    "BeatNumbers": "preprocessing",
    "BeatSegmenter": "preprocessing",
    "BeatTreesClassifier": "records",
    "BeatVoteClassifier": "records",
    "BeatWindows": "preprocessing",
    "ECGAttentionLSTMClassifier": "classifiers",
    "ECGAttentionVGGClassifier": "classifiers",
    "ECGCNN2DClassifier": "classifiers",
    "ECGCNN3DClassifier": "classifiers",
    "ECGCNNClassifier": "classifiers",
    "ECGHybridClassifier": "classifiers",
    "ECGNeuralClassifier": "classifiers",
    "ECGResidualCNNClassifier": "classifiers",
    "ECGTimeDistributedCNNClassifier": "classifiers",
    "ECGViTClassifier": "classifiers",
    "LeadCropper": "preprocessing",
    "ModelFileError": "persistence",
    "NDSampler": "sampling",
    "SampleView": "samples",
    "SignalFilter": "preprocessing",
    "SignalResampler": "preprocessing",
    "SignalScaler": "preprocessing",
    "TraceReader": "preprocessing",
    "describe": "persistence",
    "export_onnx": "persistence",
    "load": "persistence",
    "load_pretrained": "persistence",
    "pretrained_path": "persistence",
    "save": "persistence",
}
_SUBPACKAGES = (
    "augmentation",
    "classifiers",
    "datasets",
    "inspection",
    "metrics",
    "model_selection",
    "networks",
    "parallel",
    "persistence",
    "preprocessing",
    "records",
    "samples",
    "sampling",
    "sheet",
    "signal",
    "training",
)

__all__ = [
    "AreaResize",
    "BeatAnnotator",
    "BeatNumbers",
    "BeatSegmenter",
    "BeatTreesClassifier",
    "BeatVoteClassifier",
    "BeatWindows",
    "ECGAttentionLSTMClassifier",
    "ECGAttentionVGGClassifier",
    "ECGCNN2DClassifier",
    "ECGCNN3DClassifier",
    "ECGCNNClassifier",
    "ECGHybridClassifier",
    "ECGNeuralClassifier",
    "ECGResidualCNNClassifier",
    "ECGTimeDistributedCNNClassifier",
    "ECGViTClassifier",
    "LeadCropper",
    "ModelFileError",
    "NDSampler",
    "SampleView",
    "SignalFilter",
    "SignalResampler",
    "SignalScaler",
    "TraceReader",
    "augmentation",
    "classifiers",
    "datasets",
    "describe",
    "export_onnx",
    "inspection",
    "load",
    "load_pretrained",
    "pretrained_path",
    "metrics",
    "model_selection",
    "networks",
    "parallel",
    "persistence",
    "preprocessing",
    "records",
    "samples",
    "sampling",
    "save",
    "sheet",
    "signal",
    "training",
]


if not TYPE_CHECKING:  # a type checker would take every name for one of the package

    def __getattr__(name: str) -> object:
        if name in _HOMES:
            return getattr(importlib.import_module(f".{_HOMES[name]}", __name__), name)
        if name in _SUBPACKAGES:
            return importlib.import_module(f".{name}", __name__)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
