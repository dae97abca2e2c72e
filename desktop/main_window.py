"""The window: tabs, menus and the status line. It routes and does nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from PyQt5.QtCore import QTimer, pyqtSlot
from PyQt5.QtGui import (
    QCloseEvent,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDropEvent,
    QKeySequence,
    QShowEvent,
)
from PyQt5.QtWidgets import (
    QAction,
    QActionGroup,
    QApplication,
    QLabel,
    QMainWindow,
    QMenu,
    QTabWidget,
    QWidget,
)

from core.bundle import ModelBundle
from desktop import theme
from desktop.app_icon import app_icon
from desktop.diagnose_tab import DiagnoseTab
from desktop.dialogs import RESEARCH_LINE, AboutDialog, ModelCardDialog
from desktop.intake import may_hold_films
from desktop.labels import ElidedLabel
from desktop.notify import Notice
from desktop.settings import APPEARANCES, Settings

_APPEARANCE_TITLES: Final = {
    "system": "As the &system",
    "light": "&Light",
    "dark": "&Dark",
}


class MainWindow(QMainWindow):
    """Holds the tabs and passes on what concerns them.

    Attributes:
        diagnose: The first tab.
    """

    def __init__(
        self, settings: Settings, bundle_dir: Path, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._settings = settings
        self._bundle: ModelBundle | None = None
        self._has_started = False
        self.setObjectName("mainWindow")
        self.setWindowTitle("Hilum")
        self.setWindowIcon(app_icon())
        self.setMinimumSize(720, 480)
        self.setAcceptDrops(True)
        self.diagnose = DiagnoseTab(settings, bundle_dir)
        self._tabs = QTabWidget(self)
        self._tabs.setDocumentMode(True)
        self._tabs.addTab(self.diagnose, "Diagnose")
        self.setCentralWidget(self._tabs)
        self._make_menus()
        self._make_status_bar()
        self.diagnose.status_changed.connect(self._activity.set_text)
        self.diagnose.film_changed.connect(self._on_film_changed)
        self.diagnose.bundle_changed.connect(self._on_bundle_changed)
        self._restore_place()

    def open_paths(self, paths: Sequence[Path]) -> None:
        """Open films that came from the command line or the system."""
        self._tabs.setCurrentWidget(self.diagnose)
        self.diagnose.open_paths(paths)

    @pyqtSlot(str)
    def open_file(self, name: str) -> None:
        """Open a film that the system handed over."""
        self.open_paths([Path(name)])

    @pyqtSlot(object)
    def show_notice(self, notice: Notice) -> None:
        """Show a failure in the tab that is open."""
        self.diagnose.show_notice(notice)

    @pyqtSlot(str)
    def _on_film_changed(self, name: str) -> None:
        self.setWindowTitle(f"{name} — Hilum" if name else "Hilum")

    @pyqtSlot(object)
    def _on_bundle_changed(self, bundle: ModelBundle) -> None:
        self._bundle = bundle
        self._card_action.setEnabled(True)
        self._model_label.setText(f"Model: {bundle.card.name}")
        self._model_label.setToolTip(f"SHA-256 {bundle.sha256}")

    @pyqtSlot()
    def _start_tabs(self) -> None:
        self.diagnose.start()

    @pyqtSlot()
    def _on_about_triggered(self) -> None:
        dialog = AboutDialog(self._bundle, self)
        dialog.exec()
        dialog.deleteLater()

    @pyqtSlot()
    def _on_card_triggered(self) -> None:
        if self._bundle is not None:
            dialog = ModelCardDialog(self._bundle, self)
            dialog.exec()
            dialog.deleteLater()

    def _on_appearance_triggered(self, action: QAction) -> None:
        self._settings.appearance = action.data()
        application = QApplication.instance()
        if isinstance(application, QApplication):
            theme.apply(application, action.data())

    def _make_menus(self) -> None:
        bar = self.menuBar()
        menus = self.diagnose.menus(self)
        for menu in menus:
            bar.addMenu(menu)
        file_menu, view_menu = menus[0], menus[-1]
        quit_action = QAction("&Quit", self)
        quit_action.setShortcut(QKeySequence("Ctrl+Q"))
        quit_action.setMenuRole(QAction.MenuRole.QuitRole)
        quit_action.triggered.connect(self.close)
        file_menu.addSeparator()
        file_menu.addAction(quit_action)
        view_menu.addSeparator()
        view_menu.addMenu(self._appearance_menu(view_menu))
        help_menu = bar.addMenu("&Help")
        self._card_action = help_menu.addAction("&Model card")
        self._card_action.setEnabled(False)
        self._card_action.triggered.connect(self._on_card_triggered)
        about = help_menu.addAction("&About Hilum")
        about.setMenuRole(QAction.MenuRole.AboutRole)
        about.triggered.connect(self._on_about_triggered)

    def _appearance_menu(self, parent: QWidget) -> QMenu:
        menu = QMenu("A&ppearance", parent)
        group = QActionGroup(menu)
        for name in APPEARANCES:
            action = QAction(_APPEARANCE_TITLES[name], group)
            action.setCheckable(True)
            action.setChecked(name == self._settings.appearance)
            action.setData(name)
            menu.addAction(action)
        group.triggered.connect(self._on_appearance_triggered)
        return menu

    def _make_status_bar(self) -> None:
        bar = self.statusBar()
        bar.setSizeGripEnabled(False)
        self._activity = ElidedLabel("", self)
        self._activity.setObjectName("activity")
        self._model_label = QLabel("", self)
        self._model_label.setObjectName("modelLabel")
        research = QLabel(RESEARCH_LINE, self)
        research.setObjectName("researchLine")
        bar.addWidget(self._activity, 1)
        bar.addPermanentWidget(self._model_label)
        bar.addPermanentWidget(research)

    def _restore_place(self) -> None:
        self.resize(1180, 780)
        if not self._settings.window_geometry.isEmpty():
            self.restoreGeometry(self._settings.window_geometry)
        if not self._settings.window_state.isEmpty():
            self.restoreState(self._settings.window_state)
        screen = self.screen()
        if screen is not None:  # the one it was last on may have been larger
            self.resize(self.size().boundedTo(screen.availableSize()))

    # Qt overrides

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if not self._has_started:
            self._has_started = True
            self.diagnose.ui.empty.open_button.setFocus()
            # After the first painting: the model must not delay the window.
            QTimer.singleShot(0, self._start_tabs)

    def closeEvent(self, event: QCloseEvent) -> None:
        self._settings.window_geometry = self.saveGeometry()
        self._settings.window_state = self.saveState()
        self.diagnose.shut_down()
        self._settings.save()
        super().closeEvent(event)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if may_hold_films(event.mimeData()):
            event.acceptProposedAction()
            self.diagnose.show_drop(event.mimeData())

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self.diagnose.show_drop(None)

    def dropEvent(self, event: QDropEvent) -> None:
        self.diagnose.show_drop(None)
        self._tabs.setCurrentWidget(self.diagnose)
        self.diagnose.take_mime(event.mimeData())
        event.acceptProposedAction()
