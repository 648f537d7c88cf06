"""Stop when the validation loss has stopped falling, and keep the best weights."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import ClassVar

from torch import Tensor, nn


@dataclass
class EarlyStopping:
    """The best epoch so far and its weights.

    Parameters
    ----------
    patience : int
        Epochs without a lower validation loss after which training stops.
    best_loss : float, default=inf
        Lowest validation loss so far.
    best_epoch : int, default=0
        Its epoch, counted from 1; 0 before the first.
    best_weights : dict of {str: Tensor}, default={}
        The module's ``state_dict`` at the end of that epoch.
    """

    patience: int
    best_loss: float = math.inf
    best_epoch: int = 0
    best_weights: dict[str, Tensor] = field(default_factory=dict, repr=False)

    # What changes from epoch to epoch; epochs without a better one are counted from the best.
    PROGRESS: ClassVar = ("best_loss", "best_epoch", "best_weights")

    def update(self, epoch: int, valid_loss: float, module: nn.Module) -> bool:
        """Take in one epoch (counted from 1) and say whether training should stop.

        Parameters
        ----------
        epoch : int
            Number of the epoch.
        valid_loss : float
            Its validation loss.
        module : torch.nn.Module
            The network, whose weights are copied if the loss is the lowest so far.

        Returns
        -------
        bool
            Whether training should stop.
        """
        if valid_loss < self.best_loss:
            self.best_loss, self.best_epoch = valid_loss, epoch
            self.best_weights = {
                name: tensor.detach().clone() for name, tensor in module.state_dict().items()
            }
        return epoch - self.best_epoch >= self.patience

    def restore(self, module: nn.Module) -> None:
        """Give the module the weights of its best epoch, if there was one.

        Parameters
        ----------
        module : torch.nn.Module
            The network.
        """
        if self.best_weights:
            module.load_state_dict(self.best_weights)
