"""Classifiers of whole records, built on classifiers of beats, and one of the numbers of a beat."""

from __future__ import annotations

from ._beat_trees import BeatTreesClassifier
from ._beat_vote import BeatVoteClassifier

__all__ = ["BeatTreesClassifier", "BeatVoteClassifier"]
