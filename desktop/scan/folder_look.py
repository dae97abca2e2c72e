"""A first look at a folder that is to be scanned."""

from __future__ import annotations

import contextlib
import itertools
import os
from pathlib import Path
from typing import Final

from core.errors import DatasetError
from core.films.radiograph import display_name
from core.model.bundle import ModelCard
from core.scan.labels import labels_by_folder

#: Folders that are looked at for names of labels; a share may hold millions.
_MOST_LOOKED_AT: Final = 2000


def labels_in(folder: Path, card: ModelCard | None) -> tuple[str, ...]:
    """Labels of the model that folders in one, or in those, are named like.

    Raises:
        DatasetError: It is no folder, or may not be read.
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
        return ()
    label_of, found = labels_by_folder(card), set()
    with contextlib.suppress(OSError):
        below = itertools.chain(folder.glob("*/"), folder.glob("*/*/"))
        for each in itertools.islice(below, _MOST_LOOKED_AT):
            found.add(label_of(f"{each.name}/film"))
    return tuple(each.display_name for each in card.labels if each.name in found)
