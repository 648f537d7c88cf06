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
        Samples of every class or with every label, in the order of ``classes_``.
    n_subjects : int or None, default=None
        Number of subjects, where ``fit`` was given ``groups``.
    subjects_sha256 : str or None, default=None
        SHA-256, in hexadecimal digits, of the subjects' ids: as strings, each once, sorted, joined
        by line feeds, in UTF-8. Two models that were trained on the same people have the same,
        and ids are not told. (Ids that can be guessed can be confirmed by it.)
    n_multilabel : int or None, default=None
        Number of samples, where a sample may have several labels or none; None where every sample
        has one class.
    """

    class_counts: tuple[int, ...]
    n_subjects: int | None = None
    subjects_sha256: str | None = None
    n_multilabel: int | None = None

    @classmethod
    def of(cls, codes: np.ndarray, n_classes: int, groups: ArrayLike | None = None) -> Self:
        """Return the facts of samples given by class code and, optionally, subject."""
        counts = tuple(np.bincount(codes, minlength=n_classes).tolist())
        return cls(counts, *_subjects(groups))

    @classmethod
    def of_labels(cls, y: np.ndarray, groups: ArrayLike | None = None) -> Self:
        """Return the facts of samples given by a matrix of 0 and 1, a column for each label."""
        counts = tuple(int(count) for count in np.count_nonzero(y, axis=0))
        n_subjects, digest = _subjects(groups)
        return cls(counts, n_subjects, digest, len(y))

    def and_then(self, later: TrainingFacts) -> TrainingFacts:
        """Return the facts of training first on these samples, then on others.

        Counts are added; a sample given twice counts twice. The subjects are kept only if both have
        the same.
        """
        counts = tuple(a + b for a, b in zip(self.class_counts, later.class_counts, strict=True))
        n_multilabel = None
        if self.n_multilabel is not None and later.n_multilabel is not None:
            n_multilabel = self.n_multilabel + later.n_multilabel
        if self.subjects_sha256 != later.subjects_sha256:
            return TrainingFacts(counts, n_multilabel=n_multilabel)
        return TrainingFacts(counts, self.n_subjects, self.subjects_sha256, n_multilabel)

    @property
    def n_samples(self) -> int:
        """Number of samples."""
        return sum(self.class_counts) if self.n_multilabel is None else self.n_multilabel


def _subjects(groups: ArrayLike | None) -> tuple[int, str] | tuple[None, None]:
    """Return the number of subjects and the digest of their ids; nothing where there are none."""
    if groups is None:
        return None, None
    subjects = np.unique(np.asarray(groups).astype(str)).tolist()
    text = "\n".join(subjects).encode(errors="surrogatepass")
    return len(subjects), hashlib.sha256(text).hexdigest()
