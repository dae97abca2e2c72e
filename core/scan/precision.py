"""The precision of a scan, where it is left to the program."""

from __future__ import annotations

import contextlib
from pathlib import Path

from core.errors import OutputError
from core.model.bundle import ModelBundle
from core.model.precision import FAST, REFERENCE, fastest
from core.scan.results import read_rows

#: Films below which float32 is taken: another precision opens a second graph, and
#: has to be compared.
MIN_FILMS = 50


def precision_of_scan(
    asked: str, bundle: ModelBundle, *, begun: Path | None, films: int | None
) -> str:
    """The precision to read films in.

    Args:
        asked: One of `core.model.precision.CHOICES`.
        bundle: To read them with.
        begun: File of a scan to go on with: *fast* keeps to what its rows are in.
        films: That there are; None where more may come.

    Raises:
        BundleError: As `core.model.precision.fastest`.
    """
    if asked != FAST:
        return asked
    if begun is not None and begun.is_file():
        # What is wrong with the file is said where it is opened.
        with contextlib.suppress(OutputError):
            for row in read_rows(begun, bundle.card.label_names):
                return row.precision
    return REFERENCE if films is not None and films < MIN_FILMS else fastest(bundle)
