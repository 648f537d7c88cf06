"""What a fitted network was trained on, in a few numbers."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import ArrayLike


@dataclass(frozen=True)
class TrainingFacts:
    """What a network was trained on, held-out samples of early stopping included.

    Parameters
    ----------
    class_counts : tuple of int
        Samples of every class, in the order of ``classes_``.
    n_subjects : int or None, default=None
        Number of subjects, where ``fit`` was given ``groups``.
    subjects_sha256 : str or None, default=None
        SHA-256, in hexadecimal digits, of the subjects' ids: as strings, each once, sorted, joined
        by line feeds, in UTF-8. Two models that were trained on the same people have the same,
        and ids are not told. (Ids that can be guessed can be confirmed by it.)
    """

    class_counts: tuple[int, ...]
    n_subjects: int | None = None
    subjects_sha256: str | None = None

    @classmethod
    def of(cls, codes: np.ndarray, n_classes: int, groups: ArrayLike | None = None) -> Self:
        """Return the facts of samples given by class code and, optionally, subject."""
        counts = tuple(np.bincount(codes, minlength=n_classes).tolist())
        if groups is None:
            return cls(counts)
        subjects = np.unique(np.asarray(groups).astype(str)).tolist()
        text = "\n".join(subjects).encode(errors="surrogatepass")
        return cls(counts, len(subjects), hashlib.sha256(text).hexdigest())

    def and_then(self, later: TrainingFacts) -> TrainingFacts:
        """Return the facts of training first on these samples, then on others.

        Counts are added; a sample given twice counts twice. The subjects are kept only if both have
        the same.
        """
        counts = tuple(a + b for a, b in zip(self.class_counts, later.class_counts, strict=True))
        if self.subjects_sha256 != later.subjects_sha256:
            return TrainingFacts(counts)
        return TrainingFacts(counts, self.n_subjects, self.subjects_sha256)

    @property
    def n_samples(self) -> int:
        """Number of samples."""
        return sum(self.class_counts)
