"""A new model against the one in use, and the buttons that change which that is."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from PyQt5.QtCore import Qt, QTimer, pyqtSignal, pyqtSlot
from PyQt5.QtGui import QHideEvent, QShowEvent
from PyQt5.QtWidgets import QLabel, QSpinBox, QWidget

from core.jobs.failures import Failure
from core.model.bundle import ModelBundle
from core.runs.run import Run
from desktop.models.choice import Advice, ModelChoice
from desktop.retrain.data.check import CheckPanel
from desktop.retrain.report.comparison import (
    ComparisonView,
    compare_command,
    read_comparison,
)
from desktop.retrain.report.trial import FilmTrial
from desktop.widgets.buttons import button
from desktop.widgets.confirm import choose
from desktop.widgets.layouts import column, row

#: A run that is only passed by in the list is not compared.
_DWELL_MS: Final = 700
#: Most by which the recall of a class may fall, percent.
_ALLOWED_DROP: Final = 5
_QUESTION: Final = "The comparison with the model in use has not finished."
_ADVICE: Final = (
    "If you wait, the model is used as soon as it has, unless the comparison advises "
    "against it."
)
_ANSWERS: Final = ("&Wait for it", "&Use without comparing", "&Cancel")
_WAIT, _USE, _CANCEL = range(3)
_NOT_USED: Final = "Not put to use: read the comparison first."


class CandidatePanel(CheckPanel):
    """Compares a run's model with the one in use and offers to change.

    The comparison is made on the run's own test films, in a child process, and
    kept in the run's folder for each pair of models. It goes on when another run is
    looked at, until another comparison begins. A model that is wanted before it has
    ended is asked about: it can wait for the comparison, and is then used unless
    that advises against it.

    Attributes:
        result: The comparison on screen.

    Signals:
        use_asked: Path. This bundle is to be the one in use.
        held_back: a model that was wanted is not used, for the reason on screen.
        status_changed: str. For the status line.
    """

    use_asked = pyqtSignal(object)
    held_back = pyqtSignal()
    status_changed = pyqtSignal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Comparison", parent, stop="S&top comparing")
        self.setObjectName("candidatePanel")
        self.result: Mapping[str, Any] | None = None
        self._run: Run | None = None
        self._bundle: ModelBundle | None = None
        self._in_use: ModelBundle | None = None
        self._is_pending = self._is_waiting = False
        #: What the comparison at work writes.
        self._compared = Path()
        self._dwell = QTimer(
            self, singleShot=True, interval=_DWELL_MS, timeout=self.compare
        )
        self.choice = ModelChoice(self)
        self.choice.use_button.clicked.connect(self._on_use_asked)
        self.view = ComparisonView(self)
        self.trial = FilmTrial(self)
        self.compare_button = button("", self.compare, self)
        self._lay_out()
        self._look_for_comparison()

    @property
    def is_advised_against(self) -> bool:
        """Whether the comparison on screen speaks against the model."""
        result = self.result or {"verdict": "", "dropped": ()}
        is_worse = result["verdict"] in ("worse", "not comparable")
        return is_worse or bool(result["dropped"])

    @property
    def is_in_use(self) -> bool:
        """Whether the run's model is the one in use."""
        one, other = self._bundle, self._in_use
        return one is not None and other is not None and one.sha256 == other.sha256

    def set_run(self, run: Run | None, bundle: ModelBundle | None) -> None:
        """Show another finished run and its model; its comparison is found or made."""
        self._run, self._bundle = run, bundle
        self._look_for_comparison()

    def set_model_in_use(self, bundle: ModelBundle | None) -> None:
        """Another model is in use: what was compared with the old one is past."""
        is_same = bundle is not None and self._in_use == bundle
        self._in_use = bundle
        if not is_same:
            self._look_for_comparison()

    @pyqtSlot()
    def compare(self) -> None:
        """Compare the two models, in a child; the result is kept in the run."""
        self._dwell.stop()
        run, models = self._run, self._models()
        if run is not None and models is not None:
            self._is_pending = True
            words = compare_command(run, *models, self._drop.value() / 100)
            self._compared = run.comparison(*models)
            self._start(words, run.path / "comparing")

    @pyqtSlot()
    def stop(self) -> None:
        """Stop a comparison, or do not begin it."""
        self._dwell.stop()
        if self._is_comparing:
            super().stop()
        else:
            self._end_waiting()

    def shut_down(self) -> None:
        self._dwell.stop()
        self.trial.shut_down()
        super().shut_down()

    # What is known

    def _models(self) -> tuple[ModelBundle, ModelBundle] | None:
        """Candidate and model in use; None unless there are two to compare."""
        if self._bundle is None or self._in_use is None or self.is_in_use:
            return None
        return self._bundle, self._in_use

    def _look_for_comparison(self) -> None:
        self._dwell.stop()
        self.failure.set_failure(None)
        self.result = None
        self._is_pending = self._is_waiting = False
        if self._run is not None and self._models() is not None:
            self._show_kept()
            if self.result is None:
                self._is_pending = True
                if not self._is_comparing:
                    self.progress.begin("Waiting…")
                    if self.isVisible():
                        self._dwell.start()
        self._show()

    def _show_kept(self) -> None:
        """Show the comparison in the run's folder, where it is of these models."""
        run, models = self._run, self._models()
        if run is None or models is None:
            return
        kept = run.comparison(*models)
        self.result = result = read_comparison(kept, *models)
        if result is not None:
            self._drop.setValue(round(100 * result["allowed_drop"]))
            self.view.set_comparison(result)

    @property
    def _is_of_these(self) -> bool:
        """Whether the comparison begun last is of the models on screen."""
        run, models = self._run, self._models()
        if run is None or models is None:
            return False
        return run.comparison(*models) == self._compared

    @property
    def _is_comparing(self) -> bool:
        """Whether the models on screen are being compared."""
        return self.is_checking and self._is_of_these

    # The child

    def _take_result(self, place: Path) -> None:
        if not self._is_of_these:  # it is found when they are looked at again
            return
        was_waiting = self._is_waiting
        self._is_pending = self._is_waiting = False
        self._show_kept()
        self._show()
        if was_waiting and self.result is not None:
            self._settle(is_sure=False)

    def _on_stopped(self) -> None:
        if self._is_of_these:
            self._end_waiting()

    def _end_waiting(self) -> None:
        self._is_pending = self._is_waiting = False
        self._show()

    def _fail(self, failure: Failure) -> None:
        if not self._is_of_these:
            return
        if self._is_waiting:
            self.status_changed.emit(_NOT_USED)
        self._is_pending = self._is_waiting = False
        self.failure.set_failure(failure, "warn", "Not compared")
        self._show()

    # What is shown

    @pyqtSlot()
    def _show(self) -> None:
        super()._show()
        self.progress.setVisible(self._is_pending)
        self.view.setVisible(self.result is not None)
        name = self._in_use.card.name if self._in_use is not None else ""
        has_model = self._bundle is not None
        self.choice.show_state(is_in_use=self.is_in_use, has_model=has_model, name=name)
        self.choice.set_advice(self._advice())
        can_compare = self._models() is not None
        self.trial.set_models(self._models())
        self.compare_button.setVisible(can_compare and not self._is_pending)
        again = "again" if self.result is not None else "with the model in use"
        self.compare_button.setText(f"&Compare {again}")
        self._drop.setVisible(can_compare)
        self._drop_label.setVisible(can_compare)

    def _advice(self) -> Advice:
        if self._is_waiting:
            return Advice.WAITING
        if self._is_pending:
            return Advice.PENDING
        if self.result is None and self._models() is not None:
            return Advice.UNKNOWN
        return Advice.AGAINST if self.is_advised_against else Advice.NONE

    @pyqtSlot()
    def _on_use_asked(self) -> None:
        bundle = self._bundle
        if self._is_waiting:  # no longer wanted
            self._is_waiting = False
            self._show()
            return
        was_pending = self._is_pending
        answer = choose(self, _QUESTION, _ADVICE, _ANSWERS) if was_pending else _USE
        if answer == _CANCEL or bundle is None or bundle is not self._bundle:
            return
        if was_pending and not self._is_pending:  # it ended behind the question
            self._settle(is_sure=answer == _USE)
        elif was_pending and answer == _WAIT:
            self._is_waiting = True
            if not self._is_comparing:  # it has not begun
                self.compare()
            self._show()
        else:
            self.use_asked.emit(bundle.path)

    def _settle(self, *, is_sure: bool) -> None:
        """Use the model that was wanted, unless the comparison speaks against it.

        Without a comparison it is used only where it is wanted for sure.
        """
        if self.is_advised_against or (self.result is None and not is_sure):
            self.status_changed.emit(_NOT_USED)
            self.choice.use_button.setFocus(Qt.FocusReason.OtherFocusReason)
            self.held_back.emit()
        elif self._bundle is not None:
            self.use_asked.emit(self._bundle.path)

    def _lay_out(self) -> None:
        self._drop = QSpinBox(self)
        self._drop.setRange(0, 100)
        self._drop.setSuffix(" %")
        self._drop.setValue(_ALLOWED_DROP)
        self._drop.setKeyboardTracking(False)
        self._drop.setAccessibleName("Largest fall of a class's recall, percent")
        self._drop.setToolTip(
            "The candidate is advised against when it finds fewer films of any "
            "class by more than this. Compare again to apply a change."
        )
        self._drop_label = QLabel("Allo&wed fall", self)
        self._drop_label.setBuddy(self._drop)
        column(
            *(self.choice, self.progress, self.failure, self.view),
            row(self.compare_button, None, self._drop_label, self._drop),
            self.trial,
            of=self,
            gap=10,
            margins=(14, 12, 14, 12),
        )

    # Qt overrides

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._is_pending and not self._is_comparing:
            self._dwell.start()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._dwell.stop()  # nobody waits for it
