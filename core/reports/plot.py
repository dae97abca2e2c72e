"""A plot: a legend, two axes, and where values lie between them."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence

from core.reports.svg import FONT_PX, Drawing, elided, mixed, text_width

MARGIN = 14.0
_LINE_PX = 18.0


@dataclasses.dataclass(frozen=True)
class Axis:
    """Values along a side of a plot.

    Attributes:
        ticks: Round numbers within it.
        digits: Decimals that these need.
    """

    title: str
    low: float
    high: float
    ticks: tuple[float, ...]
    digits: int = 0

    def label(self, tick: float) -> str:
        """A tick as people read it."""
        return f"{tick:.{self.digits}f}"


def axis_over(
    title: str, low: float, high: float, *, most_ticks: int = 6, whole: bool = False
) -> Axis:
    """An axis from one round number to another that holds a range of values.

    Args:
        most_ticks: Of which there may be this many at most.
        whole: Whether values between whole numbers make no sense.
    """
    span = high - low
    if not span > 0:
        margin = max(abs(high) * 0.1, 0.5 if whole else 0.05)
        low, high = low - margin, high + margin
        span = high - low
    rough = span / max(1, most_ticks - 1)
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(m * power for m in (1, 2, 2.5, 5, 10) if m * power >= rough * 0.999)
    if whole:
        step = max(1.0, math.ceil(step))
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    digits = max(0, -math.floor(math.log10(step) + 1e-9))
    # A step such as 0.25 needs a decimal more than its size says.
    digits += round(step * 10**digits, 9) % 1 != 0
    ticks = tuple(round(i * step, 12) + 0.0 for i in range(first, last + 1))
    return Axis(title, ticks[0], ticks[-1], ticks, digits)


@dataclasses.dataclass(frozen=True)
class Plot:
    """A rectangle of a drawing with an axis along two sides.

    Attributes:
        left, top, right, bottom: Pixels.
    """

    drawing: Drawing
    left: float
    top: float
    right: float
    bottom: float
    x: Axis
    y: Axis

    def at(self, x: float, y: float) -> tuple[float, float]:
        """Where a value lies, pixels."""
        across = (x - self.x.low) / (self.x.high - self.x.low)
        up = (y - self.y.low) / (self.y.high - self.y.low)
        return (
            self.left + across * (self.right - self.left),
            self.bottom - up * (self.bottom - self.top),
        )

    def draw_axes(self, *, x_ticks: bool = True) -> None:
        """Grid, ticks and titles."""
        drawing, colours = self.drawing, self.drawing.colours
        grid = mixed(colours.ground, colours.faint, 0.3)
        for tick in self.y.ticks:
            _, y = self.at(self.x.low, tick)
            drawing.line([(self.left, y), (self.right, y)], colour=grid)
            label = self.y.label(tick)
            drawing.words(label, (self.left - 7, y), anchor="end", px=FONT_PX - 1)
        for tick in self.x.ticks:
            x, _ = self.at(tick, self.y.low)
            drawing.line([(x, self.bottom), (x, self.bottom + 4)], colour=colours.faint)
            if x_ticks:
                place = (x, self.bottom + 13)
                label = self.x.label(tick)
                drawing.words(label, place, anchor="middle", px=FONT_PX - 1)
        drawing.line(
            [(self.left, self.bottom), (self.right, self.bottom)], colour=colours.faint
        )
        # Under the middle of the plot, unless it would leave the drawing there.
        half = text_width(self.x.title) / 2 + 4
        middle = min((self.left + self.right) / 2, drawing.width - half)
        place = (max(half, middle), self.bottom + 31)
        drawing.words(self.x.title, place, anchor="middle")
        height = (self.top + self.bottom) / 2
        drawing.words(self.y.title, (FONT_PX, height), anchor="middle", turned=True)


@dataclasses.dataclass(frozen=True)
class Key:
    """An entry of a legend.

    Attributes:
        note: Follows the text, and is never cut for want of room.
        mark: "line", "disc", "square" or "ring".
    """

    text: str
    colour: str
    dash: str = ""
    mark: str = "line"
    note: str = ""


def plot_under_keys(
    drawing: Drawing,
    keys: Sequence[Key],
    x: Axis,
    y: Axis,
    *,
    above: float = 0.0,
    below: float = 0.0,
    x_ticks: bool = True,
    last_x: float | None = None,
) -> Plot:
    """Axes under a legend.

    Args:
        above, below: Room to leave, pixels.
        last_x: Where the axis of whole numbers from 1 ends, ticks or not.
    """
    if last_x is not None:
        ticks = tuple(tick for tick in x.ticks if 1 <= tick <= last_x)
        x = dataclasses.replace(x, low=1, high=last_x, ticks=ticks)
    widest = max(text_width(y.label(tick), FONT_PX - 1) for tick in y.ticks)
    left = FONT_PX + 14 + widest + 8
    top = draw_keys(drawing, keys, left) + 10 + above
    bottom = drawing.height - 44 - below
    plot = Plot(drawing, left, top, drawing.width - MARGIN, max(top + 20, bottom), x, y)
    plot.draw_axes(x_ticks=x_ticks)
    return plot


def draw_keys(drawing: Drawing, keys: Sequence[Key], left: float) -> float:
    """A legend of as many lines as it takes; its lower end, pixels."""
    x, y = left, 12.0
    room = drawing.width - MARGIN
    for key in keys:
        note = f" {key.note}" if key.note else ""
        text = elided(key.text, room - left - 32 - text_width(note)) + note
        width = 32 + text_width(text)
        if x > left and x + width > room:
            x, y = left, y + _LINE_PX
        if key.mark != "ring":
            ends = [(x, y), (x + 24, y)]
            drawing.line(ends, colour=key.colour, width=2, dash=key.dash)
        if key.mark != "line":
            draw_mark(drawing, (x + 12, y), key)
        drawing.words(text, (x + 30, y))
        x += width + 16
    return y + 6


def draw_mark(drawing: Drawing, at: tuple[float, float], key: Key) -> None:
    if key.mark == "square":
        ground = drawing.colours.ground
        corner = (at[0] - 3.5, at[1] - 3.5)
        drawing.box(corner, (7, 7), fill=ground, stroke=key.colour, width=1.5)
    elif key.mark == "ring":
        drawing.dot(at, 5.5, stroke=key.colour, width=2)
    else:
        drawing.dot(at, 4, fill=key.colour)
