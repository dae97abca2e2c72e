"""The rows of a scan in other formats."""

from __future__ import annotations

import csv
import dataclasses
import json
from html.parser import HTMLParser
from pathlib import Path

import openpyxl
import pytest

from core.errors import OutputError
from core.model.bundle import ModelBundle
from core.scan.export import write_csv, write_json_lines, write_workbook
from core.scan.html import write_scan_html
from core.scan.labels import labels_by_folder
from core.scan.results import read_labels, read_rows
from core.scan.row import WHY_HERE, ScanRow, header
from core.scan.summary import ScanSummary
from tests.core.scan.test_row import FAILED, LABELS, ROW
from tests.scan_folder import write_films
from tests.small_disk import largest_file

NAMES = {"covid": "COVID-19", "normal": "Normal"}
EVIL = '=HYPERLINK("http://x")\n\x01<script>alert(1)</script>\udcff'


def test_rows_are_written_as_the_scan_writes_them(tmp_path: Path) -> None:
    films = [dataclasses.replace(ROW, file=EVIL), FAILED]
    write_csv(tmp_path / "r.csv", films, NAMES)
    assert list(read_rows(tmp_path / "r.csv", LABELS)) == films
    assert read_labels(tmp_path / "r.csv") == LABELS


def test_why_a_film_stands_where_it_does_comes_last(tmp_path: Path) -> None:
    write_csv(tmp_path / "r.csv", [ROW, FAILED], NAMES)
    with open(tmp_path / "r.csv", encoding="utf-8", newline="") as file:
        head, read, failed = csv.reader(file)
    assert head == [*header(LABELS), WHY_HERE]
    assert (read[-1], failed[-1]) == ("COVID-19 98 %, above its mark", "not read: no")


def test_json_lines_have_the_keys_of_predict_and_more(tmp_path: Path) -> None:
    write_json_lines(tmp_path / "r.jsonl", [ROW, FAILED], NAMES)
    lines = (tmp_path / "r.jsonl").read_text("utf-8").splitlines()
    read, failed = map(json.loads, lines)
    assert read["path"] == "a/b.png"
    assert read["probabilities"] == {"covid": 0.98, "normal": 0.02}
    assert read["error"] is None
    assert (failed["error"], failed["finding"], failed["verdict"]) == (
        "No.",
        None,
        None,
    )
    assert failed["model_sha256"] == ROW.model_sha256
    assert list(failed)[-1] == WHY_HERE
    assert failed[WHY_HERE] == "not read: no"


def test_json_keeps_a_name_as_it_is(tmp_path: Path) -> None:
    write_json_lines(tmp_path / "r.jsonl", [dataclasses.replace(ROW, file=EVIL)], NAMES)
    (line,) = (tmp_path / "r.jsonl").read_text("utf-8").splitlines()
    assert json.loads(line)["path"] == EVIL


def cells_of(path: Path) -> list[list[object]]:
    book = openpyxl.load_workbook(path)
    cells = [list(row) for row in book.active.iter_rows()]
    book.close()
    return cells


def test_a_workbook_has_the_columns_of_the_csv(tmp_path: Path) -> None:
    write_workbook(tmp_path / "r.xlsx", [ROW, FAILED], NAMES)
    head, read, failed = (
        [cell.value for cell in row] for row in cells_of(tmp_path / "r.xlsx")
    )
    assert head == [*header(LABELS), WHY_HERE]
    assert read[-1] == "COVID-19 98 %, above its mark"
    assert read[:5] == ["a/b.png", "covid", ROW.verdict, 0.98, 0.02]
    assert failed[head.index("error")] == "No."
    assert failed[3] is None


def test_no_cell_of_a_workbook_is_a_formula(tmp_path: Path) -> None:
    # All that is text in a file that somebody may have changed.
    names = ("file", "verdict", "error", "modified", "model", "model_sha256")
    fields = dict.fromkeys((*names, "precision", "version", "preprocessing"), EVIL)
    row = dataclasses.replace(ROW, warnings=(EVIL,), set=(EVIL,), **fields)
    write_workbook(tmp_path / "r.xlsx", [row], {**NAMES, "covid": EVIL})
    for cell in cells_of(tmp_path / "r.xlsx")[1]:
        assert cell.data_type != "f"
        assert not str(cell.value).startswith("=")


def test_a_workbook_that_finds_no_room_leaves_nothing(tmp_path: Path) -> None:
    with largest_file(100), pytest.raises(OutputError):
        write_workbook(tmp_path / "r.xlsx", [ROW], NAMES)
    assert not list(tmp_path.iterdir())


class _Page(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


def page_of(
    path: Path, rows: list[ScanRow], bundle: ModelBundle, folder: Path, measured: bool
) -> str:
    label_of = labels_by_folder(bundle.card.labels) if measured else None
    summary = ScanSummary(bundle.card, label_of)
    for row in rows:
        summary.add(row)
    write_scan_html(path, rows, summary, bundle, folder)
    return path.read_text("utf-8")


def rows(bundle: ModelBundle, *files: str) -> list[ScanRow]:
    shares = dict.fromkeys(bundle.card.label_names, 1 / 3)
    return [dataclasses.replace(ROW, file=file, probabilities=shares) for file in files]


def test_a_page_needs_nothing_else_and_runs_nothing(
    tiny_bundle: ModelBundle, tmp_path: Path
) -> None:
    folder = write_films(tmp_path / "in", "covid/a.png")
    failed = dataclasses.replace(FAILED, file=EVIL, error=EVIL)
    films = [*rows(tiny_bundle, "covid/a.png", EVIL), failed]
    text = page_of(tmp_path / "r.html", films, tiny_bundle, folder, measured=True)
    tags = _Page(text).tags
    assert not [tag for tag, _ in tags if tag in ("script", "link", "iframe")]
    sources = [fields["src"] for tag, fields in tags if tag == "img"]
    assert len(sources) == 1
    assert sources[0].startswith("data:image/jpeg;base64,")
    assert "Against the labels" in text
    assert tiny_bundle.sha256[:12] in text


def test_a_page_shows_the_first_of_many(
    tiny_bundle: ModelBundle, tmp_path: Path
) -> None:
    films = rows(tiny_bundle, *(f"{number}.png" for number in range(700)))
    films += [dataclasses.replace(FAILED, file=f"{n}.dcm") for n in range(300)]
    text = page_of(tmp_path / "r.html", films, tiny_bundle, tmp_path, measured=False)
    assert "The first 500 of 700, likely disease first" in text
    assert text.count("<td>COVID-19 33 %, above its mark</td>") == 500
    assert "The first 200 of 300" in text
    assert "1,000 films; shares of those read" in text


def test_a_page_of_chosen_films_shows_them_all(
    tiny_bundle: ModelBundle, tmp_path: Path
) -> None:
    names = [f"{number}.png" for number in range(60)]
    folder = write_films(tmp_path / "in", *names)
    summary = ScanSummary(tiny_bundle.card)
    films = rows(tiny_bundle, *names)
    for row in films:
        summary.add(row)
    write_scan_html(tmp_path / "r.html", films, summary, tiny_bundle, folder, of=900)
    text = (tmp_path / "r.html").read_text("utf-8")
    assert "A selection: 60 of the 900 films of the scan." in text
    assert text.count("data:image/jpeg;base64,") == 60
    assert tiny_bundle.sha256 in text
    assert "float32" in text


def test_a_page_of_no_films_is_a_page(tiny_bundle: ModelBundle, tmp_path: Path) -> None:
    text = page_of(tmp_path / "r.html", [], tiny_bundle, tmp_path, measured=True)
    assert "0 films" in text
