"""Asking about models and their files: only the asking, not the doing."""

from __future__ import annotations

from pathlib import Path

from PyQt5.QtWidgets import QFileDialog, QWidget

from core.model.bundle import ModelBundle
from desktop.models.card_dialog import CardView
from desktop.widgets.buttons import button
from desktop.widgets.dialogs import FittedDialog, resize_within_screen, run_dialog
from desktop.widgets.labels import Caption


class ImportDialog(FittedDialog):
    """Shows the card of a model from elsewhere before it is put to use."""

    def __init__(self, bundle: ModelBundle, parent: QWidget | None = None) -> None:
        super().__init__(660, parent)
        self.setWindowTitle("Import model")
        note = Caption(
            "The file is whole: every part of it matches its card. Whether the card "
            "is to be believed depends on who gave it to you. You can go back to the "
            "present model at any time.",
            self,
        )
        self.use_button = button("&Use this model", self.accept, self)
        title = f"Use {bundle.card.name} from now on?"
        card = CardView(bundle, self)
        self.lay_out(title, note, (card, 100), does=self.use_button)
        resize_within_screen(self, 660, 620)


def confirm_import(bundle: ModelBundle, parent: QWidget) -> bool:
    """Show a model's card; whether the user wants to use the model."""
    return run_dialog(ImportDialog(bundle, parent))


def ask_for_file(
    parent: QWidget, title: str, suggestion: Path, kinds: str, suffix: str
) -> Path | None:
    """A file to write, with a suffix if it has none; None when that is cancelled."""
    dialog = QFileDialog(parent, title, str(suggestion.parent), kinds)
    dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
    dialog.setDefaultSuffix(suffix)
    dialog.selectFile(suggestion.name)
    return Path(dialog.selectedFiles()[0]) if run_dialog(dialog) else None
