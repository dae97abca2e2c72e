"""Figures for people: an evaluation, and how it was calibrated, as text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.model.bundle import ModelCard
from core.model.classifier import percent
from core.model.normal import names_of, normal_note
from core.reports.sentences import lung_sentences
from core.terminal import columns, printable

_RATES = ("precision", "recall", "specificity", "f1", "auc")


def evaluation_text(result: Mapping[str, Any], card: ModelCard) -> str:
    """An evaluation as a table for the terminal."""
    names = {name: printable(shown) for name, shown in card.names.items()}
    lines = [
        f"Films: {result['n']}",
        f"Accuracy: {_rate(result, 'accuracy')}",
        f"Macro-F1: {_rate(result, 'macro_f1')}{macro_note(result)}",
        f"Calibration error (ECE): {result['ece']:.3f}{_interval(result, 'ece')}, "
        f"before temperature {result['ece_uncalibrated']:.3f}",
        "",
    ]
    rows = [
        [names[label], rates["n"], *(_rate(rates, name) for name in _RATES)]
        for label, rates in result["per_class"].items()
    ]
    lines += columns([["", "n", *_RATES], *rows])
    lines += ["", "Truth in rows, called in columns:"]
    matrix = zip(names.values(), result["confusion_matrix"], strict=True)
    lines += columns([[name, *counts] for name, counts in matrix])
    if unseen := unseen_rows(result, names):
        lines += ["", "Sources measured by a model that was trained without them:"]
        for source, count, accuracy, pairs in unseen:
            lines.append(f"  {printable(source):<20}{count:>5}  {accuracy}")
            lines += [f"    {printable(pair)}" for pair in pairs]
    if sets := result.get("sets"):
        lines += ["", *_sets(sets, card)]
    if points := result.get("sensitivity_points"):
        lines += ["", "At the thresholds that validation chose for a sensitivity:"]
        lines += [_sensitivity(point, card) for point in points]
    if by_source := result["by_source"]:
        rows = [
            [
                f"  {source}",
                part["n"],
                _rate(part, "accuracy"),
                _rate(part, "ece") if "ece" in part else "",
                _rate(part["sets"], "coverage") if "sets" in part else "",
            ]
            for source, part in by_source.items()
        ]
        lines += ["", "By source (accuracy; ECE; share of sets with the true finding):"]
        lines += columns(rows)
    if within := result["within_source"]:
        rows = [
            [
                f"  {entry['within']}: {_against(entry, names)}",
                " + ".join(map(str, entry["n"])),
                _rate(entry, "auc"),
            ]
            for entry in within
        ]
        lines += ["", "AUC between two labels within one source:", *columns(rows)]
    if result.get("lungs"):
        lines += ["", "Does it look at lungs?"]
        lines += [f"  {each}" for each in lung_sentences(result["lungs"], names)]
    return "\n".join(lines)


def unseen_rows(
    result: Mapping[str, Any], names: Mapping[str, str]
) -> list[tuple[str, int, str, list[str]]]:
    """Source, films, accuracy and AUC of pairs of labels, of unseen sources."""
    rows = []
    for source, part in result.get("unseen_sources", {}).items():
        pairs = [
            f"{_against(entry, names)}: AUC {_rate(entry, 'auc')}"
            for entry in part.get("within_source", ())
        ]
        accuracy = part.get("reason") or _rate(part, "accuracy")
        rows.append((source, part["n"], accuracy, pairs))
    return rows


def macro_note(result: Mapping[str, Any]) -> str:
    """What the macro-F1 averages over, where some label has no film."""
    counts = [rates["n"] for rates in result["per_class"].values()]
    present = sum(count > 0 for count in counts)
    if present == len(counts):
        return ""
    return f" (mean over the {present} of {len(counts)} labels that have films)"


def calibration_text(card: ModelCard) -> str:
    """From where on findings are stated, and what sets of findings rest on."""
    lines = ["A finding is stated from these probabilities on:"]
    for point in card.operating_points:
        lines.append(
            f"  {printable(card.display_name(point.label)):<14}{point.threshold:.3f}  "
            f"precision {point.precision:.3f}, sensitivity {point.sensitivity:.3f}, "
            f"specificity {point.specificity:.3f} ({printable(point.chosen_on)})"
        )
    if note := normal_note(names_of(card)):
        lines.append(printable(note))
    if card.sensitivity_points:
        lines += ["", "To find a share of the films of a finding:"]
    for target in card.sensitivity_points:
        name = printable(card.display_name(target.label))
        lines.append(
            f"  {percent(target.target)} of {name}: from {target.threshold:.3f} on "
            f"({printable(target.chosen_on)})"
        )
    if card.conformal is None:
        lines += ["", "It keeps no conformal scores: no sets of findings can be made."]
    else:
        films = ", ".join(
            f"{printable(card.display_name(label))} {count}"
            for label, count in card.conformal.films.items()
        )
        where = printable(card.conformal.chosen_on)
        lines += ["", f"Sets of findings rest on {where} films: {films}."]
    return "\n".join(lines)


def _sets(sets: Mapping[str, Any], card: ModelCard) -> list[str]:
    by_label = ", ".join(
        f"{printable(card.display_name(label))} {_rate(part, 'coverage')}"
        for label, part in sets["by_label"].items()
    )
    return [
        f"Sets of findings, made to hold the true one in {percent(sets['target'])}:",
        f"  They do in {_rate(sets, 'coverage')}; by finding: {by_label}.",
        f"  One finding alone: {_rate(sets, 'one')}; cannot say: "
        f"{_rate(sets, 'cannot_say')}.",
    ]


def _sensitivity(point: Mapping[str, Any], card: ModelCard) -> str:
    name = printable(card.display_name(point["label"]))
    rates = ", ".join(
        f"{rate} {_rate(point, rate)}"
        for rate in ("sensitivity", "specificity", "precision")
    )
    target = f"{name}, {percent(point['target'])}"
    return f"  {target}: from {point['threshold']:.3f} on, {rates}"


def _interval(fields: Mapping[str, Any], name: str) -> str:
    interval = fields.get(f"{name}_ci")
    return " ({:.3f}-{:.3f})".format(*interval) if interval else ""


def _rate(fields: Mapping[str, Any], name: str) -> str:
    if fields[name] is None:
        return "-"
    low, high = fields[f"{name}_ci"]
    return f"{fields[name]:.3f} ({low:.3f}-{high:.3f})"


def _against(entry: Mapping[str, Any], names: Mapping[str, str]) -> str:
    return " against ".join(names[label] for label in entry["labels"])
