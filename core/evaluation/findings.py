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

import dataclasses
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from core.records import Count, Number, Pair, RecordError, convert
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
_COUNTS = ("films", "patients", "grouped", "copies", "conflicts", "measured")


@dataclasses.dataclass(frozen=True)
class Shortcut:
    """How well labels were told apart by something that says nothing of lungs.

    Attributes:
        name: In `SEEN`.
        auc: Of each label against the others, averaged; 0.5 is chance.
        low, high: Of its 95 % interval.
        chance: What the same program reached once the labels were shuffled.
        pair: The two labels that it told apart best.
        pair_auc: How well.
        is_red: Whether that is enough to doubt figures over these films.
    """

    name: str
    auc: float
    low: float
    high: float
    chance: float
    pair: tuple[str, str]
    pair_auc: float
    is_red: bool

    @property
    def seen(self) -> str:
        """What the program saw."""
        return SEEN[self.name]


@dataclasses.dataclass(frozen=True)
class Findings:
    """What the check of a model's films found; fields as the module says.

    Attributes:
        shortcuts: Those that could be measured.
    """

    films: int
    patients: int
    grouped: int
    split: str
    copies: int
    conflicts: int
    measured: int
    shortcuts: tuple[Shortcut, ...]


class _Probe(msgspec.Struct):
    auc: Number
    auc_ci: Pair
    chance: Number
    worst: tuple[str, str]
    worst_auc: Number
    is_red: bool


class _Shortcuts(msgspec.Struct):
    metadata: _Probe | None
    frame: _Probe | None


class _Findings(msgspec.Struct):
    """As they are written; the module says what each is."""

    films: Count
    patients: Count
    grouped: Count
    split: str
    copies: Count
    conflicts: Count
    measured: Count
    shortcuts: _Shortcuts


def findings_of(data: Mapping[str, Any]) -> Findings | None:
    """The findings in a card's `data`; None where there are none to understand."""
    try:
        found = convert(data.get("findings"), _Findings)
    except RecordError:
        return None
    probes = [(name, getattr(found.shortcuts, name)) for name in SEEN]
    return Findings(
        **{name: getattr(found, name) for name in _COUNTS},
        split=found.split,
        shortcuts=tuple(_shortcut(name, probe) for name, probe in probes if probe),
    )


def cautions_about(data: Mapping[str, Any], names: Mapping[str, str]) -> list[str]:
    """What makes figures on films like those of the training doubtful.

    Args:
        data: Of a model's card.
        names: Label -> as people read it.
    """
    found = findings_of(data)
    if found is None:
        return []
    said = [_shortcut_sentence(s, names) for s in found.shortcuts if s.is_red]
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
    said = [_shortcut_sentence(s, names) for s in found.shortcuts if not s.is_red]
    if not found.shortcuts:
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
    return [
        [
            each.seen[:1].upper() + each.seen[1:],
            f"{each.auc:.3f} ({each.low:.3f}–{each.high:.3f})",
            f"{each.chance:.3f}",
            " from ".join(names.get(label, label) for label in each.pair),
            f"{each.pair_auc:.3f}",
        ]
        for each in (found.shortcuts if found is not None else ())
    ]


def split_sentence(origin: str, films: int, patients: int, grouped: int) -> str:
    """How films were split, without its full stop.

    Args:
        origin: `MADE`, `GIVEN`, `REGROUPED` or `LEAKING`.
        films: All of them.
        patients: Of these, those whose patient is known.
        grouped: Of these, those that share a group which the data names.
    """
    how = _by(films, patients, grouped)
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


def _by(films: int, patients: int, grouped: int) -> str:
    """ "patient and likeness", or what else films were kept together by."""
    by = []
    if patients == films:
        by.append("patient")
    elif patients:
        by.append(f"patient where one is known ({patients:,} of {films:,} films)")
    if grouped:
        by.append("group")
    if not by:
        return "likeness alone, since no patient is known"
    return f"{', '.join(by)} and likeness"


def _shortcut_sentence(found: Shortcut, names: Mapping[str, str]) -> str:
    one, other = (names.get(label, label) for label in found.pair)
    text = f"In the films of the training a program that sees {found.seen} "
    if found.low <= 0.5:
        return (
            f"{text}cannot tell the labels apart (AUC {found.auc:.2f}; 0.50 is chance)."
        )
    how = "tells" if found.is_red else "partly tells"
    best = f"{one} from {other}"
    text += f"{how} {best} with an AUC of {found.pair_auc:.2f}"
    if len(names) > 2:
        text += f", all labels with {found.auc:.2f}"
    text += " (0.50 is chance)"
    if not found.is_red:
        return f"{text}."
    return f"{text}: figures on such films may measure that and not lungs."


def _shortcut(name: str, probe: _Probe) -> Shortcut:
    return Shortcut(
        name=name,
        auc=probe.auc,
        low=probe.auc_ci[0],
        high=probe.auc_ci[1],
        chance=probe.chance,
        pair=probe.worst,
        pair_auc=probe.worst_auc,
        is_red=probe.is_red,
    )
