"""A film on disk, or a pasted picture -> Radiograph."""

from __future__ import annotations

import dataclasses
import errno
import os
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.errors import ImageReadError
from core.films.dicom import decode_dicom, may_be_dicom
from core.films.film_warning import FilmWarning
from core.films.pictures import PNG_SIGNATURE, decode_picture
from core.films.pixels import (
    COLOURED,
    EXPORT_AGAIN,
    MAX_DECODED_BYTES,
    SAVE_AS_PNG,
    FilmFacts,
    Radiograph,
    as_pixels,
    display_name,
    full_range,
    grey_from_colour,
    refuse_if_huge,
)
from core.regular_file import NotRegularError, open_regular

MAX_FILE_BYTES = MAX_DECODED_BYTES
SMALL_SIDE_PX = 96
#: Share of black to white that the grey values of a real picture span at least.
_MIN_CONTRAST = 0.02
_HEAD_BYTES = 1024
_FORMATS_HINT = "Choose a DICOM, PNG, JPEG, TIFF, BMP, WebP or GIF file."

#: First bytes -> Pillow's name of the format.
_PICTURES = (
    (PNG_SIGNATURE, "PNG"),
    (b"\xff\xd8\xff", "JPEG"),
    (b"II*\0", "TIFF"),
    (b"MM\0*", "TIFF"),
    (b"II+\0", "TIFF"),
    (b"MM\0+", "TIFF"),
    (b"BM", "BMP"),
    (b"GIF87a", "GIF"),
    (b"GIF89a", "GIF"),
)
#: (offset, bytes there) -> what the file really is.
_STRANGERS = (
    (0, b"%PDF", "a PDF document"),
    (0, b"PK\x03\x04", "a ZIP archive or an office document"),
    (0, b"\x1f\x8b", "a compressed archive"),
    (0, b"7z\xbc\xaf\x27\x1c", "a compressed archive"),
    (0, b"Rar!", "a compressed archive"),
    (4, b"ftypavif", "an AVIF picture"),
    (4, b"ftypheic", "a HEIC picture"),
    (4, b"ftypmif1", "a HEIC picture"),
    (0, b"\0\0\0\x0cjP  ", "a JPEG 2000 picture"),
    (4, b"ftyp", "a video"),
    (0, b"\x1aE\xdf\xa3", "a video"),
    (8, b"AVI ", "a video"),
    (0, b"\0\0\x01\xba", "a video"),
)


def read_radiograph(path: Path | str) -> Radiograph:
    """Read a film, whatever its suffix says.

    Args:
        path: Of a PNG, JPEG, TIFF, BMP, WebP, GIF or DICOM file.

    Raises:
        ImageReadError: There is no such file, it is not a regular file, not a
            picture, damaged, or too large to decode.
    """
    path = Path(path)
    data, kind = read_film_file(path)
    if kind == "DICOM":
        return _with_picture_warnings(decode_dicom(data, path))
    return _with_picture_warnings(decode_picture(data, kind, path))


def read_film_file(path: Path) -> tuple[bytes, str]:
    """The whole file, and its kind told by content: "DICOM" or Pillow's name.

    Raises:
        ImageReadError: As `read_radiograph`, as far as its first bytes tell.
    """
    name = display_name(path)
    try:
        with open_regular(path) as file:
            head = file.read(_HEAD_BYTES)
            if not head:
                raise ImageReadError(f'"{name}" is empty.', hint=EXPORT_AGAIN)
            kind = _kind(head, name)
            if os.fstat(file.fileno()).st_size > MAX_FILE_BYTES:
                raise ImageReadError(
                    f'"{name}" is larger than 1 GB, which is too large to open.',
                    hint="Export a single film of it.",
                )
            return head + file.read(MAX_FILE_BYTES), kind
    except (OSError, ValueError) as error:
        raise _unreadable(error, name) from error


def radiograph_from_array(
    pixels: NDArray[np.uint8], *, name: str = "pasted image"
) -> Radiograph:
    """Make a film of a picture that never was a file.

    Args:
        pixels: (h, w) grey, (h, w, 3) RGB or (h, w, 4) RGBA, uint8.
        name: Shown in place of a file name.

    Raises:
        ImageReadError: It is empty or over the size limits.
    """
    height, width = pixels.shape[:2]
    if not pixels.size:
        raise ImageReadError(
            f'"{name}" holds no pixels.', hint="Copy the picture again."
        )
    refuse_if_huge(name, width, height, bytes_per_pixel=pixels.size / (width * height))
    grey, coloured = grey_from_colour(pixels)
    kept = as_pixels(grey.copy())
    low, high = full_range(kept)
    colour = "grey" if pixels.ndim == 2 else "RGBA"[: pixels.shape[2]]
    facts = FilmFacts("picture", width, height, 8, colour, file_bytes=0)
    notes = (COLOURED,) if coloured else ()
    return _with_picture_warnings(Radiograph(kept, low, high, Path(name), facts, notes))


def _with_picture_warnings(film: Radiograph) -> Radiograph:
    notes = list(film.warnings)
    height, width = film.pixels.shape
    if min(height, width) < SMALL_SIDE_PX:
        text = f"The picture is very small ({width} x {height} pixels)."
        notes.append(FilmWarning(text))
    step = max(1, min(height, width) // 256)
    shown = film.pixels[::step, ::step]
    if shown.dtype != np.uint8 or (film.low, film.high) != (0, 255):
        shown = np.clip(shown, film.low, film.high)
    darkest, brightest = np.percentile(shown, [1, 99])
    if brightest - darkest <= _MIN_CONTRAST * (film.high - film.low):
        notes.append(FilmWarning("The picture is blank or nearly so."))
    return dataclasses.replace(film, warnings=tuple(notes))


def may_be_film(head: bytes) -> bool:
    """Whether a file that starts with these bytes can be a film.

    Args:
        head: The first kilobyte, or all of a smaller file.
    """
    try:
        return bool(_kind(head, ""))
    except ImageReadError:
        return False


def _kind(head: bytes, name: str) -> str:
    """ "DICOM" or Pillow's name of the format, told by the first bytes."""
    if may_be_dicom(head):
        return "DICOM"
    for magic, kind in _PICTURES:
        if head.startswith(magic):
            return kind
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return "WEBP"
    for offset, magic, what in _STRANGERS:
        if head[offset:].startswith(magic):
            hint = SAVE_AS_PNG if what.endswith("picture") else _FORMATS_HINT
            raise ImageReadError(f'"{name}" is {what}, not a film.', hint=hint)
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith((b"<!doctype html", b"<html")):
        raise ImageReadError(
            f'"{name}" is a web page, not a film.',
            hint="Save the picture itself rather than the page that shows it.",
        )
    if not any(byte < 32 and byte not in b"\t\n\r\f\x1b" for byte in head):
        raise ImageReadError(
            f'"{name}" is a text file, not a film.', hint=_FORMATS_HINT
        )
    raise ImageReadError(
        f'"{name}" is not a picture this program can read.', hint=_FORMATS_HINT
    )


def _unreadable(error: OSError | ValueError, name: str) -> ImageReadError:
    if isinstance(error, NotRegularError):
        is_folder = error.kind == "a folder"
        ordinary = "Save the film to an ordinary file and choose that."
        return ImageReadError(
            f'"{name}" is {error.kind}, not a film.',
            hint="Choose a file inside it." if is_folder else ordinary,
        )
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        return ImageReadError(
            f'There is no file "{name}".', hint="Check the name and the folder."
        )
    if isinstance(error, PermissionError):
        return ImageReadError(
            f'You are not allowed to read "{name}".',
            hint="Ask its owner for access, or copy it to a folder of yours.",
        )
    if isinstance(error, ValueError):  # a null byte, or no way to encode the name
        return ImageReadError(
            f'"{name}" is not a possible file name.',
            hint="Check the name and the folder.",
        )
    if error.errno == errno.ENAMETOOLONG:
        return ImageReadError(
            f'The path of "{name}" is longer than this system allows.',
            hint="Copy the file to a folder with a shorter path.",
        )
    return ImageReadError(
        f'"{name}" cannot be read ({error.strerror or error}).',
        hint="Check that the disk or network folder is still connected.",
    )
