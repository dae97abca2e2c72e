"""Which edition this is: the full one, or the reader, which does not train."""

from __future__ import annotations

import importlib.util
from typing import Final

from core.errors import CoreError

READER_ONLY: Final = "This is the reader edition of Hilum, which trains no models."
HOW_TO_TRAIN: Final = (
    "Install the full edition of Hilum: it takes the place of this one and keeps "
    "your models and settings."
)


def can_train() -> bool:
    """Whether Keras is here; looked for without loading it."""
    return importlib.util.find_spec("keras") is not None


def check_can_train() -> None:
    """Raise CoreError of what takes Keras where there is none."""
    if not can_train():
        raise CoreError(READER_ONLY, hint=HOW_TO_TRAIN)
