"""A part of a page that unfolds."""

from __future__ import annotations

from PyQt5.QtCore import Qt, pyqtSlot
from PyQt5.QtWidgets import QSizePolicy, QToolButton, QWidget

from desktop.widgets.labels import ElidedLabel
from desktop.widgets.layouts import column, row


class Disclosure(QWidget):
    """A heading that shows and hides what belongs to it.

    Attributes:
        head: The heading, a whole line to click.
        body: What belongs to it; has no layout yet.
    """

    def __init__(self, title: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.head = QToolButton(self)
        self.head.setObjectName("disclosureHead")
        self.head.setCheckable(True)
        self.head.setCursor(Qt.CursorShape.PointingHandCursor)
        self.head.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.head.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.head.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.head.setMinimumWidth(60)
        self._summary = ElidedLabel("", self.head)
        self._summary.setObjectName("disclosureSummary")
        self._summary.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._line = row((self._summary, 1), of=self.head)
        self.body = QWidget(self)
        self._inset = row(self.body)
        column(self.head, self._inset, of=self, gap=0)
        self.head.toggled.connect(self._on_head_toggled)
        self.set_title(title)
        self._on_head_toggled(False)

    @property
    def is_open(self) -> bool:
        """Whether the body shows."""
        return self.head.isChecked()

    def set_open(self, is_open: bool) -> None:
        """Show or hide the body."""
        self.head.setChecked(is_open)

    def set_title(self, title: str) -> None:
        """Change the heading."""
        self.head.setText(title)
        self.head.ensurePolished()  # its letters are bold
        self._line.setContentsMargins(self.head.sizeHint().width() + 8, 0, 8, 0)

    def set_summary(self, summary: str) -> None:
        """Say in the heading what is within, cut where there is no room."""
        self._summary.set_text(summary)
        self._describe()

    def _describe(self) -> None:
        state = "open" if self.is_open else "closed"
        words = f"{state}. {self._summary.text}".strip()
        self.head.setAccessibleDescription(words)

    @pyqtSlot(bool)
    def _on_head_toggled(self, is_open: bool) -> None:
        arrow = Qt.ArrowType.DownArrow if is_open else Qt.ArrowType.RightArrow
        self.head.setArrowType(arrow)
        self._describe()
        self.body.setVisible(is_open)
        self._inset.setContentsMargins(24, 4 if is_open else 0, 0, 10 * is_open)
