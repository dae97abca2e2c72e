"""Charts as matplotlib figures, the same in the report's page and in the window.

Each takes the size in pixels and the colours, and draws something sensible of
nothing too. What is told apart by colour is told apart by its dashes or marks too.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NotRequired, TypedDict, Unpack

from core.evaluation.intervals import interval
from core.jobs.events import EpochEnded
from core.reports.chart_style import (
    LIGHT,
    ChartColours,
    legend_above,
    new_axes,
    new_figure,
    say,
    shortened,
)
from core.runs.rate_test import RateTest
from core.words import films as in_films

if TYPE_CHECKING:  # loaded when a chart is first drawn
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: Of one line after the other, so that no two look alike without colour.
_DASHES = ("-", "--", ":", "-.", (0, (7, 2)), (0, (3, 1, 1, 1, 1, 1)))
#: Films at a point of a reliability diagram, at least: with fewer, a rate of a half
#: could be anything from a quarter to three quarters.
_LEAST_FILMS = 20
#: Measure -> training's and validation's fields of an epoch, and the title.
_MEASURES = {
    "loss": ("loss", "val_loss", "Loss"),
    "accuracy": ("accuracy", "val_accuracy", "Accuracy"),
    "macro_f1": ("macro_f1", "val_macro_f1", "Macro-F1"),
}


class Look(TypedDict):
    """What every chart takes."""

    size: tuple[int, int]
    colours: NotRequired[ChartColours]


def learning_chart(
    history: Sequence[EpochEnded],
    measure: str,
    *,
    size: tuple[int, int],
    colours: ChartColours = LIGHT,
) -> Figure:
    """One measure over the epochs of both phases.

    The training films' is dashed and the validation films' solid; a line marks
    where the second phase begins, and a ring the epoch whose weights were kept.

    Args:
        measure: "loss", "accuracy" or "macro_f1".
    """
    from matplotlib.ticker import MaxNLocator

    train_field, val_field, title = _MEASURES[measure]
    figure = new_figure(size, colours)
    train = _known(getattr(epoch, train_field) for epoch in history)
    val = _known(getattr(epoch, val_field) for epoch in history)
    if not train and not val:
        say(figure, "No epoch has ended yet.", colours)
        return figure
    axes = new_axes(figure, colours)
    axes.set(xlabel="Epoch", ylabel=title, xlim=(1, max(2, len(history))))
    axes.xaxis.set_major_locator(MaxNLocator(10, integer=True))
    axes.yaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))
    for points, name, number in ((val, "Validation", 0), (train, "Training", 1)):
        if points:
            axes.plot(
                list(points),
                list(points.values()),
                linestyle=_DASHES[number],
                marker="o" if len(points) < 2 else "",
                color=colours.series_at(number),
                label=name,
                clip_on=False,
            )
    best = max((i + 1 for i, epoch in enumerate(history) if epoch.best), default=0)
    if best in val:
        _ring(axes, (best, val[best]), f"Best (epoch {best})", colours)
    _mark_phases(axes, history, colours)
    legend_above(axes)
    return figure


def rate_chart(
    test: RateTest, *, size: tuple[int, int], colours: ChartColours = LIGHT
) -> Figure:
    """The loss while the learning rate rose, with a ring at the suggested rate."""
    figure = new_figure(size, colours)
    axes = new_axes(figure, colours)
    axes.set_xscale("log")
    axes.minorticks_off()
    axes.xaxis.set_major_formatter(lambda rate, _: f"{rate:g}")
    axes.plot(
        *(test.rates, test.losses, "."),
        color=colours.faint,
        markersize=3,
        label="Each step",
    )
    axes.plot(test.rates, test.smoothed, color=colours.series_at(0), label="Smoothed")
    if test.suggestion is not None:
        place = min(
            range(len(test.rates)), key=lambda i: abs(test.rates[i] - test.suggestion)
        )
        point = test.rates[place], test.smoothed[place]
        _ring(axes, point, f"Falls fastest ({test.suggestion:g})", colours)
    lowest = min(test.smoothed)
    # Where it diverges it soon leaves all that is of interest far below.
    most = max(test.smoothed[: test.smoothed.index(lowest) + 1])
    room = max(most - lowest, 0.1)
    axes.set(xlabel="Learning rate", ylabel="Loss")
    axes.set_ylim(lowest - 0.4 * room, most + 0.6 * room)
    legend_above(axes)
    return figure


def roc_chart(
    result: Mapping[str, Any], names: Mapping[str, str], **look: Unpack[Look]
) -> Figure:
    """The ROC curve of each label against the others, of a long evaluation."""
    lines = {
        label: (result["per_class"][label]["auc"], curves["roc"])
        for label, curves in result["curves"].items()
        if curves["roc"]
    }
    axes = ("False positive rate (1 - specificity)", "Recall")
    return _curves(lines, names, axes, chance=True, **look)


def pr_chart(
    result: Mapping[str, Any], names: Mapping[str, str], **look: Unpack[Look]
) -> Figure:
    """The precision-recall curve of each label."""
    lines = {
        label: (curves["average_precision"], curves["pr"])
        for label, curves in result["curves"].items()
        if curves["pr"]
    }
    axes = ("Recall", "Precision")
    return _curves(lines, names, axes, chance=False, **look)


def reliability_chart(result: Mapping[str, Any], **look: Unpack[Look]) -> Figure:
    """How often films called with a confidence were called rightly.

    On the diagonal a confidence means what it says. Each point stands for about as
    many films, with the interval that so many allow; of few films there are few points.
    """
    bins = result["reliability"]
    lines = {
        "After temperature": (result["ece"], bins["after"]),
        "Before": (result["ece_uncalibrated"], bins["before"]),
    }
    return _reliability(lines, **look)


def source_reliability_chart(result: Mapping[str, Any], **look: Unpack[Look]) -> Figure:
    """As `reliability_chart`, a line for each source; after the temperature alone."""
    lines = {
        source: (part["ece"], part["reliability"])
        for source, part in result["by_source"].items()
        if "reliability" in part
    }
    return _reliability(lines, **look)


def _reliability(
    lines: Mapping[str, tuple[float | None, Sequence[Mapping[str, Any]]]],
    *,
    size: tuple[int, int],
    colours: ChartColours = LIGHT,
) -> Figure:
    """Names, with their calibration error and bins, as `reliability_bins` has them."""
    figure = new_figure(size, colours)
    points = {name: pooled_bins(bins) for name, (_, bins) in lines.items()}
    films = [b["n"] for bins in points.values() for b in bins]
    if not films:
        say(figure, "No film was measured.", colours)
        return figure
    axes = new_axes(figure, colours)
    axes.plot([0, 1], [0, 1], color=colours.faint, linewidth=1, linestyle=(0, (3, 3)))
    for number, (name, (error, _)) in enumerate(lines.items()):
        bins, note = points[name], "" if error is None else f", ECE {error:.3f}"
        rates = [b["accuracy"] for b in bins]
        ends = [interval(round(b["accuracy"] * b["n"]), b["n"]) for b in bins]
        axes.errorbar(
            [b["confidence"] for b in bins],
            rates,
            # Rounded rates may lie a hair outside.
            yerr=[
                [max(0.0, x - low) for x, (low, _) in zip(rates, ends, strict=True)],
                [max(0.0, high - x) for x, (_, high) in zip(rates, ends, strict=True)],
            ],
            elinewidth=0.9,
            capsize=2.5,
            marker="os^Dv"[number % 5],
            markersize=5,
            fillstyle="none" if number % 2 else "full",
            **_line(number, name, note, size, colours),
        )
    least, most = min(films), max(films)
    each = in_films(most) if least == most else f"{least} to {in_films(most)}"
    axes.set(xlabel=f"Confidence ({each} at each point)", xlim=(0, 1))
    axes.set(ylabel="Accuracy (95 % interval)", ylim=(0, 1.005))
    legend_above(axes)
    return figure


def pooled_bins(bins: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Neighbouring bins taken together until each has films enough to tell a rate.

    Args:
        bins: As `core.evaluation.curves.reliability_bins`, confidence rising.
    """
    pooled: list[list[Mapping[str, Any]]] = []
    for each in bins:
        if not pooled or _films_in(pooled[-1]) >= _LEAST_FILMS:
            pooled.append([])
        pooled[-1].append(each)
    if len(pooled) > 1 and _films_in(pooled[-1]) < _LEAST_FILMS:
        pooled[-2:] = [pooled[-2] + pooled[-1]]
    return [
        {
            **{
                name: sum(each[name] * each["n"] for each in group) / _films_in(group)
                for name in ("confidence", "accuracy")
            },
            "n": _films_in(group),
        }
        for group in pooled
    ]


def _films_in(bins: Sequence[Mapping[str, Any]]) -> int:
    return sum(each["n"] for each in bins)


def _curves(
    lines: Mapping[str, tuple[float | None, Sequence[Sequence[float]]]],
    names: Mapping[str, str],
    titles: tuple[str, str],
    *,
    chance: bool,
    size: tuple[int, int],
    colours: ChartColours = LIGHT,
) -> Figure:
    figure = new_figure(size, colours)
    if not lines:
        say(figure, "The films are of one label only.", colours)
        return figure
    axes = new_axes(figure, colours)
    for number, (label, (area, points)) in enumerate(lines.items()):
        note = "" if area is None else f" {area:.3f}"
        axes.plot(
            [point[0] for point in points],
            [point[1] for point in points],
            **_line(number, names.get(label, label), note, size, colours),
        )
    if chance:
        dots = {"linestyle": (0, (3, 3)), "linewidth": 1, "color": colours.faint}
        axes.plot([0, 1], [0, 1], label="Chance", **dots)
    axes.set(xlabel=titles[0], ylabel=titles[1], xlim=(0, 1), ylim=(0, 1.005))
    legend_above(axes)
    return figure


def _line(
    number: int,
    name: str,
    note: str,
    size: tuple[int, int],
    colours: ChartColours,
) -> dict[str, Any]:
    """How a line is drawn, by its number, and named; the note is never cut."""
    # A line of the legend, beside its mark.
    most = max(8, min(22, int((size[0] - 100) / 6.5) - len(note)))
    return {
        # Past the last colour the same come again, each with another dash.
        "linestyle": _DASHES[(number + number // len(_DASHES)) % len(_DASHES)],
        "color": colours.series_at(number),
        "label": shortened(name, most) + note,
        "clip_on": False,
    }


def _ring(
    axes: Axes, point: tuple[float, float], name: str, colours: ChartColours
) -> None:
    """Mark a point of a line."""
    look: dict[str, Any] = {"fillstyle": "none", "markeredgewidth": 1.6}
    look |= {"markersize": 8, "color": colours.ink, "clip_on": False, "label": name}
    axes.plot([point[0]], [point[1]], "o", **look)


def _mark_phases(
    axes: Axes, history: Sequence[EpochEnded], colours: ChartColours
) -> None:
    """A line where each further phase begins, with its name."""
    for i in range(1, len(history)):
        if history[i].phase == history[i - 1].phase:
            continue
        axes.axvline(i + 0.5, color=colours.faint, linewidth=1, linestyle=(0, (4, 3)))
        # On the side that has the room.
        is_late = i > 0.6 * len(history)
        axes.annotate(
            history[i].phase.capitalize(),
            (i + 0.5, 1),
            xycoords=("data", "axes fraction"),
            xytext=(-4 if is_late else 4, 0),
            textcoords="offset points",
            ha="right" if is_late else "left",
            va="top",
            fontsize="small",
            # What lies beneath it is a line that goes on beside it.
            bbox={"facecolor": colours.ground, "edgecolor": "none", "pad": 1},
        )


def _known(values: Any) -> dict[int, float]:
    """1-based place -> value, of those that are numbers."""
    return {
        i: float(value)
        for i, value in enumerate(values, start=1)
        if value is not None and math.isfinite(value)
    }
