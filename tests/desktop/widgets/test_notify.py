from __future__ import annotations

import sys
import threading

import pytest
from PyQt5.QtCore import QObject, Qt, pyqtSlot
from PyQt5.QtGui import QGuiApplication
from PyQt5.QtWidgets import QPushButton, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from core.errors import ImageReadError
from desktop.app.crash_hook import CrashReporter
from desktop.widgets.notify import Notice, NoticeBanner, notice_of, summary_of


@pytest.fixture
def host(qtbot: QtBot) -> QWidget:
    host = QWidget()
    qtbot.addWidget(host)
    return host


@pytest.fixture
def banner(host: QWidget) -> NoticeBanner:
    column = QVBoxLayout(host)
    banner = NoticeBanner(host)
    column.addWidget(banner)
    column.addWidget(QPushButton("work", host))
    host.show()
    return banner


def test_a_banner_is_hidden_until_something_fails(banner: NoticeBanner) -> None:
    assert banner.isHidden()
    banner.show_notice(Notice("It failed.", "Try again."))
    assert banner.isVisible()
    assert banner.accessibleName() == "Problem: It failed."


def test_copy_details_puts_all_of_it_into_the_clipboard(
    banner: NoticeBanner, qtbot: QtBot
) -> None:
    error = ImageReadError("The film is damaged.", hint="Export it again.")
    banner.show_notice(notice_of(error, about="/films/a.png"))
    button = next(
        child for child in banner.findChildren(QPushButton) if "details" in child.text()
    )
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    text = QGuiApplication.clipboard().text()
    for part in ("damaged", "Export it again.", "/films/a.png", "ImageReadError"):
        assert part in text


def test_escape_dismisses_and_gives_the_keyboard_back(
    banner: NoticeBanner, qtbot: QtBot
) -> None:
    work = banner.parentWidget().findChild(QPushButton)
    work.setFocus()
    banner.show_notice(Notice("It failed."))
    qtbot.keyClick(banner, Qt.Key.Key_Escape)
    assert banner.isHidden()
    assert banner.window().focusWidget() is work


def test_the_cause_of_an_error_is_in_its_details() -> None:
    error = ImageReadError("It cannot be read.", hint="Look again.")
    error.__cause__ = OSError(5, "Input/output error")
    assert "Input/output error" in notice_of(error).details


def test_one_failure_is_told_as_it_is() -> None:
    notice = Notice("It failed.", "Try again.", "details")
    assert summary_of([notice], 7) is notice


def test_several_failures_are_counted_and_all_kept_in_the_details() -> None:
    notices = [Notice("A failed.", details="a"), Notice("B failed.", details="b")]
    told = summary_of(notices, 5)
    assert told.text == "2 of 5 files could not be opened."
    assert "B failed." in told.hint
    assert told.details == "a\n\nb"


def test_a_crash_in_a_thread_is_told_in_the_gui_thread(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    for owner in (sys, threading):
        monkeypatch.setattr(owner, "excepthook", owner.excepthook)

    class Listener(QObject):
        @pyqtSlot(object)
        def note(self, notice: Notice) -> None:
            self.notice = notice
            self.was_main = threading.current_thread() is threading.main_thread()

    reporter, listener = CrashReporter(), Listener()
    reporter.crashed.connect(listener.note)
    reporter.install()

    def fail() -> None:
        raise ZeroDivisionError("a bug")

    with qtbot.waitSignal(reporter.crashed):
        thread = threading.Thread(target=fail)
        thread.start()
        thread.join()
    reporter.end()
    assert listener.was_main
    assert "bug" in listener.notice.text
    assert "ZeroDivisionError" in listener.notice.details
