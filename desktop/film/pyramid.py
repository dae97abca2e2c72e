"""From decoded pixels to what a screen can show; no widget here."""

from __future__ import annotations

import dataclasses
import math
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PyQt5.QtCore import QRect
from PyQt5.QtGui import QImage

from core.films.pixels import GreyWindow, PixelSpacing, Radiograph

#: A level this small, in pixels, is not halved again.
_SMALLEST_LEVEL: Final = 256 * 256

#: Widths of the preset window by which a float film's range is cut on each side.
_FLOAT_MARGIN: Final = 4.0


@dataclasses.dataclass(frozen=True, eq=False)
class FilmPyramid:
    """A film at full size and at halves of it, in its own grey levels.

    Painting picks the level nearest above the screen's resolution, so it costs
    the same for a film of one megapixel and of thirty.

    Attributes:
        levels: (h, w) uint8 or uint16 each, the first at full size.
        size: (height, width) of the film, pixels.
        low: Film value shown as black by default.
        high: Film value shown as white by default; above `low`.
        offset: Film value of a stored 0.
        step: Film values per stored grey level.
        windows: Those that its file has.
        spacing: How far its pixels lie apart; None where that is not known.
    """

    levels: tuple[NDArray[np.uint8] | NDArray[np.uint16], ...]
    size: tuple[int, int]
    low: float
    high: float
    offset: float = 0.0
    step: float = 1.0
    windows: tuple[GreyWindow, ...] = ()
    spacing: PixelSpacing | None = None

    @property
    def nbytes(self) -> int:
        """Memory taken, bytes."""
        return sum(level.nbytes for level in self.levels)

    @property
    def value_range(self) -> tuple[float, float]:
        """Least and greatest film value that can be told apart."""
        top = np.iinfo(self.levels[0].dtype).max
        return self.offset, self.offset + self.step * float(top)

    def value_at(self, x: int, y: int) -> float:
        """Film value of a pixel, as exactly as it is kept; see `reduced`."""
        rows, columns = self.levels[0].shape
        row = min(y * rows // self.size[0], rows - 1)
        column = min(x * columns // self.size[1], columns - 1)
        return self.offset + self.step * float(self.levels[0][row, column])

    def level_for(self, scale: float) -> int:
        """Index of the coarsest level that still has a pixel for each screen's.

        Args:
            scale: Screen pixels per film pixel; above 0.
        """
        halvings = math.floor(math.log2(1.0 / scale) + 1e-6)
        return max(0, min(halvings, len(self.levels) - 1))

    def reduced(self, most_pixels: int) -> FilmPyramid:
        """The same film without its levels of more than `most_pixels`."""
        kept = tuple(level for level in self.levels if level.size <= most_pixels)
        return dataclasses.replace(self, levels=kept or self.levels[-1:])


def build_pyramid(film: Radiograph) -> FilmPyramid:
    """Prepare a film for the screen. Takes tens of milliseconds: not for the GUI.

    8 and 16-bit pixels are kept as they are; float ones are put on 65,536 steps
    around the film's preset window.
    """
    pixels, offset, step = film.pixels, 0.0, 1.0
    if pixels.dtype not in (np.uint8, np.uint16):
        pixels, offset, step = _on_steps(film)
    levels = [np.ascontiguousarray(pixels)]
    while levels[-1].size > _SMALLEST_LEVEL and min(levels[-1].shape) >= 2:
        levels.append(_halved(levels[-1]))
    high = film.high if film.high > film.low else film.low + 1.0
    return FilmPyramid(
        levels=tuple(levels),
        size=(film.pixels.shape[0], film.pixels.shape[1]),
        low=float(film.low),
        high=float(high),
        offset=offset,
        step=step,
        windows=film.windows,
        spacing=film.facts.spacing,
    )


def _on_steps(film: Radiograph) -> tuple[NDArray[np.uint16], float, float]:
    margin = _FLOAT_MARGIN * max(film.high - film.low, 1e-30)
    bottom = max(float(np.nanmin(film.pixels)), film.low - margin)
    top = min(float(np.nanmax(film.pixels)), film.high + margin)
    step = (top - bottom) / 65535.0 if top > bottom else 1.0
    # NaN has no place on the scale; it is shown black.
    steps = np.nan_to_num((film.pixels - bottom) / step, nan=0.0)
    return np.clip(steps, 0, 65535).astype(np.uint16), bottom, step


def _halved(pixels: NDArray[Any]) -> NDArray[Any]:
    """Mean of every 2 x 2 pixels; an odd last row or column is left out."""
    height, width = pixels.shape[0] // 2 * 2, pixels.shape[1] // 2 * 2
    wide = np.uint16 if pixels.dtype == np.uint8 else np.uint32
    total = pixels[0:height:2, 0:width:2].astype(wide)
    for row, column in ((0, 1), (1, 0), (1, 1)):
        total += pixels[row:height:2, column:width:2]
    return (total >> 2).astype(pixels.dtype)


def window_table(
    pyramid: FilmPyramid, low: float, high: float, *, inverted: bool
) -> NDArray[np.uint8]:
    """The look-up table that shows `low` as black and `high` as white.

    Returns:
        (256,) or (65536,) uint8: the shade of each stored grey level.
    """
    count = np.iinfo(pyramid.levels[0].dtype).max + 1
    values = pyramid.offset + pyramid.step * np.arange(count, dtype=np.float64)
    shades = (values - low) * (255.0 / max(high - low, 1e-30))
    table = np.clip(np.rint(shades), 0, 255).astype(np.uint8)
    return 255 - table if inverted else table


@dataclasses.dataclass(frozen=True, eq=False)
class Patch:
    """A part of one level, ready to paint.

    Attributes:
        level: Index of the pyramid's level.
        area: The part, in pixels of that level.
        image: Its shades.
        pixels: The memory `image` points into; kept alive with it.
    """

    level: int
    area: QRect
    image: QImage
    pixels: NDArray[np.uint8]


def render_patch(
    pyramid: FilmPyramid, level: int, area: QRect, table: NDArray[np.uint8]
) -> Patch:
    """Shade a part of a level. About 2 ms for a megapixel."""
    stored = pyramid.levels[level]
    area = area.intersected(QRect(0, 0, stored.shape[1], stored.shape[0]))
    rows = slice(area.top(), area.top() + area.height())
    columns = slice(area.left(), area.left() + area.width())
    shades = np.take(table, stored[rows, columns])
    return Patch(level, area, grey_image(shades), shades)


def grey_image(shades: NDArray[np.uint8]) -> QImage:
    """View (h, w) uint8, C-contiguous, as an image; the caller keeps the array."""
    height, width = shades.shape
    return QImage(shades.data, width, height, width, QImage.Format.Format_Grayscale8)


def picture_image(pixels: NDArray[np.uint8]) -> QImage:
    """Copy (h, w) uint8 grey or (h, w, 3) uint8 RGB into an image of its own.

    The copying is NumPy's, which lets other threads run meanwhile; Qt's own
    would hold the window up for as long as it takes.
    """
    height, width = pixels.shape[:2]
    form = QImage.Format
    image = QImage(
        width,
        height,
        form.Format_Grayscale8 if pixels.ndim == 2 else form.Format_RGB888,
    )
    memory = image.bits()
    memory.setsize(image.sizeInBytes())
    rows = np.frombuffer(memory, np.uint8).reshape(height, image.bytesPerLine())
    np.copyto(rows[:, : pixels[0].size], pixels.reshape(height, -1))
    return image


def thumbnail(pyramid: FilmPyramid, side: int) -> QImage:
    """The film in its default window, its longer side at most about `side`."""
    longest = max(pyramid.size)
    level = pyramid.level_for(min(1.0, side / longest))
    table = window_table(pyramid, pyramid.low, pyramid.high, inverted=False)
    height, width = pyramid.levels[level].shape
    patch = render_patch(pyramid, level, QRect(0, 0, width, height), table)
    return patch.image.copy()


def heat_image(heat: NDArray[np.float32], colours: NDArray[np.uint8]) -> QImage:
    """A heat map whose transparency is part of it, to be laid over a film.

    Painted over grey with an opacity, it gives what `core.model.gradcam.overlay`
    gives: the colour's weight is the opacity times the root of the evidence.

    Args:
        heat: (h, w) float32 in [0, 1].
        colours: (256, 3) uint8 RGB, from no evidence to the strongest.
    """
    height, width = heat.shape
    rgba = np.empty((height, width, 4), np.uint8)
    rgba[:, :, :3] = colours[(heat * 255).astype(np.uint8)]
    rgba[:, :, 3] = np.rint(255 * np.sqrt(heat))
    image = QImage(rgba.data, width, height, 4 * width, QImage.Format.Format_RGBA8888)
    return image.convertToFormat(QImage.Format.Format_ARGB32_Premultiplied)


def contour_image(lines: NDArray[np.uint8]) -> QImage:
    """Lines to be laid over a film.

    Args:
        lines: (h, w, 4) uint8 as `core.model.gradcam.contours` draws them.
    """
    height, width = lines.shape[:2]
    form = QImage.Format.Format_RGBA8888_Premultiplied
    image = QImage(lines.data, width, height, 4 * width, form)
    return image.convertToFormat(QImage.Format.Format_ARGB32_Premultiplied)
