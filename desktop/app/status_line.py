"""The line at the bottom of the window."""

from __future__ import annotations

from typing import Final

from PyQt5.QtCore import pyqtSlot
from PyQt5.QtGui import QResizeEvent
from PyQt5.QtWidgets import QLabel, QSizePolicy, QStatusBar, QWidget

from desktop.app.disclaimer import RESEARCH_LINE
from desktop.widgets.labels import ElidedLabel

_WIDEST_MODEL_PX: Final = 300
#: With less, hardly a letter of the name would be left.
_LEAST_MODEL_PX: Final = 130
#: Beside and between the texts.
_MARGINS_PX: Final = 28
#: Around the name, as the style sheet has it.
_PADDING_PX: Final = 22


class StatusLine(QStatusBar):
    """What is being done, the model in use, and that this is no medical device.

    Where there is no room for all, the name of the model gives way first.

    Attributes:
        activity, model: Their texts; a cut one is whole in its tip.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizeGripEnabled(False)
        self.activity = ElidedLabel("", self)
        self.activity.setObjectName("activity")
        self.model = ElidedLabel("", self)
        self.model.setObjectName("modelLabel")
        policy = QSizePolicy.Policy
        self.model.setSizePolicy(policy.Fixed, policy.Fixed)
        self._research = QLabel(RESEARCH_LINE, self)
        self._research.setObjectName("researchLine")
        self.addWidget(self.activity, 1)
        self.addPermanentWidget(self.model)
        self.addPermanentWidget(self._research)

    @pyqtSlot(str)
    def set_activity(self, text: str) -> None:
        """Say what is being done; nothing where it is empty."""
        self.activity.set_text(text)
        self._share_room()

    def set_model(self, name: str, sha256: str) -> None:
        """Name the model in use."""
        self.model.set_text(f"Model: {name}", f"{name}, {sha256}")
        self._share_room()

    def _share_room(self) -> None:
        taken = self._research.sizeHint().width() + self.activity.sizeHint().width()
        room = self.width() - taken - _MARGINS_PX
        wished = min(self.model.sizeHint().width() + _PADDING_PX, _WIDEST_MODEL_PX)
        self.model.setFixedWidth(min(max(room, _LEAST_MODEL_PX), wished))
        self.model.setVisible(room >= min(wished, _LEAST_MODEL_PX))

    # Qt overrides

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._share_room()
