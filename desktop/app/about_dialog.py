"""Help > About: versions, licences, where files are kept, and diagnostics."""

from __future__ import annotations

import html
import logging
import platform
from functools import partial
from pathlib import Path
from typing import Final

from PyQt5.QtCore import PYQT_VERSION_STR, QT_VERSION_STR, Qt, QUrl, pyqtSlot
from PyQt5.QtGui import QDesktopServices, QFontDatabase, QGuiApplication
from PyQt5.QtWidgets import (
    QDialog,
    QGridLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QPlainTextEdit,
    QSplitter,
    QTabWidget,
    QWidget,
)

from core import __version__, paths
from core.errors import CoreError
from core.model.bundle import ModelBundle
from core.program.crash_reports import SafeLines, crashes_dir, version_of, versions
from core.program.licences import Part, parts
from desktop.app.disclaimer import RESEARCH_LINE, icon_label
from desktop.style.theme import is_dark
from desktop.widgets.buttons import button, copy_button
from desktop.widgets.dialogs import close_buttons, resize_within_screen
from desktop.widgets.labels import Caption, ElidedLabel, PlainText
from desktop.widgets.layouts import column, row
from desktop.work.background import Background

_NO_TEXT: Final = "This part does not carry the text of its licence."
_GIB: Final = 1 << 30


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
        self.licences.about.setText(f"{error} {error.hint}".strip())


class LicencesView(QWidget):
    """A list of parts beside the text of the licence of the selected one.

    Attributes:
        list: The parts.
        text: The licence.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.list = QListWidget(self)
        self.list.setAccessibleName("Parts of Hilum")
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.currentItemChanged.connect(self._on_current_changed)
        self.about = Caption("Looking for the parts of Hilum…", self)
        self.text = QPlainTextEdit(self)
        self.text.setReadOnly(True)
        self.text.setTabChangesFocus(True)
        self.text.setAccessibleName("Text of the licence")
        # They are laid out with spaces, and for eighty columns.
        self.text.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        # Read by keyboard too, without a cursor that could not type.
        self.text.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse
            | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        right = QWidget(self)
        column(self.about, (self.text, 1), of=right, gap=6, margins=(10, 0, 0, 0))
        splitter = QSplitter(Qt.Orientation.Horizontal, self)
        splitter.setChildrenCollapsible(False)
        splitter.addWidget(self.list)
        splitter.addWidget(right)
        splitter.setSizes([210, 620])
        splitter.setStretchFactor(1, 1)
        column(splitter, of=self, margins=(0, 12, 0, 0))

    def set_parts(self, parts: list[Part]) -> None:
        """Show these parts, in this order."""
        self.list.clear()
        for part in parts:
            item = QListWidgetItem(f"{part.name} {part.version}")
            item.setData(Qt.ItemDataRole.UserRole, part)
            item.setToolTip(part.licence)
            self.list.addItem(item)
        self.list.setCurrentRow(0)

    @pyqtSlot()
    def _on_current_changed(self) -> None:
        item = self.list.currentItem()
        if item is None:
            return
        part: Part = item.data(Qt.ItemDataRole.UserRole)
        self.about.setText(f"{part.name} {part.version}: {part.licence}")
        self.text.setPlainText(part.text or _NO_TEXT)


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
    said = [
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
        f"<p>{' · '.join(said)}</p>"
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


def diagnostics(bundle: ModelBundle | None) -> str:
    """Versions, machine, model, screens, memory and the last lines of the log."""
    facts = versions({"Qt": QT_VERSION_STR, "PyQt": PYQT_VERSION_STR})
    facts["Model"] = "none"
    if bundle is not None:
        facts["Model"] = f"{bundle.card.name}, SHA-256 {bundle.sha256}"
    facts["Screens"] = "; ".join(
        f"{screen.size().width()} x {screen.size().height()} at "
        f"{screen.devicePixelRatio():g}, {screen.logicalDotsPerInch():.0f} dpi"
        for screen in QGuiApplication.screens()
    )
    shade = "dark" if is_dark(QGuiApplication.palette()) else "light"
    facts["Window system"] = f"{QGuiApplication.platformName()}, {shade}"
    facts["Memory"] = _memory()
    lines = [f"{title}: {value}" for title, value in facts.items()]
    return "\n".join([*lines, "", "Last lines of the log", *_last_lines(), ""])


def _memory() -> str:
    import psutil

    whole = psutil.virtual_memory()
    own = psutil.Process().memory_info().rss
    return (
        f"{own / _GIB:.2f} GB used by Hilum, {whole.available / _GIB:.1f} of "
        f"{whole.total / _GIB:.1f} GB free"
    )


def _last_lines() -> list[str]:
    for handler in logging.getLogger().handlers:
        if isinstance(handler, SafeLines):
            return list(handler.lines)
    return []
