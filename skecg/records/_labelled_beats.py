"""What pictures and reports need of labelled beats."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray


class LabelledBeats(Protocol):
    """The beats of one record with their classes, such as `BeatAnnotations`."""

    sample: NDArray[np.int64]
    time: NDArray[np.float64]
    label: NDArray[np.str_]
    rr: NDArray[np.float64]
    unreadable: NDArray[np.int64]
    signal: NDArray | None
    sampling_rate: float
    n_timesteps: int
    name: str

    def occurring(self) -> list[str]:
        """Return the classes that have beats."""
        ...
