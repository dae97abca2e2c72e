"""Films of which a person has said what they really show: a data set to learn from.

They are listed in one manifest among the program's data, with the SHA-256 that each
had then, so that a training leaves out a film that has changed since, and says so.
No film is copied.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from core.data.dataset import COLUMNS, Sample, read_manifest
from core.errors import DatasetError, OutputError
from core.files import output_error, write_csv
from core.films.radiograph import display_name
from core.jobs.lock import Lock
from core.paths import corrected_films, is_sample
from core.regular_file import sha256_of

#: Another program that writes the list is waited for as long.
_TIMEOUT_S = 10.0

#: Absolute path -> the film with its label.
Corrections = dict[Path, Sample]


def read_corrections() -> Corrections:
    """The films that were corrected so far.

    Raises:
        DatasetError: The list was changed by hand, and is no manifest any more.
    """
    place = corrected_films()
    return {each.path: each for each in read_manifest(place)} if place.exists() else {}


def correct(films: Sequence[Path], label: str) -> Corrections:
    """Note what films really show; the last word on a film counts.

    Args:
        label: Of the model, or `core.data.dataset.NOT_USABLE`.

    Returns:
        All corrections there are now.

    Raises:
        DatasetError: A film cannot be read, or not be listed; nothing is changed.
        OutputError: The list cannot be written; it stays as it was.
    """
    places = [Path(os.path.abspath(film)) for film in films]
    hashes = {place: _hash_of(place) for place in places}
    with _changed() as known:
        for place, sha256 in hashes.items():
            before = known.get(place, Sample(str(place), place, label))
            known[place] = dataclasses.replace(before, label=label, sha256=sha256)
    return known


def take_back(films: Sequence[Path]) -> Corrections:
    """Forget what was said of films, as `correct` takes and gives them."""
    with _changed() as known:
        for film in films:
            known.pop(Path(os.path.abspath(film)), None)
    return known


def has_changed(film: Sample) -> bool:
    """Whether a film is another one now than when it was corrected, or gone."""
    try:
        return sha256_of(film.path) != film.sha256
    except OSError:
        return True


@contextlib.contextmanager
def _changed() -> Iterator[Corrections]:
    """The corrections, to be changed: they are written down at the end."""
    place = corrected_films()
    lock = Lock(place)
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        is_free = lock.take(timeout_s=_TIMEOUT_S)
    except OSError as error:
        raise output_error(place, error) from error
    if not is_free:
        raise OutputError(
            "Another program is writing the list of corrected films.", hint="Try again."
        )
    try:
        known = read_corrections()
        yield known
        rows = (
            [path, *(getattr(film, name) for name in COLUMNS[1:])]
            for path, film in known.items()
        )
        if known:
            write_csv(place, [COLUMNS, *rows])
        else:  # a list of nothing is no manifest
            place.unlink(missing_ok=True)
    finally:
        lock.release()


def _hash_of(film: Path) -> str:
    name = display_name(film)
    if is_sample(film):
        raise DatasetError(
            f"{name} is drawn, and no film to learn from.", hint="Open films of yours."
        )
    try:
        str(film).encode("utf-8")
        return sha256_of(film)
    except UnicodeEncodeError as error:
        raise DatasetError(
            f"The name of {name} is no text, so no list can hold it.",
            hint="Rename the film, or its folder.",
        ) from error
    except OSError as error:
        raise DatasetError(
            f"{name} cannot be read: {error.strerror or error}.",
            hint="Check that its disk is connected.",
        ) from error
