from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PyQt5.QtCore import Qt
from PyQt5.QtGui import QPalette
from PyQt5.QtWidgets import QApplication, QPushButton
from pytestqt.qtbot import QtBot

from core.data.dataset import index_dataset
from core.errors import DatasetError
from core.paths import checks_dir
from desktop.retrain.data.audit import read_audit
from desktop.retrain.data.check import CheckFolder
from desktop.retrain.data.options import example_of, pattern_error
from desktop.retrain.data.panel import DataPanel
from desktop.style import theme
from desktop.style.severity import SEVERITIES, severity_colour
from desktop.widgets.figures_table import Cells, RowsDialog
from desktop.widgets.layouts import in_reading_order
from tests.desktop.style.test_theme import contrast
from tests.run_preparation import (
    StandIn,
    audit_record,
    leaky_record,
    put_stand_in,
)


@pytest.fixture
def stand_in(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> StandIn:
    return put_stand_in(tmp_path_factory.mktemp("stand-in"), monkeypatch)


@pytest.fixture
def panel(qtbot: QtBot) -> Iterator[DataPanel]:
    panel = DataPanel()
    qtbot.addWidget(panel)
    yield panel
    panel.shut_down()


@pytest.fixture
def data(tmp_path: Path) -> Path:
    path = tmp_path / "Röntgen films"
    (path / "covid").mkdir(parents=True)
    return path


@pytest.fixture
def manifest(data: Path) -> Path:
    """With a path that is relative to it."""
    (data / "covid" / "1.png").touch()
    path = data / "films.csv"
    path.write_text("split,file,label\ntrain,covid/1.png,covid\n", encoding="utf-8")
    return path


def checked(qtbot: QtBot, panel: DataPanel, data: Path) -> None:
    panel.set_data(data)
    qtbot.waitUntil(lambda: not panel.is_checking, timeout=20_000)


def read(tmp_path: Path, record: dict):
    path = tmp_path / "audit.json"
    path.write_text(json.dumps(record), encoding="utf-8")
    return read_audit(path, tmp_path / "split.csv")


def test_without_films_the_panel_asks_for_them(panel: DataPanel) -> None:
    assert panel.reason == "Choose the films to learn from first."
    assert panel.view.isHidden()


def test_choosing_films_checks_them_at_once(
    qtbot: QtBot, panel: DataPanel, stand_in: StandIn, data: Path
) -> None:
    checked(qtbot, panel, data)
    assert stand_in.calls[0][:2] == ["audit", str(data)]
    assert panel.reason == ""
    assert panel.view.summary.word == "Ready"
    assert panel.view.summary.text == "80 films of 2 labels can be used."
    assert "abababababab" in panel.view.split.text()
    assert panel.split is not None
    assert panel.split.name == "split.csv"


def test_a_check_tells_how_far_it_is(
    qtbot: QtBot, panel: DataPanel, stand_in: StandIn, data: Path
) -> None:
    event = {"event": "Progressed", "stage": "reading", "done": 1200, "total": 2000}
    stand_in.set("says", json.dumps({**event, "films_per_s": 34.7}))
    stand_in.set("waits")
    panel.set_data(data)
    words = "Reading the films: 1,200 of 2,000, 35 per second"
    qtbot.waitUntil(lambda: panel.progress.words == words, timeout=20_000)
    assert panel.reason == "The films are being checked."
    stand_in.unset("waits")
    qtbot.waitUntil(lambda: not panel.is_checking)


def test_a_check_can_be_cancelled_and_begun_again(
    qtbot: QtBot, panel: DataPanel, stand_in: StandIn, data: Path
) -> None:
    stand_in.set("waits")
    panel.set_data(data)
    qtbot.waitUntil(lambda: bool(stand_in.calls), timeout=20_000)
    panel.progress.stop_button.click()
    assert panel.progress.words.startswith("Stopping. Waiting for the film or step")
    qtbot.waitUntil(lambda: not panel.is_checking)
    assert panel.reason == "The films have not been checked."
    stand_in.unset("waits")
    panel.again.click()
    qtbot.waitUntil(lambda: panel.reason == "", timeout=20_000)


def test_other_films_take_the_place_of_those_being_checked(
    qtbot: QtBot, panel: DataPanel, stand_in: StandIn, data: Path
) -> None:
    stand_in.set("waits")
    panel.set_data(data)
    qtbot.waitUntil(lambda: bool(stand_in.calls), timeout=20_000)
    stand_in.unset("waits")
    checked(qtbot, panel, data / "covid")
    assert panel.data == data / "covid"
    assert panel.reason == ""


def test_a_failed_check_says_why_and_keeps_the_last_result(
    qtbot: QtBot, panel: DataPanel, stand_in: StandIn, data: Path
) -> None:
    checked(qtbot, panel, data)
    before = panel.result
    stand_in.set("fails", "The folder is gone.")
    panel.check()
    qtbot.waitUntil(lambda: not panel.is_checking, timeout=20_000)
    assert panel.failure.cause.text == "The folder is gone."
    assert panel.failure.cause.hint == "Do something about it."
    assert panel.result is before
    assert panel.result is not None
    assert panel.result.audit.exists()
    assert panel.reason == ""


def test_a_crash_of_the_check_shows_its_last_words(
    qtbot: QtBot, panel: DataPanel, stand_in: StandIn, data: Path
) -> None:
    stand_in.set("crashes")
    checked(qtbot, panel, data)
    assert "fault in Hilum" in panel.failure.cause.text
    assert "Close other programs" in panel.failure.cause.hint
    assert panel.reason == "The films have not been checked."


def test_a_result_that_makes_no_sense_is_a_failure(
    qtbot: QtBot, panel: DataPanel, stand_in: StandIn, data: Path
) -> None:
    stand_in.answer({"labels": []})
    checked(qtbot, panel, data)
    assert "cannot be read" in panel.failure.cause.text


@pytest.mark.slow
def test_a_folder_that_vanishes_is_named_by_the_real_check(
    qtbot: QtBot, panel: DataPanel, tmp_path: Path
) -> None:
    panel.set_data(tmp_path / "gone")
    qtbot.waitUntil(lambda: not panel.is_checking, timeout=180_000)
    assert "no folder or manifest" in panel.failure.cause.text


@pytest.mark.slow
def test_the_real_check_fills_the_panel(
    qtbot: QtBot, panel: DataPanel, tmp_path: Path, make_film: Callable[..., Path]
) -> None:
    import numpy as np

    rng = np.random.default_rng(0)
    for label in ("ja", "né"):
        (tmp_path / "films" / label).mkdir(parents=True)
        for i in range(6):
            pixels = rng.integers(0, 255, (96, 96)).astype(np.uint8)
            make_film(f"films/{label}/{i}.png", pixels)
    (tmp_path / "films/ja/broken.png").write_bytes(b"no picture")
    panel.set_data(tmp_path / "films")
    qtbot.waitUntil(lambda: not panel.is_checking, timeout=180_000)
    assert panel.failure.isHidden(), panel.failure.cause.text
    assert panel.reason == ""
    assert panel.result is not None
    assert panel.result.labels == {"ja": 6, "né": 6}
    assert panel.result.lists[0].title == "Films that cannot be read"
    assert panel.split is not None
    assert panel.split.exists()


def test_leaks_block_until_the_films_are_grouped(
    qtbot: QtBot, panel: DataPanel, stand_in: StandIn, manifest: Path
) -> None:
    stand_in.answer(leaky_record())
    checked(qtbot, panel, manifest)
    assert panel.reason.startswith("Films leak between the splits")
    assert panel.split is None
    stand_in.answer(audit_record())
    panel.view.leaks.group.click()
    qtbot.waitUntil(lambda: panel.reason == "", timeout=20_000)
    assert "--group" in stand_in.calls[-1]
    assert panel.view.leaks.isHidden()


def test_the_tab_key_goes_through_a_result_as_it_is_read(
    qtbot: QtBot, panel: DataPanel, stand_in: StandIn, manifest: Path
) -> None:
    stand_in.answer(leaky_record())
    checked(qtbot, panel, manifest)
    panel.show()
    wanted = list(in_reading_order(panel))
    reached = [wanted[0]]
    while len(reached) < len(wanted):
        after = reached[-1].nextInFocusChain()
        while after not in wanted:
            after = after.nextInFocusChain()
        reached.append(after)
    assert reached == wanted
    assert wanted.index(panel.view.leaks.group) < wanted.index(panel.view.table)


def test_leaks_are_accepted_in_ten_letters(
    qtbot: QtBot, panel: DataPanel, stand_in: StandIn, manifest: Path
) -> None:
    stand_in.answer(leaky_record())
    checked(qtbot, panel, manifest)
    panel.view.leaks.reason.setText("   because ")
    assert panel.view.leaks.acceptance == ""
    assert panel.reason
    panel.view.leaks.reason.setText("It is only a trial.")
    assert panel.view.leaks.acceptance == "It is only a trial."
    assert panel.reason == ""
    assert panel.split is not None
    copied = index_dataset(panel.split).samples
    assert [sample.path for sample in copied] == [manifest.parent / "covid/1.png"]
    assert copied[0].split == "train"


def test_leaks_are_accepted_of_these_films_alone(
    qtbot: QtBot, panel: DataPanel, stand_in: StandIn, manifest: Path
) -> None:
    stand_in.answer(leaky_record())
    checked(qtbot, panel, manifest)
    panel.view.leaks.reason.setText("It is only a trial.")
    panel.check()
    qtbot.waitUntil(lambda: not panel.is_checking, timeout=20_000)
    assert panel.reason == ""
    other = manifest.with_name("other.csv")
    other.write_bytes(manifest.read_bytes())
    checked(qtbot, panel, other)
    assert panel.view.leaks.acceptance == ""
    assert panel.reason.startswith("Films leak between the splits")


def test_each_kind_of_leak_is_counted_and_lists_its_films(tmp_path: Path) -> None:
    result = read(tmp_path, leaky_record())
    assert [leak.text for leak in result.leaks] == [
        "3 films are in one split, and as an altered copy in another.",
        "1 patient is in several splits.",
    ]
    details = result.leaks[0].details
    assert details is not None
    assert details.rows[0][:2] == ("a0.png, b0.png", "Training, Test")


def test_films_that_cannot_serve_say_why(tmp_path: Path) -> None:
    record = audit_record(("normal", "x"))
    record["labels"] = {"normal": 40}
    record["split"] = None
    stop = {"severity": "stop", "text": "All films have one label.", "hint": "Add."}
    record["sentences"].insert(0, stop)
    result = read(tmp_path, record)
    assert result.problem is not None
    assert result.problem.text == "All films have one label."
    assert result.problem not in result.findings


def test_a_shortcut_is_said_in_a_word_and_not_in_colour_alone(tmp_path: Path) -> None:
    record = audit_record()
    probe = record["shortcuts"]["metadata"]
    probe.update(auc=0.98, auc_ci=[0.97, 0.99], is_red=True)
    result = read(tmp_path, record)
    assert result.has_shortcut
    assert (result.probes[0].severity, result.probes[0].word) == ("stop", "Shortcut")
    assert "0.97 to 0.99" in result.probes[0].hint
    assert result.probes[1].word == "Not measured"
    assert "whether the frame gives labels away" in result.probes[1].text


def test_a_file_that_is_no_check_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "audit.json"
    path.write_text("[]")
    with pytest.raises(DatasetError, match="cannot be read"):
        read_audit(path, path)


def test_the_table_sums_up_labels_and_splits(tmp_path: Path) -> None:
    table = read(tmp_path, audit_record()).by_split()
    assert table.headers == ("Label", "Training", "Validation", "Test", "All")
    assert table.rows[0] == ("covid", 24, 8, 8, 40)
    assert table.rows[-1] == ("All", 48, 16, 16, 80)


def test_sources_of_many_labels_stand_below_each_other(tmp_path: Path) -> None:
    labels = tuple(f"label {i}" for i in range(12))
    table = read(tmp_path, audit_record(labels)).by_source()
    assert table.headers == ("Source", "Label", "Films")
    assert len(table.rows) == 12


def test_thousands_of_films_are_listed_without_a_widget_each(
    qtbot: QtBot, panel: DataPanel, stand_in: StandIn, data: Path
) -> None:
    record = audit_record()
    record["unreadable"] = {f"{i}.png": "It is empty." for i in range(5000)}
    stand_in.answer(record)
    checked(qtbot, panel, data)
    panel.show()
    button = panel.view.lists.widgets[0]
    assert isinstance(button, QPushButton)
    assert button.text() == "Films that cannot be read (5,000)…"
    button.click()
    dialog = panel.view.dialog
    assert isinstance(dialog, RowsDialog)
    model = dialog.view.model()
    assert model.rowCount() == 5000
    assert model.index(0, 0).data() == "0.png"
    assert len(dialog.findChildren(QPushButton)) < 5
    dialog.close()


def test_a_list_sorts_numbers_as_numbers() -> None:
    model = Cells()
    model.set_cells(("n",), ((10,), (9,), ("x",)))
    model.sort(0)
    assert model.as_text() == "n\n9\n10\nx"


@pytest.mark.slow
def test_changed_options_ask_for_another_check(
    qtbot: QtBot, panel: DataPanel, stand_in: StandIn, data: Path
) -> None:
    checked(qtbot, panel, data)
    panel.options.seed.setValue(7)
    assert panel.reason == "Check the films again: something was changed since."
    assert not panel.again.isHidden()
    panel.again.click()
    qtbot.waitUntil(lambda: panel.reason == "", timeout=20_000)
    assert stand_in.calls[-1][-4:-1] == ["--seed", "7", "--job"]


def test_unticked_labels_are_left_out(
    qtbot: QtBot, panel: DataPanel, stand_in: StandIn, data: Path
) -> None:
    stand_in.answer(audit_record(("a, mild", "b", "c")))
    checked(qtbot, panel, data)
    panel.options.labels.item(1).setCheckState(Qt.CheckState.Unchecked)
    panel.options.pattern.setText(r"-(\d+)")
    stand_in.answer(audit_record(("a, mild", "c")))
    panel.again.click()
    qtbot.waitUntil(lambda: panel.reason == "", timeout=20_000)
    call = stand_in.calls[-1]
    assert '--labels="a, mild",c' in call
    assert r"--patient-pattern=-(\d+)" in call
    assert panel.options.labels.count() == 3


def test_one_label_is_too_few(
    qtbot: QtBot, panel: DataPanel, stand_in: StandIn, data: Path
) -> None:
    checked(qtbot, panel, data)
    panel.options.labels.item(0).setCheckState(Qt.CheckState.Unchecked)
    assert panel.reason == "Tick at least two labels."
    assert not panel.again.isEnabled()


def test_a_wrong_pattern_is_explained_in_its_place(panel: DataPanel) -> None:
    panel.options.pattern.setText("(")
    assert "cannot be understood" in panel.options.error
    panel.options.pattern.setText("(a{99999999999})")
    assert "cannot be understood" in panel.options.error
    panel.options.pattern.setText("abc")
    assert "brackets" in panel.options.error
    panel.options.pattern.setText(r"^(\d+)_")
    assert panel.options.error == ""


def test_a_pattern_is_tried_on_the_user_s_own_films(panel: DataPanel) -> None:
    panel.options.set_examples([Path("a/0012_pa.png"), Path("b/scan.png")])
    panel.options.pattern.setText(r"^(\d+)_")
    assert panel.options.example.text() == "0012_pa.png → 0012\nscan.png → no patient"


def test_a_group_that_took_no_part_gives_no_patient() -> None:
    assert example_of(r"x|(\d)", ["x1"]) == "x1 → no patient"
    assert pattern_error("") == ""


def test_shares_of_a_recipe_are_checked_with(
    qtbot: QtBot, panel: DataPanel, stand_in: StandIn, data: Path
) -> None:
    checked(qtbot, panel, data)
    panel.set_shares(0.1, 0.1)
    qtbot.waitUntil(lambda: panel.reason == "", timeout=20_000)
    call = stand_in.calls[-1]
    assert call[call.index("--validation") + 1] == "0.1"
    panel.set_shares(0.1, 0.1)
    assert len(stand_in.calls) == 2


def test_only_the_last_check_keeps_its_files(
    qtbot: QtBot,
    panel: DataPanel,
    stand_in: StandIn,
    data: Path,
) -> None:
    checked(qtbot, panel, data)
    panel.check()
    qtbot.waitUntil(lambda: not panel.is_checking, timeout=20_000)
    checks = checks_dir()
    assert len(list(checks.iterdir())) == 1
    panel.shut_down()
    assert list(checks.iterdir()) == []


def test_files_of_a_window_that_is_gone_are_removed() -> None:
    folder = CheckFolder()
    orphan = checks_dir() / f"{2**30}-0"
    orphan.mkdir(parents=True)
    made = folder.make()
    assert not orphan.exists()
    folder.discard(made)
    assert not made.exists()


@pytest.mark.parametrize("appearance", ["light", "dark"])
@pytest.mark.parametrize("severity", SEVERITIES)
def test_a_severity_is_readable_in_both_appearances(
    qapp: QApplication, appearance: str, severity: str
) -> None:
    theme.prepare(qapp)
    theme.apply(qapp, appearance)
    try:
        ground = QPalette.ColorRole.AlternateBase
        ink = severity_colour(severity)
        assert contrast(ink, qapp.palette().color(ground)) >= 4.5
    finally:
        qapp.setStyleSheet("")
        qapp.setPalette(QPalette())
