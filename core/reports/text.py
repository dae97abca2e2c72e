"""Figures for people: a model's card and an evaluation, as text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.errors import BundleError
from core.evaluation.findings import cautions_about, notes_about
from core.model.bundle import ModelBundle, ModelCard
from core.reports.schema import is_evaluation
from core.reports.sentences import lung_sentences
from core.terminal import printable

_RATES = ("precision", "recall", "specificity", "f1", "auc")


def evaluation_text(result: Mapping[str, Any], card: ModelCard) -> str:
    """An evaluation as a table for the terminal."""
    names = {label.name: printable(label.display_name) for label in card.labels}
    lines = [
        f"Films: {result['n']}",
        f"Accuracy: {_rate(result, 'accuracy')}",
        f"Macro-F1: {_rate(result, 'macro_f1')}{macro_note(result)}",
        f"Calibration error (ECE): {result['ece']:.3f}, "
        f"before temperature {result['ece_uncalibrated']:.3f}",
        "",
        f"{'':<14}{'n':>5}" + "".join(f"{name:>22}" for name in _RATES),
    ]
    for label, rates in result["per_class"].items():
        cells = "".join(f"{_rate(rates, name):>22}" for name in _RATES)
        shown = printable(card.display_name(label))
        lines.append(f"{shown:<14}{rates['n']:>5}{cells}")
    lines += ["", "Truth in rows, called in columns:"]
    for label, row in zip(card.labels, result["confusion_matrix"], strict=True):
        cells = "".join(f"{count:>8}" for count in row)
        lines.append(f"{printable(label.display_name):<14}{cells}")
    if unseen := unseen_rows(result, names):
        lines += ["", "Sources measured by a model that was trained without them:"]
        for source, count, accuracy, pairs in unseen:
            lines.append(f"  {printable(source):<20}{count:>5}  {accuracy}")
            lines += [f"    {printable(pair)}" for pair in pairs]
    if result["by_source"]:
        lines += ["", "By source (accuracy):"]
        for source, part in result["by_source"].items():
            rate = _rate(part, "accuracy")
            lines.append(f"  {printable(source):<20}{part['n']:>5}  {rate}")
    if result["within_source"]:
        lines += ["", "AUC between two labels within one source:"]
        lines += [f"  {_within(entry, card)}" for entry in result["within_source"]]
    if result.get("lungs"):
        lines += ["", "Does it look at lungs?"]
        lines += [f"  {each}" for each in lung_sentences(result["lungs"], names)]
    return "\n".join(lines)


def unseen_rows(
    result: Mapping[str, Any], names: Mapping[str, str]
) -> list[tuple[str, int, str, list[str]]]:
    """Source, films, accuracy and AUC of pairs of labels, of unseen sources.

    Args:
        names: Label -> as people read it.
    """
    rows = []
    for source, part in result.get("unseen_sources", {}).items():
        pairs = [
            f"{' against '.join(names[label] for label in entry['labels'])}: "
            f"AUC {_rate(entry, 'auc')}"
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


def card_text(bundle: ModelBundle) -> str:
    """A model's card for the terminal.

    Raises:
        BundleError: Its figures are not of its labels.
    """
    card = bundle.card
    lines = [
        f"{printable(card.name)}  (SHA-256 {bundle.sha256})",
        f"Labels: {', '.join(printable(each.display_name) for each in card.labels)}",
        f"Input: grey film, {card.preprocess.size} x {card.preprocess.size}, "
        f"{card.preprocess.geometry}, {card.preprocess.intensity}",
        f"Temperature: {card.temperature:.3f}",
        "",
        "A finding is stated from these probabilities on:",
    ]
    for point in card.operating_points:
        lines.append(
            f"  {printable(card.display_name(point.label)):<14}{point.threshold:.3f}  "
            f"precision {point.precision:.3f}, sensitivity {point.sensitivity:.3f}, "
            f"specificity {point.specificity:.3f} ({printable(point.chosen_on)})"
        )
    if found := _findings(card):
        lines += ["", "What the check of its films found:", *map(printable, found)]
    test = card.metrics.get("test", {})
    if test != {} and not (isinstance(test, dict) and "per_class" not in test):
        if not is_evaluation(test, card.label_names):
            raise BundleError(
                f"The figures in the card of {card.name} are not of its labels.",
                hint="Copy the model again from where it came, or train it anew.",
            )
        lines += ["", "On the test films, never trained or chosen on:", ""]
        lines.append(evaluation_text(test, card))
    lines += ["", f"For: {card.intended_use}", f"Limits: {card.limits}"]
    if command := card.training.get("command"):
        lines += ["", f"Made by: {command}"]
    return "\n".join(lines)


def _findings(card: ModelCard) -> list[str]:
    names = {label.name: label.display_name for label in card.labels}
    said = [f"  Warning: {text}" for text in cautions_about(card.data, names)]
    return said + [f"  {text}" for text in notes_about(card.data, names)]


def _rate(fields: Mapping[str, Any], name: str) -> str:
    if fields[name] is None:
        return "-"
    low, high = fields[f"{name}_ci"]
    return f"{fields[name]:.3f} ({low:.3f}-{high:.3f})"


def _within(entry: Mapping[str, Any], card: ModelCard) -> str:
    films = " + ".join(str(n) for n in entry["n"])
    pair = _against(entry, card)
    name = printable(entry["within"])
    return f"{name:<14}{pair:<26}{films:>10}  {_rate(entry, 'auc')}"


def _against(entry: Mapping[str, Any], card: ModelCard) -> str:
    names = (card.display_name(label) for label in entry["labels"])
    return printable(" against ".join(names))
