"""Bytes of a PNG, JPEG, TIFF, BMP, WebP or GIF -> Radiograph."""

from __future__ import annotations

import io
import struct
import warnings
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from core.errors import ImageReadError
from core.films.pixels import (
    COLOURED,
    SAVE_AS_PNG,
    FilmFacts,
    Radiograph,
    as_pixels,
    cut_off,
    damaged,
    decoding,
    display_name,
    full_range,
    grey_from_colour,
    mirrored,
    refuse_if_huge,
)

if TYPE_CHECKING:
    from PIL import Image

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
#: Chunks that change pixels. The rest (profiles, comments, animation) is left
#: out: libpng prints about some of it, and compressed text can be a bomb.
_PNG_CHUNKS = {b"IHDR", b"PLTE", b"tRNS", b"eXIf", b"IDAT", b"IEND"}
_ORIENTATION_TAG = 274
_TIFF_BITS, _TIFF_PHOTOMETRIC = 258, 262
_TIFF_EXTRA_SAMPLES, _TIFF_SAMPLE_FORMAT = 338, 339
_WHITE_IS_ZERO, _SEPARATE_ALPHA, _SIGNED = 0, 2, 2
_COLOUR_NAMES = {
    "1": "grey",
    "L": "grey",
    "I": "grey",
    "F": "grey",
    "LA": "grey with alpha",
    "P": "palette",
    "PA": "palette",
}


def decode_picture(data: bytes, kind: str, path: Path) -> Radiograph:
    """Decode one picture from memory.

    Args:
        kind: Pillow's name of its format, as told by its first bytes.

    Raises:
        ImageReadError: Damaged, cut off, too large, or of a rare variety.
    """
    name, file_bytes = display_name(path), len(data)
    is_animated = kind == "PNG" and b"acTL" in data[:200]
    if kind == "PNG":
        data = _essential_png(data, name)
    if kind == "JPEG" and data.rfind(b"\xff\xd9") < 0:
        raise cut_off(name)
    header = _open_header(data, kind, name)
    bits = _bits(header, data, kind)
    bands = len(header.getbands()) if header.mode != "P" else 4
    refuse_if_huge(name, *header.size, bytes_per_pixel=bands * max(1, bits // 8))
    values, order = _decode(header, data, kind, name)
    with decoding(name):
        frames = 1 if kind in ("PNG", "JPEG") else getattr(header, "n_frames", 1)
    grey, coloured = grey_from_colour(values, order=order)
    pixels = as_pixels(grey)
    low, high = full_range(pixels)
    if kind == "TIFF" and values.dtype != np.uint8:
        if _tiff_tag(header, _TIFF_PHOTOMETRIC, 1) == _WHITE_IS_ZERO:
            pixels = mirrored(pixels, low, high)
    notes = [COLOURED] if coloured else []
    if frames > 1 or is_animated:
        notes.append("The file holds several pictures; the first one is shown.")
    colour = _COLOUR_NAMES.get(header.mode, header.mode)
    facts = FilmFacts(
        format=kind,
        width=pixels.shape[1],
        height=pixels.shape[0],
        bits=bits,
        colour="grey" if colour.startswith("I;16") else colour,
        file_bytes=file_bytes,
    )
    return Radiograph(pixels, low, high, path, facts, tuple(notes))


def _essential_png(data: bytes, name: str) -> bytes:
    """The same PNG with only the chunks that matter, each checked.

    libpng tolerates some wrong check sums and reports the others on stderr;
    a film with altered pixels must not be read at all.
    """
    parts = [PNG_SIGNATURE]
    at, view = len(PNG_SIGNATURE), memoryview(data)
    while True:
        if at + 12 > len(data):
            raise cut_off(name)
        length, tag = struct.unpack_from(">I4s", data, at)
        end = at + 12 + length
        if tag in _PNG_CHUNKS:
            if end > len(data):
                raise cut_off(name)
            (check_sum,) = struct.unpack_from(">I", data, end - 4)
            if zlib.crc32(view[at + 4 : end - 4]) != check_sum:
                raise damaged(name)
            parts.append(data[at:end])
        if tag == b"IEND":
            return b"".join(parts)
        at = end


def _open_header(data: bytes, kind: str, name: str) -> Image.Image:
    """Read size, mode and tags; no pixel is decoded yet."""
    from PIL import Image, UnidentifiedImageError

    # These modules warn about harmless oddities, on stderr; and their own size
    # limit is below ours, which is checked right after.
    warnings.filterwarnings("ignore", module=r"PIL\.")
    warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)
    with decoding(name):
        try:
            return Image.open(io.BytesIO(data), formats=(kind,))
        except Image.DecompressionBombError as error:
            raise ImageReadError(
                f'"{name}" claims more pixels than can be opened.',
                hint="Save it with at most 100 megapixels; 10 are plenty for a film.",
            ) from error
        except UnidentifiedImageError as error:
            raise ImageReadError(
                f'"{name}" is a damaged or very unusual {kind} file.', hint=SAVE_AS_PNG
            ) from error


def _bits(header: Image.Image, data: bytes, kind: str) -> int:
    """Stored bits per sample."""
    if kind == "PNG":
        return data[24]
    if kind == "TIFF":
        return _tiff_tag(header, _TIFF_BITS, 1)
    return 1 if header.mode == "1" else 8


def _tiff_tag(header: Image.Image, tag: int, default: int) -> int:
    """The first value of a TIFF tag."""
    found = getattr(header, "tag_v2", {}).get(tag, default)
    return int(found[0] if isinstance(found, tuple) else found)


def _decode(
    header: Image.Image, data: bytes, kind: str, name: str
) -> tuple[NDArray[Any], str]:
    """Pixels upright, (h, w) or (h, w, 3 or 4), and the order of colours.

    OpenCV decodes colour JPEG about twice as fast as Pillow and keeps 16 bits
    of colour; Pillow knows CMYK, small bit depths, GIF and BMP better.
    """
    if kind == "TIFF":
        # Both turn a TIFF upright by themselves. OpenCV keeps wide samples, but
        # with 8 bits it shows what it could not decompress as black.
        is_signed = _tiff_tag(header, _TIFF_SAMPLE_FORMAT, 1) == _SIGNED
        if not is_signed and _bits(header, data, kind) < 16:
            return _decode_by_pillow(header, name), "RGB"
        values = _decode_by_opencv(data, name)
        if _tiff_tag(header, _TIFF_EXTRA_SAMPLES, 0) != _SEPARATE_ALPHA:
            values = values[..., :3] if values.ndim == 3 else values
        return values, "BGR"
    if kind == "PNG" or (kind == "JPEG" and header.mode in ("L", "RGB")):
        values, order = _decode_by_opencv(data, name), "BGR"
        if kind == "PNG":
            values = _black_where_transparent(values, header, data[24])
    else:
        values, order = _decode_by_pillow(header, name), "RGB"
    return _upright(values, _orientation(header)), order


def _decode_by_opencv(data: bytes, name: str) -> NDArray[Any]:
    import cv2
    from cv2.utils import logging as cv2_logging

    # Its log repeats on stderr what becomes an error here.
    cv2_logging.setLogLevel(cv2_logging.LOG_LEVEL_SILENT)
    with decoding(name):
        values = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if values is None:
        raise damaged(name)
    return values


def _decode_by_pillow(header: Image.Image, name: str) -> NDArray[Any]:
    with decoding(name):
        header.load()
        # libjpeg's convention: inks are inverted only where Adobe's marker
        # says so. Pillow inverts always.
        plain_cmyk = header.format == "JPEG" and "adobe" not in header.info
        picture = header
        if header.mode == "CMYK":
            inks = np.asarray(header)
            inks = 255 - inks if plain_cmyk else inks
            light, black = 255.0 - inks[..., :3], 255.0 - inks[..., 3:]
            return np.rint(light * black / 255).astype(np.uint8)
        if header.mode in ("P", "PA", "LA", "La"):
            has_alpha = header.mode != "P" or "transparency" in header.info
            picture = header.convert("RGBA" if has_alpha else "RGB")
        elif header.mode == "1":
            picture = header.convert("L")
        elif header.mode in ("YCbCr", "HSV", "RGBX", "RGBa"):
            picture = header.convert("RGBA" if header.mode == "RGBa" else "RGB")
        return np.asarray(picture)


def _black_where_transparent(
    values: NDArray[Any], header: Image.Image, bits: int
) -> NDArray[Any]:
    """Apply a grey PNG's one transparent value, which OpenCV ignores."""
    level = header.info.get("transparency")
    if values.ndim != 2 or not isinstance(level, int):
        return values
    if bits < 8:
        level = level * 255 // (2**bits - 1)
    return np.where(values == level, values.dtype.type(0), values)


def _orientation(header: Image.Image) -> int:
    if header.format == "PNG" and "exif" not in header.info:
        return 1  # asking Pillow further would decode the whole picture
    try:
        with decoding(""):
            return int(header.getexif().get(_ORIENTATION_TAG, 1))
    except ImageReadError:  # unreadable EXIF says nothing about the pixels
        return 1


def _upright(values: NDArray[Any], orientation: int) -> NDArray[Any]:
    """Undo an EXIF orientation.

    Source:
        CIPA DC-008 (Exif 2.32), tag 274: where row 0 and column 0 are shown.
    """
    if orientation in (5, 6, 7, 8):
        values = values.swapaxes(0, 1)
    if orientation in (2, 3, 6, 7):
        values = values[:, ::-1]
    if orientation in (3, 4, 7, 8):
        values = values[::-1]
    return np.ascontiguousarray(values)


def encode_picture(picture: NDArray[Any], suffix: str, about: str = "") -> bytes:
    """A picture as the bytes of a file.

    Args:
        picture: (h, w) grey or (h, w, 3) RGB, uint8; a PNG also (h, w) uint16.
        suffix: Of the file: ".png", ".jpg", ".jpeg", ".tif" or ".tiff".
        about: Its description, in the file itself; what is not ASCII is replaced.
    """
    from PIL import ExifTags, Image

    exif = Image.Exif()
    if about:
        exif[ExifTags.Base.ImageDescription] = about
    kind = {".png": "PNG", ".tif": "TIFF", ".tiff": "TIFF"}.get(suffix, "JPEG")
    how: dict[str, Any] = {
        "PNG": {"compress_level": 3},
        "TIFF": {"compression": "tiff_lzw"},
        "JPEG": {"quality": 95},
    }[kind]
    file = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(picture)).save(file, kind, exif=exif, **how)
    return file.getvalue()
