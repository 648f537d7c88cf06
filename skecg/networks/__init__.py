"""Network architectures: plain ``torch.nn.Module`` classes that map a batch to logits."""

from ._residual_cnn import ResidualCNN

__all__ = ["ResidualCNN"]
