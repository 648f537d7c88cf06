from __future__ import annotations

import matplotlib
import pytest


@pytest.fixture(autouse=True)
def pictures_without_a_screen():
    before = matplotlib.get_backend()
    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    yield
    plt.close("all")
    matplotlib.use(before)
