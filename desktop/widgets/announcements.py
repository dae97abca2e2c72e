"""What the window has to say that belongs to none of its tabs."""

from __future__ import annotations

from PyQt5.QtCore import pyqtSlot
from PyQt5.QtWidgets import QVBoxLayout, QWidget

from desktop.widgets.notify import Notice, NoticeBanner


class Announcements(QWidget):
    """Messages below each other, each until it is dismissed."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(0)
        self._banners: list[NoticeBanner] = []

    @property
    def notices(self) -> list[Notice]:
        """What is on screen, oldest first."""
        return [banner.notice for banner in self._banners if not banner.isHidden()]

    @pyqtSlot(object)
    def add(self, notice: Notice) -> None:
        """Say something as well as what is said already, once."""
        if notice in self.notices:
            return
        for banner in self._banners:
            if banner.isHidden():
                break
        else:
            banner = NoticeBanner(self)
            self._banners.append(banner)
            self._column.addWidget(banner)
        banner.show_notice(notice)
