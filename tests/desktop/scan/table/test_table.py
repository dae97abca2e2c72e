"""The table of a scan on screen."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from PyQt5.QtCore import QEvent, QPoint, QPointF, Qt
from PyQt5.QtGui import QFontMetrics, QGuiApplication, QMouseEvent
from PyQt5.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from core.data.dataset import NOT_USABLE
from core.scan.row import ScanRow
from core.scan.triage import triage_key
from desktop.scan.table.columns import (
    ERROR,
    FILE,
    FINDING,
    SET,
    TRUTH,
    VERDICT,
    WARNINGS,
    WHY,
    WRONG,
    Column,
)
from desktop.scan.table.model import RowFilter
from desktop.scan.table.rows import RowStore
from desktop.scan.table.table import ScanTable
from desktop.style import theme
from tests.scan_folder import write_films
from tests.scan_rows import (
    LABELS,
    NAMES,
    failed_row,
    many_rows,
    read_row,
    refused_row,
)

SHIFT = Qt.KeyboardModifier.ShiftModifier
CONTROL = Qt.KeyboardModifier.ControlModifier
ROWS = (
    read_row("b/film10.png", 0.07, 0.07, 0.86, warnings=("It is small.",)),
    read_row("b/Film9.png", 0.4, 0.3, 0.3),
    read_row("a/film1.png", 0.02, 0.93, 0.05),
    failed_row("a/film2.png", '"film2.png" is empty.'),
    read_row("c.png", 0.9, 0.07, 0.03),
)
MANY = many_rows(400)


@pytest.fixture
def table(qtbot: QtBot, tmp_path: Path) -> Iterator[ScanTable]:
    table = ScanTable()
    qtbot.addWidget(table)
    table.resize(1300, 500)
    table.begin(tmp_path, RowStore(LABELS))
    table.show()
    qtbot.waitExposed(table)
    yield table
    table.shut_down()
    table.close()


@pytest.fixture
def add(table: ScanTable, qtbot: QtBot) -> Callable[[Sequence[ScanRow]], None]:
    def add(rows: Sequence[ScanRow]) -> None:
        table.model.add_rows(rows)
        qtbot.waitUntil(lambda: table.model.is_settled)

    return add


Add = Callable[[Sequence[ScanRow]], None]


def selected_files(table: ScanTable) -> list[str]:
    files = table.model.rows.files
    return [files[row] for row in table.view.selection.numbers().tolist()]


def click(table: ScanTable, qtbot: QtBot, place: int, *keys: object) -> None:
    spot = table.view.visualRect(table.model.index(place, 1)).center()
    modifier = keys[0] if keys else Qt.KeyboardModifier.NoModifier
    qtbot.mouseClick(table.view.viewport(), Qt.MouseButton.LeftButton, modifier, spot)


def click_heading(table: ScanTable, qtbot: QtBot, column: Column) -> None:
    head = table.view.horizontalHeader()
    x = head.sectionViewportPosition(table.model.columns.index(column)) + 12
    spot = QPoint(x, head.height() // 2)
    button = Qt.MouseButton.LeftButton
    qtbot.mouseClick(head.viewport(), button, Qt.KeyboardModifier.NoModifier, spot)


def top_px(table: ScanTable, row: int) -> int:
    place = table.model.place_of(row)
    assert place is not None
    return int(table.view.visualRect(table.model.index(place, 1)).top())


def in_triage(rows: Sequence[ScanRow]) -> list[str]:
    return [row.file for row in sorted(rows, key=triage_key)]


# Order


def test_rows_come_in_triage_order(table: ScanTable, add: Add) -> None:
    add(ROWS[:2])
    add(ROWS[2:])
    assert table.shown_files() == in_triage(ROWS)


def test_a_heading_sorts_and_sorts_the_other_way(
    table: ScanTable, add: Add, qtbot: QtBot
) -> None:
    add(ROWS)
    click_heading(table, qtbot, FILE)
    by_file = ["a/film1.png", "a/film2.png", "b/Film9.png", "b/film10.png", "c.png"]
    assert table.shown_files() == by_file
    click_heading(table, qtbot, FILE)
    assert table.shown_files() == by_file[::-1]
    assert table.filters.order.currentText() == "By File"


def test_a_probability_sorts_the_greatest_first(
    table: ScanTable, add: Add, qtbot: QtBot
) -> None:
    add(ROWS)
    covid = next(each for each in table.model.columns if each.label == 0)
    click_heading(table, qtbot, covid)
    assert table.shown_files()[0] == "c.png"
    assert table.shown_files()[-1] == "a/film2.png"


def test_the_list_of_orders_leads_back_to_triage(
    table: ScanTable, add: Add, qtbot: QtBot
) -> None:
    add(ROWS)
    click_heading(table, qtbot, FILE)
    table.filters.order.setCurrentIndex(0)
    assert table.shown_files() == in_triage(ROWS)
    assert not table.filters.direction.isEnabled()


# Filters


def test_the_list_of_findings_counts_and_filters(table: ScanTable, add: Add) -> None:
    add(ROWS)
    box = table.filters.finding
    entries = [box.itemText(place) for place in range(box.count())]
    assert entries == [
        "All films (5)",
        "COVID-19 (1)",
        "Normal (1)",
        "Pneumonia (1)",
        "Uncertain (1)",
        "Refused (0)",
        "Not read (1)",
        "With warnings (1)",
    ]
    box.setCurrentIndex(6)
    assert table.shown_files() == ["a/film2.png"]
    box.setCurrentIndex(7)
    assert table.shown_files() == ["b/film10.png"]


def test_typing_filters_after_a_pause(table: ScanTable, add: Add, qtbot: QtBot) -> None:
    add(ROWS)
    told: list[object] = []
    table.filters.filter_changed.connect(told.append)
    qtbot.keyClicks(table.filters.text, "FILM")
    assert told == []
    qtbot.waitUntil(lambda: len(table.shown_files()) == 4)
    assert len(told) == 1


def test_a_threshold_lets_through_what_reaches_it(
    table: ScanTable, add: Add, qtbot: QtBot
) -> None:
    add(ROWS)
    assert not table.filters.minimum.isEnabled()
    table.filters.threshold.setCurrentText("Any disease from")
    table.filters.minimum.setValue(93)
    qtbot.waitUntil(lambda: table.shown_files() == ["b/film10.png", "c.png"])


def test_rows_that_come_are_filtered_and_counted(table: ScanTable, add: Add) -> None:
    add(ROWS)
    table.filters.finding.setCurrentIndex(1)
    add(MANY)
    expected = [r.file for r in (*ROWS, *MANY) if r.finding == "covid"]
    assert sorted(table.shown_files()) == sorted(expected)
    assert table.filters.count.text() == f"{len(expected)} of 405 films shown"


def test_a_filter_that_nothing_passes_says_so_and_is_cleared(
    table: ScanTable, add: Add, qtbot: QtBot
) -> None:
    add(ROWS)
    table.filters.text.setText("nowhere")
    qtbot.waitUntil(lambda: table.shown_files() == [])
    assert table.filters.count.text() == "0 of 5 films shown"
    table.view.grab()
    table.filters.clear_button.click()
    assert len(table.shown_files()) == 5
    assert table.filters.text.text() == ""
    assert not table.filters.clear_button.isEnabled()


def test_letters_typed_on_the_table_go_into_the_text_field(
    table: ScanTable, add: Add, qtbot: QtBot
) -> None:
    add(ROWS)
    table.view.setFocus()
    qtbot.keyClick(table.view, "f")
    assert table.filters.text.text() == "f"


def test_another_model_brings_its_own_labels(table: ScanTable, add: Add) -> None:
    add(ROWS)
    table.begin(Path("/other"), RowStore(LABELS[:2]))
    assert table.shown_files() == []
    assert table.filters.finding.count() == 7


# Selection


def test_click_shift_and_control_select_rows(
    table: ScanTable, add: Add, qtbot: QtBot
) -> None:
    add(ROWS)
    order = in_triage(ROWS)
    click(table, qtbot, 1)
    assert selected_files(table) == [order[1]]
    click(table, qtbot, 3, SHIFT)
    assert selected_files(table) == order[1:4]
    click(table, qtbot, 2, CONTROL)
    assert selected_files(table) == [order[1], order[3]]
    click(table, qtbot, 4, CONTROL)
    assert selected_files(table) == [order[1], *order[3:]]
    click(table, qtbot, 0)
    assert selected_files(table) == order[:1]
    assert table.filters.count.text() == "5 of 5 films shown, 1 selected"


def test_the_keyboard_selects_rows(table: ScanTable, add: Add, qtbot: QtBot) -> None:
    add(ROWS)
    order = in_triage(ROWS)
    table.view.setFocus()
    table.view.setCurrentIndex(table.model.index(0, 1))
    qtbot.keyClick(table.view, Qt.Key.Key_Down, SHIFT)
    assert selected_files(table) == order[:2]
    qtbot.keyClick(table.view, Qt.Key.Key_Up, SHIFT)
    assert selected_files(table) == order[:1]
    qtbot.keyClick(table.view, Qt.Key.Key_Down, CONTROL)
    qtbot.keyClick(table.view, Qt.Key.Key_Down, CONTROL)
    qtbot.keyClick(table.view, Qt.Key.Key_Space, CONTROL)
    assert selected_files(table) == [order[0], order[2]]
    qtbot.keyClick(table.view, Qt.Key.Key_Escape)
    assert selected_files(table) == []


def test_the_selection_stays_with_its_rows(
    table: ScanTable, add: Add, qtbot: QtBot
) -> None:
    add(MANY[:200])
    click(table, qtbot, 2)
    click(table, qtbot, 6, SHIFT)
    chosen = set(selected_files(table))
    add(MANY[200:])
    assert set(selected_files(table)) == chosen
    click_heading(table, qtbot, FILE)
    assert set(selected_files(table)) == chosen
    assert len(chosen) == 5


def test_shift_goes_on_from_the_row_where_it_began(
    table: ScanTable, add: Add, qtbot: QtBot
) -> None:
    add(MANY[:200])
    click(table, qtbot, 3)
    anchor = selected_files(table)[0]
    add(MANY[200:])
    table.view.setFocus()
    qtbot.keyClick(table.view, Qt.Key.Key_Down, SHIFT)
    order = table.shown_files()
    begin = order.index(anchor)
    assert selected_files(table) == order[begin : begin + 2]


def test_rows_that_come_while_the_mouse_drags_are_not_taken_in(
    table: ScanTable, add: Add, qtbot: QtBot
) -> None:
    add(MANY[:200])
    viewport, button = table.view.viewport(), Qt.MouseButton.LeftButton
    spots = [table.view.visualRect(table.model.index(n, 1)).center() for n in range(5)]
    qtbot.mousePress(viewport, button, pos=spots[1])
    for spot in spots[2:4]:
        move = QMouseEvent(
            QEvent.Type.MouseMove,
            QPointF(spot),
            Qt.MouseButton.NoButton,
            button,
            Qt.KeyboardModifier.NoModifier,
        )
        QApplication.sendEvent(viewport, move)
    dragged = table.shown_files()[1:4]
    assert selected_files(table) == dragged
    add(MANY[200:])
    qtbot.mouseRelease(viewport, button, pos=spots[3])
    assert selected_files(table) == dragged


def test_all_selected_rows_are_those_that_were_there(
    table: ScanTable, add: Add, qtbot: QtBot
) -> None:
    add(MANY[:200])
    table.view.setFocus()
    qtbot.keyClick(table.view, Qt.Key.Key_A, CONTROL)
    add(MANY[200:])
    assert set(selected_files(table)) == {row.file for row in MANY[:200]}


def test_rows_that_a_filter_hides_are_not_selected_any_more(
    table: ScanTable, add: Add
) -> None:
    add(ROWS)
    table.view.selectAll()
    table.filters.finding.setCurrentIndex(1)
    assert selected_files(table) == ["c.png"]
    table.filters.clear()
    assert selected_files(table) == ["c.png"]


def test_the_menu_leaves_several_selected_rows_alone(
    table: ScanTable, add: Add, qtbot: QtBot
) -> None:
    add(ROWS)
    table.view.selectAll()
    spot = table.view.visualRect(table.model.index(2, 1)).center()
    qtbot.mouseClick(
        table.view.viewport(),
        Qt.MouseButton.RightButton,
        Qt.KeyboardModifier.NoModifier,
        spot,
    )
    assert len(selected_files(table)) == 5


def test_no_index_is_kept_for_a_selected_row(table: ScanTable, add: Add) -> None:
    add(MANY)
    table.view.selectAll()
    assert len(table.model.persistentIndexList()) < 10
    assert table.view.selection.count == len(MANY)


# What stays in its place


def test_a_row_that_is_selected_breaks_no_line_anew(
    table: ScanTable, add: Add, qtbot: QtBot
) -> None:
    add(MANY)
    for width in range(560, 1500, 20):
        table.resize(width, 500)
        table.view.selection.clear_rows()
        qtbot.waitUntil(lambda width=width: table.filters.width() == width)
        high = table.filters.sizeHint().height()
        table.view.selectAll()
        assert table.filters.sizeHint().height() == high


def test_a_row_under_the_cursor_stays_there(
    table: ScanTable, add: Add, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(MANY[:200])
    viewport = table.view.viewport()
    spot = table.view.visualRect(table.model.index(2, 1)).center()
    row = table.model.row_at(2)
    before = top_px(table, row)
    monkeypatch.setattr(viewport, "underMouse", lambda: True)
    monkeypatch.setattr(viewport, "mapFromGlobal", lambda place: spot)
    move = QEvent.Type.MouseMove
    none = Qt.MouseButton.NoButton
    event = QMouseEvent(move, QPointF(spot), none, none, Qt.KeyboardModifier.NoModifier)
    QApplication.sendEvent(viewport, event)
    add(MANY[200:])
    assert top_px(table, row) == before


def test_j_and_k_go_down_and_up(table: ScanTable, add: Add, qtbot: QtBot) -> None:
    add(ROWS)
    order = in_triage(ROWS)
    table.view.setFocus()
    table.view.setCurrentIndex(table.model.index(0, 1))
    for key, expected in (("j", order[1]), ("j", order[2]), ("k", order[1])):
        qtbot.keyClick(table.view, key)
        assert selected_files(table) == [expected]
    assert table.filters.text.text() == ""


def test_the_current_row_stays_where_it_is_on_screen(
    table: ScanTable, add: Add, qtbot: QtBot
) -> None:
    add(MANY[:200])
    table.view.verticalScrollBar().setValue(3000)
    click(table, qtbot, table.view.rowAt(120))
    row = table.view.current_row()
    assert row is not None
    before = top_px(table, row)
    add(MANY[200:])
    assert table.view.current_row() == row
    assert top_px(table, row) == before


def test_the_first_row_on_screen_stays_there(table: ScanTable, add: Add) -> None:
    add(MANY[:200])
    table.view.verticalScrollBar().setValue(3010)
    row = table.model.row_at(table.view.rowAt(0))
    before = top_px(table, row)
    add(MANY[200:])
    assert top_px(table, row) == before


def test_at_the_top_the_most_urgent_film_is_seen(table: ScanTable, add: Add) -> None:
    add(MANY[:200])
    add(MANY[200:])
    assert table.view.rowAt(0) == 0
    assert table.view.verticalScrollBar().value() == 0


def test_a_cleared_filter_shows_the_current_row_among_the_others(
    table: ScanTable, add: Add, qtbot: QtBot
) -> None:
    add(MANY)
    table.model.set_filter(RowFilter(text="img_5"))
    click(table, qtbot, 3)
    row = table.view.current_row()
    assert row is not None
    before = top_px(table, row)
    table.model.set_filter(RowFilter())
    assert table.view.current_row() == row
    assert top_px(table, row) == before


def test_widths_that_the_user_set_are_kept(
    table: ScanTable, add: Add, qtbot: QtBot
) -> None:
    add(ROWS)
    table.view.horizontalHeader().resizeSection(1, 333)
    add(MANY)
    table.resize(1500, 500)
    table.filters.finding.setCurrentIndex(1)
    assert table.view.columnWidth(1) == 333


def test_rows_are_lower_where_few_have_room(
    table: ScanTable, add: Add, qtbot: QtBot
) -> None:
    font = table.view.font()
    font.setPixelSize(10)
    table.view.setFont(font)
    add(MANY)
    table.view.verticalScrollBar().setValue(3000)
    row = table.model.row_at(table.view.rowAt(0))
    high = table.view.rowHeight(0)
    table.resize(720, 230)
    qtbot.waitUntil(lambda: table.view.rowHeight(0) < high)
    assert table.model.row_at(table.view.rowAt(0)) == row


# What is done with rows


def test_enter_and_double_click_open_a_film(
    table: ScanTable, add: Add, qtbot: QtBot
) -> None:
    add(ROWS)
    order = in_triage(ROWS)
    opened: list[str] = []
    table.film_activated.connect(opened.append)
    click(table, qtbot, 1)
    qtbot.keyClick(table.view, Qt.Key.Key_Return)
    spot = table.view.visualRect(table.model.index(2, 1)).center()
    click(table, qtbot, 2)
    qtbot.mouseDClick(table.view.viewport(), Qt.MouseButton.LeftButton, pos=spot)
    table.open_action.trigger()
    assert opened == [order[1], order[2], order[2]]


def test_selected_rows_are_copied_with_tabs(
    table: ScanTable, add: Add, qtbot: QtBot
) -> None:
    add(ROWS)
    table.view.selectAll()
    with qtbot.waitSignal(table.status_changed) as said:
        table.copy_action.trigger()
    assert said.args == ["Copied 5 rows."]
    lines = QGuiApplication.clipboard().text().split("\n")
    head = lines[0].split("\t")
    assert head[:4] == ["File", "Finding", "Why here", "COVID-19"]
    assert [line.split("\t")[0] for line in lines[1:]] == in_triage(ROWS)


def test_the_path_of_the_current_row_is_copied(
    table: ScanTable, add: Add, qtbot: QtBot, tmp_path: Path
) -> None:
    add(ROWS)
    click(table, qtbot, 0)
    table.copy_path_action.trigger()
    copied = QGuiApplication.clipboard().text()
    assert copied == str(tmp_path / in_triage(ROWS)[0])


# Why a film is where it is, and what it really is


def test_each_film_says_why_it_stands_where_it_does(
    table: ScanTable, add: Add, qtbot: QtBot
) -> None:
    add([*ROWS, refused_row("d.png", "A house.")])
    place = table.model.columns.index(WHY)
    assert [table.model.index(n, place).data() for n in range(6)] == [
        "Pneumonia 86 %, above its mark",
        "COVID-19 90 %, above its mark",
        "uncertain: COVID-19 40 %, below its mark",
        "no sign: Normal 93 %, above its mark",
        "refused: a house",
        "not read: is empty",
    ]
    click_heading(table, qtbot, FILE)
    click_heading(table, qtbot, WHY)
    assert table.filters.order.currentText() == "Triage order"


def by_folder(file: str) -> str | None:
    return {"a": "covid", "b": "pneumonia"}.get(file.split("/")[0])


def test_true_labels_are_a_column_and_a_filter_where_they_are_known(
    table: ScanTable, add: Add, tmp_path: Path
) -> None:
    add(ROWS)
    shown = [table.model.columns.index(each) for each in (TRUTH, WRONG)]
    assert all(map(table.view.isColumnHidden, shown))
    assert table.filters.truth.isHidden()
    table.begin(tmp_path, RowStore(LABELS, label_of=by_folder))
    add(ROWS)
    assert not any(map(table.view.isColumnHidden, shown))
    # Not of the column of files, which says of one that was looked for that it is gone.
    cells = {
        file: [table.model.index(n, c).data() for c in shown]
        for n, file in enumerate(table.shown_files())
    }
    assert cells == {
        "c.png": ["", ""],
        "b/film10.png": ["Pneumonia", ""],
        "b/Film9.png": ["Pneumonia", ""],
        "a/film1.png": ["COVID-19", "Wrong"],
        "a/film2.png": ["COVID-19", ""],
    }
    box = table.filters.truth
    assert [box.itemText(place) for place in range(box.count())] == [
        "Any true label",
        "Wrong (1)",
        "COVID-19 (2)",
        "Normal (0)",
        "Pneumonia (2)",
        "Not usable (0)",
        "No true label (1)",
    ]
    box.setCurrentIndex(1)
    assert table.shown_files() == ["a/film1.png"]
    box.setCurrentIndex(4)
    assert sorted(table.shown_files()) == ["b/Film9.png", "b/film10.png"]
    table.filters.clear_button.click()
    assert len(table.shown_files()) == 5


def test_what_a_person_says_of_a_film_is_its_true_label(
    table: ScanTable, add: Add
) -> None:
    add(ROWS)
    place = table.model.columns.index(TRUTH)
    table.model.set_corrections({"c.png": "normal", "a/film1.png": NOT_USABLE})
    add(MANY[:10])
    assert not table.view.isColumnHidden(place)
    said = dict(zip(table.shown_files(), column_texts(table, place), strict=True))
    assert said["c.png"] == "Normal (corrected)"
    assert said["a/film1.png"] == "Not usable (corrected)"
    assert table.model.rows.wrong.sum() == 1
    table.model.set_corrections({})
    assert set(column_texts(table, place)) == {""}


def column_texts(table: ScanTable, place: int) -> list[str]:
    rows = range(table.model.rowCount())
    return [table.model.index(row, place).data() for row in rows]


# Columns


def test_columns_that_no_row_fills_are_hidden(table: ScanTable, add: Add) -> None:
    columns = table.model.columns
    places = [columns.index(each) for each in (WARNINGS, ERROR)]
    add(ROWS[1:3])
    assert all(map(table.view.isColumnHidden, places))
    widths = [table.view.columnWidth(n) for n in range(8)]
    add(ROWS)
    assert not any(map(table.view.isColumnHidden, places))
    assert [table.view.columnWidth(n) for n in range(8)] == widths, "nothing moves"


def test_the_menu_of_the_headings_shows_and_hides_columns(
    table: ScanTable, add: Add
) -> None:
    table.view.set_hidden(frozenset({"Verdict"}))
    add(ROWS)
    place = table.model.columns.index(VERDICT)
    assert table.view.isColumnHidden(place)
    menu = table.view.columns_menu
    menu.aboutToShow.emit()
    choices = {each.text(): each for each in menu.actions()}
    assert "File" not in choices
    assert "True label" not in choices
    choices["Verdict"].trigger()
    choices["Finding"].trigger()
    assert not table.view.isColumnHidden(place)
    assert table.view.isColumnHidden(table.model.columns.index(FINDING))
    table.begin(Path("/other"), RowStore(LABELS))
    assert not table.view.isColumnHidden(place)
    assert table.view.hidden == {"Finding"}


def test_a_heading_has_room_for_its_words_and_the_sign_of_the_sort(
    table: ScanTable, add: Add, qapp: QApplication
) -> None:
    theme.apply(qapp, "light")
    table.resize(700, 500)
    heat = [dataclasses.replace(row, heat_in_lungs=0.5) for row in ROWS]
    add(heat)
    head = table.view.horizontalHeader()
    for number in range(table.model.columnCount()):
        column = table.model.columns[number]
        if not table.view.isColumnHidden(number) and column.key is not None:
            table.view.show_sort(number, is_descending=True)
            assert head.sectionSize(number) >= head.sectionSizeHint(number)
            font = head.font()
            font.setBold(True)
            words = QFontMetrics(font).horizontalAdvance(column.title)
            assert head.sectionSize(number) > words + 26  # padding and the sign


# What is said


def test_a_row_is_a_sentence_to_a_screen_reader(
    table: ScanTable, add: Add, tmp_path: Path
) -> None:
    write_films(tmp_path, "b/film10.png")
    add(ROWS)
    words = table.model.index(0, 1).data(Qt.ItemDataRole.AccessibleTextRole)
    assert words == (
        "b/film10.png, Pneumonia, COVID-19 7 %, Normal 7 %, Pneumonia 86 %, "
        "It is small."
    )
    table.view.selectRow(0)
    words = table.model.index(0, 1).data(Qt.ItemDataRole.AccessibleTextRole)
    assert words.endswith(", selected")


def test_a_film_that_was_not_read_is_a_row_with_its_reason(
    table: ScanTable, add: Add
) -> None:
    add(ROWS)
    place = len(ROWS) - 1
    cells = [
        table.model.index(place, column).data()
        for column in range(table.model.columnCount())
    ]
    assert cells[:3] == ["", "a/film2.png", "Not read"]
    assert cells[3:] == ["not read: is empty", *[""] * 9, "Is empty."]
    error = table.model.index(place, len(cells) - 1)
    assert error.data(Qt.ItemDataRole.ToolTipRole) == '"film2.png" is empty.'


def test_what_a_film_could_be_is_a_column_where_the_scan_says_it(
    table: ScanTable, add: Add, qtbot: QtBot
) -> None:
    place = table.model.columns.index(SET)
    add(ROWS)
    assert table.view.isColumnHidden(place)
    either = dataclasses.replace(ROWS[1], set=("covid", "pneumonia"), coverage=0.9)
    table.begin(Path("/other"), RowStore(LABELS))
    add([either, dataclasses.replace(ROWS[0], set=NAMES, coverage=0.9)])
    assert not table.view.isColumnHidden(place)
    assert table.view.columnWidth(place) > 60
    said = [table.model.index(row, place).data() for row in range(2)]
    assert said == ["Cannot say", "COVID-19 or pneumonia"]
    words = table.model.index(1, 1).data(Qt.ItemDataRole.AccessibleTextRole)
    assert words.endswith("Could be COVID-19 or pneumonia")
    click_heading(table, qtbot, SET)
    assert table.shown_files() == ["b/film10.png", "b/Film9.png"]
    assert table.grab().toImage().width()


def test_a_film_that_was_moved_says_where_it_went(
    table: ScanTable, add: Add, qtbot: QtBot, tmp_path: Path
) -> None:
    write_films(tmp_path, *(row.file for row in ROWS))
    add(ROWS)
    table.mark_moved([ROWS[0].file], Path("/sorted"))
    words = table.model.index(0, 1).data(Qt.ItemDataRole.AccessibleTextRole)
    assert words.startswith("b/film10.png (Moved to /sorted), Pneumonia")
    table.view.setFocus()
    table.view.setCurrentIndex(table.model.index(0, 1))
    with qtbot.assertNotEmitted(table.film_activated):
        with qtbot.waitSignal(table.status_changed) as said:
            table.open_action.trigger()
    assert said.args == ["Moved to /sorted; it can be opened there."]
    assert table.grab().toImage().width()


def test_a_film_that_is_gone_says_so(
    table: ScanTable, add: Add, qtbot: QtBot, tmp_path: Path
) -> None:
    write_films(tmp_path, *(row.file for row in ROWS[1:]))
    add(ROWS)
    qtbot.waitUntil(lambda: table.model.rows.gone == {0: "Not there any more"})


def test_the_filters_take_more_lines_where_there_is_less_room(
    table: ScanTable, qtbot: QtBot
) -> None:
    filters = table.filters
    lines = filters.layout()
    assert lines is not None
    counts = []
    for width in (1900, 900, 500):
        table.resize(width, 500)
        qtbot.waitUntil(lambda width=width: filters.width() == width)
        counts.append(lines.count())
    assert counts == sorted(counts)
    assert counts[0] == 1 < counts[2]
    assert filters.minimumSizeHint().width() < 500


@pytest.mark.parametrize("appearance", ["light", "dark"])
def test_the_table_is_drawn_in_any_theme(
    table: ScanTable, add: Add, qapp: QApplication, appearance: str
) -> None:
    theme.apply(qapp, appearance)
    add(ROWS)
    table.view.selectRow(1)
    picture = table.grab().toImage()
    row = table.view.visualRect(table.model.index(1, 0))
    top = table.view.viewport().mapTo(table, row.topLeft()).y()
    lines = range(top, top + row.height(), 3)
    assert len({picture.pixel(x, y) for x in range(0, 900, 3) for y in lines}) > 20


# Small pictures


def test_pictures_are_read_for_the_rows_on_screen_only(
    table: ScanTable, add: Add, qtbot: QtBot, tmp_path: Path
) -> None:
    rows = [read_row(f"{i:03d}.png", 0.5, 0.3, 0.2) for i in range(100)]
    for row in rows:
        write_films(tmp_path, row.file)
    add(rows)
    qtbot.waitUntil(
        lambda: (
            table.thumbnails.picture(0) is not None and not table.thumbnails.is_reading
        )
    )
    assert table.thumbnails.picture(99) is None
    table.view.scrollToBottom()
    qtbot.waitUntil(lambda: table.thumbnails.picture(99) is not None)
