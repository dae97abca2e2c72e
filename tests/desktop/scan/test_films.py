"""The film beside the table of a scan, and what is done with its label."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PyQt5.QtCore import Qt
from pytestqt.qtbot import QtBot

from core.data.corrections import correct, read_corrections
from core.data.dataset import NOT_USABLE, index_dataset
from core.model.bundle import ModelBundle
from core.paths import corrected_films
from core.scan.labels import labels_as_asked
from core.scan.results import read_rows
from core.scan.store import Scan
from desktop.film.corrections import LabelCorrections, LabelMenu
from desktop.models.in_use import ModelInUse
from desktop.scan.films import ScanFilms
from desktop.scan.table.columns import TRUTH
from desktop.settings import Settings
from desktop.widgets.notify import Notice
from tests.finished_scan import write_scan
from tests.tiny_bundle import write_tiny_bundle


@pytest.fixture
def scan(tiny_bundle: ModelBundle, tmp_path: Path) -> Scan:
    return write_scan(tiny_bundle, tmp_path)


@pytest.fixture
def model(qtbot: QtBot, tiny_bundle: ModelBundle) -> Iterator[ModelInUse]:
    model = ModelInUse(tiny_bundle.path)
    with qtbot.waitSignal(model.changed):
        model.start()
    yield model
    model.shut_down()


@pytest.fixture
def films(qtbot: QtBot, scan: Scan, model: ModelInUse) -> Iterator[ScanFilms]:
    films = show(qtbot, scan, model)
    yield films
    close(films)


def show(qtbot: QtBot, scan: Scan, model: ModelInUse) -> ScanFilms:
    """The films of a scan, as its page shows them."""
    films = ScanFilms(Settings(), LabelCorrections(), model)
    qtbot.addWidget(films)
    films.resize(1200, 600)
    films.begin(scan.record, labels_as_asked(scan.record))
    films.show()
    qtbot.waitExposed(films)
    rows = list(read_rows(scan.results, scan.record.label_names))
    films.table.model.add_rows(rows)
    qtbot.waitUntil(lambda: films.table.model.is_settled)
    return films


def close(films: ScanFilms) -> None:
    films.hide()
    films.shut_down()
    films._corrections.shut_down()


def select(films: ScanFilms, *files: str) -> None:
    order = films.table.shown_files()
    films.table.view.selection.clear_rows()
    for file in files:
        films.table.view.selection.select(
            films.table.model.index(order.index(file), 1),
            films.table.view.selection.Select,
        )
    films.table.view.selection.setCurrentIndex(
        films.table.model.index(order.index(files[-1]), 1),
        films.table.view.selection.NoUpdate,
    )


def choose(menu: LabelMenu, text: str) -> None:
    """Open the menu and choose the entry that ends or begins so."""
    menu.aboutToShow.emit()
    entries = [each for each in menu.actions() if text in each.text()]
    assert entries[0].isEnabled()
    entries[0].trigger()


# Beside the table


def test_the_film_that_the_keyboard_is_on_is_shown(
    films: ScanFilms, qtbot: QtBot
) -> None:
    view, preview = films.table.view, films.preview
    assert preview.view.film is None
    assert "Select a film" in preview.words.text()
    view.setFocus()
    view.setCurrentIndex(films.table.model.index(0, 1))
    qtbot.waitUntil(lambda: preview.view.film is not None)
    first = preview.view.film
    qtbot.keyClick(view, "j")
    assert preview.view.film is None, "no film beside another one's words"
    qtbot.waitUntil(lambda: preview.view.film is not None)
    assert preview.view.film is not first
    assert preview.words.text().startswith("Looks like COVID-19")
    assert "True label: Normal" in preview.words.text()


def test_a_film_that_cannot_be_read_says_why(films: ScanFilms, qtbot: QtBot) -> None:
    select(films, "normal/torn.png")
    said = films.preview.words
    assert said.text().startswith('"torn.png"')
    qtbot.waitUntil(lambda: not films.preview._timer.isActive())
    assert films.preview.view.film is None


def test_a_heat_map_is_laid_over_it_where_it_is_wanted(
    films: ScanFilms, qtbot: QtBot
) -> None:
    preview = films.preview
    select(films, "covid/a.png")
    qtbot.waitUntil(lambda: preview.view.film is not None)
    plain = preview.view.grab().toImage()
    preview.heat_box.click()
    qtbot.waitUntil(lambda: preview.view.grab().toImage() != plain)
    preview.heat_box.click()
    assert preview.view.grab().toImage() == plain


def test_heat_maps_are_those_of_the_model_of_the_scan(
    films: ScanFilms, scan: Scan
) -> None:
    select(films, "covid/a.png")
    assert films.preview.heat_box.isEnabled()
    film = scan.record.folder / "covid/a.png"
    films.preview.show_film(film, "Words.", model_sha256="another")
    assert not films.preview.heat_box.isEnabled()
    assert "Another model" in films.preview.heat_box.toolTip()


def test_how_it_is_laid_out_is_remembered(
    qtbot: QtBot, scan: Scan, model: ModelInUse
) -> None:
    films = show(qtbot, scan, model)
    assert films.table.view.hidden == {"Verdict"}
    films.table.splitter.setSizes([700, 500])
    wide = films.preview.width()
    films.table.view.set_hidden(frozenset({"Finding", "Heat in lungs"}))
    films.preview.heat_box.setChecked(True)
    close(films)
    films = show(qtbot, scan, model)
    assert films.preview.width() == wide
    assert films.preview.heat_box.isChecked()
    assert films.table.view.hidden == {"Finding", "Heat in lungs"}
    films.preview_box.click()
    assert films.preview.isHidden()
    close(films)
    films = show(qtbot, scan, model)
    assert films.preview.isHidden()
    close(films)


def test_a_narrow_window_has_no_room_for_it(films: ScanFilms) -> None:
    films.resize(700, 500)
    assert films.preview.isHidden()
    assert not films.preview_box.isEnabled()
    films.resize(1000, 500)
    assert films.preview.isVisible()
    assert films.preview_box.isChecked()
    button = films.preview.label_button
    assert button.width() >= button.sizeHint().width()


def test_a_hidden_preview_reads_nothing(films: ScanFilms, qtbot: QtBot) -> None:
    films.preview_box.click()
    select(films, "covid/a.png")
    qtbot.wait(150)
    assert films.preview.view.film is None
    films.preview_box.click()
    qtbot.waitUntil(lambda: films.preview.view.film is not None)


# What a film really shows


def test_the_films_selected_are_corrected_and_it_is_shown(
    films: ScanFilms, qtbot: QtBot, scan: Scan
) -> None:
    select(films, "covid/a.png", "normal/b.png")
    with qtbot.waitSignal(films._corrections.status_changed) as told:
        choose(films.labels, "Pneumonia")
    assert told.args == ["2 films: corrected to Pneumonia. 2 films corrected so far."]
    dataset = index_dataset(corrected_films())
    folder = scan.record.folder
    assert {s.path: s.label for s in dataset.samples} == {
        folder / "covid/a.png": "pneumonia",
        folder / "normal/b.png": "pneumonia",
    }
    assert "True label: Pneumonia (corrected)" in films.preview.words.text()
    place, order = films.table.model.columns.index(TRUTH), films.table.shown_files()
    cell = films.table.model.index(order.index("covid/a.png"), place)
    assert cell.data() == "Pneumonia (corrected)"
    films.labels.aboutToShow.emit()
    checked = [each.text() for each in films.labels.actions() if each.isChecked()]
    assert checked == ["&2  Pneumonia"]
    with qtbot.waitSignal(films._corrections.changed):
        choose(films.labels, "Take the correction back")
    assert cell.data() == "COVID-19"
    assert not corrected_films().exists()


def test_a_film_that_was_not_read_can_be_called_not_usable(
    films: ScanFilms, qtbot: QtBot
) -> None:
    select(films, "normal/torn.png")
    with qtbot.waitSignal(films._corrections.changed):
        choose(films.labels, "Not usable")
    (sample,) = read_corrections().values()
    assert sample.label == NOT_USABLE
    films.labels.aboutToShow.emit()
    last = films.labels.actions()[-1]
    assert last.text() == "&Retrain on corrected films (0)…"
    assert not last.isEnabled()


def test_what_was_corrected_before_is_known_again(
    films: ScanFilms, qtbot: QtBot, scan: Scan
) -> None:
    correct([scan.record.folder / "normal/a.png"], "covid")
    films._corrections.load()
    qtbot.waitUntil(lambda: films.table.model.rows.corrections != {})
    assert films.table.model.rows.corrections == {"normal/a.png": "covid"}
    films.begin(scan.record)
    assert films.table.model.rows.corrections == {"normal/a.png": "covid"}


def test_a_film_that_is_gone_cannot_be_corrected(
    films: ScanFilms, qtbot: QtBot, scan: Scan
) -> None:
    (scan.record.folder / "covid/a.png").unlink()
    select(films, "covid/a.png")
    raised: list[Notice] = []
    films._corrections.notice_raised.connect(raised.append)
    choose(films.labels, "Pneumonia")
    qtbot.waitUntil(lambda: bool(raised))
    assert raised[0].text.startswith("a.png cannot be read")
    assert read_corrections() == {}


def test_the_menu_leads_to_a_training(films: ScanFilms, qtbot: QtBot) -> None:
    select(films, "covid/a.png")
    with qtbot.waitSignal(films._corrections.changed):
        choose(films.labels, "Pneumonia")
    with qtbot.waitSignal(films._corrections.training_asked) as asked:
        choose(films.labels, "Retrain on corrected films (1)")
    assert asked.args == [corrected_films()]


# Nothing moves


def test_buttons_stay_where_they_are_when_something_was_done(
    films: ScanFilms, qtbot: QtBot, scan: Scan
) -> None:
    actions = films.actions
    actions.set_scan(scan)
    button = actions.export_button
    place = button.mapTo(films, button.rect().topLeft())
    row = films.table.view.visualRect(films.table.model.index(0, 1))
    actions.progress.begin("Writing…")
    actions.outcome.setText("Written: here.")
    actions.outcome.show()
    qtbot.wait(50)
    assert button.mapTo(films, button.rect().topLeft()) == place
    assert films.table.view.visualRect(films.table.model.index(0, 1)) == row
    assert button.isVisible()
    assert films.preview_box.shortcut().toString() == "F9"


def test_its_button_is_about_it_and_not_about_those_selected(
    films: ScanFilms, scan: Scan, qtbot: QtBot
) -> None:
    shown = films.table.shown_files()
    view = films.table.view
    keys = Qt.KeyboardModifier.NoModifier
    for row in (0, 1, 1):
        place = view.visualRect(films.table.model.index(row, 1)).center()
        qtbot.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, keys, place)
        keys = Qt.KeyboardModifier.ControlModifier
    assert view.selection.count == 1
    assert view.current_row() not in view.selection.numbers()
    choose(films.preview.label_button.menu(), "Pneumonia")
    qtbot.waitUntil(lambda: bool(read_corrections()))
    (film,) = read_corrections()
    assert film == scan.record.folder / shown[1]


def test_a_film_whose_row_is_hidden_is_shown_no_more(
    films: ScanFilms, qtbot: QtBot
) -> None:
    select(films, "covid/a.png")
    qtbot.waitUntil(lambda: films.preview.view.film is not None)
    films.table.filters.type_text("normal")
    qtbot.waitUntil(lambda: films.table.view.current_row() is None)
    assert films.preview.view.film is None
    assert not films.preview.open_button.isEnabled()


def test_heat_maps_are_of_the_model_of_the_scan_alone(
    films: ScanFilms, model: ModelInUse, qtbot: QtBot, tmp_path: Path
) -> None:
    select(films, films.table.shown_files()[0])
    assert films.preview.heat_box.isEnabled()
    other = write_tiny_bundle(tmp_path / "other", shift=3.0)
    with qtbot.waitSignal(model.changed):
        model.use(other.path)
    assert not films.preview.heat_box.isEnabled()
