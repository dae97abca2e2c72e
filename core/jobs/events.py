"""What a child process says to whoever started it, and the words it is told.

The child writes one JSON object per line; whoever started it writes words.
"""

from __future__ import annotations

import json
import os
import sys
from typing import TextIO

import msgspec

from core.json_file import parse_json
from core.records import Count, Number, convert, to_json

#: Ends a job and keeps everything, so that it can go on later.
STOP = "stop"
#: Ends the training of a job, and makes a model of the best weights so far.
FINISH = "finish"
#: Holds a job until `GO_ON`; it keeps what it has, in memory too.
PAUSE = "pause"
GO_ON = "go on"


class _Event(
    msgspec.Struct,
    frozen=True,
    tag=True,
    tag_field="event",
    forbid_unknown_fields=True,
):
    """What all of them are: a line that names its kind as "event"."""


class StageStarted(_Event, frozen=True):
    """A new part of the job began.

    Attributes:
        stage: "start", "reading", "features", "head", "fine-tuning", "export",
            "evaluation" or another command's own.
        detail: One sentence for the user; may be empty.
    """

    stage: str
    detail: str = ""


class DeviceFound(_Event, frozen=True):
    """What the job computes on.

    Attributes:
        device: As people know it: "NVIDIA H200", "Processor, 2 cores".
        reason: One sentence on why it is not a GPU; empty if it is one.
        backend: Keras's: "tensorflow", "jax" or "torch".
    """

    device: str
    reason: str = ""
    backend: str = ""


class Progressed(_Event, frozen=True):
    """Some of the films of a stage are done. At most a few times a second."""

    stage: str
    done: int
    total: int
    films_per_s: float = 0.0


class EpochEnded(_Event, frozen=True, forbid_unknown_fields=False):
    """One epoch finished. Records of others may have more fields.

    Attributes:
        phase: "head" or "fine-tuning".
        epoch: 1-based, within the phase.
        epochs: Upper bound; early stopping may end sooner.
        loss: Mean over the films as trained on, varied and weighted.
        val_loss: Weighted loss on the validation films.
        val_accuracy, val_macro_f1: In [0, 1], unweighted.
        best: Whether this epoch's weights are the best so far.
        accuracy, macro_f1: On the films as trained on; None where unknown.
        rate: Learning rate at its end; None where unknown.
        seconds: How long it took, validation included; None where unknown.
    """

    phase: str
    epoch: Count
    epochs: Count
    loss: Number
    val_loss: Number
    val_accuracy: Number
    val_macro_f1: Number
    best: bool
    accuracy: Number | None = None
    macro_f1: Number | None = None
    rate: Number | None = None
    seconds: Number | None = None


class Noted(_Event, frozen=True):
    """Something the user should know that does not end the job."""

    message: str


class JobSucceeded(_Event, frozen=True):
    """The last event of a job that made what it was asked for."""

    result: str


class JobStopped(_Event, frozen=True):
    """The last event of a job that was told to stop."""


class JobFailed(_Event, frozen=True):
    """The last event of a job that could not go on."""

    message: str
    hint: str = ""
    #: Of `core.errors`: what else can be done, for a window to say in its words.
    code: str = ""


TrainingEvent = (
    StageStarted
    | DeviceFound
    | Progressed
    | EpochEnded
    | Noted
    | JobSucceeded
    | JobStopped
    | JobFailed
)


def encode_event(event: TrainingEvent) -> str:
    """One line of JSON, without its end."""
    return json.dumps(to_json(event))


def parse_event(line: str) -> TrainingEvent | None:
    """Decode one line; None for anything that is not an event we know."""
    try:
        event: TrainingEvent = convert(parse_json(line), TrainingEvent)
    except ValueError:
        return None
    return event


def claim_stdout() -> TextIO:
    """Reserve the real stdout for events; send every other print to stderr.

    Duplicating the descriptor (not just sys.stdout) also diverts what C++
    libraries print.
    """
    events = os.fdopen(os.dup(1), "w", encoding="utf-8", buffering=1)
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    return events
