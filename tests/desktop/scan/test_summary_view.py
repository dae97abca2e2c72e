"""What the window says a scan came to."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from PyQt5.QtGui import QGuiApplication
from pytestqt.qtbot import QtBot

from core.model.bundle import ModelBundle
from desktop.scan.summary_view import ScanSummaryView
from desktop.widgets.figures_table import FiguresTable
from tests.finished_scan import write_scan


@pytest.fixture
def summary(tiny_bundle: ModelBundle, tmp_path: Path) -> dict[str, Any]:
    totals = write_scan(tiny_bundle, tmp_path).totals()
    assert totals is not None
    return totals


@pytest.fixture
def view(qtbot: QtBot) -> ScanSummaryView:
    view = ScanSummaryView()
    qtbot.addWidget(view)
    view.resize(760, 500)
    view.show()
    return view


def cells(table: FiguresTable) -> list[list[str]]:
    return [list(row) for row in table.cells.rows]


def test_totals_have_a_share_and_an_interval(
    view: ScanSummaryView, summary: dict[str, Any]
) -> None:
    view.set_summary(summary)
    assert view.headline.text().startswith("5 films, of which 4 could be read.")
    assert cells(view.totals) == [
        ["COVID-19", "2", "50 % (15 to 85)"],
        ["Pneumonia", "0", "0 % (0 to 49)"],
        ["Normal", "1", "25 % (5 to 70)"],
        ["Uncertain", "1", "25 % (5 to 70)"],
        ["Not read", "1", ""],
    ]


def test_refused_films_are_counted_apart(
    view: ScanSummaryView, summary: dict[str, Any]
) -> None:
    summary |= {"films": 7, "refused": 2}
    view.set_summary(summary)
    assert view.headline.text().startswith(
        "7 films, of which 6 could be read. 2 films refused"
    )
    assert cells(view.totals)[-2:] == [["Refused", "2", ""], ["Not read", "1", ""]]


def test_what_was_left_out_stands_with_the_totals(
    view: ScanSummaryView, summary: dict[str, Any]
) -> None:
    summary["left_out"] = {"hidden_files": 45, "in_words": "Left out: 45 hidden files."}
    view.set_summary(summary)
    assert "Left out: 45 hidden files." in view.headline.text()
    assert "Left out: 45 hidden files." in view.as_text()


def test_films_of_a_label_are_told_in_words_with_intervals(
    view: ScanSummaryView, summary: dict[str, Any]
) -> None:
    view.set_summary(summary)
    said = view.sentences.text()
    assert "Normal films (2 read, 1 not read) called Normal 50 % (9 to 91)" in said
    assert "not COVID-19 50 % (9 to 91)" in said
    assert ["Normal", "2"] == cells(view.shares)[1][:2]


def test_what_it_is_worth_is_measured(
    view: ScanSummaryView, summary: dict[str, Any]
) -> None:
    view.set_summary(summary)
    assert view.figures.isVisible()
    assert [row[0] for row in cells(view.figures)] == [
        "COVID-19",
        "Pneumonia",
        "Normal",
    ]
    assert cells(view.figures)[1][2:4] == ["–", "–"]
    assert view.charts.views["confusion"].isVisible()
    assert "Accuracy" in view.overall.text()
    assert "(mean over the 2 of 3 labels that have films)" in view.overall.text()


def test_few_films_of_a_label_are_a_caution(
    view: ScanSummaryView, summary: dict[str, Any]
) -> None:
    view.set_summary(summary)
    said = "Fewer than 5 films of COVID-19, Normal: such figures say little."
    assert said in view.note.text


def test_without_labels_there_are_totals_only(
    view: ScanSummaryView, summary: dict[str, Any]
) -> None:
    for name in ("by_label", "unlabelled", "evaluation"):
        del summary[name]
    view.set_summary(summary)
    assert view.totals.isVisible()
    assert not view.sentences.isVisible()
    assert not view.figures.isVisible()
    assert not view.charts.views["confusion"].isVisible()


@pytest.mark.slow
@pytest.mark.parametrize("nothing", [None, {}, {"films": 3}])
def test_no_figures_are_said_to_come(
    view: ScanSummaryView, summary: dict[str, Any], nothing: dict[str, Any] | None
) -> None:
    view.set_summary(summary)
    view.set_summary(nothing)
    assert "when the scan has ended" in view.headline.text()
    assert not view.totals.isVisible()
    assert not view.sentences.isVisible()


def test_a_scan_of_no_film_is_shown(
    view: ScanSummaryView, summary: dict[str, Any]
) -> None:
    nothing = {"n": 0, "share": None, "share_ci": None}
    summary |= {"films": 0, "read": 0, "not_read": 0, "uncertain": nothing}
    summary["findings"] = dict.fromkeys(summary["findings"], nothing)
    summary |= {"by_label": {}, "evaluation": None}
    view.set_summary(summary)
    assert cells(view.totals)[0] == ["COVID-19", "0", "–"]


def test_everything_can_be_copied(
    view: ScanSummaryView, summary: dict[str, Any]
) -> None:
    view.set_summary(summary)
    view.copy_button.click()
    text = QGuiApplication.clipboard().text()
    assert "COVID-19\t2\t50 % (15 to 85)" in text
    assert "Normal films (2 read, 1 not read)" in text
    assert "Truth in rows, called in columns\tCOVID-19\tPneumonia\tNormal" in text
    assert summary["model_sha256"] in text


def test_long_names_do_not_keep_the_page_wide(
    view: ScanSummaryView, summary: dict[str, Any]
) -> None:
    long = "A finding with a name that is far longer than anybody would like"
    summary["labels"] = dict.fromkeys(summary["labels"], long)
    view.set_summary(json.loads(json.dumps(summary)))
    page = view.widget()
    assert page is not None
    assert page.minimumSizeHint().width() < 700
    head = view.shares.horizontalHeader()
    assert max(map(head.sectionSize, range(head.count()))) <= 200
    assert long in view.as_text()
