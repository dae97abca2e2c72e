from __future__ import annotations

import dataclasses
import json
import os
import shutil
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path

import msgspec
import pytest

from core.errors import BundleError, OutputError, TrainingStopped
from core.jobs.control import Control
from core.jobs.events import (
    GO_ON,
    PAUSE,
    STOP,
    JobStopped,
    Noted,
    Progressed,
    StageStarted,
)
from core.jobs.lock import Lock, is_locked
from core.model.bundle import ModelBundle
from core.paths import models_dir, scans_dir
from core.scan import store as scans
from core.scan.progress import READING, WATCHING, ScanProgress
from core.scan.record import (
    FAILED,
    FINISHED,
    FROM_FOLDERS,
    FROM_LIST,
    PAUSED,
    RUNNING,
    ScanRecord,
)
from core.scan.results import ScanFile, ScanTail
from core.scan.row import ScanRow
from core.scan.store import Scan
from tests.scan_folder import write_films
from tests.small_disk import as_nobody, open_folder
from tests.tiny_bundle import write_tiny_bundle

LABELS = ("covid", "pneumonia", "normal")


def a_record(bundle: ModelBundle, folder: Path) -> ScanRecord:
    return ScanRecord(
        folder=folder,
        started=datetime(2026, 1, 2, 3, 4, 5).astimezone(),
        model=bundle.card.name,
        bundle=bundle.path,
        model_sha256=bundle.sha256,
        card_labels=tuple(bundle.card.labels),
    )


@pytest.fixture
def scan(tiny_bundle: ModelBundle, tmp_path: Path) -> Scan:
    return scans.new_scan(a_record(tiny_bundle, tmp_path / "Röntgen films"))


def a_row(file: str, **changes: object) -> ScanRow:
    row = ScanRow(
        file=file,
        finding="covid",
        verdict="Looks like COVID-19.",
        probabilities=dict(zip(LABELS, (0.8, 0.1, 0.1), strict=True)),
        warnings=(),
        error="",
        size=10,
        modified="2026-01-01T00:00:00Z",
        model="Tiny",
        model_sha256="0" * 64,
        precision="float32",
        version="1",
    )
    return dataclasses.replace(row, **changes)


# The folder of a scan


def test_a_scan_has_a_dated_folder_of_its_own(scan: Scan) -> None:
    again = scans.new_scan(scan.record)
    assert scan.path.parent == scans_dir()
    assert scan.path.name == "2026-01-02 03-04-05 Röntgen films"
    assert again.path != scan.path


def test_a_scan_is_read_as_it_was_written(scan: Scan) -> None:
    full = msgspec.structs.replace(
        scan.record,
        labels=FROM_LIST,
        label_list=Path("/x/list.csv"),
        precision="bfloat16",
        watch=True,
        hidden=True,
        lungs=False,
        status=FAILED,
        message="It broke.",
        hint="Mend it.",
        films=12,
        done=3,
    )
    scans.save(dataclasses.replace(scan, record=full))
    assert scans.read_scan(scan.path) == Scan(scan.path, full)


def test_a_record_of_before_there_was_a_choice_reads_no_hidden_files_and_finds_lungs(
    scan: Scan,
) -> None:
    path = scan.path / "scan.json"
    fields = json.loads(path.read_text("utf-8"))
    del fields["hidden"], fields["lungs"]
    path.write_text(json.dumps(fields), "utf-8")
    assert scans.read_scan(scan.path) == scan


@pytest.mark.skipif(os.name == "nt", reason="such names do not exist on Windows")
def test_a_folder_whose_name_is_no_text_is_kept(
    tiny_bundle: ModelBundle, tmp_path: Path
) -> None:
    folder = Path(os.fsdecode(os.fsencode(tmp_path) + b"/films \xff"))
    scan = scans.new_scan(a_record(tiny_bundle, folder))
    assert scans.read_scan(scan.path).record.folder == folder


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"version": 2}', '{"version": 1}', "null"]
)
def test_a_damaged_record_is_listed_with_its_damage(scan: Scan, text: str) -> None:
    (scan.path / "scan.json").write_text(text, encoding="utf-8")
    (listed,) = scans.list_scans()
    assert "damaged" in listed.damage
    assert not listed.is_interrupted()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("status", "asleep"),
        ("labels", "stars"),
        ("folder", 3),
        ("card_labels", []),
        ("started", "yesterday"),
        ("done", None),
    ],
)
def test_each_field_of_a_record_is_checked(
    scan: Scan, field: str, value: object
) -> None:
    path = scan.path / "scan.json"
    fields = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**fields, field: value}), encoding="utf-8")
    assert scans.read_scan(scan.path).damage


def test_scans_are_listed_newest_first(scan: Scan) -> None:
    later = datetime(2026, 5, 1).astimezone()
    newer = scans.new_scan(msgspec.structs.replace(scan.record, started=later))
    assert [each.path for each in scans.list_scans()] == [newer.path, scan.path]


def test_no_scans_are_listed_before_the_first() -> None:
    assert scans.list_scans() == []


def test_a_scan_that_cannot_be_made_leaves_nothing(
    tiny_bundle: ModelBundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_folder() as home, as_nobody():
        monkeypatch.setenv("HILUM_HOME", str(home))
        (home / "data").mkdir(mode=0o555)
        with pytest.raises(OutputError, match="may not be written"):
            scans.new_scan(a_record(tiny_bundle, Path("films")))
        (home / "data").chmod(0o755)
        assert list((home / "data").iterdir()) == []


def test_a_deleted_scan_is_gone(scan: Scan) -> None:
    scans.delete(scan)
    assert list(scans_dir().iterdir()) == []
    scans.delete(scan)


def test_a_scan_under_way_is_not_deleted(scan: Scan) -> None:
    scan.channel.take()
    with pytest.raises(OutputError, match="under way"):
        scans.delete(scan)
    (scan.path / "running.json").unlink()
    with ScanFile(scan.results, LABELS), pytest.raises(OutputError, match="under way"):
        scans.delete(scan)


def test_only_folders_of_scans_are_deleted(scan: Scan, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="expected a folder of"):
        scans.delete(Scan(tmp_path, scan.record))


# Who is at work on a scan


def test_a_scan_at_work_is_no_interrupted_one(scan: Scan) -> None:
    assert scans.read_scan(scan.path).is_interrupted()
    scan.channel.take()
    (listed,) = scans.list_scans()
    assert listed.is_at_work
    assert not listed.is_interrupted()


def test_looking_does_not_keep_others_out(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.touch()
    assert not is_locked(path)
    assert not is_locked(tmp_path / "missing")
    lock = Lock(path)
    assert lock.take()
    assert is_locked(path)
    assert path.read_bytes() == b""
    lock.release()
    assert not is_locked(path)
    assert os.listdir(tmp_path) == [path.name]


def test_of_two_that_wait_one_gets_a_file(tmp_path: Path) -> None:
    path = tmp_path / "file"
    first, second, third = Lock(path), Lock(path), Lock(path)
    assert first.take()
    with ThreadPoolExecutor(2) as threads:
        waiting = [threads.submit(x.take, timeout_s=1) for x in (second, third)]
        time.sleep(0.2)
        assert not any(each.done() for each in waiting)
        first.release()
        assert sorted(each.result() for each in waiting) == [False, True]
    assert is_locked(path)
    second.release()
    third.release()
    assert not is_locked(path)


def test_a_lock_that_a_kill_left_is_free(tmp_path: Path) -> None:
    path = tmp_path / "file"
    code = "import os, sys; from core.jobs.lock import Lock; "
    code += "assert Lock(sys.argv[1]).take(); os._exit(9)"
    root = Path(__file__).resolve().parents[3]
    assert subprocess.call([sys.executable, "-c", code, str(path)], cwd=root) == 9
    assert (tmp_path / "file.lock").exists()
    assert not is_locked(path)
    assert Lock(path).take()


@pytest.mark.parametrize("status", [PAUSED, FINISHED, FAILED])
def test_only_what_was_under_way_is_interrupted(scan: Scan, status: str) -> None:
    assert scan.is_interrupted()
    assert not scans.changed(scan, status=status).is_interrupted()


@pytest.mark.slow
def test_a_process_whose_window_is_gone_still_takes_requests(
    scan: Scan, tiny_bundle: ModelBundle
) -> None:
    write_films(scan.record.folder, "a.png", "b.png")
    scan = scans.changed(scan, watch=True)  # which never ends by itself
    child = scan.channel.start(scan.command(tiny_bundle.path))
    until = time.monotonic() + 60
    while scan.channel.last_event() is None or not _watches(scan):
        assert child.poll() is None
        assert time.monotonic() < until
        time.sleep(0.05)
    for request in ("", PAUSE):
        if request:
            scan.channel.request(request)
        with pytest.raises(subprocess.TimeoutExpired):
            child.wait(1.0)  # it goes on
    scan.channel.request(STOP)
    assert child.wait(20) == 3
    assert scan.channel.outcome(None) == JobStopped()
    assert not is_locked(scan.results)
    assert scan.rows() == 2


def _watches(scan: Scan) -> bool:
    events, _ = scan.channel.read(0)
    return any(e.stage == WATCHING for e in events if isinstance(e, StageStarted))


# What it is started with


def test_the_command_names_all_that_was_asked_for(scan: Scan, tmp_path: Path) -> None:
    plain = scan.command(tmp_path / "model")
    assert plain[:4] == ["scan", str(scan.record.folder), "--out", str(scan.results)]
    assert "--resume" in plain
    chosen = {"--watch", "--hidden", "--labels-from-folders", "--no-lungs"}
    assert not {*chosen, "--labels"} & set(plain)
    changes = {"labels": FROM_FOLDERS, "watch": True, "hidden": True, "lungs": False}
    sorted_ = scans.changed(scan, **changes).command(tmp_path)
    assert chosen <= set(sorted_)
    listed = scans.changed(scan, labels=FROM_LIST, label_list=Path("a.csv"))
    words = listed.command(tmp_path)
    assert words[words.index("--labels") + 1] == "a.csv"


def test_a_scan_keeps_its_model(scan: Scan, tiny_bundle: ModelBundle) -> None:
    assert scans.find_bundle(scan.record).path == tiny_bundle.path


def test_a_model_that_moved_to_the_users_models_is_found(
    scan: Scan, tiny_bundle: ModelBundle, tmp_path: Path
) -> None:
    copy = models_dir() / "copy"
    shutil.copytree(tiny_bundle.path, copy)
    moved = msgspec.structs.replace(scan.record, bundle=tmp_path / "gone")
    assert scans.find_bundle(moved).path == copy


def test_a_model_that_changed_is_not_taken(scan: Scan, tmp_path: Path) -> None:
    other = write_tiny_bundle(tmp_path / "other", shift=1.0)
    changed = msgspec.structs.replace(scan.record, bundle=other.path)
    with pytest.raises(BundleError, match="gone or has changed"):
        scans.find_bundle(changed)


def test_rows_are_counted_without_the_head(scan: Scan) -> None:
    assert scan.rows() == 0
    with ScanFile(scan.results, LABELS) as file:
        assert scan.rows() == 0
        file.append(a_row("a.png"))
        file.append(a_row("b.png"))
    assert scan.rows() == 2


def test_totals_are_none_until_they_can_be_read(scan: Scan) -> None:
    assert scan.totals() is None
    scan.summary.write_text("{", encoding="utf-8")
    assert scan.totals() is None
    scan.summary.write_text('{"films": 2}', encoding="utf-8")
    assert scan.totals() == {"films": 2}


# Following its rows


def test_a_tail_gives_whole_rows_as_they_come(tmp_path: Path) -> None:
    path = tmp_path / "results.csv"
    tail = ScanTail(path, LABELS)
    assert tail.read(10) == []
    with ScanFile(path, LABELS) as file:
        for name in "abc":
            file.append(a_row(f"{name}.png"))
        assert [row.file for row in tail.read(2)] == ["a.png", "b.png"]
        assert [row.file for row in tail.read(2)] == ["c.png"]
        assert tail.read(2) == []
        file.append(a_row("d.png"))
        assert tail.read(2) == [a_row("d.png")]


def test_a_tail_waits_for_the_end_of_a_line(tmp_path: Path) -> None:
    path = tmp_path / "results.csv"
    with ScanFile(path, LABELS) as file:
        file.append(a_row("a.png"))
    whole = path.read_bytes()
    for cut in (5, len(whole) - 1, len(whole) - 20):
        path.write_bytes(whole[:cut])
        assert ScanTail(path, LABELS).read(10) == []
    path.write_bytes(whole + b"\0\0\n\0\0")
    tail = ScanTail(path, LABELS)
    assert len(tail.read(10)) == 1
    assert tail.read(10) == []


def test_a_tail_says_which_line_was_changed(tmp_path: Path) -> None:
    path = tmp_path / "results.csv"
    with ScanFile(path, LABELS) as file:
        file.append(a_row("a.png"))
    with open(path, "ab") as file_:
        file_.write(b"hello\nworld\n")
    tail = ScanTail(path, LABELS)
    assert [row.file for row in tail.read(10)] == ["a.png"]
    with pytest.raises(OutputError, match="Line 3 of results.csv"):
        tail.read(10)


def test_a_tail_refuses_another_models_results(tmp_path: Path) -> None:
    path = tmp_path / "results.csv"
    ScanFile(path, ("a", "b")).close()
    with pytest.raises(OutputError, match="not what a scan with"):
        ScanTail(path, LABELS).read(10)


def test_a_tail_says_that_its_file_was_cut_or_is_gone(tmp_path: Path) -> None:
    path = tmp_path / "results.csv"
    with ScanFile(path, LABELS) as file:
        file.append(a_row("a.png"))
    tail = ScanTail(path, LABELS)
    tail.read(10)
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(OutputError, match="not what it was"):
        tail.read(10)
    path.unlink()
    with pytest.raises(OutputError, match="is gone"):
        tail.read(10)


# What it tells


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The one by which a progress measures."""
    made = Clock()
    monkeypatch.setattr("core.scan.progress.time", made)
    return made


def test_a_progress_counts_the_films_read_before() -> None:
    progress = ScanProgress(before=40)
    progress.add(StageStarted(READING, "Reading 60 films."))
    progress.add(Progressed(READING, 10, 60))
    assert (progress.done, progress.total) == (50, 100)


def test_the_speed_is_that_of_the_last_seconds(clock: Clock) -> None:
    progress = ScanProgress()
    assert progress.films_per_s is None
    for second in range(30):
        clock.now = float(second)
        progress.add(Progressed(READING, 10 * second, 1000))
    assert progress.films_per_s == pytest.approx(10)
    assert progress.seconds_left == pytest.approx((1000 - 290) / 10)
    for second in range(30, 60):
        clock.now = float(second)
        progress.add(Progressed(READING, 290 + 2 * (second - 29), 1000))
    assert progress.films_per_s == pytest.approx(2)


def test_a_pause_does_not_count_as_slowness(clock: Clock) -> None:
    progress = ScanProgress()
    for done in (0, 10, 20):
        clock.now = done / 10
        progress.add(Progressed(READING, done, 1000))
    progress.ask(PAUSE)
    assert progress.seconds_left is None
    clock.now = 1000.0
    progress.ask(GO_ON)
    for done in (20, 30, 40):
        clock.now = 1000 + done / 10
        progress.add(Progressed(READING, done, 1000))
    assert progress.films_per_s == pytest.approx(10)


def test_films_that_come_while_watching_are_no_notes() -> None:
    progress = ScanProgress()
    progress.add(Noted("Files that are no films, passed over: 3."))
    progress.add(StageStarted(WATCHING, "Watching."))
    progress.add(Noted("a.png: Looks like COVID-19."))
    assert progress.notes == ["Files that are no films, passed over: 3."]
    assert progress.latest.startswith("a.png")
    progress.ask(STOP)
    progress.add(Noted("No longer there: 1 film (a.png)."))
    assert len(progress.notes) == 2


def test_notes_are_not_kept_without_end() -> None:
    progress = ScanProgress()
    for number in range(1000):
        progress.add(Noted(f"Note {number}."))
    assert len(progress.notes) + progress.dropped == 1000
    assert progress.notes[-1] == "Note 999."
    assert len(progress.notes) == 200


# Waiting


def test_a_paused_command_waits_until_it_is_to_go_on() -> None:
    control, passed = Control(), threading.Event()
    control._obey(PAUSE)

    def work() -> None:
        control.stop_if_asked()
        passed.set()

    thread = threading.Thread(target=work)
    thread.start()
    assert not passed.wait(0.3)
    control._obey(GO_ON)
    assert passed.wait(5)
    thread.join()


def test_a_paused_command_can_be_stopped() -> None:
    control = Control()
    control._obey(PAUSE)
    control._obey(STOP)
    with pytest.raises(TrainingStopped):
        control.stop_if_asked()


def test_a_new_scan_is_under_way(scan: Scan) -> None:
    assert scan.record.status == RUNNING
