"""What can be done in the Diagnose tab: menus, tool bar and keys."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PyQt5.QtCore import QObject, QSize, Qt, pyqtSignal
from PyQt5.QtGui import QKeySequence
from PyQt5.QtWidgets import QAction, QActionGroup, QMenu, QToolBar, QToolButton, QWidget

from core.model.bundle import ModelCard
from desktop.film.actions import FilmActions
from desktop.film.key_hold import KeyHold
from desktop.style import icons


class DiagnoseActions(QObject):
    """The actions of the tab; the tab connects them to what they do.

    Args:
        labels: The menu that corrects the label of the film on screen.

    Attributes:
        film: Those about the film itself, which connect themselves.

    Signals:
        sample_asked: Path. A film of the samples menu.
        finding_asked: str. A label of the heat map menu.
    """

    sample_asked = pyqtSignal(object)
    finding_asked = pyqtSignal(str)

    def __init__(self, owner: QWidget, samples: Sequence[Path], labels: QMenu) -> None:
        super().__init__(owner)
        self._labels = labels
        self._owner = owner
        self._samples = tuple(samples)
        self._is_on_screen = True
        self._is_open = self._is_read = self._has_lungs = False
        self._is_file = self._is_dicom = False
        self._recent: QMenu | None = None
        self._make_file_actions()
        self._make_view_actions()
        self.film = FilmActions(owner, self._action)
        self.film.compare.toggled.connect(self._enable)
        self._make_shade_actions()
        self._findings = QMenu("E&xplain finding", owner)
        self._finding_group = QActionGroup(self)
        self._finding_group.triggered.connect(self._on_finding_triggered)
        self._findings.menuAction().setEnabled(False)
        self.film.windows.addActions(self.film.tissues)
        self.film.windows.addSeparator()
        self.film.windows.addActions([self.more_contrast, self.less_contrast])
        self.film.windows.addActions([self.lighter, self.darker])
        self.set_film_open(is_open=False, is_read=False)

    @property
    def has_samples(self) -> bool:
        """Whether films came with the program."""
        return bool(self._samples)

    def menus(self, parent: QWidget) -> list[QMenu]:
        """File, Edit, View and Tools menus; the caller may add to them."""
        file_menu = QMenu("&File", parent)
        file_menu.addAction(self.open)
        if self._recent is not None:
            file_menu.addMenu(self._recent)
        file_menu.addMenu(self._sample_menu(file_menu))
        file_menu.addSeparator()
        file_menu.addActions([self.save, self.save_plain, self.report])
        file_menu.addAction(self.deidentify)
        file_menu.addSeparator()
        file_menu.addActions([self.close, self.close_all])
        edit = QMenu("&Edit", parent)
        edit.addActions([self.copy, self.copy_plain])
        edit.addSeparator()
        edit.addAction(self.paste)
        edit.addSeparator()
        edit.addMenu(self._labels)
        view = QMenu("&View", parent)
        view.addActions([self.fit, self.actual_size, self.zoom_in, self.zoom_out])
        view.addMenu(self.film.turns)
        view.addSeparator()
        view.addMenu(self.film.windows)
        view.addActions([self.invert, self.reset])
        view.addSeparator()
        view.addAction(self.heatmap)
        view.addMenu(self._findings)
        view.addAction(self.lungs)
        view.addSeparator()
        view.addActions([self.identity, self.tags])
        view.addSeparator()
        view.addActions([self.previous, self.next])
        tools = QMenu("Too&ls", parent)
        self._add_tools(tools)
        return [file_menu, edit, view, tools]

    def film_menu(self, parent: QWidget) -> QMenu:
        """What a right click on the film offers."""
        menu = QMenu(parent)
        menu.addActions([self.fit, self.actual_size])
        menu.addMenu(self.film.turns)
        menu.addMenu(self.film.windows)
        menu.addActions([self.invert, self.reset])
        menu.addSeparator()
        menu.addActions([self.heatmap, self.lungs])
        menu.addMenu(self._findings)
        menu.addMenu(self._labels)
        menu.addSeparator()
        self._add_tools(menu)
        menu.addSeparator()
        menu.addActions([self.identity, self.tags])
        menu.addSeparator()
        menu.addActions([self.copy, self.save, self.close])
        return menu

    def _add_tools(self, menu: QMenu) -> None:
        film = self.film
        menu.addActions([film.magnifier, film.ruler, film.remove_rulers])
        menu.addSeparator()
        menu.addActions([film.compare, film.linked])

    def tool_bar(self, parent: QWidget) -> QToolBar:
        """The most used of them as buttons."""
        bar = QToolBar(parent)
        bar.setObjectName("filmTools")
        bar.setIconSize(QSize(20, 20))
        bar.setAccessibleName("Film tools")
        groups: tuple[tuple[QAction, ...], ...] = (
            (self.open,),
            (self.fit, self.actual_size, self.zoom_out, self.zoom_in),
            (self.invert, self.reset),
            (self.film.turn_right, self.film.flip),
            (self.film.magnifier, self.film.ruler),
            (self.film.compare, self.film.linked),
            (self.heatmap, self.lungs),
            (self.copy, self.save),
            (self._labels.menuAction(),),
        )
        for i, group in enumerate(groups):
            if i:
                bar.addSeparator()
            bar.addActions(group)
        for action in (self.open, self.heatmap, self._labels.menuAction()):
            button = bar.widgetForAction(action)
            if isinstance(button, QToolButton):
                if action is self._labels.menuAction():
                    button.setPopupMode(button.ToolButtonPopupMode.InstantPopup)
                button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
                action.setIconText(f" {action.iconText()}")  # a gap to the icon
        for action in bar.actions():
            button = bar.widgetForAction(action)
            if isinstance(button, QToolButton):
                button.setAccessibleName(action.iconText().strip())
                button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        return bar

    def set_film_open(
        self, *, is_open: bool, is_read: bool, has_lungs: bool = False
    ) -> None:
        """Enable what makes sense.

        Args:
            is_open: A film is on screen.
            is_read: It has a verdict, and with it a heat map.
            has_lungs: Lungs were found in it.
        """
        self._is_open, self._is_read = is_open, is_read
        self._has_lungs = has_lungs
        self._enable()

    def set_file(self, *, is_file: bool, is_dicom: bool) -> None:
        """Say whether the film on screen was not pasted, and whether it is DICOM."""
        self._is_file, self._is_dicom = is_file, is_dicom
        self._enable()

    def set_recent(self, menu: QMenu) -> None:
        """Offer films that were opened before; comes before `menus`."""
        self._recent = menu

    def set_on_screen(self, on_screen: bool) -> None:
        """Leave the keys to another tab while that one is in front."""
        self._is_on_screen = on_screen
        self._enable()

    def _enable(self) -> None:
        is_open = self._is_open and self._is_on_screen
        is_read = self._is_read and self._is_on_screen
        for action in (*self._film_actions, *self.film.all):
            action.setEnabled(is_open)
        self.film.linked.setEnabled(is_open and self.film.compare.isChecked())
        for action in (self.save_plain, self.copy_plain, self.report):
            action.setEnabled(is_open and is_read)
        self.heatmap.setEnabled(is_read)
        self._findings.menuAction().setEnabled(is_read)
        self.lungs.setEnabled(is_read and self._has_lungs)
        self.paste.setEnabled(self._is_on_screen)
        self.close_all.setEnabled(is_open)
        self.deidentify.setEnabled(is_open and self._is_file)
        for action in (self.tags, self.identity):
            action.setEnabled(is_open and self._is_dicom)

    def set_card(self, card: ModelCard) -> None:
        """Offer the findings of a model, on the number keys."""
        for action in self._finding_group.actions():
            self._finding_group.removeAction(action)
            self._findings.removeAction(action)
            action.deleteLater()
        for number, label in enumerate(card.labels, start=1):
            action = QAction(label.display_name, self._finding_group)
            action.setCheckable(True)
            action.setData(label.name)
            if number <= 9:
                action.setShortcut(QKeySequence(str(number)))
            self._findings.addAction(action)

    def mark_finding(self, label: str) -> None:
        """Check the finding whose heat map is shown."""
        for action in self._finding_group.actions():
            action.setChecked(action.data() == label)

    def _on_finding_triggered(self, action: QAction) -> None:
        self.finding_asked.emit(action.data())

    def _on_sample_triggered(self, action: QAction) -> None:
        self.sample_asked.emit(action.data())

    def _sample_menu(self, parent: QWidget) -> QMenu:
        menu = QMenu("Sam&ple films", parent)
        menu.setIcon(icons.icon("samples"))
        for path in self._samples:
            action = menu.addAction(sample_title(path))
            action.setData(path)
        menu.triggered.connect(self._on_sample_triggered)
        menu.menuAction().setEnabled(bool(self._samples))
        return menu

    def _make_file_actions(self) -> None:
        key = QKeySequence.StandardKey
        self.open = self._action("&Open films…", "open", key.Open)
        self.open.setIconText("Open")
        self.save = self._action("&Save picture…", "save", key.Save)
        self.save_plain = self._action(
            "Save picture &without heat map…", "", "Ctrl+Shift+S"
        )
        self.report = self._action("Save repor&t…", "", "Ctrl+E")
        self.copy = self._action("Cop&y picture and verdict", "copy", key.Copy)
        self.copy_plain = self._action(
            "Copy picture &without heat map", "", "Ctrl+Shift+C"
        )
        self.paste = self._action("&Paste film", "", key.Paste)
        self.close = self._action("&Close film", "", "Ctrl+W")
        self.close_all = self._action("Close all &films", "", "Ctrl+Shift+W")
        self.deidentify = self._action("Save without p&atient…", "", "Ctrl+Alt+S")
        self.tags = self._action("DICOM ta&gs…", "", "T")
        self.identity = self._action("&Patient on the film", "", "P")
        self.identity.setCheckable(True)
        self.next = self._action("&Next film", "", "PgDown")
        self.previous = self._action("Previou&s film", "", "PgUp")

    def _make_view_actions(self) -> None:
        self.fit = self._action("&Fit to window", "fit", "F", "Ctrl+0")
        self.actual_size = self._action("&Actual size", "actual_size", "Ctrl+1")
        self.zoom_in = self._action("Zoom &in", "zoom_in", "+", "=", "Ctrl++", "Ctrl+=")
        self.zoom_out = self._action("Zoom &out", "zoom_out", "-", "Ctrl+-")
        self.heatmap = self._action("&Heat map", "heatmap", "H")
        self.heatmap.setCheckable(True)
        KeyHold(self.heatmap)
        self.lungs = self._action("&Lung outline", "lungs", "L")
        self.lungs.setCheckable(True)

    def _make_shade_actions(self) -> None:
        self.invert = self._action("In&vert", "invert", "I")
        self.invert.setCheckable(True)
        self.reset = self._action("&Reset window and level", "reset", "R")
        self.more_contrast = self._action("&More contrast", "", "]")
        self.less_contrast = self._action("Less con&trast", "", "[")
        self.lighter = self._action("Li&ghter", "", ".")
        self.darker = self._action("&Darker", "", ",")
        self._film_actions = [
            *(self.save, self.copy, self.close, self.next, self.previous),
            *(self.fit, self.actual_size, self.zoom_in, self.zoom_out),
            *(self.invert, self.reset, self.more_contrast, self.less_contrast),
            *(self.lighter, self.darker),
        ]

    def _action(
        self, text: str, icon: str, *keys: str | QKeySequence.StandardKey
    ) -> QAction:
        action = QAction(text, self._owner)
        if icon:
            action.setIcon(icons.icon(icon))
        sequences = [QKeySequence(key) for key in keys]
        action.setShortcuts(sequences)
        plain = text.replace("&", "").rstrip("…")
        shown = sequences[0].toString(QKeySequence.SequenceFormat.NativeText)
        action.setIconText(plain)
        action.setToolTip(f"{plain} ({shown})")
        self._owner.addAction(action)
        return action


def sample_title(path: Path) -> str:
    """A sample's file name as a menu entry: "covid-1" as "Covid 1"."""
    return path.stem.replace("-", " ").replace("_", " ").capitalize()
