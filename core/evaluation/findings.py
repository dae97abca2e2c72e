"""What the check of a model's films found: kept with the model, told with its figures.

A training makes it from the films it reads, whether or not they were checked before;
`data` of a model's card holds it as `findings`, and so do `films` of its report:

    films       int    films that could be read
    patients    int    of these, films whose patient is known
    grouped     int    films that share a group which the data names
    split       "made" | "given" | "leaking": leaking where it was given and films
                that belong together are in several of its parts
    copies      int    films that show what another film shows already
    conflicts   int    pictures that are there under different labels
    measured    int    films on which the shortcuts were measured
    shortcuts   {metadata: probe | null, frame: probe | null}, as in `core.audit.audit`

Models that were made before have none, and a card by another hand may hold anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from core.records import Count, Number, RecordError, convert
from core.words import films as in_films

MADE, GIVEN, REGROUPED, LEAKING = "made", "given", "regrouped", "leaking"

#: Probe -> what a program saw of each film that was to tell its label.
SEEN: Final = {
    "metadata": "the size and kind of the file alone",
    "frame": "the rim of the film alone",
}
SHORTCUT_HEAD: Final = (
    *("What a program saw", "AUC (95 %)", "Labels shuffled", "Told apart best", "AUC"),
)
_PROGRAM: Final = "In the films of the training a program"
_DOUBT: Final = ": figures on such films may measure that and not lungs"
_TWO: Final = Meta(min_length=2, max_length=2)


class Probe(msgspec.Struct, frozen=True):
    """How well something that says nothing of lungs tells the labels apart.

    Attributes:
        auc: Area under the ROC curve on films not learned from: each label
            against the others, averaged; 0.5 is chance.
        auc_ci: Its 95 % bootstrap interval, drawn by group.
        chance: What the same probe reaches once the labels are shuffled.
        worst: The pair of labels it tells apart best, and how well.
        is_red: Whether that is enough to doubt what a model learns from them.
    """

    auc: Number
    auc_ci: Annotated[list[Number], _TWO]
    chance: Number
    worst: Annotated[list[str], _TWO]
    worst_auc: Number
    is_red: bool
    sentence: str = ""


class _Shortcuts(msgspec.Struct):
    metadata: Probe | None
    frame: Probe | None


class Findings(msgspec.Struct):
    """What the check of a model's films found; fields as the module says."""

    films: Count
    patients: Count
    grouped: Count
    split: str
    copies: Count
    conflicts: Count
    measured: Count
    shortcuts: _Shortcuts

    def probes(self) -> dict[str, Probe]:
        """What a program saw -> how well it did, where that could be measured."""
        found = {seen: getattr(self.shortcuts, name) for name, seen in SEEN.items()}
        return {seen: probe for seen, probe in found.items() if probe is not None}


def findings_of(data: Mapping[str, Any]) -> Findings | None:
    """The findings in a card's `data`; None where there are none to understand."""
    try:
        return convert(data.get("findings"), Findings)
    except RecordError:
        return None


def cautions_about(data: Mapping[str, Any], names: Mapping[str, str]) -> list[str]:
    """What in a card's `data` makes figures on films like those doubtful."""
    found = findings_of(data)
    if found is None:
        return []
    said = [
        shortcut_sentence(_PROGRAM, seen, probe, names, _DOUBT)
        for seen, probe in found.probes().items()
        if probe.is_red
    ]
    if found.conflicts:
        what = "picture is" if found.conflicts == 1 else "pictures are"
        said.append(
            f"Among the films of the training {found.conflicts:,} {what} there under "
            "different labels; only one of them can be right."
        )
    return said


def notes_about(data: Mapping[str, Any], names: Mapping[str, str]) -> list[str]:
    """The other findings, less grave, how the films were split among them."""
    found = findings_of(data)
    if found is None:
        return []
    probes = found.probes()
    said = [
        shortcut_sentence(_PROGRAM, seen, probe, names)
        for seen, probe in probes.items()
        if not probe.is_red
    ]
    if not probes:
        said.append(
            "Whether the labels can be told apart without looking at lungs could not "
            "be measured: there were too few independent films."
        )
    elif found.measured < found.films:
        said.append(
            f"This was measured on {in_films(found.measured)} of {found.films:,}."
        )
    if found.copies:
        verb = "shows" if found.copies == 1 else "show"
        said.append(f"{in_films(found.copies)} {verb} what another shows already.")
    split = split_sentence(found.split, found.films, found.patients, found.grouped)
    return [*said, f"{split}."]


def shortcut_rows(data: Mapping[str, Any], names: Mapping[str, str]) -> list[list[str]]:
    """Cells under `SHORTCUT_HEAD`; no row for what could not be measured."""
    found = findings_of(data)
    rows = []
    for seen, probe in (found.probes() if found else {}).items():
        low, high = probe.auc_ci
        row = [
            seen[:1].upper() + seen[1:],
            f"{probe.auc:.3f} ({low:.3f}–{high:.3f})",
            f"{probe.chance:.3f}",
            " from ".join(names.get(label, label) for label in probe.worst),
            f"{probe.worst_auc:.3f}",
        ]
        rows.append(row)
    return rows


def split_sentence(origin: str, films: int, patients: int, grouped: int) -> str:
    """How films were split, without its full stop.

    Args:
        patients: Of the films, those whose patient is known.
        grouped: Of these, those that share a group which the data names.
    """
    by = []
    if patients == films:
        by.append("patient")
    elif patients:
        by.append(f"patient where one is known ({patients:,} of {films:,} films)")
    if grouped:
        by.append("group")
    how = f"{', '.join(by)} and likeness"
    if not by:
        how = "likeness alone, since no patient is known"
    if origin == MADE:
        return f"The films were split by {how}"
    stated = "The split is the one that the list of films states"
    if origin == REGROUPED:
        return f"{stated}, but what was in several parts of it, by {how}, is in train"
    if origin == GIVEN:
        return f"{stated}; checked by {how}, nothing is in several parts of it"
    return f"{stated}, though films that belong together are in several parts of it"


def patients_sentence(films: int, known: int) -> str:
    """Whether two films of one patient are known to be that."""
    if known == films:
        return "The patient of every film is known."
    who = f"The patient of {in_films(films - known)} of {films:,} is not known"
    return (
        f"{who if known else 'No patient is known'}, so two films of one patient on "
        "different days may end up in different splits."
    )


def shortcut_sentence(
    program: str, seen: str, probe: Probe, names: Mapping[str, str], if_red: str = ""
) -> str:
    """How well something that says nothing of lungs tells the labels apart.

    Args:
        program: How the sentence begins: "A program".
        seen: What it sees, of `SEEN`.
        names: Label -> as people read it.
        if_red: What follows where it tells them apart well.
    """
    text = f"{program} that sees {seen} "
    if probe.auc_ci[0] <= 0.5:
        return (
            f"{text}cannot tell the labels apart (AUC {probe.auc:.2f}; 0.50 is chance)."
        )
    best = " from ".join(names.get(label, label) for label in probe.worst)
    how = "tells" if probe.is_red else "partly tells"
    text += f"{how} {best} with an AUC of {probe.worst_auc:.2f}"
    if len(names) > 2:
        text += f", all labels with {probe.auc:.2f}"
    return f"{text} (0.50 is chance){if_red if probe.is_red else ''}."
