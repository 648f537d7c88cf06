"""Classifiers of whole records that rest on classifiers of beats."""

from ._beat_vote import BeatVoteClassifier

__all__ = ["BeatVoteClassifier"]
