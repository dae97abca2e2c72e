"""Charts of a search for settings: its history, and what its trials were worth."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from core.reports.bar_charts import Measured, interval_chart
from core.reports.chart_style import (
    LIGHT,
    ChartColours,
    legend_above,
    mixed,
    new_axes,
    new_figure,
    say,
    shortened,
)

if TYPE_CHECKING:  # loaded when a chart is first drawn
    from matplotlib.figure import Figure

#: Number of a trial, its value, and whether it was trained to its end.
Point = tuple[int, float, bool]
#: From one end to the other, from which an axis of positive numbers is logarithmic.
_DECADES = 20
#: Most lines that can be told apart at all: the best.
_MOST_LINES = 200


def history_chart(
    points: Sequence[Point],
    title: str,
    *,
    is_lower_better: bool = False,
    size: tuple[int, int],
    colours: ChartColours = LIGHT,
) -> Figure:
    """Each trial by its number, and the best of those so far.

    Args:
        title: What the values are.
    """
    from matplotlib.ticker import MaxNLocator

    figure = new_figure(size, colours)
    if not points:
        say(figure, "No trial has ended yet.", colours)
        return figure
    axes = new_axes(figure, colours)
    axes.set(xlabel="Trial", ylabel=title)
    axes.xaxis.set_major_locator(MaxNLocator(8, integer=True))
    ordered = sorted(points)
    look: dict[str, Any]
    for is_whole, name, look in (
        (True, "Finished", {"marker": "o"}),
        (False, "Given up", {"marker": "x"}),
    ):
        chosen = [
            (number, value) for number, value, done in ordered if done == is_whole
        ]
        if chosen:
            colour = colours.series_at(0) if is_whole else colours.faint
            # Not cut off at the ends of the axes, where the first and last stand.
            look |= {"s": 22, "color": colour, "label": name, "clip_on": False}
            axes.scatter(*zip(*chosen, strict=True), **look)
    done = [(number, value) for number, value, is_whole in ordered if is_whole]
    if done:
        better = np.minimum if is_lower_better else np.maximum
        best = better.accumulate([value for _, value in done])
        axes.step(
            [number for number, _ in done],
            best,
            where="post",
            color=colours.series_at(1),
            label="Best so far",
        )
    legend_above(axes)
    return figure


def importance_chart(
    shares: Mapping[str, float],
    *,
    size: tuple[int, int],
    colours: ChartColours = LIGHT,
) -> Figure:
    """How much of what makes trials differ each setting decides."""
    if not shares:
        figure = new_figure(size, colours)
        say(figure, "Too few trials have finished to tell.", colours)
        return figure
    rows = [Measured(name, share) for name, share in shares.items()]
    return interval_chart(
        rows, "Share of the differences", size=size, colours=colours, limits=(0, 1)
    )


def parallel_chart(
    names: Sequence[str],
    trials: Sequence[tuple[Sequence[Any], float]],
    title: str,
    *,
    is_lower_better: bool = False,
    size: tuple[int, int],
    colours: ChartColours = LIGHT,
) -> Figure:
    """A line for each trial over the axes of its settings, to its value at the right.

    The better, the stronger its colour; the best of all is a colour of its own.

    Args:
        names: Of the settings.
        trials: Their values, and what it was worth; of those that finished.
    """
    figure = new_figure(size, colours)
    if not trials:
        say(figure, "No trial has finished yet.", colours)
        return figure
    axes = figure.add_subplot()
    sign = 1 if is_lower_better else -1
    best_first = sorted(trials, key=lambda trial: sign * trial[1])[:_MOST_LINES]
    scales = [
        _scale([values[place] for values, _ in best_first])
        for place in range(len(names))
    ]
    scales.append(_scale([value for _, value in best_first]))
    count = len(best_first)
    for rank, (values, value) in reversed(list(enumerate(best_first))):
        every = zip(scales, (*values, value), strict=True)
        heights = [height_of(x) for (height_of, _), x in every]
        share = 0.12 + 0.88 * (1 - rank / count) ** 2
        colour = mixed(colours.ground, colours.series_at(0), share)
        look: dict[str, Any] = {"color": colour, "linewidth": 1.2}
        if not rank:
            look = {"color": colours.series_at(1), "linewidth": 2.2, "label": "Best"}
        axes.plot(range(len(scales)), heights, **look)
    for place, (_, marks) in enumerate(scales):
        axes.axvline(place, color=colours.faint, linewidth=0.8)
        for text, height in marks:
            axes.annotate(
                text,
                (place, height),
                xytext=(3, 0),
                textcoords="offset points",
                fontsize="small",
                va="center",
                bbox={"facecolor": colours.ground, "edgecolor": "none", "pad": 0.6},
            )
    most = max(6, int(size[0] / len(scales) / 6.5))
    heads = [shortened(name, most) for name in (*names, title)]
    axes.set_xticks(range(len(scales)), heads)
    axes.set(xlim=(-0.05, len(scales) - 0.6), ylim=(-0.06, 1.06))
    axes.set_yticks([])
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    legend_above(axes)
    return figure


def _scale(
    values: Sequence[Any],
) -> tuple[Callable[[Any], float], list[tuple[str, float]]]:
    """Where values of a setting stand on its axis, from 0 to 1.

    Returns:
        What places a value, and the words and heights that explain the axis.
    """
    from matplotlib.colors import LogNorm, Normalize

    different = list(dict.fromkeys(values))
    is_number = all(
        isinstance(x, int | float) and not isinstance(x, bool) for x in different
    )
    if not is_number or len(different) < 4:
        every = sorted(different) if is_number else sorted(different, key=str)
        places = dict(zip(every, np.linspace(0, 1, len(every)).tolist(), strict=True))
        return places.__getitem__, [(_said(x), height) for x, height in places.items()]
    low, high = min(different), max(different)
    is_log = low > 0 and high / low >= _DECADES
    norm = LogNorm(low, high) if is_log else Normalize(low, high)
    return norm, [(_said(low), 0.0), (_said(high), 1.0)]


def _said(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return (
        f"{value:.3g}" if isinstance(value, int | float) else shortened(str(value), 14)
    )
