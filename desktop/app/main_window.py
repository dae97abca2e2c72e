"""The window: tabs, menus and the status line. It routes and does nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Final

from PyQt5.QtCore import Qt, QTimer, pyqtSlot
from PyQt5.QtGui import (
    QCloseEvent,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDropEvent,
    QShowEvent,
)
from PyQt5.QtWidgets import (
    QAction,
    QActionGroup,
    QApplication,
    QMainWindow,
    QMenu,
    QWidget,
)

from core.model.archive import is_model_file
from core.model.bundle import ModelBundle
from desktop.app.about_dialog import AboutDialog
from desktop.app.experiments_dialog import ExperimentsDialog
from desktop.app.keys_dialog import KeysDialog
from desktop.app.self_test_dialog import SelfTestDialog
from desktop.app.status_line import StatusLine
from desktop.diagnose.tab import DiagnoseTab
from desktop.film.corrections import LabelCorrections
from desktop.film.incoming import films_in, may_hold_films
from desktop.models.card_dialog import ModelCardDialog
from desktop.models.in_use import ModelInUse
from desktop.models.menu import ModelFiles
from desktop.retrain.tab import RetrainTab
from desktop.scan.tab import ScanTab
from desktop.settings import APPEARANCES, Settings
from desktop.style import theme
from desktop.widgets.buttons import action
from desktop.widgets.dialogs import run_dialog
from desktop.widgets.layouts import PageTabs, WindowScroll, column
from desktop.widgets.notify import Announcements, Notice

_APPEARANCE_TITLES: Final = {
    "system": "As the &system",
    "light": "&Light",
    "dark": "&Dark",
}


class MainWindow(QMainWindow):
    """Holds the tabs and passes on what concerns them.

    Attributes:
        model: The model in use; the tabs listen to it.
        corrections: What people say that films really show.
        diagnose: The first tab, where films are read.
        scan: The second, where folders are scanned.
        retrain: The third, where models are trained.
        files: The models' part of the File menu.
        announcements: What is said above the tabs.
    """

    def __init__(self, settings: Settings, bundle_dir: Path | None = None) -> None:
        """Make the window; the model, the one in use or another, is opened later."""
        super().__init__()
        self._settings = settings
        self._has_started = False
        self._film_name = ""
        self.setObjectName("mainWindow")
        self.setWindowTitle("Hilum")
        self.setMinimumSize(380, 300)
        self.setAcceptDrops(True)
        self.model = ModelInUse(bundle_dir, self)
        self.corrections = LabelCorrections(self)
        self.diagnose = DiagnoseTab(settings, self.model, self.corrections)
        self.scan = ScanTab(settings, self.model, self.corrections)
        self.retrain = RetrainTab(settings)
        self._tabs = PageTabs(self)
        self._tabs.addTab(self.diagnose, "&Diagnose")
        self._tabs.addTab(self.scan, "&Scan")
        self._tabs.addTab(self.retrain, "&Retrain")
        self.announcements = Announcements(self)
        page = QWidget(self)
        column(self.announcements, self._tabs, of=page, gap=0)
        # What has no room on a small screen is scrolled to.
        self.setCentralWidget(WindowScroll(page, self))
        self.files = ModelFiles(self.model, self)
        self._make_menus()
        self._status = StatusLine(self)
        self.setStatusBar(self._status)
        parts = (self.model, self.diagnose, self.scan, self.retrain, self.files)
        for part in (*parts, self.corrections):
            part.status_changed.connect(self._status.set_activity)
        self.model.changed.connect(self._on_model_changed)
        self.model.changed.connect(self.scan.set_bundle)
        self.model.changed.connect(self.retrain.set_bundle)
        self.model.refused.connect(self.show_notice)
        self.files.notice_raised.connect(self.show_notice)
        self.corrections.notice_raised.connect(self.show_notice)
        self.corrections.training_asked.connect(self._on_training_asked)
        self.diagnose.film_changed.connect(self._on_film_changed)
        self.diagnose.models_given.connect(self.files.import_files)
        self.scan.films_asked.connect(self.open_paths)
        self.retrain.films_asked.connect(self.open_paths)
        self.retrain.model_asked.connect(self.model.use)
        self.retrain.back_asked.connect(self.model.go_back)
        self._tabs.currentChanged.connect(self._on_tab_changed)
        self._restore_place()

    @pyqtSlot(object)
    @pyqtSlot(object, object)
    def open_paths(self, paths: Sequence[Path], shown: Path | None = None) -> None:
        """Open films, showing the first or another, and import models."""
        if not all(is_model_file(path) for path in paths):
            self._tabs.setCurrentWidget(self.diagnose)
        self.diagnose.open_paths(paths, shown)

    def come_to_front(self) -> None:
        """Show the window to whoever has just started the program again."""
        self.setWindowState(self.windowState() & ~Qt.WindowState.WindowMinimized)
        self.raise_()
        self.activateWindow()

    @pyqtSlot(object)
    def show_notice(self, notice: Notice) -> None:
        """Show a failure in the tab that is open."""
        self._tabs.currentWidget().show_notice(notice)

    @pyqtSlot(object)
    def _on_training_asked(self, data: Path) -> None:
        self._tabs.setCurrentWidget(self.retrain)
        self.retrain.take_paths([data])

    @pyqtSlot(str)
    def _on_film_changed(self, name: str) -> None:
        self._film_name = name
        self._name_window()

    @pyqtSlot(object)
    def _on_model_changed(self, bundle: ModelBundle) -> None:
        for each in self._of_model:
            each.setEnabled(True)
        self._status.set_model(bundle.card.name, bundle.sha256)

    @pyqtSlot(int)
    def _on_tab_changed(self, index: int) -> None:
        self.retrain.set_open_films(list(self.diagnose.session.films))
        self.diagnose.commands.set_on_screen(
            self._tabs.currentWidget() is self.diagnose
        )
        self._name_window()

    @pyqtSlot()
    def _show_diagnose(self) -> None:
        self._tabs.setCurrentWidget(self.diagnose)

    def _name_window(self) -> None:
        is_film = self._tabs.currentWidget() is self.diagnose and self._film_name
        self.setWindowTitle(f"{self._film_name} — Hilum" if is_film else "Hilum")

    @pyqtSlot()
    def _start_tabs(self) -> None:
        for part in (self.model, self.diagnose, self.scan, self.retrain):
            part.start()

    @pyqtSlot()
    def _on_about_triggered(self) -> None:
        run_dialog(AboutDialog(self.model.bundle, self))

    @pyqtSlot()
    def _on_card_triggered(self) -> None:
        assert self.model.bundle is not None
        run_dialog(ModelCardDialog(self.model.bundle, self))

    @pyqtSlot()
    def _on_experiments(self) -> None:
        run_dialog(ExperimentsDialog(self))

    @pyqtSlot()
    def _on_keys_triggered(self) -> None:
        # Beside the work, so that one can try them.
        KeysDialog(
            self, {self._tab_title(i): self._tabs.widget(i) for i in range(3)}
        ).show()

    def _on_test_triggered(self) -> None:
        run_dialog(SelfTestDialog(self.model, self))

    def _on_appearance_triggered(self, choice: QAction) -> None:
        self._settings.appearance = choice.data()
        application = QApplication.instance()
        if isinstance(application, QApplication):
            theme.apply(application, choice.data())

    def _make_menus(self) -> None:
        bar = self.menuBar()
        menus = self.diagnose.commands.menus(self)
        for menu in menus:
            bar.addMenu(menu)
        file_menu, view_menu = menus[0], menus[2]
        quit_action = action("&Quit", self.close, self, "Ctrl+Q")
        quit_action.setMenuRole(QAction.MenuRole.QuitRole)
        file_menu.addSeparator()
        file_menu.addActions(self.files.menu_actions)
        file_menu.addSeparator()
        file_menu.addAction(quit_action)
        commands = self.diagnose.commands
        commands.open.triggered.connect(self._show_diagnose)
        commands.sample_asked.connect(self._show_diagnose)
        view_menu.addSeparator()
        view_menu.addActions(self._tab_actions())
        view_menu.addAction(action("&Experiments…", self._on_experiments, self))
        view_menu.addSeparator()
        view_menu.addMenu(self._appearance_menu(view_menu))
        help_menu = bar.addMenu("&Help")
        self._of_model = (
            action("&Model card", self._on_card_triggered, self),
            action("&Self-test", self._on_test_triggered, self),
        )
        for each in self._of_model:
            each.setEnabled(False)
        about = action("&About Hilum", self._on_about_triggered, self)
        about.setMenuRole(QAction.MenuRole.AboutRole)
        keys = action("&Keys", self._on_keys_triggered, self, "F1")
        help_menu.addActions([keys, *self._of_model, about])

    def _tab_actions(self) -> list[QAction]:
        return [
            action(
                f"{self._tab_title(i)} tab",
                *(partial(self._show_tab, i), self, f"Alt+{i + 1}"),
            )
            for i in range(3)
        ]

    def _tab_title(self, index: int) -> str:
        return self._tabs.tabText(index).replace("&", "")

    def _show_tab(self, index: int) -> None:
        self._tabs.setCurrentIndex(index)
        self._tabs.tabBar().setFocus(Qt.FocusReason.ShortcutFocusReason)

    def _appearance_menu(self, parent: QWidget) -> QMenu:
        menu = QMenu("Appearan&ce", parent)
        group = QActionGroup(menu)
        for name in APPEARANCES:
            choice = QAction(_APPEARANCE_TITLES[name], group)
            choice.setCheckable(True)
            choice.setChecked(name == self._settings.appearance)
            choice.setData(name)
            menu.addAction(choice)
        group.triggered.connect(self._on_appearance_triggered)
        return menu

    def _restore_place(self) -> None:
        self.resize(1180, 780)
        if not self._settings.window_geometry.isEmpty():
            self.restoreGeometry(self._settings.window_geometry)
        if not self._settings.window_state.isEmpty():
            self.restoreState(self._settings.window_state)
        # The screen that it was last on may have been larger.
        self.resize(self.size().boundedTo(self.screen().availableSize()))

    # Qt overrides

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if not self._has_started:
            self._has_started = True
            self.diagnose.ui.empty.open_button.setFocus()
            # After the first painting: the model must not delay the window.
            QTimer.singleShot(0, self._start_tabs)

    def closeEvent(self, event: QCloseEvent) -> None:
        if not self.retrain.may_close():
            event.ignore()
            return
        self._settings.window_geometry = self.saveGeometry()
        self._settings.window_state = self.saveState()
        tabs = (self.scan, self.retrain, self.diagnose)
        for part in (self.files, *tabs, self.corrections, self.model):
            part.shut_down()
        self._settings.save()
        super().closeEvent(event)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        tab, mime = self._tabs.currentWidget(), event.mimeData()
        if isinstance(tab, DiagnoseTab):
            does_something = may_hold_films(mime)
            tab.show_drop(mime if does_something else None)
        else:
            paths = films_in(mime).paths
            does_something = bool(paths)
            tab.show_drop(does_something and not is_model_file(paths[0]))
        if does_something:
            event.acceptProposedAction()

    def dragLeaveEvent(self, event: QDragLeaveEvent | None) -> None:
        for tab in (self.scan, self.retrain):
            tab.show_drop(False)
        self.diagnose.show_drop(None)

    def dropEvent(self, event: QDropEvent) -> None:
        self.dragLeaveEvent(None)
        tab, mime = self._tabs.currentWidget(), event.mimeData()
        paths = films_in(mime).paths
        if isinstance(tab, DiagnoseTab) or not paths:
            self.diagnose.take_mime(mime)
        elif is_model_file(paths[0]):
            self.files.import_files(paths[:1])
        else:
            tab.take_paths(paths)
        event.acceptProposedAction()
