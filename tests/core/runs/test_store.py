"""The store of runs: dated folders, read back with care."""

from __future__ import annotations

import json
import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
import pytest

from core.errors import OutputError
from core.jobs.events import (
    EpochEnded,
    JobFailed,
    JobStopped,
    Noted,
    Progressed,
    TrainingEvent,
    encode_event,
)
from core.jobs.failures import (
    Failure,
    exit_in_words,
    failure_of_exit,
    tail_of,
)
from core.jobs.folders import delete_job, safe_name
from core.paths import runs_dir
from core.runs.config import TrainingConfig
from core.runs.job_folder import Job
from core.runs.progress import add_epoch, read_progress
from core.runs.run import FAILED, FINISHED, INTERRUPTED, RUNNING, Run, RunRecord
from core.runs.store import list_runs, new_run

NOON = datetime(2026, 3, 14, 12, 0, 0, tzinfo=UTC)


def record(name: str = "My model", started: datetime = NOON) -> RunRecord:
    config = TrainingConfig(name=name, epochs=3, accept_leaks="twins on purpose")
    return RunRecord(name, "default", Path("/films"), started, config, "tensorflow")


@pytest.fixture
def split(tmp_path: Path) -> Path:
    path = tmp_path / "split.csv"
    path.write_text("file,label,split\na.png,covid,train\n", encoding="utf-8")
    return path


@pytest.fixture
def run(split: Path) -> Run:
    return new_run(record(), split=split, audit=None)


def say(run: Run, *events: TrainingEvent) -> None:
    with run.channel.events.open("a", encoding="utf-8") as file:
        file.writelines(encode_event(event) + "\n" for event in events)


def epoch(phase: str, number: int, loss: float = 0.5) -> EpochEnded:
    return EpochEnded(phase, number, 8, loss, 0.4, 0.9, 0.8, best=False)


def begin_work(run: Run) -> None:
    """Leave what a job leaves."""
    run.work.begin(Job(run.record.config, run.split, "command"))


def work_as(run: Run, process: psutil.Process) -> None:
    begin_work(run)
    fields = {"pid": process.pid, "created": process.create_time()}
    (run.work.path / "running.json").write_text(json.dumps(fields))


def install(run: Run, accuracy: float = 0.9) -> None:
    run.bundle_dir.mkdir()
    card = {"metrics": {"test": {"accuracy": accuracy, "macro_f1": 0.8}}}
    (run.bundle_dir / "card.json").write_text(json.dumps(card))


def test_new_run_is_read_back_as_it_was(run: Run) -> None:
    assert list_runs() == [run]
    assert run.record.config.accept_leaks == "twins on purpose"
    assert run.split.read_text(encoding="utf-8").startswith("file,label")


def test_folder_is_named_by_date_and_name(run: Run) -> None:
    assert run.path.name == "2026-03-14 12-00-00 My model"


def test_folder_is_never_used_again(split: Path, run: Run) -> None:
    second = new_run(record(), split=split, audit=None)

    assert second.path.name == "2026-03-14 12-00-00 My model (2)"
    assert len(list_runs()) == 2


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("a/b\\c:d*e?", "a_b_c_d_e_"),
        ("..", "model"),
        ("", "model"),
        (" Łódź 2 ", "Łódź 2"),
        ("line\nbreak\t", "line_break_"),
        ("x" * 300, "x" * 40),
        ("肺" * 100, "肺" * 26),
    ],
)
def test_any_name_makes_a_safe_folder(name: str, safe: str) -> None:
    assert safe_name(name) == safe


def test_runs_come_newest_first(split: Path) -> None:
    days = [new_run(record(f"day {d}", NOON + timedelta(days=d)), split=split,
                    audit=None) for d in (1, 3, 2)]  # fmt: skip

    assert [r.record.name for r in list_runs()] == ["day 3", "day 2", "day 1"]
    assert len(days) == 3


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "{}",
        '{"version": 9}',
        '{"version": 1, "name": 3}',
        '{"version": 1, "name": "a", "preset": "", "data": "", "started": "soon", '
        '"backend": "", "program": "", "config": {}}',
        '{"version": 1, "name": "a", "preset": "", "data": "", "program": "", '
        '"started": "2026-03-14T12:00:00", "backend": "", "config": {"epochs": -1}}',
    ],
)
def test_damaged_record_is_listed_as_such(run: Run, text: str) -> None:
    (run.path / "run.json").write_text(text, encoding="utf-8")

    (listed,) = list_runs()

    assert listed.damage
    assert listed.state() == FAILED
    failure = listed.last_failure()
    assert failure is not None
    assert failure.message == listed.damage


def test_record_that_is_missing_is_damage(run: Run) -> None:
    (run.path / "run.json").unlink()

    assert "missing" in list_runs()[0].damage


def test_there_are_no_runs_at_first() -> None:
    assert list_runs() == []


def test_run_without_a_sign_of_life_is_interrupted(run: Run) -> None:
    assert run.state() == INTERRUPTED
    failure = run.last_failure()
    assert failure is not None
    assert "interrupted" in failure.message


def test_run_whose_process_lives_is_running(run: Run) -> None:
    work_as(run, psutil.Process())

    assert run.state() == RUNNING
    assert run.last_failure() is None


def test_run_whose_process_is_gone_is_interrupted(run: Run) -> None:
    work_as(run, psutil.Process())
    path = run.work.path / "running.json"
    fields = json.loads(path.read_text())
    path.write_text(json.dumps({**fields, "created": fields["created"] - 100}))

    assert run.state() == INTERRUPTED
    assert run.can_resume()


def test_run_with_a_bundle_is_finished(run: Run) -> None:
    install(run, accuracy=0.75)

    assert run.state() == FINISHED
    assert run.metrics()["accuracy"] == 0.75


def test_run_without_a_bundle_has_no_metrics(run: Run) -> None:
    assert run.metrics() == {}


def test_reported_failure_is_the_last_one(run: Run) -> None:
    run.log.write_text("one\ntwo\n", encoding="utf-8")
    say(run, JobFailed("The disk is full.", "Free some space."))

    failure = run.last_failure()

    assert run.state() == FAILED
    assert failure == Failure(
        "The disk is full.", "Free some space.", "one\ntwo", run.log
    )


def test_run_that_was_paused_has_not_failed(run: Run) -> None:
    say(run, epoch("head", 1), JobStopped())

    assert run.state() == INTERRUPTED
    assert run.was_paused()
    assert run.last_failure() is None


def test_cause_of_a_crash_is_kept(run: Run) -> None:
    run.note_failure(Failure("The job crashed.", "Look.", "tail", run.log))

    failure = run.last_failure()

    assert failure is not None
    assert (failure.message, failure.hint) == ("The job crashed.", "Look.")
    run.forget_failure()
    again = run.last_failure()
    assert again is not None
    assert again.message != "The job crashed."


def test_history_leaves_out_a_torn_line(run: Run) -> None:
    say(run, epoch("head", 1), Progressed("head", 1, 2))
    with run.channel.events.open("a") as file:
        file.write(encode_event(epoch("head", 2))[:40])

    assert [e.epoch for e in read_progress(run)[0].epochs] == [1]
    assert run.channel.last_event() == Progressed("head", 1, 2)


def test_epochs_that_come_again_replace_the_earlier(run: Run) -> None:
    say(run, epoch("head", 1), epoch("head", 2), epoch("fine-tuning", 1))
    say(run, epoch("fine-tuning", 2), epoch("fine-tuning", 2, loss=0.1))

    history = read_progress(run)[0].epochs

    assert [(e.phase, e.epoch) for e in history] == [
        ("head", 1), ("head", 2), ("fine-tuning", 1), ("fine-tuning", 2)
    ]  # fmt: skip
    assert history[-1].loss == 0.1


def test_first_phase_done_again_removes_the_second() -> None:
    epochs: list[EpochEnded] = []
    for one in (epoch("head", 1), epoch("head", 2), epoch("fine-tuning", 1)):
        epochs = add_epoch(epochs, one)

    epochs = add_epoch(epochs, epoch("head", 1))

    assert [(e.phase, e.epoch) for e in epochs] == [("head", 1)]


def test_notes_are_each_told_once(run: Run) -> None:
    say(run, Noted("a"), epoch("head", 1), Noted("b"), Noted("a"))

    assert read_progress(run)[0].notes == ["a", "b"]


def test_command_starts_and_goes_on(run: Run) -> None:
    start = run.command()
    begin_work(run)
    resume = run.command(resume=True)

    assert start[start.index("--data") + 1] == str(run.split)
    assert start[start.index("--preset") + 1] == "default"
    assert "--resume" not in start
    assert "--resume" in resume
    assert "--data" not in resume


def test_resuming_what_never_began_starts_it(run: Run) -> None:
    assert run.command(resume=True) == run.command()


def test_delete_removes_everything(run: Run) -> None:
    install(run)

    delete_job(run, runs_dir())

    assert list_runs() == []
    assert list(runs_dir().iterdir()) == []


def test_running_run_is_not_deleted(run: Run) -> None:
    work_as(run, psutil.Process())

    with pytest.raises(OutputError, match="is running"):
        delete_job(run, runs_dir())

    assert list_runs() == [run]


def test_folder_elsewhere_is_not_deleted(run: Run, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="expected a folder of"):
        delete_job(Run(tmp_path, run.record), runs_dir())


def test_link_in_the_folder_of_runs_is_not_followed(run: Run, tmp_path: Path) -> None:
    (runs_dir() / "link").symlink_to(tmp_path, target_is_directory=True)

    assert list_runs() == [run]


def test_run_whose_process_has_not_begun_to_train_is_running(run: Run) -> None:
    run.channel.take()
    assert run.state() == RUNNING


def test_failure_before_the_first_event_is_not_taken_for_the_pause_before(
    run: Run,
) -> None:
    say(run, JobStopped())
    assert run.was_paused()
    run.channel.take()  # the events before are of an earlier start now
    fields = json.loads((run.path / "running.json").read_text())
    (run.path / "running.json").write_text(json.dumps({**fields, "created": 1.0}))
    assert not run.was_paused()
    assert run.last_failure() is not None


def test_pauses_do_not_count(run: Run) -> None:
    now = time.time()
    parts = [(now - 1000, now - 900), (now - 500, None)]
    (run.path / "times.json").write_text(json.dumps({"parts": parts}))
    say(run, epoch("head", 1))
    os.utime(run.channel.events, (now - 450, now - 450))

    assert run.times.seconds() == pytest.approx(150, abs=1)


def test_part_that_went_on_alone_ends_with_its_last_event(run: Run) -> None:
    now = time.time()
    parts = [(now - 1000, None)]
    (run.path / "times.json").write_text(json.dumps({"parts": parts}))
    say(run, epoch("head", 1))
    os.utime(run.channel.events, (now - 900, now - 900))

    run.times.begin()

    assert run.times.seconds() == pytest.approx(100, abs=1)


def test_damaged_times_are_no_time(run: Run) -> None:
    (run.path / "times.json").write_text('{"parts": [[1]]}')

    assert run.times.seconds() == 0


def test_failed_copy_leaves_no_folder(tmp_path: Path) -> None:
    with pytest.raises(OutputError):
        new_run(record(), split=tmp_path / "none.csv", audit=None)

    assert list(runs_dir().iterdir()) == []


def test_two_hundred_runs_are_listed_within_half_a_second(split: Path) -> None:
    for number in range(200):
        run = new_run(record(f"{number}"), split=split, audit=None)
        install(run)

    started = time.perf_counter()
    runs = list_runs()
    states = [(run.state(), run.metrics()) for run in runs]

    assert time.perf_counter() - started < 0.5
    assert len(states) == 200


def test_tail_is_short_whatever_the_log(tmp_path: Path) -> None:
    log = tmp_path / "log.txt"
    log.write_text("".join(f"line {i}\n" for i in range(100_000)), encoding="utf-8")

    tail = tail_of(log).split("\n")

    assert len(tail) == 40
    assert tail[-1] == "line 99999"


def test_log_is_read_as_a_terminal_would_show_it(tmp_path: Path) -> None:
    log = tmp_path / "log.txt"
    log.write_bytes(b"10 %\r50 %\r100 %\n\x1b[31mred\x1b[0m\x00\nlast\n\n")

    assert tail_of(log) == "100 %\nred\nlast"


def test_missing_log_has_no_tail(tmp_path: Path) -> None:
    assert tail_of(tmp_path / "none.txt") == ""


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (-9, "killed by the system"),
        (137, "killed by the system"),
        (-11, "segmentation fault"),
        (-6, "aborted"),
        (-64, "signal 64"),
        (0xC0000005, "access violation"),
        (1, "a fault in Hilum"),
        (77, "exit status 77"),
        (None, "interrupted"),
    ],
)
def test_end_of_a_process_is_told_in_words(status: int | None, words: str) -> None:
    assert words in exit_in_words(status)


def test_wrong_use_is_told_by_its_last_line(tmp_path: Path) -> None:
    log = tmp_path / "log.txt"
    log.write_text("usage: ...\nerror: no such command\n", encoding="utf-8")

    assert failure_of_exit(2, log).message == "error: no such command"
