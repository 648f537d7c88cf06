"""Numbers and sizes out of all proportion, refused before memory is taken for them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache


@cache
def machine_memory() -> int:
    """Return the bytes of memory of this machine, or 1 TiB where it does not say."""
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return 2**40


def require_memory(n_bytes: float, what: str, remedy: str) -> None:
    """Refuse what cannot be held.

    Parameters
    ----------
    n_bytes : float
        Bytes that would be taken.
    what : str
        What would take them, in the error's words.
    remedy : str
        What to change.

    Raises
    ------
    ValueError
        If they are more than this machine has.
    """
    if not n_bytes <= machine_memory():
        try:
            size = f"{n_bytes / 1e9:,.1f} GB"
        except OverflowError:
            size = "more than 1e300 GB"
        raise ValueError(
            f"{what} would take {size} of memory, and this machine has "
            f"{machine_memory() / 1e9:,.1f} GB; {remedy}"
        )


@contextmanager
def in_range(what: str) -> Iterator[None]:
    """Say in a ValueError that a number in ``what`` fits no number format."""
    try:
        yield
    except OverflowError as error:
        raise ValueError(f"{what} has a number that is too large; got {error}") from error
