"""The model that reads films: which one it is, and the thread that it works in."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Callable
from functools import partial
from pathlib import Path

from PyQt5.QtCore import QObject, pyqtSignal, pyqtSlot

from core.errors import CoreError
from core.model import in_use as model_store
from core.model.bundle import ModelBundle, read_bundle
from core.model.classifier import Classifier
from desktop.widgets.notify import Notice, notice_of
from desktop.work.background import Background, Otherwise, Then

logger = logging.getLogger(__name__)

#: What is done with the model, in its thread; None where none could be opened.
Task = Callable[[Classifier | None], object]


class ModelInUse(QObject):
    """Owns the model in use; the only one that opens it, and that changes it.

    Whoever shows something of the model listens to `changed`. Another model comes
    into use only once it has proved to load: until then, and if it does not, the
    one before answers.

    Args:
        bundle_dir: The model to begin with; None for the one that was used last,
            or the one that comes with the program where that cannot be opened.

    Attributes:
        bundle: The model in use; None before it is open, and where none can be.

    Signals:
        changed: ModelBundle. Every answer from now on is this model's.
        refused: Notice. The model asked for is not used; the one before stays.
        notice_raised: Notice. At the start: another model than the chosen one is
            in use, or none.
        status_changed: str. For the status line.
    """

    changed = pyqtSignal(object)
    refused = pyqtSignal(object)
    notice_raised = pyqtSignal(object)
    status_changed = pyqtSignal(str)

    def __init__(
        self, bundle_dir: Path | None = None, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._bundle_dir = bundle_dir
        self.bundle: ModelBundle | None = None
        self._classifier: Classifier | None = None  # touched in the thread alone
        self._thread = Background(self, "inference")

    def start(self) -> None:
        """Open the model; takes tenths of a second of its thread."""
        self._thread.ask(self._open_first, self._on_opened_first, self._on_failed)

    @pyqtSlot(object)
    def use(self, path: Path, after: Callable[[], None] = lambda: None) -> None:
        """Make another model the one in use, here and at the next start.

        `changed` or `refused` follows, and then the call of `after`.
        """
        self._replace(partial(model_store.add, path), model_store.use, after)

    @pyqtSlot()
    def go_back(self) -> None:
        """Make the model from before this one the one in use; see `use`."""
        self._replace(_earlier_bundle, lambda path: model_store.go_back())

    def read_again(self) -> None:
        """Have films read once more: what is kept beside the model has changed."""
        self._thread.ask(self._renew, self._show, self._on_failed)

    def ask(self, task: Task, then: Then, otherwise: Otherwise) -> None:
        """Do something with the model, after what was asked of it before.

        Args:
            task: Gets the model in its thread and touches no widget. May raise
                `CoreError`.
            then: Gets what it returned, in the thread of the window.
            otherwise: Gets the `CoreError` instead.
        """
        self._thread.ask(lambda: task(self._classifier), then, otherwise)

    def shut_down(self) -> None:
        """End the thread after the work in hand."""
        self._thread.shut_down()

    # In the thread

    def _open_first(self) -> tuple[ModelBundle, CoreError | None]:
        if self._classifier is not None:  # one was asked for before the start
            return self._classifier.bundle, None
        if self._bundle_dir is not None:
            self._classifier = Classifier(read_bundle(self._bundle_dir))
            return self._classifier.bundle, None
        self._classifier, problem = model_store.open_in_use()
        return self._classifier.bundle, problem

    def _open_other(
        self, find: Callable[[], ModelBundle], record: Callable[[Path], ModelBundle]
    ) -> ModelBundle:
        classifier = Classifier(find())
        record(classifier.bundle.path)
        self._classifier = classifier
        logger.info("a model is put to use: %s", classifier.bundle.sha256)
        return classifier.bundle

    def _renew(self) -> ModelBundle:
        assert self._classifier is not None
        # Another object: who has read with the one before knows it by that.
        self._classifier.bundle = dataclasses.replace(self._classifier.bundle)
        return self._classifier.bundle

    # In the window

    def _show(self, bundle: ModelBundle) -> None:
        self.bundle = bundle
        self.changed.emit(bundle)

    def _replace(
        self,
        find: Callable[[], ModelBundle],
        record: Callable[[Path], ModelBundle],
        after: Callable[[], None] = lambda: None,
    ) -> None:
        self.status_changed.emit("Opening the model…")
        self._thread.ask(
            partial(self._open_other, find, record),
            partial(self._on_opened, after),
            partial(self._on_refused, after),
        )

    def _on_opened_first(self, opened: tuple[ModelBundle, CoreError | None]) -> None:
        bundle, problem = opened
        if problem is not None:
            text = "The model you chose cannot be used: Hilum's own takes its place."
            self.notice_raised.emit(_because(text, problem))
        self._show(bundle)

    def _on_failed(self, error: CoreError) -> None:
        text = "There is no model to ask: films open without a verdict."
        self.notice_raised.emit(_because(text, error))

    def _on_opened(self, after: Callable[[], None], bundle: ModelBundle) -> None:
        self._show(bundle)
        self.status_changed.emit(f"{bundle.card.name} is the model in use now.")
        after()

    def _on_refused(self, after: Callable[[], None], error: CoreError) -> None:
        self.status_changed.emit("")
        notice = notice_of(error)
        hint = f"{notice.hint} The model before stays in use.".strip()
        self.refused.emit(dataclasses.replace(notice, hint=hint))
        after()


def _because(text: str, error: CoreError) -> Notice:
    notice = notice_of(error)
    return Notice(text, f"{notice.text} {notice.hint}".strip(), notice.details)


def _earlier_bundle() -> ModelBundle:
    """The model to go back to; `go_back` says what is wrong where there is none."""
    earlier = model_store.previous()
    return read_bundle(earlier.path) if earlier else model_store.go_back()
