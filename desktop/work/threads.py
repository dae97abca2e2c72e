"""Threads of workers, and how they end."""

from __future__ import annotations

from PyQt5.QtCore import QObject, QThread


def give_thread(worker: QObject, parent: QObject, name: str) -> QThread:
    """Give a worker a thread of its own, whose event loop serves its slots.

    The thread is not started yet: what is asked of the worker until then waits
    there, and never runs in the thread that asks. The caller keeps the worker,
    and ends the thread with `stop_thread`.
    """
    thread = QThread(parent)
    thread.setObjectName(name)
    worker.moveToThread(thread)
    return thread


def stop_thread(thread: QThread) -> None:
    """End a thread after the work in hand; what waits is left undone."""
    thread.quit()
    thread.wait()
