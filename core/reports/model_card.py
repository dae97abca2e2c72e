"""A model's card for people, under the headings that readers of such cards look for.

Source:
    Mitchell et al., Model cards for model reporting, 2019, arXiv:1810.03993, for the
    headings; Tejani et al., Checklist for artificial intelligence in medical imaging
    (CLAIM): 2024 update, Radiology: AI 6, for what stands under them.
"""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.errors import BundleError
from core.evaluation.findings import cautions_about, notes_about
from core.model.bundle import ModelBundle, ModelCard
from core.reports.bar_charts import confusion_chart, interval_chart, recalls_of
from core.reports.charts import reliability_chart, roc_chart
from core.reports.pages import CHART, inline, write_page
from core.reports.report_json import read_report_json
from core.reports.schema import is_evaluation
from core.reports.sentences import value_in_words
from core.reports.tables import Table, result_tables, split_table
from core.reports.text import evaluation_text, overall, points_text, sets_note
from core.runs.settings import SETTINGS, flat
from core.terminal import columns, printable
from core.words import exact_percent, percent
from core.words import films as in_films

if TYPE_CHECKING:  # loaded when a chart is first drawn
    from matplotlib.figure import Figure

_RATES = ("precision", "sensitivity", "specificity")


@dataclasses.dataclass(frozen=True)
class Section:
    """A part of a card: heading, paragraphs, tables.

    Attributes:
        title: The heading.
        words: Paragraphs.
        tables: Below them; those without a row are left out.
        text: In the place of the tables for the terminal, where it has less room.
        charted: What charts are drawn of, below the tables: an evaluation.
    """

    title: str
    words: tuple[str, ...]
    tables: tuple[Table, ...] = ()
    text: str = ""
    charted: Mapping[str, Any] = dataclasses.field(default_factory=dict)

    def __post_init__(self) -> None:
        known = tuple(table for table in self.tables if table.rows)
        object.__setattr__(self, "tables", known)

    @property
    def lines(self) -> str:
        """What stands below the paragraphs in the terminal."""
        if self.text:
            return self.text
        return "\n\n".join(_in_lines(table) for table in self.tables)


def card_sections(bundle: ModelBundle) -> list[Section]:
    """The card, in order; what older cards do not say is said not to be known.

    Raises:
        BundleError: Its figures are not of its labels.
    """
    card = bundle.card
    return [
        Section("Model details", (), (_details(bundle),)),
        Section("Intended use", (card.intended_use,)),
        Section("Factors", _factors(card)),
        Section("Data and its partitions", _data(card), (split_table(card.data),)),
        Section(
            "Reference standard",
            (
                "The labels that came with the films. Who read them, and how, the "
                "collections say or do not say; Hilum has not read them again.",
            ),
        ),
        Section(
            "Operating points and calibration",
            (sets_note(card),),
            _points(card),
            points_text(card),
        ),
        _results(bundle),
        *_validation(card),
        _training(card),
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
        parts.append("\n".join([*lines, section.lines]).rstrip())
    return "\n\n".join(parts)


def charts_of(
    result: Mapping[str, Any], names: Mapping[str, str]
) -> dict[str, Callable[..., Figure]]:
    """What is drawn of an evaluation, by title; each takes `size` and `colours`."""
    recalls = recalls_of(result, names)
    charts: dict[str, Callable[..., Figure]] = {
        "What was called what": partial(confusion_chart, result, names),
        "Recall of each finding": partial(
            interval_chart, recalls, "Recall", limits=(0.0, 1.0)
        ),
    }
    if "curves" in result:
        charts["ROC curves"] = partial(roc_chart, result, names)
        charts["Reliability"] = partial(reliability_chart, result)
    return charts


def write_card_html(path: Path, bundle: ModelBundle) -> None:
    """Write the card as one HTML file; raises as `card_sections`, or OutputError."""
    sections = card_sections(bundle)
    charts = {
        section.title: [
            (inline(draw(size=CHART), title), title)
            for title, draw in charts_of(section.charted, bundle.card.names).items()
        ]
        for section in sections
        if section.charted
    }
    title = f"Model card: {bundle.card.name}"
    write_page(path, "model_card.html", title=title, sections=sections, charts=charts)


def _in_lines(table: Table) -> str:
    """A table for the terminal; one without a head has names and values."""
    title = [f"{table.title}:"] if table.title else []
    if table.head:
        return "\n".join([*title, *columns([table.head, *table.rows])])
    return "\n".join([*title, *(printable(": ".join(row)) for row in table.rows)])


def _details(bundle: ModelBundle) -> Table:
    card = bundle.card
    versions = card.training.get("versions", {})
    spec = card.preprocess
    rows = [
        ["Name", card.name],
        ["SHA-256", bundle.sha256],
        ["Labels", ", ".join(label.display_name for label in card.labels)],
        [
            "Input",
            f"grey film, {spec.size} x {spec.size}, {spec.geometry}, {spec.intensity} "
            f"(preprocessing {spec.version})",
        ],
        ["Temperature", f"{card.temperature:.3f}"],
    ]
    if isinstance(versions, Mapping) and versions:
        made = ", ".join(f"{name} {version}" for name, version in versions.items())
        rows.append(["Made with", made])
    return Table("", (), rows)


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


def _training(card: ModelCard) -> Section:
    said, tables = [], []
    if command := card.training.get("command"):
        said.append(f"Made by: {command}")
    epochs = card.training.get("history")
    if isinstance(epochs, list | tuple) and epochs:
        said.append(f"Epochs: {len(epochs)}.")
    for name, value in card.training.items():
        if not isinstance(value, Mapping) or not value or name == "versions":
            continue
        rows = [
            [
                f"{SETTINGS[key].title} ({key})" if key in SETTINGS else _words(key),
                value_in_words(x),
            ]
            for key, x in (flat(value) if name == "config" else value).items()
        ]
        tables.append(Table("Settings" if name == "config" else _words(name), (), rows))
    text = "Every setting is in card.json."
    return Section("Training", tuple(said), tuple(tables), text)


def _words(name: str) -> str:
    """The name of a field, as people read it: "Head rate"."""
    said = str(name).replace("_", " ").replace(".", ": ")
    return said[:1].upper() + said[1:]


def _points(card: ModelCard) -> tuple[Table, ...]:
    """From where on findings are stated, and from where on they are found."""
    rows = [
        [
            *(card.display_name(point.label), exact_percent(point.threshold)),
            *(f"{getattr(point, name):.3f}" for name in _RATES),
            *(point.chosen_on, point.criterion),
        ]
        for point in card.operating_points
    ]
    head = ("", "Stated from", *(name.capitalize() for name in _RATES))
    stated = Table("Operating points", (*head, "Chosen on", "Rule"), rows)
    found = [
        [
            *(card.display_name(point.label), percent(point.target)),
            *(exact_percent(point.threshold), point.chosen_on),
        ]
        for point in card.sensitivity_points
    ]
    head = ("", "To find", "From", "Chosen on")
    return stated, Table("To find a share of the films of a finding", head, found)


def _results(bundle: ModelBundle) -> Section:
    card = bundle.card
    test = card.metrics.get("test", {})
    title = "Results on the test films, never trained or chosen on"
    if test == {} or (isinstance(test, dict) and "per_class" not in test):
        rows = [[_words(name), value_in_words(x)] for name, x in test.items()]
        words = () if rows else ("The card holds none.",)
        return Section(title, words, (Table("", (), rows),))
    _refuse_strangers(test, card)
    long = test
    with contextlib.suppress(BundleError):  # older models have no report
        report = read_report_json(bundle)
        long = report["result"] if report["split"] == "test" else test
    tables = (_overall(test), *result_tables(test, card.names).values())
    return Section(title, (), tables, evaluation_text(test, card), long)


def _validation(card: ModelCard) -> list[Section]:
    """What the films of validation gave, where that is kept; nothing else."""
    result = card.metrics.get("val")
    if not isinstance(result, Mapping) or "per_class" not in result:
        return []
    _refuse_strangers(result, card)
    words = ("Temperature and operating points were chosen on these.",)
    tables = (_overall(result), *result_tables(result, card.names).values())
    text = "The figures are in card.json."
    return [Section("Results on the validation films", words, tables, text)]


def _refuse_strangers(result: Any, card: ModelCard) -> None:
    if not is_evaluation(result, card.label_names):
        raise BundleError(
            f"The figures in the card of {card.name} are not of its labels.",
            hint="Copy the model again from where it came, or train it anew.",
        )


def _overall(result: Mapping[str, Any]) -> Table:
    rows = [
        ["Films", f"{result['n']:,}"],
        *(list(figure) for figure in overall(result)),
    ]
    return Table("Over all films, 95 % intervals in brackets", (), rows)


def _notes(card: ModelCard) -> tuple[str, ...]:
    notes: Any = card.training.get("notes", ())
    return tuple(map(str, notes)) if isinstance(notes, list | tuple) else ()
