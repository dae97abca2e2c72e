"""What can be done about the file of the film on screen."""

from __future__ import annotations

from collections.abc import Callable

from PyQt5.QtWidgets import QAction

#: Makes an action of a text, the name of an icon or none, and its keys.
MakeAction = Callable[..., QAction]


class FileActions:
    """The actions; `FilmFile` connects them to what they do."""

    def __init__(self, make: MakeAction) -> None:
        self.close_all = make("Close all &films", "", "Ctrl+Shift+W")
        self.deidentify = make("Save without p&atient…", "", "Ctrl+Alt+S")
        self.tags = make("DICOM ta&gs…", "", "T")
        self.identity = make("&Patient on the film", "", "P")
        self.identity.setCheckable(True)

    def enable(self, *, is_open: bool, is_file: bool, is_dicom: bool) -> None:
        """Offer what makes sense.

        Args:
            is_open: A film is on screen.
            is_file: It was not pasted.
            is_dicom: Its file is DICOM.
        """
        self.close_all.setEnabled(is_open)
        self.deidentify.setEnabled(is_open and is_file)
        for action in (self.tags, self.identity):
            action.setEnabled(is_open and is_dicom)
