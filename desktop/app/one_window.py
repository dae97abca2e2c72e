"""One window for each user and data folder: a later start hands its films to it."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from PyQt5.QtCore import (
    QElapsedTimer,
    QLockFile,
    QObject,
    QStandardPaths,
    pyqtSignal,
    pyqtSlot,
)
from PyQt5.QtNetwork import QLocalServer, QLocalSocket

from core import paths
from core.json_file import parse_json

logger = logging.getLogger(__name__)

#: A window that takes longer to answer is left to itself.
ANSWER_MS: Final = 1000
_LOOK_EVERY_MS: Final = 20
_TAKEN: Final = b"taken\n"


class OneWindow(QObject):
    """Finds the window that is open already, or answers the starts to come.

    A lock says who is the first: unlike a socket it is known to be left over when
    the program that held it has crashed.

    Signals:
        started_again: list[Path]. Films of a later start; maybe none.
    """

    started_again = pyqtSignal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._server = QLocalServer(self)
        self._server.newConnection.connect(self._on_connected)
        self._lock: QLockFile | None = None

    def hand_over(self, files: Sequence[Path]) -> bool:
        """Give films to the window that is open already.

        Returns:
            Whether one took them. If not, this start opens a window itself and, as
            long as no other window does, answers the later ones.
        """
        location, is_windows = QStandardPaths.StandardLocation, sys.platform == "win32"
        folder = QStandardPaths.writableLocation(
            location.TempLocation if is_windows else location.RuntimeLocation
        )
        if not folder:  # that of another user, after `su` for instance
            return False
        place = f"{folder}/{_name()}"
        lock = self._lock = QLockFile(f"{place}.lock")
        lock.setStaleLockTime(0)  # a window may be open for weeks
        # On Windows sockets are no files, and lie in no folder.
        address = _name() if is_windows else place
        timer = QElapsedTimer()
        timer.start()
        while (left := ANSWER_MS - timer.elapsed()) > 0:
            if lock.tryLock(_LOOK_EVERY_MS):
                QLocalServer.removeServer(address)  # left over by a crash
                if not self._server.listen(address):
                    logger.warning("no socket: %s", self._server.serverError())
                return False
            if lock.error() != QLockFile.LockError.LockFailedError:
                break
            if _send(address, files, left):
                return True
        logger.warning("no other window answers, and there is no lock to be had")
        return False

    def end(self) -> None:
        """Answer no longer."""
        self._server.close()
        if self._lock is not None:
            self._lock.unlock()

    @pyqtSlot()
    def _on_connected(self) -> None:
        while (socket := self._server.nextPendingConnection()) is not None:
            socket.disconnected.connect(socket.deleteLater)
            socket.readyRead.connect(self._on_ready)

    @pyqtSlot()
    def _on_ready(self) -> None:
        socket = self.sender()
        if isinstance(socket, QLocalSocket) and socket.canReadLine():
            names = parse_json(bytes(socket.readLine()))
            socket.write(_TAKEN)
            socket.flush()
            self.started_again.emit([Path(name) for name in names])


def _name() -> str:
    """Names the user, as whose the folder of sockets is, and the data folder."""
    place = os.path.expanduser("~") + "\0" + str(paths.user_data_dir().absolute())
    return f"hilum-{hashlib.sha256(place.encode('utf-8', 'replace')).hexdigest()[:16]}"


def _send(address: str, files: Sequence[Path], timeout_ms: int) -> bool:
    socket = QLocalSocket()
    socket.connectToServer(address)
    if not socket.waitForConnected(timeout_ms):
        return False
    # As ASCII, in which names that are no text come through unchanged too.
    names = [str(path.absolute()) for path in files]
    socket.write(json.dumps(names).encode("ascii") + b"\n")
    return socket.waitForReadyRead(timeout_ms) and bytes(socket.readLine()) == _TAKEN
