"""PNG, JPEG, TIFF, BMP, WebP and GIF: the grey values, not only the shapes."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image

from core.errors import ImageReadError
from core.films.radiograph import Radiograph, read_radiograph

#: Left to right dark to bright, and top left marked: no flip leaves it as it is.
FILM = np.tile(np.arange(10, 250, 2, dtype=np.uint8), (104, 1))
FILM[:52, :60] //= 2
WIDE = FILM.astype(np.uint16) * 257 + 5


def opened(tmp_path: Path, content: bytes, name: str = "film.x") -> Radiograph:
    path = tmp_path / name
    path.write_bytes(content)
    return read_radiograph(path)


def refusal(tmp_path: Path, content: bytes) -> str:
    with pytest.raises(ImageReadError) as caught:
        opened(tmp_path, content)
    assert caught.value.hint
    return str(caught.value)


def saved(picture: Image.Image | np.ndarray, kind: str, **options: Any) -> bytes:
    file = io.BytesIO()
    if isinstance(picture, np.ndarray):
        picture = Image.fromarray(picture)
    picture.save(file, kind, **options)
    return file.getvalue()


def by_opencv(values: np.ndarray, suffix: str) -> bytes:
    return cv2.imencode(suffix, values)[1].tobytes()


def png(
    header: tuple[int, int, int, int], row: bytes, *chunks: tuple[bytes, bytes]
) -> bytes:
    """A PNG of (width, height, bits, colour type) whose rows are all alike."""

    return packed_png(header, zlib.compress((b"\0" + row) * header[1]), *chunks)


def packed_png(
    header: tuple[int, int, int, int], body: bytes, *chunks: tuple[bytes, bytes]
) -> bytes:
    """A PNG of these compressed rows, sound or not; all check sums are right."""

    def chunk(tag: bytes, content: bytes) -> bytes:
        size, check = len(content), zlib.crc32(tag + content)
        return struct.pack(">I4s", size, tag) + content + struct.pack(">I", check)

    inside = [(b"IHDR", struct.pack(">IIBBBBB", *header, 0, 0, 0)), *chunks]
    parts = [chunk(*one) for one in [*inside, (b"IDAT", body), (b"IEND", b"")]]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def tiff(raw: bytes, size: tuple[int, int], bits: int, photometric: int) -> bytes:
    """An uncompressed grey TIFF; photometric 0 means that zero is white."""
    tags = [(256, size[0]), (257, size[1]), (258, bits), (259, 1), (262, photometric)]
    tags += [(273, 8 + 2 + 12 * 9 + 4), (277, 1), (278, size[1]), (279, len(raw))]
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags)
    return b"II*\0" + struct.pack("<IH", 8, len(tags)) + entries + bytes(4) + raw


# Grey, unchanged


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (saved(FILM, "PNG"), "PNG"),
        (saved(FILM, "TIFF"), "TIFF"),
        (saved(FILM, "TIFF", compression="tiff_lzw"), "TIFF"),
        (saved(FILM, "TIFF", compression="tiff_adobe_deflate"), "TIFF"),
        (saved(FILM, "BMP"), "BMP"),
        (saved(FILM, "GIF"), "GIF"),
        (saved(np.dstack([FILM] * 3), "WEBP", lossless=True), "WEBP"),
    ],
    ids=["png", "tiff", "tiff_lzw", "tiff_deflate", "bmp", "gif", "webp"],
)
def test_lossless_eight_bits_come_back_as_stored(tmp_path, content, kind):
    found = opened(tmp_path, content)

    np.testing.assert_array_equal(found.pixels, FILM)
    assert (found.facts.format, found.facts.bits) == (kind, 8)
    assert (found.low, found.high) == (0, 255)
    assert found.warnings == ()


@pytest.mark.parametrize(
    "content",
    [
        by_opencv(WIDE, ".png"),
        by_opencv(np.dstack([WIDE] * 3), ".png"),
        by_opencv(WIDE, ".tiff"),
        by_opencv(np.dstack([WIDE] * 3), ".tiff"),
        saved(WIDE, "TIFF", compression="tiff_lzw"),
    ],
    ids=["png", "png_rgb", "tiff", "tiff_rgb", "tiff_lzw"],
)
def test_sixteen_bits_keep_their_range(tmp_path, content):
    found = opened(tmp_path, content)

    np.testing.assert_array_equal(found.pixels, WIDE)
    assert found.pixels.dtype == np.uint16
    assert (found.low, found.high) == (WIDE.min(), WIDE.max())
    assert found.facts.bits == 16


@pytest.mark.parametrize(
    "values",
    [
        FILM.astype(np.int32) * 1000 - 7,
        FILM.astype(np.uint32) * 10_000_000,
        FILM.astype(np.float32) / 7,
        FILM.astype(np.int16) - 300,
    ],
    ids=["int32", "uint32", "float32", "int16"],
)
def test_wide_tiff_keeps_its_values(tmp_path, values):
    found = opened(tmp_path, by_opencv(values, ".tiff"))

    np.testing.assert_allclose(found.pixels, values.astype(np.float32))
    assert found.pixels.dtype == np.float32
    assert found.to_uint8().min() == 0
    assert found.to_uint8().max() == 255


def test_values_that_are_no_numbers_become_black(tmp_path):
    values = FILM.astype(np.float32)
    values[3, 3], values[4, 4] = np.nan, np.inf

    found = opened(tmp_path, by_opencv(values, ".tiff"))

    assert found.pixels[3, 3] == found.pixels[4, 4] == found.low == FILM.min()
    assert found.high == FILM.max()


@pytest.mark.parametrize(
    ("bits", "row", "expected"),
    [
        (1, b"\x0f", [0, 0, 0, 0, 255, 255, 255, 255]),
        (2, b"\x1b", [0, 85, 170, 255]),
        (4, b"\x07\xfa", [0, 119, 255, 170]),
    ],
)
def test_small_bit_depths_span_black_to_white(tmp_path, bits, row, expected):
    width = len(expected)
    for content in (
        png((width, 2, bits, 0), row),
        tiff(row * 2, (width, 2), bits, 1),
    ):
        found = opened(tmp_path, content)

        np.testing.assert_array_equal(found.pixels, [expected] * 2)
        assert found.facts.bits == bits


def test_twelve_bit_tiff_keeps_its_values(tmp_path):
    found = opened(tmp_path, tiff(bytes([0x12, 0x3F, 0xFE]), (2, 1), 12, 1))

    np.testing.assert_array_equal(found.pixels, [[0x123, 0xFFE]])


@pytest.mark.parametrize("bits", [8, 16])
def test_tiff_whose_zero_is_white_is_turned_over(tmp_path, bits):
    values = np.array([[0, 20, 250]], np.uint8 if bits == 8 else np.uint16)

    found = opened(tmp_path, tiff(values.tobytes(), (3, 1), bits, 0))

    top = 255 if bits == 8 else 250
    np.testing.assert_array_equal(found.pixels, top - values)


def test_grey_jpeg_is_near_the_original(tmp_path):
    for progressive in (False, True):
        content = saved(FILM, "JPEG", quality=95, progressive=progressive)

        found = opened(tmp_path, content, "film.jfif")

        assert np.abs(found.pixels.astype(int) - FILM).mean() < 2
        assert (found.facts.format, found.facts.colour) == ("JPEG", "grey")


# Colour, palette, ink, transparency


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF", "BMP", "WEBP"])
def test_colour_becomes_luminance(tmp_path, kind):
    content = saved(Image.new("RGB", (120, 110), (30, 90, 200)), kind)

    found = opened(tmp_path, content)

    assert abs(int(found.pixels[50, 50]) - 84.6) <= 2
    assert found.facts.colour == "RGB"


@pytest.mark.parametrize("kind", ["PNG", "GIF", "TIFF", "BMP"])
def test_palette_is_looked_up(tmp_path, kind):
    picture = Image.fromarray(np.tile(np.uint8([0, 1]), (100, 60)))
    picture.putpalette([200, 200, 200, 40, 40, 40])

    found = opened(tmp_path, saved(picture, kind))

    np.testing.assert_array_equal(found.pixels[0, :4], [200, 40, 200, 40])
    assert found.facts.colour == "palette"


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "WEBP"])
def test_transparent_pixels_lie_on_black(tmp_path, kind):
    picture = np.full((110, 120, 4), 200, np.uint8)
    picture[:, :40, 3], picture[:, 40:80, 3], picture[:, 80:, 3] = 0, 102, 255
    options = {"lossless": True, "exact": True} if kind == "WEBP" else {}

    found = opened(tmp_path, saved(picture, kind, **options))

    np.testing.assert_array_equal(found.pixels[5, [0, 50, 100]], [0, 80, 200])


def test_grey_with_sixteen_bit_alpha_lies_on_black(tmp_path):
    row = struct.pack(">4H", 40_000, 65_535, 40_000, 13_107)

    found = opened(tmp_path, png((2, 2, 16, 4), row))

    np.testing.assert_array_equal(found.pixels[0], [40_000, 8_000])


@pytest.mark.parametrize(
    ("bits", "row", "expected"), [(8, b"\x64\xc8", [100, 0]), (4, b"\x3c", [51, 0])]
)
def test_one_transparent_grey_of_a_png_is_black(tmp_path, bits, row, expected):
    transparent = struct.pack(">H", 200 if bits == 8 else 12)

    found = opened(tmp_path, png((2, 2, bits, 0), row, (b"tRNS", transparent)))

    np.testing.assert_array_equal(found.pixels[0], expected)


def without_adobe_marker(jpeg: bytes) -> bytes:
    at = jpeg.index(b"\xff\xee")
    length = int.from_bytes(jpeg[at + 2 : at + 4], "big")
    return jpeg[:at] + jpeg[at + 2 + length :]


def test_adobe_inverted_inks_have_the_right_brightness(tmp_path):
    content = saved(Image.new("CMYK", (120, 120), (0, 0, 0, 200)), "JPEG")

    found = opened(tmp_path, content)

    assert abs(int(found.pixels[9, 9]) - 55) <= 2
    assert found.facts.colour == "CMYK"


def test_plain_inks_have_the_right_brightness(tmp_path):
    # Pillow writes 255 minus the ink; without the marker that is the ink.
    picture = Image.new("CMYK", (120, 120), (255, 255, 255, 200))

    found = opened(tmp_path, without_adobe_marker(saved(picture, "JPEG")))

    assert abs(int(found.pixels[9, 9]) - 200) <= 2


def test_inks_multiply(tmp_path):
    content = saved(Image.new("CMYK", (120, 120), (102, 102, 102, 51)), "TIFF")

    assert abs(int(opened(tmp_path, content).pixels[9, 9]) - 122) <= 1


# Orientation


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_is_undone(tmp_path, kind, orientation):
    undo = {
        1: lambda a: a,
        2: np.fliplr,
        3: lambda a: np.rot90(a, 2),
        4: np.flipud,
        5: np.transpose,
        6: lambda a: np.rot90(a, -1),
        7: lambda a: np.rot90(a, 2).T,
        8: np.rot90,
    }[orientation]
    if kind == "TIFF":
        options: dict[str, Any] = {"tiffinfo": {274: orientation}}
    else:
        exif = Image.Exif()
        exif[274] = orientation
        options = {"exif": exif, "quality": 95}

    found = opened(tmp_path, saved(np.dstack([FILM] * 3), kind, **options))

    expected = undo(FILM)
    assert found.pixels.shape == expected.shape
    assert np.abs(found.pixels.astype(int) - expected).mean() < 3
    assert (found.facts.height, found.facts.width) == expected.shape


# Several pictures in one file


@pytest.mark.parametrize("kind", ["GIF", "TIFF", "PNG", "WEBP"])
def test_first_of_several_pictures_is_read_with_a_warning(tmp_path, kind):
    second = Image.fromarray(FILM[::-1]).convert("RGB")
    first = Image.fromarray(FILM).convert("RGB")
    options = {"lossless": True} if kind == "WEBP" else {}
    content = saved(first, kind, save_all=True, append_images=[second], **options)

    found = opened(tmp_path, content)

    np.testing.assert_array_equal(found.pixels, FILM)
    assert any("several pictures" in note for note in found.warnings)


# Refused


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF", "BMP", "WEBP"])
def test_cut_off_picture_is_refused(tmp_path, kind):
    noise = np.random.default_rng(0).integers(0, 255, (120, 120, 3)).astype(np.uint8)
    content = saved(noise, kind)

    sentence = refusal(tmp_path, content[: len(content) * 2 // 3])

    assert "cut off" in sentence or "damaged" in sentence


def test_png_with_an_altered_pixel_is_refused_in_silence(tmp_path, capfd):
    content = bytearray(saved(FILM, "PNG", compress_level=0))
    content[content.index(b"IDAT") + 5000] ^= 1

    assert "damaged" in refusal(tmp_path, bytes(content))
    assert capfd.readouterr().err == ""


ROWS = bytes(11 * 10)  # ten rows of ten, no filter
PACKED = zlib.compress(ROWS)


@pytest.mark.parametrize(
    "body",
    [
        zlib.compress(ROWS[:-1]),
        zlib.compress(b"\5" + ROWS[1:]),
        PACKED[:-6],
        PACKED[:-1] + b"!",
        b"nonsense",
        *(start + PACKED[2:] for start in (b"\x79\x9c", b"\x88\x1c", b"\x78\xbb")),
    ],
)
def test_png_whose_rows_are_not_as_they_should_be_is_refused(tmp_path, body):
    assert "damaged" in refusal(tmp_path, packed_png((10, 10, 8, 0), body))


def test_what_a_png_holds_beyond_its_rows_takes_no_memory(tmp_path):
    resource = pytest.importorskip("resource", reason="a Unix matter")
    packer = zlib.compressobj(9)
    parts = [packer.compress(ROWS), *(packer.compress(bytes(10**6)) for _ in range(80))]
    content = packed_png((10, 10, 8, 0), b"".join([*parts, packer.flush()]))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    found = opened(tmp_path, content)

    assert found.pixels.shape == (10, 10)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert peak - before < 20_000  # KiB


@pytest.mark.parametrize("which", [0, 1, 2, 3, 4, None])
@pytest.mark.parametrize("size", [(1, 1), (1, 50), (50, 1), (17, 33), (100, 90)])
def test_every_filter_of_a_png_is_undone(tmp_path, which, size):
    rng = np.random.default_rng(0)
    height, width = size
    rows = rng.integers(0, 256, (height, width + 1), np.uint8)
    rows[:, 0] = rng.integers(0, 5, height) if which is None else which
    content = packed_png((width, height, 8, 0), zlib.compress(rows.tobytes()))

    found = opened(tmp_path, content)

    by_pillow = np.asarray(Image.open(io.BytesIO(content)))
    np.testing.assert_array_equal(found.pixels, by_pillow)


BMP = saved(FILM, "BMP")


@pytest.mark.parametrize(
    "content",
    [
        png((30_000, 30_000, 1, 0), b""),
        BMP[:18] + struct.pack("<II", 30_000, 30_000) + BMP[26:],
        tiff(b"\0", (30_000, 30_000), 8, 1),
        b"GIF89a" + struct.pack("<HH", 30_000, 30_000) + saved(FILM, "GIF")[10:],
    ],
    ids=["png", "bmp", "tiff", "gif"],
)
def test_claim_of_900_megapixels_is_refused_before_decoding(tmp_path, content):
    sentence = refusal(tmp_path, content)

    assert "too large" in sentence or "more pixels" in sentence


def test_odd_profile_of_a_png_is_not_printed_about(tmp_path, capfd):
    content = png((120, 2, 8, 0), bytes(120), (b"iCCP", b"bad\0\0xxxxxx"))

    opened(tmp_path, content)

    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
@pytest.mark.parametrize("compression", ["tiff_adobe_deflate", "tiff_lzw"])
def test_damaged_tiff_is_refused_rather_than_shown_black(tmp_path, dtype, compression):
    noise = np.random.default_rng(0).integers(0, 255, (120, 120)).astype(dtype)
    content = saved(noise, "TIFF", compression=compression)

    assert "damaged" in refusal(tmp_path, content[:8] + b"\xff" * 40 + content[48:])


def test_damaged_wide_tiff_is_not_printed_about(tmp_path, capfd):
    content = saved(WIDE, "TIFF", compression="tiff_adobe_deflate")

    refusal(tmp_path, content[:8] + b"\xff" * 40 + content[48:])

    assert capfd.readouterr().err == ""
