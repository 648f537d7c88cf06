from __future__ import annotations

import gc
import io
import os
import subprocess
from unittest.mock import Mock

import numpy as np
import pytest
from PIL import EpsImagePlugin, Image, ImageFile

from skecg.sheet import _read, open_image, open_regular_file, read_image, read_pixels


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
        ("WEBP", {"lossless": True}, 0),
        ("BMP", {}, 0),
        ("MPO", {"quality": 95, "subsampling": 0}, 6),
    ],
)
def test_formats(picture, image_format, options, tolerance):
    read = read_image(encoded(picture, image_format, **options))
    assert read.dtype == np.uint8
    assert np.abs(read.astype(int) - picture).max() <= tolerance


def test_gif(picture):
    read = read_image(encoded(picture, "GIF"))
    assert np.abs(read.astype(int) - picture).max() <= 32  # 256 colours for 3,072


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


class Started(Exception):
    """Another program was to be started."""


@pytest.fixture
def no_programs(monkeypatch):
    def start(*args, **kwargs):
        raise Started(args)

    for module, name in [
        *((subprocess, name) for name in ("Popen", "run", "call", "check_call", "check_output")),
        *((os, name) for name in ("system", "popen", "execv", "posix_spawn", "fork")),
    ]:
        monkeypatch.setattr(module, name, start)
    monkeypatch.setattr(EpsImagePlugin, "gs_binary", "gs")  # as if Ghostscript were installed


EPS = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n%%EndComments\nshowpage\n%%EOF\n"


def test_eps_called_jpg_starts_no_program(no_programs, tmp_path):
    path = tmp_path / "sheet.jpg"
    path.write_bytes(EPS)
    with Image.open(path) as image, pytest.raises(Started):
        image.load()
    for source in (path, EPS, io.BytesIO(EPS)):
        with pytest.raises(ValueError, match=r"not a picture in one of the formats JPEG, PNG"):
            read_image(source)
    refused = pytest.raises(ValueError, match=r"sheet\.jpg' is a Pillow image of the format EPS")
    with Image.open(path) as image, refused:
        read_image(image)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_no_file_that_pillow_writes_starts_a_program(no_programs, picture):
    Image.init()
    read, refused = set(), set()
    for image_format in sorted(set(Image.OPEN) & set(Image.SAVE)):
        image = Image.fromarray(picture)
        content = io.BytesIO()
        for mode in ("RGB", "L", "1", "F"):
            try:
                image.convert(mode).save(content, image_format)
                break
            except (OSError, ValueError, KeyError):
                content = io.BytesIO()
        try:
            read_pixels(content.getvalue())
            read.add(image_format)
        except ValueError:
            refused.add(image_format)
    assert read == {"AVIF", "BMP", "GIF", "JPEG", "PNG", "TIFF", "WEBP"}
    assert {"EPS", "ICO", "ICNS", "PPM", "JPEG2000"} <= refused


@pytest.mark.parametrize("image_format", ["ICO", "ICNS"])
def test_icons_are_refused_before_what_they_hold_is_decoded(image_format, monkeypatch):
    content = encoded(np.zeros((256, 256, 3), np.uint8), image_format)
    inner = encoded(np.zeros((9_000, 9_000), np.uint8), "PNG")
    start = content.index(b"\x89PNG")
    monkeypatch.setattr(ImageFile.ImageFile, "load", pytest.fail)
    with pytest.raises(ValueError, match="not a picture in one of the formats"):
        read_image(content[:start] + inner)


def test_a_pillow_image_of_another_format_can_be_copied(picture):
    image = Image.open(io.BytesIO(encoded(picture, "PPM")))
    with pytest.raises(ValueError, match=r"format PPM, which is not read.*image\.copy"):
        read_image(image)
    np.testing.assert_array_equal(read_image(image.copy()), picture)
    np.testing.assert_array_equal(
        read_image(Image.open(io.BytesIO(encoded(picture, "MPO")))),
        read_image(encoded(picture, "MPO")),
    )


@pytest.mark.parametrize("suffix", ["png", "jpg", "avif", "tiff", "webp", "bmp", "gif"])
@pytest.mark.parametrize("read", [open_image, read_pixels])
def test_files_are_closed_and_the_pixels_stay(picture, tmp_path, suffix, read, monkeypatch):
    Image.fromarray(picture).save(tmp_path / f"sheet.{suffix}")
    opened = []

    def remembering(*args, **kwargs):
        opened.append(open_regular_file(*args, **kwargs))
        return opened[0]

    monkeypatch.setattr(_read, "open_regular_file", remembering)
    image = read(tmp_path / f"sheet.{suffix}")
    assert [file.closed for file in opened] == [True]
    image = image.crop((0, 0, 9, 9)) if read is open_image else image[:9, :9]
    expected = read_image((tmp_path / f"sheet.{suffix}").read_bytes())[:9, :9]
    np.testing.assert_array_equal(np.asarray(image)[..., :3], expected)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no named pipes")
def test_pipes_devices_and_huge_files_are_refused_at_once(tmp_path):
    os.mkfifo(tmp_path / "pipe.jpg")
    (tmp_path / "zero.jpg").symlink_to("/dev/zero")
    with open(tmp_path / "sparse.jpg", "wb") as file:
        file.truncate(30 << 30)
    for name, message in [
        ("pipe", "is not a regular file"),
        ("zero", "is not a regular file"),
        ("sparse", "has 32212254720 bytes; at most 640000000"),
    ]:
        with pytest.raises(ValueError, match=rf"{name}\.jpg' {message}"):
            read_image(tmp_path / f"{name}.jpg")


def test_a_larger_limit_of_pixels_allows_larger_files(picture, tmp_path, monkeypatch):
    monkeypatch.setattr(_read, "MAX_FILE_BYTES", 10)
    path = tmp_path / "sheet.bmp"
    Image.fromarray(picture).save(path)
    with pytest.raises(ValueError, match=r"sheet\.bmp' has 9270 bytes; at most 10 are read"):
        read_image(path, max_pixels=1)
    for max_pixels in (48 * 64, None):
        np.testing.assert_array_equal(read_image(path, max_pixels=max_pixels), picture)


@pytest.mark.parametrize("source", [None, 5, [[1, 2]], object(), bytearray(b"x")])
def test_what_is_no_source_is_a_type_error(source):
    with pytest.raises(TypeError, match=f"a Pillow image or an array; got {type(source).__name__}"):
        read_image(source)


def test_memory_that_a_decoder_lacks_is_an_error_of_the_picture(picture, monkeypatch):
    monkeypatch.setattr(ImageFile.ImageFile, "load", Mock(side_effect=MemoryError("no memory")))
    with pytest.raises(ValueError, match=r"cannot be read as a picture.*no memory"):
        read_image(encoded(picture, "PNG"))


def test_nearly_black_and_nearly_white_pictures_warn(picture, tmp_path):
    twelve_bits = (np.arange(64 * 64).reshape(64, 64)).astype(np.uint16)
    Image.fromarray(twelve_bits).save(tmp_path / "scan.png")
    with pytest.warns(UserWarning, match=r"scan\.png' is nearly black.*multiply 12-bit"):
        read_image(tmp_path / "scan.png")
    assert read_image(16 * twelve_bits).max() == 255
    with pytest.warns(UserWarning, match="given as ndarray is nearly white"):
        read_image(np.ones((9, 9)))


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
    # Pillow 12.0 does not take it for a JPEG.
    with pytest.raises(ValueError, match=r"it has no pixels|is not a picture in"):
        read_image(content.replace(b"\xff\xda", b"\xff\xd9"))


def test_what_a_damaged_jpeg_lacks_is_never_old_memory(monkeypatch):
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", True)
    noise = np.random.default_rng(0).integers(1, 256, (800, 600, 3), dtype=np.uint8)
    content = encoded(noise, "JPEG")
    assert read_image(content).any()  # leaves its pixels in the memory that the next one takes
    without_tables = content.replace(b"\xff\xdb", b"\xff\xe9")
    assert not read_pixels(without_tables).any()


def test_images_in_several_blocks_of_memory_are_copied():
    # Pillow keeps more than 16 MB in several blocks, of which there is no single view.
    large = Image.new("RGB", (2500, 2000), (91, 92, 93))
    assert read_pixels(large).shape[:2] == (2000, 2500)
    assert read_image(large)[1999, 2499].tolist() == [91, 92, 93]


def test_open_image_has_the_same_pixels(picture):
    for source in (picture, encoded(picture, "PNG")):
        np.testing.assert_array_equal(np.asarray(open_image(source)), picture)
