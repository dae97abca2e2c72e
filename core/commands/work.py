"""How a command does its work for a person or a program, and says what came of it."""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Callable

from core.jobs.control import Control
from core.jobs.events import JobSucceeded
from core.jobs.reporters import Report, begin_report, end_told
from core.terminal import print_lines

DONE, UNUSABLE, SOME_FAILED = 0, 2, 4


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What came of a command: what it made, for a program, and words for a person."""

    made: object
    said: str
    status: int = DONE


def do_work(
    arguments: argparse.Namespace,
    work: Callable[[Report, Control], Outcome],
    *,
    stopped: str,
    hint: str = "",
) -> int:
    """Do what a command is for, and tell whoever started it how it ends.

    Args:
        arguments: With those of `add_events`.
        stopped, hint: What is said where the user ends it.
    """
    control = Control(said=stopped, hint=hint)
    report = begin_report(control, as_events=arguments.events, job=arguments.job)
    with end_told(report):
        outcome = work(report, control)
    if arguments.events:
        report(JobSucceeded(str(outcome.made)))
    elif outcome.said:
        print_lines(outcome.said)
    return outcome.status
