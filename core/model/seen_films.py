"""Which films a model has seen: `films.csv` of its bundle."""

from __future__ import annotations

import contextlib
import csv
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath, PureWindowsPath

from core.data.dataset import Sample
from core.data.split import SPLITS, Split
from core.errors import ImageReadError
from core.files import write_csv
from core.films.radiograph import Radiograph, read_radiograph
from core.model.bundle import FILMS, ModelBundle, damaged
from core.regular_file import sha256_of


def write_film_list(path: Path, split: Split) -> None:
    """Write a line per film of a job: the SHA-256 of its file, and its split.

    Hashes, not names: a bundle travels, and a hash tells nothing but whether
    two films are the same file. Sorted, so that the order tells nothing either.

    Raises:
        OutputError: It cannot be written.
    """
    rows = sorted(
        (sample.sha256 or film_sha256(sample.path), name)
        for name in SPLITS
        for sample in split.part(name)
    )
    write_csv(path, [("sha256", "split"), *(row for row in rows if row[0])])


def read_film_list(bundle: ModelBundle) -> dict[str, str] | None:
    """SHA-256 -> split of the films that a model was made with.

    Returns:
        None where the bundle does not say, as older ones do not.

    Raises:
        BundleError: The list cannot be understood.
    """
    if FILMS not in bundle.card.files:
        return None
    try:
        with open(bundle.path / FILMS, encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        return {row["sha256"]: row["split"] for row in rows}
    except (OSError, UnicodeDecodeError, csv.Error, KeyError) as error:
        what = f"its list of films cannot be read ({error})"
        raise damaged(bundle.card.name, what) from error


def untested(
    bundle: ModelBundle, samples: Iterable[Sample]
) -> Iterator[tuple[Sample, Radiograph]]:
    """Films that can be read and that a model was not tested on, as its bundle says."""
    known = read_film_list(bundle) or {}
    for sample in samples:
        if not known or known.get(film_sha256(sample.path)) != "test":
            with contextlib.suppress(ImageReadError):
                yield sample, read_radiograph(sample.path)


def films_seen(films: Iterable[str], bundle: ModelBundle) -> int | None:
    """How many films a model was trained or chosen on.

    Args:
        films: SHA-256 of each.

    Returns:
        None where the bundle does not say which films it was made with.
    """
    known = read_film_list(bundle)
    if known is None:
        return None
    return sum(known.get(film, "test") != "test" for film in films)


def film_sha256(path: Path) -> str:
    """SHA-256 of a film's file; empty if it cannot be read."""
    with contextlib.suppress(OSError):
        return sha256_of(path)
    return ""


def path_free(file: str) -> str:
    """A film's name without the folders of one machine: reports travel.

    Paths relative to the data stay as they are.
    """
    for path in (PurePosixPath(file), PureWindowsPath(file)):
        if path.is_absolute():
            return path.name
    return file
