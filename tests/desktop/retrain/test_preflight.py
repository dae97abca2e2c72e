from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from core.errors import OutputError
from core.runs.config import TrainingConfig, config_from_json
from desktop.retrain.preflight import (
    PreflightPanel,
    batch_in_words,
    memory_in_words,
    read_preflight,
    time_in_words,
)
from desktop.retrain.runs.kind import RunRequest
from tests.run_preparation import (
    PREFLIGHT,
    StandIn,
    put_stand_in,
)


@pytest.fixture
def stand_in(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> StandIn:
    return put_stand_in(tmp_path_factory.mktemp("stand-in"), monkeypatch)


@pytest.fixture
def panel(qtbot: QtBot) -> Iterator[PreflightPanel]:
    panel = PreflightPanel()
    qtbot.addWidget(panel)
    yield panel
    panel.shut_down()


@pytest.fixture
def job(tmp_path: Path) -> RunRequest:
    return RunRequest(
        TrainingConfig(epochs=3),
        "default",
        tmp_path,
        tmp_path / "split.csv",
        tmp_path / "audit.json",
        "torch",
    )


def checked(qtbot: QtBot, panel: PreflightPanel) -> None:
    panel.check()
    qtbot.waitUntil(lambda: not panel.is_checking, timeout=20_000)


def read(tmp_path: Path, **changes: object):
    path = tmp_path / "preflight.json"
    path.write_text(json.dumps({**PREFLIGHT, **changes}), encoding="utf-8")
    return read_preflight(path)


def test_a_halved_batch_says_why(tmp_path: Path) -> None:
    found = read(tmp_path)
    assert (
        batch_in_words(found) == "16 films per step, because 32 do not fit into memory"
    )
    assert batch_in_words(read(tmp_path, batch=32)) == "32 films per step"


def test_memory_that_a_step_needs_may_be_unknown(tmp_path: Path) -> None:
    assert "needs" in memory_in_words(read(tmp_path))
    assert "needs" not in memory_in_words(read(tmp_path, memory_needed_bytes=None))
    assert memory_in_words(read(tmp_path, memory_free_bytes=None)) == "not known"


def test_the_longest_part_comes_first(tmp_path: Path) -> None:
    words = time_in_words(read(tmp_path))
    assert words.startswith(
        "about 2 hours and 15 minutes: fine-tuning 2 hours and 10 minutes, head 3 min"
    )


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"device": "x"}'])
def test_what_is_no_check_of_the_machine_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "preflight.json"
    path.write_text(text)
    with pytest.raises(OutputError, match="cannot be read"):
        read_preflight(path)


def test_without_a_job_there_is_nothing_to_check(panel: PreflightPanel) -> None:
    panel.check_if_needed()
    assert not panel.is_checking


def test_a_check_says_device_time_batch_and_memory(
    qtbot: QtBot, panel: PreflightPanel, stand_in: StandIn, job: RunRequest
) -> None:
    panel.set_job(job)
    checked(qtbot, panel)
    assert panel.facts["Device"].text() == "Processor, 2 cores, by TensorFlow"
    assert panel.facts["Time"].text().startswith("about 2 hours and 15 minutes")
    assert not panel.device.isHidden()
    assert panel.device.text == "No graphics card will be used."
    assert "The batch was halved." in panel.notes.text()
    assert panel.is_current


def test_on_a_graphics_card_there_is_no_warning(
    qtbot: QtBot, panel: PreflightPanel, stand_in: StandIn, job: RunRequest
) -> None:
    stand_in.answer_preflight({**PREFLIGHT, "device": "NVIDIA H200", "reason": ""})
    panel.set_job(job)
    checked(qtbot, panel)
    assert panel.result is not None
    assert panel.device.isHidden()


def test_the_child_gets_the_whole_job(
    qtbot: QtBot, panel: PreflightPanel, stand_in: StandIn, job: RunRequest
) -> None:
    panel.set_job(job)
    checked(qtbot, panel)
    call = stand_in.calls[0]
    assert call[:3] == ["train", "--dry-run", "--data"]
    assert call[call.index("--data") + 1] == str(job.split)
    assert call[call.index("--backend") + 1] == "torch"
    path = Path(call[call.index("--config") + 1])
    assert config_from_json(json.loads(path.read_text("utf-8"))) == job.config


def test_other_settings_make_the_result_one_of_before(
    qtbot: QtBot, panel: PreflightPanel, stand_in: StandIn, job: RunRequest
) -> None:
    panel.set_job(job)
    checked(qtbot, panel)
    panel.set_job(dataclasses.replace(job, config=TrainingConfig(epochs=4)))
    assert not panel.is_current
    assert panel.status.text() == "The settings have changed since."
    assert panel.facts["Time"].text().startswith("about 2 hours and 15 minutes")


def test_a_job_that_was_checked_is_not_checked_again_by_itself(
    qtbot: QtBot, panel: PreflightPanel, stand_in: StandIn, job: RunRequest
) -> None:
    panel.set_job(job)
    panel.check_if_needed()
    qtbot.waitUntil(lambda: not panel.is_checking, timeout=20_000)
    panel.check_if_needed()
    assert not panel.is_checking


def test_a_failed_check_keeps_the_last_result(
    qtbot: QtBot, panel: PreflightPanel, stand_in: StandIn, job: RunRequest
) -> None:
    panel.set_job(job)
    checked(qtbot, panel)
    stand_in.set("fails", "The weights do not fit.")
    checked(qtbot, panel)
    assert panel.failure.cause.text == "The weights do not fit."
    assert panel.result is not None
    assert panel.status.text() == "The check failed."


def test_a_check_of_the_machine_can_be_cancelled(
    qtbot: QtBot, panel: PreflightPanel, stand_in: StandIn, job: RunRequest
) -> None:
    says = {"event": "StageStarted", "stage": "start", "detail": "Loading Keras."}
    stand_in.set("says", json.dumps(says))
    stand_in.set("waits")
    panel.set_job(job)
    panel.check()
    qtbot.waitUntil(lambda: panel.progress.words == "Loading Keras.", timeout=20_000)
    panel.stop()
    qtbot.waitUntil(lambda: not panel.is_checking)
    assert panel.status.text() == "The check was cancelled."
    assert panel.result is None
