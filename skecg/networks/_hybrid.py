"""Convolutions, then an LSTM with attention over what they found."""

from __future__ import annotations

from typing import Literal

from torch import Tensor, nn

from ._attention_lstm import AttentiveLSTM
from ._channels_last import channels_last
from ._images import convolution_stack, stack_output_shape, stack_spatial_layer
from ._spatial import SpatialLayer


class Hybrid(nn.Module):
    """Blocks of convolution, ReLU and max pooling, an LSTM with attention, and two dense layers.

    The LSTM with attention has its own layer of ``n_summary`` outputs, which the dense layers
    read. The defaults are the published network (206,666 weights), in which these are as many as
    there are classes.

    Parameters
    ----------
    image_shape : tuple of int, default=(13, 64, 64)
        Channels, height and width. Pools round up, so that every size works and no pixel is
        left out.
    n_classes : int, default=5
        Number of logits.
    width : int, default=64
        Filters of the first block; every further block has twice as many.
    n_blocks : int, default=2
        Blocks; each halves height and width.
    sequence : {"rows", "columns"}, default="rows"
        What a step of the LSTM reads. ``"rows"``, as published: one row of one feature map, map
        after map. ``"columns"``: one column of all feature maps, so that the steps go along the
        time axis of the paper and are far fewer.
    n_recurrent : int, default=128
        Size of the LSTM's state.
    n_summary : int or None, default=None
        Outputs of the LSTM with attention; None makes them as many as the classes.
    n_hidden : int, default=64
        Width of the dense layer before the last.
    dropout : float, default=0.0
        Dropout before the last dense layer.
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
        n_channels, *size = image_shape
        self.sequence = sequence
        self.n_blocks = n_blocks
        self.features = convolution_stack(n_channels, width, n_blocks)
        n_maps, n_rows, n_columns = stack_output_shape(*size, width, n_blocks)
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
        """Map (n_samples, n_channels, height, width) to logits (n_samples, n_classes)."""
        return self.head(self.recurrent(self.steps(x)))

    def steps(self, x: Tensor) -> Tensor:
        """Return the sequence (n_samples, n_steps, n_inputs) that the LSTM reads."""
        rows = self.features(channels_last(x)).flatten(1, 2)
        return rows if self.sequence == "rows" else rows.transpose(1, 2)

    @property
    def spatial_layer(self) -> SpatialLayer:
        """The last layer with positions: the ReLU of the last block."""
        return stack_spatial_layer(self.n_blocks)
