"""A published data set -> the films of it that are wanted, and a count of the rest."""

from __future__ import annotations

import collections
import dataclasses
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from core.assembly.originals import (
    COVID,
    NORMAL,
    OTHER,
    PNEUMONIA,
    UNCERTAIN,
    Original,
)
from core.audit.leaks import alike_rows, identical_rows
from core.audit.survey import grouped, survey, tally
from core.data.dataset import Sample
from core.data.near_duplicates import similar_pairs
from core.errors import DatasetError
from core.films.dicom_facts import is_lateral
from core.films.finder import no_folder
from core.jobs.events import StageStarted
from core.jobs.reporters import Report, counter, share_counter

LABELS = (COVID, NORMAL, PNEUMONIA, OTHER)
_MISSING = "listed, but the file is missing"


@dataclasses.dataclass(frozen=True)
class Wish:
    """Which films are wanted.

    Attributes:
        labels: Of `LABELS`.
        views: As the data set names them, its first word in capital letters; none
            for all but films from the side.
        children: Whether those that are said to be of children are.
        uncertain: The label that films of uncertain pneumonia are given; by default
            they keep it, and so are left out.
    """

    labels: Sequence[str] = LABELS[:3]
    views: Sequence[str] = ()
    children: bool = True
    uncertain: str = UNCERTAIN

    def __post_init__(self) -> None:
        if unknown := [label for label in self.labels if label not in LABELS]:
            raise DatasetError(
                f"No published data set has films labelled {', '.join(unknown)}.",
                hint=f"Its findings are sorted into: {', '.join(LABELS)}.",
            )

    def against(self, film: Sample) -> str:
        """Why a film is not wanted; empty if it is."""
        if film.label not in self.labels:
            kinds = {OTHER: "of other findings", UNCERTAIN: "of uncertain pneumonia"}
            return kinds.get(film.label, f"labelled {film.label}")
        if self.views and film.view.upper().partition(" ")[0] not in self.views:
            return f"of the view {film.view}" if film.view else "of an unknown view"
        if not self.views and is_lateral(film.view):
            return "from the side"
        if not self.children and film.child == "yes":
            return "of children"
        return "" if os.path.isfile(film.path) else _MISSING


@dataclasses.dataclass(frozen=True)
class Assembled:
    """The films that are wanted, and why -> how many others were left out."""

    samples: tuple[Sample, ...]
    left_out: Mapping[str, int]

    def counts(self) -> dict[str, Any]:
        """What there is, as JSON values.

        Returns:
            `films`, `labels` {label: films}, `sources` and `views` {name: {label:
            films}}, `children` {label: films}, `patients` that are known, `grouped`
            films that share a group, and `left_out` {reason: films}.
        """
        films = self.samples
        children = (film.label for film in films if film.child == "yes")
        return {
            "films": len(films),
            "labels": dict(sorted(collections.Counter(f.label for f in films).items())),
            "sources": tally([(film.source, film.label) for film in films]),
            "views": tally([(film.view or "unknown", film.label) for film in films]),
            "children": dict(collections.Counter(children)),
            "patients": len({film.patient for film in films} - {""}),
            "grouped": grouped(films),
            "left_out": dict(self.left_out),
        }


def assemble(
    original: Original,
    folder: Path,
    wish: Wish = Wish(),
    report: Report = lambda event: None,
) -> Assembled:
    """Read the tables of a data set, or its folders, and sift its films.

    Films are opened only where the data set holds altered copies of its own.

    Raises:
        DatasetError: There is no such folder, a table is missing or unlike that of
            the data set, or no film is left.
    """
    if not os.path.isdir(folder):
        raise no_folder(folder)
    report(StageStarted("reading", f"Looking for the films of {original.title}."))
    wanted: dict[Path, Sample] = {}
    left_out: collections.Counter[str] = collections.Counter()
    missing = ""
    for found in original.read(folder):
        if isinstance(found, str):
            left_out[found] += 1
            continue
        if found.label == UNCERTAIN:
            found = dataclasses.replace(found, label=wish.uncertain)
        reason = wish.against(found)
        if not reason and found.path in wanted:
            reason = "listed twice"
        if reason == _MISSING:
            missing = missing or f" The first that is missing would be {found.path}."
        if reason:
            left_out[reason] += 1
        else:
            wanted[found.path] = found
    films = list(wanted.values())
    if films and original.has_copies:
        films, unreadable = _with_copies_grouped(films, report)
        left_out += collections.Counter({"not to be read": unreadable})
    if not films:
        left = f" Left out: {in_words(left_out)}." if left_out else ""
        raise DatasetError(
            f"No film of {original.title} that is wanted was found in {folder}.",
            hint=f"It should hold {original.layout}.{left}{missing}",
        )
    return Assembled(tuple(films), dict(left_out.most_common()))


def in_words(left_out: Mapping[str, int]) -> str:
    """How many films were left out, and why."""
    return "; ".join(f"{count:,} {reason}" for reason, count in left_out.items())


def _with_copies_grouped(
    films: Sequence[Sample], report: Report
) -> tuple[list[Sample], int]:
    """Films that show one picture in one group, and how many cannot be read."""
    surveyed = survey(films, counter("reading", len(films), report))
    report(StageStarted("comparing", "Looking for copies."))
    tell = share_counter("comparing", len(surveyed.films), report)
    pairs = similar_pairs(surveyed.fingerprints, tell)
    samples = list(surveyed.samples)
    alike = alike_rows(len(samples), identical_rows(surveyed), pairs)
    for rows in alike:
        group = f"copies-{samples[rows[0]].sha256[:12]}"
        for row in rows:
            samples[row] = dataclasses.replace(samples[row], group=group)
    return samples, len(surveyed.unreadable)
