"""Figures for people: a model's card and an evaluation, as text and as HTML."""

from __future__ import annotations

import html
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from core.bundle import ModelBundle, ModelCard
from core.paths import atomic_write

_RATES = ("precision", "recall", "specificity", "f1", "auc")
_DISCLAIMER = "A research and teaching tool, not a medical device."

_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto;
       padding: 0 1rem; color: #1b1f23; background: #fff; }
table { border-collapse: collapse; margin: 0.5rem 0 1.5rem; }
th, td { padding: 0.3rem 0.8rem; border-bottom: 1px solid #d0d5da; text-align: right; }
th:first-child, td:first-child { text-align: left; }
caption { text-align: left; color: #57606a; padding-bottom: 0.3rem; }
.ci { color: #57606a; font-size: 0.85em; white-space: nowrap; }
"""


def evaluation_text(result: Mapping[str, Any], card: ModelCard) -> str:
    """An evaluation as a table for the terminal.

    Args:
        result: As `core.evaluate.evaluate` makes it.
    """
    lines = [
        f"Films: {result['n']}",
        f"Accuracy: {_rate(result, 'accuracy')}",
        f"Macro-F1: {_rate(result, 'macro_f1')}",
        f"Calibration error (ECE): {result['ece']:.3f}, "
        f"before temperature {result['ece_uncalibrated']:.3f}",
        "",
        f"{'':<14}{'n':>5}" + "".join(f"{name:>22}" for name in _RATES),
    ]
    for label, rates in result["per_class"].items():
        cells = "".join(f"{_rate(rates, name):>22}" for name in _RATES)
        lines.append(f"{card.display_name(label):<14}{rates['n']:>5}{cells}")
    lines += ["", "Truth in rows, called in columns:"]
    for label, row in zip(card.labels, result["confusion_matrix"], strict=True):
        cells = "".join(f"{count:>8}" for count in row)
        lines.append(f"{label.display_name:<14}{cells}")
    if result["by_source"]:
        lines += ["", "By source (accuracy):"]
        for source, part in result["by_source"].items():
            lines.append(f"  {source:<20}{part['n']:>5}  {_rate(part, 'accuracy')}")
    if result["within_source"]:
        lines += ["", "AUC between two labels within one source:"]
        lines += [f"  {_within(entry, card)}" for entry in result["within_source"]]
    return "\n".join(lines)


def card_text(bundle: ModelBundle) -> str:
    """A model's card for the terminal."""
    card = bundle.card
    lines = [
        f"{card.name}  (SHA-256 {bundle.sha256})",
        f"Labels: {', '.join(label.display_name for label in card.labels)}",
        f"Input: grey film, {card.preprocess.size} x {card.preprocess.size}, "
        f"{card.preprocess.geometry}, {card.preprocess.intensity}",
        f"Temperature: {card.temperature:.3f}",
        "",
        "A finding is stated from these probabilities on:",
    ]
    for point in card.operating_points:
        lines.append(
            f"  {card.display_name(point.label):<14}{point.threshold:.3f}  "
            f"precision {point.precision:.3f}, sensitivity {point.sensitivity:.3f}, "
            f"specificity {point.specificity:.3f} ({point.chosen_on})"
        )
    if "per_class" in card.metrics.get("test", {}):
        lines += ["", "On the test films, never trained or chosen on:", ""]
        lines.append(evaluation_text(card.metrics["test"], card))
    lines += ["", f"For: {card.intended_use}", f"Limits: {card.limits}"]
    if command := card.training.get("command"):
        lines += ["", f"Made by: {command}"]
    return "\n".join(lines)


def write_evaluation_html(
    path: Path, result: Mapping[str, Any], card: ModelCard
) -> None:
    """Write an evaluation as one HTML file that needs nothing else.

    Raises:
        OutputError: It cannot be written.
    """
    names = [label.display_name for label in card.labels]
    rows = [
        [html.escape(card.display_name(label)), str(rates["n"])]
        + [_rate_html(rates, name) for name in _RATES]
        for label, rates in result["per_class"].items()
    ]
    counts = [
        [html.escape(name), *(str(count) for count in row)]
        for name, row in zip(names, result["confusion_matrix"], strict=True)
    ]
    sources = [
        [html.escape(source), str(part["n"]), _rate_html(part, "accuracy")]
        for source, part in result["by_source"].items()
    ]
    within = [
        [
            html.escape(entry["within"]),
            html.escape(_against(entry, card)),
            " + ".join(str(n) for n in entry["n"]),
            _rate_html(entry, "auc"),
        ]
        for entry in result["within_source"]
    ]
    title = f"Evaluation of {card.name}"
    body = [
        f"<h1>{html.escape(title)}</h1>",
        f"<p>{result['n']} films of {html.escape(str(result['data']))}, split "
        f"{html.escape(str(result['split']))}. Accuracy "
        f"{_rate_html(result, 'accuracy')}, macro-F1 {_rate_html(result, 'macro_f1')}, "
        f"calibration error {result['ece']:.3f}.</p>",
        _table("By finding, with 95 % intervals", ["", "films", *_RATES], rows),
        _table("Truth in rows, called in columns", ["", *names], counts),
    ]
    if sources:
        body.append(_table("By source", ["source", "films", "accuracy"], sources))
    if within:
        head = ["within", "labels", "films", "AUC"]
        body.append(_table("Between two labels within one source", head, within))
    body += [
        f"<p>{html.escape(card.limits)}</p>",
        f"<p>{_DISCLAIMER} Model SHA-256 {html.escape(result['model_sha256'])}.</p>",
    ]
    page = (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f"<title>{html.escape(title)}</title><style>{_STYLE}</style></head>\n"
        f"<body>\n{chr(10).join(body)}\n</body></html>\n"
    )
    with atomic_write(path) as partial:
        partial.write_text(page, encoding="utf-8")


def _rate(fields: Mapping[str, Any], name: str) -> str:
    if fields[name] is None:
        return "-"
    low, high = fields[f"{name}_ci"]
    return f"{fields[name]:.3f} ({low:.3f}-{high:.3f})"


def _rate_html(fields: Mapping[str, Any], name: str) -> str:
    if fields[name] is None:
        return "–"
    low, high = fields[f"{name}_ci"]
    return f'{fields[name]:.3f} <span class="ci">{low:.3f} to {high:.3f}</span>'


def _within(entry: Mapping[str, Any], card: ModelCard) -> str:
    films = " + ".join(str(n) for n in entry["n"])
    pair = _against(entry, card)
    return f"{entry['within']:<14}{pair:<26}{films:>10}  {_rate(entry, 'auc')}"


def _against(entry: Mapping[str, Any], card: ModelCard) -> str:
    return " against ".join(card.display_name(label) for label in entry["labels"])


def _table(caption: str, head: list[str], rows: list[list[str]]) -> str:
    top = "".join(f"<th>{html.escape(cell)}</th>" for cell in head)
    body = "".join(
        f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows
    )
    return (
        f"<table><caption>{html.escape(caption)}</caption>"
        f"<thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>"
    )
