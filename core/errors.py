"""Failures the user can act on. Everything else is a bug and stays uncaught."""

from __future__ import annotations


class CoreError(Exception):
    """Base of every expected failure. Its text is a sentence for the user.

    Attributes:
        hint: What the user can do about it, as one sentence; may be empty.
    """

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


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
