"""The film, and what its decoders share: limits, grey values, one error boundary."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import ImageReadError

MAX_PIXELS = 100_000_000
MAX_DECODED_BYTES = 1_000_000_000

EXPORT_AGAIN = "Copy it from its source or export it again."
COLOURED = "The picture is strongly coloured, which an X-ray film is not."
SAVE_AS_PNG = "Open it in an image program and save it as PNG or TIFF."

#: Levels of 255 between the strongest and the weakest colour of a vivid pixel;
#: levels by which a colour differs from the film's tint at its brightness; and
#: the share of such pixels that the marks on a film do not reach.
_VIVID_CHROMA = 80
_HUE_SCATTER = 24
_COLOURED_SHARE = 0.1


@dataclasses.dataclass(frozen=True)
class PixelSpacing:
    """How far apart the middles of neighbouring pixels lie, in millimetres.

    Attributes:
        down: From row to row.
        across: From column to column.
        at_detector: Whether that is where the detector recorded them, which makes
            lengths in a patient, who stands before it, come out too large.
    """

    down: float
    across: float
    at_detector: bool


@dataclasses.dataclass(frozen=True)
class GreyWindow:
    """A window that the file has: film values shown as black and as white."""

    name: str
    low: float
    high: float

    def mirrored(self, total: float) -> GreyWindow:
        """The same where each film value has become `total` less itself."""
        return GreyWindow(self.name, total - self.high, total - self.low)


@dataclasses.dataclass(frozen=True)
class FilmFacts:
    """What the file says about itself; the last five are of DICOM alone.

    Attributes:
        format: "PNG", "JPEG", "DICOM", ...
        width, height: In pixels, as shown upright.
        bits: Stored bits per sample, 1 to 64.
        colour: "grey", "palette", "RGB", "RGBA", "CMYK", ...
        file_bytes: Size on disk; 0 for a picture that never was a file.
        view_position: "PA", "AP", "LL", ...
        transfer_syntax: In words.
        patient: Names the patient without telling who it is.
        spacing: Of its pixels; None where the file does not tell.
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
    spacing: PixelSpacing | None = None


@dataclasses.dataclass(frozen=True, repr=False)
class FilmIdentity:
    """Whom a DICOM film is of, in words; what the file does not say is empty.

    For the eye alone: it goes into no log, no row and no file unless somebody asks
    for that, which is why it stands apart from the facts.
    """

    name: str = ""
    patient_id: str = ""
    born: str = ""
    sex: str = ""
    age: str = ""
    date: str = ""
    time: str = ""
    study: str = ""
    institution: str = ""
    view: str = ""


@dataclasses.dataclass(frozen=True, eq=False)
class Radiograph:
    """A decoded film.

    Attributes:
        pixels: (h, w) uint8, uint16 or float32 grey; bright = dense.
        low: Pixel value shown as black.
        high: Pixel value shown as white.
        path: Where it was read from, or just a name.
        facts: What the file says about itself.
        warnings: Sentences for the user; a `FilmWarning` among them knows more.
        refused: Why no verdict may be given on it, by what the file says of itself;
            empty if one may.
        identity: Whom a DICOM film is of; None for other films.
        windows: All that a DICOM file has; the first is `low` to `high`.
    """

    pixels: NDArray[Any]
    low: float
    high: float
    path: Path
    facts: FilmFacts
    warnings: tuple[str, ...] = ()
    refused: str = ""
    identity: FilmIdentity | None = None
    windows: tuple[GreyWindow, ...] = ()

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


def display_name(path: Path) -> str:
    """The file's name, on one printable line of at most 80 characters."""
    name = path.name or str(path)
    name = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in name)
    return name if len(name) <= 80 else f"{name[:50]}...{name[-27:]}"


@contextlib.contextmanager
def decoding(name: str) -> Iterator[None]:
    """Turn whatever a decoding library raises into an ImageReadError.

    Args:
        name: The file's name, as shown to the user.
    """
    try:
        yield
    except ImageReadError:
        raise
    except MemoryError as error:
        raise ImageReadError(
            f'There is not enough memory to open "{name}".',
            hint="Close other programs, or save the picture smaller.",
        ) from error
    # Damaged bytes make the libraries raise anything (KeyError, struct.error,
    # RecursionError, bare RuntimeError): no narrower list is ever complete.
    # Only their calls are made under this handler, never our own logic.
    except Exception as error:
        raise damaged(name) from error


def damaged(name: str) -> ImageReadError:
    return ImageReadError(
        f'"{name}" is damaged and cannot be decoded.', hint=EXPORT_AGAIN
    )


def cut_off(name: str) -> ImageReadError:
    return ImageReadError(
        f'"{name}" is cut off: its end is missing.', hint=EXPORT_AGAIN
    )


def refuse_if_huge(
    name: str, width: int, height: int, *, bytes_per_pixel: float
) -> None:
    """Check a claimed size before anything of that size is allocated.

    Raises:
        ImageReadError: It has no area, or is over MAX_PIXELS or
            MAX_DECODED_BYTES.
    """
    if width < 1 or height < 1:
        raise damaged(name)
    pixels = width * height
    if pixels > MAX_PIXELS or pixels * bytes_per_pixel > MAX_DECODED_BYTES:
        raise ImageReadError(
            f'"{name}" claims {width} x {height} pixels, which is too large to open.',
            hint="Save it with at most 100 megapixels; 10 are plenty for a film.",
        )


def grey_from_colour(
    pixels: NDArray[Any], *, order: str = "RGB"
) -> tuple[NDArray[Any], bool]:
    """Reduce colour to luminance; transparent pixels become black.

    Args:
        pixels: (h, w), (h, w, 3) or (h, w, 4), any real dtype.
        order: "RGB" or "BGR"; a fourth channel is alpha.

    Returns:
        (h, w) grey of the same dtype, and whether the picture is strongly
        coloured, as no chest film is.

    Source:
        Luma weights of ITU-R BT.601-7, section 2.5.1.
    """
    if pixels.ndim == 2:
        return pixels, False
    import cv2

    if pixels.dtype not in (np.uint8, np.uint16):
        pixels = pixels.astype(np.float32)
    colour = np.ascontiguousarray(pixels[..., :3])
    code = cv2.COLOR_RGB2GRAY if order == "RGB" else cv2.COLOR_BGR2GRAY
    grey = cv2.cvtColor(colour, code)
    if pixels.shape[2] == 4:
        grey = _on_black(grey, pixels[..., 3])
    return grey, _is_coloured(colour)


def _on_black(grey: NDArray[Any], alpha: NDArray[Any]) -> NDArray[Any]:
    opaque = np.iinfo(alpha.dtype).max if alpha.dtype.kind == "u" else alpha.max()
    if alpha.min() == opaque:
        return grey
    blended = grey * (alpha / np.float32(opaque))
    return (np.rint(blended) if grey.dtype.kind == "u" else blended).astype(grey.dtype)


def _is_coloured(colour: NDArray[Any]) -> bool:
    """Whether hues vary, or are vivid; a tint over the whole film is neither."""
    step = max(1, min(colour.shape[:2]) // 128)
    sample = colour[::step, ::step].reshape(-1, 3).astype(np.float32)
    if colour.dtype != np.uint8:
        sample *= 255 / max(1.0, float(sample.max()))
    red, green, blue = sample.T
    brightest = np.maximum(np.maximum(red, green), blue)
    chroma = brightest - np.minimum(np.minimum(red, green), blue)
    if (chroma > _VIVID_CHROMA).mean() > _COLOURED_SHARE:
        return True
    if (chroma > _HUE_SCATTER).mean() <= _COLOURED_SHARE:
        return False
    # A tint depends on the brightness alone, so a curve through it explains it.
    grey = sample.mean(axis=1) / 255
    powers = np.stack([np.ones_like(grey), grey, grey**2], axis=1)
    curve = np.linalg.lstsq(powers, sample, rcond=None)[0]
    scatter = np.abs(sample - powers @ curve).max(axis=1)
    return bool((scatter > _HUE_SCATTER).mean() > _COLOURED_SHARE)


def as_pixels(values: NDArray[Any]) -> NDArray[Any]:
    """The same grey values as uint8 or uint16 where they are, else float32.

    Values that are not finite become the smallest finite one.
    """
    if values.dtype.kind == "b":
        return values.astype(np.uint8) * np.uint8(255)
    if values.dtype.kind == "u" and values.dtype.itemsize <= 2:
        native = np.uint8 if values.dtype.itemsize == 1 else np.uint16
        return np.ascontiguousarray(values, dtype=native)
    with np.errstate(over="ignore"):  # a float64 beyond float32 becomes inf
        pixels = np.ascontiguousarray(values, dtype=np.float32)
    finite = np.isfinite(pixels)
    if not finite.all():
        floor = pixels[finite].min() if finite.any() else np.float32(0)
        pixels = np.where(finite, pixels, floor)
    return pixels


def full_range(pixels: NDArray[Any]) -> tuple[float, float]:
    """The values shown as black and white when the file names none."""
    if pixels.dtype == np.uint8:
        return 0.0, 255.0
    return float(pixels.min()), float(pixels.max())


def mirrored(pixels: NDArray[Any], low: float, high: float) -> NDArray[Any]:
    """Swap black and white: `low` becomes `high` and the other way round."""
    inverse = np.float32(low + high) - pixels.astype(np.float32)
    if pixels.dtype.kind == "u" and float(low + high).is_integer():
        if inverse.min() >= 0 and inverse.max() <= np.iinfo(pixels.dtype).max:
            return inverse.astype(pixels.dtype)
    return inverse
