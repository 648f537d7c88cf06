from __future__ import annotations

import pytest
import torch

from skecg.augmentation import Shift


@pytest.mark.parametrize("shape", [(50, 40), (50, 3, 40)])
def test_signals_move_in_time_with_all_leads_and_repeat_the_edge(shape):
    X = torch.arange(40.0).expand(shape)
    moved = Shift(limit=0.1)(X)
    by = moved[..., 20] - 20
    assert len(by.unique()) == 9  # -4 to 4
    expected = (torch.arange(40) + by[..., None]).clamp(0, 39)
    assert torch.equal(moved, expected)
    if len(shape) == 3:
        assert torch.equal(moved[:, 0], moved[:, 2])


def test_pictures_move_in_both_directions():
    rows, columns = torch.arange(20.0)[:, None], torch.arange(30.0)
    X = torch.stack([rows.expand(20, 30), columns.expand(20, 30)]).expand(60, 2, 20, 30)
    moved = Shift(limit=0.1)(X)
    down, right = moved[:, 0, 10, 15] - 10, moved[:, 1, 10, 15] - 15
    assert (down.min(), down.max()) == (-2, 2)
    assert (right.min(), right.max()) == (-3, 3)
    assert torch.equal(moved[:, 0], (rows + down.view(-1, 1, 1)).clamp(0, 19).expand(60, 20, 30))
    assert torch.equal(
        moved[:, 1], (columns + right.view(-1, 1, 1)).clamp(0, 29).expand(60, 20, 30)
    )


def test_limit_0_moves_nothing():
    X = torch.rand(5, 2, 8, 8)
    assert torch.equal(Shift(limit=0.0)(X), X)
