"""Objects that follow the epochs of a training: a watcher, a progress bar."""

from __future__ import annotations

from typing import Any, Protocol

from skorch.callbacks import Callback
from tqdm.auto import tqdm

from ..parallel import is_main_process


class EpochWatcher(Protocol):
    """Is told when an epoch begins and ends."""

    def begin_epoch(self) -> None:
        """Take note that an epoch begins."""

    def skip_epoch(self) -> None:
        """Take note of an epoch that was done before this process began."""

    def end_epoch(self) -> bool:
        """Take note that an epoch has ended, and return whether to stop training."""


class EpochProgressBar(Callback):
    """Show epochs done, the time they take and the latest losses."""

    def on_train_begin(self, net: Any, X: Any = None, y: Any = None, **kwargs: Any) -> None:
        """Open the bar."""
        hidden = not is_main_process()
        self.bar_ = tqdm(
            total=net.n_epochs,
            initial=net.n_epochs_before,
            desc="training",
            unit="epoch",
            disable=hidden,
        )

    def on_epoch_end(self, net: Any, **kwargs: Any) -> None:
        """Move the bar by one epoch."""
        row = net.history[-1]
        losses = {key: f"{row[key]:.4f}" for key in ("train_loss", "valid_loss") if key in row}
        self.bar_.set_postfix(losses, refresh=False)
        self.bar_.update()

    def on_train_end(self, net: Any, X: Any = None, y: Any = None, **kwargs: Any) -> None:
        """Close the bar."""
        self.bar_.close()
        del self.bar_

    def __getstate__(self) -> dict[str, Any]:
        """Leave an open bar to the training that it shows."""
        return {name: value for name, value in vars(self).items() if name != "bar_"}
