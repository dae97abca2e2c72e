"""The line at the bottom of the window."""

from __future__ import annotations

from typing import Final

from PyQt5.QtCore import QObject, QSize, pyqtSlot
from PyQt5.QtGui import QResizeEvent
from PyQt5.QtWidgets import QLabel, QSizePolicy, QStatusBar, QWidget

from desktop.app.disclaimer import RESEARCH_LINE, SHORT_RESEARCH_LINE
from desktop.widgets.labels import ElidedLabel

_WIDEST_MODEL_PX: Final = 300
#: With less, hardly a letter of the name would be left.
_LEAST_MODEL_PX: Final = 130
#: Beside and between the texts.
_MARGINS_PX: Final = 28
#: Around the name, as the style sheet has it.
_PADDING_PX: Final = 22
#: Share of the line from which the words about what Hilum is no more become fewer.
_MOST_FOR_RESEARCH: Final = 0.6


class StatusLine(QStatusBar):
    """What is being done, the model in use, and that this is no medical device.

    Where there is no room for all, the name of the model gives way first. What goes
    on is told of each part of the window: once the part that spoke last has nothing
    more to say, what goes on elsewhere is seen again.

    Attributes:
        activity, model: Their texts; a cut one is whole in its tip.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizeGripEnabled(False)
        #: Who says it -> what, the last one last.
        self._said: dict[QObject | None, str] = {}
        self.activity = ElidedLabel("", self)
        self.activity.setObjectName("activity")
        self.model = ElidedLabel("", self)
        self.model.setObjectName("modelLabel")
        policy = QSizePolicy.Policy
        self.model.setSizePolicy(policy.Fixed, policy.Fixed)
        self._research = QLabel(RESEARCH_LINE, self)
        self._research.setObjectName("researchLine")
        self._research.setToolTip(RESEARCH_LINE)
        self.addWidget(self.activity, 1)
        self.addPermanentWidget(self.model)
        self.addPermanentWidget(self._research)

    @pyqtSlot(str)
    def set_activity(self, text: str) -> None:
        """Say what the part that sends the signal does; nothing where it is empty."""
        self._said.pop(self.sender(), None)
        if text:
            self._said[self.sender()] = text
        self.activity.set_text(next(reversed(self._said.values()), ""))
        self._share_room()

    def set_model(self, name: str, sha256: str) -> None:
        """Name the model in use."""
        self.model.set_text(f"Model: {name}", f"{name}, {sha256}")
        self._share_room()

    def _share_room(self) -> None:
        self._research.setText(RESEARCH_LINE)
        if self._research.sizeHint().width() > _MOST_FOR_RESEARCH * self.width():
            self._research.setText(SHORT_RESEARCH_LINE)
        taken = self._research.sizeHint().width() + self.activity.sizeHint().width()
        room = self.width() - taken - _MARGINS_PX
        wished = min(self.model.sizeHint().width() + _PADDING_PX, _WIDEST_MODEL_PX)
        self.model.setFixedWidth(min(max(room, _LEAST_MODEL_PX), wished))
        self.model.setVisible(room >= min(wished, _LEAST_MODEL_PX))

    # Qt overrides

    def minimumSizeHint(self) -> QSize:
        # Not that of the long line, which makes room for the short one.
        return QSize(200, super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._share_room()
