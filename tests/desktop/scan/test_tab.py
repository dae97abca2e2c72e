"""Scans from the drop to the summary, with real children."""

from __future__ import annotations

import dataclasses
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import msgspec
import psutil
import pytest
from PyQt5.QtCore import QTimer
from PyQt5.QtWidgets import (
    QAbstractButton,
    QApplication,
    QLabel,
    QMessageBox,
    QPushButton,
    QWidget,
)
from pytestqt.qtbot import QtBot

from core import paths
from core.model.bundle import INT8_GRAPH, ModelBundle
from core.scan import store as scans
from core.scan.progress import WATCHING, ScanProgress
from core.scan.record import (
    CANCELLED,
    FAILED,
    FINISHED,
    FROM_FOLDERS,
    FROM_LIST,
    NO_LABELS,
    PAUSED,
    RUNNING,
    ScanRecord,
)
from core.scan.results import ScanFile, read_labels, read_rows
from core.scan.store import Scan
from desktop.film.corrections import LabelCorrections
from desktop.models.in_use import ModelInUse
from desktop.scan.kind import labels_in, record_for
from desktop.scan.page import neighbours
from desktop.scan.progress import ScanHead
from desktop.scan.tab import ScanTab
from desktop.settings import Settings
from tests.deadly_core import COMMAND
from tests.processes import running
from tests.scan_folder import png, write_films
from tests.small_disk import tiny_disk
from tests.tiny_bundle import write_tiny_bundle

MakeTab = Callable[[], ScanTab]
LABELS = ("covid", "pneumonia", "normal")
MANY = 250


def new_tab() -> ScanTab:
    """A tab as a window makes it; the model has not been opened."""
    return ScanTab(Settings(), ModelInUse(), LabelCorrections())


@pytest.fixture
def make_tab(qtbot: QtBot, tiny_bundle: ModelBundle) -> Iterator[MakeTab]:
    tabs: list[ScanTab] = []

    def make() -> ScanTab:
        tab = new_tab()
        qtbot.addWidget(tab)
        tab.resize(1100, 760)
        tab.set_bundle(tiny_bundle)
        tab.show()
        tab.start()
        tabs.append(tab)
        return tab

    yield make
    for tab in tabs:
        close(tab)


@pytest.fixture
def tab(make_tab: MakeTab) -> ScanTab:
    return make_tab()


@pytest.fixture
def films(tmp_path: Path) -> Path:
    """A folder with a subfolder per label."""
    folder = write_films(tmp_path / "films", "covid/a.png", "covid/b.png", level=240)
    return write_films(folder, "normal/c.png", level=10)


@pytest.fixture
def many(tmp_path: Path) -> Path:
    """Enough films for a scan to be caught half-way."""
    names = [f"{number:04}.png" for number in range(MANY)]
    folder = write_films(tmp_path / "many")
    folder.mkdir()
    film = folder / names[0]
    film.write_bytes(png(200, size=768))
    for name in names[1:]:
        os.link(film, folder / name)
    return folder


def close(tab: ScanTab) -> None:
    """As the window does."""
    tab.shut_down()
    tab.hide()


def choose_folder(tab: ScanTab, qtbot: QtBot, folder: Path) -> None:
    tab.take_folder(folder)
    qtbot.waitUntil(lambda: tab.start_page.folder == folder)


def begin(tab: ScanTab, qtbot: QtBot, folder: Path) -> Scan:
    """Start a scan by a drop and a click, and wait for its first films."""
    choose_folder(tab, qtbot, folder)
    tab.start_page.options.choose_labels(NO_LABELS)
    tab.start_page.start_button.click()
    under_way(tab, qtbot)
    active = tab.controller.active
    assert active is not None
    return active


def under_way(tab: ScanTab, qtbot: QtBot, films: int = 1) -> None:
    """Wait until so many films have been read."""

    def has_begun() -> bool:
        progress = tab.controller.progress
        return progress is not None and progress.done >= films

    qtbot.waitUntil(has_begun, timeout=60_000)


def at_rest(tab: ScanTab, qtbot: QtBot) -> Scan:
    """Wait for the end; the scan as it is written down."""
    qtbot.waitUntil(lambda: not tab.controller.is_running, timeout=60_000)
    page = tab.scan_page
    assert page.scan is not None
    scan = page.scan
    qtbot.waitUntil(lambda: page.rows == scan.rows(), timeout=60_000)
    return scans.read_scan(scan.path)


def list_again(tab: ScanTab, qtbot: QtBot) -> None:
    """Wait until a scan is listed that was made behind the tab's back."""
    tab.controller.refresh()
    listed = tab.start_page.scans.delete_button
    qtbot.waitUntil(lambda: listed.isEnabled(), timeout=60_000)


def files_in(scan: Scan) -> list[str]:
    return [row.file for row in read_rows(scan.results, LABELS)]


def child_of(tab: ScanTab) -> psutil.Process:
    (child,) = running(psutil.Process().children(), "scan")
    return child


def a_record(bundle: ModelBundle, folder: Path, **changes: object) -> ScanRecord:
    record = ScanRecord(
        folder=folder,
        started=datetime(2026, 1, 2, 3, 4, 5).astimezone(),
        model=bundle.card.name,
        bundle=bundle.path,
        model_sha256=bundle.sha256,
        card_labels=tuple(bundle.card.labels),
    )
    return scans.changed(Scan(Path(), record), **changes).record


def letters_of(tab: ScanTab) -> list[str]:
    """What Alt and a letter would press, in what is on screen."""
    texts = [each.text() for each in tab.findChildren(QAbstractButton) if seen(each)]
    texts += [each.text() for each in tab.findChildren(QLabel) if seen(each)]
    bar = tab.scan_page.pages.tabBar()
    if seen(bar):
        texts += [bar.tabText(0), bar.tabText(1)]
    return [found[1].lower() for text in texts if (found := re.search("&(.)", text))]


def seen(widget: QWidget) -> bool:
    return bool(widget.isVisible())


def repeated(letters: list[str]) -> list[str]:
    return sorted({each for each in letters if letters.count(each) > 1})


def answer(words: str) -> None:
    """Answer the question that will be asked."""

    def press() -> None:
        box = QApplication.activeModalWidget()
        if not isinstance(box, QMessageBox):
            QTimer.singleShot(20, press)
            return
        buttons = box.findChildren(QPushButton)
        next(b for b in buttons if b.text().replace("&", "") == words).click()

    QTimer.singleShot(20, press)


# Before a scan


def test_nothing_is_made_before_the_tab_is_shown(
    qtbot: QtBot, tiny_bundle: ModelBundle
) -> None:
    tab = new_tab()
    qtbot.addWidget(tab)
    tab.set_bundle(tiny_bundle)
    tab.start()
    with qtbot.waitSignal(tab.controller.listed):
        pass
    assert tab.page is None
    tab.show()
    assert tab.page is tab.start_page
    close(tab)


def test_a_first_start_invites(tab: ScanTab) -> None:
    assert tab.start_page.scans.isHidden()
    assert tab.start_page.options.isHidden()
    assert tab.start_page.choose_button.isVisible()


def test_labels_are_offered_where_folders_are_named_like_them(
    tab: ScanTab, qtbot: QtBot, films: Path, tmp_path: Path
) -> None:
    choose_folder(tab, qtbot, films)
    assert tab.start_page.options.labels == FROM_FOLDERS
    assert tab.start_page.start_button.isEnabled()
    choose_folder(tab, qtbot, write_films(tmp_path / "plain", "x/a.png"))
    assert tab.start_page.options.labels == NO_LABELS


def test_labels_are_offered_where_the_folder_came_before_the_model(
    qtbot: QtBot, tiny_bundle: ModelBundle, films: Path
) -> None:
    tab = new_tab()
    qtbot.addWidget(tab)
    tab.show()
    choose_folder(tab, qtbot, films)
    assert not tab.start_page.start_button.isEnabled()
    tab.set_bundle(tiny_bundle)
    qtbot.waitUntil(lambda: tab.start_page.start_button.isEnabled())
    assert tab.start_page.options.labels == FROM_FOLDERS
    close(tab)


def test_what_is_no_single_folder_is_refused_with_advice(
    tab: ScanTab, qtbot: QtBot, films: Path
) -> None:
    tab.take_paths([films / "covid", films / "normal"])
    assert "a scan takes one folder" in tab.start_page.refusal.text
    tab.take_paths([films / "covid" / "a.png"])
    qtbot.waitUntil(lambda: "a.png is a file" in tab.start_page.refusal.text)
    assert "Choose the folder that it lies in." in tab.start_page.refusal.text
    tab.take_paths([films])
    qtbot.waitUntil(lambda: tab.start_page.folder == films)
    assert not tab.start_page.refusal.text


def test_integers_are_offered_where_the_model_has_them(
    tab: ScanTab, tiny_bundle: ModelBundle
) -> None:
    box = tab.start_page.options.precision_box
    names = [box.itemData(row) for row in range(box.count())]
    assert names == ["float32", "fast", "bfloat16", None]
    assert box.itemText(1).startswith("Fast: what this computer does quickest")
    assert "has no graph calibrated for it" in box.itemText(3)
    assert not box.model().item(3).isEnabled()
    card = tiny_bundle.card
    files = {**card.files, INT8_GRAPH: "0" * 64}
    calibrated = msgspec.structs.replace(card, files=files)
    tab.set_bundle(dataclasses.replace(tiny_bundle, card=calibrated))
    assert box.findData("int8") == 3


def test_a_list_of_labels_must_be_chosen(
    tab: ScanTab, qtbot: QtBot, films: Path
) -> None:
    choose_folder(tab, qtbot, films)
    tab.start_page.options.sources.buttons[-1].click()
    assert not tab.start_page.start_button.isEnabled()
    assert "CSV" in tab.start_page.why


def test_a_folder_that_cannot_be_scanned_is_refused(
    tab: ScanTab, qtbot: QtBot, tmp_path: Path, film: Path
) -> None:
    for path in (tmp_path / "gone", film):
        tab.take_folder(path)
        qtbot.waitUntil(lambda name=path.name: name in tab.start_page.refusal.text)
        assert tab.start_page.folder is None


def test_only_so_many_folders_are_looked_at(
    tmp_path: Path, tiny_bundle: ModelBundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("desktop.scan.kind._MOST_LOOKED_AT", 3)
    for name in ("a", "b", "c", "d"):
        (tmp_path / name / "covid").mkdir(parents=True)
    assert labels_in(tmp_path, tiny_bundle.card) == ()


# A scan


@pytest.mark.slow
def test_a_dropped_folder_is_scanned_by_one_click(
    tab: ScanTab, qtbot: QtBot, films: Path
) -> None:
    said: list[str] = []
    tab.status_changed.connect(said.append)
    choose_folder(tab, qtbot, films)
    tab.start_page.start_button.click()
    qtbot.waitUntil(lambda: tab.controller.active is not None, timeout=60_000)
    scan = at_rest(tab, qtbot)
    assert any(words.startswith("Scan of films: ") for words in said)
    assert said[-1] == "The scan of films has finished: 3 films listed."
    page = tab.scan_page
    assert tab.page is page
    assert scan.record.status == FINISHED
    assert (scan.record.films, scan.record.done) == (3, 3)
    assert page.head.words.text() == "Finished. 3 films read: 2 COVID-19, 1 Normal."
    assert sorted(page.table.shown_files()) == sorted(files_in(scan))
    assert scan.totals() is not None
    assert page.pages.isTabEnabled(1)
    page.head.back_button.click()
    assert said[-1] == "", "the status line tells no more of what was left"


@pytest.mark.slow
def test_hidden_films_are_counted_or_read_by_choice(
    tab: ScanTab, qtbot: QtBot, tmp_path: Path
) -> None:
    folder = write_films(tmp_path / "dots", "a.png", "..dots1.png", "..dots2.png")
    choose_folder(tab, qtbot, folder)
    tab.start_page.start_button.click()
    qtbot.waitUntil(lambda: tab.controller.active is not None, timeout=60_000)
    assert files_in(at_rest(tab, qtbot)) == ["a.png"]
    said = tab.scan_page.summary.headline
    qtbot.waitUntil(lambda: "Left out: 2 hidden files." in said.text(), timeout=10_000)
    tab.scan_page.head.back_button.click()
    choose_folder(tab, qtbot, folder)
    tab.start_page.options.hidden_box.click()
    assert scans.list_scans()[0].record.lungs
    tab.start_page.options.lungs_box.click()
    tab.start_page.start_button.click()
    qtbot.waitUntil(lambda: tab.controller.active is not None, timeout=60_000)
    scan = at_rest(tab, qtbot)
    assert scan.record.hidden
    assert not scan.record.lungs
    assert len(files_in(scan)) == 3


@pytest.mark.slow
def test_a_scan_waits_and_goes_on(tab: ScanTab, qtbot: QtBot, many: Path) -> None:
    scan = begin(tab, qtbot, many)
    head = tab.scan_page.head
    head.pause_button.click()
    assert tab.controller.progress is not None
    assert head.words.text().startswith("Paused at")
    qtbot.waitUntil(lambda: scans.read_scan(scan.path).record.status == PAUSED)
    qtbot.waitUntil(lambda: _stands_still(tab, qtbot), timeout=60_000)
    assert scan.rows() < MANY
    head.pause_button.click()
    scan = at_rest(tab, qtbot)
    assert scan.record.status == FINISHED
    assert len(set(files_in(scan))) == len(files_in(scan)) == MANY


def _stands_still(tab: ScanTab, qtbot: QtBot) -> bool:
    active = tab.controller.active
    assert active is not None
    before = active.rows()
    qtbot.wait(400)
    return active.rows() == before


@pytest.mark.slow
def test_a_cancelled_scan_keeps_its_films_and_goes_on(
    tab: ScanTab, qtbot: QtBot, many: Path
) -> None:
    begin(tab, qtbot, many)
    tab.scan_page.head.cancel_button.click()
    scan = at_rest(tab, qtbot)
    assert scan.record.status == CANCELLED
    assert 0 < scan.rows() < MANY
    page = tab.scan_page
    assert page.head.words.text().startswith("Cancelled; what was done is kept")
    qtbot.waitUntil(lambda: page.pages.isTabEnabled(1), timeout=60_000)
    assert scan.totals() is not None  # made for it, since it could not
    tab.scan_page.head.resume_button.click()
    qtbot.waitUntil(lambda: tab.controller.active is not None, timeout=60_000)
    scan = at_rest(tab, qtbot)
    assert scan.record.status == FINISHED
    assert sorted(files_in(scan)) == sorted(path.name for path in many.iterdir())


@pytest.mark.slow
def test_letters_of_menus_and_tabs_are_used_once(
    tab: ScanTab, qtbot: QtBot, films: Path
) -> None:
    taken = [*"fevlh", *"dsr"]  # the window's menus and tabs
    choose_folder(tab, qtbot, films)
    assert repeated([*taken, *letters_of(tab)]) == []
    tab.start_page.start_button.click()
    under_way(tab, qtbot)
    assert repeated([*taken, *letters_of(tab)]) == []
    at_rest(tab, qtbot)
    assert repeated([*taken, *letters_of(tab)]) == []
    tab.scan_page.head.back_button.click()
    assert repeated([*taken, *letters_of(tab)]) == []


@pytest.mark.slow
def test_a_watched_folder_is_read_until_it_is_stopped(
    tab: ScanTab, qtbot: QtBot, films: Path
) -> None:
    choose_folder(tab, qtbot, films)
    tab.start_page.options.watch_box.click()
    tab.start_page.start_button.click()

    def is_watching() -> bool:
        progress = tab.controller.progress
        return progress is not None and progress.stage == WATCHING

    qtbot.waitUntil(is_watching, timeout=60_000)
    write_films(films, "normal/new.png", level=12)
    qtbot.waitUntil(lambda: tab.scan_page.rows == 4, timeout=60_000)
    qtbot.waitUntil(lambda: "new.png" in tab.scan_page.head.words.text())
    assert tab.scan_page.head.cancel_button.text() == "Stop &watching"
    tab.scan_page.head.cancel_button.click()
    scan = at_rest(tab, qtbot)
    assert scan.record.status == FINISHED
    assert scan.totals() is not None


@pytest.mark.slow
def test_a_film_is_opened_with_those_around_it(
    tab: ScanTab, qtbot: QtBot, films: Path
) -> None:
    (films / "covid" / "bad.png").write_bytes(b"\x89PNG\r\n\x1a\nno more")
    begin(tab, qtbot, films)
    at_rest(tab, qtbot)
    asked: list[tuple[list[Path], Path]] = []
    tab.films_asked.connect(lambda paths, shown: asked.append((paths, shown)))
    wanted = tab.scan_page.table.shown_files()[1]
    tab.scan_page.table.film_activated.emit(wanted)
    ((given, shown),) = asked
    assert shown == films / wanted
    readable = [f for f in tab.scan_page.table.shown_files() if "bad" not in f]
    assert given == [films / file for file in readable]


def test_neighbours_are_few_and_in_order() -> None:
    files = [f"{number}" for number in range(1000)]
    near = neighbours(files, "500", {"499"})
    assert near[0] == "480"
    assert near[-1] == "520"
    assert "499" not in near
    assert neighbours(files, "0", set())[0] == "0"
    assert neighbours(files, "elsewhere", set()) == ["elsewhere"]


# Nothing is lost


@pytest.mark.slow
def test_a_scan_goes_on_when_the_window_was_closed(
    make_tab: MakeTab, qtbot: QtBot, many: Path
) -> None:
    first = make_tab()
    scan = begin(first, qtbot, many)
    close(first)
    assert scans.read_scan(scan.path).record.status == RUNNING
    second = make_tab()
    qtbot.waitUntil(lambda: second.controller.active is not None, timeout=60_000)
    assert second.controller.job is not None
    assert second.controller.job.by_itself
    second.take_folder(many)  # whatever is on screen
    second.start_page.back_button.click()
    scan = at_rest(second, qtbot)
    assert scan.record.status == FINISHED
    assert len(set(files_in(scan))) == len(files_in(scan)) == MANY


@pytest.mark.slow
def test_a_paused_scan_does_not_go_on_by_itself(
    make_tab: MakeTab, qtbot: QtBot, many: Path
) -> None:
    first = make_tab()
    scan = begin(first, qtbot, many)
    first.scan_page.head.pause_button.click()
    qtbot.waitUntil(lambda: scans.read_scan(scan.path).record.status == PAUSED)
    close(first)
    second = make_tab()
    with qtbot.waitSignal(second.controller.listed):
        second.controller.refresh(goes_on=True)
    # Its process may still be ending, and is followed then.
    qtbot.waitUntil(lambda: not second.controller.is_running, timeout=60_000)
    assert scans.read_scan(scan.path).record.status == PAUSED
    resume_button = second.start_page.scans.resume_button
    # The list is read anew after the end, beside the window's thread.
    qtbot.waitUntil(resume_button.isEnabled, timeout=60_000)
    resume_button.click()
    qtbot.waitUntil(lambda: second.controller.active is not None, timeout=60_000)
    assert at_rest(second, qtbot).record.status == FINISHED


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="signals are a Unix matter")
def test_a_killed_child_is_started_again_as_long_as_that_gets_on(
    tab: ScanTab, qtbot: QtBot, many: Path
) -> None:
    begin(tab, qtbot, many)
    child = child_of(tab)
    child.send_signal(signal.SIGKILL)
    _wait_for_another(tab, qtbot, child)
    progress = tab.controller.progress
    assert progress is not None
    assert any("started again" in note for note in progress.notes)
    starts = 1
    while tab.controller.is_running:
        child, starts = child_of(tab), starts + 1
        child.send_signal(signal.SIGKILL)  # before it can read a film
        _wait_for_another(tab, qtbot, child)
    assert starts <= 3
    scan = at_rest(tab, qtbot)
    assert scan.record.status == FAILED
    assert "killed" in scan.record.message
    assert tab.scan_page.failure.isVisible()
    assert tab.scan_page.rows > 0
    tab.scan_page.head.resume_button.click()
    qtbot.waitUntil(lambda: tab.controller.active is not None, timeout=60_000)
    scan = at_rest(tab, qtbot)
    assert scan.record.status == FINISHED
    assert tab.scan_page.failure.isHidden()
    assert len(set(files_in(scan))) == len(files_in(scan)) == MANY


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="a crash opens a dialog on Windows")
def test_films_that_end_the_child_do_not_end_the_scan(
    tab: ScanTab, qtbot: QtBot, many: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paths, "core_command", lambda: COMMAND)
    deadly = ["0000 abort.png", "0001 abort.png", "0100 killed.png", "0240 abort.png"]
    write_films(many, *deadly)
    begin(tab, qtbot, many)
    scan = at_rest(tab, qtbot)
    assert scan.record.status == FINISHED
    assert len(set(files_in(scan))) == len(files_in(scan)) == MANY + len(deadly)
    labels = read_labels(scan.results)
    bad = [row.file for row in read_rows(scan.results, labels) if row.error]
    assert sorted(bad) == deadly


def _wait_for_another(tab: ScanTab, qtbot: QtBot, child: psutil.Process) -> None:
    """Wait for the next child, or the end."""
    qtbot.waitUntil(
        lambda: (not tab.controller.is_running) or _is_another(tab, child),
        timeout=60_000,
    )


def _is_another(tab: ScanTab, first: psutil.Process) -> bool:
    try:
        return child_of(tab).pid != first.pid
    except ValueError:  # between the two
        return False


_WINDOW = """
import sys
from pathlib import Path
from PyQt5.QtCore import QTimer
from PyQt5.QtWidgets import QApplication
from core.model.bundle import read_bundle
from desktop.scan.kind import record_for
from tests.desktop.scan.test_tab import new_tab
app = QApplication([])
tab = new_tab()
bundle = read_bundle(Path(sys.argv[1]))
tab.set_bundle(bundle)
tab.controller.start(record_for(Path(sys.argv[2]), bundle))
def tell():
    progress = tab.controller.progress
    if progress is not None and progress.done:
        print("under way", flush=True)
        timer.stop()
timer = QTimer()
timer.timeout.connect(tell)
timer.start(10)
app.exec()
"""


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="signals are a Unix matter")
def test_a_scan_goes_on_when_the_window_was_killed(
    make_tab: MakeTab, qtbot: QtBot, many: Path, tiny_bundle: ModelBundle
) -> None:
    words = [sys.executable, "-c", _WINDOW, str(tiny_bundle.path), str(many)]
    root = Path(__file__).resolve().parents[3]
    window = subprocess.Popen(words, cwd=root, stdout=subprocess.PIPE, text=True)
    assert window.stdout is not None
    assert window.stdout.readline().strip() == "under way"
    window.kill()
    window.communicate()
    tab = make_tab()
    qtbot.waitUntil(lambda: tab.controller.active is not None, timeout=60_000)
    active = tab.controller.active
    assert active is not None
    tab.take_folder(many)
    tab.start_page.back_button.click()
    scan = at_rest(tab, qtbot)
    assert scan.record.status == FINISHED
    assert len(set(files_in(scan))) == len(files_in(scan)) == MANY


@pytest.mark.slow
def test_an_interrupted_scan_is_said_to_go_on(
    qtbot: QtBot, tiny_bundle: ModelBundle, many: Path
) -> None:
    scans.new_scan(a_record(tiny_bundle, many))
    tab = new_tab()
    qtbot.addWidget(tab)
    tab.start()
    qtbot.waitUntil(lambda: tab.controller.active is not None, timeout=60_000)
    assert tab.page is None
    tab.show()
    qtbot.waitUntil(lambda: tab.page is not None, timeout=20_000)
    assert tab.page is tab.scan_page
    assert "interrupted" in tab.scan_page.head.line.text
    assert tab.scan_page.head.pause_button.isVisible()
    assert tab.scan_page.head.cancel_button.isVisible()
    tab.controller.stop()
    at_rest(tab, qtbot)
    close(tab)


@pytest.mark.slow
def test_a_scan_at_work_is_followed_whoever_started_it(
    make_tab: MakeTab, qtbot: QtBot, many: Path, tiny_bundle: ModelBundle
) -> None:
    scan = scans.new_scan(a_record(tiny_bundle, many))
    child = scan.channel.start(scan.command(tiny_bundle.path))
    tab = make_tab()
    under_way(tab, qtbot)
    assert tab.controller.active.path == scan.path
    assert tab.controller.job is not None
    assert not tab.controller.job.is_own
    tab.start_page.back_button.click()  # the page that was there before it
    assert tab.page is tab.scan_page
    tab.scan_page.head.pause_button.click()
    qtbot.waitUntil(lambda: _stands_still(tab, qtbot), timeout=60_000)
    close(tab)
    assert child.wait(timeout=60) == 3
    assert scans.read_scan(scan.path).record.status == PAUSED


@pytest.mark.slow
def test_a_scan_that_ended_without_a_window_is_finished(
    make_tab: MakeTab, qtbot: QtBot, films: Path, tiny_bundle: ModelBundle
) -> None:
    scan = scans.new_scan(a_record(tiny_bundle, films))
    assert scan.channel.start(scan.command(tiny_bundle.path)).wait() == 0
    tab = make_tab()
    list_again(tab, qtbot)
    assert not tab.controller.is_running
    record = scans.read_scan(scan.path).record
    assert (record.status, record.done) == (FINISHED, 3)


@pytest.mark.slow
def test_a_folder_that_vanishes_ends_the_scan_with_a_word(
    tab: ScanTab, qtbot: QtBot, many: Path
) -> None:
    scan = begin(tab, qtbot, many)
    # Its process may just be writing there.
    shutil.rmtree(scan.path, ignore_errors=True)
    qtbot.waitUntil(lambda: not tab.controller.is_running, timeout=60_000)


def _append(file: ScanFile, bundle: ModelBundle, name: str = "a.png") -> None:
    from tests.core.scan.test_store import a_row

    file.append(a_row(name, model_sha256=bundle.sha256))


# The model


@pytest.mark.slow
def test_a_scan_keeps_its_model_when_another_is_put_to_use(
    tab: ScanTab, qtbot: QtBot, many: Path, tmp_path: Path
) -> None:
    begin(tab, qtbot, many)
    tab.scan_page.head.cancel_button.click()
    scan = at_rest(tab, qtbot)
    tab.set_bundle(write_tiny_bundle(tmp_path / "other", shift=1.0, name="Another"))
    tab.scan_page.head.resume_button.click()
    qtbot.waitUntil(lambda: tab.controller.active is not None, timeout=60_000)
    scan = at_rest(tab, qtbot)
    assert scan.record.status == FINISHED
    assert {row.model for row in read_rows(scan.results, LABELS)} == {"Tiny test model"}


def test_a_scan_whose_model_is_gone_can_be_done_anew(
    tab: ScanTab, qtbot: QtBot, films: Path, tmp_path: Path
) -> None:
    gone = write_tiny_bundle(tmp_path / "gone", shift=2.0, name="Gone")
    scans.new_scan(a_record(gone, films, labels=FROM_FOLDERS, status=PAUSED))
    shutil.rmtree(gone.path)
    list_again(tab, qtbot)
    tab.start_page.scans.resume_button.click()
    qtbot.waitUntil(lambda: tab.page is not tab.start_page, timeout=60_000)
    page = tab.scan_page
    assert "Gone, is gone" in page.failure.cause.text
    assert page.head.resume_button.isHidden()
    page.head.anew_button.click()
    assert tab.start_page.folder == films
    assert tab.start_page.options.labels == FROM_FOLDERS
    assert tab.start_page.start_button.isEnabled()


# Bad input


def failed(tab: ScanTab, qtbot: QtBot, folder: Path) -> str:
    """Scan a folder that cannot be; what the tab says."""
    tab.controller.start(record_for(folder, tab.bundle))
    qtbot.waitUntil(lambda: tab.controller.active is not None, timeout=60_000)
    scan = at_rest(tab, qtbot)
    assert scan.record.status == FAILED
    assert tab.scan_page.failure.isVisible()
    return tab.scan_page.failure.cause.text


@pytest.mark.slow
def test_an_empty_folder_is_said_to_be_empty(
    tab: ScanTab, qtbot: QtBot, tmp_path: Path
) -> None:
    (tmp_path / "empty").mkdir()
    assert "no film" in failed(tab, qtbot, tmp_path / "empty")
    assert tab.scan_page.head.words.text() == "No film has been read yet."


@pytest.mark.slow
def test_a_folder_that_goes_half_way_leaves_what_was_done(
    tab: ScanTab, qtbot: QtBot, many: Path
) -> None:
    begin(tab, qtbot, many)
    many.rename(many.with_name("elsewhere"))
    scan = at_rest(tab, qtbot)
    assert scan.record.status == FAILED
    assert "no longer there" in scan.record.message
    assert "--resume" not in scan.record.hint
    assert 0 < tab.scan_page.rows < MANY
    many.with_name("elsewhere").rename(many)
    tab.scan_page.head.resume_button.click()
    qtbot.waitUntil(lambda: tab.controller.active is not None, timeout=60_000)
    assert at_rest(tab, qtbot).record.status == FINISHED


def test_a_full_home_is_said_and_nothing_starts(
    tab: ScanTab, qtbot: QtBot, films: Path, isolated_home: Path
) -> None:
    paths.scans_dir().parent.mkdir(parents=True, exist_ok=True)
    paths.scans_dir().touch()  # as good as a disk that takes nothing
    choose_folder(tab, qtbot, films)
    tab.start_page.start_button.click()
    qtbot.waitUntil(lambda: tab.banner.isVisible(), timeout=60_000)
    assert not tab.controller.is_running
    assert tab.page is tab.start_page


@pytest.mark.slow
def test_a_disk_that_fills_up_leaves_what_was_done(
    make_tab: MakeTab,
    qtbot: QtBot,
    many: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with tiny_disk(tmp_path / "home", 40) as home:
        monkeypatch.setenv("HILUM_HOME", str(home))
        tab = make_tab()
        choose_folder(tab, qtbot, many)
        tab.start_page.options.choose_labels(NO_LABELS)
        tab.start_page.start_button.click()
        # It may be full before anybody has looked at how far the scan is.
        qtbot.waitUntil(lambda: tab.controller.is_running, timeout=60_000)
        qtbot.waitUntil(lambda: not tab.controller.is_running, timeout=60_000)
        assert "no space left to write" in tab.scan_page.failure.cause.text
        assert "press Go on" in tab.scan_page.failure.cause.hint
        assert 0 < tab.scan_page.rows < MANY
        close(tab)


@pytest.mark.slow
def test_damaged_results_are_said_and_what_was_read_stays(
    tab: ScanTab, qtbot: QtBot, films: Path, tiny_bundle: ModelBundle
) -> None:
    scan = scans.new_scan(a_record(tiny_bundle, films, status=PAUSED, done=2))
    with ScanFile(scan.results, LABELS) as file:
        _append(file, tiny_bundle)
    with open(scan.results, "ab") as damaged:
        damaged.write(b"scribble\nscribble\n")
    list_again(tab, qtbot)
    tab.start_page.scans.open_button.click()
    qtbot.waitUntil(lambda: tab.banner.isVisible(), timeout=60_000)
    assert "Line 3 of results.csv" in tab.banner.notice.text
    assert tab.scan_page.rows == 1


@pytest.mark.slow
def test_true_labels_come_from_the_list_or_its_loss_is_said(
    tab: ScanTab, qtbot: QtBot, films: Path, tiny_bundle: ModelBundle
) -> None:
    listed = films / "labels.csv"
    listed.write_text("file,label\ncovid/a.png,pneumonia\n")
    asked = {"labels": FROM_LIST, "label_list": listed, "status": PAUSED}
    scan = scans.new_scan(a_record(tiny_bundle, films, done=1, **asked))
    with ScanFile(scan.results, LABELS) as file:
        _append(file, tiny_bundle, "covid/a.png")
    list_again(tab, qtbot)
    page, open_button = tab.scan_page, tab.start_page.scans.open_button
    open_button.click()
    qtbot.waitUntil(lambda: page.rows == 1)
    assert page.table.model.rows.truths.tolist() == [LABELS.index("pneumonia")]
    listed.unlink()
    open_button.click()
    qtbot.waitUntil(tab.banner.isVisible)
    qtbot.waitUntil(lambda: page.rows == 1)
    assert not page.table.model.rows.has_truths


def test_the_end_of_a_scan_moves_nothing_below_its_head(
    qtbot: QtBot, films: Path, tiny_bundle: ModelBundle
) -> None:
    head, record = ScanHead(), a_record(tiny_bundle, films, status=FINISHED)
    qtbot.addWidget(head)
    head.resize(900, 200)
    head.show()
    head.begin(record)
    head.show_rest(record, "Finished.", may_resume=True)
    opened = head.sizeHint().height()
    head.show_progress(ScanProgress())
    under_way = head.sizeHint().height()
    head.show_rest(record, "Finished.", may_resume=True)
    assert head.sizeHint().height() == under_way > opened
    head.begin(record)
    head.show_rest(record, "Finished.", may_resume=True)
    assert head.sizeHint().height() == opened


# Deleting


def test_a_scan_is_deleted_once_that_is_sure(
    tab: ScanTab, qtbot: QtBot, films: Path, tiny_bundle: ModelBundle
) -> None:
    scan = scans.new_scan(a_record(tiny_bundle, films, status=CANCELLED))
    list_again(tab, qtbot)
    answer("Keep")
    tab.start_page.scans.delete_button.click()
    assert scan.path.exists()
    answer("Delete")
    tab.start_page.scans.delete_button.click()
    qtbot.waitUntil(lambda: not scan.path.exists(), timeout=60_000)
    qtbot.waitUntil(lambda: tab.start_page.scans.isHidden())
    assert (films / "covid" / "a.png").exists()
