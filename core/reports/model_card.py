"""A model's card for people, under the headings that readers of such cards look for.

Source:
    Mitchell et al., Model cards for model reporting, 2019, arXiv:1810.03993, for the
    headings; Tejani et al., Checklist for artificial intelligence in medical imaging
    (CLAIM): 2024 update, Radiology: AI 6, for what stands under them.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from core.errors import BundleError
from core.evaluation.findings import cautions_about, notes_about
from core.model.bundle import ModelBundle, ModelCard
from core.reports.schema import is_evaluation
from core.reports.text import calibration_text, evaluation_text
from core.terminal import columns, printable
from core.words import films as in_films


@dataclasses.dataclass(frozen=True)
class Section:
    """A part of a card: heading, paragraphs, and lines of a table."""

    title: str
    words: tuple[str, ...]
    table: str = ""


def card_sections(bundle: ModelBundle) -> list[Section]:
    """The card, in order; what older cards do not say is said not to be known.

    Raises:
        BundleError: Its figures are not of its labels.
    """
    card = bundle.card
    return [
        Section("Model details", _details(bundle)),
        Section("Intended use", (card.intended_use,)),
        Section("Factors", _factors(card)),
        Section("Data and its partitions", _data(card), _films_table(card)),
        Section(
            "Reference standard",
            (
                "The labels that came with the films. Who read them, and how, the "
                "collections say or do not say; Hilum has not read them again.",
            ),
        ),
        Section("Training", _training(card)),
        Section("Operating points and calibration", (), calibration_text(card)),
        _results(card),
        Section(
            "Ethical considerations",
            (
                "The bundle holds no film of a patient: of each film it was made with "
                "the hash, the split, and no name. Who is harmed by a wrong verdict, "
                "and how often which group of people is, was not studied.",
            ),
        ),
        Section("Limits and recommendations", (card.limits, *_notes(card))),
    ]


def card_text(bundle: ModelBundle) -> str:
    """The card for the terminal; raises as `card_sections`."""
    parts = []
    for section in card_sections(bundle):
        # A name in a paragraph must not feign a line of its own.
        words = map(printable, section.words)
        lines = [section.title, "-" * len(section.title), *words]
        parts.append("\n".join([*lines, section.table]).rstrip())
    return "\n\n".join(parts)


def _details(bundle: ModelBundle) -> tuple[str, ...]:
    card = bundle.card
    versions = card.training.get("versions", {})
    said = [
        f"{card.name}  (SHA-256 {bundle.sha256})",
        f"Labels: {', '.join(label.display_name for label in card.labels)}",
        f"Input: grey film, {card.preprocess.size} x {card.preprocess.size}, "
        f"{card.preprocess.geometry}, {card.preprocess.intensity} "
        f"(preprocessing {card.preprocess.version})",
        f"Temperature: {card.temperature:.3f}",
    ]
    if isinstance(versions, Mapping) and versions:
        made = ", ".join(f"{name} {version}" for name, version in versions.items())
        said.append(f"Made with: {made}")
    return tuple(said)


def _factors(card: ModelCard) -> tuple[str, ...]:
    test = card.metrics.get("test", {})
    sources = test.get("by_source") if isinstance(test, Mapping) else None
    if not isinstance(sources, Mapping) or not sources:
        return ("Not measured by source, age, sex, view, scanner or severity.",)
    return (
        f"Measured by source of the films: {', '.join(map(str, sources))}. Not by "
        "age, sex, view, scanner or severity, which the films do not tell alike.",
    )


def _data(card: ModelCard) -> tuple[str, ...]:
    said = [f"Warning: {text}" for text in cautions_about(card.data, card.names)]
    said += notes_about(card.data, card.names)
    left_out = card.data.get("left_out")
    if isinstance(left_out, Mapping):
        said += [
            f"Left out: {in_films(count)}, {reason}."
            for reason, count in left_out.items()
        ]
    if split := card.data.get("split_sha256"):
        said.append(f"SHA-256 of the split: {split}")
    return tuple(said) or ("The card does not say which films it was made with.",)


def _films_table(card: ModelCard) -> str:
    splits = card.data.get("films")
    if not isinstance(splits, Mapping):
        return ""
    parts = {name: each for name, each in splits.items() if isinstance(each, Mapping)}
    kinds = list(dict.fromkeys(kind for part in parts.values() for kind in part))
    if not kinds:
        return ""
    rows = [[kind, *(part.get(kind, 0) for part in parts.values())] for kind in kinds]
    return "\n".join(columns([["films", *parts], *rows]))


def _training(card: ModelCard) -> tuple[str, ...]:
    said = []
    if command := card.training.get("command"):
        said.append(f"Made by: {command}")
    epochs = card.training.get("history")
    if isinstance(epochs, list | tuple) and epochs:
        said.append(f"Epochs: {len(epochs)}.")
    said.append("Every setting is in card.json.")
    return tuple(said)


def _results(card: ModelCard) -> Section:
    test = card.metrics.get("test", {})
    title = "Results on the test films, never trained or chosen on"
    if test == {} or (isinstance(test, dict) and "per_class" not in test):
        return Section(title, ("The card holds none.",))
    if not is_evaluation(test, card.label_names):
        raise BundleError(
            f"The figures in the card of {card.name} are not of its labels.",
            hint="Copy the model again from where it came, or train it anew.",
        )
    return Section(title, (), evaluation_text(test, card))


def _notes(card: ModelCard) -> tuple[str, ...]:
    notes: Any = card.training.get("notes", ())
    return tuple(map(str, notes)) if isinstance(notes, list | tuple) else ()
