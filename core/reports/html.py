"""A report as one HTML file that needs nothing else."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from core.evaluation.findings import SHORTCUT_HEAD, notes_about, shortcut_rows
from core.files import atomic_write
from core.films.thumbnail import thumbnail
from core.model.classifier import percent
from core.reports.charts import (
    Measured,
    confusion_chart,
    interval_chart,
    learning_chart,
    pr_chart,
    reliability_chart,
    roc_chart,
)
from core.reports.html_tables import table, words_table
from core.reports.report_json import display_names, epochs
from core.reports.sentences import cautions, summary
from core.reports.text import macro_note
from core.runs.settings import in_words

_RATES = {
    "precision": "precision",
    "recall": "recall",
    "specificity": "specificity",
    "f1": "F1",
    "auc": "AUC",
}
_DISCLAIMER = "A research and teaching tool, not a medical device."
_CHART = (460, 360)

_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto;
       padding: 0 1rem; color: #1b1f23; background: #fff; }
h1 { font-size: 1.6rem; margin-bottom: 0.2rem; }
h2 { font-size: 1.15rem; margin: 2rem 0 0.5rem; border-bottom: 1px solid #d0d5da; }
table { border-collapse: collapse; margin: 0.5rem 0 1.5rem; }
th, td { padding: 0.3rem 0.8rem; border-bottom: 1px solid #d0d5da; text-align: right;
         vertical-align: top; }
th:first-child, td:first-child { text-align: left; }
table.words td { text-align: left; overflow-wrap: anywhere; }
caption { text-align: left; color: #57606a; padding-bottom: 0.3rem; }
.ci, .quiet { color: #57606a; font-size: 0.85em; }
.ci { white-space: nowrap; }
.lead { color: #57606a; margin-top: 0; overflow-wrap: anywhere; }
.caution { border: 2px solid #b35900; border-radius: 4px; padding: 0.2rem 1rem;
           background: #fff7ec; }
.charts { display: flex; flex-wrap: wrap; gap: 1rem; }
figure { margin: 0; break-inside: avoid; max-width: 460px; }
figcaption { color: #57606a; font-size: 0.85em; }
.films { display: flex; flex-wrap: wrap; gap: 0.8rem; }
.films figure { width: 11rem; overflow-wrap: anywhere; }
.films img { max-width: 11rem; display: block; background: #000; }
.wide { overflow-x: auto; }
tr, .caution { break-inside: avoid; }
h2, caption { break-after: avoid; }
@media print { body { margin: 0; max-width: none; font-size: 11px; }
  svg { max-width: 48vw; height: auto; } .caution { background: none; }
  .wide { overflow-x: visible; } th, td { padding: 0.2rem 0.5rem; } }
"""


def write_report_html(
    path: Path, report: Mapping[str, Any], films: Mapping[str, Path] | None = None
) -> None:
    """Write a report for people.

    Args:
        report: As `core.reports.report_json` describes it.
        films: Name of a film, as the mistakes have it, to where it is, for
            their pictures. A film that is not there is shown without.

    Raises:
        OutputError: It cannot be written.
    """
    name = report["model"]["name"]
    title = f"Report on {name}"
    body = [
        f"<h1>{html.escape(title)}</h1>",
        f'<p class="lead">{html.escape(_measured_on(report))} '
        f"Model {html.escape(report['hashes']['model'][:12])}.</p>",
        *_cautions(report),
        "<h2>In short</h2>",
        *(f"<p>{html.escape(sentence)}</p>" for sentence in summary(report)),
        *_figures(report),
        *_films_check(report),
        *_curves(report),
        *_by_source(report),
        *_mistakes(report, films or {}),
        *_learning(report),
        *_job(report),
    ]
    page = (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>{html.escape(title)}</title><style>{_STYLE}</style></head>\n"
        f"<body>\n{chr(10).join(body)}\n</body></html>\n"
    )
    with atomic_write(path) as partial:
        partial.write_text(page, encoding="utf-8")


def _measured_on(report: Mapping[str, Any]) -> str:
    data = f" of {report['data']}" if report["data"] else ""
    return f"Measured on {report['result']['n']} films{data}, split {report['split']}."


def _cautions(report: Mapping[str, Any]) -> list[str]:
    said = cautions(report)
    if not said:
        return []
    items = "".join(f"<p>{html.escape(sentence)}</p>" for sentence in said)
    return [f'<div class="caution"><p><b>Know before you read</b></p>{items}</div>']


def _figures(report: Mapping[str, Any]) -> list[str]:
    result, names = report["result"], display_names(report)
    rows = [
        [html.escape(names[label]), str(rates["n"])]
        + [_rate(rates, name) for name in _RATES]
        for label, rates in result["per_class"].items()
    ]
    recalls = [
        Measured(names[label], rates["recall"], *(rates["recall_ci"] or (None, None)))
        for label, rates in result["per_class"].items()
    ]
    size = (_CHART[0], 80 + 48 * len(recalls))
    return [
        "<h2>Figures</h2>",
        f"<p>Accuracy {_rate(result, 'accuracy')}, macro-F1 "
        f"{_rate(result, 'macro_f1')}{macro_note(result)}, calibration error "
        f"{_rate(result, 'ece')}.</p>",
        table("By finding, with 95 % intervals", ["", "films", *_RATES.values()], rows),
        _charts(
            _figure(
                confusion_chart(result, names, size=_CHART),
                "Truth in rows, called in columns; shares are of the row.",
            ),
            _figure(
                interval_chart(recalls, "Recall", size=size, limits=(0.0, 1.0)),
                "Share of the films of each finding that is found.",
            ),
        ),
    ]


def _films_check(report: Mapping[str, Any]) -> list[str]:
    films, names = report["films"], display_names(report)
    notes = notes_about(films, names)
    if not notes:
        return []
    parts = ["<h2>What the check of its films found</h2>"]
    rows = [[html.escape(cell) for cell in row] for row in shortcut_rows(films, names)]
    if rows:
        caption = "Labels told apart without looking at lungs; 0.5 is chance"
        parts.append(table(caption, SHORTCUT_HEAD, rows))
    return [*parts, *(f"<p>{html.escape(note)}</p>" for note in notes)]


def _curves(report: Mapping[str, Any]) -> list[str]:
    result, names = report["result"], display_names(report)
    if "curves" not in result:
        return []
    rows = [
        [html.escape(names[label]), _rate(curve, "average_precision")]
        for label, curve in result["curves"].items()
    ]
    return [
        "<h2>Curves</h2>",
        _charts(
            _figure(roc_chart(result, names, size=_CHART), "Number: area under it."),
            _figure(pr_chart(result, names, size=_CHART), "Number: average precision."),
            _figure(
                reliability_chart(result, size=_CHART),
                "On the diagonal a confidence means what it says. Expected "
                f"calibration error {_rate(result, 'ece')} after temperature, "
                f"{_rate(result, 'ece_uncalibrated')} before.",
            ),
        ),
        table("Average precision", ["", "with 95 % interval"], rows),
    ]


def _by_source(report: Mapping[str, Any]) -> list[str]:
    result, names = report["result"], display_names(report)
    if not result["by_source"]:
        return []
    sources = [
        [
            html.escape(source),
            *(str(rates["n"]) for rates in part["per_class"].values()),
            _rate(part, "accuracy"),
        ]
        for source, part in result["by_source"].items()
    ]
    head = ["source", *(names[label] for label in result["per_class"]), "accuracy"]
    parts = ["<h2>By source</h2>", table("Films and accuracy", head, sources)]
    within = [
        [
            html.escape(entry["within"]),
            html.escape(" against ".join(names[label] for label in entry["labels"])),
            " + ".join(str(n) for n in entry["n"]),
            _rate(entry, "auc"),
        ]
        for entry in result["within_source"]
    ]
    if within:
        head = ["within", "labels", "films", "AUC"]
        parts.append(table("Between two labels within one source", head, within))
    return parts


def _mistakes(report: Mapping[str, Any], films: Mapping[str, Path]) -> list[str]:
    result, names = report["result"], display_names(report)
    if "mistakes" not in result:
        return []
    if not result["mistakes"]:
        return ["<h2>Worst mistakes</h2>", "<p>It made none on these films.</p>"]
    figures, missing = [], 0
    for mistake in result["mistakes"]:
        data = thumbnail(films.get(mistake["file"]))
        missing += not data
        picture = f'<img alt="" src="data:image/jpeg;base64,{data}">' if data else ""
        source = f", {mistake['source']}" if mistake["source"] else ""
        caption = (
            f"{names[mistake['label']]} called {names[mistake['called']]} "
            f"({percent(mistake['probability'])})"
        )
        figures.append(
            f"<figure>{picture}<figcaption><b>{html.escape(caption)}</b><br>"
            f"{html.escape(mistake['file'] + source)}</figcaption></figure>"
        )
    note = "Those of which it was surest come first. "
    if missing == len(figures):
        note += "The films were not at hand when this was written: no pictures."
    else:
        note += "These are pictures of patients: mind to whom you give this file."
        if missing:
            note += f" {missing} of the films could not be read then."
    shown = f'<div class="films">{"".join(figures)}</div>'
    return ["<h2>Worst mistakes</h2>", f"<p>{note}</p>", shown]


def _learning(report: Mapping[str, Any]) -> list[str]:
    history = epochs(report)
    if not history:
        return []
    charts = (
        learning_chart(history, measure, size=_CHART)
        for measure in ("loss", "accuracy", "macro_f1")
    )
    return [
        "<h2>How it learned</h2>",
        _charts(*(_figure(chart, "") for chart in charts)),
        '<p class="quiet">Training films are varied and weighted, validation films '
        "are not, so the two lines are not on one footing.</p>",
    ]


def _job(report: Mapping[str, Any]) -> list[str]:
    parts = ["<h2>Data, settings and hashes</h2>"]
    splits = report["films"].get("films")
    # What training writes; a card by another hand may hold anything.
    if isinstance(splits, Mapping) and all(
        isinstance(split, Mapping) for split in splits.values()
    ):
        kinds = list(dict.fromkeys(kind for split in splits.values() for kind in split))
        rows = [
            [html.escape(kind), *(str(split.get(kind, 0)) for split in splits.values())]
            for kind in kinds
        ]
        parts.append(table("Films of the job", ["", *splits], rows))
    model = report["model"]
    points = [
        [
            html.escape(p["label"]),
            f"{p['threshold']:.3f}",
            f"{p['precision']:.3f}",
            f"{p['sensitivity']:.3f}",
            html.escape(f"{p['criterion']} ({p['chosen_on']})"),
        ]
        for p in model["operating_points"]
    ]
    head = ["", "from", "precision", "sensitivity", "chosen as"]
    parts.append(table("When a finding is stated", head, points))
    hashes = report["hashes"]
    for caption, values in (
        ("Settings", dict(in_words(report["config"]).values())),
        ("Versions", report["versions"]),
        ("Hashes", {"model": hashes["model"], "split": hashes["split"]}),
        ("SHA-256 of its files", hashes["files"]),
    ):
        if any(values.values()):
            parts.append(words_table(caption, values))
    if report["command"]:
        parts.append(f"<p>Made by <code>{html.escape(report['command'])}</code></p>")
    return [
        *parts,
        f"<p>{html.escape(model['intended_use'])}</p>",
        f"<p>{html.escape(model['limits'])}</p>",
        f"<p>{_DISCLAIMER}</p>",
    ]


def _charts(*figures: str) -> str:
    return f'<div class="charts">{"".join(figures)}</div>'


def _figure(svg: str, caption: str) -> str:
    """A chart. `caption` is HTML. Within a page its namespace goes without saying."""
    inline = re.sub(r' xmlns="[^"]*"', "", svg, count=1)
    return f"<figure>{inline}<figcaption>{caption}</figcaption></figure>"


def _rate(fields: Mapping[str, Any], name: str) -> str:
    if fields[name] is None:
        return "–"
    text = f"{fields[name]:.3f}"
    if fields.get(f"{name}_ci") is None:
        return text
    low, high = fields[f"{name}_ci"]
    return f'{text} <span class="ci">{low:.3f} to {high:.3f}</span>'
