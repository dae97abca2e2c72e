"""The steps of a preparation, in a row: where one is, and what is done."""

from __future__ import annotations

from collections.abc import Sequence

from PyQt5.QtCore import QSize, Qt
from PyQt5.QtGui import QIcon
from PyQt5.QtWidgets import QButtonGroup, QToolButton, QWidget

from desktop.style.severity import severity_icon
from desktop.widgets.layouts import row


class StepBar(QWidget):
    """One button per step.

    Attributes:
        step_chosen: int. A signal: the user wants to go there.
    """

    def __init__(self, titles: Sequence[str], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("stepBar")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._titles = tuple(titles)
        group = QButtonGroup(self)
        self.step_chosen = group.idClicked
        self.buttons: list[QToolButton] = []
        for i, title in enumerate(titles):
            button = QToolButton(self)
            button.setObjectName("stepButton")
            button.setCheckable(True)
            button.setText(f"{i + 1}  {title}")
            button.setIconSize(QSize(16, 16))
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
            button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
            group.addButton(button, i)
            self.buttons.append(button)
        row(*self.buttons, None, of=self, gap=6, margins=(16, 6, 16, 6))

    def set_step(self, step: int) -> None:
        """Mark where one is."""
        self.buttons[step].setChecked(True)

    def set_state(self, step: int, severity: str, words: str) -> None:
        """Show by a severity, or none, how a step stands, and say it in words."""
        button, title = self.buttons[step], self._titles[step]
        button.setIcon(severity_icon(severity) if severity else QIcon())
        # The space keeps it clear of the sign.
        button.setText(f" {title}" if severity else f"{step + 1}  {title}")
        button.setToolTip(words)
        button.setAccessibleName(f"Step {step + 1} of {len(self._titles)}: {title}")
        button.setAccessibleDescription(words)
