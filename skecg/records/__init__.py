"""Whole records: labelled beats of them, and classifiers of them built on classifiers of beats."""

from __future__ import annotations

from ._beat_annotations import BeatAnnotations
from ._beat_annotator import BeatAnnotator
from ._beat_strip_display import BeatStripDisplay
from ._beat_summary import BeatRun, BeatSummary, HeartRate, Pause
from ._beat_trees import BeatTreesClassifier
from ._beat_vote import BeatVoteClassifier

__all__ = [
    "BeatAnnotations",
    "BeatAnnotator",
    "BeatRun",
    "BeatStripDisplay",
    "BeatSummary",
    "BeatTreesClassifier",
    "BeatVoteClassifier",
    "HeartRate",
    "Pause",
]
