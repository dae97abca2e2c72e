"""A first look at a folder that is to be scanned."""

from __future__ import annotations

import contextlib
import dataclasses
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from core.errors import DatasetError
from core.films.radiograph import display_name
from core.model.bundle import ModelCard
from core.scan.labels import labels_by_folder

#: Folders that are looked at for names of labels; a share may hold millions.
_MOST_LOOKED_AT: Final = 2000


@dataclasses.dataclass(frozen=True)
class FolderLook:
    """What a first look at a folder shows.

    Attributes:
        folder: It.
        labels: Labels of the model that folders in it are named as, as people
            read them.
    """

    folder: Path
    labels: tuple[str, ...]


def look_at_folder(folder: Path, card: ModelCard | None) -> FolderLook:
    """See whether a folder can be scanned, and is sorted by label.

    Raises:
        DatasetError: It is none, or may not be read.
    """
    try:
        with os.scandir(folder) as entries:
            next(entries, None)
    except NotADirectoryError as error:
        raise DatasetError(
            f"{display_name(folder)} is a file, and a scan takes a folder.",
            hint="Choose the folder that it lies in. Single films are read in the "
            "Diagnose tab.",
        ) from error
    except OSError as error:
        raise DatasetError(
            f"The folder {folder} cannot be read: {error.strerror or error}.",
            hint="Check its permissions, and that its disk is connected.",
        ) from error
    if card is None:
        return FolderLook(folder, ())
    label_of = labels_by_folder(card)
    found = {label_of(f"{name}/film") for name in _folders_in(folder)}
    shown = [each.display_name for each in card.labels if each.name in found]
    return FolderLook(folder, tuple(shown))


def _folders_in(folder: Path) -> Sequence[str]:
    """Names of the folders in a folder, and in those."""
    names: list[str] = []
    places = [str(folder)]
    for depth in range(2):
        below: list[str] = []
        for place in places:
            with contextlib.suppress(OSError), os.scandir(place) as entries:
                for entry in entries:
                    if len(names) == _MOST_LOOKED_AT:
                        return names
                    if entry.is_dir():
                        names.append(entry.name)
                        below.append(entry.path)
        places = below if depth == 0 else []
    return names
