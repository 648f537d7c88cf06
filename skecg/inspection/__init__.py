"""Inspection of data, training and fitted classifiers: displays, activations, attributions."""

from ..records import BeatStripDisplay
from ._activation_display import ActivationDisplay
from ._activations import layer_activations
from ._attention import AttentionMaps, attention_maps
from ._attention_display import AttentionDisplay
from ._augmentation_display import AugmentationDisplay
from ._beat_display import BeatDisplay
from ._ecg_display import ECGDisplay
from ._lead_layout_display import LeadLayoutDisplay
from ._saliency import saliency
from ._saliency_display import SaliencyDisplay
from ._training_curve_display import TrainingCurveDisplay

__all__ = [
    "ActivationDisplay",
    "AttentionDisplay",
    "AttentionMaps",
    "AugmentationDisplay",
    "BeatDisplay",
    "BeatStripDisplay",
    "ECGDisplay",
    "LeadLayoutDisplay",
    "SaliencyDisplay",
    "TrainingCurveDisplay",
    "attention_maps",
    "layer_activations",
    "saliency",
]
