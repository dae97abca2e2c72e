"""What an experiment answered, as one page: HTML for people, Markdown for texts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from core.experiments.answer import FIGURES, upper, what_it_bears
from core.experiments.record import MARKDOWN, PAGE
from core.files import atomic_write
from core.jobs.events import EpochEnded
from core.records import convert
from core.reports.bar_charts import Measured, confusion_chart, interval_chart
from core.reports.charts import learning_chart
from core.reports.pages import CHART, inline, write_chart, write_page
from core.reports.tables import Table, rate
from core.words import films as in_films

Found = Mapping[str, Any]
#: Name of its file, what it shows, and the chart.
Drawing = tuple[str, str, Any]

_OF_LABEL: Final = {
    "recall": "Sensitivity",
    "specificity": "Specificity",
    "auc": "AUC",
}


def write_pages(folder: Path, found: Found) -> None:
    """Write the pages of an experiment, and its charts as files.

    Args:
        found: As `core.experiments.measure.results` gives it.

    Raises:
        OutputError: They cannot be written.
    """
    tables = {name: table for name, table in _tables(found) if table.rows}
    charts = list(_charts(found))
    for name, _, figure in charts:
        write_chart(folder / "figures" / f"{name}.svg", figure)
    write_page(
        folder / PAGE,
        "experiment.html",
        title=found["experiment"]["title"],
        found=found,
        data=_data(found),
        tables=tables,
        bears=what_it_bears(found),
        charts=[(inline(figure, said), said) for _, said, figure in charts],
    )
    with atomic_write(folder / MARKDOWN) as partial:
        partial.write_text("\n".join(_markdown(found, tables, charts)), "utf-8")


def _data(found: Found) -> str:
    data = found["data"]
    labels = ", ".join(f"{n:,} {label}" for label, n in data["labels"].items())
    sources = [name for name in data["sources"] if name]
    parts = [
        f"{in_films(data['films']).capitalize()} of {data['name']}: {labels}",
        f"from {len(sources)} sources" if sources else "",
        f"in {found['folds']} folds" if found["folds"] else "",
        f"seeds {', '.join(map(str, found['seeds']))}",
    ]
    if not found["folds"]:
        parts[2] = f"{data['test']:,} of them test films, split {data['split']}"
    return f"{'; '.join(part for part in parts if part)}."


def _tables(found: Found) -> Iterator[tuple[str, Table]]:
    arms = [arm for arm in found["arms"] if arm["figures"]]
    titles = tuple(upper(arm["title"]) for arm in arms)
    differ = list(dict.fromkeys(t for arm in found["arms"] for t in arm["settings"]))
    yield (
        "arms",
        Table(
            "The arms; settings that are not named are the same",
            ("", "Trained on", *differ),
            [
                [
                    upper(arm["title"]),
                    "not run" if arm["not_run"] else in_films(arm["films"]),
                    *(arm["settings"].get(title, "–") for title in differ),
                ]
                for arm in found["arms"]
            ],
        ),
    )
    over = "mean over folds" if found["folds"] else "mean over seeds"
    spread = f"{over}, with its 95 % t interval" if _count(found) > 1 else "one seed"
    sources = _by_what(arms, "accuracy in")
    yield "sources", Table(f"Accuracy by source; {spread}", ("", *titles), sources)
    within = _by_what(arms, "auc within")
    title = f"AUC between two labels within a source; {spread}"
    yield "within", Table(title, ("", *titles), within)
    rows = [
        [upper(arm["title"]), *(_figure(arm, name, "") for name in FIGURES)]
        for arm in arms
    ]
    head = ("", *(upper(name) for name in FIGURES.values()))
    yield "overall", Table(upper(spread), head, rows)
    rows = [
        [upper(arm["title"]), label, *(_figure(arm, name, label) for name in _OF_LABEL)]
        for arm in arms
        for label in found["judged"]
    ]
    yield "labels", Table("By label", ("", "Label", *_OF_LABEL.values()), rows)
    yield "comparisons", _comparisons(found["comparisons"])
    published = found["experiment"]["published"]
    ours = "; ".join(f"{arm['title']} {_figure(arm, 'accuracy', '')}" for arm in arms)
    rows = [[p["project"], p["figure"], ours, p["why"]] for p in published]
    head = ("Project", "Published", "Ours (accuracy)", "Why they differ")
    yield "published", Table("", head, rows)


def _comparisons(comparisons: Sequence[Found]) -> Table:
    rows = [
        [
            f"{upper(each['arm'])} against {each['reference']}",
            f"{FIGURES[each['figure']]} {_signed(each['difference'])}",
            _interval(each["films_ci"]),
            _interval(each["seeds_ci"]),
            "–" if each["p"] is None else f"{each['p']:.3g}",
            ", ".join(f"{p:.3g}" for p in each["mcnemar"]),
            each["verdict"],
        ]
        for each in comparisons
    ]
    head = (
        *("", "Difference", "Over test films", "Over seeds"),
        *("t test, p", "McNemar, p by seed", "Verdict"),
    )
    return Table("On the same test films", head, rows)


def _by_what(arms: Sequence[Found], name: str) -> list[list[str]]:
    """A row for each thing that a figure is of, a column for each arm."""
    of = {f["of"] for arm in arms for f in arm["figures"] if f["name"] == name}
    return [[each, *(_figure(arm, name, each) for arm in arms)] for each in sorted(of)]


def _figure(arm: Found, name: str, of: str) -> str:
    for figure in arm["figures"]:
        if (figure["name"], figure["of"]) == (name, of):
            return rate(figure, "value")
    return "–"


def _count(found: Found) -> int:
    """How often each arm was trained."""
    return int(found["folds"] or len(found["seeds"]))


def _signed(value: float | None) -> str:
    return "–" if value is None else f"{value:+.3f}"


def _interval(ends: Sequence[float] | None) -> str:
    return "–" if ends is None else f"{ends[0]:+.3f} to {ends[1]:+.3f}"


def _charts(found: Found) -> Iterator[Drawing]:
    arms = [arm for arm in found["arms"] if arm["figures"]]
    decides = found["experiment"]["decides"]
    measured = []
    for arm in arms:
        figure = next(f for f in arm["figures"] if f["name"] == decides)
        ends = figure["value_ci"] or (None, None)
        measured.append(Measured(upper(arm["title"]), figure["value"], *ends))
    title = upper(FIGURES[decides])
    size = (2 * CHART[0], 80 + 48 * len(measured))
    chart = interval_chart(measured, title, size=size, limits=(0.0, 1.0))
    spread = ", with its interval over repeats" if _count(found) > 1 else ""
    yield "arms", f"{title} of each arm{spread}", chart
    for arm in arms:
        matrix = {
            "confusion_matrix": arm["confusion_matrix"],
            "per_class": dict.fromkeys(found["judged"]),
        }
        chart = confusion_chart(matrix, {}, size=CHART)
        said = f"{upper(arm['title'])}: truth in rows, called in columns, all repeats"
        yield f"confusion-{arm['name']}", said, chart
    for arm in arms:
        history = convert(arm["history"], tuple[EpochEnded, ...])
        said = f"{upper(arm['title'])}: loss over epochs, the first repeat"
        chart = learning_chart(history, "loss", size=CHART)
        yield f"learning-{arm['name']}", said, chart


def _markdown(
    found: Found, tables: Mapping[str, Table], charts: Sequence[Drawing]
) -> Iterator[str]:
    experiment = found["experiment"]
    yield f"# {experiment['title']}\n"
    yield f"{experiment['question']}\n"
    yield "## Answer\n"
    yield from (f"{sentence}\n" for sentence in found["answer"])
    if found["cautions"]:
        yield "**Know before you believe it**\n"
        yield from (f"* {sentence}" for sentence in found["cautions"])
        yield ""
    yield f"## What was compared\n\n{experiment['about']}\n\n{_data(found)}\n"
    yield _table(tables["arms"])
    heads = {
        "sources": "## Within sources\n",
        "overall": "## Over all test films\n",
        "comparisons": "## Paired tests\n",
        "published": "## What others published\n",
    }
    for name in ("sources", "within", "overall", "labels", "comparisons"):
        if name in tables:
            yield heads.get(name, "")
            yield _table(tables[name])
    yield from (f"{sentence}\n" for sentence in what_it_bears(found))
    if "published" in tables:
        yield heads["published"]
        yield _table(tables["published"])
    yield "## Figures\n"
    yield from (f"![{said}](figures/{name}.svg)\n" for name, said, _ in charts)
    yield "## Settings that all arms share\n"
    yield from (f"* {title}: {value}" for title, value in found["shared"].items())
    if found["command"]:
        yield f"\nMade by `{found['command']}`, Hilum {found['version']}.\n"
    yield "A research and teaching tool, not a medical device.\n"


def _table(table: Table) -> str:
    lines = [table.head, ["---"] * len(table.head), *table.rows]
    rows = (" | ".join(cell.replace("|", "\\|") for cell in line) for line in lines)
    caption = f"{table.title}:\n\n" if table.title else ""
    return caption + "\n".join(f"| {row} |" for row in rows) + "\n"
