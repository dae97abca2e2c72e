from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from PyQt5.QtCore import QPoint, Qt
from PyQt5.QtWidgets import QLabel, QPushButton
from pytestqt.qtbot import QtBot

from core.films.film_warning import FilmWarning
from core.films.pixels import PixelSpacing
from core.films.radiograph import FilmFacts, Radiograph
from core.model.bundle import ModelBundle
from core.model.classifier import Prediction, decide
from desktop.diagnose.facts_panel import facts_in_words
from desktop.diagnose.heat_controls import HeatControls, HeatLegend
from desktop.diagnose.probability_bars import BarRow, ProbabilityBars
from desktop.diagnose.reading import DiagnosedFilm, diagnosed, make_reading
from desktop.diagnose.verdict_panel import VerdictPanel
from desktop.widgets.labels import ElidedLabel, Headline

ROWS = [
    BarRow("covid", "COVID-19", 0.7, 0.5, stated=True),
    BarRow("pneumonia", "Pneumonia", 0.2, 0.6),
    BarRow("normal", "Normal", 0.1, 0.4),
]


@pytest.fixture
def bars(qtbot: QtBot) -> ProbabilityBars:
    bars = ProbabilityBars()
    qtbot.addWidget(bars)
    bars.resize(300, 200)
    bars.set_rows(ROWS, "covid")
    bars.show()
    return bars


def diagnosed_film(
    bundle: ModelBundle,
    logits: list[float],
    warnings: tuple[str, ...] = (),
    refused: str = "",
) -> DiagnosedFilm:
    evidence = np.zeros((4, 4, 3), np.float32)
    prediction = Prediction(np.array(logits, np.float32), evidence, np.zeros(4))
    facts = FilmFacts("DICOM", 64, 48, 12, "grey", 5000, "PA", "CHEST", "RLE")
    pixels = np.zeros((48, 64), np.uint16)
    film = Radiograph(pixels, 0, 4095, Path("/films/a.dcm"), facts, warnings, refused)
    verdict = decide(prediction, bundle.card, film)
    reading = make_reading(bundle, prediction, verdict, (48, 64))
    return diagnosed(film, reading)


def test_bars_stand_in_the_order_given(bars: ProbabilityBars) -> None:
    tops = [bars.bars[row.label].y() for row in ROWS]
    assert tops == sorted(tops)
    assert [bar.row for bar in bars.bars.values()] == list(ROWS)


def test_clicking_a_bar_chooses_its_finding(
    bars: ProbabilityBars, qtbot: QtBot
) -> None:
    with qtbot.waitSignal(bars.finding_chosen) as caught:
        qtbot.mouseClick(bars.bars["normal"], Qt.MouseButton.LeftButton)
    assert caught.args == ["normal"]
    assert [x for x, bar in bars.bars.items() if bar.isChecked()] == ["normal"]


def test_clicking_the_chosen_bar_keeps_it_chosen(
    bars: ProbabilityBars, qtbot: QtBot
) -> None:
    qtbot.mouseClick(bars.bars["covid"], Qt.MouseButton.LeftButton)
    assert [x for x, bar in bars.bars.items() if bar.isChecked()] == ["covid"]


def test_arrow_keys_step_through_the_bars(bars: ProbabilityBars, qtbot: QtBot) -> None:
    bars.bars["covid"].setFocus()
    with qtbot.waitSignal(bars.finding_chosen) as caught:
        qtbot.keyClick(bars.bars["covid"], Qt.Key.Key_Down)
    assert caught.args == ["pneumonia"]


def test_a_bar_says_everything_without_colour(bars: ProbabilityBars) -> None:
    bar = bars.bars["covid"]
    assert bar.accessibleName() == "COVID-19 70 %, the finding"
    assert "50 %" in bar.accessibleDescription()
    assert "Pneumonia 20 %" in bars.accessibleDescription()


def test_the_operating_point_is_drawn_where_it_lies(bars: ProbabilityBars) -> None:
    bar = bars.bars["normal"]
    picture = bar.grab().toImage()
    ratio = bar.devicePixelRatioF()
    inner = bar.width() - 20
    x, below = 10 + 0.4 * inner, bar.height() - 7
    mark = picture.pixelColor(QPoint(round(x * ratio), round(below * ratio)))
    beside = picture.pixelColor(QPoint(round((x + 8) * ratio), round(below * ratio)))
    # Dark on light, or light on dark.
    assert abs(mark.lightness() - beside.lightness()) > 60


def test_the_slider_gives_opacity_as_a_share(qtbot: QtBot) -> None:
    controls = HeatControls()
    qtbot.addWidget(controls)
    with qtbot.waitSignal(controls.opacity_changed) as caught:
        controls.slider.setValue(80)
    assert caught.args == [pytest.approx(0.8)]


def test_setting_the_controls_is_no_news(qtbot: QtBot) -> None:
    controls = HeatControls()
    qtbot.addWidget(controls)
    with (
        qtbot.assertNotEmitted(controls.opacity_changed),
        qtbot.assertNotEmitted(controls.switch.toggled),
    ):
        controls.set_opacity(0.2)
        controls.set_shown(True)
    assert controls.opacity == pytest.approx(0.2)


def test_the_legend_grows_lighter_towards_strong_evidence(qtbot: QtBot) -> None:
    legend = HeatLegend()
    qtbot.addWidget(legend)
    legend.resize(260, 40)
    legend.set_opacity(1.0)
    picture = legend.grab().toImage()
    shades = [
        picture.pixelColor(round(x * picture.width()), 5).lightness()
        for x in (0.3, 0.6, 0.95)
    ]
    assert shades == sorted(shades)


def test_long_names_are_cut_on_screen_and_whole_in_the_tip(qtbot: QtBot) -> None:
    label = ElidedLabel("x" * 400)
    qtbot.addWidget(label)
    assert label.minimumSizeHint().width() < 100
    assert label.toolTip() == "x" * 400


def test_the_panel_shows_verdict_bars_facts_and_warnings(
    qtbot: QtBot, tiny_bundle: ModelBundle
) -> None:
    panel = VerdictPanel()
    qtbot.addWidget(panel)
    film = diagnosed_film(tiny_bundle, [3.0, 0.0, 0.0], ("A lateral view.",))
    panel.show_film(film, "covid")
    assert panel.headline.sentence == "Looks like COVID-19."
    said = [label.text() for label in panel.findChildren(QLabel)]
    assert "Three answers only: COVID-19, pneumonia or normal." in said
    assert list(panel.bars.bars) == ["covid", "pneumonia", "normal"]
    assert panel.warnings.sentences == ("A lateral view.",)
    assert "Name: a.dcm" in panel.facts.accessibleDescription()
    assert "View: PA" in panel.facts.accessibleDescription()


@pytest.mark.parametrize("width", [260, 330])
def test_warnings_are_readable_to_their_last_word(
    qtbot: QtBot, tiny_bundle: ModelBundle, width: int
) -> None:
    panel = VerdictPanel()
    qtbot.addWidget(panel)
    panel.resize(width, 700)
    long = "The picture is strongly coloured, which an X-ray film is not. " * 2
    panel.show_film(diagnosed_film(tiny_bundle, [3.0, 0, 0], (long,)), "covid")
    panel.show()
    label = next(child for child in panel.findChildren(QLabel) if child.text() == long)
    assert label.height() >= label.heightForWidth(label.width())


def test_facts_of_a_film_without_a_verdict_stand_alone(qtbot: QtBot) -> None:
    panel = VerdictPanel()
    qtbot.addWidget(panel)
    facts = FilmFacts("PNG", 8, 8, 8, "grey", 100)
    film = Radiograph(np.zeros((8, 8), np.uint8), 0, 255, Path("b.png"), facts)
    panel.show_film(diagnosed(film, None), None)
    assert panel.headline.sentence == "No verdict"
    assert panel.bars.isHidden()
    assert "Name: b.png" in panel.facts.accessibleDescription()


def test_a_heat_map_without_evidence_is_explained(
    qtbot: QtBot, tiny_bundle: ModelBundle
) -> None:
    panel = VerdictPanel()
    qtbot.addWidget(panel)
    panel.show_film(diagnosed_film(tiny_bundle, [3.0, 0.0, 0.0]), "covid")
    assert panel.heat.subject.text().startswith(
        "Nothing in the film argues for COVID-19"
    )


def test_an_uncertain_verdict_explains_itself(
    qtbot: QtBot, tiny_bundle: ModelBundle
) -> None:
    panel = VerdictPanel()
    qtbot.addWidget(panel)
    film = diagnosed_film(tiny_bundle, [0.1, 0.0, 0.0])
    panel.show_film(film, "covid")
    assert panel.headline.sentence == "Uncertain"
    assert not any(bar.row.stated for bar in panel.bars.bars.values())


def test_a_refused_film_has_its_reason_and_no_bars(
    qtbot: QtBot, tiny_bundle: ModelBundle
) -> None:
    panel = VerdictPanel()
    qtbot.addWidget(panel)
    panel.show_film(diagnosed_film(tiny_bundle, [3.0, 0.0, 0.0]), "covid")
    film = diagnosed_film(tiny_bundle, [3.0, 0.0, 0.0], refused="It is a CT slice.")
    panel.show_film(film, None)
    panel.show()
    assert panel.headline.sentence == "No verdict"
    assert panel.refusal.text == "It is a CT slice."
    assert panel.refusal.isVisible()
    assert not panel.bars.isVisible()
    assert not panel.heat.isVisible()
    assert film.reading is not None
    assert not film.reading.heatmaps
    shown = (label for label in panel.findChildren(QLabel) if label.isVisible())
    assert not any("%" in label.text() for label in shown)
    panel.show_film(diagnosed_film(tiny_bundle, [3.0, 0.0, 0.0]), "covid")
    assert not panel.refusal.isVisible()
    assert panel.bars.isVisible()


def test_a_grave_warning_stands_above_and_leaves_no_confident_headline(
    qtbot: QtBot, tiny_bundle: ModelBundle
) -> None:
    panel = VerdictPanel()
    qtbot.addWidget(panel)
    warning = FilmWarning("The film seems to be inverted.", mend="invert")
    film = diagnosed_film(tiny_bundle, [6.0, 0.0, 0.0], (warning,))
    panel.show_film(film, "covid")
    panel.show()
    assert panel.headline.sentence == "In doubt"
    assert not any(bar.row.stated for bar in panel.bars.bars.values())
    said = [label.text() for label in panel.findChildren(QLabel)]
    assert any("no finding is stated: numbers and sets" in text for text in said)
    box = next(b for b in panel.findChildren(QPushButton) if "Invert" in b.text())
    assert box.mapTo(panel, QPoint()).y() < panel.bars.mapTo(panel, QPoint()).y()
    with qtbot.waitSignal(panel.warnings.mend_asked) as caught:
        qtbot.mouseClick(box, Qt.MouseButton.LeftButton)
    assert caught.args == ["invert"]


def test_a_warning_that_nothing_mends_has_no_button(
    qtbot: QtBot, tiny_bundle: ModelBundle
) -> None:
    panel = VerdictPanel()
    qtbot.addWidget(panel)
    warnings = ("Two pages.", FilmWarning("A lateral view."))
    panel.show_film(diagnosed_film(tiny_bundle, [6.0, 0.0, 0.0], warnings), "covid")
    assert panel.warnings.sentences == warnings
    assert not any("again" in b.text() for b in panel.findChildren(QPushButton))


def test_a_normal_verdict_says_what_was_looked_for(
    qtbot: QtBot, tiny_bundle: ModelBundle
) -> None:
    panel = VerdictPanel()
    qtbot.addWidget(panel)
    panel.show_film(diagnosed_film(tiny_bundle, [0.0, 0.0, 6.0]), "normal")
    said = "No sign of COVID-19 or pneumonia. Nothing else was looked for."
    assert panel.headline.sentence == said
    headline = panel.findChild(Headline)
    panel.resize(900, 700)
    panel.show()
    assert headline.text() == said
    panel.resize(400, 700)
    assert headline.text() == said.replace(". ", ".\n")
    line = headline.fontMetrics().height()
    qtbot.waitUntil(lambda: headline.height() < 2.5 * line)  # no sentence breaks


def test_a_film_just_below_its_point_is_seen_to_be(bars: ProbabilityBars) -> None:
    bars.set_rows([BarRow("covid", "COVID-19", 0.7449, 0.745)], None)
    row = bars.bars["covid"].row
    assert (row.share, row.point) == ("74 %", "74.5 %")
    assert "from 74.5 %" in bars.bars["covid"].toolTip()


def test_a_faint_heat_map_is_told_to_be_faint(qtbot: QtBot) -> None:
    controls = HeatControls()
    qtbot.addWidget(controls)
    controls.set_subject("COVID-19", 0.05)
    assert controls.subject.text() == (
        "Little in the film argues for COVID-19: a faint heat map."
    )
    controls.set_subject("COVID-19", 0.6)
    assert controls.subject.text().startswith("Grad-CAM")


def test_unknown_facts_have_no_row() -> None:
    rows = facts_in_words(FilmFacts("picture", 10, 20, 8, "RGB", 0))
    assert [name for name, _, _ in rows] == ["Kind", "Pixels"]


def test_the_size_of_pixels_says_where_it_was_measured() -> None:
    facts = FilmFacts("DICOM", 10, 20, 8, "grey", 0)
    spacing = PixelSpacing(0.2, 0.1, at_detector=True)
    rows = facts_in_words(dataclasses.replace(facts, spacing=spacing))
    assert rows[-1][:2] == ("Pixel size", "0.1 × 0.2 mm at the detector")
    spacing = PixelSpacing(0.143, 0.143, at_detector=False)
    rows = facts_in_words(dataclasses.replace(facts, spacing=spacing))
    assert rows[-1][:2] == ("Pixel size", "0.143 mm")
