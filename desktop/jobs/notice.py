"""Notifications of the desktop, for whoever is not looking at the window."""

from __future__ import annotations

import sys
from typing import Final

from PyQt5.QtCore import QMetaType, QTimer, QVariant
from PyQt5.QtWidgets import QApplication, QSystemTrayIcon, QWidget

from desktop.style.icons import app_icon

_SERVICE: Final = "org.freedesktop.Notifications"
_PATH: Final = "/org/freedesktop/Notifications"
_TRAY_MS: Final = 15_000


def tell_desktop(window: QWidget, title: str, text: str) -> None:
    """Notify whoever works in another window; nothing where a desktop cannot."""
    if window.isActiveWindow():
        return
    QApplication.alert(window)
    if not (sys.platform == "linux" and _by_bus(title, text)):
        _by_tray(window, title, text)


def _by_bus(title: str, text: str) -> bool:
    """By the message bus of Linux's desktops; False where there is none."""
    from PyQt5.QtDBus import QDBusArgument, QDBusConnection, QDBusMessage

    bus = QDBusConnection.sessionBus()
    if not bus.isConnected():
        return False
    replaces = QVariant(0)
    replaces.convert(QVariant.UInt)
    actions = QDBusArgument([], QMetaType.QStringList)
    message = QDBusMessage.createMethodCall(_SERVICE, _PATH, _SERVICE, "Notify")
    message.setArguments(["Hilum", replaces, "hilum", title, text, actions, {}, -1])
    return bool(bus.send(message))


def _by_tray(window: QWidget, title: str, text: str) -> None:
    if QSystemTrayIcon.isSystemTrayAvailable():
        tray = QSystemTrayIcon(app_icon(), window)
        tray.show()
        tray.showMessage(title, text, app_icon())
        QTimer.singleShot(_TRAY_MS, tray.deleteLater)
