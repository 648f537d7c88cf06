from __future__ import annotations

import pytest

from skecg import _compat


@pytest.mark.parametrize(
    ("flags", "expected"),
    [("fpu avx512f avx512_bf16", True), ("fpu amx_bf16 amx_tile", True), ("fpu avx512f", False)],
)
def test_bfloat16_units_without_the_probes(monkeypatch, tmp_path, flags, expected):
    torch = pytest.importorskip("torch")
    probes = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
    own = [getattr(torch.cpu, name)() for name in probes if hasattr(torch.cpu, name)]
    if len(own) == 2:
        assert _compat.cpu_has_bfloat16_units() == any(own)
    for name in probes:
        monkeypatch.delattr(torch.cpu, name, raising=False)
    told = tmp_path / "cpuinfo"
    told.write_text(f"processor\t: 0\nflags\t\t: {flags}\n\nprocessor\t: 1\nflags\t\t: amx_bf16\n")
    monkeypatch.setattr("skecg._compat._torch._CPUINFO", told)
    assert _compat.cpu_has_bfloat16_units() is expected
    monkeypatch.setattr("skecg._compat._torch._CPUINFO", tmp_path / "no such file")
    assert _compat.cpu_has_bfloat16_units() is False


def test_a_net_has_no_callbacks_of_skorchs():
    from skorch import NeuralNetClassifier
    from torch import nn

    class Net(_compat.WithoutDefaultCallbacks, NeuralNetClassifier):
        pass

    net = Net(nn.Linear, module__in_features=2, module__out_features=2).initialize()
    assert net.callbacks_ == []
    assert not any(name.startswith("callbacks__") for name in net.get_params())


def test_a_norm_that_cannot_take_images_is_pytorchs(monkeypatch):
    import torch
    from torch import nn

    class Norm(nn.BatchNorm1d):
        def forward(self, x):
            return super().forward(x.unsqueeze(2)).squeeze(2)

    x = torch.arange(24.0).reshape(2, 3, 4)
    with pytest.raises(ValueError, match="expected 2D or 3D input"):
        Norm(3)(x)
    taking = _compat.taking_images(type("Taking", (Norm,), {}))
    assert torch.allclose(taking(3)(x), nn.BatchNorm1d(3)(x))
    # A version that refuses images in another way.
    for cls in nn.BatchNorm1d.__mro__:
        if "_check_input_dim" in vars(cls):
            monkeypatch.delattr(cls, "_check_input_dim")
    plain = _compat.taking_images(type("Plain", (Norm,), {}))
    assert plain.forward is nn.BatchNorm1d.forward
