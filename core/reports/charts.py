"""Charts as SVG text, the same in the report's page and in the window.

Each takes the size in pixels and the colours, and draws something sensible of
nothing too. What is told apart by colour is told apart by its dashes or marks too.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from core.jobs.events import EpochEnded
from core.reports.bar_charts import Measured, confusion_chart, interval_chart
from core.reports.plot import Axis, Key, Plot, axis_over, draw_mark, plot_under_keys
from core.reports.svg import DARK, FONT_PX, LIGHT, ChartColours, Drawing, text_width

__all__ = [
    "DARK",
    "LIGHT",
    "ChartColours",
    "Measured",
    "confusion_chart",
    "interval_chart",
    "learning_chart",
    "pr_chart",
    "reliability_chart",
    "roc_chart",
]

#: Of one line after the other, so that no two look alike without colour.
_DASHES = ("", "8 4", "2 3", "10 3 2 3", "14 4", "5 2 1 2 1 2")
#: Measure -> training's and validation's fields of an epoch, and the title.
_MEASURES = {
    "loss": ("loss", "val_loss", "Loss"),
    "accuracy": ("accuracy", "val_accuracy", "Accuracy"),
    "macro_f1": ("macro_f1", "val_macro_f1", "Macro-F1"),
}
_SHARE_TICKS = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)


def learning_chart(
    history: Sequence[EpochEnded],
    measure: str,
    *,
    size: tuple[int, int],
    colours: ChartColours = LIGHT,
) -> str:
    """One measure over the epochs of both phases.

    The training films' is dashed and the validation films' solid; a line marks
    where the second phase begins, and a ring the epoch whose weights were kept.

    Args:
        history: Epochs in order.
        measure: "loss", "accuracy" or "macro_f1".
    """
    train_field, val_field, title = _MEASURES[measure]
    drawing = Drawing(size, colours, f"{title} over the epochs")
    train = _known(getattr(epoch, train_field) for epoch in history)
    val = _known(getattr(epoch, val_field) for epoch in history)
    if not train and not val:
        drawing.say("No epoch has ended yet.")
        return drawing.svg()
    best = max((i + 1 for i, epoch in enumerate(history) if epoch.best), default=0)
    training = Key("Training", colours.series[1 % len(colours.series)], _DASHES[1])
    validation = Key("Validation", colours.series[0])
    keys = [validation] + ([training] if train else [])
    if best in val:
        keys.append(Key(f"Best (epoch {best})", colours.ink, mark="ring"))
    values = [*train.values(), *val.values()]
    low, high = min(values), max(values)
    plot = plot_under_keys(
        drawing,
        keys,
        axis_over("Epoch", 1, max(2, len(history)), most_ticks=10, whole=True),
        axis_over(title, low, high, most_ticks=_most_ticks(size[1])),
        last_x=max(2, len(history)),
        above=16 if _changes(history) else 0,
    )
    _mark_phases(plot, history)
    for points, key in ((train, training), (val, validation)):
        places = [plot.at(x, y) for x, y in points.items()]
        drawing.line(places, colour=key.colour, width=2, dash=key.dash)
        for place in places if len(places) < 2 else ():
            drawing.dot(place, 3, fill=key.colour)
    if best in val:
        drawing.dot(plot.at(best, val[best]), 5.5, stroke=colours.ink, width=2)
    return drawing.svg()


def roc_chart(
    result: Mapping[str, Any],
    names: Mapping[str, str],
    *,
    size: tuple[int, int],
    colours: ChartColours = LIGHT,
) -> str:
    """The ROC curve of each label against the others.

    Args:
        result: A long evaluation, as `core.evaluation.evaluate.evaluate` makes it.
        names: Label -> as people read it.
    """
    lines = {
        label: (_area(result["per_class"][label]["auc"]), c["roc"])
        for label, c in result["curves"].items()
        if c["roc"]
    }
    return _curves_chart(
        lines,
        names,
        "ROC curves, with the area under each",
        ("False positive rate (1 - specificity)", "Recall"),
        size=size,
        colours=colours,
        chance=True,
    )


def pr_chart(
    result: Mapping[str, Any],
    names: Mapping[str, str],
    *,
    size: tuple[int, int],
    colours: ChartColours = LIGHT,
) -> str:
    """The precision-recall curve of each label. Arguments as `roc_chart`."""
    lines = {
        label: (_area(c["average_precision"]), c["pr"])
        for label, c in result["curves"].items()
        if c["pr"]
    }
    return _curves_chart(
        lines,
        names,
        "Precision-recall curves, with the average precision of each",
        ("Recall", "Precision"),
        size=size,
        colours=colours,
        chance=False,
    )


def reliability_chart(
    result: Mapping[str, Any],
    *,
    size: tuple[int, int],
    colours: ChartColours = LIGHT,
) -> str:
    """How often films called with a confidence were called rightly.

    On the diagonal a confidence means what it says. Below are the numbers of
    films after the temperature.

    Args:
        result: A long evaluation.
    """
    drawing = Drawing(size, colours, "Confidence against accuracy")
    before, after = (result["reliability"][name] for name in ("before", "after"))
    if not after:
        drawing.say("No film was measured.")
        return drawing.svg()
    first, second = colours.series[0], colours.series[1 % len(colours.series)]
    keys = [
        Key(f"After temperature, ECE {result['ece']:.3f}", first, mark="disc"),
        Key(f"Before, ECE {result['ece_uncalibrated']:.3f}", second, "8 4", "square"),
    ]
    strip = min(70.0, drawing.height * 0.2)
    accuracy = Axis("Accuracy", 0.0, 1.0, _SHARE_TICKS, 1)
    confidence = Axis("", 0.0, 1.0, _SHARE_TICKS, 1)
    plot = plot_under_keys(
        drawing, keys, confidence, accuracy, below=strip + 14, x_ticks=False
    )
    ends = [plot.at(0, 0), plot.at(1, 1)]
    drawing.line(ends, colour=colours.faint, dash="3 3")
    for bins, key in ((before, keys[1]), (after, keys[0])):
        places = [plot.at(b["confidence"], b["accuracy"]) for b in bins]
        drawing.line(places, colour=key.colour, width=2, dash=key.dash)
        for place in places:
            draw_mark(drawing, place, key)
    _draw_counts(plot, after, strip)
    return drawing.svg()


def _curves_chart(
    lines: Mapping[str, tuple[str, Sequence[Sequence[float]]]],
    names: Mapping[str, str],
    title: str,
    axes: tuple[str, str],
    *,
    size: tuple[int, int],
    colours: ChartColours,
    chance: bool,
) -> str:
    drawing = Drawing(size, colours, title)
    if not lines:
        drawing.say("The films are of one label only.")
        return drawing.svg()
    keys = [
        Key(
            names.get(label, label),
            colours.series[i % len(colours.series)],
            _DASHES[i % len(_DASHES)],
            note=area,
        )
        for i, (label, (area, _)) in enumerate(lines.items())
    ]
    if chance:
        keys.append(Key("Chance", colours.faint, "3 3"))
    x, y = (Axis(axis, 0.0, 1.0, _SHARE_TICKS, 1) for axis in axes)
    plot = plot_under_keys(drawing, keys, x, y)
    if chance:
        ends = [plot.at(0, 0), plot.at(1, 1)]
        drawing.line(ends, colour=colours.faint, dash="3 3")
    for (_, points), key in zip(lines.values(), keys, strict=False):
        places = [plot.at(point[0], point[1]) for point in points]
        drawing.line(places, colour=key.colour, width=2, dash=key.dash)
    return drawing.svg()


def _changes(history: Sequence[EpochEnded]) -> list[int]:
    """Epochs done before each further phase."""
    return [
        i for i in range(1, len(history)) if history[i].phase != history[i - 1].phase
    ]


def _mark_phases(plot: Plot, history: Sequence[EpochEnded]) -> None:
    faint = plot.drawing.colours.faint
    for i in _changes(history):
        x, _ = plot.at(i + 0.5, plot.y.low)
        ends = [(x, plot.top - 16), (x, plot.bottom)]
        plot.drawing.line(ends, colour=faint, dash="4 3")
        # On the side that has the room.
        name = history[i].phase.capitalize()
        fits = plot.right - x > text_width(name, FONT_PX - 1) + 8
        place = (x + 5 if fits else x - 5, plot.top - 10)
        anchor = "start" if fits else "end"
        plot.drawing.words(name, place, anchor=anchor, px=FONT_PX - 1)


def _draw_counts(plot: Plot, bins: Sequence[Mapping[str, Any]], strip: float) -> None:
    """Films per bin as bars under a reliability diagram."""
    drawing, colours = plot.drawing, plot.drawing.colours
    most = max(b["n"] for b in bins)
    axis = Axis("Confidence", 0.0, 1.0, _SHARE_TICKS, 1)
    top = plot.bottom + 14 + FONT_PX
    films = Axis("Films", 0.0, float(most), (), 0)
    lower = Plot(
        drawing, plot.left, top, plot.right, plot.bottom + 14 + strip, axis, films
    )
    lower.draw_axes()
    width = max(2.0, (plot.right - plot.left) / 15 - 4)
    free_from = 0.0
    for b in bins:
        x, y = lower.at(b["confidence"], b["n"])
        bar = (width, lower.bottom - y)
        drawing.box((x - width / 2, y), bar, fill=colours.faint)
        # A number that would run into the one before is left out.
        half = text_width(str(b["n"]), FONT_PX - 2) / 2
        if x - half > free_from:
            free_from = x + half + 3
            place = (x, y - 7)
            drawing.words(str(b["n"]), place, anchor="middle", px=FONT_PX - 2)


def _known(values: Any) -> dict[int, float]:
    """1-based place -> value, of those that are numbers."""
    return {
        i: float(value)
        for i, value in enumerate(values, start=1)
        if value is not None and math.isfinite(value)
    }


def _area(area: float | None) -> str:
    return "" if area is None else f"{area:.3f}"


def _most_ticks(height: int) -> int:
    return max(3, min(7, height // 45))
