"""The one door through which errors reach the user."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from PyQt5 import sip
from PyQt5.QtCore import Qt, QUrl, pyqtSlot
from PyQt5.QtGui import QColor, QDesktopServices
from PyQt5.QtWidgets import QFrame, QLabel, QShortcut, QToolButton, QWidget

from core.errors import CoreError
from desktop.style import icons
from desktop.widgets.buttons import button, copy_button
from desktop.widgets.labels import PlainText
from desktop.widgets.layouts import column, row

logger = logging.getLogger(__name__)

_INK: Final = QColor("#2b2005")  # as in style.qss
_COPY: Final = "Cop&y details"


@dataclasses.dataclass(frozen=True)
class Notice:
    """What the user is told about a failure.

    Attributes:
        text: One sentence: what did not work.
        hint: What can be done about it; may be empty.
        details: For a report to the maintainers; copied, not shown.
        file: A file or folder that tells more; the user may open it.
    """

    text: str
    hint: str = ""
    details: str = ""
    file: Path | None = None


def notice_of(error: CoreError, *, about: str = "") -> Notice:
    """Describe a failure; what it happened to, a path say, goes to the details."""
    lines = [about] if about else []
    lines += [f"{type(error).__name__}: {error}", error.hint]
    cause = error.__cause__
    while cause is not None:
        lines.append(f"because of {type(cause).__name__}: {cause}")
        cause = cause.__cause__
    return Notice(str(error), error.hint, "\n".join(line for line in lines if line))


def summary_of(notices: Sequence[Notice], total: int) -> Notice:
    """One notice for all failures, oldest first, of so many files tried."""
    if len(notices) == 1:
        return notices[0]
    return Notice(
        text=f"{len(notices)} of {total} files could not be opened.",
        hint=f"The last one: {notices[-1].text}",
        details="\n\n".join(notice.details for notice in notices),
    )


class NoticeBanner(QFrame):
    """A strip above the work that says what failed, and lets work go on.

    Hidden until there is something to say; goes away on Dismiss or Escape.

    Attributes:
        notice: What is, or was last, shown.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("noticeBanner")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.notice = Notice("")
        self._focus_before: QWidget | None = None
        sign = QLabel(self)
        sign.setPixmap(icons.icon("warning").pixmap(22, 22))
        self._text = PlainText("", self, is_selectable=True)
        self._text.setObjectName("noticeText")
        self._hint = PlainText("", self, is_selectable=True)
        self._copy = copy_button(
            _COPY, self._as_text, self, "Copy a description for a bug report"
        )
        self._open = button("&Open", self._on_open_clicked, self)
        close = QToolButton(self)
        # The banner is light whatever the palette.
        close.setIcon(icons.icon("close", colour=_INK))
        close.setAutoRaise(True)
        close.setToolTip("Dismiss (Esc)")
        close.setAccessibleName("Dismiss this message")
        close.clicked.connect(self.dismiss)
        context = Qt.ShortcutContext.WidgetWithChildrenShortcut
        QShortcut("Escape", self, self.dismiss, context=context)
        words = column(self._text, self._hint, gap=1)
        tools = (self._open, self._copy, close)
        row(sign, (words, 1), *tools, of=self, gap=10, margins=(12, 8, 8, 8))
        self.layout().setAlignment(sign, Qt.AlignmentFlag.AlignTop)
        self.hide()

    @pyqtSlot(object)
    def show_notice(self, notice: Notice) -> None:
        """Say it, in place of what was said before."""
        self.notice = notice
        self._text.setText(notice.text)
        self._hint.setText(notice.hint)
        self._hint.setVisible(bool(notice.hint))
        self._copy.setVisible(bool(notice.details))
        self._copy.setText(_COPY)
        self._open.setVisible(notice.file is not None)
        self._open.setToolTip(str(notice.file or ""))
        self.setAccessibleName(f"Problem: {notice.text}")
        self.setAccessibleDescription(notice.hint)
        self.show()
        # PyQt5 cannot raise an alert; a screen reader speaks what has the focus.
        if not self.isAncestorOf(self.window().focusWidget()):
            self._focus_before = self.window().focusWidget()
        self.setFocus(Qt.FocusReason.OtherFocusReason)

    @pyqtSlot(object)
    def show_error(self, error: CoreError) -> None:
        """Say what failed and write it to the log."""
        notice = notice_of(error)
        logger.warning("shown to the user: %s", type(error).__name__)
        logger.debug("shown to the user: %s", notice.details)
        self.show_notice(notice)

    @pyqtSlot()
    def dismiss(self) -> None:
        """Take the message away."""
        if self.isHidden():
            return
        had_focus = self.hasFocus() or self.isAncestorOf(self.window().focusWidget())
        self.hide()
        before, self._focus_before = self._focus_before, None
        if had_focus and before is not None and not sip.isdeleted(before):
            before.setFocus(Qt.FocusReason.OtherFocusReason)

    def _as_text(self) -> str:
        parts = (self.notice.text, self.notice.hint, self.notice.details)
        return "\n".join(part for part in parts if part)

    @pyqtSlot()
    def _on_open_clicked(self) -> None:
        if self.notice.file is not None:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(self.notice.file)))


class Announcements(QWidget):
    """Messages below each other, each until it is dismissed."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._column = column(of=self, gap=0)

    @property
    def notices(self) -> list[Notice]:
        """What is on screen, oldest first."""
        banners = self.findChildren(NoticeBanner)
        return [banner.notice for banner in banners if not banner.isHidden()]

    @pyqtSlot(object)
    def add(self, notice: Notice) -> None:
        """Say something as well as what is said already, once."""
        if notice not in self.notices:
            banner = NoticeBanner(self)
            self._column.addWidget(banner)
            banner.show_notice(notice)
