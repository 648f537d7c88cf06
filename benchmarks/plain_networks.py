"""Networks of PyTorch's layers, as a user would write them."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class PlainResidualBlock(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv1d(32, 32, 5, padding=2)
        self.conv2 = nn.Conv1d(32, 32, 5, padding=2)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(x + self.conv2(F.relu(self.conv1(x))))
        return F.max_pool1d(x, 5, 2)


class PlainResidualCNN(nn.Module):
    """The network of Kachuee et al. (2018), with the weights of ``skecg.networks.ResidualCNN``."""

    def __init__(self) -> None:
        super().__init__()
        blocks = [PlainResidualBlock() for _ in range(5)]
        self.features = nn.Sequential(nn.Conv1d(1, 32, 5), *blocks)
        self.head = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 32), nn.Linear(32, 5))

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.features(x).flatten(1))


class PlainBlock(nn.Module):
    def __init__(self, dim: int, n_heads: int, mlp_ratio: float) -> None:
        super().__init__()
        self.n_heads = n_heads
        self.norm1, self.norm2 = nn.LayerNorm(dim, eps=1e-6), nn.LayerNorm(dim, eps=1e-6)
        self.qkv, self.out = nn.Linear(dim, 3 * dim), nn.Linear(dim, dim)
        n_hidden = round(mlp_ratio * dim)
        self.mlp = nn.Sequential(nn.Linear(dim, n_hidden), nn.GELU(), nn.Linear(n_hidden, dim))

    def forward(self, x: Tensor) -> Tensor:
        n, n_tokens, dim = x.shape
        qkv = self.qkv(self.norm1(x)).reshape(n, n_tokens, 3, self.n_heads, dim // self.n_heads)
        q, k, v = qkv.permute(2, 0, 3, 1, 4).unbind(0)
        mixed = F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(n, n_tokens, dim)
        x = x + self.out(mixed)
        return x + self.mlp(self.norm2(x))


class PlainViT(nn.Module):
    """A Vision Transformer as in timm, with the size of our default: 0.9 million weights.

    Images of 3 x 182 x 256 pixels, patches of 16 x 16, learned positions, mean of the tokens;
    width 128, 6 blocks, 4 heads.
    """

    def __init__(self, n_classes: int = 4) -> None:
        super().__init__()
        self.patches = nn.Conv2d(3, 128, 16, stride=16, padding=(5, 0))
        self.positions = nn.Parameter(0.02 * torch.randn(1, 12 * 16, 128))
        self.blocks = nn.Sequential(*(PlainBlock(128, 4, 2.0) for _ in range(6)))
        self.norm, self.head = nn.LayerNorm(128, eps=1e-6), nn.Linear(128, n_classes)

    def forward(self, x: Tensor) -> Tensor:
        tokens = self.patches(x).flatten(2).transpose(1, 2) + self.positions
        return self.head(self.norm(self.blocks(tokens).mean(1)))
