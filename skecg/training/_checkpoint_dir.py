"""The folder in which a fit keeps its checkpoint."""

from __future__ import annotations

import hashlib
import json
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from ..parallel import is_main_process, wait_for_main_process
from ..storage import (
    ModelFileError,
    ValueReader,
    ValueWriter,
    read_container,
    remove_unfinished,
    write_container,
)
from ._checkpoint import STATE_ENTRIES, n_epochs_done

# How the text of a value begins that is too long to be shown.
DIGEST = "SHA-256 "
FILE_NAME = "checkpoint.safetensors"
LOCK_NAME = "checkpoint.lock"
# In a path, the place of a name for the fit.
FIT_PLACE = "{fit}"
# The user's own file, read whole: no other limit than what the machine holds.
_MAX_BYTES = 2**50
# An optimiser has an entry for each of the network's weights.
_MAX_PAIRS = 2**16


class CheckpointFile:
    """The checkpoint of one fit, the store of a net's training.

    Parameters
    ----------
    path : Path
        The file, which need not be there yet.
    identity : dict of {str: str}
        What decides the result of the fit.
    seed : int
        Seed of the fit, unless the file knows another.

    Attributes
    ----------
    latest : dict or None
        The state that the file has; None where there is no file.
    seed : int
        Seed that the fit began with.

    Raises
    ------
    ModelFileError
        If there is a file that is no intact checkpoint.
    ValueError
        If it is the checkpoint of another fit.
    """

    def __init__(self, path: Path, identity: dict[str, str], seed: int) -> None:
        self.path, self.identity, self.seed = path, identity, seed
        self.latest: dict[str, Any] | None = None
        self.n_epochs = 0
        with suppress(FileNotFoundError):
            found, self.seed, self.latest = _read(path)
            self._require_identity(found)
            self.n_epochs = n_epochs_done(self)

    def write(self, state: dict[str, Any]) -> None:
        """Put a state in the file's place; warn and leave the old one where that fails."""
        if not is_main_process():
            return
        n_epochs = len(state["history"])
        writer = ValueWriter(_MAX_PAIRS)
        try:
            node = writer.write(state, "state")
        except TypeError as error:
            raise TypeError(
                f"checkpoint_dir cannot keep the state of this training: {error}"
            ) from error
        content = {"identity": self.identity, "seed": self.seed, "state": node}
        try:
            write_container(self.path, {"checkpoint": content}, writer.arrays)
        except OSError as error:
            kept = f"that of epoch {self.n_epochs} stays" if self.n_epochs else "there is none yet"
            rest = "training goes on"
            if state["finished"]:
                rest = "training has ended, and only the fitted classifier has its result"
            warnings.warn(
                f"the checkpoint of epoch {n_epochs} could not be written to {str(self.path)!r}: "
                f"{error}; {kept}, {rest}",
                stacklevel=2,
            )
        else:
            self.n_epochs = n_epochs

    def _require_identity(self, found: dict[str, str]) -> None:
        names = [n for n in {**found, **self.identity} if found.get(n) != self.identity.get(n)]
        if not names:
            return
        differences = ", ".join(_difference(n, found.get(n), self.identity.get(n)) for n in names)
        raise ValueError(
            f"{str(self.path)!r} is the checkpoint of another fit: {differences}. A folder has "
            "the checkpoint of one fit: remove the file to begin anew, or give checkpoint_dir "
            f"another folder; with a part {FIT_PLACE} in the path, as "
            f"{str(self.path.parent / FIT_PLACE)!r}, every fit takes one of its own"
        )


def _read(path: Path) -> tuple[dict[str, str], int, dict[str, Any]]:
    """Return the identity, the seed and the state of a checkpoint."""
    remedy = "; remove the file to begin anew, or give checkpoint_dir another folder"
    try:
        header, arrays = read_container(path, _MAX_BYTES)
    except ModelFileError as error:
        raise ModelFileError(f"the checkpoint {error}{remedy}") from error
    try:
        content = header["checkpoint"]
        state = ValueReader(arrays, _MAX_PAIRS).read(content["state"])
        if state.keys() != set(STATE_ENTRIES):
            raise ModelFileError("unknown or missing entries")
        return dict(content["identity"]), int(content["seed"]), state
    except Exception as error:  # a forged or foreign header can be of any form
        raise ModelFileError(f"{str(path)!r} is no checkpoint: {error!r}{remedy}") from error


def _difference(name: str, before: str | None, now: str | None) -> str:
    if DIGEST in f"{before} {now}" or None in (before, now):
        return f"{name} is not the same"
    return f"{name} was {before} and is {now}"


@contextmanager
def checkpoint_file(
    checkpoint_dir: str | os.PathLike, identity: dict[str, str], seed: int
) -> Iterator[CheckpointFile]:
    """Open the checkpoint of a fit, and keep other fits out of its folder inside the block.

    Parameters
    ----------
    checkpoint_dir : path-like
        The folder, which is made; ``{fit}`` in it becomes a name for the fit.
    identity : dict of {str: str}
        What decides the result of the fit.
    seed : int
        Seed of the fit, unless the file knows another.

    Raises
    ------
    ModelFileError
        If the checkpoint there is not intact.
    ValueError
        If it is one of another fit, or another fit is using the folder.
    OSError
        If the folder cannot be made or written to.
    """
    folder = Path(os.fspath(checkpoint_dir).replace(FIT_PLACE, _name(identity)))
    with _held(folder):
        yield CheckpointFile(folder / FILE_NAME, identity, seed)


def _name(identity: dict[str, str]) -> str:
    # Without the versions: after an update the old checkpoint is to be found, and refused.
    lasting = {k: v for k, v in identity.items() if not k.startswith("the version of")}
    return hashlib.sha256(json.dumps(lasting, sort_keys=True).encode()).hexdigest()[:16]


@contextmanager
def _held(folder: Path) -> Iterator[None]:
    if not is_main_process():
        wait_for_main_process()
        yield
        return
    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / LOCK_NAME)
    try:
        # The system lets go of it when the process ends, in whatever way.
        lock.acquire(timeout=0)
    except Timeout:
        raise ValueError(
            f"another fit is using the folder {str(folder)!r}; give checkpoint_dir a folder for "
            f"each fit, as a part {FIT_PLACE} in the path does"
        ) from None
    except NotImplementedError:  # a file system without locks
        pass
    try:
        remove_unfinished(folder / FILE_NAME)
        wait_for_main_process()
        yield
    finally:
        lock.release()
