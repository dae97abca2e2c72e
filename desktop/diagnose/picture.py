"""The film as a picture to copy or to save, made off the GUI thread."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from core.errors import CoreError, OutputError
from core.files import atomic_write
from core.films.pictures import encode_picture
from core.films.pixels import FilmIdentity
from core.model.gradcam import draw_contours, heatmap_from_evidence, overlay
from core.reports.margin import with_margin
from core.reports.statement import Statement
from desktop.diagnose.file.identity import draw_identity
from desktop.film.outline import Lines, draw_outline
from desktop.film.pyramid import FilmPyramid, window_table

#: Suffixes of the formats a picture can be saved in.
FORMATS: Final = (".png", ".jpg", ".jpeg", ".tif", ".tiff")

_BAND_ROWS: Final = 256


@dataclasses.dataclass(frozen=True, eq=False)
class PictureJob:
    """A film as it is shown, at its full size.

    Attributes:
        film: Its pixels.
        source: The file it came from, which is never written over.
        low: Film value shown as black.
        high: Film value shown as white.
        inverted: Whether dark and light are exchanged.
        evidence: (h, w) float32 to lay over it, in units of the logit; None for the
            film alone.
        opacity: Of the heat map, 0 to 1.
        contour: Whether the evidence is drawn as lines, not as colours.
        outline: Lines around the lungs to draw; none for a film without.
        quarters: How often it is turned right by 90 degrees, after a flip.
        is_flipped: Whether left and right are exchanged.
        about: What the file says of itself: which model, and how it computed.
        said: What stands below the film; None for the film alone.
        identity: Whom the film is of; None if it does not say so.
        is_named: Whether that stands on the picture: only where somebody asks for it.
    """

    film: FilmPyramid
    source: Path
    low: float
    high: float
    inverted: bool = False
    evidence: NDArray[np.float32] | None = None
    opacity: float = 0.5
    contour: bool = False
    outline: Lines = ()
    quarters: int = 0
    is_flipped: bool = False
    about: str = ""
    said: Statement | None = None
    identity: FilmIdentity | None = None
    is_named: bool = False


def compose(job: PictureJob) -> NDArray[np.uint8]:
    """Draw the picture.

    Returns:
        (h, w) uint8 grey, or (h, w, 3) uint8 RGB with anything on it; higher, and
        maybe wider, with a margin.

    Raises:
        CoreError: There is not enough memory.
    """
    try:
        picture = _compose(job)
        if job.outline:
            picture = draw_outline(picture, job.outline)
        picture = picture[:, ::-1] if job.is_flipped else picture
        picture = np.ascontiguousarray(np.rot90(picture, -job.quarters))
        if job.is_named and job.identity is not None:
            picture = draw_identity(picture, job.identity)
        return with_margin(picture, job.said) if job.said else picture
    except MemoryError as error:
        raise CoreError(
            "There is not enough memory to draw the picture.",
            hint="Close other programs and try again.",
        ) from error


def _compose(job: PictureJob) -> NDArray[np.uint8]:
    table = window_table(job.film, job.low, job.high, inverted=job.inverted)
    grey: NDArray[np.uint8] = np.take(table, job.film.levels[0])
    if job.evidence is None:
        return grey
    heat = heatmap_from_evidence(job.evidence, job.film.size)
    if job.contour:
        return draw_contours(grey, heat, job.opacity)
    colours = np.empty((*grey.shape, 3), np.uint8)
    # In bands: the mixing is done in floats, twelve bytes for each pixel.
    for top in range(0, grey.shape[0], _BAND_ROWS):
        band = slice(top, top + _BAND_ROWS)
        colours[band] = overlay(grey[band], heat[band], job.opacity)
    return colours


def write_picture(job: PictureJob, path: Path) -> None:
    """Save the picture, whole or not at all.

    Args:
        job: What to draw.
        path: Where; its suffix, one of `FORMATS`, says the format.

    Raises:
        OutputError: The disk is full, the folder may not be written to, the
            suffix is unknown, or `path` is the film itself.
        CoreError: There is not enough memory.
    """
    if path.suffix.lower() not in FORMATS:
        raise OutputError(
            f"Pictures cannot be saved as “{path.suffix or path.name}”.",
            hint=f"Choose a name that ends in one of: {', '.join(FORMATS)}.",
        )
    if path.resolve() == job.source.resolve():
        raise OutputError(
            f"{path.name} is the film itself and is not written over.",
            hint="Choose another name.",
        )
    encoded = encode_picture(compose(job), path.suffix.lower(), job.about)
    with atomic_write(path) as partial:
        partial.write_bytes(encoded)
