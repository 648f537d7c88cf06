"""Transformers that prepare ECG signals for the classifiers."""

from skecg.preprocessing._beat_segmenter import BeatSegmenter

__all__ = ["BeatSegmenter"]
