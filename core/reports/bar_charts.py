"""Charts of counts and of single figures: confusion matrix, bars with intervals."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from core.reports.plot import MARGIN, Axis, Plot, axis_over
from core.reports.svg import (
    FONT_PX,
    LIGHT,
    ChartColours,
    Drawing,
    elided,
    is_dark,
    mixed,
    text_width,
)


@dataclasses.dataclass(frozen=True)
class Measured:
    """A figure with its interval.

    Attributes:
        value, low, high: None where it could not be measured.
    """

    name: str
    value: float | None
    low: float | None = None
    high: float | None = None


def confusion_chart(
    result: Mapping[str, Any],
    names: Mapping[str, str],
    *,
    size: tuple[int, int],
    colours: ChartColours = LIGHT,
) -> str:
    """Truth in rows, called in columns; the shares are of the row.

    Args:
        result: An evaluation, short or long.
        names: Label -> as people read it.
    """
    drawing = Drawing(size, colours, "What was called what")
    counts: list[list[int]] = result["confusion_matrix"]
    labels = [names.get(label, label) for label in result["per_class"]]
    widest = max(text_width(label) for label in labels)
    left = FONT_PX + 16 + min(widest + 4, drawing.width * 0.3)
    top, right, bottom = 46.0, drawing.width - MARGIN, drawing.height - MARGIN
    across, down = (right - left) / len(counts), (bottom - top) / len(counts)
    middle = (left + right) / 2
    drawing.words("Called", (middle, 12), anchor="middle")
    drawing.words("Truth", (FONT_PX, (top + bottom) / 2), anchor="middle", turned=True)
    for i, row in enumerate(counts):
        place = (left + (i + 0.5) * across, 33.0)
        name = elided(labels[i], across - 2, FONT_PX - 1)
        drawing.words(name, place, anchor="middle", px=FONT_PX - 1)
        height = top + (i + 0.5) * down
        name = elided(labels[i], left - FONT_PX - 16)
        drawing.words(name, (left - 8, height), anchor="end")
        for j, count in enumerate(row):
            share = count / sum(row) if sum(row) else 0.0
            corner = (left + j * across, top + i * down)
            _draw_cell(drawing, corner, (across, down), count, share)
    return drawing.svg()


def interval_chart(
    rows: Sequence[Measured],
    title: str,
    *,
    size: tuple[int, int],
    colours: ChartColours = LIGHT,
    base: float = 0.0,
    limits: tuple[float, float] | None = None,
) -> str:
    """Bars from a base with a whisker for the 95 % interval.

    Args:
        rows: From top to bottom.
        title: Of the axis.
        base: Where bars begin: 0 for rates and for differences.
        limits: Of the axis; those of the values if None.
    """
    drawing = Drawing(size, colours, title)
    values = [v for row in rows for v in (row.value, row.low, row.high)]
    known = [v for v in values if v is not None]
    if not known:
        drawing.say("Nothing could be measured.")
        return drawing.svg()
    low, high = limits or (min(base, *known), max(base, *known))
    widest = max(text_width(row.name) for row in rows)
    left = MARGIN + min(widest + 10, drawing.width * 0.38)
    axis = axis_over(title, low, high, most_ticks=max(3, drawing.width // 110))
    bottom = drawing.height - 44
    plot = Plot(
        drawing, left, 8, drawing.width - 62, bottom, axis, Axis("", 0, 1, (), 0)
    )
    grid = mixed(colours.ground, colours.faint, 0.3)
    for tick in axis.ticks:
        x, _ = plot.at(tick, 0)
        drawing.line([(x, plot.top), (x, bottom)], colour=grid)
    plot.draw_axes()
    step = (bottom - plot.top) / len(rows)
    for i, row in enumerate(rows):
        height = plot.top + (i + 0.5) * step
        name = elided(row.name, left - MARGIN - 8)
        drawing.words(name, (left - 8, height), anchor="end")
        _draw_measured(plot, row, (height, min(step * 0.55, 18)), base)
    x, _ = plot.at(base, 0)
    drawing.line([(x, plot.top), (x, bottom)], colour=colours.ink)
    return drawing.svg()


def _draw_cell(
    drawing: Drawing,
    corner: tuple[float, float],
    size: tuple[float, float],
    count: int,
    share: float,
) -> None:
    colours = drawing.colours
    fill = mixed(colours.ground, colours.series[0], 0.06 + 0.84 * share)
    drawing.box(corner, size, fill=fill, stroke=colours.ground, width=2)
    light, dark = "#ffffff", "#14171a"
    colour = light if is_dark(fill) else dark
    x, y = corner[0] + size[0] / 2, corner[1] + size[1] / 2
    px = min(17.0, size[1] * 0.34, size[0] * 0.28)
    drawing.words(
        str(count), (x, y - px * 0.5), anchor="middle", colour=colour, px=px, bold=True
    )
    below = (x, y + px * 0.65)
    text = f"{share:.0%}".replace("%", " %")
    drawing.words(text, below, anchor="middle", colour=colour, px=px * 0.75)


def _draw_measured(
    plot: Plot, row: Measured, band: tuple[float, float], base: float
) -> None:
    """A bar with its whisker; `band`: its middle and its height, pixels."""
    drawing, colours = plot.drawing, plot.drawing.colours
    middle, height = band
    text_at = (plot.right + 8, middle)
    if row.value is None:
        drawing.words("none", text_at, colour=colours.faint)
        return
    ends = sorted((plot.at(base, 0)[0], plot.at(row.value, 0)[0]))
    fill = mixed(colours.ground, colours.series[0], 0.55)
    corner = (ends[0], middle - height / 2)
    drawing.box(corner, (ends[1] - ends[0], height), fill=fill)
    # Among differences a plus says as much as a minus.
    sign = "+" if plot.x.low < 0 else ""
    drawing.words(f"{row.value:{sign}.3f}", text_at)
    if row.low is None or row.high is None:
        return
    left, right = plot.at(row.low, 0)[0], plot.at(row.high, 0)[0]
    drawing.line([(left, middle), (right, middle)], colour=colours.ink, width=1.5)
    for x in (left, right):
        cap = [(x, middle - 4), (x, middle + 4)]
        drawing.line(cap, colour=colours.ink, width=1.5)
