"""Rows by columns: sorted and filtered without Qt."""

from __future__ import annotations

import dataclasses
import tracemalloc
from collections.abc import Sequence

import numpy as np
import pytest

from core.model.bundle import Label
from core.scan.row import ScanRow
from core.scan.triage import triage_key
from desktop.scan.table.columns import (
    ERROR,
    FILE,
    FINDING,
    HEAT,
    VERDICT,
    WARNINGS,
    columns_for,
    row_sentence,
    rows_as_text,
)
from desktop.scan.table.model import (
    ANY_DISEASE,
    RowFilter,
    RowSort,
    rows_in_order,
    triage_order,
)
from desktop.scan.table.rows import RowStore, SortedIds, natural_key
from tests.scan_rows import LABELS, failed_row, many_rows, read_row, refused_row


def columns_of(rows: Sequence[ScanRow], part: int = 7) -> RowStore:
    columns = RowStore(LABELS)
    for start in range(0, len(rows), part):
        columns.append(rows[start : start + part])
    return columns


def files(columns: RowStore, sort: RowSort, wanted: RowFilter) -> list[str]:
    return [columns.files[row] for row in rows_in_order(columns, sort, wanted)]


def sorted_files(rows: Sequence[ScanRow], sort: RowSort) -> list[str]:
    return files(columns_of(rows), sort, RowFilter())


def filtered_files(rows: Sequence[ScanRow], wanted: RowFilter) -> set[str]:
    return set(files(columns_of(rows), RowSort(), wanted))


ROWS = (
    read_row("b/film10.png", 0.07, 0.07, 0.86, warnings=("It is small.",)),
    read_row("b/Film9.png", 0.4, 0.3, 0.3),
    read_row("a/film1.png", 0.02, 0.93, 0.05, warnings=("Small.", "Drawn.")),
    failed_row("a/film2.png", '"film2.png" is a text file, not a film.'),
    read_row("c.png", 0.9, 0.07, 0.03),
)


@pytest.mark.parametrize("seed", range(3))
def test_triage_order_is_that_of_the_triage_key(seed: int) -> None:
    rows = many_rows(800, seed=seed)
    # Halves of a per cent, which two ways of rounding would take apart.
    rows += [read_row(f"edge {i}.png", i / 200, 1 - i / 200, 0.0) for i in range(201)]
    columns = columns_of(rows)
    order = [columns.files[row] for row in triage_order(columns)]
    assert order == [row.file for row in sorted(rows, key=triage_key)]


def test_triage_of_a_model_without_a_healthy_label_looks_at_the_first() -> None:
    labels = ("covid", "other")
    rows = [
        dataclasses.replace(
            row, finding=None, probabilities={"covid": p, "other": 1 - p}
        )
        for row, p in zip(ROWS, (0.2, 0.9, 0.5, 0.7, 0.1), strict=True)
    ]
    columns = RowStore([Label(name, name.title()) for name in labels])
    columns.append(rows)
    order = [columns.files[row] for row in triage_order(columns)]
    assert order == [row.file for row in sorted(rows, key=triage_key)]


def test_files_sort_as_people_count() -> None:
    assert sorted_files(ROWS, RowSort(FILE)) == [
        "a/film1.png",
        "a/film2.png",
        "b/Film9.png",
        "b/film10.png",
        "c.png",
    ]


@pytest.mark.parametrize(
    ("less", "more"),
    [("a9", "A10"), ("a007", "a8"), ("a9.png", "a99999999999.png"), ("1", "a")],
)
def test_numbers_in_names_are_compared_as_numbers(less: str, more: str) -> None:
    assert natural_key(less) < natural_key(more)


@pytest.mark.parametrize("is_descending", [False, True])
def test_films_that_were_not_read_come_last_by_probability(is_descending: bool) -> None:
    covid = next(each for each in columns_for(LABELS) if each.label == 0)
    order = sorted_files(ROWS, RowSort(covid, is_descending))
    assert order[-1] == "a/film2.png"
    assert (order[0] == "c.png") == is_descending


@pytest.mark.parametrize("is_descending", [False, True])
def test_films_without_an_error_come_last_by_error(is_descending: bool) -> None:
    assert sorted_files(ROWS, RowSort(ERROR, is_descending))[0] == "a/film2.png"


def test_films_sort_by_finding_in_the_order_of_the_labels() -> None:
    columns = columns_of(ROWS)
    order = rows_in_order(columns, RowSort(FINDING), RowFilter())
    assert columns.findings[order].tolist() == [
        0,
        1,
        2,
        columns.uncertain,
        columns.not_read,
    ]


def test_films_with_the_most_warnings_come_first() -> None:
    order = sorted_files(ROWS, RowSort(WARNINGS, is_descending=True))
    assert order[:2] == ["a/film1.png", "b/film10.png"]


def test_films_sort_by_verdict_as_text() -> None:
    columns = columns_of(ROWS)
    order = rows_in_order(columns, RowSort(VERDICT), RowFilter())
    said = [columns.verdicts[int(row)] for row in order]
    assert said[:-1] == sorted(said[:-1])
    assert said[-1] == ""


def test_equal_rows_stay_in_triage_order() -> None:
    rows = many_rows(300)
    columns = columns_of(rows)
    order = rows_in_order(columns, RowSort(FINDING), RowFilter(finding=0))
    triage = triage_order(columns)
    assert order.tolist() == triage[columns.findings[triage] == 0].tolist()


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (RowFilter(finding=0), {"c.png"}),
        (RowFilter(finding=3), {"b/Film9.png"}),
        (RowFilter(finding=5), {"a/film2.png"}),
        (RowFilter(with_warnings=True), {"b/film10.png", "a/film1.png"}),
        (RowFilter(text="FILM9"), {"b/Film9.png"}),
        (RowFilter(text="text FILE"), {"a/film2.png"}),
        (RowFilter(text="drawn"), {"a/film1.png"}),
        (RowFilter(text="uncertain"), {"b/Film9.png"}),
        (RowFilter(text="nowhere"), set()),
        (RowFilter(label=0, minimum=90), {"c.png"}),
        (RowFilter(label=ANY_DISEASE, minimum=93), {"b/film10.png", "c.png"}),
        (
            RowFilter(label=ANY_DISEASE, minimum=0),
            {r.file for r in ROWS} - {"a/film2.png"},
        ),
        (RowFilter(text="b/", label=2, minimum=50), {"b/film10.png"}),
    ],
)
def test_a_filter_lets_through_what_it_says(
    wanted: RowFilter, expected: set[str]
) -> None:
    assert filtered_files(ROWS, wanted) == expected


def test_counts_are_by_finding() -> None:
    assert columns_of(ROWS).counts() == [1, 1, 1, 1, 0, 1]


def test_a_refused_film_has_no_probabilities_and_says_why() -> None:
    columns = columns_of([*ROWS, refused_row("z.png", "A house.")])
    row = len(ROWS)
    assert columns.findings[row] == columns.refused
    assert columns.share(row, 0) is None
    assert row_sentence(columns, row) == "z.png, Refused, No verdict. A house."


def test_the_least_heat_in_lungs_comes_first_and_unknown_heat_last() -> None:
    heats = (0.83, None, 0.0, None, 0.2)
    rows = [
        dataclasses.replace(row, heat_in_lungs=heat)
        for row, heat in zip(ROWS, heats, strict=True)
    ]
    columns = columns_of(rows)
    order = rows_in_order(columns, RowSort.first(HEAT), RowFilter())
    assert [HEAT.text(columns, row) for row in order] == ["0 %", "20 %", "83 %", "", ""]
    assert row_sentence(columns, 0).endswith(
        "Pneumonia 86 %, heat in lungs 83 %, It is small."
    )
    assert "lungs" not in row_sentence(columns, 1)


def test_ids_are_merged_in_the_order_of_their_keys() -> None:
    keys = [natural_key(row.file) for row in many_rows(500)]
    ids = SortedIds()
    for start in range(0, len(keys), 13):
        ids.add(keys[start : start + 13])
    expected = sorted(range(len(keys)), key=keys.__getitem__)
    assert ids.ids.tolist() == expected
    assert np.array_equal(ids.ranks[ids.ids], np.arange(len(keys)))


def test_copied_rows_are_no_formulas_and_stay_on_their_lines() -> None:
    rows = (read_row("=1+2\tx\n.png", 0.9, 0.05, 0.05),)
    lines = rows_as_text(columns_of(rows), columns_for(LABELS), [0]).split("\n")
    assert len(lines) == 2
    head, cells = (line.split("\t") for line in lines)
    assert cells[head.index("File")] == "'=1+2\\u0009x\\u000a.png"
    assert cells[head.index("COVID-19")] == "90 %"


@pytest.mark.slow
def test_a_row_takes_little_memory() -> None:
    rows = many_rows(20_000)
    tracemalloc.start()
    try:
        columns = columns_of(rows, part=1000)
        taken, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(columns) == 20_000
    assert taken / 20_000 < 700  # bytes, the files' own names not counted
