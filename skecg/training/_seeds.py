"""Seeds from a ``random_state`` parameter."""

from __future__ import annotations

import numpy as np

from ..parallel import current_share


def draw_seed(random_state: int | np.random.RandomState | np.random.Generator | None) -> int:
    """Draw one seed below 2**31; None draws fresh entropy, not numpy's global generator.

    Processes that train together get the main one's.
    """
    seed, share = _draw(random_state), current_share()
    return seed if share is None else share.agreed_number(seed)


def _draw(random_state: int | np.random.RandomState | np.random.Generator | None) -> int:
    if random_state is None:
        return int(np.random.SeedSequence().generate_state(1)[0] >> 1)
    if isinstance(random_state, np.random.RandomState):
        return int(random_state.randint(2**31 - 1))
    if isinstance(random_state, np.random.Generator):
        return int(random_state.integers(2**31 - 1))
    return int(random_state)
