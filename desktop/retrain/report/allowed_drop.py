"""How much a comparison may find a candidate to lose."""

from __future__ import annotations

from typing import Final

from PyQt5.QtWidgets import QSpinBox, QWidget

_USUAL: Final = 5


class AllowedDrop(QSpinBox):
    """The most by which the recall of a class may fall, in percent."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setRange(0, 100)
        self.setSuffix(" %")
        self.setValue(_USUAL)
        self.setKeyboardTracking(False)
        self.setAccessibleName("Largest fall of a class's recall, percent")
        self.setToolTip(
            "The candidate is advised against when it finds fewer films of any "
            "class by more than this. Compare again to apply a change."
        )

    @property
    def share(self) -> float:
        """The same as a share: 0.05 is five films of a hundred."""
        return self.value() / 100
