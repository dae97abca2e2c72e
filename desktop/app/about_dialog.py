"""Help > About: versions, licences, where files are kept, and diagnostics."""

from __future__ import annotations

import html
import platform
from functools import partial
from pathlib import Path

from PyQt5.QtCore import PYQT_VERSION_STR, QT_VERSION_STR, Qt, QUrl, pyqtSlot
from PyQt5.QtGui import QDesktopServices
from PyQt5.QtWidgets import (
    QDialog,
    QGridLayout,
    QLabel,
    QTabWidget,
    QWidget,
)

from core import __version__, paths
from core.errors import CoreError
from core.model.bundle import ModelBundle
from core.program.crash_reports import crashes_dir, version_of
from core.program.licences import parts
from desktop.app.diagnostics import diagnostics
from desktop.app.disclaimer import RESEARCH_LINE, icon_label
from desktop.app.licences_view import LicencesView
from desktop.widgets.buttons import button, copy_button
from desktop.widgets.dialogs import close_buttons, resize_within_screen
from desktop.widgets.labels import Caption, ElidedLabel, PlainText
from desktop.widgets.layouts import column, row
from desktop.work.background import Background


class AboutDialog(QDialog):
    """Three pages, and a button that copies what a bug report needs.

    Attributes:
        licences: The second page.
    """

    def __init__(
        self, bundle: ModelBundle | None, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("About Hilum")
        self._files = Background(self, "licences")
        self.licences = LicencesView(self)
        self._pages = QTabWidget(self)
        self._pages.setDocumentMode(True)
        self._pages.addTab(_about_page(self._pages, bundle), "&About")
        self._pages.addTab(self.licences, "&Licences")
        self._pages.addTab(FoldersPage(self._pages), "&Files")
        self._pages.currentChanged.connect(self._on_page_changed)
        tip = "Versions, model, screens, memory and the last lines of the log; no film"
        self.copy_button = copy_button(
            "&Copy diagnostics", lambda: diagnostics(bundle), self, tip
        )
        buttons = close_buttons(self, self.copy_button)
        column((self._pages, 1), buttons, of=self, gap=10, margins=(18, 12, 18, 14))
        self.finished.connect(self._files.shut_down)
        resize_within_screen(self, 860, 520)

    @pyqtSlot(int)
    def _on_page_changed(self, index: int) -> None:
        is_wanted = self._pages.currentWidget() is self.licences
        if is_wanted and self.licences.list.count() == 0 and not self._files.is_busy:
            self._files.ask(parts, self.licences.set_parts, self._on_failed)

    def _on_failed(self, error: CoreError) -> None:
        self.licences.show_failure(f"{error} {error.hint}".strip())


class FoldersPage(QWidget):
    """Where Hilum keeps its files, with a way to each."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        grid = QGridLayout()
        grid.setHorizontalSpacing(14)
        grid.setVerticalSpacing(12)
        grid.setColumnStretch(1, 1)
        for place, (title, folder) in enumerate(_folders()):
            tip = str(folder) if folder.is_dir() else "Nothing there yet"
            opens = partial(_open_folder, folder)
            open_button = button("Open folder", opens, self, tip=tip)
            open_button.setAccessibleName(f"Open the folder of {title.lower()}")
            open_button.setEnabled(folder.is_dir())
            grid.addWidget(QLabel(title, self), place, 0)
            grid.addWidget(ElidedLabel(str(folder), self), place, 1)
            grid.addWidget(open_button, place, 2)
        note = Caption(
            "All but the program stays when Hilum is removed or a newer one comes.",
            self,
        )
        column(grid, note, None, of=self, gap=16, margins=(6, 18, 6, 6))


def about_text(bundle: ModelBundle | None) -> str:
    """The first page as rich text."""
    versions = [
        f"Python {platform.python_version()}",
        f"Qt {QT_VERSION_STR}",
        f"PyQt {PYQT_VERSION_STR}",
        *(
            f"{title} {version_of(package)}"
            for title, package in (
                ("OpenVINO", "openvino"),
                ("OpenCV", "opencv-python-headless"),
                ("NumPy", "numpy"),
            )
        ),
    ]
    model = "No model is loaded."
    if bundle is not None:
        name = html.escape(bundle.card.name)
        model = f"Model: <b>{name}</b><br>SHA-256 <code>{bundle.sha256[:16]}…</code>"
    return (
        f"<h2>Hilum {html.escape(__version__)}</h2>"
        "<p>Reads chest X-rays: a verdict with calibrated probabilities and a heat "
        "map, on your own computer.</p>"
        f"<p><b>{RESEARCH_LINE}</b></p>"
        f"<p>{model}</p>"
        f"<p>{' · '.join(versions)}</p>"
        "<p>Free software under the GNU General Public License, version 3 or later. "
        "It comes with no warranty.</p>"
    )


def _about_page(parent: QWidget, bundle: ModelBundle | None) -> QWidget:
    page = QWidget(parent)
    words = PlainText(about_text(bundle), page, by_keyboard=True)
    words.setTextFormat(Qt.TextFormat.RichText)
    words.setAlignment(Qt.AlignmentFlag.AlignTop)
    icon = column(icon_label(page, 96), None)
    row(icon, (words, 1), of=page, gap=20, margins=(6, 14, 6, 6))
    return page


def _folders() -> list[tuple[str, Path]]:
    return [
        ("Models and runs", paths.user_data_dir()),
        ("Settings", paths.user_config_dir()),
        ("Logs", paths.user_log_dir()),
        ("Crash reports", crashes_dir()),
        ("The program", paths.resources_dir().parent),
    ]


def _open_folder(folder: Path) -> None:
    QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder)))
