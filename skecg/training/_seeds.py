"""Seeds from a ``random_state`` parameter."""

from __future__ import annotations

import numpy as np


def draw_seed(random_state: int | np.random.RandomState | np.random.Generator | None) -> int:
    """Draw one seed below 2**31; None draws fresh entropy, not numpy's global generator."""
    if random_state is None:
        return int(np.random.SeedSequence().generate_state(1)[0] >> 1)
    if isinstance(random_state, np.random.RandomState):
        return int(random_state.randint(2**31 - 1))
    if isinstance(random_state, np.random.Generator):
        return int(random_state.integers(2**31 - 1))
    return int(random_state)
