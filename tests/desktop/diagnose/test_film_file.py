"""Recent films, closing, tags, the overlay, and copies without the patient."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pydicom
import pytest
from PIL import Image
from PyQt5.QtCore import QSize, Qt
from PyQt5.QtGui import QGuiApplication
from PyQt5.QtTest import QTest
from pytestqt.qtbot import QtBot

from core.errors import ImageReadError
from core.films.pixels import FilmIdentity
from core.model.bundle import ModelBundle
from core.paths import sample_films
from desktop.app.main_window import MainWindow
from desktop.diagnose import file_dialogs
from desktop.diagnose import films as film_list
from desktop.diagnose.file.identity import IdentityOverlay, corners
from desktop.diagnose.file.recent import RecentFilms
from desktop.diagnose.file_dialogs import PreviewDialog
from desktop.diagnose.tab import DiagnoseTab
from desktop.film.thumbnails import Thumbnails
from desktop.film.view import FilmView
from desktop.settings import Settings
from tests.dicom_files import dicom_bytes, dicom_dataset
from tests.phantoms import draw_phantom

PIXELS = draw_phantom("normal", seed=3, size=256)


@pytest.fixture
def dicom(tmp_path: Path) -> Path:
    path = tmp_path / "doe.dcm"
    tags = {"PatientName": "Doe^Jane", "PatientID": "4711", "StudyDate": "20240131"}
    path.write_bytes(dicom_bytes(dicom_dataset(PIXELS, **tags)))
    return path


@pytest.fixture
def tab(qtbot: QtBot, tiny_bundle: ModelBundle) -> Iterator[DiagnoseTab]:
    window = MainWindow(Settings(), tiny_bundle.path)
    qtbot.addWidget(window)
    window.show()
    yield window.diagnose
    window.close()


def opened(tab: DiagnoseTab, qtbot: QtBot, *paths: Path) -> None:
    tab.open_paths(paths)
    qtbot.waitUntil(lambda: not tab.session.is_reading)


def names(tab: DiagnoseTab) -> list[str]:
    return [path.name for path in tab.file.recent.paths]


def test_recent_films_are_kept_the_last_one_first(
    tab: DiagnoseTab, qtbot: QtBot, film: Path, dicom: Path
) -> None:
    assert not tab.file.recent.menuAction().isEnabled()
    opened(tab, qtbot, film)
    opened(tab, qtbot, dicom)
    opened(tab, qtbot, sample_films()[0])
    opened(tab, qtbot, film)
    assert names(tab) == ["film.png", "doe.dcm"]
    assert RecentFilms(Settings(), tab).paths == tab.file.recent.paths
    file_menu = tab.window().menuBar().actions()[0].menu()
    assert tab.file.recent.menuAction() in file_menu.actions()


def test_a_recent_film_is_opened_and_a_missing_one_drops_out(
    tab: DiagnoseTab, qtbot: QtBot, film: Path, dicom: Path
) -> None:
    opened(tab, qtbot, film)
    opened(tab, qtbot, dicom)
    tab.commands.close_all.trigger()
    tab.file.recent.actions()[1].trigger()
    qtbot.waitUntil(lambda: tab.session.shown is not None)
    assert tab.session.shown.path == film
    dicom.unlink()
    tab.file.recent.aboutToShow.emit()
    qtbot.waitUntil(lambda: names(tab) == ["film.png"])


def test_recent_films_are_forgotten_when_asked(
    tab: DiagnoseTab, qtbot: QtBot, film: Path
) -> None:
    opened(tab, qtbot, film)
    tab.file.recent.actions()[-1].trigger()
    assert names(tab) == []
    assert not tab.file.recent.menuAction().isEnabled()


def test_a_list_that_was_edited_by_hand_is_no_matter(qtbot: QtBot) -> None:
    for text in ("no list", "7", "[7]"):
        settings = Settings()
        settings.recent_films = text
        view = FilmView()
        qtbot.addWidget(view)
        assert RecentFilms(settings, view).paths == []


def test_all_films_are_closed_at_once_even_those_being_read(
    tab: DiagnoseTab, qtbot: QtBot, film: Path, dicom: Path
) -> None:
    opened(tab, qtbot, film)
    tab.open_paths([dicom, *sample_films()])
    with qtbot.waitSignal(tab.session.progress_changed) as told:
        tab.commands.close_all.trigger()
    assert told.args == ["", False]
    assert len(tab.session.films) == 0
    qtbot.waitUntil(lambda: not tab.session.is_reading)
    assert len(tab.session.films) == 0
    assert tab.ui.empty.isVisible()
    assert not tab.commands.close_all.isEnabled()
    opened(tab, qtbot, film)
    assert tab.ui.view.isVisible()


def test_only_what_makes_sense_is_offered(
    tab: DiagnoseTab, qtbot: QtBot, film: Path, dicom: Path
) -> None:
    file = tab.commands
    for path, is_dicom in ((film, False), (dicom, True)):
        opened(tab, qtbot, path)
        assert file.tags.isEnabled() is is_dicom
        assert file.identity.isEnabled() is is_dicom
        assert file.deidentify.isEnabled()
    tab.session.open_picture(np.stack([PIXELS] * 3, axis=-1))
    qtbot.waitUntil(lambda: not tab.session.is_reading)
    assert not file.deidentify.isEnabled()


def test_tags_are_searched_copied_and_follow_the_film(
    tab: DiagnoseTab, qtbot: QtBot, film: Path, dicom: Path
) -> None:
    opened(tab, qtbot, dicom)
    tab.commands.tags.trigger()
    dialog = tab.file.tags
    assert dialog is not None
    table = dialog.table
    qtbot.waitUntil(lambda: "Doe^Jane" in table.as_text())
    table.text.setText("patient name")
    assert table.view.model().rowCount() == 1
    table.view.selectRow(0)
    table.view.setFocus()
    QTest.keyClick(table.view, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    if QGuiApplication.clipboard().text() == "":  # no focus on this screen
        table.copy_selected()
    copied = QGuiApplication.clipboard().text()
    assert copied == "(0010,0010)\tPatient's Name\tPN\tDoe^Jane"
    table.text.setText("00100020")
    assert "4711" in table.as_text()
    opened(tab, qtbot, film)
    assert dialog.isVisible()
    assert "no DICOM file" in dialog.note.text()
    assert table.isHidden()
    tab.session.step(-1)
    qtbot.waitUntil(lambda: "4711" in table.as_text())
    dicom.unlink()
    dialog.close()
    tab.session.step(1)
    tab.session.step(-1)
    tab.commands.tags.trigger()
    qtbot.waitUntil(lambda: "no file" in dialog.note.text())
    dialog.close()


def test_the_search_keeps_heads_and_what_is_under_them(
    tab: DiagnoseTab, qtbot: QtBot, tmp_path: Path
) -> None:
    item = pydicom.Dataset()
    item.CodeMeaning, item.CodeValue = "deep", "1"
    path = tmp_path / "nested.dcm"
    tags = {"ViewCodeSequence": [item]}
    path.write_bytes(dicom_bytes(dicom_dataset(PIXELS, **tags)))
    opened(tab, qtbot, path)
    tab.commands.tags.trigger()
    table = tab.file.tags.table
    qtbot.waitUntil(lambda: "deep" in table.as_text())
    table.text.setText("deep")
    shown = [line.split("\t")[1].strip() for line in table.as_text().splitlines()]
    assert shown == ["Name", "View Code Sequence", "Item 1", "Code Meaning"]
    table.text.setText("view code")
    assert "deep" in table.as_text()
    tab.file.tags.close()


def test_the_overlay_says_whom_a_film_is_of_and_can_be_turned_off(
    tab: DiagnoseTab, qtbot: QtBot, film: Path, dicom: Path
) -> None:
    overlay, toggle = tab.file.overlay, tab.commands.identity
    opened(tab, qtbot, dicom)
    assert overlay.isVisible()
    assert "Doe, Jane" in overlay.accessibleName()
    assert overlay.size() == tab.ui.view.size()
    toggle.trigger()
    assert overlay.isHidden()
    assert not Settings().identity_shown
    toggle.trigger()
    opened(tab, qtbot, film)
    assert overlay.isHidden()


@pytest.mark.parametrize("ground", ["white", "black"])
def test_the_overlay_can_be_read_on_light_and_dark(qtbot: QtBot, ground: str) -> None:
    view = FilmView()
    qtbot.addWidget(view)
    view.resize(QSize(600, 400))
    overlay = IdentityOverlay(view)
    overlay.show_identity(FilmIdentity(name="DOE, JANE", view="PA"))
    image = view.grab().toImage()
    image.fill(Qt.GlobalColor.white if ground == "white" else Qt.GlobalColor.black)
    overlay.render(image, flags=overlay.RenderFlags())
    shades = [image.pixelColor(x, y).lightness() for x in range(200) for y in range(40)]
    assert max(shades) > 220
    assert min(shades) < 40  # letters are light, their edge is dark
    assert sum(220 < shade < 250 for shade in shades) > 50


def test_long_names_stay_in_their_corner(qtbot: QtBot) -> None:
    long = FilmIdentity(name="N" * 300, study="S" * 300)
    view = FilmView()
    qtbot.addWidget(view)
    view.resize(QSize(300, 200))
    overlay = IdentityOverlay(view)
    overlay.show_identity(long)
    image = view.grab().toImage()
    middle = {image.pixelColor(150, y).rgb() for y in range(60)}
    assert len(middle) == 1
    assert corners(FilmIdentity()) == ([], [], [])


def test_a_saved_picture_names_the_patient_only_when_asked(
    tab: DiagnoseTab,
    qtbot: QtBot,
    dicom: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    opened(tab, qtbot, dicom)
    pictures = {}
    for is_named in (False, True):
        path = tmp_path / f"{is_named}.png"

        def answer(*asked: object, can_name: bool, answer: object = (path, is_named)):
            assert can_name
            return answer

        monkeypatch.setattr(file_dialogs, "ask_for_picture", answer)
        with qtbot.waitSignals([tab.saver.status_changed] * 2):
            tab.commands.save_plain.trigger()
        with Image.open(path) as picture:
            pictures[is_named] = np.asarray(picture.convert("L")).astype(int)
    changed = np.abs(pictures[True] - pictures[False]) > 40
    assert changed[:60].any()
    assert not changed[100:200].any()


def test_a_copy_without_the_patient_is_saved_and_warned_of(
    tab: DiagnoseTab,
    qtbot: QtBot,
    dicom: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    copy, suggested = tmp_path / "copy.dcm", []

    def answer(parent: object, suggestion: Path) -> Path:
        suggested.append(suggestion.name)
        return copy

    monkeypatch.setattr(file_dialogs, "ask_for_copy", answer)
    opened(tab, qtbot, dicom)
    before = dicom.read_bytes()
    tab.commands.deidentify.trigger()
    qtbot.waitUntil(lambda: tab.ui.banner.isVisible())
    assert "text" in tab.ui.banner.notice.hint
    assert "doe" not in suggested[0]
    tags = pydicom.dcmread(copy)
    assert str(tags.PatientName) == ""
    assert suggested[0].startswith(tags.PatientID)
    assert dicom.read_bytes() == before
    copy = dicom
    tab.commands.deidentify.trigger()
    qtbot.waitUntil(lambda: "film itself" in tab.ui.banner.notice.text)
    assert dicom.read_bytes() == before


def test_file_dialogs_show_the_film_that_is_marked(
    qtbot: QtBot, film: Path, dicom: Path, tmp_path: Path
) -> None:
    (tmp_path / "notes.txt").write_text("no film")
    thumbnails = Thumbnails()
    dialog = PreviewDialog(None, "Open", tmp_path, "All files (*)", thumbnails)
    qtbot.addWidget(dialog)
    dialog.show()
    assert "Mark a film" in dialog.caption.text()
    for path in (film, dicom, film):
        dialog.currentChanged.emit(str(path))
        qtbot.waitUntil(lambda: dialog.caption.isHidden())
        assert dialog.picture.pixmap().width() > 100
    dialog.currentChanged.emit(str(tmp_path / "notes.txt"))
    qtbot.waitUntil(lambda: "no film" in dialog.caption.text())
    dialog.currentChanged.emit(str(tmp_path))
    assert "Mark a film" in dialog.caption.text()
    dialog.close()
    thumbnails.shut_down()


def test_both_of_two_films_say_whom_they_are_of(
    tab: DiagnoseTab, qtbot: QtBot, dicom: Path, film: Path, tmp_path: Path
) -> None:
    prior = tmp_path / "prior.dcm"
    tags = {"PatientName": "Doe^Jane", "StudyDate": "20200131"}
    prior.write_bytes(dicom_bytes(dicom_dataset(PIXELS, **tags)))
    opened(tab, qtbot, prior)
    opened(tab, qtbot, dicom)
    tab.commands.film.compare.trigger()
    assert "2024-01-31" in tab.file.overlay.accessibleName()
    assert tab.file.beside.isVisible()
    assert "2020-01-31" in tab.file.beside.accessibleName()
    tab.commands.identity.trigger()
    assert tab.file.beside.isHidden()
    tab.commands.identity.trigger()
    tab.commands.close_all.trigger()
    assert tab.ui.empty.isVisible()
    assert not tab.commands.film.compare.isChecked()
    opened(tab, qtbot, film)
    assert tab.ui.view.isVisible()
    assert not tab.ui.pair.is_double


def test_tags_are_read_once_for_a_film(
    tab: DiagnoseTab, qtbot: QtBot, dicom: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened(tab, qtbot, dicom)
    tab.commands.tags.trigger()
    shown: list[Path | None] = []
    monkeypatch.setattr(tab.file.tags, "show_film", shown.append)
    tab.commands.identity.trigger()
    assert shown == []
    opened(tab, qtbot, sample_films()[0])
    assert shown == [None]


def test_a_film_that_changed_on_disk_never_stands_beside_its_old_verdict(
    tab: DiagnoseTab,
    qtbot: QtBot,
    dicom: Path,
    film: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(film_list, "KEPT_BYTES", 1)  # it is read again when shown
    opened(tab, qtbot, dicom, film)
    tab.commands.next.trigger()
    tags = {"PatientName": "Roe^Rita", "Modality": "CT"}
    dicom.write_bytes(dicom_bytes(dicom_dataset(PIXELS, **tags)))
    with qtbot.waitSignal(tab.session.film_refined):
        tab.commands.previous.trigger()
        assert tab.ui.panel.headline.sentence != "No verdict"
    assert tab.ui.panel.headline.sentence == "No verdict"  # the new film is refused
    assert "Roe, Rita" in tab.file.overlay.accessibleName()


def test_no_report_pairs_a_verdict_with_another_film(
    tab: DiagnoseTab, qtbot: QtBot, dicom: Path, tmp_path: Path
) -> None:
    opened(tab, qtbot, dicom)
    job = tab.outputs.report()
    assert job is not None
    page = tmp_path / "page.html"
    job.write({"html": page}, with_patient=True)
    assert "Doe, Jane" in page.read_text("utf-8")
    page.unlink()
    tags = {"PatientName": "Roe^Rita", "PatientID": "4712", "StudyDate": "20240131"}
    dicom.write_bytes(dicom_bytes(dicom_dataset(PIXELS, **tags)))
    with pytest.raises(ImageReadError, match="changed since it was opened"):
        job.write({"html": page}, with_patient=True)
    tags = {"PatientName": "Doe^Jane", "PatientID": "4711", "StudyDate": "20240131"}
    other = draw_phantom("covid", seed=4, size=256)
    dicom.write_bytes(dicom_bytes(dicom_dataset(other, **tags)))
    with pytest.raises(ImageReadError, match="changed since it was opened"):
        job.write({"html": page}, with_patient=True)
    assert not page.exists()


def test_a_report_is_about_what_is_on_screen_while_a_turned_film_is_read(
    tab: DiagnoseTab, qtbot: QtBot, dicom: Path
) -> None:
    opened(tab, qtbot, dicom)
    tab.session.mend("rotate 90")
    job = tab.outputs.report()
    assert job is None or job.found.mends == ()
    qtbot.waitUntil(lambda: not tab.session.is_reading)
    job = tab.outputs.report()
    assert job is not None
    assert job.found.mends == ("rotate 90",)
