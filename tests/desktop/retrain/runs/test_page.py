"""The page of a run that is under way, interrupted or failed."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from matplotlib.figure import Figure
from PyQt5.QtCore import Qt
from PyQt5.QtGui import QGuiApplication, QPalette
from PyQt5.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from core.jobs.events import (
    DeviceFound,
    EpochEnded,
    JobFailed,
    JobStopped,
    JobSucceeded,
    Noted,
    Progressed,
    StageStarted,
    TrainingEvent,
    encode_event,
)
from core.jobs.failures import Failure
from core.reports.chart_style import ChartColours, new_figure
from core.runs.config import TrainingConfig
from core.runs.job_folder import Job
from core.runs.progress import RunProgress, read_progress
from core.runs.run import FAILED, INTERRUPTED, RUNNING, Run, RunRecord
from core.runs.store import new_run
from core.words import duration_in_words
from desktop.retrain.runs.page import RunPage
from desktop.retrain.runs.status import (
    left_in_words,
    progress_in_words,
    speed_in_words,
    stage_in_words,
)
from desktop.widgets.chart_view import ChartView


def epoch(phase: str, number: int, *, best: bool, seconds: float = 60) -> EpochEnded:
    loss = 1 / (number + 1)
    return EpochEnded(
        phase, number, 8, loss, loss, 0.9, 0.8, best=best, seconds=seconds
    )


@pytest.fixture
def run(tmp_path: Path) -> Run:
    split = tmp_path / "split.csv"
    split.write_text("file,label,split\n", encoding="utf-8")
    config = TrainingConfig(name="My model", patience=4, epochs=8)
    noon = datetime(2026, 3, 14, 12, tzinfo=UTC)
    record = RunRecord("My model", "default", tmp_path, noon, config, "")
    return new_run(record, split=split, audit=None)


@pytest.fixture
def story(run: Run) -> RunProgress:
    return RunProgress(run.record.config)


@pytest.fixture
def page(qtbot: QtBot) -> RunPage:
    page = RunPage()
    qtbot.addWidget(page)
    page.resize(900, 700)
    page.show()
    return page


def tell(story: RunProgress, *events: TrainingEvent) -> None:
    for event in events:
        story.add(event)


def fine_tuning(story: RunProgress) -> None:
    """Three epochs of the second phase, the first of them the best."""
    tell(
        story,
        StageStarted("fine-tuning", "Training the upper layers."),
        epoch("fine-tuning", 1, best=True),
        epoch("fine-tuning", 2, best=False),
        epoch("fine-tuning", 3, best=False),
        Progressed("fine-tuning", 3000, 8000, 20.0),
    )


def test_story_knows_the_epoch_in_work(story: RunProgress) -> None:
    fine_tuning(story)

    assert stage_in_words(story) == "fine-tuning, epoch 4 of 8"
    words = "Fine-tuning, epoch 4 of 8: {} of 1,000 films; {} of the phase"
    assert progress_in_words(story) == words.format("0", "38 %")
    tell(story, Progressed("fine-tuning", 3250, 8000, 20.0))
    assert progress_in_words(story) == words.format("250", "41 %")
    tell(story, Progressed("fine-tuning", 4000, 8000, 20.0))
    assert progress_in_words(story).endswith(": measuring it on the validation films")


def test_speed_is_told_by_films_or_by_epochs(story: RunProgress) -> None:
    tell(story, StageStarted("fine-tuning"))
    assert speed_in_words(story) == "Known after the second step"
    tell(story, Progressed("fine-tuning", 32, 8000, 6.25))
    assert speed_in_words(story) == "6.2 films per second"
    tell(story, StageStarted("head"), epoch("head", 1, best=True, seconds=1.5))
    assert speed_in_words(story) == "1.5 seconds per epoch"


def test_a_head_shows_its_epochs_where_films_are_not_counted(
    page: RunPage, run: Run, story: RunProgress
) -> None:
    tell(story, StageStarted("head"), epoch("head", 1, best=True))
    page.show_run(run, story, RUNNING)
    assert not page.status.bar.is_busy
    assert 0 < page.status.bar.value() < page.status.bar.maximum()


def test_stopping_says_what_it_waits_for(
    page: RunPage, run: Run, story: RunProgress
) -> None:
    fine_tuning(story)
    page.show_run(run, story, RUNNING)
    page.pause_button.click()
    assert "Waiting for the step in hand" in page.sentence.text
    assert "after 20 seconds" in page.sentence.text
    tell(story, StageStarted("export"))
    page.refresh()
    assert "Waiting for the model to be written" in page.sentence.text


def test_a_run_says_how_long_it_was_reckoned_to_take(
    page: RunPage, run: Run, story: RunProgress
) -> None:
    record = msgspec.structs.replace(run.record, minutes=40.0)
    page.show_run(Run(run.path, record), story, RUNNING)
    assert "about 40 minutes in all, as reckoned before" in page.facts.text()


def test_time_left_is_reckoned_from_the_epochs(story: RunProgress) -> None:
    fine_tuning(story)

    left = story.time_left()

    assert left is not None
    assert left.seconds == pytest.approx(5 * 60)
    assert left_in_words(story) == "About 5 minutes of training, or less"


def test_time_left_of_a_stage_comes_from_its_rate(story: RunProgress) -> None:
    tell(story, StageStarted("reading"), Progressed("reading", 100, 700, 10.0))

    assert left_in_words(story) == "About a minute of this stage"


def test_time_left_is_not_invented(story: RunProgress) -> None:
    tell(story, StageStarted("head"))

    assert left_in_words(story) == "Not known yet"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (3, "a few seconds"),
        (31, "about 30 seconds"),
        (62, "about a minute"),
        (725, "about 12 minutes"),
        (3600, "about an hour"),
        (4200, "about an hour and 10 minutes"),
        (9000, "about 2 hours and 30 minutes"),
        (86400 * 2, "about 2 days"),
    ],
)
def test_durations_are_said_as_people_say_them(seconds: float, words: str) -> None:
    assert duration_in_words(seconds) == words


def test_epochs_since_the_best_count_within_the_phase(story: RunProgress) -> None:
    tell(story, epoch("head", 1, best=True), epoch("head", 2, best=False))
    in_head = story.epochs_since_best
    tell(story, epoch("fine-tuning", 1, best=False))

    assert (in_head, story.epochs_since_best) == (1, 1)


def test_end_of_an_earlier_part_is_forgotten_when_it_goes_on(
    story: RunProgress,
) -> None:
    tell(story, JobStopped(), StageStarted("reading"))

    assert story.end is None


def test_story_is_read_from_the_disk_to_its_last_whole_line(run: Run) -> None:
    events = [
        StageStarted("reading"),
        Progressed("reading", 1, 9, 2.0),
        Noted("A note."),
        Progressed("reading", 5, 9, 2.0),
    ]
    text = "".join(encode_event(event) + "\n" for event in events)
    run.channel.events.write_text(text + '{"event": "Sta', encoding="utf-8")

    story, place = read_progress(run)

    assert place == len(text)
    assert story.progress == events[-1]
    assert story.notes == ["A note."]


def test_run_that_ended_is_read_as_ended(run: Run) -> None:
    events = [Progressed("head", 1, 2), JobSucceeded("/model")]
    run.channel.events.write_text(
        "".join(encode_event(event) + "\n" for event in events), encoding="utf-8"
    )

    assert read_progress(run)[0].end == JobSucceeded("/model")


def test_page_tells_where_a_running_job_is(
    page: RunPage, run: Run, story: RunProgress
) -> None:
    reason = "TensorFlow has no GPU on this system."
    tell(story, DeviceFound("Processor, 2 cores", reason, "tensorflow"))
    fine_tuning(story)

    page.show_run(run, story, RUNNING)

    assert page.title.text == "My model"
    assert page.status.device.text() == "Processor, 2 cores, TensorFlow"
    assert page.status.reason.text == reason
    assert page.status.speed.text() == "20 films per second"
    assert page.status.gauge.text == "Epochs since the best: 2 of 4"
    assert page.status.bar.value() == 375
    assert page.stepper.accessibleDescription() == "Stage 4 of 6, Fine-tuning: now."
    assert "best epoch, 1" in page.charts.views["loss"].accessibleName()


def test_page_follows_the_story(
    page: RunPage, run: Run, story: RunProgress, qtbot: QtBot
) -> None:
    page.show_run(run, story, RUNNING)
    tell(story, Noted("One film was left out."), StageStarted("export"))

    page.refresh()

    qtbot.waitUntil(lambda: page.notes.notes == ("One film was left out.",))
    assert page.notes.isVisible()
    assert "Export" in page.stepper.accessibleDescription()


def test_finishing_needs_an_epoch_to_keep(
    page: RunPage, run: Run, story: RunProgress
) -> None:
    page.show_run(run, story, RUNNING)
    before = page.finish_button.isEnabled()
    fine_tuning(story)
    page.show_run(run, story, RUNNING)

    assert not before
    assert page.finish_button.isEnabled()


def test_while_the_model_is_made_the_training_is_said_to_have_ended(
    page: RunPage, run: Run, story: RunProgress
) -> None:
    fine_tuning(story)
    tell(story, StageStarted("export", "Writing the graph."))
    page.show_run(run, story, RUNNING)
    assert not page.finish_button.isEnabled()
    assert page.explanation.text().startswith("The training has ended")


def test_asking_to_finish_says_what_happens_next(
    page: RunPage, run: Run, story: RunProgress, qtbot: QtBot
) -> None:
    fine_tuning(story)
    page.show_run(run, story, RUNNING)

    with qtbot.waitSignal(page.asked) as asked:
        qtbot.mouseClick(page.finish_button, Qt.MouseButton.LeftButton)

    assert asked.args == ["finish", run]
    assert "best model is exported" in page.sentence.text
    assert not page.finish_button.isEnabled()
    assert page.pause_button.isEnabled()


def test_failure_shows_cause_advice_log_and_its_path(
    page: RunPage, run: Run, story: RunProgress, qtbot: QtBot
) -> None:
    tell(story, StageStarted("head"), JobFailed("The disk is full.", "Free space."))
    failure = Failure("The disk is full.", "Free space.", "line 1\nline 2", run.log)

    page.show_run(run, story, FAILED, failure)
    qtbot.mouseClick(page.failure.copy_button, Qt.MouseButton.LeftButton)

    assert page.failure.cause.text == "The disk is full."
    assert page.failure.lines.toPlainText() == "line 1\nline 2"
    assert str(run.log) in page.failure.path.text
    copied = QGuiApplication.clipboard().text()
    assert all(part in copied for part in ("disk is full", "Free space", "line 2"))
    assert page.stepper.accessibleDescription().endswith("Head: failed here.")
    assert page.resume_button.isVisible()
    assert not page.status.isVisible()


def test_paused_run_can_be_resumed_from_its_checkpoint(
    page: RunPage, run: Run, story: RunProgress, qtbot: QtBot
) -> None:
    run.work.begin(Job(run.record.config, run.split, "command"))
    fine_tuning(story)
    page.show_run(run, story, INTERRUPTED)

    with qtbot.waitSignal(page.asked) as asked:
        qtbot.mouseClick(page.resume_button, Qt.MouseButton.LeftButton)

    assert asked.args == ["resume", run]

    assert page.resume_button.text() == "Res&ume"
    assert not page.resume_button.isEnabled()
    assert not page.finish_button.isVisible()


def test_run_without_a_checkpoint_starts_again(
    page: RunPage, run: Run, story: RunProgress
) -> None:
    page.show_run(run, story, INTERRUPTED)

    assert page.resume_button.text() == "Start a&gain"


def test_run_with_a_damaged_record_can_only_be_discarded(
    page: RunPage, run: Run, story: RunProgress
) -> None:
    broken = Run(run.path, run.record, "The record is damaged.")

    page.show_run(broken, story, FAILED, broken.last_failure())

    assert not page.resume_button.isVisible()
    assert page.discard_button.isEnabled()


def test_log_is_read_when_it_is_unfolded(
    page: RunPage, run: Run, story: RunProgress, qtbot: QtBot
) -> None:
    run.log.write_text("first\n", encoding="utf-8")
    page.show_run(run, story, RUNNING)
    before = page.log.text.toPlainText()

    page.log.set_open(True)
    with run.log.open("a", encoding="utf-8") as log:
        log.write("second\n")

    assert before == ""
    qtbot.waitUntil(lambda: page.log.text.toPlainText() == "first\nsecond")


def test_everything_is_within_reach_of_the_keyboard(
    page: RunPage, run: Run, story: RunProgress
) -> None:
    fine_tuning(story)
    page.show_run(run, story, RUNNING)
    buttons = (page.finish_button, page.pause_button, page.discard_button)

    for widget in (*buttons, page.log.head, *page.charts.views.values()):
        assert widget.focusPolicy() & Qt.FocusPolicy.TabFocus
    for button in buttons:
        assert button.accessibleDescription()


def test_charts_stand_below_each_other_where_it_is_narrow(
    page: RunPage, run: Run, story: RunProgress, qtbot: QtBot
) -> None:
    fine_tuning(story)
    page.show_run(run, story, RUNNING)
    first, last = page.charts.views["loss"], page.charts.views["macro_f1"]
    wide = first.y() == last.y()

    page.resize(480, 500)

    assert wide
    qtbot.waitUntil(lambda: first.y() < last.y())
    assert first.x() == last.x()


def test_chart_is_drawn_anew_in_the_colours_of_the_palette(qtbot: QtBot) -> None:
    view = ChartView()
    qtbot.addWidget(view)
    grounds: list[str] = []

    def draw(size: tuple[int, int], colours: ChartColours) -> Figure:
        grounds.append(colours.ground)
        return new_figure(size, colours)

    view.set_drawing(draw, "A chart")
    view.show()
    qtbot.waitUntil(lambda: bool(grounds))
    palette = QApplication.palette()
    palette.setColor(QPalette.ColorRole.Window, Qt.GlobalColor.black)
    palette.setColor(QPalette.ColorRole.WindowText, Qt.GlobalColor.white)
    view.setPalette(palette)

    qtbot.waitUntil(lambda: grounds[-1] == "#000000")
    assert view.accessibleName() == "A chart"
