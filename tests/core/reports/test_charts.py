"""Charts: in the given colours, read without colour, sensible with nothing."""

from __future__ import annotations

import functools
import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.text import Text

from core.data.dataset import Sample
from core.evaluation.evaluate import Scores, evaluate
from core.evaluation.intervals import interval
from core.jobs.events import EpochEnded
from core.reports.bar_charts import Measured, confusion_chart, interval_chart
from core.reports.chart_style import (
    DARK,
    LIGHT,
    ChartColours,
    is_dark,
    mixed,
    shortened,
    svg_of,
)
from core.reports.charts import (
    learning_chart,
    pooled_bins,
    pr_chart,
    rate_chart,
    reliability_chart,
    roc_chart,
    source_reliability_chart,
)
from core.reports.search_charts import history_chart
from core.runs.rate_test import sum_up

SIZE = (420, 320)
NAMES = {"covid": "COVID-19", "pneumonia": "Pneumonia & <others>", "normal": "正常"}
SVG = "{http://www.w3.org/2000/svg}"
ROOT = Path(__file__).resolve().parents[3]


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
) -> dict[str, Figure]:
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


def words_of(figure: Figure) -> list[str]:
    """All that stands in a figure, tick labels and legend included."""
    figure.draw_without_rendering()
    return [text.get_text() for text in figure.findobj(Text) if text.get_visible()]


def lines_of(axes: Axes) -> dict[str, Any]:
    return {str(line.get_label()): line for line in axes.get_lines()}


@pytest.mark.slow
@pytest.mark.parametrize("size", [SIZE, (1200, 700), (220, 160)])
@pytest.mark.parametrize("colours", [LIGHT, DARK])
def test_charts_become_well_formed_svg_of_their_size(
    size: tuple[int, int], colours: ChartColours
) -> None:
    for name, figure in every_chart(size, colours).items():
        svg = svg_of(figure, "What it shows & why")
        root = ElementTree.fromstring(svg)
        assert root.get("aria-label") == "What it shows & why"
        width = float(str(root.get("width")).removesuffix("pt"))
        assert width == pytest.approx(size[0] * 0.72, abs=0.01), name
        assert not re.search(r">(nan|inf|None)<", svg), name


def test_the_same_chart_gives_the_same_svg() -> None:
    first, again = (roc_chart(result_of(), NAMES, size=SIZE) for _ in range(2))
    assert svg_of(first, "ROC") == svg_of(again, "ROC")


def test_words_of_a_chart_are_words_in_svg() -> None:
    svg = svg_of(roc_chart(result_of(), NAMES, size=SIZE), "ROC")
    said = "".join(ElementTree.fromstring(svg).itertext())
    assert "False positive rate" in said
    assert "正常" in said


@pytest.mark.slow
def test_nothing_of_a_chart_lies_outside_it() -> None:
    for size in (SIZE, (300, 210)):
        for name, figure in every_chart(size).items():
            figure.draw_without_rendering()
            box = figure.get_tightbbox()
            width, height = figure.get_size_inches()
            assert box.x0 > -0.03 and box.x1 < width + 0.03, (name, size)  # noqa: PT018
            assert box.y0 > -0.03 and box.y1 < height + 0.03, (name, size)  # noqa: PT018


def test_charts_are_of_the_given_colours() -> None:
    colours = ChartColours("#000001", "#000002", "#000003", ("#000004", "#000005"))
    figure = learning_chart(history_of(4, 2), "loss", size=SIZE, colours=colours)
    (axes,) = figure.axes
    assert to_hex(figure.get_facecolor()) == "#000003"
    assert to_hex(axes.xaxis.label.get_color()) == "#000001"
    lines = lines_of(axes)
    assert lines["Validation"].get_color() == "#000004"
    assert lines["Training"].get_color() == "#000005"


def test_hostile_names_are_words() -> None:
    hostile = dict.fromkeys(NAMES, "<script>&\"'")
    for figure in (
        roc_chart(result_of(), hostile, size=SIZE),
        confusion_chart(result_of(), hostile, size=SIZE),
    ):
        svg = svg_of(figure, "<script>")
        assert "<script" not in svg
        assert "<script>" in "".join(ElementTree.fromstring(svg).itertext())


def test_a_name_is_not_taken_for_a_formula() -> None:
    names = dict.fromkeys(NAMES, r"cost $5 and $\frac{1}$")
    words = "".join(
        ElementTree.fromstring(
            svg_of(roc_chart(result_of(), names, size=SIZE), "ROC")
        ).itertext()
    )
    assert r"$\frac" in words


def test_training_and_validation_are_told_apart_without_colour() -> None:
    (axes,) = learning_chart(history_of(5, 3), "loss", size=SIZE).axes
    lines = lines_of(axes)
    assert lines["Validation"].get_linestyle() == "-"
    assert lines["Training"].get_linestyle() == "--"


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
    (axes,) = learning_chart(history, "loss", size=SIZE).axes
    assert list(lines_of(axes)["Validation"].get_xdata()) == [1, 3, 4]


def test_epochs_are_counted_in_whole_numbers() -> None:
    figure = learning_chart(history_of(2, 0), "loss", size=SIZE)
    figure.draw_without_rendering()
    (axes,) = figure.axes
    ticks = [float(tick) for tick in axes.get_xticks()]
    assert ticks == [round(tick) for tick in ticks]


def test_curves_name_their_labels_and_areas() -> None:
    result = result_of()
    words = words_of(roc_chart(result, NAMES, size=SIZE))
    for label, name in NAMES.items():
        assert f"{name} {result['per_class'][label]['auc']:.3f}" in words
    words = words_of(pr_chart(result, NAMES, size=SIZE))
    for label, name in NAMES.items():
        assert f"{name} {result['curves'][label]['average_precision']:.3f}" in words


def test_curves_of_one_label_are_a_sentence() -> None:
    words = words_of(roc_chart(result_of(20, 1), NAMES, size=SIZE))
    assert words == ["The films are of one label only."]


def test_long_name_is_cut_but_its_area_is_not() -> None:
    result = result_of()
    long = dict.fromkeys(NAMES, "A very long name of a finding indeed " * 4)
    words = words_of(roc_chart(result, long, size=SIZE))
    area = f"{result['per_class']['covid']['auc']:.3f}"
    assert any(text.endswith(f"… {area}") for text in words)
    assert shortened("short") == "short"


def test_long_names_leave_room_for_a_small_chart() -> None:
    long = dict.fromkeys(NAMES, "A very long name of a finding indeed")
    rows = [Measured(name, 0.5, 0.4, 0.6) for name in long.values()]
    for size in ((200, 140), (320, 200)):
        for figure in (
            confusion_chart(result_of(), long, size=size),
            roc_chart(result_of(), long, size=size),
            interval_chart(rows, "Rate", size=size),
        ):
            figure.draw_without_rendering()  # matplotlib warns where it finds no room
            (axes,) = figure.axes
            assert min(axes.get_position().size) > 0.1, size


def test_confusion_chart_holds_every_count_and_share() -> None:
    result = result_of()
    words = words_of(confusion_chart(result, NAMES, size=SIZE))
    for row in result["confusion_matrix"]:
        for count in row:
            assert str(count) in words
            assert f"{count / sum(row):.0%}".replace("%", " %") in words


def test_reliability_chart_has_as_many_points_as_its_films_bear() -> None:
    bins = [{"confidence": 0.3 + 0.1 * i, "accuracy": i / 6, "n": 6} for i in range(7)]
    few, some, last = pooled_bins(bins[:2]), pooled_bins(bins[:5]), pooled_bins(bins)
    assert [b["n"] for b in few] == [12]
    assert [b["n"] for b in some] == [30]
    assert [b["n"] for b in last] == [42]
    many = [{"confidence": 0.5, "accuracy": 0.5, "n": 30}] * 4
    assert pooled_bins(many) == many
    assert few[0]["confidence"] == pytest.approx(0.35)
    assert few[0]["accuracy"] == pytest.approx(1 / 12)


def test_reliability_chart_says_once_that_points_have_as_many_films() -> None:
    bins = [{"confidence": 0.5, "accuracy": 0.5, "n": 30}] * 2
    result = {**result_of(), "reliability": {"after": bins, "before": bins}}
    words = words_of(reliability_chart(result, size=SIZE))
    assert "Confidence (30 films at each point)" in words


def test_reliability_chart_holds_counts_and_intervals() -> None:
    result = result_of()
    figure = reliability_chart(result, size=(900, 500))
    points = [pooled_bins(bins) for bins in result["reliability"].values()]
    films = [b["n"] for bins in points for b in bins]
    assert min(films) >= 20
    said = f"{min(films)} to {max(films)} films at each point"
    words = words_of(figure)
    assert f"Confidence ({said})" in words
    assert "Accuracy (95 % interval)" in words
    (axes,) = figure.axes
    drawn = [c.get_segments() for c in axes.collections]
    assert [len(each) for each in drawn] == [len(bins) for bins in reversed(points)]
    right, of = round(points[1][0]["accuracy"] * points[1][0]["n"]), points[1][0]["n"]
    assert drawn[0][0][:, 1] == pytest.approx(interval(right, of), abs=2e-3)


def test_reliability_of_each_source_is_a_line_with_its_error() -> None:
    result = result_of()
    result["by_source"] = {
        "a": {"ece": 0.02, "reliability": result["reliability"]["after"]},
        "b": {"ece": 0.31, "reliability": result["reliability"]["before"]},
        "of before": {"n": 3},
    }
    words = words_of(source_reliability_chart(result, size=(900, 500)))
    assert "a, ECE 0.020" in words
    assert "b, ECE 0.310" in words
    assert "of before" not in words


def test_intervals_are_drawn_from_end_to_end() -> None:
    rows = [Measured("Accuracy", 0.8, 0.7, 0.9)]
    figure = interval_chart(rows, "Rate", size=SIZE, limits=(0.0, 1.0))
    (axes,) = figure.axes
    (bars,) = axes.containers[0].patches if axes.containers else ()
    assert bars.get_width() == pytest.approx(0.8)
    (whisker,) = [c for c in axes.collections if len(c.get_segments()) == 1]
    assert whisker.get_segments()[0][:, 0] == pytest.approx([0.7, 0.9])
    assert "0.800" in words_of(figure)


def test_words_on_a_colour_are_read() -> None:
    assert is_dark("#000000")
    assert not is_dark("#ffffff")
    assert mixed("#000000", "#ffffff", 0.5) == "#808080"


@pytest.mark.slow
def test_charts_leave_nothing_outside_the_folders_of_the_program(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("HILUM_HOME", str(tmp_path / "hilum"))
    for name in ("MPLCONFIGDIR", "XDG_CACHE_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)
    code = (
        "from core.reports.bar_charts import *; from core.reports.chart_style import *;"
        "svg_of(interval_chart([Measured('a', 0.5)], 'b', size=(300, 200)), 'c')"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)
    assert not list(home.rglob("*"))
    assert (tmp_path / "hilum" / "data" / "matplotlib").is_dir()


@pytest.mark.parametrize("steps", [1, 60, 160, 200])
def test_the_rate_that_is_suggested_has_a_ring(steps: int) -> None:
    rates = np.geomspace(1e-7, 1.0, 200)
    losses = 1 - 0.5 / (1 + np.exp(-4 * (np.log10(rates) + 4))) + 40 * rates
    losses += np.random.default_rng(0).normal(0, 0.02, len(rates))
    found = sum_up("rate", rates.tolist(), losses[:steps].tolist(), batch=8, films=18)
    axes = rate_chart(found, size=SIZE).axes[0]
    rings = [line for line in axes.lines if line.get_marker() == "o"]
    assert len(rings) == (found.suggestion is not None) == (steps > 100)
    if rings:
        assert rings[0].get_xdata()[0] == pytest.approx(found.suggestion, rel=0.1)
        # What diverges is cut off, so that the fall can be seen.
        assert axes.get_ylim()[1] < 2


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


@pytest.mark.slow
def test_a_style_of_the_users_own_charts_is_not_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "matplotlibrc").write_text("lines.markersize: 70\n")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    code = (
        "from core.reports.chart_style import *; import matplotlib;"
        "new_figure((300, 200), LIGHT);"
        "print(matplotlib.rcParams['lines.markersize'])"
    )
    words = [sys.executable, "-c", code]
    done = subprocess.run(words, cwd=tmp_path, check=True, capture_output=True)
    assert done.stdout.split() == [b"6.0"]


@pytest.mark.slow
@pytest.mark.parametrize(
    "code",
    [
        "import desktop.app.main_window",
        "from core import __main__, paths; "
        "__main__.main(['predict', str(paths.sample_films()[0])])",
    ],
)
def test_charts_are_loaded_by_who_sees_one(code: str) -> None:
    late = {"matplotlib", "jinja2", "highdicom"}
    code += f"; import sys; assert not {late} & set(sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def test_first_and_last_trial_are_drawn_whole() -> None:
    points = [(0, 0.5, True), (1, 0.6, False), (2, 0.7, True)]
    (axes,) = history_chart(points, "macro-F1", size=(300, 240)).axes
    assert len(axes.collections) == 2
    assert not any(dots.get_clip_on() for dots in axes.collections)
