"""A row of a scan in CSV."""

from __future__ import annotations

import csv
import dataclasses
import io

import pytest

from core.scan.row import (
    ScanRow,
    cells_of,
    decode_line,
    encode_cell,
    encode_cells,
    header,
    is_header,
    labels_of,
    row_from_cells,
)

LABELS = ("covid", "normal")
ROW = ScanRow(
    file="a/b.png",
    finding="covid",
    verdict="Looks like COVID-19 (98 %).",
    probabilities={"covid": 0.98, "normal": 0.02},
    warnings=("It is small.", "It is drawn."),
    error="",
    size=123,
    modified="2026-01-02T03:04:05.000006Z",
    model="Tiny",
    model_sha256="ab" * 32,
    precision="float32",
    version="0.1.0",
)
FAILED = dataclasses.replace(
    ROW, finding=None, verdict="", probabilities={}, warnings=(), error="No.", size=None
)
REFUSED = dataclasses.replace(
    ROW,
    finding=None,
    verdict="No verdict. A house.",
    probabilities={},
    reason="A house.",
)


def again(row: ScanRow) -> ScanRow:
    line = encode_cells(cells_of(row, LABELS))
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    return row_from_cells(decode_line(line[:-1]), LABELS)


@pytest.mark.parametrize("row", [ROW, FAILED, REFUSED])
def test_a_row_comes_back_as_it_was(row: ScanRow) -> None:
    assert again(row) == row


@pytest.mark.parametrize(
    "name",
    [
        "=1+1.png",
        "'=1.png",
        "''.png",
        "@a",
        "+a",
        "-a",
        "\N{FULLWIDTH EQUALS SIGN}1",
        "two\nlines",
        "\ttab",
        "back\\slash",
        "back\\u000aslash",
        "bytes\udcff",
        'quo"te,comma',
        "Ł ü 漢",
        "\N{LINE SEPARATOR}",
        "a\0b",
    ],
)
def test_any_file_name_comes_back_and_makes_one_line(name: str) -> None:
    assert again(dataclasses.replace(ROW, file=name)).file == name


@pytest.mark.parametrize("name", ["=HYPERLINK(1)", "+1", "-1", "@SUM(1)", "\t=1", "\r"])
def test_no_cell_begins_as_a_formula(name: str) -> None:
    row = dataclasses.replace(FAILED, file=name, error=name, model=name)
    line = encode_cells(cells_of(row, LABELS)).decode()
    for cell in next(csv.reader(io.StringIO(line))):
        assert cell[:1] not in tuple("=+-@\t\r")


def test_an_apostrophe_marks_what_was_made_harmless() -> None:
    assert encode_cell("=1") == "'=1"
    assert encode_cell("a=1") == "a=1"
    assert encode_cell("") == ""


def test_the_columns_carry_model_precision_and_version() -> None:
    names = header(LABELS)
    assert names[:5] == ["file", "finding", "verdict", "p_covid", "p_normal"]
    assert names[5:9] == ["warnings", "refused", "reason", "error"]
    named = ["model", "model_sha256", "precision", "version"]
    assert names[-9:-5] == named
    assert names[-5:-1] == ["preprocessing", "temperature", "set", "coverage"]
    assert names[-1] == "heat_in_lungs"


@pytest.mark.parametrize("labels", [("covid",), ("covid", "normal"), ()])
def test_a_row_with_a_set_comes_back_as_it_was(labels: tuple[str, ...]) -> None:
    row = dataclasses.replace(
        ROW, set=labels, coverage=0.9, temperature=0.93, preprocessing="1-a-b-224"
    )
    assert again(row) == row


@pytest.mark.parametrize("heat", [None, 0.0, 0.83])
def test_a_row_with_heat_in_lungs_comes_back_as_it_was(heat: float | None) -> None:
    row = dataclasses.replace(ROW, heat_in_lungs=heat)
    assert again(row) == row


@pytest.mark.parametrize(
    "new",
    [
        ("heat_in_lungs",),
        (
            *("refused", "reason", "preprocessing", "temperature", "set", "coverage"),
            "heat_in_lungs",
        ),
    ],
)
def test_rows_of_before_are_still_read(new: tuple[str, ...]) -> None:
    kept = [place for place, name in enumerate(header(LABELS)) if name not in new]
    names = [header(LABELS)[place] for place in kept]
    assert is_header(encode_cells(names), LABELS)
    assert labels_of(names) == LABELS
    assert not is_header(encode_cells(names[:-1]), LABELS)
    cells = [cells_of(ROW, LABELS)[place] for place in kept]
    assert row_from_cells(cells, LABELS) == ROW


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("file", ""),
        ("finding", "flu"),
        ("p_covid", ""),
        ("p_covid", "high"),
        ("error", "and yet read"),
        ("reason", "and yet a verdict"),
        ("refused", "true"),
        ("refused", "perhaps"),
        ("bytes", "many"),
    ],
)
def test_a_cell_of_the_wrong_kind_is_refused(column: str, value: str) -> None:
    cells = decode_line(encode_cells(cells_of(ROW, LABELS))[:-1])
    cells[header(LABELS).index(column)] = value
    with pytest.raises(ValueError, match="expected|must be a"):
        row_from_cells(cells, LABELS)


def test_a_row_with_too_few_cells_is_refused() -> None:
    with pytest.raises(ValueError, match="expected 20 cells"):
        row_from_cells(["a"], LABELS)


@pytest.mark.parametrize("line", [b'"open', b"\xff", b"a\0b"])
def test_what_is_no_line_of_csv_is_refused(line: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - each has words of its own
        decode_line(line)
