from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import pytest
from PyQt5.QtCore import Qt
from pytestqt.qtbot import QtBot

from core.model.bundle import CARD, ModelBundle
from core.model.local_card import local_card_path, read_local_card
from desktop.app.main_window import MainWindow
from desktop.models.local_card_dialog import LocalCardDialog
from desktop.settings import Settings
from tests.phantoms import write_phantom_set


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_phantom_set(tmp_path_factory.mktemp("films"), per_label=18, size=64)


@pytest.fixture
def window(qtbot: QtBot, tiny_bundle: ModelBundle) -> Iterator[MainWindow]:
    window = MainWindow(Settings(), tiny_bundle.path)
    qtbot.addWidget(window)
    window.show()
    qtbot.waitUntil(lambda: window.model.bundle is not None, timeout=10000)
    yield window
    window.close()


@pytest.fixture
def dialog(window: MainWindow, qtbot: QtBot) -> Iterator[LocalCardDialog]:
    dialog = LocalCardDialog(window.model, window)
    dialog.show()
    yield dialog
    dialog.reject()


def test_a_list_of_labelled_films_gives_points_that_verdicts_use_and_say(
    window: MainWindow,
    dialog: LocalCardDialog,
    qtbot: QtBot,
    films: Path,
    film: Path,
    tiny_bundle: ModelBundle,
) -> None:
    before = (tiny_bundle.path / CARD).read_bytes()
    panel = window.diagnose.ui.panel
    window.open_paths([film])
    qtbot.waitUntil(lambda: panel.model.text().startswith("Read by"), timeout=10000)
    dialog.take_list(films)
    qtbot.waitUntil(lambda: dialog.state.text() == "Not in use yet.", timeout=20000)
    rows = dialog.table.cells.rows
    assert [row[:2] for row in rows] == [
        ("COVID-19", "18"),
        ("Pneumonia", "18"),
        ("Normal", "18"),
    ]
    assert rows[0][2].endswith(")")  # with its interval
    assert "54 films of your own, 42 patients or groups" in dialog.notes.text()
    assert "cannot be told" in dialog.notes.text()  # the tiny model keeps no scores
    assert read_local_card(tiny_bundle) is None
    dialog.use()
    qtbot.waitUntil(lambda: dialog.state.text().startswith("In use"), timeout=10000)
    qtbot.waitUntil(
        lambda: "Local operating points" in panel.model.text(), timeout=10000
    )
    kept = read_local_card(tiny_bundle)
    assert kept is not None
    assert [bar.row.threshold for bar in panel.bars.bars.values()] == [
        point.threshold for point in kept.points
    ]
    assert (tiny_bundle.path / CARD).read_bytes() == before
    dialog.remove()
    qtbot.waitUntil(lambda: "Local" not in panel.model.text(), timeout=10000)
    assert not local_card_path(tiny_bundle).exists()
    assert [bar.row.threshold for bar in panel.bars.bars.values()] == [0.5] * 3


def test_films_of_a_list_that_are_left_out_are_told(
    dialog: LocalCardDialog, qtbot: QtBot, films: Path, tmp_path: Path
) -> None:
    (tmp_path / "broken.png").write_bytes(b"no film")
    with open(films, encoding="utf-8") as file:
        known = list(csv.DictReader(file))
    rows = [f"{films.parent / row['file']},{row['label']}" for row in known]
    first = rows.pop(0).rpartition(",")[0]
    listed = tmp_path / "listed.csv"
    rows = ["file,label", *rows, f"{first},other", "broken.png,covid"]
    listed.write_text("\n".join(rows), "utf-8")
    dialog.take_list(listed)
    qtbot.waitUntil(lambda: dialog.state.text() == "Not in use yet.", timeout=20000)
    assert "Left out: 1 film, labelled other." in dialog.notes.text()
    assert "Left out: 1 film, which cannot be read." in dialog.notes.text()


def test_films_of_a_folder_are_labelled_with_one_key_each(
    dialog: LocalCardDialog, qtbot: QtBot, films: Path
) -> None:
    labels = dialog.films
    dialog.label_folder(films.parent)
    qtbot.waitUntil(
        lambda: labels.title.text().startswith("Film 1 of 54"), timeout=10000
    )
    qtbot.waitUntil(lambda: labels.view.film is not None, timeout=10000)
    for key in "123":
        qtbot.keyClick(labels.view, key)
    assert list(labels.labels.values()) == ["covid", "pneumonia", "normal"]
    qtbot.keyClick(labels.view, Qt.Key.Key_Backspace)
    assert list(labels.labels.values()) == ["covid", "pneumonia"]
    qtbot.keyClick(labels.view, Qt.Key.Key_Space)
    assert labels.title.text().startswith("Film 4 of 54")
    for _ in range(47):
        qtbot.keyClick(labels.view, "1")
    assert not dialog.work_button.isEnabled()  # 49 of at least 50
    qtbot.keyClick(labels.view, "1")
    assert dialog.work_button.isEnabled()
    dialog.work_out()
    qtbot.waitUntil(lambda: dialog.state.text() == "Not in use yet.", timeout=20000)
    assert "the model's own: fewer than 5 local films have it" in dialog.notes.text()


def test_too_few_films_are_refused_in_words(
    dialog: LocalCardDialog, qtbot: QtBot, films: Path, tmp_path: Path
) -> None:
    dialog.label_folder(films.parent / "normal")
    banner = dialog.banner
    qtbot.waitUntil(lambda: banner.isVisible(), timeout=10000)
    assert "normal has 18 films; at least 50 are needed." in banner.notice.text
    banner.dismiss()
    lines = films.read_text("utf-8").splitlines()[:20]
    few = films.with_name("few.csv")
    few.write_text("\n".join(lines), "utf-8")
    dialog.take_list(few)
    qtbot.waitUntil(lambda: banner.isVisible(), timeout=10000)
    assert "need at least 50 labelled films, and 19" in banner.notice.text
    assert dialog.folder_button.isEnabled()


def test_closing_while_films_are_read_ends_it(
    window: MainWindow, films: Path, qtbot: QtBot
) -> None:
    dialog = LocalCardDialog(window.model, window)
    dialog.show()
    dialog.take_list(films)
    dialog.reject()
    answers: list[str] = []
    window.model.ask(lambda model: "free", answers.append, pytest.fail)
    qtbot.waitUntil(lambda: answers == ["free"], timeout=10000)


def test_a_card_of_another_model_is_told_where_it_stands(
    window: MainWindow, tiny_bundle: ModelBundle, qtbot: QtBot
) -> None:
    path = local_card_path(tiny_bundle)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("{}")
    dialog = LocalCardDialog(window.model, window)
    qtbot.addWidget(dialog)
    dialog.show()
    assert "cannot be understood" in dialog.banner.notice.text
    assert dialog.remove_button.isEnabled()
