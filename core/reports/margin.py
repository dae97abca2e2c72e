"""What a picture of a film says of itself, below it."""

from __future__ import annotations

import dataclasses
import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from core.model.gradcam import overlay
from core.reports.chart_style import DPI, LIGHT, new_figure, pt
from core.reports.statement import Statement

if TYPE_CHECKING:  # loaded when words are first drawn
    from matplotlib.figure import Figure

#: About the shade of lung on a film: what the colours of a legend lie on.
_SAMPLE_GREY = 110
#: A narrower picture gets white at its sides, or few words would fit below it.
_LEAST_PX = 460
#: Letters of about this share of the width, between these sizes.
_LETTER_SHARE, _LETTERS_PX = 1 / 52, (13.0, 60.0)
_LINE_SPACING = 1.45
#: About how wide a letter is, as a share of its size.
_LETTER_WIDTH = 0.58


def with_margin(picture: NDArray[np.uint8], said: Statement) -> NDArray[np.uint8]:
    """The picture with its words below it, dark on white.

    Args:
        picture: (h, w) uint8 grey or (h, w, 3) uint8 RGB.

    Returns:
        (h + what the words take, w or `_LEAST_PX` if that is more, 3) uint8 RGB.
    """
    colour = picture if picture.ndim == 3 else np.repeat(picture[..., None], 3, axis=2)
    beside = max(0, _LEAST_PX - colour.shape[1])
    sides = ((0, 0), (beside // 2, beside - beside // 2), (0, 0))
    colour = np.pad(colour, sides, constant_values=255)
    return np.vstack([colour, _drawn(said, colour.shape[1])])


def legend_ramp(opacity: float) -> NDArray[np.uint8]:
    """(1, 256, 3) uint8: colours of a heat map on a film, none to full."""
    heat = np.linspace(0.0, 1.0, 256, dtype=np.float32)[np.newaxis]
    return overlay(np.full(heat.shape, _SAMPLE_GREY, np.uint8), heat, opacity)


@dataclasses.dataclass(frozen=True)
class _Line:
    """A line of the margin; without text it is the legend."""

    text: str
    size: float
    weight: str = "normal"

    @property
    def height(self) -> float:
        """In pixels, with the gap to the next."""
        return _LINE_SPACING * self.size


def _drawn(said: Statement, width: int) -> NDArray[np.uint8]:
    """(h, width, 3) uint8: the words and the legend."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    letters = min(_LETTERS_PX[1], max(_LETTERS_PX[0], width * _LETTER_SHARE))
    lines = _folded([said.headline], width, 1.25 * letters, "bold")
    lines += _folded(said.lines, width, letters)
    if said.heat_title:
        lines += _folded([said.heat_title], width, letters)
        lines.append(_Line("", 1.7 * letters))
    lines += _folded(said.notes, width, 0.85 * letters)
    height = round(sum(line.height for line in lines) + 1.4 * letters)
    figure = new_figure((width, height), LIGHT)
    figure.set_layout_engine("none")
    left, top = letters / width, 0.8 * letters
    for line in lines:
        if line.text:
            look = {"size": pt(line.size), "weight": line.weight, "va": "top"}
            figure.text(left, 1 - top / height, line.text, **look)
        else:
            _draw_legend(figure, said, top, letters)
        top += line.height
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.array(canvas.buffer_rgba())[..., :3]


def _draw_legend(figure: Figure, said: Statement, top: float, letters: float) -> None:
    """The colours from none to full, and what both ends mean, below `top` pixels."""
    width, height = (DPI * inches for inches in figure.get_size_inches())
    left, long = letters / width, 18 * letters / width
    bottom = 1 - (top + 0.75 * letters) / height
    ramp = figure.add_axes((left, bottom, long, 0.7 * letters / height))
    ramp.imshow(legend_ramp(said.opacity), aspect="auto")
    ramp.set_axis_off()
    below = bottom - 0.25 * letters / height
    ends = ((left, "no evidence", "left"), (left + long, said.strongest, "right"))
    for x, words, side in ends:
        figure.text(x, below, words, ha=side, va="top", size=pt(0.85 * letters))


def _folded(
    texts: Sequence[str], width: int, size: float, weight: str = "normal"
) -> list[_Line]:
    """Texts in lines that fit."""
    fitting = max(10, int((width - 2 * size) / (_LETTER_WIDTH * size)))
    folded = (line for text in texts for line in textwrap.wrap(text, fitting))
    return [_Line(line, size, weight) for line in folded]
