"""The fixtures of the tests of checkpoint_dir."""

from __future__ import annotations

from classifiers.conftest import beats, folder

__all__ = ["beats", "folder"]
