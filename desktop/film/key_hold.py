"""A key that switches something for good, or only while it is held."""

from __future__ import annotations

from typing import Final

from PyQt5.QtCore import QElapsedTimer, QEvent, QObject
from PyQt5.QtGui import QKeyEvent
from PyQt5.QtWidgets import QAction, QApplication

#: A key that is let go sooner was pressed to switch.
_HOLD_MS: Final = 350


class KeyHold(QObject):
    """Lets the key of a checkable action be held: letting go switches it back.

    The first shortcut of the action is a key without modifiers.
    """

    def __init__(self, action: QAction) -> None:
        super().__init__(action)
        self._action = action
        self._pressed = QElapsedTimer()
        action.setAutoRepeat(False)
        action.installEventFilter(self)

    def _let_go(self) -> None:
        QApplication.instance().removeEventFilter(self)
        if self._pressed.elapsed() >= _HOLD_MS:
            self._action.trigger()

    # Qt overrides

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self._action:
            if event.type() == QEvent.Type.Shortcut:
                self._pressed.start()
                # Whatever has the focus, and only until the key is let go.
                QApplication.instance().installEventFilter(self)
        elif event.type() == QEvent.Type.WindowDeactivate:  # its release goes elsewhere
            self._let_go()
        elif isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyRelease:
            key = self._action.shortcut()[0]
            if event.key() == key and not event.isAutoRepeat():
                self._let_go()
        return False
