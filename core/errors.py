"""Failures the user can act on. Everything else is a bug and stays uncaught."""

from __future__ import annotations

from typing import Final

#: What was done is kept: once the hint was followed, it can go on.
RESUME: Final = "resume"
#: Where the hint is of no use, it can be done anew beside what is there.
ANEW: Final = "anew"
#: Code -> what it means to whoever types commands.
_AT_A_TERMINAL: Final = {
    RESUME: "Then go on with the same command and --resume.",
    ANEW: "Or begin a new file.",
}


class CoreError(Exception):
    """Base of every expected failure. Its text is a sentence for the user.

    Attributes:
        hint: What the user can do about it, as one sentence; may be empty.
        code: `RESUME` or `ANEW` where there is more to do, which a window and a
            terminal say in their own words; else empty.
    """

    def __init__(self, message: str, *, hint: str = "", code: str = "") -> None:
        super().__init__(message)
        self.hint = hint
        self.code = code

    @property
    def advice(self) -> str:
        """All that can be done about it, for whoever types commands."""
        return f"{self.hint} {_AT_A_TERMINAL.get(self.code, '')}".strip()


class ImageReadError(CoreError):
    """The file is not an image this program can decode."""


class BundleError(CoreError):
    """A model bundle is missing, damaged, foreign or too new."""


class PredictionError(CoreError):
    """A model gives no usable numbers for a film."""


class DatasetError(CoreError):
    """A folder or manifest cannot serve for training or evaluation."""


class TrainingError(CoreError):
    """A training job cannot start, go on, or be exported."""


class TrainingStopped(CoreError):
    """The user asked for the end. Exit status 3, not a failure."""


class OutputError(CoreError):
    """A result cannot be written."""
