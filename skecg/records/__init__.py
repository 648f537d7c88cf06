"""Whole records: classifiers of them built on classifiers of beats, and their labelled beats."""

from __future__ import annotations

from ._beat_annotations import BeatAnnotations
from ._beat_annotator import BeatAnnotator
from ._beat_strip_display import BeatStripDisplay
from ._beat_summary import BeatRun, BeatSummary, HeartRate, Pause
from ._beat_vote import BeatVoteClassifier

__all__ = [
    "BeatAnnotations",
    "BeatAnnotator",
    "BeatRun",
    "BeatStripDisplay",
    "BeatSummary",
    "BeatVoteClassifier",
    "HeartRate",
    "Pause",
]
