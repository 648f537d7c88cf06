"""Looking inside: pictures of beats, sheets and trainings."""

from ._beat_display import BeatDisplay
from ._lead_layout_display import LeadLayoutDisplay
from ._training_curve_display import TrainingCurveDisplay

__all__ = ["BeatDisplay", "LeadLayoutDisplay", "TrainingCurveDisplay"]
