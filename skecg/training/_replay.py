"""A function that is captured as a CUDA graph and replayed."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
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
    body : callable
        The function, without arguments.
    capture : callable
        Turns the function into one that replays it: :func:`captured`, or what stands for it on a
        device without graphs.
    """

    def __init__(
        self,
        body: Callable[[], None],
        capture: Callable[[Callable[[], None]], Callable[[], None]],
    ) -> None:
        self.body, self.capture = body, capture
        self.replayed: Callable[[], None] | None = None
        self._n_calls = 0
        self._host_generators: tuple[Any, ...] = ()

    def __call__(self) -> None:
        """Do the function's work once.

        Raises
        ------
        CannotCapture
            If the function draws random numbers on the host, which replays would repeat, or if it
            waits for the host.
        """
        if self.replayed is None and self._n_calls < N_WARM_UP:
            self._host_generators = self._host_generators or _host_generators()
            self._n_calls += 1
            self.body()
            return
        if self.replayed is None:
            if self._host_generators != _host_generators():
                raise CannotCapture(
                    "the network or an augmentation draws random numbers on the CPU"
                )
            self.replayed = self.capture(self.body)
        self.replayed()


def captured(body: Callable[[], None]) -> Callable[[], None]:
    """Capture a function on the present stream, which must not be the default one.

    Raises
    ------
    CannotCapture
        If the function cannot be captured, as when it waits for a value on the device.
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
        reason = str(error).strip().splitlines()[0]
        raise CannotCapture(f"PyTorch cannot capture it ({reason})") from error
    return graph.replay


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
