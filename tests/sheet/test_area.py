from __future__ import annotations

import numpy as np
import pytest
import torch

from skecg.sheet import area_matrix, area_resize
from skecg.sheet._area import mean_channels_first

SHAPES_AND_SIZES = [
    ((1572, 2213), (182, 256)),  # an ECG sheet to the published size
    ((157, 221, 3), (18, 25)),
    ((157, 221, 4), (18, 25)),
    ((40, 50, 2), (7, 90)),  # the width grows
    ((5, 7, 3), (9, 20)),  # both grow
    ((5, 7), (9, 4)),
    ((300, 900, 4), (1, 1)),  # sums beyond 16 bits
    ((600, 600, 3), (20, 20)),
    ((6, 6, 5), (4, 4)),
    ((9, 9, 3), (9, 9)),
    ((1, 1), (4, 5)),
]


def reference(image, size):
    """Both axes by the overlap of every pixel with every area, in float64."""
    rows = np.tensordot(area_matrix(image.shape[0], size[0]), image.astype(np.float64), 1)
    return np.moveaxis(np.tensordot(area_matrix(image.shape[1], size[1]), rows, (1, 1)), 0, 1)


def random_picture(shape, dtype, seed=0):
    rng = np.random.default_rng(seed)
    if np.dtype(dtype).kind == "f":
        return rng.uniform(0, 255, shape).astype(dtype)
    # Black and white: the largest sums and differences.
    return (rng.integers(0, 2, shape) * np.iinfo(dtype).max).astype(dtype)


@pytest.mark.parametrize(("shape", "size"), SHAPES_AND_SIZES)
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_integers_are_off_by_the_rounding_only(shape, size, dtype):
    image = random_picture(shape, dtype)
    resized = area_resize(image, size)
    assert resized.dtype == dtype
    assert resized.shape == (*size, *shape[2:])
    assert np.abs(resized - reference(image, size)).max() <= 0.5 + 1e-9


@pytest.mark.parametrize(("shape", "size"), SHAPES_AND_SIZES)
@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float32, 1e-3), (np.float64, 1e-11)])
def test_floats_agree_with_the_reference(shape, size, dtype, tolerance):
    image = random_picture(shape, dtype)
    resized = area_resize(image, size)
    assert resized.dtype == dtype
    np.testing.assert_allclose(resized, reference(image, size), atol=tolerance)


def test_means_written_out_by_hand():
    # Thirds and halves: (0 + 0 + 90/2) / 1.5 = 30 and (90/2 + 255) / 1.5 = 200.
    assert area_resize(np.array([[0, 90, 255]], np.uint8), (1, 2)).tolist() == [[30, 200]]
    # One pixel becomes four; a pixel inside another is that pixel.
    assert area_resize(np.array([[7]], np.uint8), (2, 2)).tolist() == [[7, 7], [7, 7]]


def test_the_middle_between_two_grey_levels_is_rounded_up():
    assert area_resize(np.array([[0, 1, 1, 2]], np.uint8), (1, 2)).tolist() == [[1, 2]]


def test_one_pixel_grows_beyond_sixteen_bits():
    assert (area_resize(np.array([[7]], np.uint8), (70_000, 1)) == 7).all()


@pytest.mark.parametrize("seed", range(20))
def test_any_ratio(seed):
    rng = np.random.default_rng(seed)
    shape, size = (*rng.integers(1, 80, 2), rng.integers(1, 5)), tuple(rng.integers(1, 80, 2))
    image = rng.integers(0, 256, shape, dtype=np.uint8)
    assert np.abs(area_resize(image, size) - reference(image, size)).max() <= 0.5 + 1e-9


def test_white_stays_white_and_black_stays_black():
    for value in (0, 255):
        image = np.full((157, 221, 3), value, np.uint8)
        assert set(area_resize(image, (18, 25)).ravel()) == {value}


@pytest.mark.parametrize(
    ("axes", "order"), [((1, 2), (0, 1, 2, 3)), ((2, 3), (0, 3, 1, 2)), ((-2, -1), (0, 3, 1, 2))]
)
def test_batches_in_any_order_of_axes(axes, order):
    batch = random_picture((3, 20, 30, 3), np.uint8)
    one_by_one = np.stack([area_resize(image, (7, 8)) for image in batch])
    together = area_resize(batch.transpose(order), (7, 8), axes=axes)
    np.testing.assert_array_equal(together, one_by_one.transpose(order))


def test_strides_do_not_matter():
    image = random_picture((60, 70, 3), np.uint8)
    expected = area_resize(image[::2, 5:-5].copy(), (9, 10))
    np.testing.assert_array_equal(area_resize(image[::2, 5:-5], (9, 10)), expected)
    np.testing.assert_array_equal(
        area_resize(np.asfortranarray(image[::2, 5:-5]), (9, 10)), expected
    )


def test_nan_stays_in_the_areas_that_it_touches():
    image = np.ones((12, 12))
    image[4, 4] = np.nan
    resized = area_resize(image, (4, 4))
    assert np.isnan(resized[1, 1])
    assert np.isnan(resized).sum() == 1


def test_grey_is_weighted_before_the_rounding():
    image = random_picture((157, 221, 4), np.uint8)
    grey = mean_channels_first(image, (18, 25), (0.299, 0.587, 0.114))
    expected = reference(image[..., :3], (18, 25)) @ [0.299, 0.587, 0.114]
    assert grey.shape == (1, 18, 25)
    assert np.abs(grey[0] - expected).max() <= 0.5 + 1e-9


def test_the_fourth_channel_is_padding():
    image = random_picture((157, 221, 4), np.uint8)
    resized = mean_channels_first(image, (18, 25))
    np.testing.assert_array_equal(resized.transpose(1, 2, 0), area_resize(image, (18, 25))[..., :3])


def test_tensors_agree_with_arrays():
    image = random_picture((157, 221, 3), np.uint8)
    expected = area_resize(image, (18, 25))
    tensor = torch.from_numpy(image)
    np.testing.assert_allclose(area_resize(tensor, (18, 25)).numpy(), expected, atol=1)
    double = area_resize(tensor.double().permute(2, 0, 1)[None], (18, 25), axes=(-2, -1))
    assert double.shape == (1, 3, 18, 25)
    np.testing.assert_allclose(
        double[0].permute(1, 2, 0).numpy(), reference(image, (18, 25)), atol=1e-10
    )


def test_tensors_are_differentiable():
    tensor = torch.ones(4, 6, requires_grad=True)
    area_resize(tensor, (2, 2)).sum().backward()
    np.testing.assert_allclose(tensor.grad.numpy(), 4 / 24, rtol=1e-6)


def test_matrix_rows_sum_to_one_and_columns_share_equally():
    matrix = area_matrix(2213, 256)
    np.testing.assert_allclose(matrix.sum(axis=1), 1)
    np.testing.assert_allclose(matrix.sum(axis=0), 256 / 2213)


@pytest.mark.parametrize("wrong", [(0, 4), (4, -1), (4,)])
def test_sizes_must_be_positive(wrong):
    with pytest.raises(ValueError, match="size must be"):
        area_resize(np.zeros((5, 5), np.uint8), wrong)


def test_errors_say_what_came():
    with pytest.raises(TypeError, match=r"got int64.*astype"):
        area_resize(np.zeros((5, 5), np.int64), (2, 2))
    with pytest.raises(TypeError, match=r"got torch\.int32"):
        area_resize(torch.zeros(5, 5, dtype=torch.int32), (2, 2))
    with pytest.raises(ValueError, match="has no pixels"):
        area_resize(np.zeros((0, 5), np.uint8), (2, 2))
    with pytest.raises(ValueError, match="neighbouring axes"):
        area_resize(np.zeros((5, 5, 3), np.uint8), (2, 2), axes=(0, 2))


def test_real_sheets(data_home):
    from skecg.sheet import read_image

    path = sorted((data_home / "sheets_original").glob("*/*.jpg"))[0]
    image = read_image(path)
    assert np.abs(area_resize(image, (182, 256)) - reference(image, (182, 256))).max() <= 0.5 + 1e-9
