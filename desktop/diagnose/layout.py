"""How the Diagnose tab is laid out: which widget stands where."""

from __future__ import annotations

from functools import partial
from operator import methodcaller
from typing import Final

from PyQt5.QtCore import QEvent, QObject, QRect, Qt, QTimer, pyqtSlot
from PyQt5.QtWidgets import QFrame, QLabel, QSplitter, QStackedWidget, QWidget

from desktop.diagnose.actions import DiagnoseActions
from desktop.diagnose.empty_state import EmptyState
from desktop.diagnose.films import FilmList
from desktop.diagnose.strip import FilmStrip
from desktop.diagnose.verdict_panel import VerdictPanel
from desktop.film.pair import FilmPair
from desktop.film.view import FilmView
from desktop.widgets.layouts import column
from desktop.widgets.notify import NoticeBanner

#: A film that is read faster than this shows no sign of being read.
_BUSY_AFTER_MS: Final = 180
#: Of the keys, in widths of the film's own window.
_CONTRAST_STEP: Final = 0.1
_BRIGHTNESS_STEP: Final = 0.05


class DiagnoseLayout(QObject):
    """Makes the widgets of the tab, places them, and ties the film to its keys.

    Attributes:
        banner: Above everything; hidden unless something failed.
        pair: The film, and another one beside it.
        view: The film.
        empty: In its place before the first film.
        strip: Below it, the films of this session.
        panel: Beside it, the verdict.
        splitter: Between the film and the panel.
    """

    def __init__(self, tab: QWidget, films: FilmList, actions: DiagnoseActions) -> None:
        super().__init__(tab)
        self.banner = NoticeBanner(tab)
        self.pair = FilmPair()
        self.view = self.pair.view
        self.empty = EmptyState(has_samples=actions.has_samples)
        self.strip = FilmStrip(films)
        self.panel = VerdictPanel()
        self._stack = QStackedWidget()
        self._stack.addWidget(self.empty)
        self._stack.addWidget(self.pair)
        self._stack.installEventFilter(self)
        self._busy = QLabel(self._stack)
        self._busy.setObjectName("busyPill")
        self._busy.hide()
        self._busy_timer = QTimer(self)
        self._busy_timer.setSingleShot(True)
        self._busy_timer.setInterval(_BUSY_AFTER_MS)
        self._busy_timer.timeout.connect(self._on_busy_timeout)
        self._place(tab, actions)
        self._connect_film(actions)
        self._film_menu = actions.film_menu(tab)
        self.pair.menu_asked.connect(self._film_menu.popup)
        self.strip.hide()

    def show_film(self) -> None:
        """The film takes the place of the invitation."""
        had_focus = self.empty.isAncestorOf(self.empty.window().focusWidget())
        self._stack.setCurrentWidget(self.pair)
        self.strip.show()
        if had_focus:
            self.view.setFocus(Qt.FocusReason.OtherFocusReason)

    def show_empty(self, *, has_strip: bool) -> None:
        """The invitation takes the place of the film."""
        self._stack.setCurrentWidget(self.empty)
        self.strip.setVisible(has_strip)

    @pyqtSlot(str, bool)
    def show_progress(self, text: str, is_wanted: bool) -> None:
        """Say over the film what is being read, unless it is done in no time."""
        self._busy.setText(text)
        if not is_wanted:
            self._busy_timer.stop()
            self._busy.hide()
        elif self._busy.isHidden():
            self._busy_timer.start()
        else:
            self._on_busy_timeout()

    @pyqtSlot()
    def _on_busy_timeout(self) -> None:
        room = self._stack.rect().adjusted(12, 12, -12, -12)
        size = self._busy.sizeHint().boundedTo(room.size())
        place = QRect(room.topLeft(), size)
        place.moveCenter(room.center())
        place.moveTop(room.top())
        self._busy.setGeometry(place)
        self._busy.raise_()
        self._busy.show()

    def _place(self, tab: QWidget, actions: DiagnoseActions) -> None:
        left = QFrame()
        left.setObjectName("filmSide")
        column((self._stack, 1), self.strip, of=left, gap=0)
        self.splitter = QSplitter(Qt.Orientation.Horizontal)
        self.splitter.setObjectName("filmSplitter")
        self.splitter.setChildrenCollapsible(False)
        self.splitter.setHandleWidth(1)
        self.splitter.addWidget(left)
        self.splitter.addWidget(self.panel)
        self.splitter.setStretchFactor(0, 1)
        self.splitter.setStretchFactor(1, 0)
        page = (actions.tool_bar(tab), self.banner, (self.splitter, 1))
        column(*page, of=tab, gap=0)

    def _connect_film(self, actions: DiagnoseActions) -> None:
        film = actions.film
        film.connect_to(self.pair)
        for action, does in (
            (actions.reset, FilmView.reset_window),
            (actions.fit, FilmView.fit),
            (actions.actual_size, methodcaller("zoom_to", 1.0)),
            (actions.zoom_in, methodcaller("zoom_by", 1)),
            (actions.zoom_out, methodcaller("zoom_by", -1)),
            (actions.more_contrast, methodcaller("change_window", _CONTRAST_STEP, 0)),
            (actions.less_contrast, methodcaller("change_window", -_CONTRAST_STEP, 0)),
            (actions.lighter, methodcaller("change_window", 0, _BRIGHTNESS_STEP)),
            (actions.darker, methodcaller("change_window", 0, -_BRIGHTNESS_STEP)),
        ):
            action.triggered.connect(partial(film.do, does))
        actions.invert.triggered.connect(self._set_inverted)
        for view in (self.pair.view, self.pair.other):
            view.inversion_changed.connect(partial(self._on_active_changed, actions))
        self.pair.active_changed.connect(partial(self._on_active_changed, actions))

    def _set_inverted(self, is_inverted: bool) -> None:
        self.pair.active.set_inverted(is_inverted)

    def _on_active_changed(self, actions: DiagnoseActions, *_: object) -> None:
        actions.invert.setChecked(self.pair.active.inverted)

    # Qt overrides

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize and self._busy.isVisible():
            self._on_busy_timeout()
        return super().eventFilter(watched, event)
