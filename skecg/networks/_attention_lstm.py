"""LSTM over the rows of an image, with attention from its last state to all states."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ._images import attend, attention_weights, pad_images
from ._recurrent import LSTM


class AttentiveLSTM(nn.Module):
    """LSTM whose last state attends to all its states.

    The score of a step is the dot product of its state, after a linear map, with the last state.
    The softmax of the scores gives the weights of the mean of the states (the context). Context
    and last state are concatenated and mapped to ``n_hidden`` features by a linear map and tanh,
    and a dense layer maps these to ``n_outputs`` values.

    Parameters
    ----------
    n_inputs : int
        Number of features per step.
    n_hidden : int
        Size of the LSTM state.
    n_outputs : int
        Number of outputs.

    References
    ----------
    M.-T. Luong, H. Pham, C. D. Manning, "Effective approaches to attention-based neural machine
    translation", EMNLP 2015, section 3.1 (the "general" score), arXiv:1508.04025.
    """

    def __init__(self, n_inputs: int, n_hidden: int, n_outputs: int) -> None:
        super().__init__()
        self.lstm = LSTM(n_inputs, n_hidden, batch_first=True)
        self.key = nn.Linear(n_hidden, n_hidden, bias=False)
        self.combine = nn.Linear(2 * n_hidden, n_hidden, bias=False)
        self.head = nn.Linear(n_hidden, n_outputs)

    def forward(self, steps: Tensor) -> Tensor:
        """Map (n_samples, n_steps, n_inputs) to (n_samples, n_outputs)."""
        states, _ = self.lstm(steps)
        last = states[:, -1]
        context = attend(last, self.key(states), states)
        return self.head(torch.tanh(self.combine(torch.cat([context, last], 1))))

    def attention(self, steps: Tensor) -> Tensor:
        """Return the weight of each step, shape (n_samples, n_steps)."""
        states, _ = self.lstm(steps)
        return attention_weights(states[:, -1], self.key(states))


class AttentionLSTM(nn.Module):
    """LSTM with attention that reads an image row by row.

    The channels are stacked from top to bottom and each step reads the next ``rows_per_step``
    rows. The defaults give the published network (149,125 weights; 832 steps of 64 values).

    Parameters
    ----------
    image_shape : tuple of int, default=(13, 64, 64)
        Channels, height and width.
    n_classes : int, default=5
        Number of logits.
    rows_per_step : int, default=1
        Number of rows per step. The stack is padded at its end with rows of zeros if its height
        is not a multiple of ``rows_per_step``.
    n_hidden : int, default=128
        Size of the LSTM state.

    See Also
    --------
    skecg.ECGAttentionLSTMClassifier : The classifier on it.

    Examples
    --------
    >>> import torch
    >>> from skecg.networks import AttentionLSTM
    >>> network = AttentionLSTM(rows_per_step=16, n_hidden=32)
    >>> network(torch.zeros(2, 13, 64, 64)).shape
    torch.Size([2, 5])
    """

    def __init__(
        self,
        image_shape: tuple[int, int, int] = (13, 64, 64),
        n_classes: int = 5,
        *,
        rows_per_step: int = 1,
        n_hidden: int = 128,
    ) -> None:
        super().__init__()
        n_channels, height, width = image_shape
        self.n_steps = -(-n_channels * height // rows_per_step)
        self.rows_per_step = rows_per_step
        self.recurrent = AttentiveLSTM(rows_per_step * width, n_hidden, n_classes)

    def forward(self, x: Tensor) -> Tensor:
        """Map (n_samples, n_channels, height, width) to logits (n_samples, n_classes).

        Parameters
        ----------
        x : Tensor of shape (n_samples, n_channels, height, width)
            Pictures.

        Returns
        -------
        Tensor of shape (n_samples, n_classes)
            Logits.
        """
        return self.recurrent(self.steps(x))

    def steps(self, x: Tensor) -> Tensor:
        """Return the sequence (n_samples, n_steps, rows_per_step * width) that the LSTM reads.

        Parameters
        ----------
        x : Tensor of shape (n_samples, n_channels, height, width)
            Pictures.

        Returns
        -------
        Tensor of shape (n_samples, n_steps, rows_per_step * width)
            Rows of the stacked channels, from top to bottom; zeros fill the last step.
        """
        rows = pad_images(x.flatten(1, 2), self.n_steps * self.rows_per_step, 0)
        return rows.unflatten(1, (self.n_steps, self.rows_per_step)).flatten(2)
