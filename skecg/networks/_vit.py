"""Vision Transformer; the defaults give that of a published ECG sheet classifier."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Literal, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ._channels_last import channels_last
from ._images import pad_images
from ._spatial import SpatialLayer, cells


class VisionTransformer(nn.Module):
    """Vision Transformer with global average pooling and no class token.

    Images are divided into patches and each patch is mapped to a vector, to which a position is
    added. Pre-norm blocks of self-attention and a two-layer perceptron follow, then layer
    normalisation, the mean over patches and a dense layer. The defaults give the published ECG
    sheet classifier, with 25,734,660 weights.

    Parameters
    ----------
    image_shape : tuple of int, default=(3, 182, 256)
        Channels, height and width. Images whose height or width is not a multiple of the patch
        size are padded with zeros at the bottom and right.
    n_classes : int, default=4
        Number of logits.
    patch_size : tuple of int, default=(7, 8)
        Height and width of a patch.
    stem : {"patch", "conv"}, default="patch"
        How patches are mapped to vectors.

        - ``"patch"``: one convolution whose kernel size and stride are the patch size.
        - ``"conv"``: a series of 3 x 3 convolutions with stride 2 and GELU between them, whose
          receptive fields extend beyond the patch. Height and width of a patch must be powers of
          two.
    dim : int, default=512
        Length of the vector of a patch.
    n_blocks : int, default=8
        Number of transformer blocks.
    n_heads : int, default=32
        Number of attention heads; ``dim`` must be a multiple.
    mlp_ratio : float, default=4.0
        Width of the hidden layer of the perceptrons, relative to ``dim``.
    activation : {"relu", "gelu"}, default="relu"
        Activation function of the perceptrons.
    positions : {"learned", "sincos"}, default="learned"
        Positions of the patches: a learned vector per patch, or fixed sines and cosines of its row
        and column. ``"sincos"`` requires ``dim`` to be a multiple of 4.
    layer_norm_eps : float, default=1e-3
        Epsilon of the layer normalisations.
    dropout : float, default=0.0
        Dropout rate after the positions, the attention and both layers of the perceptrons.
    stochastic_depth : float, default=0.0
        Probability that a sample skips the branches of the last block in training. It increases
        linearly over the blocks, from 0 in the first.
    initialization : {"keras", "xavier"}, default="keras"
        Initialisation of the weights.

        - ``"keras"``: Glorot-uniform kernels as in Keras, zero biases, and learned positions
          uniform in [-0.05, 0.05]. Keras computes the fans of the three-axis kernels of the
          attention as those of a convolution, so that their initial values are 2 to 5 times
          smaller than others.
        - ``"xavier"``: Glorot-uniform dense layers, zero biases, He-normal convolutions of the
          stem, and learned positions with standard deviation 0.02.

    See Also
    --------
    skecg.ECGViTClassifier : The classifier on it.

    References
    ----------
    A. Dosovitskiy et al., "An image is worth 16x16 words", ICLR 2021, arXiv:2010.11929.

    T. Xiao et al., "Early convolutions help transformers see better", NeurIPS 2021,
    arXiv:2106.14881 (the convolutional stem).

    G. Huang et al., "Deep networks with stochastic depth", ECCV 2016, arXiv:1603.09382.

    Examples
    --------
    >>> import torch
    >>> from skecg.networks import VisionTransformer
    >>> network = VisionTransformer((1, 70, 80), n_classes=4, dim=32, n_blocks=2, n_heads=4)
    >>> network(torch.zeros(2, 1, 70, 80)).shape
    torch.Size([2, 4])
    """

    def __init__(
        self,
        image_shape: tuple[int, int, int] = (3, 182, 256),
        n_classes: int = 4,
        *,
        patch_size: tuple[int, int] = (7, 8),
        stem: Literal["patch", "conv"] = "patch",
        dim: int = 512,
        n_blocks: int = 8,
        n_heads: int = 32,
        mlp_ratio: float = 4.0,
        activation: Literal["relu", "gelu"] = "relu",
        positions: Literal["learned", "sincos"] = "learned",
        layer_norm_eps: float = 1e-3,
        dropout: float = 0.0,
        stochastic_depth: float = 0.0,
        initialization: Literal["keras", "xavier"] = "keras",
    ) -> None:
        super().__init__()
        if dim % n_heads:
            raise ValueError(f"dim must be a multiple of n_heads; got {dim} and {n_heads}")
        n_channels, height, width = image_shape
        rows, columns = -(-height // patch_size[0]), -(-width // patch_size[1])
        self.patch_size, self.grid_size = tuple(patch_size), (rows, columns)
        self.padded_size = (rows * patch_size[0], columns * patch_size[1])
        build_stem = {"patch": _patch_stem, "conv": _convolutional_stem}[stem]
        self.stem = build_stem(n_channels, dim, patch_size)
        if positions == "learned":
            self.positions = nn.Parameter(torch.zeros(rows * columns, dim))
        else:
            fixed = sincos_positions(rows, columns, dim)
            self.register_buffer("positions", fixed, persistent=False)
        self.dropout = nn.Dropout(dropout)
        self.blocks = nn.Sequential(
            *(
                TransformerBlock(
                    dim, n_heads, round(mlp_ratio * dim), activation=activation,
                    layer_norm_eps=layer_norm_eps, dropout=dropout,
                    drop_path=stochastic_depth * block / max(n_blocks - 1, 1),
                )
                for block in range(n_blocks)
            )
        )  # fmt: skip
        self.norm = nn.LayerNorm(dim, layer_norm_eps)
        self.head = nn.Linear(dim, n_classes)
        {"keras": _initialize_like_keras, "xavier": _initialize_by_xavier}[initialization](self)

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
        return self.head(self.norm(self.blocks(self.tokens(x))).mean(1))

    def tokens(self, x: Tensor) -> Tensor:
        """Return the input of the first block, (n_samples, n_patches, dim), in row-major order.

        Parameters
        ----------
        x : Tensor of shape (n_samples, n_channels, height, width)
            Pictures.

        Returns
        -------
        Tensor of shape (n_samples, n_patches, dim)
            One token a patch, in row-major order.
        """
        images = channels_last(pad_images(x, *self.padded_size))
        patches = self.stem(images).flatten(2).transpose(1, 2)
        return self.dropout(patches + self.positions)

    @property
    def spatial_layer(self) -> SpatialLayer:
        """The layer normalisation before the attention of the last block."""
        name = f"blocks.{len(self.blocks) - 1}.norm1"
        if isinstance(self.stem, nn.Conv2d):
            return cells(name, *self.patch_size)
        # A kernel of 3 with stride 2 is centred on the first of two pixels, not between them.
        return SpatialLayer(name, self.patch_size, (0.0, 0.0))


class TransformerBlock(nn.Module):
    """Pre-norm self-attention and perceptron, each with a skip connection.

    Parameters
    ----------
    dim : int
        Length of a token.
    n_heads : int
        Number of attention heads.
    n_hidden : int
        Width of the hidden layer of the perceptron.
    activation : {"relu", "gelu"}
        Activation function of the perceptron.
    layer_norm_eps, dropout, drop_path : float
        Epsilon of the layer normalisations, dropout rate, and probability that a sample skips a
        branch.
    """

    def __init__(
        self,
        dim: int,
        n_heads: int,
        n_hidden: int,
        *,
        activation: Literal["relu", "gelu"] = "gelu",
        layer_norm_eps: float = 1e-6,
        dropout: float = 0.0,
        drop_path: float = 0.0,
    ) -> None:
        super().__init__()
        self.n_heads, self.drop_path = n_heads, drop_path
        self.norm1 = nn.LayerNorm(dim, layer_norm_eps)
        self.qkv = nn.Linear(dim, 3 * dim)
        self.out = nn.Linear(dim, dim)
        self.norm2 = nn.LayerNorm(dim, layer_norm_eps)
        self.mlp1 = nn.Linear(dim, n_hidden)
        self.mlp2 = nn.Linear(n_hidden, dim)
        functions: dict[str, Callable[[Tensor], Tensor]] = {"relu": F.relu, "gelu": F.gelu}
        self.activation = functions[activation]
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        """Map tokens (n_samples, n_tokens, dim) to tokens of the same shape."""
        queries, keys, values = self.queries_keys_values(x)
        if _fused_gradient_is_slow(queries):
            mixed = _attention_weights(queries, keys) @ values
        else:
            mixed = F.scaled_dot_product_attention(queries, keys, values)
        attended = self.out(mixed.transpose(1, 2).flatten(2))
        x = x + self._keep_some(self.dropout(attended))
        hidden = self.dropout(self.activation(self.mlp1(self.norm2(x))))
        return x + self._keep_some(self.dropout(self.mlp2(hidden)))

    def queries_keys_values(self, x: Tensor) -> Tensor:
        """Map tokens to (3, n_samples, n_heads, n_tokens, dim / n_heads)."""
        return self.qkv(self.norm1(x)).unflatten(2, (3, self.n_heads, -1)).permute(2, 0, 3, 1, 4)

    def attention(self, x: Tensor) -> Tensor:
        """Return the attention weights, shape (n_samples, n_heads, n_tokens, n_tokens).

        Row i holds the weights of all tokens in the output of token i; they sum to 1.
        """
        queries, keys, _ = self.queries_keys_values(x)
        return _attention_weights(queries, keys)

    def _keep_some(self, branch: Tensor) -> Tensor:
        if not (self.training and self.drop_path):
            return branch
        kept = 1 - self.drop_path
        return branch * branch.new_empty(len(branch), 1, 1).bernoulli_(kept).div_(kept)


def _attention_weights(queries: Tensor, keys: Tensor) -> Tensor:
    """Map two tensors (..., n_tokens, dim) to the weights of all keys for each query."""
    return (queries / math.sqrt(queries.shape[-1]) @ keys.mT).softmax(-1)


def _fused_gradient_is_slow(queries: Tensor) -> bool:
    """Tell whether attention is trained in bfloat16 on the CPU, and its weights fit into memory.

    The gradient of PyTorch's fused attention takes five times as long there as two products and a
    softmax do (PyTorch 2.13, processor with bfloat16 units), whose weights it does not have to
    keep: these are given at most 64 MiB a block.
    """
    is_trained = queries.requires_grad and queries.device.type == "cpu"
    if not is_trained or queries.dtype != torch.bfloat16:
        return False
    return math.prod(queries.shape[:-1]) * queries.shape[-2] <= 2**25


def sincos_positions(n_rows: int, n_columns: int, dim: int) -> Tensor:
    """Return sines and cosines of the row and column of each patch at ``dim / 4`` frequencies.

    Returns
    -------
    Tensor of shape (n_rows * n_columns, dim)
        Rows in the first half of the features, columns in the second; patches in row-major order.

    References
    ----------
    L. Beyer, X. Zhai, A. Kolesnikov, "Better plain ViT baselines for ImageNet-1k", 2022,
    arXiv:2205.01580.
    """
    if dim % 4:
        raise ValueError(f"dim must be a multiple of 4 for positions='sincos'; got {dim}")
    n_frequencies = dim // 4
    exponents = torch.arange(n_frequencies, dtype=torch.float64) / max(n_frequencies - 1, 1)
    frequencies = 10_000.0**-exponents
    encoded = []
    for n in (n_rows, n_columns):
        angles = torch.arange(n, dtype=torch.float64)[:, None] * frequencies
        encoded.append(torch.cat([angles.sin(), angles.cos()], 1))
    by_row = encoded[0][:, None].expand(n_rows, n_columns, -1)
    by_column = encoded[1][None].expand(n_rows, n_columns, -1)
    return torch.cat([by_row, by_column], 2).flatten(0, 1).float()


def _patch_stem(n_channels: int, dim: int, patch_size: tuple[int, int]) -> nn.Module:
    return nn.Conv2d(n_channels, dim, patch_size, stride=patch_size)


def _convolutional_stem(n_channels: int, dim: int, patch_size: tuple[int, int]) -> nn.Module:
    if any(size < 1 or size & (size - 1) for size in patch_size):
        raise ValueError(
            "height and width of patch_size must be powers of two for stem='conv'; got "
            f"{patch_size}"
        )
    n_halvings = [size.bit_length() - 1 for size in patch_size]
    n_layers = max(*n_halvings, 1)
    layers: list[nn.Module] = []
    for layer in range(n_layers):
        n_filters = max(dim // 2 ** (n_layers - 1 - layer), 1)
        down, across = (1 + (layer >= n_layers - halvings) for halvings in n_halvings)
        layers += [nn.Conv2d(n_channels, n_filters, 3, stride=(down, across), padding=1), nn.GELU()]
        n_channels = n_filters
    return nn.Sequential(*layers[:-1])


def _initialize_by_xavier(network: VisionTransformer) -> None:
    for layer in network.modules():
        if isinstance(layer, nn.Linear):
            nn.init.xavier_uniform_(layer.weight)
            nn.init.zeros_(layer.bias)
        elif isinstance(layer, nn.Conv2d):
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
    if isinstance(network.positions, nn.Parameter):
        nn.init.normal_(network.positions, std=0.02)


def _initialize_like_keras(network: VisionTransformer) -> None:
    for layer in network.modules():
        if isinstance(layer, nn.Linear | nn.Conv2d):
            nn.init.xavier_uniform_(layer.weight)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
    if isinstance(network.positions, nn.Parameter):
        nn.init.uniform_(network.positions, -0.05, 0.05)
    for block in cast("list[TransformerBlock]", network.blocks):
        # The kernels in Keras have shapes (dim, heads, head_dim) and (heads, head_dim, dim), and
        # Keras treats all axes but the last two as the receptive field of a convolution.
        dim, n_heads = block.out.in_features, block.n_heads
        _uniform_by_fans(block.qkv.weight, dim * n_heads, dim * (dim // n_heads))
        _uniform_by_fans(block.out.weight, dim, n_heads * dim)


def _uniform_by_fans(weight: Tensor, fan_in: int, fan_out: int) -> None:
    bound = math.sqrt(6 / (fan_in + fan_out))
    nn.init.uniform_(weight, -bound, bound)
