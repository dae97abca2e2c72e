"""Which film of a scan to look at first, and why it stands where it does.

The order has five groups, one after the other:

1. a finding that is stated: some disease, above its mark;
2. doubtful films: no label reaches its mark, a warning forbids to state any, or no
   sign was found and a warning says why not to trust that;
3. no sign of what the model looks for;
4. films that were refused: they are not of a kind to have a verdict;
5. films that could not be read.

A warning takes no finding down: such a film is looked at early anyway. In a group
the likelier disease comes first, then what is less clear.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from core.films.radiograph import display_name
from core.model.card import HEALTHY as HEALTHY
from core.scan.row import ScanRow
from core.words import percent

#: The groups, the first one first.
FINDING, DOUBTFUL, NO_SIGN, REFUSED, NOT_READ = range(5)
#: Two labels whose probabilities are nearer to each other are called close.
_CLOSE: Final = 0.1


def disease_probability(probabilities: Mapping[str, float]) -> float:
    """The probability that a film shows any disease.

    Args:
        probabilities: Label -> probability. Without a label called normal, the
            first one is taken for the disease.
    """
    if HEALTHY in probabilities:
        return 1.0 - probabilities[HEALTHY]
    return next(iter(probabilities.values()))


def is_disease(label: str, labels: Iterable[str]) -> bool:
    """Whether a label is a disease, as `disease_probability` has it.

    Args:
        labels: All of the model, in output order.
    """
    names = tuple(labels)
    return label != HEALTHY if HEALTHY in names else label == names[0]


def doubt(probabilities: Mapping[str, float]) -> float:
    """How little the likeliest label is ahead of the next: 1 if not at all."""
    first, second = sorted(probabilities.values(), reverse=True)[:2]
    return 1.0 - (first - second)


def group_of(row: ScanRow) -> int:
    """The group of a row, from `FINDING` to `NOT_READ`."""
    if row.error:
        return NOT_READ
    if row.reason:
        return REFUSED
    if row.finding is not None and is_disease(row.finding, row.probabilities):
        return FINDING
    return DOUBTFUL if row.finding is None or row.warnings else NO_SIGN


def triage_key(row: ScanRow) -> tuple[int, float, float, str]:
    """Sorts rows: by group, then likely disease first, then doubt."""
    group = group_of(row)
    if not row.probabilities:
        return group, 0.0, 0.0, row.file
    # Per cent: a difference nobody would act on leaves room for doubt.
    disease = round(disease_probability(row.probabilities), 2)
    return group, -disease, -doubt(row.probabilities), row.file


def why_here(row: ScanRow, names: Mapping[str, str]) -> str:
    """Why a row stands where it does in triage order, in some words.

    Args:
        names: Label -> as people read it.
    """
    group = group_of(row)
    if group == NOT_READ:
        return f"not read: {_first_sentence(bare_error(row.error, row.file))}"
    if group == REFUSED:
        return f"refused: {_first_sentence(row.reason)}"
    if group == DOUBTFUL and row.warnings:
        more = f" and {len(row.warnings) - 1} more" if len(row.warnings) > 1 else ""
        return f"warning: {_first_sentence(row.warnings[0])}{more}"
    shares = row.probabilities
    first, second = sorted(shares, key=shares.__getitem__, reverse=True)[:2]
    if group == DOUBTFUL:
        if shares[first] - shares[second] < _CLOSE:
            return f"uncertain: {names[first]} and {names[second]} close"
        return f"uncertain: {names[first]} {percent(shares[first])}, below its mark"
    stated = row.finding or first
    said = f"{names[stated]} {percent(shares[stated])}, above its mark"
    return said if group == FINDING else f"no sign: {said}"


def bare_error(error: str, file: str) -> str:
    """Why a film could not be read, without its name, which the row says already."""
    return error.removeprefix(f'"{display_name(Path(file))}" ')


def _first_sentence(text: str) -> str:
    """The first of some sentences, to stand within another one."""
    first = text.split(". ")[0].removesuffix(".")
    return first if first[1:2].isupper() else first[:1].lower() + first[1:]
