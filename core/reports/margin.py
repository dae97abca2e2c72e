"""A sheet of words on a film, and the margin of such words below its picture."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from core.model.gradcam import overlay
from core.reports.chart_style import LIGHT, mixed, new_figure, pt
from core.reports.statement import Statement

if TYPE_CHECKING:  # loaded when words are first drawn
    from matplotlib.axes import Axes

#: About the shade of lung on a film: what the colours of a legend lie on.
_SAMPLE_GREY = 110
#: A narrower picture gets white at its sides, or few words would fit below it.
_LEAST_PX = 460
#: Letters of about this share of the width, between these sizes.
_LETTER_SHARE, _LETTERS_PX = 1 / 52, (13.0, 60.0)
#: From line to line, and about how wide a letter is, as shares of the letters' size.
_LINE_SPACING, _LETTER_WIDTH = 1.43, 0.57
#: Room for the name to the left of a value.
_NAME_PX = 130


class Sheet:
    """A white sheet on which things stand below each other, in pixels.

    Attributes:
        figure: What it is drawn on.
        top: How far from the upper edge the next thing goes.
    """

    def __init__(self, size: tuple[int, int], border: float) -> None:
        self.figure = new_figure(size, LIGHT)
        self.figure.set_layout_engine("none")
        self.top = border
        self._size, self._border = size, border

    def write(
        self, text: str, size: float, *, weight: str = "normal", name: str = ""
    ) -> None:
        """A paragraph, or a value with its name to the left."""
        wide, high = self._size
        left = self._border + (_NAME_PX if name else 0)
        fitting = int((wide - self._border - left) / (_LETTER_WIDTH * size))
        look: dict[str, Any] = {"size": pt(size), "va": "top", "weight": weight}
        # Of ligatures, whoever searches or copies the text gets nothing.
        look["fontfeatures"] = ("-liga",)
        for number, line in enumerate(textwrap.wrap(text, max(10, fitting))):
            y = 1 - self.top / high
            if name and not number:
                faint = {**look, "color": mixed(LIGHT.ink, LIGHT.ground, 0.3)}
                self.figure.text(self._border / wide, y, name, **faint)
            self.figure.text(left / wide, y, line, **look)
            self.top += _LINE_SPACING * size

    def axes(self, width: float, height: float, left: float = 0) -> Axes:
        """A place to draw in, `left` from the border; room for it is made apart."""
        wide, high = self._size
        corner = (self._border + left) / wide, 1 - (self.top + height) / high
        return self.figure.add_axes((*corner, width / wide, height / high))

    def write_legend(self, said: Statement, size: float) -> None:
        """What a heat map shows, and what its colours mean."""
        self.write(f"{said.heat_title} From no evidence to {said.strongest}:", size)
        axes = self.axes(18 * size, 0.8 * size)
        axes.imshow(legend_ramp(said.opacity), aspect="auto")
        axes.set_axis_off()
        self.top += 1.4 * size


def with_margin(picture: NDArray[np.uint8], said: Statement) -> NDArray[np.uint8]:
    """The picture with its words below it, dark on white.

    Args:
        picture: (h, w) uint8 grey or (h, w, 3) uint8 RGB.

    Returns:
        (h + what the words take, w or `_LEAST_PX` if that is more, 3) uint8 RGB.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    colour = picture if picture.ndim == 3 else np.repeat(picture[..., None], 3, axis=2)
    beside = max(0, _LEAST_PX - colour.shape[1])
    sides = ((0, 0), (beside // 2, beside - beside // 2), (0, 0))
    colour = np.pad(colour, sides, constant_values=255)
    width = colour.shape[1]
    # How high it must be shows once all of it stands there.
    height = round(_words(said, (width, 1)).top + 0.02 * width)
    canvas = FigureCanvasAgg(_words(said, (width, height)).figure)
    canvas.draw()
    return np.vstack([colour, np.array(canvas.buffer_rgba())[..., :3]])


def legend_ramp(opacity: float) -> NDArray[np.uint8]:
    """(1, 256, 3) uint8: colours of a heat map on a film, none to full."""
    heat = np.linspace(0.0, 1.0, 256, dtype=np.float32)[np.newaxis]
    return overlay(np.full(heat.shape, _SAMPLE_GREY, np.uint8), heat, opacity)


def _words(said: Statement, size: tuple[int, int]) -> Sheet:
    letters = min(_LETTERS_PX[1], max(_LETTERS_PX[0], size[0] * _LETTER_SHARE))
    sheet = Sheet(size, letters)
    sheet.write(said.headline, 1.25 * letters, weight="bold")
    for line in said.lines:
        sheet.write(line, letters)
    if said.heat_title:
        sheet.write_legend(said, letters)
    for note in said.notes:
        sheet.write(note, 0.85 * letters)
    return sheet
