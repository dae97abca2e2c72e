"""Whether a model is the one in use, and the buttons that change that."""

from __future__ import annotations

import enum

from PyQt5.QtCore import Qt
from PyQt5.QtWidgets import QPushButton, QWidget

from core.model import in_use as model_store
from desktop.widgets.labels import Caption, ElidedLabel
from desktop.widgets.layouts import column, row

_EARLIER_PX = 220


class Advice(enum.Enum):
    """What a comparison has to say of a model: on the button, and what that means."""

    NONE = (
        "&Use this model",
        "Films are read by this model from now on; you can go back",
    )
    AGAINST = ("&Use it anyway", "The comparison advises against it")
    UNKNOWN = (
        "&Use without comparing",
        "Nobody knows whether it is better than the model in use",
    )
    PENDING = ("&Use this model…", "The comparison has not finished.")
    WAITING = (
        "Do not &use it yet",
        "It is used once the comparison has ended, unless that advises against it.",
    )


class ModelChoice(QWidget):
    """Says which model reads films, and offers another.

    Attributes:
        state: What the model is.
        about: What follows from that.
        use_button, back_button: Want the model that is shown, or the one before the
            present one, to be the one in use.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.state = ElidedLabel("", self)
        self.state.setObjectName("candidateState")
        self.about = Caption("", self)
        self.use_button = QPushButton("&Use this model", self)
        self.use_button.setObjectName("useButton")
        self.back_button = QPushButton("Go &back", self)
        about = column(self.state, self.about, gap=2)
        row((about, 1), self.back_button, self.use_button, of=self, gap=10)

    def show_state(self, *, is_in_use: bool, has_model: bool, name: str) -> None:
        """Say what the model is, if there is one, and by its name which is in use."""
        if is_in_use:
            self.state.set_text("This is the model in use")
            self.about.setText("Every film is read by it, here and at the next start.")
        else:
            self.state.set_text("A candidate")
            self.about.setText(
                f"Films are still read by {name}." if name else "No model is in use."
            )
        self.use_button.setVisible(has_model and not is_in_use)
        self._show_back_button(is_in_use)

    def set_advice(self, advice: Advice) -> None:
        """Say on the button what the comparison has to say of the model so far."""
        words, reason = advice.value
        self.use_button.setText(words)
        self.use_button.setToolTip(reason)
        self.use_button.setAccessibleDescription(reason)
        self.use_button.setDefault(advice is Advice.NONE)
        if advice in (Advice.PENDING, Advice.WAITING):
            self.about.setText(f"{self.about.text()} {reason}")

    def _show_back_button(self, is_in_use: bool) -> None:
        earlier = model_store.previous() if is_in_use else None
        self.back_button.setVisible(earlier is not None)
        if earlier is not None:
            metrics = self.back_button.fontMetrics()
            middle = Qt.TextElideMode.ElideMiddle
            short = metrics.elidedText(earlier.name, middle, _EARLIER_PX)
            self.back_button.setText(f"Go &back to {short.replace('&', '&&')}")
            self.back_button.setToolTip(f"Use {earlier.name} again")
