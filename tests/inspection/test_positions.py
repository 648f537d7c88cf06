from __future__ import annotations

import numpy as np

from skecg.inspection._positions import interpolate, of_nearest


def test_pixels_have_the_value_of_their_cell():
    # Cells of 4 pixels, the last cut off after 2.
    found = of_nearest(np.array([[0.5, 0.3, 0.2]]), 1, 10, 4, 1.5)
    np.testing.assert_array_equal(found, [[0.5] * 4 + [0.3] * 4 + [0.2] * 2])


def test_cells_lie_around_the_centres():
    # Centres at 0, 4 and 8: the first cell has lost its left half.
    found = of_nearest(np.array([0.5, 0.3, 0.2]), 0, 10, 4, 0.0)
    np.testing.assert_array_equal(found, [0.5] * 2 + [0.3] * 4 + [0.2] * 4)


def test_values_are_interpolated_between_centres_and_stay_beyond():
    found = interpolate(np.array([[1.0, 3.0]]), 1, 6, 2, 1.0)
    np.testing.assert_allclose(found, [[1, 1, 2, 3, 3, 3]])
    turned = interpolate(np.array([[1.0], [3.0]]), 0, 6, 2, 1.0)
    np.testing.assert_allclose(turned, found.T)
