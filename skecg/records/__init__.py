"""Classifiers of whole records, built on classifiers of beats."""

from __future__ import annotations

from ._beat_vote import BeatVoteClassifier

__all__ = ["BeatVoteClassifier"]
