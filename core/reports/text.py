"""Figures for people: an evaluation, and how it was calibrated, as text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.model.bundle import ModelCard
from core.model.wording import normal_note
from core.reports.sentences import lung_sentences
from core.reports.tables import rate, result_tables
from core.terminal import columns, printable
from core.words import exact_percent, percent


def evaluation_text(result: Mapping[str, Any], card: ModelCard) -> str:
    """An evaluation as tables for the terminal.

    Within sources first: figures over all of them also tell hospitals apart.
    """
    tables = {
        name: [f"{table.title}:", *columns([table.head, *table.rows]), ""]
        for name, table in result_tables(result, card.names).items()
    }
    lines = [f"Films: {result['n']}", ""]
    for first in ("within", "unseen", "sources"):
        lines += tables.pop(first, [])
    *figures, error = (f"{name}: {value}" for name, value in overall(result))
    before = f"before temperature {result['ece_uncalibrated']:.3f}"
    lines += ["Over all films:", *figures, f"{error}, {before}", ""]
    for table in tables.values():
        lines += table
    matrix = zip(card.names.values(), result["confusion_matrix"], strict=True)
    lines.append("Truth in rows, called in columns:")
    heads = ["", *card.names.values()]
    lines += columns([heads, *([name, *counts] for name, counts in matrix)])
    if result.get("lungs"):
        lines += ["", "Does it look at lungs?"]
        said = lung_sentences(result["lungs"], card.names)
        lines += [f"  {printable(sentence)}" for sentence in said]
    return "\n".join(lines)


def overall(result: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Name and value of each figure over all films of an evaluation."""
    return [
        ("Accuracy", rate(result, "accuracy")),
        ("Macro-F1", rate(result, "macro_f1") + macro_note(result)),
        ("Calibration error (ECE)", rate(result, "ece")),
    ]


def macro_note(result: Mapping[str, Any]) -> str:
    """What the macro-F1 averages over, where some label has no film."""
    counts = [rates["n"] for rates in result["per_class"].values()]
    present = sum(count > 0 for count in counts)
    if present == len(counts):
        return ""
    return f" (mean over the {present} of {len(counts)} labels that have films)"


def sets_note(card: ModelCard) -> str:
    """What sets of findings rest on, as a sentence."""
    if card.conformal is None:
        return "It keeps no conformal scores: no sets of findings can be made."
    films = ", ".join(
        f"{card.display_name(label)} {count}"
        for label, count in card.conformal.films.items()
    )
    return f"Sets of findings rest on {card.conformal.chosen_on} films: {films}."


def points_text(card: ModelCard) -> str:
    """From where on findings are stated, and what finds a share of their films."""
    lines = ["A finding is stated from these probabilities on:"]
    for point in card.operating_points:
        name, stated_from = card.display_name(point.label), point.threshold
        lines.append(
            f"  {printable(name):<14}{exact_percent(stated_from):>7}  "
            f"precision {point.precision:.3f}, sensitivity {point.sensitivity:.3f}, "
            f"specificity {point.specificity:.3f} ({printable(point.chosen_on)})"
        )
    if note := normal_note(card.names):
        lines.append(printable(note))
    if card.sensitivity_points:
        lines += ["", "To find a share of the films of a finding:"]
    for target in card.sensitivity_points:
        name = printable(card.display_name(target.label))
        found_from = exact_percent(target.threshold)
        lines.append(
            f"  {percent(target.target)} of {name}: from {found_from} on "
            f"({printable(target.chosen_on)})"
        )
    return "\n".join(lines)
