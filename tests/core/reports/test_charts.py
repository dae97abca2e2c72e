"""Charts: well-formed, understood by Qt, and sensible with little or nothing."""

from __future__ import annotations

import functools
import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from PyQt5.QtCore import QByteArray
from PyQt5.QtGui import QColor, QImage, QPainter
from PyQt5.QtSvg import QSvgRenderer

from core.data.dataset import Sample
from core.evaluation.evaluate import Scores, evaluate
from core.jobs.events import EpochEnded
from core.reports.charts import (
    DARK,
    LIGHT,
    ChartColours,
    Measured,
    confusion_chart,
    interval_chart,
    learning_chart,
    pr_chart,
    reliability_chart,
    roc_chart,
)
from core.reports.plot import axis_over
from core.reports.svg import Drawing, elided, is_dark, mixed, text_width

SIZE = (420, 320)
NAMES = {"covid": "COVID-19", "pneumonia": "Pneumonia & <others>", "normal": "正常"}
SVG = "{http://www.w3.org/2000/svg}"


@functools.cache
def result_of(n: int = 90, only: int = 3) -> dict[str, Any]:
    rng = np.random.default_rng(1)
    truth = rng.integers(0, only, n)
    logits = (rng.normal(0, 1, (n, 3)) + 1.5 * np.eye(3)[truth]).astype(np.float32)
    labels = tuple(NAMES)
    samples = tuple(
        Sample(f"{i}.png", Path(f"{i}.png"), labels[label])
        for i, label in enumerate(truth)
    )
    scores = Scores(samples, labels, truth.astype(np.intp), logits, {})
    return evaluate(scores, 1.2, details=True)


def history_of(head: int, fine: int) -> list[EpochEnded]:
    epochs = [("head", i + 1, head) for i in range(head)]
    epochs += [("fine-tuning", i + 1, fine) for i in range(fine)]
    return [
        EpochEnded(
            phase=phase,
            epoch=epoch,
            epochs=of,
            loss=1 / (i + 1),
            val_loss=1.2 / (i + 1),
            val_accuracy=0.5 + i / 40,
            val_macro_f1=0.45 + i / 40,
            best=i != head + fine - 1,
            accuracy=0.6 + i / 40,
        )
        for i, (phase, epoch, of) in enumerate(epochs)
    ]


def every_chart(
    size: tuple[int, int] = SIZE, colours: ChartColours = LIGHT
) -> dict[str, str]:
    style: dict[str, Any] = {"size": size, "colours": colours}
    rows = [Measured("Accuracy", 0.04, -0.01, 0.09), Measured("Recall, Ä", None)]
    return {
        "learning": learning_chart(history_of(5, 3), "loss", **style),
        "roc": roc_chart(result_of(), NAMES, **style),
        "pr": pr_chart(result_of(), NAMES, **style),
        "reliability": reliability_chart(result_of(), **style),
        "confusion": confusion_chart(result_of(), NAMES, **style),
        "interval": interval_chart(rows, "Difference", **style),
        "one label": roc_chart(result_of(20, 1), NAMES, **style),
        "no epoch": learning_chart([], "accuracy", **style),
        "one epoch": learning_chart(history_of(1, 0), "accuracy", **style),
        "nothing measured": interval_chart([Measured("x", None)], "y", **style),
        "no rows": interval_chart([], "y", **style),
    }


def words_of(svg: str) -> list[str]:
    found = ElementTree.fromstring(svg).iter(f"{SVG}text")
    return [element.text or "" for element in found]


@pytest.mark.parametrize("size", [SIZE, (1200, 700), (220, 160)])
@pytest.mark.parametrize("colours", [LIGHT, DARK])
def test_charts_are_well_formed_and_without_what_is_no_number(
    size: tuple[int, int], colours: ChartColours
) -> None:
    for name, svg in every_chart(size, colours).items():
        root = ElementTree.fromstring(svg)
        assert root.get("width") == str(size[0]), name
        assert not re.search(r"\b(nan|inf|None)\b", svg), name


@pytest.mark.usefixtures("qapp")
def test_qt_draws_every_chart() -> None:
    for name, svg in every_chart(colours=DARK).items():
        renderer = QSvgRenderer(QByteArray(svg.encode()))
        assert renderer.isValid(), name
        image = QImage(*SIZE, QImage.Format.Format_RGB32)
        image.fill(QColor("red"))
        painter = QPainter(image)
        renderer.render(painter)
        painter.end()
        assert image.pixelColor(1, 1).name() == DARK.ground, name
        shown = {
            image.pixelColor(x, y).name()
            for x in range(0, SIZE[0], 2)
            for y in range(0, SIZE[1], 2)
        }
        assert len(shown) > 3, name


def test_charts_use_only_what_svg_tiny_knows() -> None:
    known = {"svg", "title", "rect", "polyline", "circle", "text"}
    for svg in every_chart().values():
        root = ElementTree.fromstring(svg)
        assert {element.tag.removeprefix(SVG) for element in root.iter()} <= known
        used = {name for element in root.iter() for name in element.attrib}
        assert not used & {"class", "style", "clip-path", "dominant-baseline"}


def test_charts_are_of_the_given_colours_alone() -> None:
    colours = ChartColours("#000001", "#000002", "#000003", ("#000004", "#000005"))
    lines = learning_chart(history_of(4, 2), "loss", size=SIZE, colours=colours)
    given = {"#000001", "#000002", "#000003", "#000004", "#000005"}
    assert set(re.findall(r"#[0-9a-f]{6}", lines)) <= given


def test_hostile_names_are_words() -> None:
    hostile = dict.fromkeys(NAMES, "<script>&\"'")
    for svg in (
        roc_chart(result_of(), hostile, size=SIZE),
        confusion_chart(result_of(), hostile, size=SIZE),
    ):
        assert "<script" not in svg
        assert any("<script>" in text for text in words_of(svg))


def test_training_and_validation_are_told_apart_without_colour() -> None:
    svg = learning_chart(history_of(5, 3), "loss", size=SIZE)
    lines = ElementTree.fromstring(svg).findall(f"{SVG}polyline")
    wide = [line for line in lines if line.get("stroke-width") == "2"]
    keys, curves = wide[:2], wide[2:]
    assert [line.get("stroke-dasharray") for line in keys] == [None, "8 4"]
    assert [line.get("stroke-dasharray") for line in curves] == ["8 4", None]


def test_learning_chart_marks_the_change_of_phase_and_the_best_epoch() -> None:
    words = words_of(learning_chart(history_of(5, 3), "accuracy", size=SIZE))
    assert "Fine-tuning" in words
    assert "Best (epoch 7)" in words
    alone = words_of(learning_chart(history_of(5, 0), "accuracy", size=SIZE))
    assert "Fine-tuning" not in alone


def test_measure_that_training_does_not_tell_is_drawn_of_validation_alone() -> None:
    words = words_of(learning_chart(history_of(5, 3), "macro_f1", size=SIZE))
    assert "Validation" in words
    assert "Training" not in words


def test_epoch_that_is_no_number_is_left_out() -> None:
    history = history_of(4, 0)
    history[1] = msgspec.structs.replace(
        history[1], loss=float("nan"), val_loss=float("inf")
    )
    svg = learning_chart(history, "loss", size=SIZE)
    assert "nan" not in svg.lower().replace("tuning", "")


def test_curves_name_their_labels_and_areas() -> None:
    result = result_of()
    words = words_of(roc_chart(result, NAMES, size=SIZE))
    for label, name in NAMES.items():
        assert f"{name} {result['per_class'][label]['auc']:.3f}" in words
    words = words_of(pr_chart(result, NAMES, size=SIZE))
    for label, name in NAMES.items():
        assert f"{name} {result['curves'][label]['average_precision']:.3f}" in words


def test_long_name_is_cut_but_its_area_is_not() -> None:
    result = result_of()
    long = dict.fromkeys(NAMES, "A very long name of a finding indeed " * 4)
    words = words_of(roc_chart(result, long, size=SIZE))
    area = f"{result['per_class']['covid']['auc']:.3f}"
    assert any(text.endswith(f"… {area}") for text in words)


def test_confusion_chart_holds_every_count_and_share() -> None:
    result = result_of()
    words = words_of(confusion_chart(result, NAMES, size=SIZE))
    for row in result["confusion_matrix"]:
        for count in row:
            assert str(count) in words
            assert f"{count / sum(row):.0%}".replace("%", " %") in words


def test_reliability_chart_holds_the_counts() -> None:
    result = result_of()
    words = words_of(reliability_chart(result, size=(900, 500)))
    most = max(b["n"] for b in result["reliability"]["after"])
    assert str(most) in words


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [
        (0.0, 1.0, (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)),
        (0.41, 0.69, (0.4, 0.5, 0.6, 0.7)),
        (3.0, 97.0, (0.0, 20.0, 40.0, 60.0, 80.0, 100.0)),
        (-0.05, 0.07, (-0.05, -0.025, 0.0, 0.025, 0.05, 0.075)),
    ],
)
def test_ticks_are_round_numbers(
    low: float, high: float, ticks: tuple[float, ...]
) -> None:
    axis = axis_over("", low, high)
    assert axis.ticks == pytest.approx(ticks)
    assert [float(axis.label(tick)) for tick in axis.ticks] == list(axis.ticks)


@pytest.mark.parametrize("value", [0.0, 0.5, -3.0, 1e6])
def test_axis_over_one_value_has_it_within(value: float) -> None:
    axis = axis_over("", value, value)
    assert axis.low < value < axis.high


def test_axis_of_whole_numbers_has_no_others() -> None:
    axis = axis_over("Epoch", 1, 3, most_ticks=10, whole=True)
    assert all(tick == round(tick) for tick in axis.ticks)
    assert axis.digits == 0


def test_words_are_cut_to_the_room_there_is() -> None:
    assert elided("short", 200) == "short"
    cut = elided("a name that is far too long for it", 80)
    assert cut.endswith("…")
    assert text_width(cut) <= 80


def test_words_on_a_colour_are_read() -> None:
    assert is_dark("#000000")
    assert not is_dark("#ffffff")
    assert mixed("#000000", "#ffffff", 0.5) == "#808080"


def test_mark_that_is_nowhere_is_a_mistake() -> None:
    drawing = Drawing(SIZE, LIGHT, "")
    with pytest.raises(ValueError, match="must be somewhere"):
        drawing.dot((float("nan"), 0), 2)


@pytest.mark.parametrize("colours", [LIGHT, DARK])
def test_series_stand_out_from_the_ground(colours: ChartColours) -> None:
    def luminance(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [
            c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts
        ]
        return float(np.dot([0.2126, 0.7152, 0.0722], linear))

    ground = luminance(colours.ground)
    for colour in colours.series:
        low, high = sorted((luminance(colour), ground))
        assert (high + 0.05) / (low + 0.05) >= 3, colour
