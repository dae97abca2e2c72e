"""One film or one patient in several places: copies, conflicts, leaks."""

from __future__ import annotations

import collections
from collections.abc import Iterable, Sequence

import msgspec

from core.audit.survey import Survey
from core.data.dataset import Sample
from core.data.near_duplicates import SimilarPair
from core.data.split import SPLITS, component_numbers


class Leak(msgspec.Struct, frozen=True):
    """Something that is in several of the given splits.

    Attributes:
        kind: "identical", "similar", "patient" or "group".
        splits: Where they are, in the order of `SPLITS`.
    """

    kind: str
    files: list[str]
    splits: list[str]
    sentence: str


def identical_rows(survey: Survey) -> list[list[int]]:
    """Rows of films that are byte for byte one file, or one picture unchanged."""
    files = [film.sample.sha256 for film in survey.films]
    pictures = [film.picture for film in survey.films]
    linked = [*_runs(files), *_runs(pictures)]
    return _linked(len(files), [(run[0], row) for run in linked for row in run[1:]])


def alike_rows(
    count: int, identical: Sequence[Sequence[int]], similar: Iterable[SimilarPair]
) -> list[list[int]]:
    """Rows of films that show one picture, stored once or changed."""
    pairs = [(rows[0], row) for rows in identical for row in rows[1:]]
    return _linked(count, pairs + [(pair.first, pair.second) for pair in similar])


def conflicts(
    samples: Sequence[Sample], alike: Sequence[Sequence[int]]
) -> list[list[str]]:
    """Files that show one picture under different labels."""
    return [
        [samples[row].file for row in rows]
        for rows in alike
        if len({samples[row].label for row in rows}) > 1
    ]


def find_leaks(
    samples: Sequence[Sample],
    identical: Sequence[Sequence[int]],
    alike: Sequence[Sequence[int]],
    similar: Sequence[SimilarPair],
) -> list[Leak]:
    """What is in more than one of the splits train, val and test."""
    leaks = [_leak(samples, "identical", rows, "One film is") for rows in identical]
    how_of = {pair.first: pair.how for pair in reversed(similar)}
    stated = {tuple(rows) for rows in identical}
    for rows in alike:
        if tuple(rows) not in stated:
            how = next(how_of[row] for row in rows if row in how_of)
            what = f"Copies of one film ({how}) are"
            leaks.append(_leak(samples, "similar", rows, what))
    for kind in ("patient", "group"):
        names = [getattr(sample, kind) for sample in samples]
        for rows in _runs(names):
            what = f"Films of the {kind} {names[rows[0]]} are"
            leaks.append(_leak(samples, kind, rows, what))
    return [leak for leak in leaks if len(leak.splits) > 1]


def _leak(samples: Sequence[Sample], kind: str, rows: Sequence[int], what: str) -> Leak:
    there = [row for row in rows if samples[row].split in SPLITS]
    splits = [n for n in SPLITS if any(samples[r].split == n for r in there)]
    files = [samples[row].file for row in there]
    named = ", ".join(files[:3]) + (f" and {len(files) - 3} more" if files[3:] else "")
    return Leak(kind, files, splits, f"{what} in {' and '.join(splits)}: {named}.")


def _runs(names: Sequence[str]) -> list[list[int]]:
    """Rows that share a name, for every name of more than one row."""
    rows_of: dict[str, list[int]] = collections.defaultdict(list)
    for row, name in enumerate(names):
        if name:
            rows_of[name].append(row)
    return [rows for rows in rows_of.values() if len(rows) > 1]


def _linked(count: int, pairs: Iterable[tuple[int, int]]) -> list[list[int]]:
    """Rows that hang together by the pairs, by twos or more."""
    return _runs([str(number) for number in component_numbers(count, pairs)])
