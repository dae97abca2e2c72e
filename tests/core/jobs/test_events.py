"""The lines that a child says."""

from __future__ import annotations

import subprocess
import sys
import typing
from pathlib import Path

import pytest

from core.jobs import events
from core.jobs.events import encode_event, parse_event

ROOT = Path(events.__file__).parents[2]

EVENTS = [
    events.StageStarted("reading", 'Reading "Röntgen"\nfilms.'),
    events.StageStarted("head"),
    events.DeviceFound("Processor, 2 cores", "No NVIDIA driver was found.", "jax"),
    events.Progressed("reading", 3, 10, 12.5),
    events.EpochEnded("head", 1, 40, 1.1, 1.0, 0.5, 0.4, True),
    events.EpochEnded("head", 2, 40, 1, 1.0, 0.5, 0.4, False, 0.7, 0.6, 1e-3, 9),
    events.Noted("Left out 3 films."),
    events.JobSucceeded("/tmp/model"),
    events.JobStopped(),
    events.JobFailed("The disk is full.", "Free some space."),
]


def test_every_kind_of_event_is_tried_here() -> None:
    assert {type(event) for event in EVENTS} == set(
        typing.get_args(events.TrainingEvent)
    )


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
def test_event_is_one_line_and_comes_back_from_it(event: events.TrainingEvent) -> None:
    line = encode_event(event)
    assert line.isascii()
    assert len(line.splitlines()) == 1
    assert parse_event(line + "\n") == event


@pytest.mark.parametrize(
    "line",
    [
        "",
        "\n",
        "Epoch 1/40 ====>",
        "{",
        "null",
        "3",
        '"JobStopped"',
        '["JobStopped"]',
        "{}",
        '{"event": "Unknown"}',
        '{"event": null}',
        '{"event": []}',
        '{"event": "JobSucceeded"}',
        '{"event": "JobStopped", "why": "?"}',
        '{"event": "Noted", "message": 3}',
        '{"event": "Progressed", "stage": "head", "done": true, "total": 2}',
        '{"event": "Progressed", "stage": "head", "done": 1.5, "total": 2}',
        '{"event": "JobSucceeded", "result": null}',
        '{"event": "TrainingConfig"}',
        "\x00\xff",
    ],
)
def test_line_that_is_no_event_is_none(line: str) -> None:
    assert parse_event(line) is None


def test_claimed_stdout_carries_events_alone() -> None:
    program = (
        "import os, sys\n"
        "from core.jobs.events import JobStopped, claim_stdout, encode_event\n"
        "events = claim_stdout()\n"
        "print('from print')\n"
        "os.write(1, b'from a library\\n')\n"
        "os.system('echo from a child')\n"
        "print(encode_event(JobStopped()), file=events)\n"
    )
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.stdout == encode_event(events.JobStopped()) + "\n"
    for words in ("from print", "from a library", "from a child"):
        assert words in done.stderr
