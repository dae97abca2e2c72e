"""Messages with their severity as a sign: framed, and as a line of text."""

from __future__ import annotations

from collections.abc import Sequence

from PyQt5.QtCore import Qt
from PyQt5.QtWidgets import QFrame, QSizePolicy, QWidget

from desktop.style.severity import WORDS, SeveritySign, SeverityWord
from desktop.widgets.labels import Caption, PlainText
from desktop.widgets.layouts import column, row

_SIGN_PX = 22
_NOTE_SIGN_PX = 18
#: More of them would push what they are about off the screen.
_MOST_NOTES = 8


class MessageCard(QFrame):
    """A sentence, what to do about it, and room for more.

    Attributes:
        severity: How grave it is.
        word: Beside the sign.
        text, hint: The sentence, and what to do about it.
        column: Where more goes.
    """

    def __init__(
        self, severity: str, parent: QWidget | None = None, word: str = ""
    ) -> None:
        super().__init__(parent)
        self.setObjectName("messageCard")
        self._sign = SeveritySign(severity, _SIGN_PX, self)
        self._badge = SeverityWord(self)
        self._text = PlainText("", self, is_selectable=True)
        self._hint = Caption("", self)
        self._hint.setTextInteractionFlags(self._text.textInteractionFlags())
        self.column = column(self._badge, self._text, self._hint, gap=3)
        row(self._sign, (self.column, 1), of=self, gap=10, margins=(12, 9, 12, 10))
        self.layout().setAlignment(self._sign, Qt.AlignmentFlag.AlignTop)
        self.set_severity(severity, word)
        self.set_words("")

    def set_severity(self, severity: str, word: str = "") -> None:
        """Say how grave it is, by one of `desktop.style.severity.SEVERITIES`.

        The word beside the sign is the severity's own when none is given.
        """
        self.severity, self.word = severity, word or WORDS[severity]
        self._sign.set_severity(severity)
        self._badge.set_severity(severity, self.word)

    def set_words(self, text: str, hint: str = "") -> None:
        """Say what it is and what can be done."""
        self.text, self.hint = text, hint
        self._text.setText(text)
        self._hint.setText(hint)
        self._hint.setVisible(bool(hint))
        self.setAccessibleName(f"{self.word}: {text}")
        self.setAccessibleDescription(hint)


class NotesCard(MessageCard):
    """Sentences that are worth knowing, the first of many; hidden without any.

    Args:
        word: Beside the sign.
        rest: Where the others are.

    Attributes:
        notes: All of them.
    """

    def __init__(self, word: str, rest: str, parent: QWidget) -> None:
        super().__init__("warn", parent, word)
        self._rest = rest
        self.notes: tuple[str, ...] = ()
        self.hide()

    def set_notes(self, notes: Sequence[str]) -> None:
        """Show these."""
        self.notes = tuple(notes)
        shown, rest = notes[:_MOST_NOTES], len(notes) - _MOST_NOTES
        lines = [f"•  {note}" for note in shown] if len(shown) > 1 else list(shown)
        lines += [f"And {rest} more, {self._rest}."] if rest > 0 else []
        self.set_words("\n".join(lines))
        self.setVisible(bool(notes))


class NoteRow(QWidget):
    """A sign and a text that wraps; hidden while there is no text.

    Attributes:
        text: What it says.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._sign = SeveritySign("note", _NOTE_SIGN_PX, self)
        self._words = PlainText("", self, is_selectable=True)
        policy = QSizePolicy.Policy
        self._words.setSizePolicy(policy.Expanding, policy.Preferred)
        row(self._sign, (self._words, 1), of=self)
        self.layout().setAlignment(self._sign, Qt.AlignmentFlag.AlignTop)
        self.set_text("")

    def set_text(self, text: str, severity: str = "note") -> None:
        """Say something with a severity's sign, or with an empty text nothing."""
        self.text = text
        self.setVisible(bool(text))
        self._sign.set_severity(severity)
        self._words.setText(text)
        self._words.setAccessibleName(f"{WORDS[severity]}: {text}")
