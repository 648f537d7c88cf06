"""Transformers that prepare ECG signals for the classifiers."""

from ._beat_segmenter import BeatSegmenter

__all__ = ["BeatSegmenter"]
