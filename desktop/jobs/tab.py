"""What the tabs have in common in which jobs are started and watched."""

from __future__ import annotations

from PyQt5.QtCore import pyqtSignal
from PyQt5.QtWidgets import QWidget

from desktop.widgets.confirm import StoppingDialog
from desktop.widgets.layouts import PageStack
from desktop.widgets.notify import NoticeBanner
from desktop.work.jobs import JobController
from desktop.work.kind import JobKind

#: Signals of the controller; a tab has a slot `_on_...` for each.
_TOLD = "listed started progress_changed ended deleted refused".split()


class JobTab(QWidget):
    """Pages about jobs of one kind, of which one is on screen.

    Args:
        name: In the style sheet.

    Attributes:
        controller: Starts, follows and deletes the jobs.
        banner: What failed, above the pages.

    Signals:
        status_changed: str. For the status line.
    """

    status_changed = pyqtSignal(str)

    def __init__(self, name: str, kind: JobKind, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self.banner = NoticeBanner(self)
        self.show_notice = self.banner.show_notice
        self._stack = PageStack(self)
        self.controller = JobController(kind, self)
        self.controller.status_changed.connect(self.status_changed)
        for told in _TOLD:
            getattr(self.controller, told).connect(getattr(self, f"_on_{told}"))

    @property
    def page(self) -> QWidget | None:
        """The page on screen; None before there is one."""
        page: QWidget | None = self._stack.currentWidget()
        return page

    def stop_and_wait(self, controller: JobController) -> None:
        """Stop a job, and wait for its end unless the user does not want to."""
        dialog = StoppingDialog("Stopping; what was done is kept.", self)
        controller.ended.connect(dialog.accept)
        controller.stop()
        if controller.active is not None:
            dialog.exec()
        dialog.deleteLater()
