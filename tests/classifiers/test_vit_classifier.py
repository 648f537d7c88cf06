from __future__ import annotations

import numpy as np
import pytest
from torch.optim import AdamW

from skecg import ECGViTClassifier


def test_published_recipe():
    published = ECGViTClassifier.published()
    optimizer = published.optimizer
    assert optimizer.func is AdamW
    assert optimizer.keywords == {"betas": (0.9, 0.99), "eps": 1e-7}
    assert (published.learning_rate, published.weight_decay) == (1e-4, 1.0)
    assert (published.max_epochs, published.batch_size, published.scale) == (50, 32, "unit")
    assert published.lr_schedule is None
    assert published.gradient_clip is None
    assert published.shuffle is True


def test_optimiser_of_the_published_recipe_reaches_the_weights():
    X, y = np.zeros((8, 1, 7, 8)), np.arange(8) % 2
    published = ECGViTClassifier.published()
    clf = published.set_params(dim=16, n_heads=2, n_blocks=1, max_epochs=1).fit(X, y)
    group = clf.net_.optimizer_.param_groups[0]
    assert (group["betas"], group["eps"], group["weight_decay"]) == ((0.9, 0.99), 1e-7, 1.0)


def test_defaults_are_compact():
    X, y = np.zeros((4, 3, 182, 256), np.uint8), np.arange(4) % 2
    clf = ECGViTClassifier(max_epochs=1).fit(X, y)
    assert clf.module_.network.padded_size == (192, 256)
    # Stem of 16, 32, 64 and 128 filters: 97,440. Six blocks of 132,480. Normalisation: 256. Dense
    # layer: 258.
    assert clf.n_parameters_ == 892_834
    assert clf.embed(X[:1]).shape == (1, 128)


@pytest.mark.parametrize("patch_size", [8, (8, 8), [8, 8]])
def test_a_patch_may_be_a_number_or_a_pair(patch_size):
    X, y = np.zeros((4, 20, 30)), np.arange(4) % 2
    clf = ECGViTClassifier(patch_size=patch_size, dim=8, n_heads=2, n_blocks=1, max_epochs=1)
    assert clf.fit(X, y).module_.network.padded_size == (24, 32)


def test_a_patch_of_another_form_is_refused():
    with pytest.raises(ValueError, match=r"patch_size .*\(8, 8, 8\)"):
        ECGViTClassifier(patch_size=(8, 8, 8)).fit(np.zeros((4, 20, 30)), [0, 1, 0, 1])
