from __future__ import annotations

import gc
import io

import numpy as np
import pytest
from PIL import Image, ImageFile

from skecg.sheet import read_image
from skecg.sheet._read import open_image, read_pixels


@pytest.fixture
def picture():
    """Smooth colours, which every format keeps."""
    rows, columns = np.mgrid[0:48, 0:64]
    return np.stack([rows * 4, columns * 3, 255 - rows * 2], axis=-1).astype(np.uint8)


def encoded(picture, image_format, **options):
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, image_format, **options)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("image_format", "options", "tolerance"),
    [
        ("PNG", {}, 0),
        ("TIFF", {}, 0),
        ("JPEG", {"quality": 95, "subsampling": 0}, 6),
        ("AVIF", {"quality": 95, "subsampling": "4:4:4"}, 8),
    ],
)
def test_formats(picture, image_format, options, tolerance):
    read = read_image(encoded(picture, image_format, **options))
    assert read.dtype == np.uint8
    assert np.abs(read.astype(int) - picture).max() <= tolerance


def test_sources(picture, tmp_path):
    content = encoded(picture, "PNG")
    path = tmp_path / "sheet.png"
    path.write_bytes(content)
    with path.open("rb") as file:
        sources = [str(path), path, content, io.BytesIO(content), file, Image.fromarray(picture)]
        for source in [*sources, picture]:
            np.testing.assert_array_equal(read_image(source), picture)


def test_grey_becomes_three_equal_channels(picture):
    grey = picture[..., 0]
    for source in (grey, grey[..., None], encoded(grey, "PNG"), Image.fromarray(grey)):
        np.testing.assert_array_equal(read_image(source), np.repeat(grey[..., None], 3, axis=2))


def test_transparent_parts_become_white():
    rgba = np.zeros((2, 3, 4), np.uint8)
    rgba[0, 0] = [10, 20, 30, 255]
    rgba[0, 1, 3] = 51  # a fifth of black on white: 255 * 0.8
    for source in (rgba, encoded(rgba, "PNG"), Image.fromarray(rgba)):
        read = read_image(source)
        assert read[0, 0].tolist() == [10, 20, 30]
        assert read[0, 1].tolist() == [204, 204, 204]
        assert read[1, 2].tolist() == [255, 255, 255]


def test_palette_and_other_colour_spaces(picture):
    for mode in ("P", "CMYK", "YCbCr", "1", "LA"):
        image = Image.fromarray(picture).convert(mode)
        expected = np.asarray(image.convert("RGB"))
        np.testing.assert_array_equal(read_image(image), expected)


def test_sixteen_bits_become_eight():
    wide = np.array([[0, 128, 129, 257, 32768, 65535]], np.uint16)
    expected = [0, 0, 1, 1, 128, 255]  # value / 257, rounded
    for source in (wide, encoded(wide, "PNG"), encoded(wide, "TIFF")):
        assert read_image(source)[0, :, 0].tolist() == expected


def test_floats_from_zero_to_one_and_booleans():
    assert read_image(np.array([[0, 0.5, 1]]))[0, :, 0].tolist() == [0, 128, 255]
    assert read_image(np.array([[False, True]]))[0, :, 0].tolist() == [0, 255]


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_applied(picture, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    content = encoded(picture, "PNG", exif=exif)
    turned = {
        1: picture,
        2: picture[:, ::-1],
        3: picture[::-1, ::-1],
        4: picture[::-1],
        5: picture.swapaxes(0, 1),
        6: picture[::-1].swapaxes(0, 1),
        7: picture[::-1, ::-1].swapaxes(0, 1),
        8: picture[:, ::-1].swapaxes(0, 1),
    }
    np.testing.assert_array_equal(read_image(content), turned[orientation])


def test_a_given_image_is_left_as_it_was(picture):
    image = Image.fromarray(picture).convert("RGBA")
    before = image.tobytes()
    read_image(image)
    assert (image.mode, image.tobytes()) == ("RGBA", before)


@pytest.mark.parametrize("image_format", ["JPEG", "PNG", "AVIF", "TIFF"])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_truncated_files_are_named(picture, tmp_path, image_format, share):
    noise = np.random.default_rng(0).integers(0, 256, (200, 300, 3), dtype=np.uint8)
    content = encoded(noise, image_format)
    path = tmp_path / f"cut.{image_format.lower()}"
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(ValueError, match=rf"cut\.{image_format.lower()}"):
        read_image(path)


@pytest.mark.parametrize("content", [b"", b"no picture", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n"])
def test_other_content_is_named(tmp_path, content):
    path = tmp_path / "sheet.jpg"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"sheet\.jpg.*(not a picture|damaged)"):
        read_image(path)
    with pytest.raises(ValueError, match=rf"The picture in {len(content)} bytes"):
        read_image(content)


def test_a_missing_file_is_a_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError, match="absent"):
        read_image(tmp_path / "absent.jpg")


def test_a_decompression_bomb_is_refused_before_it_is_decoded(tmp_path):
    path = tmp_path / "bomb.png"
    Image.new("1", (11_000, 8_000)).save(path)
    assert path.stat().st_size < 100_000
    with pytest.raises(ValueError, match=r"bomb\.png.*11000 x 8000 pixels, more than max_pixels"):
        read_image(path)
    # From twice that size on Pillow itself objects.
    Image.new("1", (20_000, 10_000)).save(path)
    with pytest.raises(ValueError, match=r"bomb\.png.*too many pixels"):
        read_image(path)


def test_the_limit_of_pixels_can_be_moved(picture):
    with pytest.raises(ValueError, match="64 x 48 pixels, more than max_pixels=3071"):
        read_image(encoded(picture, "PNG"), max_pixels=64 * 48 - 1)
    read_image(encoded(picture, "PNG"), max_pixels=64 * 48)


@pytest.mark.parametrize(
    "array",
    [
        np.zeros(5),
        np.zeros((5, 5, 2)),
        np.zeros((0, 5)),
        np.full((2, 2), 2.0),
        np.zeros((2, 2), int),
    ],
)
def test_arrays_that_are_no_pictures_are_refused(array):
    with pytest.raises(ValueError, match="A picture as an array must"):
        read_image(array)


def test_the_view_of_the_pixels_outlives_the_image(picture):
    view = read_pixels(encoded(picture, "PNG"))
    assert not view.flags.writeable
    kept = view[5:10, 5:10]
    del view
    gc.collect()
    np.testing.assert_array_equal(kept[..., :3], picture[5:10, 5:10])


@pytest.mark.parametrize("shape", [(48, 64, 3), (2000, 2500, 3)])
@pytest.mark.parametrize("options", [{}, {"progressive": True}])
def test_a_jpeg_is_decoded_into_an_array(shape, options):
    content = encoded(np.resize(np.arange(251, dtype=np.uint8), shape), "JPEG", **options)
    pixels = read_pixels(content)
    np.testing.assert_array_equal(pixels[..., :3], np.asarray(Image.open(io.BytesIO(content))))
    assert pixels.base is None  # it is no view of Pillow's memory, and no copy of it
    assert not pixels.flags.writeable


def test_a_given_jpeg_keeps_its_own_memory(picture):
    image = Image.open(io.BytesIO(encoded(picture, "JPEG")))
    pixels = read_image(image)
    assert image.im.mode == "RGB"
    np.testing.assert_array_equal(np.asarray(image), pixels)


def test_a_jpeg_without_a_scan_is_refused(picture):
    content = encoded(picture, "JPEG")
    with pytest.raises(ValueError, match="it has no pixels"):
        read_image(content.replace(b"\xff\xda", b"\xff\xd9"))


def test_what_a_damaged_jpeg_lacks_is_never_old_memory(monkeypatch):
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", True)
    noise = np.random.default_rng(0).integers(1, 256, (800, 600, 3), dtype=np.uint8)
    content = encoded(noise, "JPEG")
    assert read_image(content).any()  # leaves its pixels in the memory that the next one takes
    without_tables = content.replace(b"\xff\xdb", b"\xff\xe9")
    assert not read_image(without_tables).any()


def test_images_in_several_blocks_of_memory_are_copied():
    # Pillow keeps more than 16 MB in several blocks, of which there is no single view.
    large = Image.new("RGB", (2500, 2000), (1, 2, 3))
    assert read_pixels(large).shape[:2] == (2000, 2500)
    assert read_image(large)[1999, 2499].tolist() == [1, 2, 3]


def test_open_image_has_the_same_pixels(picture):
    for source in (picture, encoded(picture, "PNG")):
        np.testing.assert_array_equal(np.asarray(open_image(source)), picture)
