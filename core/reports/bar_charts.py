"""Charts of counts and of single figures: confusion matrix, bars with intervals."""

from __future__ import annotations

import dataclasses
import textwrap
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from core.reports.chart_style import (
    FONT_PX,
    LIGHT,
    ChartColours,
    is_dark,
    mixed,
    new_figure,
    pt,
    quiet_grid,
    say,
    shortened,
)

if TYPE_CHECKING:  # loaded when a chart is first drawn
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: About how wide a character is, as a share of the size of the font.
_CHARACTER = 0.62


@dataclasses.dataclass(frozen=True)
class Measured:
    """A figure with its interval; None where it could not be measured."""

    name: str
    value: float | None
    low: float | None = None
    high: float | None = None


def recalls_of(result: Mapping[str, Any], names: Mapping[str, str]) -> list[Measured]:
    """The recall of each label of an evaluation."""
    return [
        Measured(names[label], rates["recall"], *(rates["recall_ci"] or (None, None)))
        for label, rates in result["per_class"].items()
    ]


def confusion_chart(
    result: Mapping[str, Any],
    names: Mapping[str, str],
    *,
    size: tuple[int, int],
    colours: ChartColours = LIGHT,
) -> Figure:
    """Truth in rows, called in columns; the shares are of the row."""
    figure = new_figure(size, colours)
    axes = figure.add_subplot()
    counts: list[list[int]] = result["confusion_matrix"]
    most = _most_characters(size, 22)
    labels = [shortened(names.get(x, x), most) for x in result["per_class"]]
    places = range(len(counts))
    # About what is left of the figure beside the names.
    cell_px = 0.72 * size[0] / max(1, len(counts)), 0.78 * size[1] / max(1, len(counts))
    count_px = min(1.35 * FONT_PX, 0.36 * cell_px[1], 0.3 * cell_px[0])
    share_px = min(FONT_PX, 0.8 * count_px)
    for i, row in enumerate(counts):
        for j, count in enumerate(row):
            share = count / sum(row) if sum(row) else 0.0
            fill = mixed(colours.ground, colours.series[0], 0.06 + 0.84 * share)
            axes.add_patch(_cell(j, i, fill, colours))
            ink = {"ha": "center", "color": "#ffffff" if is_dark(fill) else "#14171a"}
            axes.text(
                *(j, i, str(count)),
                va="bottom",
                weight="bold",
                size=pt(count_px),
                **ink,
            )
            percent = f"{share:.0%}".replace("%", " %")
            axes.text(j, i + 0.06, percent, va="top", size=pt(share_px), **ink)
    axes.set(
        xlim=(-0.5, len(counts) - 0.5),
        ylim=(len(counts) - 0.5, -0.5),
        xlabel="Called",
        ylabel="Truth",
    )
    longest = max((len(word) for label in labels for word in label.split()), default=0)
    # Small where a long word would not find room in a column.
    name_px = min(FONT_PX, max(9.5, cell_px[0] / (_CHARACTER * max(1, longest))))
    fitting = max(4, int(cell_px[0] / (_CHARACTER * name_px)))
    names_above = [_folded(label, fitting) for label in labels]
    axes.set_xticks(places, names_above, size=pt(name_px))
    axes.set_yticks(places, labels)
    axes.tick_params(length=0, top=False, labeltop=True, labelbottom=False)
    axes.xaxis.set_label_position("top")
    axes.xaxis.labelpad = 6
    axes.spines[:].set_visible(False)
    return figure


def interval_chart(
    rows: Sequence[Measured],
    title: str,
    *,
    size: tuple[int, int],
    colours: ChartColours = LIGHT,
    limits: tuple[float, float] | None = None,
) -> Figure:
    """Bars from 0 with a whisker for the 95 % interval; `limits` of the axis."""
    from matplotlib.ticker import MaxNLocator

    figure = new_figure(size, colours)
    if all(row.value is None for row in rows):
        say(figure, "Nothing could be measured.", colours)
        return figure
    axes = figure.add_subplot()
    quiet_grid(axes, colours, "x")
    axes.xaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))
    for i, row in enumerate(rows):
        place = (1.03, i)
        if row.value is None:
            _beside(axes, place, "none", colours.faint)
            continue
        fill = mixed(colours.ground, colours.series[0], 0.55)
        axes.barh(i, row.value, height=0.42, color=fill)
        if row.low is not None and row.high is not None:
            reach = [[row.value - row.low], [row.high - row.value]]
            ink = {"color": colours.ink, "elinewidth": 1.4, "capsize": 3.5}
            axes.errorbar(row.value, i, xerr=reach, fmt="none", **ink)
        # Among differences a plus says as much as a minus.
        sign = "+" if any((r.low or r.value or 0) < 0 for r in rows) else ""
        _beside(axes, place, f"{row.value:{sign}.3f}", colours.ink)
    axes.axvline(0, color=colours.ink, linewidth=1)
    most = _most_characters(size, 28)
    axes.set_yticks(range(len(rows)), [shortened(row.name, most) for row in rows])
    axes.set(xlabel=title, ylim=(len(rows) - 0.5, -0.5))
    if limits is not None:
        axes.set_xlim(*limits)
    return figure


def _cell(column: int, row: int, fill: str, colours: ChartColours) -> Any:
    from matplotlib.patches import Rectangle

    corner = (column - 0.5, row - 0.5)
    return Rectangle(corner, 1, 1, facecolor=fill, edgecolor=colours.ground, lw=2)


def _most_characters(size: tuple[int, int], most: int) -> int:
    """How long names beside rows may be: a third of the figure, up to a limit."""
    return max(6, min(most, int(0.35 * size[0] / (_CHARACTER * FONT_PX))))


def _folded(name: str, most: int) -> str:
    """A name in lines of a length; what is cut stands whole beside its row."""
    lines = textwrap.wrap(name, most, break_long_words=False)
    return "\n".join(shortened(line, most) for line in lines)


def _beside(axes: Axes, place: tuple[float, float], text: str, colour: str) -> None:
    """Words to the right of the plot, at the height of a row."""
    across = axes.get_yaxis_transform()
    axes.text(*place, text, transform=across, va="center_baseline", color=colour)
