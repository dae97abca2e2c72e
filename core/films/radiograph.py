"""A film on disk, or a pasted picture -> Radiograph."""

from __future__ import annotations

import dataclasses
import errno
import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import ImageReadError
from core.films.dicom import decode_dicom, may_be_dicom
from core.films.pictures import PNG_SIGNATURE, decode_picture
from core.films.pixels import (
    COLOURED,
    EXPORT_AGAIN,
    MAX_DECODED_BYTES,
    SAVE_AS_PNG,
    DecodedFilm,
    as_pixels,
    full_range,
    grey_from_colour,
    refuse_if_huge,
)
from core.regular_file import NotRegularError, open_regular

MAX_FILE_BYTES = MAX_DECODED_BYTES
SMALL_SIDE_PX = 100
#: Share of black to white that the grey values of a real picture span at least.
_LEAST_CONTRAST = 0.02
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


@dataclasses.dataclass(frozen=True)
class FilmFacts:
    """What the file says about itself.

    Attributes:
        format: "PNG", "JPEG", "DICOM", ...
        width: In pixels, as shown upright.
        height: In pixels, as shown upright.
        bits: Stored bits per sample, 1 to 64.
        colour: "grey", "palette", "RGB", "RGBA", "CMYK", ...
        file_bytes: Size on disk; 0 for a picture that never was a file.
        view_position: Of DICOM: "PA", "AP", "LL", ...
        body_part: Of DICOM.
        transfer_syntax: Of DICOM, in words.
        patient: Of DICOM: names the patient without telling who it is.
    """

    format: str
    width: int
    height: int
    bits: int
    colour: str
    file_bytes: int
    view_position: str = ""
    body_part: str = ""
    transfer_syntax: str = ""
    patient: str = ""


@dataclasses.dataclass(frozen=True, eq=False)
class Radiograph:
    """A decoded film.

    Attributes:
        pixels: (h, w) uint8, uint16 or float32 grey; bright = dense.
        low: Pixel value shown as black.
        high: Pixel value shown as white.
        path: Where it was read from, or just a name.
        facts: What the file says about itself.
        warnings: Sentences for the user.
    """

    pixels: NDArray[Any]
    low: float
    high: float
    path: Path
    facts: FilmFacts
    warnings: tuple[str, ...] = ()

    def to_uint8(self) -> NDArray[np.uint8]:
        """(h, w) uint8: `low` to 0, `high` to 255, clipped; a new array."""
        if self.pixels.dtype == np.uint8 and (self.low, self.high) == (0, 255):
            return self.pixels.copy()
        if self.pixels.dtype == np.float32:
            return self._scaled(self.pixels)
        every_value = np.arange(np.iinfo(self.pixels.dtype).max + 1)
        return np.take(self._scaled(every_value.astype(np.float32)), self.pixels)

    def _scaled(self, values: NDArray[np.float32]) -> NDArray[np.uint8]:
        span = self.high - self.low
        if span <= 0:
            return np.zeros(values.shape, np.uint8)
        # Divided before multiplied: float32 films may reach the type's limits.
        share = np.clip((values - np.float64(self.low)) / span, 0, 1)
        return np.rint(share * 255).astype(np.uint8)


def read_radiograph(path: Path | str) -> Radiograph:
    """Read a film, whatever its suffix says.

    Args:
        path: Of a PNG, JPEG, TIFF, BMP, WebP, GIF or DICOM file.

    Raises:
        ImageReadError: There is no such file, it is not a regular file, not a
            picture, damaged, or too large to decode.
    """
    path = Path(path)
    name = display_name(path)
    try:
        data, kind = _read_file(path, name)
    except (OSError, ValueError) as error:
        raise _unreadable(error, name) from error
    if kind == "DICOM":
        film = decode_dicom(data, name)
    else:
        film = decode_picture(data, kind, name)
    return _radiograph(film, path, len(data))


def radiograph_from_array(
    pixels: NDArray[np.uint8], *, name: str = "pasted image"
) -> Radiograph:
    """Make a film of a picture that never was a file.

    Args:
        pixels: (h, w) grey, (h, w, 3) RGB or (h, w, 4) RGBA, uint8.
        name: Shown in place of a file name.

    Raises:
        ImageReadError: It is empty or over the size limits.
        ValueError: Another shape or dtype.
    """
    has_shape = pixels.ndim == 2 or pixels.ndim == 3 and pixels.shape[2] in (3, 4)
    if pixels.dtype != np.uint8 or not has_shape:
        raise ValueError(
            "pixels must be (h, w), (h, w, 3) or (h, w, 4) uint8. "
            f"Received: {pixels.shape} {pixels.dtype}"
        )
    height, width = pixels.shape[:2]
    if not pixels.size:
        raise ImageReadError(
            f'"{name}" holds no pixels.', hint="Copy the picture again."
        )
    refuse_if_huge(name, width, height, bytes_per_pixel=pixels.size / (width * height))
    grey, coloured = grey_from_colour(pixels)
    kept = as_pixels(grey.copy())
    low, high = full_range(kept)
    film = DecodedFilm(
        pixels=kept,
        low=low,
        high=high,
        format="picture",
        bits=8,
        colour="grey" if pixels.ndim == 2 else "RGBA"[: pixels.shape[2]],
        warnings=(COLOURED,) if coloured else (),
    )
    return _radiograph(film, Path(name), 0)


def display_name(path: Path) -> str:
    """The file's name, on one printable line of at most 80 characters."""
    name = path.name or str(path)
    name = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in name)
    return name if len(name) <= 80 else f"{name[:50]}...{name[-27:]}"


def _radiograph(film: DecodedFilm, path: Path, file_bytes: int) -> Radiograph:
    height, width = film.pixels.shape
    facts = FilmFacts(
        format=film.format,
        width=width,
        height=height,
        bits=film.bits,
        colour=film.colour,
        file_bytes=file_bytes,
        view_position=film.view_position,
        body_part=film.body_part,
        transfer_syntax=film.transfer_syntax,
        patient=film.patient,
    )
    return Radiograph(
        pixels=film.pixels,
        low=film.low,
        high=film.high,
        path=path,
        facts=facts,
        warnings=film.warnings + _picture_warnings(film),
    )


def _picture_warnings(film: DecodedFilm) -> tuple[str, ...]:
    notes = []
    height, width = film.pixels.shape
    if min(height, width) < SMALL_SIDE_PX:
        notes.append(f"The picture is very small ({width} x {height} pixels).")
    step = max(1, min(height, width) // 256)
    shown = film.pixels[::step, ::step]
    if shown.dtype != np.uint8 or (film.low, film.high) != (0, 255):
        shown = np.clip(shown, film.low, film.high)
    darkest, brightest = np.percentile(shown, [1, 99])
    if brightest - darkest <= _LEAST_CONTRAST * (film.high - film.low):
        notes.append("The picture is blank or nearly so.")
    return tuple(notes)


def _read_file(path: Path, name: str) -> tuple[bytes, str]:
    """The whole file and its kind, told by content; raises OSError as well."""
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
