"""Samples in a file that may be larger than memory, read before they are needed."""

from __future__ import annotations

import mmap
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

if sys.platform != "win32":
    import resource

_N_PROBED = 64


class MappedSamples:
    """Reads samples of a memory map from the disk before they are gathered.

    A sample that is not in memory is read when it is touched, one after the other, and round each
    the kernel reads 128 kB, by some settings megabytes, for a reader who goes on to its neighbours.
    In random order that is read for nothing; and when the file is larger than memory it displaces
    what was read before. Announced samples are read at once, in parallel, and alone.

    Parameters
    ----------
    mapped : mmap.mmap
        The memory map.
    first : int
        Where in it sample 0 begins, in bytes.
    stride : int
        Bytes from one sample to the next.
    n_bytes : int
        Bytes of a sample.
    """

    def __init__(self, mapped: mmap.mmap, first: int, stride: int, n_bytes: int) -> None:
        self.mapped, self.first, self.stride, self.n_bytes = mapped, first, stride, n_bytes

    @classmethod
    def of(cls, array: NDArray) -> MappedSamples | None:
        """Return the samples of an array on a memory map; None of any other.

        And None where the values of a sample are scattered over the file, or the operating system
        takes no announcements.
        """
        mapped: Any = array
        while mapped is not None and not isinstance(mapped, mmap.mmap):
            mapped = getattr(mapped, "base", None)
        if mapped is None or not hasattr(mmap, "MADV_WILLNEED") or array.size == 0:
            return None
        if array.strides[0] <= 0 or not array[0].flags.c_contiguous:
            return None
        begin = np.frombuffer(mapped, np.uint8, count=1).ctypes.data
        return cls(mapped, array.ctypes.data - begin, array.strides[0], array[0].nbytes)

    def announced(
        self, order: Iterator[Tensor], rows_of: Callable[[Tensor], Tensor]
    ) -> Iterator[Tensor]:
        """Pass on the indices of batches, and have each batch read during the one before it.

        Parameters
        ----------
        order : iterator of Tensor
            Indices of one epoch's batches.
        rows_of : callable
            Turns the indices of a batch into numbers of samples in the map.
        """
        upcoming = next(order, None)
        with self._read_alone():
            # To announce what is in memory would cost a microsecond for each sample.
            needed = upcoming is not None and self.on_disk(rows_of(upcoming)[:_N_PROBED])
            if needed and upcoming is not None:
                self.announce(rows_of(upcoming))
            while upcoming is not None:
                index, upcoming = upcoming, next(order, None)
                if needed and upcoming is not None:
                    self.announce(rows_of(upcoming))
                yield index

    @contextmanager
    def _read_alone(self) -> Iterator[None]:
        """Keep the kernel from reading on where a sample that is touched is not in memory."""
        self._advise(mmap.MADV_RANDOM)
        try:
            yield
        finally:
            self._advise(mmap.MADV_NORMAL)

    def _advise(self, advice: int, *where: int) -> None:
        with suppress(OSError):  # it is advice, and all goes on without
            self.mapped.madvise(advice, *where)

    def on_disk(self, rows: Tensor) -> bool:
        """Touch samples, and say whether any of them had to be read from the disk."""
        before = _n_major_faults()
        for row in rows.tolist():
            self.mapped[self.first + row * self.stride]
        return _n_major_faults() > before

    def announce(self, rows: Tensor) -> None:
        """Have samples read, without waiting for them."""
        begins = self.first + rows.numpy() * self.stride
        pages = begins // mmap.PAGESIZE * mmap.PAGESIZE
        for page, n_bytes in zip(pages.tolist(), (begins + self.n_bytes - pages).tolist()):
            self._advise(mmap.MADV_WILLNEED, page, n_bytes)


def _n_major_faults() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_majflt
