from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from PyQt5.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PyQt5.QtGui import QDragEnterEvent, QDropEvent
from PyQt5.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from core.errors import BundleError
from core.model import in_use as model_store
from core.model.archive import pack_bundle
from core.model.bundle import CARD, GRAPH_WEIGHTS, ModelBundle
from core.paths import models_dir
from desktop.app.main_window import MainWindow
from desktop.models import file_dialogs as model_dialogs
from desktop.models import list_dialog as models_dialog
from desktop.models.file_dialogs import ImportDialog
from desktop.models.list_dialog import ModelsDialog
from desktop.settings import Settings
from tests.started_window import run_window
from tests.tiny_bundle import write_tiny_bundle


@pytest.fixture
def window(
    qtbot: QtBot, tiny_bundle: ModelBundle, monkeypatch: pytest.MonkeyPatch
) -> Iterator[MainWindow]:
    monkeypatch.setattr("core.paths.default_bundle_dir", lambda: tiny_bundle.path)
    window = MainWindow(Settings())
    qtbot.addWidget(window)
    window.show()
    qtbot.waitUntil(lambda: window.model.bundle is not None, timeout=10000)
    yield window
    window.close()


@pytest.fixture
def sent(tmp_path: Path) -> Path:
    """A packed model of another's."""
    return packed(tmp_path, "Sent", 2.0)


def packed(folder: Path, name: str, shift: float) -> Path:
    bundle = write_tiny_bundle(folder / name, name=name, shift=shift)
    file = folder / f"{name}.hilum"
    pack_bundle(bundle, file)
    return file


def answer(monkeypatch: pytest.MonkeyPatch, yes: bool) -> list[str]:
    """Answer the question that an import asks; the names that it asked for."""
    asked: list[str] = []

    def reply(found: ModelBundle, parent: QWidget) -> bool:
        asked.append(found.card.name)
        return yes

    monkeypatch.setattr(model_dialogs, "confirm_import", reply)
    return asked


def drop(target: QWidget, *files: Path) -> None:
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(file)) for file in files])
    keys, button = Qt.KeyboardModifier.NoModifier, Qt.MouseButton.LeftButton
    action = Qt.DropAction.CopyAction
    enter = QDragEnterEvent(QPoint(50, 50), action, mime, button, keys)
    target.dragEnterEvent(enter)
    assert enter.isAccepted()
    target.dropEvent(QDropEvent(QPointF(50, 50), action, mime, button, keys))


def uses(window: MainWindow, name: str) -> bool:
    return window.model.bundle is not None and window.model.bundle.card.name == name


# One path for all


def test_a_model_that_is_dropped_is_imported(
    window: MainWindow, qtbot: QtBot, sent: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = answer(monkeypatch, yes=True)
    drop(window, sent)
    qtbot.waitUntil(lambda: uses(window, "Sent"), timeout=10000)
    assert asked == ["Sent"]
    assert len(window.diagnose.session.films) == 0


def test_a_model_dropped_on_the_retrain_tab_is_imported_too(
    window: MainWindow, qtbot: QtBot, sent: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer(monkeypatch, yes=True)
    window._tabs.setCurrentWidget(window.retrain)
    drop(window, sent)
    qtbot.waitUntil(lambda: uses(window, "Sent"), timeout=10000)
    assert window._tabs.currentWidget() is window.retrain


def test_a_model_that_the_system_opens_is_imported(
    window: MainWindow, qtbot: QtBot, sent: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer(monkeypatch, yes=True)
    window.open_paths([sent])
    qtbot.waitUntil(lambda: uses(window, "Sent"), timeout=10000)


def test_films_and_models_come_together(
    window: MainWindow,
    qtbot: QtBot,
    sent: Path,
    film: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answer(monkeypatch, yes=True)
    window.open_paths([film, sent])
    qtbot.waitUntil(lambda: uses(window, "Sent"), timeout=10000)
    qtbot.waitUntil(lambda: not window.diagnose.session.is_reading, timeout=10000)
    assert len(window.diagnose.session.films) == 1
    assert window.diagnose.ui.banner.isHidden()


def test_two_models_are_asked_about_one_after_the_other(
    window: MainWindow,
    qtbot: QtBot,
    tmp_path: Path,
    sent: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = answer(monkeypatch, yes=True)
    window.open_paths([sent, packed(tmp_path, "Other", 3.0)])
    qtbot.waitUntil(lambda: uses(window, "Other"), timeout=10000)
    assert asked == ["Sent", "Other"]
    assert not list(models_dir().glob(".import-*"))


def test_a_damaged_file_does_not_keep_the_next_from_being_asked_about(
    window: MainWindow,
    qtbot: QtBot,
    tmp_path: Path,
    sent: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = answer(monkeypatch, yes=False)
    (tmp_path / "bad.hilum").write_bytes(sent.read_bytes()[:1000])
    window.open_paths([tmp_path / "bad.hilum", sent])
    qtbot.waitUntil(lambda: bool(asked), timeout=10000)
    assert "bad.hilum" in window.diagnose.ui.banner.notice.text


def test_the_model_in_use_is_not_asked_about_again(
    window: MainWindow,
    qtbot: QtBot,
    tiny_bundle: ModelBundle,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = answer(monkeypatch, yes=True)
    pack_bundle(tiny_bundle, tmp_path / "same.hilum")
    window.open_paths([tmp_path / "same.hilum"])
    said = window._status.activity
    qtbot.waitUntil(lambda: "in use already" in said.text, timeout=10000)
    assert asked == []


@pytest.mark.slow
def test_an_argument_of_the_command_line_is_imported_and_stays(
    isolated_home: Path, tiny_bundle: ModelBundle, sent: Path
) -> None:
    used = run_window(
        isolated_home,
        """
from desktop.models import file_dialogs as model_dialogs
model_dialogs.confirm_import = lambda found, parent: True
def end():
    print(window.model.bundle.card.name)
    done()
until(lambda: window.model.bundle.card.name == "Sent", end)
""",
        sent,
        bundle=tiny_bundle.path,
    )
    assert used.stdout == "Sent\n", used.stderr
    again = run_window(
        isolated_home,
        "print(window.model.bundle.card.name); done()",
        bundle=tiny_bundle.path,
    )
    assert again.stdout == "Sent\n", again.stderr


def test_the_question_shows_the_card_and_can_be_answered_by_keys(
    qtbot: QtBot, tiny_bundle: ModelBundle
) -> None:
    dialog = ImportDialog(tiny_bundle)
    qtbot.addWidget(dialog)
    dialog.show()
    assert dialog.use_button.isDefault()
    qtbot.keyClick(dialog, Qt.Key.Key_Escape)
    assert dialog.result() == ImportDialog.DialogCode.Rejected


# What is kept


@pytest.fixture
def shelf(
    tiny_bundle: ModelBundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> dict[str, Path]:
    """The shipped model, one before and one in use."""
    monkeypatch.setattr("core.paths.default_bundle_dir", lambda: tiny_bundle.path)
    for number, name in enumerate(("Before", "In use")):
        made = write_tiny_bundle(tmp_path / name, name=name, shift=1.0 + number)
        model_store.use(made.path)
    return {model.name: model.path for model in model_store.installed_models()}


def of(name: str) -> model_store.InstalledModel:
    return next(model for model in model_store.installed_models() if model.name == name)


def test_every_kept_model_is_listed_with_its_size(shelf: dict[str, Path]) -> None:
    assert set(shelf) == {"Tiny test model", "Before", "In use"}
    assert model_store.installed_models()[0].is_shipped
    assert of("In use").is_in_use
    assert of("Before").can_be_removed
    assert of("Before").size > 1000


def test_a_model_before_is_removed_and_cannot_be_gone_back_to(
    shelf: dict[str, Path],
) -> None:
    earlier = model_store.previous()
    assert earlier is not None
    assert earlier.name == "Before"
    model_store.remove(of("Before"))
    assert not shelf["Before"].exists()
    left = model_store.previous()
    assert left is not None
    assert left.name != "Before"
    assert sorted(path.name for path in models_dir().iterdir()) == sorted(
        [shelf["In use"].name, "state.json"]
    )


def test_the_model_in_use_stays(shelf: dict[str, Path]) -> None:
    with pytest.raises(BundleError) as caught:
        model_store.remove(of("In use"))
    assert caught.value.hint
    assert (shelf["In use"] / CARD).is_file()


def test_a_model_that_another_window_has_put_to_use_meanwhile_stays(
    shelf: dict[str, Path],
) -> None:
    listed = of("Before")
    model_store.use(shelf["Before"])
    with pytest.raises(BundleError, match="in use"):
        model_store.remove(listed)


def test_a_damaged_model_is_listed_and_can_be_removed(shelf: dict[str, Path]) -> None:
    (shelf["Before"] / CARD).write_text("{")
    damaged = next(model for model in model_store.installed_models() if model.damage)
    assert "damaged" in damaged.damage
    model_store.remove(damaged)
    assert not shelf["Before"].exists()


def choose_in(dialog: ModelsDialog, name: str) -> None:
    for row in range(dialog.models.count()):
        if dialog.models.item(row).text().startswith(name):
            dialog.models.setCurrentRow(row)


def test_the_list_removes_after_a_yes(
    qtbot: QtBot, shelf: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    dialog = ModelsDialog()
    qtbot.addWidget(dialog)
    dialog.show()
    qtbot.waitUntil(lambda: dialog.models.count() == 3, timeout=5000)
    current = dialog.current
    assert current is not None
    assert current.name == "In use"
    assert not dialog.remove_button.isEnabled()
    choose_in(dialog, "Before")
    monkeypatch.setattr(models_dialog, "choose", lambda *asked: 1)
    dialog.remove_button.click()
    assert shelf["Before"].exists()
    monkeypatch.setattr(models_dialog, "choose", lambda *asked: 0)
    dialog.remove_button.click()
    qtbot.waitUntil(lambda: dialog.models.count() == 2, timeout=5000)
    assert not shelf["Before"].exists()
    dialog.reject()


def test_the_list_puts_another_model_to_use(
    qtbot: QtBot, shelf: dict[str, Path]
) -> None:
    dialog = ModelsDialog()
    qtbot.addWidget(dialog)
    dialog.show()
    qtbot.waitUntil(lambda: dialog.models.count() == 3, timeout=5000)
    choose_in(dialog, "Before")
    qtbot.keyClick(dialog.models, Qt.Key.Key_Return)
    assert dialog.result() == ModelsDialog.DialogCode.Accepted
    assert dialog.wanted == shelf["Before"]


# What cannot be read


SAY = """
def end():
    print(window._status.model.text)
    banner = window.diagnose.ui.banner
    print(banner.notice.text, banner.notice.hint)
    done()
def is_settled():
    banner = window.diagnose.ui.banner
    has_model = window.model.bundle is not None or "no model" in banner.notice.text
    return banner.isVisible() and has_model
until(is_settled, end)
"""


@pytest.mark.slow
def test_a_model_in_use_that_became_unreadable_gives_way_and_is_named(
    isolated_home: Path, shelf: dict[str, Path], tiny_bundle: ModelBundle
) -> None:
    (shelf["In use"] / GRAPH_WEIGHTS).write_bytes(b"other")
    ended = run_window(isolated_home, SAY, bundle=tiny_bundle.path)
    model, told = ended.stdout.splitlines()
    assert model == "Model: Tiny test model"
    assert "Hilum's own takes its place" in told
    assert str(shelf["In use"]) in told


@pytest.mark.slow
def test_a_model_of_a_newer_hilum_gives_way_politely(
    isolated_home: Path, shelf: dict[str, Path], tiny_bundle: ModelBundle
) -> None:
    card = shelf["In use"] / CARD
    card.write_text(json.dumps({**json.loads(card.read_text()), "format_version": 3}))
    ended = run_window(isolated_home, SAY, bundle=tiny_bundle.path)
    assert "made by a newer Hilum (format 3)" in ended.stdout
    assert "Get the newer Hilum" in ended.stdout


@pytest.mark.slow
def test_a_damaged_bundle_in_the_installation_leaves_all_else_working(
    isolated_home: Path, tiny_bundle: ModelBundle, tmp_path: Path, film: Path
) -> None:
    broken = tmp_path / "installed"
    shutil.copytree(tiny_bundle.path, broken)
    (broken / GRAPH_WEIGHTS).unlink()
    ended = run_window(
        isolated_home,
        SAY.replace(
            "done()", "until(lambda: window.diagnose.session.shown_film, done)"
        ),
        film,
        bundle=broken,
    )
    assert ended.returncode == 0, ended.stderr
    assert "Hilum's own model cannot be used" in ended.stdout
    assert "Install Hilum again, or choose another model" in ended.stdout


def test_a_model_agreed_to_before_the_first_one_is_open_is_used(
    qtbot: QtBot,
    tiny_bundle: ModelBundle,
    sent: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("core.paths.default_bundle_dir", lambda: tiny_bundle.path)
    answer(monkeypatch, yes=True)
    window = MainWindow(Settings())
    qtbot.addWidget(window)
    # Not shown yet, so nothing is open; the model of the start comes after the yes.
    with qtbot.waitSignal(window.model.status_changed, timeout=10000):
        window.open_paths([sent])
    window.model._on_opened_first((tiny_bundle, None))
    window.show()
    qtbot.waitUntil(lambda: uses(window, "Sent"), timeout=10000)
    assert window.diagnose.ui.banner.isHidden()
    window.close()
