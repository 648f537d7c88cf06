"""Convolutions followed by an LSTM with attention over the feature maps."""

from __future__ import annotations

from typing import Literal

from torch import Tensor, nn

from ._attention_lstm import AttentiveLSTM
from ._channels_last import channels_last
from ._images import convolution_stack, stack_output_shape, stack_spatial_layer
from ._spatial import SpatialLayer


class Hybrid(nn.Module):
    """Blocks of convolution, ReLU and max pooling, an LSTM with attention, and two dense layers.

    The LSTM with attention has ``n_summary`` outputs, which are the input of the dense layers. The
    defaults give the published network (206,666 weights), in which ``n_summary`` is the number of
    classes.

    Parameters
    ----------
    image_shape : tuple of int, default=(13, 64, 64)
        Channels, height and width. Pooling rounds up, so that any size is accepted and no pixel is
        ignored.
    n_classes : int, default=5
        Number of logits.
    width : int, default=64
        Number of filters of the first block; each further block has twice as many as the one
        before.
    n_blocks : int, default=2
        Number of blocks. Each halves height and width.
    sequence : {"rows", "columns"}, default="rows"
        Input of a step of the LSTM.

        - ``"rows"``, as published: one row of one feature map, one map after another.
        - ``"columns"``: one column of all feature maps. The steps follow the time axis of the ECG,
          and there are far fewer of them.
    n_recurrent : int, default=128
        Size of the LSTM state.
    n_summary : int or None, default=None
        Number of outputs of the LSTM with attention. If None, the number of classes.
    n_hidden : int, default=64
        Width of the hidden dense layer.
    dropout : float, default=0.0
        Dropout rate before the last dense layer.

    See Also
    --------
    skecg.ECGHybridClassifier : The classifier on it.

    Examples
    --------
    >>> import torch
    >>> from skecg.networks import Hybrid
    >>> network = Hybrid(width=8)
    >>> network(torch.zeros(2, 13, 64, 64)).shape
    torch.Size([2, 5])
    """

    def __init__(
        self,
        image_shape: tuple[int, int, int] = (13, 64, 64),
        n_classes: int = 5,
        *,
        width: int = 64,
        n_blocks: int = 2,
        sequence: Literal["rows", "columns"] = "rows",
        n_recurrent: int = 128,
        n_summary: int | None = None,
        n_hidden: int = 64,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        n_channels, height, n_pixels = image_shape
        self.sequence = sequence
        self.n_blocks = n_blocks
        self.features = convolution_stack(n_channels, width, n_blocks)
        n_maps, n_rows, n_columns = stack_output_shape(height, n_pixels, width, n_blocks)
        n_inputs = n_columns if sequence == "rows" else n_maps * n_rows
        n_summary = n_classes if n_summary is None else n_summary
        self.recurrent = AttentiveLSTM(n_inputs, n_recurrent, n_summary)
        self.head = nn.Sequential(
            nn.Linear(n_summary, n_hidden),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(n_hidden, n_classes),
        )

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
        return self.head(self.recurrent(self.steps(x)))

    def steps(self, x: Tensor) -> Tensor:
        """Return the sequence (n_samples, n_steps, n_inputs) that the LSTM reads.

        Parameters
        ----------
        x : Tensor of shape (n_samples, n_channels, height, width)
            Pictures.

        Returns
        -------
        Tensor of shape (n_samples, n_steps, n_inputs)
            The last feature maps as a sequence.
        """
        rows = self.features(channels_last(x)).flatten(1, 2)
        return rows if self.sequence == "rows" else rows.transpose(1, 2)

    @property
    def spatial_layer(self) -> SpatialLayer:
        """The last layer with positions: the ReLU of the last block."""
        return stack_spatial_layer(self.n_blocks)
