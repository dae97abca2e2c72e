from __future__ import annotations

import threading
import weakref
from collections.abc import Iterator

import pytest
from PyQt5.QtCore import QObject
from PyQt5.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from desktop.app.startup import GarbageCollector


@pytest.fixture
def collector(qtbot: QtBot) -> Iterator[GarbageCollector]:
    parent = QObject()
    collector = GarbageCollector(parent)
    yield collector
    collector.shut_down()


class _Cycle(QWidget):
    """A widget that only a look for cycles frees."""

    def __init__(self) -> None:
        super().__init__()
        self.itself = self


def test_widgets_are_freed_in_the_thread_of_the_window(
    qtbot: QtBot, collector: GarbageCollector
) -> None:
    freed_in: list[threading.Thread] = []
    widget = _Cycle()
    watch = weakref.ref(widget, lambda _: freed_in.append(threading.current_thread()))
    del widget

    def allocate() -> None:
        kept = [[number] for number in range(200_000)]
        assert kept

    worker = threading.Thread(target=allocate)
    worker.start()
    worker.join()
    assert watch() is not None
    assert not freed_in
    kept = [[number] for number in range(2_000)]  # what makes a look due
    qtbot.waitUntil(lambda: bool(freed_in))
    assert kept
    assert freed_in == [threading.current_thread()]
