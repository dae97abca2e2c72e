from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PyQt5.QtCore import QPoint, QPointF, Qt
from PyQt5.QtGui import QColor, QWheelEvent
from PyQt5.QtTest import QTest
from PyQt5.QtWidgets import QAbstractButton, QApplication
from pytestqt.qtbot import QtBot

from core.model.bundle import Label, ModelBundle, read_bundle
from core.runs.run import Run
from desktop.diagnose.films import OpenFilm
from desktop.models.card_dialog import card_html
from desktop.models.export_dialog import FORMATS, ExportDialog
from desktop.retrain.report.data import film_rows, read_report_data
from desktop.retrain.report.page import ReportPage
from desktop.style import theme
from desktop.widgets.labels import Caption
from tests.finished_run import FINDINGS, damage, make_finished_run, write_films
from tests.tiny_bundle import write_tiny_bundle


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    return write_films(tmp_path / "films")


@pytest.fixture
def run(tiny_bundle: ModelBundle, manifest: Path) -> Run:
    return make_finished_run(tiny_bundle, manifest)


@pytest.fixture
def page(qtbot: QtBot) -> Iterator[ReportPage]:
    page = ReportPage()
    qtbot.addWidget(page)
    page.resize(900, 700)
    page.show()
    yield page
    page.shut_down()
    page.close()


def shown(page: ReportPage, qtbot: QtBot, run: Run) -> None:
    page.set_run(run)
    parts = (page.body, page.problem)
    qtbot.waitUntil(lambda: not all(part.isHidden() for part in parts), timeout=10000)
    qtbot.waitUntil(lambda: not page.body.mistakes.is_reading, timeout=10000)


def test_the_headline_says_what_the_model_is_worth(
    page: ReportPage, qtbot: QtBot, run: Run
) -> None:
    shown(page, qtbot, run)
    assert "18 films" in page.headline.text()
    assert "56\u00a0%" in page.headline.text()
    assert "interval" in page.headline.text()


def test_every_class_has_its_figures_with_intervals(
    page: ReportPage, qtbot: QtBot, run: Run
) -> None:
    shown(page, qtbot, run)
    cells = page.body.figures.cells
    assert cells.head[2:] == ("Precision", "Recall", "Specificity", "F1", "AUC")
    assert [row[0] for row in cells.rows] == ["COVID-19", "Pneumonia", "Normal"]
    recall = cells.rows[2][3]
    assert recall.startswith("0.667 (")
    assert "–" in recall


@pytest.mark.slow
def test_charts_are_drawn_and_described(
    page: ReportPage, qtbot: QtBot, run: Run
) -> None:
    shown(page, qtbot, run)
    for view in page.body.charts.views.values():
        assert view.isVisible()
        assert view.accessibleName()
        qtbot.waitUntil(lambda view=view: view.is_drawn, timeout=20000)  # type: ignore[misc]
    assert "AUC" in page.body.figures.cells.head
    blank = page.body.charts.views["roc"].grab().toImage()
    assert len({blank.pixel(x, y) for x in range(0, 300, 3) for y in range(60)}) > 2


@pytest.mark.slow
def test_charts_follow_the_appearance(page: ReportPage, qtbot: QtBot, run: Run) -> None:
    application = QApplication.instance()
    assert isinstance(application, QApplication)
    shown(page, qtbot, run)
    view = page.body.charts.views["confusion"]
    qtbot.waitUntil(lambda: view.is_drawn, timeout=20000)
    light = view.grab().toImage()
    try:
        theme.apply(application, "dark")
        # The colours come with the next turn of the event loop.
        qtbot.waitUntil(lambda: not view.is_drawn)
        qtbot.waitUntil(lambda: view.is_drawn, timeout=20000)
        dark = view.grab().toImage()
        assert dark != light
        assert QColor(dark.pixel(2, 2)).lightness() < 80
    finally:
        theme.apply(application, "light")


def test_the_worst_mistakes_open_in_the_diagnose_tab(
    page: ReportPage, qtbot: QtBot, run: Run, manifest: Path
) -> None:
    shown(page, qtbot, run)
    view = page.body.mistakes
    assert view.model().rowCount() == 8
    view.setCurrentIndex(view.model().index(0, 0))
    with qtbot.waitSignal(page.body.mistakes.films_asked) as caught:
        qtbot.keyClick(view, Qt.Key.Key_Return)
    (film,) = caught.args[0]
    assert film.parent == manifest.parent
    assert film.is_file()
    picture = view.model().index(0, 0).data(Qt.ItemDataRole.DecorationRole)
    assert not picture.isNull()


def test_a_film_that_is_gone_says_so_and_does_not_open(
    page: ReportPage, qtbot: QtBot, run: Run, manifest: Path
) -> None:
    for film in manifest.parent.glob("*.png"):
        film.unlink()
    shown(page, qtbot, run)
    view = page.body.mistakes
    index = view.model().index(0, 0)
    assert "Press to open" not in index.data(Qt.ItemDataRole.ToolTipRole)
    place = view.visualRect(index).center()
    with qtbot.waitSignal(page.status_changed) as caught:
        qtbot.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert "no longer" in caught.args[0]


def test_notes_of_the_training_are_prominent(
    page: ReportPage, qtbot: QtBot, tiny_bundle: ModelBundle, manifest: Path
) -> None:
    halved = "The batch was halved to 8 films."
    shown(page, qtbot, make_finished_run(tiny_bundle, manifest, notes=[halved]))
    assert halved in page.notes.notes
    assert page.notes.isVisible()


def test_what_the_check_found_stands_beside_the_figures(
    page: ReportPage, qtbot: QtBot, tiny_bundle: ModelBundle, manifest: Path
) -> None:
    run = make_finished_run(tiny_bundle, manifest, findings=FINDINGS)
    shown(page, qtbot, run)
    assert page.notes.notes[0].startswith(
        "In the films of the training a program that sees"
    )
    assert len(set(page.notes.notes)) == len(page.notes.notes)
    assert page.body.check.isVisible()
    rows = page.body.check.cells.rows
    assert rows[0][3:] == ("COVID-19 from Normal", "1.000")
    assert "120 of 300 films" in page.body.check_notes.text()
    html = card_html(read_bundle(run.bundle_dir))
    assert "COVID-19 from Normal with an AUC of 1.00" in html
    assert "is_red" not in html


def test_a_model_of_before_says_nothing_of_a_check(
    page: ReportPage, qtbot: QtBot, run: Run
) -> None:
    shown(page, qtbot, run)
    assert not page.body.check.isVisible()
    assert not page.body.check_notes.isVisible()


def test_many_notes_leave_room_for_the_report(
    page: ReportPage, qtbot: QtBot, tiny_bundle: ModelBundle, manifest: Path
) -> None:
    notes = [f"Left out film {i}." for i in range(200)]
    shown(page, qtbot, make_finished_run(tiny_bundle, manifest, notes=notes))
    assert len(page.notes.notes) >= 200
    lines = page.notes.text.splitlines()
    assert len(lines) < 12
    assert lines[-1].endswith("more, in the saved report.")


def test_settings_that_differ_from_the_preset_come_first(
    page: ReportPage, qtbot: QtBot, run: Run
) -> None:
    shown(page, qtbot, run)
    assert page.body.settings.cells.rows[0] == ("Films per step (batch)", "16")
    assert not page.body.settings.isVisible()
    page.body.settings_part.set_open(True)
    assert page.body.settings.isVisible()


@pytest.mark.parametrize("films", [[1, 2], "all", {"train": 12}, None])
def test_a_card_that_counts_its_films_otherwise_shows_none(
    run: Run, films: object
) -> None:
    data = read_report_data(run)
    data.bundle.card.data["films"] = films
    assert film_rows(data) == (["Films"], [])


def test_a_damaged_model_says_what_is_wrong(
    page: ReportPage, qtbot: QtBot, run: Run
) -> None:
    damage(run)
    shown(page, qtbot, run)
    assert page.problem.isVisible()
    assert "damaged" in page.problem.text
    assert not page.export_button.isEnabled()
    assert not page.candidate.isVisible()
    assert page.folder_button.isEnabled()


def test_a_model_without_a_report_shows_the_figures_of_its_card(
    page: ReportPage, qtbot: QtBot, tiny_bundle: ModelBundle, manifest: Path
) -> None:
    run = make_finished_run(tiny_bundle, manifest, has_report=False)
    shown(page, qtbot, run)
    assert len(page.body.figures.cells.rows) == 3
    assert page.body.charts.views["confusion"].isVisible()
    assert not page.body.charts.views["roc"].isVisible()
    assert any("report" in note for note in page.notes.notes)


@pytest.mark.slow
@pytest.mark.parametrize("has_report", [True, False])
def test_the_report_is_saved_as_one_file(
    page: ReportPage,
    qtbot: QtBot,
    tiny_bundle: ModelBundle,
    manifest: Path,
    tmp_path: Path,
    has_report: bool,
) -> None:
    shown(page, qtbot, make_finished_run(tiny_bundle, manifest, has_report=has_report))
    page.save_report(tmp_path / "out" / "Bericht Ä.html")
    qtbot.waitUntil((tmp_path / "out" / "Bericht Ä.html").is_file, timeout=10000)
    text = (tmp_path / "out" / "Bericht Ä.html").read_text("utf-8")
    assert "Pneumonia" in text


def test_a_report_that_cannot_be_saved_says_so(
    page: ReportPage, qtbot: QtBot, run: Run, manifest: Path
) -> None:
    shown(page, qtbot, run)
    page.save_report(manifest / "inside a file.html")
    qtbot.waitUntil(page.problem.isVisible, timeout=10000)
    assert "report" in page.problem.text or "written" in page.problem.text


def test_the_newest_run_is_the_one_that_is_shown(
    page: ReportPage, qtbot: QtBot, run: Run, tiny_bundle: ModelBundle, manifest: Path
) -> None:
    second = make_finished_run(tiny_bundle, manifest, name="Second")
    page.set_run(run)
    shown(page, qtbot, second)
    assert page.run == second
    qtbot.wait(50)
    assert page.title.text == "Second"


@pytest.mark.slow
def test_models_with_twelve_labels_are_shown(
    page: ReportPage, qtbot: QtBot, tmp_path: Path, manifest: Path
) -> None:
    names = ["covid", "pneumonia", "normal", *(f"finding-{i}" for i in range(9))]
    labels = [Label(name, f"A long name of {name}") for name in names]
    bundle = write_tiny_bundle(tmp_path / "many", labels=labels)
    shown(page, qtbot, make_finished_run(bundle, manifest))
    assert len(page.body.figures.cells.rows) == 12
    assert page.grab().width() == 900


def test_controls_of_the_report_have_names(
    page: ReportPage, qtbot: QtBot, run: Run
) -> None:
    shown(page, qtbot, run)
    nameless = [
        button
        for button in page.findChildren(QAbstractButton)
        if button.isVisible() and not (button.accessibleName() or button.text())
    ]
    assert nameless == []


def test_mistakes_of_one_name_are_told_apart_by_their_hash(
    tiny_bundle: ModelBundle, manifest: Path, tmp_path: Path
) -> None:
    run = make_finished_run(tiny_bundle, manifest)
    twin = tmp_path / "elsewhere" / "normal 0.png"
    twin.parent.mkdir()
    twin.write_bytes(b"another film of the same name")
    lines = run.split.read_text("utf-8").splitlines()
    lines.insert(1, f"{twin},normal,,,train")
    run.split.write_text("\n".join(lines) + "\n", "utf-8")
    found = {each.file: each.path for each in read_report_data(run).mistakes}
    assert found["normal 0.png"] == manifest.parent / "normal 0.png"


@pytest.fixture
def dialog(qtbot: QtBot, tiny_bundle: ModelBundle) -> Iterator[ExportDialog]:
    dialog = ExportDialog(tiny_bundle)
    qtbot.addWidget(dialog)
    dialog.show()
    yield dialog
    dialog.done(0)


def choose(dialog: ExportDialog, name: str) -> None:
    names = [form.name for form in FORMATS]
    dialog.formats.buttons[names.index(name)].setChecked(True)


def exported(dialog: ExportDialog, qtbot: QtBot, name: str, target: Path) -> None:
    choose(dialog, name)
    dialog.export(target, replace=False)
    qtbot.waitUntil(dialog.export_button.isEnabled, timeout=60000)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["hilum", "openvino"])
def test_a_model_is_exported_by_a_child(
    dialog: ExportDialog, qtbot: QtBot, tmp_path: Path, name: str
) -> None:
    exported(dialog, qtbot, name, tmp_path / "out.model")
    assert dialog.outcome.word == "Written"
    assert dialog.outcome.hint == dialog.chosen.sameness
    assert (tmp_path / "out.model").exists()


@pytest.mark.training
def test_what_is_converted_is_said_to_agree_with_the_model(
    qtbot: QtBot, tmp_path: Path, tiny_bundle: ModelBundle
) -> None:
    pytest.importorskip("keras")
    from core.runs.config import TrainingConfig
    from tests.networks import lively_network, write_network_bundle

    config = TrainingConfig(backbone="vgg16", head="8", size=32)
    bundle = write_network_bundle(
        tmp_path / "bundle", lively_network(config), config, tiny_bundle
    )
    dialog = ExportDialog(bundle)
    qtbot.addWidget(dialog)
    dialog.show()
    choose(dialog, "keras")
    dialog.export(tmp_path / "out.keras", replace=False)
    qtbot.waitUntil(dialog.export_button.isEnabled, timeout=180000)
    assert dialog.outcome.word == "Written", dialog.outcome.text
    assert "Checked: its outputs are the model's." in dialog.outcome.hint
    assert (tmp_path / "out.keras").is_file()
    dialog.close()


def test_what_each_format_is_for_is_shown_whole(dialog: ExportDialog) -> None:
    QTest.qWait(50)
    for note in dialog.formats.findChildren(Caption):
        assert note.height() >= note.heightForWidth(note.width()), note.text()


@pytest.mark.slow
def test_an_export_that_fails_says_why(
    dialog: ExportDialog, qtbot: QtBot, tmp_path: Path
) -> None:
    (tmp_path / "there.hilum").write_text("mine")
    exported(dialog, qtbot, "hilum", tmp_path / "there.hilum")
    assert dialog.outcome.word == "Not written"
    assert "exists" in dialog.outcome.text
    assert (tmp_path / "there.hilum").read_text() == "mine"


def test_formats_that_need_weights_are_off_without_them(dialog: ExportDialog) -> None:
    for form, choice in zip(FORMATS, dialog.formats.buttons, strict=True):
        assert choice.isEnabled() is not form.needs_weights


def test_the_wheel_over_the_worst_mistakes_scrolls_the_page(
    page: ReportPage, qtbot: QtBot, run: Run
) -> None:
    shown(page, qtbot, run)
    view = page.body.mistakes
    for along in (0, -120):
        at = QPointF(view.viewport().rect().center())
        event = QWheelEvent(
            at,
            at,
            QPoint(),
            QPoint(along, 0 if along else -120),
            Qt.MouseButton.NoButton,
            Qt.KeyboardModifier.NoModifier,
            Qt.ScrollPhase.NoScrollPhase,
            False,
        )
        QApplication.sendEvent(view.viewport(), event)
        # Qt hands one that is not accepted on to what the films stand in.
        is_kept = event.isAccepted()
        assert is_kept == (along != 0 and view.horizontalScrollBar().maximum() > 0)


def test_films_can_be_tried_before_the_model_is_used(
    page: ReportPage, qtbot: QtBot, run: Run, tmp_path: Path, film: Path
) -> None:
    page.candidate.set_model_in_use(write_tiny_bundle(tmp_path / "other", shift=2.0))
    page.candidate.trial.set_films([OpenFilm(film)])
    shown(page, qtbot, run)
    page.candidate.stop()
    qtbot.waitUntil(page.candidate.trial.try_button.isVisible)
    page.candidate.trial.try_button.click()
    qtbot.waitUntil(lambda: len(page.candidate.trial.table.cells.rows) == 1)
