"""A report as one HTML file that needs nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.evaluation.findings import SHORTCUT_HEAD, notes_about, shortcut_rows
from core.films.thumbnail import thumbnail
from core.model.wording import normal_note
from core.reports.bar_charts import confusion_chart, interval_chart, recalls_of
from core.reports.charts import (
    learning_chart,
    pr_chart,
    reliability_chart,
    roc_chart,
    source_reliability_chart,
)
from core.reports.pages import CHART, inline, write_page
from core.reports.report_json import display_names, epochs
from core.reports.sentences import cautions, lung_sentences, summary, value_in_words
from core.reports.tables import rate, result_tables, split_table
from core.reports.text import overall
from core.runs.settings import in_words
from core.words import percent

if TYPE_CHECKING:
    from markupsafe import Markup


def write_report_html(
    path: Path, report: Mapping[str, Any], films: Mapping[str, Path] | None = None
) -> None:
    """Write a report for people; an OutputError where that cannot be.

    `films` says where a film of the mistakes is, for its picture; others have none.
    """
    result, names = report["result"], display_names(report)
    mistakes = None
    if "mistakes" in result:
        mistakes = [_mistake(each, names, films or {}) for each in result["mistakes"]]
    write_page(
        path,
        "report.html",
        title=f"Report on {report['model']['name']}",
        report=report,
        names=names,
        normal_note=normal_note(names),
        cautions=cautions(report),
        summary=summary(report),
        overall=overall(result),
        rate=rate,
        charts=_charts(report, names),
        notes=notes_about(report["films"], names),
        shortcut_head=SHORTCUT_HEAD,
        shortcuts=shortcut_rows(report["films"], names),
        lungs=lung_sentences(result["lungs"], names) if result.get("lungs") else [],
        tables=result_tables(result, names),
        mistakes=mistakes,
        missing=sum(not each["picture"] for each in mistakes or ()),
        splits=split_table(report["films"]),
        records=list(_records(report)),
    )


def _charts(
    report: Mapping[str, Any], names: Mapping[str, str]
) -> dict[str, Markup | list[Markup]]:
    result, history = report["result"], epochs(report)
    recalls = recalls_of(result, names)
    size = (CHART[0], 80 + 48 * len(recalls))
    recall = interval_chart(recalls, "Recall", size=size, limits=(0.0, 1.0))
    charts: dict[str, Markup | list[Markup]] = {
        "confusion": inline(confusion_chart(result, names, size=CHART), "Called what"),
        "recall": inline(recall, "Recall of each finding"),
        "sources": [],
        "learning": [
            inline(learning_chart(history, name, size=CHART), f"{name} over epochs")
            for name in ("loss", "accuracy", "macro_f1")
            if history
        ],
    }
    if "curves" in result:
        drawn = {
            "roc": (roc_chart(result, names, size=CHART), "ROC curves"),
            "pr": (pr_chart(result, names, size=CHART), "Precision and recall"),
            "reliability": (reliability_chart(result, size=CHART), "Reliability"),
        }
        if any("reliability" in part for part in result["by_source"].values()):
            sources = source_reliability_chart(result, size=CHART)
            drawn["sources"] = (sources, "Reliability by source")
        charts |= {name: inline(*chart) for name, chart in drawn.items()}
    return charts


def _mistake(
    mistake: Mapping[str, Any], names: Mapping[str, str], films: Mapping[str, Path]
) -> dict[str, str]:
    called = f"{names[mistake['label']]} called {names[mistake['called']]}"
    source = f", {mistake['source']}" if mistake["source"] else ""
    return {
        "words": f"{called} ({percent(mistake['probability'])})",
        "name": f"{mistake['file']}{source}",
        "picture": thumbnail(films.get(mistake["file"])),
    }


def _records(report: Mapping[str, Any]) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """Captions, and names with values in words; nothing where all are empty."""
    hashes = report["hashes"]
    for caption, values in (
        ("Settings", dict(in_words(report["config"]).values())),
        ("Versions", report["versions"]),
        ("Hashes", {"model": hashes["model"], "split": hashes["split"]}),
        ("Computed with", report.get("provenance", {})),
        ("SHA-256 of its files", hashes["files"]),
    ):
        given = values.items() if any(values.values()) else ()
        yield caption, [(str(name), value_in_words(value)) for name, value in given]
