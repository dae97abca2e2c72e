"""The table of a scan with a hundred thousand rows."""

from __future__ import annotations

import gc
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from PyQt5.QtCore import QItemSelectionModel
from pytestqt.qtbot import QtBot

from desktop.scan.table.columns import FILE
from desktop.scan.table.model import RowFilter, RowSort
from desktop.scan.table.rows import RowStore
from desktop.scan.table.table import ScanTable
from tests.scan_rows import LABELS, many_rows
from tests.window_check import Heartbeat


@pytest.fixture
def table(qtbot: QtBot, tmp_path: Path) -> Iterator[ScanTable]:
    table = ScanTable()
    qtbot.addWidget(table)
    table.resize(900, 500)
    table.begin(tmp_path, RowStore(LABELS))
    table.show()
    yield table
    table.shut_down()
    table.close()


@pytest.mark.slow
def test_a_hundred_thousand_rows_hold_nothing_up(
    table: ScanTable, qtbot: QtBot
) -> None:
    # What other tests left in this process is not the table's to sweep up.
    gc.collect()
    gc.freeze()
    blocks = [many_rows(2000, seed=s) for s in range(50)]
    late = [many_rows(100, seed=s) for s in range(60, 66)]
    bar = table.view.verticalScrollBar()
    heart = Heartbeat()
    stalls: dict[str, tuple[float, float]] = {}

    def note(what: str) -> None:
        qtbot.wait(30)
        stalls[what] = (heart.clock_ms, heart.own_ms)
        heart.restart()

    for number, block in enumerate(blocks):
        table.model.add_rows(block)
        qtbot.wait(10)
        bar.setValue(300 * number)
    qtbot.waitUntil(lambda: table.model.is_settled, timeout=60_000)
    note("blocks while scrolling")
    assert table.model.total == 100_000
    for number in range(table.model.columnCount()):
        table.view.horizontalHeader().sectionClicked.emit(number)
        qtbot.wait(10)
    note("sort")
    table.view.selectAll()
    note("select all")
    for block in late:
        table.model.add_rows(block)
        qtbot.wait(40)
    qtbot.waitUntil(lambda: table.model.is_settled, timeout=60_000)
    note("blocks while all are selected")
    assert table.view.selection.count == 100_000
    table.model.set_filter(RowFilter(text="img_7"))
    note("filter by text")
    table.model.set_filter(RowFilter())
    note("no filter")
    # Ten times what it takes; a stall that grows with the rows would be seconds.
    assert max(own for _, own in stalls.values()) < 300


@pytest.mark.slow
def test_a_block_costs_the_same_however_many_rows_are_selected(
    table: ScanTable, qtbot: QtBot
) -> None:
    for seed in range(10):
        table.model.add_rows(many_rows(2000, seed=seed))
    qtbot.waitUntil(lambda: table.model.is_settled)

    def work_s(sort: RowSort) -> float:
        began = time.thread_time()
        table.model.sort_by(sort)
        return time.thread_time() - began

    def least_s() -> float:
        requests = (RowSort(FILE), RowSort())
        return min(work_s(requests[turn % 2]) for turn in range(10))

    none = least_s()
    table.view.selectAll()
    # Every other row: ten thousand ranges, if they were kept as ranges.
    toggle = QItemSelectionModel.SelectionFlag.Deselect
    for place in range(0, 2000, 2):
        table.view.selection.select(table.model.index(place, 0), toggle)
    assert table.view.selection.count == 19_000
    assert not table.view.selection.selection().count()
    assert least_s() < 5 * none + 0.01
