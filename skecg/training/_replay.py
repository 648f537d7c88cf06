"""A function that is captured as a CUDA graph and replayed."""

from __future__ import annotations

import random
import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import torch

# Calls before the capture, in which libraries choose algorithms and allocate what they keep.
N_WARM_UP = 3


class CannotCapture(Exception):
    """Why a function cannot be captured. What it had to do in that call is still to be done."""


class Replay:
    """Call a function as it is, capture it at the fourth call, and replay it from then on.

    Every call does the function's work, those before the capture too, so that nothing has to be put
    back. A replay computes on the same memory and runs none of the function's Python: what the
    function does must not depend on the host.

    Parameters
    ----------
    capture : callable
        Turns a function without arguments into one that replays it: :func:`captured`, or what
        stands for it on a device without graphs.
    """

    def __init__(self, capture: Callable[[Callable[[], None]], Callable[[], None]]) -> None:
        self.capture = capture
        self.replayed: Callable[[], None] | None = None
        self._n_calls = 0
        self._host_generators: tuple[Any, ...] = ()
        self._waits: list[str] = []

    def __call__(self, body: Callable[[], None]) -> None:
        """Do the function's work once.

        Parameters
        ----------
        body : callable
            The function, the same in every call. It is not kept: what has a replay of its own
            method would wait for the garbage collector, and the device's memory with it.

        Raises
        ------
        CannotCapture
            If the function draws random numbers on the host, which replays would repeat, or if the
            host waits in it for a value on the device.
        """
        if self.replayed is None and self._n_calls < N_WARM_UP:
            self._warm_up(body)
            return
        if self.replayed is None:
            if self._host_generators != _host_generators():
                raise CannotCapture(
                    "the network or an augmentation draws random numbers on the CPU"
                )
            if self._waits:
                raise CannotCapture(
                    "the network or an augmentation reads a value from the device "
                    f"({', '.join(dict.fromkeys(self._waits))})"
                )
            self.replayed = self.capture(body)
        self.replayed()

    def _warm_up(self, body: Callable[[], None]) -> None:
        self._host_generators = self._host_generators or _host_generators()
        self._n_calls += 1
        # A capture that fails leaves PyTorch's generator and memory of the device in disorder, so
        # what would make it fail is looked for before. First calls may wait for other reasons.
        is_last = self._n_calls == N_WARM_UP
        watch: AbstractContextManager[list[str]]
        watch = waits_for_device() if is_last else nullcontext([])
        with watch as self._waits:
            body()


def captured(body: Callable[[], None]) -> Callable[[], None]:
    """Capture a function on the present stream, which must not be the default one.

    Raises
    ------
    CannotCapture
        If the function cannot be captured.
    """
    graph = torch.cuda.CUDAGraph()
    try:
        with torch.cuda.graph(
            graph,
            stream=torch.cuda.current_stream(),
            capture_error_mode="thread_local",  # other threads may use the device meanwhile
        ):
            body()
    except RuntimeError as error:
        graph.reset()
        # The end of a capture fails after what made it fail.
        first = error.__context__ or error
        reason = str(first).strip().splitlines()[0]
        raise CannotCapture(f"PyTorch cannot capture it ({reason})") from error
    return graph.replay


@contextmanager
def waits_for_device() -> Iterator[list[str]]:
    """Yield a list; after the block it has the places where the host waited for a CUDA device."""
    places: list[str] = []
    if not torch.cuda.is_initialized():
        yield places
        return
    mode = torch.cuda.get_sync_debug_mode()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        # PyTorch says once that it does not find all.
        warnings.filterwarnings("ignore", "Synchronization debug mode is a prototype")
        torch.cuda.set_sync_debug_mode("warn")
        try:
            yield places
        finally:
            torch.cuda.set_sync_debug_mode(mode)
    for warning in caught:
        if "synchronizing CUDA operation" in str(warning.message):
            places.append(f"{Path(warning.filename).name}, line {warning.lineno}")
        else:
            warnings.warn_explicit(
                warning.message, warning.category, warning.filename, warning.lineno
            )


@contextmanager
def on_stream(stream: torch.cuda.Stream | None) -> Iterator[None]:
    """Compute inside the block on a stream, after what was asked for before the block.

    None, for a device without streams, changes nothing.
    """
    if stream is None:
        yield
        return
    present = torch.cuda.current_stream(stream.device)
    stream.wait_stream(present)
    with torch.cuda.stream(stream):
        yield
    present.wait_stream(stream)


def _host_generators() -> tuple[Any, ...]:
    """Return the states of the generators that Python, NumPy and PyTorch have on the CPU."""
    state: Any = np.random.get_state(legacy=True)  # noqa: NPY002 (what a network may draw from)
    _, key, *rest = state
    return random.getstate(), key.tobytes(), rest, torch.get_rng_state().numpy().tobytes()
