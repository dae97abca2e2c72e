"""A few of the user's films, found and varied; takes too long for the GUI thread."""

from __future__ import annotations

import csv
import functools
import itertools
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PyQt5.QtGui import QImage

from core.errors import ImageReadError
from core.films.preprocess import PreprocessSpec, to_network_input
from core.films.radiograph import read_radiograph
from core.runs.variations import Augmentation
from desktop.film.pyramid import picture_image

#: Films that are looked for in each label's folder.
_PER_LABEL: Final = 4
#: Lines of a manifest that are read.
_LINES: Final = 400
_MOST: Final = 40


def draw_variations(
    path: Path, side: int, how: Augmentation, seed: int, count: int
) -> list[QImage]:
    """A film as the network gets it, and variations of that.

    Args:
        side: Of the network's input, pixels.
        seed: Of the variations; the same draws the same.
        count: How many variations.

    Raises:
        ImageReadError: The film cannot be read.
    """
    from core.runs.augment import vary

    try:
        film = _network_input(path, side)
        rng = np.random.default_rng(seed)
        varied = [vary(film, how, rng) for _ in range(count)]
        shades = [film, *(np.rint(one).astype(np.uint8) for one in varied)]
        return [picture_image(one) for one in shades]
    except MemoryError as error:
        raise ImageReadError(
            f"There is not enough memory to show {path.name}.",
            hint="Close other programs.",
        ) from error


@functools.lru_cache(maxsize=1)
def _network_input(path: Path, side: int) -> NDArray[np.uint8]:
    spec = PreprocessSpec(size=side)
    square = to_network_input(read_radiograph(path), spec)[0, :, :, 0]
    return np.rint(square).astype(np.uint8)


def first_films(data: Path) -> list[Path]:
    """A few films of a folder or manifest, of every label in turn.

    Returns:
        At most 40 paths, in an order that shows the labels by turns; none where
        the data cannot be read.
    """
    try:
        if data.is_dir():
            folders = sorted(f for f in data.iterdir() if f.is_dir())
            per_label = [
                list(itertools.islice(_files(folder), _PER_LABEL))
                for folder in folders
                if not folder.name.startswith(".")
            ]
        else:
            per_label = _listed(data)
    except (OSError, UnicodeDecodeError, csv.Error):
        return []
    turns = itertools.zip_longest(*per_label)
    films = [film for turn in turns for film in turn if film is not None]
    return films[:_MOST]


def _files(folder: Path) -> Iterator[Path]:
    for where, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            if not name.startswith(".") and name != "Thumbs.db":
                yield Path(where, name)


def _listed(manifest: Path) -> list[list[Path]]:
    per_label: dict[str, list[Path]] = {}
    with open(manifest, encoding="utf-8-sig", newline="") as file:
        for row in itertools.islice(csv.DictReader(file), _LINES):
            films = per_label.setdefault(row.get("label") or "", [])
            if row.get("file") and len(films) < _PER_LABEL:
                films.append(manifest.parent / str(row["file"]))
    return list(per_label.values())
