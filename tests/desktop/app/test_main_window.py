from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from PyQt5.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PyQt5.QtGui import QDragEnterEvent, QDropEvent, QGuiApplication, QImage
from PyQt5.QtWidgets import QAbstractButton, QAction, QSlider, QWidget
from pytestqt.qtbot import QtBot

from core.model import in_use as model_store
from core.model.archive import pack_bundle
from core.model.bundle import Label, ModelBundle
from core.paths import models_dir, sample_films
from desktop.app.main_window import MainWindow
from desktop.diagnose.tab import DiagnoseTab
from desktop.models import file_dialogs as model_dialogs
from desktop.settings import Settings
from tests.finished_run import make_finished_run, write_films
from tests.tiny_bundle import write_tiny_bundle

MakeFilm = Callable[..., Path]


@pytest.fixture
def tab(window: MainWindow) -> DiagnoseTab:
    return window.diagnose


def settled(tab: DiagnoseTab, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: not tab.session.is_reading, timeout=10000)


def mime_of(*paths: Path) -> QMimeData:
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    return mime


def drop(target: QWidget, mime: QMimeData) -> None:
    keys, button = Qt.KeyboardModifier.NoModifier, Qt.MouseButton.LeftButton
    action = Qt.DropAction.CopyAction
    enter = QDragEnterEvent(QPoint(50, 50), action, mime, button, keys)
    target.dragEnterEvent(enter)
    assert enter.isAccepted()
    event = QDropEvent(QPointF(50, 50), action, mime, button, keys)
    target.dropEvent(event)
    assert event.isAccepted()


def test_the_window_starts_with_an_invitation(tab: DiagnoseTab) -> None:
    assert tab.ui.empty.isVisible()
    assert tab.ui.strip.isHidden()
    assert tab.ui.panel.headline.sentence == "No film yet"
    assert not tab.commands.save.isEnabled()


def test_a_dropped_film_gets_its_verdict(
    tab: DiagnoseTab, qtbot: QtBot, make_film: MakeFilm
) -> None:
    drop(tab.window(), mime_of(make_film("Röntgen 1.png", 240)))
    settled(tab, qtbot)
    assert tab.ui.panel.headline.sentence.startswith("Looks like COVID-19")
    assert tab.ui.view.isVisible()
    assert tab.window().windowTitle() == "Röntgen 1.png — Hilum"


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="such names do not exist on Windows")
@pytest.mark.parametrize(
    "name", [b"\xff\xfe.png", b"two\nlines\t.png", "胸部X線.png".encode(), b"a" * 250]
)
def test_films_of_any_name_open(
    tab: DiagnoseTab, qtbot: QtBot, film: Path, tmp_path: Path, name: bytes
) -> None:
    path = tmp_path / os.fsdecode(name)
    film.rename(path)
    tab.open_paths([path])
    settled(tab, qtbot)
    tab.window().grab()
    assert tab.session.shown_film is not None
    assert tab.ui.panel.facts.accessibleDescription().isprintable()


def test_films_dropped_on_the_window_s_edge_go_to_the_tab(
    window: MainWindow, tab: DiagnoseTab, qtbot: QtBot, make_film: MakeFilm
) -> None:
    drop(window, mime_of(make_film("a.png", 10), make_film("b.png", 240)))
    settled(tab, qtbot)
    assert len(tab.session.films) == 2
    assert tab.ui.panel.headline.sentence.startswith("No sign of")


def test_the_tab_lights_up_while_films_are_dragged_over_it(
    tab: DiagnoseTab, film: Path
) -> None:
    tab.show_drop(mime_of(film, film))
    assert tab._highlight.isVisible()
    assert tab._highlight.geometry() == tab.rect()
    tab.show_drop(None)
    assert tab._highlight.isHidden()


def test_a_drag_without_films_is_not_accepted(tab: DiagnoseTab) -> None:
    mime = QMimeData()
    mime.setText("not a film")
    keys, button = Qt.KeyboardModifier.NoModifier, Qt.MouseButton.LeftButton
    event = QDragEnterEvent(QPoint(5, 5), Qt.DropAction.CopyAction, mime, button, keys)
    event.setAccepted(False)
    tab.window().dragEnterEvent(event)
    assert not event.isAccepted()


def test_a_failed_film_leaves_film_verdict_and_heat_map(
    tab: DiagnoseTab, qtbot: QtBot, make_film: MakeFilm, tmp_path: Path
) -> None:
    tab.open_paths([make_film("good.png", 240)])
    settled(tab, qtbot)
    film, sentence = tab.ui.view.film, tab.ui.panel.headline.sentence
    picture = tab.ui.view.grab().toImage()
    tab.open_paths([tmp_path / "missing.png"])
    settled(tab, qtbot)
    assert tab.ui.view.film is film
    assert tab.ui.panel.headline.sentence == sentence
    assert tab.ui.banner.isVisible()
    assert "missing.png" in tab.ui.banner.notice.text
    assert (
        tab.ui.view.size() != picture.size() or tab.ui.view.grab().toImage() == picture
    )


def test_opening_another_film_takes_the_message_away(
    tab: DiagnoseTab, qtbot: QtBot, film: Path, tmp_path: Path
) -> None:
    tab.open_paths([tmp_path])
    settled(tab, qtbot)
    assert tab.ui.banner.isVisible()
    tab.open_paths([film])
    settled(tab, qtbot)
    assert tab.ui.banner.isHidden()


def test_files_are_pasted(tab: DiagnoseTab, qtbot: QtBot, film: Path) -> None:
    QGuiApplication.clipboard().setMimeData(mime_of(film))
    tab.commands.paste.trigger()
    settled(tab, qtbot)
    assert tab.session.shown_film is not None
    assert tab.session.shown_film.path == film


def test_pictures_are_pasted(tab: DiagnoseTab, qtbot: QtBot) -> None:
    image = QImage(61, 47, QImage.Format.Format_RGB32)
    image.fill(Qt.GlobalColor.white)
    QGuiApplication.clipboard().setImage(image)
    tab.commands.paste.trigger()
    settled(tab, qtbot)
    shown = tab.session.shown_film
    assert shown is not None
    assert (shown.facts.width, shown.facts.height) == (61, 47)
    assert (shown.pyramid.levels[0] == 255).all()


def test_pasting_what_is_no_film_says_so(tab: DiagnoseTab) -> None:
    QGuiApplication.clipboard().setText("hello")
    tab.commands.paste.trigger()
    assert tab.ui.banner.isVisible()
    assert "no film" in tab.ui.banner.notice.text


def test_addresses_on_the_web_are_not_films(tab: DiagnoseTab) -> None:
    mime = QMimeData()
    mime.setUrls([QUrl("https://example.org/film.png")])
    tab.take_mime(mime)
    assert "on this computer" in tab.ui.banner.notice.text


def test_h_switches_the_heat_map(
    window: MainWindow, tab: DiagnoseTab, qtbot: QtBot, film: Path
) -> None:
    tab.open_paths([film])
    settled(tab, qtbot)
    plain = tab.ui.view.grab().toImage()  # the film is shown first
    tab.commands.heatmap.trigger()
    assert tab.ui.panel.heat.switch.isChecked()
    assert tab.ui.view.grab().toImage() != plain
    tab.ui.panel.heat.switch.click()
    assert not tab.commands.heatmap.isChecked()
    assert tab.ui.view.grab().toImage() == plain
    assert tab.commands.heatmap.shortcut().toString() == "H"


def test_h_shows_the_heat_map_while_it_is_held(
    window: MainWindow, tab: DiagnoseTab, qtbot: QtBot, film: Path
) -> None:
    tab.open_paths([film])
    settled(tab, qtbot)
    plain = tab.ui.view.grab().toImage()
    qtbot.keyPress(tab.ui.strip, Qt.Key.Key_H)
    qtbot.wait(400)
    assert tab.ui.view.grab().toImage() != plain
    qtbot.keyRelease(tab.ui.strip, Qt.Key.Key_H)
    assert tab.ui.view.grab().toImage() == plain
    qtbot.keyClick(tab.ui.strip, Qt.Key.Key_H)
    assert tab.ui.view.grab().toImage() != plain


def test_clicking_a_bar_explains_its_finding(
    tab: DiagnoseTab, qtbot: QtBot, make_film: MakeFilm
) -> None:
    ramp = np.tile(np.arange(256, dtype=np.uint8), (256, 1))
    tab.open_paths([make_film("ramp.png", ramp)])
    settled(tab, qtbot)
    first = tab.heatmap.label
    other = "normal" if first != "normal" else "covid"
    before = tab.ui.view.grab().toImage()
    qtbot.mouseClick(tab.ui.panel.bars.bars[other], Qt.MouseButton.LeftButton)
    assert tab.heatmap.label == other
    assert tab.ui.view.grab().toImage() != before
    job = tab.outputs.picture(with_heatmap=True)
    assert job is not None
    assert job.evidence is not None
    film = tab.session.shown_film
    assert film is not None
    assert film.reading is not None
    assert (job.evidence == film.reading.evidence_for(other)).all()


@pytest.mark.slow
def test_a_report_on_the_film_on_screen_is_written_beside_the_window(
    tab: DiagnoseTab, qtbot: QtBot, film: Path, tmp_path: Path
) -> None:
    assert not tab.commands.report.isEnabled()
    tab.open_paths([film])
    settled(tab, qtbot)
    assert tab.commands.report.isEnabled()
    job = tab.outputs.report()
    assert job is not None
    files = {"html": tmp_path / "a.html", "pdf": tmp_path / "a.pdf"}
    with qtbot.waitSignals([tab.saver.status_changed] * 2):
        tab.saver.save_report(partial(job.write, files, with_patient=False), tmp_path)
    page = files["html"].read_text("utf-8")
    reading = tab.session.shown_film.reading
    assert reading.headline in page
    assert f"evidence for {reading.card.display_name(reading.likeliest)}." in page
    assert files["pdf"].read_bytes().startswith(b"%PDF")


def test_a_picture_says_the_verdict_unless_it_is_the_film_alone(
    tab: DiagnoseTab, qtbot: QtBot, film: Path
) -> None:
    tab.open_paths([film])
    settled(tab, qtbot)
    job = tab.outputs.picture(with_heatmap=True, with_words=True)
    assert job.said.headline == tab.ui.panel.headline.sentence
    assert job.said.heat_title.startswith("Heat map: evidence for")
    job = tab.outputs.picture(with_heatmap=False, with_words=True)
    assert not job.said.heat_title
    assert tab.outputs.picture(with_heatmap=False).said is None


def test_number_keys_name_the_findings_in_the_card_s_order(
    tab: DiagnoseTab, qtbot: QtBot, film: Path
) -> None:
    tab.open_paths([film])
    settled(tab, qtbot)
    action = next(
        action
        for action in tab.commands._finding_group.actions()
        if action.shortcut().toString() == "2"
    )
    action.trigger()
    assert tab.heatmap.label == "pneumonia"
    assert tab.ui.panel.bars.bars["pneumonia"].isChecked()


def test_the_strip_brings_a_film_back(
    tab: DiagnoseTab, qtbot: QtBot, make_film: MakeFilm
) -> None:
    tab.open_paths([make_film("a.png", 10), make_film("b.png", 240)])
    settled(tab, qtbot)
    tab.ui.strip.setCurrentIndex(tab.session.films.index(1))
    assert tab.ui.panel.headline.sentence.startswith("Looks like COVID-19")
    tab.commands.previous.trigger()
    assert tab.ui.panel.headline.sentence.startswith("No sign of")


def test_delete_in_the_strip_closes_a_film(
    tab: DiagnoseTab, qtbot: QtBot, film: Path
) -> None:
    tab.open_paths([film])
    settled(tab, qtbot)
    qtbot.keyClick(tab.ui.strip, Qt.Key.Key_Delete)
    assert tab.ui.empty.isVisible()
    assert tab.window().windowTitle() == "Hilum"


def test_a_sample_film_is_one_click_away(tab: DiagnoseTab, qtbot: QtBot) -> None:
    if not sample_films():
        pytest.skip("no sample films in resources/samples")
    tab.ui.empty.sample_button.click()
    settled(tab, qtbot)
    assert tab.session.shown_film is not None
    assert tab.session.shown_film.path == sample_films()[0]


def test_a_picture_saved_into_a_forbidden_place_raises_the_banner(
    tab: DiagnoseTab, qtbot: QtBot, film: Path, tmp_path: Path
) -> None:
    tab.open_paths([film])
    settled(tab, qtbot)
    job = tab.outputs.picture(with_heatmap=True)
    assert job is not None
    with qtbot.waitSignal(tab.saver.failed):
        tab.saver.save(job, film / "inside a file.png")
    assert tab.ui.banner.isVisible()
    assert tab.session.shown_film is not None


def test_settings_come_back_in_the_next_window(
    qtbot: QtBot, tiny_bundle: ModelBundle
) -> None:
    first = MainWindow(Settings(), tiny_bundle.path)
    qtbot.addWidget(first)
    first.resize(760, 560)
    first.show()
    first.diagnose.ui.panel.heat.slider.setValue(30)
    first.diagnose.heatmap.set_shown(True)
    first.close()
    second = MainWindow(Settings(), tiny_bundle.path)
    qtbot.addWidget(second)
    assert (second.width(), second.height()) == (760, 560)
    assert second.diagnose.ui.panel.heat.opacity == pytest.approx(0.3)
    assert second.diagnose.commands.heatmap.isChecked()
    second.close()


def test_the_window_is_closed_while_films_are_being_read(
    qtbot: QtBot, tiny_bundle: ModelBundle, make_film: MakeFilm
) -> None:
    window = MainWindow(Settings(), tiny_bundle.path)
    qtbot.addWidget(window)
    window.show()
    window.open_paths([make_film(f"{i}.png", 100, size=800) for i in range(6)])
    qtbot.waitUntil(lambda: window.diagnose.session.shown is not None, timeout=10000)
    window.close()
    assert not window.isVisible()


def test_the_first_verdict_of_a_film_matches_the_command_line_s(
    tab: DiagnoseTab, qtbot: QtBot, film: Path, tiny_bundle: ModelBundle
) -> None:
    from core.films.radiograph import read_radiograph
    from core.model.classifier import Classifier, decide

    tab.open_paths([film])
    settled(tab, qtbot)
    radiograph = read_radiograph(film)
    prediction = Classifier(tiny_bundle).predict(radiograph)
    expected = decide(prediction, tiny_bundle.card, radiograph)
    shown = {
        label: bar.row.probability for label, bar in tab.ui.panel.bars.bars.items()
    }
    assert shown == pytest.approx(dict(expected.probabilities))


def test_every_control_has_a_name_for_screen_readers(
    window: MainWindow, tab: DiagnoseTab, qtbot: QtBot, film: Path
) -> None:
    tab.open_paths([film])
    settled(tab, qtbot)
    controls = [
        *tab.findChildren(QAbstractButton),
        *tab.findChildren(QSlider),
        tab.ui.view,
        tab.ui.strip,
    ]
    nameless = [
        control
        for control in controls
        if not control.objectName().startswith("qt_")
        and not (control.accessibleName() or getattr(control, "text", str)())
    ]
    assert nameless == []


def test_no_two_actions_share_a_key(window: MainWindow, qtbot: QtBot) -> None:
    actions = {
        id(action): action
        for owner in (window, *window.findChildren(QWidget))
        for action in owner.actions()
        if isinstance(action, QAction)
    }
    # A table's own keys hold while it has the focus; a film's do not on its tab.
    keys = [
        key.toString()
        for action in actions.values()
        if action.shortcutContext() != Qt.ShortcutContext.WidgetShortcut
        for key in action.shortcuts()
    ]
    assert len(keys) == len(set(keys))
    assert "Ctrl+O" in keys
    assert "Ctrl+V" in keys


def test_the_research_line_is_always_there(window: MainWindow) -> None:
    line = window.statusBar().findChild(QWidget, "researchLine")
    assert line.isVisible()
    assert "not a medical device" in line.text().lower()


def test_the_log_names_no_film(
    tab: DiagnoseTab,
    qtbot: QtBot,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO")
    bad = tmp_path / "Müller, Hans.png"
    bad.write_text("no picture", encoding="utf-8")
    tab.open_paths([bad])
    settled(tab, qtbot)
    assert "not opened" in caplog.text
    assert "Müller" not in caplog.text


def opened(window: MainWindow, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: window.model.bundle is not None, timeout=10000)


def labelled(count: int) -> list[Label]:
    return [Label(f"finding-{i}", f"Finding number {i}") for i in range(count)]


@pytest.mark.slow
@pytest.mark.parametrize("count", [2, 12])
def test_a_model_with_other_labels_takes_over(
    window: MainWindow,
    tab: DiagnoseTab,
    qtbot: QtBot,
    make_film: MakeFilm,
    tmp_path: Path,
    count: int,
) -> None:
    tab.open_paths([make_film("bright.png", 250)])
    settled(tab, qtbot)
    other = write_tiny_bundle(tmp_path / "o", labels=labelled(count), name="Other")
    with qtbot.waitSignal(window.model.changed, timeout=10000):
        window.model.use(other.path)
    settled(tab, qtbot)
    assert list(tab.ui.panel.bars.bars) == [label.name for label in other.card.labels]
    assert tab.ui.panel.model.text().startswith("Read by Other")
    assert window._status.model.text == "Model: Other"
    tab.heatmap.choose("finding-1")
    assert tab.heatmap.label == "finding-1"
    tab.heatmap.choose("covid")
    assert tab.heatmap.label == "finding-1"
    job = tab.outputs.picture(with_heatmap=True)
    assert job is not None
    assert job.evidence is not None
    keys = [
        action.shortcut().toString() for action in tab.commands._finding_group.actions()
    ]
    assert keys[:2] == ["1", "2"]
    assert len(keys) == count


def test_a_refused_model_leaves_everything_and_says_why(
    window: MainWindow, tab: DiagnoseTab, qtbot: QtBot, film: Path, tmp_path: Path
) -> None:
    tab.open_paths([film])
    settled(tab, qtbot)
    sentence, model = tab.ui.panel.headline.sentence, tab.ui.panel.model.text()
    with qtbot.waitSignal(window.model.refused, timeout=10000):
        window.model.use(tmp_path / "nothing")
    assert tab.ui.panel.headline.sentence == sentence
    assert tab.ui.panel.model.text() == model
    assert "not a model bundle" in tab.ui.banner.notice.text
    assert "stays in use" in tab.ui.banner.notice.hint


def test_going_back_is_offered_once_there_was_another(
    window: MainWindow, tab: DiagnoseTab, qtbot: QtBot, tmp_path: Path
) -> None:
    opened(window, qtbot)
    assert not window.files.back_action.isEnabled()
    for name in ("First", "Second"):
        bundle = write_tiny_bundle(tmp_path / name, name=name, shift=len(name))
        with qtbot.waitSignal(window.model.changed, timeout=10000):
            window.model.use(bundle.path)
    assert window.files.back_action.text() == "Go &back to First"
    with qtbot.waitSignal(window.model.changed, timeout=10000):
        window.files.back_action.trigger()
    assert window._status.model.text == "Model: First"


def test_a_model_file_is_imported_after_a_yes(
    window: MainWindow,
    tab: DiagnoseTab,
    qtbot: QtBot,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    opened(window, qtbot)
    bundle = write_tiny_bundle(tmp_path / "sent", name="Sent", shift=2.0)
    pack_bundle(bundle, tmp_path / "sent.hilum")
    asked: list[ModelBundle] = []

    def agree(found: ModelBundle, parent: QWidget) -> bool:
        asked.append(found)
        return True

    monkeypatch.setattr(model_dialogs, "confirm_import", agree)
    with qtbot.waitSignal(window.model.changed, timeout=10000):
        window.files.import_files([tmp_path / "sent.hilum"])
    assert [each.card.name for each in asked] == ["Sent"]
    assert window._status.model.text == "Model: Sent"
    assert not list(models_dir().glob(".import-*"))


def test_a_model_file_is_not_used_after_a_no(
    window: MainWindow,
    qtbot: QtBot,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    opened(window, qtbot)
    bundle = write_tiny_bundle(tmp_path / "sent", name="Sent", shift=2.0)
    pack_bundle(bundle, tmp_path / "sent.hilum")
    asked: list[ModelBundle] = []

    def refuse(found: ModelBundle, parent: QWidget) -> bool:
        asked.append(found)
        return False

    monkeypatch.setattr(model_dialogs, "confirm_import", refuse)
    window.files.import_files([tmp_path / "sent.hilum"])
    qtbot.waitUntil(lambda: bool(asked), timeout=10000)
    assert model_store.previous() is None
    assert not list(models_dir().glob(".import-*"))


def test_a_damaged_model_file_is_told(
    window: MainWindow, tab: DiagnoseTab, qtbot: QtBot, tmp_path: Path
) -> None:
    opened(window, qtbot)
    (tmp_path / "bad.hilum").write_bytes(b"no archive")
    with qtbot.waitSignal(window.files.notice_raised, timeout=10000):
        window.files.import_files([tmp_path / "bad.hilum"])
    assert "bad.hilum" in tab.ui.banner.notice.text


def test_alt_and_a_number_change_the_tab(window: MainWindow, qtbot: QtBot) -> None:
    actions = {action.text(): action for action in window.findChildren(QAction)}
    assert actions["Scan tab"].shortcut().toString() == "Alt+2"
    assert actions["Retrain tab"].shortcut().toString() == "Alt+3"
    actions["Retrain tab"].trigger()
    assert window._tabs.currentWidget() is window.retrain
    actions["Diagnose tab"].trigger()
    assert window._tabs.currentWidget() is window.diagnose


def test_the_film_s_keys_rest_while_another_tab_is_in_front(
    window: MainWindow, tab: DiagnoseTab, qtbot: QtBot, film: Path
) -> None:
    tab.open_paths([film])
    settled(tab, qtbot)
    window._tabs.setCurrentWidget(window.retrain)
    assert not tab.commands.copy.isEnabled()
    assert not tab.commands.next.isEnabled()
    assert not tab.commands.paste.isEnabled()
    assert window.windowTitle() == "Hilum"
    window._tabs.setCurrentWidget(window.diagnose)
    assert tab.commands.copy.isEnabled()
    assert window.windowTitle().startswith("film.png")


@pytest.mark.slow
def test_a_folder_dropped_on_the_retrain_tab_is_not_opened_as_films(
    window: MainWindow, tab: DiagnoseTab, qtbot: QtBot, tmp_path: Path
) -> None:
    (tmp_path / "data" / "covid").mkdir(parents=True)
    window._tabs.setCurrentWidget(window.retrain)
    drop(window, mime_of(tmp_path / "data"))
    assert len(tab.session.films) == 0
    assert window.retrain.page is window.retrain.new_page


def test_a_film_of_a_report_opens_in_the_diagnose_tab(
    window: MainWindow, tab: DiagnoseTab, qtbot: QtBot, film: Path
) -> None:
    window._tabs.setCurrentWidget(window.retrain)
    window.retrain.films_asked.emit([film])
    settled(tab, qtbot)
    assert window._tabs.currentWidget() is tab
    assert tab.session.shown_film is not None


@pytest.mark.slow
def test_a_candidate_is_put_to_use_with_one_click_and_left_with_another(
    window: MainWindow,
    tab: DiagnoseTab,
    qtbot: QtBot,
    tmp_path: Path,
) -> None:
    opened(window, qtbot)
    films = write_films(tmp_path / "films")
    eager = write_tiny_bundle(tmp_path / "eager", name="Eager", shift=30.0)
    earlier = write_tiny_bundle(tmp_path / "earlier", name="Earlier", shift=1.0)
    with qtbot.waitSignal(window.model.changed, timeout=10000):
        window.model.use(earlier.path)
    report = window.retrain.report_page
    window._tabs.setCurrentWidget(window.retrain)
    window.retrain._stack.setCurrentWidget(report)
    report.set_run(make_finished_run(eager, films, name="Eager"))
    qtbot.waitUntil(lambda: report.candidate.result is not None, timeout=90000)
    with qtbot.waitSignal(window.model.changed, timeout=10000):
        report.candidate.choice.use_button.click()
    assert report.candidate.is_in_use
    assert window._status.model.text == "Model: Eager"
    assert report.candidate.choice.back_button.text() == "Go &back to Earlier"
    with qtbot.waitSignal(window.model.changed, timeout=10000):
        report.candidate.choice.back_button.click()
    assert window._status.model.text == "Model: Earlier"
    assert not report.candidate.is_in_use


def test_the_window_stays_when_the_training_is_to_go_on(
    window: MainWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(window.retrain, "may_close", lambda: False)
    assert not window.close()
    assert window.isVisible()
    monkeypatch.setattr(window.retrain, "may_close", lambda: True)


def test_the_window_fits_the_screen(window: MainWindow) -> None:
    available = window.screen().availableSize()
    assert window.width() <= available.width()
    assert window.height() <= available.height()
